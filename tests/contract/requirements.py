"""What SQLAlchemy's suite may expect of DynamoDB: what is open, and for what is closed, why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy.testing import exclusions
from sqlalchemy.testing.requirements import SuiteRequirements

from tests.contract import reasons

CLOSED: dict[str, tuple[str, ...]] = {
    reasons.NO_COLLATIONS: ("column_collation_reflection", "order_by_collation"),
    reasons.NO_TEMPORARY_COMMENTS: ("temp_table_comment_reflection",),
    reasons.NO_VIRTUAL: ("computed_columns_virtual",),
    reasons.NO_DDL_SCHEMAS: ("schema_create_delete",),
    reasons.NO_DENORMALIZED: ("denormalized_names",),
    reasons.NO_EXPRESSION_INDEXES: (
        "indexes_check_column_order",
        "indexes_with_ascdesc",
        "indexes_with_expressions",
        "reflect_indexes_with_ascdesc",
        "reflect_indexes_with_ascdesc_as_expression",
        "reflect_indexes_with_expressions",
    ),
    reasons.NO_FK_INDEX: ("foreign_keys_reflect_as_index",),
    reasons.NO_INFINITY: ("infinity_floats",),
    reasons.NO_INSERTMANYVALUES: ("insertmanyvalues",),
    reasons.NO_INTERVALS: ("datetime_interval",),
    reasons.NO_LEGACY_JSON: ("legacy_unconditional_json_extract", "json_deserializer_binary"),
    reasons.NO_MATERIALIZED: ("materialized_views", "materialized_views_reflect_pk"),
    reasons.NO_DEFAULT_SCHEMA: ("cross_schema_fk_reflection",),
    reasons.NO_GIVEN_NAMES: ("implicitly_named_constraints",),
    reasons.NO_INCLUDED: ("index_reflects_included_columns",),
    reasons.NO_COLUMNLESS: ("reflect_tables_no_columns",),
    reasons.NO_SERVER_DEFAULTS: ("expression_server_defaults",),
    reasons.NO_SWITCH: ("default_schema_name_switch",),
    reasons.NO_TABLE_AS: ("create_table_as",),
    reasons.NO_TEMPORARY: (
        "create_temp_table_as",
        "has_temp_table",
        "temp_table_names",
        "temp_table_reflect_indexes",
        "temp_table_reflection",
    ),
    reasons.NO_RANGE_OF_TIMES: ("window_range_non_numeric",),
    reasons.NO_REGEXP: ("regexp_replace",),
    reasons.NO_UNIQUE: (
        "unique_constraints_reflect_as_index",
        "unique_index_reflect_as_unique_constraints",
    ),
    reasons.NO_VIEWS: (
        "create_or_replace_view",
        "temporary_views",
        "view_column_reflection",
        "view_reflection",
        "views",
    ),
}
_MARKERS = ("memory_intensive", "timing_intensive")  # these are marks, not requirements


class Requirements(SuiteRequirements):
    """Everything is open but what :data:`CLOSED` names."""


def names() -> list[str]:
    """All that the suite of the SQLAlchemy that is installed may require."""
    found = vars(SuiteRequirements)
    return sorted(name for name, value in found.items() if isinstance(value, property) and name not in _MARKERS)


def close(closed: Mapping[str, tuple[str, ...]]) -> None:
    """Close these and open all others; nothing closed is the whole suite, which the report counts."""
    why = {name: reason for reason, each in closed.items() for name in each}
    for name in names():
        setattr(Requirements, name, _requirement(why.get(name)))


def _requirement(reason: str | None) -> property:
    # A new rule each time: where two decorate one test, SQLAlchemy adds the one to the other.
    return property(lambda _: _rule(reason))


def _rule(reason: str | None) -> Any:
    open_, closed = cast("Any", exclusions.open), cast("Any", exclusions.closed)
    return open_() if reason is None else closed(reason)


close(CLOSED)
