"""A coming appointment, as its record tells it."""

from __future__ import annotations

import copy
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import (
    NPI,
    bill_to,
    concept,
    consent,
    coverage,
    cpt,
    location,
    organization,
    patient_identifier,
    payer,
    practitioner,
    practitioner_role,
    reading,
    ref,
    resource,
    service_request,
)
from massage_billing.fhir import names
from massage_billing.fhir.appointment import read_appointment
from massage_billing.fhir.visit import Shared
from massage_billing.model import (
    AnswerKind,
    Appointment,
    CoverageKind,
    CredentialKind,
    PaperKind,
    Payer,
    Person,
    Problem,
    Result,
)
from massage_billing.ports import AppointmentRecord

Json = dict[str, Any]
BLUE = Payer("blue", CoverageKind.HEALTH, "p", references=frozenset({"Organization/o2"}))
RELATIONSHIP = "http://terminology.hl7.org/CodeSystem/subscriber-relationship"


def patient(id: str = "p1", **changes: Any) -> Json:
    base = {
        "name": [{"use": "official", "family": "Synthetic", "given": ["Ana", "Maria"]}],
        "birthDate": "1980-02-29",
        "gender": "female",
    }
    return resource("Patient", id, base, changes)


def participant(actor: str, status: str | None = "accepted") -> Json:
    return {"actor": ref(actor), **({"status": status} if status else {})}


def booked(*others: Json, **changes: Any) -> Json:
    base = {
        "meta": {"versionId": "4"},
        "status": "booked",
        "start": "2026-12-01T23:30:00-07:00",
        "end": "2026-12-02T00:30:00-07:00",
        "participant": [participant(one) for one in ("Patient/p1", "Practitioner/t1", "Location/l1")] + list(others),
    }
    return resource("Appointment", "m1", base, changes)


def class_(kind: str, value: str) -> Json:
    return {"type": concept("http://terminology.hl7.org/CodeSystem/coverage-class", kind), "value": value}


def record(*resources: Json, **more: Any) -> AppointmentRecord:
    """A record of these; the usual ones are added where none of their key is."""
    usual = [booked(), patient(), practitioner(), location(), organization(), payer(), coverage()]
    keyed = {f"{one['resourceType']}/{one['id']}": one for one in (*usual, *resources)}
    return AppointmentRecord("m1", keyed, **more)


def read(*resources: Json, payers: tuple[Payer, ...] = (BLUE,), **changes: Any) -> Appointment:
    return read_appointment(record(*resources), reading(**changes), payers)


def rules(appointment: Appointment) -> list[str]:
    return sorted({problem.rule for problem in appointment.problems})


# --- when, where, who -------------------------------------------------------------------------------------------------


def test_a_sound_appointment_has_no_problem() -> None:
    found = read()
    assert found.problems == ()
    assert (found.host, found.id, found.status, found.patient, found.changed) == (
        "clinic",
        "m1",
        "booked",
        "Patient/p1",
        "4",
    )
    assert (found.site, found.codes, found.referral, found.restricted) == ("Location/l1", (), None, None)


def test_its_day_is_that_of_the_sites_clock() -> None:
    assert read(booked(start="2026-12-02T06:30:00Z")).date == date(2026, 12, 1)
    assert read(booked(start="2026-12-02T06:30:00Z"), site_zones={"l1": "Europe/Paris"}).date == date(2026, 12, 2)
    assert read(booked(start="2026-12-01T14:00:00+00:00"), times_as_written=True).start == datetime.fromisoformat(
        "2026-12-01T14:00:00-07:00"
    )


def test_without_a_start_it_has_no_day() -> None:
    found = read(booked(start=...))
    assert (found.date, rules(found)) == (None, ["date-of-service"])


@pytest.mark.parametrize("status", ["accepted", "tentative", None])
def test_a_therapist_who_comes_is_one(status: str | None) -> None:
    found = read(booked(participant=[participant("Patient/p1"), participant("Practitioner/t1", status)]))
    assert [(one.id, one.npi) for one in found.therapists] == [("Practitioner/t1", NPI)]


@pytest.mark.parametrize("status", ["declined", "needs-action"])
def test_a_therapist_who_may_not_come_is_none(status: str) -> None:
    found = read(booked(participant=[participant("Patient/p1"), participant("Practitioner/t1", status)]))
    assert found.therapists == ()


def test_a_therapist_may_be_named_by_a_role_and_is_shown_by_name() -> None:
    person = practitioner(name=[{"family": "Rivera", "given": ["Sol"]}])
    found = read(booked(participant=[participant("Patient/p1"), participant("PractitionerRole/r1")]),
                 person, practitioner_role())  # fmt: skip
    assert [one.id for one in found.therapists] == ["Practitioner/t1"]
    assert found.therapist_names == ("Sol Rivera",)


def test_several_patients_are_a_group_session() -> None:
    found = read(booked(participant("Patient/p2")))
    assert found.patient is None
    assert Problem("one-to-one", Result.FAIL, "Appointment/m1 is of several patients.", "Appointment/m1",
                   "several-patients") in found.problems  # fmt: skip


def test_a_patient_who_declined_is_not_among_them() -> None:
    assert read(booked(participant("Patient/p2", "declined"))).patient == "Patient/p1"


def test_without_a_patient_nothing_is_asked_about() -> None:
    found = read(booked(participant=[]))
    assert (found.patient, found.coverages, found.person) == (None, (), None)
    assert "patient-named" in rules(found)


def test_the_organization_is_that_of_the_site_or_of_what_it_is_part_of() -> None:
    building = location("l2", managingOrganization=ref("Organization/o1"))
    assert read(location(partOf=ref("Location/l2")), building).organization == "Organization/o1"


# --- the person -------------------------------------------------------------------------------------------------------


def test_the_person_is_who_the_payer_knows() -> None:
    assert read().person == Person("Patient/p1", "Synthetic", "Ana", "Maria", "", date(1980, 2, 29), "F")


@pytest.mark.parametrize(
    ("listed", "family"),
    [
        ([{"use": "nickname", "family": "B"}, {"use": "usual", "family": "A"}], "A"),
        ([{"use": "old", "family": "B"}, {"family": "A"}], "A"),
        ([{"use": "official", "text": "No Family"}, {"use": "usual", "family": "A"}], "A"),
        ([{"use": "official", "family": "B", "period": {"end": "2020-01-01"}}, {"use": "usual", "family": "A"}], "A"),
        ([{"use": "old", "family": "B"}], ""),
        ([], ""),
    ],
)
def test_of_several_names_the_one_in_use_counts(listed: list[Json], family: str) -> None:
    person = read(patient(name=listed)).person
    assert person is not None
    assert person.last_name == family


@pytest.mark.parametrize("written", ["1980", "1980-02", "1980-02-30", "01/02/1980"])
def test_a_birth_date_that_is_no_day_is_none_and_told(written: str) -> None:
    found = read(patient(birthDate=written))
    assert found.person is not None
    assert found.person.birth_date is None
    (problem,) = found.problems
    assert problem.detail == "Patient/p1 cannot be read: birthDate is not a whole date."
    assert written not in problem.detail.replace("Patient/p1", "")


def test_other_genders_are_not_told() -> None:
    person = read(patient(gender="other")).person
    assert person is not None
    assert person.gender == ""


# --- coverages --------------------------------------------------------------------------------------------------------


def test_the_patient_holds_a_coverage_of_their_own() -> None:
    found = read(coverage(**{"class": [class_("plan", "PPO"), class_("group", " G-1 ")]}))
    (holder,) = found.holders
    assert (holder.coverage, holder.subscriber, holder.group_number, holder.plan) == (
        "Coverage/c1",
        found.person,
        "G-1",
        "PPO",
    )


@pytest.mark.parametrize("kind", ["Patient", "RelatedPerson"])
def test_somebody_else_holds_it(kind: str) -> None:
    holder = resource(kind, "h1", {"name": [{"family": "Holder"}], "birthDate": "1950-01-01"}, {})
    changes = {"subscriber": ref(f"{kind}/h1"), "relationship": concept(RELATIONSHIP, "child")}
    subscriber = read(coverage(**changes), holder).holders[0].subscriber
    assert subscriber is not None
    assert (subscriber.reference, subscriber.last_name) == (f"{kind}/h1", "Holder")


def test_a_policy_holder_stands_in_for_a_subscriber_who_is_not_named() -> None:
    holder = resource("RelatedPerson", "h1", {"name": [{"family": "Holder"}]}, {})
    changes = {"policyHolder": ref("RelatedPerson/h1"), "relationship": concept(RELATIONSHIP, "spouse")}
    subscriber = read(coverage(**changes), holder).holders[0].subscriber
    assert subscriber is not None
    assert subscriber.last_name == "Holder"


@pytest.mark.parametrize(
    "changes",
    [
        {"relationship": concept(RELATIONSHIP, "spouse")},
        {"relationship": ...},
        {"relationship": concept(RELATIONSHIP, "child"), "subscriber": ref("RelatedPerson/gone")},
        {"relationship": ..., "policyHolder": ref("Organization/o1")},
    ],
    ids=["spouse of nobody", "not said", "not given", "an employer"],
)
def test_who_holds_it_is_not_guessed(changes: Json) -> None:
    assert read(coverage(**changes)).holders[0].subscriber is None


@pytest.mark.parametrize(
    "changed",
    [
        coverage(subscriberId="SYN-0002"),
        coverage(payor=[ref("Organization/o1")]),
        coverage(relationship=concept(RELATIONSHIP, "other")),
        coverage(**{"class": [class_("group", "G-2")]}),
        patient(birthDate="1980-03-01"),
        patient(name=[{"family": "Other"}]),
    ],
    ids=["member id", "payer", "relationship", "group", "birth date", "name"],
)
def test_a_changed_coverage_has_another_version(changed: Json) -> None:
    assert read(changed).holders[0].version != read().holders[0].version


def test_the_version_stays_while_what_a_payer_is_told_stays() -> None:
    same = coverage(meta={"versionId": "9"}, order=2, period={"start": "2025-01-01"})
    assert read(same).holders[0].version == read().holders[0].version


def test_another_patients_coverage_is_not_theirs() -> None:
    assert [one.id for one in read(coverage("c2", beneficiary=ref("Patient/p2"))).coverages] == ["Coverage/c1"]


# --- what is planned --------------------------------------------------------------------------------------------------

PLANNED = booked(basedOn=[ref("ServiceRequest/s1")])
LOCAL = {("http://clinic.example/codes", "massage"): "97124"}


def test_the_order_says_what_is_planned() -> None:
    found = read(PLANNED, service_request(code=cpt("97140"), orderDetail=[cpt("97124")]), practitioner("t2"))
    assert found.codes == ("97140", "97124")
    assert found.referral is not None
    assert (found.referral.id, found.referral.requester) == ("ServiceRequest/s1", "Practitioner/t2")
    assert [(paper.kind, paper.linked) for paper in found.papers] == [(PaperKind.ORDER, True)]


@pytest.mark.parametrize("element", ["serviceType", "serviceCategory", "reasonCode"])
def test_else_the_appointment_does_where_its_code_maps(element: str) -> None:
    mine = concept("http://clinic.example/codes", "massage")
    assert read(booked(**{element: [mine]}), code_map=LOCAL).codes == ("97124",)
    assert read(booked(**{element: [mine]})).codes == ()


def test_a_revoked_order_is_none() -> None:
    found = read(PLANNED, service_request(status="revoked", code=cpt("97140")))
    assert (found.codes, found.referral) == ((), None)


def test_an_order_of_another_patient_is_told() -> None:
    assert "patient-named" in rules(read(PLANNED, service_request(subject=ref("Patient/p2"))))


def test_an_authorization_on_file_is_a_paper() -> None:
    line = {"sequence": 1, "productOrService": cpt("97124"), "quantity": {"value": 8}}
    asked = resource("Claim", "pa1", {"status": "active", "use": "preauthorization", "patient": ref("Patient/p1")},
                     {"item": [line]})  # fmt: skip
    granted = resource("ClaimResponse", "pr1", {"status": "active", "use": "preauthorization", "outcome": "complete"},
                       {"patient": ref("Patient/p1"), "request": ref("Claim/pa1"), "preAuthRef": "A7",
                        "insurer": ref("Organization/o2")})  # fmt: skip
    (paper,) = read(asked, granted).papers
    assert (paper.kind, paper.number, paper.units, paper.payer) == (PaperKind.AUTHORIZATION, "A7", 8, "blue")


# --- a wish that no plan be told --------------------------------------------------------------------------------------


def test_a_wish_on_the_appointment_restricts_it() -> None:
    assert read(booked(extension=[bill_to("self-pay")])).restricted == "Appointment/m1"
    assert read(booked(extension=[bill_to("plan")])).restricted is None


def test_a_consent_of_the_patient_restricts_it() -> None:
    assert read(consent()).restricted == "Consent/n1"
    assert read(consent(patient=ref("Patient/p2"))).restricted is None
    assert read(consent(status="inactive")).restricted is None


def test_a_consent_whose_patient_cannot_be_read_restricts_it_too() -> None:
    assert read(consent(patient="Patient/p1")).restricted == "Consent/n1"


def test_a_consent_for_another_visit_does_not() -> None:
    other = consent(provision={"data": [{"reference": ref("Appointment/m9")}]})
    assert read(other).restricted is None


# --- what the host knows already --------------------------------------------------------------------------------------


def answer(id: str = "r1", **changes: Any) -> Json:
    base = {
        "status": "active",
        "patient": ref("Patient/p1"),
        "created": "2026-11-20T15:00:00Z",
        "insurer": ref("Organization/o2"),
        "request": ref("CoverageEligibilityRequest/q1"),
        "outcome": "complete",
        "insurance": [{"coverage": ref("Coverage/c1"), "inforce": True}],
    }
    return resource("CoverageEligibilityResponse", id, base, changes)


def test_an_answer_that_the_host_got_is_known() -> None:
    (known,) = read(answer()).answered_by_host
    assert (known.coverage, known.payer, known.response, known.asked_on, known.answered_at) == (
        "Coverage/c1",
        "blue",
        "CoverageEligibilityResponse/r1",
        date(2026, 11, 20),
        datetime(2026, 11, 20, 15, tzinfo=UTC),
    )
    assert known.answer.kind is AnswerKind.ANSWERED


@pytest.mark.parametrize(
    ("named", "about"),
    [
        ({}, date(2026, 11, 20)),
        ({"servicedDate": "2026-11-25"}, date(2026, 11, 25)),
        ({"servicedPeriod": {"start": "2026-11-01", "end": "2027-10-31"}}, date(2026, 12, 1)),
    ],
)
def test_an_answer_that_names_no_date_of_service_tells_of_the_day_it_was_made(named: Json, about: date) -> None:
    (known,) = read(answer(**named)).answered_by_host
    assert known.answer.asked_for == about


@pytest.mark.parametrize(
    "changes",
    [
        {"identifier": [{"system": names.SID_QUESTION_KEY, "value": "MQ1"}]},
        {"status": "cancelled"},
        {"patient": ref("Patient/p2")},
        {"created": ...},
        {"insurance": [{"coverage": ref("Coverage/c9")}]},
    ],
    ids=["our own", "cancelled", "another patient", "no date", "another coverage"],
)
def test_what_is_no_answer_of_the_hosts_is_left_out(changes: Json) -> None:
    assert read(answer(**changes)).answered_by_host == ()


def test_an_answer_of_a_payer_nobody_knows_is_left_out() -> None:
    assert read(answer(), payers=()).answered_by_host == ()


def test_credentials_of_the_therapist_and_the_clinic_are_read() -> None:
    licence = {"identifier": [{"value": "MT.1", "type": concept(names.IDENTIFIER_TYPE, "LN")}]}
    strangers = practitioner("t2", qualification=[licence])
    clinic = resource("OrganizationAffiliation", "f1", {"active": True}, {
        "organization": ref("Organization/o2"), "participatingOrganization": ref("Organization/o1")})  # fmt: skip
    found = read(practitioner(qualification=[licence]), strangers, clinic,
                 practitioner_role(organization=ref("Organization/o2")))  # fmt: skip
    assert [(one.kind, one.holder) for one in found.credentials] == [
        (CredentialKind.ENROLMENT, "Organization/o1"),
        (CredentialKind.LICENCE, "Practitioner/t1"),
        (CredentialKind.ENROLMENT, "Practitioner/t1"),
    ]


# --- faults -----------------------------------------------------------------------------------------------------------


def test_what_the_host_could_not_give_is_told() -> None:
    found = read_appointment(record(unreadable=(("Coverage/c7", "is not JSON"),)), reading())
    assert [(problem.rule, problem.about) for problem in found.problems] == [("record-readable", "Coverage/c7")]


def test_an_appointment_that_is_not_there_is_told() -> None:
    found = read_appointment(AppointmentRecord("m9", {}), reading())
    assert (found.status, rules(found)) == ("unknown", ["record-readable"])


def rich() -> AppointmentRecord:
    licence = {
        "identifier": [{"value": "MT.1", "type": concept(names.IDENTIFIER_TYPE, "LN")}],
        "period": {"end": "2027"},
    }
    review = {"url": "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-reviewAction", "extension": [
        {"url": "number", "valueString": "N1"}]}  # fmt: skip
    return record(
        booked(basedOn=[ref("ServiceRequest/s1")], extension=[bill_to("plan")], serviceType=[cpt("97124")]),
        patient(identifier=[patient_identifier("7")]),
        practitioner(qualification=[licence]),
        practitioner_role(organization=ref("Organization/o2"), period={"start": "2025"}, active=True),
        location(managingOrganization=ref("Organization/o1"), partOf=ref("Location/l2")),
        coverage(subscriber=ref("RelatedPerson/h1"), relationship=concept(RELATIONSHIP, "child"),
                 **{"class": [class_("group", "G")]}),
        resource("RelatedPerson", "h1", {"name": [{"family": "Holder"}], "birthDate": "1950-01-01"}, {}),
        service_request(code=cpt("97140"), insurance=[ref("ClaimResponse/pr1")]),
        consent(status="inactive"),
        resource("Claim", "pa1", {"status": "active", "use": "preauthorization", "patient": ref("Patient/p1")},
                 {"item": [{"sequence": 1, "productOrService": cpt("97124"), "quantity": {"value": 8}}]}),
        resource("ClaimResponse", "pr1", {"status": "active", "use": "preauthorization", "outcome": "complete"},
                 {"patient": ref("Patient/p1"), "request": ref("Claim/pa1"), "preAuthRef": "A7",
                  "preAuthPeriod": {"start": "2026-11"},
                  "addItem": [{"itemSequence": [1], "productOrService": cpt("97112")}],
                  "item": [{"itemSequence": 1, "adjudication": [{"extension": [review], "value": 3}]}]}),
        answer(),
        resource("OrganizationAffiliation", "f1", {"active": True, "network": [ref("Organization/o2")]},
                 {"participatingOrganization": ref("Organization/o1"), "period": {"start": "2025"}}),
    )  # fmt: skip


RICH = rich()
WRONG = [
    None,
    True,
    0,
    -1,
    1.5,
    "",
    "x",
    "Patient/p1",
    [],
    ["x"],
    [[]],
    {},
    {"a": 1},
    {"reference": "#"},
    [{"a": None}],
]


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Path of every value in a JSON value."""
    found = [path] if path else []
    if isinstance(node, dict):
        found += [each for name, value in node.items() for each in places(value, (*path, name))]
    elif isinstance(node, list):
        found += [each for place, value in enumerate(node) for each in places(value, (*path, place))]
    return found


PLACES = places(dict(RICH.resources))


def spoilt(path: tuple[Any, ...], value: Any) -> AppointmentRecord:
    """The rich record with one value replaced, or dropped for Ellipsis."""
    resources = copy.deepcopy(dict(RICH.resources))
    node: Any = resources
    for step in path[:-1]:
        node = node[step]
    if value is ...:
        del node[path[-1]]
    else:
        node[path[-1]] = copy.deepcopy(value)
    return AppointmentRecord("m1", resources)


def test_the_rich_record_is_sound() -> None:
    found = read_appointment(RICH, reading(), [BLUE])
    assert found.problems == ()
    assert [paper.kind for paper in found.papers] == [PaperKind.ORDER, PaperKind.AUTHORIZATION]


@settings(max_examples=300, deadline=None)
@given(path=st.sampled_from(PLACES), value=st.sampled_from([*WRONG, ...]))
def test_one_wrong_value_anywhere_never_raises(path: tuple[Any, ...], value: Any) -> None:
    kept = spoilt(path, value)
    found = read_appointment(kept, reading(), [BLUE])
    assert found.id == "m1"
    assert read_appointment(kept, reading(), [BLUE], Shared([BLUE])) == found
    hash(found)


@settings(max_examples=60, deadline=None)
@given(st.permutations(list(RICH.resources.items())))
def test_the_order_of_resources_does_not_matter(items: list[tuple[str, Json]]) -> None:
    shuffled = AppointmentRecord("m1", dict(items))
    assert read_appointment(shuffled, reading(), [BLUE]) == read_appointment(RICH, reading(), [BLUE])


@settings(max_examples=200, deadline=None)
@given(path=st.sampled_from(PLACES), value=st.sampled_from(WRONG))
def test_no_problem_repeats_a_value(path: tuple[Any, ...], value: Any) -> None:
    told = " ".join(problem.detail for problem in read_appointment(spoilt(path, value), reading(), [BLUE]).problems)
    assert not any(word in told for word in ("Synthetic", "Holder", "SYN-0001", "1950", "1980-02-29", "MT.1"))
