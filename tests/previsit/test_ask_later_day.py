"""An answer about a later day: it counts for an earlier one only where the payer's own dates of coverage include it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from massage_billing.model import Answer, Plan, Standing
from massage_billing.previsit import answered
from massage_billing.previsit.answered import NEVER_ASKED, out_of_force
from massage_billing.previsit.ask import stale, whether
from massage_billing.previsit.verify import tells
from massage_billing.previsit.which import billed
from previsit.making import (
    ASKING,
    BOOK,
    DAY,
    TERMS,
    TODAY,
    ago,
    answer,
    appointment,
    clinic,
    coverage,
    known,
    payer,
    today,
)

LATER = date(2026, 11, 28)
NEXT_MONTH = date(2026, 12, 5)
IN, NO, SILENT = Standing.IN_FORCE, Standing.NOT_IN_FORCE, Standing.NO_DATA


def why(said: Answer) -> tuple[str, ...]:
    """Why the visit of the 18th is asked about, where this was answered yesterday."""
    found = whether(appointment(), coverage(), payer(), [known(said, on=ago(1))], None, today(), False, ASKING)
    return found.why if found else ()


def reasons(said: Answer) -> list[str]:
    """What is told of the visit of the 18th."""
    one = known(said, on=ago(1))
    who = billed(appointment(), clinic(), BOOK.on(DAY), {"Coverage/5": [one]}, TERMS)
    return [each.id for each in answered.reasons(appointment(), who, one, NEVER_ASKED, today(), TERMS)]


@pytest.mark.parametrize(
    "said",
    [
        {"asked_for": LATER},
        {"asked_for": LATER, "end": date(2026, 12, 31)},
        {"asked_for": LATER, "plans": (Plan("now", None, IN),)},
        {"asked_for": NEXT_MONTH},
    ],
)
def test_a_later_day_without_a_first_day_makes_no_earlier_one_ready(said: dict[str, Any]) -> None:
    told = answer(**said)
    assert why(told) == ("the last answer is about a later day",)
    assert "answer-old" in reasons(told)
    assert tells(known(told, on=ago(1)), DAY) is None, "nor does it prove anything when it is billed"


@pytest.mark.parametrize("about", [LATER, NEXT_MONTH])
def test_a_later_day_of_a_plan_that_had_begun_counts_for_the_days_since(about: date) -> None:
    for said in ({"start": date(2026, 1, 1)}, {"plans": (Plan("now", None, IN, date(2026, 11, 18)),)}):
        told = answer(asked_for=about, **said)
        assert why(told) == ()
        assert reasons(told) == ["coverage-in-force"]
        assert tells(known(told, on=ago(1)), DAY) is True


def test_figures_of_the_next_plan_year_do_not_count_for_this_one() -> None:
    told = known(answer(asked_for=date(2027, 1, 4), start=date(2020, 1, 1)))
    assert stale(told, date(2026, 12, 28), payer(), today()) == ["the last answer is about a later day"]


def test_a_plan_that_begins_after_the_visit_is_asked_about_again() -> None:
    told = answer(asked_for=LATER, start=date(2026, 11, 20))
    assert why(told) == ("the last answer is about a later day",)
    assert reasons(told)[0] == "coverage-not-started"


# --- one reading of the payer's dates -------------------------------------------------------------------------------


def test_a_plan_without_dates_has_those_of_the_coverage() -> None:
    ended = answer(asked_for=TODAY, plans=(Plan("now", None, IN),), end=date(2026, 11, 17))
    assert reasons(ended)[0] == "coverage-ended"
    assert out_of_force(known(ended), DAY)


def test_a_plan_in_force_without_dates_beside_one_that_ended_is_in_force() -> None:
    plans = (Plan("old", None, IN, date(2025, 1, 1), date(2026, 11, 17)), Plan("now", None, IN))
    both = known(answer(plans=plans))
    assert not out_of_force(both, DAY)
    assert tells(both, DAY) is True


def test_of_a_plan_of_which_the_payer_says_nothing_the_dates_do_not_outweigh_one_in_force() -> None:
    plans = (Plan("other", None, SILENT, date(2026, 1, 1), date(2027, 1, 1)),
             Plan("now", None, IN, date(2026, 1, 1), date(2026, 11, 10)))  # fmt: skip
    told = known(answer(asked_for=date(2026, 11, 5), plans=plans), on=TODAY)
    assert out_of_force(told, DAY)
    assert tells(told, date(2026, 11, 12)) is None
