"""Autogenerate for the options of tables: those that a model declares are compared, the others are left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic.util import PriorityDispatchResult

from alembic_ext.operations import SetTableOptionsOp
from sqlalchemy_dynamorm.plan.table_options import NAMES, option_text, table_options

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import ModifyTableOps


def compare_options(
    _: AutogenContext,
    modify_ops: ModifyTableOps,
    schema: str | None,
    name: str,
    there: sa.Table | None,
    model: sa.Table | None,
) -> PriorityDispatchResult:
    """Propose what the model says otherwise than the service does."""
    if there is None or model is None:
        return PriorityDispatchResult.CONTINUE
    wanted, found = _given(model), _given(there)
    changed = {name: value for name, value in wanted.items() if not _same(name, value, found.get(name))}
    if changed:
        before = {name: _off(name, found.get(name)) for name in changed}
        old = {name: value for name, value in before.items() if value is not None}
        modify_ops.ops.append(SetTableOptionsOp(str(name), changed, schema=schema, old=old))
    return PriorityDispatchResult.CONTINUE


def _given(table: sa.Table) -> dict[str, Any]:
    options = table.dialect_options["dynamodb"]
    return {name: options[name] for name in NAMES if options[name] is not None}


def _same(name: str, wanted: Any, found: Any) -> bool:
    """Whether they are one value; an option that is turned off is not reflected."""
    if found is None:
        return wanted is False or wanted == _DEFAULTS.get(name, _NEVER)
    return bool(_value(name, wanted) == _value(name, found))


def _value(name: str, given: Any) -> Any:
    return table_options(((name, option_text(given)),), "the table").given[name]


def _off(name: str, found: Any) -> Any:
    return _DEFAULTS.get(name) if found is None else found


_NEVER = object()
_DEFAULTS: dict[str, Any] = {
    "billing_mode": "PAY_PER_REQUEST",
    "ttl": False,
    "stream": False,
    "pitr": False,
    "deletion_protection": False,
    "table_class": "STANDARD",
    "sse": False,
    "tags": {},
}
"""What an option is where nothing is reflected of it."""
