"""A small shop, as applications write one, run on SQLite and on DynamoDB: the same rows, and the same objects after."""

from __future__ import annotations

import enum
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import JSON, Column, ForeignKey, Numeric, Table, create_engine, func, select, union_all
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.ext.mutable import MutableDict
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    aliased,
    column_property,
    contains_eager,
    joinedload,
    mapped_column,
    relationship,
    selectin_polymorphic,
    selectinload,
    subqueryload,
    with_polymorphic,
)

from tests.servers import Server


class Base(DeclarativeBase):
    """The models of this module."""


class Status(enum.Enum):
    OPEN = "open"
    PAID = "paid"


# --- a shop: orders and lines, stock counted by an expression, prices exact ----------------------------------------

post_tags = Table(
    "post_tags",
    Base.metadata,
    Column("post_id", ForeignKey("posts.id"), primary_key=True),
    Column("tag_name", ForeignKey("tags.name"), primary_key=True),
)


class Line(Base):
    __tablename__ = "lines"
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    product: Mapped[str]
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    count: Mapped[int] = mapped_column(default=1)

    @hybrid_property
    def amount(self) -> Decimal:
        return self.price * self.count


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[Status]
    paid: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str | None]
    details: Mapped[dict[str, Any] | None] = mapped_column(MutableDict.as_mutable(JSON()))
    version: Mapped[int] = mapped_column(default=1)
    lines: Mapped[list[Line]] = relationship(order_by=Line.number, cascade="all, delete-orphan")
    products: AssociationProxy[list[str]] = association_proxy("lines", "product")
    size = column_property(
        select(func.count()).where(Line.order_id == id).correlate_except(Line).scalar_subquery(),  # noqa: A003 - SQLAlchemy's way
    )
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


# --- a blog: tags by a secondary table ------------------------------------------------------------------------------


class Tag(Base):
    __tablename__ = "tags"
    name: Mapped[str] = mapped_column(primary_key=True)


class Post(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    body: Mapped[str] = mapped_column(default="")
    tags: Mapped[list[Tag]] = relationship(secondary=post_tags, order_by=Tag.name, backref="posts")


# --- a tree ---------------------------------------------------------------------------------------------------------


class Node(Base):
    __tablename__ = "nodes"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("nodes.id"), index=True)
    children: Mapped[list[Node]] = relationship(back_populates="parent", order_by="Node.name", cascade="all")
    parent: Mapped[Node | None] = relationship(back_populates="children", remote_side="Node.id")


# --- employees: joined-table inheritance ---------------------------------------------------------------------------


class Person(Base):
    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    boss_id: Mapped[int | None] = mapped_column(ForeignKey("managers.id", use_alter=True))
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "person"}  # noqa: RUF012


class Engineer(Person):
    __tablename__ = "engineers"
    id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    language: Mapped[str]
    __mapper_args__ = {"polymorphic_identity": "engineer"}  # noqa: RUF012


class Manager(Person):
    __tablename__ = "managers"
    id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    budget: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    team: Mapped[list[Person]] = relationship(
        foreign_keys="Person.boss_id", primaryjoin="Manager.id == Person.boss_id", order_by="Person.id"
    )
    __mapper_args__ = {"polymorphic_identity": "manager", "inherit_condition": id == Person.id}  # noqa: A003, RUF012


def _fill(session: Session) -> None:
    tags = {name: Tag(name=name) for name in ("aws", "python", "sql")}
    session.add_all(
        [
            Post(id=1, title="Keys", tags=[tags["aws"], tags["sql"]]),
            Post(id=2, title="Sessions", tags=[tags["python"], tags["sql"]]),
            Post(id=3, title="Empty"),
            Order(
                id=1,
                status=Status.OPEN,
                details={"city": "Rome", "tries": [1, 2]},
                lines=[
                    Line(number=1, product="tea", price=Decimal("2.50"), count=4),
                    Line(number=2, product="cup", price=Decimal("7.25")),
                ],
            ),
            Order(
                id=2, status=Status.PAID, paid=True, note="", lines=[Line(number=1, product="tea", price=Decimal(3))]
            ),
            Order(id=3, status=Status.OPEN, note="later"),
        ]
    )
    root = Node(id=1, name="root", children=[Node(id=2, name="left"), Node(id=3, name="right")])
    root.children[0].children.append(Node(id=4, name="leaf"))
    session.add(root)
    session.add(Manager(id=1, name="Ann", budget=Decimal("10.50")))
    session.flush()
    session.add_all(
        [
            Engineer(id=2, name="Bob", language="python", boss_id=1),
            Engineer(id=3, name="Eve", language="c", boss_id=1),
            Person(id=4, name="Sam"),
        ]
    )
    session.commit()


@dataclass(frozen=True)
class Both:
    """The same data in SQLite and in DynamoDB."""

    sqlite: Session
    dynamodb: Session

    def same(self, ask: Callable[[Session], Any]) -> Any:
        """What ``ask`` answers on SQLite, which DynamoDB must answer too; neither keeps what it changed."""
        answers = []
        for session in (self.sqlite, self.dynamodb):
            answers.append(ask(session))
            session.rollback()
            session.expunge_all()
        assert answers[1] == answers[0]
        return answers[0]


@pytest.fixture(scope="module")
def both(ministack: Server) -> Iterator[Both]:
    urls = "sqlite://", f"dynamodb+local:///?name=tests&default_schema=a{uuid.uuid4().hex[:10]}&scan=allow"
    engines = [create_engine(url) for url in urls]
    sessions = [Session(engine) for engine in engines]
    for engine, session in zip(engines, sessions, strict=True):
        Base.metadata.create_all(engine)
        _fill(session)
    yield Both(*sessions)
    for engine, session in zip(engines, sessions, strict=True):
        session.close()
        engine.dispose()


def _posts(session: Session, *options: Any) -> list[tuple[str, list[str]]]:
    found = session.scalars(select(Post).options(*options).order_by(Post.id)).unique()
    return [(post.title, [tag.name for tag in post.tags]) for post in found]


def _people(session: Session, entity: Any, *options: Any) -> list[tuple[str, str, Any]]:
    found = session.scalars(select(entity).options(*options).order_by(entity.id))
    return [(type(one).__name__, one.name, getattr(one, "language", getattr(one, "budget", None))) for one in found]


@pytest.mark.parametrize("load", [joinedload, selectinload, subqueryload])
def test_tags_of_posts(both: Both, load: Callable[[Any], Any]) -> None:
    answer = both.same(lambda session: _posts(session, load(Post.tags)))
    assert answer == [("Keys", ["aws", "sql"]), ("Sessions", ["python", "sql"]), ("Empty", [])]


def test_posts_by_tag(both: Both) -> None:
    tagged = select(Post.title).where(Post.tags.any(Tag.name == "sql")).order_by(Post.id)
    assert both.same(lambda session: session.scalars(tagged).all()) == ["Keys", "Sessions"]
    eager = select(Post).join(Post.tags).where(Tag.name != "sql").options(contains_eager(Post.tags)).order_by(Post.id)
    both.same(lambda s: [(p.id, [t.name for t in p.tags]) for p in s.scalars(eager).unique()])
    counted = (
        select(Tag.name, func.count(post_tags.c.post_id))
        .outerjoin(post_tags)
        .group_by(Tag.name)
        .having(func.count() > 1)
        .order_by(Tag.name)
    )
    assert both.same(lambda session: [tuple(row) for row in session.execute(counted)]) == [("sql", 2)]


def test_pages_counts_and_existence(both: Both) -> None:
    both.same(lambda s: [post.id for post in s.query(Post).order_by(Post.title.desc()).offset(1).limit(1)])
    both.same(lambda s: s.query(Post).filter(Post.body == "").count())
    both.same(lambda s: s.query(s.query(Post).filter_by(title="Keys").exists()).scalar())
    both.same(lambda s: s.query(Order.note).filter(Order.note.is_(None)).count())
    both.same(lambda s: [order.id for order in s.query(Order).filter(~Order.paid).order_by(Order.id)])


def test_amounts_are_exact(both: Both) -> None:
    amounts = select(Line.order_id, func.sum(Line.amount)).group_by(Line.order_id).order_by(Line.order_id)
    answer = both.same(lambda session: [tuple(row) for row in session.execute(amounts)])
    assert answer == [(1, Decimal("17.25")), (2, Decimal("3.00"))]


def test_orders_carry_a_counted_column_and_a_proxy(both: Both) -> None:
    orders = select(Order).order_by(Order.id)
    answer = both.same(lambda s: [(o.size, list(o.products), o.status, o.details) for o in s.scalars(orders)])
    assert answer[0] == (2, ["tea", "cup"], Status.OPEN, {"city": "Rome", "tries": [1, 2]})


def test_a_document_changes_in_place_and_an_orphan_goes(both: Both) -> None:
    def change(session: Session) -> Any:
        order = session.get_one(Order, 1)
        assert order.details is not None
        order.details["city"] = "Oslo"
        del order.lines[0]
        order.lines.append(Line(number=3, product="pot", price=Decimal("1.10")))
        session.flush()
        session.expire_all()
        left = session.execute(select(Line.number, Line.product).where(Line.order_id == 1).order_by(Line.number))
        return order.version, order.details, [tuple(row) for row in left]

    assert both.same(change) == (2, {"city": "Oslo", "tries": [1, 2]}, [(2, "cup"), (3, "pot")])


def test_merge_and_cascading_delete(both: Both) -> None:
    def change(session: Session) -> Any:
        session.merge(Post(id=1, title="Keys, again", tags=[Tag(name="aws"), Tag(name="new")]))
        session.delete(session.get_one(Node, 2))
        session.flush()
        session.expire_all()
        names = session.scalars(select(Node.name).order_by(Node.id)).all()
        return _posts(session)[0], names

    assert both.same(change) == (("Keys, again", ["aws", "new"]), ["root", "right"])


def test_the_tree(both: Both) -> None:
    parent = aliased(Node)
    pairs = select(Node.name, parent.name).outerjoin(Node.parent.of_type(parent)).order_by(Node.id)
    both.same(lambda session: [tuple(row) for row in session.execute(pairs)])
    start = select(Node.id, Node.name).where(Node.parent_id.is_(None)).cte(recursive=True)
    below = start.union_all(select(Node.id, start.c.name + "/" + Node.name).join(start, Node.parent_id == start.c.id))
    paths = both.same(lambda session: session.scalars(select(below.c.name).order_by(below.c.name)).all())
    assert paths == ["root", "root/left", "root/left/leaf", "root/right"]
    eager = select(Node).where(Node.id == 1).options(joinedload(Node.children).joinedload(Node.children))
    both.same(lambda s: [[g.name for c in n.children for g in c.children] for n in s.scalars(eager).unique()])


def test_employees_of_each_kind(both: Both) -> None:
    answer = both.same(lambda session: _people(session, with_polymorphic(Person, "*")))
    assert answer[:2] == [("Manager", "Ann", Decimal("10.50")), ("Engineer", "Bob", "python")]
    both.same(lambda session: _people(session, Person, selectin_polymorphic(Person, [Engineer, Manager])))
    both.same(lambda session: _people(session, Engineer))
    # A join of joined tables: LEFT OUTER JOIN (people JOIN engineers ON …).
    team = select(Manager).options(joinedload(Manager.team.of_type(with_polymorphic(Person, [Engineer], flat=True))))
    both.same(lambda s: [(boss.name, [one.name for one in boss.team]) for boss in s.scalars(team).unique()])
    skilled = select(Manager.name).where(Manager.team.of_type(Engineer).any(Engineer.language == "c"))
    assert both.same(lambda session: session.scalars(skilled).all()) == ["Ann"]


def test_a_subquery_stands_inside_a_join_in_parentheses(both: Both) -> None:
    large = select(Line.order_id, func.sum(Line.count).label("pieces")).group_by(Line.order_id).subquery()
    inner = large.join(Order, Order.id == large.c.order_id)
    found = (
        select(Post.id, large.c.pieces, Order.note)
        .select_from(Post)
        .outerjoin(inner, Order.id == Post.id)
        .order_by(Post.id)
    )
    answer = both.same(lambda session: [tuple(row) for row in session.execute(found)])
    assert answer == [(1, 5, None), (2, 1, ""), (3, None, None)]


def test_a_union_of_tables(both: Both) -> None:
    names = union_all(select(Tag.name.label("name")), select(Person.name)).subquery()
    both.same(lambda session: session.scalars(select(names.c.name).order_by(names.c.name).limit(4)).all())
