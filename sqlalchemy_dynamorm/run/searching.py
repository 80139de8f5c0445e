"""UPDATE and DELETE of rows that SQLite finds: found, then written on condition that what was judged is unchanged.

In a transaction the changes are buffered. In AUTOCOMMIT each row is written by itself, and what others changed since
it was found is found anew.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from sqlalchemy_dynamorm.errors import Error, SerializationError, StaleRow
from sqlalchemy_dynamorm.plan.steps import ChangePlan
from sqlalchemy_dynamorm.run.assignments import Setting
from sqlalchemy_dynamorm.run.bind import Bound
from sqlalchemy_dynamorm.run.buffer import Buffer
from sqlalchemy_dynamorm.run.commit import commit_each
from sqlalchemy_dynamorm.run.finding import Finder, Found
from sqlalchemy_dynamorm.run.images import Image
from sqlalchemy_dynamorm.run.keys import Identity, identity
from sqlalchemy_dynamorm.run.reads import Scope
from sqlalchemy_dynamorm.run.request import Asking, Pause, Rows, held
from sqlalchemy_dynamorm.run.sources import Row
from sqlalchemy_dynamorm.run.targets import TOGETHER, Target
from sqlalchemy_dynamorm.run.values import Item

ATTEMPTS = 10
"""How often rows are found anew because others changed them meanwhile."""

Certain = tuple[Target, Image]
"""A row, and an image of it on which it is as it was found."""


class Changing(Protocol):
    """What changes one row of a plan; see :class:`~.run.changes.Changer`."""

    @property
    def plan(self) -> ChangePlan:
        """How the statement is carried out."""

    def setting(self, values: Bound, taken: Sequence[Any] = ()) -> Setting | None:
        """What one set of values, and what the SELECT computed for a row, set."""

    def images(self, targets: list[Target], buffer: Buffer) -> Asking[dict[Identity, Image]]:
        """The rows as a transaction sees them."""

    def matches(self, image: Item, target: Target) -> bool:
        """Whether what DynamoDB judges of the WHERE holds."""

    def judged(self, targets: list[Target], images: Mapping[Identity, Image], buffer: Buffer) -> Asking[int]:
        """Buffer the changes of the rows on which that holds, and show them; returns how many they are."""


@dataclass(frozen=True)
class Searching:
    """Finds rows and has them changed."""

    changer: Changing
    finder: Finder

    def run(self, values: Bound, row: int, scope: Scope, buffer: Buffer | None) -> Asking[int]:
        """Change what one set of values says; returns the number of rows.

        :raises SerializationError: others changed the rows each time that they were found.
        """
        if buffer is None:
            return (yield from self._each(values, row, scope))
        certain = yield from self._certain(values, row, scope, buffer)
        images = {identity(target.key, self.changer.plan.table): image for target, image in certain}
        return (yield from self.changer.judged([target for target, _ in certain], images, buffer))

    def _certain(self, values: Bound, row: int, scope: Scope, buffer: Buffer) -> Asking[list[Certain]]:
        """The rows that are found, each with an image that says what it was judged by."""
        table = self.changer.plan.table
        for attempt in range(ATTEMPTS):
            targets = yield from self.targets(values, row, scope)
            images = yield from self.changer.images(targets, buffer)
            pairs = [(target, self._image(images, target, buffer)) for target in targets]
            if all(
                image.item is not None and self.finder.unchanged(target.judged, image.item) for target, image in pairs
            ):
                return [(target, image) for target, image in pairs if self.changer.matches(image.item or {}, target)]
            yield Pause(random.uniform(0, 0.01 * 2**attempt))
        raise SerializationError(
            f"Rows of {table.name!r} were changed by others each of the {ATTEMPTS} times that this statement found "
            "them. Run it again.",
            table=table.physical,
        )

    def targets(self, values: Bound, row: int, scope: Scope) -> Asking[list[Target]]:
        """The rows that are found, which their key alone and what DynamoDB judges may decide on."""
        found = yield from self.finder.found(values, scope)
        return [self._target(each, values, row) for each in found]

    def given(self, item: Item, values: Bound, row: int) -> list[Target]:
        """The row that is given, if it is one that would be found."""
        return [self._target(each, values, row) for each in self.finder.among(item, values)]

    def _target(self, found: Found, values: Bound, row: int) -> Target:
        return Target(found.key, values, self.changer.setting(values, found.taken), row, found.judged)

    def _image(self, images: dict[Identity, Image], target: Target, buffer: Buffer) -> Image:
        table = self.changer.plan.table
        entry = buffer.entry(table, target.key)
        return images[identity(target.key, table)] if entry is None else entry.image

    # --- AUTOCOMMIT ---

    def _each(self, values: Bound, row: int, scope: Scope) -> Asking[int]:
        table = self.changer.plan.table
        count, wanted = 0, None
        for attempt in range(ATTEMPTS):
            seen = Buffer()
            certain = yield from self._certain(values, row, replace(scope, buffer=seen), seen)
            kept = [pair for pair in certain if wanted is None or identity(pair[0].key, table) in wanted]
            outcomes = yield from self._written(kept)
            count += sum(outcome is None for outcome in outcomes)
            lost = [
                target
                for (target, _), outcome in zip(kept, outcomes, strict=True)
                if isinstance(outcome, StaleRow | SerializationError)
            ]
            _raise_other(outcomes, count)
            if not lost:
                return count
            wanted = {identity(target.key, table) for target in lost}
            yield Pause(random.uniform(0, 0.01 * 2**attempt))
        raise SerializationError(
            f"{len(wanted or ())} rows of {table.name!r} were changed by others each of the {ATTEMPTS} times that this "
            f"statement wrote them. In AUTOCOMMIT {count} rows were changed. Run it again.",
            table=table.physical,
        )

    def _written(self, certain: Sequence[Certain]) -> Asking[list[Error | None]]:
        """Write rows, each in a transaction of its own; what became of each, and those that were written are shown."""
        table, outcomes = self.changer.plan.table, list[Error | None]()
        for together in _rounds(certain):
            buffers: list[Buffer] = []
            shown: list[list[Row]] = []
            for target, image in together:
                own, rows = Buffer(), list[Row]()
                yield from held(self.changer.judged([target], {identity(target.key, table): image}, own), rows)
                buffers.append(own)
                shown.append(rows)
            became = yield from commit_each(buffers)
            outcomes += became
            for rows, outcome in zip(shown, became, strict=True):
                if outcome is None and rows:
                    yield Rows(rows)
        return outcomes


def _rounds(certain: Sequence[Certain]) -> Iterator[Sequence[Certain]]:
    yield from (certain[at : at + TOGETHER] for at in range(0, len(certain), TOGETHER))


def _raise_other(outcomes: Sequence[Error | None], count: int) -> None:
    """:raises Error: a row failed for another reason than that it was changed meanwhile."""
    for outcome in outcomes:
        if outcome is not None and not isinstance(outcome, StaleRow | SerializationError):
            if len(outcomes) > 1:
                outcome.args = (f"{outcome.args[0]} In AUTOCOMMIT {count} of the rows were changed.",)
            raise outcome
