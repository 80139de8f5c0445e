"""The rows of an INSERT: what VALUES says, with what a SELECT gives in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy_dynamorm.plan.assignments import Take
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.plan.steps import Field, InsertPlan, LocalPlan, ReadPlan
from sqlalchemy_dynamorm.run.bind import Bound
from sqlalchemy_dynamorm.run.local import LocalReader, taken
from sqlalchemy_dynamorm.run.reads import Reader, Scope
from sqlalchemy_dynamorm.run.request import Asking
from sqlalchemy_dynamorm.run.scratch_values import document
from sqlalchemy_dynamorm.run.sources import Row
from sqlalchemy_dynamorm.run.values import Json

Record = dict[Column, Any]


@dataclass(frozen=True)
class Sourcing:
    """An insert plan with the reader of its SELECT."""

    plan: InsertPlan
    reader: Reader | LocalReader | None = field(init=False)

    def __post_init__(self) -> None:
        source = self.plan.source
        reader = None if source is None else LocalReader(source) if isinstance(source, LocalPlan) else Reader(source)
        object.__setattr__(self, "reader", reader)

    def records(self, values: Bound, scope: Scope) -> Asking[list[Record]]:
        """The rows for one set of values, all read before the first is written."""
        found: list[Row] = [] if self.reader is not None else [()]
        if self.reader is not None:
            yield from taken(self.reader.run(values, scope), found.extend)
        return [self._record(row, each, values) for each in found for row in self.plan.rows]

    def _record(self, row: Sequence[Any], found: Row, values: Bound) -> Record:
        return {
            column: self._taken(value, column, found) if isinstance(value, Take) else values(value)
            for column, value in zip(self.plan.columns, row, strict=True)
        }

    def _taken(self, take: Take, column: Column, found: Row) -> Any:
        value = found[take.at]
        if column.kind is not Kind.DOCUMENT:
            return value
        return _whole(value) if self._is_document(take) else document(value, column)

    def _is_document(self, take: Take) -> bool:
        """Whether it is a JSON column's value as the table has it, and no text of SQLite's."""
        source = self.plan.source
        if not isinstance(source, ReadPlan):
            return False
        output = source.projection.outputs[take.at]
        return isinstance(output, Field) and source.projection.fields[output.position].kind is Kind.DOCUMENT


def _whole(value: Any) -> Json | None:
    return value if value is None or isinstance(value, Json) else Json(value)
