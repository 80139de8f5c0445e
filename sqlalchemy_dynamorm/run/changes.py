"""UPDATE and DELETE: by key as one conditional request, else the keys are found first; at once or buffered."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy_dynamorm.errors import Error, SerializationError, StaleRow
from sqlalchemy_dynamorm.plan.assignments import Give, Take, written_by
from sqlalchemy_dynamorm.plan.predicates import NEVER, columns_of
from sqlalchemy_dynamorm.plan.schema import Column
from sqlalchemy_dynamorm.plan.steps import ChangePlan
from sqlalchemy_dynamorm.run.assignments import Setting, setting
from sqlalchemy_dynamorm.run.at_once import AtOnce
from sqlalchemy_dynamorm.run.bind import Bound
from sqlalchemy_dynamorm.run.buffer import Buffer
from sqlalchemy_dynamorm.run.checking import Judge, judges
from sqlalchemy_dynamorm.run.commit import commit
from sqlalchemy_dynamorm.run.decode import RowDecoder
from sqlalchemy_dynamorm.run.early import refuse_taken_keys, refuse_taken_values
from sqlalchemy_dynamorm.run.evaluate import checker
from sqlalchemy_dynamorm.run.finding import Finder
from sqlalchemy_dynamorm.run.images import Image
from sqlalchemy_dynamorm.run.items import applied
from sqlalchemy_dynamorm.run.keys import Identity, identity, key_from_values, key_given, key_of
from sqlalchemy_dynamorm.run.origins import Origin
from sqlalchemy_dynamorm.run.overlay import complete
from sqlalchemy_dynamorm.run.reads import Reader, Scope, project
from sqlalchemy_dynamorm.run.request import Asking, Execution, Outcome, Pause, Rows, held
from sqlalchemy_dynamorm.run.searching import Searching
from sqlalchemy_dynamorm.run.showing import showing
from sqlalchemy_dynamorm.run.sources import Row, whole_items
from sqlalchemy_dynamorm.run.targets import Target, rounds
from sqlalchemy_dynamorm.run.values import Item
from sqlalchemy_dynamorm.run.writing import Check

ATTEMPTS = 10
"""How often an item is read and changed anew in AUTOCOMMIT, where others change it meanwhile."""


@dataclass(frozen=True)
class Changer:
    """A change plan with its decoders, made once and run with any values."""

    plan: ChangePlan
    decoder: RowDecoder = field(init=False)
    fields: tuple[Column, ...] = field(init=False)
    whole: RowDecoder = field(init=False)
    needed: frozenset[str] | None = field(init=False)
    finder: Reader | None = field(init=False)
    at_once: AtOnce = field(init=False)
    judges: tuple[Judge, ...] = field(init=False)
    searching: Searching | None = field(init=False)

    def __post_init__(self) -> None:
        plan = self.plan
        object.__setattr__(self, "decoder", RowDecoder(plan.returning.fields if plan.returning else ()))
        everything = tuple(dict.fromkeys([*plan.table.columns, *columns_of(plan.where)]))
        object.__setattr__(self, "fields", everything)
        object.__setattr__(self, "whole", RowDecoder(everything))
        object.__setattr__(self, "at_once", AtOnce(plan, self.decoder, everything, self.whole))
        object.__setattr__(self, "judges", judges(plan.table, plan.checks))
        object.__setattr__(self, "needed", _needed(plan))
        object.__setattr__(self, "finder", Reader(plan.find) if plan.find is not None else None)
        searching = None if plan.finding is None else Searching(self, Finder(plan.table, plan.finding))
        object.__setattr__(self, "searching", searching)

    def run(self, batch: Sequence[Bound], scope: Scope, buffer: Buffer | None) -> Execution:
        """Change what each set of values says; the rowcount is exact."""
        return showing(self._run(batch, scope, buffer), self.plan.returning, batch)

    def _run(self, batch: Sequence[Bound], scope: Scope, buffer: Buffer | None) -> Execution:
        count = 0
        if self.searching is not None and self._judged_by:
            for row, values in enumerate(batch, 1):
                count += yield from self.searching.run(values, row, scope, buffer)
            return Outcome(count)
        # Where keys must be found, each set of values sees what the one before it changed.
        parts = [(1, batch)] if self.plan.key is not None else [(row, [values]) for row, values in enumerate(batch, 1)]
        for first, part in parts:
            targets = yield from self._targets(part, first, len(batch), scope)
            if buffer is not None:
                count += yield from self._judged(targets, buffer)
            elif self.plan.moves or self._guarded or (self.plan.tokened and self.plan.returning is not None):
                for target in targets:
                    count += yield from alone(partial(self._judged, [target]))
            else:
                for together in rounds(self.plan.table, targets):
                    count += yield from self.at_once.run(together)
        return Outcome(count)

    def _targets(self, batch: Sequence[Bound], first: int, rows: int, scope: Scope) -> Asking[list[Target]]:
        """The items that may be meant, in order.

        :param first: which of the statement's sets of values the first one is; of ``rows``.
        """
        table, plan = self.plan.table, self.plan
        targets: list[Target] = []
        for row, values in enumerate(batch, first):
            if self.searching is not None:
                targets += yield from self.searching.targets(values, row, scope)
                continue
            try:
                set_ = self.setting(values)
            except Error as error:
                raise Origin(None, row, rows).of(error) from None
            if plan.key is not None:
                key = key_given(table, plan.key, values, plan.check)
                keys = [] if key is None else [key]
            else:
                keys = yield from self._found(values, scope)
            targets.extend(Target(key, values, set_, row) for key in keys)
        return targets

    def setting(self, values: Bound, taken: Sequence[Any] = ()) -> Setting | None:
        """What one set of values sets; ``None`` to delete.

        :param taken: what the SELECT that found the row computed for it.
        """
        plan = self.plan
        if plan.assignments is None:
            return None
        return setting(plan.table, plan.assignments, values, taken, self.judges)

    def _found(self, values: Bound, scope: Scope) -> Asking[list[Item]]:
        assert self.finder is not None
        if self.plan.where == NEVER:
            return []
        rows = yield from self.finder.found(values, scope)
        return [key for row in rows if (key := key_from_values(self.plan.table, row)) is not None]

    @property
    def _judged_by(self) -> frozenset[str]:
        """The attributes that SQLite judged by and computed with."""
        return frozenset(() if self.plan.finding is None else (each.name for each in self.plan.finding.judged))

    # --- AUTOCOMMIT, where it takes several actions ---

    @property
    def _guarded(self) -> bool:
        """Whether guards change with the items, or other items are checked."""
        set_ = None if self.plan.assignments is None else written_by(self.plan.table, self.plan.assignments)
        table = self.plan.table
        if set_ is None:
            return bool(table.uniques or table.referrers)
        return any(set_ & {*columns} for columns in table.constrained)

    # --- in a transaction ---

    def _judged(self, targets: list[Target], buffer: Buffer) -> Asking[int]:
        """Know the items, those together that must be read, then change those on which the WHERE holds, in order."""
        images = yield from self.images(targets, buffer)
        return (yield from self.judged(targets, images, buffer))

    def judged(self, targets: list[Target], images: Mapping[Identity, Image], buffer: Buffer) -> Asking[int]:
        """Change those items on which the WHERE holds, in order; returns how many they are.

        :param images: the items as they were read, of those that this transaction has not written.
        """
        table, early = self.plan.table, self.plan.early or buffer.early
        changed: list[Item] = []
        moved: list[tuple[Item, Item]] = []
        for target in targets:
            entry = buffer.entry(table, target.key)
            image = images[identity(target.key, table)] if entry is None else entry.image
            if image.item is not None and self.matches(image.item, target):
                buffer.at(target.row)
                try:
                    after = yield from self._change(target, image, buffer)
                except Error as error:
                    raise buffer.origin.of(error, target.key) from None
                changed.append(target.key if after is None else key_of(after, table))
                if after is not None and identity(changed[-1], table) != identity(target.key, table):
                    moved.append((target.key, after))
            elif buffer.repeatable:
                buffer.watch(table, target.key, [column.name for column in columns_of(self.plan.where)])
            if self.plan.find is None and self.plan.finding is None:  # each is a statement of its own
                yield from self._arrive(buffer, moved, early=early)
        yield from self._arrive(buffer, moved, early=early)
        if early:
            yield from refuse_taken_values(buffer, table, changed)
        return len(changed)

    def _arrive(self, buffer: Buffer, moved: list[tuple[Item, Item]], *, early: bool) -> Asking[None]:
        """Put the items that a statement has moved, once all of them have left their keys.

        :param moved: the key that each has left, and the item as it is put; emptied.
        """
        table = self.plan.table
        if early and moved:
            yield from refuse_taken_keys(buffer, table, [key_of(item, table) for _, item in moved])
        while moved:
            left, item = moved.pop(0)
            buffer.insert(table, item, left=left)

    def images(self, targets: list[Target], buffer: Buffer) -> Asking[dict[Identity, Image]]:
        """The items as this transaction sees them; those of which it knows too little are read, whole, together."""
        table = self.plan.table
        yield from complete(buffer, table, self.needed, {identity(target.key, table) for target in targets})
        images: dict[Identity, Image] = {}
        keys: dict[Identity, Item] = {}
        for target in targets:
            found, image = identity(target.key, table), self._known(target, buffer)
            if image is None:
                keys[found] = target.key
            else:
                images[found] = image
        stored = (yield from whole_items(table, list(keys.values()))) if keys else {}
        for found, key in keys.items():
            images[found] = Image(stored.get(found))
            buffer.images.put(table, key, images[found])
        return images

    def _known(self, target: Target, buffer: Buffer) -> Image | None:
        """What this transaction knows of an item, if that decides.

        An image on which the WHERE does not hold may be out of date, so it decides only where reads are repeatable.
        """
        entry = buffer.entry(self.plan.table, target.key)
        if entry is not None:
            return entry.image
        image = buffer.images.find(self.plan.table, target.key)
        if image is None or buffer.repeatable:
            return image
        decides = image.item is not None and image.holds(self.needed) and self.matches(image.item, target)
        return image if decides else None

    def matches(self, image: Item, target: Target) -> bool:
        """Whether the WHERE holds on an item, as far as DynamoDB judges it."""
        return checker(self.plan.where, self.fields, target.values)(self.whole.row(image))

    def _change(self, target: Target, image: Image, buffer: Buffer) -> Asking[Item | None]:
        """Change one item that matched; returns it as it then is, ``None`` where it is deleted.

        One whose key changes has left its old key, and is still to be put under the new one.
        """
        table, check, before = self.plan.table, Check(self.plan.rest, target.values), image.item or {}
        done = None if target.setting is None else target.setting.of(before).judged_by(self._judged_by)
        after = None if done is None else applied(before, done.edits, table)
        if after is not None and key_of(after, table) != key_of(before, table):
            buffer.leave(table, image, check)
        elif done is None:
            buffer.delete(table, image, check)
            buffer.show(table, target.key, self._judged_by)
        else:
            buffer.update(table, image, done.without(table.key_columns), check)
        if self.plan.returning is not None:
            buffer.show(table, target.key, [column.name for column in self.plan.returning.fields])
            shown = self.decoder.row(before if after is None else after)
            yield Rows([project(self.plan.returning, shown, target.values)])
        return after


def alone(judged: Callable[[Buffer], Asking[int]]) -> Asking[int]:
    """What is done to one item in a transaction of its own, since it takes several actions; anew where another was
    faster."""
    for attempt in range(ATTEMPTS):
        own, shown = Buffer(), list[Row]()
        count = yield from held(judged(own), shown)
        try:
            yield from commit(own)
        except (StaleRow, SerializationError):
            if attempt + 1 == ATTEMPTS:
                raise
            yield Pause(random.uniform(0, 0.01 * 2**attempt))
            continue
        break
    if shown:
        yield Rows(shown)
    return count


def _needed(plan: ChangePlan) -> frozenset[str] | None:
    """The attributes that an image must hold, to be changed without reading the item again; ``None`` for all."""
    table = plan.table
    if plan.moves or not all(isinstance(each.change, Give | Take) for each in plan.assignments or ()):
        return None
    given = {each.column for each in plan.assignments or ()}
    if written_by(table, plan.assignments or ()) != {column.name for column in given}:
        return None
    shown = [column for column in (plan.returning.fields if plan.returning else ()) if column not in given]
    guarded = [name for columns in table.constrained for name in columns]
    judged = () if plan.finding is None else plan.finding.judged
    checked = frozenset(name for rule in plan.checks for name in rule.columns) - {column.name for column in given}
    referred = table.key_columns if plan.assignments is None and table.referrers else ()
    read = (column.name for column in (*columns_of(plan.where), *shown, *judged))
    return frozenset([*read, *guarded, *checked, *referred])
