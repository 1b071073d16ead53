"""What a run did, for people and for ``--json``: counts, dollars, why visits are held. No patient data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date as Date
from decimal import Decimal
from typing import Protocol

from massage_billing.model import Decision, Outcome, Result
from massage_billing.run.planning import Change, Plan

UNKNOWN_PAYER = "payer-known"
"""The rule that holds a visit whose payer payers.yaml does not map (DESIGN 8)."""
SHOWN_VISITS = 50
"""How many visits the report keeps for the table."""


class Progress(Protocol):
    """Told how far a long piece of work has come."""

    def advance(self, what: str, done: int, total: int | None) -> None:
        """``done`` of ``total`` (None: unknown) things of this kind."""
        ...


class NoProgress:
    """Tells nobody."""

    def advance(self, what: str, done: int, total: int | None) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class VisitLine:
    """One visit in the report's table."""

    encounter: str
    """Encounter id."""
    date: Date | None
    """Date of service."""
    outcome: str
    """claim, hold, self-pay, no-charge, waiting."""
    payer: str | None
    """Payer key."""
    codes: tuple[str, ...]
    """"97140 x 2", one a line."""
    amount: str | None
    """Dollars."""
    why: str
    """First hold or warning, by rule."""


@dataclass(frozen=True, slots=True)
class RunReport:
    """What one run did."""

    visits: int = 0
    """Visits looked at."""
    claims: int = 0
    """Visits whose decision is a claim."""
    claims_created: int = 0
    """Claims newly written (or waiting in the outbox)."""
    claims_updated: int = 0
    """Claims replaced because the record changed."""
    claims_cancelled: int = 0
    """Claims cancelled because nothing is billable any more."""
    unchanged: int = 0
    """Visits decided as before: nothing was written for them."""
    holds: int = 0
    """Visits held."""
    holds_opened: int = 0
    """Tasks opened."""
    holds_closed: int = 0
    """Tasks closed because their fix was seen."""
    self_pay: int = 0
    """Visits the patient pays."""
    no_charge: int = 0
    """Visits with nothing billable."""
    waiting: int = 0
    """Visits not ready yet."""
    before_start: int = 0
    """Visits before go-live, left alone."""
    drafts: int = 0
    """Claims written as drafts, waiting for ``approve``."""
    pending_writes: int = 0
    """Groups still in the outbox."""
    units: int = 0
    """Units on claims."""
    dollars: Decimal = Decimal("0.00")
    """Dollars on claims."""
    self_pay_dollars: Decimal = Decimal("0.00")
    """Dollars on self-pay visits."""
    held_dollars: Decimal = Decimal("0.00")
    """Dollars on held visits, as far as charges are known."""
    hold_reasons: Mapping[str, int] = field(default_factory=dict)
    """Rule → visits it holds."""
    unknown_payers: tuple[str, ...] = ()
    """Payers of the host that payers.yaml does not map."""
    problems: tuple[str, ...] = ()
    """What went wrong with the host or single resources; ids only."""
    outputs: tuple[str, ...] = ()
    """Where the results are: paths or the host's URL."""
    per_visit: tuple[VisitLine, ...] = ()
    """The first visits, for the table."""
    dry_run: bool = False
    """Nothing was written."""
    complete: bool = True
    """Everything was read and written; the next run starts from here."""


class Tally:
    """Counts while a run goes on; ``report`` gives the result."""

    def __init__(self, *, dry_run: bool) -> None:
        self.counts: Counter[str] = Counter()
        self.money = {outcome: Decimal("0.00") for outcome in Outcome}
        self.reasons: Counter[str] = Counter()
        self.unknown_payers: Counter[str] = Counter()
        self.problems: list[str] = []
        self.lines: list[VisitLine] = []
        self.dry_run = dry_run

    def visit(self, plan: Plan, *, unchanged: bool) -> None:
        """Count one decided visit."""
        decision, counts = plan.decision, self.counts
        counts["visits"] += 1
        counts[decision.outcome.value] += 1
        total = decision.total
        if total is not None:
            self.money[decision.outcome] += total
        if decision.outcome is Outcome.CLAIM:
            counts["units"] += plan.row.units
        elif decision.outcome is Outcome.HOLD:
            rules = {finding.rule for finding in decision.holds}
            self.reasons.update(rules)
            unmapped = any(f.rule == UNKNOWN_PAYER and f.result is Result.NO_DATA for f in decision.holds)
            if unmapped and decision.payer:
                self.unknown_payers[decision.payer] += 1
        if unchanged:
            counts["unchanged"] += 1
        else:
            counts[f"claim {plan.change.value}"] += 1
            counts["opened"] += plan.hold_opened
            counts["closed"] += plan.hold_closed
        if plan.row.draft:
            counts["drafts"] += 1
        if len(self.lines) < SHOWN_VISITS:
            self.lines.append(_line(decision))

    def mended(self, plan: Plan, *, unchanged: bool) -> None:
        """Count what is done for a visit that was decided again for another one's sake, but not the visit."""
        if not unchanged:
            self.counts[f"claim {plan.change.value}"] += 1
            self.counts["opened"] += plan.hold_opened
            self.counts["closed"] += plan.hold_closed

    def waiting(self, encounter: str, date: Date | None, why: str) -> None:
        """Count one visit that is not ready."""
        self.counts["visits"] += 1
        self.counts["waiting"] += 1
        if len(self.lines) < SHOWN_VISITS:
            self.lines.append(VisitLine(encounter, date, "waiting", None, (), None, why))

    def problem(self, what: str) -> None:
        """Note what went wrong; the first hundred are kept."""
        self.counts["problems"] += 1
        if len(self.problems) < 100 and what not in self.problems:
            self.problems.append(what)

    def report(self, *, pending: int, complete: bool, outputs: tuple[str, ...]) -> RunReport:
        """What the run did."""
        counts = self.counts
        return RunReport(
            visits=counts["visits"],
            claims=counts["claim"],
            claims_created=counts[f"claim {Change.CREATED}"] + counts[f"claim {Change.REVISED}"],
            claims_updated=counts[f"claim {Change.UPDATED}"],
            claims_cancelled=counts[f"claim {Change.CANCELLED}"],
            unchanged=counts["unchanged"],
            holds=counts["hold"],
            holds_opened=counts["opened"],
            holds_closed=counts["closed"],
            self_pay=counts["self-pay"],
            no_charge=counts["no-charge"],
            waiting=counts["waiting"],
            before_start=counts["before start"],
            drafts=counts["drafts"],
            pending_writes=pending,
            units=counts["units"],
            dollars=self.money[Outcome.CLAIM],
            self_pay_dollars=self.money[Outcome.SELF_PAY],
            held_dollars=self.money[Outcome.HOLD],
            hold_reasons=dict(self.reasons.most_common()),
            unknown_payers=tuple(sorted(self.unknown_payers)),
            problems=tuple(self.problems),
            outputs=outputs,
            per_visit=tuple(self.lines),
            dry_run=self.dry_run,
            complete=complete,
        )


def _line(decision: Decision) -> VisitLine:
    total = decision.total
    notable = [f.rule for f in decision.findings if f.effect.value in ("hold", "changed", "warn")]
    held = [f.rule for f in decision.holds]
    return VisitLine(
        decision.encounter,
        decision.date,
        decision.outcome.value,
        decision.payer,
        tuple(f"{line.code} x {line.units}" for line in decision.lines),
        None if total is None else str(total),
        ", ".join(dict.fromkeys(held or notable)),
    )
