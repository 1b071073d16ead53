"""Which payers are to be asked what, of all coming appointments: once a coverage, whatever number of visits it has."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date as Date

from massage_billing.model import Question, Reason
from massage_billing.ports import QuestionRow, QuestionState
from massage_billing.previsit.ask import Ask, Today, holder_of, put_off, whether
from massage_billing.previsit.question import make
from massage_billing.previsit.which import ToAsk
from massage_billing.sweep.carry import Planned
from massage_billing.sweep.report import Tally
from massage_billing.sweep.setup import SweepSetup
from massage_billing.sweep.survey import Coming

Pair = tuple[str, str]
"""(coverage, payer key)."""


class Questions:
    """The questions of one sweep, and what in our own data keeps others from being asked."""

    def __init__(self, setup: SweepSetup, coming: Sequence[Coming], today: Date, tally: Tally) -> None:
        """Decides for all appointments, in order of their day: the earliest is the one that is asked about."""
        self._setup, self._today, self._tally = setup, today, tally
        coverages = sorted({coverage.id for one in coming for coverage in one.appointment.coverages})
        self._last = setup.asking.questions(setup.host.id, coverages) if coverages else {}
        self._habits = setup.asking.habits()
        self._now = Today(today, setup.max_age.days, setup.time())
        self._planned: dict[Pair, Planned] = {}
        self.faults: dict[Pair, tuple[Reason, ...]] = {}
        """What keeps a coverage from being asked about."""
        for one in sorted(coming, key=lambda each: (each.day.on, each.appointment.id)):
            if one.billed.patient_pays is not None:
                tally.not_asked[f"patient pays ({one.billed.patient_pays.value})"] += 1
            for wanted in one.billed.to_ask:
                self._decide(one, wanted)

    @property
    def planned(self) -> list[Planned]:
        """What is to be asked."""
        return list(self._planned.values())

    def _decide(self, one: Coming, wanted: ToAsk) -> None:
        pair = (wanted.coverage.id, wanted.payer.key)
        if pair in self._planned or pair in self.faults:
            return
        last = self._last.get(pair)
        if last is not None and last.state is QuestionState.WAITING:
            self._tally.not_asked["an answer is awaited"] += 1
            return
        ask = self._whether(one, wanted)
        if ask is None:
            self._tally.not_asked["not to be asked again yet" if put_off(last, self._now) else _why_not(wanted)] += 1
            return
        made = make(
            wanted, one.appointment, self._setup.asker, self._habits, self._setup.terms, one.day, self._today
        )  # fmt: skip
        channel = wanted.payer.asking.channel if wanted.payer.asking is not None else None
        if made.question is None:
            self.faults[pair] = made.faults
            self._tally.not_asked["our own data is not complete"] += 1
        elif channel not in self._setup.channels:
            self.faults[pair] = (self._setup.terms.reason("payer-no-channel", about=wanted.payer.key),)
            self._tally.not_asked["the payer has no channel"] += 1
        else:
            row = self._row(one, wanted, made.question)
            self._planned[pair] = Planned(made.question, row, ask.why[0])

    def _whether(self, one: Coming, wanted: ToAsk) -> Ask | None:
        return whether(
            one.appointment,
            wanted.coverage,
            wanted.payer,
            one.answers.get(wanted.coverage.id, ()),
            self._last.get((wanted.coverage.id, wanted.payer.key)),
            self._now,
            one.first_visit,
            self._setup.terms.asking,
        )

    def _row(self, one: Coming, wanted: ToAsk, question: Question) -> QuestionRow:
        holder = holder_of(wanted.coverage.id, one.appointment)
        return QuestionRow(
            key=question.key,
            host=question.host,
            patient=question.patient,
            coverage=question.coverage,
            payer=question.payer,
            day=self._today,
            serviced=question.serviced,
            state=QuestionState.ASKING,
            trace=question.trace,
            holder=holder.version if holder else "",
            service_types=question.service_types,
            appointment=one.appointment.id,
            codes=question.codes,
            facility=question.facility or "",
        )


def _why_not(wanted: ToAsk) -> str:
    asking = wanted.payer.asking
    if asking is None or asking.ask == "nobody":
        return "nobody asks this payer"
    return "the host asks this payer" if asking.ask == "host" else "answered already"
