"""People and places of a claim, as an 837P has to name them: names, addresses, NPIs. PHI."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date as Date
from typing import Final

from massage_billing.fhir import json as fj
from massage_billing.fhir import names
from massage_billing.fhir.holders import group_number
from massage_billing.fhir.persons import read_subject
from massage_billing.fhir.provider_ids import read_npi
from massage_billing.fhir.record import Kept, Record
from massage_billing.model import Person
from massage_billing.model.professional import Address, ClaimParty, Insured
from massage_billing.ports import JsonObject

_USES: Final = {"home": 0, "work": 1, "": 2, "billing": 3, "temp": 4}
"""Address.use, where somebody lives first; old ones are left out."""
_LINES: Final = 2
"""N3 has room for two."""
_LICENSE_TYPES: Final = frozenset({"LN", "SL", "MD"})
"""HL7 v2-0203 identifier types that are licences."""
_US: Final = frozenset({"", "US", "USA", "UNITED STATES"})


def _provider(resource: JsonObject, faults: fj.Faults) -> ClaimParty:
    npi = read_npi(resource, faults) or ""
    if resource.get("resourceType") == "Organization":
        return ClaimParty(fj.text(resource, "name") or "", organization=True, npi=npi)
    person = read_subject("", resource, faults)
    return ClaimParty(
        person.last_name, person.first_name, person.middle_name, person.suffix, npi=npi,
        state_license=_license(resource),
    )  # fmt: skip


def _place(location: JsonObject, faults: fj.Faults) -> ClaimParty:
    return ClaimParty(
        fj.text(location, "name") or "", organization=True, npi=read_npi(location, faults) or "",
        address=address_of(location),
    )  # fmt: skip


def _insured(resource: JsonObject, faults: fj.Faults, on: Date | None = None) -> tuple[Insured, tuple[str, ...]]:
    """A patient, and what is missing of him that a payer needs."""
    person = read_subject("", resource, faults, on)
    address = address_of(resource)
    needed = {
        "family name": bool(person.last_name),
        "birth date": person.birth_date is not None,
        "address line": bool(address.lines),
        "city": bool(address.city),
        "state": bool(address.state) or bool(address.country),
        "postal code": bool(address.postal_code) or bool(address.country),
    }
    party = ClaimParty(person.last_name, person.first_name, person.middle_name, person.suffix, address=address)
    missing = tuple(what for what, there in needed.items() if not there)
    return Insured(party, "", person.birth_date, person.gender or "U"), missing


class KeptParties:
    """Providers, places, patients and group numbers that several claims share, each read once an export."""

    def __init__(self) -> None:
        self.providers = Kept(_provider)
        self.places = Kept(_place)
        self.patients = Kept(_insured)
        self.groups = Kept(group_number)
        self._qualified: dict[tuple[str, str], tuple[ClaimParty, ClaimParty]] = {}
        self._member: tuple[Insured, str, Insured] | None = None
        self._at: tuple[ClaimParty, Address, bool] | None = None

    def qualified(self, key: str, party: ClaimParty, taxonomy: str) -> ClaimParty:
        """A provider with the taxonomy that a claim gives."""
        known = self._qualified.get((key, taxonomy))
        if known is None or known[0] is not party:
            known = self._qualified[key, taxonomy] = (party, replace(party, taxonomy=taxonomy))
        return known[1]

    def is_at(self, party: ClaimParty, home: Address) -> bool:
        """Whether a place is at an address, or says none: the last four digits of a postal code say nothing more."""
        last = self._at
        if last is None or last[0] is not party or last[1] is not home:
            last = self._at = (party, home, not party.address.lines or _where(party.address) == _where(home))
        return last[2]

    def member(self, patient: Insured, number: str) -> Insured:
        """A patient as a plan's member; the same for claims beside each other."""
        last = self._member
        if last is None or last[0] is not patient or last[1] != number:
            last = self._member = (patient, number, replace(patient, member_id=number))
        return last[2]


class Parties:
    """The providers and places of one Claim's record, each read once."""

    def __init__(self, record: Record, claim: JsonObject, lacks: list[str], kept: KeptParties) -> None:
        self._kept = kept
        self._record = record
        self._claim = claim
        self._lacks = lacks
        self._people: dict[str, Person] = {}

    def person(self, found: tuple[str, JsonObject], on: Date | None) -> Person:
        """A Patient or RelatedPerson."""
        key, resource = found
        if key not in self._people:
            self._people[key] = read_subject(key, resource, self._record.faults(key.partition("#")[0]), on)
        return self._people[key]

    def provider(self, reference: JsonObject, member: JsonObject, role: str) -> ClaimParty:
        """Who a careTeam member is. A rendering or referring provider needs a name and an NPI."""
        found = self._record.resolver.resolve(reference, self._claim)
        if found is not None and found[1].get("resourceType") == "PractitionerRole":
            found = self._record.resolver.resolve(fj.child(found[1], "practitioner"), found[1])
        taxonomy = next((c for s, c in fj.codings(fj.child(member, "qualification")) if s == names.NUCC), "")
        if found is None:
            identifier = fj.child(reference, "identifier")
            named = fj.text(identifier, "value") if fj.text(identifier, "system") == names.NPI else None
            shown = fj.text(reference, "display") or ""
            self._need(False, f"name of the {role} provider (the host did not give the record)")
            return ClaimParty(shown, npi=named or "", taxonomy=taxonomy)
        party = self._kept.providers.of(*found, self._record)
        self._need(bool(party.npi), f"NPI of {found[0]} ({role})")
        self._need(party.organization or bool(party.last_name), f"family name of {found[0]} ({role})")
        return self._kept.qualified(found[0], party, taxonomy) if taxonomy else party

    def insured(self, found: tuple[str, JsonObject], on: Date | None) -> Insured:
        """The patient, with what a payer needs of him."""
        key, resource = found
        if any("period" in name for name in fj.children(resource, "name")):
            insured, missing = _insured(resource, self._record.faults(key.partition("#")[0]), on)
        else:
            insured, missing = self._kept.patients.of(key, resource, self._record)
        for what in missing:
            self._need(False, f"{what} of {key}")
        return insured

    def member(self, patient: Insured, number: str) -> Insured:
        """A patient as a plan's member."""
        return self._kept.member(patient, number)

    def group(self, coverage: str) -> str:
        """The group number of a coverage; "" without one."""
        return self._kept.groups.of(coverage, self._record.resources[coverage], self._record) or ""

    def place(self, found: tuple[str, JsonObject]) -> ClaimParty:
        """A Location or Organization where it was done."""
        return self._kept.places.of(*found, self._record)

    def is_at(self, party: ClaimParty, home: Address) -> bool:
        """Whether a place is at an address, or says none."""
        return self._kept.is_at(party, home)

    def _need(self, there: bool, what: str) -> None:
        if not there and what not in self._lacks:
            self._lacks.append(what)


def _where(address: Address) -> tuple[str, ...]:
    lines = " ".join(address.lines)
    return (*(part.strip().upper() for part in (lines, address.city, address.state)), address.postal_code[:5])


def address_of(resource: JsonObject) -> Address:
    """Where somebody lives, or where a place is: FHIR Address, old ones left out."""
    listed = fj.children(resource, "address") if isinstance(resource.get("address"), list) else []
    single = fj.child(resource, "address") if isinstance(resource.get("address"), dict) else fj.NOTHING
    current = [one for one in (*listed, single) if one is not fj.NOTHING and fj.text(one, "use") != "old"]
    if not current:
        return Address()
    best = min(current, key=lambda one: _USES.get(fj.text(one, "use") or "", 5))
    country = (fj.text(best, "country") or "").strip().upper()
    written = best.get("line")
    lines = (
        [one.strip() for one in written if isinstance(one, str) and one.strip()] if isinstance(written, list) else []
    )
    return Address(
        tuple([one for one in lines if one][:_LINES]),
        (fj.text(best, "city") or "").strip(),
        (fj.text(best, "state") or "").strip().upper(),
        re.sub(r"[^0-9A-Za-z]", "", fj.text(best, "postalCode") or ""),
        "" if country in _US else country[:3],
    )


def _license(resource: JsonObject) -> str:
    for identifier in fj.children(resource, "identifier"):
        kinds = {code for _, code in fj.codings(fj.child(identifier, "type"))}
        if kinds & _LICENSE_TYPES:
            return fj.text(identifier, "value") or ""
    return ""


def commonest(people: list[ClaimParty | None]) -> ClaimParty | None:
    """Who did most lines; of several the first: 2310B, and the others stand at their lines."""
    some = [one for one in people if one is not None]
    if all(one is some[0] for one in some):
        return some[0] if some else None
    return max(some, key=lambda one: (some.count(one), -some.index(one))) if some else None


def same_provider(one: ClaimParty, other: ClaimParty) -> bool:
    """Whether two are one, by NPI."""
    return bool(one.npi) and one.npi == other.npi
