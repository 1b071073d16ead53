"""Asking many questions of many payers at the same time, so that one that fails, hangs or answers rubbish neither
delays nor blanks the others.

What may be asked when is decided in ``guard.turns``; here are the threads that make the calls. A thread makes one call
at a time and holds no lock while it does. Threads are daemons: one that hangs in a call keeps the program from nothing.
Nothing is remembered on disk: what was answered is the caller's to record, and what was not is asked again under the
same trace number.
"""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

from massage_billing.errors import MassageBillingError, PayerAnswerUnreadable, PayerError, PayerRejected
from massage_billing.model import Question
from massage_billing.payers.guard.circuit import Circuit
from massage_billing.payers.guard.turns import Asks, Limits, Outcome, Turn, Turns
from massage_billing.ports import Asked, Failed, PayerChannel, Reply, Waiting

__all__ = ["Collecting", "GuardedAsker", "Limits", "MachineTime", "Outcome", "Time"]

T = TypeVar("T")


class Time(Protocol):
    """A clock, and waiting by it; another one in tests."""

    def now(self) -> float:
        """Seconds of a clock that never goes back."""
        ...

    def wait(self, ready: queue.SimpleQueue[T], seconds: float | None, calls: int) -> T | None:
        """The next of ``ready``, waited for at most so long (None: as long as it takes); None where none came.

        ``calls`` are under way, hanging ones among them: while there are some, something may still come."""
        ...


class MachineTime:
    """The machine's clock."""

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    def wait(self, ready: queue.SimpleQueue[T], seconds: float | None, calls: int) -> T | None:
        """Waits without turning."""
        try:
            return ready.get(timeout=seconds)
        except queue.Empty:
            return None


class Collecting:
    """Looks for the answer to one question that waits, as if it were asked: polling is guarded like asking.

    For channels that call over the network; one that reads a folder collects all its questions in one go.
    """

    def __init__(self, channel: PayerChannel, asked: Asked) -> None:
        self.name = channel.name
        self.failed: Failed | None = None
        """What the payer said of this question, where it will not answer it: told from a payer that is out of reach."""
        self._channel = channel
        self._asked = asked

    def ask(self, question: Question) -> Reply:
        """The reply; the same ``Waiting`` where there is none yet. Raises PayerError."""
        for _, reply in self._channel.collect([self._asked]):
            if isinstance(reply, Failed):
                self.failed = reply
                raise reply.problem
            if reply is not None:
                return reply
        return Waiting(self._asked.ticket)


class GuardedAsker:
    """Asks many questions, at most ``at_once`` at the same time. Remembers between rounds which payers fail."""

    def __init__(
        self, at_once: int = 20, *, time: Time | None = None, jitter: Callable[[], float] = random.random
    ) -> None:
        self._at_once = at_once
        self._time: Time = time or MachineTime()
        self._jitter = jitter
        self._circuits: dict[str, Circuit] = {}
        self._lock = threading.Lock()

    def ask_all(
        self, questions: Iterable[tuple[Question, Asks, Limits]], pause: Callable[[], float | None] = lambda: None
    ) -> Iterator[Outcome]:
        """Ask, and give each question's outcome once, as they come. All questions are taken first.

        ``pause`` is called before the next outcome is waited for, in the caller's thread; it says after how many
        seconds it wants to be called again where none has come by then (None: not).

        Asking goes on in the background while the caller works on an outcome. A caller that stops early leaves the
        calls under way to themselves; nothing further is asked.
        """
        turns = Turns(self._at_once, self._circuits, self._jitter)
        open = 0
        for question, channel, limits in questions:
            turns.add(question, channel, limits)
            open += 1
        crew = _Crew(turns, self._time, self._lock)
        try:
            while open:
                for outcome in crew.outcomes(pause()):
                    open -= 1
                    yield outcome
        finally:
            crew.stop()


class _Crew:
    """The threads of one round. As many as calls are made; none is waiting for time to pass."""

    def __init__(self, turns: Turns, time: Time, lock: threading.Lock) -> None:
        self._turns = turns
        self._time = time
        self._lock = lock
        """The asker's own: what is left of an earlier round still tells the same circuits."""
        self._inbox: queue.SimpleQueue[Turn | None] = queue.SimpleQueue()
        self._ready: queue.SimpleQueue[list[Outcome] | BaseException] = queue.SimpleQueue()
        """Outcomes, none where only something else changed, or what broke a thread."""
        self._threads = 0
        self._idle = 0
        self._stopped = False

    def outcomes(self, longest: float | None) -> Iterator[Outcome]:
        """Start what may start, wait for something to happen (at most ``longest`` seconds), and give the outcomes that
        are there by then."""
        with self._lock:
            now = self._time.now()
            expired = self._go_on(now)
            event, calls = self._turns.next_event(now), self._turns.calls
        if expired:
            yield from expired
            return
        if event is None and not calls and self._ready.empty():
            raise AssertionError("questions are left, and nothing will ever happen")
        waits = [each for each in (longest, None if event is None else max(0.0, event - now)) if each is not None]
        came = self._time.wait(self._ready, min(waits, default=None), calls)
        while came is not None:
            if isinstance(came, BaseException):
                raise came
            yield from came
            came = None if self._ready.empty() else self._ready.get()

    def stop(self) -> None:
        """Start nothing more; threads end with their calls."""
        with self._lock:
            self._stopped = True
            for _ in range(self._threads):
                self._inbox.put(None)

    def _go_on(self, now: float) -> list[Outcome]:
        """End what time has ended, and give out the turns that have come; called with the lock held."""
        expired = self._turns.expire(now)
        for turn in () if self._stopped else self._turns.start(now):
            self._inbox.put(turn)
            if self._idle:
                self._idle -= 1
            else:
                self._threads += 1
                threading.Thread(target=self._work, name=f"payers-{self._threads}", daemon=True).start()
        return expired

    def _work(self) -> None:
        try:
            while (turn := self._inbox.get()) is not None:
                result = _ask(turn)
                with self._lock:
                    self._idle += 1
                    now = self._time.now()
                    outcome = self._turns.done(turn, result, now)
                    expired = self._go_on(now)
                self._ready.put([outcome, *expired] if outcome else expired)
        except BaseException as bug:
            self._ready.put(bug)


def _ask(turn: Turn) -> Reply | PayerError:
    """Make one call; whatever it raises is about this question alone."""
    job = turn.job
    said = f"Channel {job.channel.name}, payer {job.question.payer}:"
    try:
        return job.channel.ask(job.question)
    except PayerError as problem:
        # Frames hold the question and the answer: they are let go.
        return problem.with_traceback(None)
    except MassageBillingError as problem:
        return PayerRejected(f"{said} {problem.what}", problem.fix)
    except Exception as bug:
        return PayerAnswerUnreadable(f"{said} reading its answer failed inside ({type(bug).__name__}).", "Report this.")
