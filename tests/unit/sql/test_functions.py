from __future__ import annotations

from sqlalchemy_dynamorm.sql.functions import AGGREGATES, GIVES, SCALARS, WINDOWED


def test_each_function_is_of_one_sort_but_min_and_max() -> None:
    assert {"min", "max"} == AGGREGATES & SCALARS
    assert not WINDOWED & (AGGREGATES | SCALARS)


def test_what_is_known_of_results_is_known_of_functions() -> None:
    assert set(GIVES) <= SCALARS | AGGREGATES | WINDOWED
