from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.errors import ProgrammingError, SQLSyntaxError, UndefinedColumn, Unsupported
from sqlalchemy_dynamorm.plan.analysis import Analysis
from sqlalchemy_dynamorm.plan.pushing import push
from sqlalchemy_dynamorm.plan.schema import Column, Kind, Table
from sqlalchemy_dynamorm.plan.scopes import Shape
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read


def _table(name: str, columns: str, *, declared: bool = True) -> Table:
    found = tuple(Column(each, Kind.STRING) for each in columns.split())
    return Table(name, name, found, found[0].name, None, (), declared)


TABLES = {
    "a": _table("a", "id x y"),
    "b": _table("b", "id z y"),
    "c": _table("c", "w id y"),
    "foreign": _table("foreign", "id", declared=False),
    "odd": _table("odd", "k ID"),
}


def analysed(text: str) -> tuple[Analysis, Shape]:
    analysis = Analysis(lambda name: TABLES[name.name])
    query = read(text)
    assert isinstance(query, nodes.Select)
    return analysis, analysis.relation(query, None, {})


def labels(text: str) -> str:
    return " ".join(label for label, _ in analysed(text)[1])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT * FROM a JOIN b USING (id)", "id x y z y"),
        ("SELECT * FROM a LEFT JOIN b USING (y, id)", "id x y z"),
        ("SELECT * FROM a RIGHT JOIN b USING (id)", "id x y z y"),
        ("SELECT * FROM a JOIN b USING (id) JOIN c USING (id)", "id x y z y w y"),
        ("SELECT * FROM a NATURAL JOIN b NATURAL JOIN c", "id x y z w"),
        ("SELECT b.*, id FROM a JOIN b USING (id)", "id z y id"),
        ("SELECT * FROM (SELECT id, x AS z FROM a) AS d NATURAL JOIN b", "id z y"),
        ("SELECT * FROM a NATURAL JOIN (SELECT w FROM c) AS d", "id x y w"),
        ("SELECT * FROM a NATURAL JOIN odd", "id x y k ID"),
    ],
)
def test_a_shared_column_is_shown_once(text: str, expected: str) -> None:
    assert labels(text) == expected


def test_its_name_is_that_of_the_left_side() -> None:
    analysis, shape = analysed("SELECT id FROM a LEFT JOIN b USING (id) WHERE id = '1'")
    assert [(occurrence.number, column.name) for occurrence, column in shape[0][1].bases] == [(0, "id")]
    assert [len(where) for where in push(analysis).wheres.values()] == [1, 1]


def test_where_either_side_may_give_it_nothing_is_asked_of_one() -> None:
    analysis, shape = analysed("SELECT id FROM a FULL JOIN b USING (id) JOIN c USING (id) WHERE id = '1'")
    assert [occurrence.number for occurrence, _ in shape[0][1].bases] == [0, 1, 2]
    pushed = push(analysis)
    assert not any(pushed.wheres.values())
    assert pushed.edges == []


def test_keys_go_along_a_shared_column() -> None:
    edges = push(analysed("SELECT x FROM a NATURAL JOIN b")[0]).edges
    assert {(edge.source, edge.key.name, edge.target) for edge in edges} == {
        (0, "y", 1),
        (1, "y", 0),
        (0, "id", 1),
        (1, "id", 0),
    }


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("SELECT x FROM a JOIN b USING (z)", UndefinedColumn, r"USING \(z\): 'a' has no column"),
        ("SELECT x FROM a JOIN b USING (x)", UndefinedColumn, r"USING \(x\): 'b' has no column"),
        ("SELECT x FROM a JOIN b USING (id) JOIN c USING (y)", ProgrammingError, "'a', 'b' each have"),
        ("SELECT y FROM a JOIN b USING (id)", ProgrammingError, "ambiguous"),
        ("SELECT x FROM a NATURAL JOIN foreign", Unsupported, r"'foreign'.*USING \(columns\)"),
        ("SELECT * FROM a JOIN (b JOIN c USING (id)) ON a.x = b.z", Unsupported, "in parentheses with USING"),
    ],
)
def test_what_is_not_clear_is_refused(text: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        analysed(text)


@pytest.mark.parametrize("text", ["SELECT x FROM a NATURAL JOIN b ON 1", "SELECT x FROM a NATURAL JOIN b USING (id)"])
def test_a_natural_join_has_no_condition(text: str) -> None:
    with pytest.raises(SQLSyntaxError, match="NATURAL JOIN"):
        read(text)
