from __future__ import annotations

import pickle
from typing import Any

import pytest
from sqlalchemy import exc

from sqlalchemy_dynamorm import errors
from sqlalchemy_dynamorm.dialect.refusal import Misdeclared, UnsupportedCompile, compiling, refuse, wrapped


@pytest.mark.parametrize(
    ("kind", "parents"),
    [
        (UnsupportedCompile, (errors.Unsupported, errors.NotSupportedError, exc.CompileError)),
        (Misdeclared, (errors.ProgrammingError, exc.CompileError)),
    ],
)
def test_a_refusal_is_caught_as_either(kind: Any, parents: tuple[type, ...]) -> None:
    assert all(issubclass(kind, parent) for parent in parents)
    error = pickle.loads(pickle.dumps(kind("A hint is not supported.")))
    assert (str(error), error.code, error.retryable) == ("A hint is not supported.", kind.__name__, False)


def test_a_refusal_names_what_and_why() -> None:
    with pytest.raises(UnsupportedCompile, match=r"^X is not supported: it is Y\.$"):
        refuse("X", "it is Y")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.Unsupported("no"), UnsupportedCompile),
        (errors.ProgrammingError("no"), Misdeclared),
        (Misdeclared("no"), Misdeclared),
        (errors.DataError("no"), errors.DataError),
    ],
)
def test_what_the_layers_below_refuse_is_converted(error: errors.Error, kind: type[errors.Error]) -> None:
    with pytest.raises(kind, match="no") as caught, compiling():
        raise error
    assert caught.type is kind


def test_an_error_of_no_statement_is_wrapped() -> None:
    with pytest.raises(exc.OperationalError) as caught, wrapped():
        raise errors.Throttled("slow down")
    assert isinstance(caught.value.orig, errors.Throttled)
