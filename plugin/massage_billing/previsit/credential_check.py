"""What is to be settled of everybody's credentials: what ended, what ends soon, what is missing, what does not agree
with the NPI registry. Pure: the day, and what the registry answered, are handed in."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from datetime import timedelta
from typing import Final

from massage_billing.coding.provider import npi_valid
from massage_billing.coding.terms import NpiRow
from massage_billing.model import WORST_FIRST, Clinic, Credential, CredentialKind, Enrolled, Reason
from massage_billing.ports.npi_registry import Registered
from massage_billing.previsit.clocks import in_days
from massage_billing.previsit.credential_people import Person, Reach, reach, still_here
from massage_billing.previsit.credential_terms import CredentialTerms

_KINDS: Final[Mapping[bool, str]] = {True: "organization", False: "person"}
"""``Registered.kind`` of the clinic, and of a therapist."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the NPI registry answered."""

    entries: Mapping[str, Registered | None] = field(default_factory=dict)
    """By NPI; None where it lists none. An NPI that is not in here was not asked."""
    failed: frozenset[str] = frozenset()
    """NPIs that it could not be asked about."""


NOBODY_ASKED: Final = Asked()
"""Nobody asked the registry (--offline)."""


def npis(persons: Sequence[Person], row: NpiRow) -> tuple[str, ...]:
    """NPIs worth asking the registry about: sound ones, each once."""
    found = [npi for person in persons for npi in sorted(person.whose.npis) if _sound(npi, row)]
    return tuple(dict.fromkeys(found))


def attested_until(person: Person, terms: CredentialTerms) -> tuple[Date, str] | None:
    """Until when somebody's last attestation holds, and where it stands; None where none is on file."""
    made = [one for one in person.of(CredentialKind.ATTESTATION) if one.start is not None]
    if not made:
        return None
    last = max(made, key=lambda one: one.start or Date.min)
    states = {one.state for one in person.of(CredentialKind.LICENCE) if one.state}
    start, days = last.start or Date.min, terms.attested_for(states)
    return last.end or start + timedelta(days=min(days, (Date.max - start).days)), last.source


def findings(
    persons: Sequence[Person], clinic: Clinic, today: Date, terms: CredentialTerms, row: NpiRow,
    asked: Asked = NOBODY_ASKED,
) -> tuple[Reason, ...]:  # fmt: skip
    """Everything that is to be settled, the worst first, then what falls due first. ``row``: how an NPI is made."""
    covered = any(_holds(person.of(CredentialKind.LIABILITY), today) for person in persons if person.is_clinic)
    check = _Check(clinic, today, terms, row, asked, covered)
    within = max(terms.file.warn_days.days)
    found = [one for person in persons if still_here(person, today, within) for one in check.of(person)]
    return tuple(sorted(dict.fromkeys(found), key=_rank))


def _rank(one: Reason) -> tuple[int, Date, str, str]:
    return WORST_FIRST.index(one.readiness), one.due or Date.max, one.about or "", one.id


class _Check:
    """One look at everybody."""

    def __init__(
        self, clinic: Clinic, today: Date, terms: CredentialTerms, row: NpiRow, asked: Asked, covered: bool
    ) -> None:
        self.clinic, self.today, self.terms, self.row, self.asked = clinic, today, terms, row, asked
        self.covered = covered
        """The clinic's own liability cover holds."""

    def of(self, person: Person) -> Iterator[Reason]:
        """Of one person."""
        yield from self._licences(person)
        yield from self._liability(person)
        yield from self._enrolments(person)
        yield from self._attestation(person)
        yield from self._identity(person)
        yield from self._registry(person)

    # --- dates --------------------------------------------------------------------------------------------------------

    def _licences(self, person: Person) -> Iterator[Reason]:
        licences = person.of(CredentialKind.LICENCE)
        for state in dict.fromkeys(one.state for one in licences):
            far = reach([one for one in licences if one.state == state], self.today)
            yield from self._dated(person, far, "licence", f"licence of {state}" if state else "licence")

    def _liability(self, person: Person) -> Iterator[Reason]:
        mine = person.of(CredentialKind.LIABILITY)
        if mine:
            far = reach(mine, self.today)
            if self.covered and far is not None and not far.holds:
                return
            yield from self._dated(person, far, "liability", "liability cover")
        elif self.clinic.credentials_known and not person.is_clinic and not self.covered:
            yield self.terms.reason(
                "liability-missing", f"{person.name}: no liability cover is on file.", about=person.name
            )

    def _enrolments(self, person: Person) -> Iterator[Reason]:
        for payer in dict.fromkeys(one.payer for one in person.of(CredentialKind.ENROLMENT) if one.payer):
            listed = person.enrolments(payer)
            now = reach(listed, self.today)
            if now is not None and now.holds and now.enrolled is Enrolled.NONE:
                continue  # that the payer takes no claims is known
            far = reach([one for one in listed if one.enrolled is not Enrolled.NONE], self.today)
            yield from self._dated(person, far, "enrolment", f"enrolment with {payer}")

    def _dated(self, person: Person, far: Reach | None, kind: str, what: str) -> Iterator[Reason]:
        """Whether something has ended, or ends within the days of warning."""
        if far is None or far.end is None:
            return
        where = f"{person.name}: {what} by {far.source}"
        if not far.holds:
            message = f"{where} ended on {far.end}."
            yield self.terms.reason(f"{kind}-ended", message, about=person.name, due=far.end)
        elif (step := self.terms.step((far.end - self.today).days)) is not None:
            message = f"{where} ends on {far.end}, {in_days((far.end - self.today).days)} (the {step}-day warning)."
            yield self.terms.reason(f"{kind}-ends", message, about=person.name, due=far.end)

    def _attestation(self, person: Person) -> Iterator[Reason]:
        known = attested_until(person, self.terms)
        if known is None:
            return
        due, source = known
        days = (due - self.today).days
        if days < 0:
            message = f"{person.name}: by {source} the attestation was due on {due}."
            yield self.terms.reason("attestation-due", message, about=person.name, due=due)
        elif (step := self.terms.step(days)) is not None:
            soon = f"{in_days(days)} (the {step}-day warning)"
            message = f"{person.name}: by {source} the attestation is due on {due}, {soon}."
            yield self.terms.reason("attestation-soon", message, about=person.name, due=due)

    # --- who somebody is ----------------------------------------------------------------------------------------------

    def _identity(self, person: Person) -> Iterator[Reason]:
        """What the host records of a therapist: NPI and taxonomy."""
        therapist = person.therapist
        if therapist is None:
            return
        if not therapist.npi:
            yield self.terms.reason("npi-missing", f"{person.name}: no NPI is on record.", about=person.name)
        elif not _sound(therapist.npi, self.row):
            yield self.terms.reason("npi-wrong", f"{person.name}: the NPI on record is none.", about=person.name)
        if not self._massage(therapist.taxonomies):
            message = f"{person.name}: {self._wanted()} is not among the taxonomy codes on record."
            yield self.terms.reason("taxonomy-missing", message, about=person.name)

    def _registry(self, person: Person) -> Iterator[Reason]:
        for npi in sorted(person.whose.npis):
            if npi in self.asked.failed:
                message = f"{person.name}: the NPI registry could not be asked about NPI {npi}."
                yield self.terms.reason("registry-silent", message, about=person.name)
            elif npi in self.asked.entries:
                yield from self._registered(person, npi, self.asked.entries[npi])

    def _registered(self, person: Person, npi: str, entry: Registered | None) -> Iterator[Reason]:
        if entry is None:
            message = f"{person.name}: the NPI registry does not list NPI {npi}."
            yield self.terms.reason("registry-unlisted", message, about=person.name)
            return
        if not entry.active:
            since = f" on {entry.deactivated}" if entry.deactivated else ""
            message = f"{person.name}: by the NPI registry NPI {npi} was deactivated{since}."
            yield self.terms.reason("registry-inactive", message, about=person.name)
        wanted = _KINDS[person.is_clinic]
        if entry.kind != wanted:
            message = f"{person.name}: the NPI registry lists NPI {npi} as that of a {entry.kind}, not of a {wanted}."
            yield self.terms.reason("registry-kind", message, about=person.name)
        elif not person.is_clinic:
            yield from self._of_therapist(person, entry)

    def _of_therapist(self, person: Person, entry: Registered) -> Iterator[Reason]:
        if not self._massage(entry.taxonomies):
            message = f"{person.name}: {self._wanted()} is not among the taxonomy codes of the NPI registry."
            yield self.terms.reason("registry-taxonomy", message, about=person.name)
        for state in sorted({one.state for one in person.of(CredentialKind.LICENCE) if one.state}):
            on_file = {
                _bare(one.number) for one in person.of(CredentialKind.LICENCE) if one.state == state and one.number
            }
            listed = {
                _bare(number) for where, number, code in entry.licences if where == state and self._massage([code])
            }
            if on_file and listed and not on_file & listed:
                message = f"{person.name}: the NPI registry lists another licence number of {state} than is on file."
                yield self.terms.reason("registry-licence", message, about=person.name)

    def _massage(self, codes: Collection[str]) -> bool:
        return any(code in self.terms.file.taxonomies.codes for code in codes)

    def _wanted(self) -> str:
        return " or ".join(self.terms.file.taxonomies.codes)


def _sound(npi: str, row: NpiRow) -> bool:
    return npi_valid(npi, row.prefix, row.digits, row.first)


def _bare(number: str | None) -> str:
    """A licence number as it is compared: letters and digits, without the zeros before a number."""
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", re.sub(r"[^0-9A-Z]", "", (number or "").upper()))


def _holds(some: Sequence[Credential], today: Date) -> bool:
    far = reach(some, today)
    return far is not None and far.holds
