"""Each step says what it runs, how, and what it cost; a cost that is not as promised ends the program."""

from __future__ import annotations

import re
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, NotSupportedError
from sqlalchemy.sql import Executable
from sqlalchemy.sql.elements import ClauseElement

from sqlalchemy_dynamorm import count_calls, explain
from sqlalchemy_dynamorm.errors import Error


class Report:
    """Prints the steps and counts their API calls."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._number = 0

    @contextmanager
    def step(self, title: str, *statements: Executable, **promised: int) -> Iterator[None]:
        """Run the body of a ``with`` as one step.

        :param statements: what it runs, to be shown with their plans.
        :param promised: how many calls of each API operation it makes.
        """
        self._number += 1
        print(f"\n{self._number}. {title}")
        for statement in statements:
            self._show(statement)
        with count_calls(self.engine) as calls:
            yield
        print(f"   calls: {_counts(calls.by_operation) or 'none'}")
        if calls.by_operation != Counter(promised):
            sys.exit(f"   That is not what was promised: {_counts(Counter(promised)) or 'none'}")

    def result(self, text: str) -> None:
        _print("   → ", text)

    @contextmanager
    def refusal(self, expected: type[Error]) -> Iterator[None]:
        """The body must fail; show SQLAlchemy's error and ours inside it."""
        try:
            yield
        except DBAPIError as error:
            if not isinstance(error.orig, expected):
                raise
            self.result(f"{type(error).__name__}, {expected.__name__}: {error.orig}")
        else:
            sys.exit("   It should have been refused.")

    def _show(self, statement: Executable) -> None:
        assert isinstance(statement, ClauseElement)
        sql = " ".join(str(statement.compile(self.engine)).split())
        sql = re.sub(r"__\[POSTCOMPILE_(\w+)\]", r":\1", sql)  # SQLAlchemy's mark of a list
        _print(
            "   ", textwrap.shorten(sql, 240, placeholder=" …") if sql.startswith("INSERT") else _without_columns(sql)
        )
        try:
            plan = str(explain(statement, self.engine))
        except NotSupportedError as refused:  # SQLAlchemy's error, with ours in it
            plan = f"no plan: {type(refused.orig).__name__}"
        for line in plan.splitlines():
            _print("     ", line)


def _without_columns(sql: str) -> str:
    """A SELECT of every column, without their names."""
    head, found, tail = sql.partition(" FROM ")
    return f"SELECT …{found}{tail}" if head.startswith("SELECT") and len(head) > 80 else sql


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{operation} {count:,}" for operation, count in sorted(counts.items()))


def _print(indent: str, text: str) -> None:
    print(textwrap.fill(text, 118, initial_indent=indent, subsequent_indent=" " * (len(indent) + 2)))
