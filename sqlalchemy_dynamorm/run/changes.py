"""UPDATE and DELETE: by key as one conditional request, else the keys are found first; at once or buffered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy_dynamorm.errors import StaleRow
from sqlalchemy_dynamorm.plan.predicates import NEVER, columns_of
from sqlalchemy_dynamorm.plan.schema import Column
from sqlalchemy_dynamorm.plan.steps import ChangePlan
from sqlalchemy_dynamorm.run.assignments import setting
from sqlalchemy_dynamorm.run.at_once import AtOnce
from sqlalchemy_dynamorm.run.bind import Bound
from sqlalchemy_dynamorm.run.buffer import Buffer
from sqlalchemy_dynamorm.run.commit import commit
from sqlalchemy_dynamorm.run.decode import RowDecoder, wire_item
from sqlalchemy_dynamorm.run.evaluate import checker
from sqlalchemy_dynamorm.run.items import applied
from sqlalchemy_dynamorm.run.keys import Identity, identity, key_from_values, key_given, key_of
from sqlalchemy_dynamorm.run.reads import Reader, Scope, project
from sqlalchemy_dynamorm.run.request import Asking, Execution, Outcome, Request, Rows, held
from sqlalchemy_dynamorm.run.sources import Row, send_all
from sqlalchemy_dynamorm.run.targets import Target, rounds
from sqlalchemy_dynamorm.run.values import Item
from sqlalchemy_dynamorm.run.writing import Check

ATTEMPTS = 8
"""How often an item is read and changed anew in AUTOCOMMIT, where others change it meanwhile."""


@dataclass(frozen=True)
class Changer:
    """A change plan with its decoders, made once and run with any values."""

    plan: ChangePlan
    decoder: RowDecoder = field(init=False)
    fields: tuple[Column, ...] = field(init=False)
    whole: RowDecoder = field(init=False)
    finder: Reader | None = field(init=False)
    at_once: AtOnce = field(init=False)

    def __post_init__(self) -> None:
        plan = self.plan
        object.__setattr__(self, "decoder", RowDecoder(plan.returning.fields if plan.returning else ()))
        everything = tuple(dict.fromkeys([*plan.table.columns, *columns_of(plan.where)]))
        object.__setattr__(self, "fields", everything)
        object.__setattr__(self, "whole", RowDecoder(everything))
        object.__setattr__(self, "at_once", AtOnce(plan, self.decoder, everything, self.whole))
        object.__setattr__(self, "finder", Reader(plan.find) if plan.find is not None else None)

    def run(self, batch: Sequence[Bound], scope: Scope, buffer: Buffer | None) -> Execution:
        """Change what each set of values says; the rowcount is exact."""
        count = 0
        # Where keys must be found, each set of values sees what the one before it changed.
        for part in [batch] if self.plan.key is not None else [[values] for values in batch]:
            targets = yield from self._targets(part, scope)
            if buffer is not None:
                count += yield from self._judged(targets, buffer)
            elif self.plan.moves or self._guarded:
                for target in targets:
                    count += yield from self._alone(target)
            else:
                for together in rounds(self.plan.table, targets):
                    count += yield from self.at_once.run(together)
        return Outcome(count)

    def _targets(self, batch: Sequence[Bound], scope: Scope) -> Asking[list[Target]]:
        """The items that may be meant, in order."""
        table, plan = self.plan.table, self.plan
        targets: list[Target] = []
        for row, values in enumerate(batch, 1):
            set_ = None if plan.assignments is None else setting(table, plan.assignments, values)
            if plan.key is not None:
                key = key_given(table, plan.key, values, plan.check)
                keys = [] if key is None else [key]
            else:
                keys = yield from self._found(values, scope)
            targets.extend(Target(key, values, set_, row) for key in keys)
        return targets

    def _found(self, values: Bound, scope: Scope) -> Asking[list[Item]]:
        assert self.finder is not None
        if self.plan.where == NEVER:
            return []
        rows = yield from self.finder.found(values, scope)
        return [key for row in rows if (key := key_from_values(self.plan.table, row)) is not None]

    # --- AUTOCOMMIT, where it takes several actions ---

    @property
    def _guarded(self) -> bool:
        """Whether guards change with the items."""
        set_ = None if self.plan.assignments is None else {each.column.name for each in self.plan.assignments}
        return any(set_ is None or set_ & {*unique.columns} for unique in self.plan.table.uniques)

    def _alone(self, target: Target) -> Asking[int]:
        """One item in a transaction of its own, for what takes several actions; anew where another was faster."""
        for attempt in range(ATTEMPTS):
            own, shown = Buffer(), list[Row]()
            count = yield from held(self._judged([target], own), shown)
            try:
                yield from commit(own)
            except StaleRow:
                if attempt + 1 == ATTEMPTS:
                    raise
                continue
            break
        if self.plan.returning is not None:
            yield Rows(shown)
        return count

    # --- in a transaction ---

    def _judged(self, targets: list[Target], buffer: Buffer) -> Asking[int]:
        """Read the items together, then change those on which the WHERE holds, in order."""
        count = 0
        images = yield from self._images(targets, buffer)
        for target in targets:
            entry = buffer.entry(self.plan.table, target.key)
            image = images[identity(target.key, self.plan.table)] if entry is None else entry.after
            if image is not None and self._matches(image, target):
                yield from self._change(target, image, buffer)
                count += 1
        return count

    def _images(self, targets: list[Target], buffer: Buffer) -> Asking[dict[Identity, Item | None]]:
        """The stored items, of those that this transaction has not written itself, read in parallel."""
        table = self.plan.table
        keys = {
            identity(target.key, table): target.key for target in targets if buffer.entry(table, target.key) is None
        }
        asked = [
            Request("GetItem", {"TableName": table.physical, "Key": key, "ConsistentRead": True})
            for key in keys.values()
        ]
        bodies = (yield from send_all(asked)) if asked else []
        return {found: wire_item(body) for found, body in zip(keys, bodies, strict=True)}

    def _matches(self, image: Item, target: Target) -> bool:
        return checker(self.plan.where, self.fields, target.values)(self.whole.row(image))

    def _change(self, target: Target, image: Item, buffer: Buffer) -> Asking[None]:
        """Change one item that matched."""
        table, check = self.plan.table, Check(self.plan.rest, target.values)
        done = None if target.setting is None else target.setting.of(image)
        after = None if done is None else applied(image, done.edits, table)
        if after is not None and key_of(after, table) != key_of(image, table):
            buffer.move(table, image, after, check)
        elif done is None:
            buffer.delete(table, image, check)
        else:
            buffer.update(table, image, done.without(table.key_columns), check)
        if self.plan.returning is not None:
            buffer.show(table, target.key, [column.name for column in self.plan.returning.fields])
            shown = self.decoder.row(image if after is None else after)
            yield Rows([project(self.plan.returning, shown, target.values)])
