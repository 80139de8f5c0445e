"""What an engine is told: where the service is, who asks, how long to wait, and the options of its statements.

:func:`settings` checks every option and refuses an unknown one by name; a URL's query string gives text, Python
gives values, and both come through here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from sqlalchemy_dynamorm.errors import InterfaceError
from sqlalchemy_dynamorm.plan.options import ENGINE_OPTIONS, PlanOptions, choice


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of one engine, checked.

    Times are seconds. ``None`` means the AWS chain's or the client's own default.

    :ivar embedded: a private local server instead of an endpoint; ``name`` shares it, ``folder`` keeps it.
    :ivar max_attempts: how often a request may be sent, the first time included.
    :ivar max_parallel: how many requests of one engine may be under way at once.
    :ivar deadline: seconds a statement may take, retries included.
    :ivar ddl_timeout: seconds that a CREATE, ALTER or DROP waits for one table or index to be ready.
    :ivar overflow: what becomes of a commit that is too much for one transaction: an error, or several transactions.
    :ivar client: whether requests may go past what botocore does for each, with the same result, or never do.
    :ivar page_size: items the service evaluates a page, at the most.
    :ivar system_table: the physical name of the table for counters; ``None`` (written ``none``) for none.
    """

    region: str | None = None
    endpoint_url: str | None = None
    profile: str | None = None
    aws_access_key_id: str | None = None
    aws_secret_access_key: str | None = field(default=None, repr=False)
    aws_session_token: str | None = field(default=None, repr=False)
    role_arn: str | None = None
    external_id: str | None = field(default=None, repr=False)
    ssl: bool | None = None
    embedded: bool = False
    name: str | None = None
    folder: str | None = None
    default_schema: str | None = None
    schema_separator: str = "."
    system_table: str | None = "dynamorm_system"
    max_attempts: int = 8
    connect_timeout: float = 3.0
    read_timeout: float = 10.0
    max_pool_connections: int = 32
    max_parallel: int = 8
    deadline: float | None = None
    page_size: int | None = None
    read_budget: int | None = None
    ddl_timeout: float = 3600.0
    overflow: Literal["error", "split"] = "error"
    client: Literal["lean", "plain"] = "lean"
    plan: PlanOptions = field(default_factory=PlanOptions)


_PLAIN = tuple(field.name for field in fields(Settings) if field.name != "plan")
OPTIONS: tuple[str, ...] = (*_PLAIN, *ENGINE_OPTIONS)
"""Every option there is, by name."""


def settings(options: Mapping[str, Any]) -> Settings:
    """The settings that these options describe.

    :param options: option name to value; text is converted as a URL's query string needs it.
    :raises InterfaceError: an unknown option, or a value an option does not take; both by name.
    """
    plain: dict[str, Any] = {}
    plan: dict[str, Any] = {}
    for name, value in options.items():
        if name in ENGINE_OPTIONS:
            plan[name] = value
        elif name in _PLAIN:
            plain[name] = _converted(name, value)
        else:
            raise InterfaceError(f"There is no option {name!r}. The options are: {', '.join(sorted(OPTIONS))}.")
    return Settings(**plain, plan=PlanOptions().with_overrides(plan))


def _to_bool(text: str) -> bool:
    try:
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[text.lower()]
    except KeyError:
        raise ValueError(text) from None


def _positive(convert: Callable[[str], float]) -> Callable[[str], float]:
    def converted(text: str) -> float:
        number = convert(text)
        if not number > 0:
            raise ValueError(text)
        return number

    return converted


_CONVERTERS: dict[type, tuple[Callable[[str], Any], str]] = {
    bool: (_to_bool, "true or false"),
    int: (_positive(int), "a whole number above 0"),
    float: (_positive(float), "a number of seconds above 0"),
    str: (str, "text"),
}
_HINTS = get_type_hints(Settings)


def _converted(name: str, value: Any) -> Any:
    if name == "system_table" and value == "none":
        return None
    hint = _HINTS[name]
    if get_origin(hint) is Literal:
        return choice(name, value, get_args(hint))
    kinds = get_args(hint) or (hint,)
    if value is None and type(None) in kinds:
        return None
    convert, expected = _CONVERTERS[next(kind for kind in kinds if kind is not type(None))]
    try:
        return convert(str(value))
    except ValueError:
        raise InterfaceError(f"The option {name} takes {expected}; it does not take {value!r}.") from None
