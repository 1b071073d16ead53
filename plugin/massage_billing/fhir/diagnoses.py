"""The ICD-10-CM diagnoses of a visit, in the order in which they matter, each once; and what they say of an accident.

Order: Encounter.diagnosis by rank, then Conditions recorded in this Encounter, then the reasons of its Procedures, then
the Encounter's own reasons. Conditions that were refuted or entered in error never count. A patient's problem list by
itself is no diagnosis of the visit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date as Date
from functools import lru_cache
from typing import Final, NamedTuple

from massage_billing.fhir import names
from massage_billing.fhir.dates import Clock
from massage_billing.fhir.json import Faults, child, children, codings, extensions, text, whole
from massage_billing.fhir.record import READABLE, Record
from massage_billing.model import Accident, Diagnosis
from massage_billing.ports import JsonObject

CM_SYSTEMS: Final = frozenset(
    {names.ICD10CM, "http://terminology.hl7.org/CodeSystem/icd10CM", "urn:oid:2.16.840.1.113883.6.90"}
)
"""ICD-10-CM by its URLs and its OID (HL7 Terminology, NamingSystem icd10CM)."""
ICD_SYSTEMS: Final = CM_SYSTEMS | {"http://hl7.org/fhir/sid/icd-10", "urn:oid:2.16.840.1.113883.6.3"}
"""And ICD-10, by which OpenEMR names ICD-10-CM codes."""

_CODE: Final = re.compile(r"(?:ICD10:)?([A-Z][0-9A-Z]{2})\.?([0-9A-Z]{0,4})", re.IGNORECASE)
"""An ICD-10-CM code, with its point or without (837P has none), with the prefix that OpenEMR's lists have. Since the
release of 2026 the second character may be a letter ("QA0.0101")."""
_NOT_SO: Final = frozenset({"refuted", "entered-in-error"})
"""Condition.verificationStatus that takes a diagnosis back."""

_TRANSPORT: Final = re.compile(r"V[0-9][0-9]")
"""ICD-10-CM chapter 20, V00-V99: transport accidents."""
_MOTOR: Final = re.compile(r"V(?:0[2-4]|1[2-4]|[2-7][0-9])")
"""Of those: hit by, riding or driving a motor vehicle (V02-V04, V12-V14, V20-V79)."""
_AT_WORK: Final = re.compile(r"Y99\.[01]")
"""ICD-10-CM Y99.0 and Y99.1: it happened at work, civilian or military."""
_KINDS: Final = frozenset({"MVA", "WPA", "SCHOOL", "SPT"})
"""v3-ActCode accident types, as Claim.accident.type uses them."""
_DUE_TO: Final = "http://hl7.org/fhir/StructureDefinition/condition-dueTo"
"""FHIR R4 extension on Condition: what it was caused by."""


class ConceptRead(NamedTuple):
    """What a CodeableConcept says of diagnoses and accidents."""

    codes: Sequence[str] = ()
    """ICD-10-CM codes with their point, each once; ICD-10 ones where none says CM."""
    signs: Sequence[str | None] = ()
    """One entry for each sign of an accident: its v3-ActCode kind, or None where only that there was one."""


@lru_cache(maxsize=8192)
def _pointed(code: str) -> str | None:
    """An ICD-10-CM code in capitals with its point; None where it has not the form of one."""
    match = _CODE.fullmatch(code.strip())
    if match is None:
        return None
    category, rest = match[1].upper(), match[2].upper()
    return f"{category}.{rest}" if rest else category


def read_concept(concept: JsonObject, faults: Faults) -> ConceptRead:
    """Diagnoses of a CodeableConcept, and what it says of an accident."""
    of_cm: list[str] = []
    of_icd: list[str] = []
    signs: list[str | None] = []
    for coding in children(concept, "coding", faults):
        system, code = text(coding, "system", faults), text(coding, "code", faults)
        if code is None:
            continue
        if system in ICD_SYSTEMS:
            pointed = _pointed(code)
            if pointed is None:
                faults.add(coding, "code", "is not an ICD-10-CM code")
            else:
                (of_cm if system in CM_SYSTEMS else of_icd).append(pointed)
        elif system == names.ACT_CODE and code in _KINDS:
            signs.append(code)
    codes = of_cm or of_icd
    for code in codes:
        if code[0] == "Y" and _AT_WORK.match(code):
            signs.append("WPA")
        elif code[0] == "V" and _TRANSPORT.match(code):
            signs.append("MVA" if _MOTOR.match(code) else None)
    return ConceptRead(codes if len(codes) < 2 else list(dict.fromkeys(codes)), signs)


def _stands(condition: JsonObject, faults: Faults) -> bool:
    if "verificationStatus" not in condition:
        return True
    status = child(condition, "verificationStatus", faults)
    return _NOT_SO.isdisjoint(code for _, code in codings(status, faults))


class Diagnoses:
    """Reads the diagnoses of one visit's record, and keeps what they say of an accident."""

    __slots__ = ("_conditions", "_counted", "_record", "_signs", "patient")

    def __init__(self, record: Record) -> None:
        self.patient: str | None = None
        """Whose visit it is; a Condition of another patient is noted."""
        self._record = record
        self._conditions: dict[str, tuple[ConceptRead, list[Diagnosis]]] = {}
        self._counted: dict[str, None] = {}
        self._signs: list[tuple[str, str | None]] = []

    def reasons(self, resource: JsonObject, where: str, faults: Faults, *, done: bool = True) -> list[Diagnosis]:
        """What a Procedure or Encounter gives as its reason, in its order: reasonReference, then reasonCode. Where the
        Procedure was not ``done``, that is no evidence of an accident."""
        found: list[Diagnosis] = []
        if "reasonReference" in resource:
            for reference in children(resource, "reasonReference", faults):
                found.extend(self._referred(reference, resource, where, "reasonReference", faults, done=done))
        if "reasonCode" in resource:
            for concept in children(resource, "reasonCode", faults):
                read = read_concept(concept, faults)
                found.extend(Diagnosis(code, where) for code in read.codes)
                self._signs.extend((where, sign) for sign in read.signs if done)
        return found

    def of_visit(
        self, encounter: JsonObject, where: str, reasons: Iterable[Diagnosis], recorded: Iterable[str]
    ) -> tuple[Diagnosis, ...]:
        """All diagnoses of the visit. ``reasons`` are those of its Procedures, ``recorded`` the Conditions that name
        the Encounter."""
        faults = self._record.faults(where)
        found: list[Diagnosis] = []
        ranked = [(whole(each, "rank", faults) or 10**6, each) for each in children(encounter, "diagnosis", faults)]
        if len(ranked) > 1:
            ranked.sort(key=lambda pair: pair[0])
        for _, each in ranked:
            condition = child(each, "condition", faults)
            found.extend(self._referred(condition, encounter, where, "diagnosis", faults))
        for key in recorded:
            found.extend(self._of_condition(key, self._record.resources[key]))
        found.extend(reasons)
        found.extend(self.reasons(encounter, where, faults))
        first: dict[str, Diagnosis] = {}
        for diagnosis in found:
            first.setdefault(diagnosis.code, diagnosis)
        return tuple(first.values())

    def _referred(
        self, reference: JsonObject, parent: JsonObject, where: str, element: str, faults: Faults, *, done: bool = True
    ) -> list[Diagnosis]:
        found = self._record.resolver.resolve(reference, parent, faults)
        if found is not None:
            is_condition = found[1].get("resourceType") == "Condition" or found[0].startswith("Condition/")
            return self._of_condition(found[0], found[1], done=done) if is_condition else []
        key = self._record.resolver.key(reference, parent)
        if key is not None and key.startswith("Condition/"):
            self._record.fail(READABLE, f"{where} {element} names {key}, which the host did not give.", about=where)
        return []

    def _of_condition(self, key: str, condition: JsonObject, *, done: bool = True) -> list[Diagnosis]:
        known = self._conditions.get(key)
        if known is None:
            if self.patient is not None:
                self._record.check_patient(key, condition, self.patient)
            faults = self._record.faults(key.partition("#")[0])
            read = self._read_condition(condition, faults) if _stands(condition, faults) else ConceptRead()
            known = self._conditions[key] = (read, [Diagnosis(code, key) for code in read.codes])
        if done and known[0].signs:
            self._counted[key] = None
        return known[1]

    def _read_condition(self, condition: JsonObject, faults: Faults) -> ConceptRead:
        read = read_concept(child(condition, "code", faults), faults)
        if "extension" not in condition:
            return read
        signs = list(read.signs)
        for extension in extensions(condition, _DUE_TO, faults):
            signs.extend(read_concept(child(extension, "valueCodeableConcept", faults), faults).signs)
        return ConceptRead(read.codes, signs)

    def onset(self, diagnoses: Iterable[Diagnosis], clock: Clock) -> Date | None:
        """Onset of the first diagnosis whose Condition gives a full date."""
        for diagnosis in diagnoses:
            day = self._onset_at(diagnosis.source, clock)
            if day is not None:
                return day
        return None

    def _onset_at(self, source: str, clock: Clock) -> Date | None:
        condition = self._record.resources.get(source) if source.startswith("Condition/") else None
        return None if condition is None else onset_day(condition, self._record.faults(source), clock)

    def accident(self, encounter: JsonObject, where: str, clock: Clock) -> Accident | None:
        """Evidence that an accident caused the visit: only what the record plainly says. Ask after ``of_visit``.

        That is: a diagnosis or reason of the visit that is an ICD-10-CM transport accident (V00-V99) or activity at
        work (Y99.0, Y99.1); a v3-ActCode accident type (MVA, WPA, SCHOOL, SPT) there or in Encounter.type; either in
        the dueTo extension of a Condition of the visit. Not evidence: an injury by itself, a fall or other external
        cause (a health plan's, mostly), the kind of a coverage, free text, reasons of what was not done.
        """
        signs = [(key, sign) for key in self._counted for sign in self._conditions[key][0].signs]
        signs.extend(self._signs)
        if "type" in encounter:
            faults = self._record.faults(where)
            for concept in children(encounter, "type", faults):
                signs.extend((where, sign) for sign in read_concept(concept, faults).signs)
        if not signs:
            return None
        source, kind = next((each for each in signs if each[1]), signs[0])
        return Accident(source, self._onset_at(source, clock), kind)


def onset_day(condition: JsonObject, faults: Faults, clock: Clock) -> Date | None:
    """Calendar date of a Condition's onset (onsetDateTime or the start of onsetPeriod), where it is a full date."""
    if "onsetDateTime" in condition:
        return clock.when(condition, "onsetDateTime", faults).day
    return clock.span(condition, "onsetPeriod", faults).start.day if "onsetPeriod" in condition else None
