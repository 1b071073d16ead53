"""Questions about synthetic people, for tests of payers: each is sound, and arguments change it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from builders import NPI, TAXONOMY
from massage_billing.fhir.keys import question_key
from massage_billing.model import Asker, Person, Question

ASKED = date(2026, 11, 30)
SERVICED = date(2026, 12, 3)
PAYER = "acme"


def question(number: int = 1, payer: str = PAYER, **changes: Any) -> Question:
    """Question number n: of patient n with coverage n, each with a key, a name and a member id of its own."""
    key = question_key("clinic", f"Patient/{number}", f"Coverage/{number}", payer, ASKED.isoformat(), "1")
    made = Question(
        key=key,
        trace=key,
        host="clinic",
        patient=f"Patient/{number}",
        coverage=f"Coverage/{number}",
        payer=payer,
        payer_id="SYN01",
        payer_name="ACME HEALTH PLAN",
        payer_reference="Organization/o2",
        asked_on=ASKED,
        serviced=SERVICED,
        member_id=f"SYNMEMBER{number:04}",
        subscriber=Person(f"Patient/{number}", f"Synthetica{number}", "Jane", birth_date=date(1980, 2, 3), gender="F"),
        dependent=None,
        relationship="self",
        asker=Asker("Organization/o1", NPI, "SYNTHETIC MASSAGE CLINIC", taxonomy=TAXONOMY, tin="900000001"),
        service_types=("BE", "PT", "30"),
    )
    return replace(made, **changes)


def secrets(asked: Question) -> tuple[str, ...]:
    """What may stand in no message, URL, header or file name about a question."""
    people = [one for one in (asked.subscriber, asked.dependent) if one is not None]
    born = [day for one in people if (day := one.birth_date) is not None]
    dates = [text for day in born for text in (day.isoformat(), f"{day:%Y%m%d}")]
    return (asked.member_id, *(one.last_name for one in people), *dates)
