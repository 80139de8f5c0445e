"""The engine's options as arguments of ``create_engine`` and as texts of a configuration file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final

from sqlalchemy_dynamorm.client.settings import OPTIONS, settings


class _NotGiven(Enum):
    NOT_GIVEN = "not given"


NOT_GIVEN: Final = _NotGiven.NOT_GIVEN
"""Stands for an option that was not written; ``None`` may be a value."""


def given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The options among these arguments that were given."""
    return {name: value for name, value in arguments.items() if name in OPTIONS and value is not NOT_GIVEN}


def _converter(name: str) -> Callable[[Any], Any]:
    def converted(value: Any) -> Any:
        # Also for the options that Settings keeps in its plan, or only checks: then the text is what goes on.
        return getattr(settings({name: value}), name, value)

    return converted


CONFIG_TYPES: Mapping[str, Callable[[Any], Any]] = {name: _converter(name) for name in OPTIONS}
"""For ``engine_from_config``: each option's text to its value, or an error that names the option."""
