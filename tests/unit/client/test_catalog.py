from __future__ import annotations

from sqlalchemy_dynamorm.client.catalog import KEPT, Catalog
from sqlalchemy_dynamorm.plan.schema import Column, Kind, Table


def table(*more: Column) -> Table:
    return Table("users", "users", (Column("id", Kind.STRING, nullable=False), *more), "id", declared=False)


def test_a_description_is_believed_for_a_while() -> None:
    now = [0.0]
    catalog = Catalog(lambda: now[0])
    assert catalog.get("users") is None
    kept = catalog.put("users", table())
    now[0] = KEPT - 1
    assert catalog.get("users") is kept
    now[0] = KEPT
    assert catalog.get("users") is None


def test_the_table_stays_the_same_object_while_it_says_the_same() -> None:
    catalog = Catalog()
    first = catalog.put("users", table())
    assert catalog.put("users", table()) is first
    assert catalog.put("users", table(Column("name", Kind.STRING))) is not first


def test_a_changed_table_is_forgotten() -> None:
    catalog = Catalog()
    catalog.put("users", table())
    catalog.forget("users")
    catalog.forget("users")
    assert catalog.get("users") is None


def test_an_index_is_set_aside_for_a_while() -> None:
    now = [0.0]
    catalog = Catalog(lambda: now[0])
    catalog.set_aside("users", "by_name")
    now[0] = KEPT - 1
    catalog.set_aside("users", "by_age")
    assert catalog.aside() == {("users", "by_name"), ("users", "by_age")}
    now[0] = KEPT
    assert catalog.aside() == {("users", "by_age")}
    catalog.forget("users")  # as after CREATE INDEX
    assert catalog.aside() == frozenset()


def test_declared_kinds_are_remembered() -> None:
    catalog = Catalog()
    catalog.declare(table(Column("age", Kind.INTEGER)))
    assert catalog.kinds("users") == {"id": Kind.STRING, "age": Kind.INTEGER}
    assert catalog.kinds("other") == {}
