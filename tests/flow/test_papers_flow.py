"""Papers from the record to the claim, over a host and a store: counted once each, in order, whatever happens."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from builders import condition, coverage, encounter, procedure, ref, resource
from massage_billing.fhir import names
from massage_billing.hosts.folder import FolderHost
from massage_billing.model import Decision, Paper, PaperKind, Ruling, RulingKind
from massage_billing.ports import Entry
from massage_billing.program import Program
from massage_billing.rulebook.examples import Varied
from massage_billing.run.setup import Setup
from massage_billing.service import Billing
from massage_billing.store import open_store
from massage_billing.store.memory import MemoryStore
from veterans import REFERRAL, World, clinic


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Any) -> Any:
    if request.param == "memory":
        yield World()
        return
    with open_store(tmp_path / "state") as store:
        yield World(store=store)


# --- counting -------------------------------------------------------------------------------------------------------


def test_visits_are_billed_until_the_referral_is_used_up(world: World) -> None:
    for day in (8, 5, 7, 6):
        world.visit(day)
    report = world.run()
    assert (report.claims_created, report.holds) == (3, 1)
    assert world.billed() == [5, 6, 7]
    assert world.held() == {8: ["referral-on-file"]}
    (row,) = [row for row in world.setup.store.rows("clinic") if row.encounter == "e8"]
    assert "allows 3 visits; at least 3 visits are used (3 on claims of this clinic)" in row.holds[0][1]
    assert world.claims()["5"]["referral"] == {"type": "ServiceRequest", "identifier": {"value": "V1"}}


def test_a_second_run_changes_nothing(world: World) -> None:
    for day in (5, 6, 7, 8):
        world.visit(day)
    world.run()
    before = {kind: world.data.all(kind) for kind in ("Claim", "Task", "Provenance")}
    report = world.run()
    assert (report.claims_created, report.claims_updated, report.holds_opened) == (0, 0, 0)
    assert {kind: world.data.all(kind) for kind in before} == before


def test_what_was_used_before_counts(tmp_path: Any) -> None:
    world = World(replace(REFERRAL, visits_used=2))
    world.visit(5)
    world.visit(6)
    world.run()
    assert (world.billed(), list(world.held())) == ([5], [6])


def test_units_are_counted_too() -> None:
    world = World(replace(REFERRAL, visits=None, units=5))
    world.visit(5, mins=30)
    world.visit(6, mins=60)
    world.visit(7, mins=30)
    world.run()
    assert world.billed() == [5, 7]
    assert list(world.held()) == [6]


def test_a_late_visit_takes_its_place_and_the_last_one_loses_it(world: World) -> None:
    for day in (5, 6, 7):
        world.visit(day)
    world.run()
    world.visit(1)
    world.run()
    assert world.billed() == [1, 5, 6]
    assert world.held() == {7: ["referral-on-file"]}


def test_a_late_visit_finds_no_place_where_every_claim_was_sent(world: World) -> None:
    for day in (5, 6, 7):
        world.visit(day)
    world.run()
    for day in (5, 6, 7):
        world.sent(day)
    world.visit(1)
    world.run()
    assert world.billed() == [5, 6, 7]
    assert world.held() == {1: ["referral-on-file"]}


def test_what_was_sent_keeps_its_place_and_what_was_not_loses_it(world: World) -> None:
    for day in (5, 6, 7):
        world.visit(day)
    world.run()
    world.sent(7)
    world.visit(1)
    world.run()
    assert world.billed() == [1, 5, 7]
    assert world.held() == {6: ["referral-on-file"]}


def test_a_visit_that_is_no_longer_billed_frees_its_place(world: World) -> None:
    for day in (5, 6, 7, 8):
        world.visit(day)
    world.run()
    world.put(procedure("a6", encounter=ref("Encounter/e6"), status="entered-in-error",
                        performedDateTime="2026-11-06T10:00:00-07:00"))  # fmt: skip
    world.run()
    assert world.billed() == [5, 7, 8]
    assert 8 not in world.held()


def test_a_claim_that_is_voided_frees_its_place(world: World) -> None:
    for day in (5, 6, 7, 8):
        world.visit(day)
    world.run()
    answer = {"outcome": "complete", "status": "active", "identifier": [{"value": "ICN-6"}]}
    world.put(resource("ClaimResponse", "r6", {**answer, "request": ref(f"Claim/{world.claims()['6']['id']}")}, {}))
    world.put(procedure("a6", encounter=ref("Encounter/e6"), status="entered-in-error",
                        performedDateTime="2026-11-06T10:00:00-07:00"))  # fmt: skip
    world.run()
    assert 8 not in world.held()
    assert set(world.billed()) == {5, 6, 7, 8}  # that of the 6th is now a void
    assert frequency(world.claims()["6"]) == names.VOID


def frequency(claim: dict[str, Any]) -> str | None:
    """Its claim frequency."""
    marks = [one for one in claim["extension"] if one["url"] == names.EXT_CLAIM_FREQUENCY]
    return marks[0]["valueCode"] if marks else None


def test_more_visits_in_papers_csv_wake_what_was_held(world: World) -> None:
    for day in (5, 6, 7, 8):
        world.visit(day)
    world.run()
    world.run(clinic=clinic(replace(REFERRAL, visits=4)))
    assert world.billed() == [5, 6, 7, 8]


def test_a_held_visit_keeps_its_place(world: World) -> None:
    world.visit(5, mins=None)
    for day in (6, 7, 8):
        world.visit(day)
    world.run()
    assert world.billed() == [6, 7]
    assert set(world.held()) == {5, 8}
    (row,) = [row for row in world.setup.store.rows("clinic") if row.encounter == "e8"]
    assert "1 reserved for visits that are held" in row.holds[0][1]
    world.visit(5)
    world.run()
    assert world.billed() == [5, 6, 7]


def test_a_written_off_visit_frees_its_place(world: World) -> None:
    for day in (5, 6, 7, 8):
        world.visit(day)
    world.run()
    Billing(world.setup).rule("e6", Ruling(RulingKind.WRITE_OFF, "agreed", "biller", world.now))
    world.run()
    assert world.billed() == [5, 7, 8]


def test_a_person_may_bill_beyond_the_referral(world: World) -> None:
    for day in (5, 6, 7, 8):
        world.visit(day)
    world.run()
    Billing(world.setup).rule("e8", Ruling(RulingKind.BILL, "the payer agreed", "biller", world.now))
    world.run()
    assert world.billed() == [5, 6, 7, 8]
    assert world.claims()["8"]["referral"]["identifier"] == {"value": "V1"}


def test_a_lost_store_counts_again_from_the_host(world: World) -> None:
    for day in (5, 6, 7, 8):
        world.visit(day)
    world.run()
    world.sent(5)
    fresh = MemoryStore()
    report = world.run(store=fresh)
    assert (report.claims_created, report.claims_cancelled) == (0, 0)
    assert {one.encounter: one.state.value for one in fresh.paper_counts("clinic", ["Patient/p1"])} == {
        "e5": "sent",
        "e6": "claimed",
        "e7": "claimed",
        "e8": "lacking",
    }


def test_two_patients_do_not_share_a_number(world: World) -> None:
    for day in (5, 6, 7):
        world.visit(day)
    other = {"subject": ref("Patient/p2")}
    world.put(coverage("c2", beneficiary=ref("Patient/p2")), condition("d2", **other))
    world.put(encounter("e9", period={"start": "2026-11-09T10:00:00-07:00", "end": "2026-11-09T11:00:00-07:00"},
                        diagnosis=[{"condition": ref("Condition/d2")}], **other),
              procedure("a9", encounter=ref("Encounter/e9"), performedDateTime="2026-11-09T10:00:00-07:00",
                        **other))  # fmt: skip
    world.run(clinic=clinic(REFERRAL, replace(REFERRAL, patient="Patient/p2")))
    assert world.billed() == [5, 6, 7, 9]


# --- two runs at once -----------------------------------------------------------------------------------------------


class Interrupted:
    """A store before whose first commit something else happens: another process."""

    def __init__(self, store: Any, meanwhile: Callable[[], None]) -> None:
        self._store, self._meanwhile = store, meanwhile

    def commit(self, entries: Sequence[Entry]) -> set[str]:
        meanwhile, self._meanwhile = self._meanwhile, lambda: None
        meanwhile()
        given: set[str] = self._store.commit(entries)
        return given

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@pytest.mark.parametrize(("first", "meanwhile"), [(6, 5), (5, 6)])
def test_two_runs_at_once_bill_the_last_visit_once(world: World, first: int, meanwhile: int) -> None:
    """One run has counted and decided; before it commits, another records a visit and bills it."""
    world.setup = replace(world.setup, clinic=clinic(replace(REFERRAL, visits=1)))
    world.visit(first)

    def other_run() -> None:
        world.visit(meanwhile)
        Billing(world.setup).run()

    world.run(store=Interrupted(world.setup.store, other_run))
    assert len(world.data.all("Claim")) == 1
    assert world.billed() == [5]
    assert world.held() == {6: ["referral-on-file"]}
    world.run()
    assert len(world.data.all("Claim")) == 1


# --- what is read and written ---------------------------------------------------------------------------------------


def order(**changes: Any) -> dict[str, Any]:
    base = {
        "status": "active",
        "intent": "order",
        "subject": ref("Patient/p1"),
        "authoredOn": "2026-10-01",
        "requester": ref("Practitioner/t1"),
        "code": {"coding": [{"system": names.CPT, "code": "97124"}]},
    }
    return resource("ServiceRequest", "s1", base, changes)


def test_a_referral_of_the_host_is_referred_to_with_its_number() -> None:
    category = [{"coding": [{"system": names.SNOMED, "code": "3457005"}]}]
    world = World(replace(REFERRAL, number="other", start=date(2020, 1, 1), end=date(2020, 1, 2)))
    world.put(order(category=category, identifier=[{"value": "V7"}], quantityQuantity={"value": 12, "unit": "visits"}))
    world.visit(5, basedOn=[ref("ServiceRequest/s1")])
    world.run()
    assert world.claims()["5"]["referral"] == {
        "type": "ServiceRequest",
        "reference": "ServiceRequest/s1",
        "identifier": {"value": "V7"},
    }


def test_the_number_of_the_injury_and_the_accident_stand_on_the_claim() -> None:
    injury = Paper(
        PaperKind.INJURY, "papers.csv:3", "Patient/p1", number="J1", start=date(2026, 9, 20), state="WA", payer="va"
    )
    world = World(injury, policy="auto")
    world.visit(5)
    world.run()
    claim = world.claims()["5"]
    assert claim["accident"] == {"date": "2026-09-20", "locationAddress": {"state": "WA", "country": "US"}}
    assert claim["related"] == [
        {
            "relationship": {"coding": [{"system": names.RELATED_CLAIM, "code": "associated"}]},
            "reference": {"value": "J1"},
        }
    ]
    world.run(clinic=clinic(replace(injury, number="J2"), policy="auto"))
    assert world.claims()["5"]["related"][0]["reference"] == {"value": "J1"}  # nobody woke it
    world.visit(5)
    world.run(clinic=clinic(replace(injury, number="J2"), policy="auto"))
    assert world.claims()["5"]["related"][0]["reference"] == {"value": "J2"}


# --- the filing limit -----------------------------------------------------------------------------------------------


def test_a_visit_first_seen_after_its_filing_limit_is_held_and_a_person_may_bill_it(world: World) -> None:
    """180 days from 5 May are 1 November."""
    world.setup = replace(world.setup, clinic=clinic(replace(REFERRAL, start=date(2026, 4, 1))))
    world.visit(5, month=5)
    world.run()
    assert world.held() == {5: ["filing-limit"]}
    world.now += timedelta(days=1)
    world.visit(5, month=5)
    assert world.run().holds_opened == 0
    assert [task["meta"]["versionId"] for task in world.data.all("Task")] == ["1"]
    Billing(world.setup).rule("e5", Ruling(RulingKind.BILL, "the payer agreed", "biller", world.now))
    world.run()
    assert world.billed() == [5]


def test_explain_of_a_visit_on_a_host_asks_it_as_a_run_does(world: World) -> None:
    late = replace(world.setup, clinic=clinic(replace(REFERRAL, start=date(2026, 4, 1))))
    world.visit(5, month=5)
    assert [hold.rule for hold in _explained(late, "e5").holds] == ["filing-limit"]
    world.visit(6)
    world.run()
    world.now += timedelta(days=400)
    assert _explained(world.setup, "e6").outcome == "claim"


def _explained(setup: Setup, encounter: str) -> Decision:
    return Program(setup, configured=True, lock=nullcontext).visit_and_decision(encounter)[1]


def test_what_has_a_claim_is_not_asked_again_whether_it_can_be_filed(world: World) -> None:
    world.visit(5)
    world.run()
    world.now += timedelta(days=400)
    world.visit(5)
    world.run()
    assert world.billed() == [5]


# --- cost -----------------------------------------------------------------------------------------------------------


def test_a_clinic_whose_payers_want_no_papers_asks_the_store_nothing() -> None:
    class Deaf(MemoryStore):
        def paper_counts(self, host: str, patients: Any) -> Any:
            raise AssertionError("nobody wants papers")

    world = World(policy="commercial-midpoint", store=Deaf())
    world.visit(5)
    world.run()
    assert world.billed() == [5]


def test_a_dry_run_marks_nothing_as_sent(world: World) -> None:
    for day in (5, 6, 7):
        world.visit(day)
    world.run()
    world.sent(7)
    world.visit(1)
    Billing(world.setup).run(dry_run=True)
    states = {one.encounter: one.state.value for one in world.setup.store.paper_counts("clinic", ["Patient/p1"])}
    assert states == {"e5": "claimed", "e6": "claimed", "e7": "claimed"}


def test_a_preauthorization_that_the_order_names_is_followed_and_its_number_written(tmp_path: Path) -> None:
    """Over a folder: the ClaimResponse is fetched because the visit's order names it."""
    said = [{"kind": "authorization", "number_on_claim": True, "source": "a"}]
    world = World()
    world.put(
        order(insurance=[ref("ClaimResponse/pa")]),
        resource(
            "ClaimResponse",
            "pa",
            {"status": "active", "use": "preauthorization", "outcome": "complete", "preAuthRef": "A7"},
            {"preAuthPeriod": {"start": "2026-11-01", "end": "2026-11-30"}, "patient": ref("Patient/p1")},
        ),
    )
    world.visit(5, basedOn=[ref("ServiceRequest/s1")])
    kinds = ("Encounter", "Procedure", "ServiceRequest", "ClaimResponse", "Coverage", "Condition", "Practitioner",
             "Location", "Organization")  # fmt: skip
    for kind in kinds:
        (tmp_path / f"{kind}.ndjson").write_text("".join(json.dumps(one) + "\n" for one in world.data.all(kind)))
    host = FolderHost("clinic", tmp_path, out=tmp_path / "out", work=tmp_path / "work")
    rules = Varied(world.setup.book, "commercial-midpoint", {"papers": said})
    report = world.run(host=host, book=rules, clinic=clinic(policy="commercial-midpoint"))
    assert report.claims_created == 1
    (claim,) = [json.loads(line) for line in (tmp_path / "out" / "Claim.ndjson").read_text().splitlines()]
    assert claim["insurance"][0]["preAuthRef"] == ["A7"]


def test_a_preauthorization_that_is_granted_wakes_the_visit_that_waits_for_it() -> None:
    """No order names it: it is the patient's, its Claim says what for and how much, and no Claim bills by it."""
    said = [{"kind": "authorization", "number_on_claim": True, "source": "a"}]
    world = World()
    rules = Varied(world.setup.book, "commercial-midpoint", {"papers": said})
    terms = {"book": rules, "clinic": clinic(policy="commercial-midpoint")}
    line = {"sequence": 1, "productOrService": {"coding": [{"system": names.CPT, "code": "97124"}]}}
    asked = {"status": "active", "use": "preauthorization", "patient": ref("Patient/p1")}
    world.put(resource("Claim", "pa1", asked, {"item": [{**line, "encounter": [ref("Encounter/e5")]}]}))
    world.visit(5)
    assert world.run(**terms).holds == 1
    assert world.held() == {5: ["authorization-on-file"]}
    granted = {"outcome": "complete", "preAuthRef": "A7", "request": ref("Claim/pa1")}
    world.put(resource("ClaimResponse", "pr1", {**asked, **granted}, {}))
    assert world.run(**terms).claims_created == 1
    (billed,) = [one for one in world.data.all("Claim") if one["use"] == "claim"]
    insurance: Any = billed["insurance"]
    assert insurance[0]["preAuthRef"] == ["A7"]
