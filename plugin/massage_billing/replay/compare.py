"""Past visits through two rulebooks: which claims would change, by which rules, and by how many dollars. Pure.

Both rulebooks decide each visit as it stands on record now. Nothing is written; sums are kept by payer and rule, so
memory does not grow with the number of visits. Dollars are charges by the clinic's own fee schedule, never payments.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date as Date
from decimal import Decimal
from typing import NamedTuple

from massage_billing.coding.rulebook import Day, Rulebook
from massage_billing.model import NOWHERE, Clinic, Effect, Elsewhere, Outcome, Ruling, Visit
from massage_billing.replay.verdict import Memory, Verdict, VerdictFinding, VerdictLine

_NOTHING = Decimal("0.00")
_KEPT = 50_000
NOBODY = "-"
"""Shown as the payer of a visit that no payer is billed for."""
PAIRS = "ncci-pairs"


class Dollars(NamedTuple):
    """Charges by where they stand."""

    claimed: Decimal = _NOTHING
    """On claims."""
    held: Decimal = _NOTHING
    """On visits that a person has to look at first: not lost, not claimed."""
    patient: Decimal = _NOTHING
    """Charged to patients."""

    def plus(self, other: Dollars) -> Dollars:
        """The sums."""
        return Dollars(*(a + b for a, b in zip(self, other, strict=True)))

    def times(self, number: int) -> Dollars:
        """So many times as much."""
        return Dollars(*(each * number for each in self))

    def minus(self, other: Dollars) -> Dollars:
        """What is more here than there."""
        return Dollars(*(a - b for a, b in zip(self, other, strict=True)))


NONE = Dollars()
"""No dollars at all."""


class Change(NamedTuple):
    """What differs between two verdicts on one visit."""

    before: Outcome
    """By the first rulebook."""
    after: Outcome
    """By the second."""
    payer: str
    """Payer key by the second rulebook, else by the first; "-" where nobody is billed."""
    lines: tuple[str, ...]
    """Lines that changed, in short: "97124 x4 → x3"; empty where only the outcome did."""
    dollars: tuple[Dollars, Dollars]
    """Charges before and after."""
    rules: tuple[str, ...]
    """The rules that made the difference."""
    pairs_gone: tuple[str, ...]
    """Pairs of codes that took something off before, and no longer do."""

    @property
    def difference(self) -> Dollars:
        """After less before."""
        return self.dollars[1].minus(self.dollars[0])


@dataclass(slots=True)
class Sum:
    """Visits that changed, and what they come to."""

    visits: int = 0
    """How many."""
    difference: Dollars = NONE
    """Dollars after less dollars before."""

    def add(self, change: Change, times: int) -> None:
        """Count some more visits with the same change."""
        self.visits += times
        self.difference = self.difference.plus(change.difference.times(times))


@dataclass(slots=True)
class Tally:
    """What a replay came to so far."""

    visits: int = 0
    """Visits decided by both rulebooks."""
    undated: int = 0
    """Visits left out because they have no date of service."""
    changed: int = 0
    """Visits whose outcome or lines changed."""
    only_told: int = 0
    """Visits billed alike, of which the rules say something else (a warning more or less)."""
    unpriced: int = 0
    """Visits with a line that has no charge; they count as no dollars."""
    before: Dollars = NONE
    """All charges by the first rulebook."""
    after: Dollars = NONE
    """All charges by the second."""
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Visits by outcome before and after."""
    by_payer: dict[str, Sum] = field(default_factory=dict)
    """Changes by payer; every changed visit once."""
    by_rule: dict[tuple[str, str], Sum] = field(default_factory=dict)
    """Changes by payer and rule; a visit counts under each rule that made its difference."""
    pairs_gone: dict[str, Sum] = field(default_factory=dict)
    """Changes by pair of codes that no longer holds."""
    as_billed: Counter[str] = field(default_factory=Counter)
    """Where the store knows what was billed: visits the first rulebook decides "same", "otherwise"; "not run" else."""


@dataclass(slots=True)
class _Met:
    """Two verdicts that visits had, compared once."""

    one: Verdict
    other: Verdict
    change: Change | None
    visits: int = 0
    """Visits not yet in the tally."""


class Replay:
    """Decides visits by two rulebooks and keeps the sums."""

    def __init__(self, before: Rulebook, after: Rulebook, clinic: Clinic) -> None:
        """``clinic`` without ``today``: whether it is too late to file now says nothing about the rules."""
        self.before, self.after = Memory(before, clinic), Memory(after, clinic)
        self._tally = Tally()
        self._met: dict[tuple[int, int], _Met] = {}

    @property
    def tally(self) -> Tally:
        """What it came to so far."""
        for met in self._met.values():
            self._add(met)
        return self._tally

    def visit(self, visit: Visit, ruling: Ruling | None = None, elsewhere: Elsewhere = NOWHERE) -> Change | None:
        """Decide one visit twice; what changes, or None."""
        if visit.date is None:
            self._tally.undated += 1
            return None
        one = self.before.verdict(visit, ruling, elsewhere)
        other = self.after.verdict(visit, ruling, elsewhere)
        met = self._met.get((id(one), id(other)))
        if met is None or met.one is not one or met.other is not other:
            met = self._meet(one, other)
        met.visits += 1
        return met.change

    def billed(self, visit: Visit, outcome: str, amount: str | None, ruling: Ruling | None = None) -> None:
        """Compare what was billed, as the store remembers it, with what the first rulebook makes of it today."""
        now = self.before.verdict(visit, ruling)
        total = None if now.total is None else str(now.total)
        same = now.outcome == outcome and (outcome not in ("claim", "self-pay") or total == amount)
        self._tally.as_billed["same" if same else "otherwise"] += 1

    def _meet(self, one: Verdict, other: Verdict) -> _Met:
        if len(self._met) >= _KEPT:
            for met in self._met.values():
                self._add(met)
            self._met.clear()
        elif (id(one), id(other)) in self._met:
            self._add(self._met[id(one), id(other)])
        made = self._met[id(one), id(other)] = _Met(one, other, compare(one, other))
        return made

    def _add(self, met: _Met) -> None:
        """Bring visits into the tally."""
        tally, times, change = self._tally, met.visits, met.change
        met.visits = 0
        if not times:
            return
        tally.visits += times
        tally.outcomes[met.one.outcome.value, met.other.outcome.value] += times
        tally.unpriced += times if met.one.total is None or met.other.total is None else 0
        tally.before = tally.before.plus(dollars(met.one).times(times))
        tally.after = tally.after.plus(dollars(met.other).times(times))
        if change is None:
            tally.only_told += times if met.one.findings != met.other.findings and told(met.one, met.other) else 0
            return
        tally.changed += times
        tally.by_payer.setdefault(change.payer, Sum()).add(change, times)
        for rule in change.rules:
            tally.by_rule.setdefault((change.payer, rule), Sum()).add(change, times)
        for pair in change.pairs_gone:
            tally.pairs_gone.setdefault(pair, Sum()).add(change, times)


def dollars(verdict: Verdict) -> Dollars:
    """The charges of a visit, where they stand. A visit with a line without charge counts as no dollars."""
    total = verdict.total or _NOTHING
    if verdict.outcome is Outcome.CLAIM:
        return Dollars(claimed=total)
    if verdict.outcome is Outcome.HOLD:
        return Dollars(held=total)
    return Dollars(patient=total) if verdict.outcome is Outcome.SELF_PAY else Dollars()


def compare(one: Verdict, other: Verdict) -> Change | None:
    """What differs in what is billed, and the rules that made it so; None where nothing does."""
    if (one.outcome, one.payer, one.lines) == (other.outcome, other.payer, other.lines):
        return None
    gone = {f.row for f in one.findings if _takes_off(f)} - {f.row for f in other.findings if _takes_off(f)}
    payer = other.payer or one.payer or NOBODY
    return Change(
        one.outcome, other.outcome, payer, tuple(_lines(one.lines, other.lines)), (dollars(one), dollars(other)),
        tuple(_rules(one, other)), tuple(sorted(gone)),
    )  # fmt: skip


def told(one: Verdict, other: Verdict) -> bool:
    """Whether the rules say something else than that all is well, and not the same."""
    return _noted(one) != _noted(other)


def _noted(verdict: Verdict) -> Counter[tuple[str, str]]:
    return Counter((f.rule, f.effect.value) for f in verdict.findings if f.effect is not Effect.NONE)


def _takes_off(one: VerdictFinding) -> bool:
    return one.rule == PAIRS and "/" in one.row


def _lines(before: tuple[VerdictLine, ...], after: tuple[VerdictLine, ...]) -> Iterator[str]:
    """Each line that came, went or changed."""
    if before == after:
        return
    old, new = Counter(before), Counter(after)
    went, came = list((old - new).elements()), list((new - old).elements())
    for line in went:
        instead = next((other for other in came if other.code == line.code), None)
        if instead is None:
            yield f"{_short(line)} → none"
            continue
        came.remove(instead)
        was, now = _short(line), _short(instead)
        if was != now:
            yield f"{was} → {now.removeprefix(line.code).strip()}"
        elif line.charge != instead.charge:
            yield f"{was}: {_charge(line)} → {_charge(instead)}"
        else:
            yield f"{was}: points to {_places(line)} → {_places(instead)}"
    yield from (f"none → {_short(line)}" for line in came)


def _short(line: VerdictLine) -> str:
    return " ".join((line.code, f"x{line.units}", *line.modifiers))


def _charge(line: VerdictLine) -> str:
    return "no price" if line.charge is None else f"${line.charge}"


def _places(line: VerdictLine) -> str:
    return ", ".join(map(str, line.pointers)) or "nothing"


def _rules(one: Verdict, other: Verdict) -> list[str]:
    """The rules that made the difference: those that held, changed or took off something in one of the two only; where
    there is none, those whose row is another."""
    old, new = Counter(one.findings), Counter(other.findings)
    apart = [*(old - new), *(new - old)]
    acting = {f.rule for f in apart if f.effect in (Effect.HOLD, Effect.CHANGED)}
    left = Counter(one.not_billed), Counter(other.not_billed)
    acting |= {each.rule for each in [*(left[0] - left[1]), *(left[1] - left[0])]}
    if _units(one) != _units(other) and any(f.rule == "timed-units" for f in apart):
        acting.add("timed-units")
    if [line.modifiers for line in one.lines] != [line.modifiers for line in other.lines]:
        acting |= {f.rule for f in apart} & {"therapy-modifier", "modifiers"}
    acting = acting or {f.rule for f in apart}
    return sorted(acting or {"payer-policy" if one.policy != other.policy else "charge"})


def _units(verdict: Verdict) -> list[tuple[str, int]]:
    return [(line.code, line.units) for line in verdict.lines]


class Deletion(NamedTuple):
    """A pair of codes that the second rulebook says was deleted earlier than the first one knew."""

    pair: str
    """"97530/97140": column 1 and column 2."""
    deleted: Date
    """First date on which it does not hold."""


def late_deletions(before: Rulebook, after: Rulebook, first: Date, last: Date) -> list[Deletion]:
    """Deletions made after the fact: pairs between codes the first rulebook bills, which held on a date of the time by
    the first and not by the second. What they took off then can be billed again, as long as there is time to file."""
    found: dict[str, Deletion] = {}
    for on in sorted({first, *(b for book in (before, after) for b in book.boundaries if first <= b <= last)}):
        old, new = before.on(on), after.on(on)
        if "ncci-pairs" not in old.tables or "ncci-pairs" not in new.tables or old.pairs is new.pairs:
            continue
        known = [code for code in old.codes if code in new.codes]
        for key in ((one, two) for one in known for two in known if (one, two) in old.pairs):
            for gone in [pair.deleted for pair in new.pairs.get(key, ()) if pair.deleted is not None]:
                day = max(gone, first)
                if gone <= last and _fires(old, key, day) and not _fires(new, key, day):
                    found.setdefault("/".join(key), Deletion("/".join(key), gone))
    return sorted(found.values())


def _fires(day: Day, key: tuple[str, str], on: Date) -> bool:
    release = day.row(PAIRS).start
    return any(pair.fires(on, release) for pair in day.pairs.get(key, ()))
