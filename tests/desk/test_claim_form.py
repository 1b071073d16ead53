"""A Claim as people read it: days at the clinic, names; ids only where there is no name, and short."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from massage_billing.desk.claim_form import form_of
from massage_billing.ports import JsonObject

BOISE = ZoneInfo("America/Boise")
COVERAGE = "Coverage/a35a16aa-4c7c-48ef-9e60-0178c3a7bc9f"


def facts(**differs: object) -> dict[str, str]:
    claim: JsonObject = {
        "resourceType": "Claim",
        "id": "1",
        "patient": {"reference": "Patient/1"},
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"reference": COVERAGE}}],
        **differs,
    }
    names = {"Patient/1": "Bell, Ana"}
    return dict(form_of(claim, lambda one: names.get(one or "", one or ""), lambda _: "", BOISE).facts)


@pytest.mark.parametrize(
    ("created", "day"),
    [
        ("2026-12-01T01:45:50+00:00", "2026-11-30"),  # the evening before, at the clinic
        ("2026-12-01T01:45:50Z", "2026-11-30"),
        ("2026-11-30T18:45:50-07:00", "2026-11-30"),
        ("2026-11-30", "2026-11-30"),
        ("2026-13-99Tnever", "2026-13-99"),
    ],
)
def test_a_claim_was_written_on_the_clinics_day(created: str, day: str) -> None:
    assert facts(created=created)["Written"] == day


def test_people_are_named_and_other_records_are_short() -> None:
    shown = facts()
    assert (shown["Patient"], shown["Coverage"]) == ("Bell, Ana", "Coverage …a7bc9f")
