"""Which claims may go into a file: approved, of today's record, and in no other file that nobody has answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date as Date
from itertools import islice

from massage_billing.fhir import json as fj
from massage_billing.fhir.billed import BilledVisit, read_billed
from massage_billing.fhir.claim_state import Sending, encounters_named, evidence_of, key_of_claim, our_claims
from massage_billing.fhir.correction import read_correction
from massage_billing.fhir.record import Record
from massage_billing.fhir.tasks import digest_of
from massage_billing.fhir.visit import Shared, read_visit
from massage_billing.model import Visit
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports import JsonObject, VisitRecord, VisitRow, VisitState
from massage_billing.ports.ledger import Submission
from massage_billing.sending.setup import ExportSetup

_RESTRICTED = "is of a visit whose patient does not want the plan to be told: `run` withdraws it."
_GONE = "is of a visit that the host does not give any more."
_BLOCK = 10_000
"""Rows that are put in order together."""
_CHUNK = 400
"""Visits that are read together."""


@dataclass(frozen=True, slots=True)
class Left:
    """A claim that is not sent, and why."""

    encounter: str
    """Encounter id."""
    claim: str
    """"Claim/12"; "" where there is none."""
    why: str
    """What keeps it, and what to do."""
    lacks: bool = False
    """A record has to be completed before it can be sent; else it only waits."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A claim that may be sent."""

    row: VisitRow
    """What is remembered of its visit."""
    claim: JsonObject
    """The Claim on the host."""
    record: VisitRecord | Record
    """The visit's record."""
    visit: Visit | BilledVisit
    """The visit, as far as a claim needs it."""
    rejected: Submission | None = None
    """How it was sent before, where that was rejected."""


@dataclass(frozen=True, slots=True)
class Picked:
    """What is kept of a chosen claim once it is translated: not its record, for a file has many."""

    encounter: str
    """Encounter id."""
    patient: str
    """"Patient/3"."""
    digest: str
    """Decision digest of the Claim."""
    rejected: Submission | None
    """How it was sent before, where that was rejected."""

    @classmethod
    def of(cls, one: Chosen) -> Picked:
        """Of a chosen claim."""
        return cls(one.row.encounter, one.row.patient or "", digest_of(one.claim), one.rejected)


def choose(setup: ExportSetup, payer: str | None, since: Date | None) -> Iterator[Chosen | Left]:
    """Claims that may be sent, and claims that may not though they look so, those of a patient together.

    Of a visit that bills its claim; of one that bills nothing any more the void. ``payer``: only of this payer key;
    ``since``: only dates of service from this day on.
    """
    shared = Shared(setup.clinic.payers)
    rows = (row for row in setup.store.rows(setup.host.id) if _comes_up(row, payer, since))
    while some := list(islice(rows, _BLOCK)):
        some.sort(key=lambda row: row.patient or "")  # whose visits are read together, their record is read once
        for first in range(0, len(some), _CHUNK):
            yield from _looked_at(setup, some[first : first + _CHUNK], shared)


def _comes_up(row: VisitRow, payer: str | None, since: Date | None) -> bool:
    if row.claim is None or not row.claim_key or not (row.state is VisitState.CLAIMED or row.revision):
        return False
    if payer is not None and row.payer not in (payer, None):  # of a void nobody remembers the payer
        return False
    return since is None or (row.date is not None and row.date >= since)


def _looked_at(setup: ExportSetup, rows: list[VisitRow], shared: Shared) -> Iterator[Chosen | Left]:
    known = setup.ledger.submissions(setup.host.id, [row.claim_key for row in rows])
    wanted = [row for row in rows if _may(known.get(row.claim_key))]
    drafts = [row for row in wanted if row.draft and row.state is VisitState.CLAIMED]
    yield from (Left(one.encounter, one.claim or "", "is a draft: `approve` lets it go.") for one in drafts)
    by_id = {row.encounter: row for row in wanted if not row.draft}
    if not by_id:
        return
    claims = {f"Claim/{fj.text(one, 'id')}": one for one in _claims(setup, list(by_id.values()))}
    answers = list(setup.host.answers(list(claims)))
    of_row = {encounter: _of_row(row, claims) for encounter, row in by_id.items()}
    named = {encounter: set(encounters_named(claim)) - {encounter} for encounter, claim in of_row.items() if claim}
    others = {
        one: read_visit(record, setup.reading, shared).restricted is not None
        for record in setup.host.visits(sorted(set().union(*named.values())))
        for one in (record.encounter,)
    }
    gone = set(by_id)
    for record in setup.host.visits(sorted(by_id)):
        encounter = record.encounter
        gone.discard(encounter)
        row, claim = by_id[encounter], of_row[encounter]
        if row.state is not VisitState.CLAIMED and not _voids(claim):
            continue
        reader = Record(record)
        visit = read_billed(record, setup.reading, shared, reader, _day(claim))
        spoken_for = {one: others.get(one) for one in named.get(encounter, ())}
        why = _kept_by(row, visit, claim, spoken_for, answers)
        if why or claim is None:
            yield Left(encounter, row.claim or "", why)
        else:
            yield Chosen(row, claim, reader, visit, _rejected(known.get(row.claim_key)))
    billed = [one for one in sorted(gone) if by_id[one].state is VisitState.CLAIMED or _voids(of_row[one])]
    yield from (Left(one, by_id[one].claim or "", _GONE) for one in billed)


def _day(claim: JsonObject | None) -> Date | None:
    """First date of service of a Claim's lines."""
    days = [fj.text(item, "servicedDate") or "" for item in fj.children(claim or fj.NOTHING, "item")]
    try:
        return Date.fromisoformat(min(days))
    except ValueError:
        return None


def _may(known: Submission | None) -> bool:
    return known is None or known.standing in (ClaimStanding.NOT_SENT, ClaimStanding.REJECTED)


def _rejected(known: Submission | None) -> Submission | None:
    return known if known is not None and known.standing is ClaimStanding.REJECTED else None


def _claims(setup: ExportSetup, rows: list[VisitRow]) -> list[JsonObject]:
    return list(setup.host.find("Claim", [row.claim_key for row in rows]))


def _of_row(row: VisitRow, claims: dict[str, JsonObject]) -> JsonObject | None:
    """The Claim of a visit as it was written last; of two with one key, the one the store knows."""
    known = claims.get(row.claim or "")
    if known is not None and key_of_claim(known) == row.claim_key:
        return known
    return next((one for one in claims.values() if key_of_claim(one) == row.claim_key), None)


def _voids(claim: JsonObject | None) -> bool:
    """Whether a Claim takes another back: it is sent whatever its visit has become, and tells the plan nothing new."""
    correction = read_correction(claim) if claim else None
    return correction is not None and correction.voids


def _kept_by(
    row: VisitRow,
    visit: Visit | BilledVisit,
    claim: JsonObject | None,
    others: Mapping[str, bool | None],
    answers: list[JsonObject],
) -> str:
    """Why a claim is not sent; "" where nothing speaks against it.

    ``others``: whether the other visits that it speaks for are restricted; None where the host does not give one.
    """
    if claim is None:
        return "is not on the host any more: `run` writes it again."
    if None in others.values():
        return _GONE
    voids = _voids(claim)
    if not voids and (visit.restricted is not None or any(others.values())):
        return _RESTRICTED
    status = fj.text(claim, "status")
    if status != "active":
        return f"is {status} on the host."
    if digest_of(claim) != row.digest and not voids:
        return "is not what was decided last: `run` first."
    own = our_claims([claim], visit.host, row.encounter) if answers else ()
    state = evidence_of(own[0], answers).state if own else Sending.NOT_SENT
    return "" if state in (Sending.NOT_SENT, Sending.REJECTED) else f"is {state} by what stands on the host."
