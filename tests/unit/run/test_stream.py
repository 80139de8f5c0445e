from __future__ import annotations

from typing import Any

from sqlalchemy_dynamorm.errors import DatabaseError, Error, Throttled
from sqlalchemy_dynamorm.run.copy_marks import Reached
from sqlalchemy_dynamorm.run.shards import StreamLost
from sqlalchemy_dynamorm.run.stream import Change, Stream
from tests.scripted import Played, Reply, done, failed, play

ARN = "arn:aws:dynamodb:eu-west-1:1:table/people/stream/2026"
BEGUN = 10_000


def stream(**shards: Reached) -> Stream:
    return Stream(ARN, BEGUN, dict(shards))


def record(at: int, key: str, second: float = BEGUN, **images: Any) -> dict[str, Any]:
    told = {"Keys": {"id": {"S": key}}, "SequenceNumber": str(at), "ApproximateCreationDateTime": second}
    return {"dynamodb": {**told, **images}}


def records(*found: dict[str, Any], then: str | None = "i2") -> Reply:
    return {"Records": list(found), **({} if then is None else {"NextShardIterator": then})}


ITERATOR: Reply = {"ShardIterator": "i1"}


def read(of: Stream, *script: Reply, until: int = BEGUN) -> Played:
    return done(of.read(list(of.shards), until), *script)


def test_a_shard_goes_on_after_the_record_that_was_read_last() -> None:
    found = stream(a=Reached("5"))
    played = read(found, ITERATOR, records(record(6, "x"), record(7, "y")))
    assert played.requests[0].params["ShardIteratorType"] == "AFTER_SEQUENCE_NUMBER"
    assert played.requests[0].params["SequenceNumber"] == "5"
    assert played.result.changes == [Change({"id": {"S": "x"}}), Change({"id": {"S": "y"}})]
    assert found.shards == {"a": Reached("7")}
    assert not played.result.behind
    again = read(found, records())  # the iterator that was given, or a part without records is never passed
    assert again.only == {"ShardIterator": "i2"}


def test_a_new_shard_is_read_from_its_begin_and_an_ended_one_is_known() -> None:
    found = stream(a=Reached())
    played = read(found, ITERATOR, records(record(6, "x"), then=None))
    assert played.requests[0].params["ShardIteratorType"] == "TRIM_HORIZON"
    assert found.shards == {"a": Reached("6", ended=True)}
    assert found.ended


def test_images_are_given_as_they_are_stored() -> None:
    old, new = {"id": {"S": "x"}, "b": {"B": "AAE="}}, {"id": {"S": "x"}}
    played = read(stream(a=Reached()), ITERATOR, records(record(6, "x", OldImage=old, NewImage=new)))
    assert played.result.changes == [Change({"id": {"S": "x"}}, ({"id": {"S": "x"}, "b": {"B": b"\0\1"}}, new))]


def test_records_from_long_before_the_copy_tell_nothing() -> None:
    old = record(5, "w", BEGUN - 1000)
    played = read(stream(a=Reached()), ITERATOR, records(old, record(6, "x", BEGUN - 800)))
    assert played.result.changes == [Change({"id": {"S": "x"}})]
    assert played.result.records == 2
    assert played.result.behind  # there may be more


def test_a_throttled_shard_is_asked_again() -> None:
    found = stream(a=Reached("5"), b=Reached("5"))
    played = read(found, ITERATOR, Throttled("slow down"), Throttled("slow down"))
    assert (played.result.changes, played.result.behind) == ([], True)
    assert read(found, ITERATOR, records(), records()).result.behind is False
    assert found.shards == {"a": Reached("5"), "b": Reached("5")}


def test_an_iterator_that_has_expired_is_replaced() -> None:
    found = stream(a=Reached("5"))
    assert read(found, ITERATOR, DatabaseError("old", code="ExpiredIteratorException")).result.behind
    assert read(found, ITERATOR, records(record(6, "x"))).operations == ["GetShardIterator", "GetRecords"]


def test_records_that_are_gone_are_told() -> None:
    trimmed = DatabaseError("trimmed", code="TrimmedDataAccessException")
    for script in ((trimmed,), (ITERATOR, trimmed)):
        assert isinstance(lost(*script), StreamLost)
    assert str(lost(DatabaseError("broken"))) == "broken"


def lost(*script: Reply) -> Error:
    found = stream(a=Reached("5"))
    return failed(found.read(["a"], BEGUN), *script)


def test_shards_are_listed_first_and_when_one_has_ended() -> None:
    found = stream()
    listing: Reply = {"StreamDescription": {"Shards": [{"ShardId": "a"}]}}
    assert list(done(found.groups(), listing).result) == [["a"]]
    assert play(found.groups()).operations == []
    read(found, ITERATOR, records(then=None))
    child: Reply = {"StreamDescription": {"Shards": [{"ShardId": "a"}, {"ShardId": "b", "ParentShardId": "a"}]}}
    assert list(done(found.groups(), child).result) == [["b"]]
