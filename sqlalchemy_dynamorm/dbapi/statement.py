"""A statement: its text, read once, and its plans, made once for each set of options and each table they were for."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Union

from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.schema import Table
from sqlalchemy_dynamorm.plan.written import Written

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.plan.steps import Plan
    from sqlalchemy_dynamorm.run.changes import Changer
    from sqlalchemy_dynamorm.run.inserts import Inserter
    from sqlalchemy_dynamorm.run.local import LocalReader
    from sqlalchemy_dynamorm.run.reads import Reader
    from sqlalchemy_dynamorm.sql import nodes

Tables = Mapping["tuple[str | None, str]", Table]
TablesOf = Callable[["nodes.TableName"], Table]
Runner = Union["Reader", "Inserter", "Changer", "LocalReader"]
Description = tuple[str, Any, None, None, None, None, bool]
MAX_PLANS = 16


@dataclass(frozen=True)
class Prepared:
    """A plan and what runs it, decoders included.

    :ivar tables: what the names in it stood for.
    """

    plan: Plan
    runner: Runner
    tables: tuple[tuple[nodes.TableName, Table], ...] = ()

    @cached_property
    def description(self) -> tuple[Description, ...] | None:
        """What PEP 249 says of the result's columns; ``None`` where there is no result."""
        from sqlalchemy_dynamorm.dbapi.execution import shown

        labels = shown(self.plan)
        return None if labels is None else described(labels)

    @cached_property
    def numbers(self) -> tuple[nodes.NextValue, ...]:
        """The numbers of sequences that it takes."""
        from sqlalchemy_dynamorm.plan.next_values import next_values

        return next_values(self.plan)

    @cached_property
    def order(self) -> tuple[int, ...]:
        """The result columns by which rows that have no order are sorted; see :mod:`~.plan.key_order`."""
        from sqlalchemy_dynamorm.plan.key_order import key_order
        from sqlalchemy_dynamorm.plan.steps import ReadPlan

        return key_order(self.plan) if isinstance(self.plan, ReadPlan) else ()


class Statement:
    """SQL text with ``:name`` parameters, in SQLite's dialect.

    :param text: one statement.
    :param tables: the declared tables it may name, by schema and name as the text writes them; a table that is not
        there is described by the service.
    :param lists: the parameters that stand for an IN list (``x IN (:name)``); their value is a list.
    :param hints: the index to read a table by, as ``tables`` names it.
    """

    def __init__(
        self,
        text: str,
        tables: Tables | None = None,
        lists: frozenset[str] = frozenset(),
        hints: Mapping[tuple[str | None, str], str] | None = None,
    ) -> None:
        self.text = text
        self.hints = hints or {}
        self.tables = tables or {}
        self.lists = lists
        self._plans: OrderedDict[PlanOptions, Prepared] = OrderedDict()
        self._lock = threading.Lock()

    @cached_property
    def node(self) -> nodes.Statement:
        """What the text means.

        :raises SQLSyntaxError: it cannot be read.
        :raises Unsupported: it holds a clause that is not handled, by name.
        """
        from sqlalchemy_dynamorm.sql.reader import read

        return read(self._read, self.lists)

    @cached_property
    def _read(self) -> str:
        """The text as it is read and as SQLite runs slices of it."""
        from sqlalchemy_dynamorm.sql.parentheses import unparenthesised

        return unparenthesised(self.text)

    def prepared(self, query: nodes.Query, tables: TablesOf, options: PlanOptions) -> Prepared:
        """The plan of this statement's query, memoised; see :func:`~.plan.planner.plan`.

        A plan is of the tables that its names stood for: a table described anew is another, unless it says the same.

        :param tables: what a table's name stands for.
        """
        with self._lock:
            found = self._plans.get(options)
        if found is None or any(tables(name) is not table for name, table in found.tables):
            found = _prepare(query, Written(self._read, self.lists, self.hints), tables, options)
            with self._lock:
                self._plans[options] = found
                if len(self._plans) > MAX_PLANS:
                    self._plans.popitem(last=False)
        return found


def described(labels: Iterable[str]) -> tuple[Description, ...]:
    """What PEP 249 says of columns with these names."""
    return tuple((label, None, None, None, None, None, True) for label in labels)


def _prepare(query: nodes.Query, written: Written, tables: TablesOf, options: PlanOptions) -> Prepared:
    from sqlalchemy_dynamorm.plan.planner import plan

    found: dict[nodes.TableName, Table] = {}

    def table_of(name: nodes.TableName) -> Table:
        return found.setdefault(name, tables(name))

    made = plan(query, written, table_of, options)
    return Prepared(made, _runner(made), tuple(found.items()))


def _runner(made: Plan) -> Runner:
    from sqlalchemy_dynamorm.plan.steps import ChangePlan, InsertPlan, LocalPlan
    from sqlalchemy_dynamorm.run.changes import Changer
    from sqlalchemy_dynamorm.run.inserts import Inserter
    from sqlalchemy_dynamorm.run.local import LocalReader
    from sqlalchemy_dynamorm.run.reads import Reader

    match made:
        case InsertPlan():
            return Inserter(made)
        case ChangePlan():
            return Changer(made)
        case LocalPlan():
            return LocalReader(made)
        case _:
            return Reader(made)


class StatementCache:
    """Statements by their text, the last used kept."""

    def __init__(self, size: int = 512, longest: int = 8192) -> None:
        self._size = size
        self._longest = longest
        self._statements: OrderedDict[str, Statement] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, text: str) -> Statement:
        """The statement of a text; a very long one is not kept."""
        with self._lock:
            found = self._statements.get(text)
            if found is not None:
                self._statements.move_to_end(text)
                return found
            statement = Statement(text)
            if len(text) <= self._longest:
                self._statements[text] = statement
                if len(self._statements) > self._size:
                    self._statements.popitem(last=False)
            return statement
