"""By what a provider is known: NPI and taxonomy, as hosts write them."""

from __future__ import annotations

from typing import Final

from massage_billing.fhir import names
from massage_billing.fhir.json import Faults, child, children, codings, text
from massage_billing.ports import JsonObject

NPI_SYSTEMS: Final = frozenset({names.NPI, "urn:oid:2.16.840.1.113883.4.6"})
"""NPI by its URL and its OID (HL7 Terminology, NamingSystem npi)."""
TAXONOMY_SYSTEMS: Final = frozenset(
    {
        names.NUCC,
        "http://terminology.hl7.org/CodeSystem/v3-nuccProviderCodes",
        "urn:oid:2.16.840.1.113883.6.101",
    }
)
"""NUCC provider taxonomy by its URLs and its OID (HL7 Terminology)."""

_NPI_TYPE: Final = (names.IDENTIFIER_TYPE, "NPI")


def read_npi(resource: JsonObject, faults: Faults) -> str | None:
    """The NPI among a resource's identifiers; of two that differ neither counts."""
    found = read_npis(resource, faults)
    return found[0] if len(found) == 1 else None


def read_npis(resource: JsonObject, faults: Faults) -> list[str]:
    """The NPIs among a resource's identifiers, each once, by their system or, without one, by their type (v2-0203 NPI).

    Old ones do not count.
    """
    found: list[str] = []
    for identifier in children(resource, "identifier", faults):
        system = text(identifier, "system", faults)
        typed = system is None and _NPI_TYPE in codings(child(identifier, "type", faults), faults)
        if (typed or system in NPI_SYSTEMS) and text(identifier, "use", faults) != "old":
            value = text(identifier, "value", faults)
            if value is not None and value.strip() not in found:
                found.append(value.strip())
    return found
