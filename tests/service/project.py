"""A migration environment as ``alembic init`` makes it, for the tests of migrations."""

from __future__ import annotations

import io
import os
import re
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

MIGRATION = '''"""{revision}"""
import os
import sqlalchemy as sa
from alembic import op

revision = {revision!r}
down_revision = {down!r}
places = sa.table("places", sa.column("id", sa.String), sa.column("city", sa.String))


def fail_once(name):
    if os.environ.get("MIGRATION_FAILS") == name:
        raise RuntimeError(name)


def upgrade():
{up}


def downgrade():
{back}
'''

METADATA = "import sqlalchemy\ntarget_metadata = sqlalchemy.MetaData()"


@dataclass
class Project:
    """A migration environment as ``alembic init`` makes it, on a schema of its own."""

    folder: Path
    url: str
    engine: sa.Engine

    def migration(
        self, revision: str, down: str | tuple[str, ...] | None, up: str = "pass", back: str = "pass"
    ) -> None:
        up, back = (textwrap.indent(text.strip(), "    ") for text in (up, back))
        text = MIGRATION.format(revision=revision, down=down, up=up, back=back)
        (self.folder / "migrations" / "versions" / f"{revision}.py").write_text(text)

    def edit_env(self, old: str, new: str) -> None:
        env = self.folder / "migrations" / "env.py"
        text = env.read_text()
        assert text.count(old) == 1
        env.write_text(text.replace(old, new))

    def run(self, do: Callable[..., object], *arguments: str, **options: object) -> str:
        """Run a command of Alembic; what it prints."""
        printed = io.StringIO()
        # Without the ini file, so that env.py leaves the logging of the test run alone.
        config = Config(stdout=printed, output_buffer=printed)
        config.set_main_option("script_location", str(self.folder / "migrations"))
        config.set_main_option("sqlalchemy.url", self.url)
        do(config, *arguments, **options)
        return printed.getvalue()

    def upgrade(self, to: str = "head") -> None:
        self.run(command.upgrade, to)

    def downgrade(self, to: str) -> None:
        self.run(command.downgrade, to)

    def version(self) -> list[str]:
        return sorted(self.rows("SELECT version_num FROM alembic_version"))

    def rows(self, query: str) -> list[Any]:
        with self.engine.connect().execution_options(dynamodb_scan="allow") as connection:
            return list(connection.scalars(sa.text(query)))

    def renew(self) -> None:
        """Another engine, which knows nothing of what the tables were like before."""
        self.engine.dispose()
        self.engine = sa.create_engine(self.url)

    def indexes(self) -> list[str]:
        with self.engine.connect() as connection:
            found: list[str] = connection.connection.dbapi_connection.tables.index_names("places", None)  # type: ignore[union-attr]
            return found

    def command_line(self, *arguments: str) -> dict[str, Any]:
        """What ``subprocess`` is told to run ``alembic …`` with."""
        ini = self.folder / "alembic.ini"
        text = re.sub(r"(?m)^sqlalchemy\.url = .*$", f"sqlalchemy.url = {self.url}", ini.read_text())
        ini.write_text(text.replace("level = INFO", "level = WARNING"))
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONWARNINGS": "error"}
        return {"args": [sys.executable, "-m", "alembic.config", *arguments], "cwd": self.folder, "env": env}
