from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.errors import UndefinedTable
from sqlalchemy_dynamorm.run.copy_marks import Reached
from sqlalchemy_dynamorm.run.shards import StreamLost, front, shards_of
from tests.scripted import done, failed

ARN = "arn:aws:dynamodb:eu-west-1:1:table/people/stream/2026"
NEW, READ, ENDED = Reached(), Reached("7"), Reached("9", ended=True)


def test_parents_are_read_before_their_children() -> None:
    listed = {"a": None, "b": "a", "c": "a", "x": "trimmed"}
    assert front(listed, {}, ARN) == {"a": NEW, "x": NEW}
    assert front(listed, {"a": READ, "x": READ}, ARN) == {"a": READ, "x": READ}
    assert front(listed, {"a": ENDED, "x": READ}, ARN) == {"b": NEW, "c": NEW, "x": READ}


def test_a_shard_that_has_ended_is_remembered_until_its_children_are_there() -> None:
    assert front({"a": None}, {"a": ENDED}, ARN) == {"a": ENDED}
    assert front({"a": None, "b": "a"}, {"a": ENDED}, ARN) == {"b": NEW}
    assert front({"b": "a"}, {"a": ENDED}, ARN) == {"b": NEW}  # the service has forgotten the parent


def test_a_second_child_may_come_later_and_what_is_done_is_not_read_again() -> None:
    listed = {"a": None, "b": "a", "d": "b", "c": "a"}
    assert front(listed, {"b": ENDED}, ARN) == {"d": NEW, "c": NEW}
    assert front(listed, {"d": READ, "c": ENDED}, ARN) == {"d": READ, "c": ENDED}


def test_a_shard_that_is_gone_before_its_end_was_lost() -> None:
    with pytest.raises(StreamLost, match="24 hours"):
        front({"b": "a"}, {"a": READ}, ARN)


def test_shards_are_listed_page_by_page() -> None:
    one = {"StreamDescription": {"StreamStatus": "ENABLING", "Shards": [{"ShardId": "a"}], "LastEvaluatedShardId": "a"}}
    two = {"StreamDescription": {"StreamStatus": "ENABLED", "Shards": [{"ShardId": "b", "ParentShardId": "a"}]}}
    played = done(shards_of(ARN), one, two)
    assert played.result == ("ENABLED", {"a": None, "b": "a"})
    assert played.requests[1].params == {"StreamArn": ARN, "ExclusiveStartShardId": "a"}


def test_a_stream_that_is_gone_names_its_table() -> None:
    error = failed(shards_of(ARN), UndefinedTable("gone"))
    assert isinstance(error, StreamLost)
    assert error.table == "people"
