"""What `make test` does, over the versions of Python and SQLAlchemy that are supported: `nox`, or `nox -s lint`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2024.4.15"
nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = False

ROOT = Path(__file__).parent
PYTHONS = ["3.10", "3.11", "3.12", "3.13"]
SQLALCHEMYS = {"2.0": "sqlalchemy>=2.0.40,<2.1", "2.1": "sqlalchemy>=2.1,<2.2"}
SOURCES = ["sqlalchemy_dynamorm", "alembic_ext", "tests", "benchmarks", "examples"]
# The servers are those of the Makefile: `make .local/.installed node` gets them.
SERVERS = {
    "DYNAMORM_LOCAL_HOME": os.environ.get("DYNAMORM_LOCAL_HOME", str(ROOT / ".local")),
    "DYNAMORM_DYNALITE_HOME": os.environ.get("DYNAMORM_DYNALITE_HOME", str(ROOT / ".node")),
}
# Run outside the checkout, so that what is imported is what was installed.
IMPORT_CHECK = """
import importlib.metadata, alembic_ext, sqlalchemy, sqlalchemy_dynamorm
for name in ("dynamodb", "dynamodb.boto3", "dynamodb.local", "dynamorm", "dynamorm.boto3", "dynamorm.local"):
    sqlalchemy.make_url(name.replace(".", "+") + "://").get_dialect()
[plugin] = importlib.metadata.entry_points(group="alembic.plugins", name="alembic.autogenerate.dynamodb")
plugin.load().setup
print(sqlalchemy_dynamorm.__file__, importlib.metadata.version("sqlalchemy-dynamorm"))
"""


@nox.session(python=PYTHONS)
@nox.parametrize("sqlalchemy", list(SQLALCHEMYS))
def tests(session: nox.Session, sqlalchemy: str) -> None:
    """Every pytest tier."""
    session.install("--editable", ".[alembic,test]", SQLALCHEMYS[sqlalchemy])
    session.run("pytest", "tests/contract", *session.posargs, env=SERVERS)
    session.run("pytest", "tests", "--ignore", "tests/contract", *session.posargs, env=SERVERS)
    plain = [f"tests/service/test_{name}.py" for name in ("reads", "writes", "bank", "lost_answers")]
    session.run("pytest", *plain, "--server", "ministack", "--client", "plain", *session.posargs, env=SERVERS)


@nox.session
def lint(session: nox.Session) -> None:
    """The rules and the format."""
    session.install("ruff>=0.12")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """mypy --strict."""
    session.install("--editable", ".[alembic,test]")
    session.run("mypy", *SOURCES)


@nox.session
def build(session: nox.Session) -> None:
    """The wheel and the sdist are built, and the wheel is installed and imported."""
    dist = Path(session.create_tmp()) / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    session.install("build")
    session.run("python", "-m", "build", "--outdir", str(dist))
    [wheel] = dist.glob("*.whl")
    session.install(f"{wheel}[alembic]")
    session.cd(session.create_tmp())
    session.run("python", "-c", IMPORT_CHECK)
