"""What payers granted, as preauthorization Claims and the ClaimResponses to them say."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import builders
from builders import claim, cpt, encounter, problems, read, ref, resource, service_request, sound
from massage_billing.fhir import names
from massage_billing.fhir.claim_state import Sending, evidence_of, our_claims
from massage_billing.fhir.keys import claim_key
from massage_billing.fhir.visit import Shared, read_visit
from massage_billing.model import CoverageKind, Paper, PaperKind, Payer

Json = dict[str, Any]
PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-"


def item(sequence: int = 1, code: str | Json = "97124", quantity: Any = 8, **changes: Any) -> Json:
    """A line of a Claim; ``quantity`` is a number or a Quantity."""
    asked = quantity if isinstance(quantity, dict) else {"value": quantity}
    made = {"sequence": sequence, "productOrService": cpt(code) if isinstance(code, str) else code, "quantity": asked}
    return {name: value for name, value in {**made, **changes}.items() if value is not ...}


def asked(*items: Json, id: str = "pa1", **changes: Any) -> Json:
    return claim(id, **{"use": "preauthorization", "item": list(items) or [item()], **changes})


def granted(id: str = "pr1", **changes: Any) -> Json:
    base = {
        "status": "active",
        "use": "preauthorization",
        "patient": ref("Patient/p1"),
        "created": "2026-11-10",
        "insurer": ref("Organization/o2"),
        "request": ref("Claim/pa1"),
        "outcome": "complete",
        "preAuthRef": "A7",
        "preAuthPeriod": {"start": "2026-11-01", "end": "2027-01-31"},
    }
    return resource("ClaimResponse", id, base, changes)


def reviewed(sequence: int, action: str, number: str | None = None, **detail: Any) -> Json:
    """A line of a response as Da Vinci PAS has it."""
    parts: list[Json] = [
        {
            "url": f"{PAS}reviewActionCode",
            "valueCodeableConcept": {"coding": [{"system": "https://codesystem.x12.org/005010/306", "code": action}]},
        }
    ]
    parts += [{"url": "number", "valueString": number}] if number else []
    made: Json = {
        "itemSequence": sequence,
        "adjudication": [{"extension": [{"url": f"{PAS}reviewAction", "extension": parts}]}],
    }
    if detail:
        inner = [{"url": url, **value} for url, value in detail.items()]
        made["extension"] = [{"url": f"{PAS}itemAuthorizedDetail", "extension": inner}]
    return made


def papers(*resources: Json) -> list[Paper]:
    return [paper for paper in read(*sound(), *resources).papers if paper.kind is PaperKind.AUTHORIZATION]


def one(*resources: Json) -> Paper:
    (paper,) = papers(*resources)
    return paper


def test_a_granted_preauthorization_is_an_authorization() -> None:
    assert one(asked(), granted()) == Paper(
        kind=PaperKind.AUTHORIZATION,
        source="ClaimResponse/pr1",
        patient="Patient/p1",
        number="A7",
        payer="Organization/o2",
        codes=("97124",),
        units=8,
        start=date(2026, 11, 1),
        end=date(2027, 1, 31),
    )


def test_the_payer_is_told_where_payers_yaml_knows_it() -> None:
    payer = Payer("blue", CoverageKind.HEALTH, "p", references=frozenset({"Organization/o2"}))
    visit = read_visit(builders.record(*sound(), asked(), granted()), builders.reading(), Shared([payer]))
    assert [paper.payer for paper in visit.papers] == ["blue"]


def test_an_insurer_nobody_knows_is_not_any_payer() -> None:
    payer = Payer("blue", CoverageKind.HEALTH, "p", references=frozenset({"Organization/elsewhere"}))
    visit = read_visit(builders.record(*sound(), asked(), granted()), builders.reading(), Shared([payer]))
    assert [paper.payer for paper in visit.papers] == ["Organization/o2"]


@pytest.mark.parametrize(
    ("quantity", "visits", "units"),
    [
        ({"value": 12, "unit": "visits"}, 12, None),
        ({"value": 12, "system": "https://codesystem.x12.org/005010/673", "code": "VS"}, 12, None),
        ({"value": 8, "code": "UN"}, None, 8),
        ({"value": 8}, None, 8),
        ({"value": 3, "unit": "days", "code": "DY"}, None, None),
        ({"value": -1}, None, None),
        ({"value": "8"}, None, None),
    ],
)
def test_a_quantity_counts_what_it_says(quantity: Json, visits: int | None, units: int | None) -> None:
    paper = one(asked(item(quantity=quantity)), granted())
    assert (paper.visits, paper.units) == (visits, units)


def test_several_lines_under_one_number_are_one_paper() -> None:
    paper = one(asked(item(1, "97124", 8), item(2, "97140", 4)), granted())
    assert (paper.codes, paper.units) == (("97124", "97140"), 12)


def test_a_line_without_a_limit_leaves_the_units_of_all_open() -> None:
    assert one(asked(item(1, "97124", 8), item(2, "97140", quantity=...)), granted()).units is None


def test_the_same_visits_are_counted_once_for_all_lines() -> None:
    visits = {"value": 12, "unit": "visits"}
    assert one(asked(item(1, "97124", visits), item(2, "97140", visits)), granted()).visits == 12


def test_an_adjudication_lowers_what_was_asked() -> None:
    line = {"itemSequence": 1, "adjudication": [{"category": {"coding": [{"code": "benefit"}]}, "value": 6}]}
    assert one(asked(), granted(item=[line])).units == 6


def test_money_is_no_quantity() -> None:
    money = {"category": {"coding": [{"code": "benefit"}]}, "amount": {"value": 6, "currency": "USD"}}
    assert one(asked(), granted(item=[{"itemSequence": 1, "adjudication": [money]}])).units == 8


def test_what_the_payer_added_takes_the_place_of_the_line() -> None:
    added = {"itemSequence": [1], "productOrService": cpt("97140"), "quantity": {"value": 4}}
    paper = one(asked(), granted(addItem=[added]))
    assert (paper.codes, paper.units) == (("97140",), 4)


def test_a_response_whose_claim_the_host_does_not_give_counts_with_its_number_and_period() -> None:
    paper = one(granted(request=ref("Claim/elsewhere")))
    assert (paper.number, paper.codes, paper.units, paper.end) == ("A7", (), None, date(2027, 1, 31))


# --- Da Vinci PAS -----------------------------------------------------------------------------------------------------


def test_a_review_action_gives_the_number_of_its_line() -> None:
    lines = [reviewed(1, "A1", "N1"), reviewed(2, "A1", "N2")]
    found = papers(asked(item(1), item(2, "97140", 4)), granted(preAuthRef=..., item=lines))
    assert [(paper.number, paper.codes, paper.units) for paper in found] == [
        ("N1", ("97124",), 8),
        ("N2", ("97140",), 4),
    ]


@pytest.mark.parametrize("action", ["A3", "A4", "C", "CT", "NA"])
def test_a_line_that_is_not_certified_grants_nothing(action: str) -> None:
    lines = [reviewed(1, "A1"), reviewed(2, action)]
    assert one(asked(item(1), item(2, "97140", 4)), granted(item=lines)).codes == ("97124",)
    assert papers(asked(item(1)), granted(item=[reviewed(1, action)])) == []


def test_what_was_authorized_in_place_of_what_was_asked_counts() -> None:
    detail = {
        "productOrServiceCode": {"valueCodeableConcept": cpt("97140")},
        "quantity": {"valueQuantity": {"value": 5}},
    }
    paper = one(asked(), granted(item=[reviewed(1, "A6", "N1", **detail)]))
    assert (paper.number, paper.codes, paper.units) == ("N1", ("97140",), 5)


def test_the_period_of_a_line_outranks_that_of_all() -> None:
    line = reviewed(1, "A1")
    line["extension"] = [
        {"url": f"{PAS}itemPreAuthPeriod", "valuePeriod": {"start": "2026-12-01", "end": "2026-12-31"}}
    ]
    paper = one(asked(), granted(item=[line]))
    assert (paper.start, paper.end) == (date(2026, 12, 1), date(2026, 12, 31))


# --- what grants nothing ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "cancelled"},
        {"status": "entered-in-error"},
        {"outcome": "queued"},
        {"outcome": "error"},
        {"outcome": ...},
        {"use": "predetermination"},
        {"use": "claim"},
        {"preAuthRef": ...},
        {"disposition": "Denied: not medically necessary"},
        {"disposition": "NOT CERTIFIED"},
        {"patient": ref("Patient/p9")},
    ],
    ids=str,
)
def test_a_response_that_grants_nothing_is_no_paper(changes: Json) -> None:
    assert papers(asked(), granted(**changes)) == []


@pytest.mark.parametrize(
    "changes", [{"status": "cancelled"}, {"status": "draft"}, {"use": "predetermination"}], ids=str
)
def test_a_claim_that_does_not_ask_for_it_any_more_has_no_paper(changes: Json) -> None:
    assert papers(asked(**changes), granted()) == []


def test_the_disposition_of_a_grant_may_speak_of_denials() -> None:
    assert one(asked(), granted(disposition="Approved; inpatient denied")).number == "A7"


def test_the_newest_decision_counts() -> None:
    first, second = granted("pr1"), granted("pr2", created="2026-11-12", preAuthRef="A8")
    assert one(asked(), second, first).number == "A8"
    assert papers(asked(), first, granted("pr3", created="2026-11-13", disposition="Denied")) == []
    assert one(asked(), first, granted("pr4", created="2026-11-14", outcome="queued")).number == "A7"


def test_a_line_of_another_kind_of_service_is_not_for_any() -> None:
    foreign = {"coding": [{"system": "http://example.org/scans", "code": "MRI"}]}
    assert one(asked(item(1), item(2, foreign)), granted()).codes == ("97124",)
    assert papers(asked(item(1, foreign)), granted()) == []


def test_a_line_without_a_code_limits_nothing() -> None:
    absent = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "unknown"}]}
    assert one(asked(item(1, {})), granted()).codes == ()
    assert one(asked(item(1, absent)), granted()).codes == ()


# --- with orders, and beside visits -----------------------------------------------------------------------------------


def ordering(**changes: Any) -> list[Json]:
    order = service_request(insurance=[ref("ClaimResponse/pr1")], code=cpt("97140"), **changes)
    return [order, encounter(basedOn=[ref("ServiceRequest/s1")])]


def test_an_order_that_names_it_and_the_payer_speak_of_one_paper() -> None:
    paper = one(*ordering(), asked(), granted())
    assert (paper.linked, paper.codes, paper.units) == (True, ("97124",), 8)


def test_the_order_fills_what_the_payer_leaves_open() -> None:
    quantity = {"value": 6, "unit": "visits"}
    paper = one(*ordering(quantityQuantity=quantity), granted(request=...))
    assert (paper.codes, paper.visits) == (("97140",), 6)


def test_an_order_leads_to_the_numbers_of_the_lines() -> None:
    lines = [reviewed(1, "A1", "N1"), reviewed(2, "A1", "N2")]
    found = papers(*ordering(), asked(item(1), item(2, "97140", 4)), granted(item=lines))
    assert [(paper.number, paper.linked) for paper in found] == [("N1", True), ("N2", True)]


def test_an_order_does_not_bring_back_what_the_payer_denied() -> None:
    assert papers(*ordering(), asked(), granted(disposition="Denied")) == []


def test_a_preauthorization_is_no_claim_of_the_visit() -> None:
    line = item(encounter=[ref("Encounter/e1")])
    visit = read(*sound(), asked(line), asked(line, id="pd1", use="predetermination"), granted())
    assert visit.foreign_claims == ()
    assert read(*sound(), asked(line, use="claim")).foreign_claims


def test_what_is_wrong_with_it_is_no_fault_of_the_visit() -> None:
    broken = asked(item(encounter="Encounter/e1", quantity={"value": []}))
    visit = read(*sound(), broken, granted(item="x", preAuthPeriod={"start": "soon"}))
    assert problems(visit, "record-readable") == []


def test_it_is_a_fault_where_the_visits_order_stands_on_it() -> None:
    visit = read(*sound(), *ordering(), asked(), granted(preAuthPeriod={"start": "soon"}))
    assert [problem.about for problem in problems(visit, "record-readable")] == ["ClaimResponse/pr1"]


LINES = st.lists(
    st.tuples(st.sampled_from(["97124", "97140", "97112"]), st.integers(0, 40) | st.none()), min_size=1, max_size=5
)


@given(lines=LINES, certified=st.lists(st.booleans(), min_size=5, max_size=5))
def test_no_more_is_granted_than_was_asked(lines: list[tuple[str, int | None]], certified: list[bool]) -> None:
    """Whatever the payer certifies: only codes of certified lines, and never more units than those asked for."""
    requested = [item(n, code, ... if q is None else q) for n, (code, q) in enumerate(lines, start=1)]
    decided = [reviewed(n, "A1" if certified[n - 1] else "A3") for n in range(1, len(lines) + 1)]
    kept = [line for line, yes in zip(lines, certified, strict=False) if yes]
    found = papers(asked(*requested), granted(item=decided))
    if not kept:
        assert found == []
        return
    (paper,) = found
    assert set(paper.codes) == {code for code, _ in kept}
    asked_for = [quantity for _, quantity in kept]
    assert paper.units == (None if None in asked_for else sum(q for q in asked_for if q is not None))


@given(order=st.permutations([asked(), granted("pr1"), granted("pr2", created="2026-11-12", preAuthRef="A8")]))
def test_the_order_of_resources_does_not_matter(order: list[Json]) -> None:
    assert one(*order).number == "A8"


# --- beside our own claims --------------------------------------------------------------------------------------------


def test_the_answer_to_a_preauthorization_is_no_evidence_that_a_claim_was_sent() -> None:
    key = [{"system": names.SID_CLAIM_KEY, "value": claim_key("clinic", "e1", 0)}]
    ours = claim("ours", identifier=key)
    (standing,) = our_claims([ours, claim("copy", identifier=key, use="preauthorization")], "clinic", "e1")
    assert standing.reference == "Claim/ours"
    response = granted(request=ref("Claim/ours"))
    assert evidence_of(standing, [response]).state is Sending.NOT_SENT
    assert evidence_of(standing, [{**response, "use": "claim"}]).state is Sending.ADJUDICATED
