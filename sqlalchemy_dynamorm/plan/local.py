"""A statement for the local step: what each table contributes, by the cheapest calls, and the text that SQLite runs."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace

from sqlalchemy_dynamorm.errors import ProgrammingError, Unsupported
from sqlalchemy_dynamorm.plan.alike import told_apart
from sqlalchemy_dynamorm.plan.analysis import Analysis
from sqlalchemy_dynamorm.plan.calls import value_of
from sqlalchemy_dynamorm.plan.grouping import check_grouped
from sqlalchemy_dynamorm.plan.kinds import kind_of, type_name
from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.policy import refuse_scan
from sqlalchemy_dynamorm.plan.predicates import Membership, Predicate, every
from sqlalchemy_dynamorm.plan.pushing import Edge, Pushed, push
from sqlalchemy_dynamorm.plan.reading import current, native, read
from sqlalchemy_dynamorm.plan.schema import Kind
from sqlalchemy_dynamorm.plan.scopes import Occurrence, Tables
from sqlalchemy_dynamorm.plan.steps import Beside, BoundList, Feed, Link, LocalPlan, ReadPlan, Scan
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.rewriting import (
    NOW,
    Edit,
    before_alias,
    name_edits,
    param_names,
    quoted,
    rewritten,
    token_edits,
)

Hints = Mapping["tuple[str | None, str]", str]


def plan_local(
    query: nodes.Relation,
    text: str,
    tables: Tables,
    options: PlanOptions,
    reason: str,
    hints: Hints,
    lists: frozenset[str],
) -> LocalPlan:
    """The plan of a SELECT that SQLite runs.

    :param text: the statement as written.
    :param reason: why it is not one call of DynamoDB's.
    :param hints: the index to read a table by, by schema and name.
    :param lists: the parameters that are lists.
    :raises UndefinedColumn: a name that is no column of the tables.
    :raises Unsupported: ``local=refuse``, or what SQLite has not.
    :raises ScanRefused: a whole table would be read to answer for a part of it.
    """
    return analysed(query, text, tables, options, reason, hints, lists)[0]


def analysed(
    query: nodes.Relation,
    text: str,
    tables: Tables,
    options: PlanOptions,
    reason: str,
    hints: Hints,
    lists: frozenset[str],
) -> tuple[LocalPlan, Analysis]:
    """As :func:`plan_local`, with the statement as it was taken apart."""
    _ask(options, reason)

    def cut(select: nodes.Select) -> ReadPlan | None:
        try:
            read = native(select, tables, _hinted(options, hints, select.table))
        except Unsupported:
            return None  # SQLite has to compute it, from the rows of its tables
        return None if read.projection.open else read

    analysis = Analysis(tables, cut)
    shape = analysis.relation(query, None, {})
    check_grouped(analysis)
    names = told_apart(analysis)
    text = rewritten(text, _edits(analysis, text, lists, names))
    params = [name for name in param_names(text) if name != NOW]
    plan = LocalPlan(
        feeds=tuple(_Feeds(analysis, push(analysis), options, hints, names).ordered()),
        text=text,
        labels=tuple(label for label, _ in shape),
        kinds=tuple(found.kind for _, found in shape),
        params=tuple(params),
        shown=frozenset(name for name in params if name not in analysis.params),
        bounds=tuple(analysis.bounds),
        tests=tuple(analysis.tests),
        lists=tuple(
            BoundList(name, _list_table(name), width, name not in analysis.params)
            for name, width in sorted(analysis.widths.items())
        ),
        reason=reason,
    )
    return plan, analysis


class LocalWarning(UserWarning):
    """A statement is computed here, on rows that are read for it (``local=warn``)."""


def _ask(options: PlanOptions, reason: str) -> None:
    if options.local == "warn":
        warnings.warn(f"The statement is computed here, by SQLite: {reason}.", LocalWarning, stacklevel=2)
    if options.local == "refuse":
        raise Unsupported(f"The statement needs the local step ({reason}), and local=refuse does not allow it.")


def _hinted(options: PlanOptions, hints: Hints, name: nodes.TableName | None) -> PlanOptions:
    """The options for a table, with the index that it is to be read by."""
    return options if name is None else replace(options, index=hints.get((name.schema, name.name), options.index))


# --- the text ---------------------------------------------------------------------------------------------------


def _edits(analysis: Analysis, text: str, lists: frozenset[str], names: Mapping[str, str]) -> Iterator[Edit]:
    edits = [*_place_edits(analysis, text, names), *token_edits(text, lists, _list_table, _cast)]
    return iter([*edits, *name_edits(text, names, [edit.place for edit in edits])] if names else edits)


def _place_edits(analysis: Analysis, text: str, names: Mapping[str, str]) -> Iterator[Edit]:
    for each in analysis.occurrences:
        place = each.written.place
        if place is None:
            raise ProgrammingError(f"It is not known where the statement's text names {each.table.name!r}.")
        if isinstance(each.written, nodes.Derived):
            yield Edit(before_alias(text, place), quoted(each.feed))
        else:
            alias = "" if each.written.alias else f" AS {quoted(names.get(each.called, each.called))}"
            yield Edit(place, quoted(each.feed) + alias)
    for place, called in analysis.renamed.items():
        yield Edit(place, quoted(names.get(called, called)))
    for place, (occurrence, column) in analysis.calls.items():
        yield Edit(place, value_of(occurrence, column, names))


def _list_table(name: str) -> str:
    return f"dynamorm_list_{name}"


_CASTS = {
    Kind.STRING: "TEXT",
    Kind.INTEGER: "INTEGER",
    Kind.DECIMAL: "REAL",
    Kind.FLOAT: "REAL",
    Kind.BOOLEAN: "NUMERIC",
    Kind.BINARY: "BLOB",
}
_MOMENTS = {"DATE": "date()", "DATETIME": "datetime()", "TIMESTAMP": "datetime()", "TIME": "time()"}


def _cast(written: str) -> str | None:
    """What SQLite casts to: its own reading of a type's name would make numbers of dates and UUIDs."""
    name = type_name(written)
    return _MOMENTS.get(name.name) or _CASTS.get(kind_of(name))


# --- the feeds --------------------------------------------------------------------------------------------------


class _Feeds:
    """The reads of each occurrence, in an order in which keys are there when they are needed."""

    def __init__(
        self, analysis: Analysis, pushed: Pushed, options: PlanOptions, hints: Hints, names: Mapping[str, str]
    ) -> None:
        self._analysis = analysis
        self._names = names
        self._pushed = pushed
        self._options = options
        self._hints = hints
        self._by_number = {each.number: each for each in analysis.occurrences}
        self._reads = {each.number: self._read(each, []) for each in analysis.occurrences}

    def ordered(self) -> Iterator[Feed]:
        """Those that are keyed by themselves, then those that get keys from them, then the tables read whole."""
        waiting = list(self._by_number)
        done: list[int] = []
        while waiting:
            number, edges = self._next(waiting, done)
            waiting.remove(number)
            done.append(number)
            yield self._feed(self._by_number[number], edges)

    def _next(self, waiting: list[int], done: list[int]) -> tuple[int, list[Edge]]:
        for number in waiting:
            if not self._scans(number):
                return number, []
        for number in waiting:
            edges = self._linking(number, done)
            if edges:
                return number, edges
        return max(waiting, key=lambda number: (self._filtered(number), self._serves(number, waiting), -number)), []

    def _filtered(self, number: int) -> bool:
        return bool(self._pushed.wheres[number])

    def _serves(self, number: int, waiting: list[int]) -> int:
        """How many others would get their keys from this one."""
        return sum(bool(self._linking(other, [number])) for other in waiting if other != number)

    def _scans(self, number: int) -> bool:
        return isinstance(self._reads[number].access, Scan)

    def _read(self, occurrence: Occurrence, more: list[Predicate]) -> ReadPlan:
        if occurrence.cut is not None:
            return replace(occurrence.cut, lock=occurrence.cut.lock or occurrence.locked)
        assert isinstance(occurrence.written, nodes.TableName)
        options = _hinted(self._options, self._hints, occurrence.written)
        where = every((*self._pushed.wheres[occurrence.number], *more))
        options = current(options) if occurrence.locked else options
        return replace(read(occurrence.table, where, occurrence.read, options), lock=occurrence.locked)

    def _linking(self, number: int, done: list[int]) -> list[Edge]:
        """Edges whose keys save a Scan: those of the whole key together, else the first that serves."""
        edges = [edge for edge in self._pushed.edges if edge.target == number and edge.source in done]
        whole = self._whole_key(number, edges)
        candidates = [*([whole] if whole else []), *([edge] for edge in edges)]
        for candidate in candidates:
            if not isinstance(self._read(self._by_number[number], [_keys(number, candidate)]).access, Scan):
                return candidate
        return []

    def _whole_key(self, number: int, edges: list[Edge]) -> list[Edge] | None:
        """Edges from one source that give the whole key of a table whose key has several columns."""
        key = self._by_number[number].table.key_columns
        for source in dict.fromkeys(edge.source for edge in edges):
            found = {edge.column.name: edge for edge in reversed(edges) if edge.source == source}
            if len(key) > 1 and all(name in found for name in key):
                return [found[name] for name in key]
        return None

    def _feed(self, occurrence: Occurrence, edges: list[Edge]) -> Feed:
        plan: ReadPlan | None = self._reads[occurrence.number]
        link = self._link(occurrence, edges) if edges else None
        if self._scans(occurrence.number) and not self._may_scan(occurrence, linked=link is not None):
            plan = None
        shown = frozenset(name for name in occurrence.used if name not in occurrence.computed)
        beside = Beside(occurrence.stored, tuple(occurrence.measured.values())) if occurrence.measured else None
        read = {column.name for column in occurrence.read}
        names = tuple((name, called) for name, called in self._names.items() if name in read)
        return Feed(occurrence.feed, occurrence.columns, shown, plan, link, beside, names)

    def _may_scan(self, occurrence: Occurrence, *, linked: bool) -> bool:
        """Whether the table may be read whole; where it must be and may not, that is refused."""
        if self._analysis.whole or self._options.scan == "allow" or occurrence.cut is not None:
            return True
        if not linked:
            plan = self._reads[occurrence.number]
            refuse_scan(occurrence.table, plan, self._options, self._joined_by(occurrence))
        return not linked

    def _joined_by(self, occurrence: Occurrence) -> list[str]:
        """The columns by which other tables' rows name this one's, for the index that would serve."""
        return [edge.column.name for edge in self._pushed.edges if edge.target == occurrence.number]

    def _link(self, occurrence: Occurrence, edges: list[Edge]) -> Link:
        source = self._by_number[edges[0].source]
        names = ", ".join(quoted(self._names.get(edge.key.name, edge.key.name)) for edge in edges)
        return Link(
            source.feed,
            f"SELECT DISTINCT {names} FROM {quoted(source.feed)}",
            tuple(edge.key for edge in edges),
            _param(occurrence.number),
            self._read(occurrence, [_keys(occurrence.number, edges)]),
        )


def _keys(number: int, edges: list[Edge]) -> Membership:
    return Membership(tuple(edge.column for edge in edges), nodes.ParamList(_param(number)))


def _param(number: int) -> str:
    return f"dynamorm_keys_{number}"
