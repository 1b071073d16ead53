"""Whose turn it is to be asked: a queue a payer, served round robin, so that one payer never holds up another.

Pure: no threads, no clock, no calls. ``payers.guarded`` makes the calls that ``start`` gives out and brings back what
came of them; time is any clock's seconds, passed in.

Each payer that has work is sure of one call at a time (while there are no more payers than ``at_once``); the rest of
``at_once`` is shared, up to each payer's own ``per_payer``. What waits between two tries holds no call. A call that
outlasts its time is given up: its place among ``at_once`` goes to the next, its place among its payer's own only when
it ends, so that a payer that hangs holds no more than those.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from massage_billing.errors import (
    PayerAnswerUnreadable,
    PayerBusy,
    PayerError,
    PayerRefused,
    PayerUnreachable,
    QuestionInvalid,
)
from massage_billing.model import AnswerKind, Question
from massage_billing.payers.guard.circuit import Circuit
from massage_billing.ports import Replied, Reply

_TROUBLE: Final = (PayerUnreachable, PayerBusy, PayerAnswerUnreadable, PayerRefused)
"""Errors that speak of the payer as a whole. A refusal of credentials is among them: asking on with a wrong password
locks accounts."""
_NOT_AGAIN: Final = frozenset("NSWXY")
"""Follow-up actions that forbid sending again now (X12 005010X279A1, AAA04): N do not resubmit; S and Y the payer has
it and will answer by itself; W and X wait 30 and 10 days."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How one payer may be asked."""

    per_payer: int = 4
    """Calls to this payer at the same time."""
    seconds: float = 25.0
    """Time of one call, whatever it does; a little above the channel's own limit on an answer."""
    tries: int = 4
    """Tries of one question."""
    patience: float = 300.0
    """Seconds after its first try (or, where the payer can't be asked at all, after that began) in which a further try
    may begin."""
    wait_initial: float = 1.0
    """Seconds before the second try, doubled from there; half to one and a half times that, at random."""
    wait_max: float = 30.0
    """Longest wait of our own choosing; a payer's Retry-After outranks it."""
    failures: int = 5
    """So many failures in a row open the payer's circuit."""
    rest: float = 30.0
    """Seconds that the circuit stays open before one question tries it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a question."""

    question: Question
    """The question."""
    result: Reply | PayerError
    """The reply, or the last error. A reply that says "try later" is one after the last try."""
    tries: int
    """How often it was sent; 0 where its payer could not be asked."""
    seconds: float
    """From its first try to its end."""


class Asks(Protocol):
    """The part of ``ports.PayerChannel`` that a turn needs."""

    name: str
    """Name of the channel."""

    def ask(self, question: Question) -> Reply:
        """Send one question."""
        ...


@dataclass(slots=True)
class Job:
    """A question on its way."""

    question: Question
    channel: Asks
    limits: Limits
    tries: int = 0
    began: float = 0.0
    last: Reply | PayerError | None = None

    @property
    def patient_until(self) -> float:
        """From when on no further try begins."""
        return self.began + self.limits.patience


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """A call to make now."""

    job: Job
    """Whose."""
    ends: float
    """When it is given up."""
    probe: bool
    """Whether it tries a circuit."""


@dataclass(slots=True)
class _Line:
    """The queue of one payer."""

    limits: Limits
    circuit: Circuit
    fresh: deque[Job] = field(default_factory=deque)
    later: list[tuple[float, int, Job]] = field(default_factory=list)
    """Tries to come: (when, tie-break, job), a heap."""
    calls: int = 0
    """Calls that are made now."""
    lost: int = 0
    """Calls that were given up and have not ended."""
    stale_at: float = math.inf
    """When the first of ``later`` is out of patience."""
    paused_until: float = 0.0
    """The payer asked to be left alone until then (Retry-After)."""

    def has_work(self) -> bool:
        return bool(self.fresh or self.later)

    def full(self) -> bool:
        return self.calls + self.lost >= self.limits.per_payer

    def reachable(self, now: float) -> bool:
        return now >= self.paused_until and self.circuit.may_call(now)

    def ready(self, now: float) -> bool:
        return bool(self.fresh or (self.later and self.later[0][0] <= now))

    def wait(self, due: float, number: int, job: Job) -> None:
        heapq.heappush(self.later, (due, number, job))
        self.stale_at = min(self.stale_at, job.patient_until)

    def stale(self, now: float) -> list[Job]:
        """Take out those whose patience ended before another try could begin."""
        if now < self.stale_at:
            return []
        stale = [job for _, _, job in self.later if job.patient_until <= now]
        self.later = [entry for entry in self.later if entry[2].patient_until > now]
        heapq.heapify(self.later)
        self.stale_at = min((job.patient_until for _, _, job in self.later), default=math.inf)
        return stale

    def take(self, now: float) -> Job:
        if self.later and self.later[0][0] <= now:
            return heapq.heappop(self.later)[2]
        return self.fresh.popleft()

    def back_at(self) -> float:
        """When the payer may be asked again, as far as that is known."""
        return max(self.paused_until, self.circuit.open_until or 0.0)

    def given_up_at(self) -> float | None:
        """When its queue is given up unless a call is made before; None while the payer is well."""
        since = self.circuit.down_since
        return None if since is None else since + self.limits.patience

    def is_given_up(self, now: float) -> bool:
        limit = self.given_up_at()
        if limit is None or (self.reachable(now) and not self.full()):
            return False
        return now >= limit or self.back_at() > limit


class Turns:
    """All questions of one round. Not safe for several threads: its owner holds a lock."""

    def __init__(self, at_once: int, circuits: dict[str, Circuit], jitter: Callable[[], float]) -> None:
        self._at_once = at_once
        self._circuits = circuits
        self._jitter = jitter
        self._lines: dict[str, _Line] = {}
        self._round: deque[_Line] = deque()
        self._running: dict[Turn, _Line] = {}
        self._numbers = itertools.count()

    def add(self, question: Question, channel: Asks, limits: Limits) -> None:
        """Put a question into its payer's queue; the limits of a payer's first question hold for the payer."""
        line = self._lines.get(question.payer)
        if line is None:
            circuit = self._circuits.setdefault(question.payer, Circuit(limits.failures, limits.rest))
            line = self._lines[question.payer] = _Line(limits, circuit)
            self._round.append(line)
        line.fresh.append(Job(question, channel, limits))

    @property
    def calls(self) -> int:
        """Calls under way, those that were given up and have not ended among them."""
        return len(self._running) + sum(line.lost for line in self._lines.values())

    def start(self, now: float) -> Iterator[Turn]:
        """The calls to make now."""
        passed = 0
        while passed < len(self._round) and len(self._running) < self._at_once:
            line = self._round[0]
            self._round.rotate(-1)
            if not self._may(line, now):
                passed += 1
                continue
            passed = 0
            job = line.take(now)
            if not job.tries:
                job.began = now
            job.tries += 1
            line.calls += 1
            turn = Turn(job, now + job.limits.seconds, line.circuit.calling())
            self._running[turn] = line
            yield turn

    def _may(self, line: _Line, now: float) -> bool:
        if line.full() or not line.ready(now) or not line.reachable(now):
            return False
        if line.calls == 0:
            return True
        # The first call of every payer that has work is kept free, for a payer that rests or waits too: it comes back.
        kept = sum(1 for one in self._lines.values() if one.calls or one.has_work())
        shared = sum(one.calls - 1 for one in self._lines.values() if one.calls)
        return shared < self._at_once - kept

    def done(self, turn: Turn, result: Reply | PayerError, now: float) -> Outcome | None:
        """Take what came of a call; the question's outcome, or None where it is tried again (or was given up)."""
        line = self._running.pop(turn, None)
        if line is None:
            self._lines[turn.job.question.payer].lost -= 1
            return None
        line.calls -= 1
        return self._judge(line, turn, result, now)

    def expire(self, now: float) -> list[Outcome]:
        """Outcomes that time alone brings: calls that took too long, queues of payers that can't be asked."""
        outcomes = []
        for turn, line in [(turn, line) for turn, line in self._running.items() if turn.ends <= now]:
            del self._running[turn]
            line.calls -= 1
            line.lost += 1
            problem = PayerUnreachable(
                f"Channel {turn.job.channel.name}, payer {turn.job.question.payer}: no answer within "
                f"{turn.job.limits.seconds:g} s; the call was given up.",
                "It is asked again later.",
            )
            if line.lost >= line.limits.per_payer:
                line.circuit.blocked(now)
            if (outcome := self._judge(line, turn, problem, now)) is not None:
                outcomes.append(outcome)
        for line in self._lines.values():
            outcomes.extend(self._end(line, job, now) for job in line.stale(now))
            if line.has_work() and not line.calls and line.is_given_up(now):
                outcomes.extend(self._give_up(line, now))
        return outcomes

    def next_event(self, now: float) -> float | None:
        """The next moment at which ``start`` or ``expire`` has something to do by time alone; None: at none."""
        moments = [turn.ends for turn in self._running]
        for line in self._lines.values():
            if not line.has_work():
                continue
            moments.append(line.back_at())
            if line.later:
                moments += (line.later[0][0], line.stale_at)
            if (limit := line.given_up_at()) is not None:
                moments.append(limit)
        return min((moment for moment in moments if moment > now), default=None)

    def _judge(self, line: _Line, turn: Turn, result: Reply | PayerError, now: float) -> Outcome | None:
        job = turn.job
        job.last = result
        if isinstance(result, _TROUBLE):
            line.circuit.failed(now, turn.probe)
        elif isinstance(result, QuestionInvalid):
            line.circuit.unused(turn.probe)
        else:
            line.circuit.succeeded()
        wished = result.retry_after if isinstance(result, PayerBusy) else None
        if wished:
            line.paused_until = max(line.paused_until, now + wished)
            line.circuit.blocked(now)
        if _again(result) and job.tries < job.limits.tries:
            due = now + max(self._wait(job), wished or 0.0)
            if due < job.patient_until:
                line.wait(due, next(self._numbers), job)
                return None
        return Outcome(job.question, result, job.tries, now - job.began)

    def _wait(self, job: Job) -> float:
        wait = min(job.limits.wait_max, job.limits.wait_initial * 2.0 ** (job.tries - 1))
        return wait * (0.5 + self._jitter())

    def _give_up(self, line: _Line, now: float) -> list[Outcome]:
        """Every question of a payer that can't be asked in time: its last error, or that it was not asked."""
        jobs = [*(job for _, _, job in sorted(line.later, key=lambda entry: entry[:2])), *line.fresh]
        line.later.clear()
        line.fresh.clear()
        line.stale_at = math.inf
        return [self._end(line, job, now) for job in jobs]

    def _end(self, line: _Line, job: Job, now: float) -> Outcome:
        rest = line.back_at() - now
        result = job.last or PayerBusy(
            f"Channel {job.channel.name}, payer {job.question.payer}: not asked, for it failed too often just now.",
            "It is asked again later.",
            rest if rest > 0 else None,
        )
        return Outcome(job.question, result, job.tries, now - job.began if job.tries else 0.0)


def _again(result: Reply | PayerError) -> bool:
    """Whether the same question may be sent again soon."""
    if isinstance(result, PayerError):
        return result.again
    if not isinstance(result, Replied) or result.answer.kind is not AnswerKind.TRY_LATER:
        return False
    return not any(rejection.follow_up in _NOT_AGAIN for rejection in result.answer.rejections)
