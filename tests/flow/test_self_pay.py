"""What a patient pays: no payer's edits, and in a visit that a payer pays in part, a bill of the patient's own."""

from __future__ import annotations

from typing import Any

import pytest

from massage_billing.model import Decision, Outcome, Result
from massage_billing.ports import VisitRecord
from massage_billing.settings import ClinicSettings
from massage_billing.superbill import NoSuperbill, load_labels, superbill
from visits import book, decide, effects, lines, not_billed, visit

FEES = {"97124": "35.00", "97140": "40.00", "97110": "36.00", "97010": "12.00", "98940": "50.00", "98943": "50.00"}
ASKED_OF_PAYERS = (
    "ncci-pairs", "mue", "daily-cap", "fee-schedule-status", "therapy-modifier", "evaluation-modifier", "add-on-code",
    "diagnosis-excludes1", "diagnosis-seventh-character", "diagnosis-code-first", "diagnosis-covered",
)  # fmt: skip
PATIENT_PAYS: list[dict[str, Any]] = [
    {"coverages": []},
    {"coverages": [], "policy": "anthem", "explaining": True},
    {"restricted": True},
    {"policy": "medicare"},
    {"ruling": "self-pay"},
    {"coverages": [{"patient_pays": True}]},
]
SERVICES: list[Any] = [
    "97140 15",
    {"code": "97124", "minutes": 75},
    "97010 10",
    "98943",
    {"code": "98940", "modifiers": ["GP", "GO"]},
]


@pytest.mark.parametrize("how", PATIENT_PAYS, ids=["none", "explain", "wish", "excluded", "person", "patient"])
def test_every_service_is_charged_whoever_made_it_the_patients(how: dict[str, Any]) -> None:
    decision = decide(services=SERVICES, fees=FEES, diagnoses=["M54.50", "S39.012A"], **how)
    assert decision.outcome is Outcome.SELF_PAY, decision.holds
    assert {line.split()[0]: line.split()[1] for line in lines(decision)} == {
        "97010": "x1", "97124": "x5", "97140": "x1", "98940": "x1", "98943": "x1",
    }  # fmt: skip
    assert not_billed(decision) == []
    assert decision.policy == "self-pay"


def test_each_question_of_payers_says_once_why_it_was_not_asked() -> None:
    decision = decide(coverages=[], services=SERVICES, fees=FEES)
    for rule in ASKED_OF_PAYERS:
        found = [f for f in decision.findings if f.rule == rule]
        assert [(f.result, f.message) for f in found] == [
            (Result.BYPASSED, "The patient pays; no payer's edits are asked.")
        ], rule
    again = decide(coverages=[], services=["97124 60"])
    mine = {f.rule: f for f in again.findings}
    assert all(mine[rule] is next(f for f in decision.findings if f.rule == rule) for rule in ASKED_OF_PAYERS)
    assert not {b.rule for line in decision.lines for b in line.because} & set(ASKED_OF_PAYERS)


def test_the_same_visit_with_a_payer_is_asked_everything() -> None:
    decision = decide(services=SERVICES, fees=FEES, diagnoses=["M54.50", "S39.012A"])
    assert decision.outcome is Outcome.HOLD
    for rule in ("ncci-pairs", "fee-schedule-status", "diagnosis-excludes1"):
        assert {result for result, _ in effects(decision, rule)} >= {"fail"}, rule


@pytest.mark.parametrize("policy", sorted(set(book().policies) - {"self-pay"}))
def test_a_payers_policy_is_never_one_of_patients(policy: str) -> None:
    assert not any(row.patient_pays for row in book().policies[policy].values)


# --- a visit that is paid in part ---


def in_part(**differs: Any) -> Decision:
    services = [
        {"code": "97124", "minutes": 30},
        {"code": "97110", "minutes": 30, "by": "B", "taxonomies": ["225100000X"]},
    ]
    return decide(policy="medicare", services=services, **{"fees": FEES, **differs})


def page(decision: Decision) -> str:
    record = VisitRecord("e1", {})
    return superbill(visit(), decision, record, ClinicSettings(name="Cedar Lane"), load_labels())


def test_what_the_payer_excludes_stands_beside_the_claim_with_its_dollars() -> None:
    decision = in_part()
    assert (decision.outcome, lines(decision)) == (Outcome.CLAIM, ["97110 x2 GP"])
    assert not_billed(decision) == ["97124 not-covered"]
    assert [(line.code, line.units, str(line.charge)) for line in decision.patients] == [("97124", 2, "70.00")]
    assert str(decision.total) == "72.00"
    (told,) = [f.message for f in decision.findings if f.rule == "payer-pays"]
    assert told.endswith("1 service, $70.00 by the fee schedule, is left to the patient's own bill.")


def test_the_superbill_of_such_a_visit_has_both_parts() -> None:
    printed = page(in_part())
    claim, patient = printed.split("For the patient to pay: on no claim")
    assert "97110-GP" in claim
    assert "$72.00" in claim
    assert "97124" in patient
    assert "$70.00" in patient
    assert "massage therapists" in claim


def test_without_a_price_the_finding_names_no_dollars_and_there_is_no_page() -> None:
    decision = in_part(fees={"97110": "36.00"})
    assert decision.outcome is Outcome.CLAIM
    (told,) = [f.message for f in decision.findings if f.rule == "payer-pays"]
    assert told.endswith("1 service is left to the patient's own bill.")
    with pytest.raises(NoSuperbill, match="price"):
        page(decision)


def test_a_visit_paid_whole_or_by_the_patient_has_no_such_part() -> None:
    assert decide().patients == ()
    assert decide(policy="medicare").patients == ()
    assert "on no claim" not in page(decide(coverages=[]))
