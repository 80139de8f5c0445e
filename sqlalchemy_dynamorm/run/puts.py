"""Items put at once, in AUTOCOMMIT: each if its key is free, or whatever is there."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy_dynamorm.errors import Error, Throttled
from sqlalchemy_dynamorm.plan.schema import Table
from sqlalchemy_dynamorm.run import writing
from sqlalchemy_dynamorm.run.decode import unprocessed_puts
from sqlalchemy_dynamorm.run.expressions import Placeholders
from sqlalchemy_dynamorm.run.keys import key_of
from sqlalchemy_dynamorm.run.request import Asking, Pause, Request
from sqlalchemy_dynamorm.run.targets import TOGETHER
from sqlalchemy_dynamorm.run.values import Item

BATCH = 25
"""Items a BatchWriteItem takes (DynamoDB API reference)."""
IDLE_ROUNDS = 10
"""How often nothing at all may be taken of what is left before it is given up."""
BASE, CAP = 0.05, 5.0  # seconds


def put_if_free(table: Table, items: Sequence[Item], own: Sequence[bool]) -> Asking[list[bytes | Error]]:
    """PutItem each, in parallel, on condition that the key is free; the answers in order.

    :param own: of which items the key was made for them alone.
    """
    placeholders = Placeholders()
    shared = writing.put(table, {}, writing.absent(table, placeholders), placeholders)
    answers: list[bytes | Error] = []
    for at in range(0, len(items), TOGETHER):
        some = slice(at, at + TOGETHER)
        answers += yield [_put(shared, item, own=its) for item, its in zip(items[some], own[some], strict=True)]
    return answers


def _put(shared: Mapping[str, Any], item: Item, *, own: bool) -> Request:
    """A PutItem; ``shared`` is what those of one table have in common."""
    params = {**shared, "Item": item}
    again = {**params, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    return Request("PutItem", params, repeatable=False, again=again, own=item if own else None)


def put_over(table: Table, items: Sequence[Item]) -> Asking[None]:
    """Put items whatever is there, none of whose keys stands twice: one by PutItem, more by BatchWriteItem.

    What the service leaves unprocessed is sent again, with exponential backoff and full jitter, as long as it takes any
    of it and the statement's deadline allows.

    :raises Error: some could not be written; :attr:`Error.unprocessed` has their keys, and the others are written.
    """
    if len(items) == 1:
        params = {"TableName": table.physical, "Item": items[0]}
        yield Request("PutItem", params, repeatable=False, again=params)
        return
    waiting, failed, failure = list(items), list[Item](), None
    idle = 0
    while waiting:
        parts = [waiting[at : at + BATCH] for at in range(0, len(waiting), BATCH)]
        answers: list[bytes | Error] = yield [_batch(table, part) for part in parts]
        left: list[Item] = []
        for part, answer in zip(parts, answers, strict=True):
            if isinstance(answer, Error):
                failure = failure or answer
                failed += part
            else:
                left += unprocessed_puts(answer, table.physical)
        idle = idle + 1 if len(left) == len(waiting) else 0
        waiting = left
        if waiting and (idle == IDLE_ROUNDS or not (yield _backoff(idle))):
            failure = failure or _left(table, waiting)
            break
    if failure is not None:
        keys = [key_of(item, table) for item in (*failed, *waiting)]
        raise partly_done(failure, keys, len(items) - len(keys), len(items))


def _backoff(idle: int) -> Pause:
    return Pause(random.uniform(0, min(CAP, BASE * 2**idle)), bounded=True)


def _batch(table: Table, items: Sequence[Item]) -> Request:
    # Putting an item again leaves it as it is.
    puts = [{"PutRequest": {"Item": item}} for item in items]
    params = {"RequestItems": {table.physical: puts}}
    return Request("BatchWriteItem", params, repeatable=False, again=params)


def _left(table: Table, items: Sequence[Item]) -> Throttled:
    return Throttled(
        f"{len(items)} items of {table.name!r} were left unprocessed; the table or a hot key is throttled. Try them "
        "again later, or fewer at a time.",
        operation="BatchWriteItem",
        table=table.physical,
    )


def partly_done(error: Error, unwritten: Sequence[Item], done: int, asked: int) -> Error:
    """An error of some of a statement's rows, which says what became of the others.

    :param unwritten: the keys of the rows that failed.
    """
    error.unprocessed = tuple(unwritten)
    if asked > 1:
        error.args = (f"{error.args[0]} In AUTOCOMMIT {done} of the {asked} rows were written.",)
    return error
