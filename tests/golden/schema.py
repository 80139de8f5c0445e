"""The tables of the golden cases, as their CREATE TABLE says."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy_dynamorm.plan.definitions import table_of
from sqlalchemy_dynamorm.plan.schema import Reference, Referrer, Table, Unique
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read

_TEXTS = (
    """CREATE TABLE stock (
        id INTEGER NOT NULL, held INTEGER CHECK (held >= 0), wanted INTEGER, price NUMERIC(30, 12), name VARCHAR,
        total NUMERIC GENERATED ALWAYS AS (price * held) STORED, CONSTRAINT enough CHECK (wanted <= held),
        CONSTRAINT named CHECK (length(name) > 2), CONSTRAINT cheap CHECK (total < 1000),
        CONSTRAINT other CHECK (name ~ '^a'), free INTEGER CHECK (free >= 0 AND free < 100), PRIMARY KEY (id))""",
    "CREATE TABLE people (id INTEGER NOT NULL, name VARCHAR, age INTEGER, active BOOLEAN, data JSON, PRIMARY KEY (id))",
    """CREATE TABLE orders (
        customer VARCHAR NOT NULL, placed VARCHAR NOT NULL, status VARCHAR, total NUMERIC, region VARCHAR NOT NULL,
        item VARCHAR, paid BOOLEAN, note VARCHAR, PRIMARY KEY (customer, placed),
        INDEX by_status (status, total),
        INDEX by_region (region) WITH (projection='KEYS_ONLY'),
        INDEX by_item (item, region) WITH (projection='INCLUDE', include='["paid"]'),
        INDEX by_total (customer, total) WITH (local='true'))""",
    """CREATE TABLE visits (
        page VARCHAR NOT NULL, visitor VARCHAR NOT NULL, seconds INTEGER NOT NULL, note VARCHAR,
        PRIMARY KEY (page, visitor), INDEX by_seconds (page, seconds) WITH (local='true', projection='KEYS_ONLY'))""",
    """CREATE TABLE sightings (
        id INTEGER NOT NULL, genus VARCHAR, species VARCHAR, year INTEGER NOT NULL, month INTEGER NOT NULL,
        PRIMARY KEY (id),
        INDEX by_kind (genus, species, year, month) WITH (hash_columns='2'))""",
    "CREATE TABLE events (kind VARCHAR, body VARCHAR, INDEX by_kind (kind))",
    """CREATE TABLE beds (
        house VARCHAR NOT NULL, floor INTEGER NOT NULL, room VARCHAR NOT NULL, patient VARCHAR,
        PRIMARY KEY (house, floor, room))""",
    "CREATE TABLE tickets (id INTEGER NOT NULL AUTOINCREMENT, title VARCHAR NOT NULL, PRIMARY KEY (id))",
    """CREATE TABLE lines (
        id INTEGER NOT NULL, count INTEGER, price NUMERIC(10, 2),
        total NUMERIC(12, 2) GENERATED ALWAYS AS (price * count) STORED, PRIMARY KEY (id))""",
)


def _table(text: str) -> Table:
    node = read(text)
    assert isinstance(node, nodes.CreateTable)
    return table_of(node, ".")


_ACCOUNTS = replace(
    _table("CREATE TABLE accounts (id INTEGER NOT NULL, email VARCHAR, org INTEGER, nick VARCHAR, PRIMARY KEY (id))"),
    uniques=(Unique("uq_email", ("email",)), Unique(None, ("org", "nick"))),
    system="dynamorm_system",
)
_BOOKS = _table("CREATE TABLE books (id INTEGER NOT NULL, profile_id INTEGER, title VARCHAR, PRIMARY KEY (id))")
_PROFILES = _table("CREATE TABLE profiles (writer_id INTEGER NOT NULL, text VARCHAR, PRIMARY KEY (writer_id))")
_WRITERS = _table("CREATE TABLE writers (id INTEGER NOT NULL, name VARCHAR, PRIMARY KEY (id))")
_RELATED = (
    replace(_BOOKS, references=(Reference("fk_profile", ("profile_id",), ("writer_id",), _PROFILES),)),
    replace(
        _PROFILES,
        references=(Reference(None, ("writer_id",), ("id",), _WRITERS),),
        referrers=(Referrer("books"),),
    ),
    replace(_WRITERS, referrers=(Referrer("profiles", _PROFILES, ("writer_id",), ("id",)),)),
)
_LOGINS = _table("CREATE TABLE logins (id VARCHAR NOT NULL, name VARCHAR, until EPOCH, PRIMARY KEY (id))")
_EXPIRING = replace(_LOGINS, expires=_LOGINS.by_name["until"])
TABLES = {table.name: table for table in (*map(_table, _TEXTS), _ACCOUNTS, *_RELATED, _EXPIRING)}
