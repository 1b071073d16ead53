"""Does the claim tell what the payer wants to know of the accident: when, in which state, under which number?

What the visit's record tells comes first, then the coverage (its injury's number), then the clinic's papers.csv (a row
of kind ``injury``). Nothing is inferred: an injury by itself is no accident, and a coverage's kind tells no date.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date as Date
from typing import Final

from massage_billing.coding.coverage import Payment
from massage_billing.coding.notes import Notes
from massage_billing.coding.policy_terms import AccidentTerm
from massage_billing.coding.rulebook import Policy
from massage_billing.model import Accident, Paper, Visit

RULE: Final = "accident-facts"
"""Rule id."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the injury that a visit treats."""

    accident: Accident | None = None
    """When, where, of what kind, under which number; None where nothing tells."""
    several: tuple[str, ...] = ()
    """Where injuries stand of which any could be meant."""
    visits_before: int = 0
    """Visits for it before this program counted."""

    @property
    def number(self) -> str | None:
        """The payer's number of it."""
        return self.accident.claim_number if self.accident else None

    @property
    def since(self) -> Date | None:
        """When it happened."""
        return self.accident.date if self.accident else None


def known(visit: Visit, payment: Payment, injuries: Sequence[Paper]) -> Facts:
    """What the visit, its coverage and papers.csv (rows of this patient and payer) tell together."""
    recorded = visit.accident
    number = (recorded.claim_number if recorded else None) or (
        payment.coverage.claim_number if payment.coverage else None
    )
    meant = [one for one in injuries if (number is None or one.number in (None, number)) and _open(one, visit.date)]
    if len(meant) > 1 and recorded is not None and recorded.date is not None:
        meant = [one for one in meant if one.start == recorded.date]
    if len(meant) != 1:
        several = tuple(one.source for one in meant)
        if recorded is None:
            source = payment.coverage.id if payment.coverage else ""
            return Facts(Accident(source, claim_number=number) if number else None, several)
        return Facts(replace(recorded, claim_number=number), several)
    injury = meant[0]
    base = recorded or Accident(injury.source)
    return Facts(
        replace(
            base,
            date=base.date or injury.start,
            state=base.state or injury.state,
            claim_number=number or injury.number,
        ),
        visits_before=injury.visits_used,
    )


def _open(injury: Paper, on: Date | None) -> bool:
    """Whether a visit on a date can have treated an injury: it had happened, and was not closed."""
    return on is None or ((injury.start is None or injury.start <= on) and (injury.end is None or on <= injury.end))


def check(facts: Facts, term: AccidentTerm, policy: Policy, notes: Notes) -> None:
    """Leave the finding: whether everything the payer wants is known."""
    accident = facts.accident or Accident("")
    wanted = (
        (term.date, accident.date, "its date"),
        (term.state, accident.state, "its state"),
        (term.claim_number, accident.claim_number, "the payer's claim number"),
    )
    missing = [name for asked, value, name in wanted if asked and not value]
    if not missing:
        notes.passed(RULE)
        return
    message = f"{policy.name} wants to know of the injury: {', '.join(missing)}. Nothing on file tells."
    case = "missing"
    if facts.several:
        message, case = f"{message} Any of these could be meant: {', '.join(facts.several)}.", "several"
    notes.no_data(RULE, message, case, accident.source or None, source=policy.sources.get(term.source))
