"""Diagnoses as far as a rule cares: how many, which line points to which, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple

from massage_billing.coding import icd10
from massage_billing.coding.day import Day
from massage_billing.coding.diagnosis_set import judged
from massage_billing.coding.terms import DiagnosisLimitsRow
from massage_billing.errors import NoRuleForDate
from massage_billing.model import Diagnosis

_BOUND = 100_000
Own = tuple[str, ...] | tuple[tuple[str, ...], ...]
"""What the one service gives as its own reason, or what each of several does."""


class Pointing(NamedTuple):
    """Diagnoses that every line points to alike: from others of their kind only how many there are differs."""

    kind: int
    """The number of all of that kind, however many."""
    pointers: tuple[int, ...]
    """What each line points to."""


class DiagnosisKinds:
    """A number for the diagnoses of a visit in one span of dates; equal only where every rule says the same of both."""

    def __init__(
        self, day: Day, prefixes: tuple[str, ...], numbers: Iterator[int], pointing: dict[Hashable, Pointing]
    ) -> None:
        """``prefixes`` are beginnings of codes that a policy which may apply looks for; ``pointing`` is told of the
        numbers whose decisions differ from others in nothing but the pointers."""
        self._day, self._numbers, self._pointing = day, numbers, pointing
        self._known: dict[Hashable, int] = {}
        self._kinds: dict[Hashable, int] = {}
        self._prefixes = prefixes

    def of(self, diagnoses: Sequence[Diagnosis], own: Own) -> int:
        """The number of the visit's diagnoses and those of its services."""
        codes = (diagnoses[0].code,) if len(diagnoses) == 1 else tuple([d.code for d in diagnoses])
        look = (codes, own)
        found = self._known.get(look)
        if found is None:
            if len(self._known) >= _BOUND:
                self._known.clear()
            found = self._known[look] = self._new(codes, own)
        return found

    def _new(self, codes: tuple[str, ...], own: Own) -> int:
        pattern = _pattern(codes, own)
        try:
            limits = self._day.row("diagnosis-present").says(DiagnosisLimitsRow)
            said = self._said(pattern.codes, limits)
        except NoRuleForDate:
            said = None
        if said is None:
            return self._number(pattern)
        found = self._number((pattern.places, said))
        if pattern.codes and not any(own) and len(set(said.prefixes)) == 1:
            pointers = tuple(range(1, min(len(pattern.codes), limits.on_line) + 1))
            self._pointing[found] = Pointing(self._number(("any", said.faults, said.prefixes[0])), pointers)
        return found

    def _number(self, kind: Hashable) -> int:
        if kind not in self._kinds:
            self._kinds[kind] = next(self._numbers)
        return self._kinds[kind]

    def _said(self, codes: tuple[str, ...], limits: DiagnosisLimitsRow) -> _Said | None:
        """What the rules say of these codes in this order; None where they would not stand in this order on a claim."""
        if len(codes) > limits.on_claim or any(code.startswith(limits.never_first) for code in codes):
            return None
        faults = tuple([(fault.rule, fault.case) for fault in judged(codes, self._day).faults])
        prefixes = tuple([tuple([each for each in self._prefixes if code.startswith(each)]) for code in codes])
        return _Said(faults, prefixes)


class _Said(NamedTuple):
    """What the rules say of some codes, without naming them."""

    faults: tuple[tuple[str, str], ...]
    """Rule and case of each fault of theirs, in the order of the findings."""
    prefixes: tuple[tuple[str, ...], ...]
    """For each, what the policies' lists of diagnoses have in common with it."""


class _Pattern(NamedTuple):
    """Diagnoses by the place each first stands at."""

    codes: tuple[str, ...]
    """Each code once, in capitals with its point."""
    places: tuple[Hashable, ...]
    """Of the visit's, then of each service's own."""


def _pattern(codes: tuple[str, ...], own: Own) -> _Pattern:
    places: dict[str, int] = {}

    def place(code: str) -> int:
        return places.setdefault(icd10.canonical(code), len(places))

    of_visit = tuple([place(code) for code in codes])
    of_lines = tuple([place(e) if isinstance(e, str) else tuple([place(code) for code in e]) for e in own])
    return _Pattern(tuple(places), (of_visit, *of_lines))
