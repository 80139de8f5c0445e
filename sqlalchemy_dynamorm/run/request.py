"""What the executor asks of the client, and how it asks.

An executor is a generator. It yields a :class:`Request` and is sent the answer's body, or yields a list of them, to
be sent in parallel, and is sent a list in the same order in which an :class:`~sqlalchemy_dynamorm.errors.Error`
stands where a request failed. A single request that fails is thrown in. It yields :class:`Start` to have a request
under way while it does something else, and :class:`Join` for its answer. It yields :class:`Rows` as they are
complete, a :class:`Pause` to wait, :class:`Work` that may be done in another thread, and returns the :class:`Outcome`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, Union, cast

from sqlalchemy_dynamorm.errors import Error
from sqlalchemy_dynamorm.run.wire import Item

STREAM_OPERATIONS = frozenset({"DescribeStream", "GetShardIterator", "GetRecords"})
"""Operations of DynamoDB Streams, a service of its own."""


@dataclass(frozen=True, slots=True)
class Request:
    """One API call.

    :ivar operation: ``"GetItem"`` and so on.
    :ivar params: the request in wire form, binary values as ``bytes``.
    :ivar repeatable: sending it twice has the effect of sending it once: reads, and transactions with a token.
    :ivar again: what is sent after the answer to a single write was lost: the write on a condition that does not hold
        any more where it was carried out (see :mod:`~sqlalchemy_dynamorm.run.lost`). ``None`` where there is none.
    :ivar own: the item of a put whose key was made for it alone: found under that key, it was put by this request.
    """

    operation: str
    params: dict[str, Any]
    repeatable: bool = True
    again: dict[str, Any] | None = None
    own: Item | None = None

    @property
    def table(self) -> str | None:
        """The physical table it goes to, where it goes to one."""
        name = self.params.get("TableName")
        return name if isinstance(name, str) else None


@dataclass(frozen=True, slots=True)
class Start:
    """Begin a request and go on; the answer is a handle for :class:`Join`."""

    request: Request


@dataclass(frozen=True, slots=True)
class Join:
    """Wait for a request that was begun; the answer, or the failure, is the request's own."""

    handle: Any


@dataclass(frozen=True, slots=True)
class Rows:
    """Result rows that are complete."""

    rows: list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait before going on: the service left work undone, or something is not ready yet.

    :ivar bounded: not past the statement's deadline: the answer is whether there was time for it.
    """

    seconds: float
    bounded: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """Something that takes a while here, SQLite's part of a statement; the answer is what it returns.

    :ivar stop: called in another thread, makes it end soon; nobody wants its result any more.
    """

    function: Callable[[], Any]
    stop: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page of a SELECT begins.

    :ivar request: which of the statement's Query or Scan requests, or which of the keys it lists.
    :ivar key: the key of the item that was read last there, in wire form; ``None`` to begin with the first.
    """

    request: int = 0
    key: dict[str, dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a statement ended.

    :ivar rowcount: rows changed, or -1 where a statement changes none (SELECT, DDL).
    :ivar lastrowid: the last autoincrement key an INSERT was given.
    :ivar following: where the next page begins, ``None`` at the end or where no page was asked for.
    """

    rowcount: int = -1
    lastrowid: int | None = None
    following: Position | None = None


Ask = Union[Request, Sequence[Request], Start, Join, Rows, Pause, Work]
Answer = Any  # bytes for a Request and a Join, list[bytes | Error] for a list, bool for a Pause, None for Rows
T = TypeVar("T")
Asking = Generator[Ask, Answer, T]
Execution = Asking[Outcome]


def held(asking: Asking[T], rows: list[tuple[Any, ...]]) -> Asking[T]:
    """The same, its rows kept in a list: what they are of may have to be done again."""
    answer: Answer = None
    failure: Error | None = None
    while True:
        try:
            ask = asking.send(answer) if failure is None else asking.throw(failure)
        except StopIteration as stop:
            return cast("T", stop.value)
        answer = failure = None
        if isinstance(ask, Rows):
            rows.extend(ask.rows)
            continue
        try:
            answer = yield ask
        except Error as error:
            failure = error
