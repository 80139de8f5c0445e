"""``JOIN … USING (columns)`` and ``NATURAL JOIN``: columns that both sides have are equal, and shown once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy_dynamorm.errors import ProgrammingError, UndefinedColumn, Unsupported
from sqlalchemy_dynamorm.plan.scopes import Block, Named
from sqlalchemy_dynamorm.sql import nodes


def share(join: nodes.Join, left: Sequence[Named], right: Sequence[Named], block: Block) -> Iterator[nodes.Compare]:
    """The conditions of a join by columns of the same name; from here on such a name means both.

    It is the value of the left side, which is NULL only if there is no row, but of RIGHT and FULL JOIN either side's.

    :raises UndefinedColumn: a side has no such column.
    :raises ProgrammingError: the left side has several.
    :raises Unsupported: it is not known which columns a side has.
    """
    for name in _common(left, right) if join.natural else join.using:
        one, other = _of(name, left), _of(name, right)
        # That of several says no more than its name: its value is that of any of them.
        before = nodes.Column(name) if name in block.either else _column(name, one)
        other.shared.add(name)
        yield nodes.Compare("=", before, _column(name, other))
        if join.kind in ("RIGHT", "FULL"):
            block.either.add(name)


def _column(name: str, source: Named) -> nodes.Column:
    return nodes.Column(name, source.called, source.schema)


def _of(name: str, sources: Sequence[Named]) -> Named:
    """The one source that has this column: of several that are joined by it, the first."""
    found = [source for source in sources if source.find(name) is not None and name not in source.shared]
    called = ", ".join(repr(source.called) for source in (found or sources))
    if not found:
        raise UndefinedColumn(f"JOIN … USING ({name}): {called} has no column of this name; both sides must.")
    if len(found) > 1:
        raise ProgrammingError(f"JOIN … USING ({name}) is ambiguous: {called} each have a column of this name; use ON.")
    return found[0]


def _common(left: Sequence[Named], right: Sequence[Named]) -> list[str]:
    """The columns that both sides have."""
    for source in (*left, *right):
        if source.occurrence is not None and not source.occurrence.table.declared:
            raise Unsupported(f"NATURAL JOIN with {source.called!r}: only its key is known; use USING (columns).")
    there = {name for source in left for name in source.names}
    return [name for name in dict.fromkeys(name for source in right for name in source.names) if name in there]


def check_star(query: nodes.Select) -> None:
    """:raises Unsupported: ``*`` of a join in parentheses by shared columns, whose order is SQLite's own."""
    starred = any(isinstance(output, nodes.Star) for output in query.outputs)
    if starred and any(map(_shares, (query.source, *(join.source for join in query.joins)))):
        raise Unsupported("SELECT * of a join in parentheses with USING or NATURAL: name the columns.")


def _shares(source: nodes.Source | None) -> bool:
    if not isinstance(source, nodes.Group):
        return False
    shared = any(join.using or join.natural for join in source.joins)
    return shared or any(map(_shares, (source.source, *(join.source for join in source.joins))))
