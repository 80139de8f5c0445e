"""A cursor: runs statements and holds their rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy_dynamorm.dbapi.statement import Description, Statement, described
from sqlalchemy_dynamorm.errors import Error, InterfaceError, ProgrammingError, ScanRefused, UndefinedIndex
from sqlalchemy_dynamorm.plan.options import PlanOptions

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.client.capacity import Meter
    from sqlalchemy_dynamorm.dbapi.connection import Connection
    from sqlalchemy_dynamorm.dbapi.paging import PageOf
    from sqlalchemy_dynamorm.dbapi.statement import Prepared
    from sqlalchemy_dynamorm.plan.schema import Table
    from sqlalchemy_dynamorm.plan.steps import Plan, ReadPlan
    from sqlalchemy_dynamorm.run.request import Execution, Outcome
    from sqlalchemy_dynamorm.sql import nodes

Row = tuple[Any, ...]
Values = Mapping[str, Any]


class Cursor:
    """A PEP 249 cursor.

    :ivar rowcount: rows changed by the last statement; -1 after a SELECT or DDL.
    :ivar lastrowid: the last autoincrement key that an INSERT was given, or ``None``.
    :ivar arraysize: how many rows ``fetchmany`` gives.
    :ivar server_side: rows are read page by page, as they are fetched.
    :ivar next_page: where the page after the one that was asked for begins; ``None`` at the end.
    """

    def __init__(self, connection: Connection, *, stream: bool = False) -> None:
        """:param stream: hold one page of a SELECT's rows, not all; the next page is asked for meanwhile."""
        self.connection = connection
        self.server_side = stream
        self.arraysize = 1
        self._closed = False
        self._clear()

    def _clear(self) -> None:
        self.description: tuple[Description, ...] | None = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.next_page: str | None = None
        self._rows: Iterator[Row] | None = None
        self._meter: Meter | None = None
        self._tokened = False

    # --- running ---

    def execute(
        self,
        statement: str | Statement,
        parameters: Values | None = None,
        *,
        options: Mapping[str, Any] | None = None,
        page: PageOf | None = None,
        anew: bool = False,
    ) -> Cursor:
        """Run one statement.

        :param statement: SQL text with ``:name`` parameters, or a prepared statement.
        :param parameters: name to value; NULL is ``None``.
        :param options: plan options for this execution, by name (``scan``, ``consistent_read``).
        :param page: the page that is wanted of a SELECT; :attr:`next_page` says where the next one begins.
        :param anew: read past what the transaction has read before, from REPEATABLE READ on; what is read now takes
            its place.
        :raises Error: any of :mod:`~sqlalchemy_dynamorm.errors`; nothing of a failed statement stays buffered.
        """
        self._run(statement, [_mapping(parameters)], options, page, anew=anew)
        return self

    def executemany(
        self,
        statement: str | Statement,
        parameters: Sequence[Values],
        *,
        options: Mapping[str, Any] | None = None,
    ) -> Cursor:
        """Run one INSERT, UPDATE or DELETE with each set of values; ``rowcount`` is their sum.

        :raises ProgrammingError: the statement is of another kind.
        """
        from sqlalchemy_dynamorm.sql import nodes

        prepared = self._statement(statement)
        if not isinstance(prepared.node, nodes.Insert | nodes.Update | nodes.Delete):
            raise ProgrammingError("executemany() takes INSERT, UPDATE and DELETE; run others with execute().")
        self._run(prepared, [_mapping(values) for values in parameters], options)
        return self

    def plan(self, statement: str | Statement, *, options: Mapping[str, Any] | None = None) -> Plan:
        """The plan of a SELECT, INSERT, UPDATE or DELETE; nothing is run."""
        from sqlalchemy_dynamorm.sql import nodes

        prepared = self._statement(statement)
        node = prepared.node.query if isinstance(prepared.node, nodes.Explain) else prepared.node
        if not isinstance(node, nodes.Select | nodes.Compound | nodes.Insert | nodes.Update | nodes.Delete):
            raise ProgrammingError("DDL has no plan.")
        return self._prepared(prepared, node, self._options(options)).plan

    def _statement(self, statement: str | Statement) -> Statement:
        self._check_open()
        if isinstance(statement, str):
            return self.connection.statements.get(statement)
        if isinstance(statement, Statement):
            return statement
        raise ProgrammingError(f"A statement is text; this one is {type(statement).__name__}.")

    def _options(self, options: Mapping[str, Any] | None) -> PlanOptions:
        client = self.connection.client
        chosen = client.settings.plan.with_overrides(dict(options or {}))
        aside = client.catalog.aside()
        return replace(chosen, aside=aside) if aside else chosen

    def _run(
        self,
        statement: str | Statement,
        batch: list[Values],
        options: Mapping[str, Any] | None,
        page: PageOf | None = None,
        *,
        anew: bool = False,
    ) -> None:
        from sqlalchemy_dynamorm.sql import nodes

        self._clear()
        prepared = self._statement(statement)
        node = prepared.node
        chosen = self._options(options)
        self._tokened = chosen.idempotent_writes == "always"
        if chosen.capacity == "true":
            from sqlalchemy_dynamorm.client.capacity import Meter

            self._meter = Meter()
        if page is not None and not isinstance(node, nodes.Select | nodes.Compound):
            raise ProgrammingError("A page is of a SELECT; run other statements with execute().")
        match node:
            case nodes.Explain(query):
                self._explain(prepared, query, chosen)
            case nodes.Select() | nodes.Compound() | nodes.Insert() | nodes.Update() | nodes.Delete():
                self._answer(prepared, node, batch, options, page, anew=anew)
            case _:
                self._define(node, prepared)

    def _answer(
        self,
        statement: Statement,
        query: nodes.Query,
        batch: list[Values],
        options: Mapping[str, Any] | None,
        page: PageOf | None,
        *,
        anew: bool,
    ) -> None:
        """Run a query; once more without the index that the service could not use, where nothing was done yet."""
        try:
            self._query(statement, query, batch, options, page, anew=anew)
        except UndefinedIndex as missing:
            begun = len(batch) > 1 or (page is not None and page.cursor is not None)
            if missing.index is None or missing.table is None:
                raise
            self.connection.client.catalog.set_aside(missing.table, missing.index)
            if begun:
                raise
            self._query(statement, query, batch, options, page, anew=anew)

    def _prepared(self, statement: Statement, query: nodes.Query, options: PlanOptions) -> Prepared:
        def tables(name: nodes.TableName) -> Table:
            return self.connection.tables.named(name, statement.tables)

        try:
            return statement.prepared(query, tables, options)
        except ScanRefused as refused:
            if not options.aside:
                raise
            # Raises the same where no index would serve either.
            statement.prepared(query, tables, replace(options, aside=frozenset()))
            raise UndefinedIndex(
                "An index that would serve this statement is not there or still being built, the service said less "
                f"than a minute ago; make it, or wait for it. {refused}",
                table=refused.table,
            ) from None

    def _query(
        self,
        statement: Statement,
        query: nodes.Query,
        batch: list[Values],
        options: Mapping[str, Any] | None,
        asked: PageOf | None,
        *,
        anew: bool,
    ) -> None:
        from sqlalchemy_dynamorm.dbapi.execution import execution
        from sqlalchemy_dynamorm.plan.steps import ReadPlan

        prepared = self._prepared(statement, query, self._options(options))
        page = None if asked is None else asked.of(statement.text, prepared, batch[0])
        read = prepared.plan if isinstance(prepared.plan, ReadPlan) else None
        self.description = prepared.description
        buffer = self.connection.buffer
        mark = buffer.begin(statement.text, len(batch)) if buffer is not None else None
        if buffer is not None and self._tokened:
            buffer.tokened = True
        try:
            running = execution(prepared, batch, self.connection, None if page is None else page.asked, anew=anew)
            opened = read is not None and read.projection.open
            if self.server_side and page is None and read is not None and not opened:
                self._rows = self._paged(running)
            else:
                outcome = self._finish(running, prepared.order if page is None else ())
                if page is not None and outcome.following is not None:
                    self.next_page = page.cursor(outcome.following)
                if read is not None and opened:
                    self._spread(read)
        except BaseException as error:
            # A statement that fails leaves no half of itself in the transaction.
            if buffer is not None and mark is not None:
                buffer.restore(mark)
            if isinstance(error, Error):
                error.statement = statement.text
            raise

    def _spread(self, plan: ReadPlan) -> None:
        """Show the columns that the rows turned out to have."""
        from sqlalchemy_dynamorm.run.starred import spread

        labels, rows = spread(plan, list(self._result()))
        self.description = described(labels)
        self._rows = iter(rows)

    def _paged(self, execution: Execution) -> Iterator[Row]:
        pages = self.connection.client.run(execution, self._meter, tokened=self._tokened)
        first: list[Row] = next(pages, [])  # now, so that what is wrong with the statement is said by execute()
        return chain(first, chain.from_iterable(pages))

    def _finish(self, execution: Execution, order: tuple[int, ...] = ()) -> Outcome:
        rows: list[Row] = []
        pages = self.connection.client.run(execution, self._meter, tokened=self._tokened)
        while True:
            try:
                rows.extend(next(pages))
            except StopIteration as stop:
                outcome = cast("Outcome", stop.value)
                break
        if order:
            rows.sort(key=itemgetter(*order))
        self.rowcount, self.lastrowid = outcome.rowcount, outcome.lastrowid
        if self.description is not None:
            self._rows = iter(rows)
        return outcome

    def _define(self, node: nodes.Definition, statement: Statement) -> None:
        from sqlalchemy_dynamorm.client.progress import Progress
        from sqlalchemy_dynamorm.dbapi.definition import definition
        from sqlalchemy_dynamorm.run.waiting import Patience

        self.connection.commit_for_ddl()  # as in MySQL
        with Progress() as progress:
            patience = Patience(self.connection.client.settings.ddl_timeout, progress.tell)
            self._finish(definition(node, statement.tables, self.connection, patience))

    def _explain(self, statement: Statement, query: nodes.Query, options: PlanOptions) -> None:
        from sqlalchemy_dynamorm.plan.explain import COLUMNS, rows

        prepared = self._prepared(statement, query, options)
        self.description = described(COLUMNS)
        self._rows = iter(rows(prepared.plan, self.connection.isolation_level))

    # --- results ---

    @property
    def consumed_capacity(self) -> float | None:
        """Capacity units of the last statement's calls so far; ``None`` if not asked for or not told."""
        return None if self._meter is None else self._meter.units

    def _result(self) -> Iterator[Row]:
        self._check_open()
        if self._rows is None:
            raise ProgrammingError("The last statement has no rows to fetch.")
        return self._rows

    def fetchone(self) -> Row | None:
        """The next row, or ``None`` at the end."""
        return next(self._result(), None)

    def fetchmany(self, size: int | None = None) -> list[Row]:
        """The next ``size`` rows (``arraysize`` without it)."""
        return list(islice(self._result(), self.arraysize if size is None else size))

    def fetchall(self) -> list[Row]:
        """All rows that are left."""
        return list(self._result())

    def __iter__(self) -> Iterator[Row]:
        return self._result()

    # --- the rest of PEP 249 ---

    def close(self) -> None:
        """Close; its rows are gone."""
        self._closed = True
        self._rows = None

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def setinputsizes(self, sizes: object) -> None:
        """PEP 249 allows this to do nothing, and it does."""

    def setoutputsize(self, size: object, column: object = None) -> None:
        """PEP 249 allows this to do nothing, and it does."""

    def _check_open(self) -> None:
        if self._closed:
            raise InterfaceError("The cursor is closed.")
        self.connection.check_open()


def _mapping(parameters: Any) -> Values:
    if parameters is None or parameters in ((), []):
        return {}  # an empty sequence names nothing: exec_driver_sql(text, ()) is written for every driver
    if not isinstance(parameters, Mapping):
        raise ProgrammingError(
            'Parameters are named: give a mapping, {"id": 1} for :id; positional parameters are not taken.'
        )
    return parameters
