"""Look for answers to questions that payers took earlier: by polling, in a folder, on the host.

The question is made again of the record, for names are never stored; its key and trace number are those it had before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from massage_billing.errors import PayerError
from massage_billing.model import Question
from massage_billing.payers.guarded import Collecting, GuardedAsker, Limits
from massage_billing.ports import Asked, Failed, QuestionRow, QuestionState, Replied, Settled
from massage_billing.previsit.question import make
from massage_billing.sweep.carry import Carrier
from massage_billing.sweep.report import Tally
from massage_billing.sweep.setup import SweepSetup
from massage_billing.sweep.survey import Coming, Surveyor

LONGEST: Final = timedelta(hours=24)
"""How long an answer is waited for where the settings say nothing else."""


class Collector:
    """Collects the answers of one sweep."""

    def __init__(
        self, setup: SweepSetup, guard: GuardedAsker, surveyor: Surveyor, carrier: Carrier, tally: Tally
    ) -> None:
        self._setup, self._guard, self._surveyor = setup, guard, surveyor
        self._carrier, self._tally = carrier, tally

    def collect(self) -> None:
        """Look once for every answer that is waited for; what was waited for too long is given up."""
        rows = self._setup.asking.waiting(self._setup.host.id, self._carrier.now())
        if not rows:
            return
        by_channel: defaultdict[str, list[tuple[QuestionRow, Question]]] = defaultdict(list)
        for row, question in self._made_again(rows):
            by_channel[self._channel(row)].append((row, question))
        for name, waiting in by_channel.items():
            self._of_channel(name, waiting)
        self._carrier.flush()

    def _of_channel(self, name: str, waiting: Sequence[tuple[QuestionRow, Question]]) -> None:
        channel = self._setup.channels.get(name)
        if channel is None:
            for row, _ in waiting:
                self._give_up(row, f"Its channel {name or 'is not named and'} is not in the settings any more.")
            return
        rows = {question.key: row for row, question in waiting}
        asked = [Asked(question, row.ticket) for row, question in waiting]
        if name in self._setup.effort.wait:  # a folder or the host: all are looked for in one go
            try:
                for one, reply in channel.collect(asked):
                    self._settle(rows[one.question.key], one.question, reply)
            except PayerError as problem:
                self._tally.payers.setdefault(name, problem.what)
            return
        limits = Limits(tries=1, seconds=self._setup.effort.seconds.get(name, 25.0))
        polled = [(one.question, Collecting(channel, one), limits) for one in asked]
        for outcome in self._guard.ask_all(polled):
            row = rows[outcome.question.key]
            if isinstance(outcome.result, PayerError):
                self._settle(row, outcome.question, Failed(outcome.result))
            else:
                self._settle(row, outcome.question, outcome.result if isinstance(outcome.result, Replied) else None)

    def _settle(self, row: QuestionRow, question: Question, reply: object) -> None:
        if isinstance(reply, Replied):
            self._carrier.settle(question, row, reply, row.tries)
        elif isinstance(reply, Failed):
            self._tally.payers.setdefault(row.payer, reply.problem.what)
            self._carrier.settle(question, row, reply.problem, row.tries)
        elif self._too_late(row):
            self._give_up(row, "The payer took the question and did not answer it in time.")
        else:
            self._tally.counts["waiting"] += 1

    def _too_late(self, row: QuestionRow) -> bool:
        longest = self._setup.effort.wait.get(self._channel(row), LONGEST)
        return (self._carrier.now().date() - row.day) > longest + timedelta(days=1)

    def _give_up(self, row: QuestionRow, why: str) -> None:
        given_up = replace(row, state=QuestionState.GIVEN_UP, due=None, ticket="", problem=why)
        self._setup.asking.settle([Settled(given_up)])
        self._tally.counts["given up"] += 1
        self._tally.problem(f"{row.coverage}: {why}")

    def _channel(self, row: QuestionRow) -> str:
        payer = next((one for one in self._setup.clinic.payers if one.key == row.payer), None)
        return (payer.asking.channel or "") if payer is not None and payer.asking is not None else ""

    def _made_again(self, rows: Sequence[QuestionRow]) -> Iterator[tuple[QuestionRow, Question]]:
        appointments = sorted({row.appointment for row in rows if row.appointment})
        coming = {one.appointment.id: one for one in self._surveyor.named(appointments)}
        for row in rows:
            one = coming.get(row.appointment)
            question = None if one is None else self._question(row, one)
            if question is not None:
                yield row, question
            else:
                self._give_up(row, "The appointment or the coverage it was asked for is gone, or has changed.")

    def _question(self, row: QuestionRow, one: Coming) -> Question | None:
        for wanted in one.billed.to_ask:
            if (wanted.coverage.id, wanted.payer.key) == (row.coverage, row.payer):
                made = make(
                    wanted, one.appointment, self._setup.asker, (), self._setup.terms, one.day, row.day
                ).question
                if made is not None and made.key == row.key:
                    return replace(
                        made, trace=row.trace, serviced=row.serviced, service_types=row.service_types, codes=row.codes
                    )
        return None
