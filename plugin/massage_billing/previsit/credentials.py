"""Before a visit: is whoever will treat enrolled with the payer, and licensed, on the day? Pure.

The same question as the rules ``therapist-credentialed`` and ``therapist-licensed`` ask when the visit is billed, asked
while somebody can still do something about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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


def credential_reasons(planned: Planned, clinic: Clinic, terms: CredentialTerms) -> tuple[Reason, ...]:
    """What credentials have to say of a coming visit; empty where all is well, or nothing is on file."""
    if planned.payer is None:
        return ()
    host = [*planned.host, *(one for each in planned.therapists for one in credential_use.recorded(each))]
    desk = _Desk(planned, clinic, terms, host)
    found = [reason for therapist in planned.therapists for reason in desk.therapist(therapist)]
    return tuple(dict.fromkeys((*found, *desk.group(), *desk.network())))


class _Desk:
    """The credentials of one coming visit."""

    def __init__(self, planned: Planned, clinic: Clinic, terms: CredentialTerms, host: Sequence[Credential]) -> None:
        self.planned, self.clinic, self.terms, self.host = planned, clinic, terms, host
        self.payers = credential_use.payer_names(planned.payer or "", clinic, planned.payer_reference)
        self.networks: list[Enrolled | None] = []

    def therapist(self, therapist: Therapist) -> Iterator[Reason]:
        """Of one therapist: enrolment, then licence."""
        who = credential_use.whose(therapist)
        enrolled = self._enrolment(who)
        self.networks.append(enrolled.network)
        yield from self._told(enrolled, _ENROLMENT, therapist.id)
        licensed = credential_use.licence(who, self.planned.state, self.planned.on, self.clinic, self.host)
        yield from self._told(licensed, _LICENCE, therapist.id)

    def group(self) -> Iterator[Reason]:
        """Of the clinic, where it is listed."""
        group = self._enrolment(credential_use.whose_clinic(self.clinic, self.planned.organization, None))
        self.networks.append(group.network)
        if group.case in ("dates", "none", "several"):
            by_host = group.by_host and not self.clinic.credentials_known
            id = "enrolment-on-host-ended" if by_host else "clinic-not-enrolled"
            yield self.terms.reason(id, group.message, about=group.about)

    def network(self) -> Iterator[Reason]:
        """That the claim will be out of network, whose ever enrolment says so."""
        if Enrolled.OUT_OF_NETWORK in self.networks:
            yield self.terms.reason("out-of-network", about=self.planned.payer)

    def _enrolment(self, who: Whose) -> Judged:
        return credential_use.enrolment(who, self.payers, self.planned.on, self.clinic, self.host)

    def _told(self, judged: Judged, ids: Mapping[str, str], about: str) -> Iterator[Reason]:
        if judged.differs:
            message = f"{about}: {judged.differs} says otherwise than {judged.about}, which counts."
            yield self.terms.reason("credential-differs", message, about=about)
        id = ids.get(judged.case)
        if id is not None:
            by_host = judged.by_host and not self.clinic.credentials_known
            yield self.terms.reason(_ON_HOST.get(id, id) if by_host else id, judged.message, about=about)


def out_of_network(reasons: Iterable[Reason]) -> bool:
    """Whether the claim will be one of a provider out of network: cost is then told from those benefits."""
    return any(reason.id == "out-of-network" for reason in reasons)


def network_of(planned: Planned, clinic: Clinic) -> Network:
    """For which network the payer's figures count: IN where everybody who treats is enrolled in it, OUT where somebody
    is not; NO_DATA where nobody knows."""
    if planned.payer is None or not planned.therapists:
        return Network.NO_DATA
    host = [*planned.host, *(one for each in planned.therapists for one in credential_use.recorded(each))]
    payers = credential_use.payer_names(planned.payer, clinic, planned.payer_reference)
    who = [credential_use.whose(therapist) for therapist in planned.therapists]
    found = [credential_use.enrolment(one, payers, planned.on, clinic, host).network for one in who]
    group = credential_use.whose_clinic(clinic, planned.organization, None)
    found.append(credential_use.enrolment(group, payers, planned.on, clinic, host).network)
    if Enrolled.OUT_OF_NETWORK in found:
        return Network.OUT
    return Network.IN if all(one is Enrolled.IN_NETWORK for one in found[:-1]) else Network.NO_DATA
