"""Sequences: each an item of the system table, with its definition as text and the number that was given out last."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy_dynamorm.errors import (
    ConditionFailed,
    DuplicateTable,
    SerializationError,
    UndefinedSequence,
    UndefinedTable,
    Unsupported,
)
from sqlalchemy_dynamorm.plan.numbering import series_of
from sqlalchemy_dynamorm.run.counters import Counter, Counters, SequenceChanged
from sqlalchemy_dynamorm.run.decode import last_key, wire_item, wire_items
from sqlalchemy_dynamorm.run.definitions import create_system_table
from sqlalchemy_dynamorm.run.request import Asking, Request
from sqlalchemy_dynamorm.run.system import DEFINITION, KEY, SEQUENCES, sequence_id
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read
from sqlalchemy_dynamorm.sql.writer import write

_TRIES = 5


@dataclass
class Sequences:
    """The sequences of an engine; one object serves its threads.

    What is known of one is checked each time that a number is taken, so it is never out of date.
    """

    counters: Counters
    _known: dict[str, Counter] = field(default_factory=dict)

    def take(self, physical: str, name: str, count: int) -> Asking[list[int]]:
        """``count`` new numbers.

        :param name: the sequence's, for messages.
        :raises UndefinedSequence: there is none.
        :raises DataError: it has ended.
        """
        for _ in range(_TRIES):
            counter = self._known.get(physical) or (yield from self._read(physical, name))
            self._known[physical] = counter
            try:
                return (yield from self.counters.take(counter, count))
            except SequenceChanged:
                self._known.pop(physical, None)
        raise SerializationError(f"The sequence {name!r} is made anew by others all the time.")

    def _read(self, physical: str, name: str) -> Asking[Counter]:
        text = yield from definition(self._system(name), physical)
        if text is None:
            raise UndefinedSequence(
                f"There is no sequence {name!r}. Make it: metadata.create_all(engine), or CREATE SEQUENCE."
            )
        node = read(text)
        assert isinstance(node, nodes.CreateSequence)
        of = f"sequence {name!r}"
        return Counter(sequence_id(physical), of, series_of(node.numbering, of), text)

    def create(self, physical: str, node: nodes.CreateSequence) -> Asking[None]:
        """Make a sequence; one that is there already, identical, stays as it is.

        :raises DuplicateTable: one of that name is there, declared otherwise.
        :raises ProgrammingError: its numbers contradict each other.
        """
        system, text = self._system(node.name.name), _text(node)
        series_of(node.numbering, f"the sequence {node.name.name!r}")
        params: dict[str, Any] = {
            "TableName": system,
            "Item": {KEY: {"S": sequence_id(physical)}, DEFINITION: {"S": text}},
            "ConditionExpression": "attribute_not_exists(#0)",
            "ExpressionAttributeNames": {"#0": KEY},
        }
        request = Request("PutItem", params, repeatable=False)
        try:
            try:
                yield request
            except UndefinedTable:
                yield from create_system_table(system)
                yield request
        except ConditionFailed:
            there = yield from definition(system, physical)
            if there != text and not node.if_not_exists:
                raise DuplicateTable(
                    f"The sequence {node.name.name!r} is there already, with another definition."
                ) from None

    def drop(self, physical: str, node: nodes.DropSequence) -> Asking[None]:
        """Drop a sequence.

        :raises UndefinedSequence: there is none, and IF EXISTS was not said.
        """
        self._known.pop(physical, None)
        self.counters.forget(sequence_id(physical))
        params = {
            "TableName": self._system(node.name.name),
            "Key": {KEY: {"S": sequence_id(physical)}},
            "ReturnValues": "ALL_OLD",
        }
        try:
            there = wire_item((yield Request("DeleteItem", params)), "Attributes")
        except UndefinedTable:
            there = None
        if there is None and not node.if_exists:
            raise UndefinedSequence(f"There is no sequence {node.name.name!r}.")

    def _system(self, name: str) -> str:
        if self.counters.table is None:
            raise Unsupported(
                f"The sequence {name!r} is of the system table, and this engine has none (system_table=none)."
            )
        return self.counters.table


def _text(node: nodes.CreateSequence) -> str:
    return write(nodes.CreateSequence(node.name, node.numbering))


def definition(system: str | None, physical: str) -> Asking[str | None]:
    """The definition of a sequence; ``None`` where there is none."""
    if system is None:
        return None
    key = {KEY: {"S": sequence_id(physical)}}
    try:
        found = wire_item((yield Request("GetItem", {"TableName": system, "Key": key, "ConsistentRead": True})))
    except UndefinedTable:
        return None
    return None if found is None else str(found[DEFINITION]["S"])


def sequence_names(system: str | None) -> Asking[list[str]]:
    """The physical names of all sequences: a Scan of the system table, since nothing else lists them."""
    names: list[str] = []
    after: Any = {} if system is not None else None
    params = {
        "TableName": system,
        "ProjectionExpression": "#0",
        "FilterExpression": "begins_with(#0, :0)",
        "ExpressionAttributeNames": {"#0": KEY},
        "ExpressionAttributeValues": {":0": {"S": SEQUENCES}},
        "ConsistentRead": True,
    }
    while after is not None:
        try:
            body = yield Request("Scan", {**params, **({"ExclusiveStartKey": after} if after else {})})
        except UndefinedTable:
            break
        names += [str(item[KEY]["S"]).removeprefix(SEQUENCES) for item in wire_items(body)]
        after = last_key(body)
    return names
