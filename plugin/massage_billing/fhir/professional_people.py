"""People and places of a claim, as an 837P has to name them: names, addresses, NPIs. PHI."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date as Date
from typing import Final

from massage_billing.fhir import json as fj
from massage_billing.fhir import names
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


class KeptParties:
    """Providers and places that many claims share, each read once an export."""

    def __init__(self) -> None:
        self.providers = Kept(_provider)
        self.places = Kept(_place)


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
        return replace(party, taxonomy=taxonomy) if taxonomy else party

    def place(self, found: tuple[str, JsonObject]) -> ClaimParty:
        """A Location or Organization where it was done."""
        return self._kept.places.of(*found, self._record)

    def _need(self, there: bool, what: str) -> None:
        if not there and what not in self._lacks:
            self._lacks.append(what)


def insured_of(key: str, resource: JsonObject, parties: Parties, on: Date | None, lacks: list[str]) -> Insured:
    """The patient of a claim, with what a payer needs of him; what is missing goes to ``lacks``."""
    person = parties.person((key, resource), on)
    address = address_of(resource)
    needed = {
        "family name": bool(person.last_name),
        "birth date": person.birth_date is not None,
        "address line": bool(address.lines),
        "city": bool(address.city),
        "state": bool(address.state) or bool(address.country),
        "postal code": bool(address.postal_code) or bool(address.country),
    }
    lacks += [f"{what} of {key}" for what, there in needed.items() if not there and f"{what} of {key}" not in lacks]
    party = ClaimParty(person.last_name, person.first_name, person.middle_name, person.suffix, address=address)
    return Insured(party, "", person.birth_date, person.gender or "U")


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
