"""ALTER TABLE … RENAME TO: every item goes over, whatever interrupts it, with the same key or another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from sqlalchemy_dynamorm.errors import DataError, DuplicateTable, OperationalError, Unsupported
from sqlalchemy_dynamorm.run import copied_items
from sqlalchemy_dynamorm.run.decode import wire_item, wire_items
from sqlalchemy_dynamorm.run.request import Request
from sqlalchemy_dynamorm.run.values import Item
from tests.service.project import Project

ROWS = 60
FROZEN = " WITH (writes_frozen='true')"


@pytest.fixture
def engine(local_url: str) -> Iterator[sa.Engine]:
    made = sa.create_engine(local_url)
    yield made
    made.dispose()


def people(name: str, metadata: sa.MetaData, key: tuple[str, ...] = ("id",)) -> sa.Table:
    return sa.Table(
        name,
        metadata,
        sa.Column("id", sa.Integer, autoincrement=key[0] == "id"),
        sa.Column("city", sa.String, index=True),
        sa.Column("mail", sa.String),
        sa.PrimaryKeyConstraint(*key),
        sa.UniqueConstraint("mail", name="one_mail"),
        dynamodb_partition_key=key[0],
    )


@pytest.fixture
def table(engine: sa.Engine) -> sa.Table:
    metadata = sa.MetaData()
    found = people("people", metadata)
    metadata.create_all(engine)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        rows = [{"city": f"c{n % 7}", "mail": f"m{n}"} for n in range(ROWS)]
        connection.execute(found.insert(), rows)
        connection.execute(found.delete().where(found.c.id == ROWS))  # the counter remembers it
    update = {"Key": {"id": {"N": "3"}}, "UpdateExpression": "SET undeclared = :0"}
    update |= {"TableName": physical(engine, "people"), "ExpressionAttributeValues": {":0": {"SS": ["a", "b"]}}}
    client_of(engine).ask(Request("UpdateItem", update))
    return found


def physical(engine: sa.Engine, name: str) -> str:
    with engine.connect() as connection:
        found: str = connection.connection.dbapi_connection.tables.physical(name, None)  # type: ignore[union-attr]
        return found


def run(engine: sa.Engine, text: str) -> None:
    with engine.connect() as connection:
        connection.execute(sa.text(text))


def client_of(engine: sa.Engine) -> Any:
    with engine.connect() as connection:
        return connection.connection.dbapi_connection.client  # type: ignore[union-attr]


def items(engine: sa.Engine, name: str) -> list[Item]:
    """The items as they are stored, in the order of their ids."""
    found = wire_items(client_of(engine).ask(Request("Scan", {"TableName": physical(engine, name)})))
    shown = [{name: wire for name, wire in item.items() if not name.startswith("__")} for item in found]
    return sorted(shown, key=lambda item: int(item["id"]["N"]))


def refused(engine: sa.Engine, text: str) -> Any:
    with pytest.raises(sa.exc.DBAPIError) as failure:
        run(engine, text)
    return failure.value.orig


def test_a_table_of_another_name_has_all_of_it(engine: sa.Engine, table: sa.Table) -> None:
    before = items(engine, "people")
    run(engine, "ALTER TABLE people RENAME TO persons" + FROZEN)
    assert items(engine, "persons") == before == items(engine, "people")
    assert before[2]["undeclared"]["SS"] == ["a", "b"]
    inspector = sa.inspect(engine)
    assert [index["name"] for index in inspector.get_indexes("persons")] == ["ix_people_city"]
    assert [column["name"] for column in inspector.get_columns("persons")] == ["id", "city", "mail"]
    new = people("persons", sa.MetaData())
    with engine.begin() as connection:
        added = connection.execute(new.insert().values(mail="new")).inserted_primary_key
    assert added == (ROWS + 1,)  # the counter went over
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        connection.execute(new.insert().values(id=900, mail="m5"))  # and so did the guards
    run(engine, "DROP TABLE people")
    assert len(items(engine, "persons")) == ROWS


def test_what_may_be_written_meanwhile_is_not_copied(engine: sa.Engine, table: sa.Table) -> None:
    for text in ("ALTER TABLE people RENAME TO persons", "ALTER TABLE people RENAME TO p WITH (writes_frozen='false')"):
        error = refused(engine, text)
        assert isinstance(error, Unsupported)
        assert "writes_frozen" in str(error)
        assert "stream" in str(error)
    assert not sa.inspect(engine).has_table("persons")


def test_the_cost_is_said_first(engine: sa.Engine, table: sa.Table, caplog: pytest.LogCaptureFixture) -> None:
    run(engine, "ALTER TABLE people RENAME TO persons" + FROZEN)
    assert "read units and" in caplog.records[0].message


@pytest.mark.parametrize("at", [1, 3])
def test_a_killed_copy_goes_on(engine: sa.Engine, table: sa.Table, at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copied_items, "PAGE", 4)
    sent: Counter[str] = Counter()

    class Killed(BaseException):
        pass

    def dies(request: Request) -> None:
        if request.operation == "BatchWriteItem":
            sent["batch"] += 1
            if sent["batch"] == at:
                raise Killed

    with client_of(engine).observed(dies), pytest.raises(Killed):
        run(engine, "ALTER TABLE people RENAME TO persons" + FROZEN)
    sent.clear()
    with client_of(engine).observed(lambda request: sent.update([request.operation])):
        run(engine, "ALTER TABLE people RENAME TO persons" + FROZEN)
    assert items(engine, "persons") == items(engine, "people")
    assert 0 < sent["BatchWriteItem"] <= 5 - at + 1  # of 16 items a round: one is done again, no more


def test_it_can_be_run_again_when_it_is_done(engine: sa.Engine, table: sa.Table) -> None:
    for _ in range(2):
        run(engine, "ALTER TABLE people RENAME TO persons" + FROZEN)
    run(engine, "DROP TABLE people")
    run(engine, "ALTER TABLE people RENAME TO persons" + FROZEN)
    assert len(items(engine, "persons")) == ROWS - 1


def test_a_table_that_is_there_is_not_copied_over(engine: sa.Engine, table: sa.Table) -> None:
    metadata = sa.MetaData()
    people("persons", metadata)
    metadata.create_all(engine)
    assert isinstance(refused(engine, "ALTER TABLE people RENAME TO persons" + FROZEN), DuplicateTable)


def test_items_that_changed_meanwhile_are_found(engine: sa.Engine, table: sa.Table) -> None:
    run(engine, "ALTER TABLE people RENAME TO persons" + FROZEN)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE people SET city = 'changed' WHERE id = 5"))
        connection.execute(sa.text("DELETE FROM people WHERE id = 6"))
    error = refused(engine, "ALTER TABLE people RENAME TO persons" + FROZEN)
    assert isinstance(error, DataError)
    assert "1 items have another item" in str(error)
    assert "1 items are in the new table alone" in str(error)
    assert error.key == {"id": {"N": "5"}}


KEYS = [("mail",), ("city", "mail"), ("city", "mail", "id")]


@pytest.mark.parametrize("key", KEYS)
def test_a_table_gets_another_key(engine: sa.Engine, table: sa.Table, key: tuple[str, ...]) -> None:
    before = items(engine, "people")
    run(engine, f"ALTER TABLE people RENAME TO persons PRIMARY KEY ({', '.join(key)})" + FROZEN)
    assert items(engine, "persons") == before
    new = people("persons", sa.MetaData(), key)
    assert sa.inspect(engine).get_pk_constraint("persons")["constrained_columns"] == list(key)
    with engine.connect() as connection:
        where = sa.and_(*(new.c[name] == {"mail": "m9", "city": "c2", "id": 10}[name] for name in key))
        assert connection.execute(sa.select(new).where(where)).one() == (10, "c2", "m9")
    counter = "counter#" + physical(engine, "persons") + ("" if "id" in key else "#id")
    request = Request("GetItem", {"TableName": "dynamorm_system", "Key": {"id": {"S": counter}}})
    assert (wire_item(client_of(engine).ask(request)) or {})["last"] == {"N": str(ROWS)}  # of a row that is gone


def test_a_packed_key_becomes_a_plain_one_again(engine: sa.Engine, table: sa.Table) -> None:
    before = items(engine, "people")
    run(engine, "ALTER TABLE people RENAME TO packed PRIMARY KEY (city, mail, id)" + FROZEN)
    run(engine, "ALTER TABLE packed RENAME TO plain PRIMARY KEY (id)" + FROZEN)
    assert items(engine, "plain") == before
    client = client_of(engine)
    assert b"__dynamorm" not in client.ask(Request("Scan", {"TableName": physical(engine, "plain")}))


def test_items_without_a_value_for_the_new_key_are_told_before_anything_is_made(
    engine: sa.Engine, table: sa.Table
) -> None:
    with engine.begin() as connection:
        connection.execute(table.update().where(table.c.id.in_([4, 5])).values(mail=None))
    error = refused(engine, "ALTER TABLE people RENAME TO persons PRIMARY KEY (mail)" + FROZEN)
    assert isinstance(error, DataError)
    assert "2 items" in str(error)
    assert not sa.inspect(engine).has_table("persons")


def test_two_items_of_one_new_key_are_told_before_it_is_done(engine: sa.Engine, table: sa.Table) -> None:
    error = refused(engine, "ALTER TABLE people RENAME TO persons PRIMARY KEY (city)" + FROZEN)
    assert isinstance(error, DataError)
    assert f"{ROWS - 1 - 7} items have another item in their place" in str(error)
    assert len(items(engine, "people")) == ROWS - 1


def test_a_migration_copies_a_table_and_back(project: Project) -> None:
    project.migration(
        "a1",
        None,
        """
op.create_table("places", sa.Column("id", sa.String(4), primary_key=True), sa.Column("city", sa.String))
op.bulk_insert(places, [{"id": f"p{n}", "city": f"c{n}"} for n in range(30)])
""",
        'op.drop_table("places")',
    )
    up = 'op.writes_frozen("places")\nop.rename_table("places", "spots")\nfail_once("end")\nop.drop_table("places")'
    back = 'op.writes_frozen("spots")\nop.rename_table("spots", "places")\nop.drop_table("spots")'
    project.migration("b2", "a1", up, back)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIGRATION_FAILS", "end")
        with pytest.raises(RuntimeError):
            project.upgrade()
    for _ in range(2):
        project.upgrade()
        assert project.rows("SELECT count(*) FROM spots") == [30]
        project.downgrade("a1")
        project.renew()
        assert project.rows("SELECT count(*) FROM places") == [30]
    up = 'op.writes_frozen("places")\nop.rebuild_table("places", "by_city", primary_key=["city", "id"])'
    project.migration("b2", "a1", up, 'op.drop_table("by_city")')
    project.upgrade()
    assert project.rows("SELECT id FROM by_city WHERE city = 'c7'") == ["p7"]
    assert project.rows("SELECT count(*) FROM places") == [30]


def test_a_run_that_others_disturb_says_what_happened(engine: sa.Engine, table: sa.Table) -> None:
    def fails(request: Request) -> None:
        if request.operation == "BatchWriteItem" or (
            request.operation == "PutItem" and "persons" in str(request.table)
        ):
            raise OperationalError("the network is down")

    with client_of(engine).observed(fails):
        assert "network" in str(refused(engine, "ALTER TABLE people RENAME TO persons" + FROZEN))
    run(engine, "ALTER TABLE people RENAME TO persons" + FROZEN)
    assert items(engine, "persons") == items(engine, "people")


def test_on_each_server(url: str) -> None:
    engine, metadata = sa.create_engine(url), sa.MetaData()
    plain = sa.Table("plain", metadata, sa.Column("id", sa.String, primary_key=True), sa.Column("n", sa.Integer))
    metadata.create_all(engine)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(plain.insert(), [{"id": f"p{n}", "n": n} for n in range(20)])
    run(engine, "ALTER TABLE plain RENAME TO numbered PRIMARY KEY (n)" + FROZEN)
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT id FROM numbered WHERE n = 7")) == "p7"
        assert connection.scalar(sa.text("SELECT count(*) FROM numbered")) == 20
    engine.dispose()
