"""Whose credentials are on file: therapists of the host and of the clinic's file, and the clinic, each once. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta

from massage_billing.coding import credential_use
from massage_billing.coding.credential_use import Whose, in_force
from massage_billing.model import Clinic, Credential, CredentialKind, Enrolled, Therapist

CLINIC = "The clinic"
"""How the clinic is named."""


@dataclass(frozen=True, slots=True)
class Person:
    """A therapist, or the clinic, with all that is on file."""

    whose: Whose
    """Every NPI and reference."""
    credentials: tuple[Credential, ...] = ()
    """The file's first, then the host's."""
    therapist: Therapist | None = None
    """As the host records them; None for who stands in the file alone, and for the clinic."""
    is_clinic: bool = False
    """The clinic itself."""

    @property
    def name(self) -> str:
        """ "Practitioner/7", "NPI 1234567893", "The clinic"."""
        return self.whose.name

    @property
    def npi(self) -> str | None:
        """The NPI; None where there is none, or several."""
        return next(iter(self.whose.npis)) if len(self.whose.npis) == 1 else None

    def of(self, kind: CredentialKind) -> tuple[Credential, ...]:
        """Credentials of one kind."""
        return tuple(one for one in self.credentials if one.kind is kind)

    def enrolments(self, payer: str) -> tuple[Credential, ...]:
        """Enrolments with one payer: the file's, and the host's only where the file has none."""
        mine = [one for one in self.of(CredentialKind.ENROLMENT) if one.payer == payer]
        filed = tuple(one for one in mine if not _of_host(one))
        return filed or tuple(mine)


def people(clinic: Clinic, therapists: Iterable[Therapist] = (), host: Iterable[Credential] = ()) -> tuple[Person, ...]:
    """Everybody, the clinic first, then by name. ``host``: what the host records beside what therapists carry."""
    everything = [*clinic.credentials, *host]
    found: list[Person] = []
    organizations = frozenset(one.holder for one in everything if (one.holder or "").startswith("Organization/"))
    npis = frozenset((clinic.npi,) if clinic.npi and not clinic.solo else ())
    group = Whose(CLINIC, npis, frozenset(one for one in organizations if one))
    found.append(Person(group, tuple(one for one in everything if group.holds(one)), is_clinic=True))
    for therapist in {one.id: one for one in therapists}.values():
        who = credential_use.whose(therapist)
        own = [*(one for one in everything if who.holds(one)), *credential_use.recorded(therapist)]
        found.append(Person(who, tuple(dict.fromkeys(own)), therapist))
    left = [one for one in everything if not any(person.whose.holds(one) for person in found)]
    for key in dict.fromkeys((one.npi, None if one.npi else one.holder) for one in left):
        npi, holder = key
        who = Whose(f"NPI {npi}" if npi else holder or "", frozenset((npi,) if npi else ()),
                    frozenset((holder,) if holder else ()))  # fmt: skip
        found.append(Person(who, tuple(one for one in left if who.holds(one))))
    return tuple(sorted((one for one in found if one.credentials or one.therapist), key=_order))


def _order(person: Person) -> tuple[bool, str]:
    return not person.is_clinic, person.name


def _of_host(one: Credential) -> bool:
    return "/" in one.source and ":" not in one.source


def still_here(person: Person, today: Date, within: int) -> bool:
    """Whether somebody still works here, by what is on file: something holds, is to come, or ended within so many days.

    Rows of who has left stay in the file, for claims of old visits; nobody is to be told of them for ever.
    """
    if person.therapist is not None:
        return True
    since = today - timedelta(days=within)
    return any(one.end is None or one.end >= since for one in person.credentials)


@dataclass(frozen=True, slots=True)
class Reach:
    """How far credentials of one sort reach from a day on."""

    holds: bool
    """One of them holds on the day."""
    end: Date | None
    """The last day that they cover without a gap, or the last one that any covered; None: open, or nothing yet."""
    source: str
    """Where the one stands that ends there."""
    enrolled: Enrolled | None = None
    """Of enrolments, how on the day."""


def reach(some: Sequence[Credential], today: Date) -> Reach | None:
    """How far these reach; None where there are none, or none has begun."""
    begun = sorted((one for one in some if one.start is None or one.start <= today), key=_ends_last)
    if not begun:
        return None
    current = next((one for one in begun if in_force(one, today)), None)
    if current is None:
        return Reach(False, begun[0].end, begun[0].source)
    last = current
    for one in sorted(some, key=lambda one: one.start or Date.min):
        follows = last.end is not None and one.start is not None and one.start <= last.end + timedelta(days=1)
        if last.end is not None and (follows or one.start is None) and (one.end is None or one.end > last.end):
            last = one
    return Reach(True, last.end, last.source, current.enrolled)


def _ends_last(one: Credential) -> tuple[bool, int]:
    return one.end is not None, -(one.end or Date.max).toordinal()
