"""Which CPT or HCPCS number a Procedure's code is, or maps to, its modifiers, and the body regions it names.

FHIR R4 has no element for the modifiers of a Procedure (THO lists them as codes of the CPT system for
Claim.item.modifier). They are read where records have them: codings of two characters beside the number, behind it in
one code ("97140-59", "97140:59:GP", "97140 59"), and in our own extension.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from massage_billing.fhir import names
from massage_billing.fhir.json import Faults, child, children, codings, extensions, text
from massage_billing.model import Problem, Result
from massage_billing.ports import JsonObject

CPT_SYSTEMS: Final = frozenset({names.CPT, "urn:oid:2.16.840.1.113883.6.12"})
"""CPT by its URL and its OID (HL7 Terminology, NamingSystem CPT)."""
HCPCS_SYSTEMS: Final = frozenset(
    {
        names.HCPCS,
        "http://terminology.hl7.org/CodeSystem/HCPCS",
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
_NUMBER: Final = re.compile(
    r"(?:CPT4?:|HCPCS:)?([0-9]{4}[0-9A-Z]|[A-Z][0-9]{4})((?:[-: ][0-9A-Z]{2})*)", re.IGNORECASE | re.ASCII
)
"""A CPT or HCPCS number with the modifiers written behind it, and with the prefix that OpenEMR leaves on codes of
surgery lists ("CPT4:97124")."""
_MODIFIER: Final = re.compile(r"[0-9A-Z]{2}", re.IGNORECASE | re.ASCII)


class CodeRead(NamedTuple):
    """What was read from Procedure.code and the modifiers beside it."""

    code: str | None
    """CPT or HCPCS number."""
    recorded_as: str
    """"system|code" it was read from; "" where nothing is coded."""
    modifiers: tuple[str, ...] = ()
    """Modifiers in the order they are recorded, each once."""
    problem: Problem | None = None
    """Why there is no number, or which modifier could not be read."""


class _Said(NamedTuple):
    """What one CPT or HCPCS coding says."""

    number: str | None
    modifiers: tuple[str, ...]


@lru_cache(maxsize=4096)
def _said(code: str) -> _Said | None:
    """The number and modifiers of a CPT or HCPCS code, in capitals; None where it is neither."""
    found = _NUMBER.fullmatch(code)
    if found is not None:
        behind = found[2].upper()
        return _Said(found[1].upper(), tuple(behind[place : place + 2] for place in range(1, len(behind), 3)))
    return _Said(None, (code.upper(),)) if _MODIFIER.fullmatch(code) else None


def read_code(procedure: JsonObject, where: str, code_map: Mapping[tuple[str, str], str], faults: Faults) -> CodeRead:
    """The number a Procedure is billed by, and its modifiers.

    A CPT or HCPCS coding outranks what other codings map to, for it is what the therapist chose; codings of one rank
    that disagree give no number.
    """
    pairs = codings(child(procedure, "code", faults), faults)
    direct: dict[str, str] = {}
    mapped: dict[str, str] = {}
    modifiers: list[str] = []
    unread = False
    for pair in pairs:
        system, code = pair
        if system in _BILLABLE or (not system and ":" in code):
            said = _said(code)
            if said is None:
                unread = unread or bool(system)
                continue
            if said.number is not None:
                direct.setdefault(said.number, f"{system}|{code}")
            modifiers += said.modifiers
        elif pair in code_map:
            mapped.setdefault(code_map[pair], f"{system}|{code}")
    if "extension" in procedure:
        unread = not _from_extensions(procedure, modifiers, faults) or unread
    told = tuple(dict.fromkeys(modifiers)) if modifiers else ()
    found = direct or mapped
    if len(found) == 1:
        return CodeRead(*found.popitem(), told, _unreadable(where) if unread else None)
    first = f"{pairs[0][0]}|{pairs[0][1]}" if pairs else ""
    if found:
        detail = f"{where} has codes that are {len(found)} different services."
        return CodeRead(None, first, told, Problem("code-known", Result.FAIL, detail, where, "codes-disagree"))
    if pairs:
        detail = f"{where} has a code that neither is nor maps to CPT or HCPCS."
        return CodeRead(None, first, told, Problem("code-known", Result.FAIL, detail, where, "unmapped"))
    return CodeRead(None, "", told, Problem("code-known", Result.NO_DATA, f"{where} has no code.", where, "no-code"))


def _from_extensions(procedure: JsonObject, modifiers: list[str], faults: Faults) -> bool:
    """Add the modifiers of our own extension; whether each could be read."""
    sound = True
    for extension in extensions(procedure, names.EXT_MODIFIER, faults):
        coding = child(extension, "valueCoding", faults)
        system = text(coding, "system", faults)
        code = text(extension, "valueCode", faults) or text(coding, "code", faults)
        if code is None or not _MODIFIER.fullmatch(code) or (system is not None and system not in _BILLABLE):
            sound = False
        else:
            modifiers.append(code.upper())
    return sound


def _unreadable(where: str) -> Problem:
    detail = f"{where} has a modifier, or a code beside its number, that is not two letters or digits of CPT or HCPCS."
    return Problem("modifiers", Result.FAIL, detail, where, "unreadable")


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
