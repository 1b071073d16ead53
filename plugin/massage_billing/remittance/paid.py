"""What one claim of a remittance says, in words and rows for the ledger and as a ClaimResponse for the host."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date as Date
from datetime import datetime
from decimal import Decimal
from typing import Final

from massage_billing.fhir.claim_response import Answered, build_claim_response
from massage_billing.fhir.keys import answer_key
from massage_billing.fhir.serial import to_bytes
from massage_billing.model.professional import LineAdjustment
from massage_billing.model.remittance import ClaimPaid, ClaimStanding, LinePaid, Remittance
from massage_billing.ports.ledger import AdjustmentRow, PaidLine, Response, Said, Submission
from massage_billing.remittance.adjustments import words
from massage_billing.remittance.match import items_of

PREDETERMINATION: Final = "25"
"""CLP02 of what answers no claim."""
_DENIED: Final = "4"
_FORWARDED: Final = frozenset({"19", "20", "21"})
_SHOWN: Final = 4
"""Reasons that stand in one sentence; all stand in the rows."""


def said_of(paid: ClaimPaid, ours: Submission, source: str, now: datetime) -> Said:
    """What became of our claim."""
    return Said(
        key=ours.key,
        at=now,
        standing=ClaimStanding.ADJUDICATED,
        source=source,
        words=in_words(paid),
        payer_claim_number=paid.payer_claim_number,
        paid=paid.paid,
        of_patient=paid.of_patient,
        reverses=paid.reverses,
    )


def in_words(paid: ClaimPaid) -> str:
    """ "Paid $80.00 of $120.00; $20.00 of the patient; not paid: copay $20.00 (PR 3), …"."""
    verb = "Taken back" if paid.reverses else "Denied" if paid.status == _DENIED else "Paid"
    amount = "" if verb == "Denied" and not paid.paid else f" ${abs(paid.paid)} of ${abs(paid.charge)}"
    told = [f"{verb}{amount}"]
    if paid.of_patient:
        told.append(f"${paid.of_patient} of the patient")
    if paid.status in _FORWARDED:
        told.append("forwarded to another payer")
    reasons = list(_reasons(paid))
    if reasons:
        more = f" and {len(reasons) - _SHOWN} more" if len(reasons) > _SHOWN else ""
        told.append(f"not paid: {', '.join(reasons[:_SHOWN])}{more}")
    return "; ".join(told) + "."


def _reasons(paid: ClaimPaid) -> Iterator[str]:
    """Each reason once, with its dollars over all lines."""
    totals: dict[tuple[str, str, tuple[str, ...]], Decimal] = {}
    for one, _, line in _adjusted(paid):
        remarks = line.remarks if line else paid.remarks
        key = (one.group, one.code, remarks)
        totals[key] = totals.get(key, Decimal(0)) + one.amount
    for (group, code, remarks), amount in totals.items():
        yield f"{words(group, code, remarks).plain} ${amount} ({f'{group} {code}'.strip()})"


def _adjusted(paid: ClaimPaid) -> Iterator[tuple[LineAdjustment, int, LinePaid | None]]:
    """Every adjustment with its line's place, 0 for the claim's own."""
    for one in paid.adjustments:
        yield one, 0, None
    for place, line in enumerate(paid.lines, 1):
        for one in line.adjustments:
            yield one, place, line


def rows_of(paid: ClaimPaid, ours: Submission | None, file: str, payer: str) -> Iterator[AdjustmentRow]:
    """An AdjustmentRow for each adjustment. ``payer``: as the file names it, where the claim was not found."""
    places = items_of(paid, ours) if ours else (0,) * len(paid.lines)
    days = [day for line in paid.lines for day in line.dates] + list(paid.dates)
    for one, place, line in _adjusted(paid):
        mine = ours.lines[places[place - 1] - 1] if ours and line and places[place - 1] else None
        remarks = line.remarks if line else paid.remarks
        yield AdjustmentRow(
            key=ours.key if ours else "",
            file=file,
            place=paid.place,
            line=place,
            payer=ours.payer if ours else payer,
            code=(mine.code if mine else line.submitted_code or line.code) if line else "",
            therapist=mine.therapist if mine else paid.rendering_npi,
            date=_day(line, mine.date if mine else None, days),
            group=one.group,
            reason=one.code,
            remarks=remarks,
            amount=one.amount,
            rule=words(one.group, one.code, remarks).rule or "",
        )


def lines_of(paid: ClaimPaid, ours: Submission, file: str, header: Remittance) -> Iterator[PaidLine]:
    """What the payer did with the claim as a whole, then with each line."""
    day = header.date or header.produced
    yield PaidLine(
        ours.key, file, paid.place, 0, 0, paid.status, "", (), Decimal(0), paid.charge, paid.paid, paid.of_patient, day
    )
    for place, (line, item) in enumerate(zip(paid.lines, items_of(paid, ours), strict=True), 1):
        yield PaidLine(
            ours.key, file, paid.place, place, item, paid.status, line.code, line.modifiers, line.units_paid,
            line.charge, line.paid, line.of_patient, day,
        )  # fmt: skip


def _day(line: LinePaid | None, ours: Date | None, days: Sequence[Date]) -> Date | None:
    if ours is not None:
        return ours
    return (line.dates[0] if line and line.dates else None) or (days[0] if days else None)


def response_of(
    paid: ClaimPaid, ours: Submission, file: str, header: Remittance, payer_id: str, now: datetime
) -> Response:
    """The ClaimResponse for the host."""
    key = answer_key(file, paid.place)
    to = Answered(
        key, ours.claim, ours.patient, payer_id, header.date or now.date(), header.trace, header.date,
        items_of(paid, ours),
    )  # fmt: skip
    body = to_bytes(build_claim_response(paid, to, in_words(paid)))
    return Response(key, ours.host, ours.claim, ours.encounter, body)
