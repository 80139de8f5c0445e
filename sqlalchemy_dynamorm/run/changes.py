"""UPDATE and DELETE: by key as one conditional request, else the keys are found first; at once or buffered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy_dynamorm.errors import ConditionFailed, Error, StaleRow
from sqlalchemy_dynamorm.plan.predicates import ALWAYS, NEVER, columns_of
from sqlalchemy_dynamorm.plan.schema import Column
from sqlalchemy_dynamorm.plan.steps import ChangePlan
from sqlalchemy_dynamorm.run import writing
from sqlalchemy_dynamorm.run.bind import Bound
from sqlalchemy_dynamorm.run.buffer import Buffer
from sqlalchemy_dynamorm.run.commit import commit
from sqlalchemy_dynamorm.run.decode import RowDecoder, wire_item
from sqlalchemy_dynamorm.run.evaluate import checker
from sqlalchemy_dynamorm.run.expressions import Placeholders
from sqlalchemy_dynamorm.run.items import applied, assigned
from sqlalchemy_dynamorm.run.keys import Identity, identity, key_from_values, key_given, key_of
from sqlalchemy_dynamorm.run.reads import Reader, Scope, project
from sqlalchemy_dynamorm.run.request import Asking, Execution, Outcome, Request, Rows, held
from sqlalchemy_dynamorm.run.sources import Row, send_all
from sqlalchemy_dynamorm.run.values import Item, WireValue
from sqlalchemy_dynamorm.run.writing import Check

ATTEMPTS = 8
"""How often an item is read and changed anew in AUTOCOMMIT, where others change it meanwhile."""
Changed = dict[str, "WireValue | None"]


@dataclass(frozen=True, slots=True)
class Target:
    """One item to change: its key, the values the statement has for it, and what is set (``None``: delete)."""

    key: Item
    values: Bound
    changed: Changed | None


@dataclass(frozen=True)
class Changer:
    """A change plan with its decoders, made once and run with any values."""

    plan: ChangePlan
    decoder: RowDecoder = field(init=False)
    fields: tuple[Column, ...] = field(init=False)
    whole: RowDecoder = field(init=False)
    finder: Reader | None = field(init=False)

    def __post_init__(self) -> None:
        plan = self.plan
        object.__setattr__(self, "decoder", RowDecoder(plan.returning.fields if plan.returning else ()))
        everything = tuple(dict.fromkeys([*plan.table.columns, *columns_of(plan.where)]))
        object.__setattr__(self, "fields", everything)
        object.__setattr__(self, "whole", RowDecoder(everything))
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
                for together in self._rounds(targets):
                    count += yield from self._at_once(together)
        return Outcome(count)

    def _targets(self, batch: Sequence[Bound], scope: Scope) -> Asking[list[Target]]:
        """The items that may be meant, in order."""
        table, plan = self.plan.table, self.plan
        targets: list[Target] = []
        for values in batch:
            changed = None
            if plan.assignments is not None:
                changed = assigned(table, [(column, values(value)) for column, value in plan.assignments])
            if plan.key is not None:
                key = key_given(table, plan.key, values, plan.check)
                keys = [] if key is None else [key]
            else:
                keys = yield from self._found(values, scope)
            targets.extend(Target(key, values, changed) for key in keys)
        return targets

    def _found(self, values: Bound, scope: Scope) -> Asking[list[Item]]:
        assert self.finder is not None
        if self.plan.where == NEVER:
            return []
        rows = yield from self.finder.found(values, scope)
        return [key for row in rows if (key := key_from_values(self.plan.table, row)) is not None]

    # --- AUTOCOMMIT ---

    def _rounds(self, targets: list[Target]) -> list[list[Target]]:
        """The targets in rounds that may be sent in parallel: no item stands twice in one."""
        rounds: list[list[Target]] = []
        seen: dict[object, int] = {}
        for target in targets:
            at = seen.get(key := identity(target.key, self.plan.table), 0)
            seen[key] = at + 1
            if at == len(rounds):
                rounds.append([])
            rounds[at].append(target)
        return rounds

    def _at_once(self, targets: list[Target]) -> Asking[int]:
        asked = [(target, request) for target in targets if (request := self._request(target)) is not None]
        if not asked:
            return 0
        answers: list[bytes | Error]
        if len(asked) == 1:
            try:
                answers = [(yield asked[0][1])]
            except ConditionFailed:
                return 0
        else:
            answers = yield [request for _, request in asked]
        return (yield from self._tally([target for target, _ in asked], answers))

    def _tally(self, targets: list[Target], answers: list[bytes | Error]) -> Asking[int]:
        shown: list[Row] = []
        count = 0
        failed: Error | None = None
        for target, answer in zip(targets, answers, strict=True):
            if isinstance(answer, ConditionFailed):
                continue
            if isinstance(answer, Error):
                failed = failed or answer
                continue
            image = wire_item(answer, "Attributes")
            if target.changed is not None or image is not None:
                count += 1
            if self.plan.returning is not None and image is not None:
                shown.append(project(self.plan.returning, self.decoder.row(image), target.values))
        if failed is not None:
            failed.args = (f"{failed.args[0]} In AUTOCOMMIT {count} of the {len(targets)} rows were changed.",)
            raise failed
        if self.plan.returning is not None:
            yield Rows(shown)
        return count

    def _request(self, target: Target) -> Request | None:
        """The conditional request, or ``None`` where the values say that the WHERE cannot hold."""
        if target.changed is None:
            return self._deletion(target)
        table, placeholders = self.plan.table, Placeholders()
        condition = writing.checked(table, (Check(self.plan.rest, target.values),), placeholders)
        if condition is None:
            return None
        params = writing.update(table, target.key, target.changed, condition, placeholders)
        if self.plan.returning is not None:
            params["ReturnValues"] = "ALL_NEW"
        return Request("UpdateItem", params, repeatable=False)

    def _deletion(self, target: Target) -> Request | None:
        """As :meth:`_request`. By key alone it is unconditional: the old item tells whether there was one."""
        table, placeholders, condition = self.plan.table, Placeholders(), None
        if self.plan.rest != ALWAYS:
            condition = writing.checked(table, (Check(self.plan.rest, target.values),), placeholders)
            if condition is None:
                return None
        params = writing.delete(table, target.key, condition, placeholders)
        return Request("DeleteItem", {**params, "ReturnValues": "ALL_OLD"}, repeatable=False)

    @property
    def _guarded(self) -> bool:
        """Whether guards change with the items."""
        set_ = None if self.plan.assignments is None else {column.name for column, _ in self.plan.assignments}
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
        after = None if target.changed is None else applied(image, target.changed, table)
        if after is not None and key_of(after, table) != key_of(image, table):
            buffer.move(table, image, after, check)
        elif after is None:
            buffer.delete(table, image, check)
        else:
            buffer.update(table, image, self._unmoved(target), check)
        if self.plan.returning is not None:
            shown = self.decoder.row(image if after is None else after)
            yield Rows([project(self.plan.returning, shown, target.values)])

    def _unmoved(self, target: Target) -> Changed:
        """What is set but key columns, which are set to what they are."""
        return {name: wire for name, wire in (target.changed or {}).items() if name not in self.plan.table.key_columns}
