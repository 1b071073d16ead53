"""Many questions at the same time, with real threads and a clock that only tests move."""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massage_billing.errors import (
    PayerAnswerUnreadable,
    PayerBusy,
    PayerError,
    PayerRejected,
    PayerUnreachable,
    SettingsError,
)
from massage_billing.model import Question
from massage_billing.payers.guarded import Collecting, GuardedAsker, Limits, Outcome
from massage_billing.payers.memory import MemoryPayer
from massage_billing.ports import Asked, Replied, Reply, Waiting
from payers.questions import question, secrets

T = TypeVar("T")
LIMITS = Limits(per_payer=3, seconds=25, tries=3, patience=100, wait_initial=1, wait_max=30, failures=5, rest=30)


class Clock:
    """Moves only while nothing can happen: every call under way hangs, or there is none."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.waits: list[float] = []
        self.hanging = 0
        self.changed = threading.Condition()

    def now(self) -> float:
        return self.seconds

    def hang(self, until: threading.Event) -> None:
        with self.changed:
            self.hanging += 1
        until.wait(60)
        with self.changed:
            self.hanging -= 1

    def wait(self, ready: queue.SimpleQueue[T], seconds: float | None, calls: int) -> T | None:
        while True:
            try:
                return ready.get(timeout=0.001)
            except queue.Empty:
                if calls > self.hanging:
                    continue
                assert seconds is not None, "the asker waits for ever for calls that hang"
                self.waits.append(seconds)
                self.seconds += seconds
                return None


class Payer:
    """A channel that does as it is told, and counts the calls that it has at the same time."""

    name = "told"

    def __init__(self, does: Callable[[Question], Reply]) -> None:
        self.does = does
        self.asked: list[Question] = []
        self.at_once = 0
        self.most = 0
        self._lock = threading.Lock()

    def ask(self, asked: Question) -> Reply:
        with self._lock:
            self.asked.append(asked)
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        try:
            return self.does(asked)
        finally:
            with self._lock:
                self.at_once -= 1


well = MemoryPayer().ask


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Lets what hangs go on, at the end."""
    event = threading.Event()
    yield event
    event.set()


def ask_all(clock: Clock, *payers: tuple[str, int, Payer], limits: Limits = LIMITS, at_once: int = 4) -> list[Outcome]:
    asker = GuardedAsker(at_once, time=clock, jitter=lambda: 0.5)
    asked = [(question(number, key), payer, limits) for key, count, payer in payers for number in range(count)]
    return list(asker.ask_all(asked))


def answered(outcomes: list[Outcome]) -> Counter[str]:
    return Counter(outcome.question.payer for outcome in outcomes if isinstance(outcome.result, Replied))


def test_every_question_is_answered(clock: Clock) -> None:
    payer = Payer(well)
    outcomes = ask_all(clock, ("one", 50, payer))
    assert answered(outcomes) == {"one": 50}
    assert len({outcome.question.key for outcome in outcomes}) == 50
    assert payer.most <= 3
    assert clock.waits == []


def test_nothing_to_ask_asks_nothing(clock: Clock) -> None:
    assert list(GuardedAsker(time=clock).ask_all([])) == []


def test_beside_a_payer_that_hangs_the_others_are_answered(clock: Clock, release: threading.Event) -> None:
    def hang(asked: Question) -> Reply:
        clock.hang(release)
        return well(asked)

    hung, fast = Payer(hang), Payer(well)
    asker = GuardedAsker(4, time=clock, jitter=lambda: 0.5)
    payers = (("hung", hung), ("fast", fast))
    asked = [(question(number, key), payer, LIMITS) for number in range(40) for key, payer in payers]
    came = asker.ask_all(asked)
    first = [next(came) for _ in range(40)]
    assert answered(first) == {"fast": 40}
    assert clock.seconds == 0
    rest = list(came)
    assert {outcome.question.payer for outcome in rest} == {"hung"}
    assert len(rest) == 40
    assert all(isinstance(outcome.result, PayerError) for outcome in rest)
    assert len(hung.asked) == 3


def test_a_payer_that_fails_and_one_that_answers_rubbish_blank_nobody_else(clock: Clock) -> None:
    def unreachable(asked: Question) -> Reply:
        raise PayerUnreachable("Channel told: gone.")

    def rubbish(asked: Question) -> Reply:
        raise IndexError(asked.member_id)

    outcomes = ask_all(clock, ("down", 20, Payer(unreachable)), ("odd", 20, Payer(rubbish)), ("fast", 20, Payer(well)))
    assert answered(outcomes) == {"fast": 20}
    assert len(outcomes) == 60
    odd = [outcome for outcome in outcomes if outcome.question.payer == "odd"]
    assert any(isinstance(outcome.result, PayerAnswerUnreadable) for outcome in odd)
    assert not [outcome for outcome in odd for secret in secrets(outcome.question) if secret in str(outcome.result)]


def test_a_busy_payer_is_asked_again_when_it_says_with_the_same_trace(clock: Clock) -> None:
    problems = iter([PayerBusy("busy", retry_after=20), PayerUnreachable("gone")])

    def twice(asked: Question) -> Reply:
        for problem in problems:
            raise problem
        return well(asked)

    payer = Payer(twice)
    (outcome,) = ask_all(clock, ("one", 1, payer))
    assert isinstance(outcome.result, Replied)
    assert outcome.tries == 3
    assert clock.waits == [20, 2]
    assert {asked.trace for asked in payer.asked} == {question(0, "one").trace}


def test_the_budget_ends_with_the_last_error(clock: Clock) -> None:
    problems = [PayerUnreachable("first"), PayerUnreachable("second"), PayerBusy("third")]
    left = iter(problems)

    def fail(asked: Question) -> Reply:
        raise next(left)

    (outcome,) = ask_all(clock, ("one", 1, Payer(fail)))
    assert outcome.result is problems[2]


def test_a_setting_that_is_missing_is_that_questions_own_error(clock: Clock) -> None:
    def unset(asked: Question) -> Reply:
        raise SettingsError("Environment variable X is not set.", "Set it.")

    (outcome,) = ask_all(clock, ("one", 1, Payer(unset)))
    assert isinstance(outcome.result, PayerRejected)
    assert "Environment variable X" in str(outcome.result)


def test_a_payer_found_down_in_one_round_is_left_alone_in_the_next(clock: Clock) -> None:
    def fail(asked: Question) -> Reply:
        raise PayerUnreachable("gone")

    payer = Payer(fail)
    asker = GuardedAsker(4, time=clock, jitter=lambda: 0.5)
    for _ in range(3):
        outcomes = list(asker.ask_all([(question(number), payer, LIMITS) for number in range(30)]))
        assert len(outcomes) == 30
    assert len(payer.asked) < 15


def test_a_caller_that_stops_early_has_nothing_more_asked(clock: Clock) -> None:
    payer = Payer(well)
    asker = GuardedAsker(1, time=clock)
    gate = threading.Semaphore(1)

    def one_by_one(asked: Question) -> Reply:
        assert gate.acquire(timeout=30)
        return well(asked)

    payer.does = one_by_one
    came = asker.ask_all([(question(number), payer, LIMITS) for number in range(50)])
    next(came)
    came.close()
    gate.release(60)
    for thread in threading.enumerate():
        if thread.name.startswith("payers-"):
            thread.join(30)
    assert len(payer.asked) <= 2


def test_a_bug_of_the_asker_itself_is_raised_and_does_not_hang(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("bug")

    monkeypatch.setattr("massage_billing.payers.guard.turns.Turns.done", broken)
    with pytest.raises(RuntimeError, match="bug"):
        ask_all(clock, ("one", 1, Payer(well)))


def test_waiting_is_an_outcome_and_polling_is_guarded_too(clock: Clock) -> None:
    payer = MemoryPayer(later=True)
    asker = GuardedAsker(time=clock)
    (outcome,) = asker.ask_all([(question(), payer, LIMITS)])
    assert isinstance(outcome.result, Waiting)
    polled = Collecting(payer, Asked(question(), outcome.result.ticket))
    (outcome,) = asker.ask_all([(question(), polled, LIMITS)])
    assert isinstance(outcome.result, Waiting)
    payer.fails(PayerRejected("999"))
    payer.deliver()
    (outcome,) = asker.ask_all([(question(), polled, LIMITS)])
    assert isinstance(outcome.result, PayerRejected)
    payer.ask(question())
    payer.deliver()
    (outcome,) = asker.ask_all([(question(), polled, LIMITS)])
    assert isinstance(outcome.result, Replied)


does = st.sampled_from(["well", "gone", "busy", "rubbish", "bug"])


@settings(max_examples=40, deadline=None)
@given(plans=st.lists(st.lists(does, min_size=1, max_size=8), min_size=1, max_size=5), at_once=st.integers(1, 6))
def test_whatever_payers_do_each_question_has_one_outcome_and_caps_hold(plans: list[list[str]], at_once: int) -> None:
    raises: dict[str, Callable[[], Exception]] = {
        "gone": lambda: PayerUnreachable("gone"),
        "busy": lambda: PayerBusy("busy", retry_after=3),
        "rubbish": lambda: PayerAnswerUnreadable("rubbish"),
        "bug": lambda: KeyError("bug"),
    }

    def behave(plan: list[str]) -> Callable[[Question], Reply]:
        def does(asked: Question) -> Reply:
            wanted = plan[int(asked.patient.removeprefix("Patient/")) % len(plan)]
            if wanted in raises:
                raise raises[wanted]()
            return well(asked)

        return does

    payers = [(f"p{place}", len(plan), Payer(behave(plan))) for place, plan in enumerate(plans)]
    outcomes = ask_all(Clock(), *payers, at_once=at_once)
    assert Counter(outcome.question.key for outcome in outcomes) == Counter(
        question(number, key).key for key, count, _ in payers for number in range(count)
    )
    assert all(payer.most <= min(3, at_once) for _, _, payer in payers)
    assert sum(payer.at_once for _, _, payer in payers) == 0
