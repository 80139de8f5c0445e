from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy_dynamorm.errors import ConditionFailed, DatabaseError, DataError, OperationalError
from sqlalchemy_dynamorm.plan.schema import Column, Kind, Table
from sqlalchemy_dynamorm.run.copied_items import Copy, compare, copy_items
from sqlalchemy_dynamorm.run.copy_marks import CopyMark, Followed, Place, Reached, read_mark, take_over, write_mark
from sqlalchemy_dynamorm.run.waiting import DEFAULT
from tests.scripted import Reply, done, failed, play

COLUMNS = (Column("id", Kind.STRING), Column("city", Kind.STRING))
OLD, NEW = Table("t", "t", COLUMNS, "id"), Table("u", "u", COLUMNS, "id")
COPY = Copy(OLD, NEW, "system", True, None, DEFAULT)
BY_CITY = Copy(OLD, Table("u", "u", COLUMNS, "city"), "system", False, None, DEFAULT)


def item(name: str, **more: Any) -> dict[str, Any]:
    return {"id": {"S": name}, **more}


def page(*items: dict[str, Any], after: str | None = None) -> Reply:
    return {"Items": list(items), **({} if after is None else {"LastEvaluatedKey": item(after)})}


def mark(*places: Place) -> CopyMark:
    return CopyMark("t", ("id",), places)


def test_segments_are_copied_side_by_side_and_the_place_is_kept_after_each_round() -> None:
    script = [page(item("a"), after="a"), page(item("b")), {}, {}, page(item("c"))]
    played = done(copy_items(COPY, mark(Place(), Place())), *script)
    assert [len(together) for together in played.asked] == [2, 1, 1, 1, 1, 1]
    assert played.operations == ["Scan", "Scan", "BatchWriteItem", "PutItem", "Scan", "PutItem", "PutItem"]
    assert played.requests[4].params["ExclusiveStartKey"] == item("a")
    assert played.result.places == (Place(ended=True), Place(ended=True))


def test_what_ended_is_not_read_again() -> None:
    played = done(copy_items(COPY, mark(Place(ended=True), Place(item("k")))), page())
    assert played.requests[0].params["ExclusiveStartKey"] == item("k")
    assert played.operations == ["Scan", "PutItem"]  # the place


def test_a_put_of_an_earlier_run_is_no_failure_and_any_other_is() -> None:
    found = page(item("a", city={"S": "x"}))
    played = done(copy_items(BY_CITY, mark(Place())), found, ConditionFailed("there"))
    assert played.result.places[0].ended
    assert "ConditionExpression" in played.requests[1].params
    error = failed(copy_items(BY_CITY, mark(Place())), found, OperationalError("down"))
    assert (str(error), error.key) == ("down", {"city": {"S": "x"}})


def test_of_a_batch_that_is_refused_the_item_is_found() -> None:
    refused = DatabaseError("a key of an index is empty")
    script = [page(item("a"), item("b")), refused, {}, refused]
    played = play(copy_items(COPY, mark(Place())), *script)
    assert played.operations == ["Scan", "BatchWriteItem", "PutItem", "PutItem"]
    assert played.error is not None
    assert played.error.key == item("b")


def test_a_place_is_written_and_read_back() -> None:
    kept = CopyMark("t", ("id",), (Place(), Place(item("k")), Place(ended=True)), True, "today")
    shards = {"a": Reached("7"), "b": Reached(), "c": Reached("9", ended=True)}
    followed = Followed("arn", "KEYS_ONLY", 1, 2, shards, (item("x"),), compared=True, closed=True)
    for each in (kept, replace(kept, followed=followed, run="r")):
        (request,) = play(write_mark("system", "u", each)).requests
        assert done(read_mark("system", "u"), {"Item": request.params["Item"]}).result == each
    assert done(read_mark("system", "u"), {}).result is None


def test_a_later_run_takes_the_copy_over() -> None:
    first = done(take_over("system", "u", mark())).result
    assert first.run
    assert first.run != done(take_over("system", "u", mark())).result.run
    request = done(write_mark("system", "u", first)).only
    assert request["ExpressionAttributeValues"] == {":0": {"S": first.run}}
    assert "Another run" in str(failed(write_mark("system", "u", first), ConditionFailed("not mine")))


def compared(copy: Copy, old: Reply, *new: Reply, count: int) -> str:
    played = play(compare(copy, mark(Place())), old, *new, {"Count": count})
    assert played.error is None or isinstance(played.error, DataError)
    return str(played.error or "same")


def test_items_are_compared_and_not_only_counted() -> None:
    one, same = item("a", s={"SS": ["x", "y"]}), item("a", s={"SS": ["y", "x"]})
    other = item("a", s={"SS": ["x"]})
    assert compared(COPY, page(one), {"Item": same}, count=1) == "same"
    assert "1 items have another item in their place" in compared(COPY, page(one), {"Item": other}, count=1)
    assert "1 items are not in the new table" in compared(COPY, page(one), {}, count=0)
    assert "1 items are in the new table alone" in compared(COPY, page(one), {"Item": same}, count=2)


def test_an_item_without_a_value_for_the_new_key_is_missed() -> None:
    assert "1 items are not in" in compared(BY_CITY, page(item("a")), count=0)
    assert "1 items are not in" in compared(BY_CITY, page(item("a", city={"N": "1"})), count=0)
    assert "1 items are not in" in compared(BY_CITY, page(item("a", city={"S": ""})), count=0)


def test_items_that_expire_soon_may_be_deleted_meanwhile() -> None:
    copy = Copy(OLD, NEW, "system", True, None, DEFAULT, ttl="until")
    old, kept = item("a", until={"N": "1"}), item("b")
    assert compared(copy, page(old, kept), {"Item": old}, {"Item": kept}, count=1) == "same"
