"""What a payer decided of a claim, as a ClaimResponse or ExplanationOfBenefit of the host says it (FHIR R4). Pure.

It becomes what a claim of a remittance becomes (``model.remittance.ClaimPaid``), so that both count alike. Amounts are
read by the categories of FHIR's ``adjudication`` and CARIN's ``C4BBAdjudication``, reasons by X12's codes (CARC, RARC);
the group of a reason (CO, PR …) is its category's code or text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date as Date
from decimal import Decimal
from typing import Final

from massage_billing.fhir import json as fj
from massage_billing.fhir import names
from massage_billing.fhir.claim_state import NOT_BILLING
from massage_billing.fhir.dates import first_day
from massage_billing.model.professional import LineAdjustment
from massage_billing.model.remittance import ClaimPaid, LinePaid
from massage_billing.ports import JsonObject
from massage_billing.ports.ledger import SentLine

_BENEFIT: Final = "benefit"
_PAID_TO: Final = frozenset({"paidtoprovider", "paidtopatient"})
"""What is paid, by whom it goes to, where nothing says it in one sum."""
_SUBMITTED: Final = "submitted"
_ELIGIBLE: Final = "eligible"
_OF_PATIENT: Final = "memberliability"
_SHARES: Final = frozenset({"copay", "deductible", "coinsurance"})
"""Parts of what the patient owes."""
_PATIENT: Final = "PR"
"""The group of what the patient owes (CAS01)."""
_PAID_STATUS, _DENIED_STATUS = "1", "4"
"""CLP02 of what is paid, at least in part, and of what is not."""
_DOLLARS: Final = "USD"
_ZERO: Final = Decimal(0)
_CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one resource says of one claim."""

    reference: str
    """"ClaimResponse/9"."""
    kind: str
    """"ClaimResponse" or "ExplanationOfBenefit"."""
    claim: str
    """"Claim/12", or the claim key it names; "" where it names neither."""
    state: str
    """"complete"; "error", refused before it was decided; else nothing to count: "queued", "partial", "gone"."""
    errors: tuple[str, ...] = ()
    """Codes of ClaimResponse.error."""
    paid: ClaimPaid | None = None
    """What was decided, where it is complete."""
    trace: str = ""
    """Number of the payment."""
    paid_on: Date | None = None
    """When the money moves."""
    problems: tuple[str, ...] = ()
    """Why it must not be counted: what does not add up, with the place."""


@dataclass(slots=True)
class _Amounts:
    """The adjudications of one item, or of the whole."""

    by_category: dict[str, Decimal]
    """Dollars by category."""
    adjustments: tuple[LineAdjustment, ...]
    """Reasons."""
    remarks: tuple[str, ...]
    """RARC."""
    grouped: bool
    """Every reason says its group and its dollars, so that it has to add up."""


def is_of_others(resource: JsonObject) -> bool:
    """Whether somebody else wrote it: what this program told the host is no news."""
    return all(system != names.SID_ANSWER_KEY for system, _ in fj.identifiers(resource))


def claim_named(resource: JsonObject) -> str:
    """ "Claim/12", or the claim key, that an answer names; "" where it names none."""
    pointed = fj.child(resource, "request") or fj.child(resource, "claim")
    identifier = fj.child(pointed, "identifier")
    key = fj.text(identifier, "value") if fj.text(identifier, "system") == names.SID_CLAIM_KEY else None
    return fj.text(pointed, "reference") or key or ""


def read_answer(resource: JsonObject, key: str, lines: Sequence[SentLine], groups: Collection[str]) -> Answer:
    """What an answer says. ``key`` and ``lines``: of our claim; ``groups``: what reasons are grouped by (CAS01)."""
    kind = fj.text(resource, "resourceType") or ""
    made = Answer(f"{kind}/{fj.text(resource, 'id')}", kind, claim_named(resource), _state(resource))
    if made.state == "error":
        codes = [code for one in fj.children(resource, "error") for _, code in fj.codings(fj.child(one, "code"))]
        return replace(made, errors=tuple(dict.fromkeys(codes)))
    if made.state != "complete":
        return made
    paid, problems = _Reader(resource, lines, groups).read(key)
    payment = fj.child(resource, "payment")
    return replace(
        made,
        paid=paid,
        problems=tuple(problems),
        trace=fj.text(fj.child(payment, "identifier"), "value") or "",
        paid_on=_day(payment, "date"),
    )


def _state(resource: JsonObject) -> str:
    if fj.text(resource, "status") != "active" or fj.text(resource, "use") in NOT_BILLING:
        return "gone"
    return fj.text(resource, "outcome") or "queued"


class _Reader:
    """Reads one answer that is complete."""

    def __init__(self, resource: JsonObject, lines: Sequence[SentLine], groups: Collection[str]) -> None:
        self._resource, self._lines, self._groups = resource, lines, groups
        self._problems: list[str] = []

    def read(self, key: str) -> tuple[ClaimPaid, list[str]]:
        """What was decided, and what does not add up."""
        resource = self._resource
        own = fj.text(resource, "resourceType") == "ExplanationOfBenefit"
        lines: list[LinePaid] = []
        owed = _ZERO
        for name in ("item", "addItem"):
            for n, one in enumerate(fj.children(resource, name)):
                line, share = self._line(one, f"{name}[{n}]", of_claim=name == "item" and not own)
                lines.append(line)
                owed += share
        whole = self._amounts(fj.children(resource, "adjudication"), "adjudication")
        totals = self._totals()
        charge = totals.get(_SUBMITTED, sum((one.charge for one in lines), _ZERO))
        paid = self._paid(totals, lines, whole)
        of_patient = _of_patient(totals, ())
        if of_patient is None:
            of_patient = _of_patient(whole.by_category, whole.adjustments)
        if of_patient is None:
            of_patient = owed
        self._adds_up(charge, paid, lines, whole)
        nothing = not paid and not of_patient
        numbers = [value for system, value in fj.identifiers(resource) if system != names.SID_ANSWER_KEY]
        return ClaimPaid(
            place=1, control=key, status=_DENIED_STATUS if nothing else _PAID_STATUS, charge=charge, paid=paid,
            of_patient=of_patient, payer_claim_number=next(iter(numbers), ""), adjustments=whole.adjustments,
            remarks=whole.remarks, lines=tuple(lines),
        ), self._problems  # fmt: skip

    def _line(self, item: JsonObject, place: str, *, of_claim: bool) -> tuple[LinePaid, Decimal]:
        """One item, and what of it is left to the patient. ``of_claim``: it names an item of our claim."""
        sequence = fj.whole(item, "itemSequence") or 0
        mine = self._lines[sequence - 1] if of_claim and 0 < sequence <= len(self._lines) else None
        amounts = self._amounts(fj.children(item, "adjudication"), place)
        codes = [code for system, code in fj.codings(fj.child(item, "productOrService")) if system in _SERVICES]
        modifiers = [code for one in fj.children(item, "modifier") for _, code in fj.codings(one)]
        found = amounts.by_category
        charge = found.get(_SUBMITTED)
        if charge is None:
            charge = self._money(fj.child(item, "net"), f"{place}.net")
        if charge is None:
            charge = mine.charge if mine else _ZERO
        paid = _paid(found)
        line = LinePaid(
            code=mine.code if mine else next(iter(codes), ""),
            modifiers=mine.modifiers if mine else tuple(modifiers),
            charge=charge, paid=paid or _ZERO, units_paid=fj.number(fj.child(item, "quantity"), "value") or Decimal(1),
            dates=tuple(day for day in [_day(item, "servicedDate")] if day),
            control=mine.control if mine else "",
            adjustments=_with_rest(amounts, charge, paid), remarks=amounts.remarks,
            amounts=(("B6", found[_ELIGIBLE]),) if _ELIGIBLE in found else (),
        )  # fmt: skip
        if amounts.grouped and line.charge - sum((one.amount for one in line.adjustments), _ZERO) != line.paid:
            self._problems.append(f"{place}: charge less adjustments is not what is paid.")
        return line, _of_patient(found, amounts.adjustments) or _ZERO

    def _amounts(self, adjudications: Iterable[JsonObject], place: str) -> _Amounts:
        found: dict[str, Decimal] = {}
        reasons: list[LineAdjustment] = []
        remarks: list[str] = []
        grouped = True
        for n, one in enumerate(adjudications):
            category = fj.child(one, "category")
            amount = self._money(fj.child(one, "amount"), f"{place}.adjudication[{n}].amount")
            names_ = [code for _, code in fj.codings(category)] + [fj.text(category, "text") or ""]
            codes = fj.codings(fj.child(one, "reason"))
            remarks += [code for system, code in codes if system == names.RARC]
            reason = next((code for system, code in codes if system == names.CARC), None)
            if reason is not None:
                group = next((name for name in names_ if name in self._groups), "")
                grouped = grouped and bool(group) and amount is not None
                owed = _PATIENT if _SHARES.union([_OF_PATIENT]).intersection(names_) else ""
                reasons.append(LineAdjustment(group or owed, reason, amount if amount is not None else _ZERO))
            if amount is not None:
                for name in names_[:1]:
                    found[name] = found.get(name, _ZERO) + amount
        return _Amounts(found, tuple(reasons), tuple(dict.fromkeys(remarks)), grouped and bool(reasons))

    def _totals(self) -> dict[str, Decimal]:
        found: dict[str, Decimal] = {}
        for n, one in enumerate(fj.children(self._resource, "total")):
            amount = self._money(fj.child(one, "amount"), f"total[{n}].amount")
            for _, code in fj.codings(fj.child(one, "category"))[:1]:
                if amount is not None:
                    found[code] = amount
        return found

    def _paid(self, totals: dict[str, Decimal], lines: Sequence[LinePaid], whole: _Amounts) -> Decimal:
        """Dollars that the payer pays: as the whole says; what the payment is, or the lines come to, else."""
        told = _paid(totals)
        if told is None:
            told = _paid(whole.by_category)
        if told is None:
            told = self._money(fj.child(fj.child(self._resource, "payment"), "amount"), "payment.amount")
        return sum((one.paid for one in lines), _ZERO) if told is None else told

    def _adds_up(self, charge: Decimal, paid: Decimal, lines: Sequence[LinePaid], whole: _Amounts) -> None:
        if not lines:
            return
        if sum((one.charge for one in lines), _ZERO) != charge:
            self._problems.append("total: the charges of its items are not the total submitted.")
        less = sum((one.amount for one in whole.adjustments), _ZERO)
        if sum((one.paid for one in lines), _ZERO) - less != paid:
            self._problems.append("total: what is paid for its items is not what is paid in all.")

    def _money(self, money: JsonObject, place: str) -> Decimal | None:
        """Dollars; what is no dollars is a problem."""
        if not money:
            return None
        amount = fj.number(money, "value")
        if amount is None or not amount.is_finite() or amount != round(amount, 2):
            self._problems.append(f"{place} is no amount in dollars and cents.")
            return None
        if (fj.text(money, "currency") or _DOLLARS) != _DOLLARS:
            self._problems.append(f"{place} is not in dollars.")
        return amount.quantize(_CENT)


_SERVICES: Final = frozenset({names.CPT, names.HCPCS})


def _paid(found: Mapping[str, Decimal]) -> Decimal | None:
    """What is paid, where these amounts say so."""
    if _BENEFIT in found:
        return found[_BENEFIT]
    some = [amount for name, amount in found.items() if name in _PAID_TO]
    return sum(some, _ZERO) if some else None


def _of_patient(found: Mapping[str, Decimal], reasons: Iterable[LineAdjustment]) -> Decimal | None:
    """What is left to the patient, where these amounts or reasons say so."""
    if _OF_PATIENT in found:
        return found[_OF_PATIENT]
    some = [amount for name, amount in found.items() if name in _SHARES]
    some = some or [one.amount for one in reasons if one.group == _PATIENT]
    return sum(some, _ZERO) if some else None


def _with_rest(amounts: _Amounts, charge: Decimal, paid: Decimal | None) -> tuple[LineAdjustment, ...]:
    """The reasons; the one of a line that is not paid at all and says no dollars is why none of it is."""
    only = amounts.adjustments
    if len(only) == 1 and not only[0].amount and not paid:
        rest = charge - sum((value for name, value in amounts.by_category.items() if name in _SHARES), _ZERO)
        return (replace(only[0], amount=rest),)
    return only


def _day(parent: JsonObject, name: str) -> Date | None:
    return first_day(parent, name, fj.Faults("", parent))
