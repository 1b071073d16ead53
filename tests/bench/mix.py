"""A million visits of a realistic mix, made as fast as they are asked for: what ``replay`` is measured on.

Everything is drawn from a seed, so the same number gives the same visits. A visit is what reading a record makes of it
(``model.Visit``), so that reading is not measured. Shares and tables stand below; nobody in it exists.

- Therapists: eleven massage therapists and a physical therapist at two sites; a patient sees the same one four times in
  five.
- Patients: one in eight visits is of a new one. Each has a payer by ``PAYERS``, one to three diagnoses by
  ``DIAGNOSES``, and kinds of session by ``SESSIONS``.
- Minutes: as planned in 60 of 100 services; else off by a few minutes either way, to the minute, as a clock shows it.
- Dates: every working day of two years, so that every dated row of that time is met.
- Times: one service after the other from the quarter of an hour, overlapping in 3 of 100; the visit lasts as long as
  was planned and 0 to 20 minutes more, so that now and then the services outlast it.
- Faults by ``FAULTS``: what holds, halves or empties a visit.

The mix was changed several times while the memory of verdicts was written, towards more repeats. Its share of repeats
is its own and no evidence of any clinic's; it wants a second pair of eyes.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date as Date
from datetime import datetime, timedelta
from decimal import Decimal

from massage_billing.clinic_maker.cast import npi
from massage_billing.model import (
    Accident,
    Clinic,
    Coverage,
    CoverageKind,
    Diagnosis,
    Fee,
    ForeignClaim,
    Payer,
    PayerRef,
    Problem,
    Result,
    Service,
    Therapist,
    Visit,
)

FIRST, DAYS = Date(2024, 11, 4), 730
PAYERS = (
    ("cedar", CoverageKind.HEALTH, "commercial-midpoint", 390),
    ("juniper", CoverageKind.HEALTH, "cms-total-time", 230),
    ("united", CoverageKind.HEALTH, "unitedhealthcare", 120),
    ("anthem", CoverageKind.HEALTH, "anthem", 90),
    ("aetna", CoverageKind.HEALTH, "aetna", 80),
    ("cigna", CoverageKind.HEALTH, "cigna", 60),
    ("labor", CoverageKind.WORKERS_COMPENSATION, "wa-lni", 20),
    ("veterans", CoverageKind.VA, "va-community-care", 10),
)
"""(key, kind, policy, share); where the rulebook has no such policy, the first one's."""
MASSAGE, MANUAL, EXERCISE, NEURO, HEAT, STIM = "97124", "97140", "97110", "97112", "97010", "97014"
SESSIONS = (
    (307, (MASSAGE, 60)),
    (120, (MASSAGE, 45)),
    (70, (MASSAGE, 30)),
    (40, (MASSAGE, 90)),
    (110, (MANUAL, 45)),
    (70, (MANUAL, 30)),
    (70, (MANUAL, 30), (EXERCISE, 15)),
    (50, (MANUAL, 30), (MASSAGE, 30)),
    (40, (MASSAGE, 45), (HEAT, 15)),
    (35, (NEURO, 30), (EXERCISE, 23)),
    (30, (MANUAL, 25), (NEURO, 20)),
    (25, (MANUAL, 30), (HEAT, 10)),
    (15, (MASSAGE, 30), (EXERCISE, 20)),
    (10, (MANUAL, 20), (STIM, 15)),
    (5, (MANUAL, 20), (EXERCISE, 20), (NEURO, 15)),
    (3, (MANUAL, 20), (MASSAGE, 20), (HEAT, 10)),
)
"""(share, services as (code, planned minutes))."""
DIAGNOSES = (
    "M54.50 M54.2 M79.18 M25.511 M25.512 G44.209 M54.6 M99.01 M99.03 M54.59 M54.16 M54.12 M25.551 M25.552 M62.830 "
    "M54.41 M54.42 S13.4XXD S39.012D M75.41 M75.42 M77.11 M77.12 M26.621 M79.7 M47.812 M62.838 M79.10 R51.9"
).split()
"""ICD-10-CM, the commonest first."""
REGIONS = "neck upper-back lower-back left-shoulder right-shoulder left-hip right-hip left-leg right-leg jaw".split()
PRICES = {MASSAGE: "38.00", MANUAL: "44.50", NEURO: "46.00", EXERCISE: "42.00", HEAT: "12.00", STIM: "18.00"}
TAXONOMY, PT = ("225700000X",), ("225100000X",)
FAULTS = (
    ("missing-minutes", 10), ("not-done", 8), ("cancelled", 8), ("no-diagnosis", 8), ("same-twice", 4),
    ("two-therapists", 6), ("restricted", 5), ("no-npi", 5), ("foreign-claim", 3), ("unknown-code", 3),
    ("accident", 3), ("own-reasons", 20), ("old-code", 4), ("duplicate", 3),
)  # fmt: skip
"""(what, thousandths of all visits)."""
PLANS = (("two", 40), ("ended", 10), ("no-member-id", 6), ("unknown-payer", 5), ("none", 25))
"""(what, thousandths of patients); all others have one coverage in force."""


_LONGER = (5, 10, 10, 15, 15, 15, 20, 0)
"""Minutes that a visit lasts beyond those that are planned, each as often as another."""


@dataclass(frozen=True, slots=True)
class Patient:
    """What the visits of one patient have in common."""

    number: int
    therapist: Therapist
    coverages: tuple[Coverage, ...]
    diagnoses: tuple[Diagnosis, ...]
    usual: tuple[tuple[str, int], ...]
    regions: tuple[tuple[str, ...], ...]


def clinic(policies: frozenset[str]) -> Clinic:
    """The clinic, whose payers have those of the policies that the rulebook has."""
    payers = tuple(
        Payer(key, kind, policy if policy in policies else PAYERS[0][2],
              references=frozenset({f"Organization/{key}"}), line=line)
        for line, (key, kind, policy, _) in enumerate(PAYERS, start=1)
    )  # fmt: skip
    fees = tuple(Fee(code, Decimal(price), Date(2020, 1, 1)) for code, price in PRICES.items())
    fees += tuple(Fee(code, Decimal(price) + 2, Date(2026, 1, 1)) for code, price in PRICES.items())
    fees += (Fee(MASSAGE, Decimal("35.25"), Date(2020, 1, 1), payer="labor"),)
    return Clinic(payers=payers, payers_known=True, fees=fees, npi=npi(99))


class Mix:
    """The visits of a seed; iterate once."""

    def __init__(self, count: int, seed: int = 1) -> None:
        self.count = count
        self._draw = random.Random(seed)
        self._staff = [Therapist(f"Practitioner/{n}", npi(n), PT if n == 12 else TAXONOMY) for n in range(1, 13)]
        self._faults = [what for what, share in FAULTS for _ in range(share)]
        self._faults += [""] * (1000 - len(self._faults))
        self._sessions = [session for share, *session in SESSIONS for _ in range(share)]
        self._payers = [key for key, _, _, share in PAYERS for _ in range(share)]
        self._kinds = {key: kind for key, kind, _, _ in PAYERS}
        self._patients: list[Patient] = []
        self._met = 0

    def __iter__(self) -> Iterator[Visit]:
        for number in range(self.count):
            yield self._visit(number)

    def _patient(self) -> Patient:
        """A new patient in one of eight visits, else one of the last few hundred."""
        draw = self._draw
        if self._patients and draw.random() > 0.125:
            return draw.choice(self._patients)
        self._met += 1
        made = self._new_patient(self._met)
        if len(self._patients) < 400:
            self._patients.append(made)
        else:
            self._patients[draw.randrange(400)] = made
        return made

    def _new_patient(self, number: int) -> Patient:
        draw = self._draw
        codes = {
            DIAGNOSES[min(int(draw.expovariate(0.15)), len(DIAGNOSES) - 1)] for _ in range(draw.choice((1, 1, 2, 3)))
        }
        return Patient(
            number,
            draw.choice(self._staff),
            self._coverages(number),
            tuple(Diagnosis(code, f"Condition/{number}-{place}") for place, code in enumerate(sorted(codes))),
            tuple(draw.choice(self._sessions)),
            tuple((draw.choice(REGIONS),) if draw.random() < 0.8 else () for _ in range(3)),
        )

    def _coverages(self, number: int) -> tuple[Coverage, ...]:
        draw, plan = self._draw, ""
        point = draw.randrange(1000)
        for what, share in PLANS:
            if 0 <= point < share:
                plan = what
            point -= share
        if plan == "none":
            return ()
        key = "elsewhere" if plan == "unknown-payer" else draw.choice(self._payers)
        kind = self._kinds.get(key, CoverageKind.HEALTH)
        one = Coverage(
            f"Coverage/{number}-1", "active", kind, PayerRef(f"Organization/{key}"), 1,
            None if plan == "no-member-id" else f"M{number}", Date(2020, 1, 1),
            Date(2025, 6, 30) if plan == "ended" else None,
            None if kind is CoverageKind.HEALTH else f"Account/{number}",
        )  # fmt: skip
        if plan != "two":
            return (one,)
        other = replace(one, id=f"Coverage/{number}-2", order=2, payer=PayerRef("Organization/cedar"))
        return (one, other)

    def _visit(self, number: int) -> Visit:
        draw, patient = self._draw, self._patient()
        fault = self._faults[draw.randrange(1000)]
        day = FIRST + timedelta(days=draw.randrange(DAYS))
        if day.weekday() > 4:
            day -= timedelta(days=2)
        start = datetime(day.year, day.month, day.day, 8 + draw.randrange(10), draw.choice((0, 15, 30, 45)))
        session = patient.usual if draw.random() < 0.8 else draw.choice(self._sessions)
        therapist = patient.therapist if draw.random() < 0.8 else draw.choice(self._staff)
        services = self._services(number, session, start, therapist, patient)
        planned = sum(minutes for _, minutes in session)
        visit = Visit(
            host="bench", encounter=f"e{number}", status="finished", patient=f"Patient/{patient.number}", date=day,
            date_end=day, start=start, end=start + timedelta(minutes=planned + draw.choice(_LONGER)),
            site="Location/1", place_of_service="11", organization="Organization/clinic", services=services,
            diagnoses=patient.diagnoses, coverages=patient.coverages, state="WA",
        )  # fmt: skip
        return self._faulty(visit, fault) if fault else visit

    def _services(
        self, number: int, session: tuple[tuple[str, int], ...], start: datetime, therapist: Therapist, patient: Patient
    ) -> tuple[Service, ...]:
        draw, made = self._draw, []
        for place, (code, planned) in enumerate(session):
            minutes = planned
            if draw.random() >= 0.6:
                minutes = max(1, planned + round(draw.gauss(0, 4)))
            end = start + timedelta(minutes=minutes)
            made.append(
                Service(
                    f"{number}-{place}",
                    "completed",
                    code,
                    f"cpt|{code}",
                    minutes,
                    start=start,
                    end=end,
                    regions=patient.regions[place],
                    therapist=therapist,
                )
            )
            start = end if draw.random() >= 0.03 else end - timedelta(minutes=min(5, minutes))
        return tuple(made)

    def _faulty(self, visit: Visit, fault: str) -> Visit:
        first = visit.services[0]
        changed: dict[str, Service] = {
            "missing-minutes": replace(first, minutes=None),
            "not-done": replace(first, status="not-done"),
            "no-npi": replace(first, therapist=Therapist("Practitioner/77", None, TAXONOMY)),
            "unknown-code": replace(first, code=None),
            "own-reasons": replace(first, diagnoses=tuple(d.code for d in visit.diagnoses[-1:])),
            "duplicate": replace(first, duplicate_of="other"),
        }
        if fault in changed:
            visit = replace(visit, services=(changed[fault], *visit.services[1:]))
            problem = {"missing-minutes": "minutes-documented", "unknown-code": "code-known"}.get(fault)
            if problem:
                found = Problem(problem, Result.NO_DATA, "No data.", f"Procedure/{first.procedure}")
                visit = replace(visit, problems=(found,))
            return visit
        if fault in ("same-twice", "two-therapists"):
            other = self._draw.choice(self._staff) if fault == "two-therapists" else first.therapist
            again = replace(first, procedure=f"{first.procedure}x", therapist=other, regions=("legs",))
            return replace(visit, services=(first, again, *visit.services[1:]))
        never = Problem("visit-finished", Result.FAIL, "Cancelled.", None, "not-performed")
        more: dict[str, Visit] = {
            "cancelled": replace(visit, status="cancelled", problems=(never,)),
            "no-diagnosis": replace(visit, diagnoses=()),
            "restricted": replace(visit, restricted="Consent/1"),
            "foreign-claim": replace(visit, foreign_claims=(ForeignClaim("Claim/1", "active"),)),
            "accident": replace(visit, accident=Accident("Condition/1", visit.date)),
            "old-code": replace(visit, diagnoses=(Diagnosis("M54.5", "Condition/old"),)),
        }
        return more[fault]
