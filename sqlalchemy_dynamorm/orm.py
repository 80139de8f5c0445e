"""For the ORM, in SQLAlchemy's own words: columns that fill themselves, as mixins, and reads of many rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, Mapper, Session, declared_attr, mapped_column

from sqlalchemy_dynamorm.dbapi.paging import PageOf
from sqlalchemy_dynamorm.dialect.context import PAGE
from sqlalchemy_dynamorm.dialect.times import TTL
from sqlalchemy_dynamorm.errors import InterfaceError

T = TypeVar("T")


def _now() -> dt.datetime:
    return dt.datetime.now(dt.timezone.utc)


class CreatedAt:
    """A mixin: ``created_at``, the moment of the INSERT, aware, in UTC."""

    created_at: Mapped[dt.datetime] = mapped_column(sa.DateTime(timezone=True), default=_now, sort_order=90)


class UpdatedAt:
    """A mixin: ``updated_at``, the moment of the INSERT and of each UPDATE after it."""

    updated_at: Mapped[dt.datetime] = mapped_column(
        sa.DateTime(timezone=True), default=_now, onupdate=_now, sort_order=91
    )


class Timestamps(CreatedAt, UpdatedAt):
    """A mixin: ``created_at`` and ``updated_at``."""


class Versioned:
    """A mixin: ``version``, which each UPDATE raises by one, on condition that it is what was read; DELETE too.

    Who lost gets :class:`sqlalchemy.orm.exc.StaleDataError`. Core's ``update()`` neither checks nor raises it.

    :cvar version_start: the version of a new row, 0 for example.
    """

    version_start: ClassVar[int] = 1
    version: Mapped[int] = mapped_column(sort_order=92)

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        start = cls.version_start
        return {
            "version_id_col": cls.version,
            "version_id_generator": lambda version: start if version is None else version + 1,
        }


class Expires:
    """A mixin: ``expires_at``, when DynamoDB may delete the row; ``None`` is never. It is the table's TTL.

    An expired row stays, and can be read, for up to days; ``dynamodb_hide_expired=True`` of the table hides it.
    """

    expires_at: Mapped[dt.datetime | None] = mapped_column(TTL, sort_order=93)


def get_many(session: Session, entity: type[T], idents: Iterable[Any]) -> list[T | None]:
    """Objects by their primary keys, as ``Session.get`` would give each: BatchGetItem, 100 keys a call.

    :param idents: primary keys, each a value or, for a key of several columns, a tuple in their order; any number,
        duplicates included.
    :return: one entry for each key, in the order asked; ``None`` where there is no such object. What the session
        has already, and not expired, is not read again.
    :raises InterfaceError: a key with another number of values than the primary key has columns.
    """
    mapper: Mapper[T] = sa.inspect(entity)
    keys = [_key(mapper, ident) for ident in idents]
    missing = [key for key in dict.fromkeys(keys) if not _is_loaded(session, mapper, key)]
    if missing:
        # The result keeps the objects alive until the identity map has been asked for all of them.
        loaded = session.scalars(sa.select(entity).where(_among(mapper, missing))).all()
        found = {tuple(mapper.primary_key_from_instance(each)): each for each in loaded}
    else:
        found = {}
    return [found.get(key) or session.identity_map.get(mapper.identity_key_from_primary_key(key)) for key in keys]


class Page(NamedTuple):
    """A page of a SELECT.

    :ivar items: its objects, values of one column, or rows where the statement selects several.
    :ivar cursor: what the next page begins with; ``None`` on the last one. It is a text that can go into a URL.
    """

    items: Sequence[Any]
    cursor: str | None


def paginate(
    session: Session | Connection,
    statement: sa.Select[Any],
    size: int,
    cursor: str | None = None,
    *,
    secret: str | bytes = b"",
) -> Page:
    """A page of a SELECT, read from where the page before it ended, whatever comes before.

    The rows are those of the key or index that the statement is read by, in its order. A page is short where a
    condition is checked on what was read, only if it is the last one; the last one may be empty.

    :param session: a session, or a Core connection.
    :param statement: a SELECT without LIMIT; it may be ordered by the sort key of what it reads.
    :param size: rows of a page, at the most.
    :param cursor: what the page before gave, for the same statement and values; ``None`` for the first page.
    :param secret: signs the cursors, so that a changed one is refused. They can be read: they hold a key.
    :raises sqlalchemy.exc.ProgrammingError: the cursor is of another statement, or was changed; the statement has a
        LIMIT; the transaction has written to the table.
    :raises sqlalchemy.exc.NotSupportedError: the statement has to be sorted, or computed by SQLite, so that each page
        would need all rows.
    """
    key = secret.encode() if isinstance(secret, str) else secret
    result: Any = session.execute(statement, execution_options={PAGE: PageOf(size, cursor, key)})
    context = getattr(result, "raw", result).context  # the ORM's result stands before the cursor's own
    items = result.scalars().all() if len(result.keys()) == 1 else result.all()
    return Page(items, context.next_page)


def _key(mapper: Mapper[Any], ident: Any) -> tuple[Any, ...]:
    key = tuple(ident) if isinstance(ident, tuple | list) else (ident,)
    if len(key) != len(mapper.primary_key):
        names = ", ".join(column.name for column in mapper.primary_key)
        raise InterfaceError(f"A key of {mapper.class_.__name__} has {len(mapper.primary_key)} values: {names}.")
    return key


def _is_loaded(session: Session, mapper: Mapper[Any], key: tuple[Any, ...]) -> bool:
    found = session.identity_map.get(mapper.identity_key_from_primary_key(key))
    return found is not None and not sa.inspect(found).expired


def _among(mapper: Mapper[Any], keys: Sequence[tuple[Any, ...]]) -> sa.ColumnElement[bool]:
    if len(mapper.primary_key) == 1:
        return mapper.primary_key[0].in_([key[0] for key in keys])
    return sa.tuple_(*mapper.primary_key).in_(keys)
