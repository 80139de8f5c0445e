from __future__ import annotations

from dataclasses import replace

import pytest

from sqlalchemy_dynamorm.errors import ProgrammingError, Unsupported
from sqlalchemy_dynamorm.plan.copying import CopyOptions, copy_options, declaration_after, options_after, table_after
from sqlalchemy_dynamorm.plan.definitions import table_of
from sqlalchemy_dynamorm.plan.schema import Index
from sqlalchemy_dynamorm.plan.table_options import DEFAULTS, TableOptions
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read


def declared(options: str = "") -> nodes.CreateTable:
    text = f"CREATE TABLE t (id INTEGER NOT NULL, city VARCHAR, doc JSON, PRIMARY KEY (id), INDEX ix (city)) {options}"
    found = read(text)
    assert isinstance(found, nodes.CreateTable)
    return found


def renaming(rest: str = "") -> nodes.RenameTable:
    found = read(f"ALTER TABLE t RENAME TO u {rest}")
    assert isinstance(found, nodes.RenameTable)
    return found


@pytest.mark.parametrize("rest", ["", "WITH (writes_frozen=FALSE)", "WITH (writes_frozen=TRUE, watch='stream')"])
def test_a_table_that_may_be_written_is_not_copied(rest: str) -> None:
    with pytest.raises(Unsupported):
        copy_options(renaming(rest))


def test_how_a_table_is_copied() -> None:
    assert copy_options(renaming("WITH (writes_frozen='true')")) == CopyOptions(frozen=True)
    assert copy_options(renaming("WITH (follow='true', share='0.5')")) == CopyOptions(frozen=False, share=0.5)
    for wrong in ("writes_frozen='true', follow='true'", "follow='yes'", "follow='true', share='2'"):
        with pytest.raises(ProgrammingError):
            copy_options(renaming(f"WITH ({wrong})"))


def test_what_is_declared_goes_over_under_the_new_name() -> None:
    after = declaration_after(declared("WITH (table_name='x-1', partition_key='id')"), renaming())
    assert (after.table.name, after.primary_key) == ("u", ("id",))
    assert after.options == (("partition_key", "id"),)
    assert [index.table.name for index in after.indexes] == ["u"]


def test_the_columns_of_another_key_are_not_null() -> None:
    before = declared("WITH (partition_key='id')")
    after = declaration_after(before, renaming("PRIMARY KEY (city, id)"))
    assert (after.primary_key, after.options) == (("city", "id"), ())
    assert [column.not_null for column in after.columns] == [True, True, False]
    table = table_after(table_of(before, "."), after, renaming("PRIMARY KEY (city, id)"), ".")
    assert table.key == ("city", "id")


def test_a_key_of_what_can_be_none_is_refused() -> None:
    with pytest.raises(ProgrammingError, match="no column 'nothing'"):
        declaration_after(declared(), renaming("PRIMARY KEY (nothing)"))
    rename, table = renaming("PRIMARY KEY (doc)"), table_of(declared(), ".")
    with pytest.raises(Unsupported, match="doc"):
        table_after(table, declaration_after(declared(), rename), rename, ".")
    with pytest.raises(Unsupported, match="not declared"):
        table_after(table, None, rename, ".")


def test_a_local_index_keeps_the_partition_key() -> None:
    rename = renaming("PRIMARY KEY (city, id)")
    local = Index("by_doc", "by_doc", ("id",), ("city",), local=True)
    table = replace(table_of(declared(), "."), indexes=(local,))
    with pytest.raises(Unsupported, match="by_doc"):
        table_after(table, declaration_after(declared(), rename), rename, ".")
    kept = renaming("PRIMARY KEY (id, city)")
    assert table_after(table, declaration_after(declared(), kept), kept, ".").indexes == (local,)


def test_a_local_index_becomes_a_global_one_or_goes_where_that_is_said() -> None:
    local = "INDEX by_city (id, city) WITH (local='true', projection='KEYS_ONLY')"
    before = read(
        f"CREATE TABLE t (id INTEGER NOT NULL, n INTEGER NOT NULL, city VARCHAR, PRIMARY KEY (id, n), {local})"
    )
    assert isinstance(before, nodes.CreateTable)
    rename = renaming("PRIMARY KEY (city, id) WITH (local_indexes='global')")
    after = declaration_after(before, rename)
    table = table_after(table_of(before, "."), after, rename, ".")
    assert table.indexes == table_of(after, ".").indexes
    assert table.indexes == (Index("by_city", "by_city", ("id",), ("city",), "KEYS_ONLY"),)
    rename = renaming("PRIMARY KEY (city, id) WITH (local_indexes='drop')")
    after = declaration_after(before, rename)
    assert after.indexes == ()
    assert table_after(table_of(before, "."), after, rename, ".").indexes == ()
    with pytest.raises(ProgrammingError, match="local_indexes"):
        copy_options(renaming("WITH (writes_frozen='true', local_indexes='keep')"))


def test_options_that_are_not_the_default_go_over() -> None:
    there = replace(DEFAULTS, pitr=True, ttl="until", warm_throughput=(20000, 9000), tags=(("a", "b"),))
    assert options_after(there) == TableOptions(pitr=True, tags=(("a", "b"),))
