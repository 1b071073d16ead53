"""Several visits of a day as one: what belongs together, and that it is decided as if it had been recorded once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massage_billing import flow, same_day
from massage_billing.model import Accident, Diagnosis, Paper, PaperKind, Problem, Referral, Result, Service, Visit
from visits import DAY, book, clinic, lines, not_billed, units, visit

PERFORMERS = ("225700000X", "225100000X", "225X00000X", "225XH1200X", "235Z00000X")
"""Massage, physical, occupational therapist, hand therapist, speech-language pathologist."""
TEN = datetime(DAY.year, DAY.month, DAY.day, 10)


def at(encounter: str, hour: int, *services: Any, **changes: Any) -> Visit:
    """A visit at an hour, whose Procedures have ids of their own."""
    made = visit(services=list(services) or ["97124 30"])
    named = tuple(replace(s, procedure=f"{encounter}-{s.procedure}") for s in made.services)
    start = TEN.replace(hour=hour)
    defaults: dict[str, Any] = {
        "encounter": encounter,
        "services": named,
        "start": start,
        "end": start + timedelta(hours=1),
    }
    return replace(made, **{**defaults, **changes})


def groups(*visits: Visit) -> list[list[str]]:
    return [[one.encounter for one in group] for group in same_day.together(visits, book(), clinic())]


def by(taxonomy: str, *visits: Visit) -> list[Visit]:
    return [replace(one, services=tuple(_by(s, taxonomy) for s in one.services)) for one in visits]


def _by(service: Service, taxonomy: str) -> Service:
    assert service.therapist is not None
    return replace(service, therapist=replace(service.therapist, taxonomies=(taxonomy,)))


def test_the_first_is_the_one_that_starts_first_then_the_lower_id() -> None:
    assert groups(at("e1", 15), at("e2", 9)) == [["e2", "e1"]]
    assert groups(at("e2", 9), at("e1", 9)) == [["e1", "e2"]]
    assert groups(at("e0", 9, start=None), at("e1", 15)) == [["e1", "e0"]]


@pytest.mark.parametrize(
    ("changes", "apart"),
    [
        ({}, False),
        ({"organization": "Organization/2"}, True),
        ({"organization": None}, False),
        ({"restricted": "Consent/1"}, True),
        ({"coverages": ()}, True),
        (
            {"status": "cancelled", "problems": (Problem("visit-finished", Result.FAIL, ".", None, "not-performed"),)},
            True,
        ),
        ({"services": ()}, True),
        ({"services": (), "status": "in-progress"}, False),
    ],
    ids=["alike", "another practice", "no practice named", "restricted", "no coverage", "cancelled", "empty", "begun"],
)
def test_what_belongs_together(changes: dict[str, Any], apart: bool) -> None:
    first = at("e1", 9, organization="Organization/1")
    second = at("e2", 15, **{"organization": "Organization/1", **changes})
    assert (len(groups(first, second)) == 2) is apart


def test_disciplines_are_told_apart_by_what_is_recorded_else_by_who_did_it() -> None:
    massage, physical, occupational, hand, speech = PERFORMERS
    for ours, theirs in ((massage, occupational), (physical, hand), (speech, occupational), (massage, speech)):
        (one,), (other,) = by(ours, at("e1", 9)), by(theirs, at("e2", 15))
        assert groups(one, other) == [["e1"], ["e2"]]
    for ours, theirs in ((massage, physical), (occupational, hand)):
        assert len(groups(*by(ours, at("e1", 9)), *by(theirs, at("e2", 15)))) == 1
    (nobody,) = (replace(v, services=tuple(replace(s, therapist=None) for s in v.services)) for v in [other])
    assert groups(one, nobody) == [["e1", "e2"]]
    gp, go = ({"code": "97110", "minutes": 30, "modifiers": [m]} for m in ("GP", "GO"))
    assert groups(at("e1", 9, gp), at("e2", 15, go)) == [["e1"], ["e2"]]
    assert groups(at("e1", 9, gp), at("e2", 15, gp)) == [["e1", "e2"]]
    assert groups(at("e1", 9, gp), *by(physical, at("e2", 15))) == [["e1", "e2"]]
    assert groups(at("e1", 9, go), *by(physical, at("e2", 15))) == [["e1"], ["e2"]]


@given(st.lists(st.tuples(st.sampled_from([*PERFORMERS, None]), st.sampled_from([None, "GP", "GO"]),
                          st.integers(0, 40)), min_size=2, max_size=4))  # fmt: skip
def test_units_are_the_same_whether_a_day_is_one_encounter_or_several(done: list[tuple[Any, Any, int]]) -> None:
    codes = ["97110", "97112", "97116", "97124"]
    given_ = [
        {"code": code, "minutes": minutes, "by": code, "taxonomies": [kind] if kind else [],
         "modifiers": [modifier] if modifier else []}
        for code, (kind, modifier, minutes) in zip(codes, done, strict=False)
    ]  # fmt: skip
    once = units(flow.bill(at("e0", 9, *given_), book(), clinic()))
    apart = [at(f"e{n}", 9 + n, each) for n, each in enumerate(given_)]
    days = [same_day.join(group) for group in same_day.together(apart, book(), clinic())]
    told: dict[str, int] = {}
    for day in days:
        told |= units(flow.bill(day, book(), clinic()))
    assert told == once


def test_what_one_of_them_says_is_said_of_the_day() -> None:
    paper = Paper(PaperKind.ORDER, "ServiceRequest/4")
    first = at("e1", 9, diagnoses=())
    second = at(
        "e2", 15, diagnoses=(Diagnosis("M54.2", "Condition/7"),), referral=Referral("ServiceRequest/4"),
        accident=Accident("Condition/7"), papers=(paper,), problems=(Problem("zone-known", Result.NO_DATA, "."),),
    )  # fmt: skip
    joined = same_day.join([first, second])
    assert (joined.encounter, same_day.encounters(joined)) == ("e1", ("e1", "e2"))
    assert [(s.encounter, s.diagnoses) for s in joined.services] == [(None, ()), ("e2", ("M54.2",))]
    assert (joined.referral, joined.accident, joined.papers) == (second.referral, second.accident, (paper,))
    assert [p.rule for p in joined.problems] == ["zone-known"]
    assert (joined.start, joined.end) == (first.start, second.end)


@pytest.mark.parametrize(
    ("first", "second"),
    [({"place_of_service": "11"}, {"place_of_service": "12"}), ({"authorization": "A1"}, {"authorization": "A2"})],
    ids=["places", "authorizations"],
)
def test_what_a_claim_can_say_only_once_is_held(first: dict[str, Any], second: dict[str, Any]) -> None:
    joined = same_day.join([at("e1", 9, **first), at("e2", 15, **second)])
    decision = flow.bill(joined, book(), clinic())
    assert [f.row.partition("@")[0] for f in decision.holds if f.rule == "same-day-visits"] == ["differ"]


def test_one_service_recorded_under_two_encounters_is_held() -> None:
    service = {"code": "97124", "minutes": 30, "start": "10:00", "end": "10:30"}
    joined = same_day.join([at("e1", 10, service), at("e2", 10, service)])
    assert {f.rule for f in flow.bill(joined, book(), clinic()).holds} == {"services-distinct"}
    overlapping = same_day.join([at("e1", 10, service), at("e2", 10, {**service, "code": "97110", "start": "10:10"})])
    assert {f.rule for f in flow.bill(overlapping, book(), clinic()).holds} == {"services-distinct"}


given_services = st.lists(
    st.tuples(st.sampled_from(["97124", "97140", "97110", "97112", "97010"]), st.integers(1, 70), st.integers(0, 2)),
    min_size=1,
    max_size=5,
)


def parts(services: Sequence[tuple[str, int, int]]) -> list[Visit]:
    """Up to three visits with these services; Procedure ids are those of one visit with all of them."""
    whole = at("e0", 9, *(f"{code} {minutes}" for code, minutes, _ in services))
    found = []
    for n in sorted({place for _, _, place in services}):
        mine = tuple(s for s, (_, _, place) in zip(whole.services, services, strict=True) if place == n)
        found.append(replace(whole, encounter=f"e{n}", services=mine, start=TEN.replace(hour=9 + n)))
    return found


@given(services=given_services)
def test_a_day_is_decided_as_if_it_had_been_recorded_as_one_visit(services: list[tuple[str, int, int]]) -> None:
    whole = at("e0", 9, *(f"{code} {minutes}" for code, minutes, _ in services))
    (group,) = same_day.together(list(reversed(parts(services))), book(), clinic())
    apart, one = (flow.bill(each, book(), clinic()) for each in (same_day.join(group), whole))
    assert (apart.outcome, lines(apart), not_billed(apart)) == (one.outcome, lines(one), not_billed(one))
    assert sum(line.units for line in apart.lines) == sum(line.units for line in one.lines)
    assert apart.total == one.total
