"""Papers on the host: what a ServiceRequest and the preauthorizations it names say, and what the claim carries."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from builders import (
    account,
    concept,
    coverage,
    cpt,
    encounter,
    problems,
    procedure,
    read,
    ref,
    resource,
    service_request,
    sound,
)
from massage_billing.checks import claim_checker
from massage_billing.fhir import names
from massage_billing.fhir.claim import ClaimTerms, build_claim, build_void
from massage_billing.fhir.correction import Correction, read_correction
from massage_billing.fhir.serial import to_bytes
from massage_billing.model import (
    Accident,
    ClaimLine,
    Decision,
    Outcome,
    Paper,
    PaperKind,
    PaperNeed,
    Visit,
)
from massage_billing.rulebook.files import load_rulebook

ORDERED = {"basedOn": [ref("ServiceRequest/s1")]}


def order(**changes: Any) -> dict[str, Any]:
    base = {
        "status": "active",
        "intent": "order",
        "subject": ref("Patient/p1"),
        "authoredOn": "2026-11-01",
        "requester": ref("Practitioner/t1"),
    }
    return resource("ServiceRequest", "s1", base, changes)


def papers(*resources: dict[str, Any], **changes: Any) -> tuple[Paper, ...]:
    """The papers of the sound visit, whose Encounter is based on the order."""
    kept = [one for one in sound() if one["resourceType"] not in ("ServiceRequest", "Encounter")]
    return read(*kept, encounter(**{**ORDERED, **changes}), *resources).papers


def one(*resources: dict[str, Any]) -> Paper:
    (paper,) = papers(*resources)
    return paper


# --- orders ---------------------------------------------------------------------------------------------------------


def test_an_order_with_everything() -> None:
    paper = one(
        order(
            code=cpt("97124"),
            orderDetail=[cpt("97140")],
            occurrencePeriod={"start": "2026-11-02", "end": "2026-12"},
            quantityQuantity={"value": 12, "unit": "visits"},
        )
    )
    assert paper == Paper(
        PaperKind.ORDER,
        "ServiceRequest/s1",
        "Patient/p1",
        codes=("97124", "97140"),
        visits=12,
        start=date(2026, 11, 2),
        end=date(2026, 12, 31),
        written=date(2026, 11, 1),
        linked=True,
    )


def test_an_order_of_the_patient_that_the_visit_is_not_based_on_is_on_file_too() -> None:
    (paper,) = papers(order(), basedOn=...)
    assert (paper.kind, paper.linked) == (PaperKind.ORDER, False)


@pytest.mark.parametrize("status", ["draft", "on-hold", "revoked", "entered-in-error", "unknown", ...])
def test_an_order_that_does_not_stand_is_none(status: Any) -> None:
    assert papers(order(status=status)) == ()


@pytest.mark.parametrize("intent", ["proposal", "option", ...])
def test_what_is_only_proposed_is_no_order(intent: Any) -> None:
    assert papers(order(intent=intent)) == ()


def test_an_order_not_to_do_something_is_none() -> None:
    assert papers(order(doNotPerform=True)) == ()


def test_a_plan_is_a_plan_of_care() -> None:
    assert one(order(intent="plan")).kind is PaperKind.PLAN_OF_CARE


def test_another_patients_order_is_none() -> None:
    assert papers(order(subject=ref("Patient/p2")), basedOn=...) == ()


@pytest.mark.parametrize(
    ("requester", "ordered"),
    [
        (ref("Practitioner/t1"), True),
        (ref("Organization/o1"), True),
        ({"identifier": {"system": names.NPI, "value": "1234567893"}, "type": "Practitioner"}, True),
        (ref("Patient/p1"), False),
        ({"display": "somebody"}, False),
        (..., False),
    ],
)
def test_who_ordered_it(requester: Any, ordered: bool) -> None:
    assert one(order(requester=requester)).ordered is ordered


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        ({"value": 12, "unit": "Visits"}, (12, None)),
        ({"value": 12, "code": "{visit}"}, (12, None)),
        ({"value": 48, "unit": "units"}, (None, 48)),
        ({"value": 12}, (None, None)),
        ({"value": 1500, "unit": "USD"}, (None, None)),
        ({"unit": "visits"}, (None, None)),
        ({"value": 10**9, "unit": "visits"}, (None, None)),
        ({"value": -1, "unit": "visits"}, (None, None)),
    ],
)
def test_what_a_quantity_limits(quantity: Any, expected: Any) -> None:
    paper = one(order(quantityQuantity=quantity))
    assert (paper.visits, paper.units) == expected


def test_a_code_that_is_no_cpt_number_limits_nothing() -> None:
    assert one(order(code=concept(names.SNOMED, "387854002"))).codes == ()


def test_a_timing_gives_its_bounds() -> None:
    bounds = {"repeat": {"boundsPeriod": {"start": "2026-11-02", "end": "2026-11-30"}}}
    paper = one(order(occurrenceTiming=bounds))
    assert (paper.start, paper.end) == (date(2026, 11, 2), date(2026, 11, 30))


def test_a_fault_in_the_order_of_the_visit_is_told_and_one_in_another_is_not() -> None:
    kept = [each for each in sound() if each["resourceType"] not in ("ServiceRequest", "Encounter")]
    broken = order(quantityQuantity={"value": "twelve", "unit": "visits"})
    assert problems(read(*kept, encounter(**ORDERED), broken), "record-readable")
    assert not problems(read(*kept, encounter(basedOn=...), broken), "record-readable")


# --- referrals and authorizations -----------------------------------------------------------------------------------


def test_a_referral_by_its_category_carries_the_number_that_is_not_the_orderers() -> None:
    placer = {"type": concept(names.IDENTIFIER_TYPE, "PLAC"), "value": "P1"}
    referral = order(category=[concept(names.SNOMED, "3457005")], identifier=[placer, {"value": "V1"}])
    found = papers(referral)
    assert [(paper.kind, paper.number) for paper in found] == [(PaperKind.ORDER, None), (PaperKind.REFERRAL, "V1")]


def test_an_order_with_an_insurance_and_a_number_is_a_referral() -> None:
    found = papers(order(insurance=[ref("Coverage/c1")], identifier=[{"value": "V1"}]))
    assert [paper.kind for paper in found] == [PaperKind.ORDER, PaperKind.REFERRAL]


def granted(**changes: Any) -> dict[str, Any]:
    base = {
        "status": "active",
        "use": "preauthorization",
        "outcome": "complete",
        "preAuthRef": "A1",
        "preAuthPeriod": {"start": "2026-11-01", "end": "2026-12-31"},
    }
    return resource("ClaimResponse", "r1", base, changes)


def test_a_granted_preauthorization_is_an_authorization() -> None:
    limits = {"quantityQuantity": {"value": 6, "unit": "visits"}, "code": cpt("97124")}
    found = papers(order(insurance=[ref("ClaimResponse/r1")], **limits), granted())
    (paper,) = [paper for paper in found if paper.kind is PaperKind.AUTHORIZATION]
    assert (paper.number, paper.start, paper.end, paper.visits, paper.codes, paper.source) == (
        "A1",
        date(2026, 11, 1),
        date(2026, 12, 31),
        6,
        ("97124",),
        "ClaimResponse/r1",
    )


@pytest.mark.parametrize("changes", [{"status": "cancelled"}, {"use": "claim"}, {"outcome": "error"}])
def test_one_that_was_not_granted_is_none(changes: Any) -> None:
    found = papers(order(insurance=[ref("ClaimResponse/r1")]), granted(**changes))
    assert [paper.kind for paper in found] == [PaperKind.ORDER]


# --- the number of the injury ---------------------------------------------------------------------------------------

WCN = {"type": concept(names.IDENTIFIER_TYPE, "WCN"), "value": " J1 "}


def of_coverage(*resources: dict[str, Any]) -> str | None:
    replaced = {(each["resourceType"], each["id"]) for each in resources}
    kept = [each for each in sound() if (each["resourceType"], each["id"]) not in replaced]
    (found,) = read(*kept, *resources).coverages
    return found.claim_number


def test_the_number_of_the_injury_on_the_coverage() -> None:
    assert of_coverage(coverage(identifier=[{"value": "other"}, WCN])) == "J1"
    assert of_coverage(coverage(identifier=[{"value": "other"}])) is None


def test_else_on_the_account_that_names_the_coverage() -> None:
    linked = (encounter(account=[ref("Account/k1")]), account("k1", "Coverage/c1", identifier=[WCN]))
    assert of_coverage(*linked) == "J1"
    assert of_coverage(*linked, coverage(identifier=[{**WCN, "value": "J2"}])) == "J2"


# --- on the claim ---------------------------------------------------------------------------------------------------


def claim(*needs: PaperNeed, accident: Accident | None = None) -> dict[str, Any]:
    visit = read(*sound())
    return build_claim(visit, decision(visit, needs, accident), ClaimTerms("2026-11-23T12:00:00Z"))


def decision(visit: Visit, needs: tuple[PaperNeed, ...], accident: Accident | None) -> Decision:
    service = visit.services[0]
    line = ClaimLine(
        "97124", 2, 30, (), Decimal("71.00"), Decimal("35.50"), (1,), (service.procedure,), service.therapist
    )
    return Decision(
        Outcome.CLAIM, visit.encounter, visit.date, (line,), diagnoses=("M54.50",), coverage=visit.coverages[0],
        papers=needs, accident=accident,
    )  # fmt: skip


def digest(made: dict[str, Any]) -> str:
    return str(made["extension"][0]["valueString"])


def test_the_numbers_of_referral_and_authorization() -> None:
    referral = Paper(PaperKind.REFERRAL, "ServiceRequest/s1", number="V1")
    authorization = Paper(PaperKind.AUTHORIZATION, "papers.csv:2", number="A1")
    made = claim(PaperNeed("r", paper=referral), PaperNeed("a", paper=authorization), PaperNeed("injury:plan:"))
    assert made["referral"] == {
        "type": "ServiceRequest",
        "reference": "ServiceRequest/s1",
        "identifier": {"value": "V1"},
    }
    assert made["insurance"][0]["preAuthRef"] == ["A1"]
    assert list(claim_checker(load_rulebook())(made)) == []


def test_the_number_of_the_injury_is_part_of_what_was_decided() -> None:
    plain, numbered, other = (claim(accident=Accident("Condition/d1", claim_number=n)) for n in (None, "J1", "J2"))
    assert "related" not in plain
    assert numbered["related"] == [
        {"relationship": concept(names.RELATED_CLAIM, "associated"), "reference": {"value": "J1"}}
    ]
    assert len({digest(plain), digest(numbered), digest(other)}) == 3
    assert digest(plain) == digest(claim())


def test_a_correction_keeps_the_number_of_the_injury_and_names_one_claim_before_it() -> None:
    visit, terms = read(*sound()), ClaimTerms("2026-11-23T12:00:00Z", revision=1)
    first = Correction(names.REPLACEMENT, "Claim/1", "ICN1")
    accident = Accident("Condition/d1", claim_number="J1")
    replaced = build_claim(visit, decision(visit, (), accident), replace(terms, correction=first))
    voided = build_void(replaced, visit, Correction(names.VOID, "Claim/2", "ICN2"), replace(terms, revision=2))
    assert read_correction(replaced) == first
    assert read_correction(voided) == Correction(names.VOID, "Claim/2", "ICN2")
    assert [related["reference"]["value"] for related in voided["related"]] == ["ICN2", "J1"]  # type: ignore[union-attr]
    assert read_correction(claim(accident=accident)) is None


def test_the_accident_of_papers_csv_stands_on_the_claim() -> None:
    made = claim(accident=Accident("papers.csv:2", date(2026, 9, 20), state="WA"))
    assert made["accident"] == {"date": "2026-09-20", "locationAddress": {"state": "WA", "country": "US"}}


def test_orders_of_procedures_count_as_linked() -> None:
    kept = [each for each in sound() if each["resourceType"] != "ServiceRequest" and each["id"] != "a1"]
    found = read(*kept, procedure(basedOn=[ref("ServiceRequest/s1")]), service_request(intent="order")).papers
    assert [paper.linked for paper in found if paper.source == "ServiceRequest/s1"] == [True]


def test_the_hl7_validator_finds_nothing_in_a_claim_with_all_numbers(validator: Any, tmp_path: Path) -> None:
    referral = Paper(PaperKind.REFERRAL, "papers.csv:2", number="V1")
    authorization = Paper(PaperKind.AUTHORIZATION, "papers.csv:3", number="A1")
    accident = Accident("papers.csv:4", date(2026, 9, 20), "WPA", "WA", "J1")
    made = claim(PaperNeed("r", paper=referral), PaperNeed("a", paper=authorization), accident=accident)
    visit = read(*sound())
    corrected = build_claim(
        visit,
        decision(visit, (), accident),
        ClaimTerms("2026-11-23T12:00:00Z", revision=1, correction=Correction(names.REPLACEMENT, "Claim/1", "ICN1")),
    )
    files = []
    for name, one in (("first", made), ("corrected", corrected)):
        files.append(tmp_path / f"{name}.json")
        files[-1].write_bytes(to_bytes({"id": name, **one}))
    assert [str(issue) for issue in validator(files) if issue.is_error] == []
    assert validator.checked == 2


def test_the_invariant_of_related_claims_fires(validator: Any, tmp_path: Path) -> None:
    made = claim(accident=Accident("papers.csv:4", claim_number="J1"))
    made["related"][0]["relationship"] = concept(names.RELATED_CLAIM, "prior")
    file = tmp_path / "wrong.json"
    file.write_bytes(to_bytes({"id": "wrong", **made}))
    assert any(issue.is_error and "mb-related-prior" in issue.message for issue in validator([file]))
