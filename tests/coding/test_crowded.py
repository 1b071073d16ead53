"""Three or more services in the time they took: what fits, what does not, and which are named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from datetime import date as Date

import pytest
from hypothesis import example as example_spans
from hypothesis import given as given_spans
from hypothesis import strategies as st

from massage_billing import flow
from massage_billing.coding import crowded
from massage_billing.model import Service
from massage_billing.rulebook import examples as rule_examples
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


spans = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 6), st.sampled_from([0, 5, 8, 15, 30])), min_size=2, max_size=7
)


@example_spans(drawn=[(0, 4, 5), (3, 0, 5), (3, 0, 5), (3, 0, 5)])
@given_spans(drawn=spans)
def test_one_sweep_finds_what_trying_every_stretch_finds(drawn: list[tuple[int, int, int]]) -> None:
    """A stretch lasts from the first start to the last end of the services in it; the shortest too full are named.

    Services without any length, at one moment, have no stretch: that their minutes do not fit is another rule's."""
    began = datetime(2026, 11, 3, 8, tzinfo=UTC)
    services = [
        Service(
            f"p{place}", "completed", "97124", "", minutes,
            start=began + timedelta(minutes=5 * start), end=began + timedelta(minutes=5 * (start + length)),
        )
        for place, (start, length, minutes) in enumerate(drawn)
    ]  # fmt: skip
    counted = [(5 * s, 5 * (s + length), m, place) for place, (s, length, m) in enumerate(drawn) if m]
    full = []
    for start, end in {(one[0], other[1]) for one in counted for other in counted if one[0] < other[1]}:
        inside = [span for span in counted if start <= span[0] and span[1] <= end]
        ends_with_them = bool(inside) and min(s[0] for s in inside) == start and max(s[1] for s in inside) == end
        if ends_with_them and len(inside) > 2 and sum(span[2] for span in inside) > end - start:
            full.append((end - start, {span[3] for span in inside}))
    shortest = min((length for length, _ in full), default=0)
    places = set().union(*(its for length, its in full if length == shortest))
    assert crowded.stretch(services, CODES) == ((60 * shortest, tuple(sorted(places))) if full else None)
