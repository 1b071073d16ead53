"""Licences and enrolments that the host records."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import builders
from builders import NPI, OTHER_NPI, concept, organization, payer, practitioner, practitioner_role, ref, resource, sound
from massage_billing.fhir import names
from massage_billing.fhir.credentials import NETWORK, read_credentials
from massage_billing.fhir.visit import Shared, read_visit
from massage_billing.model import CoverageKind, Credential, CredentialKind, Enrolled, Payer

Json = dict[str, Any]
BLUE = Payer("blue", CoverageKind.HEALTH, "p", references=frozenset({"Organization/o2"}))
BY_ID = Payer("blue", CoverageKind.HEALTH, "p", identifiers=frozenset({("http://example.org/payers", "60054")}))
QUALIFICATION = "http://hl7.org/fhir/us/davinci-pdex-plan-net/StructureDefinition/practitioner-qualification"
PERIOD = {"start": "2024-01-01", "end": "2026-12-31"}


def licensed(*qualifications: Json, **changes: Any) -> Json:
    return practitioner(qualification=list(qualifications), **changes)


def numbered(number: str = "MT.1", kind: str | None = None, **changes: Any) -> Json:
    """A qualification with a number; ``kind`` is its v2-0203 type."""
    identifier: Json = {"value": number}
    if kind:
        identifier["type"] = concept(names.IDENTIFIER_TYPE, kind)
    return {"identifier": [identifier], "code": {"text": "Massage therapist"}, **changes}


def valid_in(state: str, status: str = "active") -> Json:
    """Plan-Net's extension."""
    parts = [
        {"url": "status", "valueCode": status},
        {"url": "whereValid", "valueCodeableConcept": concept("https://www.usps.com/", state)},
    ]
    return {"extension": [{"url": QUALIFICATION, "extension": parts}]}


def found(*resources: Json, payers: tuple[Payer, ...] = (BLUE,)) -> tuple[Credential, ...]:
    return read_credentials({f"{one['resourceType']}/{one['id']}": one for one in resources}, payers)


def affiliation(**changes: Any) -> Json:
    base = {"active": True, "organization": ref("Organization/o2"), "participatingOrganization": ref("Organization/o1")}
    return resource("OrganizationAffiliation", "f1", base, changes)


# --- licences ---------------------------------------------------------------------------------------------------------


def test_a_licence_has_its_number_state_and_dates() -> None:
    (licence,) = found(licensed(numbered(period=PERIOD, **valid_in("co"))))
    assert licence == Credential(
        CredentialKind.LICENCE,
        "Practitioner/t1",
        npi=NPI,
        holder="Practitioner/t1",
        state="CO",
        number="MT.1",
        start=date(2024, 1, 1),
        end=date(2026, 12, 31),
    )


@pytest.mark.parametrize(
    "qualification",
    [
        numbered(kind="LN"),
        numbered(kind="SL"),
        numbered(code=concept(names.NUCC, "225700000X")),
        numbered(issuer={"display": "Board of Massage"}, period=PERIOD),
        numbered(**valid_in("CO")),
    ],
    ids=["LN", "SL", "taxonomy", "issuer and end", "state"],
)
def test_what_is_said_to_be_a_licence_is_one(qualification: Json) -> None:
    assert [one.number for one in found(licensed(qualification))] == ["MT.1"]


@pytest.mark.parametrize(
    "qualification",
    [
        numbered(),
        numbered(issuer={"display": "A university"}, period={"start": "2010"}),
        {"code": concept(names.NUCC, "225700000X")},
        numbered(**valid_in("CO", "revoked")),
        numbered(**valid_in("CO", "inactive")),
        numbered(" ", "LN"),
    ],
    ids=["number alone", "degree", "no number", "revoked", "inactive", "blank"],
)
def test_what_is_not_said_to_be_a_licence_is_none(qualification: Json) -> None:
    assert found(licensed(qualification)) == ()


def test_a_licence_renewed_under_its_number_holds_in_both_periods() -> None:
    ended, renewed = {"start": "2022-01-01", "end": "2023-12-31"}, {"start": "2024-01-01", "end": "2025-12-31"}
    licences = found(licensed(*(numbered(kind="LN", period=period) for period in (ended, renewed, renewed))))
    assert [(one.start, one.end) for one in licences] == [
        (date(2022, 1, 1), date(2023, 12, 31)),
        (date(2024, 1, 1), date(2025, 12, 31)),
    ]


def test_a_licence_without_dates_says_nothing_beside_the_same_one_with_dates() -> None:
    identifier = {"type": concept(names.IDENTIFIER_TYPE, "SL"), "value": "MT.1"}
    (licence,) = found(licensed(numbered(kind="LN", period=PERIOD), identifier=[identifier]))
    assert (licence.start, licence.end) == (date(2024, 1, 1), date(2026, 12, 31))


def test_a_licence_number_among_the_identifiers_counts_once() -> None:
    number = {"type": concept(names.IDENTIFIER_TYPE, "SL"), "value": "MT.1", "period": PERIOD}
    identifiers = [{"system": names.NPI, "value": NPI}, number]
    (licence,) = found(licensed(numbered(kind="LN"), identifier=identifiers))
    assert licence.number == "MT.1"


# --- enrolments -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("payers", [(BLUE,), (BY_ID,)], ids=["by reference", "by identifier"])
def test_a_role_at_a_payer_is_an_enrolment(payers: tuple[Payer, ...]) -> None:
    role = practitioner_role(organization=ref("Organization/o2"), active=True, period=PERIOD)
    (enrolment,) = found(practitioner(), payer(), role, payers=payers)
    assert enrolment == Credential(
        CredentialKind.ENROLMENT,
        "PractitionerRole/r1",
        npi=NPI,
        holder="Practitioner/t1",
        payer="blue",
        enrolled=Enrolled.IN_NETWORK,
        start=date(2024, 1, 1),
        end=date(2026, 12, 31),
    )


def test_a_role_in_a_payers_network_is_an_enrolment() -> None:
    network = {"url": NETWORK, "valueReference": ref("Organization/o2")}
    role = practitioner_role(organization=ref("Organization/o1"), extension=[network])
    assert [one.payer for one in found(practitioner(), organization(), payer(), role)] == ["blue"]


@pytest.mark.parametrize(
    ("changes", "payers"),
    [
        ({"organization": ref("Organization/o1")}, (BLUE,)),
        ({"organization": ref("Organization/o2"), "active": False}, (BLUE,)),
        ({"organization": ref("Organization/o2")}, ()),
        ({"organization": ref("Organization/o2")}, (BLUE, Payer("other", CoverageKind.HEALTH, "p", payer_id="60054"))),
    ],
    ids=["the clinic", "not active", "no payers.yaml", "two payers"],
)
def test_a_role_elsewhere_is_none(changes: Json, payers: tuple[Payer, ...]) -> None:
    assert found(practitioner(), organization(), payer(), practitioner_role(**changes), payers=payers) == ()


def test_an_affiliation_enrols_the_clinic() -> None:
    (enrolment,) = found(organization(), payer(), affiliation(period={"start": "2025-02"}))
    assert (enrolment.holder, enrolment.npi, enrolment.payer) == ("Organization/o1", OTHER_NPI, "blue")
    assert enrolment.start == date(2025, 2, 1)


def test_an_affiliation_by_network_enrols_too() -> None:
    by_network = affiliation(organization=..., network=[ref("Organization/o2")])
    assert [one.payer for one in found(organization(), payer(), by_network)] == ["blue"]
    assert found(organization(), payer(), affiliation(active=False)) == ()


# --- in a visit -------------------------------------------------------------------------------------------------------


def test_the_therapist_of_a_visit_carries_what_the_host_records() -> None:
    role = practitioner_role(organization=ref("Organization/o2"))
    resources = [*sound(), licensed(numbered(kind="LN")), role]
    record = builders.record(*resources)
    therapist = read_visit(record, builders.reading(), Shared([BLUE])).services[0].therapist
    assert therapist is not None
    assert [one.kind for one in therapist.credentials] == [CredentialKind.LICENCE, CredentialKind.ENROLMENT]
    plain = read_visit(record, builders.reading()).services[0].therapist
    assert plain is not None
    assert [one.kind for one in plain.credentials] == [CredentialKind.LICENCE]


def test_a_licence_that_cannot_be_read_holds_no_visit() -> None:
    broken = licensed(numbered(kind="LN", period={"end": "soon"}))
    visit = read_visit(builders.record(*sound(), broken), builders.reading())
    assert builders.problems(visit, "record-readable") == []


WRONG = st.sampled_from([None, 1, True, "x", [], ["x"], {}, {"a": 1}])


@given(
    name=st.sampled_from(["qualification", "identifier"]),
    inner=st.dictionaries(
        st.sampled_from(["identifier", "period", "code", "issuer", "extension", "type", "value"]), WRONG
    ),
    whole=WRONG,
)
def test_nothing_that_a_host_sends_raises(name: str, inner: Json, whole: Any) -> None:
    found(
        practitioner(**{name: whole}),
        practitioner("t2", **{name: [inner, whole]}),
        practitioner_role(organization=whole, extension=[inner, whole], period=whole),
        affiliation(network=whole),
    )
