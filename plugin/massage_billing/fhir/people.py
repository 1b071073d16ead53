"""Who did it, who ordered it, who supervises, and which organization: as far as a claim needs them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from massage_billing.fhir import names
from massage_billing.fhir.credentials import Enrolment, enrolments, read_licences, read_role_enrolment
from massage_billing.fhir.json import NOTHING, Faults, child, children, codings, flag, text
from massage_billing.fhir.payer_keys import PayerKeys
from massage_billing.fhir.provider_ids import NPI_SYSTEMS, TAXONOMY_SYSTEMS, read_npis
from massage_billing.fhir.record import Kept, Record
from massage_billing.fhir.references import key_of
from massage_billing.model import Credential, Problem, Referral, Result, Therapist
from massage_billing.ports import JsonObject

_PRIMARY: Final = "PPRF"
"""v3-ParticipationType: primary performer."""
_SECONDARY: Final = "SPRF"
"""v3-ParticipationType: secondary performer."""
_SUPERVISOR: Final = frozenset({(names.CARE_TEAM_ROLE, "supervisor"), (names.CARIN_CARE_TEAM_ROLE, "supervising")})
"""Encounter.participant types that mean supervising; HL7's participation types have none."""


@dataclass(frozen=True, slots=True)
class PersonRead:
    """A Practitioner, as far as a claim needs it."""

    npi: str | None
    taxonomies: tuple[str, ...]
    npis_differ: bool = False
    licences: tuple[Credential, ...] = ()


@dataclass(frozen=True, slots=True)
class RoleRead:
    """A PractitionerRole, as far as a claim needs it."""

    practitioner: JsonObject
    taxonomies: tuple[str, ...]
    active: bool
    enrolment: Enrolment | None = None


def read_person(resource: JsonObject, faults: Faults) -> PersonRead:
    """NPI, taxonomies (qualification codes) and licences of a Practitioner."""
    codes = [
        code
        for qualification in children(resource, "qualification", faults)
        for system, code in codings(child(qualification, "code", faults), faults)
        if system in TAXONOMY_SYSTEMS
    ]
    npis = read_npis(resource, faults)
    licences = read_licences(resource, key_of(resource) or "", _unheard(resource))
    return PersonRead(npis[0] if len(npis) == 1 else None, tuple(dict.fromkeys(codes)), len(npis) > 1, licences)


def read_role(resource: JsonObject, faults: Faults) -> RoleRead:
    """Practitioner, taxonomies (specialties) and networks of a PractitionerRole."""
    codes = [
        code
        for specialty in children(resource, "specialty", faults)
        for system, code in codings(specialty, faults)
        if system in TAXONOMY_SYSTEMS
    ]
    practitioner = child(resource, "practitioner", faults)
    text(practitioner, "reference", faults)  # resolved later, once a visit; its fault belongs here
    active = flag(resource, "active", faults) is not False
    return RoleRead(
        practitioner, tuple(dict.fromkeys(codes)), active, read_role_enrolment(resource, _unheard(resource))
    )


def _unheard(resource: JsonObject) -> Faults:
    """Faults that nobody is told: what cannot be read of a credential holds no visit, it is no credential."""
    return Faults("", resource)


class People:
    """The therapists and other providers of one visit's record, each read once."""

    __slots__ = ("_known", "_payers", "_person", "_record", "_role", "_roles")

    def __init__(
        self, record: Record, person: Kept[PersonRead], role: Kept[RoleRead], payers: PayerKeys | None = None
    ) -> None:
        self._record = record
        self._payers = payers
        self._person = person
        self._role = role
        self._known: dict[str, Therapist] = {}
        self._roles: dict[str, list[tuple[str, RoleRead, Faults]]] | None = None

    def named(self, reference: JsonObject, parent: JsonObject, faults: Faults) -> Therapist | None:
        """The person a reference means: a Practitioner, or the practitioner of a PractitionerRole; None for
        organizations, patients, devices and what points to nobody."""
        key = self._record.resolver.key(reference, parent, faults)
        if key is None:
            return self._by_npi(reference, faults)
        known = self._known.get(key)
        if known is not None:
            return known
        kind = self._kind(key, reference, parent, faults)
        if kind == "PractitionerRole":
            return self._through_role(key, reference, parent)
        return self._practitioner(key, reference, parent) if kind == "Practitioner" else None

    def _kind(self, key: str, reference: JsonObject, parent: JsonObject, faults: Faults | None = None) -> str | None:
        if "#" not in key:
            return key.partition("/")[0]
        found = self._record.resolver.resolve(reference, parent, faults)
        return None if found is None else text(found[1], "resourceType")

    def _by_npi(self, reference: JsonObject, faults: Faults) -> Therapist | None:
        """A person the host does not hold, but whom the reference names by NPI."""
        identifier = child(reference, "identifier", faults)
        if text(identifier, "system", faults) not in NPI_SYSTEMS:
            return None
        if text(reference, "type", faults) not in (None, "Practitioner", "PractitionerRole"):
            return None
        npi = text(identifier, "value", faults)
        return None if npi is None else Therapist(f"Practitioner?identifier={names.NPI}|{npi}", npi)

    def _through_role(self, key: str, reference: JsonObject, parent: JsonObject) -> Therapist | None:
        found = self._record.resolver.resolve(reference, parent)
        if found is None:
            return None
        role = self._role.of(key, found[1], self._record)
        if role.practitioner is NOTHING:
            return None
        # What a contained role refers to by "#x" stands beside it, in the resource that contains both.
        container = parent if "#" in key else found[1]
        whose = self._record.resolver.key(role.practitioner, container)
        if whose is not None and self._kind(whose, role.practitioner, container) != "Practitioner":
            return None  # a role of a role, or a circle of them
        person = self.named(role.practitioner, container, Faults(key, found[1]))
        if person is None or not role.taxonomies:
            return person
        first = role.taxonomies
        taxonomies = tuple(dict.fromkeys(first + person.taxonomies))
        return Therapist(person.id, person.npi, taxonomies, person.npis_differ, person.credentials)

    def _practitioner(self, key: str, reference: JsonObject, parent: JsonObject) -> Therapist:
        resource = self._record.resources.get(key)
        if resource is None and "#" in key:
            found = self._record.resolver.resolve(reference, parent)
            resource = None if found is None else found[1]
        if resource is None:
            person = Therapist(key, None)
        else:
            read = self._person.of(key, resource, self._record)
            roles = self._roles_of(key)
            codes = [code for _, role in roles if role.active for code in role.taxonomies]
            taxonomies = tuple(dict.fromkeys([*codes, *read.taxonomies])) if codes else read.taxonomies
            credentials = self._credentials(key, read, roles)
            person = Therapist(key, read.npi, taxonomies, read.npis_differ, credentials)
        self._known[key] = person
        return person

    def _credentials(self, key: str, read: PersonRead, roles: list[tuple[str, RoleRead]]) -> tuple[Credential, ...]:
        """Licences, and enrolments with the payers that are known; most roles are at the clinic, and are none."""
        if not self._payers or not any(role.enrolment for _, role in roles):
            return read.licences
        resources, resolver = self._record.resources, self._record.resolver
        found = [
            one
            for where, role in roles
            if role.enrolment is not None
            for one in enrolments(
                where, resources[where], role.enrolment, resolver, self._payers, holder=key, npi=read.npi
            )
        ]
        return (*read.licences, *found)

    def _roles_of(self, practitioner: str) -> list[tuple[str, RoleRead]]:
        if self._roles is None:
            self._roles = {}
            for key, resource in self._record.all("PractitionerRole"):
                role, faults = self._role.look(key, resource, self._record)
                whose = self._record.resolver.key(role.practitioner, resource)
                if whose is not None:
                    self._roles.setdefault(whose, []).append((key, role, faults))
        mine = self._roles.get(practitioner, [])
        for _, _, faults in mine:
            if faults.found:
                self._record.adopt(faults)
        return [(key, role) for key, role, _ in mine]


def read_performer(
    procedure: JsonObject, where: str, people: People, faults: Faults
) -> tuple[Therapist | None, Problem | None]:
    """Who performed a Procedure; or the problem that the record names nobody, or several and no main one."""
    performers = children(procedure, "performer", faults)
    if len(performers) == 1:
        person = people.named(child(performers[0], "actor", faults), procedure, faults)
        if person is not None:
            return _as_what(person, performers[0], faults), None
    named: dict[str, Therapist] = {}
    functions: dict[str, set[str]] = {}
    for performer in performers:
        person = people.named(child(performer, "actor", faults), procedure, faults)
        function = child(performer, "function", faults)
        if person is not None:
            named.setdefault(person.id, _as_what(person, performer, faults))
            functions.setdefault(person.id, set()).update(code for _, code in codings(function, faults))
    main = [key for key in named if _PRIMARY in functions[key]]
    main = main or [key for key in named if _SECONDARY not in functions[key]]
    if len(main) == 1:
        return named[main[0]], None
    if named:
        detail = f"{where} names {len(named)} performers and does not say who is the main one."
        return None, Problem("performer-known", Result.FAIL, detail, where, "several")
    whom = "names performers, but no person among them" if performers else "names no performer"
    return None, Problem("performer-known", Result.NO_DATA, f"{where} {whom}.", where, "none")


def _as_what(person: Therapist, performer: JsonObject, faults: Faults) -> Therapist:
    """The person with the taxonomy that performer.function says it was done under; what the person's own record says
    comes first."""
    if "function" not in performer:
        return person
    coded = codings(child(performer, "function", faults), faults)
    said = [code for system, code in coded if system in TAXONOMY_SYSTEMS and code not in person.taxonomies]
    return replace(person, taxonomies=(*person.taxonomies, *said)) if said else person


def read_supervisor(encounter: JsonObject, where: str, record: Record, people: People) -> Therapist | None:
    """The supervising provider, where a participant of the Encounter is said to be one."""
    if "participant" not in encounter:
        return None
    faults = record.faults(where)
    for participant in children(encounter, "participant", faults):
        for kind in children(participant, "type", faults):
            if not _SUPERVISOR.isdisjoint(codings(kind, faults)):
                return people.named(child(participant, "individual", faults), encounter, faults)
    return None


def read_referral(order: str, record: Record, people: People) -> Referral:
    """The order a visit stands on, its requester and its prior authorization (from a preauthorization's
    ClaimResponse among ServiceRequest.insurance)."""
    request = record.resources.get(order)
    if request is None:
        return Referral(order)
    faults = record.faults(order)
    requester = people.named(child(request, "requester", faults), request, faults)
    authorization = None
    for reference in children(request, "insurance", faults):
        found = record.resolver.resolve(reference, request, faults)
        if found is not None and found[0].startswith("ClaimResponse/") and authorization is None:
            authorization = read_authorization(found[1], record.faults(found[0]))
    if requester is None:
        return Referral(order, authorization=authorization)
    return Referral(order, requester.id, requester.npi, authorization)


def read_authorization(response: JsonObject, faults: Faults) -> str | None:
    """The number of an active preauthorization that a payer granted (ClaimResponse.preAuthRef)."""
    granted = (
        text(response, "status", faults) == "active"
        and text(response, "use", faults) == "preauthorization"
        and text(response, "outcome", faults) in ("complete", "partial")
    )
    return text(response, "preAuthRef", faults) if granted else None
