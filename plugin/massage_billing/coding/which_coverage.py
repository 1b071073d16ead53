"""Which coverage is billed first, and which come after it (DESIGN 6)? Pure: billing, and asking before a visit, agree.

What a payer itself answered of a coverage (``Coverage.verified``) outranks the status and dates of the record, both
ways; a record that was entered in error stays none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date as Date

from massage_billing.coding import payer
from massage_billing.model import Accident, Clinic, Coverage, CoverageKind, Payer, Verified

_ACTIVE = "active"
_NEVER_WAS = "entered-in-error"
_SAID = frozenset({"cancelled", "draft"})
"""Statuses that a message may repeat; what else stands there could be anything."""
_LINKS = ("Account/", "ServiceRequest/")
"""What links a coverage to a visit, the strongest first (DESIGN 6)."""
_LAST = 1_000_000
Known = Mapping[str, Payer | None]
"""The entry of payers.yaml for each coverage, by its id."""


@dataclass(frozen=True, slots=True)
class Held:
    """The coverages of a patient that count for a visit."""

    group: tuple[Coverage, ...] = ()
    """Those that count, in order: what the visit's account or order names, else all."""
    linked: bool = False
    """The visit itself names them."""
    insured: tuple[Coverage, ...] = ()
    """Those of them by which somebody else than the patient pays."""
    known: Known = field(default_factory=dict)
    """Who insures."""
    on_record: bool = False
    """Any coverage is on record."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which coverage is billed first."""

    first: Coverage | None = None
    """The coverage that is billed; None where a person has to say which."""
    after: tuple[Coverage, ...] = ()
    """Others in force, in order."""
    in_force: tuple[Coverage, ...] = ()
    """All in force; empty where none is."""
    case: str = ""
    """Why a person has to say which: a case of the rule which-coverage."""
    doubt: str = ""
    """The same in words; "" where it is clear, and where none is in force."""


def held(coverages: Collection[Coverage], clinic: Clinic) -> Held:
    """The coverages that count, and who insures."""
    live = [c for c in coverages if c.status != _NEVER_WAS]
    known = {c.id: payer.entry(c, clinic) for c in live}
    group, linked = _group(live)
    insured = tuple([c for c in group if not patient_is_payer(c, known)])
    return Held(tuple(group), linked, insured, known, bool(live))


def choose(some: Held, on: Date, accident: Accident | None, only_when_linked: Collection[CoverageKind]) -> Choice:
    """The coverage that is billed first on a date, of coverages by which somebody insures."""
    active = [c for c in some.insured if in_force(c, on)]
    if not active:
        alone = len(some.insured) == 1 or some.linked
        return Choice(some.insured[0] if some.insured and alone else None)
    if some.linked:
        doubt = _tie([(c.link_rank, c.id) for c in active])
    else:
        doubt = _doubt(active, accident, some.known, only_when_linked)
    doubt = doubt or _patient_first(some, active[0], on)
    if doubt:
        case, message = doubt
        return Choice(None, (), tuple(active), case, message)
    return Choice(active[0], tuple(active[1:]), tuple(active))


def in_force(c: Coverage, on: Date) -> bool:
    """Whether a coverage is in force on a date: what its payer answered, else the record."""
    return by_record(c, on) if c.verified is None else c.verified.in_force


def by_record(c: Coverage, on: Date) -> bool:
    """Whether a coverage is in force on a date by the record alone, whatever its payer answered."""
    return c.status == _ACTIVE and (c.start is None or c.start <= on) and (c.end is None or on <= c.end)


def why_not(c: Coverage, on: Date) -> str:
    """Why a coverage is not in force, in words that follow its id."""
    if c.verified is not None:
        return f"is not in force by its payer's answer ({answer(c.verified)})"
    if c.status != _ACTIVE:
        return f"is {c.status}" if c.status in _SAID else "has a status that is not active"
    return "starts later" if c.start is not None and c.start > on else "ended earlier"


def answer(verified: Verified) -> str:
    """Which answer it is, for messages: "CoverageEligibilityResponse/8, asked on 2026-11-30"."""
    return f"{verified.told}, asked on {verified.on.isoformat()}"


def patient_is_payer(c: Coverage, known: Known) -> bool:
    """Whether a coverage says that the patient pays."""
    return c.patient_is_payer or payer.kind(c, known[c.id]) is CoverageKind.SELF_PAY


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


def _doubt(
    active: list[Coverage], accident: Accident | None, known: Known, special: Collection[CoverageKind]
) -> tuple[str, str] | None:
    """Why a person has to say which coverage it is, where the visit itself names none; None where it is clear."""
    unlinked = [c for c in active if payer.kind(c, known[c.id]) in special]
    if not unlinked and accident is None:
        return _tie([_order(c) for c in active])
    ids = ", ".join(c.id for c in active)
    if unlinked and len(unlinked) < len(active):
        return "two-kinds", f"Coverages of different kinds are in force ({ids}), and the visit names none of them."
    if unlinked:
        return "needs-link", f"{ids}: this kind of coverage counts only where the visit's account or order names it."
    assert accident is not None  # noqa: S101
    return "accident", f"{accident.source} tells of an accident, and only a health plan is on record ({ids})."


def _patient_first(some: Held, chosen: Coverage, on: Date) -> tuple[str, str] | None:
    """Whether the patient pays before the plan that would be billed: then it has to be asked what is meant."""
    group = some.group
    if group[0] is chosen:
        return None
    place = _rank if some.linked else _order
    # What stands before the first plan in force is out of force, or of the patient: the latter in force is a doubt.
    for c in group[: group.index(chosen)]:
        if in_force(c, on) and place(c)[0] < place(chosen)[0]:
            return "patient-first", f"{c.id}, by which the patient pays, comes before {chosen.id}: which one is meant?"
    return None


def _tie(placed: list[tuple[int, str]]) -> tuple[str, str] | None:
    """Whether the first two have the same place; (place, id) in order."""
    if len(placed) > 1 and placed[0][0] == placed[1][0]:
        return "tie", f"{placed[0][1]} and {placed[1][1]} have the same place, so neither is the first to be billed."
    return None
