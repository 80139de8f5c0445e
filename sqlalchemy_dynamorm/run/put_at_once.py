"""ON CONFLICT in AUTOCOMMIT, where no guards go with the rows: the conditions of the requests decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy_dynamorm.errors import ConditionFailed, Error, SerializationError
from sqlalchemy_dynamorm.plan.predicates import ALWAYS
from sqlalchemy_dynamorm.plan.schema import Table
from sqlalchemy_dynamorm.plan.steps import Conflict, InsertPlan
from sqlalchemy_dynamorm.run import writing
from sqlalchemy_dynamorm.run.assignments import Setting
from sqlalchemy_dynamorm.run.at_once import ATTEMPTS
from sqlalchemy_dynamorm.run.bind import Bound
from sqlalchemy_dynamorm.run.changes import Changer
from sqlalchemy_dynamorm.run.decode import RowDecoder, wire_item
from sqlalchemy_dynamorm.run.edits import Assign
from sqlalchemy_dynamorm.run.expressions import Placeholders
from sqlalchemy_dynamorm.run.keys import Identity, identity
from sqlalchemy_dynamorm.run.puts import partly_done, put_if_free, put_over
from sqlalchemy_dynamorm.run.reads import project
from sqlalchemy_dynamorm.run.request import Asking, Request, Rows
from sqlalchemy_dynamorm.run.sources import Row, whole_items
from sqlalchemy_dynamorm.run.targets import Target, rounds
from sqlalchemy_dynamorm.run.values import Item


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row that is to be inserted.

    :ivar values: those of the statement, and of ``excluded``.
    :ivar row: its position among the rows of the statement, from 1.
    :ivar own: the key was made for it alone.
    """

    key: Item
    item: Item
    values: Bound
    row: int
    own: bool

    def setting(self, changer: Changer) -> Setting:
        """What DO UPDATE sets a row in its way to."""
        found = changer.setting(self.values)
        assert found is not None
        return found


@dataclass
class _Tally:
    """What became of the rows, by their positions in the statement."""

    written: set[int] = field(default_factory=set)
    shown: dict[int, Row] = field(default_factory=dict)
    failed: list[tuple[Candidate, Error]] = field(default_factory=list)


@dataclass(frozen=True)
class PutAtOnce:
    """An insert plan with its conflict; ``changer`` is of DO UPDATE."""

    plan: InsertPlan
    conflict: Conflict
    decoder: RowDecoder
    changer: Changer | None

    def run(self, rows: Sequence[Candidate]) -> Asking[int]:
        """Put the rows, or what stands for it; returns how many were written.

        :raises Error: some failed; the others are written all the same.
        """
        tally = _Tally()
        if self.conflict.action == "replace":
            yield from self._replaced(rows, tally)
        elif self.changer is None:
            first: dict[Identity, Candidate] = {}  # of rows with one key only the first can be put
            for row in rows:
                first.setdefault(identity(row.key, self.plan.table), row)
            yield from self._put([*first.values()], tally)
        else:
            for together in rounds(self.plan.table, rows):
                yield from self._put_or_changed(together, self.changer, tally)
                if tally.failed:
                    break
        if tally.failed:
            unwritten = [row.key for row, _ in tally.failed]
            raise partly_done(tally.failed[0][1], unwritten, len(tally.written), len(rows))
        if self.plan.returning is not None:
            yield Rows([tally.shown[at] for at in sorted(tally.shown)])
        return len(tally.written)

    def _replaced(self, rows: Sequence[Candidate], tally: _Tally) -> Asking[None]:
        """Put each row whatever is there; of rows with one key the last stays."""
        last = {identity(row.key, self.plan.table): row.item for row in rows}
        yield from put_over(self.plan.table, list(last.values()))
        for row in rows:
            self._wrote(row, row.item, tally)

    def _put(self, rows: Sequence[Candidate], tally: _Tally) -> Asking[list[Candidate]]:
        """Put each row if its key is free; returns those whose key is taken."""
        answers = yield from put_if_free(self.plan.table, [row.item for row in rows], [row.own for row in rows])
        taken: list[Candidate] = []
        for row, answer in zip(rows, answers, strict=True):
            if isinstance(answer, ConditionFailed):
                taken.append(row)
            elif isinstance(answer, Error):
                tally.failed.append((row, answer))
            else:
                self._wrote(row, row.item, tally)
        return taken

    def _wrote(self, row: Candidate, item: Item | None, tally: _Tally) -> None:
        tally.written.add(row.row)
        if self.plan.returning is not None and item is not None:
            tally.shown[row.row] = project(self.plan.returning, self.decoder.row(item), row.values)

    # --- DO UPDATE ---

    def _put_or_changed(self, rows: Sequence[Candidate], changer: Changer, tally: _Tally) -> Asking[None]:
        """Write rows, none of whose keys stands twice among them."""
        settings = {row.row: row.setting(changer) for row in rows}
        waiting = yield from self._said_by_update(rows, settings, tally)
        for _ in range(ATTEMPTS):
            if not waiting:
                return
            taken = yield from self._put(waiting, tally)
            waiting = yield from self._changed(taken, settings, changer, tally)
        tally.failed += [(row, self._never_still()) for row in waiting]

    def _said_by_update(
        self, rows: Sequence[Candidate], settings: dict[int, Setting], tally: _Tally
    ) -> Asking[list[Candidate]]:
        """One UpdateItem says both where SET gives just what the row has; returns the rows of which that is not so."""
        table, plan = self.plan.table, self.conflict.change
        if plan is None or plan.where != ALWAYS:
            return list(rows)
        said = [row for row in rows if _says_all(settings[row.row], row.item, table)]
        asked = [self._update(row, settings[row.row]) for row in said]
        answers: list[bytes | Error] = (yield asked) if asked else []
        for row, answer in zip(said, answers, strict=True):
            if isinstance(answer, Error):
                tally.failed.append((row, answer))
            else:
                self._wrote(row, wire_item(answer, "Attributes") if self.plan.returning else None, tally)
        return [row for row in rows if row not in said]

    def _update(self, row: Candidate, setting_: Setting) -> Request:
        table, placeholders = self.plan.table, Placeholders()
        packed = {name: Assign(row.item[name]) for name in table.packed}
        params = writing.update(table, row.key, {**packed, **setting_.edits}, None, placeholders)
        params = {**params, "ReturnValues": "ALL_NEW"} if self.plan.returning else params
        return Request("UpdateItem", params, repeatable=False, again=params)

    def _changed(
        self, rows: Sequence[Candidate], settings: dict[int, Setting], changer: Changer, tally: _Tally
    ) -> Asking[list[Candidate]]:
        """Change the rows in the way; returns those whose row in the way is gone."""
        if not rows:
            return []
        targets = [Target(row.key, row.values, settings[row.row], row.row) for row in rows]
        done = yield from changer.at_once.tallied(targets)
        tally.written.update(rows[at].row for at in done.changed)
        tally.shown.update({rows[at].row: shown for at, shown in done.shown.items()})
        tally.failed += [(rows[at], error) for at, error in done.failed.items()]
        left = [at for at in range(len(rows)) if at not in done.changed and at not in done.failed]
        if not left or changer.plan.where == ALWAYS:
            return [rows[at] for at in left]
        items = yield from whole_items(self.plan.table, [rows[at].key for at in left])
        return [rows[at] for at in left if self._again(targets[at], changer, items)]

    def _again(self, target: Target, changer: Changer, items: dict[Identity, Item]) -> bool:
        """Whether a row in the way that was not changed has gone, or is one by now that would be."""
        item = items.get(identity(target.key, self.plan.table))
        return item is None or changer.matches(item, target)

    def _never_still(self) -> SerializationError:
        table = self.plan.table
        return SerializationError(
            f"A row of {table.name!r} was inserted, deleted or changed by others between the reading and the writing, "
            f"each of the {ATTEMPTS} times that this statement tried; it is as they left it. Run the statement again.",
            table=table.physical,
        )


def _says_all(setting_: Setting, item: Item, table: Table) -> bool:
    """Whether a SET gives an item that is not there what the insert would, and nothing else."""
    edits = setting_.edits
    if table.expires is not None or not setting_.writable:
        return False
    if not all(isinstance(edit, Assign) for edit in edits.values()):
        return False
    given = {name: wire for name, edit in edits.items() if (wire := edit.of(None)) is not None}
    return given == {name: wire for name, wire in item.items() if name not in (*table.key, *table.packed)}
