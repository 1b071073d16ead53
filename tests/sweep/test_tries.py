"""Payers that ask for another try, fail, hang or answer rubbish: tried again in a budget, and holding up no other."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from massage_billing.errors import (
    PayerAnswerUnreadable,
    PayerBusy,
    PayerError,
    PayerRefused,
    PayerRejected,
    PayerUnreachable,
    QuestionInvalid,
)
from massage_billing.model import Answer, AnswerKind, Question, Rejection
from massage_billing.payers.memory import MemoryPayer, in_force
from massage_billing.ports import QuestionState, Replied, Reply
from sweep.world import Channel, World

ODD: Any = object()


def later(question: Question) -> Answer:
    return Answer(AnswerKind.TRY_LATER, question.serviced, rejections=(Rejection("42", "R"),), trace=question.trace)


def held(question: Question) -> Answer:
    return Answer(AnswerKind.TRY_LATER, question.serviced, rejections=(Rejection("42", "Y"),), trace=question.trace)


def turns(*scripts: Any) -> Any:
    """One after the other; the last from then on."""
    left = list(scripts)

    def say(question: Question) -> Answer:
        script = left.pop(0) if len(left) > 1 else left[0]
        answer: Answer = script(question)
        return answer

    return say


def test_one_that_asks_to_be_asked_later_is_asked_again_under_the_same_trace_number() -> None:
    world = World()
    world.payer.says("Coverage/c1", turns(later, later, in_force))
    report = world.run()
    assert (report.asked, report.answered, report.later) == (1, 1, 0)
    assert len(world.payer.asked) == world.row().tries == 3
    assert {one.trace for one in world.payer.asked} == {world.row().trace}
    assert world.reasons() == []


def test_tries_go_on_in_the_next_sweep_until_those_of_the_day_are_used_up() -> None:
    world = World()
    world.payer.says("Coverage/c1", later)
    first = world.run()
    assert (first.later, first.given_up, world.row().state, world.row().tries) == (1, 0, "later", 3)
    assert world.run().asked == 0, "not due yet"
    world.pass_time(minutes=11)
    second = world.run()
    assert (second.later, second.given_up, world.row().state, world.row().tries) == (0, 1, "given-up", 5)
    for _ in range(3):
        world.pass_time(hours=1)
        assert world.run().asked == 0
    assert len(world.payer.asked) == 5
    assert len({one.trace for one in world.payer.asked}) == 1
    assert world.answers() == []
    assert world.reasons() == ["answer-failed"]


def test_where_the_settings_now_allow_fewer_tries_than_were_made_it_is_given_up_unasked() -> None:
    world = World()
    world.payer.says("Coverage/c1", later)
    world.run()
    world.effort = replace(world.effort, tries_a_day=3)
    world.pass_time(minutes=11)
    report = world.run()
    assert (report.asked, report.given_up, len(world.payer.asked)) == (0, 1, 3)
    assert world.row().state == "given-up"


def test_the_next_day_is_a_new_question_with_a_trace_number_of_its_own() -> None:
    world = World()
    world.payer.says("Coverage/c1", later)
    world.run()
    world.pass_time(minutes=11)
    world.run()
    world.payer.says("Coverage/c1", in_force)
    world.now += timedelta(hours=15)
    report = world.run()
    assert (report.answered, list(report.asked_because)) == (1, ["the question of 2026-11-30 was not answered"])
    assert len({one.trace for one in world.payer.asked}) == 2
    assert [row.state for row in world.rows()] == ["given-up", "answered"]
    assert world.reasons() == []


def test_a_payer_that_forbids_asking_again_is_not_asked_again_that_day() -> None:
    world = World()
    world.payer.says("Coverage/c1", held)
    report = world.run()
    assert (len(world.payer.asked), report.given_up, world.row().state) == (1, 1, "given-up")
    world.pass_time(hours=1)
    world.run()
    assert len(world.payer.asked) == 1


@pytest.mark.parametrize(
    "problem",
    [
        PayerUnreachable("Channel main: no connection."),
        PayerBusy("Channel main: busy.", retry_after=2.0),
        PayerAnswerUnreadable("Channel main: no JSON."),
    ],
    ids=lambda problem: type(problem).__name__,
)
def test_a_try_that_fails_is_made_again_in_the_budget(problem: PayerError) -> None:
    world = World()
    world.payer.fails(problem, times=2)
    report = world.run()
    assert (report.answered, world.row().tries, report.payers) == (1, 3, {})
    assert len({one.trace for one in world.payer.asked}) == 1


@pytest.mark.parametrize(
    "problem", [PayerRefused("Channel main: 401."), PayerRejected("Channel main: 999 R.")], ids=["refused", "rejected"]
)
def test_what_a_second_try_cannot_mend_is_tried_once_a_sweep_and_named(problem: PayerError) -> None:
    world = World()
    world.payer.fails(problem, times=None)
    report = world.run()
    assert (len(world.payer.asked), report.later, report.payers) == (1, 1, {"plan": problem.what})
    assert problem.what in world.row().problem
    (reason,) = [one for one in world.verdict().reasons if one.readiness != "ready"]
    assert (reason.id, problem.what in reason.message) == ("answer-failed", True)


@pytest.mark.parametrize("trouble", ["hangs", "fails", "rubbish", "breaks"])
def test_one_bad_payer_beside_two_good_ones_costs_them_nothing(trouble: str) -> None:
    world = World(empty=True)
    release = threading.Event()

    def bad(question: Question) -> Reply:
        if trouble == "hangs":
            world.time.hang(release)
            raise PayerUnreachable("Channel bad: no answer in time.")
        if trouble == "fails":
            raise PayerUnreachable("Channel bad: no connection.")
        if trouble == "rubbish":
            raise PayerAnswerUnreadable("Channel bad: a web page.")
        raise ZeroDivisionError  # a fault of ours in a channel

    world.payer_of("bad", "o3", Channel("bad", bad))
    second = world.payer_of("second", "o4")
    world.effort = replace(world.effort, at_once=4, per_payer={"bad": 2}, seconds={"bad": 20.0})
    for number in range(6):
        for letter, payer in (("a", "o2"), ("b", "o3"), ("s", "o4")):
            person = f"{letter}{number}"
            world.insured(person, f"c{person}", payer, member=f"SYN{person}")
            world.seen(person)
            world.book(f"m{person}", person, clock=f"{8 + number:02}:00")
    report = world.run()
    release.set()
    states = {(row.payer, row.state) for row in world.rows()}
    assert states == {("plan", "answered"), ("second", "answered"), ("bad", "later")}
    assert len(world.payer.asked) == len(second.asked) == 6
    assert (report.answered, list(report.payers)) == (12, ["bad"])
    verdicts = world.huddle()
    assert len(verdicts) == 18
    for id, verdict in verdicts.items():
        wanted = ("unknown", "answer-failed") if id.startswith("mb") else ("ready", "coverage-in-force")
        assert (verdict.readiness, wanted[1] in [one.id for one in verdict.reasons]) == (wanted[0], True), id
    assert report.written == 12


def test_a_question_whose_process_died_is_asked_again_under_its_trace_number_once_its_lease_is_over() -> None:
    world = World()

    def dies(question: Question) -> Reply:
        raise KeyboardInterrupt

    good = world.payer
    world.channels["main"] = Channel("main", dies)
    with pytest.raises(KeyboardInterrupt):
        world.run()
    (lost,) = world.rows()
    assert lost.state == QuestionState.ASKING
    world.channels["main"] = good
    assert world.run().asked == 0, "its lease holds still"
    world.pass_time(minutes=30)
    assert world.run().answered == 1
    assert [one.trace for one in good.asked] == [lost.trace]


def test_a_store_that_fails_while_answers_come_loses_none_that_was_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    settle = type(world.asking).settle

    def broken(self: Any, results: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(type(world.asking), "settle", broken)
    with pytest.raises(OSError, match="disk full"):
        world.run()
    monkeypatch.setattr(type(world.asking), "settle", settle)
    world.pass_time(minutes=30)
    world.run()
    assert [one.trace for one in world.payer.asked] == [world.row().trace] * 2
    assert world.row().state == "answered"


def test_what_was_answered_before_somebody_pressed_ctrl_c_is_kept() -> None:
    world = World(empty=True)
    for number in range(2):
        world.insured(f"p{number}", f"c{number}", member=f"SYN{number}")
        world.seen(f"p{number}")
        world.book(f"m{number}", f"p{number}", clock=f"{8 + number:02}:00")
    usual, answered = MemoryPayer("main"), threading.Event()

    def does(question: Question) -> Reply:
        if question.coverage == "Coverage/c1":
            answered.wait(10)
            raise KeyboardInterrupt
        try:
            return usual.ask(question)
        finally:
            answered.set()

    world.channels["main"] = Channel("main", does)
    world.effort = replace(world.effort, per_payer={"main": 1})
    with pytest.raises(KeyboardInterrupt):
        world.run()
    assert {row.coverage: str(row.state) for row in world.rows()} == {
        "Coverage/c0": "answered",
        "Coverage/c1": "asking",
    }


def test_a_question_that_a_channel_cannot_write_is_named_and_is_no_failure_of_the_payer() -> None:
    world = World()
    world.payer.fails(QuestionInvalid("Channel main, payer plan: the member id has letters that X12 has none for."))
    report = world.run()
    assert (report.asked, report.payers, len(report.problems)) == (0, {}, 1)
    assert world.reasons() == ["answer-failed"]


def test_a_slow_answer_in_a_quiet_time_is_recorded_although_others_still_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two answers at once, then nothing for long: a kill meanwhile loses neither."""
    world = World(empty=True)
    for number in range(3):
        world.insured(f"p{number}", f"c{number}", member=f"SYN{number}")
        world.seen(f"p{number}")
        world.book(f"m{number}", f"p{number}", clock=f"{8 + number:02}:00")
    both, states = threading.Event(), []
    usual, settle = MemoryPayer("main"), type(world.asking).settle

    def settles(self: Any, results: Any) -> None:
        settle(self, results)
        if [row.state for row in world.rows()].count(QuestionState.ANSWERED) == 2:
            both.set()

    monkeypatch.setattr(type(world.asking), "settle", settles)

    def does(question: Question) -> Reply:
        if question.coverage == "Coverage/c2":
            both.wait(10)
            states.extend(row.state for row in world.rows())
        reply = usual.ask(question)
        assert isinstance(reply, Replied)
        return reply

    world.channels["main"] = Channel("main", does)
    world.run()
    assert states.count(QuestionState.ANSWERED) == 2
