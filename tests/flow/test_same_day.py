"""Visits of one patient and day: one claim, whatever the order they come in and whatever becomes of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import bill_to, coverage, encounter, location, organization, practitioner, procedure, ref
from flow.world import World
from massage_billing.errors import HostError, HostUnreachable
from massage_billing.fhir.claim_state import encounters_named
from massage_billing.fhir.keys import claim_key
from massage_billing.hosts.memory import MemoryHost
from massage_billing.hosts.memory import MemoryStore as HostData
from massage_billing.model import Ruling, RulingKind
from massage_billing.program import Program
from massage_billing.same_day import encounters
from massage_billing.service import Billing
from massage_billing.store.memory import MemoryStore
from massage_billing.wiring import explain_path

FIRST, SECOND = "e1", "e2"


class Day(World):
    """A patient's day at ten (e1: 97124 of 30 minutes, Procedure a1) and at three (e2), in Denver."""

    def __init__(self, *, asks: bool = False) -> None:
        super().__init__()
        if asks:  # as of a folder: what was written is looked up by key
            can = replace(self.host.capabilities(), records_hold_writes=False)
            self.host = MemoryHost("clinic", store=self.data, capabilities=can)
            self.setup = replace(self.setup, host=self.host)
        self.setup = replace(self.setup, reading=replace(self.setup.reading, zone="America/Denver"))

    def visit(
        self, id: str, hour: int, *services: tuple[str, str, int], day: str = "2026-11-20", **changes: Any
    ) -> None:
        """Put an Encounter with its Procedures (id, code, minutes)."""
        at = [f"{day}T{hour + n:02}:00:00-07:00" for n in (0, 1)]
        self.put(encounter(id, period={"start": at[0], "end": at[1]}, **changes))
        for procedure_id, code, minutes in services:
            self.put(procedure(procedure_id, code, minutes, encounter=ref(f"Encounter/{id}"), performedDateTime=at[0]))

    def second(self, *services: tuple[str, str, int], **changes: Any) -> None:
        """The visit at three, of 97110 for 30 minutes unless told otherwise."""
        self.visit(SECOND, 15, *(services or (("b1", "97110", 30),)), **changes)

    def claims(self) -> dict[str, dict[str, int]]:
        """Units by code of every live claim, by the Encounters it names, its own first."""
        found = {}
        for claim in self.alive("Claim"):
            lines = {item["productOrService"]["coding"][0]["code"]: item["quantity"]["value"] for item in claim["item"]}  # type: ignore[index,attr-defined]
            key = claim["identifier"][0]["value"]  # type: ignore[index]
            named = sorted(encounters_named(claim), key=lambda one: (key != claim_key("clinic", one, 0), one))
            found[" ".join(named)] = lines
        return found

    def once(self) -> None:
        """No Encounter is on two live claims."""
        named = [one for claim in self.alive("Claim") for one in encounters_named(claim)]
        assert len(named) == len(set(named)), named

    def answer(self, outcome: str, number: str | None = "ICN1", **changes: Any) -> None:
        """The payer answers the one live claim."""
        (claim,) = self.alive("Claim")
        said = {"identifier": [{"system": "http://payer.example/icn", "value": number}]} if number else {}
        self.put(
            {
                "resourceType": "ClaimResponse", "id": f"r-{claim['id']}", "status": "active", "outcome": outcome,
                "patient": ref("Patient/p1"), "request": ref(f"Claim/{claim['id']}"), **said, **changes,
            }
        )  # fmt: skip

    def decide(self, encounter_id: str, kind: RulingKind) -> None:
        """A person decides a visit."""
        self.now += timedelta(minutes=1)
        Billing(self.setup).rule(encounter_id, Ruling(kind, "looked at", "biller", self.now))

    def holds(self) -> dict[str, str]:
        """First advice of each open Task, by Encounter id."""
        open_tasks = [task for task in self.alive("Task")]
        return {t["focus"]["reference"].rpartition("/")[2]: t["input"][0]["valueString"] for t in open_tasks}  # type: ignore[index]

    def row(self, encounter_id: str) -> Any:
        return self.store.known("clinic", [encounter_id])[encounter_id]


@pytest.fixture(params=[False, True], ids=["in the record", "by key"])
def day(request: pytest.FixtureRequest) -> Day:
    return Day(asks=request.param)


BOTH = {"e1 e2": {"97124": 2, "97110": 2}}
"""One claim with the lines of both visits."""


# --- before a claim was sent ----------------------------------------------------------------------------------------


def test_two_visits_of_a_day_are_one_claim_that_names_both(day: Day) -> None:
    day.second()
    report = day.run()
    assert (report.claims_created, report.claims, report.no_charge, report.holds) == (1, 1, 1, 0)
    assert day.claims() == BOTH
    by_code = {
        item["productOrService"]["coding"][0]["code"]: item["encounter"]
        for claim in day.alive("Claim")
        for item in claim["item"]  # type: ignore[attr-defined]
    }
    assert by_code == {"97124": [ref("Encounter/e1")], "97110": [ref("Encounter/e2")]}


def test_the_second_refers_to_the_first(day: Day) -> None:
    day.second()
    day.run()
    assert day.row(SECOND).claim_key == day.row(FIRST).claim_key == claim_key("clinic", FIRST, 0)
    assert (day.row(SECOND).outcome, day.row(SECOND).units, day.row(FIRST).units) == ("no-charge", 0, 4)


def test_a_second_run_has_nothing_to_do(day: Day) -> None:
    day.second()
    day.run()
    before = {kind: list(day.data.all(kind)) for kind in ("Claim", "Provenance", "Task")}
    report = day.run()
    assert (report.claims_created, report.claims_updated, report.claims_cancelled, report.holds) == (0, 0, 0, 0)
    assert {kind: list(day.data.all(kind)) for kind in before} == before


def test_edits_look_across_the_two(day: Day) -> None:
    day.second(("b1", "97140", 30))
    day.run()
    assert day.holds() == {}
    assert day.claims() == {"e1 e2": {"97140": 2}}


def test_a_visit_that_comes_later_is_added_to_the_claim_of_its_day(day: Day) -> None:
    day.run()
    day.second()
    report = day.run()
    assert (report.claims_created, report.claims_updated) == (0, 1)
    assert day.claims() == BOTH


def test_an_earlier_visit_that_comes_later_takes_the_claim_over(day: Day) -> None:
    day.run()
    day.visit("e0", 8, ("b0", "97110", 30))
    report = day.run()
    assert (report.claims_created, report.claims_cancelled) == (1, 1)
    assert day.claims() == {"e0 e1": {"97124": 2, "97110": 2}}


def test_a_lost_store_finds_the_day_again(day: Day) -> None:
    day.second()
    day.run()
    day.setup = replace(day.setup, store=MemoryStore())
    report = day.run()
    assert (report.claims_created, report.claims_updated, report.claims_cancelled) == (0, 0, 0)
    assert day.claims() == BOTH


def test_a_fault_in_one_holds_the_day_with_one_task(day: Day) -> None:
    day.second(("b1", "97110", 30))
    day.put(
        procedure("b1", "97110", None, encounter=ref("Encounter/e2"), performedDateTime="2026-11-20T15:00:00-07:00")
    )
    report = day.run()
    assert (report.holds, report.claims) == (1, 0)
    assert list(day.holds()) == [FIRST]
    assert "Procedure/b1" in day.holds()[FIRST]
    day.second()
    assert day.run().holds_closed == 1
    assert day.claims() == BOTH


def test_bill_it_is_said_of_the_first(day: Day) -> None:
    day.second()
    day.run()
    with pytest.raises(HostError, match="is billed with Encounter/e1"):
        day.decide(SECOND, RulingKind.BILL)
    day.decide(FIRST, RulingKind.BILL)


def test_two_places_of_service_are_held(day: Day) -> None:
    day.put(location("l2", "12"))
    day.second(location=[{"location": ref("Location/l2")}])
    assert day.run().hold_reasons == {"same-day-visits": 1}
    assert "places of service" in day.holds()[FIRST]


@pytest.mark.parametrize("why", ["another practice", "another discipline", "restricted", "another coverage"])
def test_visits_that_do_not_belong_together_are_billed_apart(day: Day, why: str) -> None:
    changes: dict[str, Any] = {}
    if why == "another practice":
        day.put(organization("o3"))
        changes["serviceProvider"] = ref("Organization/o3")
    if why == "restricted":
        changes["extension"] = [bill_to("self-pay")]
    if why == "another coverage":
        day.put(coverage("c2", order=2))
        day.put(
            {"resourceType": "Account", "id": "k2", "status": "active", "coverage": [{"coverage": ref("Coverage/c2")}]}
        )
        changes["account"] = [ref("Account/k2")]
    day.second(**changes)
    if why == "another discipline":
        taxonomy = {"coding": [{"system": "http://nucc.org/provider-taxonomy", "code": "225X00000X"}]}
        day.put(practitioner("t9", "1245319599", qualification=[{"code": taxonomy}]))
        day.put({**day.data.get("Procedure/b1"), "performer": [{"actor": ref("Practitioner/t9")}]})  # type: ignore[dict-item]
    day.run()
    assert day.claims() == {"e1": {"97124": 2}} | ({} if why == "restricted" else {"e2": {"97110": 2}})


def test_the_day_waits_for_a_visit_that_goes_on_and_no_longer_than_for_a_charge(day: Day) -> None:
    day.visit(FIRST, 10, ("a1", "97124", 30), day="2026-11-23")
    day.second(day="2026-11-23", status="in-progress")
    day.now += timedelta(hours=12)
    report = day.run()
    assert (report.waiting, report.claims) == (2, 0)
    day.now += timedelta(hours=49)
    report = day.run()
    assert (report.claims, report.hold_reasons) == (0, {"visit-finished": 1})
    day.second(day="2026-11-23")
    day.run()
    assert day.claims() == BOTH
    assert not day.alive("Task")


def test_a_written_off_visit_is_left_out_of_its_day(day: Day) -> None:
    day.second()
    day.run()
    day.decide(SECOND, RulingKind.WRITE_OFF)
    day.run()
    assert day.claims() == {"e1": {"97124": 2}}


# --- when one of them leaves ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["cancelled", "another date", "restricted", "written off"])
@pytest.mark.parametrize("who", [FIRST, SECOND])
def test_one_that_leaves_takes_its_lines_with_it(day: Day, who: str, how: str) -> None:
    day.second()
    day.run()
    hour, service = (10, ("a1", "97124", 30)) if who == FIRST else (15, ("b1", "97110", 30))
    if how == "cancelled":
        day.visit(who, hour, service, status="cancelled")
    elif how == "another date":
        day.visit(who, hour, service, day="2026-11-19")
    elif how == "restricted":
        day.visit(who, hour, service, extension=[bill_to("self-pay")])
    else:
        day.decide(who, RulingKind.WRITE_OFF)
    day.run()
    day.once()
    alone = {"e1": {"97124": 2}, "e2": {"97110": 2}}
    assert day.claims() == {one: lines for one, lines in alone.items() if one != who or how == "another date"}
    assert not day.alive("Task")


def test_one_that_is_reopened_holds_the_day_until_it_is_finished_again(day: Day) -> None:
    day.second()
    day.run()
    day.second(status="in-progress")
    day.run()
    assert (day.claims(), list(day.holds())) == ({}, [FIRST])
    day.second()
    day.run()
    assert (day.claims(), day.holds()) == (BOTH, {})


def test_one_that_is_gone_from_the_host_leaves_its_claim_to_a_person(day: Day) -> None:
    day.second()
    day.run()
    for gone in ("Encounter/e1", "Procedure/a1"):
        day.data.remove(gone)
    day.second(("b1", "97110", 45))
    day.run()
    day.once()
    assert "Claim/" in day.holds()[SECOND]
    (claim,) = day.alive("Claim")
    day.put({**claim, "status": "cancelled"})
    day.run()
    assert day.claims() == {"e2": {"97110": 3}}
    assert not day.alive("Task")


# --- after sending --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["queued", "complete"])
def test_a_visit_recorded_after_its_day_was_sent_is_held_and_the_claim_left_alone(day: Day, outcome: str) -> None:
    day.run()
    day.answer(outcome)
    before = day.alive("Claim")
    day.second()
    assert day.run().hold_reasons == {"same-day-visits": 1}
    assert list(day.holds()) == [SECOND]
    assert day.alive("Claim") == before
    assert day.run().claims_created == 0


def test_a_person_may_have_the_sent_claim_replaced(day: Day) -> None:
    day.run()
    day.answer("complete")
    day.second()
    day.run()
    day.decide(SECOND, RulingKind.BILL)
    day.run()
    newest = max(day.alive("Claim"), key=lambda one: len(str(one.get("related"))))
    assert newest["related"][0]["reference"]["value"] == "ICN1"  # type: ignore[index]
    assert [e["valueCode"] for e in newest["extension"] if "frequency" in e["url"]] == ["7"]  # type: ignore[attr-defined]
    assert encounters_named(newest) == (SECOND, FIRST) or encounters_named(newest) == (FIRST, SECOND)
    assert {item["productOrService"]["coding"][0]["code"] for item in newest["item"]} == {"97124", "97110"}  # type: ignore[attr-defined]
    assert len(day.alive("Claim")) == 2
    assert not day.alive("Task")
    assert day.row(SECOND).claim_key == claim_key("clinic", FIRST, 1)
    report = day.run()
    assert (report.claims_created, report.holds) == (0, 0)


def test_a_replacement_waits_for_the_payers_answer(day: Day) -> None:
    day.run()
    day.answer("queued")
    day.second()
    day.run()
    day.decide(SECOND, RulingKind.BILL)
    assert day.run().hold_reasons == {"claim-state": 1}
    assert list(day.holds()) == [FIRST]
    (claim,) = day.alive("Claim")
    day.data.remove(f"ClaimResponse/r-{claim['id']}")
    day.answer("complete")
    day.run()
    assert len(day.alive("Claim")) == 2
    assert not day.alive("Task")


def test_the_patient_may_pay_what_came_too_late(day: Day) -> None:
    day.run()
    day.answer("complete")
    day.second()
    day.run()
    day.decide(SECOND, RulingKind.SELF_PAY)
    assert day.run().self_pay == 1
    assert (len(day.alive("Claim")), day.alive("Task")) == (1, [])


def test_an_earlier_visit_that_comes_after_sending_does_not_take_the_claim_over(day: Day) -> None:
    day.run()
    day.answer("complete")
    day.visit("e0", 8, ("b0", "97110", 30))
    day.run()
    assert (list(day.claims()), list(day.holds())) == (["e1"], ["e0"])


def test_a_rejected_claim_was_not_sent(day: Day) -> None:
    day.run()
    day.answer("error")
    day.second()
    day.run()
    assert day.claims() == BOTH


def test_one_that_leaves_a_sent_claim_keeps_the_other_waiting(day: Day) -> None:
    day.second()
    day.run()
    day.answer("queued")
    day.visit(FIRST, 10, ("a1", "97124", 30), status="cancelled")
    day.run()
    day.once()
    assert set(day.holds()) == {FIRST, SECOND}
    (claim,) = day.alive("Claim")
    day.data.remove(f"ClaimResponse/r-{claim['id']}")
    day.answer("complete")
    day.run()
    live = [claim for claim in day.alive("Claim") if SECOND in encounters_named(claim)]
    # the claim that was paid, its void, and the second visit's own
    assert len(live) == 3
    assert not day.alive("Task")


# --- order, pages, crashes ------------------------------------------------------------------------------------------


def test_the_page_that_brings_the_second_mends_the_claim_of_the_first(day: Day) -> None:
    day.host = MemoryHost("clinic", store=day.data, page_size=1)
    day.setup = replace(day.setup, host=day.host)
    day.second()
    day.run()
    assert day.claims() == BOTH


SERVICES = st.lists(
    st.tuples(st.sampled_from(["97124", "97140", "97110", "97112"]), st.sampled_from([8, 15, 20, 30])),
    min_size=1,
    max_size=2,
)


def make(day: Day, number: int, hour: int, services: Iterable[tuple[str, int]]) -> None:
    day.visit(f"e{number}", hour, *((f"s{number}{n}", code, mins) for n, (code, mins) in enumerate(services)))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(visits=st.lists(SERVICES, min_size=2, max_size=3), order=st.permutations([0, 1, 2]), apart=st.booleans())
def test_the_order_in_which_visits_come_never_changes_the_claims(
    visits: list[list[tuple[str, int]]], order: list[int], apart: bool
) -> None:
    together, one_by_one = Day(), Day()
    for day in (together, one_by_one):
        for gone in ("Encounter/e1", "Procedure/a1"):
            day.data.remove(gone)
    for number, services in enumerate(visits):
        make(together, number, 9 + 2 * number, services)
    together.run()
    for number in order:
        if number < len(visits):
            make(one_by_one, number, 9 + 2 * number, visits[number])
            if apart:
                one_by_one.run()
    one_by_one.run()
    one_by_one.once()
    assert one_by_one.claims() == together.claims()
    assert set(one_by_one.holds()) == set(together.holds())


@pytest.mark.parametrize("done", [False, True], ids=["before it arrived", "after it arrived"])
@pytest.mark.parametrize("nth", range(3))
def test_a_write_that_is_lost_never_leaves_a_visit_on_two_claims(day: Day, nth: int, *, done: bool) -> None:
    day.second()
    day.run()
    day.visit(FIRST, 10, ("a1", "97124", 30), day="2026-11-19")  # each gets a claim of its own
    calls = iter(range(100))
    write = day.host._write

    def lossy(group: Any) -> Any:
        if next(calls) == nth:
            if done:
                write(group)
            raise HostUnreachable("killed")
        return write(group)

    day.host._write = lossy  # type: ignore[method-assign]
    try:
        day.run()
    except HostUnreachable:
        day.once()
    day.host._write = write  # type: ignore[method-assign]
    day.run()
    day.once()
    assert day.claims() == {"e1": {"97124": 2}, "e2": {"97110": 2}}


def test_two_runs_at_once_end_in_one_claim(day: Day) -> None:
    day.second()
    other = Billing(replace(day.setup, host=MemoryHost("clinic", store=day.data)))
    write = day.host._write

    def interrupted(group: Any) -> Any:
        day.host._write = write  # type: ignore[method-assign]
        other.run()
        return write(group)

    day.host._write = interrupted  # type: ignore[method-assign]
    day.run()
    day.run()
    day.once()
    assert day.claims() == BOTH
    assert isinstance(day.data, HostData)


@pytest.mark.parametrize("store", ["one store", "two stores"])
def test_a_claim_that_another_run_made_of_the_second_visit_alone_is_taken_back(day: Day, store: str) -> None:
    """The other run had read the day before its first visit was there, and writes after this one has."""
    for gone in ("Encounter/e1", "Procedure/a1"):
        day.data.remove(gone)
    day.second()
    late = MemoryHost("clinic", store=day.data)
    write = late._write

    def slow(group: Any) -> Any:
        late._write = write  # type: ignore[method-assign]
        day.visit(FIRST, 10, ("a1", "97124", 30))
        day.run()
        assert day.claims() == BOTH
        return write(group)

    late._write = slow  # type: ignore[method-assign]
    theirs = day.store if store == "one store" else MemoryStore()
    Billing(replace(day.setup, host=late, store=theirs)).run()
    if store == "one store":
        day.once()
    day.run()
    day.once()
    assert day.claims() == BOTH
    assert day.run().claims_updated == 0


# --- explain --------------------------------------------------------------------------------------------------------


def test_explain_of_a_folder_shows_the_day_as_run_decides_it(day: Day, tmp_path: Path) -> None:
    day.second(("b1", "97140", 30))
    resources = [one for kind in list(day.data.resources) for one in day.data.all(kind)]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}
    (tmp_path / "day.json").write_text(json.dumps(bundle))
    items = {
        item["visit"]["encounter"]: item  # type: ignore[index]
        for item in explain_path(tmp_path / "day.json", day.setup.clinic, day.setup.reading, day.setup.book)
    }
    first, second = items[FIRST], items[SECOND]
    assert [(line["code"], line["units"], line["procedures"]) for line in first["lines"]] == [("97140", 2, ["b1"])]  # type: ignore[attr-defined]
    assert (second["outcome"], second["lines"]) == ("no-charge", [])
    assert [left["reason"] for left in second["not_billed"]] == ["on-first-visit"]  # type: ignore[attr-defined]
    day.run()
    assert day.claims() == {"e1 e2": {"97140": 2}}


def test_explain_of_a_visit_on_a_host_knows_its_day(day: Day) -> None:
    day.second()
    day.run()
    program = Program(day.setup, configured=True, lock=nullcontext)
    visit, decision = program.visit_and_decision(FIRST)
    assert (encounters(visit), [line.code for line in decision.lines]) == ((FIRST, SECOND), ["97110", "97124"])
    visit, decision = program.visit_and_decision(SECOND)
    assert (encounters(visit), decision.lines) == ((SECOND,), ())
