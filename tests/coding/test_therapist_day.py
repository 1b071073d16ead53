"""What a visit takes of a therapist's day, and whom a change of it concerns."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massage_billing.coding import therapist_day
from massage_billing.model import Effect, Elsewhere, Worked
from visits import DAY, book, decide, visit

RULES = book().on(DAY)
A = "1234567893"


def took(encounter: str, start: int, end: int, minutes: int | None = None) -> Worked:
    """Minutes after ten o'clock."""
    begin = int(datetime(2026, 11, 3, 10, tzinfo=UTC).timestamp())
    first, last = begin + start * 60, begin + end * 60
    length = end - start if minutes is None else minutes
    return Worked(A, DAY, encounter, length, first, last, ((f"p-{encounter}", length, first, last),))


def service(start: str, end: str, code: str = "97124", minutes: int = 30, **more: object) -> dict[str, object]:
    return {"code": code, "minutes": minutes, "start": start, "end": end, **more}


def test_only_timed_services_with_one_patient_are_counted() -> None:
    made = visit(
        services=[
            "97124 30",
            "97140 15",
            "97010 20",
            "97150 30",
            {"code": "97110", "minutes": 10, "status": "not-done"},
        ]
    )
    assert therapist_day.takes(made, RULES) == (Worked(A, DAY, "e1", 45),)


def test_one_person_under_two_references_is_one() -> None:
    made = visit(services=["97124 30", {"code": "97140", "minutes": 15, "by": "B"}])
    assert [one.minutes for one in therapist_day.takes(made, RULES)] == [45]
    nameless = visit(services=["97124 30", {"code": "97140", "minutes": 15, "by": "B"}], without=["npi"])
    assert [one.therapist for one in therapist_day.takes(nameless, RULES)] == ["Practitioner/A", "Practitioner/B"]


def test_a_moment_is_one_whatever_its_zone() -> None:
    made = visit(services=[service("10:00", "10:30")])
    (of_utc,) = therapist_day.takes(made, RULES)
    (aware,) = made.services
    west = timezone(timedelta(hours=-7))
    moved = replace(
        aware,
        start=aware.start.replace(tzinfo=UTC).astimezone(west),  # type: ignore[union-attr]
        end=aware.end.replace(tzinfo=UTC).astimezone(west),  # type: ignore[union-attr]
    )
    assert therapist_day.takes(replace(made, services=(moved,)), RULES) == (of_utc,)


@pytest.mark.parametrize(
    ("other", "overlaps"),
    [
        (took("o", 30, 60), False),
        (took("o", 29, 59), True),
        (took("o", -30, 0), False),
        (took("o", 0, 30), True),
        (took("o", 10, 20), True),
        (took("o", 10, 70, minutes=30), False),
        (Worked(A, DAY, "o", 30), False),
    ],
    ids=["after", "a minute too early", "before", "the same time", "within", "room for both", "no times"],
)
def test_minutes_overlap_where_there_was_no_room_for_both(other: Worked, overlaps: bool) -> None:
    mine = took("m", 0, 30)
    assert bool(therapist_day.overlap(mine, other)) is overlaps
    assert bool(therapist_day.overlap(other, mine)) is overlaps


def test_the_finding_names_the_other_encounter_and_no_patient() -> None:
    from massage_billing import flow
    from visits import clinic

    made = visit(services=[service("10:00", "10:30")])
    decision = flow.bill(made, book(), clinic(), None, Elsewhere((took("e7", 15, 45),), alone=False))
    (finding,) = decision.holds
    assert (finding.rule, finding.effect) == ("therapist-day", Effect.HOLD)
    assert "Encounter/e7" in finding.message
    assert "Patient" not in finding.message


def test_nobody_looked_is_not_asked() -> None:
    from massage_billing import flow
    from visits import clinic

    made = visit(services=[service("10:00", "10:30")])
    found = {f.rule: f.result.value for f in flow.bill(made, book(), clinic()).findings}
    assert (found["therapist-day"], found["same-day-visits"]) == ("bypassed", "bypassed")
    assert decide(services=[service("10:00", "10:30")]).outcome.value == "claim"


spans = st.builds(
    lambda n, start, length: took(f"e{n}", start, start + length),
    st.integers(0, 5),
    st.integers(0, 90),
    st.integers(5, 60),
)


@given(before=spans, now=spans, others=st.lists(spans, max_size=4))
def test_a_change_concerns_those_for_whom_something_changes(before: Worked, now: Worked, others: list[Worked]) -> None:
    mine = [replace_encounter(before), replace_encounter(now)]
    concerned = therapist_day.changed_for([mine[0]], [mine[1]], others, RULES)
    for other in others:
        was, is_ = (therapist_day.overlap(other, one) for one in mine)
        assert was == is_ or other.encounter in concerned


def replace_encounter(one: Worked) -> Worked:
    return one._replace(encounter="mine", spans=tuple(("p-mine", *span[1:]) for span in one.spans))


def test_a_day_that_becomes_too_long_concerns_everybody() -> None:
    others = [Worked(A, DAY, f"e{n}", 60) for n in range(12)]
    assert therapist_day.changed_for([], [Worked(A, DAY, "m", 30)], others, RULES) == {one.encounter for one in others}
    assert therapist_day.changed_for([], [Worked(A, DAY, "m", 30)], others[1:], RULES) == set()
