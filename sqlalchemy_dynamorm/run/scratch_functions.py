"""Functions of SQLite that the local step replaces, where its own would round or would not know our stored forms."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from decimal import Context, Decimal, Inexact
from functools import lru_cache, partial
from typing import Any

from sqlalchemy_dynamorm.errors import DataError, Error, UnsupportedValue
from sqlalchemy_dynamorm.run import patterns
from sqlalchemy_dynamorm.run.scratch_values import DIGITS, digits, real, short

Failures = list[Error]
"""What a function raised: sqlite3 turns it into an error of its own without a cause."""

# A double is between 1E-324 and 1.8E+308, so sums of decimals that are doubles have at most about 650 digits.
_add = Context(prec=700, traps=[Inexact]).add
_QUOTIENTS = Context(prec=60, traps=[])
_INT64 = 2**63


# ---- sums


class _Aggregate:
    """``sum`` or ``avg``, exactly; as a window function too, since values can be taken out again.

    A REAL counts as the number its 15 digits say: 0.1 * 3 is summed as 0.3.
    """

    def __init__(self, name: str, failures: Failures) -> None:
        self._name = name
        self._failures = failures
        self._total = Decimal(0)
        self._count = 0
        self._reals = 0  # how many of them are REAL
        self._rounded = 0  # how many of them have more than 15 digits already

    def step(self, value: Any) -> None:
        """Another value."""
        self._change(value, 1)

    def inverse(self, value: Any) -> None:
        """A value leaves the window."""
        self._change(value, -1)

    def value(self) -> int | float | None:
        """The result so far."""
        try:
            return self._result()
        except Error as error:
            self._failures.append(error)
            raise

    finalize = value

    def _change(self, value: Any, sign: int) -> None:
        if value is None:
            return
        try:
            added = self._real_number(value, sign) if type(value) is float else self._other(value)
        except Error as error:
            self._failures.append(error)
            raise
        self._total = _add(self._total, added if sign > 0 else -added)
        self._count += sign

    def _real_number(self, value: float, sign: int) -> Decimal:
        self._reals += sign
        text = repr(value)
        if len(text) <= DIGITS + 1 or digits(Decimal(text)) <= DIGITS:
            return Decimal(text)
        self._rounded += sign
        return short(value)

    def _other(self, value: Any) -> Decimal:
        if isinstance(value, int):
            return Decimal(value)
        raise UnsupportedValue(f"{self._name}() adds numbers, and was given {type(value).__name__}; convert it.")

    def _result(self) -> int | float | None:
        if not self._total.is_finite():
            raise UnsupportedValue(f"{self._name}() was given a number beyond the range of floats; scale the values.")
        if self._count == 0:
            return None
        if self._name == "avg":
            return float(_QUOTIENTS.divide(self._total, self._count))
        return self._real(self._total) if self._reals else self._whole()

    def _whole(self) -> int:
        if not -_INT64 <= self._total < _INT64:
            raise UnsupportedValue(INTEGER_OVERFLOW)
        return int(self._total)

    def _real(self, total: Decimal) -> float:
        exact = real(total)
        if exact is not None:
            return exact
        if self._rounded:
            return float(total)
        raise UnsupportedValue(
            f"{self._name}() has more than {DIGITS} significant digits, which a local computation can't give exactly; "
            "sum fewer rows, or select them and sum in Python"
        )


INTEGER_OVERFLOW = (
    "A whole number of the local computation is beyond 64 bits, the largest that SQLite has; compute it in Python, or "
    "cast the column to NUMERIC if 15 digits are enough"
)


def install_sums(connection: sqlite3.Connection, failures: Failures) -> None:
    """Exact ``sum`` and ``avg``. Before Python 3.11 they can't be window functions.

    SQLite's ``total`` is a float by definition, and stays as it is.
    """
    install: Callable[..., None] = getattr(connection, "create_window_function", connection.create_aggregate)
    for name in ("sum", "avg"):
        install(name, 1, partial(_Aggregate, name, failures))


# ---- dates and times

_FORMS = {"datetime": "%Y-%m-%dT%H:%M:%f", "time": "%H:%M:%f"}
_MICROSECONDS = re.compile(r"(.*:\d\d\.\d{3})(\d{1,3})\d*(\D.*)?", re.DOTALL)
_ZONE = re.compile(r".*:\d\d(\.\d+)?\s*([Zz]|[+-]\d\d:\d\d)\s*", re.DOTALL)


class Clock:
    """``datetime()`` and ``time()`` with our stored forms as results, so that they compare with stored columns.

    SQLite computes them, in milliseconds; the microseconds are carried over. A value in a zone stays one, in UTC.

    :param now: what ``'now'`` is in this statement.
    """

    def __init__(self, now: str) -> None:
        self._now = now
        self._sqlite: sqlite3.Connection | None = None

    def install(self, connection: sqlite3.Connection) -> None:
        """Replace SQLite's own."""
        for name, form in _FORMS.items():
            connection.create_function(name, -1, partial(self._call, form))

    def close(self) -> None:
        """Close the second connection, if there was a call."""
        if self._sqlite is not None:
            self._sqlite.close()

    def _call(self, form: str, *arguments: Any) -> str | None:
        first, *modifiers = arguments or ("now",)
        words = [str(each).strip().lower() for each in modifiers]
        if not isinstance(first, str):
            return self._computed(form, first, modifiers, "000")
        text = self._now if first.strip().lower() == "now" else first
        zone = "Z" if _ZONE.fullmatch(text) and "localtime" not in words else ""
        found = _MICROSECONDS.fullmatch(text)
        if found is None:
            return self._computed(form, text, modifiers, f"000{zone}")
        dropped = any(word.startswith("start of") for word in words)
        micro = "000" if dropped else found[2].ljust(3, "0")
        return self._computed(form, f"{found[1]}{found[3] or ''}", modifiers, f"{micro}{zone}")

    def _computed(self, form: str, first: Any, modifiers: list[Any], tail: str) -> str | None:
        if self._sqlite is None:
            self._sqlite = sqlite3.connect(":memory:", check_same_thread=False)
        marks = ", ?" * (1 + len(modifiers))
        found = self._sqlite.execute(f"SELECT strftime(?{marks})", (form, first, *modifiers)).fetchone()[0]
        return None if found is None else f"{found}{tail}"


# ---- LIKE


def install_like(connection: sqlite3.Connection) -> None:
    """Make LIKE case-sensitive, as DynamoDB's begins_with and contains are."""
    connection.execute("PRAGMA case_sensitive_like=1")
    if not _pragma_works():
        for count in (2, 3):
            connection.create_function("like", count, _like, deterministic=True)


@lru_cache(maxsize=1)
def _pragma_works() -> bool:
    """Whether this SQLite knows the pragma: it is deprecated, and may be left out of a build."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("PRAGMA case_sensitive_like=1")
        return bool(connection.execute("SELECT 'a' LIKE 'A'").fetchone()[0] == 0)
    finally:
        connection.close()


def _like(pattern: Any, value: Any, escape: str | None = None) -> bool | None:
    if pattern is None or value is None:
        return None
    return patterns.like(str(pattern), escape).matches(str(value))


# ---- REGEXP


def install_regexp(connection: sqlite3.Connection, failures: Failures) -> None:
    """Give it ``REGEXP``, which SQLite leaves to its host: Python's :mod:`re`, as in SQLAlchemy's own dialect."""

    def regexp(pattern: Any, value: Any) -> bool | None:
        if pattern is None or value is None:
            return None
        try:
            return re.search(str(pattern), str(value)) is not None
        except re.error:
            failures.append(DataError("A pattern of REGEXP is not a regular expression of Python's."))
            raise

    connection.create_function("regexp", 2, regexp, deterministic=True)
