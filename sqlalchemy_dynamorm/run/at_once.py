"""AUTOCOMMIT: each change is one conditional request, and the conditions count the rows.

What no expression says, of a WHERE or a SET, is decided here on the item as it is read, and written on condition that
it is still so; where another was faster, it is read again.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy_dynamorm.errors import ConditionFailed, Error, SerializationError, TransactionCanceled
from sqlalchemy_dynamorm.plan.predicates import ALWAYS
from sqlalchemy_dynamorm.plan.schema import Column
from sqlalchemy_dynamorm.plan.steps import ChangePlan
from sqlalchemy_dynamorm.run import writing
from sqlalchemy_dynamorm.run.assignments import Done
from sqlalchemy_dynamorm.run.buffer import Entry
from sqlalchemy_dynamorm.run.commit import cancelled
from sqlalchemy_dynamorm.run.decode import RowDecoder, wire_item
from sqlalchemy_dynamorm.run.edits import Assign
from sqlalchemy_dynamorm.run.evaluate import checker
from sqlalchemy_dynamorm.run.expressions import Placeholders
from sqlalchemy_dynamorm.run.items import applied
from sqlalchemy_dynamorm.run.keys import Identity, identity
from sqlalchemy_dynamorm.run.lost import excluded
from sqlalchemy_dynamorm.run.origins import Origin
from sqlalchemy_dynamorm.run.reads import project
from sqlalchemy_dynamorm.run.request import Asking, Pause, Request, Rows
from sqlalchemy_dynamorm.run.sources import Row, send_all
from sqlalchemy_dynamorm.run.taking import Taking, transaction
from sqlalchemy_dynamorm.run.targets import Target
from sqlalchemy_dynamorm.run.values import Item
from sqlalchemy_dynamorm.run.writing import Check, ImageNeeded

ATTEMPTS = 10
"""How often an item is read again because another changed it meanwhile."""


@dataclass
class Tally:
    """What became of targets, by their positions: those that were changed, what RETURNING shows, what failed."""

    changed: set[int] = field(default_factory=set)
    shown: dict[int, Row] = field(default_factory=dict)
    failed: dict[int, Error] = field(default_factory=dict)


@dataclass(frozen=True)
class AtOnce:
    """A change plan in AUTOCOMMIT.

    :ivar decoder: of what RETURNING shows.
    :ivar fields: the columns that the WHERE is checked on; ``whole`` decodes them.
    """

    plan: ChangePlan
    decoder: RowDecoder
    fields: tuple[Column, ...]
    whole: RowDecoder

    def run(self, targets: Sequence[Target]) -> Asking[int]:
        """Change these items, none of which stands twice among them; returns how many were changed.

        :raises Error: some failed; the others are changed all the same.
        """
        tally = yield from self.tallied(targets)
        if tally.failed:
            raise self._partly_done(targets, tally)
        if self.plan.returning is not None:
            yield Rows([tally.shown[at] for at in sorted(tally.shown)])
        return len(tally.changed)

    def tallied(self, targets: Sequence[Target]) -> Asking[Tally]:
        """Change these items, none of which stands twice among them; returns what became of each."""
        tally = Tally()
        waiting = yield from self._straight(targets, tally)
        yield from self._looking(targets, waiting, tally)
        return tally

    def _partly_done(self, targets: Sequence[Target], tally: Tally) -> Error:
        first = min(tally.failed)
        error = tally.failed[first]
        error.unprocessed = tuple(targets[at].key for at in sorted(tally.failed))
        if len(targets) > 1:
            text = f"In AUTOCOMMIT {len(tally.changed)} of the {len(targets)} rows were changed"
            error.args = (f"{error.args[0]} {text}; row {targets[first].row} is the first that failed.",)
        return error

    # --- without a look ---

    def _straight(self, targets: Sequence[Target], tally: Tally) -> Asking[list[int]]:
        """Send what needs no look at the item; returns the positions of those that do."""
        waiting: list[int] = []
        asked: list[tuple[int, Request]] = []
        for at, target in enumerate(targets):
            try:
                request = self._request(target)
            except ImageNeeded:
                waiting.append(at)
                continue
            if request is not None:
                asked.append((at, request))
        for at, answer in (yield from self._sent(targets, asked, tally)):
            # The condition is that of the WHERE, and that what is set fits the stored values.
            if isinstance(answer, ConditionFailed) and _may_not_fit(targets[at]):
                waiting.append(at)
            elif not isinstance(answer, Error):
                self._counted(at, targets[at], wire_item(answer, "Attributes"), tally)
        return sorted(waiting)

    def _request(self, target: Target) -> Request | None:
        """The conditional request, or ``None`` where the values say that the WHERE cannot hold.

        :raises ImageNeeded: the item must be read first.
        """
        if target.setting is None:
            return self._deletion(target, Placeholders())
        if not target.setting.writable:
            raise ImageNeeded
        kept = tuple(check for check in target.setting.kept if check is not None)
        return self._update(target, Done(target.setting.edits, kept=kept), Placeholders())

    def _update(
        self,
        target: Target,
        done: Done,
        placeholders: Placeholders,
        before: Item | None = None,
    ) -> Request | None:
        table, check, edits, pins = self.plan.table, Check(self.plan.rest, target.values), done.edits, done.used
        condition = writing.checked(table, (check, *done.kept), placeholders, before, pins)
        if condition is None:
            return None
        params = writing.update(table, target.key, edits, condition, placeholders)
        if self.plan.returning is not None:
            params["ReturnValues"] = "ALL_NEW"
        elif any(edit.once for edit in edits.values()):
            # Sent twice after a lost answer it would be done twice, but for the token.
            return transaction([{"Update": params}])
        set_ = {name: edit.wire for name, edit in edits.items() if isinstance(edit, Assign)}
        again = params if excluded(set_, (check,), pins, before) else None
        return Request("UpdateItem", params, repeatable=False, again=again)

    def _deletion(self, target: Target, placeholders: Placeholders, before: Item | None = None) -> Request | None:
        """As :meth:`_request`. By key alone it is unconditional: the old item tells whether there was one."""
        table, condition = self.plan.table, None
        if self.plan.rest != ALWAYS:
            check = Check(self.plan.rest, target.values)
            condition = writing.checked(table, (check,), placeholders, before)
            if condition is None:
                return None
        params = writing.delete(table, target.key, condition, placeholders)
        # Done twice it finds nothing the second time, and does not know whether there had been something.
        found = (
            params
            if condition
            else writing.delete(table, target.key, writing.present(table, placeholders), placeholders)
        )
        if self.plan.tokened:  # a transaction shows no item, so its condition tells whether there was one
            return Request("DeleteItem", found, repeatable=False)
        shown = {"ReturnValues": "ALL_OLD"}
        return Request("DeleteItem", {**params, **shown}, repeatable=False, again={**found, **shown})

    def _sent(
        self, targets: Sequence[Target], asked: list[tuple[int, Request]], tally: Tally
    ) -> Asking[list[tuple[int, bytes | Error]]]:
        """The answers by position; a condition that did not hold is one, other failures are noted."""
        if not asked:
            return []
        answers: list[bytes | Error] = yield [request for _, request in asked]
        found: list[tuple[int, bytes | Error]] = []
        for (at, _), given in zip(asked, answers, strict=True):
            answer = self._told(targets[at], given)
            found.append((at, answer))
            if isinstance(answer, Error) and not isinstance(answer, ConditionFailed):
                tally.failed[at] = answer
        return found

    def _told(self, target: Target, answer: bytes | Error) -> bytes | Error:
        """A transaction of one that was cancelled is a single write that failed."""
        if not isinstance(answer, TransactionCanceled):
            return answer
        if [reason.get("Code") for reason in answer.reasons] == ["ConditionalCheckFailed"]:
            return ConditionFailed(str(answer), table=self.plan.table.physical)
        return cancelled(answer, Taking.of([Entry(self.plan.table, target.key, target.key, target.key)]))

    def _counted(self, at: int, target: Target, image: Item | None, tally: Tally) -> None:
        if target.setting is not None or image is not None or self.plan.tokened:
            tally.changed.add(at)
        if self.plan.returning is not None and image is not None:
            tally.shown[at] = project(self.plan.returning, self.decoder.row(image), target.values)

    # --- looking first ---

    def _looking(self, targets: Sequence[Target], waiting: list[int], tally: Tally) -> Asking[None]:
        """Read the items, decide, write if they are unchanged; and again those that another has changed."""
        for attempt in range(ATTEMPTS):
            if not waiting:
                return
            images = yield from self._stored([targets[at].key for at in waiting])
            asked = self._decided(targets, waiting, images, tally)
            waiting = []
            for at, answer in (yield from self._sent(targets, asked, tally)):
                if isinstance(answer, ConditionFailed):
                    waiting.append(at)
                elif not isinstance(answer, Error):
                    self._counted(at, targets[at], wire_item(answer, "Attributes"), tally)
            if waiting:
                yield Pause(random.uniform(0, 0.01 * 2**attempt))
        for at in waiting:
            tally.failed[at] = SerializationError(
                f"A row of {self.plan.table.name!r} was changed by others between the reading and the writing, each of "
                f"the {ATTEMPTS} times that this statement tried; it is as they left it. Run the statement again.",
                table=self.plan.table.physical,
            )

    def _stored(self, keys: list[Item]) -> Asking[dict[Identity, Item | None]]:
        table = self.plan.table
        asked = [Request("GetItem", {"TableName": table.physical, "Key": key, "ConsistentRead": True}) for key in keys]
        bodies = yield from send_all(asked)
        return {identity(key, table): wire_item(body) for key, body in zip(keys, bodies, strict=True)}

    def _decided(
        self, targets: Sequence[Target], waiting: list[int], images: Mapping[Identity, Item | None], tally: Tally
    ) -> list[tuple[int, Request]]:
        """The requests for the items as they were read; what cannot be done to one is noted."""
        asked: list[tuple[int, Request]] = []
        for at in waiting:
            image = images.get(identity(targets[at].key, self.plan.table))
            try:
                request = None if image is None else self._deciding(targets[at], image)
            except Error as error:
                tally.failed[at] = Origin(None, targets[at].row).of(error, targets[at].key)
                continue
            if request is not None:
                asked.append((at, request))
        return asked

    def _deciding(self, target: Target, image: Item) -> Request | None:
        """The request for an item as it was read; ``None`` where the WHERE does not hold."""
        if not checker(self.plan.where, self.fields, target.values)(self.whole.row(image)):
            return None
        if target.setting is None:
            return self._deletion(target, Placeholders(), image)
        done = target.setting.of(image).without(self.plan.table.key_columns)
        applied(image, done.edits, self.plan.table)  # which refuses an item that is too large
        return self._update(target, done, Placeholders(), image)


def _may_not_fit(target: Target) -> bool:
    return target.setting is not None and any(edit.relative for edit in target.setting.edits.values())
