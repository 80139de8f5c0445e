from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.errors import ProgrammingError, Unsupported
from sqlalchemy_dynamorm.plan.conditions import when_false, when_true
from sqlalchemy_dynamorm.plan.predicates import columns_of
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.plan.wording import show
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read

COLUMNS = {
    "a": Column("a", Kind.INTEGER),
    "b": Column("b", Kind.STRING),
    "c": Column("c", Kind.STRING),
    "f": Column("f", Kind.BOOLEAN),
    "j": Column("j", Kind.DOCUMENT),
    "k": Column("k", Kind.STRING, nullable=False),
    "n": Column("n", Kind.DECIMAL),
    "x": Column("x", Kind.ANY),
}


def where(text: str) -> nodes.Expression:
    node = read(f"SELECT a FROM t WHERE {text}")
    assert isinstance(node, nodes.Select)
    assert node.where is not None
    return node.where


def resolve(column: nodes.Column) -> Column:
    return COLUMNS[column.name]


@pytest.mark.parametrize(
    ("text", "true", "false"),
    [
        ("a = 1", "a = 1", "a <> 1"),
        ("1 < a", "a > 1", "a <= 1"),
        ("NOT (a >= :x)", "a < :x", "a >= :x"),
        ("a = 1 AND b = 'x'", "a = 1 AND b = 'x'", "a <> 1 OR b <> 'x'"),
        ("a = 1 OR NOT (b = 'x' AND a > 2)", "a = 1 OR b <> 'x' OR a <= 2", "a <> 1 AND b = 'x' AND a > 2"),
        ("a BETWEEN 1 AND 2", "a >= 1 AND a <= 2", "a < 1 OR a > 2"),
        ("a IN (1, 2)", "a IN (2 values)", "a NOT IN (2 values)"),
        ("b LIKE 'x%'", "b LIKE 'x%'", "b NOT LIKE 'x%'"),
        ("a IS NULL", "a IS NULL", "a IS NOT NULL"),
        ("f", "f = True", "f = False"),
        ("f IS TRUE", "f = True", "f = False OR f IS NULL"),
        ("f IS FALSE", "f = False", "f = True OR f IS NULL"),
        ("a", "a <> 0", "a = 0"),
        ("a IS TRUE", "a <> 0", "a = 0 OR a IS NULL"),
        ("x", "x = True OR x < 0 OR x > 0", "x = False OR x = 0"),
        ("(a = 1) IS TRUE", "a = 1", "a <> 1 OR a IS NULL"),
        (":x IS NULL", ":x is null", ":x is not null"),
        (":x < :y", ":x < :y", ":x >= :y"),
        ("a < n", "a < n", "a >= n"),
        ("a = a", "a IS NOT NULL", "false"),
        ("NOT a <= t.a", "false", "a IS NOT NULL"),
        ("b <> c", "b <> c", "b = c"),
        ("x = f", "x = f", "x <> f"),
        ("a IS 5", "a = 5", "a <> 5 OR a IS NULL"),
        ("a IS NOT DISTINCT FROM NULL", "a IS NULL", "a IS NOT NULL"),
        ("NULL IS a", "a IS NULL", "a IS NOT NULL"),
        ("k IS :x", "k = :x", "k <> :x OR :x is null"),
        (
            "a IS :x",
            "a = :x OR a IS NULL AND :x is null",
            "a <> :x OR a IS NULL AND :x is not null OR a IS NOT NULL AND :x is null",
        ),
        (
            "b IS c",
            "b = c OR b IS NULL AND c IS NULL",
            "b <> c OR b IS NULL AND c IS NOT NULL OR b IS NOT NULL AND c IS NULL",
        ),
        ("a IS t.a", "true", "false"),
        ("size(b) > 3", "size(b) > 3", "size(b) <= 3"),
        ("3 = size(b)", "size(b) = 3", "size(b) <> 3"),
        ("size(b) BETWEEN 1 AND :x", "size(b) >= 1 AND size(b) <= :x", "size(b) < 1 OR size(b) > :x"),
        ("attribute_type(a) = 'S'", "attribute_type(a, 'S')", "NOT attribute_type(a, 'S')"),
        ("'S' <> attribute_type(a)", "NOT attribute_type(a, 'S')", "attribute_type(a, 'S')"),
        ("attribute_type(a, :x)", "attribute_type(a, :x)", "NOT attribute_type(a, :x)"),
        ("attribute_exists(a)", "attribute_exists(a)", "NOT attribute_exists(a)"),
        ("attribute_not_exists(a)", "NOT attribute_exists(a)", "attribute_exists(a)"),
        ("begins_with(b, :x)", "begins_with(b, :x)", "NOT begins_with(b, :x)"),
        ("true", "true", "false"),
        ("NULL", "false", "false"),
    ],
)
def test_a_condition_where_it_is_true_and_where_it_is_false(text: str, true: str, false: str) -> None:
    assert show(when_true(where(text), resolve)) == true
    assert show(when_false(where(text), resolve)) == false


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("(a = 1) IS (b = 'x')", "IS NULL on an expression"),
        ("size(b) IS :x", "IS NULL on size()"),
        ("size(b)", "size() of a column alone is no condition"),
        ("attribute_type(b)", "attribute_type() of a column alone is no condition"),
        ("attribute_type(b) > 'S'", "attribute_type() > a value"),
        ("contains(b, 'x') = true", "contains() = a value"),
        ("size(b) = size(c)", "Comparing size() with size()"),
        ("size(b) LIKE 'x'", "LIKE on size()"),
        ("a LIKE 'x'", "LIKE is for text; the column 'a' holds integer"),
        (":x LIKE 'x'", "LIKE on a bound value"),
        ("(a = 1) = (b = 'x')", "Comparing an expression"),
        ("(a = 1) IS NULL", "IS NULL on an expression"),
        ("(a = :x) IS NOT TRUE", "IS NOT TRUE"),
        (":x", "a bound value is no condition"),
        ("b", "The column 'b' holds string values, which are neither true nor false"),
    ],
)
def test_what_is_not_handled_is_refused_by_name(text: str, names: str) -> None:
    with pytest.raises(Unsupported) as caught:
        when_true(where(text), resolve)
    assert names in str(caught.value)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a = b", "columns 'a' and 'b' hold integer and string values"),
        ("a < j", "columns 'a' and 'j' hold integer and document values"),
        ("f IS NOT b", "columns 'f' and 'b' hold boolean and string values"),
        ("size(a) > 1", "size() is for text, binary values, documents and sets; the column 'a' holds integer values"),
        (
            "begins_with(f, 'x')",
            "begins_with() is for text, binary values, documents and sets; the column 'f' holds boolean",
        ),
    ],
)
def test_what_has_no_meaning_is_wrong(text: str, names: str) -> None:
    with pytest.raises(ProgrammingError) as caught:
        when_true(where(text), resolve)
    assert names in str(caught.value)


@pytest.mark.parametrize("text", ["j IS NULL", "j = 1", "j IN (1)", "NOT contains(j, 1)", "j <> x", "size(j) > 1"])
def test_a_condition_tells_json_null_from_no_attribute(text: str) -> None:
    read_as = {column.name: column for column in columns_of(when_true(where(text), resolve))}
    assert read_as["j"] == Column("j", Kind.DOCUMENT, nulls=True)
    assert read_as.get("x", COLUMNS["x"]) == COLUMNS["x"]


def test_what_is_stored_is_asked_whatever_the_column_declares() -> None:
    (read_as,) = columns_of(when_true(where("attribute_type(a) = 'S'"), resolve))
    assert read_as == Column("a", Kind.ANY, nulls=True)
