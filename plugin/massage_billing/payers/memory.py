"""A payer in memory: the fake that ships. It keeps the same contract as the real channels (tests/contract/).

For tests of what is built on payers, and for trying things out: answers are scripted by coverage, member id or trace
number, faults are ordered, and what was asked is kept, so that a test can show that nothing was.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

import orjson

from massage_billing.errors import PayerError, QuestionInvalid
from massage_billing.model import (
    Answer,
    AnswerKind,
    Benefit,
    BenefitKind,
    Count,
    CountUnit,
    Measure,
    Plan,
    Question,
    Standing,
)
from massage_billing.ports import Asked, Failed, Replied, Reply, Waiting

Script = Callable[[Question], Answer]
"""Makes the answer to a question."""


def in_force(question: Question) -> Answer:
    """In force, 8 of 20 visits a calendar year left, 25 dollars a visit."""
    types = question.service_types[:1]
    visits = tuple(
        Count(Decimal(quantity), CountUnit.VISITS, measure, "calendar-year")
        for quantity, measure in ((20, Measure.ALLOWED), (12, Measure.USED), (8, Measure.LEFT))
    )
    return Answer(
        AnswerKind.ANSWERED,
        question.serviced,
        Standing.IN_FORCE,
        plans=(Plan("SYNTHETIC PLAN", standing=Standing.IN_FORCE),),
        benefits=(
            Benefit(BenefitKind.ACTIVE, "1", types, plan="SYNTHETIC PLAN"),
            Benefit(BenefitKind.COPAY, "B", types, period="visit", amount=Decimal("25.00")),
            Benefit(BenefitKind.LIMIT, "F", types, period="calendar-year", counts=visits),
        ),
        trace=question.trace,
    )


class MemoryPayer:
    """A channel that answers from scripts. What is scripted last holds; unscripted, ``usual`` answers."""

    def __init__(self, name: str = "memory", usual: Script = in_force, *, later: bool = False) -> None:
        self.name = name
        self.later = later
        """True: questions wait until ``deliver``."""
        self.asked: list[Question] = []
        """Every question, in the order it came, those that failed too."""
        self.closed = False
        self._usual = usual
        self._scripts: list[tuple[str, Script]] = []
        self._faults: list[tuple[str, PayerError, int | None]] = []
        self._delivered: dict[str, Reply | Failed] = {}
        self._open: dict[str, Question] = {}
        self._lock = threading.Lock()

    # --- ordering ---------------------------------------------------------------------------------------------------

    def says(self, who: str, answer: Answer | Script) -> None:
        """Answer so whatever is asked about a coverage ("Coverage/5"), member id or trace number."""
        script = answer if callable(answer) else lambda question: answer
        with self._lock:
            self._scripts.append((who, script))
            self._faults = [fault for fault in self._faults if fault[0] != who]

    def fails(self, problem: PayerError, who: str = "", *, times: int | None = 1) -> None:
        """Order a fault: the next ``times`` questions (None: all from now on) about a coverage, member id or trace
        number ("": about anything) end with ``problem``."""
        with self._lock:
            self._faults.append((who, problem, times))

    def deliver(self) -> None:
        """Answer every question that waits."""
        with self._lock:
            waiting, self._open = self._open, {}
            for ticket, question in waiting.items():
                try:
                    self._delivered[ticket] = self._answer(question)
                except PayerError as problem:
                    self._delivered[ticket] = Failed(problem)

    # --- as the port asks -------------------------------------------------------------------------------------------

    def ask(self, question: Question) -> Reply:
        """See ``ports.PayerChannel``."""
        if not question.member_id:
            raise QuestionInvalid(
                f"Channel {self.name}, payer {question.payer}: the question has no member id.",
                "Record the member id on the coverage.",
            )
        with self._lock:
            self.asked.append(question)
            if self.later:
                ticket = f"ticket-{question.trace}"
                self._delivered.pop(ticket, None)
                self._open[ticket] = question
                return Waiting(ticket)
            return self._answer(question)

    def collect(self, waiting: Sequence[Asked]) -> Iterator[tuple[Asked, Reply | Failed | None]]:
        """See ``ports.PayerChannel``."""
        for asked in waiting:
            yield asked, self._delivered.get(asked.ticket)

    def close(self) -> None:
        """See ``ports.PayerChannel``."""
        self.closed = True

    def _answer(self, question: Question) -> Replied:
        """The script's answer; called with the lock held."""
        names = {"", question.coverage, question.member_id, question.trace}
        for place, (who, problem, times) in enumerate(self._faults):
            if who in names:
                if times is not None:
                    left = (who, problem, times - 1)
                    self._faults[place : place + 1] = [left] if times > 1 else []
                raise problem
        script = next((made for who, made in reversed(self._scripts) if who in names), self._usual)
        answer = script(question)
        evidence = orjson.dumps({"trace": question.trace, "answer": str(answer.kind)})
        return Replied(answer, evidence, "application/json")
