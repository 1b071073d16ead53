"""What is written of a visit's Claim, by what stands on the host and what became of it (DESIGN 16 and 17).

plugin/docs/claim-states.md shows the same as a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from massage_billing.errors import ClaimInvalid
from massage_billing.fhir import names
from massage_billing.fhir.claim import ClaimTerms, build_claim, build_void
from massage_billing.fhir.claim_state import ClaimOnHost, ProvenanceOnHost, Sending, cancel, withdraw
from massage_billing.fhir.correction import Correction
from massage_billing.fhir.keys import claim_key, full_url
from massage_billing.fhir.provenance import build_provenance
from massage_billing.fhir.serial import Resource, to_bytes, with_cents
from massage_billing.fhir.tasks import digest_of
from massage_billing.model import Effect, Finding, Outcome, Result, Who
from massage_billing.ports import Operation, Write
from massage_billing.run.situation import Situation, Terms
from massage_billing.run.writes import update_write


class Change(StrEnum):
    """What a plan does to the claim on the host."""

    NONE = "none"
    CREATED = "created"
    UPDATED = "updated"
    CANCELLED = "cancelled"
    REVISED = "revised"


@dataclass(frozen=True, slots=True)
class ClaimStep:
    """What the claim side of a plan comes to."""

    revision: int = 0
    """The revision that stands, or will stand, on the host."""
    writes: tuple[Write, ...] = ()
    """What is written, in order."""
    change: Change = Change.NONE
    """What happens to the claim."""
    hold: Finding | None = None
    """Why the visit is held though its record is in order."""
    digest: str = ""
    """Decision digest of the Claim."""
    current: ClaimOnHost | None = None
    """The Claim that stands on the host."""
    draft: bool = False
    """It waits for a person to approve it."""


def plan_claim(situation: Situation, terms: Terms) -> ClaimStep:
    """What to write of the Claim; a second Claim of one key is withdrawn on the way."""
    kept, withdrawn = _reconcile(situation)
    if isinstance(withdrawn, Finding):
        return ClaimStep(kept[-1].revision, hold=withdrawn, current=kept[-1])
    step = _step(replace(situation, claims=kept), terms)
    return replace(step, writes=(*withdrawn, *step.writes)) if withdrawn else step


def _reconcile(situation: Situation) -> tuple[tuple[ClaimOnHost, ...], tuple[Write, ...] | Finding]:
    """Of two Claims of one key the one with evidence of sending stays, else the lower id; two sent is a hold."""
    kept: dict[int, ClaimOnHost] = {}
    writes: list[Write] = []
    for claim in situation.claims:
        other = kept.get(claim.revision)
        if other is None or not other.live:
            if claim.live or other is None:
                kept[claim.revision] = claim
            continue
        if not claim.live:
            continue
        sent, other_sent = (situation.state(one) is not Sending.NOT_SENT for one in (claim, other))
        if sent and other_sent:
            return (other,), _finding(
                "two-claims-sent",
                f"{other.reference} and {claim.reference} bill the same visit and both were sent.",
                "Ask the payer to void one of them, then mark it as entered in error.",
            )
        stays, goes = (claim, other) if sent else (other, claim)
        kept[claim.revision] = stays
        writes.append(update_write(goes.reference, goes.version, withdraw(goes)))
    return tuple(kept[revision] for revision in sorted(kept)), tuple(writes)


def _step(situation: Situation, terms: Terms) -> ClaimStep:
    current = situation.claims[-1] if situation.claims else None
    if situation.decision.outcome is not Outcome.CLAIM:
        return _no_longer_billable(situation, current, terms)
    if current is None:
        wanted = _build(situation, terms, 0)
        return _create(situation, wanted, 0, terms)
    if current.correction and current.correction.voids and current.live:
        return ClaimStep(current.revision, hold=_void_on_its_way(current), current=current)
    wanted = _build(situation, terms, current.revision, current.correction)
    if isinstance(wanted, Finding):
        return ClaimStep(current.revision, hold=wanted, current=current)
    if current.live and current.digest == digest_of(wanted) and not _sent_otherwise(situation, current):
        return _as_decided(situation, current, terms)
    if current.status == "entered-in-error" or (current.status == "cancelled" and not current.cancelled_by_us):
        return ClaimStep(current.revision, hold=_cancelled_by_person(current), current=current)
    return _changed(situation, current, wanted, terms)


def _sent_otherwise(situation: Situation, current: ClaimOnHost) -> bool:
    """Whether a file carries another decision than stands on the host: it was replaced while the file was made."""
    known = situation.evidence.get(current.reference)
    answered = situation.state(current) in (Sending.SENT, Sending.ADJUDICATED)
    return answered and known is not None and known.digest not in ("", current.digest)


def _as_decided(situation: Situation, current: ClaimOnHost, terms: Terms) -> ClaimStep:
    """The Claim stands as it should; what an earlier run could not finish around it is finished."""
    writes, draft = _own_provenance(situation, current, terms), current.status == "draft"
    if draft and situation.approved:
        approved = {**with_cents(current.resource), "status": "active"}
        writes, draft = (*writes, update_write(current.reference, current.version, approved)), False
    return ClaimStep(current.revision, writes, digest=current.digest, current=current, draft=draft)


def _changed(situation: Situation, current: ClaimOnHost, wanted: Resource, terms: Terms) -> ClaimStep:
    """The decision is another one than the Claim's: what that means depends on what became of the Claim."""
    state = situation.state(current)
    if state is Sending.NOT_SENT:
        return _update_claim(situation, current, wanted, terms)
    if state is Sending.SENT:
        return ClaimStep(current.revision, hold=_sent_and_changed(situation, current), current=current)
    if state is Sending.REJECTED:
        revised = _create(situation, _build(situation, terms, current.revision + 1), current.revision + 1, terms)
        return replace(revised, writes=(*_cancelled(current), *revised.writes)) if revised.writes else revised
    number = situation.evidence[current.reference].payer_claim_number
    if number is None:
        return ClaimStep(current.revision, hold=_no_payer_number(current), current=current)
    replaces = Correction(names.REPLACEMENT, current.reference, number)
    revised_claim = _build(situation, terms, current.revision + 1, replaces)
    return _create(situation, revised_claim, current.revision + 1, terms)


def _no_longer_billable(situation: Situation, current: ClaimOnHost | None, terms: Terms) -> ClaimStep:
    if current is None:
        return ClaimStep()
    state = situation.state(current)
    if current.correction and current.correction.voids:
        return ClaimStep(current.revision, current=current)
    if state is Sending.ADJUDICATED:
        return _void(situation, current, terms)
    if not current.live:
        return ClaimStep(current.revision, current=current)
    if state is Sending.SENT:
        return ClaimStep(current.revision, hold=_sent_and_changed(situation, current), current=current)
    return ClaimStep(current.revision, _cancelled(current), Change.CANCELLED, current=current)


def _void(situation: Situation, current: ClaimOnHost, terms: Terms) -> ClaimStep:
    """Adjudicated, and nothing is billable any more: a void. What is only held waits for its fix."""
    if situation.decision.outcome is Outcome.HOLD:
        return ClaimStep(current.revision, current=current)
    number = situation.evidence[current.reference].payer_claim_number
    if number is None:
        return ClaimStep(current.revision, hold=_no_payer_number(current), current=current)
    revision = current.revision + 1
    voids = Correction(names.VOID, current.reference, number)
    made = build_void(current.resource, situation.visit, voids, _claim_terms(terms, revision))
    return _create(situation, made, revision, terms)


def _cancelled(claim: ClaimOnHost) -> tuple[Write, ...]:
    return (update_write(claim.reference, claim.version, cancel(claim)),) if claim.live else ()


# --- making the writes ----------------------------------------------------------------------------------------------


def _claim_terms(terms: Terms, revision: int, correction: Correction | None = None) -> ClaimTerms:
    return ClaimTerms(terms.now, terms.draft, revision, correction, terms.billing_npi, terms.solo)


def _build(
    situation: Situation, terms: Terms, revision: int, correction: Correction | None = None
) -> Resource | Finding:
    """The wanted Claim, or the finding that says why there can be none."""
    try:
        claim = build_claim(situation.visit, situation.decision, _claim_terms(terms, revision, correction))
    except ClaimInvalid as error:
        return _finding("claim-invalid", error.what, error.fix or _REPORT)
    faults: Sequence[str] = terms.check(claim)
    if faults:
        return _finding("claim-invalid", f"The claim as built is not valid: {'; '.join(faults[:3])}.", _REPORT)
    return claim


def _create(situation: Situation, wanted: Resource | Finding, revision: int, terms: Terms) -> ClaimStep:
    current = situation.claims[-1] if situation.claims else None
    if isinstance(wanted, Finding):
        return ClaimStep(current.revision if current else 0, hold=wanted, current=current)
    key = claim_key(situation.visit.host, situation.visit.encounter, revision)
    url = full_url("Claim", key)
    writes = (
        Write(Operation.CREATE, "Claim", to_bytes(wanted), url, match=f"identifier={names.SID_CLAIM_KEY}|{key}"),
        _new_provenance(situation, revision, url, terms, "CREATE"),
    )
    change = Change.REVISED if revision else Change.CREATED
    return ClaimStep(revision, writes, change, digest=digest_of(wanted), draft=terms.draft)


def _update_claim(situation: Situation, current: ClaimOnHost, wanted: Resource, terms: Terms) -> ClaimStep:
    """Not sent: the Claim is replaced where it stands. A draft stays one: nobody has approved what it says now."""
    draft = terms.draft or current.status == "draft"
    body = {**wanted, "id": current.reference.rpartition("/")[2], "status": "draft" if draft else "active"}
    if situation.provenance:
        provenance = _update_provenance(situation, situation.provenance, current, terms, "UPDATE")
    else:
        provenance = _new_provenance(situation, current.revision, current.reference, terms, "UPDATE")
    writes = (update_write(current.reference, current.version, body), provenance)
    digest = digest_of(wanted)
    return ClaimStep(current.revision, writes, Change.UPDATED, digest=digest, current=current, draft=draft)


def _own_provenance(situation: Situation, current: ClaimOnHost, terms: Terms) -> tuple[Write, ...]:
    """The Provenance that was not written before a run ended, or that names a Claim that was withdrawn."""
    if situation.provenances is None:
        return ()
    there = situation.provenance
    if there is None:
        return (_new_provenance(situation, current.revision, current.reference, terms, "CREATE"),)
    return () if there.claim == current.reference else (_update_provenance(situation, there, current, terms, "CREATE"),)


def _update_provenance(
    situation: Situation, there: ProvenanceOnHost, current: ClaimOnHost, terms: Terms, change: str
) -> Write:
    made = build_provenance(situation.visit, situation.decision, current.revision, current.reference, terms.now, change)
    return update_write(there.reference, there.version, {**made, "id": there.reference.rpartition("/")[2]})


def _new_provenance(situation: Situation, revision: int, target: str, terms: Terms, change: str) -> Write:
    key = claim_key(situation.visit.host, situation.visit.encounter, revision)
    body = build_provenance(situation.visit, situation.decision, revision, target, terms.now, change)
    match = f"_tag={names.SID_CLAIM_KEY}|{key}"
    return Write(Operation.CREATE, "Provenance", to_bytes(body), full_url("Provenance", key), match=match)


# --- findings of the writing itself ---------------------------------------------------------------------------------

_SOURCE = "massage-billing, plugin/docs/claim-states.md"
_REPORT = "Report this to the maintainers."


def _finding(row: str, message: str, fix: str) -> Finding:
    return Finding("claim-state", row, Result.FAIL, Effect.HOLD, message, fix, Who.BILLER, _SOURCE)


def _cancelled_by_person(current: ClaimOnHost) -> Finding:
    return _finding(
        "cancelled-by-person",
        f"{current.reference} of this visit is {current.status}; this program did not do that.",
        "Decide the visit: bill it by hand, or write it off with a reason.",
    )


def _sent_and_changed(situation: Situation, current: ClaimOnHost) -> Finding:
    evidence = situation.evidence.get(current.reference)
    source = evidence.source if evidence else ""
    return _finding(
        "sent-and-changed",
        f"The record changed after {current.reference} was sent ({source}).",
        "Wait for the payer's answer, then correct or void the claim.",
    )


def _no_payer_number(current: ClaimOnHost) -> Finding:
    return _finding(
        "no-payer-claim-number",
        f"{current.reference} was adjudicated; correcting it needs the payer's claim number, which no answer gives.",
        "Enter the payer's claim number from the remittance.",
    )


def _void_on_its_way(current: ClaimOnHost) -> Finding:
    return _finding(
        "void-on-its-way",
        f"{current.reference} voids the claim of this visit, and the visit is billable again.",
        "Wait for the payer's answer to the void, then bill the visit by hand.",
    )
