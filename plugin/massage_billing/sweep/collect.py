"""Look for answers to questions that payers took earlier: by polling, in a folder, on the host.

The question is made again of the record, for names are never stored; its key and trace number are those it had before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Final

from massage_billing.coding import payer as payers
from massage_billing.errors import PayerError
from massage_billing.fhir.dates import zone_named
from massage_billing.model import Payer, Question
from massage_billing.payers.guarded import Collecting, GuardedAsker, Limits
from massage_billing.ports import (
    Asked,
    Failed,
    PayerChannel,
    QuestionRow,
    QuestionState,
    Replied,
    Reply,
    Settled,
    Waiting,
)
from massage_billing.previsit.question import make
from massage_billing.previsit.which import ToAsk
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
        if self._in_one_go(name):
            self._look(channel, asked, rows)
        else:
            self._poll(channel, asked, rows)

    def _in_one_go(self, name: str) -> bool:
        """A folder or the host: all questions are looked for in one go."""
        return name in self._setup.effort.wait

    def _look(self, channel: PayerChannel, asked: Sequence[Asked], rows: dict[str, QuestionRow]) -> None:
        left = dict(rows)
        try:
            for one, reply in channel.collect(asked):
                self._settle(left.pop(one.question.key), one.question, reply)
        except PayerError as problem:
            for row in left.values():
                self._unreached(row, problem)

    def _poll(self, channel: PayerChannel, asked: Sequence[Asked], rows: dict[str, QuestionRow]) -> None:
        limits = Limits(tries=1, seconds=self._setup.effort.seconds.get(channel.name, 25.0))
        polls = {one.question.key: Collecting(channel, one) for one in asked}
        for outcome in self._guard.ask_all((one.question, polls[one.question.key], limits) for one in asked):
            row, failed = rows[outcome.question.key], polls[outcome.question.key].failed
            if isinstance(outcome.result, PayerError) and failed is None:
                self._unreached(row, outcome.result)
            else:
                self._settle(row, outcome.question, failed or outcome.result)

    # --- what becomes of one ----------------------------------------------------------------------------------------

    def _settle(self, row: QuestionRow, question: Question, reply: Reply | Failed | PayerError | None) -> None:
        if isinstance(reply, Replied):
            self._carrier.settle(question, row, reply, row.tries)
        elif isinstance(reply, Failed):
            self._tally.payers.setdefault(row.payer, reply.problem.what)
            self._carrier.settle(question, row, reply.problem, row.tries)
        else:
            self._wait_on(row, reply if isinstance(reply, Waiting) else None)

    def _unreached(self, row: QuestionRow, problem: PayerError) -> None:
        """The payer has the question, and could not be asked for the answer."""
        self._tally.payers.setdefault(row.payer, problem.what)
        self._wait_on(row, None)

    def _wait_on(self, row: QuestionRow, said: Waiting | None) -> None:
        if self._too_late(row):
            self._give_up(row, "The payer took the question and did not answer it in time.")
            return
        self._tally.counts["waiting"] += 1
        if said is not None and not self._in_one_go(self._channel(row)):
            due = said.not_before or row.due
            if (said.ticket, due) != (row.ticket, row.due):
                self._setup.asking.settle([Settled(replace(row, ticket=said.ticket, due=due))])

    def _too_late(self, row: QuestionRow) -> bool:
        """Whether it was waited for long enough. When it was asked is not kept: of a folder or the host it is a few
        minutes before it was first looked for (``due``), of others the end of that day at the latest."""
        name = self._channel(row)
        if self._in_one_go(name) and row.due is not None:
            since = row.due
        else:
            zone = zone_named(self._setup.reading.zone or "") or UTC
            since = datetime.combine(row.day + timedelta(days=1), time(), zone)
        return self._carrier.now() > since + self._setup.effort.wait.get(name, LONGEST)

    def _give_up(self, row: QuestionRow, why: str) -> None:
        given_up = replace(row, state=QuestionState.GIVEN_UP, due=None, ticket="", problem=why)
        self._setup.asking.settle([Settled(given_up)])
        self._tally.counts["given up"] += 1
        self._tally.problem(f"{row.coverage}: {why}")

    def _gone(self, row: QuestionRow) -> None:
        """What it was asked for is gone: nobody waits for it; who still wants it that day asks it again."""
        why = "The appointment or the coverage it was asked for is gone, or has changed."
        later = replace(row, state=QuestionState.LATER, due=self._carrier.now(), ticket="", problem=why)
        self._setup.asking.settle([Settled(later)])
        self._tally.problem(f"{row.coverage}: {why}")

    def _channel(self, row: QuestionRow) -> str:
        payer = self._payer(row)
        return (payer.asking.channel or "") if payer is not None and payer.asking is not None else ""

    def _payer(self, row: QuestionRow) -> Payer | None:
        return next((one for one in self._setup.clinic.payers if one.key == row.payer), None)

    # --- the question again -----------------------------------------------------------------------------------------

    def _made_again(self, rows: Sequence[QuestionRow]) -> Iterator[tuple[QuestionRow, Question]]:
        appointments = sorted({row.appointment for row in rows if row.appointment})
        coming = {one.appointment.id: one for one in self._surveyor.named(appointments)}
        for row in rows:
            one = coming.get(row.appointment)
            question = None if one is None else self._question(row, one)
            if question is not None:
                yield row, question
            else:
                self._gone(row)

    def _question(self, row: QuestionRow, one: Coming) -> Question | None:
        """None where the patient, the coverage or what a payer is told of them is another by now, or nobody is to be
        asked any more."""
        coverage = next((each for each in one.appointment.coverages if each.id == row.coverage), None)
        payer = payers.entry(coverage, self._setup.clinic) if coverage is not None else None
        if one.billed.patient_pays is not None or coverage is None or payer is None or payer.key != row.payer:
            return None
        wanted = ToAsk(coverage, payer)
        made = make(wanted, one.appointment, self._setup.asker, (), self._setup.terms, one.day, row.day).question
        if made is None or made.key != row.key:
            return None
        return replace(made, trace=row.trace, serviced=row.serviced, service_types=row.service_types, codes=row.codes)
