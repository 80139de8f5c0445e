"""ALTER TABLE: what is declared of a table changes, and then its options, one after the other."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy_dynamorm.errors import UndefinedTable, Unsupported
from sqlalchemy_dynamorm.plan.altering import altered
from sqlalchemy_dynamorm.plan.definitions import declaration_of
from sqlalchemy_dynamorm.plan.kinds import kind_of
from sqlalchemy_dynamorm.plan.table_options import TableOptions, table_options, ttl_column
from sqlalchemy_dynamorm.run.declarations import alter, declaration, declare
from sqlalchemy_dynamorm.run.definitions import create_system_table
from sqlalchemy_dynamorm.run.description import parse
from sqlalchemy_dynamorm.run.enforcing import Enforcing, enforce
from sqlalchemy_dynamorm.run.request import Asking, Execution, Outcome
from sqlalchemy_dynamorm.run.rewriting import rename_attribute
from sqlalchemy_dynamorm.run.table_options import options_there, set_options
from sqlalchemy_dynamorm.run.waiting import DEFAULT, Description, Patience, description_of
from sqlalchemy_dynamorm.sql import nodes


@dataclass(frozen=True, slots=True)
class Altering:
    """An ALTER TABLE and where what is declared is kept.

    :ivar physical: the table's own name.
    :ivar name: the name for messages.
    :ivar system: the system table's physical name, ``None`` where the engine has none.
    """

    node: nodes.AlterTable
    physical: str
    name: str
    system: str | None
    separator: str = "."
    patience: Patience = DEFAULT


def alter_table(altering: Altering) -> Execution:
    """What is declared changes at once and as a whole, then each option by itself.

    Killed in between, it can be run again: what is so already stays.

    :raises UndefinedTable: there is no such table, and IF EXISTS was not said.
    :raises Unsupported: the engine keeps no declarations.
    """
    node = altering.node
    wanted = options_of(node, altering.name)
    description = yield from description_of(altering.physical)
    if description is None:
        if node.if_exists:
            return Outcome()
        raise UndefinedTable(f"There is no table {altering.name!r}.", table=altering.physical)
    if any(not isinstance(change, nodes.SetOptions) for change in node.changes):
        before, after = yield from _declared(altering, description)
        if wanted.ttl is None:
            wanted = replace(wanted, ttl=(yield from _expiry(node, before, after, description)))
    yield from set_options(altering.physical, wanted, altering.patience)
    yield from _rewritten(altering, description)
    return Outcome()


def _rewritten(altering: Altering, description: Description) -> Asking[None]:
    """The items' attributes, where a column has a new name."""
    table = parse(description, altering.name)
    for change in altering.node.changes:
        if isinstance(change, nodes.RenameColumn):
            yield from rename_attribute(table, change.name, change.new)


def options_of(node: nodes.AlterTable, name: str) -> TableOptions:
    """The options that an ALTER TABLE sets.

    :raises ProgrammingError: a value that an option does not take.
    :raises Unsupported: there is no such option.
    """
    written = [option for change in node.changes if isinstance(change, nodes.SetOptions) for option in change.options]
    return table_options(tuple(written), name)


def _declared(altering: Altering, description: Description) -> Asking[tuple[nodes.CreateTable, nodes.CreateTable]]:
    """Change what is declared; returns it as it was and as it is."""
    made: list[nodes.CreateTable] = []

    def change(declared: nodes.CreateTable) -> nodes.CreateTable:
        made[:] = [declared, altered(declared, altering.node.changes)]
        return made[1]

    system, physical = altering.system, altering.physical
    if system is None:
        raise Unsupported(
            f"What is declared of {altering.name!r} is kept in the system table, and this engine has none "
            "(system_table=none)."
        )
    start = yield from declaration(system, physical)
    known = start is not None
    if start is None:
        start = declaration_of(parse(description, altering.name), altering.node.table, altering.separator)
    after = change(start)
    yield from enforce(Enforcing(start, after, physical, system, altering.separator), altering.patience)
    if known:
        yield from alter(system, physical, change)
    else:
        yield from _declare(system, physical, after)
    return made[0], made[1]


def _declare(system: str, physical: str, node: nodes.CreateTable) -> Asking[None]:
    """Begin to declare a table that was made elsewhere."""
    try:
        yield from declare(system, physical, node)
    except UndefinedTable:
        yield from create_system_table(system)
        yield from declare(system, physical, node)


def _expiry(
    node: nodes.AlterTable, before: nodes.CreateTable, after: nodes.CreateTable, description: Description
) -> Asking[str | bool | None]:
    """The TTL that follows its column: one of the type TTL, or the one that it is by now; ``None`` to leave it."""
    typed = ttl_column(after)
    if any(isinstance(change, nodes.AddColumn | nodes.SetType) and _is_ttl(change) for change in node.changes):
        return typed
    gone = {change.name for change in node.changes if isinstance(change, nodes.DropColumn)}
    gone |= {change.name for change in node.changes if isinstance(change, nodes.SetType) and _ends(change, before)}
    new = {change.name: change.new for change in node.changes if isinstance(change, nodes.RenameColumn)}
    if not gone and not new:
        return None
    there = (yield from options_there(description, frozenset({"ttl"}))).ttl
    return False if there in gone else new.get(str(there))


def _ends(change: nodes.SetType, before: nodes.CreateTable) -> bool:
    """Whether a column's new type ends the TTL by it: it was TTL, or the service, which takes numbers, sees none."""
    return ttl_column(before) == change.name or kind_of(change.type).key_type != "N"


def _is_ttl(change: nodes.AddColumn | nodes.SetType) -> bool:
    type_ = change.column.type if isinstance(change, nodes.AddColumn) else change.type
    return type_.name == "TTL"
