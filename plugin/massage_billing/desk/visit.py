"""One visit: what was done, what is made of it and why, what a person may decide, and how its claim stands.

It is decided anew from the host when it is opened, beside what the last run remembered; where the two differ the page
says so. A host that does not answer leaves what is remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Final

import orjson

from massage_billing.coding import ledger
from massage_billing.coding.ledger import Ledger
from massage_billing.coding.rulebook import Rulebook
from massage_billing.desk.claim_form import Form, form_of
from massage_billing.desk.claim_life import decided
from massage_billing.desk.fixes import Fix, fix_of
from massage_billing.desk.holds import people_of, tone_of, whose
from massage_billing.desk.office import Office
from massage_billing.desk.people import Named
from massage_billing.desk.rulings import Choice, choices, shown_of, what_of
from massage_billing.desk.timeline import Timeline, clock_time, timeline
from massage_billing.errors import HostError, HostNotFound, InputError, NoRuleForDate, SettingsError
from massage_billing.model import ClaimLine, Decision, Effect, Finding, Result, Ruling, Visit
from massage_billing.model.desk import Viewer, Work
from massage_billing.ports import VisitState
from massage_billing.ports.desk import HoldRow
from massage_billing.program import Looked, Program
from massage_billing.superbill import load_labels

WAITING: Final = 1000
"""Groups of the outbox among which a visit's own is looked for."""
_OUTCOMES: Final = {
    "claim": "A payer is billed",
    "hold": "Held: somebody has to settle something first",
    "self-pay": "The patient pays",
    "no-charge": "Nothing to bill",
    "": "Waits: the record is not complete yet",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One finding, with what it asks of people."""

    finding: Finding
    """What a rule found."""
    fix: Fix
    """What its rule asks of people in general."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line that is or would be billed."""

    line: ClaimLine
    """Code, units, modifiers, charge and why."""
    label: str
    """Our own short label of the code."""
    therapist: str
    """Who did it."""
    diagnoses: tuple[str, ...]
    """ICD-10-CM codes it points to."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """What is made of the visit now."""

    decision: Decision
    """As decided now."""
    told: str
    """The outcome in words."""
    lines: tuple[Line, ...]
    """What is or would be billed."""
    findings: tuple[tuple[str, tuple[Told, ...]], ...]
    """(heading, findings), what needs somebody first."""
    counted: Ledger
    """Units by every method."""
    timeline: Timeline
    """What was done when."""
    ruling: Ruling | None
    """What a person decided of it, whether it still counts or not."""
    choices: tuple[Choice, ...]
    """What a person may decide; empty where nothing is held."""
    differs: tuple[str, ...]
    """Where it differs from what was remembered."""
    shown: str
    """Names the record that is shown, for the form that decides it."""


@dataclass(frozen=True, slots=True)
class Page:
    """The page."""

    encounter: str
    """Encounter id."""
    known: HoldRow | None
    """What the last run remembered, and people's work on it; None where no run has seen it."""
    told: str
    """What was remembered, in words."""
    patient: str
    """Name, else the reference. PHI."""
    patient_reference: str | None
    """"Patient/3"."""
    date: Date | None
    """Date of service."""
    therapists: str
    """Who treated."""
    causes: tuple[tuple[str, Fix], ...]
    """(message, what to do) of what holds it, as remembered."""
    limit: Date | None
    """Last day to file."""
    left: int | None
    """Days until then."""
    tone: str
    """How near that is."""
    fresh: Fresh | None
    """What is made of it now; None where the host does not answer."""
    away: str
    """Why not; "" where it answers."""
    names_away: str
    """Why names are missing."""
    claim: Form | None
    """Its Claim, from the host, else from the outbox."""
    outbox: str
    """What waits to be written of it; "" where nothing does."""
    with_whom: str
    """Who has it; "nobody" where nobody has."""
    last: str
    """What people did last about it, who and when; "" where nobody did anything."""
    trail: tuple[tuple[datetime, str], ...]
    """(when at the clinic, what) of the audit trail, the newest first."""
    coverage: str | None
    """Id of the coverage billed, for the page with the payer's answer."""
    people: tuple[tuple[str, str], ...] = ()
    """Whom it may be given to."""

    @property
    def version(self) -> int:
        """Version of people's work that is shown."""
        return self.known.work.version if self.known is not None else 0

    @property
    def held(self) -> bool:
        """Whether the last run left it held."""
        return self.known is not None and self.known.visit.state is VisitState.HELD


def visit_page(office: Office, viewer: Viewer, encounter: str) -> Page | None:
    """The page of a visit; None where neither store nor host knows it. Raises StoreError, RuleFileError."""
    now = office.now()
    known = office.desk.hold(office.id, encounter)
    looked, claim, away = _look(office, encounter, known)
    if known is None and looked is None:
        return None
    row, by = (known.visit, known.work.by) if known is not None else (None, None)
    visit = looked.visit if looked is not None else None
    patient = (visit.patient if visit is not None else None) or (row.patient if row is not None else None)
    treated = _treated(visit) or (row.therapists if row is not None else ())
    named = office.names.named([patient, *treated, *office.staff, by, *_references(claim)])
    book = office.book()
    fresh = _fresh(office, viewer, book, looked, known, named, now) if looked is not None else None
    decision = looked.decision if looked is not None else None
    limit = (row.filing_limit if row is not None else None) or (decision.filing_limit if decision else None)
    left = (limit - now.date()).days if limit is not None else None
    return Page(
        encounter=encounter,
        known=known,
        told=_OUTCOMES.get(row.outcome, row.outcome) if row is not None else "No run has seen this visit yet",
        patient=named.of(patient) or f"Encounter/{encounter}",
        patient_reference=patient,
        date=(visit.date if visit is not None else None) or (row.date if row is not None else None),
        therapists=", ".join(named.of(one) for one in treated),
        causes=tuple((text, fix_of(book, rule, office.kind)) for rule, text in (row.holds if row is not None else ())),
        limit=limit,
        left=left,
        tone=tone_of(left),
        fresh=fresh,
        away=away,
        names_away=named.away,
        claim=form_of(claim, named.of, label_of, now.tzinfo) if claim is not None else None,
        outbox=_outbox(known, claim),
        with_whom=(whose(known.work, named) if known is not None else "") or "nobody",
        last=last_of(known.work, named.of, now) if known is not None else "",
        trail=_trail(office, encounter, now),
        coverage=decision.coverage.id.rpartition("/")[2] if decision is not None and decision.coverage else None,
        people=people_of(office, viewer, named),
    )


def last_of(work: Work, name: Callable[[str | None], str], now: datetime) -> str:
    """ "decided: write it off, by Bo Biller, Nov 30, 2026, 9:05 am" at the clinic; "" where nobody did anything."""
    by = f"by {name(work.by)}" if work.by else "by a run"
    local = None if work.at is None else work.at.astimezone(now.tzinfo)
    at = "" if local is None else f"{local:%b} {local.day}, {local.year}, {clock_time(local)}"
    return ", ".join(part for part in (what_of(work), by, at) if part) if work.what else ""


# --- from the host --------------------------------------------------------------------------------------------------


def _look(
    office: Office, encounter: str, known: HoldRow | None
) -> tuple[Looked | None, Mapping[str, object] | None, str]:
    """(the visit as it stands now, its Claim, why there is none of these)."""
    try:
        with office.program() as program:
            return program.look(encounter), claim_of(office, program, known), ""
    except HostNotFound as problem:
        return None, None, problem.what if known is not None else ""
    except (HostError, InputError, SettingsError) as problem:
        return None, _in_outbox(office, known), f"{problem.what} {problem.fix}".strip()


def claim_of(office: Office, program: Program, known: HoldRow | None) -> Mapping[str, object] | None:
    """The Claim of a visit as it stands on the host, else as it waits in the outbox. Raises HostError."""
    if known is None or not known.visit.claim_key or known.visit.state is not VisitState.CLAIMED:
        return None
    if known.visit.claim is None:
        return _in_outbox(office, known)
    found = {f"Claim/{one.get('id')}": one for one in program.setup.host.find("Claim", [known.visit.claim_key])}
    return found.get(known.visit.claim) or next(iter(found.values()), None)


def _in_outbox(office: Office, known: HoldRow | None) -> Mapping[str, object] | None:
    if known is None or known.visit.state is not VisitState.CLAIMED or known.visit.claim is not None:
        return None
    for waiting in office.store.pending(office.id, WAITING):
        if waiting.group.encounter == known.visit.encounter:
            for write in waiting.group.writes:
                if write.type == "Claim":
                    body: Mapping[str, object] = orjson.loads(write.body)
                    return body
    return None


def _outbox(known: HoldRow | None, claim: Mapping[str, object] | None) -> str:
    if known is None or known.visit.state is not VisitState.CLAIMED or known.visit.claim is not None:
        return ""
    if claim is not None:
        return "Decided, not on the EHR yet: it waits in the outbox and is written by the next run."
    return "Decided, not on the EHR yet: the next run writes it."


def _references(claim: Mapping[str, object] | None) -> Iterator[str]:
    """References of people that a Claim names."""
    waiting: list[object] = [claim]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            reference = node.get("reference")
            if isinstance(reference, str):
                yield reference
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _treated(visit: Visit | None) -> tuple[str, ...]:
    if visit is None:
        return ()
    return tuple(dict.fromkeys(one.therapist.id for one in visit.services if one.therapist is not None))


def _trail(office: Office, encounter: str, now: datetime) -> tuple[tuple[datetime, str], ...]:
    told = (decided(at, what) for at, _, what in office.store.trail(office.id, encounter))
    lines = [(one.at.astimezone(now.tzinfo), "; ".join(filter(None, (one.what, one.evidence)))) for one in told]
    return tuple(reversed(lines))


# --- what is made of it now -----------------------------------------------------------------------------------------


def _fresh(
    office: Office,
    viewer: Viewer,
    book: Rulebook,
    looked: Looked,
    known: HoldRow | None,
    named: Named,
    now: datetime,
) -> Fresh:
    visit, decision = looked.visit, looked.decision
    names = office.names.named([*_treated(visit), *(line.therapist.id for line in decision.lines if line.therapist)])
    return Fresh(
        decision=decision,
        told=_OUTCOMES[decision.outcome.value],
        lines=tuple(_line(one, decision, names) for one in decision.lines),
        findings=tuple(_findings(book, decision.findings, office.kind)),
        counted=ledger.of(visit, decision.policy, book),
        timeline=timeline(visit.services, decision.not_billed, names.of, _regions(book, visit)),
        ruling=looked.ruling,
        choices=choices(looked, viewer, now) if decision.holds or (known is not None and known.visit.holds) else (),
        differs=tuple(differences(known, decision, book)) if known is not None else (),
        shown=shown_of(looked),
    )


@cache
def label_of(code: str) -> str:
    """Our own short label of a code; "" where there is none."""
    return load_labels().get(code, "")


def _regions(book: Rulebook, visit: Visit) -> Mapping[str, frozenset[str]]:
    try:
        return book.on(visit.date).regions if visit.date is not None else {}
    except NoRuleForDate:
        return {}


def _line(line: ClaimLine, decision: Decision, names: Named) -> Line:
    pointed = tuple(decision.diagnoses[place - 1] for place in line.diagnosis_pointers)
    return Line(line, label_of(line.code), names.of(line.therapist.id) if line.therapist else "", pointed)


def _findings(book: Rulebook, found: Sequence[Finding], kind: str) -> Iterator[tuple[str, tuple[Told, ...]]]:
    """In groups: what holds, what changed the claim, what warns, what is not known, what is well."""
    groups: dict[str, list[Told]] = {
        "Holds it": [], "Changed what is billed": [], "Worth knowing": [], "Not known": [], "All is well": [],
        "Not asked": [],
    }  # fmt: skip
    for one in found:
        groups[_group(one)].append(Told(one, fix_of(book, one.rule, kind)))
    yield from ((heading, tuple(some)) for heading, some in groups.items() if some)


def _group(one: Finding) -> str:
    if one.effect is Effect.HOLD:
        return "Holds it"
    if one.effect is Effect.CHANGED:
        return "Changed what is billed"
    if one.effect is Effect.WARN:
        return "Worth knowing"
    if one.result is Result.NO_DATA:
        return "Not known"
    return "All is well" if one.result is Result.PASS else "Not asked"


def differences(known: HoldRow, decision: Decision, book: Rulebook) -> Iterator[str]:
    """Where what is decided now differs from what was remembered, in sentences."""
    row = known.visit
    if row.state is VisitState.WAITING:
        return
    if row.outcome != decision.outcome.value:
        was = _OUTCOMES.get(row.outcome, row.outcome).lower()
        yield f"The last run decided: {was}; now: {_OUTCOMES[decision.outcome.value].lower()}."
    before, now = {rule for rule, _ in row.holds}, {one.rule for one in decision.holds}
    if before - now:
        yield f"Settled since: {', '.join(sorted(before - now))}."
    if now - before:
        yield f"Found since: {', '.join(sorted(now - before))}."
    if row.payer != decision.payer and decision.payer is not None:
        yield f"Payer: {row.payer or 'none'} then, {decision.payer} now."
    units = sum(line.units for line in decision.lines)
    if row.units != units:
        yield f"Units: {row.units} then, {units} now."
    if row.amount is not None and decision.total is not None and Decimal(row.amount) != decision.total:
        yield f"Dollars: ${Decimal(row.amount):,.2f} then, ${decision.total:,.2f} now."
    if row.rulebook and row.rulebook != book.digest:
        yield "The rules have changed since."
