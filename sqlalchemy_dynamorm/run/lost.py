"""Single writes whose answer is lost: which of them may be sent again.

A transaction has a token, and may. A single write has none, so it is sent again only on a condition that cannot hold
any more once it was carried out. Does that condition fail, nobody knows whether it was this write or another that made
it fail, unless the key was made for this item alone (``Request.own``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy_dynamorm.plan.predicates import columns_of, conjuncts
from sqlalchemy_dynamorm.run.buffer import Entry
from sqlalchemy_dynamorm.run.decode import RowDecoder
from sqlalchemy_dynamorm.run.evaluate import checker
from sqlalchemy_dynamorm.run.values import Item, WireValue
from sqlalchemy_dynamorm.run.wire import same_wire
from sqlalchemy_dynamorm.run.writing import Check

Set = Mapping[str, "WireValue | None"]
"""What attributes are set to, whatever is stored; ``None`` removes one."""


def excludes_itself(entry: Entry) -> bool:
    """Whether the condition of an entry's action does not hold once the action was carried out.

    A delete without a condition counts too: done twice it does what it does once.
    """
    if entry.before is None or entry.after is None:
        return True
    if entry.replaced:
        read = {column.name for check in entry.checks for column in columns_of(check.where)}
        return excluded(
            {name: entry.after.get(name) for name in read | entry.pins}, entry.checks, entry.pins, entry.before
        )
    set_ = {name: entry.after.get(name) for name in entry.settled}
    return excluded(set_, entry.checks, entry.pins, entry.before)


def excluded(set_: Set, checks: Iterable[Check], pins: Iterable[str] = (), before: Item | None = None) -> bool:
    """Whether checks and pins cannot all hold on an item of which these attributes were set."""
    if any(name in set_ and not same_wire(set_[name], (before or {}).get(name)) for name in pins):
        return True
    image = {name: wire for name, wire in set_.items() if wire is not None}
    return any(_is_excluded(check, set_, image) for check in checks)


def _is_excluded(check: Check, set_: Set, image: Item) -> bool:
    """Whether a part of a WHERE that reads only what was set does not hold on it."""
    for part in conjuncts(check.where):
        columns = tuple(dict.fromkeys(columns_of(part)))
        known = columns and all(column.name in set_ for column in columns)
        if known and not checker(part, columns, check.values)(RowDecoder(columns).row(image)):
            return True
    return False
