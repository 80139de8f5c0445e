"""A page of a SELECT, asked for by its size and the cursor that the page before it gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy_dynamorm.errors import DataError, Unsupported
from sqlalchemy_dynamorm.plan.steps import ReadPlan
from sqlalchemy_dynamorm.run import cursors
from sqlalchemy_dynamorm.run.paging import PageAsked
from sqlalchemy_dynamorm.run.request import Position

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.dbapi.statement import Prepared


@dataclass(frozen=True)
class PageOf:
    """A page as a user asks for it.

    :ivar size: rows of a page, at the most.
    :ivar cursor: what the page before gave, ``None`` for the first page.
    :ivar secret: what cursors are signed with.
    :ivar segment: the segment of a Scan that is read, ``None`` for all.
    """

    size: int
    cursor: str | None = None
    secret: bytes = field(default=b"", repr=False)
    segment: int | None = None

    def of(self, text: str, prepared: Prepared, values: Mapping[str, Any]) -> Paging:
        """The page of a statement with these values.

        :raises DataError: the size is no whole number above 0.
        :raises ProgrammingError: the cursor is of another statement, or none.
        :raises Unsupported: SQLite runs the statement.
        """
        size: object = self.size
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise DataError("A page has a size: a whole number of rows, 1 or more.")
        if not isinstance(prepared.plan, ReadPlan):
            raise Unsupported(
                "A page cannot be read of a statement that SQLite runs here, since each page would need all rows; "
                "EXPLAIN says why it is run here."
            )
        asked = cursors.digest(text, prepared.plan, values)
        first = Position(self.segment or 0)
        start = first if self.cursor is None else cursors.read(self.cursor, asked, self.secret)
        return Paging(PageAsked(self.size, start, alone=self.segment is not None), asked, self.secret)


@dataclass(frozen=True)
class Paging:
    """A page of one execution.

    :ivar digest: what was asked, in short, so that its cursors are good for nothing else.
    """

    asked: PageAsked
    digest: bytes
    secret: bytes = field(repr=False)

    def cursor(self, following: Position) -> str:
        """The cursor of the next page."""
        return cursors.written(following, self.digest, self.secret)
