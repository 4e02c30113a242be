"""FastAPI with pydantic's models, served by uvicorn over TLS. Arguments: port, folder of certificates."""

import datetime
import enum
import pathlib
import sys
import uuid
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, Field


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Item(BaseModel):
    name: str = Field(min_length=2)
    price: float = Field(gt=0)
    colour: Colour = Colour.RED
    made: datetime.datetime
    where: pathlib.PurePosixPath = pathlib.PurePosixPath("/")
    key: uuid.UUID | None = None


class Stored(Item):
    number: int


app = FastAPI()
items: dict[int, Stored] = {}


def limit(most: int = 10) -> int:
    return most


@app.post("/items", status_code=201)
async def create(item: Item) -> Stored:
    assert isinstance(item.made, datetime.datetime), type(item.made)
    assert isinstance(item.where, pathlib.PurePosixPath) and isinstance(item.colour, Colour)
    assert item.key is None or isinstance(item.key, uuid.UUID)
    later = item.made + datetime.timedelta(days=1)
    stored = items[len(items)] = Stored(number=len(items), **{**item.model_dump(), "made": later})
    return stored


@app.get("/items/{number}")
def read(number: int) -> Stored:
    """In a thread of the pool, as FastAPI does with plain functions."""
    if number not in items:
        raise HTTPException(404, "no such item")
    return items[number]


@app.get("/items")
async def every(most: Annotated[int, Depends(limit)]) -> list[Stored]:
    return list(items.values())[:most]


uvicorn.run(app, host="", port=int(sys.argv[1]), ssl_certfile=f"{sys.argv[2]}/server.pem", log_level="warning")
