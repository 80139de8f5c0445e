"""``python -m sqlalchemy_dynamorm check``: models of several schemas, compared with what is there."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from sqlalchemy_dynamorm.__main__ import main
from tests.service.project import Project

MODELS = """
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id: Mapped[str] = mapped_column(primary_key=True)

class Org(Base):
    __tablename__ = "orgs"
    __table_args__ = {"schema": "%s"}
    id: Mapped[str] = mapped_column(primary_key=True)
"""


def test_models_of_several_schemas(
    project: Project, schema: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"models_{schema}"
    Path(project.folder / f"{name}.py").write_text(MODELS % f"{schema}-crm")
    monkeypatch.chdir(project.folder)
    others = sa.MetaData(schema=f"{schema}-others")
    sa.Table("elsewhere", others, sa.Column("id", sa.String, primary_key=True))
    others.create_all(project.engine)

    def checked(of: str) -> tuple[int, list[str]]:
        status = main(["check", project.url, f"{name}:{of}"])
        return status, [line for line in capsys.readouterr().out.splitlines() if "op." in line]

    missing = ["    op.create_table('orgs',", "    op.create_table('users',"]
    assert checked("Base.metadata") == (1, missing)
    assert main(["init", project.url, f"{name}:Base"]) == 0
    capsys.readouterr()
    assert checked("Base") == (0, [])
    assert main(["check", project.url, f"{name}:Base.nothing"]) == 1
    assert "There is no metadata at" in capsys.readouterr().err
