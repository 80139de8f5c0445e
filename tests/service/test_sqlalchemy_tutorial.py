"""SQLAlchemy's unified tutorial and ORM quick start: models and sessions of their kind, with the documented results."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from tests.servers import Server


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "user_account"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(30))
    fullname: Mapped[str | None]
    addresses: Mapped[list[Address]] = relationship(back_populates="user", cascade="all, delete-orphan")


class Address(Base):
    __tablename__ = "address"
    id: Mapped[int] = mapped_column(primary_key=True)
    email_address: Mapped[str]
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    user: Mapped[User] = relationship(back_populates="addresses")


@pytest.fixture
def engine(ministack: Server, schema: str) -> Iterator[sa.Engine]:
    found = sa.create_engine(ministack.url(schema, system_table=f"{schema}-system"), scan="allow")
    Base.metadata.create_all(found)
    yield found
    Base.metadata.drop_all(found)
    found.dispose()


@pytest.fixture
def people(engine: sa.Engine) -> sa.Engine:
    """The rows that the quick start begins with."""
    with Session(engine) as session:
        spongebob = User(name="spongebob", fullname="Spongebob S.", addresses=[Address(email_address="s@sqla.org")])
        sandy = User(
            name="sandy",
            fullname="Sandy C.",
            addresses=[Address(email_address="sandy@sqla.org"), Address(email_address="sandy@squirrel.org")],
        )
        patrick = User(name="patrick", fullname="Patrick S.")
        session.add_all([spongebob, sandy, patrick])
        session.commit()
    return engine


# --- the ORM quick start ----------------------------------------------------------------------------------------


def test_a_simple_select(people: sa.Engine) -> None:
    with Session(people) as session:
        query = sa.select(User).where(User.name.in_(["spongebob", "sandy"])).order_by(User.id)
        assert [user.fullname for user in session.scalars(query)] == ["Spongebob S.", "Sandy C."]


def test_a_select_with_join(people: sa.Engine) -> None:
    with Session(people) as session:
        query = (
            sa.select(Address)
            .join(Address.user)
            .where(User.name == "sandy")
            .where(Address.email_address == "sandy@sqla.org")
        )
        assert session.scalars(query).one().user.fullname == "Sandy C."


def test_changes_and_deletes(people: sa.Engine) -> None:
    with Session(people) as session:
        patrick = session.scalars(sa.select(User).where(User.name == "patrick")).one()
        patrick.addresses.append(Address(email_address="patrickstar@sqla.org"))
        sandys = session.scalars(sa.select(Address).where(Address.email_address == "sandy@sqla.org")).one()
        sandys.email_address = "sandy_cheeks@sqla.org"
        session.commit()

        sandy = session.get_one(User, sandys.user_id)
        sandy.addresses.remove(sandys)
        session.flush()
        session.delete(patrick)
        session.commit()
        assert session.scalars(sa.select(User.name).order_by(User.id)).all() == ["spongebob", "sandy"]
        left = session.scalars(sa.select(Address.email_address).order_by(Address.id)).all()
        assert left == ["s@sqla.org", "sandy@squirrel.org"]


# --- the unified tutorial: Core ---------------------------------------------------------------------------------


def test_transactions_as_you_go_and_once(engine: sa.Engine) -> None:
    metadata = sa.MetaData()
    key = sa.Column("x", sa.Integer, primary_key=True, autoincrement=False)
    points = sa.Table("some_points", metadata, key, sa.Column("y", sa.Integer))
    metadata.create_all(engine)
    with engine.connect() as connection:
        connection.execute(sa.insert(points), [{"x": 1, "y": 1}, {"x": 2, "y": 4}])
        connection.commit()
    with engine.begin() as connection:
        connection.execute(
            sa.text("INSERT INTO some_points (x, y) VALUES (:x, :y)"), [{"x": 6, "y": 8}, {"x": 9, "y": 10}]
        )
    with engine.connect() as connection:
        result = connection.execute(sa.text("SELECT x, y FROM some_points WHERE y > :y ORDER BY x"), {"y": 2})
        assert [(row.x, row.y) for row in result] == [(2, 4), (6, 8), (9, 10)]
        result = connection.execute(sa.text("SELECT x, y FROM some_points WHERE x = 1"))
        assert [dict(row) for row in result.mappings()] == [{"x": 1, "y": 1}]
        connection.execute(
            sa.text("UPDATE some_points SET y = :y WHERE x = :x"), [{"x": 9, "y": 11}, {"x": 6, "y": 15}]
        )
        connection.rollback()
        assert connection.execute(sa.text("SELECT y FROM some_points WHERE x = 9")).scalar() == 10
    metadata.drop_all(engine)


def test_insert_and_its_results(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        result = connection.execute(sa.insert(User).values(name="spongebob", fullname="Spongebob Squarepants"))
        assert result.inserted_primary_key == (1,)
        rows = [{"name": "sandy", "fullname": "Sandy Cheeks"}, {"name": "patrick", "fullname": "Patrick Star"}]
        returned = connection.execute(sa.insert(User).returning(User.id, User.name), rows)
        assert returned.all() == [(2, "sandy"), (3, "patrick")]
    with engine.begin() as connection:
        connection.execute(
            sa.insert(Address),
            [
                {"user_id": 1, "email_address": "spongebob@sqlalchemy.org"},
                {"user_id": 2, "email_address": "sandy@sqlalchemy.org"},
            ],
        )
    with Session(engine) as session:
        assert session.execute(sa.select(Address.user_id, Address.email_address).order_by(Address.user_id)).all() == [
            (1, "spongebob@sqlalchemy.org"),
            (2, "sandy@sqlalchemy.org"),
        ]


def test_selects(people: sa.Engine) -> None:
    with Session(people) as session:
        names = sa.select(("Username: " + User.name).label("username")).order_by(User.name)
        assert session.scalars(names).all() == ["Username: patrick", "Username: sandy", "Username: spongebob"]
        both = sa.select(User.name, Address.email_address).join_from(User, Address).order_by(Address.id)
        assert session.execute(both).all() == [
            ("spongebob", "s@sqla.org"),
            ("sandy", "sandy@sqla.org"),
            ("sandy", "sandy@squirrel.org"),
        ]
        outer = sa.select(User.name, Address.id).outerjoin(User.addresses).where(Address.id.is_(None))
        assert list(map(tuple, session.execute(outer))) == [("patrick", None)]
        grouped = (
            sa.select(User.name, sa.func.count(Address.id).label("count"))
            .join(Address)
            .group_by(User.name)
            .having(sa.func.count(Address.id) > 1)
        )
        assert session.execute(grouped).all() == [("sandy", 2)]


def test_subqueries_ctes_and_exists(people: sa.Engine) -> None:
    with Session(people) as session:
        counts = (
            sa.select(sa.func.count(Address.id).label("count"), Address.user_id).group_by(Address.user_id).subquery()
        )
        query = sa.select(User.name, counts.c.count).join_from(User, counts).order_by(User.name)
        assert session.execute(query).all() == [("sandy", 2), ("spongebob", 1)]
        ours = sa.select(Address).where(~Address.email_address.like("%@squirrel.org")).cte()
        alias = orm.aliased(Address, ours)
        found = session.execute(sa.select(User, alias).join_from(User, alias).order_by(User.id, alias.id)).all()
        assert [(user.name, address.email_address) for user, address in found] == [
            ("spongebob", "s@sqla.org"),
            ("sandy", "sandy@sqla.org"),
        ]
        lonely = ~sa.select(Address.id).where(Address.user_id == User.id).exists()
        assert session.scalars(sa.select(User.name).where(lonely)).all() == ["patrick"]
        many = sa.select(sa.func.count(Address.id)).where(Address.user_id == User.id).scalar_subquery().correlate(User)
        assert session.execute(sa.select(User.name, many).order_by(User.name)).all() == [
            ("patrick", 0),
            ("sandy", 2),
            ("spongebob", 1),
        ]
        union = sa.union_all(
            sa.select(User).where(User.name == "sandy"), sa.select(User).where(User.name == "spongebob")
        )
        users = session.scalars(sa.select(User).from_statement(union))
        assert sorted(user.name for user in users) == ["sandy", "spongebob"]


def test_windows_and_functions(people: sa.Engine) -> None:
    with Session(people) as session:
        number = sa.func.row_number().over(partition_by=User.name, order_by=Address.email_address)
        query = sa.select(number, User.name, Address.email_address).select_from(User).join(Address)
        assert sorted(session.execute(query).all()) == [
            (1, "sandy", "sandy@sqla.org"),
            (1, "spongebob", "s@sqla.org"),
            (2, "sandy", "sandy@squirrel.org"),
        ]
        assert session.scalar(sa.select(sa.func.lower("A String"))) == "a string"


def test_updates_and_deletes_by_core(people: sa.Engine) -> None:
    with people.begin() as connection:
        named = sa.update(User).where(User.name == "patrick").values(fullname="Patrick the Star")
        assert connection.execute(named).rowcount == 1
        connection.execute(sa.update(User).values(fullname="Username: " + User.name))
        renamed = sa.update(User).where(User.name == sa.bindparam("old")).values(name=sa.bindparam("new"))
        connection.execute(renamed, [{"old": "spongebob", "new": "bob"}, {"old": "nobody", "new": "x"}])
        returned = connection.execute(sa.delete(User).where(User.name == "patrick").returning(User.fullname))
        assert returned.all() == [("Username: patrick",)]
    with Session(people) as session:
        assert session.execute(sa.select(User.name, User.fullname).order_by(User.id)).all() == [
            ("bob", "Username: spongebob"),
            ("sandy", "Username: sandy"),
        ]


# --- the unified tutorial: the ORM ------------------------------------------------------------------------------


def test_the_unit_of_work(people: sa.Engine) -> None:
    with Session(people) as session:
        squidward = User(name="squidward", fullname="Squidward Tentacles")
        krabs = User(name="ehkrabs", fullname="Eugene H. Krabs")
        session.add_all([squidward, krabs])
        session.flush()
        assert (squidward.id, krabs.id) == (4, 5)
        assert session.get(User, 4) is squidward
        session.commit()

        sandy = session.execute(sa.select(User).filter_by(name="sandy")).scalar_one()
        sandy.fullname = "Sandy Squirrel"
        assert sandy in session.dirty
        assert session.execute(sa.select(User.fullname).where(User.id == 2)).scalar_one() == "Sandy Squirrel"
        assert sandy not in session.dirty
        session.delete(session.get_one(User, 3))
        session.rollback()
        assert sandy.fullname == "Sandy C."
        assert session.get_one(User, 3).name == "patrick"


def test_related_objects_and_loaders(people: sa.Engine) -> None:
    with Session(people) as session:
        pearl = User(name="pkrabs", fullname="Pearl Krabs")
        first = Address(email_address="pearl.krabs@gmail.com")
        pearl.addresses.append(first)
        assert first.user is pearl
        Address(email_address="pearl@aol.com", user=pearl)
        session.add(pearl)
        session.commit()
        assert [each.email_address for each in pearl.addresses] == ["pearl.krabs@gmail.com", "pearl@aol.com"]

    for loader in (orm.selectinload(User.addresses), orm.joinedload(User.addresses), orm.subqueryload(User.addresses)):
        with Session(people) as session:
            users = session.scalars(sa.select(User).options(loader).order_by(User.id)).unique().all()
            session.close()
            assert [len(user.addresses) for user in users] == [1, 2, 0, 2]
    with Session(people) as session:
        query = sa.select(Address).join(Address.user).options(orm.contains_eager(Address.user)).order_by(Address.id)
        addresses = session.scalars(query).all()
        session.close()
        assert [address.user.name for address in addresses] == ["spongebob", "sandy", "sandy", "pkrabs", "pkrabs"]
