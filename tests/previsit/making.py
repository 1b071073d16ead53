"""Appointments, payers and answers of synthetic people, for tests: each builder makes a sound one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from massage_billing.model import (
    Answer,
    AnswerKind,
    Appointment,
    Asker,
    Benefit,
    BenefitKind,
    Clinic,
    Count,
    CountUnit,
    Coverage,
    CoverageKind,
    Fee,
    Holder,
    Known,
    Measure,
    Network,
    Payer,
    PayerAsking,
    PayerRef,
    Person,
    Standing,
    Therapist,
)
from massage_billing.previsit.ask import Today
from massage_billing.rulebook.eligibility_files import load_eligibility
from massage_billing.rulebook.files import load_rulebook

BOOK = load_rulebook()
TERMS = load_eligibility()
ASKING = TERMS.asking
TODAY = date(2026, 11, 16)
DAY = date(2026, 11, 18)
NPI, OTHER_NPI = "1234567893", "1245319599"
MASSAGE = "225700000X"
PATIENT = Person("Patient/1", "Doe", "Jo", birth_date=date(1980, 2, 3))
ASKER = Asker("Organization/1", OTHER_NPI, "Quiet Hands")
THERAPIST = Therapist("Practitioner/7", NPI, (MASSAGE,))


def payer(**changes: Any) -> Payer:
    asking = changes.pop("asking", PayerAsking("ourselves", "x12", "60054", "Plan"))
    base: dict[str, Any] = {
        "key": "plan", "kind": CoverageKind.HEALTH, "policy": "commercial-midpoint",
        "references": frozenset({"Organization/9"}), "line": 3, "asking": asking,
    }  # fmt: skip
    return Payer(**{**base, **changes})


def clinic(*payers: Payer, **changes: Any) -> Clinic:
    fees = tuple(Fee(code, Decimal("40.00"), date(2026, 1, 1)) for code in ("97124", "97140"))
    return Clinic(**{"payers": payers or (payer(),), "payers_known": True, "fees": fees, "npi": OTHER_NPI, **changes})


def coverage(id: str = "Coverage/5", **changes: Any) -> Coverage:
    base: dict[str, Any] = {
        "id": id, "status": "active", "kind": CoverageKind.HEALTH, "payer": PayerRef("Organization/9"),
        "member_id": "SYN-1", "relationship": "self", "start": date(2026, 1, 1),
    }  # fmt: skip
    return Coverage(**{**base, **changes})


def appointment(**changes: Any) -> Appointment:
    coverages = changes.get("coverages", (coverage(),))
    base: dict[str, Any] = {
        "host": "clinic", "id": "4", "status": "booked", "patient": "Patient/1", "date": DAY,
        "start": datetime(2026, 11, 18, 10), "end": datetime(2026, 11, 18, 11), "therapists": (THERAPIST,),
        "codes": ("97124",), "person": PATIENT, "coverages": coverages,
        "holders": tuple(Holder(c.id, PATIENT, version="v1") for c in coverages),
    }  # fmt: skip
    return Appointment(**{**base, **changes})


def answer(*benefits: Benefit, **changes: Any) -> Answer:
    base: dict[str, Any] = {"kind": AnswerKind.ANSWERED, "asked_for": DAY, "standing": Standing.IN_FORCE}
    return Answer(**{**base, "benefits": benefits, **changes})


def known(said: Answer | None = None, *, coverage: str = "Coverage/5", on: date = TODAY, hour: int = 9) -> Known:
    at = datetime(on.year, on.month, on.day, hour, tzinfo=UTC)
    return Known("Patient/1", coverage, "plan", on, at, said or answer(), f"MQ{on.isoformat()}{hour}", "Response/8")


def benefit(kind: str, *types: str, **changes: Any) -> Benefit:
    base: dict[str, Any] = {"kind": BenefitKind(kind), "code": "", "service_types": types, "network": Network.IN}
    return Benefit(**{**base, **changes})


def visits(allowed: Any = None, used: Any = None, left: Any = None, unit: CountUnit = CountUnit.VISITS,
           period: str = "calendar-year") -> tuple[Count, ...]:  # fmt: skip
    each = ((allowed, Measure.ALLOWED), (used, Measure.USED), (left, Measure.LEFT))
    return tuple(Count(Decimal(n), unit, measure, period) for n, measure in each if n is not None)


def dollars(amount: Any, measure: Measure = Measure.PLAIN) -> dict[str, Any]:
    return {"amount": Decimal(amount), "measure": measure}


def today(on: date = TODAY, max_age_days: int = 7) -> Today:
    return Today(on, max_age_days)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)
