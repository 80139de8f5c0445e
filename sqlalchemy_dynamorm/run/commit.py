"""Commit: everything a transaction buffered goes as one TransactWriteItems, or as itself where it is one write.

A single write costs half of what a transaction of one does. With ``overflow=split``, more than fits into one goes as
several, in order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy_dynamorm.errors import (
    ConditionFailed,
    DatabaseError,
    DataError,
    Error,
    OperationalError,
    SerializationError,
    StaleRow,
    Throttled,
    TransactionCanceled,
    TransactionTooLarge,
)
from sqlalchemy_dynamorm.plan.predicates import columns_of
from sqlalchemy_dynamorm.plan.schema import Table
from sqlalchemy_dynamorm.run.buffer import Action, Buffer, Entry, duplicate, outdated
from sqlalchemy_dynamorm.run.children import Child
from sqlalchemy_dynamorm.run.chunks import chunks
from sqlalchemy_dynamorm.run.decode import RowDecoder, responses
from sqlalchemy_dynamorm.run.evaluate import checker
from sqlalchemy_dynamorm.run.lost import excludes_itself
from sqlalchemy_dynamorm.run.parents import Parent
from sqlalchemy_dynamorm.run.request import Asking, Request
from sqlalchemy_dynamorm.run.taking import MAX_ACTIONS, MAX_BYTES, Taking, transaction
from sqlalchemy_dynamorm.run.values import Item
from sqlalchemy_dynamorm.run.wire import same_wire
from sqlalchemy_dynamorm.run.writing import Check

MAX_ROUNDS = 8
"""How often a transaction is sent that meets guards which others hold without having the value."""
_SINGLE = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem"}


def commit(buffer: Buffer, *, split: bool = False, system: str | None = None) -> Asking[None]:
    """Send what is buffered, all or nothing.

    :param split: what is too much for one transaction goes as several, each of them all or nothing.
    :param system: the physical name of the system table, whose locks what is split depends on.
    :raises TransactionTooLarge: over 100 actions or 4 MB; nothing is sent.
    :raises DuplicateKey: an inserted key was taken.
    :raises StaleRow: a row that an UPDATE or DELETE had found was changed or is gone.
    :raises SerializationError: another transaction was at work on the same items.
    """
    entries = expected(buffer)
    if all(entry.watched for entry in entries):
        yield from _verified([entry for entry in entries if buffer.verified or entry.locked])
        return
    taking = Taking.of(entries)
    if not split or taking.fits:
        yield from _sent(taking)
        return
    parts = [Taking.of(chunk) for chunk in chunks(entries, system)]
    for part in parts:
        _check_size(part)
    for done, part in enumerate(parts):
        try:
            yield from _sent(part)
        except Error as error:
            raise _partly_done(error, done, parts) from None


def _partly_done(error: Error, done: int, parts: Sequence[Taking]) -> Error:
    """The error, saying what is written all the same."""
    left = [entry for part in parts[done:] for entry in part.entries if not entry.watched]
    if done:
        error.retryable = False  # what is written would be written again
    error.unprocessed = tuple(entry.key for entry in left)
    before = f"With overflow='split' {done} of {len(parts)} chunks were written before, and stay"
    error.args = (f"{error.args[0]} {before}; {len(left)} items were not written.",)
    return error


def _sent(taking: Taking) -> Asking[None]:
    _check_size(taking)
    actions = taking.actions()
    if len(actions) == 1 and actions[0][0] != "ConditionCheck" and not taking.entries[0].once:
        try:
            yield _single(taking.entries[0], actions[0])
        except ConditionFailed as failed:
            raise _about(taking.entries[0], _lost(taking.entries[0], failed.item)) from None
        except Error as error:
            _about(taking.entries[0], error)
            raise
    elif actions:
        yield from _together(taking, actions)


def commit_each(buffers: Sequence[Buffer]) -> Asking[list[Error | None]]:
    """Commit several transactions, each for itself, those of a single write in parallel; what became of each."""
    outcomes: list[Error | None] = [None] * len(buffers)
    alone: list[tuple[int, Taking, Request]] = []
    for at, buffer in enumerate(buffers):
        try:
            taking = Taking.of(expected(buffer))
            if len(taking.entries) == 1 and not (taking.guards or taking.related):
                alone.append((at, taking, _request(taking.entries[0])))
            else:
                yield from commit(buffer)
        except Error as error:
            outcomes[at] = error
    if alone:
        answers: list[bytes | Error] = yield [request for _, _, request in alone]
        for (at, taking, _), answer in zip(alone, answers, strict=True):
            outcomes[at] = _became(answer, taking)
    return outcomes


def _request(entry: Entry) -> Request:
    """The one write of a transaction, with a token where sending it twice would do more than sending it once."""
    action = entry.action()
    if entry.once or action[0] == "ConditionCheck":
        return transaction([{action[0]: _told(action[1])}])
    return _single(entry, action)


def _became(answer: bytes | Error, taking: Taking) -> Error | None:
    match answer:
        case ConditionFailed():
            return _about(taking.entries[0], _lost(taking.entries[0], answer.item))
        case TransactionCanceled():
            return cancelled(answer, taking)
        case Error():
            return answer
        case _:
            return None


def expected(buffer: Buffer) -> list[Entry]:
    """The writes, with what must still be as it was read; what is read and not written stands by itself."""
    entries = dict(buffer.entries)
    for at, watch in buffer.watches.items():
        written = entries.get(at)
        if written is None:
            entries[at] = watch
        elif written.before is not None and watch.before is not None:
            # What was read first is what must be there, also where the write was judged by a later image.
            first = {name: wire for name, wire in watch.before.items() if name in watch.pins}
            rest = {name: wire for name, wire in written.before.items() if name not in watch.pins}
            entries[at] = replace(written, before={**rest, **first}, pins=written.pins | watch.pins)
    return list(entries.values())


def _verified(watches: Sequence[Entry]) -> Asking[None]:
    """Read the watched items, where nothing is written, and compare: those of one request in one moment.

    What takes several requests was so at the moment of the first: what they find was the same before and after it.

    :raises SerializationError: one is not what was read.
    """
    for chunk in chunks(watches):
        asked = [{"Get": {"TableName": watch.table.physical, "Key": watch.key}} for watch in chunk]
        body: bytes = yield Request("TransactGetItems", {"TransactItems": asked})
        for watch, now in zip(chunk, responses(body), strict=True):
            if not _unchanged(watch, now):
                raise _about(watch, outdated(watch.table))


def _unchanged(watch: Entry, now: Item | None) -> bool:
    seen = watch.before
    if now is None or seen is None:
        return now is seen
    return all(same_wire(now.get(name), seen.get(name)) for name in watch.pins)


def _check_size(taking: Taking) -> None:
    ways = (
        "Commit more often, or choose overflow='split' (several transactions, in order) or "
        "isolation_level='AUTOCOMMIT' (each row by itself); nothing was sent."
    )
    if taking.count > MAX_ACTIONS:
        read = sum(entry.watched for entry in taking.entries)
        parts = {
            "writes {} items": len(taking.entries) - read,
            "checks {} items that were read": read,
            "changes {} guards of unique values": taking.count - len(taking.entries),
        }
        done = ", ".join(text.format(number) for text, number in parts.items() if number)
        raise TransactionTooLarge(f"The transaction {done}; DynamoDB takes {MAX_ACTIONS} actions in one. {ways}")
    if not taking.fits:
        raise TransactionTooLarge(f"The transaction writes {taking.size} bytes, and DynamoDB takes {MAX_BYTES}. {ways}")


def _single(entry: Entry, action: Action) -> Request:
    kind, params = action[0], _told(action[1])
    again = params if excludes_itself(entry) else None
    own = entry.after if entry.own and entry.before is None else None
    return Request(_SINGLE[kind], params, repeatable=False, again=again, own=own)


def _together(taking: Taking, actions: list[Action]) -> Asking[None]:
    for _ in range(MAX_ROUNDS):
        try:
            yield transaction([{kind: _told(params)} for kind, params in actions])
        except TransactionCanceled as failure:
            if not (yield from taking.resolved(failure.reasons)):
                raise cancelled(failure, taking) from None
            actions = taking.actions()
        else:
            return
    raise SerializationError(
        f"Others kept taking the unique values of this transaction, {MAX_ROUNDS} times. Run it again.",
        operation="TransactWriteItems",
    )


def _told(params: dict[str, Any]) -> dict[str, Any]:
    """The action, told to say what it found where its condition does not hold."""
    return {**params, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"} if "ConditionExpression" in params else params


def _lost(entry: Entry, found: Mapping[str, Any] | None) -> Error:
    """A condition did not hold: who was there first, or what became of the row.

    :param found: the item that was there; ``None`` where there was none, or the server does not say.
    """
    if entry.watched or entry.table.key_columns in entry.decided:
        return outdated(entry.table)
    if entry.before is None:
        return duplicate(entry.table)
    wheres = [check for check in entry.checks if not check.constraint]
    judged = entry.pins or len(wheres) < len(entry.checks)
    if found is not None and judged and all(_holds(check, dict(found)) for check in wheres):
        return outdated(entry.table)  # the row is there and the WHERE holds: it is what was read of it that changed
    return StaleRow(
        f"A row of {entry.table.name!r} that this transaction changes was changed or deleted by another. "
        "Roll back and run the transaction again.",
        table=entry.table.physical,
    )


def _about(about: Entry | Table | Parent | Child, error: Error) -> Error:
    """The error, saying which statement and which row it is about."""
    entry = about.entry if isinstance(about, Parent | Child) else about
    return entry.origin.of(error, entry.key) if isinstance(entry, Entry) else error


def _holds(check: Check, item: Item) -> bool:
    columns = tuple(dict.fromkeys(columns_of(check.where)))
    return checker(check.where, columns, check.values)(RowDecoder(columns).row(item))


def cancelled(failure: TransactionCanceled, taking: Taking) -> Error:
    """The error of the first action that was refused; a taken key or a lost row goes before a mere conflict."""
    guarding = [guard.table for guard in taking.guards]
    subjects: list[Entry | Table | Parent | Child] = [*taking.entries, *guarding, *taking.related]
    failed = [(about, reason) for about, reason in zip(subjects, failure.reasons, strict=False) if _refused(reason)]
    failed.sort(key=lambda pair: pair[1].get("Code") != "ConditionalCheckFailed")
    if not failed:
        where: dict[str, Any] = {"operation": "TransactWriteItems", "request_id": failure.request_id}
        return OperationalError(f"The transaction was cancelled, without a reason: {failure}", **where)
    about, reason = failed[0]
    error = _about(about, _of_reason(about, reason))
    error.operation, error.request_id = "TransactWriteItems", failure.request_id
    return error


def _refused(reason: Mapping[str, Any]) -> bool:
    return bool(reason.get("Code", "None") != "None")


def _of_reason(about: Entry | Table | Parent | Child, reason: Mapping[str, Any]) -> Error:
    """The error of one action: of an entry, of a guard of a table, or of the check of a parent or a child."""
    code, table = reason["Code"], about if isinstance(about, Table) else about.table
    match code:
        case "ConditionalCheckFailed" if isinstance(about, Parent | Child):
            return about.violation()
        case "ConditionalCheckFailed" if isinstance(about, Entry):
            return _lost(about, reason.get("Item"))
        case "TransactionConflict":
            return SerializationError(
                f"Another transaction is at work on an item of {table.name!r}. Run this one again.",
                table=table.physical,
            )
        case "ThrottlingError" | "ProvisionedThroughputExceeded":
            return Throttled(f"The table {table.name!r} is throttled.", table=table.physical)
        case "ItemCollectionSizeLimitExceeded" | "ValidationError":
            return DataError(f"{table.name!r}: {reason.get('Message', code)}", table=table.physical)
        case _:
            return DatabaseError(f"{table.name!r}: the transaction was cancelled: {code}.", table=table.physical)
