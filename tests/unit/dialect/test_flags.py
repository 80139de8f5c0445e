"""Every flag that SQLAlchemy asks a dialect for, each set on purpose."""

from __future__ import annotations

import inspect
import pickle
import threading
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.engine import Engine
from sqlalchemy.orm.exc import StaleDataError

import sqlalchemy_dynamorm
from sqlalchemy_dynamorm import dbapi, errors
from sqlalchemy_dynamorm.client.client import Client
from sqlalchemy_dynamorm.client.settings import OPTIONS
from sqlalchemy_dynamorm.dbapi.tables import Tables
from sqlalchemy_dynamorm.dialect.base import DynamoDBDialect
from sqlalchemy_dynamorm.dialect.boto3 import Boto3Dialect
from sqlalchemy_dynamorm.dialect.local import LocalDialect
from sqlalchemy_dynamorm.dialect.stale import StaleRowError

FLAGS = {
    "name": "dynamodb",
    "default_paramstyle": "named",
    "supports_statement_cache": True,
    "max_identifier_length": 255,
    "supports_schemas": True,
    "supports_views": False,
    "supports_sequences": True,
    "supports_identity_columns": True,
    "supports_alter": False,
    "supports_comments": True,
    "inline_comments": True,
    "supports_server_side_cursors": True,
    "supports_native_boolean": True,
    "supports_native_decimal": True,
    "supports_native_uuid": True,
    "supports_native_enum": False,
    "supports_sane_rowcount": True,
    "supports_sane_multi_rowcount": True,
    "supports_sane_rowcount_returning": True,
    "insert_returning": True,
    "update_returning": True,
    "delete_returning": True,
    "use_insertmanyvalues": False,
    "insert_executemany_returning": True,
    "insert_executemany_returning_sort_by_parameter_order": True,
    "update_executemany_returning": False,
    "delete_executemany_returning": False,
    "favor_returning_over_lastrowid": True,
    "postfetch_lastrowid": True,
    "insert_null_pk_still_autoincrements": True,
    "supports_default_values": True,
    "supports_default_metavalue": False,
    "supports_empty_insert": False,
    "supports_multivalues_insert": True,
}


@pytest.mark.parametrize("dialect", [Boto3Dialect(), LocalDialect()], ids=["boto3", "local"])
@pytest.mark.parametrize("flag", sorted(FLAGS))
def test_a_flag_is_set(dialect: DynamoDBDialect, flag: str) -> None:
    assert getattr(dialect, flag) == FLAGS[flag]


@pytest.mark.parametrize("dialect", [Boto3Dialect, LocalDialect])
def test_the_cache_is_declared_in_each_class(dialect: Any) -> None:
    assert dialect.__dict__["supports_statement_cache"] is True


@pytest.mark.parametrize(
    ("url", "dialect"),
    [
        ("dynamodb://eu-west-1", Boto3Dialect),
        ("dynamodb+boto3://eu-west-1", Boto3Dialect),
        ("dynamodb+local://", LocalDialect),
        ("dynamorm://eu-west-1", Boto3Dialect),
        ("dynamorm+local://", LocalDialect),
    ],
)
def test_urls_find_their_dialect(url: str, dialect: Any) -> None:
    engine = sa.create_engine(url)
    assert type(engine.dialect) is dialect
    assert type(engine.pool) is sa.pool.QueuePool


class TestOptions:
    def test_each_is_an_argument_and_a_setting_of_configuration_files(self) -> None:
        arguments = set(inspect.signature(DynamoDBDialect.__init__).parameters)
        assert set(OPTIONS) == arguments - {"self", "keywords", "json_serializer", "json_deserializer"}
        assert set(OPTIONS) <= set(DynamoDBDialect.engine_config_types)

    def test_arguments_win_over_the_url(self) -> None:
        engine = sa.create_engine("dynamodb://eu-west-1/a?max_attempts=3&scan=warn", max_attempts=5, name="x")
        settings = dialect_of(engine).settings
        assert (settings.region, settings.default_schema, settings.max_attempts) == ("eu-west-1", "a", 5)
        assert (settings.plan.scan, settings.name, engine.dialect.name) == ("warn", "x", "dynamodb")

    def test_none_is_a_value(self) -> None:
        assert dialect_of(sa.create_engine("dynamodb://", system_table=None)).settings.system_table is None

    def test_configuration_files_have_text(self) -> None:
        config = {"x.url": "dynamodb://eu-west-1", "x.read_timeout": "2.5", "x.scan": "allow", "x.ssl": "true"}
        settings = dialect_of(sa.engine_from_config(config, "x.")).settings
        assert (settings.read_timeout, settings.plan.scan, settings.ssl) == (2.5, "allow", True)

    def test_a_wrong_value_is_refused_by_name(self) -> None:
        with pytest.raises(errors.InterfaceError, match="max_attempts"):
            sa.engine_from_config({"x.url": "dynamodb://", "x.max_attempts": "many"}, "x.")
        with pytest.raises(errors.InterfaceError, match="scan"):
            sa.create_engine("dynamodb://", scan="sometimes")

    def test_an_unknown_argument_is_refused_as_everywhere(self) -> None:
        with pytest.raises(TypeError, match="scna"):
            sa.create_engine("dynamodb://", scna="allow")

    def test_an_unknown_option_of_the_url_is_refused(self) -> None:
        with pytest.raises(errors.InterfaceError, match="'scna'"):
            sa.create_engine("dynamodb://?scna=allow")


def dialect_of(engine: Engine) -> DynamoDBDialect:
    assert isinstance(engine.dialect, DynamoDBDialect)
    return engine.dialect


class TestConnections:
    """None of this sends anything: nobody listens on port 9."""

    @pytest.fixture
    def engine(self) -> Engine:
        return sa.create_engine("dynamodb://localhost:9/staging", pool_pre_ping=True)

    def test_an_engine_has_one_client(self, engine: Engine) -> None:
        clients = set()

        def connect() -> None:
            with engine.connect() as connection:
                clients.add(raw(connection).client)

        threads = [threading.Thread(target=connect) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        engine.dispose()
        connect()
        assert len(clients) == 1

    def test_what_an_engine_knows_without_a_call(self, engine: Engine) -> None:
        with engine.connect() as connection:
            assert connection.default_isolation_level == "READ COMMITTED"
            assert connection.get_isolation_level() == "READ COMMITTED"
            assert connection.dialect.default_schema_name == "staging"
            connection.rollback()
            connection.commit()

    def test_levels(self, engine: Engine) -> None:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            assert connection.get_isolation_level() == "AUTOCOMMIT"
            assert engine.dialect.detect_autocommit_setting(raw(connection))
        with engine.connect() as connection:
            assert connection.get_isolation_level() == "READ COMMITTED"
            assert not engine.dialect.detect_autocommit_setting(raw(connection))

    @pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE", "AUTOCOMMIT"])
    def test_each_level_is_set_and_reported(self, engine: Engine, level: Any) -> None:
        with engine.connect().execution_options(isolation_level=level) as connection:
            assert connection.get_isolation_level() == level
        with engine.connect() as connection:
            assert connection.get_isolation_level() == "READ COMMITTED"

    def test_a_level_that_is_none_is_refused(self, engine: Engine) -> None:
        with engine.connect() as connection, pytest.raises(exc.ArgumentError, match="REPEATABLE READ"):
            connection.execution_options(isolation_level="CHAOS")

    def test_an_engine_in_autocommit_can_be_told_otherwise(self) -> None:
        engine = sa.create_engine("dynamodb://localhost:9", isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            assert connection.get_isolation_level() == "AUTOCOMMIT"
            assert connection.default_isolation_level == "READ COMMITTED"

    def test_overflow_is_set_and_reset(self, engine: Engine) -> None:
        split = engine.execution_options(dynamodb_overflow="split")
        with split.connect() as connection:
            assert raw(connection).overflow == "split"
        with engine.connect() as connection:
            assert raw(connection).overflow == "error"
            connection.execution_options(dynamodb_overflow="split")
            assert raw(connection).overflow == "split"
            connection.scalar(sa.text("SELECT 1"))
        with sa.create_engine("dynamodb://localhost:9", overflow="split").connect() as connection:
            assert raw(connection).overflow == "split"

    def test_overflow_is_no_option_of_a_statement(self, engine: Engine) -> None:
        with engine.connect() as connection, pytest.raises(exc.InterfaceError, match="a statement cannot have it"):
            connection.execute(sa.text("SELECT 1"), execution_options={"dynamodb_overflow": "split"})

    def test_an_overflow_that_is_none_is_refused(self, engine: Engine) -> None:
        with engine.connect() as connection, pytest.raises(exc.InterfaceError, match="takes error, split"):
            connection.execution_options(dynamodb_overflow="drop")

    def test_two_phases_are_refused(self, engine: Engine) -> None:
        with engine.connect() as connection, pytest.raises(exc.NotSupportedError, match="two-phase"):
            connection.begin_twophase()

    def test_savepoints_in_autocommit_are_refused(self, engine: Engine) -> None:
        autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
        with autocommit.connect() as connection, pytest.raises(exc.NotSupportedError, match="AUTOCOMMIT"):
            connection.begin_nested()

    def test_a_failure_of_the_inspector_is_sqlalchemys(self, monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
        def fail(self: Any, schema: str | None = None) -> list[str]:
            raise errors.AccessDenied("No credentials.")

        monkeypatch.setattr(Tables, "table_names", fail)
        with pytest.raises(exc.OperationalError, match="No credentials"):
            sa.inspect(engine).get_table_names()

    def test_views_are_none(self, engine: Engine) -> None:
        inspector = sa.inspect(engine)
        assert inspector.get_view_names() == inspector.get_temp_table_names() == []

    @pytest.mark.parametrize("reset", [None, "rollback"])
    def test_a_returned_connection_forgets_what_it_buffered(self, monkeypatch: pytest.MonkeyPatch, reset: Any) -> None:
        rollbacks: list[Any] = []

        def rollback(self: dbapi.Connection) -> None:
            rollbacks.append(self)

        monkeypatch.setattr(dbapi.Connection, "rollback", rollback)
        engine = sa.create_engine("dynamodb://localhost:9", pool_reset_on_return=reset)
        engine.raw_connection().close()
        before = len(rollbacks)
        engine.raw_connection().close()
        assert len(rollbacks) == before + 1

    def test_commit_on_return_is_honoured(self, monkeypatch: pytest.MonkeyPatch) -> None:
        calls: list[str] = []
        monkeypatch.setattr(dbapi.Connection, "rollback", lambda self: calls.append("rollback"))
        monkeypatch.setattr(dbapi.Connection, "commit", lambda self: calls.append("commit"))
        engine = sa.create_engine("dynamodb://localhost:9", pool_reset_on_return="commit")
        engine.raw_connection().close()
        calls.clear()
        engine.raw_connection().close()
        assert calls == ["commit"]

    def test_disposing_lets_go_of_the_server(self, monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
        closed: list[Any] = []

        def close(self: Client) -> None:
            closed.append(self)

        engine.connect().close()
        monkeypatch.setattr(Client, "close", close)
        engine.dispose()
        assert closed == [dialect_of(engine)._client]

    def test_other_connect_args_make_another_client(self) -> None:
        engine = sa.create_engine("dynamodb://localhost:9", connect_args={"region": "eu-west-1"})
        with engine.connect() as connection:
            assert raw(connection).client.settings.region == "eu-west-1"


def raw(connection: sa.Connection) -> Any:
    return connection.connection.dbapi_connection


class TestStaleRow:
    def stale(self, monkeypatch: pytest.MonkeyPatch) -> StaleRowError:
        def fail(self: Any) -> None:
            raise errors.StaleRow("The row was changed.", table="users", operation="TransactWriteItems")

        monkeypatch.setattr(dbapi.Connection, "commit", fail)
        engine = sa.create_engine("dynamodb://localhost:9")
        with engine.connect() as connection, connection.begin() as transaction:
            with pytest.raises(StaleRowError) as caught:
                transaction.commit()
            return caught.value

    def test_it_is_caught_as_either(self, monkeypatch: pytest.MonkeyPatch) -> None:
        error = self.stale(monkeypatch)
        assert isinstance(error, StaleDataError)
        assert isinstance(error, exc.OperationalError)
        assert isinstance(error.orig, errors.StaleRow)
        assert "The row was changed." in str(error)

    def test_it_can_be_pickled(self, monkeypatch: pytest.MonkeyPatch) -> None:
        copy = pickle.loads(pickle.dumps(self.stale(monkeypatch)))
        assert isinstance(copy.orig, errors.StaleRow)
        assert copy.orig.table == "users"


def test_the_version_is_text() -> None:
    assert sqlalchemy_dynamorm.__version__.count(".") == 2


def test_statements_are_announced_to_those_who_listen_and_to_nobody_else() -> None:
    engine = sa.create_engine("dynamodb://eu-west-1")
    heard: list[str] = []
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        assert not connection._has_events
        assert not engine._has_events
    event.listen(engine, "before_cursor_execute", lambda _, __, statement, *___: heard.append(statement))
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
    assert heard == ["SELECT 1"]
    engine.dispose()
