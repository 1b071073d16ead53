"""The timeline of a visit: by the clock where the record has times, by length where it has none."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from massage_billing.desk.timeline import LEFT, WIDTH, region_words, timeline
from massage_billing.model import NotBilled, Service, Therapist

ZONE = ZoneInfo("America/Boise")
NINE = datetime(2026, 11, 3, 9, 0, tzinfo=ZONE)
KIM, ANA = Therapist("Practitioner/7", None), Therapist("Practitioner/8", None)
REGIONS = {
    "lower back": frozenset({"back low"}),
    "low back": frozenset({"back low"}),
    "http://snomed.info/sct|37822005": frozenset({"back low"}),
}


def service(
    id: str, code: str = "97124", begins: int | None = 0, minutes: int | None = 30, who: Therapist = KIM
) -> Service:
    """A service that begins so many minutes after nine."""
    start = None if begins is None else NINE + timedelta(minutes=begins)
    end = None if start is None or minutes is None else start + timedelta(minutes=minutes)
    return Service(id, "completed", code, "", minutes, start=start, end=end, therapist=who)


def name(reference: str) -> str:
    return {"Practitioner/7": "Kim", "Practitioner/8": "Ana"}[reference]


def test_services_stand_where_the_clock_says_one_lane_a_therapist() -> None:
    drawn = timeline([service("a"), service("b", "97140", 30, 15), service("c", who=ANA)], (), name, {})
    assert drawn.timed
    assert [lane for _, lane in drawn.lanes] == ["Kim", "Ana"]
    first, second, third = drawn.bars
    assert (first.x, third.x) == (LEFT, LEFT)
    assert second.x == round(LEFT + (WIDTH - LEFT) * 30 / 45, 1)
    assert second.width == round((WIDTH - LEFT) * 15 / 45, 1)
    assert first.y == second.y < third.y
    assert [code for _, code in drawn.colours] == ["97124", "97140"]
    assert drawn.ticks[0] == (LEFT, "9:00")
    assert drawn.done[1].time == "9:30 am to 9:45 am"


def test_without_times_lengths_are_drawn_one_after_the_other() -> None:
    drawn = timeline(
        [service("a", begins=None), service("b", "97140", None, 15), service("c", begins=None, minutes=None)],
        (),
        name,
        {},
    )
    assert not drawn.timed
    assert len(drawn.bars) == 2
    assert drawn.bars[1].x == round(drawn.bars[0].x + drawn.bars[0].width, 1)
    assert drawn.ticks[0][1] == "0 min"
    assert [one.time for one in drawn.done] == ["", "", ""]


def test_what_became_of_each_service_is_told() -> None:
    left = NotBilled("97010", "b", None, "not-done", "status")
    drawn = timeline([service("a"), service("b", "97010", None, None)], [left], name, {})
    assert [(one.code, one.fate) for one in drawn.done] == [("97124", "billed"), ("97010", "not done")]


def test_a_visit_without_services_is_an_empty_picture() -> None:
    drawn = timeline([], (), name, {})
    assert (drawn.bars, drawn.done) == ((), ())


def test_regions_are_words_where_our_table_knows_them() -> None:
    assert region_words(["http://snomed.info/sct|37822005"], REGIONS) == ("low back",)
    assert region_words(["Lower Back"], REGIONS) == ("Lower Back",)
    spine = {"t spine": frozenset({"thoracic"}), "upper back": frozenset({"thoracic"}), "s|77": frozenset({"thoracic"})}
    assert region_words(["s|77"], spine) == ("upper back",)  # nobody at the front desk reads an abbreviation
    assert region_words(["http://snomed.info/sct|1", "elbow pit"], REGIONS) == ("1", "elbow pit")


@given(
    st.lists(st.tuples(st.none() | st.integers(-600, 600), st.none() | st.integers(0, 600), st.booleans()), max_size=8)
)
def test_every_bar_is_inside_the_picture(parts: list[tuple[int | None, int | None, bool]]) -> None:
    services = [
        service(str(place), "97124", begins, minutes, KIM if kim else ANA)
        for place, (begins, minutes, kim) in enumerate(parts)
    ]
    drawn = timeline(services, (), name, {})
    assert len(drawn.done) == len(services)
    for bar in drawn.bars:
        assert LEFT <= bar.x <= WIDTH
        assert bar.x + bar.width <= WIDTH + 2.1
        assert 0 <= bar.y < drawn.height
    assert all(LEFT <= x <= WIDTH + 0.1 for x, _ in drawn.ticks)
    assert len(drawn.ticks) <= 8
