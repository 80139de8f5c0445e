"""The columns of a CREATE TABLE, each with the constraints that stand in its definition."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy_dynamorm.errors import SQLSyntaxError
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.grammar import tokens_of
from sqlalchemy_dynamorm.sql.read_constraints import comment, reference
from sqlalchemy_dynamorm.sql.read_generated import generated
from sqlalchemy_dynamorm.sql.read_parts import check, constant
from sqlalchemy_dynamorm.sql.read_sequences import identity
from sqlalchemy_dynamorm.sql.words import Words, once, words_of

_AFTER_TYPE = frozenset(
    "NOT NULL PRIMARY DEFAULT AUTOINCREMENT REFERENCES UNIQUE CHECK CONSTRAINT COLLATE GENERATED AS ON COMMENT "
    "USING".split()
)
_CLOCKS = {"CURRENT_DATE": "DATE", "CURRENT_TIME": "TIME"}


@dataclass(slots=True)
class Column:
    """A column as far as it is read; ``None`` is not said yet."""

    name: str
    type: nodes.TypeName
    not_null: bool | None = None
    autoincrement: bool | None = None
    primary_key: bool | None = None
    default: nodes.Value | None = None
    on_update: nodes.Value | None = None
    comment: str | None = None
    identity: nodes.Identity | None = None
    generated: nodes.Generated | None = None
    key_note: nodes.KeyNote = field(default_factory=nodes.KeyNote)
    uniques: list[nodes.Unique] = field(default_factory=list)
    foreign_keys: list[nodes.ForeignKey] = field(default_factory=list)
    checks: list[nodes.CheckConstraint] = field(default_factory=list)

    def definition(self) -> nodes.ColumnDefinition:
        """The column without what belongs to the table."""
        return nodes.ColumnDefinition(
            self.name,
            self.type,
            self.not_null is True,
            self.autoincrement is True,
            self.default,
            self.on_update,
            self.comment,
            self.identity,
            self.generated,
        )


def read_column(words: Words) -> Column:
    """Read one column.

    :raises SQLSyntaxError: it is malformed.
    :raises Unsupported: a constraint or a clause that is not handled, by name.
    """
    name = words.name()
    column = Column(name, read_type(words, name))
    while words.next is not None and not (words.sees(",") or words.sees(")")):
        _constraint(words, column)
    return column


def _constraint(words: Words, column: Column) -> None:
    name = words.name() if words.accept("CONSTRAINT") else None
    if words.accept("NOT", "NULL"):
        column.not_null = once(column.not_null, True, "NULL or NOT NULL")
    elif words.accept("NULL"):
        column.not_null = once(column.not_null, False, "NULL or NOT NULL")
    elif words.accept("AUTOINCREMENT"):
        column.autoincrement = once(column.autoincrement, True, "AUTOINCREMENT")
    elif words.accept("DEFAULT"):
        column.default = once(column.default, _default(words, column.type), "DEFAULT")
    elif words.accept("ON", "UPDATE"):
        column.on_update = once(column.on_update, _default(words, column.type), "ON UPDATE")
    elif words.sees("GENERATED") and (found := identity(words)) is not None:
        column.identity = once(column.identity, found, "IDENTITY")
    elif (computed := generated(words)) is not None:
        column.generated = once(column.generated, computed, "GENERATED")
    elif words.sees("COMMENT"):
        column.comment = once(column.comment, comment(words), "COMMENT")
    elif not _table_constraint(words, column, name):
        raise words.refusal("CREATE TABLE")


def _table_constraint(words: Words, column: Column, name: str | None) -> bool:
    """Read a constraint that belongs to the table; ``False`` where none comes next."""
    if words.accept("PRIMARY", "KEY"):
        column.primary_key = once(column.primary_key, True, "PRIMARY KEY")
        column.key_note = nodes.KeyNote(name)
    elif words.accept("UNIQUE"):
        column.uniques.append(nodes.Unique((column.name,), name))
    elif words.accept("REFERENCES"):
        column.foreign_keys.append(reference(words, (column.name,), name))
    elif words.accept("CHECK"):
        column.checks.append(check(words, name))
    else:
        return False
    return True


def read_default(text: str, type_name: nodes.TypeName) -> nodes.Value:
    """The value of a DEFAULT clause by itself.

    :raises SQLSyntaxError: it is malformed.
    :raises Unsupported: it is an expression.
    """
    words = words_of(tokens_of(text), text)
    found = _default(words, type_name)
    words.end("DEFAULT")
    return found


def read_identity(text: str) -> nodes.Identity:
    """``GENERATED … AS IDENTITY`` by itself.

    :raises SQLSyntaxError: it is malformed.
    """
    words = words_of(tokens_of(text), text)
    found = identity(words)
    if found is None:
        raise words.error()
    words.end("IDENTITY")
    return found


def _default(words: Words, type_name: nodes.TypeName) -> nodes.Value:
    for clock, dated in _CLOCKS.items():
        if words.sees(clock) and type_name.name == dated:
            words.expect(clock)
            return nodes.CurrentTimestamp()
    return constant(words)


def default_text(words: Words) -> str:
    """A DEFAULT's value as it is written; what it is, :func:`read_default` says with the column's type."""
    first = words.at
    if not any(words.accept(clock) for clock in _CLOCKS):
        constant(words)
    return words.written(first, words.at)


def read_type(words: Words, column: str) -> nodes.TypeName:
    """The type of a column.

    :raises SQLSyntaxError: there is none.
    """
    parts = []
    while words.next is not None and words.next.kind == "word" and words.next.upper not in _AFTER_TYPE:
        parts.append(words.take("word").upper())
    if not parts:
        raise SQLSyntaxError(f"The column {column} has no type.")
    return nodes.TypeName(" ".join(parts), _type_arguments(words))


def _type_arguments(words: Words) -> tuple[str, ...]:
    if not words.accept("("):
        return ()
    found = [_type_argument(words)]
    while words.accept(","):
        found.append(_type_argument(words))
    words.expect(")")
    return tuple(found)


def _type_argument(words: Words) -> str:
    if words.accept("-"):
        return "-" + words.take("number")
    if words.next is not None and words.next.kind == "string":
        return "'" + words.take("string").replace("'", "''") + "'"
    return words.take("number", "word")
