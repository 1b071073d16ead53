"""Is the patient's day on one claim? What other visits of the day mean for this one (rule same-day-visits).

Which visits belong together, and the one visit they make, is same_day.py; here is what is said of it.
"""

from __future__ import annotations

from massage_billing.coding.notes import Notes
from massage_billing.model import Elsewhere, OnFirst, Outcome, Visit

RULE = "same-day-visits"
"""The rule."""
ON_FIRST = "on-first-visit"
"""Reason code of a service that stands on another visit's claim, and the case of its finding."""
DIFFER = "differ"
"""Case of visits of a day that say two things of which a claim takes one."""
_LATE, _TWICE = "after-sending", "on-another-claim"


def check(visit: Visit, elsewhere: Elsewhere, notes: Notes) -> None:
    """Leave the findings of a visit that is decided on its own, or for its whole day."""
    if elsewhere.alone and not any([s.encounter for s in visit.services]):
        notes.bypassed(RULE)
        return
    clean = not any(problem.rule == RULE for problem in visit.problems)
    if elsewhere.sent_without is not None:
        clean = False
        message = f"{elsewhere.sent_without} of this patient's day was sent without this visit."
        notes.fail(RULE, message, _LATE, elsewhere.sent_without)
    if elsewhere.also_on is not None:
        clean = False
        message = f"{elsewhere.also_on} bills this visit, and belongs to an Encounter that is no longer of its day."
        notes.fail(RULE, message, _TWICE, elsewhere.also_on)
    if clean:
        notes.passed(RULE)


def leave_to_first(visit: Visit, first: OnFirst, notes: Notes) -> None:
    """Leave the visit's services to the first one of its day, whose decision speaks for them."""
    where = f"Encounter/{first.encounter}"
    told = {
        Outcome.CLAIM: f"{where} of the same day bills the services of this visit on its claim {first.claim_key}.",
        Outcome.HOLD: f"{where} of the same day is held, and this visit with it; its claim will be {first.claim_key}.",
    }
    message = told.get(first.outcome, f"{where} of the same day was decided with this visit: {first.outcome.value}.")
    notes.fail(RULE, message, ON_FIRST, where)
    notes.leave_off(list(visit.services), ON_FIRST, RULE)
