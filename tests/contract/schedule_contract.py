"""What every host with a calendar keeps to: coming appointments, who was seen before, questions and answers.

Join as ``HostContract`` says; the same rigs do. ``calendar()`` is the data.
"""

from __future__ import annotations

from datetime import date
from typing import Any, cast

import pytest

from builders import (
    claim,
    concept,
    consent,
    coverage,
    encounter,
    location,
    organization,
    payer,
    practitioner,
    practitioner_role,
    ref,
    resource,
    service_request,
)
from contract.host_contract import Rig, _claim_frame, _scope, create
from massage_billing.fhir import names
from massage_billing.fhir.keys import appointment_key, full_url
from massage_billing.ports import AppointmentRecord, JsonObject, Schedule, WriteGroup

Json = dict[str, Any]
COMPLETE = (
    "Appointment/m1 Patient/p1 Coverage/c1 Organization/o1 Organization/o2 Consent/n1 ServiceRequest/s1 "
    "ServiceRequest/s2 Practitioner/t1 Practitioner/t2 PractitionerRole/r1 PractitionerRole/r2 Location/l1 "
    "Claim/pa1 ClaimResponse/pr1 CoverageEligibilityResponse/r1 OrganizationAffiliation/f1"
)
"""What the record of m1 has, of the types that a host offers."""
KEY = "MQ234567ABCDEFGHIJKL"
"""A question's key."""
FIRST, LAST = date(2026, 12, 1), date(2026, 12, 3)


def booked(id: str, day: str, patient: str, **changes: Any) -> Json:
    """An Appointment of one hour."""
    base = {
        "status": "booked",
        "start": f"2026-12-{day}T09:00:00-07:00",
        "end": f"2026-12-{day}T10:00:00-07:00",
        "participant": [
            {"actor": ref(one), "status": "accepted"} for one in (patient, "Practitioner/t1", "Location/l1")
        ],
    }
    return resource("Appointment", id, base, changes)


def preauthorization(id: str, use: str = "preauthorization") -> Json:
    """A Claim that asks for an authorization, of no visit."""
    item = {"sequence": 1, "productOrService": concept(names.CPT, "97124"), "quantity": {"value": 8}}
    return claim(id, **_claim_frame(), use=use, item=[item])


def granted(id: str, request: str, use: str = "preauthorization") -> Json:
    base = {
        "status": "active",
        "type": concept(names.CLAIM_TYPE, "professional"),
        "use": use,
        "patient": ref("Patient/p1"),
        "created": "2026-11-10",
        "insurer": ref("Organization/o2"),
        "request": ref(request),
        "outcome": "complete",
        "preAuthRef": "A7",
    }
    return resource("ClaimResponse", id, base, {})


def asked(id: str | None = "q1", **changes: Any) -> Json:
    base: Json = {
        "status": "active",
        "purpose": ["validation", "benefits"],
        "patient": ref("Patient/p1"),
        "created": "2026-11-28",
        "insurer": ref("Organization/o2"),
        "insurance": [{"coverage": ref("Coverage/c1")}],
    }
    return resource("CoverageEligibilityRequest", id or "", base, changes if id else {"id": ..., **changes})


def answered(id: str | None, request: str, created: str = "2026-11-28", **changes: Any) -> Json:
    base: Json = {
        "status": "active",
        "purpose": ["validation", "benefits"],
        "patient": ref("Patient/p1"),
        "created": created,
        "request": ref(request),
        "outcome": "complete",
        "insurer": ref("Organization/o2"),
        "insurance": [{"coverage": ref("Coverage/c1"), "inforce": True}],
    }
    return resource("CoverageEligibilityResponse", id or "", base, changes if id else {"id": ..., **changes})


def calendar() -> list[Json]:
    """Two patients with an appointment each in three days; around them a cancelled one, a later one, old answers."""
    patients = [{"resourceType": "Patient", "id": one, "name": [{"family": "Synthetic"}]} for one in ("p1", "p2")]
    affiliation = {
        "active": True,
        "organization": ref("Organization/o2"),
        "participatingOrganization": ref("Organization/o1"),
    }
    before = {"period": {"start": "2026-11-02T10:00:00-07:00"}, "meta": ..., "diagnosis": ...}
    return [
        organization(),
        payer(),
        location(managingOrganization=ref("Organization/o1")),
        practitioner(),
        practitioner("t2"),
        practitioner_role("r1"),
        practitioner_role("r2", organization=ref("Organization/o2"), active=True),
        resource("OrganizationAffiliation", "f1", affiliation, {}),
        *patients,
        resource("RelatedPerson", "rp1", {"patient": ref("Patient/p2"), "name": [{"family": "Synthetic"}]}, {}),
        coverage("c1", subscriber=ref("Patient/p1")),
        coverage("c2", beneficiary=ref("Patient/p2"), subscriber=ref("RelatedPerson/rp1")),
        consent("n1", scope=_scope(), category=[_scope()]),
        service_request("s1"),
        service_request("s2"),
        service_request("s3", status="completed"),
        encounter("e1", **before),
        encounter("e2", **{**before, "status": "cancelled", "subject": ref("Patient/p2")}),
        preauthorization("pa1"),
        preauthorization("pd1", "predetermination"),
        claim("x1", **_claim_frame(), item=_billed("e1")),
        granted("pr1", "Claim/pa1"),
        granted("pr2", "Claim/pd1", "predetermination"),
        asked("q1"),
        answered("r1", "CoverageEligibilityRequest/q1"),
        answered("r0", "CoverageEligibilityRequest/q1", "2024-11-28"),
        booked("m1", "01", "Patient/p1", basedOn=[ref("ServiceRequest/s1")]),
        booked("m2", "03", "Patient/p2"),
        booked("m3", "02", "Patient/p2", status="cancelled"),
        booked("m4", "20", "Patient/p2"),
    ]


def _billed(visit: str) -> list[Json]:
    line = {"sequence": 1, "productOrService": concept(names.CPT, "97124")}
    return [{**line, "encounter": [ref(f"Encounter/{visit}")]}]


def schedule(rig: Rig) -> Schedule:
    assert isinstance(rig.host, Schedule)
    return rig.host


def coming(rig: Rig) -> dict[str, AppointmentRecord]:
    """The appointments of the days, each given once."""
    records = list(schedule(rig).appointments(FIRST, LAST))
    assert len(records) == len({record.appointment for record in records})
    return {record.appointment: record for record in records}


class ScheduleContract:
    """The tests of what lies ahead."""

    def test_gives_the_appointments_of_these_days(self, rig: Rig) -> None:
        rig.put(*calendar())
        assert coming(rig).keys() == {"m1", "m2"}

    def test_no_appointments_are_none(self, rig: Rig) -> None:
        assert coming(rig) == {}
        assert list(schedule(rig).appointments_by_id([])) == []

    def test_an_appointment_is_complete(self, rig: Rig) -> None:
        rig.put(*calendar())
        found = coming(rig)["m1"].resources
        offered = rig.host.capabilities().readable
        wanted = {key for key in COMPLETE.split() if key.partition("/")[0] in offered}
        assert sorted(wanted - found.keys()) == []
        assert all(found[key]["resourceType"] == key.partition("/")[0] for key in found)
        assert coming(rig)["m1"].unreadable == ()

    def test_the_subscriber_comes_along(self, rig: Rig) -> None:
        rig.put(*calendar())
        assert {"Coverage/c2", "RelatedPerson/rp1"} <= coming(rig)["m2"].resources.keys()

    def test_leaves_out_what_does_not_bear_on_it(self, rig: Rig) -> None:
        """Closed orders, predeterminations, Claims of visits, answers of long ago, another patient's coverage."""
        rig.put(*calendar())
        found = coming(rig)["m1"].resources
        strange = "ServiceRequest/s3 Claim/pd1 Claim/x1 CoverageEligibilityResponse/r0 Coverage/c2 Patient/p2"
        assert found.keys().isdisjoint(strange.split())

    def test_gives_the_appointments_asked_for_whatever_their_status(self, rig: Rig) -> None:
        rig.put(*calendar())
        records = {one.appointment: one for one in schedule(rig).appointments_by_id(["m3", "gone", "m4", "m3"])}
        assert records.keys() == {"m3", "m4"}
        assert {"Patient/p2", "Coverage/c2", "Organization/o2"} <= records["m3"].resources.keys()

    def test_tells_who_had_a_visit_before(self, rig: Rig) -> None:
        """A cancelled visit is none, and neither is one on the day itself."""
        rig.put(*calendar())
        patients = ["Patient/p1", "Patient/p2", "Patient/nobody"]
        assert schedule(rig).seen_before(patients, FIRST) == {"Patient/p1"}
        assert schedule(rig).seen_before(patients, date(2026, 11, 2)) == set()
        assert schedule(rig).seen_before([], FIRST) == set()


class QuestionsContract(ScheduleContract):
    """The tests of a host that takes questions and answers about coverage."""

    @pytest.fixture
    def asking(self, rig: Rig) -> Rig:
        """The rig with its calendar, where the host takes them."""
        if not {"CoverageEligibilityRequest", "CoverageEligibilityResponse"} <= rig.host.capabilities().writable:
            pytest.skip("this host takes no CoverageEligibilityRequest, and says so")
        rig.put(*calendar())
        return rig

    def test_finds_the_answers_to_questions(self, asking: Rig) -> None:
        found = schedule(asking).eligibility_responses(["CoverageEligibilityRequest/q1"])
        assert {one["id"] for one in found} == {"r0", "r1"}
        assert list(schedule(asking).eligibility_responses(["CoverageEligibilityRequest/q2"])) == []
        assert list(schedule(asking).eligibility_responses([])) == []

    def test_writes_a_question_with_its_answer_and_finds_both_by_their_key(self, asking: Rig) -> None:
        (result,) = asking.host.write([question_group(KEY)])
        assert result.problem is None
        request, response = result.written
        assert (request.created, response.created) == (True, True)
        (found,) = asking.host.find("CoverageEligibilityResponse", [KEY, "MQNOBODY"])
        assert _request_of(found).endswith(request.reference)
        assert [
            f"{one['resourceType']}/{one['id']}" for one in asking.host.find("CoverageEligibilityRequest", [KEY])
        ] == [request.reference]

    def test_a_question_is_written_once(self, asking: Rig) -> None:
        (first,) = asking.host.write([question_group(KEY)])
        (second,) = asking.host.write([question_group(KEY)])
        assert [one.reference for one in second.written] == [one.reference for one in first.written]
        assert not any(one.created for one in second.written)
        assert len(list(asking.host.find("CoverageEligibilityResponse", [KEY]))) == 1

    def test_finds_the_task_of_an_appointment_by_its_key(self, asking: Rig) -> None:
        key = appointment_key("clinic", "m1")
        body = {
            "resourceType": "Task",
            "identifier": [{"system": names.SID_APPOINTMENT_KEY, "value": key}],
            "status": "requested",
            "intent": "order",
            "focus": ref("Appointment/m1"),
            "for": ref("Patient/p1"),
        }
        match = f"identifier={names.SID_APPOINTMENT_KEY}|{key}"
        (result,) = asking.host.write(
            [WriteGroup(f"{key}/task", "m1", (create("Task", body, full_url("Task", key), match),))]
        )
        assert result.problem is None
        (found,) = asking.host.find("Task", [key])
        assert f"Task/{found['id']}" == result.written[0].reference


def question_group(key: str) -> WriteGroup:
    """A question with the answer to it, each created once."""
    url = full_url("CoverageEligibilityRequest", key)
    identifier = [{"system": names.SID_QUESTION_KEY, "value": key}]
    match = f"identifier={names.SID_QUESTION_KEY}|{key}"
    request, response = asked(None, identifier=identifier), answered(None, url, identifier=identifier)
    return WriteGroup(
        f"{key}/answer",
        "m1",
        (
            create("CoverageEligibilityRequest", request, url, match),
            create("CoverageEligibilityResponse", response, full_url("CoverageEligibilityResponse", key), match),
        ),
    )


def _request_of(response: JsonObject) -> str:
    request = cast("Json", response["request"])
    return str(request["reference"]).split("/_history")[0]
