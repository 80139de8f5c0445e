"""Logical names and DynamoDB's: a schema is a prefix, and what DynamoDB refuses in a name is escaped, reversibly.

DynamoDB takes 3 to 255 of ``a-z A-Z 0-9 _ . -`` (its developer guide, "Naming rules"). Any other character, and a
separator inside a name, is written ``-x20-`` (its code point in hexadecimal); every other name stays as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy_dynamorm.errors import InterfaceError, ProgrammingError

SHORTEST, LONGEST = 3, 255


@dataclass(frozen=True, slots=True)
class _Scheme:
    """How one separator's names are escaped.

    :ivar mark: what stands around an escape: ``-``, or ``_`` where the separator has a ``-``.
    """

    separator: str
    mark: str
    escape: re.Pattern[str]

    def encoded(self, name: str, also: str) -> str:
        """The name with each character escaped that DynamoDB refuses or that is one of ``also``."""
        return "".join(_escaped(char, self.mark) if char in also or not _allowed(char) else char for char in name)

    def decoded(self, text: str) -> str:
        return self.escape.sub(lambda found: _character(found[1], found[0]), text)


def physical(name: str, schema: str | None, separator: str) -> str:
    """The name DynamoDB is told, the inverse of :func:`logical`.

    :param schema: the prefix, or ``None`` for none.
    :raises ProgrammingError: the name is empty or comes out longer than 255 characters.
    :raises InterfaceError: a separator that cannot be one.
    """
    scheme = _scheme(separator)
    if not name or schema == "":
        raise ProgrammingError("A table or index needs a name, and its schema too if it has one; one of them is empty.")
    written = next(text for text in _candidates(name, schema, scheme) if _is_exact(text, name, schema, scheme))
    if len(written) > LONGEST:
        raise ProgrammingError(
            f"The name {name[:40]!r}… is {len(written)} characters long in DynamoDB's form, which takes {LONGEST}; "
            "shorten it, or its schema."
        )
    return written


def logical(physical_name: str, separator: str) -> tuple[str | None, str]:
    """``(schema, name)`` of a DynamoDB name; a name that :func:`physical` would not write stands for itself.

    :raises InterfaceError: a separator that cannot be one.
    """
    scheme = _scheme(separator)
    schema, name = _split(physical_name, scheme)
    if not name or schema == "" or physical(name, schema, separator) != physical_name:
        return None, physical_name
    return schema, name


def _candidates(name: str, schema: str | None, scheme: _Scheme) -> list[str]:
    """Ever more escapes. The last keeps letters and digits alone, so nothing in it can be misread."""
    separator, mark = scheme.separator, scheme.mark
    return [
        _joined(scheme.encoded(name, also), None if schema is None else scheme.encoded(schema, also), separator)
        for also in ("." + separator, "._-" + separator + mark, name + (schema or ""))
    ]


def _joined(name: str, schema: str | None, separator: str) -> str:
    return name if schema is None else f"{schema}{separator}{name}"


def _is_exact(text: str, name: str, schema: str | None, scheme: _Scheme) -> bool:
    return len(text) >= SHORTEST and _split(text, scheme) == (schema, name)


def _split(text: str, scheme: _Scheme) -> tuple[str | None, str]:
    schema, found, name = text.partition(scheme.separator)
    if not found:
        return None, scheme.decoded(text)
    return scheme.decoded(schema), scheme.decoded(name)


@lru_cache(maxsize=16)
def _scheme(separator: str) -> _Scheme:
    if not re.fullmatch(r"[._]+|[.-]+", separator):
        raise InterfaceError(
            f"schema_separator={separator!r} cannot separate a schema from a name: write dots with underscores or "
            'dots with hyphens, for example ".", "_" or "--".'
        )
    mark = "_" if "-" in separator else "-"
    return _Scheme(separator, mark, re.compile(f"{mark}x([0-9a-f]{{1,6}}){mark}"))


def _allowed(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char in "_.-")


def _escaped(char: str, mark: str) -> str:
    return f"{mark}x{ord(char):x}{mark}"


def _character(code: str, unread: str) -> str:
    number = int(code, 16)
    return chr(number) if number <= 0x10FFFF else unread
