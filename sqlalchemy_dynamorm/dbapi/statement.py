"""A statement: its text, read once, and its plans, made once for each set of options and each table they were for."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Union

from sqlalchemy_dynamorm.errors import ProgrammingError
from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.schema import Table

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.plan.steps import Plan
    from sqlalchemy_dynamorm.run.changes import Changer
    from sqlalchemy_dynamorm.run.inserts import Inserter
    from sqlalchemy_dynamorm.run.reads import Reader
    from sqlalchemy_dynamorm.sql import nodes

Tables = Mapping["tuple[str | None, str]", Table]
Runner = Union["Reader", "Inserter", "Changer"]
MAX_PLANS = 16


@dataclass(frozen=True)
class Prepared:
    """A plan and what runs it, decoders included."""

    plan: Plan
    runner: Runner


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
        self._plans: OrderedDict[tuple[Any, ...], Prepared] = OrderedDict()
        self._lock = threading.Lock()

    @cached_property
    def node(self) -> nodes.Statement:
        """What the text means.

        :raises SQLSyntaxError: it cannot be read.
        :raises Unsupported: it holds a clause that is not handled, by name.
        """
        from sqlalchemy_dynamorm.sql.reader import read

        return read(self.text, self.lists)

    def prepared(self, query: nodes.Query, table: Table | None, options: PlanOptions) -> Prepared:
        """The plan of this statement's query for a table, memoised; see :func:`~.plan.planner.plan`.

        A plan is of one table object: a table described anew is another, unless it says the same.
        """
        if self.hints and query.table is not None:
            options = self._hinted(query.table, options)
        key = (id(table), options)
        with self._lock:
            found = self._plans.get(key)
        if found is None or found.plan.table is not table:
            found = _prepare(query, table, options)
            with self._lock:
                self._plans[key] = found
                if len(self._plans) > MAX_PLANS:
                    self._plans.popitem(last=False)
        return found

    def _hinted(self, table: nodes.TableName, options: PlanOptions) -> PlanOptions:
        hint = self.hints.get((table.schema, table.name), options.index)
        if options.index not in (None, hint):
            both = f"{hint!r} and {options.index!r}"
            raise ProgrammingError(f"The statement has two hints for {table.name!r}, the indexes {both}; name one.")
        return options.with_overrides({"index": hint})


def _prepare(query: nodes.Query, table: Table | None, options: PlanOptions) -> Prepared:
    from sqlalchemy_dynamorm.plan.planner import plan
    from sqlalchemy_dynamorm.plan.steps import InsertPlan, ReadPlan
    from sqlalchemy_dynamorm.run.changes import Changer
    from sqlalchemy_dynamorm.run.inserts import Inserter
    from sqlalchemy_dynamorm.run.reads import Reader

    made = plan(query, table, options)
    if isinstance(made, ReadPlan):
        return Prepared(made, Reader(made))
    return Prepared(made, Inserter(made) if isinstance(made, InsertPlan) else Changer(made))


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
