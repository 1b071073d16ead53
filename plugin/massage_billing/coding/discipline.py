"""Of which discipline is a service? Payers count units and limits of each therapy discipline for itself (DESIGN 11).

The record says so with GP, GO or GN; else who did it does (rule therapy-modifier). Most are of one discipline, the
first that the rule names: physical therapists, massage therapists, chiropractors, and whoever is of no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from massage_billing.coding.rulebook import Day
from massage_billing.coding.terms import TherapyModifierRow
from massage_billing.model import Service

RULE = "therapy-modifier"
"""The rule that says which there are."""
USUAL = ""
"""The discipline of most; every other is named by its modifier."""


def row_of(day: Day) -> TherapyModifierRow:
    """What the rule says on a date. Raises ``NoRuleForDate``."""
    return day.row(RULE).says(TherapyModifierRow)


def recorded(modifiers: Iterable[str], row: TherapyModifierRow) -> str | None:
    """The modifier of a discipline among those recorded; None where there is none."""
    return next((m for m in row.disciplines if m in modifiers), None)


def of_each(services: Sequence[Service], row: TherapyModifierRow) -> list[str]:
    """The discipline of each of these services of a patient's day.

    Where nothing is known of a service, neither a modifier nor who did it, it counts with the others: it is of theirs
    where all of those are of one discipline, else of the usual one.
    """
    told = [_told(s, row) for s in services]
    if None not in told:
        return [each for each in told if each is not None]
    known = set(told) - {None}
    rest = known.pop() if len(known) == 1 else None
    return [each if each is not None else rest or USUAL for each in told]


def may_be_one(ours: Sequence[Service], theirs: Sequence[Service], row: TherapyModifierRow) -> bool:
    """Whether services of two visits of a day may be of one discipline; what nothing is known of counts as the same."""
    left, right = ({_told(s, row) for s in services} - {None} for services in (ours, theirs))
    return not left or not right or not left.isdisjoint(right)


def _told(s: Service, row: TherapyModifierRow) -> str | None:
    """What the record, else whoever did it, says of one service; None where nothing is known."""
    found = recorded(s.modifiers, row) if s.modifiers else None
    if found is not None:
        return USUAL if found == row.disciplines[0] else found
    if s.therapist is None or not s.therapist.taxonomies:
        return None
    kinds = s.therapist.taxonomies
    return next((p.discipline for p in row.performers if all(kind in p.taxonomies for kind in kinds)), USUAL)
