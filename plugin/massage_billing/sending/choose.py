"""Which claims may go into a file: approved, of today's record, and in no other file that nobody has answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date as Date

from massage_billing.fhir import json as fj
from massage_billing.fhir.claim_state import Sending, encounters_named, evidence_of, key_of_claim, our_claims
from massage_billing.fhir.correction import read_correction
from massage_billing.fhir.tasks import digest_of
from massage_billing.fhir.visit import Shared, read_visit
from massage_billing.model import Visit
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports import JsonObject, VisitRecord, VisitRow, VisitState
from massage_billing.ports.ledger import Submission
from massage_billing.sending.setup import ExportSetup

_RESTRICTED = "is of a visit whose patient does not want the plan to be told: `run` withdraws it."
_CHUNK = 200
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
    record: VisitRecord
    """The visit's record."""
    visit: Visit
    """The visit."""


def choose(setup: ExportSetup, payer: str | None, since: Date | None) -> Iterator[Chosen | Left]:
    """Claims that may be sent, and claims that may not though they look so, by date of service.

    Of a visit that bills its claim; of one that bills nothing any more the void. ``payer``: only of this payer key;
    ``since``: only dates of service from this day on.
    """
    waiting: list[VisitRow] = []
    for row in setup.store.rows(setup.host.id):
        if row.claim is None or not row.claim_key or not (row.state is VisitState.CLAIMED or row.revision):
            continue
        if (payer and row.payer not in (payer, None)) or (since and (row.date is None or row.date < since)):
            continue
        waiting.append(row)
        if len(waiting) == _CHUNK:
            yield from _looked_at(setup, waiting)
            waiting = []
    yield from _looked_at(setup, waiting)


def _looked_at(setup: ExportSetup, rows: list[VisitRow]) -> Iterator[Chosen | Left]:
    known = setup.ledger.submissions(setup.host.id, [row.claim_key for row in rows])
    wanted = [row for row in rows if _may(known.get(row.claim_key))]
    drafts = [row for row in wanted if row.draft and row.state is VisitState.CLAIMED]
    yield from (Left(one.encounter, one.claim or "", "is a draft: `approve` lets it go.") for one in drafts)
    by_id = {row.encounter: row for row in wanted if not row.draft}
    if not by_id:
        return
    claims = {f"Claim/{fj.text(one, 'id')}": one for one in _claims(setup, list(by_id.values()))}
    answers = list(setup.host.answers(list(claims)))
    shared = Shared(setup.clinic.payers)
    named = {one for claim in claims.values() for one in encounters_named(claim)}
    read = {
        record.encounter: (record, read_visit(record, setup.reading, shared))
        for record in setup.host.visits(sorted(by_id.keys() | named))
    }
    restricted = {encounter for encounter, (_, visit) in read.items() if visit.restricted is not None}
    for encounter, row in by_id.items():
        found = _of_row(row, claims)
        spoken_for = {encounter, *(encounters_named(found) if found else ())}
        voids = _voids(found)
        if not voids and row.state is not VisitState.CLAIMED:
            continue
        if not spoken_for <= read.keys():
            yield Left(encounter, row.claim or "", "is of a visit that the host does not give any more.")
        elif spoken_for & restricted and not voids:
            yield Left(encounter, row.claim or "", _RESTRICTED)
        elif found is None:
            yield Left(encounter, row.claim or "", "is not on the host any more: `run` writes it again.")
        else:
            record, visit = read[encounter]
            why = _kept_by(row, visit, found, answers)
            yield Left(encounter, row.claim or "", why) if why else Chosen(row, found, record, visit)


def _may(known: Submission | None) -> bool:
    return known is None or known.standing in (ClaimStanding.NOT_SENT, ClaimStanding.REJECTED)


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


def _kept_by(row: VisitRow, visit: Visit, claim: JsonObject, answers: list[JsonObject]) -> str:
    """Why a claim is not sent; "" where nothing speaks against it."""
    status = fj.text(claim, "status")
    if status != "active":
        return f"is {status} on the host."
    if digest_of(claim) != row.digest and not _voids(claim):
        return "is not what was decided last: `run` first."
    own = our_claims([claim], visit.host, row.encounter) if answers else ()
    state = evidence_of(own[0], answers).state if own else Sending.NOT_SENT
    return "" if state in (Sending.NOT_SENT, Sending.REJECTED) else f"is {state} by what stands on the host."
