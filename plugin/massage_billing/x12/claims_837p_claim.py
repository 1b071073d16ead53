"""One claim of an 837P: 2300, its providers (2310), other payers (2320, 2330), in the order of 005010X222A1."""

from __future__ import annotations

from collections.abc import Sequence

from massage_billing.model.professional import ClaimParty, LineAdjustment, OtherPayer, ProfessionalClaim
from massage_billing.x12 import claims_837p_parties as parties
from massage_billing.x12.claims_837p_codes import ADJUSTMENT_GROUPS
from massage_billing.x12.claims_837p_writer import ClaimWriter, d8

MOST_GROUPS = 5
"""CAS segments of a loop."""
MOST_REASONS = 6
"""Reasons of one CAS."""
_CLAIM = {1: "claim control number", 5: "place of service"}
_REFERENCES = {
    "9F": {2: "referral number"},
    "G1": {2: "authorization number"},
    "F8": {2: "payer's claim number"},
}
_NOTE = {2: "claim note"}
_DIAGNOSES = dict.fromkeys(range(1, 13), "diagnosis")
_OTHER_GROUP = {3: "group number"}
_MEMBER = "other subscriber's member id"


def claim_information(writer: ClaimWriter, claim: ProfessionalClaim) -> None:
    """2300 to 2330B. The lines follow."""
    writer.loop = "2300"
    causes: tuple[str, ...] = claim.accident_causes
    if claim.accident_state:
        causes = (*(*causes, "", "")[:3], claim.accident_state)
    writer.put_coded(
        "CLM", claim.control, writer.money(claim.total, "total charge", "CLM02"), "", "",
        (claim.place_of_service, "B", claim.frequency), "Y", "A" if claim.assigned else "C",
        "Y" if claim.assigned else "N", _release(claim), "", causes or "", names=_CLAIM,
    )  # fmt: skip
    if claim.onset is not None:
        writer.put("DTP", "431", "D8", d8(claim.onset))
    if claim.accident_date is not None:
        writer.put("DTP", "439", "D8", d8(claim.accident_date))
    if claim.paid_by_patient:
        writer.put("AMT", "F5", writer.money(claim.paid_by_patient, "amount the patient paid", "AMT02"))
    for qualifier, number in (("9F", claim.referral), ("G1", claim.authorization), ("F8", claim.payer_claim_number)):
        if number:
            writer.put("REF", qualifier, number, names=_REFERENCES[qualifier])
    if claim.note:
        writer.put("NTE", "ADD", claim.note, names=_NOTE)
    first, *others = claim.diagnoses
    writer.put_coded("HI", ("ABK", first), *(("ABF", code) for code in others), names=_DIAGNOSES)
    _providers(writer, claim)
    for place, other in enumerate(claim.others, 1):
        _other_payer(writer, claim, other, place)


def _release(claim: ProfessionalClaim) -> str:
    """CLM09, OI06: Y with the patient's signature, I where only the law lets it be told."""
    return "Y" if claim.signature_on_file else "I"


def treated_by(claim: ProfessionalClaim) -> ClaimParty:
    """Who is taken to have treated where a line does not say: 2310B, else the billing provider."""
    return claim.rendering or claim.billing


def _providers(writer: ClaimWriter, claim: ProfessionalClaim) -> None:
    """2310A to 2310D. The rendering provider stands there only where it is not who bills (TR3 rule of 2310B)."""
    if claim.referring is not None:
        writer.loop = "2310A"
        parties.person(writer, "DN", claim.referring, "referring provider")
    if claim.rendering is not None and claim.rendering.npi != claim.billing.npi:
        writer.loop = "2310B"
        parties.rendering(writer, claim.rendering)
    if claim.facility is not None:
        writer.loop = "2310C"
        if not claim.facility.organization:
            raise writer.wrong("service facility", "NM102", "has to be an organization")
        parties.with_npi(writer, "77", claim.facility, "service facility", needed=False)
        parties.address(writer, claim.facility.address, "service facility", needed=True, nine=True)
    if claim.supervising is not None:
        writer.loop = "2310D"
        parties.person(writer, "DQ", claim.supervising, "supervising provider")


def _other_payer(writer: ClaimWriter, claim: ProfessionalClaim, other: OtherPayer, place: int) -> None:
    """2320, 2330A, 2330B. What stands on lines is not told here again (TR3 rules of AMT*EAF and of 2330B DTP)."""
    told = [said for line in claim.lines for number, said in line.others if number == place]
    writer.loop = "2320"
    writer.put(
        "SBR", other.rank, other.relationship, other.group_number, "", other.insurance_type, "", "", "",
        other.payer.filing_indicator, names=_OTHER_GROUP,
    )  # fmt: skip
    adjustments(writer, other.adjustments)
    if other.paid is not None:
        writer.put("AMT", "D", writer.money(other.paid, "amount the other payer paid", "AMT02"))
    if other.left_to_patient is not None and all(said.left_to_patient is None for said in told):
        writer.put("AMT", "EAF", writer.money(other.left_to_patient, "amount left to the patient", "AMT02"))
    writer.put("OI", "", "", "Y" if other.assigned else "N", "", "", _release(claim))
    writer.loop = "2330A"
    member = other.insured.member_id.strip(" ") or writer.need("", _MEMBER, "NM109")
    parties.name(writer, "IL", other.insured.party, "other subscriber", ("MI", member))
    parties.address(writer, other.insured.party.address, "other subscriber")
    writer.loop = "2330B"
    parties.payer(writer, other.payer)
    if other.date is not None and not told:
        writer.put("DTP", "573", "D8", d8(other.date))
    if other.claim_number:
        writer.put("REF", "F8", other.claim_number, names=_REFERENCES["F8"])


def adjustments(writer: ClaimWriter, given: Sequence[LineAdjustment]) -> None:
    """CAS of 2320 and 2430: a segment for each group and six of its reasons, in the order in which they are given."""
    groups: dict[str, list[LineAdjustment]] = {}
    for one in given:
        groups.setdefault(one.group, []).append(one)
    count = 0
    for group, reasons in groups.items():
        writer.one_of(group, ADJUSTMENT_GROUPS, "adjustment group", "CAS01")
        for start in range(0, len(reasons), MOST_REASONS):
            values = [group]
            for one in reasons[start : start + MOST_REASONS]:
                values += _reason(writer, one)
            writer.put("CAS", *values, names=_REASON)
            count += 1
    if count > MOST_GROUPS:
        raise writer.wrong("adjustments", "CAS", f"need more than {MOST_GROUPS} segments")


def _reason(writer: ClaimWriter, one: LineAdjustment) -> tuple[str, str, str]:
    amount = writer.money(one.amount, "adjustment amount", "CAS03", negative=True)
    units = "" if one.quantity is None else writer.units(one.quantity, "adjustment quantity", "CAS04", none=True)
    return one.code or writer.need("", "adjustment reason", "CAS02"), amount, units


_REASON = dict.fromkeys((2, 5, 8, 11, 14, 17), "adjustment reason")
