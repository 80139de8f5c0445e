"""Where a change comes from, for the error that it may meet at commit, long after its statement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy_dynamorm.errors import Error
from sqlalchemy_dynamorm.run.values import Item

E = TypeVar("E", bound=Error)


@dataclass(frozen=True, slots=True)
class Origin:
    """A statement, and which of its rows (or sets of values) it is, from 1.

    :ivar statement: its text, with the names of its parameters; ``None`` where it is not known.
    """

    statement: str | None = None
    row: int = 1
    rows: int = 1

    def of(self, error: E, key: Item | None = None) -> E:
        """The error, which says that it is this row's."""
        error.statement, error.row_number, error.key = self.statement, self.row, key
        if self.rows > 1:
            error.args = (f"{error.args[0].rstrip('.')}. It is row {self.row} of the {self.rows} of its statement.",)
        return error


UNKNOWN = Origin()
