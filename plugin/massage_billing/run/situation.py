"""What planning is given: a decided visit with what stands on the host of it, and what is the same for a whole run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from massage_billing.fhir.claim_state import ClaimOnHost, Evidence, ProvenanceOnHost, Sending, id_order
from massage_billing.fhir.serial import Resource
from massage_billing.fhir.tasks import TaskOnHost
from massage_billing.model import Decision, Visit
from massage_billing.ports import VisitRow


@dataclass(frozen=True, slots=True)
class Situation:
    """One decided visit and what is known of it already."""

    visit: Visit
    """The visit."""
    decision: Decision
    """What the rulebook makes of it."""
    row: VisitRow | None = None
    """What the store remembers; None for a new visit or a lost store."""
    claims: tuple[ClaimOnHost, ...] = ()
    """Our Claims of this visit on the host, newest revision last."""
    task: TaskOnHost | None = None
    """The hold Task on the host."""
    provenances: tuple[ProvenanceOnHost, ...] | None = None
    """Our Provenances of the newest revision; None where they were not looked up."""
    stray_tasks: tuple[TaskOnHost, ...] = ()
    """Further Tasks with the key of ``task``, let in by a fault of the host."""
    approved: bool = False
    """A person approved the draft as it was last decided."""
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    """Sending of the Claims, by reference; a Claim not in it was not sent."""

    def state(self, claim: ClaimOnHost) -> Sending:
        """Where a Claim stands with the payer."""
        evidence = self.evidence.get(claim.reference)
        return evidence.state if evidence else Sending.NOT_SENT

    @property
    def provenance(self) -> ProvenanceOnHost | None:
        """The current Claim's Provenance: of two, the one that names it."""
        if not self.provenances:
            return None
        of_claim = self.claims[-1].reference if self.claims else None
        return min(self.provenances, key=lambda one: (one.claim != of_claim, id_order(one.reference)))


@dataclass(frozen=True, slots=True)
class Terms:
    """What is the same for all visits of a run."""

    now: str
    """FHIR instant of writing."""
    draft: bool
    """Write Claims as drafts."""
    billing_npi: str | None
    """The clinic's NPI."""
    solo: bool
    """The therapist is who is paid."""
    rulebook: str
    """Digest of the rulebook."""
    clinic: str
    """Digest of the clinic's files."""
    check: Callable[[Resource], Sequence[str]]
    """Faults of a built Claim: schema, model and our own checks."""
