"""What the host itself records of credentials: licences of a Practitioner, enrolments with payers of a therapist and of
the clinic.

A licence is a Practitioner.qualification with a number that is said to be one: by the type of the number (v2-0203 LN,
SL), by the state it is valid in (Da Vinci Plan-Net practitioner-qualification), by a provider taxonomy as its code, or
by an issuer together with an end: a degree has none. So is a Practitioner.identifier of such a type. An enrolment is a
PractitionerRole at a payer's Organization, or in its network (Plan-Net network-reference); for the clinic an
OrganizationAffiliation that ties it to a payer or its network. Roles, affiliations and licences that are not active are
none. Pure; which Organization is a payer, payers.yaml says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from typing import Final

from massage_billing.fhir import names
from massage_billing.fhir.dates import first_day, last_day
from massage_billing.fhir.json import Faults, child, children, codings, extensions, flag, text
from massage_billing.fhir.payer_keys import PayerKeys
from massage_billing.fhir.provider_ids import TAXONOMY_SYSTEMS, read_npi
from massage_billing.fhir.references import Resolver
from massage_billing.model import Credential, CredentialKind, Enrolled, Payer
from massage_billing.ports import JsonObject

_LICENCE_TYPES: Final = frozenset({"LN", "SL"})
"""v2-0203 identifier types: licence number, state licence."""
_PLAN_NET: Final = "http://hl7.org/fhir/us/davinci-pdex-plan-net/StructureDefinition"
_QUALIFICATION: Final = f"{_PLAN_NET}/practitioner-qualification"
"""Extension of Practitioner.qualification: status, whereValid."""
NETWORK: Final = f"{_PLAN_NET}/network-reference"
"""Extension of PractitionerRole: the network the role is in."""
_VALID: Final = frozenset({None, "active", "unknown"})
"""Plan-Net qualification status that does not say that it is not valid."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A PractitionerRole or OrganizationAffiliation as far as it may be an enrolment, its payer not told yet."""

    networks: tuple[JsonObject, ...]
    """References that may name a payer or its network."""
    start: Date | None
    """First day."""
    end: Date | None
    """Last day."""


def read_credentials(
    resources: Mapping[str, JsonObject], payers: Sequence[Payer], aliases: Mapping[str, str] | None = None
) -> tuple[Credential, ...]:
    """Every credential that these resources (by "Type/id") record, in order of their keys. Never raises.

    Enrolments only with payers that payers.yaml knows. Whose a credential is, ``npi`` and ``holder`` say.
    """
    resolver, keys = Resolver(resources, aliases), PayerKeys(payers)
    found: list[Credential] = []
    for key, resource in sorted(resources.items()):
        kind, faults = key.partition("/")[0], Faults(key, resource)
        if kind == "Practitioner":
            found += read_licences(resource, key, faults)
        elif kind == "PractitionerRole":
            whose = resolver.key(child(resource, "practitioner"), resource)
            found += _enrolled(key, resource, read_role_enrolment(resource, faults), whose, resolver, keys)
        elif kind == "OrganizationAffiliation":
            whose = resolver.key(child(resource, "participatingOrganization"), resource)
            found += _enrolled(key, resource, read_affiliation(resource, faults), whose, resolver, keys)
    return tuple(found)


# --- licences -------------------------------------------------------------------------------------------------------


def read_licences(resource: JsonObject, key: str, faults: Faults) -> tuple[Credential, ...]:
    """Licences that a Practitioner records, each number, state and period once: a renewal is one of its own. Without
    dates only where nothing with dates has its number."""
    read = [*_of_qualifications(resource, faults), *_of_identifiers(resource, faults)]
    if not read:
        return ()
    npi = read_npi(resource, faults)
    found = [
        Credential(
            CredentialKind.LICENCE, key, npi=npi, holder=key, state=state, number=number,
            start=first_day(period, "start", faults), end=last_day(period, "end", faults),
        )
        for number, state, period in read
    ]  # fmt: skip
    dated = {(one.state, one.number) for one in found if one.start or one.end}
    return tuple(dict.fromkeys(one for one in found if one.start or one.end or (one.state, one.number) not in dated))


_Licence = tuple[str, str | None, JsonObject]
"""Number, state, period."""


def _of_qualifications(resource: JsonObject, faults: Faults) -> Iterator[_Licence]:
    for qualification in children(resource, "qualification", faults):
        if "identifier" not in qualification:
            continue
        status, state = _plan_net(qualification, faults)
        if status not in _VALID:
            continue
        period = child(qualification, "period", faults)
        code = codings(child(qualification, "code", faults), faults)
        said = state is not None or any(system in TAXONOMY_SYSTEMS for system, _ in code)
        said = said or ("issuer" in qualification and "end" in period)
        for identifier in children(qualification, "identifier", faults):
            number = text(identifier, "value", faults)
            if number and number.strip() and (said or _is_licence(identifier, faults)):
                yield number.strip(), state, period or child(identifier, "period", faults)


def _of_identifiers(resource: JsonObject, faults: Faults) -> Iterator[_Licence]:
    for identifier in children(resource, "identifier", faults):
        number = text(identifier, "value", faults)
        if number and _is_licence(identifier, faults) and text(identifier, "use", faults) != "old":
            yield number.strip(), None, child(identifier, "period", faults)


def _is_licence(identifier: JsonObject, faults: Faults) -> bool:
    if "type" not in identifier:
        return False
    kinds = codings(child(identifier, "type", faults), faults)
    return any(code in _LICENCE_TYPES and system in (names.IDENTIFIER_TYPE, "") for system, code in kinds)


def _plan_net(qualification: JsonObject, faults: Faults) -> tuple[str | None, str | None]:
    """(status, two-letter state it is valid in) of a qualification, where Plan-Net's extension tells."""
    for extension in extensions(qualification, _QUALIFICATION, faults):
        status = next((text(one, "valueCode", faults) for one in extensions(extension, "status", faults)), None)
        for where in extensions(extension, "whereValid", faults):
            for _, code in codings(child(where, "valueCodeableConcept", faults), faults):
                if len(code) == 2 and code.isascii() and code.isalpha():
                    return status, code.upper()
        return status, None
    return None, None


# --- enrolments -----------------------------------------------------------------------------------------------------


def read_role_enrolment(resource: JsonObject, faults: Faults) -> Enrolment | None:
    """What a PractitionerRole may be an enrolment with; None where it names nobody, or is not active."""
    references = [child(one, "valueReference", faults) for one in extensions(resource, NETWORK, faults)]
    if "organization" in resource:
        references.append(child(resource, "organization", faults))
    return _enrolment(resource, references, faults)


def read_affiliation(resource: JsonObject, faults: Faults) -> Enrolment | None:
    """What an OrganizationAffiliation may be an enrolment with; None where it names nobody, or is not active."""
    references = list(children(resource, "network", faults))
    if "organization" in resource:
        references.append(child(resource, "organization", faults))
    return _enrolment(resource, references, faults)


def _enrolment(resource: JsonObject, references: Sequence[JsonObject], faults: Faults) -> Enrolment | None:
    named = tuple(one for one in references if one)
    if not named or flag(resource, "active", faults) is False:
        return None
    period = child(resource, "period", faults)
    return Enrolment(named, first_day(period, "start", faults), last_day(period, "end", faults))


def enrolments(
    key: str,
    resource: JsonObject,
    read: Enrolment,
    resolver: Resolver,
    payers: PayerKeys,
    *,
    holder: str | None,
    npi: str | None,
) -> Iterator[Credential]:
    """The enrolments that a role or affiliation is, one a payer; ``key`` and ``resource`` are its own."""
    known = dict.fromkeys(payers.of(reference, resource, resolver) for reference in read.networks)
    for payer in known:
        if payer is not None:
            yield Credential(
                CredentialKind.ENROLMENT, key, npi=npi, holder=holder, payer=payer, enrolled=Enrolled.IN_NETWORK,
                start=read.start, end=read.end,
            )  # fmt: skip


def _enrolled(
    key: str, resource: JsonObject, read: Enrolment | None, whose: str | None, resolver: Resolver, payers: PayerKeys
) -> Iterable[Credential]:
    if read is None or whose is None:
        return ()
    holder = resolver.resolve({"reference": whose}, resource)
    npi = None if holder is None else read_npi(holder[1], Faults(whose, holder[1]))
    return enrolments(key, resource, read, resolver, payers, holder=whose, npi=npi)
