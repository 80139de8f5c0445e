"""What a statement consumed, as its calls say, on each server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import Calls
from tests.servers import Server
from tests.service.shop import Shop
from tests.service.shop import shop as opened


@pytest.fixture
def shop(server: Server, schema: str) -> Iterator[Shop]:
    with opened(server, schema) as found:
        found.fill("ada", range(3))
        yield found


def test_a_statement_sums_what_its_calls_consumed(shop: Shop, calls: Calls) -> None:
    partition = "SELECT note FROM shop WHERE customer = 'ada'"
    assert shop.run(partition, capacity="true").consumed_capacity == 1.0
    key = "SELECT note FROM shop WHERE customer = 'ada' AND number = 1"
    assert shop.run(key, capacity="true").consumed_capacity == 1.0
    write = "INSERT INTO shop (customer, number, region) VALUES ('bob', 1, 'us')"
    assert (shop.run(write, capacity="true").consumed_capacity or 0) >= 1.0
    assert calls.operations == ["Query", "GetItem", "PutItem"]


def test_the_calls_of_a_batch_are_summed_or_the_sum_is_unknown(shop: Shop) -> None:
    read = "SELECT note FROM shop WHERE customer = 'ada' AND number IN (:keys)"
    # MiniStack does not say what a batch consumed.
    assert shop.run(read, {"keys": [0, 1, 2]}, capacity="true").consumed_capacity in (3.0, None)


def test_nothing_is_asked_for_unless_it_is_wanted(shop: Shop) -> None:
    assert shop.run("SELECT note FROM shop WHERE customer = 'ada' AND number = 1").consumed_capacity is None
