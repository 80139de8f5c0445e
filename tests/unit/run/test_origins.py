"""An error says which row of its statement it is, in a sentence of its own."""

from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.errors import DataError
from sqlalchemy_dynamorm.run.origins import Origin


@pytest.mark.parametrize("said", ["round it, or declare the column Numeric", "round it."])
def test_the_row_is_a_sentence_of_its_own(said: str) -> None:
    error = Origin("INSERT …", row=2, rows=3).of(DataError(said))

    assert str(error) == f"{said.rstrip('.')}. It is row 2 of the 3 of its statement."
    assert (error.statement, error.row_number) == ("INSERT …", 2)


def test_one_row_needs_no_number() -> None:
    assert str(Origin("INSERT …").of(DataError("round it"))) == "round it"
