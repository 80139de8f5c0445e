from __future__ import annotations

import json
import sqlite3
from typing import Any

import pytest

from sqlalchemy_dynamorm.errors import DataError
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.paths import changed, parse
from sqlalchemy_dynamorm.run.values import decode, encode

DOC = Column("doc", Kind.DOCUMENT)
DOCUMENTS: list[Any] = [{}, [], [1, 2], {"a": {}}, {"a": [1, [2], {"b": 3}]}, {"a": 1, "b c": {"a": [0]}}, {"a": None}]
PATHS = [
    "$.a",
    "$.a.b",
    "$.a[0]",
    "$.a[1][0]",
    "$.a[2].b",
    "$.a[3]",
    "$.a[9]",
    "$.a[#]",
    "$.a[#-1]",
    "$.a[#-9]",
    "$[0]",
    "$[#].a",
    '$."b c".a[0]',
    "$.x[0].y",
    "$.x[1]",
    "$.x[#]",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("function", ["json_set", "json_remove"])
def test_a_change_means_what_it_means_in_sqlite(path: str, function: str) -> None:
    database = sqlite3.connect(":memory:")
    new = {"N": "7"} if function == "json_set" else None
    for document in DOCUMENTS:
        wire = encode(document, DOC)
        assert wire is not None
        more = ", 7" if function == "json_set" else ""
        expected = database.execute(f"SELECT {function}(?, ?{more})", (json.dumps(document), path)).fetchone()[0]
        assert decode(changed(wire, parse(path), new), DOC) == json.loads(expected), document
    database.close()


@pytest.mark.parametrize("path", ["", "a", "$.", "$..a", "$[", "$[a]", "$[-1]", "$.a b[", 1, None])
def test_what_is_no_path_is_refused(path: Any) -> None:
    with pytest.raises(DataError, match="JSON path"):
        parse(path)
