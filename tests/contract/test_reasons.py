"""The lists of what does not pass are true: sentences, from one table, for tests and requirements that exist."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.testing import config, fixtures

from tests.contract import requirements
from tests.contract.not_yet import NOT_YET, names_of
from tests.contract.report import universe
from tests.contract.results import SENTENCES


class ReasonsTest(fixtures.TestBase):
    def test_each_is_one_sentence_of_the_table(self) -> None:
        assert {*requirements.CLOSED, *NOT_YET} == {*SENTENCES}
        for sentence in SENTENCES:
            assert sentence.count(". ") == 0
            assert sentence.endswith(".")

    def test_each_name_is_listed_once(self) -> None:
        for table in (requirements.CLOSED, NOT_YET):
            names = [name for each in table.values() for name in each]
            assert len(names) == len(set(names))

    def test_each_closed_requirement_exists_and_nothing_else_is_closed(self) -> None:
        listed = {name for each in requirements.CLOSED.values() for name in each}
        closed = {name for name in requirements.names() if not getattr(config.requirements, name).enabled}
        assert closed == listed & {*requirements.names()}
        if sa.__version__.startswith("2.1."):  # the list is that version's; 2.0 knows fewer
            assert closed == listed

    def test_each_test_that_is_named_exists(self) -> None:
        if not sa.__version__.startswith("2.1."):
            pytest.skip("The names are those of SQLAlchemy 2.1's suite.")
        existing = {name for test in universe() for name in names_of(test)}
        named = {name for each in NOT_YET.values() for name in each}
        assert named - existing == set()
