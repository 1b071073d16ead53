"""Who pays? The coverage of the visit (DESIGN 6), the patient's wish not to tell the plan (7), or the patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date as Date

from massage_billing.coding import payer
from massage_billing.coding.notes import Notes
from massage_billing.coding.terms import SelfPayRow, WhichCoverageRow
from massage_billing.model import ClaimLine, Clinic, Coverage, CoverageKind, PaperKind, Payer, RulingKind, Visit

_ACTIVE = "active"
_NEVER_WAS = "entered-in-error"
_SAID = frozenset({"cancelled", "draft"})
"""Statuses that a message may repeat; what else stands there could be anything."""
_LINKS = ("Account/", "ServiceRequest/")
"""What links a coverage to a visit, the strongest first (DESIGN 6)."""
_LAST = 1_000_000
Known = Mapping[str, Payer | None]
"""The entry of payers.yaml for each coverage, by its id."""
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
    live = [c for c in visit.coverages if c.status != _NEVER_WAS]
    known = {c.id: payer.entry(c, clinic) for c in live}
    group, linked = _group(live)
    insured = [c for c in group if not _patient_is_payer(c, known)]
    if not insured:
        _note_none(bool(live), notes)
        return _patient_pays(notes)
    notes.passed("coverage-on-record")
    chosen, others = _choose(group, insured, linked, visit, on, known, notes)
    if chosen is None:
        return Payment(False, policy=_common_policy(insured, known, clinic, notes))
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
    return Payment(False, chosen, others, payer.key(chosen, entry), policy, days)


def _dated(visit: Visit, clinic: Clinic) -> bool:
    """Whether papers.csv gives the date of an injury of the patient."""
    return any(p.kind is PaperKind.INJURY and p.patient == visit.patient and p.start for p in clinic.papers)


def _group(live: list[Coverage]) -> tuple[list[Coverage], bool]:
    """The coverages that count, in order, and whether the visit itself names them."""
    if len(live) < 2:
        return live, bool(live) and (live[0].linked or "").startswith(_LINKS)
    for link in _LINKS:
        named = [c for c in live if c.linked is not None and c.linked.startswith(link)]
        if named:
            return sorted(named, key=_rank), True
    return sorted(live, key=_order), False


def _rank(c: Coverage) -> tuple[int, str]:
    return (c.link_rank, c.id)


def _order(c: Coverage) -> tuple[int, str]:
    return (_LAST if c.order is None else c.order, c.id)


def _patient_is_payer(c: Coverage, known: Known) -> bool:
    return c.patient_is_payer or payer.kind(c, known[c.id]) is CoverageKind.SELF_PAY


def _choose(
    group: list[Coverage],
    insured: list[Coverage],
    linked: bool,
    visit: Visit,
    on: Date,
    known: Known,
    notes: Notes,
) -> tuple[Coverage | None, tuple[Coverage, ...]]:
    in_force = [c for c in insured if _in_force(c, on)]
    if not in_force:
        notes.bypassed("which-coverage", "No coverage was in force on the date of service.")
        told = "; ".join(f"{c.id} {_why_not(c, on)}" for c in insured)
        notes.fail("coverage-in-force", f"Not in force on the date of service: {told}.", about=insured[0].id)
        return (insured[0] if len(insured) == 1 or linked else None), ()
    doubt = _tie([(c.link_rank, c.id) for c in in_force]) if linked else _doubt(in_force, visit, known, notes)
    doubt = doubt or _patient_first(group, in_force[0], linked, on)
    if doubt:
        case, message = doubt
        notes.fail("which-coverage", message, case, in_force[0].id)
        notes.passed("coverage-in-force")
        return None, ()
    notes.passed("which-coverage")
    notes.passed("coverage-in-force")
    return in_force[0], tuple(in_force[1:])


def _in_force(c: Coverage, on: Date) -> bool:
    return c.status == _ACTIVE and (c.start is None or c.start <= on) and (c.end is None or on <= c.end)


def _why_not(c: Coverage, on: Date) -> str:
    if c.status != _ACTIVE:
        return f"is {c.status}" if c.status in _SAID else "has a status that is not active"
    return "starts later" if c.start is not None and c.start > on else "ended earlier"


def _doubt(in_force: list[Coverage], visit: Visit, known: Known, notes: Notes) -> tuple[str, str] | None:
    """Why a person has to say which coverage it is, where the visit itself names none; None where it is clear."""
    special = notes.day.row("which-coverage").says(WhichCoverageRow).only_when_linked
    unlinked = [c for c in in_force if payer.kind(c, known[c.id]) in special]
    if not unlinked and visit.accident is None:
        return _tie([_order(c) for c in in_force])
    ids = ", ".join(c.id for c in in_force)
    if unlinked and len(unlinked) < len(in_force):
        return "two-kinds", f"Coverages of different kinds are in force ({ids}), and the visit names none of them."
    if unlinked:
        return "needs-link", f"{ids}: this kind of coverage counts only where the visit's account or order names it."
    assert visit.accident is not None  # noqa: S101
    return "accident", f"{visit.accident.source} tells of an accident, and only a health plan is on record ({ids})."


def _patient_first(group: list[Coverage], chosen: Coverage, linked: bool, on: Date) -> tuple[str, str] | None:
    """Whether the patient pays before the plan that would be billed: then it has to be asked what is meant."""
    if group[0] is chosen:
        return None
    place = _rank if linked else _order
    # What stands before the first plan in force is out of force, or of the patient: the latter in force is a doubt.
    for c in group[: group.index(chosen)]:
        if _in_force(c, on) and place(c)[0] < place(chosen)[0]:
            return "patient-first", f"{c.id}, by which the patient pays, comes before {chosen.id}: which one is meant?"
    return None


def _tie(placed: list[tuple[int, str]]) -> tuple[str, str] | None:
    """Whether the first two have the same place; (place, id) in order."""
    if len(placed) > 1 and placed[0][0] == placed[1][0]:
        return "tie", f"{placed[0][1]} and {placed[1][1]} have the same place, so neither is the first to be billed."
    return None


def _common_policy(insured: list[Coverage], known: Known, clinic: Clinic, notes: Notes) -> str | None:
    """The policy all coverages in doubt share, so that lines can be shown all the same."""
    names = {payer.policy_name(known[c.id], clinic, notes.day) for c in insured}
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
