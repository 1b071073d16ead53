"""Whose turn it is: every question gets one outcome, limits hold, and a payer that fails holds up nobody."""

from __future__ import annotations

import heapq
import itertools
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from massage_billing.payers.guard.circuit import Circuit
from massage_billing.payers.guard.turns import Limits, Outcome, Turn, Turns
from massage_billing.ports import Replied, Reply
from payers.questions import question

Result = Reply | PayerError
CALM = Limits(per_payer=4, seconds=25, tries=3, patience=100, wait_initial=1, wait_max=30, failures=5, rest=30)


class Channel:
    name = "scripted"

    def ask(self, question: Question) -> Reply:
        raise AssertionError("turns make no calls")


def replied(kind: AnswerKind = AnswerKind.ANSWERED, follow_up: str = "") -> Replied:
    why = (Rejection("42", follow_up),) if kind is AnswerKind.TRY_LATER else ()
    return Replied(Answer(kind, question().serviced, rejections=why), b"x", "application/edi-x12")


@dataclass
class World:
    """Payers whose calls take simulated seconds, and the round that asks them."""

    turns: Turns
    behave: Callable[[Turn, float], tuple[float, Result]]
    """(seconds a call takes, what comes of it); infinity hangs."""
    now: float = 0.0

    def __post_init__(self) -> None:
        self.ended: list[tuple[float, Outcome]] = []
        self.begun: list[tuple[float, Turn]] = []
        self.most: Counter[str] = Counter()
        """Most calls at the same time, by payer; "" overall, those given up not counted."""
        self._calls: list[tuple[float, int, Turn, Result]] = []
        self._numbers = itertools.count()

    def run(self, steps: int = 100_000) -> World:
        for _ in range(steps):
            self._note(self.turns.expire(self.now))
            for turn in self.turns.start(self.now):
                self.begun.append((self.now, turn))
                seconds, result = self.behave(turn, self.now)
                heapq.heappush(self._calls, (self.now + seconds, next(self._numbers), turn, result))
            self._count()
            event = self.turns.next_event(self.now)
            ends = self._calls[0][0] if self._calls else math.inf
            if event is None and ends == math.inf:
                return self
            self.now = min(ends, math.inf if event is None else event)
            while self._calls and self._calls[0][0] <= self.now:
                _, _, turn, result = heapq.heappop(self._calls)
                outcome = self.turns.done(turn, result, self.now)
                self._note([outcome] if outcome else [])
        raise AssertionError("the round does not end")

    def _note(self, outcomes: Sequence[Outcome]) -> None:
        self.ended.extend((self.now, outcome) for outcome in outcomes)

    def _count(self) -> None:
        open_calls = Counter(turn.job.question.payer for _, _, turn, _ in self._calls)
        open_calls[""] = sum(1 for _, _, turn, _ in self._calls if turn.ends > self.now)
        self.most |= open_calls


def world(
    behave: Callable[[Turn, float], tuple[float, Result]],
    asked: Sequence[tuple[str, int]],
    limits: Limits = CALM,
    at_once: int = 6,
    circuits: dict[str, Circuit] | None = None,
) -> World:
    turns = Turns(at_once, {} if circuits is None else circuits, lambda: 0.5)
    for payer, number in asked:
        turns.add(question(number, payer), Channel(), limits)
    return World(turns, behave)


def many(**payers: int) -> list[tuple[str, int]]:
    return [(payer, number) for payer, count in payers.items() for number in range(count)]


# --- whatever payers do -----------------------------------------------------------------------------------------------

results: st.SearchStrategy[Result] = st.sampled_from(
    [
        replied(),
        replied(AnswerKind.REFUSED),
        replied(AnswerKind.TRY_LATER),
        replied(AnswerKind.TRY_LATER, "N"),
        PayerUnreachable("gone"),
        PayerBusy("busy"),
        PayerBusy("busy", retry_after=7),
        PayerBusy("busy", retry_after=1000),
        PayerRefused("no"),
        PayerRejected("bad"),
        PayerAnswerUnreadable("rubbish"),
        QuestionInvalid("field"),
    ]
)
seconds = st.sampled_from([0.0, 0.5, 2.0, 24.0, 26.0, 80.0, math.inf])


@given(data=st.data(), payers=st.lists(st.integers(1, 12), min_size=1, max_size=6), at_once=st.integers(1, 8),
       per_payer=st.integers(1, 9), tries=st.integers(1, 4), failures=st.integers(1, 4))  # fmt: skip
def test_whatever_payers_do_every_question_ends_once_within_the_limits(
    data: st.DataObject, payers: list[int], at_once: int, per_payer: int, tries: int, failures: int
) -> None:
    limits = replace(CALM, per_payer=per_payer, tries=tries, failures=failures)
    asked = many(**{f"payer{place}": count for place, count in enumerate(payers)})
    round_ = world(lambda turn, now: data.draw(st.tuples(seconds, results)), asked, limits, at_once).run()
    ended = Counter(outcome.question.key for _, outcome in round_.ended)
    assert ended == Counter(question(number, payer).key for payer, number in asked)
    assert round_.most[""] <= at_once
    assert all(most <= per_payer for payer, most in round_.most.items() if payer)
    tried = Counter(turn.job.question.key for _, turn in round_.begun)
    assert all(outcome.tries == tried[outcome.question.key] <= tries for _, outcome in round_.ended)
    assert all(outcome.seconds <= limits.patience + limits.seconds for _, outcome in round_.ended)


@given(data=st.data(), bad=st.integers(0, 4), healthy=st.integers(1, 15), at_once=st.integers(5, 9))
def test_a_healthy_payer_is_never_held_up(data: st.DataObject, bad: int, healthy: int, at_once: int) -> None:
    def behave(turn: Turn, now: float) -> tuple[float, Result]:
        if turn.job.question.payer == "good":
            return 2.0, replied()
        return data.draw(st.tuples(seconds, results))

    limits = replace(CALM, per_payer=9)
    bad_ones = {f"bad{place}": 12 for place in range(bad)}
    round_ = world(behave, many(**bad_ones, good=healthy), limits, at_once).run()
    good = [(at, outcome) for at, outcome in round_.ended if outcome.question.payer == "good"]
    assert len(good) == healthy
    assert all(isinstance(outcome.result, Replied) for _, outcome in good)
    assert max(at for at, _ in good) <= 2.0 * healthy


# --- one at a time ----------------------------------------------------------------------------------------------------


def test_one_payer_alone_has_all_calls() -> None:
    limits = replace(CALM, per_payer=20)
    round_ = world(lambda turn, now: (2.0, replied()), many(one=1000), limits, at_once=20).run()
    assert len(round_.ended) == 1000
    assert round_.now == 100.0


def test_payers_are_asked_in_turn() -> None:
    round_ = world(lambda turn, now: (1.0, replied()), many(a=3, b=3, c=3), replace(CALM, per_payer=1), 1).run()
    assert [turn.job.question.payer for _, turn in round_.begun] == ["a", "b", "c"] * 3


def test_a_try_is_repeated_after_longer_and_longer_waits_and_ends_with_the_last_error() -> None:
    problems = [PayerUnreachable("first"), PayerBusy("second"), PayerAnswerUnreadable("third")]
    round_ = world(lambda turn, now: (1.0, problems[turn.job.tries - 1]), many(one=1)).run()
    assert [at for at, _ in round_.begun] == [0, 2, 5]
    ((_, outcome),) = round_.ended
    assert outcome.result is problems[2]
    assert (outcome.tries, outcome.seconds) == (3, 6.0)


@pytest.mark.parametrize("result", [PayerRefused("no"), PayerRejected("bad"), QuestionInvalid("field"), replied()])
def test_what_another_try_does_not_help_is_not_tried_again(result: Result) -> None:
    round_ = world(lambda turn, now: (1.0, result), many(one=1)).run()
    assert [outcome.tries for _, outcome in round_.ended] == [1]


def test_retry_after_is_obeyed_by_every_question_of_the_payer() -> None:
    def behave(turn: Turn, now: float) -> tuple[float, Result]:
        first = turn.job.question.patient == "Patient/0" and turn.job.tries == 1
        return 1.0, PayerBusy("busy", retry_after=20) if first else replied()

    round_ = world(behave, many(one=3), replace(CALM, per_payer=1)).run()
    assert [at for at, _ in round_.begun] == [0, 21, 22, 23]
    assert all(isinstance(outcome.result, Replied) for _, outcome in round_.ended)


def test_a_retry_after_beyond_all_patience_ends_the_payers_questions_at_once() -> None:
    limits = replace(CALM, per_payer=1)
    round_ = world(lambda turn, now: (1.0, PayerBusy("busy", retry_after=1000)), many(one=3), limits).run()
    assert round_.now == 1.0
    assert sorted(outcome.tries for _, outcome in round_.ended) == [0, 0, 1]
    assert all(
        isinstance(outcome.result, PayerBusy) and outcome.result.retry_after == 1000 for _, outcome in round_.ended
    )


@pytest.mark.parametrize(("follow_up", "tries"), [("", 3), ("R", 3), ("S", 1), ("N", 1), ("Y", 1), ("W", 1), ("X", 1)])
def test_try_later_is_asked_again_unless_the_payer_forbids_it(follow_up: str, tries: int) -> None:
    round_ = world(lambda turn, now: (1.0, replied(AnswerKind.TRY_LATER, follow_up)), many(one=1)).run()
    ((_, outcome),) = round_.ended
    assert outcome.tries == tries
    assert isinstance(outcome.result, Replied)


def test_try_later_is_no_failure_of_the_payer() -> None:
    round_ = world(lambda turn, now: (1.0, replied(AnswerKind.TRY_LATER)), many(one=20)).run()
    assert {outcome.tries for _, outcome in round_.ended} == {3}


def test_a_try_that_patience_does_not_reach_is_not_waited_for() -> None:
    limits = replace(CALM, tries=9, patience=10)
    round_ = world(lambda turn, now: (1.0, PayerUnreachable("gone")), many(one=1), limits).run()
    ((at, outcome),) = round_.ended
    assert [begun for begun, _ in round_.begun] == [0, 2, 5]
    assert (at, outcome.tries) == (6, 3)


# --- the circuit ------------------------------------------------------------------------------------------------------


def test_a_payer_that_fails_is_left_alone_tried_with_one_question_and_asked_again() -> None:
    limits = replace(CALM, per_payer=1, tries=1, failures=3, rest=30)
    round_ = world(lambda turn, now: (1.0, replied() if now >= 30 else PayerUnreachable("gone")), many(one=8), limits)
    round_.run()
    assert [at for at, _ in round_.begun] == [0, 1, 2, 33, 34, 35, 36, 37]
    assert [turn.probe for _, turn in round_.begun] == [False, False, False, True, False, False, False, False]
    assert [isinstance(outcome.result, Replied) for _, outcome in round_.ended] == [False] * 3 + [True] * 5


def test_while_it_is_tried_nothing_else_is_asked() -> None:
    limits = replace(CALM, per_payer=4, tries=1, failures=4, rest=30)
    round_ = world(lambda turn, now: (5.0, replied() if now >= 30 else PayerBusy("busy")), many(one=9), limits).run()
    assert [at for at, _ in round_.begun] == [0] * 4 + [35] + [40] * 4


def test_calls_that_were_under_way_when_it_opened_do_not_make_it_rest_longer() -> None:
    limits = replace(CALM, per_payer=4, tries=1, failures=3, rest=30)

    def behave(turn: Turn, now: float) -> tuple[float, Result]:
        slow = turn.job.question.patient == "Patient/3"
        return (10.0 if slow else 1.0), replied() if now >= 30 else PayerUnreachable("gone")

    round_ = world(behave, many(one=5), limits).run()
    assert [at for at, _ in round_.begun] == [0, 0, 0, 0, 31]


def test_a_payer_that_stays_down_costs_few_calls_and_its_questions_say_so() -> None:
    limits = replace(CALM, per_payer=1, tries=1, failures=3, rest=30, patience=100)
    circuits: dict[str, Circuit] = {}
    round_ = world(lambda turn, now: (1.0, PayerUnreachable("gone")), many(one=50), limits, circuits=circuits).run()
    assert len(round_.begun) == 6
    assert round_.now < 100
    unasked = [outcome.result for _, outcome in round_.ended if not outcome.tries]
    assert len(unasked) == 44
    assert all(isinstance(one, PayerBusy) and one.retry_after for one in unasked)
    later = world(lambda turn, now: (1.0, replied()), many(one=5), limits, circuits=circuits)
    later.now = round_.now + 1
    later.run()
    assert later.begun == []
    assert len(later.ended) == 5


def test_wrong_credentials_are_not_tried_for_ever() -> None:
    round_ = world(lambda turn, now: (1.0, PayerRefused("no")), many(one=500), replace(CALM, per_payer=1)).run()
    assert len(round_.begun) <= 10


def test_refusals_of_members_and_of_questions_leave_the_circuit_closed() -> None:
    results = itertools.cycle([replied(AnswerKind.REFUSED), PayerRejected("bad"), QuestionInvalid("field")])
    round_ = world(lambda turn, now: (1.0, next(results)), many(one=60)).run()
    assert len(round_.begun) == 60


# --- what hangs -------------------------------------------------------------------------------------------------------


def test_a_call_that_hangs_is_given_up_and_holds_only_its_payers_own_place() -> None:
    def behave(turn: Turn, now: float) -> tuple[float, Result]:
        return (math.inf if turn.job.question.payer == "hung" else 1.0), replied()

    limits = replace(CALM, per_payer=4)
    round_ = world(behave, many(hung=30, good=30), limits, at_once=5).run()
    assert sum(1 for _, turn in round_.begun if turn.job.question.payer == "hung") == 4
    assert all(isinstance(outcome.result, Replied) == (outcome.question.payer == "good") for _, outcome in round_.ended)
    given_up = next(outcome for _, outcome in round_.ended if outcome.question.payer == "hung" and outcome.tries)
    assert isinstance(given_up.result, PayerUnreachable)
    assert "scripted" in str(given_up.result)
    assert "hung" in str(given_up.result)


def test_an_answer_of_a_call_that_was_given_up_counts_no_more() -> None:
    results = iter([(30.0, replied()), (1.0, replied(AnswerKind.REFUSED))])
    round_ = world(lambda turn, now: next(results), many(one=1)).run()
    ((_, outcome),) = round_.ended
    assert outcome.tries == 2
    assert isinstance(outcome.result, Replied)
    assert outcome.result.answer.kind is AnswerKind.REFUSED
