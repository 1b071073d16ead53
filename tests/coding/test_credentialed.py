"""Enrolment and licence on the date of service: whatever is on file, a claim goes out only on a day that it covers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massage_billing import flow
from massage_billing.coding.credential_use import Whose, enrolment, in_force, licence, payer_names
from massage_billing.explain import explanation
from massage_billing.model import (
    Clinic,
    Credential,
    CredentialKind,
    Decision,
    Effect,
    Enrolled,
    Outcome,
    Payer,
    Result,
    Therapist,
    Visit,
)
from massage_billing.rulebook import examples as rule_examples
from visits import book

ON = date(2026, 11, 3)
NPI = "1234567893"
IN, OUT, NONE = Enrolled.IN_NETWORK, Enrolled.OUT_OF_NETWORK, Enrolled.NONE
RULES = ("therapist-credentialed", "therapist-licensed")


def enrolled(how: Enrolled | None, start: date | None = None, end: date | None = None, **more: str) -> Credential:
    whose = more if "npi" in more or "holder" in more else {"npi": NPI, **more}
    return Credential(CredentialKind.ENROLMENT, "credentials.csv:2", payer="plan", enrolled=how, start=start, end=end,
                      **whose)  # fmt: skip


def visit(on: date = ON, **more: object) -> Visit:
    made = rule_examples.make_visit(book().standard_visit, on)
    return replace(made, **more)  # type: ignore[arg-type]


def clinic(*credentials: Credential, known: bool = True) -> Clinic:
    made = rule_examples.make_clinic(book().standard_visit)
    return replace(made, credentials=credentials, credentials_known=known)


def decide(of: Clinic, seen: Visit | None = None) -> Decision:
    return flow.bill(seen or visit(), book(), of)


def told(decision: Decision, rule: str = RULES[0]) -> list[tuple[Result, Effect]]:
    return [(one.result, one.effect) for one in decision.findings if one.rule == rule]


days = st.none() | st.dates(ON - timedelta(days=3), ON + timedelta(days=3))
rows = st.lists(st.builds(enrolled, st.sampled_from([IN, OUT, NONE]), days, days), max_size=3).map(tuple)


@settings(deadline=None)
@given(rows)
def test_a_claim_goes_out_only_where_every_enrolment_of_the_day_takes_it(listed: tuple[Credential, ...]) -> None:
    decision = decide(clinic(*listed))
    said = {
        one.enrolled for one in listed if (one.start or date.min) <= ON and ON <= (one.end or date.max)
    }  # fmt: skip
    if not listed:
        assert (decision.outcome, told(decision)) == (Outcome.CLAIM, [(Result.NO_DATA, Effect.WARN)])
        return
    billed = said in ({IN}, {OUT})
    assert (decision.outcome is Outcome.CLAIM) is billed
    assert decision.network == (said.pop().value if billed else None)  # type: ignore[union-attr]


@settings(deadline=None)
@given(rows, rows)
def test_without_a_credentials_file_nothing_is_held(host: tuple[Credential, ...], file: tuple[Credential, ...]) -> None:
    (service,) = visit().services
    assert service.therapist is not None
    him = replace(service.therapist, credentials=tuple(replace(one, payer="Organization/plan") for one in host))
    seen = visit(services=(replace(service, therapist=him),), state="WA")
    assert decide(clinic(known=False), seen).outcome is Outcome.CLAIM
    # With a file, what the host says counts only where the file says nothing of the therapist.
    beside, alone = decide(clinic(*file), seen), decide(clinic(*file), visit(state="WA"))
    if file:
        assert (beside.outcome, beside.network) == (alone.outcome, alone.network)


@settings(deadline=None)
@given(rows, st.permutations(range(3)))
def test_the_order_of_rows_decides_nothing(listed: tuple[Credential, ...], order: list[int]) -> None:
    turned = tuple(listed[place] for place in order if place < len(listed))
    one, other = decide(clinic(*listed)), decide(clinic(*turned))
    assert (one.outcome, one.network, told(one)) == (other.outcome, other.network, told(other))


def test_the_explanation_shows_the_network() -> None:
    decision = decide(clinic(enrolled(OUT)))
    assert explanation(visit(), decision, book())["network"] == "out-of-network"
    assert explanation(visit(), decide(clinic(known=False)), book())["network"] is None


def test_the_payer_is_known_by_key_by_its_references_and_by_the_coverages_own() -> None:
    of = Clinic(payers=(Payer("plan", rule_examples.CoverageKind.HEALTH, "x", frozenset({"Organization/9"})),))
    assert payer_names("plan", of, "Organization/7") == {"plan", "Organization/9", "Organization/7"}
    assert payer_names("other", of) == {"other"}


def test_an_enrolment_of_another_payer_is_not_this_ones() -> None:
    decision = decide(clinic(replace(enrolled(NONE), payer="comp"), enrolled(IN)))
    assert (decision.outcome, decision.network) == (Outcome.CLAIM, "in-network")


def test_every_therapist_of_the_claim_has_to_be_enrolled() -> None:
    (service,) = visit().services
    hers = replace(
        service, procedure="p2", code="97110", therapist=Therapist("Practitioner/B", "1245319599", ("225700000X",))
    )
    listed = (enrolled(IN), enrolled(IN, end=ON - timedelta(days=1), npi="1245319599"))
    decision = decide(clinic(*listed), visit(services=(service, hers)))
    assert decision.outcome is Outcome.HOLD
    assert [hold.rule for hold in decision.holds] == ["therapist-credentialed"]
    assert "Practitioner/B" in decision.holds[0].message


def test_a_message_never_names_a_payer_by_its_text_or_a_licence_by_its_number() -> None:
    row = Credential(
        CredentialKind.LICENCE, "credentials.csv:3", NPI, state="WA", number="MA60123456", end=date(2026, 1, 1)
    )
    decision = decide(clinic(enrolled(IN), row), visit(state="WA"))
    (hold,) = decision.holds
    assert hold.rule == "therapist-licensed"
    assert "credentials.csv:3" in hold.message
    assert "MA60123456" not in hold.message


@pytest.mark.parametrize("supervised", [True, False])
def test_a_supervisors_enrolment_never_bills_for_the_therapist(supervised: bool) -> None:
    seen = visit(supervisor=Therapist("Practitioner/9", "1245319599") if supervised else None)
    decision = decide(clinic(enrolled(IN, npi="1245319599")), seen)
    assert decision.outcome is Outcome.HOLD
    assert all(line.therapist is not None and line.therapist.npi == NPI for line in decision.lines)
    assert ("supervises" in decision.holds[0].message) is supervised


def test_what_a_patient_pays_is_asked_neither() -> None:
    decision = decide(clinic(enrolled(NONE)), visit(coverages=()))
    assert decision.outcome is Outcome.SELF_PAY
    assert [told(decision, rule) for rule in RULES] == [[(Result.BYPASSED, Effect.NONE)]] * 2


WHO = Whose("Practitioner/7", frozenset({NPI}), frozenset({"Practitioner/7"}))


@settings(deadline=None)
@given(st.lists(st.tuples(days, days), min_size=1, max_size=4), st.sampled_from(["WA", None]))
def test_a_licence_counts_on_its_first_and_last_day_and_between(
    some: list[tuple[date | None, date | None]], state: str | None
) -> None:
    listed = tuple(
        Credential(CredentialKind.LICENCE, f"credentials.csv:{n}", NPI, state="WA", start=start, end=end)
        for n, (start, end) in enumerate(some)
    )
    found = licence(WHO, state, ON, clinic(*listed))
    covers = any(in_force(one, ON) for one in listed)
    assert found.case == (("" if state else "state") if covers else "dates")
    assert covers == any((s or ON) <= ON <= (e or ON) for s, e in some)


@settings(deadline=None)
@given(st.dates(ON, ON + timedelta(days=90)))
def test_how_long_an_enrolment_holds_is_told(end: date) -> None:
    found = enrolment(WHO, {"plan"}, ON, clinic(enrolled(IN, end=end)))
    assert (found.holds, found.ends) == (True, end)
    assert enrolment(WHO, {"plan"}, ON, clinic(enrolled(IN))).ends is None


def test_of_two_enrolments_that_hold_the_longer_one_says_until_when() -> None:
    for until, ends in ((ON + timedelta(days=90), ON + timedelta(days=90)), (None, None)):
        two = (enrolled(IN, end=ON + timedelta(days=9)), enrolled(IN, end=until))
        for listed in (two, two[::-1]):
            assert enrolment(WHO, {"plan"}, ON, clinic(*listed)).ends == ends
