"""Dates and policies as far as a rule cares: spans in which nothing changes, and how minutes are counted in them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import date as Date
from datetime import timedelta
from typing import Any

from massage_billing.coding import status
from massage_billing.coding.notes import Notes
from massage_billing.coding.policy_terms import PolicyRow
from massage_billing.coding.record import COMPLETED
from massage_billing.coding.rulebook import Day, Rulebook
from massage_billing.coding.tables import Pair, PairTable
from massage_billing.coding.terms import DiagnosisTableRow
from massage_billing.errors import NoRuleForDate
from massage_billing.model import Clinic, Service
from massage_billing.replay.alike import credentials
from massage_billing.replay.alike.diagnoses import DiagnosisKinds
from massage_billing.replay.alike.minutes import MinuteKinds


class Paid:
    """Who pays, as far as a rule cares, and how minutes count and diagnoses are looked at then."""

    __slots__ = ("counting", "diagnoses", "insures", "number", "policies")

    def __init__(
        self, number: int, policies: frozenset[str], insures: bool, counting: MinuteKinds, diagnoses: DiagnosisKinds
    ) -> None:
        self.number = number
        self.policies = policies
        """Policies that may apply."""
        self.insures = insures
        """Somebody other than the patient pays, unless the patient wants otherwise."""
        self.counting = counting
        self.diagnoses = diagnoses


class Era:
    """Dates of service between which nothing changes that a rule looks up but what payers' policies say."""

    __slots__ = ("diagnoses", "number", "people")

    def __init__(self, number: int) -> None:
        self.number = number
        self.diagnoses: dict[tuple[str, ...], DiagnosisKinds] = {}
        """By the beginnings of codes that policies look for."""
        self.people: dict[Hashable, int] = {}


class Span:
    """Dates of one era between which no policy changes either."""

    __slots__ = ("apart", "day", "era", "own", "paid", "people")

    def __init__(self, day: Day, apart: frozenset[str], own: str, era: Era) -> None:
        self.day = day
        self.apart = apart
        """Policies whose visits are never answered from memory."""
        self.own = own
        """Policy that counts what a patient pays."""
        self.era = era
        self.people = era.people
        self.paid: dict[Hashable, Paid | None] = {}


def stands(days: Sequence[Day], code: str) -> bool:
    """Whether a service with this code is always counted where no policy excludes it: on no date is the code unknown,
    retired or one that does not bill."""
    probe = Service("-", COMPLETED, code, "", 1)
    for day in days:
        # Of what a policy says, only which bundled codes it pays has a part in it, and whether the patient pays.
        for policy in {(p.terms.pays_bundled, p.terms.patient_pays): p for p in day.policies.values()}.values():
            try:
                if not status.sort([probe], policy, Notes(day, False, None)):
                    return False
            except NoRuleForDate:
                continue  # on that day nothing is counted: the visit is refused
    return True


def tables(days: Iterable[Day], rule: str) -> list[Any]:
    """Every table that a rule has on any of these days."""
    return list({id(day.tables[rule]): day.tables[rule] for day in days if rule in day.tables}.values())


def of_policies(book: Rulebook) -> set[Date]:
    """Dates on which nothing but what a policy says changes."""
    days = {True: set[Date](), False: set[Date]()}
    for row in book.rows:
        of_policy = isinstance(row.terms, PolicyRow)
        ends = [row.end, row.terms.known_through]
        if isinstance(row.terms, DiagnosisTableRow):
            days[of_policy] |= {dated.start for dated in row.terms.history if dated.start is not None}
            ends += [dated.to for dated in row.terms.history]
        days[of_policy].add(row.start)
        days[of_policy] |= {end + timedelta(days=1) for end in ends if end is not None and end < Date.max}
    return days[True] - days[False]


def clinic_dates(book: Rulebook, clinic: Clinic) -> Iterator[Date]:
    """Dates of service from which the clinic has another price or credential, or can still file."""
    yield from (fee.since for fee in clinic.fees or ())
    yield from credentials.dates(clinic)
    if clinic.today is not None:
        terms = [row.terms for row in book.rows if isinstance(row.terms, PolicyRow)]
        for days in {*(payer.filing_days for payer in clinic.payers), *(each.filing_days for each in terms)}:
            if days is not None and days <= (clinic.today - Date.min).days:
                yield clinic.today - timedelta(days=days)


def all_pairs(tables: Iterable[PairTable]) -> Iterator[Pair]:
    """Every pair of these tables."""
    return (pair for table in tables for pairs in table.values() for pair in pairs)
