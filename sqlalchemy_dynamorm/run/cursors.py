"""Where a page begins, as a text for a user to keep: opaque, and good only for the statement it was given for.

The text is base64 of a signature, a digest of what was asked, and the position. It holds the key of the last row, which
can be read; with a secret it cannot be changed.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

import msgspec

from sqlalchemy_dynamorm.errors import ProgrammingError
from sqlalchemy_dynamorm.plan.explain import rows as steps
from sqlalchemy_dynamorm.plan.steps import ReadPlan
from sqlalchemy_dynamorm.run.decode import wire_item
from sqlalchemy_dynamorm.run.request import Position

_DIGEST = 16
"""Bytes of the digest and of the signature: 128 bits each."""


def digest(text: str, plan: ReadPlan, values: Mapping[str, Any]) -> bytes:
    """What was asked, in short: the text, the values, and the table, index and direction it is read by."""
    read = [step[:6] for step in steps(plan)]
    direction = getattr(plan.access, "forward", None)
    said = repr((text, read, direction, sorted((name, _stable(value)) for name, value in values.items())))
    return hashlib.sha256(said.encode()).digest()[:_DIGEST]


def _stable(value: Any) -> str:
    """A value's text, the same in every process: a set has no order of its own."""
    if isinstance(value, set | frozenset):
        return f"{{{', '.join(sorted(map(repr, value)))}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_stable, value))}]"
    return repr(value)


def written(position: Position, asked: bytes, secret: bytes) -> str:
    """The text of a position."""
    body = asked + msgspec.json.encode({"at": position.request, "Item": position.key})
    return urlsafe_b64encode(_signature(body, secret) + body).decode().rstrip("=")


def read(text: str, asked: bytes, secret: bytes) -> Position:
    """The position that a text stands for.

    :raises ProgrammingError: it is no cursor, was changed or signed with another secret, or is of another statement.
    """
    try:
        whole = urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4))
    except (ValueError, AttributeError):
        raise ProgrammingError("This is not a cursor of paginate(); pass on what the page before gave.") from None
    signature, body = whole[:_DIGEST], whole[_DIGEST:]
    if not hmac.compare_digest(signature, _signature(body, secret)):
        raise ProgrammingError(
            "This is not a cursor of paginate(), or it was changed on its way, or signed with another secret."
        )
    if body[:_DIGEST] != asked:
        raise ProgrammingError(
            "The cursor is of another statement, or of other values, or the statement is read by another index now: "
            "a cursor goes on with the statement that gave it. Begin with the first page."
        )
    position = body[_DIGEST:]
    return Position(msgspec.json.decode(position)["at"], wire_item(position))


def _signature(body: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, body, "sha256")[:_DIGEST]
