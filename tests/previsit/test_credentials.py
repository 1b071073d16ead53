"""Credentials before a visit: what is told of a coming visit is what its claim would be held for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massage_billing import flow
from massage_billing.errors import RuleFileError
from massage_billing.model import (
    Clinic,
    Credential,
    CredentialKind,
    Decision,
    Enrolled,
    Network,
    Readiness,
    Reason,
    Therapist,
)
from massage_billing.previsit.credential_terms import read_credential_terms
from massage_billing.previsit.credentials import Planned, credential_reasons, credentials, network_of
from massage_billing.rulebook import examples as rule_examples
from massage_billing.rulebook.credential_files import load_credential_terms
from visits import book

ON = date(2026, 11, 3)
NPI, OTHER, CLINIC = "1234567893", "1245319599", "1679576722"
RULES = {"therapist-credentialed", "therapist-licensed"}
IN, OUT, NONE = Enrolled.IN_NETWORK, Enrolled.OUT_OF_NETWORK, Enrolled.NONE


def enrolled(how: Enrolled, start: date | None = None, end: date | None = None, npi: str = NPI) -> Credential:
    return Credential(
        CredentialKind.ENROLMENT, "credentials.csv:2", npi, payer="plan", enrolled=how, start=start, end=end
    )


def licensed(start: date | None = None, end: date | None = None, npi: str = NPI, state: str = "WA") -> Credential:
    return Credential(CredentialKind.LICENCE, "credentials.csv:3", npi, state=state, start=start, end=end)


def clinic(*listed: Credential, known: bool = True) -> Clinic:
    made = rule_examples.make_clinic(book().standard_visit)
    return replace(made, credentials=listed, credentials_known=known, npi=CLINIC)


def planned(*host: Credential, state: str | None = "WA", on: date = ON) -> Planned:
    him = Therapist("Practitioner/A", NPI, ("225700000X",), credentials=host)
    return Planned(on, (him,), "plan", "Organization/plan", state)


def told(asked: Planned, of: Clinic) -> tuple[Reason, ...]:
    return credential_reasons(asked, of, load_credential_terms())


def ids(asked: Planned, of: Clinic) -> list[str]:
    return [one.id for one in told(asked, of)]


def billed_as(decision: Decision) -> Network:
    """For which network the claim is billed: one of two networks is none in network."""
    words = {"in-network": Network.IN, "out-of-network": Network.OUT, "mixed": Network.OUT}
    return words.get(decision.network or "", Network.NO_DATA)


days = st.none() | st.dates(ON - timedelta(days=3), ON + timedelta(days=3))
npis = st.sampled_from([NPI, NPI, OTHER, CLINIC])
rows = st.lists(
    st.builds(enrolled, st.sampled_from([IN, OUT, NONE]), days, days, npis)
    | st.builds(licensed, days, days, st.sampled_from([NPI, OTHER]), st.sampled_from(["WA", "OR"])),
    max_size=4,
).map(tuple)  # fmt: skip


@settings(deadline=None)
@given(rows, rows, st.booleans(), st.sampled_from(["WA", None]))
def test_a_visit_is_warned_of_exactly_where_its_claim_would_be_held(
    listed: tuple[Credential, ...], host: tuple[Credential, ...], known: bool, state: str | None
) -> None:
    host = tuple(replace(one, source="PractitionerRole/3") for one in host)
    asked, of = planned(*host, state=state), clinic(*(listed if known else ()), known=known)
    (service,) = rule_examples.make_visit(book().standard_visit, ON).services
    seen = replace(
        rule_examples.make_visit(book().standard_visit, ON), state=state,
        services=(replace(service, therapist=asked.therapists[0]),),
    )  # fmt: skip
    decision = flow.bill(seen, book(), of)
    held = any(hold.rule in RULES for hold in decision.holds)
    reasons = told(asked, of)
    # Without a file the claim goes out with a warning, and the visit says to correct the host's record.
    worrying = [one for one in reasons if one.readiness is not Readiness.READY and "on-host" not in one.id]
    assert bool(worrying) is held
    if not held:
        out = decision.network in ("out-of-network", "mixed")
        assert ("out-of-network" in [one.id for one in reasons]) is out
        assert credentials(asked, of, load_credential_terms()).network is billed_as(decision)


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ((enrolled(IN), licensed()), []),
        ((enrolled(OUT), licensed()), ["out-of-network"]),
        ((enrolled(NONE), licensed()), ["enrolment-refused"]),
        ((enrolled(IN, end=ON - timedelta(days=1)), licensed()), ["not-enrolled"]),
        ((enrolled(IN, start=ON + timedelta(days=1)), licensed()), ["not-enrolled"]),
        ((enrolled(IN, npi=OTHER), licensed()), ["enrolment-missing"]),
        ((licensed(),), ["enrolment-untracked"]),
        ((enrolled(IN), enrolled(OUT), licensed()), ["enrolment-unclear"]),
        ((enrolled(IN), enrolled(NONE, npi=CLINIC), licensed()), ["clinic-not-enrolled"]),
        ((enrolled(IN), enrolled(OUT, npi=CLINIC), licensed()), ["out-of-network"]),
        ((enrolled(IN), licensed(end=ON - timedelta(days=1))), ["not-licensed"]),
        ((enrolled(IN), licensed(npi=OTHER)), ["licence-missing"]),
        ((enrolled(IN), licensed(state="OR")), []),
    ],
)
def test_what_is_told_of_a_visit(listed: tuple[Credential, ...], expected: list[str]) -> None:
    reasons = told(planned(), clinic(*listed))
    assert [one.id for one in reasons] == expected
    assert all(one.source and (one.fix or one.readiness is Readiness.READY) for one in reasons)


def test_nothing_is_told_where_nobody_keeps_credentials() -> None:
    assert ids(planned(), clinic(known=False)) == []
    assert ids(replace(planned(), payer=None), clinic(enrolled(NONE))) == []
    assert ids(replace(planned(), therapists=()), clinic(enrolled(NONE))) == []


def test_what_the_host_alone_says_is_to_be_corrected_there() -> None:
    gone = replace(enrolled(IN, end=ON - timedelta(days=1)), source="PractitionerRole/3")
    assert ids(planned(gone), clinic(known=False)) == ["enrolment-on-host-ended"]
    assert ids(planned(gone), clinic(enrolled(IN), licensed())) == ["credential-differs"]
    assert ids(planned(gone), clinic(enrolled(IN, npi=OTHER))) == ["not-enrolled"]


def test_an_affiliation_of_the_clinic_on_the_host_counts() -> None:
    row = Credential(CredentialKind.ENROLMENT, "OrganizationAffiliation/1", holder="Organization/1", payer="plan",
                     enrolled=OUT)  # fmt: skip
    asked = replace(planned(), organization="Organization/1", host=(row,))
    assert ids(asked, clinic(enrolled(IN), licensed())) == ["out-of-network"]


def test_two_therapists_are_each_asked_about() -> None:
    both = replace(planned(), therapists=(*planned().therapists, Therapist("Practitioner/B", OTHER)))
    reasons = told(both, clinic(enrolled(IN), licensed()))
    assert [(one.id, one.about) for one in reasons] == [
        ("enrolment-missing", "Practitioner/B"), ("licence-missing", "Practitioner/B"),
    ]  # fmt: skip


UNSAID = replace(enrolled(IN), enrolled=None)
"""The therapist's own row, which does not say in which network."""


@pytest.mark.parametrize(
    ("listed", "network"),
    [
        ((UNSAID, enrolled(IN, npi=CLINIC)), Network.IN),
        ((UNSAID, enrolled(OUT, npi=CLINIC)), Network.OUT),
        ((enrolled(IN), enrolled(OUT, npi=CLINIC)), Network.OUT),
        ((UNSAID,), Network.NO_DATA),
        ((enrolled(IN),), Network.IN),
        ((enrolled(OUT), enrolled(IN, npi=CLINIC)), Network.OUT),
    ],
)
def test_the_front_desk_tells_the_figures_of_the_network_that_is_billed(
    listed: tuple[Credential, ...], network: Network
) -> None:
    asked, of = planned(), clinic(*listed, licensed())
    (service,) = rule_examples.make_visit(book().standard_visit, ON).services
    seen = replace(
        rule_examples.make_visit(book().standard_visit, ON), state="WA",
        services=(replace(service, therapist=asked.therapists[0]),),
    )  # fmt: skip
    assert network_of(asked, of) is network
    assert network_of(asked, of) is billed_as(flow.bill(seen, book(), of))
    assert network_of(replace(asked, payer=None), of) is Network.NO_DATA


@pytest.mark.parametrize(
    ("other", "network"), [(IN, Network.IN), (OUT, Network.OUT), (None, Network.NO_DATA), (NONE, Network.NO_DATA)]
)
def test_of_two_therapists_both_have_to_be_known(other: Enrolled | None, network: Network) -> None:
    both = replace(planned(), therapists=(*planned().therapists, Therapist("Practitioner/B", OTHER)))
    row = replace(enrolled(IN, npi=OTHER), enrolled=other)
    assert network_of(both, clinic(enrolled(IN), row, licensed())) is network


# --- the file of terms ----------------------------------------------------------------------------------------------

TERMS = """\
sources:
  own: {title: Somebody's own, href: plugin/docs/decisions.md, retrieved: 2026-11-30, grade: house}
last_verified_on: 2026-11-30
warn_days: {days: ["60", "30", "7"], source: own}
attestation: {days: "120", states: {IL: "180"}, source: own}
taxonomies: {codes: ["225700000X"], source: own}
reasons:
  out-of-network: {readiness: ready, plain: "Out of network.", source: own}
"""


def test_terms_are_read() -> None:
    terms = read_credential_terms(TERMS)
    assert [terms.step(days) for days in (-1, 0, 7, 8, 30, 31, 60, 61)] == [7, 7, 7, 30, 30, 60, 60, None]
    assert [terms.attested_for(states) for states in ((), ("WA",), ("IL",), ("IL", "WA"))] == [120, 120, 180, 120]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("source: own}\nattestation", "source: nobody}\nattestation", 4),
        ('plain: "Out of network.", source: own', 'plain: "Out of network.", source: nobody', 8),
        ('{IL: "180"}', '{Illinois: "180"}', 5),
        ('["225700000X"]', "[massage]", 6),
        ("readiness: ready", "readiness: perhaps", 8),
        ("readiness: ready", "readiness: act", 8),
        ("[\"60\", \"30\", \"7\"]", "[]", 4),
    ],
)  # fmt: skip
def test_a_file_of_terms_that_is_wrong_is_refused_with_its_line(old: str, new: str, line: int) -> None:
    assert old in TERMS
    with pytest.raises(RuleFileError) as caught:
        read_credential_terms(TERMS.replace(old, new), "eligibility/credentials.yaml")
    assert caught.value.line == line
