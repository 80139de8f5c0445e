"""The tests of SQLAlchemy's suite that cannot pass yet, by name. Each is run, and leaves this list when it passes.

A name is that of a class, ``Class::test`` or ``Class::test[parameters]``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlalchemy import exc

from sqlalchemy_dynamorm import errors
from tests.contract import reasons

NOT_YET: Mapping[str, tuple[str, ...]] = {
    reasons.NO_TABLE_AS: (
        "TableViaSelectTest::test_without_metadata[plain0]",
        "TableViaSelectTest::test_without_metadata[plain1]",
        "TableViaSelectTest::test_without_metadata[use_schema0]",
    ),
    reasons.INLINE_INDEXES: (
        "FutureTableDDLTest::test_create_index_if_not_exists",
        "TableDDLTest::test_create_index_if_not_exists",
    ),
    reasons.NO_VIEW_NAMES: ("ComponentReflectionTest::test_get_view_names",),
    reasons.NO_VIEWS: ("TableViaSelectTest::test_without_metadata[use_schema1]",),
    reasons.OWN_TEXT: (
        "PostCompileParamsTest::test_execute",
        "PostCompileParamsTest::test_execute_expanding_plus_literal_execute",
        "PostCompileParamsTest::test_execute_tuple_expanding_plus_literal_execute",
        "PostCompileParamsTest::test_execute_tuple_expanding_plus_literal_heterogeneous_execute",
    ),
}
_REFUSED = (exc.NotSupportedError, errors.NotSupportedError, NotImplementedError)
REFUSALS: Mapping[str, type[Exception] | tuple[type[Exception], ...]] = {
    **dict.fromkeys(NOT_YET, _REFUSED),
    reasons.OWN_TEXT: AssertionError,
    reasons.INLINE_INDEXES: AssertionError,
    reasons.NO_VIEW_NAMES: AssertionError,
}
"""What a listed test has to fail with: a refusal, so that the list hides no wrong answer."""
_SENTENCES = {name: sentence for sentence, names in NOT_YET.items() for name in names}
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
