"""Three or more services in the time they took: what fits, what does not, and which are named."""

from __future__ import annotations

from datetime import date as Date

import pytest

from massage_billing import flow, rule_examples
from massage_billing.coding import crowded
from visits import DAY, book, clinic, given, visit

CODES = book().on(DAY).codes


def timed(code: str, minutes: int, start: str, end: str, **more: object) -> dict[str, object]:
    return {"code": code, "minutes": minutes, "start": start, "end": end, **more}


def named(*services: dict[str, object], on: Date = DAY) -> list[str | None]:
    decision = flow.bill(visit(on, services=list(services)), book(), clinic())
    return sorted(f.about or "" for f in decision.findings if f.row.startswith("together@"))


THREE = [timed("97110", 15, "10:00", "10:30"), timed("97112", 15, "10:00", "10:30")]


def test_three_that_do_not_fit_are_named_each_and_hold() -> None:
    assert named(*THREE, timed("97124", 1, "10:00", "10:30")) == ["Procedure/p1", "Procedure/p2", "Procedure/p3"]


@pytest.mark.parametrize(
    "third",
    [
        timed("97124", 10, "10:00", "10:40"),
        timed("97124", 15, "10:30", "10:45"),
        timed("97012", 15, "10:00", "10:30"),
        timed("97124", 15, "10:00", "10:30", status="not-done"),
        {"code": "97124", "minutes": 15},
    ],
    ids=["it fits", "after them", "not timed", "not done", "no times"],
)
def test_what_fits_or_does_not_count_is_not_named(third: dict[str, object]) -> None:
    assert named(*THREE, third) == []


def test_only_those_of_the_stretch_that_is_too_short_are_named() -> None:
    assert named(*THREE, timed("97124", 5, "10:00", "10:30"), timed("97530", 30, "11:00", "11:30")) == [
        "Procedure/p1", "Procedure/p2", "Procedure/p3",
    ]  # fmt: skip


def test_therapists_who_treat_together_do_not_bill_the_minutes_of_the_patient_twice() -> None:
    assert len(named(*THREE, timed("97124", 15, "10:00", "10:30", by="B"))) == 3


def test_the_order_of_services_does_not_matter() -> None:
    services = rule_examples.make_visit(
        given(services=[*THREE, timed("97124", 5, "10:00", "10:30"), timed("97530", 30, "10:00", "10:20")]), DAY
    ).services
    found = crowded.stretch(services, CODES)
    turned = crowded.stretch(services[::-1], CODES)
    assert found is not None
    assert turned is not None
    assert found[0] == turned[0]
    assert sorted(found[1]) == sorted(len(services) - 1 - place for place in turned[1])
