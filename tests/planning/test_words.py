"""Numbers are said as a person says them."""

from __future__ import annotations

import pytest

from preview_db.planning.words import count


@pytest.mark.parametrize(
    ("number", "noun", "said"),
    [
        (1, "database", "1 database"),
        (2, "database", "2 databases"),
        (0, "preview", "0 previews"),
        (2, "superseded credential", "2 superseded credentials"),
        (1, "branch", "1 branch"),
        (3, "branch", "3 branches"),
        (2, "queue entry", "2 queue entries"),
        (2, "working day", "2 working days"),
    ],
)
def test_a_number_and_its_noun_agree(number: int, noun: str, said: str) -> None:
    assert count(number, noun) == said
