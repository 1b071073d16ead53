"""Which CPT or HCPCS number a Procedure's code is, or maps to, and the body regions it names.

CPT modifiers have no place of their own on a FHIR R4 Procedure (THO lists them as codes of the CPT system for
Claim.item.modifier only), so none are read: a two-character code among the codings is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from massage_billing.fhir import names
from massage_billing.fhir.json import Faults, child, children, codings, text
from massage_billing.model import Problem, Result
from massage_billing.ports import JsonObject

CPT_SYSTEMS: Final = frozenset({names.CPT, "urn:oid:2.16.840.1.113883.6.12"})
"""CPT by its URL and its OID (HL7 Terminology, NamingSystem CPT)."""
HCPCS_SYSTEMS: Final = frozenset(
    {
        names.HCPCS,
        "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
        "urn:oid:2.16.840.1.113883.6.285",
    }
)
"""HCPCS Level II by its URLs and its OID (HL7 Terminology, NamingSystem hcpcs-Level-II)."""
PLACE_SYSTEMS: Final = frozenset(
    {
        names.PLACE_OF_SERVICE,
        "http://terminology.hl7.org/CodeSystem/POS",
        "urn:oid:2.16.840.1.113883.15.5",
        "urn:oid:2.16.840.1.113883.6.50",
    }
)
"""CMS place of service by its URLs and OIDs (HL7 Terminology, NamingSystems CMSPlaceofServiceCodes and POS)."""

_BILLABLE: Final = frozenset(CPT_SYSTEMS | HCPCS_SYSTEMS)
_NUMBER: Final = re.compile(r"(?:CPT4?:|HCPCS:)?([0-9]{4}[0-9A-Z]|[A-Z][0-9]{4})", re.IGNORECASE)
"""A CPT or HCPCS number, with the prefix that OpenEMR leaves on codes of surgery lists ("CPT4:97124")."""


class CodeRead(NamedTuple):
    """What was read from Procedure.code."""

    code: str | None
    """CPT or HCPCS number."""
    recorded_as: str
    """"system|code" it was read from; "" where nothing is coded."""
    problem: Problem | None = None
    """Why there is no number."""


@lru_cache(maxsize=4096)
def _number(code: str) -> str | None:
    """The bare CPT or HCPCS number of a code; None where it is none."""
    found = _NUMBER.fullmatch(code)
    return None if found is None else found[1].upper()


def read_code(procedure: JsonObject, where: str, code_map: Mapping[tuple[str, str], str], faults: Faults) -> CodeRead:
    """The number a Procedure is billed by.

    A CPT or HCPCS coding outranks what other codings map to, for it is what the therapist chose; codings of one rank
    that disagree give no number.
    """
    pairs = codings(child(procedure, "code", faults), faults)
    direct: dict[str, str] = {}
    mapped: dict[str, str] = {}
    for pair in pairs:
        system, code = pair
        if system in _BILLABLE or (not system and ":" in code):
            number = _number(code)
            if number is not None:
                direct.setdefault(number, f"{system}|{code}")
        elif pair in code_map:
            mapped.setdefault(code_map[pair], f"{system}|{code}")
    found = direct or mapped
    if len(found) == 1:
        return CodeRead(*found.popitem())
    first = f"{pairs[0][0]}|{pairs[0][1]}" if pairs else ""
    if found:
        detail = f"{where} has codes that are {len(found)} different services."
        return CodeRead(None, first, Problem("code-known", Result.FAIL, detail, where, "codes-disagree"))
    if pairs:
        detail = f"{where} has a code that neither is nor maps to CPT or HCPCS."
        return CodeRead(None, first, Problem("code-known", Result.FAIL, detail, where, "unmapped"))
    return CodeRead(None, "", Problem("code-known", Result.NO_DATA, f"{where} has no code.", where, "no-code"))


def read_regions(procedure: JsonObject, faults: Faults) -> tuple[str, ...]:
    """Body regions of a Procedure: "system|code" of each bodySite, else its text lower-cased; sorted, each once."""
    if "bodySite" not in procedure:
        return ()
    regions = set()
    for site in children(procedure, "bodySite", faults):
        pairs = codings(site, faults)
        if pairs:
            regions.add(f"{pairs[0][0]}|{pairs[0][1]}")
        else:
            words = text(site, "text", faults)
            if words is not None and words.strip():
                regions.add(" ".join(words.lower().split()))
    return tuple(sorted(regions))
