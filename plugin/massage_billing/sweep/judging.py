"""Bring together what each coming appointment is judged by, and judge it (previsit/judge.py says how)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date as Date

from massage_billing.model import Appointment, Elsewhere, Known, PaperCount, Reason, Verdict
from massage_billing.model.paper_use import used_before
from massage_billing.ports import QuestionRow, QuestionState, VisitRow, VisitState
from massage_billing.previsit.answered import NEVER_ASKED, State
from massage_billing.previsit.ask import Today, newest, plan_year
from massage_billing.previsit.clocks import Unfiled
from massage_billing.previsit.credentials import credential_reasons, network_of, planned_of
from massage_billing.previsit.judge import Facts, Rules, judge
from massage_billing.previsit.visits_left import Before
from massage_billing.sweep.setup import SweepSetup
from massage_billing.sweep.survey import Coming

Faults = Mapping[tuple[str, str], Sequence[Reason]]
"""(coverage, payer key) → what in our own data keeps it from being asked about."""
_OPEN = (VisitState.HELD, VisitState.WAITING)


def judge_all(
    setup: SweepSetup, coming: Sequence[Coming], faults: Faults, today: Date
) -> list[tuple[Appointment, Verdict]]:
    """Every appointment with its verdict, in order of time; an appointment counts for the patient's later ones."""
    bench = _Bench(setup, coming, faults, today)
    ordered = sorted(coming, key=lambda one: (one.day.on, str(one.appointment.start), one.appointment.id))
    return [(one.appointment, bench.judge(one)) for one in ordered]


class _Bench:
    """What the store knows around the appointments of one sweep: a few questions for all together."""

    def __init__(self, setup: SweepSetup, coming: Sequence[Coming], faults: Faults, today: Date) -> None:
        self._setup, self._faults = setup, faults
        self._today = Today(today, setup.max_age.days)
        host = setup.host.id
        coverages = sorted({coverage.id for one in coming for coverage in one.appointment.coverages})
        patients = sorted({one.appointment.patient for one in coming if one.appointment.patient is not None})
        self._last = setup.asking.questions(host, coverages) if coverages else {}
        self._counts: defaultdict[str, list[PaperCount]] = defaultdict(list)
        self._visits: defaultdict[str, list[VisitRow]] = defaultdict(list)
        if patients:
            for count in setup.store.paper_counts(host, patients):
                self._counts[count.patient].append(count)
            for row in setup.store.of_patients(host, patients):
                self._visits[row.patient or ""].append(row)
        self._booked: defaultdict[tuple[str, str], list[Date]] = defaultdict(list)

    def judge(self, one: Coming) -> Verdict:
        """The verdict of one appointment."""
        setup, appointment = self._setup, one.appointment
        coverage, payer = one.billed.coverage, one.billed.payer
        patient = appointment.patient or ""
        known = None
        if coverage is not None and payer is not None:
            known = newest(one.answers.get(coverage.id, ()), coverage.id, payer.key, one.day.on)
        planned = planned_of(appointment, payer, coverage)
        billed = planned is not None and one.billed.patient_pays is None
        facts = Facts(
            billed=one.billed,
            known=known,
            state=self._state(one, known),
            first_visit=one.first_visit,
            elsewhere=self._elsewhere(patient, one),
            before=self._before(one, known),
            unfiled=tuple(
                Unfiled(row.encounter, row.filing_limit)
                for row in self._visits[patient]
                if row.filing_limit is not None and (row.state in _OPEN or row.draft)
            ),
        )
        if billed and planned is not None:
            facts = replace(
                facts,
                network=network_of(planned, setup.clinic),
                credential_reasons=credential_reasons(planned, setup.clinic, setup.credential_terms),
            )
        if billed and payer is not None:
            self._booked[patient, payer.key].append(one.day.on)
        return judge(appointment, facts, Rules(setup.clinic, one.day, setup.terms, self._today))

    def _state(self, one: Coming, known: Known | None) -> State:
        coverage, payer = one.billed.coverage, one.billed.payer
        if coverage is None or payer is None:
            return NEVER_ASKED
        row: QuestionRow | None = self._last.get((coverage.id, payer.key))
        faults = tuple(self._faults.get((coverage.id, payer.key), ()))
        if row is None or (row.state is QuestionState.ANSWERED and known is None):
            return State(faults=faults)  # what was answered is of the coverage as it was before it changed
        return State(row.state.value, row.problem, faults)

    def _elsewhere(self, patient: str, one: Coming) -> Elsewhere:
        """What visits, held ones among them, use of the patient's papers before this appointment."""
        counts = self._counts[patient]
        place = (one.day.on, "")
        uses = tuple(used_before(counts, paper, place) for paper in sorted({count.paper for count in counts}))
        return Elsewhere(uses=uses, counted=True)

    def _booked_before(self, one: Coming) -> int:
        """The patient's appointments before this one that the same payer pays, and that have not become a visit."""
        payer, patient = one.billed.payer, one.appointment.patient or ""
        if payer is None or one.billed.patient_pays is not None:
            return 0
        visited = {row.date for row in self._visits[patient]}
        return sum(1 for day in self._booked[patient, payer.key] if day == one.day.on or day not in visited)

    def _before(self, one: Coming, known: Known | None) -> Before:
        """What the patient's visits and appointments take before this one: those of the plan year that may count in
        the payer's limit, and of them those that the payer cannot have counted when it answered."""
        booked = self._booked_before(one)
        if known is None or one.billed.payer is None:
            return Before(booked)
        year = plan_year(one.day.on, one.billed.payer)
        rows = [row for row in self._visits[one.appointment.patient or ""] if row.payer in (None, known.payer)]
        rows = [row for row in rows if row.date is not None and year <= row.date < one.day.on]
        rows = [row for row in rows if row.state is not VisitState.DONE]  # self-pay, nothing billable, or written off
        return Before(booked, sum(_not_counted(row, known) for row in rows), len(rows))


def _not_counted(row: VisitRow, known: Known) -> bool:
    """Whether the payer cannot have counted a visit when it answered: it was not before the day of the question (who
    asks at six has asked before the visit at ten), or it is not billed.

    A visit that was held then and is billed since is taken for counted, though it was not: the row does not say when
    its claim was first written.
    """
    return (row.date is not None and row.date >= known.asked_on) or row.claim is None or row.draft
