"""Whether an answer tells of a date: what it may prove, and what it never proves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massage_billing.model import (
    Answer,
    AnswerKind,
    Clinic,
    Coverage,
    CoverageKind,
    Known,
    Payer,
    PayerRef,
    Plan,
    Standing,
    Verified,
)
from massage_billing.previsit.verify import tells, verified, with_verified

DAY = date(2026, 11, 20)
YES, NO, SILENT = Standing.IN_FORCE, Standing.NOT_IN_FORCE, Standing.NO_DATA


def known(standing: Standing = YES, *, about: date = DAY, on: date = DAY, hour: int = 9, **changes: object) -> Known:
    said = {"start": None, "end": None, "plans": (), "kind": AnswerKind.ANSWERED, **changes}
    answer = Answer(asked_for=about, standing=standing, **said)  # type: ignore[arg-type]
    at = datetime(on.year, on.month, on.day, hour, tzinfo=UTC)
    return Known("Patient/1", "Coverage/1", "plan", on, at, answer, question="MQ1", response="Response/8")


def test_an_answer_tells_of_the_day_it_was_asked_for() -> None:
    assert verified("Coverage/1", [known()], DAY) == Verified(True, "Response/8", DAY)
    assert verified("Coverage/1", [known(NO)], DAY) == Verified(False, "Response/8", DAY)


def test_an_answer_given_some_days_ahead_tells_of_the_day_it_was_asked_for() -> None:
    assert verified("Coverage/1", [known(on=DAY - timedelta(days=3))], DAY) is not None


def test_an_answer_without_a_response_on_the_host_is_named_by_its_question() -> None:
    one = replace(known(), response=None)
    assert verified("Coverage/1", [one], DAY) == Verified(True, "MQ1", DAY)


@pytest.mark.parametrize("later", [1, 12, 300])
def test_a_yes_never_proves_a_later_day_even_where_the_plan_lasts_longer(later: int) -> None:
    one = known(start=date(2026, 1, 1), end=date(2027, 12, 31))
    assert verified("Coverage/1", [one], DAY + timedelta(days=later)) is None


def test_a_no_never_proves_a_later_day() -> None:
    one = known(NO, end=date(2026, 10, 31))
    assert verified("Coverage/1", [one], DAY + timedelta(days=1)) is None


def test_a_yes_proves_an_earlier_day_that_the_stated_dates_include() -> None:
    one = known(start=date(2026, 1, 1))
    assert tells(one, date(2026, 1, 1)) is True
    assert tells(one, date(2025, 12, 31)) is None


def test_a_yes_without_a_first_day_proves_no_other_day() -> None:
    assert tells(known(end=date(2026, 12, 31)), DAY - timedelta(days=1)) is None


def test_a_no_with_a_last_day_proves_the_days_between() -> None:
    one = known(NO, end=date(2026, 11, 10))
    assert tells(one, date(2026, 11, 11)) is False
    assert tells(one, date(2026, 11, 10)) is None


def test_coverage_that_starts_later_proves_nothing_of_the_days_before_it() -> None:
    """The first day is often that of this year's plan, and another plan went before it."""
    assert tells(known(NO, start=DAY + timedelta(days=9)), DAY - timedelta(days=2)) is None


def test_an_answer_about_an_earlier_day_tells_of_later_ones_up_to_the_day_it_was_asked() -> None:
    one = known(about=DAY - timedelta(days=9), on=DAY, start=date(2026, 1, 1), end=date(2026, 11, 15))
    assert tells(one, date(2026, 11, 15)) is True
    assert tells(one, date(2026, 11, 16)) is False
    assert tells(replace(one, answer=replace(one.answer, end=None)), DAY) is True


def test_a_yes_whose_own_dates_leave_the_day_out_proves_nothing() -> None:
    assert tells(known(start=date(2026, 1, 1), end=DAY - timedelta(days=1)), DAY) is None
    assert tells(known(NO, start=date(2026, 1, 1), end=date(2026, 12, 31)), DAY) is False


def test_the_first_and_the_last_day_that_are_stated_are_days_of_coverage() -> None:
    for said in ({"start": DAY}, {"end": DAY}, {"start": DAY, "end": DAY}):
        assert tells(known(**said), DAY) is True  # type: ignore[arg-type]


def test_plans_that_ended_prove_no_end_where_the_coverage_goes_on_longer() -> None:
    plan = Plan("old", None, NO, date(2025, 1, 1), date(2026, 11, 10))
    assert tells(known(NO, plans=(plan,)), date(2026, 11, 12)) is False
    assert tells(known(NO, plans=(plan,), end=date(2026, 11, 15)), date(2026, 11, 12)) is None


def test_of_several_plans_one_that_includes_the_day_is_enough() -> None:
    plans = (
        Plan("old", None, NO, date(2025, 1, 1), date(2025, 12, 31)),
        Plan("new", None, YES, date(2026, 1, 1), date(2026, 12, 31)),
    )
    assert tells(known(plans=plans), date(2026, 3, 1)) is True
    assert tells(known(plans=plans), date(2025, 3, 1)) is None


def test_the_newest_answer_that_tells_of_the_day_counts() -> None:
    old, new = known(hour=8), known(NO, hour=10)
    assert verified("Coverage/1", [new, old], DAY) == verified("Coverage/1", [old, new], DAY)
    assert verified("Coverage/1", [old, new], DAY) == Verified(False, "Response/8", DAY)
    elsewhere = known(NO, about=DAY + timedelta(days=3), on=DAY, hour=12)
    assert verified("Coverage/1", [old, elsewhere], DAY) == Verified(True, "Response/8", DAY)


@pytest.mark.parametrize("kind", [AnswerKind.REFUSED, AnswerKind.TRY_LATER])
def test_a_refusal_never_counts_whatever_it_says(kind: AnswerKind) -> None:
    assert verified("Coverage/1", [known(kind=kind, start=date(2026, 1, 1))], DAY) is None


def test_another_coverages_or_payers_answer_never_counts() -> None:
    assert verified("Coverage/2", [known()], DAY) is None
    assert verified("Coverage/1", [known()], DAY, "other") is None


def test_an_answer_that_does_not_say_leaves_an_older_one_that_does() -> None:
    assert verified("Coverage/1", [known(SILENT, hour=12), known(hour=8)], DAY) is not None


def test_only_the_answers_of_who_insures_today_are_attached() -> None:
    coverage = Coverage("Coverage/1", "active", CoverageKind.HEALTH, PayerRef("Organization/9"))
    payer = Payer("plan", CoverageKind.HEALTH, "policy", references=frozenset({"Organization/9"}))
    answers = {"Coverage/1": [known(NO)]}
    (one,) = with_verified([coverage], answers, DAY, Clinic(payers=(payer,)))
    assert one.verified == Verified(False, "Response/8", DAY)
    (other,) = with_verified([coverage], answers, DAY, Clinic(payers=(replace(payer, key="since"),)))
    assert other.verified is None
    (nobody,) = with_verified([coverage], answers, DAY, Clinic())
    assert nobody.verified is None


# --- properties -----------------------------------------------------------------------------------------------------

days = st.dates(date(2026, 10, 1), date(2026, 12, 31))
maybe = st.none() | days
some = st.builds(
    lambda standing, about, on, start, end, kind, hour: known(
        standing, about=about, on=on, start=start, end=end, kind=kind, hour=hour
    ),
    st.sampled_from(Standing), days, days, maybe, maybe, st.sampled_from(AnswerKind), st.integers(0, 23),
)  # fmt: skip


@given(st.lists(some, max_size=5), days)
def test_whatever_is_proved_was_no_day_still_to_come_but_the_one_asked_for(answers: list[Known], on: date) -> None:
    said = verified("Coverage/1", answers, on)
    if said is not None:
        assert any(
            one.answer.kind is AnswerKind.ANSWERED
            and (on == one.answer.asked_for or on <= max(one.asked_on, one.answer.asked_for))
            for one in answers
        )


@given(some, days)
def test_a_yes_is_never_proved_by_an_answer_that_says_no_or_nothing(one: Known, on: date) -> None:
    if tells(one, on):
        assert one.answer.standing is YES
        assert one.answer.end is None or on <= one.answer.end
        assert on == one.answer.asked_for or (one.answer.start is not None and one.answer.start <= on)


@given(st.lists(some, max_size=5), days)
def test_what_is_proved_does_not_depend_on_the_order_of_answers(answers: list[Known], on: date) -> None:
    unlike = list({(one.answered_at, one.asked_on): one for one in answers}.values())
    assert verified("Coverage/1", unlike, on) == verified("Coverage/1", unlike[::-1], on)
