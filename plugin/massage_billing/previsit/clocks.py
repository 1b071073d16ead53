"""What ends or falls due: authorization, prescription, referral; the next report; the day to file an earlier visit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta
from typing import Final

from massage_billing.coding.paper_fits import validity
from massage_billing.coding.policy_terms import PaperTerm
from massage_billing.model import Clock, Paper, PaperKind, Reason
from massage_billing.previsit.terms import Eligibility, WarnDays

_ENDS: Final[Mapping[PaperKind, tuple[str, str]]] = {
    PaperKind.AUTHORIZATION: ("authorization", "authorization ends"),
    PaperKind.ORDER: ("prescription", "prescription ends"),
    PaperKind.REFERRAL: ("referral", "referral ends"),
    PaperKind.PLAN_OF_CARE: ("plan_of_care", "plan of care ends"),
}
"""Which warning each kind of paper has, and what its clock is called."""
REPORT, FILING = "progress report due", "filing limit"
"""What the other clocks are called."""


@dataclass(frozen=True, slots=True)
class Unfiled:
    """An earlier visit that was not billed yet, and has to be by a day."""

    encounter: str
    """Encounter id."""
    limit: Date
    """The last day to file."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """What ends or falls due, and what is told of it."""

    clocks: tuple[Clock, ...]
    """Every clock, the next first."""
    reasons: tuple[Reason, ...]
    """Those within their days of warning."""


def clocks(
    papers: Sequence[Paper],
    terms: Mapping[PaperKind, PaperTerm],
    unfiled: Iterable[Unfiled],
    day: Date,
    today: Date,
    eligibility: Eligibility,
) -> Clocks:
    """The clocks of an appointment on a day: papers that hold then (an older one that ended is nobody's), the report
    that falls due next, and what is still to be filed."""
    warn = eligibility.asking.warn_days
    found: list[tuple[Clock, int, str]] = []
    for paper in papers:
        if paper.kind in _ENDS:
            name, what = _ENDS[paper.kind]
            start, end = validity(paper, terms.get(paper.kind) or PaperTerm(kind=paper.kind, source="-"))
            if end is not None and end >= min(day, today) and (start is None or start <= day):
                found.append((_clock(what, end, today, paper.source), getattr(warn, name), "ends-soon"))
    found += _report(papers, terms.get(PaperKind.PROGRESS_REPORT), day, today, warn)
    for visit in unfiled:
        about = f"Encounter/{visit.encounter}"
        found.append((_clock(FILING, visit.limit, today, about), warn.filing, "filing-limit-near"))
    found.sort(key=lambda one: (one[0].on, one[0].what, one[0].about))
    reasons = [
        eligibility.reason(id, _told(clock), about=clock.about, due=clock.on)
        for clock, days, id in found
        if clock.days <= days
    ]
    return Clocks(tuple(clock for clock, _, _ in found), tuple(reasons))


def _report(
    papers: Sequence[Paper], term: PaperTerm | None, day: Date, today: Date, warn: WarnDays
) -> list[tuple[Clock, int, str]]:
    """When the next report falls due by days; by visits it is told where it is due (``needed``)."""
    made = [paper for paper in papers if paper.kind is PaperKind.PROGRESS_REPORT and paper.start and paper.start <= day]
    if term is None or term.every_days is None or not made:
        return []
    last = max(made, key=lambda paper: (paper.start or day, paper.source))
    assert last.start is not None  # noqa: S101
    due = last.start + timedelta(days=term.every_days)
    return [(_clock(REPORT, due, today, last.source), warn.progress_report, "report-due-soon")]


def _clock(what: str, on: Date, today: Date, about: str) -> Clock:
    return Clock(what, on, (on - today).days, about)


def in_days(days: int) -> str:
    """ "in 5 days", "in 1 day", "today", "1 day ago"."""
    counted = f"{abs(days)} day{'' if abs(days) == 1 else 's'}"
    return "today" if days == 0 else f"in {counted}" if days > 0 else f"{counted} ago"


def _told(clock: Clock) -> str:
    return f"{clock.about}: {clock.what}, {clock.on.isoformat()} ({in_days(clock.days)})."
