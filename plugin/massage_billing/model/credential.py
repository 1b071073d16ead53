"""What entitles a therapist or the clinic to treat and to be paid: licences, liability cover, enrolment with payers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date
from enum import StrEnum


class CredentialKind(StrEnum):
    """What sort of credential it is."""

    LICENCE = "licence"
    """A state's licence to practise."""
    LIABILITY = "liability"
    """Liability cover."""
    ENROLMENT = "enrolment"
    """Enrolment (credentialing) with a payer."""
    ATTESTATION = "attestation"
    """CAQH ProView attestation, which has to be repeated."""


class Enrolled(StrEnum):
    """How somebody is enrolled with a payer."""

    IN_NETWORK = "in-network"
    OUT_OF_NETWORK = "out-of-network"
    """The payer knows the provider; it bills as out of network."""
    NONE = "none"
    """The payer does not accept claims of the provider."""


@dataclass(frozen=True, slots=True)
class Credential:
    """One credential of one therapist or of the clinic. Ids only, no names."""

    kind: CredentialKind
    """What it is."""
    source: str
    """Where it stands: "Practitioner/7", "PractitionerRole/3", "credentials.csv:4"."""
    npi: str | None = None
    """NPI of whose it is; the clinic's own for the clinic. Either this or ``holder``."""
    holder: str | None = None
    """Reference of whose it is, "Practitioner/7" or "Organization/1"."""
    payer: str | None = None
    """Payer key; of an enrolment only."""
    enrolled: Enrolled | None = None
    """Of an enrolment only."""
    state: str | None = None
    """Two-letter state; of a licence only."""
    number: str | None = None
    """Its number, where recorded."""
    start: Date | None = None
    """Effective date; None where it is not said."""
    end: Date | None = None
    """Last day; None where it is not said."""
