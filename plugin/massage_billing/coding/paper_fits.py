"""Does one paper serve one visit: ordered, for these codes, on this date, with a number, with enough left?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date as Date
from datetime import timedelta
from typing import Final

from massage_billing.coding.policy_terms import PaperTerm
from massage_billing.model import Elsewhere, Paper, PaperKind, PaperUse

LABELS: Final[Mapping[PaperKind, str]] = {
    PaperKind.ORDER: "order", PaperKind.REFERRAL: "referral", PaperKind.AUTHORIZATION: "authorization",
    PaperKind.PLAN_OF_CARE: "plan of care", PaperKind.PROGRESS_REPORT: "progress report",
}  # fmt: skip
"""Our word for each kind, in sentences."""
USED_UP: Final = frozenset({"visits", "units"})
"""Cases that come free again when another visit is not billed after all."""
_LAST: Final = Date.max


@dataclass(frozen=True, slots=True)
class Asked:
    """What a paper is asked for: one visit of one day."""

    on: Date
    """Date of service."""
    billed: Mapping[str, int]
    """Units by code; none where the visit is held before it has lines."""
    elsewhere: Elsewhere
    """What other visits used."""

    def used(self, key: str) -> PaperUse:
        """What other visits used of a paper or count."""
        for use in self.elsewhere.uses:
            if use.paper == key:
                return use
        return PaperUse(key, 0, 0)


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one paper."""

    paper: Paper
    """The paper."""
    units: int
    """Units of the visit that it would bear."""
    rank: int = 0
    """How far it came; higher is nearer to serving."""
    case: str = ""
    """Case of the rule in which it does not serve; "" where it does."""
    why: str = ""
    """Why it does not, in words."""
    undated: bool = False
    """It serves, but nothing says since when or until when it holds."""
    limited: bool = False
    """It has a limit of visits or units, which counts other visits too."""


def judge(paper: Paper, term: PaperTerm, asked: Asked) -> Judged:
    """Whether a paper serves the visit, asked in the order in which a biller looks at it."""
    wanted = [code for code in asked.billed if not term.codes or code in term.codes]
    strange = [code for code in wanted if paper.codes and code not in paper.codes]
    units = sum(asked.billed[code] for code in asked.billed if not paper.codes or code in paper.codes)
    if strange:
        return Judged(paper, units, 1, "code", f"is not for {', '.join(sorted(strange))}")
    start, end = validity(paper, term)
    if start is not None and asked.on < start:
        return Judged(paper, units, 2, "dates", f"holds from {start.isoformat()} on, after the date of service")
    if end is not None and asked.on > end:
        return Judged(paper, units, 2, "dates", f"ended on {end.isoformat()}, before the date of service")
    if paper.written is not None and paper.written > asked.on:
        when = paper.written.isoformat()
        return Judged(paper, units, 2, "dates", f"was written on {when}, after the date of service")
    if not paper.ordered:
        return Judged(paper, units, 3, "unsigned", "names nobody who ordered it")
    if term.number_on_claim and not paper.number:
        return Judged(paper, units, 4, "number", "has no number, and the payer wants it on the claim")
    return _left(paper, units, term, asked, undated=start is None and end is None)


def validity(paper: Paper, term: PaperTerm) -> tuple[Date | None, Date | None]:
    """First and last date of service of a paper: its own, else the days that the payer gives it."""
    days = term.renewed_days if paper.continues and term.renewed_days else term.days
    end = paper.end
    start = paper.start or (paper.written if end is None else None)
    if end is None and start is not None and days is not None and days - 1 <= (_LAST - start).days:
        end = start + timedelta(days=days - 1)
    return start, end


def _left(paper: Paper, units: int, term: PaperTerm, asked: Asked, *, undated: bool) -> Judged:
    """Whether it has a visit and the units left."""
    use = asked.used(paper.key)
    visits = paper.visits if paper.visits is not None else term.visits
    if visits is not None and paper.visits_used + use.visits + use.reserved_visits + 1 > visits:
        used = _told(paper.visits_used, use.visits, use.reserved_visits, "visits")
        return Judged(paper, units, 5, "visits", f"allows {visits} visits; {used}")
    if paper.units is not None and paper.units_used + use.units + use.reserved_units + units > paper.units:
        used = _told(paper.units_used, use.units, use.reserved_units, "units")
        return Judged(paper, units, 6, "units", f"allows {paper.units} units and this visit has {units}; {used}")
    return Judged(paper, units, 7, undated=undated, limited=visits is not None or paper.units is not None)


def _told(before: int, billed: int, reserved: int, what: str) -> str:
    """How many are used: at least so many, for other clinics' are not seen."""
    parts = [f"{billed} on claims of this clinic"]
    if before:
        parts.append(f"{before} as its starting balance")
    if reserved:
        parts.append(f"{reserved} reserved for visits that are held")
    return f"at least {before + billed + reserved} {what} are used ({', '.join(parts)})"


def merged(papers: list[Paper]) -> list[Paper]:
    """One paper for each key: what the host and papers.csv say of the same number is put together."""
    found: dict[str, Paper] = {}
    for paper in papers:
        known = found.get(paper.key)
        found[paper.key] = paper if known is None else _both(known, paper)
    return list(found.values())


def _both(one: Paper, other: Paper) -> Paper:
    return replace(
        one,
        number=one.number or other.number,
        codes=one.codes or other.codes,
        visits=one.visits if one.visits is not None else other.visits,
        units=one.units if one.units is not None else other.units,
        start=one.start or other.start,
        end=one.end or other.end,
        visits_used=max(one.visits_used, other.visits_used),
        units_used=max(one.units_used, other.units_used),
        continues=one.continues or other.continues,
        linked=one.linked or other.linked,
        written=one.written or other.written,
        ordered=one.ordered or other.ordered,
    )


def preferred(paper: Paper) -> tuple[bool, Date, str]:
    """Order in which papers are tried: what the visit is based on, then what ends first, then by where it stands."""
    return (not paper.linked, paper.end or _LAST, paper.source)
