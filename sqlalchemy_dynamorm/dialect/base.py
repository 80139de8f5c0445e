"""The dialect: its flags, its connections, what the inspector asks of it."""
# ruff: noqa: D102 - the methods are SQLAlchemy's, documented there

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event, util
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.pool.base import reset_none

from sqlalchemy_dynamorm.client.settings import Settings, settings
from sqlalchemy_dynamorm.dialect.compiler import Compiler
from sqlalchemy_dynamorm.dialect.context import ExecutionContext
from sqlalchemy_dynamorm.dialect.ddl import DDLCompiler
from sqlalchemy_dynamorm.dialect.identifiers import Preparer
from sqlalchemy_dynamorm.dialect.options import CONFIG_TYPES, NOT_GIVEN, given
from sqlalchemy_dynamorm.dialect.overflow import OVERFLOW, OverflowCharacteristic
from sqlalchemy_dynamorm.dialect.reflection import ReflectingDialect
from sqlalchemy_dynamorm.dialect.refusal import wrapped
from sqlalchemy_dynamorm.dialect.type_compiler import TypeCompiler
from sqlalchemy_dynamorm.dialect.types import COLSPECS
from sqlalchemy_dynamorm.dialect.url import service_options
from sqlalchemy_dynamorm.dialect.visiting import NamingConnection
from sqlalchemy_dynamorm.errors import NotSupportedError, StaleRow

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.client.client import Client

ISOLATION_LEVELS: tuple[IsolationLevel, ...] = ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE", "AUTOCOMMIT")

_TABLE_ARGUMENTS = (
    "partition_key sort_key table_name billing_mode read_capacity write_capacity ttl stream pitr deletion_protection "
    "table_class sse tags warm_throughput consistent_read foreign_writers hide_expired sample"
).split()
_INDEX_ARGUMENTS = (
    "hash range local projection include types check_items read_capacity write_capacity warm_throughput".split()
)


class DynamoDBDialect(ReflectingDialect):
    """What all drivers share; see ``boto3.py`` and ``local.py`` for the ones to connect with."""

    name = "dynamodb"
    default_paramstyle = "named"
    supports_statement_cache = True
    statement_compiler = Compiler
    ddl_compiler = DDLCompiler
    type_compiler_cls = TypeCompiler
    preparer = Preparer
    execution_ctx_cls = ExecutionContext
    colspecs = COLSPECS
    construct_arguments = [  # noqa: RUF012 - SQLAlchemy declares it so
        (sa.Table, dict.fromkeys(_TABLE_ARGUMENTS)),
        (sa.Index, dict.fromkeys(_INDEX_ARGUMENTS)),
        (sa.Column, {"format": None}),
        (sa.Sequence, {}),
        (sa.UniqueConstraint, {}),
    ]
    engine_config_types = util.immutabledict({**DefaultDialect.engine_config_types, **CONFIG_TYPES})

    connection_characteristics = util.immutabledict(
        {**DefaultDialect.connection_characteristics, OVERFLOW: OverflowCharacteristic()}
    )

    max_identifier_length = 255
    supports_schemas = True
    supports_views = False
    supports_sequences = True
    sequences_optional = True
    supports_identity_columns = True
    supports_alter = False
    supports_comments = True
    inline_comments = True
    supports_constraint_comments = True
    supports_server_side_cursors = True
    supports_cast = True  # SQLite's compiler asks; it leaves CAST out of the text where this is False

    supports_native_boolean = True
    supports_native_decimal = True
    supports_native_uuid = True
    supports_native_enum = False
    returns_native_bytes = True

    # Every INSERT, UPDATE and DELETE counts its rows, also by executemany and with RETURNING.
    supports_sane_rowcount = True
    supports_sane_multi_rowcount = True

    # The cursor echoes what it stored, so RETURNING costs nothing, and executemany keeps the order of its parameters.
    # insertmanyvalues would rewrite VALUES, and the memoised statement would be lost.
    insert_returning = True
    update_returning = True
    delete_returning = True
    use_insertmanyvalues = False
    insert_executemany_returning = True
    insert_executemany_returning_sort_by_parameter_order = True
    update_executemany_returning = False
    delete_executemany_returning = False
    favor_returning_over_lastrowid = True
    postfetch_lastrowid = True
    insert_null_pk_still_autoincrements = True
    supports_default_values = True
    supports_default_metavalue = False
    supports_empty_insert = False
    supports_multivalues_insert = True

    def __init__(  # noqa: PLR0913, PLR0917 - SQLAlchemy finds the arguments of create_engine in this signature
        self,
        json_serializer: Callable[[Any], str] | None = None,
        json_deserializer: Callable[[str], Any] | None = None,
        region: Any = NOT_GIVEN,
        endpoint_url: Any = NOT_GIVEN,
        profile: Any = NOT_GIVEN,
        aws_access_key_id: Any = NOT_GIVEN,
        aws_secret_access_key: Any = NOT_GIVEN,
        aws_session_token: Any = NOT_GIVEN,
        role_arn: Any = NOT_GIVEN,
        external_id: Any = NOT_GIVEN,
        ssl: Any = NOT_GIVEN,
        embedded: Any = NOT_GIVEN,
        name: Any = NOT_GIVEN,
        folder: Any = NOT_GIVEN,
        default_schema: Any = NOT_GIVEN,
        schema_separator: Any = NOT_GIVEN,
        system_table: Any = NOT_GIVEN,
        max_attempts: Any = NOT_GIVEN,
        connect_timeout: Any = NOT_GIVEN,
        read_timeout: Any = NOT_GIVEN,
        max_pool_connections: Any = NOT_GIVEN,
        max_parallel: Any = NOT_GIVEN,
        client: Any = NOT_GIVEN,
        deadline: Any = NOT_GIVEN,
        page_size: Any = NOT_GIVEN,
        read_budget: Any = NOT_GIVEN,
        ddl_timeout: Any = NOT_GIVEN,
        consistent_read: Any = NOT_GIVEN,
        scan: Any = NOT_GIVEN,
        local: Any = NOT_GIVEN,
        overflow: Any = NOT_GIVEN,
        foreign_keys: Any = NOT_GIVEN,
        insert_check: Any = NOT_GIVEN,
        idempotent_writes: Any = NOT_GIVEN,
        index_read: Any = NOT_GIVEN,
        segments: Any = NOT_GIVEN,
        capacity: Any = NOT_GIVEN,
        **keywords: Any,
    ) -> None:
        """The options are those of ``client/settings.py``, checked there; they win over the URL's."""
        self._given = given(locals())
        self._use(self._given)
        self._json_serializer = json_serializer
        self._json_deserializer = json_deserializer
        self._client: Client | None = None
        self._client_lock = threading.Lock()
        super().__init__(**keywords)

    def _use(self, options: dict[str, Any]) -> None:
        self._options = options
        self.settings: Settings = settings(options)
        self.default_schema_name = self.settings.default_schema

    # ---- connections

    @classmethod
    def import_dbapi(cls) -> ModuleType:
        import sqlalchemy_dynamorm.dbapi

        return sqlalchemy_dynamorm.dbapi

    def url_options(self, url: URL, given: dict[str, Any]) -> dict[str, Any]:
        """The options that a URL stands for; ``given`` are those of ``create_engine``."""
        return service_options(url, given)

    def create_connect_args(self, url: URL) -> tuple[list[Any], dict[str, Any]]:
        self._use({**self.url_options(url, self._given), **self._given})
        return [], {}

    def connect(self, *cargs: Any, **cparams: Any) -> Any:
        return self.loaded_dbapi.connect(*cargs, client=self._connected(cparams))

    def _connected(self, more: dict[str, Any]) -> Client:
        """The engine's one client. ``connect_args`` or a ``do_connect`` listener that say otherwise replace it."""
        wanted = settings({**self._options, **more}) if more else self.settings
        with self._client_lock:
            if self._client is None or self._client.settings != wanted:
                self._client = self.new_client(wanted)
            return self._client

    def new_client(self, wanted: Settings) -> Client:
        """The client of an engine, not connected yet."""
        from sqlalchemy_dynamorm.client.client import Client

        return Client(wanted)

    @property
    def client(self) -> Client | None:
        """The engine's one client, ``None`` before its first connection."""
        return self._client

    def close_client(self) -> None:
        """Let go of what the client holds, an embedded server for example. It can be used again."""
        client = self._client  # not under the lock: under asyncio other tasks want it while this one waits
        if client is not None:
            client.close()

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        dialect = engine.dialect
        if isinstance(dialect, DynamoDBDialect):
            heard = engine._has_events
            event.listen(engine, "engine_disposed", lambda _: dialect.close_client())
            # Else each statement and connection would be announced to nobody: a tenth of a Session.get.
            engine._has_events = heard
            engine._connection_cls = NamingConnection
        if engine.pool._reset_on_return is reset_none:
            # With reset_on_return=None nothing else would discard what a returned connection has buffered.
            event.listen(engine.pool, "reset", lambda connection, *_: connection.rollback())

    def initialize(self, connection: Connection) -> None:
        """Costs no API call: there is nothing to ask the service."""
        super().initialize(connection)

    def _get_default_schema_name(self, connection: Connection) -> str | None:  # type: ignore[override]
        return self.settings.default_schema

    def do_ping(self, dbapi_connection: Any) -> bool:
        return True  # a connection is a buffer here; there is no socket of its own to lose

    def is_disconnect(self, e: Any, connection: Any, cursor: Any) -> bool:
        return False

    # ---- execution

    def do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        if context is None:
            cursor.execute(statement, parameters)
        elif context.has_effect():
            prepared, options = context.prepared(statement), context.statement_options()
            cursor.execute(prepared, parameters, options=options, page=context.page, anew=context.anew)
            _log_capacity(context, cursor)

    def do_execute_no_params(self, cursor: Any, statement: str, context: Any = None) -> None:
        self.do_execute(cursor, statement, {}, context)

    def do_executemany(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        if context is None:
            cursor.executemany(statement, parameters)
        else:
            cursor.executemany(context.prepared(statement), parameters, options=context.statement_options())
            _log_capacity(context, cursor)

    # ---- transactions

    def do_commit(self, dbapi_connection: Any) -> None:
        try:
            dbapi_connection.commit()
        except StaleRow as error:
            from sqlalchemy_dynamorm.dialect.stale import stale

            raise stale(error) from error

    def do_begin_twophase(self, connection: Connection, xid: Any) -> None:
        raise NotSupportedError("DynamoDB has no two-phase commit; a commit is one TransactWriteItems.")

    def do_savepoint(self, connection: Connection, name: str) -> None:
        with wrapped():
            connection.connection.dbapi_connection.savepoint(name)  # type: ignore[union-attr]

    def do_rollback_to_savepoint(self, connection: Connection, name: str) -> None:
        with wrapped():
            connection.connection.dbapi_connection.rollback_to(name)  # type: ignore[union-attr]

    def do_release_savepoint(self, connection: Connection, name: str) -> None:
        with wrapped():
            connection.connection.dbapi_connection.release(name)  # type: ignore[union-attr]

    def get_isolation_level_values(self, dbapi_conn: Any) -> Sequence[IsolationLevel]:
        return ISOLATION_LEVELS

    def set_isolation_level(self, dbapi_connection: Any, level: str) -> None:
        with wrapped():
            dbapi_connection.isolation_level = level

    def get_isolation_level(self, dbapi_connection: Any) -> Any:
        return dbapi_connection.isolation_level

    def get_default_isolation_level(self, dbapi_conn: Any) -> Any:
        """What a connection is reset to: what the engine was told, AUTOCOMMIT excepted."""
        level = dbapi_conn.isolation_level
        return "READ COMMITTED" if level == "AUTOCOMMIT" else level

    def detect_autocommit_setting(self, dbapi_conn: Any) -> bool:
        return bool(dbapi_conn.isolation_level == "AUTOCOMMIT")


def _log_capacity(context: Any, cursor: Any) -> None:
    """Where it was asked for, and the engine echoes."""
    if cursor.consumed_capacity is not None:
        context.engine.logger.info("consumed capacity: %s", cursor.consumed_capacity)
