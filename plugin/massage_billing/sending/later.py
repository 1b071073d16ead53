"""A claim to the second payer, made of the claim to the first and of what that one answered. Pure. PHI.

It bills the same lines. What the first payer did stands in 2320, 2330B and 2430: what it paid, why not more, what it
left to the patient, its own number of the claim, and when.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date as Date
from decimal import Decimal

from massage_billing.errors import ClaimNotExportable
from massage_billing.fhir import json as fj
from massage_billing.fhir.keys import later_claim_key
from massage_billing.fhir.professional import ExportTerms, read_claim
from massage_billing.model import Visit
from massage_billing.model.professional import LineAdjudicated, LineAdjustment, ProfessionalClaim, ProfessionalLine
from massage_billing.ports import JsonObject, VisitRecord
from massage_billing.ports.ledger import AdjustmentRow, Submission
from massage_billing.remittance.adjudication import Adjudication, AnsweredLine, charged

_PRIMARY = "P"


def second_insurance(claim: JsonObject) -> JsonObject | None:
    """The insurance of a Claim that pays after the focal one; None where none does."""
    listed = sorted(fj.children(claim, "insurance"), key=lambda one: fj.whole(one, "sequence") or 0)
    places = [place for place, one in enumerate(listed) if fj.flag(one, "focal")]
    after = listed[places[0] + 1 :] if places else []
    return after[0] if after else None


def second_claim(
    record: VisitRecord, claim: JsonObject, visit: Visit, terms: ExportTerms, first: Submission,
    answers: Sequence[Adjudication],
) -> ProfessionalClaim:  # fmt: skip
    """The claim to the payer that comes second; ``terms.payer`` is its key. Raises ClaimNotExportable."""
    made = read_claim(record, _focal_second(claim), visit, terms)
    key = later_claim_key(first.key, made.rank)
    places = [place for place, one in enumerate(made.others, 1) if one.rank == _PRIMARY]
    if len(places) != 1 or made.rank == _PRIMARY:
        raise _refused(first, "does not say which payer comes first")
    (place,) = places
    other = replace(
        made.others[place - 1],
        paid=sum((one.whole.paid.paid for one in answers), Decimal(0)),
        left_to_patient=sum((one.whole.paid.of_patient for one in answers), Decimal(0)),
        claim_number=first.payer_claim_number,
        adjustments=tuple(_adjustment(row) for one in answers for row in one.whole.adjustments),
        date=max((day for one in answers if (day := _day(one.whole))), default=None),
    )
    others = (*made.others[: place - 1], other, *made.others[place:])
    told = [line for one in answers for line in one.lines]
    lines = tuple(_line(line, number, key, place, told, first) for number, line in enumerate(made.lines, 1))
    if told and charged(answers) != made.total:
        raise _refused(first, "was answered for other charges than it has")
    return replace(
        made, key=key, control=key, frequency="1", payer_claim_number="", lines=lines, others=others
    )  # fmt: skip


def _focal_second(claim: JsonObject) -> JsonObject:
    second = second_insurance(claim)
    listed = [{**one, "focal": one is second} for one in fj.children(claim, "insurance")]
    return {**claim, "insurance": listed}


def _line(
    line: ProfessionalLine, number: int, key: str, place: int, told: Sequence[AnsweredLine], first: Submission
) -> ProfessionalLine:
    """A line with what the first payer did with it."""
    mine = [one for one in told if one.paid.item == number]
    if told and not mine:
        raise _refused(first, f"has a line {number} of which the first payer's answer does not tell")
    return replace(line, control=f"{key}{number:02d}", others=tuple((place, _adjudicated(one)) for one in mine))


def _adjudicated(one: AnsweredLine) -> LineAdjudicated:
    paid = one.paid
    rows = tuple(_adjustment(row) for row in one.adjustments)
    return LineAdjudicated(paid.paid, paid.code, paid.modifiers, paid.units, rows, _day(one))


def _adjustment(row: AdjustmentRow) -> LineAdjustment:
    return LineAdjustment(row.group, row.reason, row.amount)


def _day(one: AnsweredLine) -> Date | None:
    return one.paid.date or (one.paid.at.date() if one.paid.at else None)


def _refused(first: Submission, why: str) -> ClaimNotExportable:
    what = f"{first.claim} of Encounter/{first.encounter} cannot be sent to a second payer: it {why}."
    return ClaimNotExportable(what, "Look at it with `claims show`; send it on paper where nothing else helps.")
