"""Whether an 835 balances, to the cent (005010X221A1, section 1.10.2).

line         SVC02 less its CAS is SVC03
claim        CLP03 less its CAS and those of its lines is CLP04; its lines' SVC02 add up to CLP03
transaction  CLP04 of all claims less PLB is BPR02

A positive adjustment takes from what is paid; those of a reversal (CLP02 22) are negated as its amounts are. CLP05 is
only looked at. What does not balance is told with its place: control numbers and counts, nothing of patients.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal

from massage_billing.model.remittance import ClaimPaid, LinePaid, Remittance, RemittanceEnd
from massage_billing.x12.remittance_values import ZERO

_CONTROL = re.compile(r"(?=.*[0-9])[A-Za-z0-9][A-Za-z0-9._/-]{0,37}").fullmatch
"""A control number; anything else that a payer writes there may be a name, and is not shown."""
_WITHOUT_PAYMENT = frozenset({"22", "25"})
"""CLP02 whose CLP05 says nothing: a reversal, a predetermination."""


@dataclass(frozen=True, slots=True)
class Imbalance:
    """One thing that does not add up."""

    code: str
    """"line", "claim", "lines" (of a claim), "transaction", "unreadable", "incomplete"; "patient", "reversal"."""
    where: str
    """"transaction 0001, claim 3 (MB12345), line 2"."""
    message: str
    """What does not add up, in words and dollars."""
    refuses: bool = True
    """The remittance must not be applied; False: a warning."""
    claim: int = 0
    """``ClaimPaid.place``; 0: the transaction."""
    line: int = 0
    """Which line of the claim, 1 first; 0: the claim."""
    told: Decimal | None = None
    """What the payer says."""
    reckoned: Decimal | None = None
    """What it adds up to."""

    def __str__(self) -> str:
        """For messages: nothing of patients in it."""
        return f"{self.where}: {self.message}"


@dataclass(slots=True)
class Balance:
    """Follows one remittance claim by claim, in little memory."""

    control: str
    """ST02."""
    paid: Decimal
    """BPR02, negative where money is taken (BPR03 D)."""
    claims: Decimal = field(default=ZERO)
    """CLP04 so far."""

    @classmethod
    def of(cls, header: Remittance) -> Balance:
        """Begin with what stands before the first claim."""
        return cls(_shown(header.control), header.paid if header.credit else -header.paid)

    def claim(self, claim: ClaimPaid) -> list[Imbalance]:
        """What does not add up in a claim."""
        self.claims += claim.paid
        found = self._unreadable(claim)
        all_lines = ZERO
        for place, line in enumerate(claim.lines, 1):
            adjusted = _adjusted(line)
            all_lines += adjusted
            if line.charge - adjusted != line.paid:
                words = f"charge {line.charge} less adjustments {adjusted}"
                found.append(self._odd("line", words, claim, place, line.paid, line.charge - adjusted))
        adjusted = _adjusted(claim) + all_lines
        if claim.charge - adjusted != claim.paid:
            words = f"charge {claim.charge} less adjustments {adjusted}"
            found.append(self._odd("claim", words, claim, 0, claim.paid, claim.charge - adjusted))
        charges = sum((line.charge for line in claim.lines), ZERO)
        if claim.lines and charges != claim.charge:
            message = f"the charges of its lines are {charges} and that of the claim is {claim.charge}"
            found.append(Imbalance("lines", self._where(claim), message, True, claim.place, 0, claim.charge, charges))
        return found + self._warnings(claim)

    def end(self, end: RemittanceEnd) -> list[Imbalance]:
        """What does not add up in the whole."""
        where = f"transaction {self.control}"
        found: list[Imbalance] = []
        if not end.complete:
            found.append(Imbalance("incomplete", where, "the file ends before the transaction does"))
        found += [
            Imbalance("unreadable", where, f"{place} is missing, no amount, or where it should not be")
            for place in end.unreadable
        ]
        moved = sum((one.amount for one in end.adjustments), ZERO)
        reckoned = self.claims - moved
        if reckoned != self.paid:
            message = (
                f"claims {self.claims} less provider adjustments {moved} is {reckoned}, and {self.paid} is paid "
                f"(difference {self.paid - reckoned})"
            )
            found.append(Imbalance("transaction", where, message, told=self.paid, reckoned=reckoned))
        return found

    def _unreadable(self, claim: ClaimPaid) -> list[Imbalance]:
        places = [(0, place) for place in claim.unreadable]
        places += [(number, place) for number, line in enumerate(claim.lines, 1) for place in line.unreadable]
        return [
            Imbalance(
                "unreadable", self._where(claim, line), f"{place} is missing or no amount", True, claim.place, line
            )
            for line, place in places
        ]

    def _warnings(self, claim: ClaimPaid) -> list[Imbalance]:
        """What a person may look at, and what stops nothing."""
        found: list[Imbalance] = []
        of_patient = sum((line.of_patient for line in claim.lines), ZERO)
        of_patient += sum((one.amount for one in claim.adjustments if one.group == "PR"), ZERO)
        where = self._where(claim)
        if claim.status not in _WITHOUT_PAYMENT and of_patient != claim.of_patient:
            message = f"CLP05 says {claim.of_patient} of the patient, and adjustments of group PR are {of_patient}"
            found.append(Imbalance("patient", where, message, False, claim.place, 0, claim.of_patient, of_patient))
        if claim.reverses and (claim.charge > 0 or claim.paid > 0):
            message = "a reversal has amounts that are not negated"
            found.append(Imbalance("reversal", where, message, False, claim.place, 0, claim.paid, None))
        return found

    def _odd(self, code: str, words: str, claim: ClaimPaid, line: int, told: Decimal, reckoned: Decimal) -> Imbalance:
        message = f"{words} is {reckoned}, and {told} is paid (difference {told - reckoned})"
        return Imbalance(code, self._where(claim, line), message, True, claim.place, line, told, reckoned)

    def _where(self, claim: ClaimPaid, line: int = 0) -> str:
        control = _shown(claim.control)
        named = f"claim {claim.place} ({control})" if control else f"claim {claim.place}"
        return f"transaction {self.control}, {named}" + (f", line {line}" if line else "")


def imbalances(remittance: Remittance) -> list[Imbalance]:
    """Everything of a whole remittance that does not add up; it may be applied where none of it refuses."""
    balance = Balance.of(remittance)
    found = [one for claim in remittance.claims for one in balance.claim(claim)]
    charge = sum((claim.charge for claim in remittance.claims), ZERO)
    end = RemittanceEnd(
        remittance.control, len(remittance.claims), charge, balance.claims, remittance.adjustments,
        remittance.complete, remittance.unreadable,
    )  # fmt: skip
    return found + balance.end(end)


def _adjusted(paid: ClaimPaid | LinePaid) -> Decimal:
    return sum((one.amount for one in paid.adjustments), ZERO)


def _shown(control: str) -> str:
    return control if _CONTROL(control) else ""
