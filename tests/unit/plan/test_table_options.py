from __future__ import annotations

from typing import Any

import pytest

from sqlalchemy_dynamorm.errors import Error, ProgrammingError, Unsupported
from sqlalchemy_dynamorm.plan.table_options import (
    NAMES,
    TableOptions,
    at_creation,
    option_text,
    option_value,
    table_options,
)
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read

VALUES: dict[str, list[tuple[Any, Any]]] = {
    "billing_mode": [("PROVISIONED", "PROVISIONED")],
    "read_capacity": [(5, 5)],
    "write_capacity": [(1, 1)],
    "ttl": [("expires", "expires"), (False, False)],
    "stream": [("NEW_IMAGE", "NEW_IMAGE"), (False, False)],
    "pitr": [(True, True), (False, False)],
    "deletion_protection": [(True, True)],
    "table_class": [("STANDARD", "STANDARD")],
    "sse": [(True, True), (False, False), ("alias/mine", "alias/mine")],
    "tags": [({"b": "2", "a": ""}, (("a", ""), ("b", "2")))],
    "warm_throughput": [({"read": 12000, "write": 4000}, (12000, 4000))],
}


@pytest.mark.parametrize(("name", "given", "value"), [(name, *each) for name in NAMES for each in VALUES[name]])
def test_a_value_and_its_text(name: str, given: Any, value: Any) -> None:
    found = table_options(((name, option_text(given)),), "t")
    assert found.given == {name: value}
    assert option_value(name, value) == given


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("billing_mode", "free"),
        ("read_capacity", "0"),
        ("read_capacity", "-1"),
        ("read_capacity", "many"),
        ("ttl", ""),
        ("stream", "true"),
        ("pitr", "yes"),
        ("table_class", "GLACIER"),
        ("sse", ""),
        ("tags", "team"),
        ("tags", "[]"),
        ("tags", '{"a": 1}'),
        ("tags", '{"aws:a": ""}'),
        ("tags", '{"a": "' + "x" * 257 + '"}'),
        ("tags", "{" + ", ".join(f'"{n}": ""' for n in range(51)) + "}"),
        ("warm_throughput", '{"read": 1}'),
        ("warm_throughput", '{"read": 1, "write": 0}'),
    ],
)
def test_a_value_that_is_none(name: str, text: str) -> None:
    with pytest.raises(ProgrammingError, match=name):
        table_options(((name, text),), "t")


def test_an_unknown_option_is_refused_by_name() -> None:
    with pytest.raises(Unsupported, match=r"'frobs'.*billing_mode"):
        table_options((("frobs", "1"),), "t")


def created(rest: str) -> TableOptions:
    node = read(f"CREATE TABLE t (id VARCHAR, until TTL, PRIMARY KEY (id)) {rest}")
    assert isinstance(node, nodes.CreateTable)
    return at_creation(node)


def test_a_column_of_the_type_declares_the_ttl() -> None:
    assert created("").given == created("WITH (ttl='until')").given == {"ttl": "until"}
    with pytest.raises(ProgrammingError, match="cannot say otherwise"):
        created("WITH (ttl='id')")


@pytest.mark.parametrize(
    "options",
    [
        "read_capacity=5, write_capacity=5",
        "billing_mode='PROVISIONED'",
        "billing_mode='PROVISIONED', read_capacity=5",
        "billing_mode='PAY_PER_REQUEST', read_capacity=5",
    ],
)
def test_capacities_go_with_provisioned(options: str) -> None:
    with pytest.raises(Error, match="PROVISIONED"):
        created(f"WITH ({options})")
