"""JSON paths (``$.a."b c"[0]``) into a document in wire form, with the meaning of SQLite's json_set and json_remove."""

from __future__ import annotations

import json
import re
from typing import Any, Union

from sqlalchemy_dynamorm.errors import DataError
from sqlalchemy_dynamorm.run.values import WireValue

Segment = Union[str, int]
"""A name, or an index: from 0 up from the front; -1 is ``[#]``, behind the last, -2 is ``[#-1]``, the last."""

Path = tuple[Segment, ...]

_STEP = re.compile(r"""\.("(?:[^"\\]|\\.)*"|[^."\[\]]+)|\[(#?)(?:-?(\d+))?\]""")


def parse(text: Any) -> Path:
    """The segments of a path.

    :raises DataError: it is no such path, or the whole document.
    """
    if not isinstance(text, str) or not text.startswith("$"):
        raise DataError("A JSON path is a text that begins with $, such as $.name[0].")
    segments: list[Segment] = []
    at = 1
    while at < len(text):
        found = _STEP.match(text, at)
        segment = None if found is None else _segment(found)
        if found is None or segment is None:
            raise DataError(f'The JSON path is malformed at character {at + 1}; it is of .name, ."name" and [0].')
        segments.append(segment)
        at = found.end()
    return tuple(segments)


def _segment(found: re.Match[str]) -> Segment | None:
    name, end, number = found.groups()
    if name is not None:
        return str(json.loads(name)) if name.startswith('"') else str(name)
    text = found[0]
    if end:
        return None if number is not None and "-" not in text else -1 - int(number or 0)
    return None if number is None or "-" in text else int(number)


def changed(document: WireValue, path: Path, new: WireValue | None) -> WireValue:
    """The document with the value at a path set, or removed where ``new`` is ``None``.

    As in SQLite, objects and lists on the way are made when a value is set, an index can be at most the length of its
    list, and what leads nowhere changes nothing.
    """
    first, rest = path[0], path[1:]
    found = _at(document, first)
    if not rest:
        return _put(document, first, new)
    if found is None:
        inner = None if new is None else _made(rest, new)
        return document if inner is None else _put(document, first, inner)
    inner = changed(found, rest, new)
    return document if inner is found else _put(document, first, inner)


def _at(document: WireValue, segment: Segment) -> WireValue | None:
    if isinstance(segment, str):
        found: WireValue | None = document["M"].get(segment) if "M" in document else None
        return found
    if "L" not in document:
        return None
    items: list[WireValue] = document["L"]
    index = segment if segment >= 0 else len(items) + segment + 1
    return items[index] if 0 <= index < len(items) else None


def _put(document: WireValue, segment: Segment, new: WireValue | None) -> WireValue:
    if isinstance(segment, str):
        if "M" not in document or (new is None and segment not in document["M"]):
            return document
        kept = {name: wire for name, wire in document["M"].items() if new is not None or name != segment}
        return {"M": kept if new is None else {**kept, segment: new}}
    if "L" not in document:
        return document
    items: list[WireValue] = list(document["L"])
    index = segment if segment >= 0 else len(items) + segment + 1
    if not 0 <= index <= len(items) or (new is None and index == len(items)):
        return document
    items[index : index + 1] = [] if new is None else [new]
    return {"L": items}


def _made(path: Path, new: WireValue) -> WireValue | None:
    """A document that has nothing but a value at a path; ``None`` where there is none with such an index."""
    inner = _made(path[1:], new) if path[1:] else new
    if inner is None:
        return None
    if isinstance(path[0], str):
        return {"M": {path[0]: inner}}
    return {"L": [inner]} if path[0] == 0 else None


def parent(document: WireValue | None, path: Path) -> WireValue | None:
    """What holds the value at a path, ``None`` where there is nothing."""
    for segment in path[:-1]:
        if document is None:
            return None
        document = _at(document, segment)
    return document
