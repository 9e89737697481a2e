"""An address book that would like a database and says so when there is none."""

import os

import psycopg2
from flask import Flask, jsonify, render_template

app = Flask(__name__)


@app.get("/")
def index():
    return render_template("index.html", driver=psycopg2.__version__)


@app.get("/people")
def people():
    try:
        connection = psycopg2.connect(os.environ["DATABASE_URL"], connect_timeout=2)
    except psycopg2.OperationalError as problem:
        return jsonify(error=str(problem).splitlines()[0]), 503
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT name FROM people ORDER BY name")
        return jsonify([name for (name,) in cursor])


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=int(os.environ.get("PORT", "5000")))
