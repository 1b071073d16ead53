"""The service lines of an 837P: 2400, 2420A, 2430 (005010X222A1)."""

from __future__ import annotations

from massage_billing.model.professional import LineAdjudicated, OtherPayer, ProfessionalClaim, ProfessionalLine
from massage_billing.x12 import claims_837p_parties as parties
from massage_billing.x12.claims_837p_claim import adjustments, treated_by
from massage_billing.x12.claims_837p_writer import ClaimWriter, d8

_SERVICE = {1: "procedure code or modifier", 5: "line's place of service"}
_CONTROL = {2: "line control number"}
_PAID = {1: "other payer's id", 3: "paid procedure code or modifier"}


def service_line(writer: ClaimWriter, claim: ProfessionalClaim, number: int, line: ProfessionalLine) -> None:
    """One line. Place and rendering provider stand there only where they are not the claim's."""
    writer.loop = "2400"
    writer.put("LX", str(number))
    place = line.place_of_service
    writer.put_coded(
        "SV1", ("HC", line.code, *line.modifiers), writer.money(line.charge, "line charge", "SV102"), "UN",
        writer.units(line.units, "units", "SV104"), "" if place == claim.place_of_service else place, "",
        tuple(map(str, line.pointers)), names=_SERVICE,
    )  # fmt: skip
    writer.put("DTP", "472", "D8", d8(line.date))
    if line.control:
        writer.put("REF", "6R", line.control, names=_CONTROL)
    if line.rendering is not None and line.rendering.npi != treated_by(claim).npi:
        writer.loop = "2420A"
        parties.rendering(writer, line.rendering)
    for other, said in line.others:
        _adjudicated(writer, claim.others[other - 1], said)


def _adjudicated(writer: ClaimWriter, other: OtherPayer, said: LineAdjudicated) -> None:
    """2430: what another payer did with the line."""
    writer.loop = "2430"
    writer.put_coded(
        "SVD", other.payer.payer_id.strip(" "), writer.money(said.paid, "amount the other payer paid", "SVD02"),
        ("HC", said.code, *said.modifiers), "", writer.units(said.units, "paid units", "SVD05", none=True), names=_PAID,
    )  # fmt: skip
    adjustments(writer, said.adjustments)
    on = said.date or other.date
    if on is None:
        raise writer.wrong("other payer's adjudication date", "DTP03", "is missing")
    writer.put("DTP", "573", "D8", d8(on))
    if said.left_to_patient is not None:
        writer.put("AMT", "EAF", writer.money(said.left_to_patient, "amount left to the patient", "AMT02"))
