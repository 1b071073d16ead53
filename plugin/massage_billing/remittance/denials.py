"""Denials that teach: what was not paid, by the rule that should have stopped it, or "no rule knew". Pure.

A denial is an adjustment that is neither the patient's share (deductible, coinsurance, copay) nor agreed by contract.
What a payer took back counts no more. Nothing here names a patient: claims are counted, therapists stand by NPI.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from datetime import date as Date
from decimal import Decimal
from typing import Final

from massage_billing.ports import VisitRow, VisitState
from massage_billing.ports.ledger import AdjustmentRow, Submission
from massage_billing.remittance.adjudication import Spot
from massage_billing.remittance.adjustments import Words, words

NO_RULE: Final = ""
"""Name of what no rule knew of."""
_NO_DENIAL: Final = frozenset({"patient", "contractual"})
"""Categories of what is paid less as agreed."""
_HELD: Final = "hold ("
"""How the audit trail begins a line of a visit that was held."""
Trail = Iterable[tuple[datetime, str | None, str]]
"""The audit trail: (when, Encounter id, what), the oldest first."""


@dataclass(frozen=True, slots=True)
class Period:
    """From when to when, and of whom."""

    since: Date | None = None
    """First day, UTC: of a denial when its file was applied, of a hold when it was first decided."""
    until: Date | None = None
    """Last day."""
    payer: str | None = None
    """Only of this payer key."""

    def has(self, at: datetime | None, payer: str | None) -> bool:
        """Whether something of that time and payer belongs to it."""
        if self.payer is not None and payer != self.payer:
            return False
        day = at.astimezone(UTC).date() if at else None
        return (self.since is None or (day is not None and day >= self.since)) and (
            self.until is None or (day is not None and day <= self.until)
        )


@dataclass(frozen=True, slots=True)
class Denial:
    """One amount of one line that a payer did not pay."""

    row: AdjustmentRow
    """As the ledger has it."""
    words: Words
    """What it means."""

    @property
    def rule(self) -> str:
        """The rule that should have stopped it; "" where no rule knew. By the tables of today."""
        return self.words.rule or NO_RULE

    @property
    def week(self) -> str:
        """ISO week in which the file was applied, "2026-W49"."""
        if self.row.at is None:
            return ""
        year, week, _ = self.row.at.astimezone(UTC).isocalendar()
        return f"{year}-W{week:02d}"


@dataclass(frozen=True, slots=True)
class Share:
    """Denials that have something in common."""

    name: str
    """What they have in common: a rule, a payer key, a code, an NPI, a week, a reason."""
    claims: int
    """How many claims."""
    dollars: Decimal
    """Dollars that were not paid."""
    of_patient: Decimal
    """Of these, what the payer leaves to the patient (group PR)."""
    plain: str = ""
    """What it means, where the name is a code."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a rule prevented and what it missed."""

    rule: str
    """Rule id."""
    held: int
    """Visits that it holds now."""
    held_dollars: Decimal
    """Their charges, where all are known."""
    cleared: int
    """Visits that it held, and that are billed or settled since."""
    cleared_dollars: Decimal
    """Their charges."""
    missed: int
    """Claims that were denied for what it should have stopped."""
    missed_dollars: Decimal
    """Dollars that were denied for it."""


@dataclass(frozen=True, slots=True)
class DenialReport:
    """What denials of a period tell."""

    claims: int
    """Claims with a denial."""
    dollars: Decimal
    """Dollars denied."""
    of_patient: Decimal
    """Of these, left to the patient."""
    by_rule: tuple[Share, ...]
    """By the rule that should have stopped it; "" stands for no rule."""
    by_reason: tuple[Share, ...]
    """By group and reason, "CO 197"."""
    by_payer: tuple[Share, ...]
    """By payer key."""
    by_code: tuple[Share, ...]
    """By code; "" for what is said of a claim as a whole."""
    by_therapist: tuple[Share, ...]
    """By NPI."""
    by_week: tuple[Share, ...]
    """By the ISO week in which the file was applied, the first first."""
    lessons: tuple[Lesson, ...]
    """Prevented and missed by rule, the most dollars first."""
    lost_claims: int = 0
    """Claims of these files that are none of ours: their adjustments are counted nowhere else."""


def denials(
    rows: Iterable[AdjustmentRow],
    claims: Mapping[str, Submission],
    standing: Mapping[str, Collection[Spot]],
    period: Period,
) -> Iterator[Denial]:
    """The denials of a period, oldest first.

    ``claims`` are those of one host by key; ``standing`` says which answers to a claim count still.
    """
    for row in rows:
        ours = claims.get(row.key)
        if ours is None or not period.has(row.at, ours.payer):
            continue
        if (row.file, row.place) not in standing.get(row.key, ()):
            continue
        told = words(row.group, row.reason, row.remarks)
        if told.category not in _NO_DENIAL and row.amount > 0:
            yield Denial(row, told)


def report(
    found: Iterable[Denial], visits: Iterable[VisitRow], trail: Trail, period: Period, lost_claims: int = 0
) -> DenialReport:
    """Count denials from every side, beside what rules prevented."""
    every = list(found)
    return DenialReport(
        claims=len({one.row.key for one in every}),
        dollars=_dollars(every),
        of_patient=_of_patient(every),
        by_rule=_shares(every, lambda one: one.rule),
        by_reason=_shares(every, lambda one: f"{one.row.group} {one.row.reason}", lambda one: one.words.plain),
        by_payer=_shares(every, lambda one: one.row.payer),
        by_code=_shares(every, lambda one: one.row.code),
        by_therapist=_shares(every, lambda one: one.row.therapist),
        by_week=tuple(sorted(_shares(every, lambda one: one.week), key=lambda one: one.name)),
        lessons=_lessons(every, visits, trail, period),
        lost_claims=lost_claims,
    )


def _shares(
    every: list[Denial], name: Callable[[Denial], str], plain: Callable[[Denial], str] = lambda _: ""
) -> tuple[Share, ...]:
    """The denials by what they have in common, the most dollars first."""
    of: dict[str, list[Denial]] = {}
    for one in every:
        of.setdefault(name(one), []).append(one)
    shares = [
        Share(key, len({one.row.key for one in some}), _dollars(some), _of_patient(some), plain(some[0]))
        for key, some in of.items()
    ]
    return tuple(sorted(shares, key=lambda one: (-one.dollars, one.name)))


def _dollars(some: Iterable[Denial]) -> Decimal:
    return sum((one.row.amount for one in some), Decimal(0))


def _of_patient(some: Iterable[Denial]) -> Decimal:
    return _dollars(one for one in some if one.words.patient)


# --- what rules prevented -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Counted:
    held: int = 0
    held_dollars: Decimal = Decimal(0)
    cleared: int = 0
    cleared_dollars: Decimal = Decimal(0)


def _lessons(every: list[Denial], visits: Iterable[VisitRow], trail: Trail, period: Period) -> tuple[Lesson, ...]:
    counted = _prevented(visits, _first_held(trail), period)
    missed = {one.name: one for one in _shares([one for one in every if one.rule], lambda one: one.rule)}
    lessons = []
    for rule in sorted({*counted, *missed}):
        had, lost = counted.get(rule, _Counted()), missed.get(rule)
        lessons.append(
            Lesson(
                rule, had.held, had.held_dollars, had.cleared, had.cleared_dollars,
                lost.claims if lost else 0, lost.dollars if lost else Decimal(0),
            )
        )  # fmt: skip
    return tuple(sorted(lessons, key=lambda one: (-_worth(one), one.rule)))


def _worth(one: Lesson) -> Decimal:
    return one.held_dollars + one.cleared_dollars + one.missed_dollars


def _first_held(trail: Trail) -> dict[str, dict[str, datetime]]:
    """By Encounter id and rule, when the rule was first seen to hold the visit."""
    found: dict[str, dict[str, datetime]] = {}
    for at, encounter, what in trail:
        if encounter is not None and what.startswith(_HELD):
            for rule in what[len(_HELD) :].partition(")")[0].split(","):
                found.setdefault(encounter, {}).setdefault(rule, at)
    return found


def _prevented(
    visits: Iterable[VisitRow], first: Mapping[str, Mapping[str, datetime]], period: Period
) -> dict[str, _Counted]:
    """What each rule holds now, and what it held and was cleared since. A visit counts for each rule that held it."""
    found: dict[str, _Counted] = {}
    for row in visits:
        since = first.get(row.encounter, {})
        dollars = Decimal(row.amount) if row.amount is not None else Decimal(0)
        now = {rule for rule, _ in row.holds} if row.state is VisitState.HELD else set[str]()
        for rule in now:
            if period.has(since.get(rule), row.payer):
                one = found.setdefault(rule, _Counted())
                one.held, one.held_dollars = one.held + 1, one.held_dollars + dollars
        for rule, at in since.items():
            if rule not in now and rule != "-" and period.has(at, row.payer):
                one = found.setdefault(rule, _Counted())
                one.cleared, one.cleared_dollars = one.cleared + 1, one.cleared_dollars + dollars
    return found
