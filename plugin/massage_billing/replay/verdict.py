"""A decision without the names in it, and a memory of them: each distinct situation is decided once.

``flow.bill`` gives every visit a decision of its own, which names its Encounter, Procedures and therapists. Where only
the billing matters (``rules replay``), two visits that are alike in all that a rule reads have the same verdict, and
the second need not be decided: see ``massage_billing.replay.alike`` for what "alike" means.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from massage_billing import flow
from massage_billing.coding.rulebook import Rulebook
from massage_billing.model import (
    NOWHERE,
    ClaimLine,
    Clinic,
    Decision,
    Effect,
    Elsewhere,
    Finding,
    Outcome,
    Result,
    Ruling,
    Visit,
)
from massage_billing.replay.alike import Alike, Key, diagnoses_of, with_diagnoses

KEPT = 60_000
"""Verdicts that a memory keeps; then those not asked for lately are forgotten, so that memory stays flat."""
_FEW = 20_000
"""Entries of a table of parts of verdicts; a full one is emptied."""


class VerdictLine(NamedTuple):
    """A claim line without the names of Procedures and therapist."""

    code: str
    """CPT or HCPCS number."""
    units: int
    """Units billed."""
    modifiers: tuple[str, ...]
    """In billing order."""
    charge: Decimal | None
    """Dollars of the line."""
    pointers: tuple[int, ...]
    """1-based places among the diagnoses."""


class Left(NamedTuple):
    """A service that is on no line."""

    code: str
    """Its code; "" where it has none."""
    reason: str
    """Short reason code."""
    rule: str
    """Rule that took it off."""


class VerdictFinding(NamedTuple):
    """What one rule said, without its words."""

    rule: str
    """Rule id."""
    row: str
    """Row of the rule."""
    result: Result
    """pass, fail, bypassed, no-data."""
    effect: Effect
    """hold, changed, warn, none."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is billed and by which rules: everything of a decision but names and words."""

    outcome: Outcome
    """claim, hold, self-pay or no-charge."""
    payer: str | None
    """Payer key."""
    policy: str | None
    """Policy applied."""
    lines: tuple[VerdictLine, ...]
    """In the order of the claim."""
    not_billed: tuple[Left, ...]
    """What is on no line, sorted."""
    findings: tuple[VerdictFinding, ...]
    """In the order in which the questions were asked."""
    total: Decimal | None
    """Dollars of all lines; None where one has no charge."""


def verdict_of(decision: Decision, findings: tuple[VerdictFinding, ...] | None = None) -> Verdict:
    """A decision without its names. Pure; ``findings`` where somebody has made them bare already."""
    return Verdict(
        decision.outcome,
        decision.payer,
        decision.policy,
        tuple([_line(line) for line in decision.lines]),
        tuple(sorted([Left(one.code or "", one.reason, one.rule) for one in decision.not_billed])),
        tuple([bare(one) for one in decision.findings]) if findings is None else findings,
        decision.total,
    )


def bare(one: Finding) -> VerdictFinding:
    """A finding without its words."""
    return VerdictFinding(one.rule, one.row, one.result, one.effect)


def _line(line: ClaimLine) -> VerdictLine:
    return VerdictLine(line.code, line.units, line.modifiers, line.charge, line.diagnosis_pointers)


class Memory:
    """Verdicts by one rulebook for one clinic; each distinct situation is decided once.

    Never answered from memory, always by ``flow.bill`` itself: what a person ruled on, what other visits have to do
    with, and what ``Alike.key`` says stands alone.
    """

    def __init__(self, book: Rulebook, clinic: Clinic, kept: int = KEPT) -> None:
        self.book, self.clinic = book, clinic
        self.alike = Alike(book, clinic)
        self.decided = 0
        """How many visits ``flow.bill`` decided; the others were answered from memory."""
        self._kept = kept
        self._young: dict[Key, Verdict] = {}
        self._old: dict[Key, Verdict] = {}
        self._met: dict[int, tuple[Finding, VerdictFinding]] = {}
        self._findings: dict[VerdictFinding, VerdictFinding] = {}
        self._said: dict[tuple[int, ...], tuple[VerdictFinding, ...]] = {}

    def verdict(self, visit: Visit, ruling: Ruling | None = None, elsewhere: Elsewhere = NOWHERE) -> Verdict:
        """What the rulebook makes of a visit: the same as ``verdict_of(flow.bill(…))``."""
        if ruling is not None or elsewhere is not NOWHERE:
            return self._decide(visit, ruling, elsewhere)
        key = self.alike.key(visit)
        if key is None:
            return self._decide(visit, None, NOWHERE)
        return self._young.get(key) or self._recall(key) or self._keep(key, self._new(visit, key))

    def _new(self, visit: Visit, key: Key) -> Verdict:
        """Decide, or tell from a visit that differs in nothing but how many diagnoses its lines point to."""
        pointing = self.alike.pointing.get(diagnoses_of(key))
        if pointing is None:
            return self._decide(visit, None, NOWHERE)
        other = with_diagnoses(key, pointing.kind)
        known = self._recall(other) or self._keep(other, self._decide(visit, None, NOWHERE))
        lines = tuple([line._replace(pointers=pointing.pointers) for line in known.lines])
        return known if lines == known.lines else replace(known, lines=lines)

    def _decide(self, visit: Visit, ruling: Ruling | None, elsewhere: Elsewhere) -> Verdict:
        self.decided += 1
        decision = flow.bill(visit, self.book, self.clinic, ruling, elsewhere)
        met = self._met
        said = [
            known[1] if (known := met.get(id(one))) is not None and known[0] is one else self._bare(one)
            for one in decision.findings
        ]
        same = tuple(map(id, said))
        findings = self._said.get(same)
        if findings is None:
            if len(self._said) >= _FEW:
                self._said.clear()
            findings = self._said[same] = tuple(said)
        return verdict_of(decision, findings)

    def _bare(self, one: Finding) -> VerdictFinding:
        """The one bare finding for all equal ones: most findings are made once a day and shared by its visits."""
        made = bare(one)
        made = self._findings.setdefault(made, made)
        if len(self._met) >= _FEW:
            self._met.clear()
        self._met[id(one)] = (one, made)
        return made

    def _recall(self, key: Key) -> Verdict | None:
        """A verdict that was kept; one that was asked for lately stays longer."""
        found = self._young.get(key)
        if found is None:
            found = self._old.get(key)
            if found is not None:
                self._keep(key, found)
        return found

    def _keep(self, key: Key, verdict: Verdict) -> Verdict:
        """Keep a verdict; those that nobody asked for since the last time half of them were kept are forgotten."""
        if len(self._young) * 2 >= self._kept:
            self._old, self._young = self._young, {}
        self._young[key] = verdict
        return verdict
