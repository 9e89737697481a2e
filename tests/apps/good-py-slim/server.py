from bottle import route, run


@route("/")
def index():
    return "good morning\n"


run(host="0.0.0.0", port=8080, quiet=True)
