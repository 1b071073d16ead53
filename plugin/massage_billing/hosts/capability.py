"""What a FHIR server says it can do, what is known of its dialect, and what both mean for billing (DESIGN 20).

A CapabilityStatement is read leniently and then distrusted: known servers omit what they can and claim what they
cannot (HOSTS.md). Nothing here asks the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from massage_billing.errors import HostAnswerUnreadable, HostRejected
from massage_billing.fhir.json import child, children, flag, text
from massage_billing.ports import Capabilities, JsonObject

NEEDED: Final[Mapping[str, str]] = {
    "Encounter": "Without Encounters there is nothing to bill.",
    "Procedure": "Without Procedures there is nothing to bill.",
    "Patient": "Claims cannot name the patient.",
    "Coverage": "No coverage can be found: every visit is self-pay.",
    "Condition": "Diagnoses come only from the Procedures themselves.",
    "Practitioner": "Therapists and their NPIs are unknown: claims are held.",
    "PractitionerRole": "Taxonomies come only from Practitioner.qualification.",
    "Organization": "Payers are known by reference only.",
    "Location": "Place of service comes only from the settings.",
    "ServiceRequest": "Orders, referring providers and their insurance are unknown.",
    "Account": "Visits cannot be tied to a coverage by account.",
    "Consent": "A patient's wish not to tell the plan is seen only in the bill-to extension.",
    "Appointment": "Nothing is checked before a visit, and a bill-to wish on the Appointment is not seen.",
    "Claim": "Claims made by others are not seen, and our own wait in the outbox as drafts.",
    "ClaimResponse": "What became of a claim is not seen on this host.",
    "ExplanationOfBenefit": "What was adjudicated is not seen on this host.",
}
"""Types a visit is built from, and what it costs where a host does not offer them."""

AHEAD: Final[Mapping[str, str]] = {
    "RelatedPerson": "A subscriber who is only a related person is unknown, and that coverage is not asked about.",
    "OrganizationAffiliation": "The clinic's networks come only from its own credentials file.",
    "CoverageEligibilityResponse": "Answers about coverage that the host got by itself are not seen.",
}
"""Types that only coming appointments need, and what it costs where a host does not offer them."""

WRITTEN: Final = ("Claim", "Task", "Provenance")
"""Types that billing writes."""

ELIGIBILITY: Final = ("CoverageEligibilityRequest", "CoverageEligibilityResponse")
"""Types that asking about coverage writes. A host without them is a host for billing all the same."""


@dataclass(frozen=True, slots=True)
class TypeFacts:
    """What a server says of one resource type."""

    interactions: frozenset[str] = frozenset()
    """read, search-type, create, update …"""
    searches: frozenset[str] = frozenset()
    """Search parameters; empty where the server lists none at all."""
    includes: frozenset[str] = frozenset()
    """Listed _include values, "Encounter:patient"."""
    revincludes: frozenset[str] = frozenset()
    """Listed _revinclude values, "Procedure:encounter"."""
    conditional_create: bool = False
    """Says that it obeys If-None-Exist."""
    profiles: frozenset[str] = frozenset()
    """Profiles that it says it supports."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What is known of a server beyond what it says, measured (HOSTS.md)."""

    transaction: bool | None = None
    """Whether transactions are all-or-nothing; None: believe the statement."""
    keys_unique: bool = False
    """Conditional creates never stored a key twice."""
    note: str = ""
    """What to tell a person about it."""


DIALECTS: Final[Mapping[str, Dialect]] = {
    "hapi": Dialect(keys_unique=True),
    "sekmet": Dialect(note="It can store a key twice when two programs write at once; every create is checked."),
    "medplum": Dialect(transaction=False, note="It does not roll a failed transaction back: single writes are used."),
}
"""By a part of the software's name, lower case."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A CapabilityStatement as far as it matters here."""

    software: str
    """Name and version."""
    types: Mapping[str, TypeFacts]
    """By resource type."""
    system: frozenset[str]
    """System interactions: transaction, batch …"""

    @property
    def dialect(self) -> Dialect:
        """What is known of this software."""
        name = self.software.lower()
        return next((facts for part, facts in DIALECTS.items() if part in name), Dialect())

    def reads(self, type: str) -> bool:
        """Whether a type can be searched."""
        return "search-type" in self.facts(type).interactions

    def searches_by(self, type: str, parameter: str) -> bool:
        """Whether a parameter may be used: it is listed, or the server lists none for this type."""
        facts = self.facts(type)
        return self.reads(type) and (not facts.searches or parameter in facts.searches)

    @property
    def profiles(self) -> frozenset[str]:
        """Every profile that it says it supports."""
        return frozenset(profile for facts in self.types.values() for profile in facts.profiles)

    def facts(self, type: str) -> TypeFacts:
        """What it says of a type; nothing where it does not list it."""
        return self.types.get(type, _NONE)


_NONE: Final = TypeFacts()


def read_statement(resource: JsonObject) -> Statement:
    """A Statement from a CapabilityStatement; HostAnswerUnreadable or HostRejected where it is none, or not R4."""
    if resource.get("resourceType") != "CapabilityStatement":
        raise HostAnswerUnreadable(
            "GET metadata did not answer with a CapabilityStatement.", "Check that the URL is that of a FHIR server."
        )
    version = text(resource, "fhirVersion") or "4.0"
    if not version.startswith("4."):
        raise HostRejected("The host does not speak FHIR R4.", "Use the URL of its R4 endpoint.")
    rests = children(resource, "rest")
    rest = next((r for r in rests if text(r, "mode") in (None, "server")), {})
    software = child(resource, "software")
    name = " ".join(part for part in (text(software, "name"), text(software, "version")) if part)
    return Statement(
        software=name or text(resource, "name") or "unnamed FHIR server",
        types={kind: _facts(listed) for listed in children(rest, "resource") if (kind := text(listed, "type"))},
        system=_codes(rest, "interaction"),
    )


def _facts(listed: JsonObject) -> TypeFacts:
    return TypeFacts(
        interactions=_codes(listed, "interaction"),
        searches=frozenset(name for param in children(listed, "searchParam") if (name := text(param, "name"))),
        includes=_strings(listed, "searchInclude"),
        revincludes=_strings(listed, "searchRevInclude"),
        conditional_create=flag(listed, "conditionalCreate") is True,
        profiles=_strings(listed, "supportedProfile"),
    )


def _codes(parent: JsonObject, name: str) -> frozenset[str]:
    return frozenset(code for entry in children(parent, name) if (code := text(entry, "code")))


def _strings(parent: JsonObject, name: str) -> frozenset[str]:
    value = parent.get(name)
    return frozenset(v for v in value if isinstance(v, str)) if isinstance(value, list) else frozenset()


def capabilities_of(statement: Statement, *, real_last_updated: bool = True) -> Capabilities:
    """What it means for us. ``real_last_updated``: whether a probe found that _lastUpdated is obeyed."""
    dialect = statement.dialect
    readable = frozenset(kind for kind in statement.types if statement.reads(kind))
    writable = frozenset(kind for kind, facts in statement.types.items() if "create" in facts.interactions)
    transaction = "transaction" in statement.system if dialect.transaction is None else dialect.transaction
    conditional = all(statement.facts(kind).conditional_create for kind in WRITTEN if kind in writable)
    return Capabilities(
        software=statement.software,
        readable=readable,
        writable=writable,
        transaction=transaction,
        conditional_create=conditional and bool(writable),
        real_last_updated=real_last_updated,
        records_hold_writes=all(statement.searches_by(kind, "encounter") for kind in ("Claim", "Task")),
        keys_unique=dialect.keys_unique and conditional,
        profiles=statement.profiles,
        notes=tuple(_notes(statement, readable, writable, transaction, conditional, real_last_updated)),
    )


def _notes(
    statement: Statement,
    readable: frozenset[str],
    writable: frozenset[str],
    transaction: bool,
    conditional: bool,
    real_last_updated: bool,
) -> list[str]:
    """Plain sentences for ``check-host``."""
    costs = {**NEEDED, **AHEAD}
    notes = [f"It offers no {kind}. {cost}" for kind, cost in costs.items() if kind not in readable]
    if "Claim" in readable and not all(statement.searches_by(kind, "use") for kind in ("Claim", "ClaimResponse")):
        notes.append("It does not search Claims by use: an authorization is seen only where an order names it.")
    if untaken := [kind for kind in ELIGIBILITY if kind not in writable]:
        notes.append(f"It takes no {' and no '.join(untaken)}: what payers answer about coverage is kept here only.")
    if "Claim" not in writable and "Claim" in readable:
        notes.append("It takes no Claim: claims wait in the outbox as drafts.")
    if "Task" not in writable:
        notes.append("It takes no Task: holds are shown by `status` only.")
    if "Provenance" not in writable:
        notes.append("It takes no Provenance: what a claim rests on is kept in the audit trail only.")
    if writable and not transaction:
        notes.append("It takes no transactions: a claim and its Provenance are written one after the other.")
    if writable and not conditional:
        notes.append("It has no conditional create: every create is preceded and followed by a search.")
    if not real_last_updated:
        notes.append("It does not obey _lastUpdated: every run reads all visits from the start date on.")
    if statement.dialect.note:
        notes.append(statement.dialect.note)
    return notes
