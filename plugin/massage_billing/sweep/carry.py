"""Carry questions to payers and bring back what they say: claim, ask, record.

A question is claimed in the store before it leaves and its answer is recorded before anything else is done with it, so
that a crash at any moment costs at most one more try of a question under the same trace number.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from massage_billing.errors import PayerError, QuestionInvalid
from massage_billing.fhir.dates import zone_named
from massage_billing.model import Answer, AnswerKind, Known, Question
from massage_billing.payers.guarded import GuardedAsker, Limits, Outcome
from massage_billing.ports import Habit, QuestionRow, QuestionState, Replied, Settled, Waiting
from massage_billing.previsit.habits import learnt
from massage_billing.sweep.deliver import takes_answers
from massage_billing.sweep.report import Tally
from massage_billing.sweep.setup import SweepSetup
from massage_billing.x12.codes import default_codes

TOGETHER: Final = 50
"""Answers recorded in one transaction at most."""
EVERY: Final = 0.1
"""Seconds that an answer may wait for others to be recorded with it."""
QUIET: Final = 3.0
"""After so many seconds in which nothing came, what is recorded need not wait for those that hang."""
AGAIN: Final = timedelta(minutes=10)
"""After this long a payer that failed may be asked again, where nothing says when."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A question that is to be asked."""

    question: Question
    """The question. PHI."""
    row: QuestionRow
    """What the store keeps of it."""
    why: str = ""
    """Why it is asked, in words."""


class Carrier:
    """Asks the planned questions of one sweep."""

    def __init__(self, setup: SweepSetup, guard: GuardedAsker, tally: Tally) -> None:
        self._setup, self._guard, self._tally = setup, guard, tally
        self._written = not takes_answers(setup)
        self._unsettled: list[Settled] = []
        self._learnt: list[Habit] = []
        self._since = self._came = 0.0
        """When the first of what is not recorded yet came, and the last of all."""
        self._fresh = False
        """Whether something was recorded since ``meanwhile`` was called."""
        self._meanwhile: Callable[[], None] = lambda: None

    def ask(self, planned: Sequence[Planned], meanwhile: Callable[[], None] = lambda: None) -> None:
        """Ask those that no other process has asked or is asking; record what becomes of each.

        ``meanwhile`` is called while payers let everybody wait, and something was recorded since it was called.
        """
        setup = self._setup
        self._meanwhile = meanwhile
        now = self.now()
        lease = setup.lease + timedelta(seconds=20 * len(planned) / setup.effort.at_once)
        rows = {row.key: row for row in setup.asking.claim([one.row for one in planned], setup.owner, now, lease)}
        # One that the payer has taken meanwhile (it has a ticket) is looked for by the next sweep, not asked again.
        taken = [row for row in rows.values() if row.ticket]
        for each in taken:
            self._keep(Settled(replace(each, state=QuestionState.WAITING, due=now)))
        if taken:
            self._tally.not_asked["an answer is awaited"] += len(taken)
        mine = [replace(one, row=row) for one in planned if (row := rows.get(one.row.key)) and not row.ticket]
        self._tally.asked_because.update(one.why for one in mine)
        others = len(planned) - len(rows)
        if others:
            self._tally.not_asked["asked today, or by another process now"] += others
        try:
            self._carry([one for one in mine if not self._used_up(one.row)])
        finally:  # what was answered is kept when somebody presses Ctrl-C, too
            self.flush()

    def settle(self, question: Question, row: QuestionRow, reply: Replied | Waiting | PayerError, tries: int) -> None:
        """Record what became of a question."""
        if isinstance(reply, Replied):
            self._replied(question, row, reply, tries)
        elif isinstance(reply, Waiting):
            later = reply.not_before or self.now() + AGAIN
            waiting = replace(row, state=QuestionState.WAITING, tries=tries, due=later, ticket=reply.ticket)
            self._keep(Settled(waiting))
            self._tally.counts["waiting"] += 1
        else:
            self._later(row, tries, reply.what)

    def now(self) -> datetime:
        """This machine's time (``SweepSetup.time``)."""
        return self._setup.time()

    def _used_up(self, row: QuestionRow) -> bool:
        if row.tries < self._setup.effort.tries_a_day:
            return False
        self._keep(Settled(replace(row, state=QuestionState.GIVEN_UP, due=None)))
        self._tally.counts["given up"] += 1
        return True

    def _carry(self, mine: Sequence[Planned]) -> None:
        rows = {one.row.key: one.row for one in mine}
        for done, outcome in enumerate(self._outcomes(mine), 1):
            row = rows[outcome.question.key]
            result = outcome.result
            if isinstance(result, QuestionInvalid):  # our own record: nothing left
                self._tally.problem(result.what)
            else:
                self._tally.counts["asked"] += bool(outcome.tries)
                if isinstance(result, PayerError):
                    self._tally.payers.setdefault(row.payer, result.what)
            self.settle(outcome.question, row, result, row.tries + outcome.tries)
            self._setup.progress.advance("questions", done, len(mine))

    def _outcomes(self, mine: Sequence[Planned]) -> Iterator[Outcome]:
        setup, effort = self._setup, self._setup.effort
        channels = {payer.key: payer.asking.channel for payer in setup.clinic.payers if payer.asking}
        asked = []
        for one in mine:
            name = channels.get(one.question.payer) or ""
            tries = max(1, min(effort.tries, effort.tries_a_day - one.row.tries))
            limits = Limits(
                per_payer=effort.per_payer.get(name, 4),
                seconds=effort.seconds.get(name, 25.0),
                tries=tries,
                patience=effort.patience.total_seconds(),
            )
            asked.append((one.question, setup.channels[name], limits))
        return self._guard.ask_all(asked, self._pause)

    # --- recording --------------------------------------------------------------------------------------------------

    def _replied(self, question: Question, row: QuestionRow, reply: Replied, tries: int) -> None:
        answer = reply.answer
        if answer.kind is AnswerKind.TRY_LATER:
            self._not_yet(row, answer, tries)
            return
        self._tally.counts["answered"] += 1
        self._tally.counts["refused"] += answer.kind is AnswerKind.REFUSED
        known = Known(
            patient=row.patient,
            coverage=row.coverage,
            payer=row.payer,
            asked_on=row.day,
            answered_at=self.now(),
            answer=answer,
            question=row.key,
            response=reply.on_host,
            evidence=hashlib.sha256(reply.evidence).hexdigest(),
            holder=row.holder,
        )
        # A refusal is an answer that is not asked for again this day, and still nothing is known: it says why.
        why = " ".join(self._setup.terms.rejection(one.code).message for one in answer.rejections)
        told = why if answer.kind is AnswerKind.REFUSED else ""
        state = replace(row, state=QuestionState.ANSWERED, tries=tries, due=None, ticket="", problem=told)
        written = self._written or reply.on_host is not None
        self._learnt += learnt(question, answer, self._setup.terms.asking)
        self._keep(Settled(state, known, reply.evidence, reply.media_type, written))

    def _not_yet(self, row: QuestionRow, answer: Answer, tries: int) -> None:
        """The payer wants to be asked again: now, not on this day, or not for some days (X12 AAA04)."""
        codes = default_codes().follow_ups
        said = [codes[one.follow_up] for one in answer.rejections if one.follow_up in codes]
        days = max((one.wait_days for one in said), default=0)
        if days:
            due = self.now() + timedelta(days=days)
            on = due.astimezone(zone_named(self._setup.reading.zone or "") or UTC).date()
            self._later(row, tries, f"The payer says that it must not be asked again before {on}.", due=due)
        elif any(one.hold for one in said):
            self._later(row, tries, "The payer says that it must not be asked again now.", over=True)
        else:
            self._later(row, tries, "The payer asks for another try.")

    def _later(
        self, row: QuestionRow, tries: int, why: str, *, over: bool = False, due: datetime | None = None
    ) -> None:
        """To be tried again; of a payer that refuses us too, for its password may be mended in an hour."""
        over = over or tries >= self._setup.effort.tries_a_day
        state = QuestionState.GIVEN_UP if over else QuestionState.LATER
        due = due or (None if over else self.now() + AGAIN)
        self._keep(Settled(replace(row, state=state, tries=tries, due=due, ticket="", problem=why)))
        self._tally.counts["given up" if over else "later"] += 1

    def _keep(self, settled: Settled) -> None:
        self._came = time.monotonic()
        if not self._unsettled:
            self._since = self._came
        self._unsettled.append(settled)
        if len(self._unsettled) >= TOGETHER:
            self.flush()

    def _pause(self) -> float | None:
        """Nothing more is there just now: record what has waited long enough; seconds until something is due."""
        now = time.monotonic()
        if self._unsettled and now < self._since + EVERY:
            return self._since + EVERY - now
        self.flush()
        if not self._fresh:
            return None
        if now < self._came + QUIET:
            return self._came + QUIET - now
        self._fresh = False
        self._meanwhile()
        return None

    def flush(self) -> None:
        """Record what was not recorded yet, in one transaction."""
        if self._unsettled:
            self._setup.asking.settle(self._unsettled)
            self._fresh = True
        if self._learnt:
            self._setup.asking.learn(self._learnt)
        self._unsettled, self._learnt = [], []
