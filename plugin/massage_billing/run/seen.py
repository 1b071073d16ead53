"""A visit as a run sees it: its record, what the store and people said of it, what stands on the host of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from massage_billing.fhir.claim_state import ClaimOnHost, Evidence, Sending, encounters_named
from massage_billing.fhir.tasks import TaskOnHost
from massage_billing.model import Ruling, RulingKind, Visit, Worked
from massage_billing.ports import VisitRecord, VisitRow
from massage_billing.run.readiness import Waiting
from massage_billing.run.task_step import OPEN_TASK


@dataclass(slots=True)
class Seen:
    """One visit of a batch."""

    record: VisitRecord
    """What the host sent."""
    visit: Visit
    """The visit read from it."""
    brought: bool
    """It is there for another visit's sake, and was counted when it was read for its own."""
    waiting: Waiting | None
    """Why it is not ready."""
    worked: tuple[Worked, ...] = ()
    """What it takes of its therapists' days; nothing while it is not ready."""
    worked_anew: bool = False
    """That is not what the store says."""
    row: VisitRow | None = None
    """What the store remembers."""
    ruling: Ruling | None = None
    """What a person decided last."""
    claims: tuple[ClaimOnHost, ...] = ()
    """Our Claims of it, newest revision last."""
    covering: Mapping[str, tuple[ClaimOnHost, ...]] = field(default_factory=dict)
    """Our Claims of other visits that name it, by the Encounter id they are of, newest revision last."""
    tasks: tuple[TaskOnHost, ...] = ()
    """Our Tasks of it, the one that counts first."""
    elsewhere_worked: tuple[Worked, ...] = ()
    """What other visits take of the same therapists' days, where that matters."""

    @property
    def encounter(self) -> str:
        """Encounter id."""
        return self.visit.encounter

    @property
    def task(self) -> TaskOnHost | None:
        """The visit's Task."""
        return self.tasks[0] if self.tasks else None

    @property
    def strays(self) -> tuple[TaskOnHost, ...]:
        """Further Tasks of its key that are still open."""
        return tuple(task for task in self.tasks[1:] if task.status in OPEN_TASK)

    @property
    def standing(self) -> ClaimOnHost | None:
        """Its Claim that bills today: the newest revision, if it is live and no void."""
        return standing(self.claims)

    @property
    def on_claim(self) -> frozenset[str]:
        """Encounter ids that its standing Claim names."""
        claim = self.standing
        return frozenset(encounters_named(claim.resource)) if claim else frozenset()

    @property
    def apart(self) -> bool:
        """Whether a person took it out of its day: written off, or left to the patient."""
        ruled = self.ruling is not None and self.ruling.kind is not RulingKind.BILL
        return ruled or (self.task is not None and self.task.written_off)

    def went_out(self, evidence: Mapping[str, Evidence]) -> bool:
        """Whether its standing Claim was sent and not turned away."""
        claim = self.standing
        known = evidence.get(claim.reference) if claim else None
        return known is not None and known.state in (Sending.SENT, Sending.ADJUDICATED)


def standing(claims: tuple[ClaimOnHost, ...]) -> ClaimOnHost | None:
    """Of one visit's Claims, newest last, the one that bills today; None where the newest is dead or a void."""
    newest = [claim for claim in claims if claim.revision == claims[-1].revision]
    live = next((claim for claim in newest if claim.live), None)
    return None if live is None or (live.correction and live.correction.voids) else live


def still(ruling: Ruling | None, visit: Visit) -> Ruling | None:
    """A person's "bill it" is about the record as it stood: one that changed since is held again, to be looked at."""
    if ruling is None or ruling.kind is not RulingKind.BILL or visit.last_changed is None:
        return ruling
    return ruling if visit.last_changed <= ruling.at else None
