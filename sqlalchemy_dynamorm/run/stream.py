"""A table's stream: which items were changed, shard by shard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import msgspec

from sqlalchemy_dynamorm.errors import Error, Throttled, UndefinedTable
from sqlalchemy_dynamorm.run.copy_marks import Followed, Reached
from sqlalchemy_dynamorm.run.decode import wire_form
from sqlalchemy_dynamorm.run.request import Asking, Request
from sqlalchemy_dynamorm.run.shards import FORGOTTEN, front, lost, shards_of
from sqlalchemy_dynamorm.run.sources import AT_ONCE
from sqlalchemy_dynamorm.run.values import Item

SKEW = 900
"""Seconds that a record may be older than its write by this clock. Requests that are over 5 minutes off are refused."""
_RELIST = 20  # rounds until the shards are listed again, where none has ended


@dataclass(frozen=True, slots=True)
class Change:
    """An item that was written or deleted.

    :ivar images: how it was before and after, as far as the stream has that.
    """

    key: Item
    images: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Read:
    """What a few shards gave.

    :ivar records: how many there were, older ones than the copy included.
    :ivar behind: a shard has more, or may have: it was throttled, or its last record is older than asked.
    """

    changes: list[Change]
    records: int
    behind: bool


@dataclass
class Stream:
    """A stream that is being read.

    Iterators are kept while they last, 15 minutes: a shard that has no records in a part is passed through by asking
    again and again, and a new iterator would begin anew.
    """

    arn: str
    begun: int
    shards: dict[str, Reached]
    _iterators: dict[str, str] = field(default_factory=dict)
    _rounds: int = 0

    @classmethod
    def of(cls, followed: Followed) -> Stream:
        """The stream, from where it was left."""
        return cls(followed.arn, followed.begun, dict(followed.shards))

    @property
    def ended(self) -> bool:
        """Whether all shards that are known were read to their ends."""
        return all(reached.ended for reached in self.shards.values())

    def groups(self) -> Asking[Iterator[list[str]]]:
        """The shards to be read in this round, a few at a time: what they give is held together."""
        if self._rounds % _RELIST == 0:
            yield from self.relist()
        self._rounds += 1
        return self._groups()

    def relist(self) -> Asking[None]:
        """Ask which shards there are.

        :raises StreamLost: records are gone that were not read.
        """
        _, listed = yield from shards_of(self.arn)
        self.shards = front(listed, self.shards, self.arn)

    def _groups(self) -> Iterator[list[str]]:
        reading = iter([shard for shard, reached in self.shards.items() if not reached.ended])
        while some := list(islice(reading, AT_ONCE)):
            yield some

    def read(self, shards: Sequence[str], until: int) -> Asking[Read]:
        """The next records of these shards.

        :param until: the second of a record that is recent enough.
        :raises StreamLost: records are gone that were not read.
        """
        yield from self._open(shards)
        asked = [shard for shard in shards if shard in self._iterators]
        answers = yield [Request("GetRecords", {"ShardIterator": self._iterators[shard]}) for shard in asked]
        changes, records, behind = list[Change](), 0, len(asked) < len(shards)
        for shard, answer in zip(asked, answers, strict=True):
            found = self._taken(shard, answer)
            if found is None:
                behind = True
                continue
            behind = behind or (bool(found) and _second(found[-1]) < until)
            records += len(found)
            changes += (_change(each) for each in found if _second(each) >= self.begun - SKEW)
        return Read(changes, records, behind)

    def _open(self, shards: Iterable[str]) -> Asking[None]:
        """Ask for the iterators that are missing."""
        missing = [shard for shard in shards if shard not in self._iterators]
        if not missing:
            return
        answers = yield [self._iterator(shard) for shard in missing]
        for shard, answer in zip(missing, answers, strict=True):
            if not isinstance(answer, Error):
                self._iterators[shard] = msgspec.json.decode(answer)["ShardIterator"]
            elif not isinstance(answer, Throttled):
                raise self._failed(answer)

    def _iterator(self, shard: str) -> Request:
        at = self.shards[shard].sequence
        from_ = {"ShardIteratorType": "TRIM_HORIZON"}
        if at is not None:
            from_ = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": at}
        return Request("GetShardIterator", {"StreamArn": self.arn, "ShardId": shard, **from_})

    def _taken(self, shard: str, answer: bytes | Error) -> list[dict[str, Any]] | None:
        """The records of an answer, ``None`` where it is to be asked for again; how far the shard was read is kept."""
        if isinstance(answer, Error):
            if isinstance(answer, Throttled):
                return None
            if answer.code == "ExpiredIteratorException":
                del self._iterators[shard]
                return None
            raise self._failed(answer)
        found = msgspec.json.decode(answer)
        records: list[dict[str, Any]] = found.get("Records") or []
        sequence = records[-1]["dynamodb"]["SequenceNumber"] if records else self.shards[shard].sequence
        following = found.get("NextShardIterator")
        self.shards[shard] = Reached(sequence, ended=following is None)
        if following is None:
            del self._iterators[shard]
            self._rounds = 0  # its children are to be looked for
        else:
            self._iterators[shard] = following
        return records

    def _failed(self, error: Error) -> Error:
        if error.code == "TrimmedDataAccessException" or isinstance(error, UndefinedTable):
            return lost(self.arn, FORGOTTEN)
        return error


def _second(record: dict[str, Any]) -> float:
    return float(record["dynamodb"]["ApproximateCreationDateTime"])


def _change(record: dict[str, Any]) -> Change:
    told = record["dynamodb"]
    images = (told[name] for name in ("OldImage", "NewImage") if name in told)
    return Change(wire_form(told["Keys"]), tuple(wire_form(image) for image in images))
