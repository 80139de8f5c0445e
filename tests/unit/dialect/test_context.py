"""What the cursor is handed. The connection is a stand-in, so nothing is sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.engine import Engine

from sqlalchemy_dynamorm.dbapi import Statement
from sqlalchemy_dynamorm.dialect.context import statement_options

METADATA = sa.MetaData()
USERS = sa.Table(
    "users",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", sa.Uuid),
    sa.Column("id_1", sa.Integer),
    sa.Column("doc", sa.JSON, index=True),
)
STAGED = sa.Table("things", METADATA, sa.Column("id", sa.Integer, primary_key=True), schema="a")


@dataclass
class Recorder:
    """A connection and its cursor in one: it keeps what it is asked to execute."""

    consumed_capacity: float | None = None

    calls: list[tuple[Any, Any, Any]] = field(default_factory=list)
    isolation_level: str = "READ COMMITTED"
    description: Any = None
    rowcount: int = 1
    lastrowid: int | None = None

    def cursor(self) -> Recorder:
        return self

    def execute(self, statement: Any, parameters: Any = None, *, options: Any = None, **_: Any) -> None:
        self.calls.append((statement, parameters, options))
        self.description = (("id", None, None, None, None, None, True),)

    executemany = execute

    def fetchall(self) -> list[Any]:
        return []

    def fetchone(self) -> None:
        return None

    def nothing(self) -> None: ...

    close = commit = rollback = nothing


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def engine(recorder: Recorder) -> Engine:
    return sa.create_engine("dynamodb://", creator=lambda: recorder)


def run(engine: Engine, recorder: Recorder, statement: Any, *arguments: Any, **options: Any) -> tuple[Any, Any, Any]:
    with engine.connect().execution_options(**options) as connection:
        connection.execute(statement, *arguments)
    return recorder.calls[-1]


def test_a_list_is_one_value_of_whatever_length(engine: Engine, recorder: Recorder) -> None:
    seen = []
    for values in ([1, 2, 3], [], [7]):
        statement, parameters, _ = run(engine, recorder, sa.select(USERS.c.id).where(USERS.c.id.in_(values)))
        assert parameters == {"id_1": values}
        seen.append(statement)
    assert isinstance(seen[0], Statement)
    assert seen[0] is seen[1] is seen[2]
    assert seen[0].lists == {"id_1"}


def test_the_elements_of_a_list_are_bound_one_by_one(engine: Engine, recorder: Recorder) -> None:
    import uuid

    one = uuid.UUID(int=1)
    _, parameters, _ = run(engine, recorder, sa.select(USERS.c.id).where(USERS.c.key.in_([one])))
    assert parameters == {"key_1": [str(one)]}
    rows = sa.tuple_(USERS.c.id, USERS.c.key).in_([(5, one)])
    _, parameters, _ = run(engine, recorder, sa.select(USERS.c.id).where(rows))
    assert parameters == {"param_1": [(5, str(one))]}
    row = sa.tuple_(USERS.c.key).in_([(one,)])
    _, parameters, _ = run(engine, recorder, sa.select(USERS.c.id).where(row))
    assert parameters == {"param_1": [str(one)]}


def test_names_that_would_collide_when_expanded_do_not(engine: Engine, recorder: Recorder) -> None:
    statement = sa.select(USERS.c.id).where(USERS.c.id.in_([1, 2]), USERS.c.id_1 == 3)
    _, parameters, _ = run(engine, recorder, statement)
    assert parameters == {"id_1": [1, 2], "id_1_1": 3}


def test_a_literal_execute_value_is_bound(engine: Engine, recorder: Recorder) -> None:
    limit = sa.bindparam("n", literal_execute=True, type_=sa.Integer)
    statement, parameters, _ = run(engine, recorder, sa.select(USERS.c.id).limit(limit), {"n": 5})
    assert parameters == {"n": 5}
    assert statement.text.endswith("LIMIT :n")


def test_executemany(engine: Engine, recorder: Recorder) -> None:
    with engine.connect() as connection:
        connection.execute(sa.insert(USERS), [{"id": 1, "doc": None}, {"id": 2, "doc": None}])
    statement, parameters, _ = recorder.calls[-1]
    assert statement.text == "INSERT INTO users (id, doc) VALUES (:id, :doc)"
    assert [row["id"] for row in parameters] == [1, 2]


def test_text_without_a_compiled_object_goes_as_it_is(engine: Engine, recorder: Recorder) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT id FROM users WHERE id = :id", {"id": 1})
    assert recorder.calls[-1] == ("SELECT id FROM users WHERE id = :id", {"id": 1}, {})


class TestHooks:
    def test_a_rewritten_text_wins(self, engine: Engine, recorder: Recorder) -> None:
        @event.listens_for(engine, "before_cursor_execute", retval=True)
        def comment(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> Any:
            return statement + " -- traced", parameters

        query = sa.select(USERS.c.id).where(USERS.c.id.in_([1]))
        first, _, _ = run(engine, recorder, query)
        second, parameters, _ = run(engine, recorder, query)
        assert first is second
        assert first.text.endswith("-- traced")
        assert (set(first.tables), first.lists, parameters) == ({(None, "users")}, {"id_1"}, {"id_1": [1]})

    def test_replaced_parameters_win(self, engine: Engine, recorder: Recorder) -> None:
        @event.listens_for(engine, "before_cursor_execute", retval=True)
        def replace(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> Any:
            return statement, {**parameters, "id_1": [9]}

        _, parameters, _ = run(engine, recorder, sa.select(USERS.c.id).where(USERS.c.id.in_([1])))
        assert parameters == {"id_1": [9]}


class TestOptions:
    def test_a_name_that_is_no_text_is_not_ours(self) -> None:
        assert statement_options({("subqueryload_data", 1): None, "dynamodb_scan": "warn"}) == {"scan": "warn"}

    def test_ours_go_to_the_cursor(self, engine: Engine, recorder: Recorder) -> None:
        options = {"dynamodb_scan": "allow", "dynamodb_consistent_read": True, "logging_token": "x"}
        assert run(engine, recorder, sa.select(USERS.c.id), **options)[2] == {
            "scan": "allow",
            "consistent_read": "true",
        }

    @pytest.mark.parametrize("option", [{"dynamodb_scam": "allow"}, {"dynamodb_scan": "some"}])
    def test_a_wrong_one_is_refused(self, engine: Engine, recorder: Recorder, option: dict[str, Any]) -> None:
        with pytest.raises(exc.InterfaceError, match=r"scam|'some'"):
            run(engine, recorder, sa.select(USERS.c.id), **option)
        assert recorder.calls == []


def test_one_compiled_object_serves_two_schemas(engine: Engine, recorder: Recorder) -> None:
    texts = [
        run(engine, recorder, sa.select(STAGED.c.id), schema_translate_map={"a": name})[0].text for name in ("x", "y")
    ]
    assert [text.split()[-1] for text in texts] == ["x.things", "y.things"]


def test_a_definition_without_effect_is_not_sent(engine: Engine, recorder: Recorder) -> None:
    (index,) = USERS.indexes
    with engine.connect() as connection, pytest.warns(exc.SAWarning, match="is not created"):
        connection.execute(sa.schema.CreateIndex(index))
    assert recorder.calls == []


def test_a_definition_is_prepared(engine: Engine, recorder: Recorder) -> None:
    statement, _, _ = run(engine, recorder, sa.schema.DropTable(STAGED), schema_translate_map={"a": "x"})
    assert statement.text.strip() == "DROP TABLE x.things"
    assert set(statement.tables) == {("x", "things")}
