"""What is wrong with a claim as a whole, found before any of it is written (005010X222A1).

Segment order, lengths and characters are the writer's; here is what no form shows: totals, dates, pointers, who pays
when, and whether what other payers did adds up (1.4.4 of the guide, "Balancing").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date as Date
from decimal import Decimal

from massage_billing.model.professional import (
    LineAdjudicated,
    LineAdjustment,
    OtherPayer,
    ProfessionalClaim,
    ProfessionalLine,
)
from massage_billing.x12 import claims_837p_codes as codes
from massage_billing.x12.claims_837p_writer import ClaimWriter

MOST_LINES, MOST_DIAGNOSES, MOST_POINTERS, MOST_MODIFIERS = 50, 12, 4, 4
"""2400; HI; SV107; SV101."""
MOST_OTHERS, MOST_ADJUDICATIONS = 10, 15
"""2320; 2430 of one line."""
_DIAGNOSIS = re.compile(r"[A-Z][0-9][0-9A-Z]{1,5}")
"""ICD-10-CM without its point (TR3 note of HI)."""
_PROCEDURE = re.compile(r"[0-9A-Z]{5}")
_MODIFIER = re.compile(r"[0-9A-Z]{2}")
_PLACE = re.compile(r"[0-9]{2}")
_LINE_CONTROL = 30
"""REF*6R holds no more under HIPAA (TR3 note of REF02)."""


def check(writer: ClaimWriter, claim: ProfessionalClaim) -> None:
    """Raises ClaimNotExportable for the first thing that is wrong."""
    _claim(writer, claim)
    _insurance(writer, claim)
    _accident(writer, claim)
    _dates(writer, claim)
    writer.loop = "2400"
    _lines(writer, claim)
    if claim.others:
        _others(writer, claim)
        for place, other in enumerate(claim.others, 1):
            _balance(writer, claim, other, place)


def _claim(writer: ClaimWriter, claim: ProfessionalClaim) -> None:
    """2300: CLM, REF*F8, HI."""
    writer.loop = "2300"
    writer.need(claim.control, "claim control number", "CLM01")
    if not _PLACE.fullmatch(claim.place_of_service):
        raise writer.wrong("place of service", "CLM05", "has to be two digits")
    writer.one_of(claim.frequency, codes.FREQUENCIES, "claim frequency", "CLM05")
    if claim.frequency == "1" and claim.payer_claim_number:
        raise writer.wrong("payer's claim number", "REF02", "is for replacements and voids; this is an original")
    if claim.frequency != "1":
        writer.need(claim.payer_claim_number, "payer's claim number", "REF02")
    if not 1 <= len(claim.diagnoses) <= MOST_DIAGNOSES:
        raise writer.wrong("diagnoses", "HI", f"have to be 1 to {MOST_DIAGNOSES}")
    for code in claim.diagnoses:
        if not _DIAGNOSIS.fullmatch(code):
            raise writer.wrong("diagnosis", "HI", "is no ICD-10-CM code without its point")


def _insurance(writer: ClaimWriter, claim: ProfessionalClaim) -> None:
    """2000B and 2000C: SBR, PAT; REF*Y4 of an injury's payer."""
    writer.loop = "2000B"
    writer.one_of(claim.rank, codes.RANKS, "rank of the payer", "SBR01")
    _coverage(writer, claim.rank, claim.payer.filing_indicator, claim.insurance_type)
    insured = claim.patient or claim.subscriber
    if claim.patient is None and claim.relationship != codes.SELF:
        raise writer.wrong("relationship", "SBR02", "has to be 18 where the patient is the subscriber")
    if claim.patient is not None:
        writer.loop = "2000C"
        writer.one_of(claim.relationship, codes.RELATIONSHIPS, "relationship", "PAT01")
    if claim.payer.filing_indicator in codes.INJURY_INSURANCE:
        writer.loop = "2010BA" if claim.patient is None else "2010CA"
        writer.need(insured.property_casualty_number, "property and casualty claim number", "REF02")


def _coverage(writer: ClaimWriter, rank: str, filing: str, insurance_type: str) -> None:
    """SBR05, SBR09."""
    writer.one_of(filing, codes.FILING_INDICATORS, "claim filing indicator", "SBR09")
    if filing in codes.MEDICARE and rank != "P":
        writer.one_of(insurance_type, codes.INSURANCE_TYPES, "reason why Medicare is not first", "SBR05")
    elif insurance_type:
        raise writer.wrong("reason why Medicare is not first", "SBR05", "is only for Medicare that is not first")


def _accident(writer: ClaimWriter, claim: ProfessionalClaim) -> None:
    """CLM11 and DTP*439."""
    writer.loop, causes = "2300", claim.accident_causes
    if not causes:
        if claim.accident_date is not None or claim.accident_state:
            raise writer.wrong("cause of the accident", "CLM11", "is missing, although there is a date or a state")
        return
    for cause in causes:
        writer.one_of(cause, codes.CAUSES, "cause of the accident", "CLM11")
    if len(causes) > 2 or len(set(causes)) < len(causes):
        raise writer.wrong("causes of the accident", "CLM11", "have to be one or two that differ")
    if ("AA" in causes) != bool(claim.accident_state):
        raise writer.wrong("state of the accident", "CLM11", "is needed for an auto accident, and for no other")
    if claim.accident_date is None and causes != ("EM",):
        raise writer.wrong("date of the accident", "DTP03", "is missing")


def _dates(writer: ClaimWriter, claim: ProfessionalClaim) -> None:
    """What comes before what: birth, accident and onset; services; the day of writing."""
    served = [line.date for line in claim.lines]
    if not 1 <= len(served) <= MOST_LINES:
        raise writer.wrong("lines", "LX", f"have to be 1 to {MOST_LINES}")
    first, last = min(served), max(served)
    insured = claim.patient or claim.subscriber
    today = writer.envelope.written_at.date()
    writer.loop = "2300"
    for day, name, place in (
        (claim.onset, "date of onset", "DTP03"),
        (claim.accident_date, "date of the accident", "DTP03"),
        (insured.birth_date, "patient's birth date", "DMG02"),
    ):
        if day is not None and day > first:
            raise writer.wrong(name, place, "is after a date of service")
    if last > today:
        writer.loop = "2400"
        raise writer.wrong("date of service", "DTP03", "is after the day of writing")


def _lines(writer: ClaimWriter, claim: ProfessionalClaim) -> None:
    """2400: SV1, REF*6R, and CLM02 as their sum."""
    controls = [line.control for line in claim.lines if line.control]
    if len(set(controls)) < len(controls):
        raise writer.wrong("line control number", "REF02", "stands on two lines")
    for line in claim.lines:
        _line(writer, claim, line)
    if sum((line.charge for line in claim.lines), Decimal()) != claim.total:
        writer.loop = "2300"
        raise writer.wrong("total charge", "CLM02", "is not the sum of the lines")


def _line(writer: ClaimWriter, claim: ProfessionalClaim, line: ProfessionalLine) -> None:
    _procedure(writer, line.code, line.modifiers, "SV101")
    if len(line.control) > _LINE_CONTROL:
        raise writer.wrong("line control number", "REF02", f"has more than {_LINE_CONTROL} characters")
    if line.place_of_service and not _PLACE.fullmatch(line.place_of_service):
        raise writer.wrong("line's place of service", "SV105", "has to be two digits")
    pointers = line.pointers
    if not 1 <= len(pointers) <= MOST_POINTERS or len(set(pointers)) < len(pointers):
        raise writer.wrong("diagnosis pointers", "SV107", f"have to be 1 to {MOST_POINTERS} that differ")
    if min(pointers) < 1 or max(pointers) > len(claim.diagnoses):
        raise writer.wrong("diagnosis pointer", "SV107", "points to no diagnosis of the claim")
    if line.others:
        writer.loop = "2430"
        if len(line.others) > MOST_ADJUDICATIONS:
            raise writer.wrong("other payers' adjudications", "SVD", f"are more than {MOST_ADJUDICATIONS} on a line")
        for place, said in line.others:
            if not 1 <= place <= len(claim.others):
                raise writer.wrong("other payer", "SVD01", "is none of the claim's")
            _procedure(writer, said.code, said.modifiers, "SVD03")
        writer.loop = "2400"


def _procedure(writer: ClaimWriter, code: str, modifiers: tuple[str, ...], place: str) -> None:
    if not _PROCEDURE.fullmatch(code):
        raise writer.wrong("procedure code", place, "is no CPT or HCPCS code")
    if len(modifiers) > MOST_MODIFIERS or len(set(modifiers)) < len(modifiers):
        raise writer.wrong("modifiers", place, f"have to be at most {MOST_MODIFIERS} that differ")
    for modifier in modifiers:
        if not _MODIFIER.fullmatch(modifier):
            raise writer.wrong("modifier", place, "has to be two capital letters or digits")


def _others(writer: ClaimWriter, claim: ProfessionalClaim) -> None:
    """2320: SBR; SVD01 has to name one of them and no other."""
    writer.loop = "2320"
    if len(claim.others) > MOST_OTHERS:
        raise writer.wrong("other payers", "SBR", f"are more than {MOST_OTHERS}")
    ranks = [claim.rank, *(other.rank for other in claim.others)]
    if len(set(ranks)) < len(ranks):
        raise writer.wrong("rank of the payer", "SBR01", "is that of two payers of the claim")
    for other in claim.others:
        writer.one_of(other.rank, codes.RANKS, "rank of the payer", "SBR01")
        if other.relationship != codes.SELF:
            writer.one_of(other.relationship, codes.RELATIONSHIPS, "relationship", "SBR02")
        _coverage(writer, other.rank, other.payer.filing_indicator, other.insurance_type)
    named = [claim.others[place - 1].payer.payer_id for place in _on_lines(claim)]
    ids = [other.payer.payer_id for other in claim.others]
    if any(ids.count(one) > 1 for one in named):
        writer.loop = "2430"
        raise writer.wrong("other payer's id", "SVD01", "is that of two other payers of the claim")


def _on_lines(claim: ProfessionalClaim) -> set[int]:
    return {place for line in claim.lines for place, _ in line.others}


def _balance(writer: ClaimWriter, claim: ProfessionalClaim, other: OtherPayer, place: int) -> None:
    """1.4.4: charge = paid + adjustments, of each line and of the claim; the claim's payment is that of its lines."""
    writer.loop = "2320"
    said = [[one for number, one in line.others if number == place] for line in claim.lines]
    told = [one for line in said for one in line]
    if other.paid is None:
        if told or other.adjustments or other.left_to_patient is not None or other.date is not None:
            raise writer.wrong("amount the other payer paid", "AMT02", "is missing, although it has adjudicated")
        return
    on_claim = _sum(other.adjustments)
    if not told:
        if other.date is None:
            writer.loop = "2330B"
            raise writer.wrong("other payer's adjudication date", "DTP03", "is missing")
        if other.paid + on_claim != claim.total:
            raise writer.wrong("claim's adjustments", "CAS", "and what was paid are not the claim's total together")
    else:
        _balance_lines(writer, claim, said)
        writer.loop = "2320"
        if sum((one.paid for one in told), Decimal()) - on_claim != other.paid:
            raise writer.wrong("amount the other payer paid", "AMT02", "is not the sum of its lines")
    _adjudicated_on(writer, claim, [one.date or other.date for one in told] or [other.date])


def _balance_lines(writer: ClaimWriter, claim: ProfessionalClaim, said: list[list[LineAdjudicated]]) -> None:
    """A payer that tells of lines tells of all. One may stand there more than once, where it was split."""
    writer.loop = "2430"
    for line, told in zip(claim.lines, said, strict=True):
        if not told:
            raise writer.wrong("other payer's adjudication", "SVD", "stands on some lines and not on all")
        if sum((one.paid + _sum(one.adjustments) for one in told), Decimal()) != line.charge:
            raise writer.wrong("line's adjustments", "CAS", "and what was paid are not the line's charge together")


def _adjudicated_on(writer: ClaimWriter, claim: ProfessionalClaim, days: Iterable[Date | None]) -> None:
    """DTP*573: after the services, before the writing."""
    last, today = max(line.date for line in claim.lines), writer.envelope.written_at.date()
    for day in days:
        if day is not None and not last <= day <= today:
            raise writer.wrong("other payer's adjudication date", "DTP03", "is before a service, or after the writing")


def _sum(adjustments: Iterable[LineAdjustment]) -> Decimal:
    return sum((one.amount for one in adjustments), Decimal())
