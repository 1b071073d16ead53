"""What wakes a visit: every resource it rests on, and what is named but not there yet (DESIGN 4)."""

from __future__ import annotations

from builders import encounter, procedure, record, ref
from massage_billing.fhir.used import used_by


def test_what_is_named_and_not_there_is_awaited() -> None:
    used = dict(used_by(record(encounter(diagnosis=[{"condition": ref("Condition/late")}]), procedure())))
    assert used["Condition/late"] == ""
    assert used["Encounter/e1"] == "1"


def test_nobody_waits_for_what_no_host_follows() -> None:
    """Else each change of a referring doctor would wake the whole history."""
    patient = {"resourceType": "Patient", "id": "p1", "generalPractitioner": [ref("Practitioner/family-doctor")]}
    used = dict(used_by(record(encounter(), procedure(), patient)))
    assert "Patient/p1" in used
    assert "Practitioner/family-doctor" not in used
