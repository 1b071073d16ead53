"""What is written for a visit, by what stands on the host already (DESIGN 16 to 19)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from massage_billing.fhir import names
from massage_billing.fhir.claim_state import (
    Evidence,
    ProvenanceOnHost,
    Sending,
    cancel,
    evidence_of,
    our_claims,
)
from massage_billing.fhir.keys import claim_key, visit_key
from massage_billing.fhir.tasks import REOPENED_NOTE, read_task
from massage_billing.model import (
    Because,
    ClaimLine,
    Coverage,
    CoverageKind,
    Decision,
    Effect,
    Finding,
    NotBilled,
    Outcome,
    PayerRef,
    Result,
    Therapist,
    Visit,
    Who,
)
from massage_billing.ports import Operation, VisitState
from massage_billing.run.planning import Change, Plan, Situation, Terms, plan

DAY = date(2026, 11, 20)
TERMS = Terms(
    now="2026-11-23T10:00:00Z",
    draft=False,
    billing_npi=None,
    solo=False,
    rulebook="book",
    clinic="clinic",
    check=lambda claim: [],
)
VISIT = Visit(
    host="clinic",
    encounter="e1",
    status="finished",
    patient="Patient/p1",
    date=DAY,
    place_of_service="11",
    organization="Organization/o1",
)


def line(units: int = 2, price: str = "35.50") -> ClaimLine:
    return ClaimLine(
        code="97140",
        units=units,
        minutes=30,
        modifiers=(),
        charge=Decimal(price) * units,
        unit_price=Decimal(price),
        diagnosis_pointers=(1,),
        procedures=("s1",),
        therapist=Therapist("Practitioner/t1", "1234567893", ("225700000X",)),
        because=(Because("timed-units", "2000-01-01", date(2000, 1, 1), "source"),),
    )


COVERAGE = Coverage("Coverage/c1", "active", CoverageKind.HEALTH, PayerRef("Organization/payer"), member_id="M1")
CLAIM = Decision(
    Outcome.CLAIM, "e1", DAY, lines=(line(),), diagnoses=("M54.50",), payer="plan", policy="x", coverage=COVERAGE
)
HOLD = Decision(
    Outcome.HOLD,
    "e1",
    DAY,
    lines=(line(),),
    diagnoses=("M54.50",),
    findings=(
        Finding(
            "minutes-documented",
            "2000-01-01",
            Result.NO_DATA,
            Effect.HOLD,
            "Procedure/s1 carries no minutes.",
            "Write them.",
            Who.THERAPIST,
        ),
    ),
)
NOTHING = Decision(Outcome.NO_CHARGE, "e1", DAY)


def on_host(body: bytes, kind: str, id_: str, version: str = "1", **change: object) -> dict[str, object]:
    """A written body as the host would give it back: parsed by a parser that loses cents, with id and meta."""
    resource = json.loads(body)
    resource |= {"id": id_, "meta": {**resource.get("meta", {}), "versionId": version}}
    return {**resource, **change}


def written(decision: Decision = CLAIM, id_: str = "12", **change: object) -> dict[str, object]:
    made = plan(Situation(VISIT, decision), TERMS)
    assert made.group is not None
    return on_host(made.group.writes[0].body, "Claim", id_, **change)


def claims(*resources: dict[str, object]):  # type: ignore[no-untyped-def]
    return our_claims(resources, "clinic", "e1")


def bodies(made: Plan) -> list[dict[str, object]]:
    return [json.loads(write.body) for write in made.group.writes] if made.group else []


def test_a_new_claim_is_created_with_its_provenance_under_keys_that_anybody_can_compute_again() -> None:
    made = plan(Situation(VISIT, CLAIM), TERMS)
    key = claim_key("clinic", "e1", 0)
    assert made.group is not None
    assert made.group.key == visit_key("clinic", "e1")
    claim, provenance = made.group.writes
    assert (claim.operation, claim.match) == (Operation.CREATE, f"identifier={names.SID_CLAIM_KEY}|{key}")
    assert provenance.match == f"_tag={names.SID_CLAIM_KEY}|{key}"
    assert json.loads(provenance.body)["target"] == [{"reference": claim.full_url}]
    assert b'"value":71.00,"currency":"USD"' in claim.body
    assert (made.change, made.row.state) == (Change.CREATED, VisitState.CLAIMED)


def test_the_same_claim_on_the_host_writes_nothing() -> None:
    made = plan(Situation(VISIT, CLAIM, claims=claims(written())), TERMS)
    assert (made.group, made.change) == (None, Change.NONE)


def test_the_time_of_writing_does_not_make_a_claim_another_one() -> None:
    later = replace(TERMS, now="2027-01-01T00:00:00Z")
    assert plan(Situation(VISIT, CLAIM, claims=claims(written())), later).group is None


def test_an_approved_draft_is_left_as_it_is() -> None:
    draft = replace(TERMS, draft=True)
    approved = written(status="active")
    assert plan(Situation(VISIT, CLAIM, claims=claims(approved)), draft).group is None


def test_a_draft_waits_and_says_so() -> None:
    made = plan(Situation(VISIT, CLAIM), replace(TERMS, draft=True))
    assert made.row.draft
    assert bodies(made)[0]["status"] == "draft"


CHANGED = replace(CLAIM, lines=(line(units=3),))


def test_a_changed_record_updates_the_unsent_claim_where_it_stands() -> None:
    situation = Situation(
        VISIT,
        CHANGED,
        claims=claims(written(version="4")),
        provenances=(ProvenanceOnHost("Provenance/13", "2", "Claim/12"),),
    )
    made = plan(situation, TERMS)
    assert made.group is not None
    claim, provenance = made.group.writes
    assert (claim.operation, claim.target, claim.if_match) == (Operation.UPDATE, "Claim/12", "4")
    assert json.loads(claim.body)["id"] == "12"
    assert (provenance.operation, provenance.target, provenance.if_match) == (Operation.UPDATE, "Provenance/13", "2")
    assert made.change is Change.UPDATED


def test_sent_and_unanswered_and_changed_is_a_hold_that_touches_no_claim() -> None:
    evidence = {"Claim/12": Evidence(Sending.SENT, "ClaimResponse/9")}
    made = plan(Situation(VISIT, CHANGED, claims=claims(written()), evidence=evidence), TERMS)
    assert made.decision.outcome is Outcome.HOLD
    assert [write.type for write in made.group.writes] == ["Task"]  # type: ignore[union-attr]
    assert made.decision.holds[-1].row == "sent-and-changed"


def test_rejected_before_adjudication_is_sent_anew_as_an_original() -> None:
    evidence = {"Claim/12": Evidence(Sending.REJECTED, "ClaimResponse/9")}
    made = plan(Situation(VISIT, CHANGED, claims=claims(written()), evidence=evidence), TERMS)
    rejected, claim, _ = bodies(made)
    assert (rejected["id"], rejected["status"]) == ("12", "cancelled"), "nobody may send the rejected one again"
    assert claim["identifier"][0]["value"] == claim_key("clinic", "e1", 1)  # type: ignore[index]
    assert claim["identifier"][1]["value"] == visit_key("clinic", "e1")  # type: ignore[index]
    assert "related" not in claim
    assert made.change is Change.REVISED


def test_adjudicated_and_changed_is_replaced_with_the_payers_claim_number() -> None:
    evidence = {"Claim/12": Evidence(Sending.ADJUDICATED, "ClaimResponse/9", "PAYER-77")}
    made = plan(Situation(VISIT, CHANGED, claims=claims(written()), evidence=evidence), TERMS)
    claim = bodies(made)[0]
    assert claim["related"][0]["reference"] == {"value": "PAYER-77"}  # type: ignore[index]
    assert claim["related"][0]["claim"] == {"reference": "Claim/12"}  # type: ignore[index]
    assert {"url": names.EXT_CLAIM_FREQUENCY, "valueCode": "7"} in claim["extension"]  # type: ignore[operator]


def test_adjudicated_without_the_payers_claim_number_is_a_hold() -> None:
    evidence = {"Claim/12": Evidence(Sending.ADJUDICATED, "ClaimResponse/9")}
    made = plan(Situation(VISIT, CHANGED, claims=claims(written()), evidence=evidence), TERMS)
    assert made.decision.holds[-1].row == "no-payer-claim-number"


@pytest.mark.parametrize("decision", [HOLD, NOTHING], ids=["held", "nothing billable"])
def test_an_unsent_claim_that_is_no_longer_billable_is_cancelled_and_keeps_its_cents(decision: Decision) -> None:
    made = plan(Situation(VISIT, decision, claims=claims(written())), TERMS)
    assert made.group is not None
    assert json.loads(made.group.writes[0].body)["status"] == "cancelled"
    assert b'"value":35.50' in made.group.writes[0].body
    assert made.change is Change.CANCELLED


def test_a_claim_we_cancelled_comes_back_when_it_is_billable_again() -> None:
    current = claims(written())[0]
    cancelled = {**cancel(current), "meta": {"versionId": "2"}}
    made = plan(Situation(VISIT, CLAIM, claims=claims(cancelled)), TERMS)
    assert bodies(made)[0]["status"] == "active"
    assert made.group.writes[0].if_match == "2"  # type: ignore[union-attr]


def test_a_claim_a_person_cancelled_is_never_written_again_but_held() -> None:
    made = plan(Situation(VISIT, CLAIM, claims=claims(written(status="cancelled"))), TERMS)
    assert made.decision.holds[-1].row == "cancelled-by-person"
    assert [write.type for write in made.group.writes] == ["Task"]  # type: ignore[union-attr]


def test_of_two_claims_with_one_key_the_lower_id_stays() -> None:
    made = plan(Situation(VISIT, CLAIM, claims=claims(written(id_="20"), written(id_="9"))), TERMS)
    (write,) = made.group.writes  # type: ignore[union-attr]
    assert (write.target, json.loads(write.body)["status"]) == ("Claim/20", "entered-in-error")


def test_of_two_claims_with_one_key_the_sent_one_stays() -> None:
    evidence = {"Claim/20": Evidence(Sending.SENT, "ClaimResponse/1")}
    situation = Situation(VISIT, CLAIM, claims=claims(written(id_="20"), written(id_="9")), evidence=evidence)
    (write,) = plan(situation, TERMS).group.writes  # type: ignore[union-attr]
    assert write.target == "Claim/9"


def test_two_sent_claims_with_one_key_are_a_hold() -> None:
    evidence = {f"Claim/{n}": Evidence(Sending.SENT, "ClaimResponse/1") for n in (9, 20)}
    situation = Situation(VISIT, CLAIM, claims=claims(written(id_="20"), written(id_="9")), evidence=evidence)
    assert plan(situation, TERMS).decision.holds[-1].row == "two-claims-sent"


def test_a_claim_our_own_checks_refuse_is_held_not_written() -> None:
    made = plan(Situation(VISIT, CLAIM), replace(TERMS, check=lambda claim: ["total is not the sum of the lines"]))
    assert [write.type for write in made.group.writes] == ["Task"]  # type: ignore[union-attr]


# --- the Task -------------------------------------------------------------------------------------------------------


def task(decision: Decision = HOLD, **change: object):  # type: ignore[no-untyped-def]
    made = plan(Situation(VISIT, decision), TERMS)
    assert made.group is not None
    return read_task(on_host(made.group.writes[-1].body, "Task", "14", **change))


def test_a_hold_opens_one_task() -> None:
    made = plan(Situation(VISIT, HOLD), TERMS)
    (write,) = made.group.writes  # type: ignore[union-attr]
    assert write.match == f"identifier={names.SID_CLAIM_KEY}|{claim_key('clinic', 'e1', 0)}"
    assert made.hold_opened


def test_the_same_hold_again_writes_nothing() -> None:
    assert plan(Situation(VISIT, HOLD, task=task()), TERMS).group is None


def test_another_finding_updates_the_open_task() -> None:
    other = replace(HOLD, findings=(replace(HOLD.findings[0], message="Procedure/s1 has two sources."),))
    made = plan(Situation(VISIT, other, task=task()), TERMS)
    assert made.group.writes[0].target == "Task/14"  # type: ignore[union-attr]
    assert not made.hold_opened


def test_a_fixed_hold_closes_its_task_and_bills_in_one_group() -> None:
    made = plan(Situation(VISIT, CLAIM, task=task()), TERMS)
    assert [write.type for write in made.group.writes] == ["Claim", "Provenance", "Task"]  # type: ignore[union-attr]
    assert json.loads(made.group.writes[2].body)["status"] == "completed"  # type: ignore[union-attr]
    assert made.hold_closed


def test_a_task_completed_while_the_rule_still_fails_is_opened_again_once() -> None:
    made = plan(Situation(VISIT, HOLD, task=task(status="completed")), TERMS)
    opened = bodies(made)[0]
    assert opened["status"] == "requested"
    assert [note["text"] for note in opened["note"]] == [REOPENED_NOTE]  # type: ignore[attr-defined,index]
    again = read_task({**opened, "status": "completed", "meta": {"versionId": "3"}})
    assert plan(Situation(VISIT, HOLD, task=again), TERMS).group is None


def test_a_task_we_completed_opens_again_when_the_hold_comes_back() -> None:
    closed = plan(Situation(VISIT, CLAIM, task=task()), TERMS)
    settled = read_task({**bodies(closed)[2], "meta": {"versionId": "2"}})
    made = plan(Situation(VISIT, HOLD, task=settled), TERMS)
    assert bodies(made)[0]["status"] == "requested"
    assert "note" not in bodies(made)[0]


def test_plans_are_the_same_bytes_every_time() -> None:
    assert plan(Situation(VISIT, CLAIM), TERMS) == plan(Situation(VISIT, CLAIM), TERMS)


@pytest.mark.parametrize("id_", ["Procedure/a1#t", "Practitioner?identifier=npi|1234567893"])
def test_a_therapist_without_a_record_of_its_own_is_named_by_npi(id_: str) -> None:
    therapist = Therapist(id_, "1234567893")
    made = plan(Situation(VISIT, replace(CLAIM, lines=(replace(line(), therapist=therapist),))), TERMS)
    (member,) = bodies(made)[0]["careTeam"]  # type: ignore[misc]
    assert member["provider"] == {
        "type": "Practitioner",
        "identifier": {"system": names.NPI, "value": "1234567893"},
    }


def revised(**change: object) -> dict[str, object]:
    """Revision 1 on the host: it replaces the adjudicated Claim/12."""
    evidence = {"Claim/12": Evidence(Sending.ADJUDICATED, "ClaimResponse/9", "PAYER-77")}
    made = plan(Situation(VISIT, CHANGED, claims=claims(written()), evidence=evidence), TERMS)
    assert made.group is not None
    return on_host(made.group.writes[0].body, "Claim", "30", **change)


ADJUDICATED = {"Claim/12": Evidence(Sending.ADJUDICATED, "ClaimResponse/9", "PAYER-77")}


def test_a_replacement_that_stands_as_decided_is_left_alone() -> None:
    situation = Situation(VISIT, CHANGED, claims=claims(written(), revised()), evidence=ADJUDICATED)
    assert plan(situation, TERMS).group is None


@pytest.mark.parametrize("cancelled", [False, True], ids=["not sent yet", "cancelled by us meanwhile"])
def test_a_replacement_that_changes_before_it_is_sent_stays_a_replacement(cancelled: bool) -> None:
    current = claims(written(), revised())
    again = {**cancel(current[1]), "meta": {"versionId": "2"}} if cancelled else revised()
    situation = Situation(VISIT, CLAIM, claims=claims(written(), again), evidence=ADJUDICATED)
    claim = bodies(plan(situation, TERMS))[0]
    assert (claim["id"], claim["status"]) == ("30", "active")
    assert {"url": names.EXT_CLAIM_FREQUENCY, "valueCode": "7"} in claim["extension"]  # type: ignore[operator]
    assert claim["related"][0]["reference"] == {"value": "PAYER-77"}  # type: ignore[index]


def test_adjudicated_and_nothing_billable_any_more_is_voided() -> None:
    gone = replace(NOTHING, not_billed=(NotBilled("97140", "s1", 30, "entered-in-error", "visit-finished"),))
    situation = Situation(VISIT, gone, claims=claims(written()), evidence=ADJUDICATED)
    void, provenance = bodies(plan(situation, TERMS))
    assert {"url": names.EXT_CLAIM_FREQUENCY, "valueCode": "8"} in void["extension"]  # type: ignore[operator]
    assert void["identifier"][0]["value"] == claim_key("clinic", "e1", 1)  # type: ignore[index]
    assert void["item"] == bodies(plan(Situation(VISIT, CLAIM), TERMS))[0]["item"]
    assert len(provenance["entity"]) == 2  # type: ignore[arg-type]
    voided = on_host(json.dumps(void).encode(), "Claim", "31")
    again = Situation(VISIT, gone, claims=claims(written(), voided), evidence=ADJUDICATED)
    assert plan(again, TERMS).group is None
    back = replace(again, decision=CLAIM)
    assert plan(back, TERMS).decision.holds[-1].row == "void-on-its-way"


def test_adjudicated_and_only_held_waits_for_the_fix_and_touches_no_claim() -> None:
    made = plan(Situation(VISIT, HOLD, claims=claims(written()), evidence=ADJUDICATED), TERMS)
    assert [write.type for write in made.group.writes] == ["Task"]  # type: ignore[union-attr]


def test_an_answer_to_a_claim_we_cancelled_counts_as_sent() -> None:
    gone = {**cancel(claims(written())[0]), "meta": {"versionId": "2"}}
    evidence = {"Claim/12": Evidence(Sending.SENT, "ClaimResponse/9")}
    made = plan(Situation(VISIT, CLAIM, claims=claims(gone), evidence=evidence), TERMS)
    assert made.decision.holds[-1].row == "sent-and-changed"


def test_a_draft_that_changes_stays_a_draft() -> None:
    made = plan(Situation(VISIT, CHANGED, claims=claims(written(status="draft"))), TERMS)
    assert (bodies(made)[0]["status"], made.row.draft) == ("draft", True)


@pytest.mark.parametrize(
    "request_",
    [
        {"reference": "Claim/12"},
        {"reference": "Claim/12/_history/1"},
        {"reference": "https://host.example/fhir/Claim/12"},
        {"identifier": {"system": names.SID_CLAIM_KEY, "value": claim_key("clinic", "e1", 0)}},
    ],
)
def test_an_answer_is_known_whatever_form_its_reference_has(request_: dict[str, object]) -> None:
    answer = {"resourceType": "ClaimResponse", "id": "9", "status": "active", "outcome": "queued", "request": request_}
    assert evidence_of(claims(written())[0], [answer]).state is Sending.SENT


def test_an_answer_to_another_claim_is_none_to_this_one() -> None:
    answer = {"resourceType": "ClaimResponse", "id": "9", "status": "active", "outcome": "queued"}
    assert evidence_of(claims(written())[0], [{**answer, "request": {"reference": "Claim/112"}}]) == Evidence()
