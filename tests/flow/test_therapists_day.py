"""A therapist's day over several patients' visits: both sides of an overlap are held, and both wake."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from builders import coverage, encounter, practitioner, procedure, ref
from flow.world import World
from massage_billing.hosts.memory import MemoryHost


class Practice(World):
    """One therapist; each visit is another patient's."""

    def __init__(self, page_size: int = 50) -> None:
        super().__init__()
        for gone in ("Encounter/e1", "Procedure/a1"):
            self.data.remove(gone)
        self.host = MemoryHost("clinic", store=self.data, page_size=page_size)
        self.setup = replace(self.setup, host=self.host, reading=replace(self.setup.reading, zone="America/Denver"))

    def visit(self, number: int, start: str, end: str, minutes: int, **changes: Any) -> None:
        patient = ref(f"Patient/p{number}")
        at = {name: f"2026-11-20T{clock}:00-07:00" for name, clock in (("start", start), ("end", end))}
        self.put(
            coverage(f"c{number}", beneficiary=patient),
            encounter(f"e{number}", subject=patient, period=at, diagnosis=...),
            procedure(
                f"s{number}", "97124", minutes, subject=patient, encounter=ref(f"Encounter/e{number}"),
                reasonCode=[{"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "M54.50"}]}],
                **{"performedPeriod": {**at, "end": f"2026-11-20T{end}:30-07:00"}, **changes},
            ),
        )  # fmt: skip

    def held(self) -> dict[str, list[str]]:
        """Rules that hold visits, by Encounter id."""
        rows = self.store.rows("clinic")
        return {row.encounter: [rule for rule, _ in row.holds] for row in rows if row.holds}


BOTH = {"e1": ["therapist-day"], "e2": ["therapist-day"]}


@pytest.mark.parametrize("page_size", [1, 50], ids=["one by one", "together"])
@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_both_sides_of_an_overlap_are_held_whatever_the_order(order: tuple[int, int], page_size: int) -> None:
    practice = Practice(page_size)
    for number in order:
        practice.visit(number, "10:00", "10:40", 40)
    practice.visit(3, "11:00", "11:40", 40)
    practice.run()
    assert practice.held() == BOTH
    assert len(practice.alive("Task")) == 2


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_both_are_held_when_they_come_in_different_runs(order: tuple[int, int]) -> None:
    practice = Practice()
    for number in order:
        practice.visit(number, "10:00", "10:40", 40)
        practice.run()
    assert practice.held() == BOTH
    assert not practice.alive("Claim")


@pytest.mark.parametrize("who", [1, 2])
def test_mending_one_wakes_both(who: int) -> None:
    practice = Practice()
    practice.visit(1, "10:00", "10:40", 40)
    practice.visit(2, "10:00", "10:40", 40)
    practice.run()
    practice.visit(who, "12:00", "12:40", 40)
    practice.run()
    assert practice.held() == {}
    assert (len(practice.alive("Claim")), practice.alive("Task")) == (2, [])
    practice.visit(who, "10:20", "11:00", 40)
    practice.run()
    assert practice.held() == BOTH


def test_another_therapist_on_the_record_wakes_both() -> None:
    practice = Practice()
    practice.put(practitioner("t9", "1245319599"))
    practice.visit(1, "10:00", "10:40", 40)
    practice.visit(2, "10:00", "10:40", 40)
    practice.run()
    practice.visit(2, "10:00", "10:40", 40, performer=[{"actor": ref("Practitioner/t9")}])
    practice.run()
    assert practice.held() == {}


def test_the_same_person_under_two_references_is_one() -> None:
    practice = Practice()
    practice.put(practitioner("t9"))
    practice.visit(1, "10:00", "10:40", 40)
    practice.visit(2, "10:00", "10:40", 40, performer=[{"actor": ref("Practitioner/t9")}])
    practice.run()
    assert practice.held() == BOTH


def test_a_long_day_is_pointed_out_on_every_visit_whatever_the_order() -> None:
    practice = Practice(page_size=1)
    for number in range(1, 15):
        practice.visit(number, "00:00", "23:00", 60, performedPeriod=..., performedDateTime="2026-11-20T09:00:00-07:00")
    practice.run()
    rows = list(practice.store.rows("clinic"))
    assert {row.outcome for row in rows} == {"claim"}
    assert len({row.warnings for row in rows}) == 1
    assert rows[0].warnings >= 1
    practice.put(encounter("e1", status="cancelled", subject=ref("Patient/p1")))
    practice.put(encounter("e2", status="cancelled", subject=ref("Patient/p2")))
    before = rows[0].warnings
    practice.run()
    assert {row.warnings for row in practice.store.rows("clinic") if row.outcome == "claim"} == {before - 1}


def test_a_second_run_has_nothing_to_do() -> None:
    practice = Practice()
    practice.visit(1, "10:00", "10:40", 40)
    practice.visit(2, "10:00", "10:40", 40)
    practice.run()
    report = practice.run()
    assert (report.claims_created, report.holds_opened, report.holds_closed) == (0, 0, 0)
