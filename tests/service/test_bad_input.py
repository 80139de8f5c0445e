"""What a user may get wrong: each has its error class and a sentence that says what to do, and nothing is written."""

from __future__ import annotations

import math
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from sqlalchemy_dynamorm import errors
from tests.servers import Server

METADATA = sa.MetaData()
NOTES = sa.Table(
    "notes",
    METADATA,
    sa.Column("author", sa.String, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("text", sa.String),
    sa.Column("price", sa.Numeric),
    sa.Column("weight", sa.Float),
    sa.Column("topic", sa.String, index=True),
)
GOOD: dict[str, Any] = {"author": "ada", "number": 1}


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    made = sa.create_engine(url)
    METADATA.create_all(made)
    yield made
    METADATA.drop_all(made)
    made.dispose()


@dataclass(frozen=True)
class Bad:
    """A statement that must fail: as what, in SQLAlchemy and in ours, and with which words."""

    statement: sa.Executable
    wrapped: type[exc.DBAPIError]
    orig: type[errors.Error]
    words: str


def inserting(**values: Any) -> sa.Executable:
    return sa.insert(NOTES).values({**GOOD, **values})


WHOLE = sa.select(NOTES.c.text)
BY_KEY = (NOTES.c.author == "ada", NOTES.c.number == 1)
STATEMENTS = {
    "a missing table": Bad(
        sa.text("SELECT a FROM nowhere WHERE a = 1"),
        exc.ProgrammingError,
        errors.UndefinedTable,
        r"There is no table '.*nowhere' in this account and region\. Make it by metadata\.create_all\(engine\)",
    ),
    "a column that is not there": Bad(
        sa.select(sa.column("txet")).select_from(NOTES).where(*BY_KEY),
        exc.ProgrammingError,
        errors.UndefinedColumn,
        r"has no column 'txet'\. Did you mean 'text'\?",
    ),
    "a key column that is not given": Bad(
        sa.text("INSERT INTO notes (author) VALUES ('ada')"),
        exc.IntegrityError,
        errors.NotNullViolation,
        "needs a value for its key column 'number'",
    ),
    "a key column that is NULL": Bad(
        inserting(author=None),
        exc.IntegrityError,
        errors.NotNullViolation,
        "needs a value for its key column 'author'",
    ),
    "a wrong type for a key": Bad(
        inserting(author=7), exc.DataError, errors.DataError, "'author' is declared string and was given .* int"
    ),
    "a wrong type for a key in WHERE": Bad(
        sa.select(NOTES.c.text).where(NOTES.c.author == sa.literal(7, sa.types.NullType()), NOTES.c.number == 1),
        exc.DataError,
        errors.DataError,
        "'author' is declared string and was given .* int",
    ),
    "an item over 400 KB": Bad(
        inserting(text="x" * 410_000),
        exc.DataError,
        errors.ItemTooLarge,
        "DynamoDB takes 409600, names included; split it",
    ),
    "a number over 38 digits": Bad(
        inserting(price=Decimal("1." + "1" * 38)), exc.DataError, errors.UnsupportedValue, "'price' .*38"
    ),
    "NaN": Bad(inserting(weight=math.nan), exc.DataError, errors.UnsupportedValue, "'weight' .*NaN"),
    "an infinity": Bad(
        inserting(price=Decimal("-Infinity")), exc.DataError, errors.UnsupportedValue, "'price' .*infinit"
    ),
    "an empty key": Bad(inserting(author=""), exc.DataError, errors.DataError, "'author'.* empty"),
    "an empty key of an index": Bad(
        inserting(topic=""), exc.DataError, errors.DataError, "'topic' is a key of the index .*use NULL for no value"
    ),
    "what is no SQL": Bad(
        sa.text("SELEC text FROM notes"), exc.ProgrammingError, errors.SQLSyntaxError, "cannot be read as SQL at line 1"
    ),
    "SQL that ends too early": Bad(
        sa.text("DELETE FROM notes WHERE author ="), exc.ProgrammingError, errors.SQLSyntaxError, "check the text at"
    ),
    "two statements": Bad(
        sa.text("DELETE FROM notes; DELETE FROM notes"),
        exc.ProgrammingError,
        errors.ProgrammingError,
        "two statements in one string; execute them one by one",
    ),
    "a function nobody knows": Bad(
        sa.text("SELECT soundex(text) FROM notes"), exc.NotSupportedError, errors.Unsupported, "SOUNDEX"
    ),
    "a column of two tables": Bad(
        sa.text("SELECT text FROM notes AS a JOIN notes AS b ON a.author = b.topic WHERE a.author = 'ada'"),
        exc.ProgrammingError,
        errors.ProgrammingError,
        "The column 'text' is ambiguous: write the table before it",
    ),
    "a column of no table of a join": Bad(
        sa.text("SELECT txet FROM notes AS a JOIN notes AS b ON a.author = b.topic WHERE a.author = 'ada'"),
        exc.ProgrammingError,
        errors.UndefinedColumn,
        "no column 'txet' in the tables of this statement. Did you mean 'text'",
    ),
    "an aggregate in WHERE": Bad(
        sa.select(NOTES.c.text).where(NOTES.c.author == "ada", sa.func.count() > 1),
        exc.ProgrammingError,
        errors.ProgrammingError,
        "count stands where it can't: in a WHERE.*Put it in HAVING, or in a subquery",
    ),
    "a column that is not in GROUP BY": Bad(
        sa.select(NOTES.c.text, sa.func.count()).group_by(NOTES.c.author),
        exc.ProgrammingError,
        errors.ProgrammingError,
        r"The column 'text' is shown of groups of rows.*add it to GROUP BY, or take min\(\) or max\(\) of it",
    ),
    "a hint for no index": Bad(
        WHOLE.where(NOTES.c.topic == "x").with_hint(NOTES, "INDEX nowhere", "dynamodb"),
        exc.ProgrammingError,
        errors.UndefinedIndex,
        "has no index 'nowhere'; it has 'ix_notes_topic'",
    ),
    "a hint for an index that cannot be strongly consistent": Bad(
        WHOLE.where(NOTES.c.topic == "x")
        .with_hint(NOTES, "INDEX ix_notes_topic", "dynamodb")
        .execution_options(dynamodb_consistent_read="true"),
        exc.NotSupportedError,
        errors.NotSupportedError,
        "consistent_read=true, and a global index is never strongly consistent",
    ),
    "a negative LIMIT": Bad(
        WHOLE.limit(-1), exc.DataError, errors.DataError, "LIMIT takes a whole number of rows, 0 or more"
    ),
    "a negative OFFSET": Bad(
        WHOLE.offset(-1), exc.DataError, errors.DataError, "OFFSET takes a whole number of rows, 0 or more"
    ),
    "a negative LIMIT in the text": Bad(
        sa.text("SELECT text FROM notes LIMIT -1"),
        exc.ProgrammingError,
        errors.ProgrammingError,
        "LIMIT takes a parameter or a whole number from 0 up",
    ),
    "columns that cannot be compared": Bad(
        WHOLE.where(NOTES.c.author == "ada", NOTES.c.text == NOTES.c.price),
        exc.ProgrammingError,
        errors.ProgrammingError,
        "hold string and decimal values, which are never equal and have no order.*or CAST one of them",
    ),
    "a value that cannot be compared": Bad(
        WHOLE.where(NOTES.c.author == "ada", NOTES.c.text > sa.literal(7, sa.types.NullType())),
        exc.DataError,
        errors.DataError,
        "'text' is declared string and was given a value of type int; convert it",
    ),
    "a scan without leave": Bad(
        WHOLE.where(NOTES.c.text == "x"),
        exc.NotSupportedError,
        errors.ScanRefused,
        r"would read all of .*Index\(\"ix_notes_text\", notes\.c\.text\).*To allow it: "
        r"execution_options\(dynamodb_scan='allow'\)",
    ),
    "an update that scans": Bad(
        sa.update(NOTES).where(NOTES.c.text == "x").values(text="y"),
        exc.NotSupportedError,
        errors.ScanRefused,
        "To allow it",
    ),
}


@pytest.mark.parametrize("level", ["AUTOCOMMIT", "READ COMMITTED"])
@pytest.mark.parametrize("bad", STATEMENTS.values(), ids=STATEMENTS)
def test_a_bad_statement_says_what_to_do_and_writes_nothing(engine: sa.Engine, bad: Bad, level: Any) -> None:
    with engine.connect().execution_options(isolation_level=level) as connection:
        with pytest.raises(bad.wrapped, match=f"(?s){bad.words}") as caught:
            connection.execute(bad.statement)
        assert type(caught.value.orig) is bad.orig
        # The connection goes on, and nothing of the statement is in its transaction.
        connection.commit()
    assert stored(engine) == 0


MISSING = sa.Table("nowhere", sa.MetaData(), sa.Column("a", sa.String, primary_key=True))
NO_TABLE = r"(?s)There is no table '.*nowhere' in this account and region\. Make it by metadata\.create_all\(engine\)"


def test_an_insert_into_a_missing_table(engine: sa.Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        with pytest.raises(exc.ProgrammingError, match=NO_TABLE) as caught:
            connection.execute(sa.insert(MISSING).values(a="x"))
        assert type(caught.value.orig) is errors.UndefinedTable


def test_an_insert_into_a_missing_table_is_found_at_commit(local_url: str) -> None:
    engine = sa.create_engine(local_url)
    METADATA.create_all(engine)
    with engine.connect() as connection:
        connection.execute(sa.insert(NOTES).values(GOOD))
        connection.execute(sa.insert(MISSING).values(a="x"))
        with pytest.raises(exc.ProgrammingError, match=NO_TABLE) as caught:
            connection.commit()
        assert type(caught.value.orig) is errors.UndefinedTable
    assert stored(engine) == 0
    METADATA.drop_all(engine)
    engine.dispose()


@pytest.mark.parametrize("level", ["AUTOCOMMIT", "READ COMMITTED"])
def test_one_bad_row_of_many_and_none_is_written(engine: sa.Engine, level: Any) -> None:
    rows = [{"author": "ada", "number": 1}, {"author": "", "number": 2}, {"author": "ada", "number": 3}]
    with engine.connect().execution_options(isolation_level=level) as connection:
        with pytest.raises(exc.DataError, match="empty"):
            connection.execute(sa.insert(NOTES), rows)
        connection.commit()
    assert stored(engine) == 0


def stored(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(NOTES)) or 0


# --- names ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["t", "my table", "größe", "a.b"])
def test_a_name_that_dynamodb_refuses_is_written_so_that_it_takes_it(url: str, name: str) -> None:
    engine = sa.create_engine(url)
    table = sa.Table(name, sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True, autoincrement=False))
    table.create(engine)
    assert sa.inspect(engine).get_table_names() == [name]
    table.drop(engine)
    engine.dispose()


def test_a_name_that_is_too_long_with_its_schema_is_refused(url: str) -> None:
    engine = sa.create_engine(url)
    table = sa.Table("x" * 250, sa.MetaData(), sa.Column("id", sa.String, primary_key=True))
    with pytest.raises(errors.ProgrammingError, match="takes 255; shorten it"):
        table.create(engine)
    engine.dispose()


def test_a_physical_name_that_dynamodb_refuses_is_refused(url: str) -> None:
    engine = sa.create_engine(url)
    columns = sa.Column("id", sa.String, primary_key=True)
    table = sa.Table("mine", sa.MetaData(), columns, dynamodb_table_name="no good")
    with pytest.raises(exc.DatabaseError) as caught:
        table.create(engine)
    assert isinstance(caught.value.orig, errors.DatabaseError)
    assert caught.value.orig.code == "ValidationException"
    engine.dispose()


# --- where the service is, and who asks -------------------------------------------------------------------------


def test_an_unknown_option_is_refused_by_name() -> None:
    with pytest.raises(errors.InterfaceError, match=r"unknown option 'sacn'\. The options are: .*scan"):
        sa.create_engine("dynamodb://eu-west-1?sacn=allow")


def test_a_value_that_an_option_does_not_take_is_refused() -> None:
    with pytest.raises(
        errors.InterfaceError, match="The option scan takes refuse, warn, allow; it does not take 'yes'"
    ):
        sa.create_engine("dynamodb://eu-west-1?scan=yes")


def test_a_host_that_is_no_region_is_refused() -> None:
    with pytest.raises(errors.InterfaceError, match=r"'ireland' is neither an AWS region .* nor an endpoint"):
        sa.create_engine("dynamodb://ireland")


def test_an_endpoint_without_its_port_is_refused() -> None:
    with pytest.raises(errors.InterfaceError, match="without a port; add it, as in dynamodb://localhost:8000"):
        sa.create_engine("dynamodb://localhost")


def failing(url: str) -> exc.DBAPIError:
    engine = sa.create_engine(url)
    with engine.connect() as connection, pytest.raises(exc.DBAPIError) as caught:
        connection.execute(WHOLE.where(*BY_KEY))
    engine.dispose()
    return caught.value


def test_no_credentials() -> None:
    error = failing("dynamodb://eu-west-1")
    assert isinstance(error, exc.OperationalError)
    assert type(error.orig) is errors.AccessDenied
    assert "No usable AWS credentials" in str(error.orig)
    assert "Give them in the URL, by profile=, or by the usual AWS chain" in str(error.orig)


def test_no_region() -> None:
    error = failing("dynamodb://")
    assert isinstance(error.orig, errors.InterfaceError)
    assert "write it as the URL's host (dynamodb://eu-west-1)" in str(error.orig)


def test_an_unknown_profile() -> None:
    error = failing("dynamodb://eu-west-1?profile=nobody")
    assert type(error.orig) is errors.AccessDenied
    assert "nobody" in str(error.orig)
    assert "Check profile=" in str(error.orig)


def test_an_endpoint_that_is_down() -> None:
    with socket.socket() as taken:  # bound and not listening: nobody else gets the port
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        error = failing(f"dynamodb://127.0.0.1:{port}?max_attempts=2")
    assert isinstance(error, exc.OperationalError)
    assert type(error.orig) is errors.ServiceUnavailable
    assert error.orig.retryable
    assert f"The endpoint http://127.0.0.1:{port} cannot be reached. Check the host, the port" in str(error.orig)


def test_a_wrong_region_has_no_such_table(ministack: Server, schema: str) -> None:
    here = sa.create_engine(ministack.url(schema))
    METADATA.create_all(here)
    there = ministack.url(schema).replace("us-east-1", "eu-west-1")
    error = failing(there)
    assert type(error.orig) is errors.UndefinedTable
    assert "check the region and the schema" in str(error.orig)
    METADATA.drop_all(here)
    here.dispose()


def test_no_secret_is_in_a_message() -> None:
    with pytest.raises(errors.InterfaceError) as caught:
        sa.create_engine("dynamodb://KEY:verysecret@ireland")
    assert "verysecret" not in str(caught.value)
