from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.functions import AGGREGATES, GIVES, SCALARS, WINDOWED
from sqlalchemy_dynamorm.sql.reader import read


def test_each_function_is_of_one_sort_but_min_and_max() -> None:
    assert {"min", "max"} == AGGREGATES & SCALARS
    assert not WINDOWED & (AGGREGATES | SCALARS)


def test_what_is_known_of_results_is_known_of_functions() -> None:
    assert set(GIVES) <= SCALARS | AGGREGATES | WINDOWED


@pytest.mark.parametrize("name", sorted((SCALARS | AGGREGATES | WINDOWED) - {"like"}))
def test_each_is_read_by_its_name(name: str) -> None:
    """Whatever sqlglot makes of it."""
    over = " OVER (ORDER BY a)" if name in WINDOWED else ""
    arguments = ", ".join(["a", "b", "c"][: _ARITIES.get(name, 1)])
    found = read(f"SELECT {name}({arguments}){over} FROM t")
    assert isinstance(found, nodes.Select)
    [output] = found.outputs
    assert isinstance(output, nodes.Output)
    assert isinstance(output.expression, nodes.Computed)


_ARITIES = {
    **dict.fromkeys(["random", "pi", "row_number", "rank", "dense_rank", "percent_rank", "cume_dist"], 0),
    **dict.fromkeys(["instr", "nullif", "ifnull", "mod", "pow", "power", "glob", "regexp", "json_object"], 2),
    **dict.fromkeys(["json_group_object", "nth_value", "string_agg", "strftime", "substr", "substring", "timediff"], 2),
    **dict.fromkeys(["json_extract", "json_patch", "concat_ws", "log"], 2),
    **dict.fromkeys(["iif", "if", "replace"], 3),
}
