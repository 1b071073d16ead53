"""Coverages, what ties them to the visit (DESIGN 6), and the patient's wish not to tell the plan (DESIGN 7)."""

from __future__ import annotations

from datetime import date

import pytest

from builders import (
    account,
    appointment,
    bill_to,
    concept,
    consent,
    coverage,
    encounter,
    payer,
    period,
    problems,
    procedure,
    read,
    ref,
    resource,
    service_request,
)
from massage_billing.fhir import names
from massage_billing.model import CoverageKind, PayerRef

SELF_PAY_CODES = "http://terminology.hl7.org/CodeSystem/coverage-selfpay"
TYPOLOGY = "https://nahdo.org/sopt"


def covered(*resources, **encounter_changes):
    """The coverages of a visit that has no problem."""
    visit = read(encounter(**encounter_changes), procedure(), *resources)
    assert visit.problems == ()
    return visit.coverages


def one(*resources):
    (found,) = covered(*resources)
    return found


def test_a_sound_coverage():
    found = one(coverage())
    assert (found.id, found.status, found.kind, found.order) == ("Coverage/c1", "active", CoverageKind.HEALTH, 1)
    assert found.payer == PayerRef("Organization/o2", (("http://example.org/payers", "60054"),))
    assert (found.member_id, found.relationship, found.patient_is_payer) == ("SYN-0001", "self", False)
    assert (found.start, found.end, found.linked) == (date(2026, 1, 1), date(2026, 12, 31), None)


def test_every_coverage_of_the_patient_and_nobody_elses():
    found = covered(
        coverage("c2", status="cancelled"),
        coverage("c1"),
        coverage("c3", beneficiary=ref("Patient/p2")),
        coverage("c0"),
    )
    assert [(each.id, each.status) for each in found] == [
        ("Coverage/c0", "active"), ("Coverage/c1", "active"), ("Coverage/c2", "cancelled")]  # fmt: skip


@pytest.mark.parametrize(
    ("system", "code", "kind"),
    [
        (names.ACT_CODE, "EHCPOL", CoverageKind.HEALTH),
        (names.ACT_CODE, "HIP", CoverageKind.HEALTH),
        (names.ACT_CODE, "PUBLICPOL", CoverageKind.HEALTH),
        (names.ACT_CODE, "MILITARY", CoverageKind.HEALTH),
        (names.ACT_CODE, "WCBPOL", CoverageKind.WORKERS_COMPENSATION),
        (names.ACT_CODE, "AUTOPOL", CoverageKind.AUTO),
        (names.ACT_CODE, "UNINSMOT", CoverageKind.AUTO),
        (names.ACT_CODE, "VET", CoverageKind.VA),
        (SELF_PAY_CODES, "pay", CoverageKind.SELF_PAY),
        (TYPOLOGY, "95", CoverageKind.WORKERS_COMPENSATION),
        (TYPOLOGY, "96", CoverageKind.AUTO),
        (TYPOLOGY, "3211", CoverageKind.VA),
        (TYPOLOGY, "311", CoverageKind.HEALTH),
        (TYPOLOGY, "512", CoverageKind.HEALTH),
        (TYPOLOGY, "81", CoverageKind.SELF_PAY),
        (names.ACT_CODE, "LIFE", CoverageKind.UNKNOWN),
        ("http://clinic.example/codes", "WCBPOL", CoverageKind.UNKNOWN),
    ],
)
def test_kinds(system, code, kind):
    assert one(coverage(type=concept(system, code))).kind is kind


def test_a_coverage_without_a_type():
    assert one(coverage(type=...)).kind is CoverageKind.UNKNOWN


def member(code, value="SYN-2"):
    return {"type": concept(names.IDENTIFIER_TYPE, code), "value": value}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "SYN-0001"),
        ({"identifier": [member("MB")]}, "SYN-0001"),
        ({"subscriberId": ..., "identifier": [member("SN", "x"), member("MB", " SYN-2 ")]}, "SYN-2"),
        ({"subscriberId": "  ", "identifier": [member("MB")]}, "SYN-2"),
        ({"subscriberId": ..., "identifier": [member("SN")]}, None),
        ({"subscriberId": ...}, None),
    ],
)
def test_member_id(changes, expected):
    assert one(coverage(**changes)).member_id == expected


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (period("2026-01-01T00:00:00+00:00"), (date(2026, 1, 1), None)),  # a day of a contract, no moment
        (period("2026", "2026"), (date(2026, 1, 1), date(2026, 12, 31))),
        (period("2026-02", "2026-02"), (date(2026, 2, 1), date(2026, 2, 28))),
        (period(None, "2028-02"), (None, date(2028, 2, 29))),
        (..., (None, None)),
    ],
)
def test_periods(span, expected):
    found = one(coverage(period=span))
    assert (found.start, found.end) == expected


def test_payers_by_identifier_contained_or_by_name_alone():
    pair = ("http://example.org/payers", "60054")
    identifier = {"system": pair[0], "value": pair[1]}
    assert one(coverage(payor=[{"identifier": {**identifier, "value": "7"}}])).payer == PayerRef(
        None, ((pair[0], "7"),)
    )
    assert one(coverage(payor=[{"identifier": identifier}])).payer == PayerRef("Organization/o2", (pair,))
    inside = resource("Organization", "x", {"identifier": [identifier]}, {})
    assert one(coverage(payor=[ref("#x")], contained=[inside])).payer == PayerRef(None, (pair,))
    assert one(coverage(payor=[{"display": "Some Plan"}])).payer == PayerRef(None)
    assert one(coverage(payor=...)).payer == PayerRef(None)
    assert one(coverage(payor=[ref("Organization/o9")])).payer == PayerRef("Organization/o9")


@pytest.mark.parametrize("payor", ["Patient/p1", "RelatedPerson/q1"])
def test_the_patient_is_the_payer(payor):
    assert one(coverage(payor=[ref(payor)])).patient_is_payer


def test_two_payers_of_one_coverage_cannot_be_billed():
    two = [ref("Organization/o2"), ref("Organization/o3")]
    visit = read(encounter(), procedure(), coverage(payor=two), payer("o3"))
    assert [p.about for p in problems(visit, "record-readable")] == ["Coverage/c1"]
    covered(coverage(payor=two, status="cancelled"))


# --- what ties a coverage to the visit --------------------------------------------------------------------------------


def links(*resources, **encounter_changes):
    return {each.id: (each.linked, each.link_rank) for each in covered(*resources, **encounter_changes)}


def test_through_the_account_by_priority_else_by_place():
    ranked = [{"coverage": ref("Coverage/c1"), "priority": 2}, {"coverage": ref("Coverage/c2"), "priority": 1}]
    three = [coverage("c1"), coverage("c2", "WCBPOL"), coverage("c3")]
    found = links(*three, account(coverage=ranked), account=[ref("Account/k1")])
    assert found == {"Coverage/c1": ("Account/k1", 2), "Coverage/c2": ("Account/k1", 1), "Coverage/c3": (None, 0)}
    placed = links(*three, account("k1", "Coverage/c3", "Coverage/c1"), account=[ref("Account/k1")])
    assert placed["Coverage/c3"] == ("Account/k1", 1)
    assert placed["Coverage/c1"] == ("Account/k1", 2)


def test_through_the_order_where_no_account_says():
    order = service_request(insurance=[ref("Coverage/c2"), ref("ClaimResponse/y1")])
    two = [coverage("c1"), coverage("c2", "AUTOPOL"), order]
    asked = {"basedOn": [ref("ServiceRequest/s1")]}
    assert links(*two, **asked)["Coverage/c2"] == ("ServiceRequest/s1", 1)
    found = links(*two, account("k1", "Coverage/c1"), account=[ref("Account/k1")], **asked)
    assert found == {"Coverage/c1": ("Account/k1", 1), "Coverage/c2": (None, 0)}


def test_an_account_entered_in_error_ties_nothing():
    found = links(coverage(), account("k1", "Coverage/c1", status="entered-in-error"), account=[ref("Account/k1")])
    assert found == {"Coverage/c1": (None, 0)}


@pytest.mark.parametrize(
    ("tied", "others"),
    [
        (account("k1", "Coverage/c9"), []),
        (account("k1", "Coverage/c2"), [coverage("c2", beneficiary=ref("Patient/p2"))]),
        (account("k1", coverage=[{"coverage": {"display": "the good one"}}]), []),
    ],
)
def test_a_link_that_leads_nowhere_is_told(tied, others):
    visit = read(encounter(account=[ref("Account/k1")]), procedure(), coverage(), tied, *others)
    assert [p.about for p in problems(visit, "record-readable")] == ["Account/k1"]


def test_an_account_that_the_host_did_not_give_is_told():
    visit = read(encounter(account=[ref("Account/k9")]), procedure(), coverage())
    assert [p.about for p in problems(visit, "record-readable")] == ["Encounter/e1"]


@pytest.mark.parametrize("end", ["2026-02-30", "0000", "soon", "2026-02-30T00:00:00Z"])
def test_a_period_that_is_no_date_is_told(end):
    visit = read(encounter(), procedure(), coverage(period=period("2026", end)))
    assert (visit.coverages[0].start, visit.coverages[0].end) == (date(2026, 1, 1), None)
    assert "period.end is not a date" in problems(visit, "record-readable")[0].detail


def test_an_account_that_is_no_longer_used_ties_nothing():
    closed = account("k1", "Coverage/c1", status="inactive")
    assert links(closed, coverage(), account=[ref("Account/k1")]) == {"Coverage/c1": (None, 0)}


@pytest.mark.parametrize("beneficiary", ["Patient/p1", {"reference": 1}, None, {"identifier": []}, ...])
def test_a_coverage_whose_beneficiary_cannot_be_read_is_told(beneficiary):
    visit = read(encounter(), procedure(), coverage(beneficiary=beneficiary))
    assert [p.about for p in problems(visit, "record-readable")] == ["Coverage/c1"]


def test_a_coverage_without_a_status_is_told():
    visit = read(encounter(), procedure(), coverage(status=...))
    assert visit.coverages[0].status == "unknown"
    assert "status is missing" in problems(visit, "record-readable")[0].detail


# --- the patient's wish -----------------------------------------------------------------------------------------------


def restricted(*resources, **encounter_changes):
    return read(encounter(**encounter_changes), procedure(), coverage(), *resources).restricted


def test_no_wish():
    assert restricted() is None


def test_a_consent_that_restricts():
    assert restricted(consent()) == "Consent/n1"


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "inactive"},
        {"status": "rejected"},
        {"status": "draft"},
        {"patient": ref("Patient/p2")},
        {"policyRule": concept("http://terminology.hl7.org/CodeSystem/consentpolicycodes", "hipaa-auth")},
        {"policyRule": ...},
        {"provision": {"period": period("2026-11-21")}},
        {"provision": {"period": period("2026-01-01", "2026-11-19")}},
        {"provision": {"data": [{"meaning": "instance", "reference": ref("Encounter/e2")}]}},
    ],
)
def test_a_consent_that_does_not_restrict_this_visit(changes):
    assert restricted(consent(**changes)) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"provision": {"period": period("2026-11-20", "2026-11-20")}},
        {"provision": {"period": period("2026")}},
        {"provision": {"data": [{"reference": ref("Encounter/e2")}, {"reference": ref("Encounter/e1")}]}},
        {"provision": {"data": [{"reference": ref("Procedure/a1")}]}},
        {"provision": {"provision": [{"data": [{"reference": ref("Encounter/e1")}]}]}},
        {"provision": {"data": [{"reference": ref("Condition/d1")}]}},
        {"policyRule": concept("http://hl7.org/fhir/consentpolicycodes", "hipaa-self-pay")},
        {"policyRule": ..., "category": [concept("", "hipaa-self-pay")]},
        # what cannot be read is obeyed
        {"provision": {"data": [{"reference": {"display": "the visit of last week"}}]}},
        {"provision": {"period": period("one day")}},
        {"status": 1},
        {"patient": "Patient/p1"},
        {"patient": ...},
        {"patient": None},
    ],
)
def test_a_consent_that_covers_this_visit(changes):
    assert restricted(consent(**changes)) == "Consent/n1"


def test_our_extension_on_the_encounter():
    assert restricted(extension=[bill_to("self-pay")]) == "Encounter/e1"
    assert restricted(extension=[bill_to("plan")]) is None


def test_our_extension_on_the_appointment():
    booked = {"appointment": [ref("Appointment/m1")]}
    assert restricted(appointment(extension=[bill_to("self-pay")]), **booked) == "Appointment/m1"
    assert restricted(appointment(extension=[bill_to("plan")]), **booked) is None


def test_the_encounter_outranks_the_appointment_and_a_consent_both():
    wish = appointment(extension=[bill_to("self-pay")])
    booked = {"appointment": [ref("Appointment/m1")], "extension": [bill_to("plan")]}
    assert restricted(wish, **booked) is None
    assert restricted(wish, consent(), **booked) == "Consent/n1"


@pytest.mark.parametrize("value", ["cash", None, 1])
def test_a_wish_that_cannot_be_read_is_told(value):
    visit = read(encounter(extension=[bill_to(value)]), procedure())
    assert [p.about for p in problems(visit, "record-readable")] == ["Encounter/e1"]
