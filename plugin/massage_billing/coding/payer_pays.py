"""Does this payer pay this service at all, and this kind of provider? What it does not pay is the patient's.

A policy names what it excludes, by code, by kind of provider, or by both. Excluded services leave the claim; where
nothing is left, the visit is the patient's to pay, and the reason stands in the finding and on the superbill.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date as Date

from massage_billing.coding import coverage, patients_part
from massage_billing.coding.coverage import Payment
from massage_billing.coding.notes import Notes
from massage_billing.coding.policy_terms import ExcludesTerm
from massage_billing.coding.rulebook import Policy
from massage_billing.coding.terms import SelfPayRow
from massage_billing.model import ClaimLine, Clinic, Service

RULE = "payer-pays"
"""Rule id; its failures carry the reason that a patient's bill repeats."""
NOT_COVERED = "not-covered"
"""Reason code under ``not_billed``."""
_OF_THE_PAYER = frozenset({"member-id"})
"""Questions that do not matter where the payer is not billed."""
Sorted = tuple[list[Service], Payment, Policy]
"""What goes on, who pays it, and the policy that counts."""


def sort(done: list[Service], payment: Payment, policy: Policy, clinic: Clinic, on: Date, notes: Notes) -> Sorted:
    """Leave off what the payer excludes; where nothing stays, the patient pays all of it."""
    terms = policy.terms.excludes
    if not terms or payment.self_pay or not done:
        return done, payment, policy
    if not notes.asked(RULE):
        notes.bypassed(RULE)
        return done, payment, policy
    before = len(notes.findings)
    excluded = {s.procedure: term for s in done if (term := _excluded(s, terms, notes)) is not None}
    if not excluded:
        if len(notes.findings) == before:
            notes.passed(RULE)
        return done, payment, policy
    kept = [s for s in done if s.procedure not in excluded]
    if not kept and payment.secondary:
        _ask_about_the_next(next(iter(excluded.values())), payment, notes)
        return done, payment, policy
    if kept:
        left = [s for s in done if s.procedure in excluded]
        patients = _left_to_the_patient(left, excluded, policy, clinic, on, notes)
        return kept, replace(payment, patients=patients), policy
    for term in dict.fromkeys(excluded.values()):
        _tell([s for s in done if excluded[s.procedure] is term], term, term.why, policy, notes)
    notes.waive(_OF_THE_PAYER)
    own = coverage.counting(notes).policy
    return done, Payment(True, policy=own), notes.day.policy(own)


def only(kinds: Sequence[str], named: Sequence[str]) -> bool:
    """Whether a provider is of no other kind than those named: who is also a physical therapist is not excluded as a
    massage therapist."""
    return bool(kinds) and all(kind in named for kind in kinds)


def _excluded(s: Service, terms: tuple[ExcludesTerm, ...], notes: Notes) -> ExcludesTerm | None:
    """The term that excludes a service; leaves a finding where the record does not tell."""
    asked = [t for t in terms if (not t.codes or s.code in t.codes) and s.code not in t.all_but]
    kinds = s.therapist.taxonomies if s.therapist else ()
    for term in asked:
        if not term.taxonomies or only(kinds, term.taxonomies):
            return term
    if not asked:
        return None
    if only(kinds, [kind for term in asked for kind in term.taxonomies]):
        return next(term for term in asked if kinds[0] in term.taxonomies)
    who = s.therapist.id if s.therapist else f"Procedure/{s.procedure}"
    if not kinds:
        message = f"{who}: the payer pays some kinds of providers only, and none is on record here."
        _once("kind-unknown", message, who, notes)
    elif any(kind in term.taxonomies for term in asked for kind in kinds):
        message = f"{who} has several taxonomy codes, and the payer does not pay every one of these kinds."
        _once("several-kinds", message, who, notes)
    return None


def _once(case: str, message: str, about: str, notes: Notes) -> None:
    if not any(f.rule == RULE and f.about == about for f in notes.findings):
        notes.no_data(RULE, message, case, about)


def _left_to_the_patient(
    left: list[Service],
    excluded: Mapping[str, ExcludesTerm],
    policy: Policy,
    clinic: Clinic,
    on: Date,
    notes: Notes,
) -> tuple[ClaimLine, ...]:
    """Take what the payer excludes off its claim; each reason is told with the dollars that the patient is to pay."""
    own = notes.day.policy(notes.day.row("self-pay-counting").says(SelfPayRow).policy)
    patients = patients_part.lines(left, own, clinic, on, notes)
    for term in dict.fromkeys(excluded[s.procedure] for s in left):
        services = [s for s in left if excluded[s.procedure] is term]
        named = {s.procedure for s in services}
        told = patients_part.told([line for line in patients if named.issuperset(line.procedures)], len(services))
        codes = ", ".join(sorted({s.code or "-" for s in services}))
        _tell(services, term, f"{codes}: {term.why} {told}", policy, notes)
    notes.leave_off(left, NOT_COVERED, RULE)
    return patients


def _tell(services: list[Service], term: ExcludesTerm, message: str, policy: Policy, notes: Notes) -> None:
    codes = ", ".join(sorted({s.code or "-" for s in services}))
    entry = (policy.row.id, policy.row.start)
    notes.fail(RULE, message, about=codes, entry=entry, source=policy.sources[term.source])


def _ask_about_the_next(term: ExcludesTerm, payment: Payment, notes: Notes) -> None:
    """The first payer pays none of it, and another comes after it: a person says which of them is billed, or none."""
    after = ", ".join(coverage.id for coverage in payment.secondary)
    notes.fail(RULE, f"{term.why} But {after} comes after this payer.", "another-payer", payment.secondary[0].id)
