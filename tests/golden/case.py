"""One golden case: a statement, its plan and its requests, in a text file of named sections."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy_dynamorm.dbapi.statement import Statement
from sqlalchemy_dynamorm.errors import Error
from sqlalchemy_dynamorm.plan.explain import text as explained
from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.run.bind import Bound
from sqlalchemy_dynamorm.run.buffer import Buffer
from sqlalchemy_dynamorm.run.changes import Changer
from sqlalchemy_dynamorm.run.commit import commit
from sqlalchemy_dynamorm.run.counters import Counters
from sqlalchemy_dynamorm.run.inserts import Inserter
from sqlalchemy_dynamorm.run.reads import Scope
from sqlalchemy_dynamorm.run.request import Asking, Execution, Request
from sqlalchemy_dynamorm.sql import nodes
from tests.golden.schema import TABLES
from tests.scripted import Played, play

SECTIONS = ("sql", "values", "options", "answers", "plan", "requests")
NOW = "2026-01-02T03:04:05.678901"
SECOND = 1767323045
"""The second of ``NOW``."""
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass
class Case:
    """A case's file, by section.

    ``values`` is JSON: one set of values, or a list of them for executemany; a value that is a list is a bound list.
    ``options`` is JSON: plan options, ``page_size``, and ``transaction`` to buffer the writes and commit them.
    ``answers`` are JSON lines, one a request; where they end, answers are empty.
    """

    path: Path
    sections: dict[str, str]

    def json(self, section: str, default: Any) -> Any:
        text = self.sections.get(section)
        return json.loads(text, parse_float=Decimal) if text else default

    def outcome(self) -> tuple[str, str]:
        """The plan and the requests as they are now."""
        options = self.json("options", {})
        transaction, page_size = options.pop("transaction", False), options.pop("page_size", None)
        values = self.json("values", {})
        batch = values if isinstance(values, list) else [values]
        lists = frozenset(name for one in batch for name, value in one.items() if isinstance(value, list))
        statement = Statement(self.sections["sql"], {(None, name): table for name, table in TABLES.items()}, lists)
        query = statement.node
        assert isinstance(query, nodes.Select | nodes.Compound | nodes.Insert | nodes.Update | nodes.Delete)
        try:
            prepared = statement.prepared(query, lambda name: TABLES[name.name], PlanOptions().with_overrides(options))
        except Error as error:
            return _shown(error), "(none)"
        buffer = Buffer() if transaction else None
        bounds = [Bound(one, NOW) for one in batch]
        running = _running(prepared.runner, bounds, Scope(buffer, page_size), buffer)
        answers = [json.loads(line) for line in self.sections.get("answers", "").splitlines()]
        return explained(prepared.plan), _lines(play(running, *answers))

    def write(self, plan: str, requests: str) -> None:
        """Put the plan and the requests of now into the file."""
        self.sections |= {"plan": plan, "requests": requests}
        parts = [f"# {name}\n{self.sections[name]}\n" for name in SECTIONS if self.sections.get(name)]
        self.path.write_text("\n".join(parts), encoding="utf-8")


def read_case(path: Path) -> Case:
    """The case in a file."""
    parts = re.split(r"^# (\w+)\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    sections = {name: text.strip("\n") for name, text in zip(parts[1::2], parts[2::2], strict=True)}
    assert set(sections) <= set(SECTIONS), f"{path.name} has sections that there are not"
    return Case(path, sections)


def _running(runner: Any, bounds: list[Bound], scope: Scope, buffer: Buffer | None) -> Asking[None]:
    """The statement, and the commit of what it buffered."""
    execution: Execution
    if isinstance(runner, Inserter):
        execution = runner.run(bounds, Counters("dynamorm_system"), buffer)
    elif isinstance(runner, Changer):
        execution = runner.run(bounds, scope, buffer)
    else:
        execution = runner.run(bounds[0], scope)
    yield from execution
    if buffer is not None:
        yield from commit(buffer)


def _lines(played: Played) -> str:
    lines = [*map(_line, played.asked)]
    if played.rows:
        lines.append(f"rows: {played.rows}")
    if played.error is not None:
        lines.append(_shown(played.error))
    return _UUID.sub("<uuid>", "\n".join(lines)) or "(none)"


def _line(together: list[Request]) -> str:
    """A request as one line of JSON; those of one parallel round as one list."""
    asked = [{request.operation: request.params} for request in together]
    return json.dumps(asked[0] if len(asked) == 1 else asked, ensure_ascii=False, default=_base64)


def _base64(value: bytes) -> str:
    return b64encode(value).decode()


def _shown(error: Error) -> str:
    return f"{type(error).__name__}: {error}"


def cases() -> Iterator[Path]:
    """The files of all cases."""
    yield from sorted((Path(__file__).parent / "cases").glob("*.txt"))
