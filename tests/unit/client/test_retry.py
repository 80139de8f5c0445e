from __future__ import annotations

import logging
import time
from random import Random

import pytest

from sqlalchemy_dynamorm import errors
from sqlalchemy_dynamorm.client.retry import CAP, COST, FULL, REFUND, Budget, Policy, may_repeat
from sqlalchemy_dynamorm.errors import Error


@pytest.mark.parametrize("kind", [errors.Throttled, errors.SerializationError, errors.ServiceUnavailable])
def test_what_passes_may_be_repeated(kind: type[Error]) -> None:
    assert may_repeat(kind("wait"))


@pytest.mark.parametrize(
    "kind",
    [errors.ConditionFailed, errors.OutcomeUnknown, errors.DatabaseError, errors.AccessDenied, errors.UndefinedTable],
)
def test_what_lasts_may_not(kind: type[Error]) -> None:
    assert not may_repeat(kind("no"))


@pytest.mark.parametrize(
    ("codes", "passes"),
    [
        (["TransactionConflict", "None"], True),
        (["ThrottlingError", "ProvisionedThroughputExceeded"], True),
        (["TransactionConflict", "ConditionalCheckFailed"], False),
        (["ItemCollectionSizeLimitExceeded"], False),
        (["None"], False),
        ([], False),
    ],
)
def test_a_cancelled_transaction_passes_if_all_its_reasons_do(codes: list[str], passes: bool) -> None:
    reasons = tuple({"Code": code} for code in codes)
    assert may_repeat(errors.TransactionCanceled("cancelled", reasons=reasons)) is passes


def test_waits_grow_to_a_bound() -> None:
    jitter = Random(1).uniform

    def waited(attempt: int) -> float:
        return Policy(100, jitter=jitter).wait(errors.Throttled("x"), attempt) or 0

    longest = [max(waited(attempt) for _ in range(200)) for attempt in (1, 4, 30)]
    assert 0.08 < longest[0] <= 0.1
    assert 0.7 < longest[1] <= 0.8
    assert 4 < longest[2] <= CAP


def test_the_last_attempt_is_the_last() -> None:
    policy = Policy(2)
    assert policy.wait(errors.Throttled("x"), 1) is not None
    assert policy.wait(errors.Throttled("x"), 2) is None


def test_no_wait_goes_past_the_deadline() -> None:
    assert Policy(9, until=time.monotonic() - 1).wait(errors.Throttled("x"), 1) is None
    assert Policy(9, until=time.monotonic() + 60).wait(errors.Throttled("x"), 1) is not None


def spent(budget: Budget) -> int:
    """How often it lets a request be sent again from now on."""
    times = 0
    while budget.spend():
        times += 1
    return times


def test_an_engine_sends_only_so_much_again_in_all(caplog: pytest.LogCaptureFixture) -> None:
    budget = Budget()
    policies = [Policy(2, budget=budget) for _ in range(FULL // COST)]
    assert all(policy.wait(errors.Throttled("x"), 1) is not None for policy in policies)
    with caplog.at_level(logging.WARNING, "sqlalchemy_dynamorm.client"):
        for _ in range(2):
            assert Policy(2, budget=budget).wait(errors.ServiceUnavailable("x"), 1) is None
    assert caplog.text.count("not sent again for now") == 1
    assert Policy(2, budget=budget).wait(errors.SerializationError("a conflict"), 1) is not None


def test_what_succeeds_fills_the_budget_up_and_no_further() -> None:
    budget = Budget()
    assert spent(budget) == FULL // COST
    for _ in range(COST // REFUND):
        budget.succeeded(again=False)
    assert spent(budget) == 1
    budget.succeeded(again=True)
    assert spent(budget) == 1
    for _ in range(2 * FULL):
        budget.succeeded(again=False)
    assert spent(budget) == FULL // COST
