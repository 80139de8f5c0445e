"""Answers' bytes to row tuples, in C for all but documents and undeclared columns.

A decoder is made once per plan, with one msgspec struct type for the wanted columns of an item (``cells``). A body
that does not fit it is read once more by the exact, slow road, which decides: another server's form, or an error.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

import msgspec

from sqlalchemy_dynamorm.errors import InternalError
from sqlalchemy_dynamorm.plan.schema import REST, Column, Kind
from sqlalchemy_dynamorm.run.cells import pick, row_type, slots
from sqlalchemy_dynamorm.run.packing import PackedCheck
from sqlalchemy_dynamorm.run.values import Reader
from sqlalchemy_dynamorm.run.wire import Item, WireValue, split

Row = tuple[Any, ...]
_T = TypeVar("_T")
_JsonItem = dict[str, dict[str, Any]]  # as in the answer: B is base64 text
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of Query or Scan.

    :ivar last_key: where the next page starts, ``None`` on the last one.
    :ivar count: items that passed the filter; ``rows`` is empty under ``Select=COUNT``.
    :ivar scanned: items read before the filter.
    :ivar capacity: consumed capacity units, if they were asked for.
    """

    rows: list[Row]
    last_key: Item | None
    count: int
    scanned: int
    capacity: float | None


class _PageAnswer(msgspec.Struct, Generic[_T], gc=False):
    Items: list[_T] = []
    Count: int = 0
    ScannedCount: int = 0
    LastEvaluatedKey: _JsonItem | None = None
    ConsumedCapacity: dict[str, Any] | None = None


class _ItemAnswer(msgspec.Struct, Generic[_T], gc=False):
    Item: _T | None = None


class _BatchAnswer(msgspec.Struct, Generic[_T], gc=False):
    Responses: dict[str, list[_T]] = {}
    UnprocessedKeys: dict[str, dict[str, Any]] = {}


def _exact_decoder(shape: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(shape[_JsonItem])


_EXACT_PAGE = _exact_decoder(_PageAnswer)
_EXACT_ITEM = _exact_decoder(_ItemAnswer)
_EXACT_BATCH = _exact_decoder(_BatchAnswer)


class RowDecoder:
    """Decodes answers to tuples of ``fields``, in their order; an attribute that an item lacks is ``None``.

    All methods raise :class:`DataError` where an item stores another type than its column is declared with, or columns
    that are not what its packed key says (where the fields hold both), and
    :class:`InternalError` where the body is not JSON or not such an answer.
    """

    def __init__(self, fields: tuple[Column, ...]) -> None:
        self._readers = tuple((column.name, Reader(column)) for column in fields)
        self._picks = tuple(pick(slot, column) for slot, column in zip(slots(fields), fields, strict=True))
        self._row_type: Any = None if REST in fields else row_type(fields)
        self._rows = self._exact_rows if self._row_type is None else self._fast_rows
        self._packed = PackedCheck.of(fields)
        self._rest = fields.index(REST) if REST in fields else None

    # Each is made when it is first needed, in 0.1 to 0.3 ms: a plan needs one of them.
    @cached_property
    def _page(self) -> msgspec.json.Decoder[Any]:
        return self._decoder(_PageAnswer, _EXACT_PAGE)

    @cached_property
    def _item(self) -> msgspec.json.Decoder[Any]:
        return self._decoder(_ItemAnswer, _EXACT_ITEM)

    @cached_property
    def _batch(self) -> msgspec.json.Decoder[Any]:
        return self._decoder(_BatchAnswer, _EXACT_BATCH)

    def _decoder(self, shape: Any, exact: msgspec.json.Decoder[Any]) -> msgspec.json.Decoder[Any]:
        return exact if self._row_type is None else msgspec.json.Decoder(shape[self._row_type], strict=False)

    def page(self, body: bytes) -> Page:
        """The answer of a Query or a Scan."""
        answer, rows = self._parse(self._page, _EXACT_PAGE, body)
        return Page(
            rows=rows(answer.Items),
            last_key=_key(answer.LastEvaluatedKey),
            count=answer.Count,
            scanned=answer.ScannedCount,
            capacity=_capacity(answer.ConsumedCapacity),
        )

    def item(self, body: bytes) -> Row | None:
        """The answer of a GetItem; ``None`` where there is no item."""
        answer, rows = self._parse(self._item, _EXACT_ITEM, body)
        return None if answer.Item is None else rows([answer.Item])[0]

    def batch(self, body: bytes, physical: str) -> tuple[list[Row], dict[str, Any] | None]:
        """The answer of a BatchGetItem for one table: its rows, in no order, and what to ask for again.

        The latter is ``UnprocessedKeys[physical]`` in wire form, or ``None``.
        """
        answer, rows = self._parse(self._batch, _EXACT_BATCH, body)
        return rows(_of_table(answer.Responses, physical) or []), _unprocessed(answer, physical)

    def row(self, item: Item) -> Row:
        """One item in wire form, by the exact road."""
        values = [read(item.get(name)) for name, read in self._readers]
        if self._rest is not None:
            values[self._rest] = {name: Reader(Column(name, Kind.ANY))(value) for name, value in item.items()}
        row = tuple(values)
        if self._packed is not None:
            self._packed(row)
        return row

    def _parse(
        self, fast: msgspec.json.Decoder[Any], exact: msgspec.json.Decoder[Any], body: bytes
    ) -> tuple[Any, Callable[[list[Any]], list[Row]]]:
        """The answer, and what makes rows of its items."""
        try:
            return fast.decode(body), self._rows
        except _UNREADABLE:
            return _decoded(exact, body), self._exact_rows

    def _fast_rows(self, items: list[Any]) -> list[Row]:
        if not self._picks:
            return [()] * len(items)
        rows = list(zip(*[pick(items) for pick in self._picks], strict=True))
        if self._packed is not None:
            for row in rows:
                self._packed(row)
        return rows

    def _exact_rows(self, items: list[_JsonItem]) -> list[Row]:
        return [self.row(wire_form(item)) for item in items]


def _key(key: _JsonItem | None) -> Item | None:
    return wire_form(key) if key else None


def _capacity(consumed: Mapping[str, Any] | None) -> float | None:
    return None if consumed is None else float(consumed["CapacityUnits"])


def _unprocessed(answer: _BatchAnswer[Any], physical: str) -> dict[str, Any] | None:
    left: dict[str, Any] | None = _of_table(answer.UnprocessedKeys, physical)
    return None if left is None else {**left, "Keys": [wire_form(key) for key in left["Keys"]]}


def _of_table(answers: dict[str, Any], physical: str) -> Any:
    """The part of the one table that was asked for, which may be named by its ARN on one side."""
    if not answers:
        return None
    if len(answers) == 1:
        name, found = next(iter(answers.items()))
        if name.rpartition("/")[2] == physical.rpartition("/")[2]:
            return found
    raise InternalError(
        "the answer of a batch is for another table than was asked; report it",
        table=physical,
    )


# ---- without a plan


def wire_item(body: bytes, field: str = "Item") -> Item | None:
    """The item of a GetItem (``"Item"``) or of a write that returns one (``"Attributes"``), in wire form.

    :raises InternalError: the body is not JSON or not such an answer.
    """
    found = _decoded(_ANSWER, body).get(field)
    return None if found is None else wire_form(_object(found))


def wire_items(body: bytes) -> list[Item]:
    """The items of a Query or Scan in wire form. :raises InternalError: as :func:`wire_item`."""
    return [wire_form(item) for item in _decoded(_EXACT_PAGE, body).Items]


class WholeItems:
    """Decodes BatchGetItem to items in wire form, as :meth:`RowDecoder.batch` does to rows."""

    def batch(self, body: bytes, physical: str) -> tuple[list[Item], dict[str, Any] | None]:
        """The items, in no order, and what to ask for again. :raises InternalError: as :func:`wire_item`."""
        answer = _decoded(_EXACT_BATCH, body)
        items = _of_table(answer.Responses, physical) or []
        return [wire_form(item) for item in items], _unprocessed(answer, physical)


class _WriteAnswer(msgspec.Struct, gc=False):
    UnprocessedItems: dict[str, list[dict[str, dict[str, _JsonItem]]]] = {}


_WRITE: msgspec.json.Decoder[_WriteAnswer] = msgspec.json.Decoder(_WriteAnswer)


def unprocessed_puts(body: bytes, physical: str) -> list[Item]:
    """The items that a BatchWriteItem left to be sent again. :raises InternalError: as :func:`wire_item`."""
    answer: _WriteAnswer = _decoded(_WRITE, body)
    left = _of_table(answer.UnprocessedItems, physical) or []
    return [wire_form(each["PutRequest"]["Item"]) for each in left]


class _AnyAnswer(msgspec.Struct, gc=False):
    Items: list[_JsonItem] = []
    Item: _JsonItem | None = None
    Responses: dict[str, list[_JsonItem]] = {}


_ANY: msgspec.json.Decoder[_AnyAnswer] = msgspec.json.Decoder(_AnyAnswer)


def stored_items(body: bytes) -> list[Item]:
    """The items of a read of one table, whichever it was, in wire form. :raises InternalError: as :func:`wire_item`."""
    answer: _AnyAnswer = _decoded(_ANY, body)
    single = [answer.Item] if answer.Item is not None else []
    batched = [item for items in answer.Responses.values() for item in items]
    return [wire_form(item) for item in (*answer.Items, *single, *batched)]


class _TogetherAnswer(msgspec.Struct, gc=False):
    Responses: list[_ItemAnswer[_JsonItem]] = []


_TOGETHER: msgspec.json.Decoder[_TogetherAnswer] = msgspec.json.Decoder(_TogetherAnswer)


def responses(body: bytes) -> list[Item | None]:
    """The items of a TransactGetItems in wire form, in the order asked. :raises InternalError: as :func:`wire_item`."""
    answer: _TogetherAnswer = _decoded(_TOGETHER, body)
    return [None if each.Item is None else wire_form(each.Item) for each in answer.Responses]


def last_key(body: bytes) -> Item | None:
    """Where the next page of a Query or Scan starts. :raises InternalError: as :func:`wire_item`."""
    return _key(_decoded(_EXACT_PAGE, body).LastEvaluatedKey)


def to_body(parsed: Mapping[str, Any]) -> bytes:
    """An answer that botocore has parsed, as JSON again: bytes as base64, without its ``ResponseMetadata``."""
    return msgspec.json.encode({name: value for name, value in parsed.items() if name != "ResponseMetadata"})


_ANSWER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(dict[str, Any])


def _decoded(decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
    try:
        return decoder.decode(body)
    except _UNREADABLE:
        # No cause: its text may quote the body.
        raise InternalError(
            "the answer is not the JSON that DynamoDB documents; is the endpoint a DynamoDB service?"
        ) from None


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise InternalError("the answer holds something else where an item or a value should be; report it")


def wire_form(item: _JsonItem) -> Item:
    """An item as an answer's JSON has it, with ``bytes`` for base64 text. :raises InternalError: it is none."""
    return {name: _bytes_form(_object(value)) for name, value in item.items()}


def _bytes_form(value: WireValue) -> WireValue:
    """A wire value as the answer's JSON has it, with ``bytes`` for base64 text."""
    wire_type, inner = split(value)
    if wire_type == "B":
        return {"B": b64decode(inner)}
    if wire_type == "BS":
        return {"BS": [b64decode(each) for each in inner]}
    if wire_type == "M":
        return {"M": wire_form(inner)}
    if wire_type == "L":
        return {"L": [_bytes_form(each) for each in inner]}
    return value
