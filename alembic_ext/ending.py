"""When the migrations have run: Alembic tells its implementations of their start, and not of their end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alembic.ddl.impl import DefaultImpl
    from alembic.runtime.migration import MigrationContext


def at_the_end(impl: DefaultImpl, do: Callable[[], None]) -> None:
    """Call ``do`` after the last migration that ``env.py`` is about to run has succeeded.

    Where no ``env.py`` is at work, and where one fails, it is not called: the end is that of the connection.
    """
    from alembic import context

    try:
        found: MigrationContext = context.get_context()
    except Exception:  # noqa: BLE001 - a NameError without an env.py, and a bare Exception where it has not configured
        return
    if found.impl is not impl or found._migrations_fn is None:
        return
    steps: Callable[..., Iterable[Any]] = found._migrations_fn

    def then(*arguments: Any) -> Iterator[Any]:
        yield from steps(*arguments)
        do()

    found._migrations_fn = then
