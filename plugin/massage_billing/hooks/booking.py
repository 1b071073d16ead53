"""What is told when an appointment is booked: what has to be settled before it, and how many visits are left. Pure.

Of an appointment that the patient pays and wants kept from the plan, nothing is told: a screen of the EHR, or who books
for the patient, need not know of the wish.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from massage_billing.hooks.cards import Card, Indicator, Link
from massage_billing.hooks.places import Places
from massage_billing.model import Appointment, Clock, CostRange, Limit, Readiness, Reason, Standing, Verdict

_INDICATORS = {
    Readiness.BLOCKED: Indicator.CRITICAL,
    Readiness.ACT: Indicator.WARNING,
    Readiness.UNKNOWN: Indicator.WARNING,
}
_OWN = "massage-billing: what payer and record say before a visit"


def cards_of(judged: Sequence[tuple[Appointment, Verdict]], places: Places) -> list[Card]:
    """Cards of the appointments that are about to be booked; what holds for several of them is told once."""
    open_ones = [(one, verdict) for one, verdict in judged if one.restricted is None]
    cards: dict[tuple[str, str], Card] = {}
    for _, verdict in open_ones:
        for reason in verdict.reasons:
            if reason.readiness in _INDICATORS:
                cards.setdefault((reason.id, reason.message), _card(reason, verdict, places))
    for _, verdict in open_ones:
        if (told := _left(verdict, places)) is not None:
            cards.setdefault(("visits-left", told.summary), told)
    return list(cards.values())


def _card(reason: Reason, verdict: Verdict, places: Places) -> Card:
    who = f"Who does it: {reason.who.value}." if reason.who else ""
    due = f"Until {reason.due.isoformat()}." if reason.due else ""
    day = f"Appointment of {verdict.date.isoformat()}." if verdict.date else ""
    about = f"About {reason.about}." if reason.about else ""
    return Card(
        summary=reason.message,
        indicator=_INDICATORS[reason.readiness],
        source=reason.source or _OWN,
        page=places.today(),
        detail=(f"{reason.fix} {who} {due}".strip(), f"{day} {about}".strip()),
        links=(Link("The day's appointments", places.today()),),
    )


def _left(verdict: Verdict, places: Places) -> Card | None:
    """How many visits are left and what binds, with the coverage and the cost; None where no payer is billed."""
    if verdict.patient_pays or verdict.payer is None:
        return None
    summary = " ".join(part for part in (_standing(verdict), _binding(verdict)) if part)
    if not summary:
        return None
    return Card(
        summary=summary,
        indicator=Indicator.INFO,
        source=_OWN,
        page=places.today(),
        detail=tuple(_details(verdict)),
        links=(Link("The day's appointments", places.today()),),
        asks=False,
    )


def _standing(verdict: Verdict) -> str:
    asked = f" (asked {verdict.answered_on.isoformat()})" if verdict.answered_on else ""
    if verdict.standing is Standing.IN_FORCE:
        return f"Coverage in force by {verdict.payer}'s answer{asked}."
    return ""


def _binding(verdict: Verdict) -> str:
    left = verdict.visits_left
    if left is None or left.visits is None or left.binding is None:
        return ""
    unit = "visit" if left.visits == 1 else "visits"
    return f"At most {left.visits} {unit} left: the {left.binding.of} binds ({left.binding.source})."


def _details(verdict: Verdict) -> Iterator[str]:
    if verdict.visits_left is not None:
        yield from (_limit(one) for one in verdict.visits_left.limits)
    if verdict.authorization is not None:
        yield f"Authorization on file: {verdict.authorization.source}."
    yield from (_clock(one) for one in verdict.clocks)
    if verdict.cost is not None and (told := _cost(verdict.cost)):
        yield told


def _limit(one: Limit) -> str:
    shared = " Shared with other therapies." if one.shared else ""
    return f"By the {one.of}: {one.left.normalize():f} {one.unit.value} left ({one.source}). {one.told}{shared}".strip()


def _clock(one: Clock) -> str:
    return f"{one.what}: {one.on.isoformat()} ({one.about})."


def _cost(cost: CostRange) -> str:
    if cost.least is None or cost.most is None:
        return ""
    spread = f"${cost.least:,.2f}" if cost.least == cost.most else f"${cost.least:,.2f} to ${cost.most:,.2f}"
    return f"The patient pays about {spread}. {' '.join(cost.why)}".strip()
