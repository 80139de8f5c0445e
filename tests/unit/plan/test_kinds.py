from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.errors import Unsupported
from sqlalchemy_dynamorm.plan.kinds import kind_of, type_name
from sqlalchemy_dynamorm.plan.schema import Kind
from sqlalchemy_dynamorm.sql.nodes import TypeName


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("VARCHAR(30)", Kind.STRING),
        ("character varying(10)", Kind.STRING),
        ("NVARCHAR", Kind.STRING),
        ("CLOB", Kind.STRING),
        ("UUID", Kind.STRING),
        ("DATETIME", Kind.STRING),
        ("TIMESTAMP WITH TIME ZONE", Kind.STRING),
        ("BIGINT", Kind.INTEGER),
        ("NUMERIC(10, 2)", Kind.DECIMAL),
        ("DECIMAL", Kind.DECIMAL),
        ("FLOAT(53)", Kind.FLOAT),
        ("DOUBLE PRECISION", Kind.FLOAT),
        ("BOOLEAN", Kind.BOOLEAN),
        ("VARBINARY(16)", Kind.BINARY),
        ("JSON", Kind.DOCUMENT),
    ],
)
def test_a_type_has_a_kind(text: str, kind: Kind) -> None:
    assert kind_of(type_name(text)) is kind


def test_a_types_text_is_read() -> None:
    assert type_name(" numeric(10, 2) ") == TypeName("NUMERIC", ("10", "2"))
    assert type_name("DOUBLE PRECISION") == TypeName("DOUBLE PRECISION")


def test_an_unknown_type_is_refused_by_name() -> None:
    with pytest.raises(Unsupported, match=r"The type GEOGRAPHY is not supported"):
        kind_of(TypeName("GEOGRAPHY"))


@pytest.mark.parametrize("text", ['VARCHAR(30) COLLATE "de"', "INTEGER[]", "", "ENUM('a)')"])
def test_what_is_more_than_a_name_is_refused(text: str) -> None:
    with pytest.raises(Unsupported, match="only a name with arguments"):
        type_name(text)
