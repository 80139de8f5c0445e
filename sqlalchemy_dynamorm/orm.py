"""Helpers for the ORM, in SQLAlchemy's own words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapper, Session

from sqlalchemy_dynamorm.errors import InterfaceError

T = TypeVar("T")


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
