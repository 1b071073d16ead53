"""Credentials: who is enrolled with which payer, licensed and covered, until when, and which visits that holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date as Date
from typing import Final

from massage_billing.coding.terms import NpiRow
from massage_billing.model import (
    Clinic,
    Credential,
    CredentialKind,
    Enrolled,
    Readiness,
    Reason,
    Therapist,
)
from massage_billing.ports.desk import Desk, HoldFilter, HoldOrder, HoldRow, HoldSums
from massage_billing.previsit.credential_check import attested_until, findings
from massage_billing.previsit.credential_people import Person, Reach, people, reach
from massage_billing.previsit.credential_terms import CredentialTerms

RULES: Final = ("therapist-credentialed", "therapist-licensed")
"""Rules that hold a visit for want of a credential."""
HELD: Final = 20
"""Held visits that the page names, a rule."""
_HOW: Final = {
    Enrolled.IN_NETWORK: "In network", Enrolled.OUT_OF_NETWORK: "Out of network", Enrolled.NONE: "Takes no claims",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """How somebody stands with one payer, or with one licence."""

    word: str
    """"In network", "Ended", "Not on file"."""
    until: Date | None
    """Last day; None: open, or nothing."""
    days: int | None
    """Days until then; negative: past."""
    tone: str
    """"ready", "act", "blocked", "unknown", "none"."""
    step: int | None
    """The step of warning it has reached: 60, 30 or 7."""
    source: str
    """Where it stands."""
    name: str = ""
    """State of a licence; "" else."""


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One therapist, or the clinic."""

    who: str
    """"Practitioner/7", "NPI 1234567893", "The clinic"."""
    npi: str
    """NPI, or ""."""
    is_clinic: bool
    """The clinic itself."""
    licences: tuple[Cell, ...]
    """By state."""
    liability: Cell | None
    """Liability cover."""
    attested: Cell | None
    """CAQH attestation."""
    enrolled: tuple[Cell, ...]
    """By payer, in the order of ``Matrix.payers``."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A rule that holds visits for want of a credential."""

    rule: str
    """Rule id."""
    sums: HoldSums
    """How many visits and dollars."""
    rows: tuple[HoldRow, ...]
    """The first of them, by filing limit."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """The whole page."""

    on: Date
    """As of this day."""
    payers: tuple[str, ...]
    """Payer keys, as columns."""
    rows: tuple[PersonRow, ...]
    """The clinic first, then by name."""
    findings: tuple[Reason, ...]
    """What is to be settled, the worst first."""
    gaps: tuple[Gap, ...]
    """What holds visits now."""
    kept: bool
    """The clinic keeps a file of credentials; else gaps are nobody's finding."""
    steps: tuple[int, ...]
    """Days before an end at which it is told, the furthest first."""


def matrix(
    clinic: Clinic, today: Date, terms: CredentialTerms, row: NpiRow | None, gaps: Sequence[Gap] = (),
    therapists: Iterable[Therapist] = (),
) -> Matrix:  # fmt: skip
    """Everybody on file, and whom the calendar names. ``row``: how an NPI is made; None: NPIs are not looked at."""
    persons = people(clinic, therapists)
    listed = dict.fromkeys(one.payer for one in clinic.credentials if one.payer)
    billed = dict.fromkeys(one.key for one in clinic.payers)
    payers = tuple(key for key in {**billed, **listed} if key in listed or clinic.credentials_known)
    desk = _Desk(today, terms)
    told = findings(persons, clinic, today, terms, row) if row is not None else ()
    return Matrix(
        today, payers, tuple(desk.row(person, payers) for person in persons),
        tuple(one for one in told if one.readiness is not Readiness.READY), tuple(gaps), clinic.credentials_known,
        tuple(sorted(terms.file.warn_days.days, reverse=True)),
    )  # fmt: skip


def held(desk: Desk, host: str) -> tuple[Gap, ...]:
    """Visits that are held for want of a credential. Raises StoreError."""
    found = []
    for rule in RULES:
        which = HoldFilter(rule=rule)
        rows = desk.holds(host, which, HoldOrder.FILING, None, HELD).rows
        if rows:
            found.append(Gap(rule, desk.hold_sums(host, which), rows))
    return tuple(found)


class _Desk:
    """Looks at one person after the other, as of a day."""

    def __init__(self, today: Date, terms: CredentialTerms) -> None:
        self.today, self.terms = today, terms

    def row(self, person: Person, payers: Sequence[str]) -> PersonRow:
        """One person."""
        licences = person.of(CredentialKind.LICENCE)
        states = dict.fromkeys(one.state or "" for one in licences)
        cover, attested = person.of(CredentialKind.LIABILITY), attested_until(person, self.terms)
        return PersonRow(
            who=person.name, npi=person.npi or "", is_clinic=person.is_clinic,
            licences=tuple(
                self._cell([one for one in licences if (one.state or "") == state], lambda _: "Licensed", state)
                for state in states
            ),
            liability=self._cell(cover, lambda _: "Covered") if cover else None,
            attested=self._dated("Attested", attested[0], attested[1]) if attested else None,
            enrolled=tuple(self._cell(person.enrolments(payer), _how) for payer in payers),
        )  # fmt: skip

    def _cell(self, some: Sequence[Credential], word: Callable[[Reach], str], name: str = "") -> Cell:
        far = reach(some, self.today)
        if far is None:
            soon = min((one.start for one in some if one.start is not None), default=None)
            told = "From" if soon else "Not on file"
            return Cell(told, soon, None, "act" if soon else "none", None, some[0].source if some else "", name)
        if not far.holds:
            days = (far.end - self.today).days if far.end else None
            return Cell("Ended", far.end, days, "blocked", None, far.source, name)
        if far.enrolled is Enrolled.NONE:
            return Cell(word(far), far.end, None, "blocked", None, far.source, name)
        return self._dated(word(far), far.end, far.source, name)

    def _dated(self, word: str, end: Date | None, source: str, name: str = "") -> Cell:
        if end is None:
            return Cell(word, None, None, "ready", None, source, name)
        days = (end - self.today).days
        if days < 0:
            return Cell("Ended" if word != "Attested" else "Was due", end, days, "blocked", None, source, name)
        step = self.terms.step(days)
        return Cell(word, end, days, "ready" if step is None else "act", step, source, name)


def _how(far: Reach) -> str:
    return _HOW[far.enrolled] if far.enrolled is not None else "Enrolled"
