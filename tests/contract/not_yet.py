"""The tests of SQLAlchemy's suite that cannot pass yet, by name. Each is run, and leaves this list when it passes.

A name is that of a class, ``Class::test`` or ``Class::test[parameters]``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy import exc

from sqlalchemy_dynamorm import errors
from tests.contract import reasons

NOT_YET: Mapping[str, tuple[str, ...]] = {
    reasons.NO_CAST: (
        "CastTypeDecoratorTest",
        "JSONTest::test_eval_none_flag_orm",
        "JSONTest::test_index_cross_casts[getitem-boolean-False-allowed_targets1-boolean]",
        "JSONTest::test_index_cross_casts[getitem-boolean-False-allowed_targets1-string]",
        "JSONTest::test_index_cross_casts[getitem-boolean-None-allowed_targets2-boolean]",
        "JSONTest::test_index_cross_casts[getitem-boolean-None-allowed_targets2-float]",
        "JSONTest::test_index_cross_casts[getitem-boolean-None-allowed_targets2-integer]",
        "JSONTest::test_index_cross_casts[getitem-boolean-None-allowed_targets2-numeric]",
        "JSONTest::test_index_cross_casts[getitem-boolean-None-allowed_targets2-string]",
        "JSONTest::test_index_cross_casts[getitem-boolean-True-allowed_targets0-boolean]",
        "JSONTest::test_index_cross_casts[getitem-boolean-True-allowed_targets0-string]",
        "JSONTest::test_index_cross_casts[getitem-float-1234567.89-allowed_targets15-float]",
        "JSONTest::test_index_cross_casts[getitem-float-1234567.89-allowed_targets15-numeric]",
        "JSONTest::test_index_cross_casts[getitem-float-1234567.89-allowed_targets15-string]",
        "JSONTest::test_index_cross_casts[getitem-float-None-allowed_targets14-boolean]",
        "JSONTest::test_index_cross_casts[getitem-float-None-allowed_targets14-float]",
        "JSONTest::test_index_cross_casts[getitem-float-None-allowed_targets14-integer]",
        "JSONTest::test_index_cross_casts[getitem-float-None-allowed_targets14-numeric]",
        "JSONTest::test_index_cross_casts[getitem-float-None-allowed_targets14-string]",
        "JSONTest::test_index_cross_casts[getitem-integer-0-allowed_targets12-boolean]",
        "JSONTest::test_index_cross_casts[getitem-integer-0-allowed_targets12-float]",
        "JSONTest::test_index_cross_casts[getitem-integer-0-allowed_targets12-integer]",
        "JSONTest::test_index_cross_casts[getitem-integer-0-allowed_targets12-numeric]",
        "JSONTest::test_index_cross_casts[getitem-integer-0-allowed_targets12-string]",
        "JSONTest::test_index_cross_casts[getitem-integer-1-allowed_targets11-boolean]",
        "JSONTest::test_index_cross_casts[getitem-integer-1-allowed_targets11-float]",
        "JSONTest::test_index_cross_casts[getitem-integer-1-allowed_targets11-integer]",
        "JSONTest::test_index_cross_casts[getitem-integer-1-allowed_targets11-numeric]",
        "JSONTest::test_index_cross_casts[getitem-integer-1-allowed_targets11-string]",
        "JSONTest::test_index_cross_casts[getitem-integer-15-allowed_targets10-float]",
        "JSONTest::test_index_cross_casts[getitem-integer-15-allowed_targets10-integer]",
        "JSONTest::test_index_cross_casts[getitem-integer-15-allowed_targets10-numeric]",
        "JSONTest::test_index_cross_casts[getitem-integer-15-allowed_targets10-string]",
        "JSONTest::test_index_cross_casts[getitem-integer-None-allowed_targets13-boolean]",
        "JSONTest::test_index_cross_casts[getitem-integer-None-allowed_targets13-float]",
        "JSONTest::test_index_cross_casts[getitem-integer-None-allowed_targets13-integer]",
        "JSONTest::test_index_cross_casts[getitem-integer-None-allowed_targets13-numeric]",
        "JSONTest::test_index_cross_casts[getitem-integer-None-allowed_targets13-string]",
        "JSONTest::test_index_cross_casts[getitem-numeric-1234567.89-allowed_targets16-float]",
        "JSONTest::test_index_cross_casts[getitem-numeric-1234567.89-allowed_targets16-numeric]",
        "JSONTest::test_index_cross_casts[getitem-numeric-1234567.89-allowed_targets16-string]",
        "JSONTest::test_index_cross_casts[getitem-string-45-allowed_targets3-float]",
        "JSONTest::test_index_cross_casts[getitem-string-45-allowed_targets3-integer]",
        "JSONTest::test_index_cross_casts[getitem-string-45-allowed_targets3-numeric]",
        "JSONTest::test_index_cross_casts[getitem-string-45-allowed_targets3-string]",
        "JSONTest::test_index_cross_casts[getitem-string-45.684-allowed_targets4-float]",
        "JSONTest::test_index_cross_casts[getitem-string-45.684-allowed_targets4-numeric]",
        "JSONTest::test_index_cross_casts[getitem-string-45.684-allowed_targets4-string]",
        "JSONTest::test_index_cross_casts[getitem-string-None-allowed_targets6-boolean]",
        "JSONTest::test_index_cross_casts[getitem-string-None-allowed_targets6-float]",
        "JSONTest::test_index_cross_casts[getitem-string-None-allowed_targets6-integer]",
        "JSONTest::test_index_cross_casts[getitem-string-None-allowed_targets6-numeric]",
        "JSONTest::test_index_cross_casts[getitem-string-None-allowed_targets6-string]",
        "JSONTest::test_index_cross_casts[getitem-string-false-allowed_targets9-boolean]",
        "JSONTest::test_index_cross_casts[getitem-string-false-allowed_targets9-string]",
        "JSONTest::test_index_cross_casts[getitem-string-r\\xe9ve ill\\xe9-allowed_targets7-string]",
        "JSONTest::test_index_cross_casts[getitem-string-some string-allowed_targets5-string]",
        "JSONTest::test_index_cross_casts[getitem-string-true-allowed_targets8-boolean]",
        "JSONTest::test_index_cross_casts[getitem-string-true-allowed_targets8-string]",
        "JSONTest::test_index_cross_casts[path-boolean-False-allowed_targets1-boolean]",
        "JSONTest::test_index_cross_casts[path-boolean-False-allowed_targets1-string]",
        "JSONTest::test_index_cross_casts[path-boolean-None-allowed_targets2-boolean]",
        "JSONTest::test_index_cross_casts[path-boolean-None-allowed_targets2-float]",
        "JSONTest::test_index_cross_casts[path-boolean-None-allowed_targets2-integer]",
        "JSONTest::test_index_cross_casts[path-boolean-None-allowed_targets2-numeric]",
        "JSONTest::test_index_cross_casts[path-boolean-None-allowed_targets2-string]",
        "JSONTest::test_index_cross_casts[path-boolean-True-allowed_targets0-boolean]",
        "JSONTest::test_index_cross_casts[path-boolean-True-allowed_targets0-string]",
        "JSONTest::test_index_cross_casts[path-float-1234567.89-allowed_targets15-float]",
        "JSONTest::test_index_cross_casts[path-float-1234567.89-allowed_targets15-numeric]",
        "JSONTest::test_index_cross_casts[path-float-1234567.89-allowed_targets15-string]",
        "JSONTest::test_index_cross_casts[path-float-None-allowed_targets14-boolean]",
        "JSONTest::test_index_cross_casts[path-float-None-allowed_targets14-float]",
        "JSONTest::test_index_cross_casts[path-float-None-allowed_targets14-integer]",
        "JSONTest::test_index_cross_casts[path-float-None-allowed_targets14-numeric]",
        "JSONTest::test_index_cross_casts[path-float-None-allowed_targets14-string]",
        "JSONTest::test_index_cross_casts[path-integer-0-allowed_targets12-boolean]",
        "JSONTest::test_index_cross_casts[path-integer-0-allowed_targets12-float]",
        "JSONTest::test_index_cross_casts[path-integer-0-allowed_targets12-integer]",
        "JSONTest::test_index_cross_casts[path-integer-0-allowed_targets12-numeric]",
        "JSONTest::test_index_cross_casts[path-integer-0-allowed_targets12-string]",
        "JSONTest::test_index_cross_casts[path-integer-1-allowed_targets11-boolean]",
        "JSONTest::test_index_cross_casts[path-integer-1-allowed_targets11-float]",
        "JSONTest::test_index_cross_casts[path-integer-1-allowed_targets11-integer]",
        "JSONTest::test_index_cross_casts[path-integer-1-allowed_targets11-numeric]",
        "JSONTest::test_index_cross_casts[path-integer-1-allowed_targets11-string]",
        "JSONTest::test_index_cross_casts[path-integer-15-allowed_targets10-float]",
        "JSONTest::test_index_cross_casts[path-integer-15-allowed_targets10-integer]",
        "JSONTest::test_index_cross_casts[path-integer-15-allowed_targets10-numeric]",
        "JSONTest::test_index_cross_casts[path-integer-15-allowed_targets10-string]",
        "JSONTest::test_index_cross_casts[path-integer-None-allowed_targets13-boolean]",
        "JSONTest::test_index_cross_casts[path-integer-None-allowed_targets13-float]",
        "JSONTest::test_index_cross_casts[path-integer-None-allowed_targets13-integer]",
        "JSONTest::test_index_cross_casts[path-integer-None-allowed_targets13-numeric]",
        "JSONTest::test_index_cross_casts[path-integer-None-allowed_targets13-string]",
        "JSONTest::test_index_cross_casts[path-numeric-1234567.89-allowed_targets16-float]",
        "JSONTest::test_index_cross_casts[path-numeric-1234567.89-allowed_targets16-numeric]",
        "JSONTest::test_index_cross_casts[path-numeric-1234567.89-allowed_targets16-string]",
        "JSONTest::test_index_cross_casts[path-string-45-allowed_targets3-float]",
        "JSONTest::test_index_cross_casts[path-string-45-allowed_targets3-integer]",
        "JSONTest::test_index_cross_casts[path-string-45-allowed_targets3-numeric]",
        "JSONTest::test_index_cross_casts[path-string-45-allowed_targets3-string]",
        "JSONTest::test_index_cross_casts[path-string-45.684-allowed_targets4-float]",
        "JSONTest::test_index_cross_casts[path-string-45.684-allowed_targets4-numeric]",
        "JSONTest::test_index_cross_casts[path-string-45.684-allowed_targets4-string]",
        "JSONTest::test_index_cross_casts[path-string-None-allowed_targets6-boolean]",
        "JSONTest::test_index_cross_casts[path-string-None-allowed_targets6-float]",
        "JSONTest::test_index_cross_casts[path-string-None-allowed_targets6-integer]",
        "JSONTest::test_index_cross_casts[path-string-None-allowed_targets6-numeric]",
        "JSONTest::test_index_cross_casts[path-string-None-allowed_targets6-string]",
        "JSONTest::test_index_cross_casts[path-string-false-allowed_targets9-boolean]",
        "JSONTest::test_index_cross_casts[path-string-false-allowed_targets9-string]",
        "JSONTest::test_index_cross_casts[path-string-r\\xe9ve ill\\xe9-allowed_targets7-string]",
        "JSONTest::test_index_cross_casts[path-string-some string-allowed_targets5-string]",
        "JSONTest::test_index_cross_casts[path-string-true-allowed_targets8-boolean]",
        "JSONTest::test_index_cross_casts[path-string-true-allowed_targets8-string]",
        "JSONTest::test_round_trip_json_null_as_json_null",
        "JSONTest::test_round_trip_none_as_json_null",
        "NumericTest::test_decimal_coerce_round_trip_w_cast",
    ),
    reasons.NO_COMPUTING: (
        "DateHistoricTest::test_null_bound_comparison",
        "DateTest::test_null_bound_comparison",
        "DateTimeHistoricTest::test_null_bound_comparison",
        "DateTimeMicrosecondsTest::test_null_bound_comparison",
        "DateTimeTZHistoricTest::test_null_bound_comparison",
        "DateTimeTZTest::test_null_bound_comparison",
        "DateTimeTest::test_null_bound_comparison",
        "ExpandingBoundInTest::test_null_in_empty_set_is_false_bindparam",
        "ExpandingBoundInTest::test_null_in_empty_set_is_false_direct",
        "IntegerTest::test_huge_int_auto_accommodation",
        "NumericTest::test_enotation_decimal",
        "NumericTest::test_enotation_decimal_large",
        "NumericTest::test_float_as_decimal",
        "NumericTest::test_float_as_float",
        "NumericTest::test_float_custom_scale",
        "NumericTest::test_many_significant_digits",
        "NumericTest::test_numeric_as_decimal",
        "NumericTest::test_numeric_as_float",
        "NumericTest::test_numeric_no_decimal",
        "NumericTest::test_numeric_null_as_decimal",
        "NumericTest::test_numeric_null_as_float",
        "NumericTest::test_precision_decimal",
        "OrderByLabelTest::test_composed_int",
        "OrderByLabelTest::test_composed_int_desc",
        "OrderByLabelTest::test_composed_multiple",
        "TimeMicrosecondsTest::test_null_bound_comparison",
        "TimeTZTest::test_null_bound_comparison",
        "TimeTest::test_null_bound_comparison",
        "TimestampMicrosecondsTest::test_null_bound_comparison",
        "TrueDivTest",
    ),
    reasons.NO_FOR_UPDATE: (
        "ServerSideCursorsTest::test_ss_cursor_status[for_update_expr]",
        "ServerSideCursorsTest::test_ss_cursor_status[for_update_string]",
    ),
    reasons.NO_JOINS: (
        "JoinTest",
        "SameNamedSchemaTableTest",
    ),
    reasons.NO_LEVELS: (
        "IsolationLevelTest::test_all_levels",
        "IsolationLevelTest::test_dialect_user_setting_is_restored",
        "IsolationLevelTest::test_non_default_isolation_level",
    ),
    reasons.NO_REFLECTION: (
        "ComponentReflectionTest",
        "ComponentReflectionTestExtra::test_server_defaults",
        "CompositeKeyReflectionTest",
        "FutureTableDDLTest::test_create_index_if_not_exists",
        "FutureTableDDLTest::test_drop_index_if_exists",
        "LongNameBlowoutTest::test_long_convention_name[ix-_exclusions_02]",
        "LongNameBlowoutTest::test_long_convention_name[pk-_exclusions_01]",
        "QuotedNameArgumentTest",
        "TableDDLTest::test_create_index_if_not_exists",
        "TableDDLTest::test_drop_index_if_exists",
        "UnicodeSchemaTest::test_reflect",
    ),
    reasons.NO_SET_EXPRESSIONS: (
        "ServerSideCursorsTest::test_roundtrip_fetchall",
        "RowCountTest::test_update_delete_rowcount_return_defaults[update-implicit_returning]",
        "RowCountTest::test_update_delete_rowcount_return_defaults[update-not_implicit_returning]",
    ),
    reasons.NO_STAR_OF_TEXT: (
        "NameDenormalizeTest::test_cols_driver_cols[not_use_driver_cols-driver_sql]",
        "NameDenormalizeTest::test_cols_driver_cols[not_use_driver_cols-text_cols]",
        "NameDenormalizeTest::test_cols_driver_cols[not_use_driver_cols-text_star]",
        "NameDenormalizeTest::test_cols_driver_cols[use_driver_cols-driver_sql]",
        "NameDenormalizeTest::test_cols_driver_cols[use_driver_cols-text_cols]",
        "NameDenormalizeTest::test_cols_driver_cols[use_driver_cols-text_star]",
    ),
    reasons.NO_SUBQUERIES: (
        "CompoundSelectTest::test_select_from_plain_union",
        "ExistsTest",
        "FetchLimitOffsetTest::test_limit_render_multiple_times",
        "RowFetchTest::test_row_w_scalar_select",
        "ServerSideCursorsTest::test_aliases_and_ss",
    ),
    reasons.NO_TABLE_AS: (
        "TableViaSelectTest::test_without_metadata[plain0]",
        "TableViaSelectTest::test_without_metadata[plain1]",
        "TableViaSelectTest::test_without_metadata[use_schema0]",
    ),
    reasons.NO_UNION: (
        "CompoundSelectTest::test_distinct_selectable_in_unions",
        "CompoundSelectTest::test_limit_offset_aliased_selectable_in_unions",
        "CompoundSelectTest::test_plain_union",
    ),
    reasons.NO_VIEWS: ("TableViaSelectTest::test_without_metadata[use_schema1]",),
    reasons.OWN_TEXT: (
        "PostCompileParamsTest::test_execute",
        "PostCompileParamsTest::test_execute_expanding_plus_literal_execute",
        "PostCompileParamsTest::test_execute_tuple_expanding_plus_literal_execute",
        "PostCompileParamsTest::test_execute_tuple_expanding_plus_literal_heterogeneous_execute",
    ),
}
_ONLY_2_0 = {
    reasons.NO_UNION: (
        "DeprecatedCompoundSelectTest::test_distinct_selectable_in_unions",
        "DeprecatedCompoundSelectTest::test_limit_offset_aliased_selectable_in_unions",
        "DeprecatedCompoundSelectTest::test_plain_union",
    ),
}
_REFUSED = (exc.NotSupportedError, errors.NotSupportedError, NotImplementedError)
REFUSALS: Mapping[str, type[Exception] | tuple[type[Exception], ...]] = {
    **dict.fromkeys(NOT_YET, _REFUSED),
    reasons.OWN_TEXT: AssertionError,
}
"""What a listed test has to fail with: a refusal, so that the list hides no wrong answer."""
_TABLES = (NOT_YET, _ONLY_2_0) if sa.__version__.startswith("2.0.") else (NOT_YET,)
_SENTENCES = {name: sentence for table in _TABLES for sentence, names in table.items() for name in names}
_DRIVER = re.compile(r"_dynamodb\+\w+$")


def reason_for(test: str) -> str | None:
    """The sentence for a test's node id, or ``None`` where it is not listed."""
    return next((_SENTENCES[name] for name in names_of(test) if name in _SENTENCES), None)


def names_of(test: str) -> tuple[str, ...]:
    """The names that a node id may be listed under: its class, its function, itself."""
    _, _, rest = test.partition("::")
    class_, _, function = rest.partition("::")
    class_ = _DRIVER.sub("", class_)
    return class_, f"{class_}::{function.partition('[')[0]}", f"{class_}::{function}"
