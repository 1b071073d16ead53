"""Which of our claims a payer means: by our number, else by patient, dates, charge and codes.

Payers lose our number, and drop modifiers from what they give back (openemr#7293): so modifiers never decide. Where our
number is gone, the patient decides, and two claims that fit are no match: a person looks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from massage_billing.fhir import json as fj
from massage_billing.fhir.persons import read_subject
from massage_billing.fhir.visit import Shared, read_visit
from massage_billing.model.remittance import ClaimPaid, LinePaid
from massage_billing.ports.ledger import SentLine, Submission
from massage_billing.remittance.setup import AnswersSetup

_NOT_OURS = "has no number of ours, and no claim of ours has its dates, charge and codes"
_NOT_THEIRS = "has no number of ours; claims of ours have its dates, charge and codes, but are of other patients"
_SEVERAL = "has no number of ours, and several claims of ours fit it"
_OTHER_CHARGE = "has a number of ours, and another charge than that claim"
_RANKS = {"2": "S", "20": "S", "3": "T", "21": "T"}
"""CLP02 → to which of the patient's payers the claim was; every other: to the first."""
_PLAIN = re.compile(r"[^A-Z0-9]")


class Matcher:
    """Finds our claims."""

    def __init__(self, setup: AnswersSetup) -> None:
        self.setup = setup
        self._shared = Shared(setup.clinic.payers)
        self._whose: dict[str, tuple[frozenset[str], tuple[str, str]]] = {}

    def match(self, claims: Sequence[ClaimPaid]) -> list[Submission | str]:
        """For each claim of a remittance ours, or why there is none."""
        host = self.setup.host.id
        numbers = {one.place: one.control.strip().upper() for one in claims}
        known = self.setup.ledger.submissions(host, set(numbers.values()) - {""})
        found: list[Submission | str] = []
        for one in claims:
            ours = known.get(numbers[one.place])
            found.append(self._by_record(one) if ours is None else checked(one, ours))
        return found

    def _by_record(self, paid: ClaimPaid) -> Submission | str:
        dates = {day for line in paid.lines for day in line.dates} | set(paid.dates)
        fitting = [
            one
            for one in self.setup.ledger.candidates(self.setup.host.id, dates, abs(paid.charge))
            if _codes(paid) == Counter(line.code for line in one.lines)
        ]
        if not fitting:
            return _NOT_OURS
        theirs = [one for one in fitting if self._is_of(paid, one)]
        if len({one.rank for one in theirs}) > 1:  # one visit's claims to its first and second payer
            theirs = [one for one in theirs if one.rank == _RANKS.get(paid.status, "P")]
        if len(theirs) == 1:
            return theirs[0]
        return _SEVERAL if theirs else _NOT_THEIRS

    def _is_of(self, paid: ClaimPaid, ours: Submission) -> bool:
        """Whether the payer means this claim's patient: by member id; by name only where it names no member."""
        members, name = self._of(ours.encounter)
        member = _plain(paid.patient_member_id)
        if member:
            return member in members
        last, first = (_plain(part) for part in paid.patient_name)
        return bool(last) and (last, first) == name

    def _of(self, encounter: str) -> tuple[frozenset[str], tuple[str, str]]:
        """Member ids and name of a visit's patient, as the host has them now. PHI: never in a message."""
        if encounter not in self._whose:
            self._whose[encounter] = self._looked_up(encounter)
        return self._whose[encounter]

    def _looked_up(self, encounter: str) -> tuple[frozenset[str], tuple[str, str]]:
        for record in self.setup.host.visits([encounter]):
            visit = read_visit(record, self.setup.reading, self._shared)
            members = frozenset(_plain(one.member_id) for one in visit.coverages if one.member_id)
            patient = record.resources.get(visit.patient or "")
            if patient is None:
                return members, ("", "")
            person = read_subject(visit.patient or "", patient, fj.Faults("", patient), visit.date)
            return members, (_plain(person.last_name), _plain(person.first_name))
        return frozenset(), ("", "")


def checked(paid: ClaimPaid, ours: Submission) -> Submission | str:
    """Our number is believed where the charges are the claim's too: a payer may have mixed numbers up. One that splits
    a claim gives some of its lines at a time."""
    if abs(paid.charge) == ours.total or not paid.charge:
        return ours
    left = Counter((line.code, line.charge) for line in ours.lines)
    told = Counter((line.submitted_code or line.code, abs(line.charge)) for line in paid.lines)
    return ours if told and told <= left else _OTHER_CHARGE


def _codes(paid: ClaimPaid) -> Counter[str]:
    """The codes that were billed; modifiers are left aside."""
    return Counter(line.submitted_code or line.code for line in paid.lines)


def _plain(text: str | None) -> str:
    return _PLAIN.sub("", (text or "").upper())


def items_of(paid: ClaimPaid, ours: Submission) -> tuple[int, ...]:
    """For each line of the remittance the place of ours, 1 first, each once; 0 where none fits.

    By our number of the line, else by code and modifiers, else by code and charge, else by code.
    """
    left = dict(enumerate(ours.lines, 1))
    found = [0] * len(paid.lines)
    for fits in (_by_number, _by_modifiers, _by_charge, _by_code):
        for n, line in enumerate(paid.lines):
            if not found[n]:
                place = next((place for place, mine in left.items() if fits(line, mine)), 0)
                if place:
                    found[n] = place
                    del left[place]
    return tuple(found)


def _by_number(line: LinePaid, mine: SentLine) -> bool:
    return bool(line.control) and line.control == mine.control


def _by_modifiers(line: LinePaid, mine: SentLine) -> bool:
    billed = line.submitted_modifiers if line.submitted_code else line.modifiers
    return _by_charge(line, mine) and sorted(billed) == sorted(mine.modifiers)


def _by_charge(line: LinePaid, mine: SentLine) -> bool:
    return _by_code(line, mine) and abs(line.charge) == mine.charge


def _by_code(line: LinePaid, mine: SentLine) -> bool:
    return (line.submitted_code or line.code) == mine.code
