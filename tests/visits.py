"""Visits for the tests of the rules: made as the examples of rule files are, in a few words, of made-up people."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from datetime import date as Date
from functools import cache
from pathlib import Path
from typing import Any

from massage_billing import flow
from massage_billing.coding.example_terms import Given
from massage_billing.coding.rulebook import Rulebook
from massage_billing.model import Clinic, Decision, Ruling, RulingKind, Visit
from massage_billing.rulebook import examples as rule_examples
from massage_billing.rulebook.files import load_rulebook

DAY = Date(2026, 11, 3)
RULES = Path(__file__).parent.parent / "plugin" / "massage_billing" / "rules"


@cache
def book() -> Rulebook:
    """The rulebook that ships."""
    return load_rulebook()


def given(**differs: Any) -> Given:
    """The standard visit with these differences."""
    standard = book().standard_visit
    said = Given.model_validate(differs)
    return standard.model_copy(update={name: getattr(said, name) for name in said.model_fields_set})


def visit(on: Date | None = DAY, **differs: Any) -> Visit:
    """A visit: ``visit(services=["97124 60"])``."""
    return rule_examples.make_visit(given(**differs), on)


def clinic(**differs: Any) -> Clinic:
    """The clinic of that visit: payers.yaml that names its payers, and a fee schedule."""
    return rule_examples.make_clinic(given(**differs))


def ruling(kind: str) -> Ruling:
    """A person's decision."""
    return Ruling(RulingKind(kind), "a reason in words", "biller1", datetime(2026, 11, 4, tzinfo=UTC))


def decide(on: Date | None = DAY, rules: Rulebook | None = None, **differs: Any) -> Decision:
    """What the rulebook makes of such a visit."""
    kind = differs.get("ruling")
    return flow.bill(visit(on, **differs), rules or book(), clinic(**differs), ruling(kind) if kind else None)


def lines(decision: Decision) -> list[str]:
    """Its lines in short: ["97124 x4"]."""
    return [rule_examples.line_text(line) for line in decision.lines]


def units(decision: Decision) -> dict[str, int]:
    """Units by code."""
    found: dict[str, int] = {}
    for line in decision.lines:
        found[line.code] = found.get(line.code, 0) + line.units
    return found


def not_billed(decision: Decision) -> list[str]:
    """What is on no line, in short: ["97010 bundled"]."""
    return [f"{n.code} {n.reason}" for n in decision.not_billed]


def effects(decision: Decision, rule: str) -> list[tuple[str, str]]:
    """(result, effect) of each finding of a rule."""
    return [(f.result.value, f.effect.value) for f in decision.findings if f.rule == rule]


def with_coverage(decided: Visit, **changes: Any) -> Visit:
    """The visit with its first coverage changed."""
    return replace(decided, coverages=(replace(decided.coverages[0], **changes), *decided.coverages[1:]))
