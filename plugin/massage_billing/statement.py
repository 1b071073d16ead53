"""A patient's statement: what was billed, what payers paid and took off, what the patient owes. HTML for Letter.

What is owed is said only where it is known: a plan that has not answered leaves it open, and a plan that comes second
has to answer too. What the patient has paid already is not known to this program, and the page says so. PHI.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from decimal import Decimal

from massage_billing.fhir.json import NOTHING, children, text
from massage_billing.model import ClaimLine, Decision, Outcome
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports import JsonObject
from massage_billing.ports.ledger import SentLine, Submission
from massage_billing.remittance.adjudication import Adjudication, charged
from massage_billing.remittance.adjustments import words
from massage_billing.settings import ClinicSettings
from massage_billing.superbill import human_name

_PATIENT = "PR"
"""Group of adjustments that the patient bears."""
_PAID_BEFORE = "23"
"""Reason of what an earlier payer paid or took off."""
_VOID = "8"
"""Frequency of a claim that takes another back."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A claim of a visit, as it was sent last to one payer, with what that payer answered."""

    claim: Submission
    """What was sent."""
    answers: tuple[Adjudication, ...]
    """Answers that count; none where nothing is known line by line."""
    paid: Decimal | None = None
    """What the payer paid by what a person or the host said, where no file tells more."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A visit with everything that is known of it."""

    encounter: str
    """Encounter id."""
    date: Date
    """Date of service."""
    decision: Decision
    """What the rulebook makes of it today."""
    sent: tuple[Sent, ...] = ()
    """Claims that were sent of it, the first payer's first, of one payer the newest last."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a visit."""

    code: str
    """Code with its modifiers."""
    label: str
    """What it is called here."""
    units: str
    """Units."""
    charge: str
    """Dollars; "" where there is no price."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One visit on the statement."""

    date: Date
    """Date of service."""
    billed_to: str
    """Who was billed, in words."""
    items: tuple[Item, ...]
    """Its lines."""
    charge: Decimal
    """Dollars."""
    paid: Decimal
    """What payers paid."""
    off: Decimal
    """What nobody owes any more."""
    reasons: tuple[tuple[str, str], ...]
    """(why, dollars) of what was not paid."""
    owed: Decimal | None
    """What the patient owes of it; None where that is not known yet."""
    state: str
    """Where it stands, in a sentence."""


@dataclass(frozen=True, slots=True)
class Statement:
    """Everything on the statement."""

    clinic: ClinicSettings
    """Who bills."""
    patient: str
    """Name in full."""
    address: tuple[str, ...]
    """Where the patient lives."""
    first: Date
    """First date of service."""
    last: Date
    """Last date of service."""
    made: Date
    """The day it was made."""
    entries: tuple[Entry, ...]
    """Visits, by date of service."""

    @property
    def charge(self) -> Decimal:
        """Dollars billed."""
        return sum((one.charge for one in self.entries), Decimal(0))

    @property
    def paid(self) -> Decimal:
        """Dollars that payers paid."""
        return sum((one.paid for one in self.entries), Decimal(0))

    @property
    def off(self) -> Decimal:
        """Dollars that nobody owes any more."""
        return sum((one.off for one in self.entries), Decimal(0))

    @property
    def owed(self) -> Decimal:
        """Dollars that the patient owes, as far as that is known."""
        return sum((one.owed for one in self.entries if one.owed is not None), Decimal(0))

    @property
    def open(self) -> Decimal:
        """Charges of which it is not known yet what the patient owes, less what was paid."""
        return sum((one.charge - one.paid - one.off for one in self.entries if one.owed is None), Decimal(0))


def entries_of(seen: Seen, labels: Mapping[str, str], payers: Mapping[str, str]) -> tuple[Entry, ...]:
    """A visit as the statement shows it: what a plan was billed, and apart from it what a plan does not cover.

    ``payers``: key → name. Nothing where nothing is charged.
    """
    decision = seen.decision
    latest = {one.claim.rank: one for one in seen.sent if one.claim.standing is not ClaimStanding.NOT_SENT}
    live = [one for one in latest.values() if one.claim.frequency != _VOID]
    found = _claimed(seen, live, labels, payers) if live else _decided(seen, labels, payers)
    own = [_item(line, labels) for line in decision.patients]
    if found is None or not own:
        return () if found is None else (found,)
    return found, _of_patient(seen, own, _dollars(decision.patients), "Not covered by the plan: yours to pay.")


def _of_patient(seen: Seen, items: Iterable[Item], dollars: Decimal, state: str) -> Entry:
    return Entry(seen.date, "you", tuple(items), dollars, Decimal(0), Decimal(0), (), dollars, state)


def _decided(seen: Seen, labels: Mapping[str, str], payers: Mapping[str, str]) -> Entry | None:
    """A visit of which no plan got a claim."""
    decision = seen.decision
    if decision.outcome is Outcome.NO_CHARGE or not decision.lines:
        return None
    items, charge = [_item(line, labels) for line in decision.lines], _dollars(decision.lines)
    if decision.outcome is Outcome.SELF_PAY:
        return _of_patient(seen, items, charge, "Yours to pay.")
    if decision.outcome is Outcome.HOLD:
        name, state = "nobody yet", "Not billed yet: we are completing the record."
    else:
        name = payers.get(decision.payer or "", decision.payer or "your plan")
        state = f"A claim to {name} is being prepared."
    return Entry(seen.date, name, tuple(items), charge, Decimal(0), Decimal(0), (), None, state)


def _claimed(seen: Seen, live: Sequence[Sent], labels: Mapping[str, str], payers: Mapping[str, str]) -> Entry:
    """A visit of which a plan got a claim."""
    claim, last = live[0].claim, live[-1]
    names = [payers.get(one.claim.payer, one.claim.payer) for one in live]
    paid = sum((_paid(one) for one in live), Decimal(0))
    left = _left(last)
    waits = len(live) == 1 and bool(seen.decision.secondary) and left is not None and left > 0
    owed = None if waits else left
    items = [_sent_item(line, labels) for line in claim.lines] or [_item(one, labels) for one in seen.decision.lines]
    off = claim.total - paid - owed if owed is not None else Decimal(0)
    return Entry(
        seen.date, " and ".join(names), tuple(items), claim.total, paid, off, tuple(_reasons(live)), owed,
        _state(last, names[-1], waits, owed),
    )  # fmt: skip


def _paid(one: Sent) -> Decimal:
    if one.answers:
        return sum((answer.whole.paid.paid for answer in one.answers), Decimal(0))
    return one.paid or Decimal(0)


def _left(one: Sent) -> Decimal | None:
    """What a payer leaves to the patient; None where it has not answered whole."""
    if not one.answers or charged(one.answers) != one.claim.total:
        return None
    return sum((answer.whole.paid.of_patient for answer in one.answers), Decimal(0))


def _state(last: Sent, name: str, waits: bool, owed: Decimal | None) -> str:
    if waits:
        return f"{name} has answered; your other plan has to answer too before it is known what you owe."
    if owed is not None:
        return f"{name} has decided."
    if last.claim.standing is ClaimStanding.ADJUDICATED:
        return f"{name} has decided; its details have not reached us yet."
    if last.claim.standing is ClaimStanding.REJECTED:
        return f"{name} could not take the claim; we are correcting it."
    return f"{name} has the claim and has not decided yet."


def _reasons(live: Sequence[Sent]) -> Iterable[tuple[str, str]]:
    """What was not paid, in our words, each once with its dollars; what the last payer leaves to the patient is so
    marked, and what an earlier one paid is told once."""
    totals: dict[str, Decimal] = {}
    for place, one in enumerate(live):
        rows = (
            row
            for answer in one.answers
            for each in (answer.whole, *answer.lines)
            for row in each.adjustments
            if not (place and row.reason == _PAID_BEFORE)
        )
        for row in rows:
            who = "" if row.group != _PATIENT else " (yours)" if one is live[-1] else " (left to the other plan)"
            told = words(row.group, row.reason).plain + who
            totals[told] = totals.get(told, Decimal(0)) + row.amount
    return [(why, money(dollars)) for why, dollars in totals.items() if dollars]


def _item(line: ClaimLine, labels: Mapping[str, str]) -> Item:
    charge = "" if line.charge is None else money(line.charge)
    return Item("-".join((line.code, *line.modifiers)), labels.get(line.code, ""), str(line.units), charge)


def _sent_item(line: SentLine, labels: Mapping[str, str]) -> Item:
    units = f"{line.units.normalize():f}"
    return Item("-".join((line.code, *line.modifiers)), labels.get(line.code, ""), units, money(line.charge))


def _dollars(lines: Iterable[ClaimLine]) -> Decimal:
    return sum((line.charge for line in lines if line.charge is not None), Decimal(0))


def statement_of(
    patient: JsonObject, clinic: ClinicSettings, days: tuple[Date, Date], made: Date, entries: Iterable[Entry]
) -> Statement:
    """The statement of a patient, who is as the host has them."""
    listed = tuple(sorted(entries, key=lambda one: one.date))
    name = human_name(patient) or f"Patient/{text(patient, 'id') or ''}"
    return Statement(clinic, name, _address(patient), days[0], days[1], made, listed)


def _address(patient: JsonObject) -> tuple[str, ...]:
    given = children(patient, "address")
    found = next((one for one in given if text(one, "use") in ("home", None)), given[0] if given else NOTHING)
    value = found.get("line")
    lines = [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
    city = ", ".join(part for part in (text(found, "city"), text(found, "state")) if part)
    return tuple(part for part in (*lines, f"{city} {text(found, 'postalCode') or ''}".strip()) if part)


def page(statement: Statement) -> str:
    """The statement as HTML."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    jinja = Environment(
        loader=PackageLoader("massage_billing", "web"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return jinja.get_template("statement.html.j2").render(page=statement, money=money)


def money(amount: Decimal) -> str:
    """Dollars as printed."""
    return f"{amount:,.2f}"
