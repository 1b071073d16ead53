"""Holds: the queue of visits that cannot be billed yet, by reason, age, dollars and filing limit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from massage_billing.desk.fixes import Fix, fix_of
from massage_billing.desk.office import Office
from massage_billing.desk.people import Named
from massage_billing.desk.rulings import what_of
from massage_billing.model.desk import Viewer, Work
from massage_billing.ports.desk import HeldDay, HoldFilter, HoldOrder, HoldRow, HoldSums

PAGE: Final = 50
"""Holds on a page."""
LATE: Final = 7
"""A filing limit in so many days, or past, is urgent."""
SOON: Final = 30
"""In so many days it is worth looking at."""
SHOWN_DAYS: Final = 84
"""Days of the chart of held dollars."""
SHOWN_RULES: Final = 5
"""Reasons with a colour of their own; the rest is put together."""
REST: Final = "other reasons"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which holds, in which order."""

    rule: str = ""
    """Held by this rule."""
    payer: str = ""
    """Payer key."""
    who: str = ""
    """"me", "nobody", ``Viewer.who`` of somebody, or ""."""
    order: HoldOrder = HoldOrder.FILING
    """What comes first."""
    after: str = ""
    """Where the page begins; "" at the top."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that holds a visit."""

    message: str
    """What was found; resources by id."""
    fix: Fix
    """What to do about it."""


@dataclass(frozen=True, slots=True)
class Hold:
    """One visit of the queue."""

    row: HoldRow
    """The visit and people's work on it."""
    patient: str
    """Name, else the reference. PHI."""
    therapists: str
    """Who treated."""
    causes: tuple[Cause, ...]
    """What holds it."""
    age: int | None
    """Days that it is held; None where that is not known."""
    left: int | None
    """Days until the filing limit; negative: past; None without one."""
    tone: str
    """How near the limit is: "late", "soon" or ""."""
    with_whom: str
    """Who has it, as he or she is called now, else was when it was given; "" where nobody has it."""
    decided: str
    """What a person decided, where the next run takes it up: "decided: write it off"; else ""."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Held dollars by reason over time."""

    days: tuple[Date, ...]
    """Days on which the queue was kept, the oldest first."""
    series: tuple[tuple[str, tuple[Decimal, ...]], ...]
    """(rule, dollars on each day), the most first; the last may be the rest."""


@dataclass(frozen=True, slots=True)
class Holds:
    """The page."""

    wanted: Wanted
    """What was asked for."""
    sums: HoldSums
    """The queue by reason, narrowed by payer and person but not by reason."""
    titles: Mapping[str, Fix]
    """What each of these reasons asks of people."""
    rows: tuple[Hold, ...]
    """The page."""
    after: str | None
    """Where the next page begins."""
    payers: tuple[str, ...]
    """Payer keys, for the filter."""
    people: tuple[tuple[str, str], ...]
    """(``Viewer.who``, name) of those whom a hold may be given to."""
    curve: Curve | None
    """Held dollars over time; None for a therapist, or where nothing was kept yet."""
    away: str
    """Why names are missing; "" where none is."""
    now: datetime
    """The time at the clinic."""


def holds(office: Office, viewer: Viewer, wanted: Wanted) -> Holds:
    """The page. Raises StoreError, SettingsError where the host has no zone."""
    now, book = office.now(), office.book()
    everywhere = HoldFilter("", wanted.payer, _assignee(viewer, wanted), viewer.own)
    which = HoldFilter(wanted.rule, everywhere.payer, everywhere.assignee, everywhere.therapist)
    sums = office.desk.hold_sums(office.id, everywhere)
    page = office.desk.holds(office.id, which, wanted.order, wanted.after or None, PAGE)
    named = office.names.named(_people(page.rows, office.staff))
    fixes = {one.rule: fix_of(book, one.rule, office.kind) for one in sums.reasons}
    for row in page.rows:
        for rule, _ in row.visit.holds:
            fixes.setdefault(rule, fix_of(book, rule, office.kind))
    return Holds(
        wanted=wanted,
        sums=sums,
        titles=fixes,
        rows=tuple(_hold(row, named, fixes, now) for row in page.rows),
        after=page.after,
        payers=office.payers() if viewer.own is None else (),
        people=people_of(office, viewer, named),
        curve=None if viewer.own is not None else curve(office, now.date()),
        away=named.away,
        now=now,
    )


def _assignee(viewer: Viewer, wanted: Wanted) -> str | None:
    """Whose holds: None everybody's, "" nobody's."""
    return {"": None, "nobody": "", "me": viewer.who}.get(wanted.who, wanted.who)


def _people(rows: Iterable[HoldRow], staff: Sequence[str]) -> list[str | None]:
    found: list[str | None] = [*staff]
    for row in rows:
        found += [row.visit.patient, *row.visit.therapists]
    return found


def people_of(office: Office, viewer: Viewer, named: Named) -> tuple[tuple[str, str], ...]:
    """Whom a hold may be given to: those the settings name, and who is at the page."""
    found = {one: named.of(one) for one in office.staff}
    found[viewer.who] = viewer.name or found.get(viewer.who, viewer.who)
    return tuple(sorted(found.items(), key=lambda one: (one[1].casefold(), one[0])))


def _hold(row: HoldRow, named: Named, fixes: Mapping[str, Fix], now: datetime) -> Hold:
    visit = row.visit
    left = (visit.filing_limit - now.date()).days if visit.filing_limit is not None else None
    return Hold(
        row=row,
        patient=named.of(visit.patient) or f"Encounter/{visit.encounter}",
        therapists=", ".join(named.of(one) for one in visit.therapists),
        causes=tuple(Cause(message, fixes[rule]) for rule, message in visit.holds),
        age=None if row.since is None else max(0, (now.date() - row.since.astimezone(now.tzinfo).date()).days),
        left=left,
        tone=tone_of(left),
        with_whom=whose(row.work, named),
        decided=what_of(row.work) if row.work.what.startswith("decided") else "",
    )


def whose(work: Work, named: Named) -> str:
    """Who has a hold: the name of today, else the one that was kept with it; "" of nobody."""
    return named.names.get(work.assignee) or work.assignee_name or work.assignee


def tone_of(left: int | None) -> str:
    """How near a limit is: "late", "soon" or ""."""
    if left is None or left > SOON:
        return ""
    return "late" if left <= LATE else "soon"


# --- over time ------------------------------------------------------------------------------------------------------


def curve(office: Office, today: Date) -> Curve | None:
    """Held dollars by reason over the last weeks; None where nothing was kept yet. Raises StoreError."""
    kept = office.desk.held_days(office.id, today - timedelta(days=SHOWN_DAYS - 1), today)
    return curve_of(kept)


def curve_of(kept: Sequence[HeldDay]) -> Curve | None:
    """The same of what was kept: the reasons that held the most lately, the others put together."""
    days = tuple(sorted({one.day for one in kept}))
    if not days:
        return None
    dollars = {(one.rule, one.day): one.dollars for one in kept if one.rule}
    nothing = Decimal(0)
    weight: dict[str, Decimal] = {}
    for (rule, _), amount in dollars.items():
        weight[rule] = max(weight.get(rule, nothing), amount)
    ranked = sorted((rule for rule in weight if weight[rule]), key=lambda rule: (-weight[rule], rule))
    series = [(rule, tuple(dollars.get((rule, day), nothing) for day in days)) for rule in ranked[:SHOWN_RULES]]
    rest = ranked[SHOWN_RULES:]
    if rest:
        summed = tuple(sum((dollars.get((rule, day), nothing) for rule in rest), nothing) for day in days)
        series.append((REST, summed))
    return Curve(days, tuple(series)) if series else None
