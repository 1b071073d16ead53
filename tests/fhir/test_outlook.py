"""What is known of a coming visit as a Task: everything that is known, nothing that is not, and right by FHIR."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from fhir.resources.R4B.task import Task

from massage_billing.fhir.outlook import build_outlook
from massage_billing.fhir.schemas import Validator
from massage_billing.fhir.serial import to_bytes
from massage_billing.fhir.tasks import digest_of
from massage_billing.model import (
    Clock,
    CostRange,
    CountUnit,
    Limit,
    Paper,
    PaperKind,
    Readiness,
    Reason,
    Standing,
    Verdict,
    VisitsLeft,
    Who,
)
from massage_billing.profiles import load_schema

NOW, TODAY = "2026-11-30T16:00:00Z", date(2026, 11, 30)
PLAN = Limit("plan", Decimal(2), CountUnit.VISITS, 2, "answer", told="2 of 20 visits are left.")
PAPER = Limit("authorization", Decimal(5), CountUnit.VISITS, 5, "papers.csv:3")
FULL = Verdict(
    "4",
    "Patient/3",
    date(2026, 12, 1),
    Readiness.ACT,
    (
        Reason("few-visits-left", Readiness.ACT, "At most 2 left.", "Plan the rest.", Who.FRONT_DESK),
        Reason("coverage-in-force", Readiness.READY, "In force."),
    ),
    payer="acme",
    coverage="Coverage/5",
    answered_on=TODAY,
    visits_left=VisitsLeft(2, PLAN, (PLAN, PAPER)),
    cost=CostRange(Decimal("20"), Decimal("24.5")),
    clocks=(Clock("authorization ends", date(2026, 12, 15), 15, "papers.csv:3"),),
    authorization=Paper(PaperKind.AUTHORIZATION, "papers.csv:3", number="AUTH-778", end=date(2026, 12, 15)),
    standing=Standing.IN_FORCE,
)
BARE = Verdict("5", None, None, Readiness.UNKNOWN)
PAYS = replace(BARE, patient="Patient/3", date=date(2026, 12, 1), patient_pays=True, cost=CostRange(None, None))
OPEN = replace(
    FULL, cost=CostRange(Decimal(20), None), visits_left=VisitsLeft(None, None, (PAPER,)), authorization=None, clocks=()
)


def built(verdict: Verdict, judged: date = TODAY, now: str = NOW) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(to_bytes(build_outlook("clinic", verdict, judged, now)))
    return content


def codes(task: dict[str, Any]) -> list[str]:
    return [output["type"]["coding"][0]["code"] for output in task["output"]]


def test_it_says_all_that_is_known_in_order() -> None:
    assert codes(built(FULL)) == [
        "readiness", "judged-on", "to-settle", "told", "payer", "coverage", "standing", "answered-on", "visits-left",
        "binds", "visits-left-told", "authorization", "authorization-ends", "authorization-left", "clock", "cost",
    ]  # fmt: skip
    assert built(FULL)["description"] == "Before this visit: 1 thing to settle."


def test_what_is_not_known_is_left_out_and_never_zero() -> None:
    assert codes(built(BARE)) == ["readiness", "judged-on"]
    assert codes(built(PAYS)) == ["readiness", "judged-on", "patient-pays"]
    assert built(PAYS)["description"] == "Nothing to settle first."
    said = built(OPEN)
    assert not {"visits-left", "binds", "authorization", "clock"} & {*codes(said)}
    assert said["output"][-1]["valueRange"] == {
        "low": {"value": 20.00, "system": "urn:iso:std:iso:4217", "code": "USD"}
    }


def test_money_keeps_its_cents() -> None:
    assert b'"value":20.00' in to_bytes(build_outlook("clinic", FULL, TODAY, NOW))


def test_the_same_says_the_same_whenever_it_is_written_and_another_day_does_not() -> None:
    later = built(FULL, now="2026-11-30T23:00:00Z")
    assert digest_of(later) == digest_of(built(FULL)) != digest_of(built(FULL, judged=date(2026, 12, 1)))


def test_it_is_right_by_schema_model_and_the_hl7_validator(validator: Any, tmp_path: Path) -> None:
    tasks = [built(one) for one in (FULL, BARE, PAYS, OPEN)]
    for task in tasks:
        Task.model_validate(task)
        assert Validator(load_schema("VisitOutlookTask")).check(task) == ()
    file = tmp_path / "outlooks.ndjson"
    file.write_text("\n".join(json.dumps({**task, "id": f"t{place}"}) for place, task in enumerate(tasks)))
    assert [str(issue) for issue in validator([file]) if issue.is_error] == []
    assert validator.checked == len(tasks)
