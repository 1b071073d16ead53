"""The key of a visit: see the package."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Sequence
from datetime import UTC
from datetime import date as Date
from functools import cache, partial
from itertools import combinations, count
from operator import attrgetter
from typing import Final

from massage_billing.coding import crowded, payer, regions
from massage_billing.coding.provider import npi_valid
from massage_billing.coding.rulebook import Rulebook
from massage_billing.coding.terms import NpiRow, SelfPayRow, TimedUnitsRow
from massage_billing.errors import NoRuleForDate
from massage_billing.model import Clinic, Coverage, CoverageKind, Service, Therapist, Visit
from massage_billing.replay.alike import credentials
from massage_billing.replay.alike.diagnoses import DiagnosisKinds, Pointing
from massage_billing.replay.alike.minutes import Counting, MinuteKinds
from massage_billing.replay.alike.spans import Era, Paid, Span, all_pairs, clinic_dates, of_policies, stands, tables

_BOUND: Final = 100_000
"""Entries of a table of parts; a full one is emptied. Numbers are never used again, so an old key never means
something new."""
_QUIET_HOUR: Final = 3
_FEW: Final = 4
_REGIONS: Final = 1
_TIMES: Final = 2
_UNREAD: Final = (4, 8)
_BITS: Final = 4
_NEVER_WAS: Final = "entered-in-error"
Key = tuple[Hashable, ...]
_DIAGNOSES: Final = 4
"""Place of the diagnoses in a key."""


def diagnoses_of(key: Key) -> Hashable:
    """The number of the diagnoses in a key."""
    return key[_DIAGNOSES]


def with_diagnoses(key: Key, kind: int) -> Key:
    """The key with another number for its diagnoses."""
    return (*key[:_DIAGNOSES], kind, *key[_DIAGNOSES + 1 :])


class Alike:
    """Keys of visits by one rulebook and one clinic. Holds only bounded tables."""

    def __init__(self, book: Rulebook, clinic: Clinic) -> None:
        self._book, self._clinic = book, clinic
        self._days = [book.on(date) for date in book.boundaries]
        self._pairs = tables(self._days, "ncci-pairs")
        self._regions = tables(self._days, regions.RULE)
        dates = {date for pair in all_pairs(self._pairs) for date in (pair.start, pair.deleted) if date is not None}
        more = {*dates, *clinic_dates(book, clinic)}
        self._bounds = sorted({*book.boundaries, *more})
        self._eras = sorted({*book.boundaries} - of_policies(book) | more)
        codes = [entry for table in tables(self._days, "billable-code") for entry in table.values() if entry.timed]
        self._timed = frozenset(entry.code for entry in codes)
        self._pooled = self._timed - {entry.code for entry in codes if not entry.pooled}
        self._numbers = count(1)
        self.pointing: dict[Hashable, Pointing] = {}
        """Numbers of diagnoses whose visits differ in nothing but the pointers from others."""
        self._by_date: dict[Date, Span | None] = {}
        self._by_number: dict[int, Span | None] = {}
        self._by_era: dict[int, Era] = {}
        self._payer_numbers: dict[Hashable, int] = {}
        self._counting: dict[tuple[frozenset[str], bool, bool], MinuteKinds] = {}
        self._counting_of: dict[frozenset[str], MinuteKinds] = {}
        self._stands = cache(partial(stands, self._days))
        self._places: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = {}
        self._related: dict[tuple[str | None, str | None], bool] = {}

    def key(self, visit: Visit) -> Key | None:
        """What the decision of a visit depends on, names left out; None for one that has to be decided by itself."""
        on, services, coverages = visit.date, visit.services, visit.coverages
        if on is None:
            return None
        span = self._by_date.get(on) or self._span(on)
        if span is None:
            return None
        if visit.accident and self._clinic.papers:
            return None  # what papers.csv tells of the injury is its patient's alone
        usual = _usual(visit)
        if len(coverages) == 1 and usual:
            paid = self._payer(coverages[0], on, span)
        else:
            paid = self._payers(coverages, visit.restricted is not None, on, span)
        if paid is None:
            return None
        if len(services) != 1:
            return self._several(visit, on, paid, span)
        only = services[0]
        if only.encounter is not None:
            return None
        therapist = only.therapist
        return (
            paid.number, paid.counting.one(only), -1 if therapist is None else self._person(therapist, span), None,
            paid.diagnoses.of(visit.diagnoses, only.diagnoses), visit.state, _longer(visit, only.minutes, services),
            None, None if usual else _rest(visit, services, on),
            self._who(visit, services, on),
        )  # fmt: skip

    def _several(self, visit: Visit, on: Date, paid: Paid, span: Span) -> Key | None:
        """The key of a visit with any other number of services than one."""
        services = _in_order(visit.services)
        if services is None:
            return None
        people = self._people(services, span)
        looks, own, total = [], [], 0
        for s in services:
            minutes = s.minutes
            total += minutes or 0
            own.append(s.diagnoses)
            looks.append((s.code, minutes, s.status, s.duplicate_of is None, s.modifiers))
        usual = _usual(visit)
        return (
            paid.number, paid.counting.several(tuple(looks), isinstance(people, int)), people, self._between(services),
            paid.diagnoses.of(visit.diagnoses, tuple(own)), visit.state, _longer(visit, total, services),
            _crowded(services, span) if len(services) > 2 else None, None if usual else _rest(visit, services, on),
            self._who(visit, services, on),
        )  # fmt: skip

    def _who(self, visit: Visit, services: Sequence[Service], on: Date) -> Hashable:
        """Whose credentials are looked at; None where there are none to look at."""
        if self._clinic.credentials_known or credentials.recorded(services):
            return credentials.of(visit, services, on)
        return None

    # --- the date -----------------------------------------------------------------------------------------------------

    def _span(self, on: Date) -> Span | None:
        number = bisect_right(self._bounds, on)
        if number not in self._by_number:
            self._by_number[number] = self._make_span(number, on)
        if len(self._by_date) > _BOUND:
            self._by_date.clear()
        span = self._by_date[on] = self._by_number[number]
        return span

    def _make_span(self, number: int, on: Date) -> Span | None:
        """The span a date lies in; None where no date of it is answered from memory."""
        day = self._book.on(on)
        try:
            day.row("therapist-npi")
            own = day.row("self-pay-counting").says(SelfPayRow).policy
        except NoRuleForDate:
            return None
        apart = frozenset(name for name, policy in day.policies.items() if policy.terms.papers or policy.terms.accident)
        if own in apart or self._clinic.policy in apart:
            return None
        era = bisect_right(self._eras, on)
        if era not in self._by_era:
            self._by_era[era] = Era(era)
        return Span(day, apart, own, self._by_era[era])

    # --- who pays -----------------------------------------------------------------------------------------------------

    def _payers(self, coverages: Sequence[Coverage], restricted: bool, on: Date, span: Span) -> Paid | None:
        """Of any number of coverages, by their ids; None where one is never answered from memory."""
        found = [self._payer(c, on, span) for c in sorted(coverages, key=attrgetter("id"))]
        if len({c.id for c in coverages}) != len(coverages) or None in found:
            return None
        known = [paid for paid in found if paid is not None]
        look = (restricted, *(paid.number for paid in known))
        paid = span.paid.get(look)
        if paid is None:
            insures = not restricted and any(paid.insures for paid in known)
            policies = frozenset().union(*(paid.policies for paid in known))
            paid = span.paid[look] = self._paid(look, policies, insures, span)
        return paid

    def _payer(self, c: Coverage, on: Date, span: Span) -> Paid | None:
        """One coverage: what is in it, whether it is in force, and who it is; None where its policy counts visits."""
        start, end, ref = c.start, c.end, c.payer
        look = (
            c.status, c.kind._value_, c.order, c.linked, c.link_rank, c.patient_is_payer, ref.reference,
            ref.identifiers, not c.member_id, start is not None and start > on, end is not None and end < on,
            None if c.verified is None else c.verified.in_force,
        )  # fmt: skip
        try:
            return span.paid[look]
        except KeyError:
            if len(span.paid) >= _BOUND:
                span.paid.clear()
            found = span.paid[look] = self._new_payer(c, look, span)
            return found

    def _new_payer(self, c: Coverage, look: tuple[Hashable, ...], span: Span) -> Paid | None:
        found = payer.entries(c.payer, self._clinic.payers) if self._clinic.payers else []
        entry = found[0] if len(found) == 1 else None
        policies = {one.policy for one in found}
        name = payer.policy_name(entry, self._clinic, span.day)
        if name is not None:
            policies.add(name)
        if policies & span.apart:
            return None
        patient = c.patient_is_payer or payer.kind(c, entry) is CoverageKind.SELF_PAY
        return self._paid(look, frozenset(policies), not patient and c.status != _NEVER_WAS, span)

    def _paid(self, look: Hashable, policies: frozenset[str], insures: bool, span: Span) -> Paid:
        """The number is new only where the coverage, the era or the rows of the policies are."""
        every = span.day.policies
        excludes = any(every[name].terms.excludes for name in policies if name in every)
        rows = tuple(sorted([every[name].row.id for name in (*policies, span.own) if name in every]))
        what = (look, span.era.number, rows, policies & span.day.known_policies)
        if what not in self._payer_numbers:
            if len(self._payer_numbers) >= _BOUND:
                self._payer_numbers.clear()
            self._payer_numbers[what] = next(self._numbers)
        counting = policies if insures and not excludes else policies | {span.own}
        terms = [each for name in policies if name in every for each in every[name].terms.diagnoses]
        prefixes = tuple(sorted({prefix for term in terms for prefix in term.begin_with}))
        kinds = span.era.diagnoses.get(prefixes)
        if kinds is None:
            kinds = DiagnosisKinds(span.day, prefixes, self._numbers, self.pointing)
            span.era.diagnoses[prefixes] = kinds
        return Paid(self._payer_numbers[what], policies, insures, self._kinds(counting), kinds)

    def _kinds(self, policies: frozenset[str]) -> MinuteKinds:
        """Kinds of minutes where these policies may count: shared by all that count alike."""
        found = self._counting_of.get(policies)
        if found is None:
            held = {id(p.terms): p.terms for day in self._days for n, p in day.policies.items() if n in policies}
            names = frozenset(terms.unit_method for terms in held.values())
            ranked = any(terms.daily_caps for terms in held.values())
            excludes = any(terms.excludes for terms in held.values())
            look = (names, ranked, excludes)
            if look not in self._counting:
                methods = [row.terms for row in self._book.rows if isinstance(row.terms, TimedUnitsRow)]
                asked = [method for method in methods if method.case in names]
                stands = _never if excludes else self._stands
                counting = Counting(asked, ranked, self._timed, self._pooled, stands, self._pair)
                self._counting[look] = MinuteKinds(counting, self._numbers)
            found = self._counting_of[policies] = self._counting[look]
        return found

    # --- who did what -------------------------------------------------------------------------------------------------

    def _person(self, therapist: Therapist, span: Span) -> int:
        """A therapist as far as a rule cares: whether the NPI is one, and the taxonomy."""
        look = npi, taxonomies = therapist.npi, therapist.taxonomies
        found = span.people.get(look)
        if found is None:
            row = span.day.row("therapist-npi").says(NpiRow)
            right = npi_valid(npi, row.prefix, row.digits, row.first) if npi else None
            if len(span.people) >= _BOUND:
                span.people.clear()
            kind = ("kind", right, taxonomies)
            found = span.people[look] = span.people[kind] = span.people.get(kind) or next(self._numbers)
        return found

    def _people(self, services: Sequence[Service], span: Span) -> Hashable:
        """The therapists of several services; who is who, and whose lines come first."""
        first = services[0].therapist if services else None
        if first is not None and all([s.therapist is first for s in services]):
            return self._person(first, span)
        known = [s.therapist for s in services if s.therapist is not None]
        ids = sorted({t.id for t in known})
        if len(ids) == 1 and len(known) == len(services) and all([t == known[0] for t in known]):
            return self._person(known[0], span)
        persons = list(dict.fromkeys([t.npi or t.id for t in known]))
        return tuple(
            [
                None if (t := s.therapist) is None
                else (self._person(t, span), ids.index(t.id), persons.index(t.npi or t.id))
                for s in services
            ]
        )  # fmt: skip

    def _between(self, services: Sequence[Service]) -> Hashable:
        """What each two services have to do with one another, where a pair of codes may ask for it."""
        if len(services) == 2:
            one, two = services
            return self._two(one, two) if self._pair(one.code, two.code) else 0
        both = combinations(services, 2)
        return tuple([self._two(one, two) if self._pair(one.code, two.code) else 0 for one, two in both])

    def _two(self, one: Service, two: Service) -> int:
        """Bits: whether the record shows separate regions, which regions no table has, whether the times are apart."""
        found = self._of_regions(one.regions, two.regions) if one.regions or two.regions else 0
        a, b, c, d = one.start, one.end, two.start, two.end
        if a is None or b is None or c is None or d is None or (a.tzinfo is None) is not (c.tzinfo is None):
            return found
        return found if a < d and c < b else found | _TIMES

    def _of_regions(self, ones: tuple[str, ...], others: tuple[str, ...]) -> int:
        known = self._places.get((ones, others))
        if known is not None:
            return known
        found = 0
        for table in self._regions:
            unread = [any(regions.parts(each, table) is None for each in side) for side in (ones, others)]
            bits = _REGIONS if regions.apart(ones, others, table) else 0
            found = found << _BITS | bits | sum(bit for bit, is_so in zip(_UNREAD, unread, strict=True) if is_so)
        if len(self._places) >= _BOUND:
            self._places.clear()
        found = self._places[(ones, others)] = found << _BITS
        return found

    def _pair(self, one: str | None, two: str | None) -> bool:
        """Whether an edit stands between two codes on any date."""
        known = self._related.get((one, two))
        if known is None:
            if len(self._related) >= _BOUND:
                self._related.clear()
            met = [pair for table in self._pairs for key in ((one, two), (two, one)) for pair in table.get(key, ())]
            known = self._related[(one, two)] = any(pair.fires(on, Date.min) for pair in met for on in self._bounds)
        return known


def _never(_code: str) -> bool:
    """For policies that pay some services not at all: any may be left off."""
    return False


def _in_order(services: Sequence[Service]) -> Sequence[Service] | None:
    """By Procedure id, as they are decided; None where that is not certain, or one is of another visit of the day."""
    before = ""
    for s in services:
        if s.encounter is not None:
            return None
        if s.procedure <= before:
            ordered = sorted(services, key=attrgetter("procedure"))
            certain = len({s.procedure for s in ordered}) == len(ordered)
            return ordered if certain and all([s.encounter is None for s in ordered]) else None
        before = s.procedure
    return services


def _longer(visit: Visit, total: int | None, services: Sequence[Service]) -> Hashable:
    """Which services together have more minutes than the visit lasted; None where all fit, or nobody says."""
    start, end = visit.start, visit.end
    if start is None or end is None or not total:
        return None
    if start.hour > _QUIET_HOUR and total * 60 <= (end - start).total_seconds():
        return None
    lasted = (end.astimezone(UTC) - start.astimezone(UTC)).total_seconds()
    if lasted <= 0:
        return None
    minutes = [s.minutes or 0 for s in services]
    if len(minutes) > _FEW:
        return (lasted, *minutes)
    return tuple(
        [sum(some) * 60 > lasted for size in range(1, len(minutes) + 1) for some in combinations(minutes, size)]
    )


def _crowded(services: Sequence[Service], span: Span) -> Hashable:
    """Which of three or more services do not fit into the time they took; None where all fit."""
    found = crowded.stretch(services, span.day.codes)
    return None if found is None else found[1]


def _usual(visit: Visit) -> bool:
    """Whether a visit has nothing of what ``_rest`` tells apart."""
    return not (visit.problems or visit.foreign_claims or visit.charges or visit.restricted or visit.accident)


def _rest(visit: Visit, services: Sequence[Service], on: Date) -> Hashable:
    """What most visits do not have: problems, somebody else's claim, typed charges, the patient's wish, an accident."""
    places = {f"Procedure/{s.procedure}": place for place, s in enumerate(services)}
    problems = tuple(
        [
            (p.rule, p.result.value, p.key, None if p.about is None else places.get(p.about, p.about.partition("/")[0]))
            for p in visit.problems
        ]
    )
    accident = visit.accident
    return (
        problems, not visit.foreign_claims, not visit.charges, visit.restricted is None,
        None if accident is None else (
            None if accident.date is None else (on - accident.date).days, accident.kind, accident.state,
            accident.claim_number is None,
        ),
    )  # fmt: skip
