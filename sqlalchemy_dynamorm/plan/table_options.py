"""The options of a table, beside its keys and indexes: from the words of ``WITH (…)`` to their values.

They are the service's, not declared: what they are is asked of it. A table that does not name one leaves it as it
is, for whoever manages it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from sqlalchemy_dynamorm.errors import ProgrammingError, Unsupported
from sqlalchemy_dynamorm.sql import nodes

STREAMS = ("NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY")
_MODES = ("PAY_PER_REQUEST", "PROVISIONED")
_CLASSES = ("STANDARD", "STANDARD_INFREQUENT_ACCESS")
MAX_TAGS, MAX_TAG_KEY, MAX_TAG_VALUE = 50, 128, 256
"""Source: the DynamoDB developer guide, "Tagging restrictions"."""

T = TypeVar("T")
Units = tuple[int, int]
"""Read and write units a second."""
Tags = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TableOptions:
    """The options of a table; ``None`` is not said, so left as it is.

    :ivar billing_mode: ``PAY_PER_REQUEST`` or ``PROVISIONED``, which takes the two capacities.
    :ivar ttl: the attribute that says when an item expires, ``False`` for none.
    :ivar stream: what a stream's records hold (:data:`STREAMS`), ``False`` for no stream.
    :ivar pitr: point-in-time recovery.
    :ivar table_class: ``STANDARD`` or ``STANDARD_INFREQUENT_ACCESS``.
    :ivar sse: encryption by a key of KMS: ``True`` for AWS's own, the ARN or id of one, ``False`` for none of KMS.
    :ivar tags: all of them, sorted.
    :ivar warm_throughput: what the table can serve at once, in units a second.
    """

    billing_mode: str | None = None
    read_capacity: int | None = None
    write_capacity: int | None = None
    ttl: str | bool | None = None
    stream: str | bool | None = None
    pitr: bool | None = None
    deletion_protection: bool | None = None
    table_class: str | None = None
    sse: str | bool | None = None
    tags: Tags | None = None
    warm_throughput: Units | None = None

    @property
    def given(self) -> dict[str, Any]:
        """Those that are said, by name."""
        return {name: value for name in NAMES if (value := getattr(self, name)) is not None}


NONE = TableOptions()
"""Nothing is said."""
DEFAULTS = TableOptions(
    billing_mode="PAY_PER_REQUEST",
    ttl=False,
    stream=False,
    pitr=False,
    deletion_protection=False,
    table_class="STANDARD",
    sse=False,
    tags=(),
    warm_throughput=(12000, 4000),
)
"""What a new table has that says nothing. Source: the DynamoDB developer guide, "Warm throughput", for the last."""
NAMES = tuple(field.name for field in fields(TableOptions))
"""The options by name, in the order in which they are set."""


def table_options(written: nodes.Options, table: str, others: Iterable[str] = ()) -> TableOptions:
    """The values of the options that a statement writes.

    :param table: its name, for messages.
    :param others: words of the same list that are read elsewhere.
    :raises Unsupported: there is no such option, by name.
    :raises ProgrammingError: a value that an option does not take.
    """
    found: dict[str, Any] = {}
    for name, text in written:
        if name in _READERS:
            found[name] = _READERS[name](f"The option {name} of {table!r}", text)
        elif name not in others:
            known = ", ".join(sorted([*NAMES, *others]))
            raise Unsupported(f"There is no option {name!r} of a table, as {table!r} has it; there are: {known}.")
    return TableOptions(**found)


def at_creation(node: nodes.CreateTable, others: Iterable[str] = ()) -> TableOptions:
    """The options of a CREATE TABLE; a column of the type TTL declares the table's.

    :raises ProgrammingError: capacities without PROVISIONED, or without each other; two attributes for the TTL.
    """
    columns = [column.name for column in node.columns if column.type.name == "TTL"]
    return check_created(table_options(node.options, node.table.name, others), node.table.name, columns)


def check_created(found: TableOptions, name: str, ttl_columns: list[str]) -> TableOptions:
    """The options that a table is made with.

    :param name: the table's, for messages.
    :param ttl_columns: its columns of the type TTL.
    :raises ProgrammingError: as :func:`at_creation`.
    """
    capacities = (found.read_capacity, found.write_capacity)
    if found.billing_mode == "PROVISIONED" and None in capacities:
        raise ProgrammingError(f"{name!r} is PROVISIONED, which takes read_capacity and write_capacity.")
    if found.billing_mode != "PROVISIONED" and capacities != (None, None):
        raise ProgrammingError(
            f"{name!r} has a read_capacity or write_capacity, which go with billing_mode PROVISIONED; by request there "
            "are none."
        )
    column = _only(ttl_columns, name)
    if column is None or found.ttl == column:
        return found
    if found.ttl is not None:
        raise ProgrammingError(f"The TTL of {name!r} is its column {column!r}, so its option ttl cannot say otherwise.")
    return TableOptions(**{**found.given, "ttl": column})


def ttl_column(node: nodes.CreateTable) -> str | None:
    """The column of the type TTL.

    :raises ProgrammingError: there are two, and DynamoDB expires items by one.
    """
    return _only([column.name for column in node.columns if column.type.name == "TTL"], node.table.name)


def _only(names: list[str], table: str) -> str | None:
    if len(names) > 1:
        raise ProgrammingError(
            f"The table {table!r} has {len(names)} columns of the type TTL ({', '.join(names)}); items "
            "expire by one. Make the others DateTime."
        )
    return names[0] if names else None


def option_text(value: object) -> str:
    """A value as a statement writes it, between quotes."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return json.dumps(value, sort_keys=True)
    return str(value)


def option_value(name: str, value: Any) -> Any:
    """A value of :class:`TableOptions` as it is given in Python: mappings for tags and warm throughput."""
    if name == "tags":
        return dict(value)
    return {"read": value[0], "write": value[1]} if name == "warm_throughput" else value


def units_of(what: str, text: str) -> int:
    """Capacity units.

    :param what: for the message.
    :raises ProgrammingError: it is no whole number above 0.
    """
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ProgrammingError(f"{what} is a whole number of units above 0, not {text!r}.")
    return int(text)


def warm_units(what: str, text: str) -> Units:
    """Warm throughput: ``{"read": 12000, "write": 4000}``.

    :param what: for the message.
    :raises ProgrammingError: it is something else.
    """
    found = _mapping(what, text, '{"read": 12000, "write": 4000}')
    if found.keys() != {"read", "write"} or not all(type(unit) is int and unit > 0 for unit in found.values()):
        raise ProgrammingError(f'{what} is {{"read": 12000, "write": 4000}}, in units a second.')
    return found["read"], found["write"]


INDEX_UNITS = ("read_capacity", "write_capacity", "warm_throughput")
"""The options of an index that say what it can serve."""


def index_units(name: str, options: Mapping[str, str], *, local: bool) -> tuple[Units | None, Units | None]:
    """The capacity and the warm throughput of an index.

    :param options: its options as text.
    :raises ProgrammingError: a value that is none, one capacity without the other, or those of a local index.
    """
    given = {each: options[each] for each in INDEX_UNITS if each in options}
    if local and given:
        raise ProgrammingError(f"The local index {name!r} is served by its table, and has no {', '.join(given)}.")
    pair = [units_of(f"The option {each} of {name!r}", options[each]) for each in INDEX_UNITS[:2] if each in options]
    if len(pair) == 1:
        raise ProgrammingError(f"The index {name!r} takes read_capacity and write_capacity together.")
    warm = given.get("warm_throughput")
    return (
        (pair[0], pair[1]) if pair else None,
        None if warm is None else warm_units(f"The option warm_throughput of {name!r}", warm),
    )


def _mapping(what: str, text: str, example: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ProgrammingError(f"{what} is {example}.")
    return found


def _tags(what: str, text: str) -> Tags:
    found = _mapping(what, text, '{"team": "billing"}')
    if len(found) > MAX_TAGS:
        raise ProgrammingError(f"{what}: there are {len(found)} tags, and DynamoDB takes {MAX_TAGS}.")
    for key, value in found.items():
        if not isinstance(value, str):
            raise ProgrammingError(f"{what}: the value of {key!r} is no text.")
        if not 0 < len(key) <= MAX_TAG_KEY or len(value) > MAX_TAG_VALUE or key.lower().startswith("aws:"):
            raise ProgrammingError(
                f"{what}: the tag {key!r} has a key of 1 to {MAX_TAG_KEY} characters that does not begin with aws:, "
                f"and a value of up to {MAX_TAG_VALUE}."
            )
    return tuple(sorted(found.items()))


def _one_of(*known: str) -> Callable[[str, str], str]:
    def read(what: str, text: str) -> str:
        if text not in known:
            raise ProgrammingError(f"{what} is one of {', '.join(known)}, not {text!r}.")
        return text

    return read


def _or_off(read: Callable[[str, str], T]) -> Callable[[str, str], T | bool]:
    return lambda what, text: False if text == "false" else read(what, text)


def _bool(what: str, text: str) -> bool:
    if text not in ("true", "false"):
        raise ProgrammingError(f"{what} is true or false, not {text!r}.")
    return text == "true"


def _name(what: str, text: str) -> str:
    if not text:
        raise ProgrammingError(f"{what} is the name of an attribute, or false.")
    return text


def _key(what: str, text: str) -> str | bool:
    if not text:
        raise ProgrammingError(f"{what} is true, false, or the ARN or id of a key of KMS.")
    return True if text == "true" else text


_READERS: dict[str, Callable[[str, str], Any]] = {
    "billing_mode": _one_of(*_MODES),
    "read_capacity": units_of,
    "write_capacity": units_of,
    "ttl": _or_off(_name),
    "stream": _or_off(_one_of(*STREAMS)),
    "pitr": _bool,
    "deletion_protection": _bool,
    "table_class": _one_of(*_CLASSES),
    "sse": _or_off(_key),
    "tags": _tags,
    "warm_throughput": warm_units,
}
