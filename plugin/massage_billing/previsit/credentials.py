"""Before a visit: is whoever will treat enrolled with the payer, and licensed, on the day? Pure.

The same question as the rules ``therapist-credentialed`` and ``therapist-licensed`` ask when the visit is billed, asked
while somebody can still do something about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date as Date
from typing import Final

from massage_billing.coding import credential_use
from massage_billing.coding.credential_use import Judged, Whose
from massage_billing.model import Appointment, Clinic, Coverage, Credential, Enrolled, Network, Payer, Reason, Therapist
from massage_billing.previsit.credential_terms import CredentialTerms

_ENROLMENT: Final[Mapping[str, str]] = {
    "dates": "not-enrolled", "none": "enrolment-refused", "missing": "enrolment-missing",
    "several": "enrolment-unclear", "untracked": "enrolment-untracked",
}  # fmt: skip
_LICENCE: Final[Mapping[str, str]] = {"dates": "not-licensed", "missing": "licence-missing"}
_ON_HOST: Final[Mapping[str, str]] = {
    "not-enrolled": "enrolment-on-host-ended", "enrolment-refused": "enrolment-on-host-ended",
    "enrolment-unclear": "enrolment-on-host-ended", "not-licensed": "licence-on-host-ended",
}  # fmt: skip
"""What is only pointed out where the clinic keeps no file, and the host alone says so."""
_NETWORK: Final[Mapping[str | None, Network]] = {
    Enrolled.IN_NETWORK.value: Network.IN, Enrolled.OUT_OF_NETWORK.value: Network.OUT,
    credential_use.MIXED: Network.OUT,
}  # fmt: skip
"""For which network the payer's figures count, as the claim would be billed."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What is planned: who treats whose patient where, and when."""

    on: Date
    """The day."""
    therapists: tuple[Therapist, ...]
    """Who will treat; empty: not said, and nobody is asked about."""
    payer: str | None
    """Payer key; None: nobody is billed, or it is not known who."""
    payer_reference: str | None = None
    """The payer on the host, "Organization/9"."""
    state: str | None = None
    """Two-letter state of the site; None: not known, and then no licence is missed."""
    organization: str | None = None
    """Organization of the site, "Organization/1"."""
    host: tuple[Credential, ...] = ()
    """What the host records beside what the therapists carry: enrolments of the clinic (OrganizationAffiliation)."""


def planned_of(appointment: Appointment, payer: Payer | None, coverage: Coverage | None = None) -> Planned | None:
    """What is planned for an appointment; ``payer`` and ``coverage``: what it would be billed to. None: no day."""
    if appointment.date is None:
        return None
    return Planned(
        on=appointment.date,
        therapists=appointment.therapists,
        payer=None if payer is None else payer.key,
        payer_reference=None if coverage is None else coverage.payer.reference,
        state=appointment.state,
        organization=appointment.organization,
        host=appointment.credentials,
    )


@dataclass(frozen=True, slots=True)
class Said:
    """What credentials have to say of a coming visit."""

    reasons: tuple[Reason, ...] = ()
    """What is to be settled or told; empty where all is well, or nothing is on file."""
    network: Network = Network.NO_DATA
    """For which network the payer's figures count: as the claim would be billed; NO_DATA where nobody knows."""


def credentials(planned: Planned, clinic: Clinic, terms: CredentialTerms) -> Said:
    """What credentials have to say of a coming visit."""
    if planned.payer is None:
        return Said()
    desk = _Desk(planned, clinic)
    return Said(desk.reasons(terms), desk.network())


def credential_reasons(planned: Planned, clinic: Clinic, terms: CredentialTerms) -> tuple[Reason, ...]:
    """``credentials`` without the network."""
    return credentials(planned, clinic, terms).reasons


def network_of(planned: Planned, clinic: Clinic) -> Network:
    """``credentials`` without the reasons."""
    return Network.NO_DATA if planned.payer is None else _Desk(planned, clinic).network()


class _Desk:
    """The credentials of one coming visit."""

    def __init__(self, planned: Planned, clinic: Clinic) -> None:
        self.planned, self.clinic = planned, clinic
        self.host = [*planned.host, *(one for each in planned.therapists for one in credential_use.recorded(each))]
        self.payers = credential_use.payer_names(planned.payer or "", clinic, planned.payer_reference)
        self.enrolled = {each: self._enrolment(credential_use.whose(each)) for each in planned.therapists}
        self.group = self._enrolment(credential_use.whose_clinic(clinic, planned.organization, None))

    def network(self) -> Network:
        """As billing reckons it; a claim of therapists in and out of network is none in network."""
        billed = credential_use.network({one.network for one in self.enrolled.values()}, self.group.network)
        return _NETWORK.get(billed, Network.NO_DATA)

    def reasons(self, terms: CredentialTerms) -> tuple[Reason, ...]:
        """Of each therapist, of the clinic, and of the network."""
        found = [reason for therapist in self.planned.therapists for reason in self._therapist(therapist, terms)]
        return tuple(dict.fromkeys((*found, *self._clinic(terms), *self._out(terms))))

    def _therapist(self, therapist: Therapist, terms: CredentialTerms) -> Iterator[Reason]:
        """Of one therapist: enrolment, then licence."""
        yield from self._told(self.enrolled[therapist], _ENROLMENT, therapist.id, terms)
        who, on = credential_use.whose(therapist), self.planned.on
        licensed = credential_use.licence(who, self.planned.state, on, self.clinic, self.host)
        yield from self._told(licensed, _LICENCE, therapist.id, terms)

    def _clinic(self, terms: CredentialTerms) -> Iterator[Reason]:
        """Of the clinic, where it is listed."""
        if self.group.case in ("dates", "none", "several"):
            by_host = self.group.by_host and not self.clinic.credentials_known
            id = "enrolment-on-host-ended" if by_host else "clinic-not-enrolled"
            yield terms.reason(id, self.group.message, about=self.group.about)

    def _out(self, terms: CredentialTerms) -> Iterator[Reason]:
        """That the claim will be out of network, whose ever enrolment says so."""
        if any(one.network is Enrolled.OUT_OF_NETWORK for one in (*self.enrolled.values(), self.group)):
            yield terms.reason("out-of-network", about=self.planned.payer)

    def _enrolment(self, who: Whose) -> Judged:
        return credential_use.enrolment(who, self.payers, self.planned.on, self.clinic, self.host)

    def _told(self, judged: Judged, ids: Mapping[str, str], about: str, terms: CredentialTerms) -> Iterator[Reason]:
        if judged.differs:
            message = f"{about}: {judged.differs} says otherwise than {judged.about}, which counts."
            yield terms.reason("credential-differs", message, about=about)
        id = ids.get(judged.case)
        if id is not None:
            by_host = judged.by_host and not self.clinic.credentials_known
            yield terms.reason(_ON_HOST.get(id, id) if by_host else id, judged.message, about=about)
