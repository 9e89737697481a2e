from datetime import datetime, timezone
from zoneinfo import ZoneInfo

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

app = FastAPI(title="Tides")
stations: dict[str, float] = {}


class Reading(BaseModel):
    station: str
    metres: float


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


@app.put("/readings", status_code=201)
def put(reading: Reading) -> Reading:
    stations[reading.station] = reading.metres
    return reading


@app.get("/readings/{station}")
def get(station: str) -> dict[str, float]:
    if station not in stations:
        raise HTTPException(404, "no such station")
    return {"metres": stations[station]}


@app.get("/noon/{area}/{city}")
def noon(area: str, city: str) -> dict[str, str]:
    moment = datetime(2024, 7, 1, 12, tzinfo=timezone.utc)
    return {"local": moment.astimezone(ZoneInfo(f"{area}/{city}")).isoformat()}
