"""ALTER TABLE … RENAME TO: the table that the copy makes, with the same key or another one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy_dynamorm.errors import ProgrammingError, Unsupported
from sqlalchemy_dynamorm.plan.definitions import display_name, table_of
from sqlalchemy_dynamorm.plan.schema import Index, Table
from sqlalchemy_dynamorm.plan.table_options import DEFAULTS, NAMES, TableOptions
from sqlalchemy_dynamorm.sql import nodes


@dataclass(frozen=True, slots=True)
class CopyOptions:
    """What a RENAME TO says beside the names and the key.

    :ivar frozen: nobody writes the table; otherwise its stream is followed.
    :ivar share: the share of the capacity that the copy takes, ``None`` for as fast as it goes.
    """

    frozen: bool
    share: float | None = None


def copy_options(node: nodes.RenameTable) -> CopyOptions:
    """The options of a copy; one of a table that may be written meanwhile is refused.

    :raises Unsupported: neither is a write freeze declared nor the stream to be followed, or another option.
    :raises ProgrammingError: both, or a value that is none.
    """
    given, name = dict(node.options), display_name(node.table)
    for option in given:
        if option not in _COPY_OPTIONS:
            raise Unsupported(f"There is no option {option!r} of RENAME TO; there are: {', '.join(_COPY_OPTIONS)}.")
    if given.get("local_indexes", "drop") not in _LOCAL_WAYS:
        raise ProgrammingError(f"The option local_indexes of RENAME TO is one of {', '.join(_LOCAL_WAYS)}.")
    ways = [way for way in ("writes_frozen", "follow") if given.get(way, "false") != "false"]
    if any(given[way] != "true" for way in ways):
        raise ProgrammingError("The options writes_frozen and follow of RENAME TO are true or false.")
    if len(ways) == 2:
        raise ProgrammingError(
            "RENAME TO follows a table that is written, or finishes the copy of one that is not: WITH "
            "(follow='true') first, and when its writers are stopped WITH (writes_frozen='true')."
        )
    if not ways:
        raise Unsupported(
            f"RENAME TO copies the items of {name!r}, and what is written to it meanwhile would be lost. Stop all "
            "programs that write it and declare that: WITH (writes_frozen='true'), or in a migration "
            f"op.writes_frozen({node.table.name!r}) before. Or follow its stream while they write: WITH "
            f"(follow='true'), op.follow_writes({node.table.name!r})."
        )
    return CopyOptions(ways == ["writes_frozen"], _share(given.get("share")))


_COPY_OPTIONS = ("writes_frozen", "follow", "share", "local_indexes")
_LOCAL_WAYS = ("global", "drop")


def _share(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise ProgrammingError(f"A share of the capacity is above 0, and 1 at the most; not {text!r}.")
    return share


def declaration_after(declared: nodes.CreateTable, node: nodes.RenameTable) -> nodes.CreateTable:
    """What is declared of the new table.

    :raises ProgrammingError: a column of its key is not declared.
    """
    options = tuple(option for option in declared.options if option[0] != "table_name")
    indexes = tuple(replace(index, table=node.new) for index in declared.indexes)
    copied = replace(declared, table=node.new, options=options, indexes=indexes)
    if not node.primary_key:
        return copied
    known = {column.name for column in declared.columns}
    if unknown := [name for name in node.primary_key if name not in known]:
        raise ProgrammingError(f"The table {display_name(node.table)!r} has no column {unknown[0]!r} for its key.")
    indexes = tuple(_declared_after(index, node) for index in indexes if _stays(index, node))
    copied = replace(copied, indexes=indexes)
    columns = tuple(replace(each, not_null=each.not_null or each.name in node.primary_key) for each in declared.columns)
    options = tuple(option for option in options if option[0] not in ("partition_key", "sort_key"))
    return replace(copied, columns=columns, primary_key=node.primary_key, options=options, key_note=nodes.KeyNote())


def table_after(found: Table, declared: nodes.CreateTable | None, node: nodes.RenameTable, separator: str) -> Table:
    """The new table: the indexes that the service knows, and the columns that are declared.

    :param declared: what is declared of the new table, ``None`` where nothing is.
    :raises Unsupported: another key of a table that nobody declared, or under a local index of which nothing is said.
    """
    if declared is None:
        if node.primary_key:
            raise Unsupported(
                f"The columns of {found.name!r} are not declared, so their types are not known, and it can get no "
                "other key. Declare it by CREATE TABLE under a new name, and copy the rows."
            )
        return replace(found, name=display_name(node.new))
    table = table_of(declared, separator)
    names = {column.name for column in table.columns}
    more = [column for column in found.columns if column.name not in names and not column.hidden]
    return replace(table, columns=(*table.columns, *more), indexes=tuple(_indexes_after(found, table, node)))


def _indexes_after(found: Table, table: Table, node: nodes.RenameTable) -> Iterable[Index]:
    """The indexes of the new table; a local one has the partition key of its table."""
    way = dict(node.options).get("local_indexes")
    for index in found.indexes:
        if not index.local or index.hash == (table.partition,):
            yield index
        elif way is None:
            raise Unsupported(
                f"The local index {index.name!r} of {found.name!r} has the partition key of its table, which would be "
                f"{table.partition!r}. Say what becomes of it: WITH (local_indexes='global') makes it a global one "
                "with the same key, whose reads are eventually consistent; 'drop' leaves it out."
            )
        elif way == "global":
            yield replace(index, local=False)


def _is_moved(index: nodes.CreateIndex, node: nodes.RenameTable) -> bool:
    return dict(index.options).get("local") == "true" and index.columns[:1] != node.primary_key[:1]


def _stays(index: nodes.CreateIndex, node: nodes.RenameTable) -> bool:
    return dict(node.options).get("local_indexes") != "drop" or not _is_moved(index, node)


def _declared_after(index: nodes.CreateIndex, node: nodes.RenameTable) -> nodes.CreateIndex:
    if not _is_moved(index, node):
        return index
    return replace(index, options=tuple(option for option in index.options if option[0] != "local"))


def options_after(there: TableOptions) -> TableOptions:
    """The options that the new table is made with: its TTL comes at the end, its warm throughput would cost."""
    left_out = ("ttl", "warm_throughput")
    values = {name: getattr(there, name) for name in NAMES if name not in left_out}
    return TableOptions(**{name: value for name, value in values.items() if value != getattr(DEFAULTS, name)})
