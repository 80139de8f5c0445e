from __future__ import annotations

from sqlalchemy_dynamorm.run.sampling import Sample, sampled
from tests.scripted import done


def test_one_scan_that_reads_no_more_than_it_is_told_to() -> None:
    items = [{"id": {"S": "a"}, "n": {"N": "1"}}, {"id": {"S": "b"}, "n": {"NULL": True}, "tags": {"SS": ["x"]}}]
    played = done(sampled("users", 2), {"Items": items, "LastEvaluatedKey": {"id": {"S": "b"}}})
    assert played.operations == ["Scan"]
    assert played.only == {"TableName": "users", "Limit": 2}
    assert played.result == Sample(
        2, {"id": frozenset({"S"}), "n": frozenset({"N", "NULL"}), "tags": frozenset({"SS"})}
    )


def test_a_table_without_items() -> None:
    assert done(sampled("users", 9), {"Items": [], "Count": 0}).result == Sample(0, {})
