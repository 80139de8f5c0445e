"""The model: airports by their ICAO code, with an index by IATA code and one by country and city."""

from __future__ import annotations

from sqlalchemy import Index
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Airport(Base):
    __tablename__ = "airports"

    icao: Mapped[str] = mapped_column(primary_key=True)
    iata: Mapped[str | None] = mapped_column(index=True)
    name: Mapped[str]
    city: Mapped[str | None]
    country: Mapped[str]
    elevation: Mapped[float]
    lat: Mapped[float]
    lon: Mapped[float]
    tz: Mapped[str]

    # The first column is the index's partition key, the second its sort key: cities of a country, in order.
    __table_args__ = (Index("ix_airports_country_city", "country", "city"),)


def add_timezone_index() -> None:
    """What the second migration means for the model.

    In a project this is a line of the class, written together with the migration. Here the class is already in use,
    to show what the same query is without the index.
    """
    Index("ix_airports_tz", Airport.tz)
