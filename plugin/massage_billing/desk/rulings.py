"""What a person may decide of a held visit, and what comes of each choice; assigning, noting, deciding.

A choice is offered only where a rule leaves it to a person: what would come of it is found by deciding the visit with
it, never guessed. Who decides names the version of the hold and the record that were seen; somebody else's change in
between is told, and nothing is overwritten (``ports.desk.Overtaken``, ``RecordChanged``).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from massage_billing.desk.office import Office
from massage_billing.errors import InputError
from massage_billing.model import Decision, Outcome, Ruling, RulingKind
from massage_billing.model.desk import Viewer, Work
from massage_billing.ports.desk import Overtaken
from massage_billing.program import Looked

LONGEST_NOTE: Final = 500
"""Characters of a note or reason."""
TITLES: Final = {
    RulingKind.BILL: "Bill it all the same",
    RulingKind.SELF_PAY: "The patient pays",
    RulingKind.WRITE_OFF: "Write it off",
}
"""What people read."""
_TOLD: Final = {f"decided: {kind.value}": title for kind, title in TITLES.items()}
_MAY: Final = {
    RulingKind.BILL: frozenset({Outcome.CLAIM}),
    RulingKind.SELF_PAY: frozenset({Outcome.SELF_PAY, Outcome.NO_CHARGE}),
    RulingKind.WRITE_OFF: frozenset({Outcome.NO_CHARGE}),
}
"""What has to come of a choice for it to be one."""


class NotLeftToAPerson(InputError):
    """A decision that no rule leaves to a person; nothing was changed."""


class RecordChanged(InputError):
    """The record, or what is made of it, is not what the page showed any more; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that a person may decide, or may not."""

    kind: RulingKind
    """bill, self-pay or write-off."""
    title: str
    """The same in words."""
    effect: str
    """What would come of it; of what may not be decided, why not."""
    open: bool
    """It may be decided."""


def choices(looked: Looked, viewer: Viewer, now: datetime) -> tuple[Choice, ...]:
    """Every choice with its effect, found by deciding the visit with it."""
    found = []
    for kind in RulingKind:
        decision = looked.as_if(Ruling(kind, "what if", viewer.who, now))
        may = decision.outcome in _MAY[kind]
        found.append(Choice(kind, TITLES[kind], _effect(kind, decision, may=may), may))
    return tuple(found)


def _effect(kind: RulingKind, decision: Decision, *, may: bool) -> str:
    rules = ", ".join(dict.fromkeys(one.rule for one in decision.holds))
    if not may:
        if decision.outcome is Outcome.HOLD:
            return f"Not possible: {rules} would still hold it, and no decision replaces that."
        return "Not possible: nothing of this visit could be billed so."
    if kind is RulingKind.WRITE_OFF:
        return "Nobody is billed. No Claim is written; one that was written and not sent is cancelled."
    lines = ", ".join(f"{line.code} x{line.units}" for line in decision.lines) or "nothing"
    total = "" if decision.total is None else f", ${decision.total:,.2f}"
    if kind is RulingKind.BILL:
        return f"{decision.payer or 'The payer'} is billed: {lines}{total}."
    return f"The patient is charged: {lines}{total}. Nothing goes to a payer."


def shown_of(looked: Looked) -> str:
    """What a form carries of the record that was shown, so that nobody decides one that he or she has not seen: a
    digest of when it changed last, what holds it and what would be billed."""
    visit, decision = looked.visit, looked.decision
    lines = [
        (line.code, line.units, line.modifiers, line.charge, line.therapist and line.therapist.id,
         line.diagnosis_pointers)
        for line in decision.lines
    ]  # fmt: skip
    holds = [(one.rule, one.row, one.message) for one in decision.holds]
    told = (
        visit.last_changed,
        decision.outcome.value,
        decision.payer,
        decision.diagnoses,
        decision.total,
        lines,
        holds,
    )
    return hashlib.sha256(repr(told).encode("utf-8", "surrogatepass")).hexdigest()[:32]


# --- doing ----------------------------------------------------------------------------------------------------------


def what_of(work: Work) -> str:
    """What was done last to a hold, in words: "decided: write it off", "given to Bo Biller"."""
    title = _TOLD.get(work.what)
    if title is not None:
        return f"decided: {title[:1].lower()}{title[1:]}"
    to = work.assignee_name or work.assignee
    return f"given to {to}" if to and work.what.startswith("given to ") else work.what


def assign(office: Office, viewer: Viewer, encounter: str, seen: int, to: str, name: str) -> Work:
    """Give a hold to somebody (``to`` is a ``Viewer.who``, "" takes it back). Raises Overtaken, StoreError."""
    before = office.desk.hold(office.id, encounter)
    note = before.work.note if before is not None else ""
    what = f"given to {to}" if to else "given back"
    at = datetime.now(UTC)
    work = Work(encounter, assignee=to, assignee_name=name, note=note, by=viewer.who, at=at, what=what)
    return office.desk.assign(office.id, encounter, seen, work)


def note(office: Office, viewer: Viewer, encounter: str, seen: int, text: str) -> Work:
    """Write a note beside a hold, in place of the one before. Raises Overtaken, StoreError."""
    before = office.desk.hold(office.id, encounter)
    now = before.work if before is not None else Work(encounter)
    at = datetime.now(UTC)
    work = Work(
        encounter,
        assignee=now.assignee,
        assignee_name=now.assignee_name,
        note=text[:LONGEST_NOTE],
        by=viewer.who,
        at=at,
        what="wrote a note" if text else "took the note away",
    )
    return office.desk.assign(office.id, encounter, seen, work)


@dataclass(frozen=True, slots=True)
class Shown:
    """What whoever decides had before them."""

    version: int
    """Version of the hold."""
    record: str
    """``shown_of`` the record."""


def decide(office: Office, viewer: Viewer, encounter: str, shown: Shown, kind: RulingKind, reason: str) -> Work:
    """Remember a person's decision, where a rule leaves it to a person.

    Raises NotLeftToAPerson, Overtaken, RecordChanged, HostError where the visit cannot be looked at, StoreError.
    """
    stands = office.desk.hold(office.id, encounter)
    if stands is not None and stands.work.version != shown.version:
        raise Overtaken(stands.work)
    with office.program() as program:
        now = program.setup.host.now()
        looked = program.look(encounter)
        if shown_of(looked) != shown.record:
            what = f"Encounter/{encounter}: the record has changed since the page was shown."
            raise RecordChanged(what, "Look at it as it stands now, then decide.")
        choice = next(one for one in choices(looked, viewer, now) if one.kind is kind)
        if not choice.open:
            raise NotLeftToAPerson(f"Encounter/{encounter}: {choice.title.lower()}. {choice.effect}")
        program.may_rule(encounter, kind)
    # By the host's clock, and not before what was seen: a later change of the record is told from an earlier one by it.
    at = max(now, looked.visit.last_changed or now)
    return office.desk.decide(office.id, encounter, shown.version, Ruling(kind, reason[:LONGEST_NOTE], viewer.who, at))
