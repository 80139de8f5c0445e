"""What SET gives a column, to text."""

from __future__ import annotations

from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.write_expressions import name, write_expression


def write_assignments(assignments: tuple[nodes.Assignment, ...]) -> str:
    """The text of SET.

    :raises UnsupportedValue: a constant has no text: NaN, an infinity.
    """
    return ", ".join(text for assignment in assignments for text in _assignment(*assignment))


def _assignment(column: str, operand: nodes.Operand) -> list[str]:
    if isinstance(operand, nodes.JsonChange) and any(len(path) > 1 for path, _ in operand.places):
        return [f"{_place(name(column), path)} = {write_expression(new)}" for path, new in operand.places if new]
    return [f"{name(column)} = {write_operand(operand)}"]


def _place(target: str, path: nodes.Path) -> str:
    for part in path:
        target = f"json_extract({target}, {write_expression(part)})"
    return target


def write_operand(operand: nodes.Operand) -> str:
    """The text of what SET gives a column; see :func:`write_assignments`."""
    match operand:
        case nodes.Arithmetic(op, left, right):
            return f"{_closed(left)} {op} {_closed(right)}"
        case nodes.Joined(parts):
            return " || ".join(_closed(part) for part in parts)
        case nodes.Coalesce(parts):
            return f"coalesce({', '.join(map(write_operand, parts))})"
        case nodes.ListAppend(first, second):
            return f"list_append({write_operand(first)}, {write_operand(second)})"
        case nodes.SetChange(target, members, remove):
            return f"{'set_remove' if remove else 'set_add'}({write_operand(target)}, {write_expression(members)})"
        case nodes.JsonChange():
            return _json(operand)
        case nodes.Selected(expression):
            return write_expression(expression)
        case _:
            return write_expression(operand)


def _closed(part: nodes.Operand) -> str:
    """An operand beside an operator."""
    text = write_operand(part)
    return f"({text})" if isinstance(part, nodes.Arithmetic | nodes.Joined | nodes.Concat) else text


def _json(change: nodes.JsonChange) -> str:
    text = write_operand(change.target)
    for (path,), new in change.places:
        called, more = ("json_remove", "") if new is None else ("json_set", f", {write_expression(new)}")
        text = f"{called}({text}, {write_expression(path)}{more})"
    return text
