"""Names in a statement to columns of a table, and result columns to what is decoded."""

from __future__ import annotations

from difflib import get_close_matches

from sqlalchemy_dynamorm.errors import ProgrammingError, UndefinedColumn, Unsupported
from sqlalchemy_dynamorm.plan.schema import REST, Column, Table
from sqlalchemy_dynamorm.plan.steps import Field, OutputValue, Projection
from sqlalchemy_dynamorm.sql import nodes


class Names:
    """The names that a statement on one table may use."""

    def __init__(self, table: Table, name: nodes.TableName) -> None:
        self.table = table
        self._qualifier = name.alias or name.name
        self._schema = None if name.alias else name.schema

    def resolve(self, column: nodes.Column) -> Column:
        """The column that is meant.

        :raises UndefinedColumn: there is none; a similar name is suggested.
        """
        self.check_qualifier(column.table, column.schema)
        return self.target(column.name)

    def check_qualifier(self, qualifier: str | None, schema: str | None) -> None:
        """Refuse a qualifier that is not this statement's table."""
        if schema is not None and (schema, qualifier) != (self._schema, self._qualifier):
            raise ProgrammingError(f"There is no table {schema}.{qualifier} in the statement.")
        if qualifier is not None and qualifier != self._qualifier:
            raise UndefinedColumn(f"{qualifier!r} is not a table of this statement; it reads {self._qualifier!r}.")

    def target(self, name: str) -> Column:
        """The column of that name, unqualified; see :meth:`resolve`."""
        found = self.table.column(name)
        if found is None or found.hidden:
            known = [column.name for column in self.table.visible]
            near = get_close_matches(name, known, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Its columns are: {', '.join(known)}."
            raise UndefinedColumn(f"The table {self.table.name!r} has no column {name!r}. {hint}")
        return found

    def writable(self, name: str) -> Column:
        """As :meth:`target`, of a column that an UPDATE sets.

        :raises ProgrammingError: its value is not given, but made.
        """
        column = self.target(name)
        if column.always:
            raise ProgrammingError(f"The column {name!r} is GENERATED ALWAYS: leave it out of SET.")
        return column


class Fields:
    """The columns to decode from each item, each once, in the order they were first wanted."""

    def __init__(self) -> None:
        self.columns: list[Column] = []

    def position(self, column: Column) -> int:
        """Where the column stands in a decoded row."""
        if column not in self.columns:
            self.columns.append(column)
        return self.columns.index(column)


def outputs(
    written: tuple[nodes.Output | nodes.Star, ...], names: Names | None, fields: Fields
) -> tuple[tuple[OutputValue, ...], tuple[str, ...]]:
    """The result columns and their names; ``names`` is ``None`` without a FROM."""
    values: list[OutputValue] = []
    labels: list[str] = []
    for output in written:
        if isinstance(output, nodes.Star):
            for column in _starred(output, names):
                values.append(Field(fields.position(column)))
                labels.append(column.name)
        else:
            values.append(_output(output.expression, names, fields))
            labels.append(output.label)
    return tuple(values), tuple(labels)


def returning(written: tuple[nodes.Output | nodes.Star, ...], names: Names) -> Projection | None:
    """What RETURNING shows, or ``None`` without one."""
    if not written:
        return None
    fields = Fields()
    values, labels = outputs(written, names, fields)
    if nodes.CountRows() in values:
        raise ProgrammingError("RETURNING cannot hold an aggregate.")
    if REST in fields.columns:
        raise Unsupported(
            f"RETURNING * of {names.table.name!r}, of which only the key is known, is not built; name the columns."
        )
    return Projection(tuple(fields.columns), values, labels)


def _starred(star: nodes.Star, names: Names | None) -> tuple[Column, ...]:
    if names is None:
        raise ProgrammingError("SELECT * needs a FROM.")
    names.check_qualifier(star.table, star.schema)
    return names.table.visible if names.table.declared else _key_first(names.table)


def _key_first(table: Table) -> tuple[Column, ...]:
    """The key, the key attributes of the indexes, then all else that the items turn out to have."""
    key = tuple(table.by_name[name] for name in table.visible_key)
    return (*key, *(column for column in table.visible if column not in key), REST)


def _output(expression: nodes.Expression, names: Names | None, fields: Fields) -> OutputValue:
    match expression:
        case nodes.Column():
            if names is None:
                raise UndefinedColumn(f"The column {expression.name!r} needs a FROM.")
            return Field(fields.position(names.resolve(expression)))
        case nodes.Param() | nodes.Literal() | nodes.Concat() | nodes.CurrentTimestamp() | nodes.CountRows():
            return expression
        case nodes.NextValue() if names is None:
            return expression
        case nodes.NextValue():
            raise ProgrammingError("nextval() is for VALUES, SET, DEFAULT and a SELECT without FROM.")
        case nodes.Call(name):
            raise Unsupported(f"{name}() is for WHERE; it is no result column.")
        case nodes.Computed(what):
            raise Unsupported(f"{what} as a result column is computed")
        case _:
            raise Unsupported("a condition or query as a result column is computed")
