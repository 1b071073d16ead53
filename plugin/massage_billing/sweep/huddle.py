"""The huddle: the appointments of one day with what must be settled before each, as a page to print and as JSON.

The page names patients and is PHI; the JSON names them by reference only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from decimal import Decimal
from typing import Final

from massage_billing.model import (
    WORST_FIRST,
    Appointment,
    Clock,
    CostRange,
    CountUnit,
    Readiness,
    Reason,
    Verdict,
    VisitsLeft,
)
from massage_billing.previsit.clocks import in_days

ORDER: Final = WORST_FIRST
"""The worst first."""
TITLES: Final = {
    Readiness.BLOCKED: "Blocked",
    Readiness.ACT: "To do",
    Readiness.UNKNOWN: "Not known",
    Readiness.READY: "Ready",
}
"""What people read; colour is never all that tells."""


SOON: Final = 30
"""Clocks that end within so many days are shown; the JSON has all."""


@dataclass(frozen=True, slots=True)
class Row:
    """One appointment of the list, every value ready to show."""

    appointment: str
    """Appointment id."""
    time: str
    """"9:00 am", or "" where the record has no time."""
    patient: str
    """Name in full, else the reference. PHI."""
    therapists: str
    """Who treats."""
    readiness: Readiness
    """How it stands."""
    title: str
    """The same, for people."""
    to_settle: tuple[Reason, ...]
    """What has to be settled, the worst first."""
    told: tuple[Reason, ...]
    """What is only told."""
    payer: str
    """Payer key and plan."""
    answered: str
    """When the payer was asked: "asked 2026-11-29", or ""."""
    visits: str
    """"3 left (authorization, papers.csv:3)", or ""."""
    visits_why: tuple[str, ...]
    """How each limit was counted."""
    cost: str
    """"$20.00", "$20.00 to $45.00", or ""."""
    cost_why: tuple[str, ...]
    """How it comes about."""
    clocks: tuple[str, ...]
    """"authorization ends 2026-12-04 (in 5 days)"."""


@dataclass(frozen=True, slots=True)
class Page:
    """The whole list."""

    clinic: str
    """The clinic's name."""
    date: Date
    """The day."""
    made: datetime
    """When it was made, at the clinic."""
    counts: tuple[tuple[Readiness, str, int], ...]
    """(how it stands, title, how many), the worst first."""
    rows: tuple[Row, ...]
    """By time."""


def huddle_page(clinic: str, date: Date, made: datetime, judged: Iterable[tuple[Appointment, Verdict]]) -> Page:
    """The list of one day."""
    ordered = sorted(
        judged, key=lambda pair: (pair[0].start is None, pair[0].start and pair[0].start.time(), pair[0].id)
    )
    rows = [_row(one, verdict) for one, verdict in ordered]
    counted = Counter(row.readiness for row in rows)
    counts = tuple((each, TITLES[each], counted[each]) for each in ORDER)
    return Page(clinic, date, made, counts, tuple(rows))


def render(page: Page) -> str:
    """The list as one HTML page that prints on Letter and needs no JavaScript. PHI."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    jinja = Environment(
        loader=PackageLoader("massage_billing", "web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return jinja.get_template("huddle.html.j2").render(page=page, ready=Readiness.READY)


def as_json(judged: Iterable[tuple[Appointment, Verdict]]) -> list[dict[str, object]]:
    """The list by references: what a program, or a page of the host, needs."""
    found = sorted(judged, key=lambda pair: (pair[0].start is None, str(pair[0].start), pair[0].id))
    return [
        {
            "start": one.start.isoformat() if one.start else None,
            "therapists": [each.id for each in one.therapists],
            "verdict": verdict,
        }
        for one, verdict in found
    ]


def _row(one: Appointment, verdict: Verdict) -> Row:
    settle = tuple(reason for reason in verdict.reasons if reason.readiness is not Readiness.READY)
    plan = verdict.benefits.plan if verdict.benefits else None
    return Row(
        appointment=one.id,
        time=_time(one.start) if one.start else "",
        patient=_name(one),
        therapists=", ".join(one.therapist_names) or ", ".join(each.id for each in one.therapists),
        readiness=verdict.readiness,
        title=TITLES[verdict.readiness],
        to_settle=settle,
        told=tuple(reason for reason in verdict.reasons if reason.readiness is Readiness.READY),
        payer=" · ".join(part for part in (verdict.payer, plan) if part),
        answered=f"asked {verdict.answered_on.isoformat()}" if verdict.answered_on else "",
        visits=visits_in_words(verdict.visits_left),
        visits_why=_visits_why(verdict.visits_left),
        cost=cost_in_words(verdict.cost),
        cost_why=verdict.cost.why if verdict.cost else (),
        clocks=tuple(clock_in_words(clock) for clock in verdict.clocks if clock.days <= SOON),
    )


def _name(one: Appointment) -> str:
    person = one.person
    if person is None:
        return one.patient or f"Appointment/{one.id}"
    given = " ".join(part for part in (person.first_name, person.middle_name) if part)
    return ", ".join(part for part in (person.last_name, given) if part) or person.reference


def visits_in_words(left: VisitsLeft | None) -> str:
    """ "3 left (authorization, papers.csv:3)"; "" where nothing limits or nothing says."""
    if left is None or left.binding is None:
        return ""
    binding = left.binding
    if left.visits is not None:
        count = f"{'at most ' if binding.at_most else ''}{left.visits} left"
    else:
        unit = "" if binding.unit is CountUnit.NO_DATA else f" {binding.unit.value}"
        count = f"{'at most ' if binding.at_most else ''}{_plain(binding.left)}{unit} left"
    shared = ", shared with other therapies" if binding.shared else ""
    return f"{count} ({binding.of}, {binding.source}{shared})"


def _visits_why(left: VisitsLeft | None) -> tuple[str, ...]:
    return tuple(f"{limit.of}: {limit.told}" for limit in left.limits if limit.told) if left else ()


def cost_in_words(cost: CostRange | None) -> str:
    """ "$20.00", "$20.00 to $45.00", "at least $20.00"; "" where nothing can be told."""
    if cost is None or (cost.least is None and cost.most is None):
        return ""
    if cost.least is None:
        return f"at most {_dollars(cost.most)}"
    if cost.most is None:
        return f"at least {_dollars(cost.least)}"
    return _dollars(cost.least) if cost.least == cost.most else f"{_dollars(cost.least)} to {_dollars(cost.most)}"


def clock_in_words(clock: Clock) -> str:
    """ "authorization ends 2026-12-04 (in 5 days)"."""
    return f"{clock.what} {clock.on.isoformat()} ({in_days(clock.days)})"


def _dollars(amount: Decimal | None) -> str:
    return "" if amount is None else f"${amount:,.2f}"


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _time(start: datetime) -> str:
    return f"{(start.hour + 11) % 12 + 1}:{start.minute:02} {'am' if start.hour < 12 else 'pm'}"
