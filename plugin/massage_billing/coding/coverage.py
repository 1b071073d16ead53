"""Who pays? The coverage of the visit (DESIGN 6), the patient's wish not to tell the plan (7), or the patient."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date

from massage_billing.coding import payer, which_coverage
from massage_billing.coding.notes import Notes
from massage_billing.coding.terms import SelfPayRow, WhichCoverageRow
from massage_billing.coding.which_coverage import Choice, Held
from massage_billing.model import ClaimLine, Clinic, Coverage, PaperKind, RulingKind, Visit

ASKED_OF_COVERAGE = ("which-coverage", "coverage-in-force", "member-id", "payer-known")
"""Questions that are not asked where the patient pays."""


@dataclass(frozen=True, slots=True)
class Payment:
    """Who pays for the visit."""

    self_pay: bool
    """True: no payer is billed."""
    coverage: Coverage | None = None
    """The coverage billed."""
    secondary: tuple[Coverage, ...] = ()
    """Others in force, listed after it."""
    payer: str | None = None
    """Payer key, or the host's reference of the payer."""
    policy: str | None = None
    """Name of the policy that counts; None where nothing says which."""
    filing_days: int | None = None
    """Days to file, where payers.yaml says."""
    patients: tuple[ClaimLine, ...] = ()
    """Lines of what the payer excludes of a visit that it pays in part."""


def who_pays(visit: Visit, on: Date, clinic: Clinic, notes: Notes) -> Payment:
    """Choose the coverage to bill, or none; leaves the findings of every question asked on the way."""
    if visit.restricted is not None:
        message = f"{visit.restricted}: the patient asked not to tell the plan, and pays."
        notes.fail("patient-restriction", message, about=visit.restricted)
        return _patient_pays(notes)
    notes.passed("patient-restriction")
    if notes.ruling is not None and notes.ruling.kind is RulingKind.SELF_PAY:
        return _patient_pays(notes)
    some = which_coverage.held(visit.coverages, clinic)
    if not some.insured:
        _note_none(some.on_record, notes)
        return _patient_pays(notes)
    notes.passed("coverage-on-record")
    choice = _choose(some, visit, on, notes)
    chosen, known = choice.first, some.known
    if chosen is None:
        return Payment(False, policy=_common_policy(some, clinic, notes))
    if chosen.member_id:
        notes.passed("member-id")
    else:
        notes.no_data("member-id", f"{chosen.id} has no member id.", about=chosen.id)
    payer.check(chosen, clinic, notes)
    if visit.accident is not None and visit.accident.date is not None and visit.accident.date > on:
        said = visit.accident.source
        notes.fail("accident-date", f"{said} tells of an accident after the date of service.", "after", said)
    elif visit.accident is not None and visit.accident.date is None and not _dated(visit, clinic):
        said = visit.accident.source
        notes.no_data(
            "accident-date", f"{said} tells of an accident and not when: the claim leaves it out.", about=said
        )
    entry = known[chosen.id]
    policy = payer.policy_name(entry, clinic, notes.day)
    days = entry.filing_days if entry else None
    return Payment(False, chosen, choice.after, payer.key(chosen, entry), policy, days)


def _dated(visit: Visit, clinic: Clinic) -> bool:
    """Whether papers.csv gives the date of an injury of the patient."""
    return any(p.kind is PaperKind.INJURY and p.patient == visit.patient and p.start for p in clinic.papers)


def _choose(some: Held, visit: Visit, on: Date, notes: Notes) -> Choice:
    """The coverage billed first, with the findings of both questions; none where a person has to say which."""
    special = notes.day.row("which-coverage").says(WhichCoverageRow).only_when_linked
    choice = which_coverage.choose(some, on, visit.accident, special)
    if not choice.in_force:
        notes.bypassed("which-coverage", "No coverage was in force on the date of service.")
        told = "; ".join(f"{c.id} {which_coverage.why_not(c, on)}" for c in some.insured)
        about = some.insured[0]
        # A person may bill against a payer's answer, never against the record, and never without a coverage.
        recorded = choice.first is not None and which_coverage.by_record(choice.first, on)
        case = "answered" if recorded else ""
        notes.fail("coverage-in-force", f"Not in force on the date of service: {told}.", case, about.id)
        return choice
    if choice.doubt:
        notes.fail("which-coverage", choice.doubt, choice.case, choice.in_force[0].id)
        notes.passed("coverage-in-force")
        return choice
    notes.passed("which-coverage")
    _note_in_force(choice.in_force[0], notes)
    return choice


def _note_in_force(c: Coverage, notes: Notes) -> None:
    if c.verified is None:
        notes.passed("coverage-in-force")
    else:
        said = f"{c.id} was in force by its payer's answer ({which_coverage.answer(c.verified)})."
        notes.passed_by("coverage-in-force", said, "answered", c.id)


def _common_policy(some: Held, clinic: Clinic, notes: Notes) -> str | None:
    """The policy all coverages in doubt share, so that lines can be shown all the same."""
    names = {payer.policy_name(some.known[c.id], clinic, notes.day) for c in some.insured}
    return names.pop() if len(names) == 1 else None


def _note_none(self_payer_on_record: bool, notes: Notes) -> None:
    if self_payer_on_record:
        notes.passed("coverage-on-record", "self-pay")
    else:
        notes.no_data("coverage-on-record", "No coverage is on record: the patient pays.")


def _patient_pays(notes: Notes) -> Payment:
    for rule in ASKED_OF_COVERAGE:
        notes.bypassed(rule)
    return Payment(True, policy=counting(notes).policy)


def counting(notes: Notes) -> SelfPayRow:
    """The policies that count where no payer's does."""
    row = notes.day.row("self-pay-counting")
    notes.findings.append(row.passed)
    return row.says(SelfPayRow)
