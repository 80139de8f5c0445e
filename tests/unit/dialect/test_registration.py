from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PRELUDE = """
import sys, types, warnings
from sqlalchemy.dialects import registry
import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultDialect
class Foreign(DefaultDialect):
    construct_arguments = [(sa.Table, {"foreign": None})]
module = types.ModuleType("foreign_dialect"); module.Foreign = Foreign
sys.modules["foreign_dialect"] = module
registry.register("dynamodb", "foreign_dialect", "Foreign")
"""
TABLE = "sa.Table('t', sa.MetaData(), sa.Column('id', sa.Integer, primary_key=True), {})\n"


def output(script: str) -> str:
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_us_takes_the_name_back() -> None:
    script = PRELUDE + "import sqlalchemy_dynamorm\n" + TABLE.format("dynamodb_partition_key='id'")
    assert output(script + "print(sa.create_engine('dynamodb://').dialect.driver)") == "boto3"


def test_a_table_declared_with_the_others_arguments_is_said() -> None:
    script = PRELUDE + TABLE.format("dynamodb_foreign='x'")
    script += "with warnings.catch_warnings(record=True) as found:\n"
    script += "    warnings.simplefilter('always'); import sqlalchemy_dynamorm\n"
    script += TABLE.format("dynamodb_partition_key='id'") + "print(*(w.message for w in found))"
    assert "Another package owned SQLAlchemy's dialect name" in output(script)


@pytest.mark.parametrize("module", ["sqlalchemy_dynamorm.dialect.local", "sqlalchemy_dynamorm.dialect.explain"])
def test_importing_the_dialect_is_light(module: str) -> None:
    script = f"import sys, {module}; print({{'boto3', 'botocore', 'sqlglot', 'msgspec'}} & set(sys.modules))"
    assert output(script) == "set()"
