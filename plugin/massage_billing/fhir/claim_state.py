"""What stands on the host of a visit's claim, and what is known of its sending (DESIGN 16 and 17).

Evidence of sending here: ClaimResponse and ExplanationOfBenefit. Sent means that somebody answered or took it in
charge; nothing known means not sent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from massage_billing.fhir import json as fj
from massage_billing.fhir import names
from massage_billing.fhir.correction import Correction, read_correction
from massage_billing.fhir.keys import claim_key, visit_key
from massage_billing.fhir.references import split
from massage_billing.fhir.serial import Resource, with_cents
from massage_billing.fhir.tasks import digest_of

CANCELLED_BY_US = hashlib.sha256(b"massage-billing: cancelled, no longer billable").hexdigest()
"""Decision digest of a Claim this program cancelled; any other digest on a cancelled Claim means a person did it."""

NOT_BILLING = frozenset({"preauthorization", "predetermination"})
"""Claim.use and ClaimResponse.use of what bills nothing: it is neither a claim nor an answer to one."""
_MAX_REVISIONS = 64
_OWN_SYSTEMS = frozenset({names.SID_CLAIM_KEY, names.SID_VISIT_KEY, names.SID_ANSWER_KEY})


class Sending(StrEnum):
    """Where a claim stands with the payer."""

    NOT_SENT = "not sent"
    SENT = "sent"
    REJECTED = "rejected"
    ADJUDICATED = "adjudicated"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of the sending of one Claim."""

    state: Sending = Sending.NOT_SENT
    """Where it stands."""
    source: str = ""
    """The resource that says so, "ClaimResponse/9"."""
    payer_claim_number: str | None = None
    """The payer's own number of the claim, where the answer gives it."""
    digest: str = ""
    """Decision digest of what was sent, where a file of ours carries it."""


@dataclass(frozen=True, slots=True)
class ClaimOnHost:
    """One of our Claims as it stands on the host."""

    reference: str
    """"Claim/12"."""
    version: str | None
    """meta.versionId."""
    status: str
    """active, draft, cancelled, entered-in-error."""
    revision: int
    """Which revision its key is of."""
    digest: str
    """The decision digest it carries."""
    resource: Mapping[str, object]
    """The whole Claim."""
    correction: Correction | None = None
    """Which adjudicated claim it replaces or voids; None for an original."""

    @property
    def live(self) -> bool:
        """Whether it can still be billed."""
        return self.status in ("active", "draft")

    @property
    def cancelled_by_us(self) -> bool:
        """Whether this program cancelled it."""
        return self.status == "cancelled" and self.digest == CANCELLED_BY_US


@dataclass(frozen=True, slots=True)
class ProvenanceOnHost:
    """One of our Provenances as it stands on the host."""

    reference: str
    """"Provenance/13"."""
    version: str | None
    """meta.versionId."""
    claim: str | None
    """The Claim it is of, "Claim/12"."""


def read_provenance(resource: Mapping[str, object]) -> ProvenanceOnHost:
    """What a Provenance of ours says."""
    targets = [split(fj.text(target, "reference") or "") for target in fj.children(resource, "target")]
    return ProvenanceOnHost(
        reference=f"Provenance/{fj.text(resource, 'id')}",
        version=fj.text(fj.child(resource, "meta"), "versionId"),
        claim=next((f"Claim/{found[1]}" for found in targets if found and found[0] == "Claim"), None),
    )


def key_of_claim(resource: Mapping[str, object]) -> str | None:
    """The claim key a Claim, Task or Provenance of ours carries; None where it is not ours."""
    for system, value in fj.identifiers(resource):
        if system == names.SID_CLAIM_KEY:
            return value
    for tag in fj.children(fj.child(resource, "meta"), "tag"):
        if fj.text(tag, "system") == names.SID_CLAIM_KEY:
            return fj.text(tag, "code")
    return None


def encounters_named(claim: Mapping[str, object]) -> tuple[str, ...]:
    """Encounter ids that the lines of a Claim name: every visit it speaks for."""
    found = [
        named[1]
        for item in fj.children(claim, "item")
        for reference in fj.children(item, "encounter")
        if (named := split(fj.text(reference, "reference") or "")) and named[0] == "Encounter"
    ]
    return tuple(dict.fromkeys(found))


def owner_of(claim: Mapping[str, object], host: str) -> str | None:
    """The Encounter id under whose key a Claim of ours stands; None where it is not ours, or of another host id."""
    keys = {value for system, value in fj.identifiers(claim) if system == names.SID_VISIT_KEY}
    return next((one for one in encounters_named(claim) if visit_key(host, one) in keys), None) if keys else None


def our_claims(resources: Iterable[Mapping[str, object]], host: str, encounter: str) -> tuple[ClaimOnHost, ...]:
    """Our Claims of one visit among resources, newest revision last, and of one revision the lower id first."""
    found: list[ClaimOnHost] = []
    keys: dict[str, int] = {}
    for resource in resources:
        if resource.get("resourceType") != "Claim" or fj.text(resource, "use") in NOT_BILLING:
            continue
        key = key_of_claim(resource)
        if key is None:
            continue
        if not keys:
            keys = {claim_key(host, encounter, revision): revision for revision in range(_MAX_REVISIONS)}
        if key in keys:
            found.append(_read(resource, keys[key]))
    return tuple(sorted(found, key=lambda claim: (claim.revision, id_order(claim.reference))))


def _read(resource: Mapping[str, object], revision: int) -> ClaimOnHost:
    return ClaimOnHost(
        reference=f"Claim/{fj.text(resource, 'id')}",
        version=fj.text(fj.child(resource, "meta"), "versionId"),
        status=fj.text(resource, "status") or "",
        revision=revision,
        digest=digest_of(resource),
        resource=resource,
        correction=read_correction(resource),
    )


def id_order(reference: str) -> tuple[int, str]:
    """Order of "Type/id" references in which the lower id is the older, where ids count up."""
    logical = reference.rpartition("/")[2]
    return (int(logical), "") if logical.isdigit() else (2**63, logical)


def evidence_of(claim: ClaimOnHost, answers: Iterable[Mapping[str, object]]) -> Evidence:
    """What the answers say of a Claim: the furthest state wins; a live answer only."""
    order = list(Sending)
    best = Evidence()
    for answer in answers:
        if fj.text(answer, "status") in ("cancelled", "entered-in-error") or fj.text(answer, "use") in NOT_BILLING:
            continue
        if not _answers(answer, claim):
            continue
        outcome = fj.text(answer, "outcome")
        state = {"queued": Sending.SENT, "error": Sending.REJECTED}.get(outcome or "", Sending.ADJUDICATED)
        number = next((value for system, value in fj.identifiers(answer) if system not in _OWN_SYSTEMS), None)
        if order.index(state) > order.index(best.state) or (state is best.state and number):
            best = Evidence(state, f"{answer.get('resourceType')}/{fj.text(answer, 'id')}", number)
    return best


def _answers(answer: Mapping[str, object], claim: ClaimOnHost) -> bool:
    """Whether an answer is to this Claim: by reference, whatever its form, or by the claim key."""
    pointed = fj.child(answer, "request") or fj.child(answer, "claim")
    reference = fj.text(pointed, "reference")
    if reference is not None:
        return split(reference) == split(claim.reference)
    identifier = fj.child(pointed, "identifier")
    key = fj.text(identifier, "value") if fj.text(identifier, "system") == names.SID_CLAIM_KEY else None
    return key is not None and key == key_of_claim(claim.resource)


def cancel(claim: ClaimOnHost) -> Resource:
    """The Claim cancelled by us: no longer billable."""
    return _with_digest({**with_cents(claim.resource), "status": "cancelled"}, CANCELLED_BY_US)


def withdraw(claim: ClaimOnHost) -> Resource:
    """A second Claim of the same key, let in by a fault of the host: entered in error."""
    return {**with_cents(claim.resource), "status": "entered-in-error"}


def _with_digest(claim: Resource, digest: str) -> Resource:
    others = [e for e in fj.children(claim, "extension") if fj.text(e, "url") != names.EXT_DECISION_DIGEST]
    claim["extension"] = [{"url": names.EXT_DECISION_DIGEST, "valueString": digest}, *others]
    return claim
