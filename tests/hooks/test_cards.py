"""What cards say: of a booking as the huddle would say it, of a visit's end as a run would; of a wish, nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import bill_to, condition, consent, encounter, procedure
from flow.world import World as Visits
from hooks.calling import BASE, planned
from massage_billing.hooks import booking, discharge
from massage_billing.hooks.cards import SUMMARY, Card, Indicator, cut, limited, plain, shown
from massage_billing.hooks.places import Places
from massage_billing.model import Appointment, Effect, Finding, Result, Verdict
from massage_billing.ports.booking import Prefetched
from massage_billing.program import Program
from massage_billing.sweep.proposed import judge_proposed
from sweep.test_visits_left import left
from sweep.world import PRIVATE, TODAY, World

PLACES = Places(BASE)
THURSDAY = date(2026, 12, 3)


def judged(world: World, *appointments: Any, given: Prefetched | None = None) -> list[tuple[Appointment, Verdict]]:
    wanted = appointments or (planned(),)
    return judge_proposed(world.sweep().setup, "p1", wanted, given or {}, TODAY)


def cards(world: World, *appointments: Any, given: Prefetched | None = None) -> list[Card]:
    return booking.cards_of(judged(world, *appointments, given=given), PLACES)


# --- a booking ------------------------------------------------------------------------------------------------------


def told(verdict: Verdict) -> object:
    """What is said of an appointment, whatever its id."""
    return replace(verdict, appointment="")


@pytest.mark.parametrize("change", ["plain", "booked before", "no coverage", "other payer", "first visit"])
def test_before_it_is_booked_it_is_judged_as_the_huddle_will_judge_it(change: str) -> None:
    world = World()
    world.payer.says("Coverage/c1", left(8))
    if change == "booked before":
        world.book("m2", day=date(2026, 12, 2))
    if change == "no coverage":
        world.data.remove("Coverage/c1")
    if change == "other payer":
        world.change("Coverage/c1", payor=[{"reference": "Organization/nobody"}])
    if change == "first visit":
        world.data.remove("Encounter/e-p1-2026-11-02")
    world.run()
    ((_, before),) = judged(world, planned(serviceType=[{"coding": [{"system": "x", "code": "y"}]}]))
    world.book("apt1", day=THURSDAY, serviceType=[{"coding": [{"system": "x", "code": "y"}]}])
    assert told(before) == told(world.verdict("apt1", THURSDAY))


def test_nobody_is_asked_and_nothing_is_written() -> None:
    world = World()
    before = {kind: dict(kept) for kind, kept in world.data.resources.items()}
    assert [reason.id for _, verdict in judged(world) for reason in verdict.reasons if reason.id == "not-asked"]
    assert world.payer.asked == []
    assert world.data.resources == before
    assert world.rows() == []


def test_the_card_says_what_is_left_and_what_binds() -> None:
    world = World()
    world.payer.says("Coverage/c1", left(8))
    world.run()
    (card,) = [one for one in cards(world) if one.indicator is Indicator.INFO]
    assert card.summary.startswith(
        "Coverage in force by plan's answer (asked 2026-11-30). At most 7 visits left: the plan"
    )
    assert not card.asks
    assert any("By the plan: 8 visits left" in line for line in card.detail)


def test_what_has_to_be_settled_is_a_card_with_its_source_and_fix() -> None:
    world = World()
    (card,) = [one for one in cards(world) if one.indicator is not Indicator.INFO]
    made = shown(card)
    assert made["summary"] == "The payer was not asked yet."
    assert made["indicator"] == "warning"
    assert "eligibility run" in str(made["detail"])
    assert made["source"]["label"].startswith("massage-billing decisions")  # type: ignore[index]
    assert made["source"]["url"].startswith(BASE)  # type: ignore[index]


def test_two_appointments_tell_the_same_thing_once() -> None:
    world = World()
    assert len(cards(world, planned(), planned("apt2", "2026-12-10"))) == len(cards(world))


@pytest.mark.parametrize("wish", ["consent", "appointment", "consent kept from the prefetch"])
def test_of_a_wish_not_to_tell_the_plan_nothing_is_told(wish: str) -> None:
    """No card of the coverage, the payer, or the wish: the screen may be anybody's."""
    world = World()
    world.run()
    appointment = planned()
    if wish == "appointment":
        appointment["extension"] = [bill_to("self-pay")]
    else:
        world.put(consent())
    unsaid = {"Consent?patient=p1": {"resourceType": "Bundle", "entry": []}}
    assert cards(world, appointment, given=unsaid) == []
    ((one, _),) = judged(world, appointment, given=unsaid)
    assert one.restricted is not None


def test_a_day_that_is_past_is_not_judged() -> None:
    assert cards(World(), planned(day="2026-11-02")) == []


@pytest.mark.parametrize(
    "broken", [{"start": ...}, {"start": "soon"}, {"start": {"x": 1}}, {"participant": 7}, {"status": 1}]
)
def test_a_strange_appointment_breaks_nothing(broken: dict[str, Any]) -> None:
    appointment = {name: value for name, value in planned(**broken).items() if value is not ...}
    assert isinstance(cards(World(), appointment), list)


def test_no_card_names_a_patient() -> None:
    world = World()
    world.run()
    text = str([shown(one) for one in cards(world)])
    assert not any(word in text for word in PRIVATE)


# --- the end of a visit ---------------------------------------------------------------------------------------------


@pytest.fixture
def visits() -> Visits:
    return Visits()


def at_discharge(visits: Visits) -> list[Card]:
    program = Program(visits.setup, configured=True, lock=lambda: pytest.fail("nothing is run"))
    _, decision = program.visit_and_decision("e1")
    return discharge.cards_of(decision, "clinic", PLACES)


def test_a_sound_visit_has_no_cards_before_and_after_it_is_finished(visits: Visits) -> None:
    assert at_discharge(visits) == []
    visits.put(encounter(status="in-progress"))
    assert at_discharge(visits) == []


def test_missing_minutes_are_told(visits: Visits) -> None:
    visits.put(procedure(mins=None), encounter(status="in-progress"))
    (card,) = [one for one in at_discharge(visits) if "minutes" in one.page]
    assert card.indicator is Indicator.WARNING
    made = shown(card)
    assert "Procedure/a1" in str(made["summary"])
    assert "therapist" in str(made["detail"])
    assert {one["url"] for one in made["links"]} == {f"{BASE}/rules/minutes-documented", f"{BASE}/visits/clinic/e1"}  # type: ignore[attr-defined]


def test_bundled_pairs_are_told(visits: Visits) -> None:
    visits.put(procedure("a2", "97140", mins=30))
    assert "ncci-pairs" in {one.page.rpartition("/")[2] for one in at_discharge(visits)}


def test_a_missing_diagnosis_is_told(visits: Visits) -> None:
    visits.put(encounter(diagnosis=...), condition(encounter=..., code=None))
    assert "diagnosis-present" in {one.page.rpartition("/")[2] for one in at_discharge(visits)}


def test_a_wish_not_to_tell_the_plan_is_not_told_of(visits: Visits) -> None:
    visits.put(consent(), procedure(mins=None))
    told = at_discharge(visits)
    assert [one.page.rpartition("/")[2] for one in told] == ["minutes-documented"]
    assert "plan" not in str([shown(one) for one in told])


# --- texts ----------------------------------------------------------------------------------------------------------


@given(st.text(max_size=400))
@settings(deadline=None)
def test_a_summary_is_one_short_line(text: str) -> None:
    made = cut(text)
    assert len(made) <= SUMMARY
    assert made.isprintable()


HOSTILE = (
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "![](https://evil/x)",
    "https://evil.example",
    "a\n# b",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_others_sent_is_no_markdown(text: str) -> None:
    finding = Finding("r1", "-", Result.FAIL, Effect.HOLD, f"x {text} " + "y" * 140, text, source=f"{text} <{text}>")
    card = shown(discharge._card(finding, "h", "e1", PLACES))
    detail = str(card["detail"])
    for mark in "<>[]()!#:":
        assert detail.count(mark) == detail.count(f"\\{mark}")
    assert card["source"]["url"] == (text if text.startswith("https://") else f"{BASE}/rules/r1")  # type: ignore[index]


@given(st.text(max_size=80))
@settings(deadline=None)
def test_plain_text_stays_what_it_was(text: str) -> None:
    made, place = "", 0
    told = plain(text)
    while place < len(told):
        place += told[place] == "\\"
        made += told[place]
        place += 1
    assert made == " ".join("".join(one if one.isprintable() else " " for one in text).split())


def test_no_more_than_ten_cards() -> None:
    many = [Card(f"{n}", Indicator.INFO, "s", "") for n in range(10)]
    assert limited(many) == many
    assert [len(limited([*many, many[0]])), limited([*many, many[0]])[-1].detail] == [10, ("9", "0")]
