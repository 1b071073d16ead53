"""How long it is until something ends, in words: the same in every list."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from massage_billing.model import Paper, PaperKind
from massage_billing.previsit.clocks import clocks, in_days
from massage_billing.sweep.huddle import clock_in_words
from previsit.making import DAY, TERMS, TODAY


@pytest.mark.parametrize(
    ("days", "words"), [(5, "in 5 days"), (1, "in 1 day"), (0, "today"), (-1, "1 day ago"), (-3, "3 days ago")]
)
def test_days_are_counted_in_words(days: int, words: str) -> None:
    assert in_days(days) == words


def test_what_ends_tomorrow_is_said_alike_in_the_reason_and_in_the_list() -> None:
    paper = Paper(PaperKind.AUTHORIZATION, "papers.csv:3", patient="Patient/1", end=DAY)
    found = clocks([paper], {}, (), DAY, DAY - timedelta(days=1), TERMS)
    (reason,), (clock,) = found.reasons, found.clocks
    assert "(in 1 day)" in reason.message
    assert clock_in_words(clock) == f"authorization ends {DAY.isoformat()} (in 1 day)"
    assert clock_in_words(replace(clock, days=(DAY - TODAY).days)).endswith("(in 2 days)")
