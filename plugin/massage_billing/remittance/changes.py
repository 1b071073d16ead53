"""What changed of a claim against what was sent, how the change goes to the payer, and until when it takes it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

import orjson

from massage_billing.coding.policy_terms import CorrectionsTerm
from massage_billing.fhir import json as fj
from massage_billing.fhir import names
from massage_billing.fhir.correction import read_correction
from massage_billing.model import ClaimLine
from massage_billing.ports import JsonObject, Operation, VisitRow, VisitState, Write
from massage_billing.ports.ledger import SentLine, Submission


class Way(StrEnum):
    """How a change goes to the payer."""

    NOTHING = "nothing"
    UPDATE = "update"
    WITHDRAW = "withdraw"
    ORIGINAL = "new original"
    REPLACEMENT = "replacement"
    VOID = "void"
    HELD = "held"
    WAITING = "waiting"


_WORDS = {
    Way.NOTHING: "Nothing changed: the claim stands as it is.",
    Way.UPDATE: "It was not sent: the next run replaces it where it stands.",
    Way.WITHDRAW: "The next run cancels it; nothing goes to the payer.",
    Way.ORIGINAL: "The next run makes a new claim of it, an original (frequency 1).",
    Way.REPLACEMENT: "The next run makes a replacement (frequency 7), with the payer's number of the claim.",
    Way.VOID: "The next run voids it (frequency 8), with the payer's number of the claim.",
    Way.HELD: "The visit is held; nothing goes to the payer until that is settled.",
    Way.WAITING: "The visit is not ready to be decided; the next runs look again.",
}


@dataclass(frozen=True, slots=True)
class LineFacts:
    """One line of a claim."""

    code: str
    """CPT or HCPCS."""
    modifiers: tuple[str, ...]
    """As billed."""
    units: Decimal
    """Units."""
    charge: Decimal | None
    """Dollars; None where there is no price."""


@dataclass(frozen=True, slots=True)
class ChangedLine:
    """One line, as it was sent, as it stands on the host, and as it would be billed now."""

    sent: LineFacts | None
    """As it was sent; None where it was not."""
    on_host: LineFacts | None
    """As the Claim on the host has it."""
    now: LineFacts | None
    """As it would be billed now."""

    @property
    def changed(self) -> bool:
        """Whether what would be billed now is something else than what was sent."""
        return self.sent != self.now


@dataclass(frozen=True, slots=True)
class Deadline:
    """Until when the payer takes a correction."""

    until: Date
    """The last day."""
    days: int
    """So many days."""
    counted_from: Date
    """From this day on."""
    late: bool
    """It has passed."""
    source: str
    """Who says so."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed of one claim."""

    claim: Submission
    """What was sent, and how far it has come."""
    status: str
    """Status of the Claim on the host; "" where it is not there."""
    lines: tuple[ChangedLine, ...]
    """Its lines."""
    total_now: Decimal | None
    """Dollars that would be billed now; None where a line has no price."""
    way: Way
    """How it goes to the payer."""
    words: str
    """The same in a sentence."""
    holds: tuple[tuple[str, str], ...] = ()
    """(rule, message) of what holds the visit."""
    deadline: Deadline | None = None
    """Until when the payer takes it; None where no policy tells, or nothing has to be corrected there."""

    @property
    def changed(self) -> bool:
        """Whether any line would be billed otherwise now."""
        return any(one.changed for one in self.lines)


def way_of(row: VisitRow, writes: Sequence[Write]) -> Way:
    """How the next run would take a change to the payer, by what it would write."""
    claims = [one for one in writes if one.type == "Claim"]
    for one in reversed(claims):
        body: JsonObject = orjson.loads(one.body)
        if one.operation is Operation.CREATE:
            correction = read_correction(body)
            if correction is None:
                return Way.ORIGINAL
            return Way.VOID if correction.frequency == names.VOID else Way.REPLACEMENT
        if fj.text(body, "status") in ("active", "draft"):
            return Way.UPDATE
    if claims:
        return Way.WITHDRAW
    if row.state is VisitState.HELD:
        return Way.HELD
    return Way.WAITING if row.state is VisitState.WAITING else Way.NOTHING


def changes(
    claim: Submission,
    on_host: JsonObject | None,
    now: Sequence[ClaimLine],
    planned: tuple[VisitRow, Sequence[Write]],
    deadline: Deadline | None = None,
) -> Changes:
    """Compare what was sent with the Claim on the host and with what would be billed now."""
    row, writes = planned
    way = way_of(row, writes)
    newest = row.claim_key == claim.key or way in (Way.REPLACEMENT, Way.VOID, Way.ORIGINAL, Way.HELD)
    lines = _paired([_of_sent(one) for one in claim.lines], _of_claim(on_host), [_of_line(one) for one in now])
    charges = [one.charge for one in now]
    total = None if None in charges else sum((one for one in charges if one is not None), Decimal(0))
    words = _WORDS[way] if newest else "A later claim of this visit stands in its place; look at that one."
    return Changes(
        claim, (fj.text(on_host, "status") or "") if on_host else "", lines, total, way, words, row.holds, deadline
    )


def deadline_of(
    term: CorrectionsTerm | None, source: str, service: Date, answered: Date | None, today: Date
) -> Deadline | None:
    """Until when a payer takes a correction; None where its policy does not tell, or nobody has answered."""
    if term is None:
        return None
    since = service if term.counted_from == "service" else answered
    if since is None:
        return None
    until = since + timedelta(days=term.days)
    return Deadline(until, term.days, since, today > until, source)


def _paired(sent: list[LineFacts], on_host: list[LineFacts], now: list[LineFacts]) -> tuple[ChangedLine, ...]:
    """Lines of the same code side by side, in the order in which they were sent; new ones follow."""
    keys: dict[tuple[str, int], None] = {}
    tables = []
    for some in (sent, on_host, now):
        seen: dict[str, int] = {}
        table: dict[tuple[str, int], LineFacts] = {}
        for one in some:
            seen[one.code] = seen.get(one.code, 0) + 1
            table[one.code, seen[one.code]] = one
        keys |= dict.fromkeys(table)
        tables.append(table)
    return tuple(ChangedLine(*(table.get(key) for table in tables)) for key in keys)


def _of_sent(line: SentLine) -> LineFacts:
    return LineFacts(line.code, line.modifiers, line.units.normalize() + 0, line.charge)


def _of_line(line: ClaimLine) -> LineFacts:
    return LineFacts(line.code, line.modifiers, Decimal(line.units), line.charge)


def _of_claim(claim: Mapping[str, object] | None) -> list[LineFacts]:
    found = []
    for item in fj.children(claim or fj.NOTHING, "item"):
        code = next((code for _, code in fj.codings(fj.child(item, "productOrService"))), "")
        modifiers = tuple(code for one in fj.children(item, "modifier") for _, code in fj.codings(one)[:1])
        units = fj.number(fj.child(item, "quantity"), "value") or Decimal(0)
        found.append(LineFacts(code, modifiers, units, fj.number(fj.child(item, "net"), "value")))
    return found


def answered_on(dates: Iterable[Date | None]) -> Date | None:
    """When the payer decided last."""
    return max((one for one in dates if one is not None), default=None)
