"""The options that shape a plan or an execution, checked; each is also an execution option, ``dynamodb_<name>``."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from sqlalchemy_dynamorm.errors import InterfaceError

CHOICES: dict[str, tuple[str, ...]] = {
    "consistent_read": ("auto", "true", "false"),
    "scan": ("refuse", "warn", "allow"),
}


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What may change a plan.

    :ivar consistent_read: ``auto`` reads tables strongly and global indexes as they can; ``true`` excludes global
        indexes; ``false`` halves the price of reads.
    :ivar scan: what to do with a statement that would read a whole table to answer for a part of it.
    """

    consistent_read: Literal["auto", "true", "false"] = "auto"
    scan: Literal["refuse", "warn", "allow"] = "refuse"

    def with_overrides(self, overrides: dict[str, Any]) -> PlanOptions:
        """These options with some replaced.

        :raises InterfaceError: an option or a value that does not exist, by name.
        """
        return replace(self, **{name: checked(name, value) for name, value in overrides.items()}) if overrides else self


def checked(name: str, value: Any) -> Any:
    """The value of a plan option, checked.

    :raises InterfaceError: the option is unknown or does not take the value.
    """
    choices = CHOICES.get(name)
    if choices is None:
        known = ", ".join(sorted(CHOICES))
        raise InterfaceError(f"There is no statement option {name!r}; there are: {known}.")
    text = str(value).lower() if isinstance(value, bool) else value
    if text not in choices:
        raise InterfaceError(f"The option {name} takes {', '.join(choices)}; it does not take {value!r}.")
    return text


PLAN_OPTIONS = tuple(field.name for field in fields(PlanOptions))
