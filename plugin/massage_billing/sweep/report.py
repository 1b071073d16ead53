"""What a sweep did, for people and for ``--json``. Ids only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date as Date

from massage_billing.model import Readiness, Verdict

KEPT = 100
"""How many problems a report names."""


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What one sweep did."""

    first: Date
    """First day looked at."""
    last: Date
    """Last day looked at."""
    appointments: int = 0
    """Appointments looked at."""
    asked: int = 0
    """Questions sent to a payer in this sweep."""
    would_ask: int = 0
    """Of a dry run: questions that would be sent, as far as no other process has asked them meanwhile."""
    answered: int = 0
    """Questions answered in this sweep, those that were sent earlier among them."""
    refused: int = 0
    """Of them, those that the payer refused: it says why."""
    waiting: int = 0
    """Questions that the payer took and has not answered."""
    later: int = 0
    """Questions to be tried again later: the payer said so, or did not answer."""
    given_up: int = 0
    """Questions whose tries of the day are used up."""
    not_asked: Mapping[str, int] = field(default_factory=dict)
    """Why a coverage was not asked about → how often."""
    asked_because: Mapping[str, int] = field(default_factory=dict)
    """Why a coverage was asked about, or would be → how often."""
    written: int = 0
    """Answers written to the host."""
    unwritten: int = 0
    """Answers that wait for the host."""
    readiness: Mapping[Readiness, int] = field(default_factory=dict)
    """How the appointments stand."""
    reasons: Mapping[str, int] = field(default_factory=dict)
    """Reason → appointments it concerns."""
    tasks_opened: int = 0
    """Tasks opened or changed on the host."""
    tasks_closed: int = 0
    """Tasks closed, because what they say is settled or the appointment is over."""
    outlooks: int = 0
    """Outlooks written to a host whose screens ask for them."""
    payers: Mapping[str, str] = field(default_factory=dict)
    """Payer key → why it could not be asked, of payers that failed."""
    problems: tuple[str, ...] = ()
    """What went wrong; ids only."""
    seconds: float = 0.0
    """How long it took."""
    dry_run: bool = False
    """Nobody was asked and nothing was written."""


class Tally:
    """Counts while a sweep goes on."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.not_asked: Counter[str] = Counter()
        self.asked_because: Counter[str] = Counter()
        self.readiness: Counter[Readiness] = Counter()
        self.reasons: Counter[str] = Counter()
        self.payers: dict[str, str] = {}
        self.problems: list[str] = []

    def problem(self, what: str) -> None:
        """Note what went wrong; the first hundred are kept."""
        if len(self.problems) < KEPT and what not in self.problems:
            self.problems.append(what)

    def would_ask(self, why: Iterable[str]) -> None:
        """Count what a sweep would ask, that only says so."""
        self.asked_because.update(why)
        self.counts["would ask"] = self.asked_because.total()

    def verdict(self, verdict: Verdict) -> None:
        """Count one verdict."""
        self.readiness[verdict.readiness] += 1
        self.reasons.update({reason.id for reason in verdict.reasons if reason.readiness is not Readiness.READY})

    def verdicts(self, verdicts: Iterable[Verdict]) -> list[Verdict]:
        """Count verdicts, and give them."""
        counted = list(verdicts)
        for verdict in counted:
            self.verdict(verdict)
        return counted

    def report(self, first: Date, last: Date, *, unwritten: int, seconds: float, dry_run: bool) -> SweepReport:
        """What the sweep did."""
        counts = self.counts
        return SweepReport(
            first,
            last,
            appointments=counts["appointments"],
            asked=counts["asked"],
            would_ask=counts["would ask"],
            answered=counts["answered"],
            refused=counts["refused"],
            waiting=counts["waiting"],
            later=counts["later"],
            given_up=counts["given up"],
            not_asked=dict(self.not_asked.most_common()),
            asked_because=dict(self.asked_because.most_common()),
            written=counts["written"],
            unwritten=unwritten,
            readiness={each: self.readiness[each] for each in Readiness if self.readiness[each]},
            reasons=dict(self.reasons.most_common()),
            tasks_opened=counts["opened"],
            tasks_closed=counts["closed"],
            outlooks=counts["outlooks"],
            payers=dict(sorted(self.payers.items())),
            problems=tuple(self.problems),
            seconds=round(seconds, 1),
            dry_run=dry_run,
        )
