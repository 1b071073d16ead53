"""What the store and its fake have in common; no database."""

from __future__ import annotations

from collections.abc import Sequence

from massage_billing.ports import Entry, Touched, VisitState

PLAN_TYPES = frozenset({"Account", "Consent", "Coverage"})
"""Resources that can change who is to be billed after a visit was decided, without the visit having used them: a card
entered late turns self-pay into a claim."""

OPEN_STATES = frozenset({VisitState.HELD, VisitState.WAITING})
"""What any resource of the patient may move on."""

REFERENCES = ("claim", "claim_version", "provenance", "provenance_version", "task", "task_version")
"""The fields of a visit's row that it learns from the host alone."""

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


def wakes(change: Touched, state: VisitState) -> bool:
    """Whether a resource that names a visit's patient, but was not used by the visit in this version, wakes it."""
    kind = change.reference.partition("/")[0]
    return state in OPEN_STATES or kind in PLAN_TYPES
