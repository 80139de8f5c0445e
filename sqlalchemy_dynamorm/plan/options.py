"""The options that shape a plan or an execution, checked; each is also an execution option, ``dynamodb_<name>``."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from sqlalchemy_dynamorm.errors import InterfaceError

CHOICES: dict[str, tuple[str, ...]] = {
    "consistent_read": ("auto", "true", "false"),
    "scan": ("refuse", "warn", "allow"),
    "local": ("allow", "warn", "refuse"),
    "capacity": ("false", "true"),
    "index_read": ("eventual", "verify"),
    "insert_check": ("commit", "statement"),
    "idempotent_writes": ("auto", "always"),
    "foreign_keys": ("declare", "check"),
}
MAX_SEGMENTS = 1_000_000
"""``TotalSegments`` of a Scan (DynamoDB API reference)."""


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What may change a plan.

    :ivar consistent_read: ``auto`` reads tables strongly and global indexes as they can; ``true`` excludes global
        indexes; ``false`` halves the price of reads.
    :ivar scan: what to do with a statement that would read a whole table to answer for a part of it.
    :ivar local: what to do with a statement that SQLite must compute, on rows that are read for it.
    :ivar segments: how many segments a Scan is read in, side by side.
    :ivar capacity: whether the calls say what they consume; it changes no plan.
    :ivar insert_check: when a transaction finds out that a key, or a unique value, is taken: at commit, which costs no
        read, or at the statement, and at commit once more.
    :ivar index_read: ``verify`` reads the items that a global index names from the table, strongly, and checks them.
    :ivar idempotent_writes: ``always`` sends each single write as a transaction of one, at twice the price.
    :ivar foreign_keys: ``check`` has each written row's parents checked, in the same transaction.
    :ivar index: the index that a statement is to use; only a statement has this one.
    :ivar aside: indexes that the service says it cannot use, each with its table, by physical names; not a user's.
    """

    consistent_read: Literal["auto", "true", "false"] = "auto"
    scan: Literal["refuse", "warn", "allow"] = "refuse"
    local: Literal["allow", "warn", "refuse"] = "allow"
    segments: int = 1
    capacity: Literal["false", "true"] = "false"
    insert_check: Literal["commit", "statement"] = "commit"
    index_read: Literal["eventual", "verify"] = "eventual"
    idempotent_writes: Literal["auto", "always"] = "auto"
    foreign_keys: Literal["declare", "check"] = "declare"
    index: str | None = None
    aside: frozenset[tuple[str, str]] = frozenset()

    def with_overrides(self, overrides: dict[str, Any]) -> PlanOptions:
        """These options with some replaced.

        :raises InterfaceError: an option or a value that does not exist, by name.
        """
        return replace(self, **{name: checked(name, value) for name, value in overrides.items()}) if overrides else self


def checked(name: str, value: Any) -> Any:
    """The value of a plan option, checked.

    :raises InterfaceError: the option is unknown or does not take the value.
    """
    if name not in PLAN_OPTIONS:
        raise InterfaceError(f"There is no statement option {name!r}; there are: {', '.join(sorted(PLAN_OPTIONS))}.")
    if name == "segments":
        return _segments(value)
    if name == "index":
        return _index(value)
    return choice(name, value, CHOICES[name])


def choice(name: str, value: Any, choices: tuple[str, ...]) -> Any:
    """The value of an option that takes one of some words, checked.

    :raises InterfaceError: it is none of them.
    """
    text = str(value).lower() if isinstance(value, bool) else value
    if text not in choices:
        raise InterfaceError(f"The option {name} takes {', '.join(choices)}; it does not take {value!r}.")
    return text


def _segments(value: Any) -> int:
    """A number of segments; a URL gives it as text."""
    text = value if isinstance(value, str) else "" if isinstance(value, bool) else str(value)
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_SEGMENTS):
        raise InterfaceError(f"The option segments takes a whole number, 1 to {MAX_SEGMENTS}; not {value!r}.")
    return int(text)


def _index(value: Any) -> str | None:
    if value is not None and not (isinstance(value, str) and value):
        raise InterfaceError(f"The option index takes the name of an index; it does not take {value!r}.")
    return value


PLAN_OPTIONS = tuple(field.name for field in fields(PlanOptions) if field.name != "aside")
ENGINE_OPTIONS = tuple(name for name in PLAN_OPTIONS if name != "index")
"""Those that an engine may set for all its statements."""
