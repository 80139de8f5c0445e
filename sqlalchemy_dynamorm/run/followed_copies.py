"""A copy of a table that is in use: it follows the table's stream until the writers are stopped.

The stream is begun before the first item is copied, and what it tells is brought over after each round of pages, so
a copy is never older than the stream was read. Where the writers are stopped then, a stream of our own is ended: its
shards end too, and read to their ends there is nothing left. Of a stream that others read the end cannot be seen; it
has to be silent for ten seconds, and all items are compared once more.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from sqlalchemy_dynamorm.errors import DataError, OperationalError, Unsupported
from sqlalchemy_dynamorm.plan.table_options import TableOptions
from sqlalchemy_dynamorm.run.copied_items import Copy, copy_items
from sqlalchemy_dynamorm.run.copy_marks import CopyMark, Followed, read_mark, write_mark
from sqlalchemy_dynamorm.run.following import LONG_QUIET, PAUSE, QUIET, Following, now
from sqlalchemy_dynamorm.run.request import Asking, Pause
from sqlalchemy_dynamorm.run.settling import Settled, settle
from sqlalchemy_dynamorm.run.shards import FORGOTTEN, StreamLost, lost, shards_of
from sqlalchemy_dynamorm.run.stream import Change
from sqlalchemy_dynamorm.run.table_options import described_options, set_options
from sqlalchemy_dynamorm.run.waiting import Description, Patience, wait_active

LOGGER = logging.getLogger("sqlalchemy_dynamorm.ddl")
_DAY = 86400
_WHOLE = "NEW_AND_OLD_IMAGES"


def to_follow(copy: Copy, found: Description, earlier: CopyMark | None = None) -> Followed:
    """What is kept of a copy before anything is made.

    :param earlier: what is kept of one that is begun anew: the stream may still be the one that it began.
    :raises Unsupported: its stream does not tell enough, or its items do not.
    """
    name, before = copy.source.name, str(described_options(found).stream or "")
    begun = None if earlier is None or earlier.source != copy.source.physical or earlier.done else earlier.followed
    if begun is not None and not begun.before and begun.arn in ("", found.get("LatestStreamArn")):
        before = ""
    if not copy.same_key and any(copy.source.by_name[each].hidden for each in copy.source.key_columns):
        raise Unsupported(
            f"{name!r} has a hidden key, which its items lose where they get another: they cannot be told apart, so "
            "its stream cannot be followed. Stop all programs that write it and say writes_frozen."
        )
    if not copy.same_key and before not in ("", _WHOLE):
        raise Unsupported(
            f"The stream of {name!r} has {before}, and to find an item under its former key takes {_WHOLE}. End it "
            f"(ALTER TABLE {name} SET (stream='false')), or stop all programs that write it and say writes_frozen."
        )
    return Followed("", before, now(), now())


def begin(copy: Copy, mark: CopyMark) -> Asking[CopyMark]:
    """Begin the stream, unless there is one, and keep its name."""
    followed = mark.followed
    if followed is None or followed.arn:
        return mark
    if not followed.before:
        yield from _switched(copy, "KEYS_ONLY" if copy.same_key else _WHOLE)
    description = yield from wait_active(copy.source.physical, copy.patience)
    arn = str(description["LatestStreamArn"])
    yield from _enabled(arn, copy.patience)
    mark = replace(mark, followed=replace(followed, arn=arn))
    yield from write_mark(copy.system, copy.target.physical, mark)
    return mark


def _switched(copy: Copy, view: str) -> Asking[None]:
    try:
        yield from set_options(copy.source.physical, TableOptions(stream=view), copy.patience)
    except Unsupported:
        raise Unsupported(
            f"The server of {copy.source.name!r} has no streams, so a table in use cannot be followed there. Stop all "
            "programs that write it and say so: WITH (writes_frozen='true').",
            table=copy.source.physical,
        ) from None


def _enabled(arn: str, patience: Patience) -> Asking[None]:
    for seconds in patience.waits():
        status, _ = yield from shards_of(arn)
        if status == "ENABLED":
            return
        yield Pause(seconds)
    raise OperationalError(f"The stream {arn} is not ENABLED after {patience.seconds:g} s. Run the statement again.")


def follow(copy: Copy, mark: CopyMark) -> Asking[Following]:
    """Copy, compare, and bring over what was written until now. The caller has to guard what was compared.

    Where records are gone that were not read, it is followed anew, and compared.
    """
    try:
        return (yield from _followed(copy, mark))
    except StreamLost as error:
        LOGGER.warning("%s", error)
        copy.patience.tell(str(error))
    mark = yield from _anew(copy, mark.run)
    return (yield from _followed(copy, (yield from begin(copy, mark))))


def _anew(copy: Copy, run: str) -> Asking[CopyMark]:
    """Begin to follow a copy anew; what was copied is compared, and mended by that."""
    mark = yield from read_mark(copy.system, copy.target.physical)
    assert mark is not None
    assert mark.followed is not None
    found = yield from wait_active(copy.source.physical, copy.patience)
    followed = replace(to_follow(copy, found, mark), open=mark.followed.open)
    mark = replace(mark, followed=followed, run=run)
    yield from write_mark(copy.system, copy.target.physical, mark)
    return mark


def _followed(copy: Copy, mark: CopyMark) -> Asking[Following]:
    assert mark.followed is not None
    following = Following.of(copy, mark, mark.followed)
    if mark.followed.closed:
        return following
    if now() - mark.followed.read > _DAY:
        raise lost(mark.followed.arn, FORGOTTEN)
    yield from _check_stream(copy, mark.followed)
    following.mark = yield from copy_items(copy, mark, following.after_pages)
    if not following.followed.compared:
        yield from following.compare()
        following.guarding = True
    yield from following.catch_up()
    return following


def _check_stream(copy: Copy, followed: Followed) -> Asking[None]:
    """See that the stream is the table's still: of one that was ended no more is told.

    :raises StreamLost: others have ended it.
    """
    found = yield from wait_active(copy.source.physical, copy.patience)
    if not described_options(found).stream or found.get("LatestStreamArn") != followed.arn:
        raise lost(followed.arn, "was ended by others")


def close(copy: Copy, following: Following) -> Asking[None]:
    """Read the stream to its end: nobody writes the table any more.

    :raises OperationalError: it is written all the same, or others have ended the stream.
    :raises DataError: items have no place in the new table. They can be mended, which is followed.
    """
    try:
        yield from _closed(copy, following)
    except (DataError, StreamLost):
        if following.followed.closed:
            yield from _anew(copy, following.mark.run)  # or what is mended would not be followed
        raise


def _closed(copy: Copy, following: Following) -> Asking[None]:
    followed = following.followed
    if not followed.closed:
        yield from _silent(following, LONG_QUIET if followed.before else QUIET)
        yield from _check_stream(copy, followed)
        yield from _all_placed(following)
    if followed.before:
        yield from following.compare()
    else:
        yield from following.keep(closed=True)
        yield from set_options(copy.source.physical, TableOptions(stream=False), copy.patience)
        yield from _drained(following)
    done = yield from _all_placed(following)
    if (yield from following.guarded(done.placed)):
        LOGGER.warning("%s: rows have the same unique values; run reconcile", copy.target.physical)


def _all_placed(following: Following) -> Asking[Settled]:
    done = yield from settle(following.copy, [Change(key) for key in following.followed.open])
    if done.homeless:
        raise following.homeless(len(done.homeless), done.homeless[0])
    return done


def _silent(following: Following, rounds: int) -> Asking[None]:
    """Wait until there were no records for some rounds."""
    quiet = total = 0
    while quiet < rounds:
        records, _ = yield from following.round()
        quiet, total = (0 if records else quiet + 1), total + 1
        if records and total > 10 * rounds:
            raise OperationalError(
                f"{following.copy.source.name!r} is still written, though it was said that it is not. Stop all "
                "programs that write it and run the statement again; until then the copy can be followed.",
                table=following.copy.source.physical,
            )
        if quiet:
            yield Pause(PAUSE)


def _drained(following: Following) -> Asking[None]:
    """Read a stream that was ended: each shard tells its own end."""
    waits = following.copy.patience.waits()
    while True:
        yield from following.stream.relist()
        if following.stream.ended:
            yield from following.keep()
            return
        if not (yield from following.round())[0]:
            seconds = next(waits, None)
            if seconds is None:
                raise OperationalError(
                    f"The stream of {following.copy.source.name!r} was ended, and its shards are not. Run it again."
                )
            yield Pause(seconds)
