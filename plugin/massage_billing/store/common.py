"""What the store and its fake have in common; no database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from typing import NamedTuple

from massage_billing.model import PaperCount
from massage_billing.model.paper_use import Counted, after, is_stale, woken
from massage_billing.ports import Entry, Touched, VisitRow, VisitState

PLAN_TYPES = frozenset({"Account", "Consent", "Coverage"})
"""Resources that can change who is to be billed after a visit was decided, without the visit having used them: a card
entered late turns self-pay into a claim."""

OPEN_STATES = frozenset({VisitState.HELD, VisitState.WAITING})
"""What any resource of the patient may move on."""

REFERENCES = ("claim", "claim_version", "provenance", "provenance_version", "task", "task_version")
"""The fields of a visit's row that it learns from the host alone."""

DECIDED = (
    "patient", "date", "state", "outcome", "payer", "revision", "claim_key", "digest", "units", "amount", "holds",
    "draft", "rulebook", "clinic",
)  # fmt: skip
"""The fields of a visit's row that a decision sets, and nothing else does."""

MESSAGE_LENGTH = 500
"""How much of an error message is kept."""


def latest(touched: Sequence[Touched]) -> list[Touched]:
    """One a reference: the last wins."""
    return list({change.reference: change for change in touched}.values())


def latest_entries(entries: Sequence[Entry]) -> list[Entry]:
    """One a visit: the last wins, at its place."""
    last: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        visit = (entry.row.host, entry.row.encounter)
        last.pop(visit, None)
        last[visit] = entry
    return list(last.values())


def overtaken(entry: Entry, now: VisitRow | None) -> bool:
    """Whether the store says otherwise of the visit than when it was read to be decided."""
    was = entry.before
    if not entry.compared or was is now:
        return False
    return was is None or now is None or any(getattr(was, name) != getattr(now, name) for name in DECIDED)


def wakes(change: Touched, state: VisitState) -> bool:
    """Whether a resource that names a visit's patient, but was not used by the visit in this version, wakes it."""
    kind = change.reference.partition("/")[0]
    return state in OPEN_STATES or kind in PLAN_TYPES


def without(entries: Sequence[Entry], visits: Set[tuple[str, str]]) -> list[Entry]:
    """Those that are not of these visits (host, Encounter id)."""
    return [entry for entry in entries if (entry.row.host, entry.row.encounter) not in visits]


class Recount(NamedTuple):
    """What becomes of decided visits once the papers they use are counted again."""

    refused: set[str]
    """Encounter ids of those decided on another count than now holds."""
    woken: set[str]
    """Encounter ids of other visits whose count changes by those that are remembered."""


def recount(known: Iterable[PaperCount], entries: Iterable[Entry]) -> Recount:
    """Count the papers of every patient of these visits again. Of a patient all visits are refused or none: in one
    commit they were counted on one another."""
    counts: dict[str, list[PaperCount]] = {}
    were: dict[str, set[str]] = {}
    for use in known:
        counts.setdefault(use.patient, []).append(use)
        were.setdefault(use.encounter, set()).add(use.patient)
    decided = [Counted(e.row.patient, e.row.encounter, e.row.date, e.uses or (), e.counted) for e in entries]
    mine = {one.encounter for one in decided}
    of: dict[str, list[Counted]] = {}
    for one in decided:
        own = {one.patient} if one.patient is not None else set()
        for patient in own | were.get(one.encounter, set()) | {use.patient for use in one.uses}:
            of.setdefault(patient, []).append(one)
    made = Recount(set(), set())
    for patient, some in of.items():
        if is_stale(after(counts.get(patient, ()), some, patient), some, patient):
            made.refused.update(one.encounter for one in some)
    for patient, some in of.items():
        kept = [one for one in some if one.encounter not in made.refused]
        before = counts.get(patient, [])
        changed = woken(before, after(before, kept, patient))
        made.woken.update(one.encounter for one in changed if one.encounter not in mine)
    return made
