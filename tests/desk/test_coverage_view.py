"""One coverage: the answer in normal form, what is not said never a figure, evidence of its own questions only."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from massage_billing.desk.coverage import coverage_view, evidence, verdict_of
from massage_billing.desk.eligibility import Wanted, coverages_of, questions, word
from massage_billing.model import Answer, AnswerKind, Readiness, Rejection, Standing, Verdict
from massage_billing.ports import QuestionState
from massage_billing.ports.asking import Settled
from massage_billing.rulebook.eligibility_files import load_eligibility
from sweep.world import HOST, TODAY, TOMORROW, World

TERMS = load_eligibility()


@pytest.fixture
def world() -> World:
    one = World()
    one.run()
    return one


def test_an_answer_is_shown_with_its_standing_and_figures(world: World) -> None:
    view = coverage_view(world.asking, HOST, "Coverage/c1", TERMS, world.verdict())
    assert view is not None
    newest = view.newest
    assert newest is not None
    assert (newest.known.answer.kind, newest.standing, newest.tone) == (AnswerKind.ANSWERED, "In force", "ready")
    assert view.patient == "Patient/p1"
    assert [one.state for one in view.questions] == [QuestionState.ANSWERED]
    assert newest.evidence


def test_what_the_payer_does_not_say_is_told_as_not_said(world: World) -> None:
    view = coverage_view(world.asking, HOST, "Coverage/c1", TERMS)
    assert view is not None
    assert view.newest is not None
    silent = [one for one in view.newest.figures if not one.said]
    assert silent
    assert all(one.value == "not said" for one in silent)


def test_limits_come_from_the_coming_appointment_where_it_was_judged(world: World) -> None:
    verdict = world.verdict()
    view = coverage_view(world.asking, HOST, "Coverage/c1", TERMS, verdict)
    assert view is not None
    left = verdict.visits_left
    assert [one.name for one in view.limits] == [one.of for one in left.limits] if left and left.limits else True
    assert all(isinstance(one.left, Decimal) for one in view.limits)


def test_nobody_was_asked_about_a_coverage_that_is_not_there(world: World) -> None:
    assert coverage_view(world.asking, HOST, "Coverage/none", TERMS) is None
    assert coverage_view(world.asking, "other", "Coverage/c1", TERMS) is None


def test_evidence_is_given_for_questions_about_this_coverage_only(world: World) -> None:
    world.insured("p2", "c2", member="SYN1")
    world.book("m2", "p2")
    world.run()
    (mine,) = world.answers("Coverage/c1")
    (other,) = world.answers("Coverage/c2")
    assert evidence(world.asking, HOST, "Coverage/c1", mine.question) is not None
    assert evidence(world.asking, HOST, "Coverage/c1", other.question) is None
    assert evidence(world.asking, "other", "Coverage/c1", mine.question) is None


def test_questions_of_the_day_are_counted_by_state_and_payer(world: World) -> None:
    found = questions(world.asking, HOST, Wanted(days=1), world.now)
    assert found.counts == (("Answered", 1),)
    assert [(one.payer, one.answered, one.failing) for one in found.payers] == [("plan", 1, 0)]
    assert found.rows == ()
    assert len(questions(world.asking, HOST, Wanted(days=1, every=True), world.now).rows) == 1
    assert questions(world.asking, HOST, Wanted(payer="other", every=True), world.now).rows == ()


def test_what_a_payer_refused_needs_somebody_until_it_answers() -> None:
    """A refusal is not asked again that day, and nothing is known: the list must not say that nothing is open."""
    world = World()
    world.payer.says("Coverage/c1", lambda question: Answer(
        AnswerKind.REFUSED, question.serviced, rejections=(Rejection("75", "C"),), trace=question.trace))  # fmt: skip
    world.run()
    found = questions(world.asking, HOST, Wanted(days=1), world.now)
    assert [(word(one), "(AAA 75)" in one.problem) for one in found.rows] == [("Refused", True)]
    assert found.counts == (("Refused", 1),)
    assert [(one.answered, one.failing, "(AAA 75)" in one.problem) for one in found.payers] == [(0, 1, True)]
    world.change("Coverage/c1", subscriberId="SYN-CORRECTED")
    world.payer.says("Coverage/c1", lambda question: Answer(
        AnswerKind.ANSWERED, question.serviced, Standing.IN_FORCE, trace=question.trace))  # fmt: skip
    world.pass_time(hours=1)
    world.run()
    found = questions(world.asking, HOST, Wanted(days=1), world.now)
    assert (found.rows, found.counts) == ((), (("Answered", 1), ("Refused", 1)))


def test_what_a_payer_took_earlier_is_open_until_it_answers(world: World) -> None:
    row = replace(world.row(), key="MQEARLIER", owner="w", day=TODAY - timedelta(days=9), state=QuestionState.WAITING,
                  due=world.now + timedelta(hours=3))  # fmt: skip
    assert world.asking.claim([row], "w", world.now, timedelta(minutes=5))
    world.asking.settle([Settled(row)])
    assert [one.key for one in questions(world.asking, HOST, Wanted(days=1), world.now).rows] == ["MQEARLIER"]


def test_the_coverages_of_a_patient_are_found(world: World) -> None:
    assert coverages_of(world.asking, HOST, "Patient/p1", TODAY) == ("Coverage/c1",)
    assert coverages_of(world.asking, HOST, "Patient/p9", TODAY) == ()


def test_the_next_appointment_of_a_coverage_counts() -> None:
    def one(id: str, on: date, coverage: str = "Coverage/c1") -> Verdict:
        return Verdict(id, "Patient/p1", on, Readiness.READY, coverage=coverage, standing=Standing.IN_FORCE)

    week = TODAY + timedelta(days=7)
    past = TODAY - timedelta(days=1)
    judged = [one("b", week), one("a", TOMORROW), one("c", TODAY, "Coverage/c2"), one("d", past)]
    found = verdict_of(judged, "Coverage/c1", TODAY)
    assert found is not None
    assert found.appointment == "a"
    assert verdict_of(judged, "Coverage/c9", TODAY) is None
