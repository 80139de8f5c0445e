"""Refusals at compile time: DBAPI errors of ours that are SQLAlchemy's ``CompileError`` too.

SQLAlchemy wraps a DBAPI error only where a cursor raised it. What is raised while a statement is compiled reaches
the caller as it is, so it has to be caught as either.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from sqlalchemy import exc

from sqlalchemy_dynamorm import errors


class UnsupportedCompile(errors.Unsupported, exc.CompileError):
    """A construct that is not handled (yet), by name."""

    code: Any  # both bases have one: ours is a name, SQLAlchemy's is a page of its documentation

    def __str__(self) -> str:
        return str(self.args[0])


class Misdeclared(errors.ProgrammingError, exc.CompileError):
    """A declaration that DynamoDB cannot have: a key, an index or an option that contradicts another."""

    code: Any  # both bases have one: ours is a name, SQLAlchemy's is a page of its documentation

    def __str__(self) -> str:
        return str(self.args[0])


def refuse(what: str, because: str = "it is not built yet") -> NoReturn:
    """Refuse a construct.

    :param what: its name, as the caller wrote it.
    :param because: why, and what to do.
    """
    raise UnsupportedCompile(f"{what} is not supported: {because}.")


@contextmanager
def compiling() -> Iterator[None]:
    """Raise what the layers below refuse as errors that are ``CompileError`` too."""
    try:
        yield
    except exc.CompileError:
        raise
    except errors.Unsupported as error:
        raise UnsupportedCompile(str(error)) from error
    except errors.ProgrammingError as error:
        raise Misdeclared(str(error)) from error


@contextmanager
def wrapped() -> Iterator[None]:
    """Raise a DBAPI error as SQLAlchemy's class of the same name, where no cursor is at work (the inspector)."""
    try:
        yield
    except errors.Error as error:
        raise exc.DBAPIError.instance(None, None, error, errors.Error, hide_parameters=True) from error
