"""Whether each column that is shown of a group has one value there.

SQLite shows the value of any row of the group where it has not; what is computed here says so instead, as PostgreSQL
does. A column has one value if it is in GROUP BY, is equal to one that has, or is of a row whose whole key has.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy_dynamorm.errors import ProgrammingError
from sqlalchemy_dynamorm.plan.analysis import Analysis, Fact, aggregates
from sqlalchemy_dynamorm.plan.conditions import VALUES
from sqlalchemy_dynamorm.plan.scopes import Block, Traced
from sqlalchemy_dynamorm.sql import nodes

Base = tuple[int, str]
"""A column of one place in FROM: the number of the occurrence, and its name."""


def check_grouped(analysis: Analysis) -> None:
    """Refuse to show a column of a group that has no one value there.

    The one row that ``min()`` or ``max()`` alone is taken from is SQLite's own, and shown.

    :raises ProgrammingError: a column is shown so, by its name.
    """
    for block in analysis.blocks:
        query = block.query
        if not isinstance(query, nodes.Select) or not (query.group or aggregates(query)) or _of_one_row(query):
            continue
        fixed = _fixed(query, block, [fact for fact in analysis.facts if fact.block is block])
        for output in query.outputs:
            column = output.expression if isinstance(output, nodes.Output) else None
            if isinstance(column, nodes.Column) and _is_open(block.own(column), fixed):
                raise ProgrammingError(
                    f"The column {column.name!r} is shown of groups of rows, and is neither in GROUP BY nor within an "
                    "aggregate, so it has no one value there: add it to GROUP BY, or take min() or max() of it."
                )


def _of_one_row(query: nodes.Select) -> bool:
    outputs = (output.expression for output in query.outputs if isinstance(output, nodes.Output))
    found = [what for expression in outputs for what in _aggregates(expression)]
    return len(found) == 1 and found[0] in ("min()", "max()")


def _aggregates(expression: nodes.Expression) -> Iterator[str]:
    if isinstance(expression, nodes.CountRows):
        yield "count(*)"
    elif isinstance(expression, nodes.Computed) and expression.aggregate:
        yield expression.what
    for part in nodes.parts_of(expression):
        yield from _aggregates(part)


def _is_open(found: Traced | None, fixed: set[Base]) -> bool:
    """Whether it is a column of one table of this SELECT that has more than one value."""
    bases = [] if found is None else _bases(found)
    return len(bases) == 1 and bases[0] not in fixed


def _bases(found: Traced) -> list[Base]:
    return [(occurrence.number, column.name) for occurrence, column in found.bases]


def _fixed(query: nodes.Select, block: Block, facts: list[Fact]) -> set[Base]:
    """The columns that have one value in each group."""
    fixed = {base for found in _grouped(query, block) for base in _bases(found)}
    before = -1
    while before < len(fixed):
        before = len(fixed)
        for fact in facts:
            fixed.update(_made_equal(fact, block, fixed))
        for occurrence in {id(each): each for source in block.sources for each in source.occurrences}.values():
            table, number = occurrence.table, occurrence.number
            if all((number, name) in fixed for name in table.key_columns):
                fixed.update((number, column.name) for column in occurrence.used.values())
    return fixed


def _grouped(query: nodes.Select, block: Block) -> Iterator[Traced]:
    """What GROUP BY names: columns, labels, and the places of outputs."""
    for term in query.group:
        expression: nodes.Expression = term
        if isinstance(term, nodes.Literal) and isinstance(term.value, int) and 0 < term.value <= len(query.outputs):
            output = query.outputs[term.value - 1]
            expression = output.expression if isinstance(output, nodes.Output) else term
        if isinstance(expression, nodes.Column):
            yield block.resolve(expression)


def _made_equal(fact: Fact, block: Block, fixed: set[Base]) -> Iterator[Base]:
    """The columns that an equality gives one value; that of an outer join only on the side which it may leave out."""
    if not isinstance(fact.condition, nodes.Compare) or fact.condition.op != "=":
        return
    left, right = fact.condition.left, fact.condition.right
    for one, other in ((left, right), (right, left)):
        own = block.own(one) if isinstance(one, nodes.Column) else None
        bases = [] if own is None else _bases(own)
        if (
            len(bases) == 1
            and (not fact.joined or bases[0][0] in fact.of)
            and _has_one_value(other, fact, block, fixed)
        ):
            yield bases[0]


def _has_one_value(expression: nodes.Expression, fact: Fact, block: Block, fixed: set[Base]) -> bool:
    if isinstance(expression, VALUES):
        return not fact.joined
    if not isinstance(expression, nodes.Column):
        return False
    own = block.own(expression)
    return own is None or (len(own.bases) == 1 and _bases(own)[0] in fixed)
