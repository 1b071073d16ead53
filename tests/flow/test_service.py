"""The main job over a host and a store in memory: once each, whatever happens (DESIGN 2, 4, 7, 16, 19)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from builders import condition, consent, coverage, encounter, practitioner, procedure, ref
from flow.world import CLINIC, World
from massage_billing.errors import HostRejected, HostUnreachable
from massage_billing.fhir import names
from massage_billing.hosts.memory import MemoryHost
from massage_billing.model import Ruling, RulingKind
from massage_billing.service import Billing
from massage_billing.store.memory import MemoryStore


def another_day(world: World, **changes: object) -> None:
    """A second visit, of the day before."""
    day = {"start": "2026-11-19T10:00:00-08:00", "end": "2026-11-19T11:00:00-08:00"}
    done = procedure("a2", encounter=ref("Encounter/e2"), performedDateTime=day["start"])
    world.put(encounter("e2", period=day), {**done, **changes})


@pytest.fixture
def world() -> World:
    return World()


def test_a_sound_visit_becomes_one_claim_and_one_provenance(world: World) -> None:
    report = world.run()
    assert (report.claims_created, report.holds, report.dollars) == (1, 0, Decimal("71.00"))
    (claim,) = world.alive("Claim")
    (provenance,) = world.data.all("Provenance")
    assert provenance["target"] == [{"reference": f"Claim/{claim['id']}"}]
    assert claim["total"]["value"] == 71  # type: ignore[index]


def test_a_second_run_writes_nothing_new_and_says_so(world: World) -> None:
    world.run()
    before = [dict(r) for kind in ("Claim", "Provenance", "Task") for r in world.data.all(kind)]
    report = world.run()
    assert (report.claims_created, report.claims_updated, report.holds_opened) == (0, 0, 0)
    assert [dict(r) for kind in ("Claim", "Provenance", "Task") for r in world.data.all(kind)] == before


def test_a_lost_store_is_rebuilt_from_the_host(world: World) -> None:
    world.run()
    world.setup = replace(world.setup, store=MemoryStore())
    report = world.run()
    assert report.claims_created == 0
    assert len(world.data.all("Claim")) == 1


def hold_it(world: World) -> None:
    """No member id on the coverage."""
    world.put(coverage(subscriberId=...))
    report = world.run()
    assert (report.claims, report.holds_opened, dict(report.hold_reasons)) == (0, 1, {"member-id": 1})


def test_a_member_id_added_to_the_coverage_bills_the_visit_without_touching_the_encounter(world: World) -> None:
    hold_it(world)
    world.put(coverage())
    report = world.run()
    assert (report.claims_created, report.holds_closed) == (1, 1)
    assert not world.alive("Task")


def test_a_late_condition_bills_the_visit(world: World) -> None:
    held = World()
    held.data.remove("Condition/d1")
    held.put(encounter(diagnosis=...))
    assert held.run().holds == 1
    held.put(condition("late", encounter=ref("Encounter/e1")))
    assert held.run().claims_created == 1


def test_the_therapists_npi_bills_the_visit(world: World) -> None:
    world.put(practitioner(identifier=...))
    assert world.run().hold_reasons == {"therapist-npi": 1}
    world.put(practitioner())
    assert world.run().claims_created == 1


def test_a_new_fee_schedule_bills_what_had_no_charge(world: World) -> None:
    poor = replace(CLINIC, fees=(), digest="clinic-0")
    assert world.run(clinic=poor).hold_reasons == {"charge": 1}
    assert world.run().claims_created == 1


def test_a_mapped_payer_bills_what_was_unknown(world: World) -> None:
    strangers = replace(CLINIC, payers=(), digest="clinic-0")
    assert world.run(clinic=strangers).hold_reasons == {"payer-known": 1}
    assert world.run().claims_created == 1


def test_the_same_hold_opens_one_task_however_often_it_runs(world: World) -> None:
    hold_it(world)
    world.put(encounter(reasonCode=[{"text": "again"}]))
    world.run()
    assert len(world.data.all("Task")) == 1


def test_a_task_cancelled_with_a_reason_writes_the_visit_off(world: World) -> None:
    hold_it(world)
    (task,) = world.data.all("Task")
    world.put({**task, "status": "cancelled", "statusReason": {"text": "goodwill"}})
    report = world.run()
    assert (report.no_charge, report.holds) == (1, 0)
    assert world.data.all("Task")[0]["status"] == "cancelled"


def test_a_person_may_make_it_self_pay(world: World) -> None:
    hold_it(world)
    Billing(world.setup).rule("e1", Ruling(RulingKind.SELF_PAY, "asked", "biller", world.now))
    report = world.run()
    assert (report.self_pay, report.holds) == (1, 0), "no payer is told, so its member id no longer matters"


@pytest.mark.parametrize("done", [False, True], ids=["before it arrived", "after it arrived"])
def test_a_lost_connection_while_writing_leaves_exactly_one_claim(world: World, done: bool) -> None:
    world.host.fail("write", HostUnreachable("No answer."), done=done)
    first = world.run()
    assert first.pending_writes == 1
    report = world.run()
    assert report.pending_writes == 0
    assert len(world.data.all("Claim")) == 1
    assert len(world.data.all("Provenance")) == 1


def test_a_claim_the_host_refuses_stays_in_the_outbox_and_is_named(world: World) -> None:
    world.host.refuses = lambda resource: "no" if resource.get("resourceType") == "Claim" else None
    report = world.run()
    assert report.pending_writes == 1
    assert "Encounter/e1" in report.problems[0]
    world.host.refuses = lambda resource: None
    assert world.run().pending_writes == 0
    assert len(world.data.all("Claim")) == 1


def test_a_refused_group_never_blocks_the_others(world: World) -> None:
    another_day(world)
    world.host.refuses = lambda r: "no" if "e2" in str(r.get("item")) else None
    world.run()
    assert len(world.data.all("Claim")) == 1


def test_a_stale_pending_claim_is_not_written_after_the_visit_became_a_hold(world: World) -> None:
    world.host.fail("write", HostUnreachable("No answer."), times=1)
    world.run()
    world.put(coverage(subscriberId=...))
    world.host.fail("write", HostUnreachable("No answer."), times=1)
    world.run()
    world.run()
    assert [t["status"] for t in world.data.all("Task")] == ["requested"]
    assert not world.alive("Claim")


def test_a_restricted_visit_makes_no_claim(world: World) -> None:
    world.put(consent())
    report = world.run()
    assert (report.self_pay, report.claims) == (1, 0)
    assert not world.data.all("Claim")


def test_a_restriction_made_after_the_claim_cancels_the_unsent_claim(world: World) -> None:
    world.run()
    world.put(consent())
    world.run()
    assert not world.alive("Claim")


def test_a_changed_record_updates_the_claim_in_place(world: World) -> None:
    world.run()
    world.put(procedure(mins=45))
    report = world.run()
    assert report.claims_updated == 1
    (claim,) = world.data.all("Claim")
    assert claim["item"][0]["quantity"]["value"] == 3  # type: ignore[index]
    assert len(world.data.all("Provenance")) == 1


def test_a_sent_claim_whose_record_changed_is_held_and_left_alone(world: World) -> None:
    world.run()
    (claim,) = world.data.all("Claim")
    answer = {"resourceType": "ClaimResponse", "id": "r1", "status": "active", "outcome": "queued"}
    world.put({**answer, "request": {"reference": f"Claim/{claim['id']}"}})
    world.put(procedure(mins=45))
    assert world.run().hold_reasons == {"claim-state": 1}
    assert world.data.all("Claim")[0]["item"][0]["quantity"]["value"] == 2  # type: ignore[index]


def test_one_malformed_resource_holds_its_own_visit_and_no_other(world: World) -> None:
    another_day(world, code="massage")
    report = world.run()
    assert (report.claims, report.holds) == (1, 1)


def test_nothing_before_go_live_is_billed(world: World) -> None:
    report = world.run(start=date(2026, 12, 1))
    assert (report.claims, world.data.all("Claim")) == (0, [])


def test_a_visit_waits_until_it_settled_and_is_billed_without_another_change(world: World) -> None:
    assert world.run(settle=timedelta(hours=2)).waiting == 1
    world.now += timedelta(hours=3)
    assert world.run(settle=timedelta(hours=2)).claims_created == 1


def test_a_finished_visit_without_a_service_is_missed_revenue_after_two_days(world: World) -> None:
    world.data.remove("Procedure/a1")
    world.put(encounter(period={"start": "2026-11-23T09:00:00Z", "end": "2026-11-23T10:00:00Z"}))
    assert world.run().waiting == 1
    world.now += timedelta(hours=49)
    assert world.run().hold_reasons == {"service-recorded": 1}


def test_drafts_wait_for_approve(world: World) -> None:
    report = world.run(draft=True)
    assert report.drafts == 1
    assert world.data.all("Claim")[0]["status"] == "draft"
    world.setup = replace(world.setup, draft=True)
    Billing(world.setup).approve(None)
    assert world.data.all("Claim")[0]["status"] == "active"
    world.run()
    assert world.data.all("Claim")[0]["status"] == "active"


def test_a_dry_run_writes_and_remembers_nothing(world: World) -> None:
    report = Billing(world.setup).run(dry_run=True)
    assert (report.claims, report.dry_run) == (1, True)
    assert not world.data.all("Claim")
    assert not world.store.known("clinic", ["e1"])


def test_somebody_elses_claim_for_the_encounter_is_a_hold(world: World) -> None:
    from builders import claim

    world.put(claim())
    assert world.run().hold_reasons == {"already-billed": 1}


def test_a_host_that_takes_no_claims_keeps_them_as_drafts_in_the_outbox_and_says_so(world: World) -> None:
    poor = replace(world.host.capabilities(), writable=frozenset())
    world.host = MemoryHost("clinic", store=world.data, capabilities=poor)
    world.setup = replace(world.setup, host=world.host)
    report = world.run()
    assert report.pending_writes == 1
    assert "outbox" in report.problems[0]
    assert world.run().pending_writes == 1


def test_keys_stand_on_what_was_written(world: World) -> None:
    world.run()
    systems = [i["system"] for i in world.data.all("Claim")[0]["identifier"]]  # type: ignore[attr-defined,index]
    assert systems == [names.SID_CLAIM_KEY, names.SID_VISIT_KEY]


def test_a_refused_read_is_an_error_and_loses_nothing(world: World) -> None:
    world.host.fail("changes", HostRejected("No."))
    with pytest.raises(HostRejected):
        world.run()
    assert world.run().claims_created == 1


def test_a_coverage_entered_after_the_visit_was_decided_as_self_pay_bills_it(world: World) -> None:
    world.data.remove("Coverage/c1")
    assert world.run().self_pay == 1
    world.put(coverage())
    assert world.run().claims_created == 1


def test_a_therapist_whose_record_arrives_late_bills_the_visit(world: World) -> None:
    world.data.remove("Practitioner/t1")
    assert world.run().holds == 1
    world.put(practitioner())
    assert world.run().claims_created == 1


def test_a_payer_that_nobody_mapped_is_named_once_for_all_its_visits(world: World) -> None:
    report = world.run(clinic=replace(CLINIC, payers=(), digest="clinic-0"))
    assert report.unknown_payers == ("Organization/o2",)


def test_a_payer_that_is_mapped_to_no_policy_is_held_and_needs_no_line(world: World) -> None:
    payers = (replace(CLINIC.payers[0], policy="no-such-plan"),)
    report = world.run(clinic=replace(CLINIC, payers=payers, digest="clinic-0"))
    assert (report.holds, report.unknown_payers) == (1, ())


def test_who_names_no_visit_lets_no_draft_go(world: World) -> None:
    """As a job whose only patient was forgotten before it began."""
    world.setup = replace(world.setup, draft=True)
    world.run()
    report = Billing(world.setup).approve([])
    assert (report.problems, report.visits) == ((), 0)
    assert [claim["status"] for claim in world.data.all("Claim")] == ["draft"]


def test_only_the_draft_that_was_looked_at_is_let_go(world: World) -> None:
    """A run replaced it after its page was shown: nobody has approved what it says now."""
    world.setup = replace(world.setup, draft=True)
    world.run()
    (shown,) = world.setup.store.rows("clinic")
    world.put(procedure(mins=45))
    world.run()
    (problem,) = Billing(world.setup).approve(["e1"], {"e1": shown.digest}).problems
    assert "not approved, its draft was replaced after it was looked at" in problem
    assert [claim["status"] for claim in world.data.all("Claim")] == ["draft"]
    (now,) = world.setup.store.rows("clinic")
    assert Billing(world.setup).approve(["e1"], {"e1": now.digest}).problems == ()
    assert [claim["status"] for claim in world.data.all("Claim")] == ["active"]


def test_a_draft_whose_record_changed_is_not_approved_by_mistake(world: World) -> None:
    world.setup = replace(world.setup, draft=True)
    world.run()
    world.put(consent())
    report = Billing(world.setup).approve(["e1"])
    assert "not approved" in report.problems[0]
    assert [claim["status"] for claim in world.data.all("Claim")] == ["cancelled"]


def test_bill_it_answers_the_record_as_it_stood_and_not_what_it_becomes(world: World) -> None:
    all_day = {"start": "2026-11-20T08:00:00-08:00", "end": "2026-11-20T17:00:00-08:00"}
    world.put(encounter(period=all_day), procedure(mins=70))
    assert world.run().hold_reasons == {"mue": 1}
    Billing(world.setup).rule("e1", Ruling(RulingKind.BILL, "documented", "biller", world.now))
    assert world.run().claims_created == 1
    world.put(procedure(mins=300))
    assert world.run().hold_reasons == {"mue": 1}
    assert not world.alive("Claim")


def test_a_record_that_is_reopened_takes_its_unsent_claim_back(world: World) -> None:
    world.run()
    world.put(encounter(status="in-progress"))
    world.run()
    assert not world.alive("Claim")
    world.put(encounter())
    world.run()
    assert len(world.alive("Claim")) == 1


def test_a_claim_that_a_person_cancelled_is_noticed_by_itself(world: World) -> None:
    world.run()
    world.put({**world.data.all("Claim")[0], "status": "cancelled"})
    assert world.run().hold_reasons == {"claim-state": 1}


def test_since_reads_again_and_never_moves_the_cursor(world: World) -> None:
    world.run()
    before = world.store.cursor("clinic")
    Billing(world.setup).run(since=world.now + timedelta(days=1))
    assert world.store.cursor("clinic") == before


def test_a_status_nobody_can_read_is_held_not_waited_for(world: World) -> None:
    world.put(encounter(status="Finished"))
    assert world.run().holds == 1


def test_a_date_of_service_still_to_come_waits(world: World) -> None:
    later = {"start": "2026-12-20T10:00:00-08:00", "end": "2026-12-20T11:00:00-08:00"}
    world.put(encounter(period=later), procedure(performedDateTime="2026-12-20T10:00:00-08:00"))
    assert world.run().waiting == 1
