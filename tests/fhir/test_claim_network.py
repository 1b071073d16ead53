"""As what a claim is billed, in or out of the payer's network, stands on the Claim and in its digest."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from massage_billing import flow
from massage_billing.checks import claim_checker
from massage_billing.fhir import names
from massage_billing.fhir.claim import ClaimTerms, build_claim, build_void
from massage_billing.fhir.correction import Correction
from massage_billing.model import Credential, CredentialKind, Decision, Enrolled, Visit
from massage_billing.rulebook import examples as rule_examples
from visits import book

TERMS = ClaimTerms("2026-11-23T12:00:00Z", billing_npi="1245319599")
NETWORKS = [None, Enrolled.IN_NETWORK, Enrolled.OUT_OF_NETWORK]


def billed(how: Enrolled | None) -> tuple[Visit, Decision]:
    visit = rule_examples.make_visit(book().standard_visit, date(2026, 11, 3))
    clinic = rule_examples.make_clinic(book().standard_visit)
    if how is not None:
        row = Credential(CredentialKind.ENROLMENT, "credentials.csv:2", "1234567893", payer="plan", enrolled=how)
        clinic = replace(clinic, credentials=(row,), credentials_known=True)
    return visit, flow.bill(visit, book(), clinic)


def claim(how: Enrolled | None) -> dict[str, Any]:
    return dict(build_claim(*billed(how), TERMS))


def extension(made: dict[str, Any], url: str) -> list[Any]:
    return [one.get("valueCode", one.get("valueString")) for one in made["extension"] if one["url"] == url]


@pytest.mark.parametrize("how", NETWORKS)
def test_the_network_stands_on_the_claim_where_it_is_known(how: Enrolled | None) -> None:
    made = claim(how)
    assert extension(made, names.EXT_PROVIDER_NETWORK) == ([how.value] if how else [])
    assert list(claim_checker(book())(made)) == []


def test_a_mixed_claim_passes_our_own_checks_and_another_word_does_not() -> None:
    visit, decision = billed(Enrolled.IN_NETWORK)
    check = claim_checker(book())
    assert list(check(build_claim(visit, replace(decision, network="mixed"), TERMS))) == []
    assert check(build_claim(visit, replace(decision, network="perhaps"), TERMS))


def test_another_network_is_another_decision() -> None:
    digests = [extension(claim(how), names.EXT_DECISION_DIGEST)[0] for how in NETWORKS]
    assert len(set(digests)) == 3


def test_without_enrolments_on_file_a_claim_is_what_it_was_before_there_were_any() -> None:
    visit, decision = billed(None)
    assert build_claim(visit, decision, TERMS)["extension"] == [
        {"url": names.EXT_DECISION_DIGEST, "valueString": extension(claim(None), names.EXT_DECISION_DIGEST)[0]}
    ]


def test_a_void_says_the_same_as_what_it_takes_back() -> None:
    visit, _ = billed(Enrolled.OUT_OF_NETWORK)
    prior = claim(Enrolled.OUT_OF_NETWORK)
    made = dict(build_void(prior, visit, Correction(names.VOID, "Claim/1", "ICN1"), replace(TERMS, revision=1)))
    assert extension(made, names.EXT_PROVIDER_NETWORK) == ["out-of-network"]
    assert extension(made, names.EXT_CLAIM_FREQUENCY) == [names.VOID]
