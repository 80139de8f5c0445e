"""The arrows of the architecture, held over the import statements of every module, late and typing-only ones too."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "sqlalchemy_dynamorm"
LAYERS = ("errors", "sql", "plan", "run", "client", "dbapi", "dialect", "alembic_ext")
MAX_LINES = 400

# A library, and the layers that may import it. The top of the package, orm and plugin count as dialect.
OWNERS = {
    "boto3": {"client"},
    "botocore": {"client"},
    "sqlalchemy": {"dialect", "alembic_ext"},
    "sqlglot": {"sql"},
    "msgspec": {"run", "client"},
    "alembic": {"alembic_ext"},
}

MODULES = sorted([*(ROOT / PACKAGE).rglob("*.py"), *(ROOT / "alembic_ext").rglob("*.py")])
each_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULE_NAMES = {module_name(path) for path in MODULES}


def layer(module: str) -> str:
    """The layer of a module of ours."""
    top, _, rest = module.partition(".")
    if top == "alembic_ext":
        return top
    first = rest.partition(".")[0]
    return first if first in LAYERS else "dialect"


def imported(source: str, package: str) -> Iterator[str]:
    """Every module that the source imports by name; ``package`` is what a relative import starts from."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                anchor = package.rsplit(".", node.level - 1)[0]
                base = f"{anchor}.{base}".rstrip(".")
            yield from (_target(base, alias.name) for alias in node.names)


def _target(base: str, name: str) -> str:
    return f"{base}.{name}" if f"{base}.{name}" in MODULE_NAMES else base


def violations(source: str, module: str, package: str) -> list[str]:
    """A sentence for each import that goes up, or takes a library another layer owns."""
    own = layer(module)
    found = []
    for target in imported(source, package):
        top = target.partition(".")[0]
        if top in OWNERS and own not in OWNERS[top]:
            found.append(f"{module} ({own}) imports {top}, which only {sorted(OWNERS[top])} may")
        if top in {PACKAGE, "alembic_ext"} and LAYERS.index(layer(target)) > LAYERS.index(own):
            found.append(f"{module} ({own}) imports {target} ({layer(target)}), which is above it")
    return found


def package_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).parent.parts)


@each_module
def test_arrows_go_down(path: Path) -> None:
    assert violations(path.read_text(encoding="utf-8"), module_name(path), package_of(path)) == []


@each_module
def test_modules_fit_in_the_eye(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= MAX_LINES


def test_every_layer_is_there() -> None:
    assert {layer(name) for name in MODULE_NAMES} == set(LAYERS)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("sqlalchemy_dynamorm.plan.planner", "import boto3"),
        ("sqlalchemy_dynamorm.plan.planner", "def late():\n    from botocore.config import Config"),
        ("sqlalchemy_dynamorm.client.sender", "from sqlalchemy.engine import URL"),
        ("sqlalchemy_dynamorm.dbapi.cursor", "import msgspec.json"),
        ("sqlalchemy_dynamorm.dialect.compiler", "import sqlglot"),
        ("sqlalchemy_dynamorm.orm", "import alembic"),
        ("sqlalchemy_dynamorm.plan.planner", "from sqlalchemy_dynamorm.run.request import Request"),
        ("sqlalchemy_dynamorm.sql.reader", "from ..plan import schema"),
        ("sqlalchemy_dynamorm.run.reads", "from sqlalchemy_dynamorm import orm"),
        ("sqlalchemy_dynamorm.run.reads", "import sqlalchemy_dynamorm"),
        ("sqlalchemy_dynamorm.dialect.ddl", "import alembic_ext.impl"),
    ],
)
def test_a_wrong_import_is_found(module: str, source: str) -> None:
    assert violations(source, module, module.rpartition(".")[0])


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("sqlalchemy_dynamorm.plan.planner", "from sqlalchemy_dynamorm.sql import nodes\nfrom . import schema"),
        ("sqlalchemy_dynamorm.run.reads", "import msgspec\nfrom sqlalchemy_dynamorm import errors"),
        ("sqlalchemy_dynamorm.orm", "from sqlalchemy.orm import Session"),
        ("alembic_ext.impl", "from alembic.ddl import DefaultImpl\nfrom sqlalchemy_dynamorm.dialect import boto3"),
    ],
)
def test_a_right_import_is_not(module: str, source: str) -> None:
    assert violations(source, module, module.rpartition(".")[0]) == []


@pytest.mark.parametrize("module", ["sqlalchemy_dynamorm", "sqlalchemy_dynamorm.dialect.boto3"])
def test_importing_loads_no_heavy_library(module: str) -> None:
    script = f"import sys, {module}; print(*sorted({{'boto3', 'botocore', 'sqlglot', 'msgspec'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
