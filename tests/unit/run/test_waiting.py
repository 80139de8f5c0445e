from __future__ import annotations

from typing import Any

import pytest

from sqlalchemy_dynamorm.errors import AccessDenied, DatabaseError, Error, OperationalError, Throttled, UndefinedTable
from sqlalchemy_dynamorm.run.request import Request
from sqlalchemy_dynamorm.run.waiting import Patience, patiently, wait_active, wait_gone
from tests.scripted import done, failed
from tests.unit.run.describing import GONE, described, index

UPDATE = Request("UpdateTable", {"TableName": "users"}, repeatable=False)
IN_USE = OperationalError("it is changing", code="ResourceInUseException")


def limited(message: str) -> Throttled:
    return Throttled(message, code="LimitExceededException")


def test_a_backfill_is_told_and_waited_for_ever_longer() -> None:
    told: list[str] = []
    filling = {**index("CREATING"), "Backfilling": True, "ItemCount": 20}
    replies: list[Any] = [GONE, described("CREATING"), *[described("ACTIVE", filling, ItemCount=50)] * 4]
    played = done(wait_active("users", Patience(tell=told.append)), *replies, described("ACTIVE", index()))
    assert told == [
        "users: not there yet",
        "users: CREATING",
        *["users: index by_name CREATING, 20 of about 50 items"] * 4,
    ]
    assert played.pauses == sorted(played.pauses) == [0.02, 0.05, 0.1, 0.25, 0.5, 1.0]


def test_waiting_has_an_end_that_can_be_set() -> None:
    error = failed(wait_active("users", Patience(0.1)), *[described("CREATING")] * 3)
    assert isinstance(error, OperationalError)
    assert "is not ACTIVE yet (CREATING) after 0.1 s" in str(error)
    assert "ddl_timeout" in str(error)
    gone = failed(wait_gone("users", Patience(0.1)), *[described("DELETING")] * 3)
    assert "still being deleted" in str(gone)


def test_a_table_that_is_being_deleted_never_gets_ready() -> None:
    error = failed(wait_active("users"), described("DELETING"))
    assert isinstance(error, UndefinedTable)
    assert "is being deleted" in str(error)


@pytest.mark.parametrize(
    "error", [IN_USE, limited("Only 1 online index can be created or deleted simultaneously per table")]
)
def test_a_change_is_sent_again_until_the_service_takes_it(error: Error) -> None:
    told: list[str] = []
    played = done(patiently(UPDATE, "users", Patience(tell=told.append)), error, error, {})
    assert played.operations == ["UpdateTable"] * 3
    assert told == [f"users: UpdateTable waits ({error.code})"] * 2


@pytest.mark.parametrize(
    "error",
    [
        limited("Subscriber limit exceeded: There is a limit of 2500 tables per subscriber"),
        limited("GlobalSecondaryIndex count exceeds the per-table limit of 20"),
        DatabaseError("wrong", code="ValidationException"),
    ],
)
def test_what_does_not_pass_is_not_waited_for(error: Error) -> None:
    assert failed(patiently(UPDATE, "users"), error) is error


def test_no_permission_says_which_one() -> None:
    error = failed(
        patiently(UPDATE, "users"), AccessDenied("UpdateTable: not authorized", code="AccessDeniedException")
    )
    assert isinstance(error, AccessDenied)
    assert "needs the permission dynamodb:UpdateTable" in str(error)
    assert error.code == "AccessDeniedException"


def test_patience_ends_for_a_change_too() -> None:
    assert "does not take UpdateTable" in str(failed(patiently(UPDATE, "users", Patience(0.05)), *[IN_USE] * 2))
