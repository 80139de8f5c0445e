"""What ``create_all`` makes of any MetaData, reflection gives back, and autogenerate finds no difference in."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata, produce_migrations, render_python_code
from alembic.operations import Operations
from alembic.operations.ops import DowngradeOps, UpgradeOps
from alembic.runtime.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.schema import CreateTable

from sqlalchemy_dynamorm import TTL, NumberSet, StringSet
from sqlalchemy_dynamorm.plan.altering import differences
from sqlalchemy_dynamorm.plan.definitions import TABLE_WORDS
from sqlalchemy_dynamorm.plan.table_options import at_creation
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read
from tests.servers import Server

KEYS: list[Any] = [sa.String(), sa.Integer(), sa.Numeric(10, 2), sa.Date(), sa.DateTime(True), sa.LargeBinary()]
TYPES: list[Any] = [
    *KEYS,
    *(sa.Boolean(), sa.JSON(), sa.Uuid(), sa.Float(), sa.Interval(), sa.Text(), sa.ARRAY(sa.Integer)),
    *(StringSet(), NumberSet(), TTL(), sa.String(7), sa.BigInteger(), sa.Time()),
]
DEFAULTS: dict[type[Any], Any] = {sa.Integer: "5", sa.String: "it's", sa.Boolean: sa.true()}
COMMENTS = st.none() | st.text("ab'\" é", max_size=5)
OPTIONS: dict[str, st.SearchStrategy[Any]] = {
    "dynamodb_stream": st.sampled_from(["NEW_IMAGE", "KEYS_ONLY"]),
    "dynamodb_pitr": st.just(True),
    "dynamodb_table_class": st.just("STANDARD_INFREQUENT_ACCESS"),
    "dynamodb_tags": st.dictionaries(st.text("abc", min_size=1, max_size=3), st.text("xyz' ", max_size=3), min_size=1),
}


@st.composite
def columns(draw: st.DrawFn) -> list[sa.Column[Any]]:
    names = draw(st.lists(st.sampled_from(["a", "b", "order", "C d", "é", "f.g", "size"]), min_size=1, unique=True))
    keys = draw(st.integers(0, min(3, len(names))))
    found: list[sa.Column[Any]] = []
    expiring = False
    for at, name in enumerate(names):
        type_ = draw(st.sampled_from(KEYS if at < keys else TYPES))
        if isinstance(type_, TTL) and expiring:
            type_ = sa.Text()
        expiring = expiring or isinstance(type_, TTL)
        default = DEFAULTS.get(type(type_)) if at >= keys and draw(st.booleans()) else None
        found.append(
            sa.Column(
                name,
                type_,
                primary_key=at < keys,
                nullable=at >= keys and draw(st.booleans()),
                server_default=default,
                comment=draw(COMMENTS),
                autoincrement="auto" if draw(st.booleans()) else False,
            )
        )
    return found


@st.composite
def tables(draw: st.DrawFn) -> sa.Table:
    own = draw(columns())
    indexable = [column for column in own if type(column.type) in {type(key) for key in KEYS}]
    indexes: list[Any] = []
    for at, parts in enumerate(
        draw(st.lists(st.lists(st.sampled_from(indexable or own), min_size=1, unique=True), max_size=2))
    ):
        if indexable:
            projection = draw(st.sampled_from([None, "KEYS_ONLY"]))
            indexes.append(sa.Index(f"ix_{at}", *parts[:4], unique=draw(st.booleans()), dynamodb_projection=projection))
    uniques = [
        sa.UniqueConstraint(*(column.name for column in parts), name=f"uq_{at}", comment=draw(COMMENTS))
        for at, parts in enumerate(draw(st.lists(st.lists(st.sampled_from(own), min_size=1, unique=True), max_size=1)))
    ]
    chosen = draw(st.lists(st.sampled_from([*OPTIONS]), unique=True, max_size=2))
    options = {name: draw(OPTIONS[name]) for name in chosen}
    return sa.Table("made", sa.MetaData(), *own, *indexes, *uniques, comment=draw(COMMENTS), **options)


def defined(table: sa.Table, engine: sa.Engine) -> nodes.CreateTable:
    node = read(str(CreateTable(table).compile(engine)))
    assert isinstance(node, nodes.CreateTable)
    return node


@pytest.fixture(scope="module")
def engine(ministack: Server) -> Any:
    engine = sa.create_engine(ministack.url())
    yield engine
    engine.dispose()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables())
def test_a_table_reflects_as_it_was_declared(engine: sa.Engine, table: sa.Table) -> None:
    schema = f"r{uuid.uuid4().hex[:12]}"
    mapped = engine.execution_options(schema_translate_map={None: schema})
    table.create(mapped)
    found = sa.Table("made", sa.MetaData(), autoload_with=engine, schema=schema)
    there, wanted = defined(found, engine), defined(table, engine)
    assert differences(there, wanted) == []
    assert {_placeless(index) for index in there.indexes} == {_placeless(index) for index in wanted.indexes}
    assert at_creation(there, TABLE_WORDS) == at_creation(wanted, TABLE_WORDS)
    found.drop(engine)


def _placeless(index: nodes.CreateIndex) -> tuple[Any, ...]:
    return index.name, index.columns, index.unique, index.options


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables())
def test_autogenerate_finds_no_difference_and_its_migration_goes_up_and_down(
    ministack: Server, table: sa.Table
) -> None:
    engine = sa.create_engine(ministack.url(f"r{uuid.uuid4().hex[:12]}"), scan="allow")
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_server_default": True})
            script = produce_migrations(context, table.metadata)
            assert script.upgrade_ops is not None
            assert script.downgrade_ops is not None
            for made, ops in ((True, script.upgrade_ops), (False, script.downgrade_ops), (True, script.upgrade_ops)):
                _run(context, ops)
                assert sa.inspect(engine).has_table("made") is made
                differing = produce_migrations(context, table.metadata if made else sa.MetaData()).upgrade_ops
                assert differing is not None
                assert differing.as_diffs() == []
        table.metadata.drop_all(engine)
        table.metadata.create_all(engine)
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_server_default": True})
            assert compare_metadata(context, table.metadata) == []
    finally:
        engine.dispose()


def _run(context: MigrationContext, ops: UpgradeOps | DowngradeOps) -> None:
    """Run what autogenerate wrote, as a migration file would."""
    code = f"import sqlalchemy as sa, sqlalchemy_dynamorm\ndef run(op):\n{render_python_code(ops)}"
    namespace: dict[str, Any] = {}
    exec(code, namespace)
    namespace["run"](Operations(context))
