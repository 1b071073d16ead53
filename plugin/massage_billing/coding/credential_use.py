"""What the credentials on file say of one therapist or clinic on one day: enrolled with a payer, licensed in a state.

Pure, and asked by two: the rules that hold a claim (``credentialed``), and what is to be settled before a visit. The
clinic's own file decides where it says anything; what the host records counts beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date as Date
from typing import Final

from massage_billing.coding.remember import Remembered
from massage_billing.model import Clinic, Credential, CredentialKind, Enrolled, Therapist

MIXED: Final = "mixed"
"""``network`` where the therapists of one claim differ."""


@dataclass(frozen=True, slots=True)
class Whose:
    """Who is asked about: every NPI and reference by which a credential may name them."""

    name: str
    """How messages name them, "Practitioner/7", "the clinic"."""
    npis: frozenset[str]
    """Their NPIs."""
    references: frozenset[str]
    """Their references on the host."""

    def holds(self, one: Credential) -> bool:
        """Whether a credential names them."""
        return (one.npi is not None and one.npi in self.npis) or (
            one.holder is not None and one.holder in self.references
        )


@dataclass(frozen=True, slots=True)
class Judged:
    """What the credentials say, and why."""

    case: str
    """"" where all is well; "missing" (others are listed and this one is not), "untracked" (nobody is listed),
    "silent" (no file was given, and the host says nothing), "dates", "none", "several", "state"."""
    message: str = ""
    """What was found, by ids."""
    about: str | None = None
    """Where it stands."""
    network: Enrolled | None = None
    """Of an enrolment that holds: in or out of network; None where it is not said."""
    by_host: bool = False
    """The host's record decides, for the clinic's file says nothing of it."""
    differs: str = ""
    """Where the host's record says otherwise than the clinic's file; "" where it does not."""
    ends: Date | None = None
    """Last day of what holds."""

    @property
    def holds(self) -> bool:
        """All is well."""
        return not self.case


def whose(therapist: Therapist) -> Whose:
    """A therapist."""
    npis = frozenset({therapist.npi}) if therapist.npi else frozenset[str]()
    return Whose(therapist.id, npis, frozenset({therapist.id}))


def whose_clinic(clinic: Clinic, organization: str | None, organization_npi: str | None) -> Whose:
    """The clinic that is paid, at one of its sites."""
    npis = frozenset(npi for npi in (clinic.npi, organization_npi) if npi)
    return Whose("The clinic", npis, frozenset({organization} if organization else ()))


def payer_names(payer: str, clinic: Clinic, reference: str | None = None) -> frozenset[str]:
    """By what a credential may name a payer: its key in payers.yaml, its references on the host."""
    found = {payer, *((reference,) if reference else ())}
    for entry in clinic.payers:
        if entry.key == payer:
            found |= entry.references
    return frozenset(found)


def recorded(therapist: Therapist) -> tuple[Credential, ...]:
    """What the host records with a therapist; what names nobody is the therapist's own."""
    return tuple(one if one.npi or one.holder else replace(one, holder=therapist.id) for one in therapist.credentials)


def enrolment(who: Whose, payers: Collection[str], on: Date, clinic: Clinic, host: Iterable[Credential] = ()) -> Judged:
    """Whether somebody is enrolled with a payer on a day. ``host``: what the host records."""
    listed = [one for one in _of_kind(clinic, CredentialKind.ENROLMENT) if one.payer in payers]
    mine = [one for one in listed if who.holds(one)]
    theirs = [one for one in host if one.kind is CredentialKind.ENROLMENT and one.payer in payers and who.holds(one)]
    deciding = mine or theirs
    if not deciding:
        return _nobody(who, bool(listed), clinic, "enrolment with the payer")
    found = _enrolled(who, deciding, on)
    if mine and theirs and _enrolled(who, theirs, on).case != found.case:
        found = replace(found, differs=theirs[0].source)
    return found if mine else replace(found, by_host=True)


def _enrolled(who: Whose, deciding: Sequence[Credential], on: Date) -> Judged:
    holding = [one for one in deciding if in_force(one, on)]
    if not holding:
        return _out_of_dates(who, deciding, on, "is enrolled")
    said = {one.enrolled for one in holding if one.enrolled is not None}
    about = holding[0].source
    if len(said) > 1:
        told = ", ".join(one.source for one in holding)
        return Judged("several", f"{who.name}: {told} say different things of the date of service.", about)
    if said == {Enrolled.NONE}:
        return Judged("none", f"{who.name}: {about} says that the payer takes no claims of it.", about)
    network = said.pop() if said else None
    return Judged("", about=about, network=network, ends=_last(holding))


def network(therapists: Collection[Enrolled | None], group: Enrolled | None) -> str | None:
    """How a claim is billed, by the networks of its therapists and of the clinic: "in-network", "out-of-network",
    "mixed"; None where that is not said of one of them.

    A clinic that is out of network is so whoever treats; one that is in it speaks for those of whom nothing is said.
    """
    if group is Enrolled.OUT_OF_NETWORK:
        return Enrolled.OUT_OF_NETWORK.value
    found = set(therapists)
    if {Enrolled.IN_NETWORK, Enrolled.OUT_OF_NETWORK} <= found:
        return MIXED
    if found == {None}:
        found = {group}
    only = found.pop() if len(found) == 1 else None
    return None if only is None else only.value


def licence(who: Whose, state: str | None, on: Date, clinic: Clinic, host: Iterable[Credential] = ()) -> Judged:
    """Whether somebody is licensed in the site's state on a day; ``state`` None: the record does not say which."""
    listed = [one for one in _of_kind(clinic, CredentialKind.LICENCE) if state in (None, one.state)]
    mine = [one for one in listed if who.holds(one)]
    theirs = [
        one for one in host
        if one.kind is CredentialKind.LICENCE and (state is None or one.state == state) and who.holds(one)
    ]  # fmt: skip
    deciding = mine or theirs
    if not deciding and state is None and listed:
        return Judged("state", f"No licence of {who.name} is on file, and the record does not say where it was.")
    if not deciding:
        return _nobody(who, bool(listed), clinic, f"licence of {state}" if state else "licence")
    holding = [one for one in deciding if in_force(one, on)]
    if not holding:
        found = _out_of_dates(who, deciding, on, "is licensed")
    elif state is None:
        message = f"{who.name} is licensed in {holding[0].state or 'a state'}; the record does not say where it was."
        found = Judged("state", message, holding[0].source)
    else:
        found = Judged("", about=holding[0].source, ends=_last(holding))
    if mine and theirs and bool(holding) is not any(in_force(one, on) for one in theirs):
        found = replace(found, differs=theirs[0].source)
    return found if mine else replace(found, by_host=True)


def in_force(one: Credential, on: Date) -> bool:
    """Whether a credential holds on a day; its last day counts."""
    return (one.start is None or one.start <= on) and (one.end is None or on <= one.end)


def _nobody(who: Whose, others: bool, clinic: Clinic, what: str) -> Judged:
    if not clinic.credentials_known:
        return Judged("silent")
    if others:
        return Judged("missing", f"No {what} of {who.name} is on file, and others are.")
    return Judged("untracked", f"Nobody's {what} is on file.")


def _out_of_dates(who: Whose, some: Sequence[Credential], on: Date, what: str) -> Judged:
    """The nearest of several, none of which holds on the day."""
    ended = [one for one in some if one.end is not None and one.end < on]
    if ended:
        last = max(ended, key=lambda one: one.end or Date.min)
        message = f"{who.name} {what} until {last.end} by {last.source}, not on the date of service."
        return Judged("dates", message, last.source)
    first = min(some, key=lambda one: one.start or Date.min)
    return Judged("dates", f"{who.name} {what} from {first.start} by {first.source}, later.", first.source)


def _last(holding: Sequence[Credential]) -> Date | None:
    """The last day of what holds; None where one of them is open."""
    ends = [one.end for one in holding if one.end is not None]
    return max(ends) if len(ends) == len(holding) else None


def _by_kind(credentials: tuple[Credential, ...]) -> dict[CredentialKind, tuple[Credential, ...]]:
    return {kind: tuple(one for one in credentials if one.kind is kind) for kind in CredentialKind}


_sorted = Remembered(_by_kind)


def _of_kind(clinic: Clinic, kind: CredentialKind) -> tuple[Credential, ...]:
    return _sorted(clinic.credentials)[kind] if clinic.credentials else ()
