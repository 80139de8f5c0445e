"""DescribeTable's answer as the planner's own :class:`Table`."""

from __future__ import annotations

from typing import Any

import msgspec

from sqlalchemy_dynamorm.errors import InternalError
from sqlalchemy_dynamorm.plan.packed import packed_names
from sqlalchemy_dynamorm.plan.schema import HIDDEN_KEY, Column, Index, Kind, Table
from sqlalchemy_dynamorm.run.request import Asking, Request

_KINDS = {"S": Kind.STRING, "N": Kind.NUMBER, "B": Kind.BINARY}


def described(body: bytes) -> dict[str, Any]:
    """The ``Table`` of a DescribeTable answer."""
    found: dict[str, Any] = msgspec.json.decode(body)
    return dict(found["Table"])


def table_status(found: dict[str, Any]) -> str:
    """``CREATING``, ``ACTIVE``, …"""
    return str(found.get("TableStatus", "ACTIVE"))


def index_status(found: dict[str, Any]) -> list[str]:
    """The status of each global index."""
    return [str(index.get("IndexStatus", "ACTIVE")) for index in found.get("GlobalSecondaryIndexes") or ()]


def parse(found: dict[str, Any], name: str) -> Table:
    """The table as far as the service knows it: its keys and indexes. Any other attribute may exist.

    :param name: the name for messages.
    """
    types = {entry["AttributeName"]: entry["AttributeType"] for entry in found["AttributeDefinitions"]}
    hashes, ranges = _keys(found["KeySchema"])
    key = (*hashes, *ranges)
    packed = packed_names(ranges[0]) if ranges else ()
    columns = [
        Column(
            attribute,
            _kind(type_),
            attribute not in key,
            hidden=attribute == HIDDEN_KEY or bool(packed_names(attribute)),
        )
        for attribute, type_ in types.items()
    ]
    columns += [Column(attribute, Kind.ANY, nullable=False) for attribute in packed if attribute not in types]
    indexes = [
        _index(entry, local=local)
        for kind, local in (("GlobalSecondaryIndexes", False), ("LocalSecondaryIndexes", True))
        for entry in found.get(kind) or ()
        if entry.get("IndexStatus", "ACTIVE") in ("ACTIVE", "UPDATING")
    ]
    sort = ranges[0] if ranges else None
    return Table(
        name, found["TableName"], tuple(columns), hashes[0], sort, tuple(indexes), declared=False, packed=packed
    )


def _kind(type_: str) -> Kind:
    try:
        return _KINDS[type_]
    except KeyError:
        raise InternalError(f"DescribeTable gave a key attribute of the type {type_!r}.") from None


def _keys(schema: list[dict[str, str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    hashes = tuple(part["AttributeName"] for part in schema if part["KeyType"] == "HASH")
    return hashes, tuple(part["AttributeName"] for part in schema if part["KeyType"] == "RANGE")


def _index(entry: dict[str, Any], *, local: bool) -> Index:
    hashes, ranges = _keys(entry["KeySchema"])
    projection = entry.get("Projection", {})
    name = entry["IndexName"]
    include = tuple(projection.get("NonKeyAttributes") or ())
    return Index(name, name, hashes, ranges, projection.get("ProjectionType", "ALL"), include, local)


def table_names() -> Asking[list[str]]:
    """The physical names of all tables, page by page."""
    names: list[str] = []
    params: dict[str, Any] = {}
    while True:
        page = msgspec.json.decode((yield Request("ListTables", params)))
        names.extend(page["TableNames"])
        if (last := page.get("LastEvaluatedTableName")) is None:
            return names
        params = {"ExclusiveStartTableName": last}
