"""What is told when a visit ends: what its record lacks, and what of it cannot be billed as it stands. Pure.

What is only so because the visit has not ended yet is left out, and so is what tells of a wish not to tell the plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from massage_billing.hooks.cards import Card, Indicator, Link
from massage_billing.hooks.places import Places
from massage_billing.model import Decision, Effect, Finding

NOT_YET: Final = frozenset({"visit-finished", "no-charge-capture"})
"""Rules whose findings are of no use to somebody who is about to end the visit."""
UNSAID: Final = frozenset({"patient-restriction"})
"""Rules of which nothing is told: whoever looks at the screen of the EHR need not know of it."""
_INDICATORS: Final = {Effect.HOLD: Indicator.WARNING, Effect.CHANGED: Indicator.INFO}


def cards_of(decision: Decision, host: str, places: Places) -> list[Card]:
    """Cards of what holds or changes a visit, in the order of the rules; each thing once."""
    seen: set[tuple[str, str]] = set()
    cards = []
    for finding in _told(decision):
        key = (finding.rule, finding.message)
        if key not in seen:
            seen.add(key)
            cards.append(_card(finding, host, decision.encounter, places))
    return cards


def _told(decision: Decision) -> Iterator[Finding]:
    for finding in decision.findings:
        if finding.effect in _INDICATORS and finding.rule not in NOT_YET | UNSAID:
            yield finding


def _card(finding: Finding, host: str, encounter: str, places: Places) -> Card:
    who = f"Who does it: {finding.who.value}." if finding.who else ""
    row = f"Rule {finding.rule}, row {finding.row}."
    since = f"In force from {finding.in_force_from.isoformat()}." if finding.in_force_from else ""
    return Card(
        summary=finding.message,
        indicator=_INDICATORS[finding.effect],
        source=finding.source,
        page=places.rule(finding.rule),
        detail=(f"{finding.fix} {who}".strip(), f"{row} {since}".strip()),
        links=(Link("The rule", places.rule(finding.rule)), Link("The visit", places.visit(host, encounter))),
    )
