"""What ``explain`` prints of one visit: schema "explain/1", a JSON object. What it holds is PHI.

Money is text, dates are ISO text, references are "Type/id"; the Encounter and Procedures are named by id alone.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date as Date

from massage_billing.coding import ledger
from massage_billing.coding.ledger import Ledger
from massage_billing.coding.rulebook import Rulebook
from massage_billing.model import Because, ClaimLine, Decision, Finding, NotBilled, Visit

SCHEMA = "explain/1"


def explanation(visit: Visit, decision: Decision, book: Rulebook) -> dict[str, object]:
    """One element of the list that ``explain --json`` prints."""
    counted = ledger.of(visit, decision.policy, book)
    decision = replace(decision, units_by_method=counted.units)
    return {
        "schema": SCHEMA,
        "visit": {"encounter": visit.encounter, "date": _day(visit.date), "site": visit.site},
        "payer": decision.payer,
        "coverage": decision.coverage.id if decision.coverage else None,
        "policy": decision.policy,
        "network": decision.network,
        "rulebook": {"version": book.version, "digest": book.digest},
        "outcome": decision.outcome.value,
        "lines": [_line(line) for line in decision.lines],
        "diagnoses": list(decision.diagnoses),
        "not_billed": [_not_billed(left) for left in decision.not_billed],
        "findings": [_finding(finding) for finding in decision.findings],
        "units_by_method": {method: dict(units) for method, units in decision.units_by_method.items()},
        "minute_ledger": _ledger(counted),
    }


def _day(day: Date | None) -> str | None:
    return day.isoformat() if day else None


def _line(line: ClaimLine) -> dict[str, object]:
    return {
        "code": line.code,
        "units": line.units,
        "minutes": line.minutes,
        "modifiers": list(line.modifiers),
        "charge": None if line.charge is None else str(line.charge),
        "diagnosis_pointers": list(line.diagnosis_pointers),
        "procedures": list(line.procedures),
        "therapist": line.therapist.id if line.therapist else None,
        "because": [_because(reason) for reason in line.because],
    }


def _because(reason: Because) -> dict[str, object]:
    return {
        "rule": reason.rule,
        "row": reason.row,
        "in_force_from": _day(reason.in_force_from),
        "source": reason.source,
    }


def _ledger(counted: Ledger) -> dict[str, object]:
    """Minutes of each timed code, the total of units by each method, and which method applies and why."""
    return {
        "minutes": dict(counted.minutes),
        "totals": {method: sum(units.values()) for method, units in counted.units.items()},
        "applies": counted.applies,
        "because": [_because(reason) for reason in counted.because],
        "notes": list(counted.notes),
    }


def _not_billed(left: NotBilled) -> dict[str, object]:
    return {
        "code": left.code,
        "procedure": left.procedure,
        "minutes": left.minutes,
        "reason": left.reason,
        "rule": left.rule,
    }


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "rule": finding.rule,
        "row": finding.row,
        "result": finding.result.value,
        "effect": finding.effect.value,
        "message": finding.message,
        "fix": finding.fix,
        "who": finding.who.value if finding.who else None,
        "source": finding.source,
        "in_force_from": _day(finding.in_force_from),
        "about": finding.about,
    }
