"""What became of claims: acknowledgements (TA1, 999, 277CA) and remittances (835 005010X221A1), each in a normal form.

Everything a file says is either in a field or kept word for word in ``kept``. Dollars are Decimal, never rounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date
from decimal import Decimal
from enum import StrEnum

from massage_billing.model.professional import LineAdjustment


class ClaimStanding(StrEnum):
    """How far a claim has come (DESIGN 17)."""

    NOT_SENT = "not sent"
    """In no file yet."""
    EXPORTED = "exported"
    """In a file; nobody said that it arrived."""
    ACKNOWLEDGED = "acknowledged"
    """The file was taken (999), nothing said of the claim."""
    ACCEPTED = "accepted"
    """The payer took it for adjudication (277CA)."""
    REJECTED = "rejected"
    """Refused before adjudication (TA1, 999, 277CA): it was never filed."""
    ADJUDICATED = "adjudicated"
    """The payer decided (835, ClaimResponse)."""


@dataclass(frozen=True, slots=True)
class StatusSaid:
    """One status of a claim or line (277CA STC)."""

    category: str
    """STC01-1: A1, A2 …"""
    code: str
    """STC01-2."""
    entity: str = ""
    """STC01-3."""
    words: str = ""
    """What it means; the codes where it is not known."""
    amount: Decimal | None = None
    """STC04."""
    effective: Date | None = None
    """STC02."""
    free_text: str = ""
    """STC12, as sent. May be PHI."""
    line: str = ""
    """REF*FJ or the line's place, where it is about one line."""
    action: str = ""
    """STC03 of a 277CA: WQ accepted, U rejected."""


@dataclass(frozen=True, slots=True)
class ClaimAcknowledged:
    """What a receiver says of one of our claims before it is adjudicated."""

    control: str
    """CLM01 as we wrote it (277CA 2200D TRN02); "" where it is about a whole file."""
    taken: bool | None
    """Accepted or rejected; None: neither is said."""
    reasons: tuple[StatusSaid, ...] = ()
    """Why."""
    payer_claim_number: str = ""
    """REF*1K."""
    clearinghouse_number: str = ""
    """REF*D9."""
    level: str = "claim"
    """Whom it is about: "claim"; "provider", all claims of one provider (2200C); "batch", all of a file (2200B)."""
    batch: str = ""
    """2200B TRN02: our number of the file (BHT03 of the 837)."""
    provider: str = ""
    """2100C NM109: NPI or tax id of the provider whose claim or claims it is."""
    trace: str = ""
    """TRN02, where ``control`` is another number: a 277 gives back the trace of the question, and REF*EJ is ours."""
    kept: tuple[str, ...] = ()
    """Segments that have no field here."""


@dataclass(frozen=True, slots=True)
class LinePaid:
    """One service line of a remittance (2110)."""

    code: str
    """SVC01-2."""
    modifiers: tuple[str, ...]
    """SVC01-3 to 6: a payer may drop some."""
    charge: Decimal
    """SVC02."""
    paid: Decimal
    """SVC03."""
    units_paid: Decimal
    """SVC05; 1 where the payer says nothing."""
    qualifier: str = "HC"
    """SVC01-1."""
    submitted_code: str = ""
    """SVC06-2, where the payer paid another code than was billed."""
    submitted_modifiers: tuple[str, ...] = ()
    """SVC06-3 to 6."""
    units_billed: Decimal | None = None
    """SVC07."""
    revenue_code: str = ""
    """SVC04."""
    dates: tuple[Date, ...] = ()
    """DTM*472, or *150 and *151."""
    control: str = ""
    """REF*6R: our number of the line."""
    adjustments: tuple[LineAdjustment, ...] = ()
    """CAS."""
    remarks: tuple[str, ...] = ()
    """LQ*HE: remittance advice remark codes (RARC)."""
    amounts: tuple[tuple[str, Decimal], ...] = ()
    """AMT: (qualifier, dollars); B6 is what the payer allows."""
    references: tuple[tuple[str, str], ...] = ()
    """REF: (qualifier, value)."""
    unreadable: tuple[str, ...] = ()
    """Amounts that are missing or no number ("SVC02", "CAS06"); zero stands for them, and the segment is kept."""
    kept: tuple[str, ...] = ()
    """Segments that have no field here."""

    @property
    def allowed(self) -> Decimal | None:
        """What the payer allows (AMT*B6)."""
        return next((amount for qualifier, amount in self.amounts if qualifier == "B6"), None)

    @property
    def of_patient(self) -> Decimal:
        """What is left to the patient (group PR)."""
        return sum((one.amount for one in self.adjustments if one.group == "PR"), Decimal(0))


@dataclass(frozen=True, slots=True)
class ClaimPaid:
    """One claim of a remittance (2100)."""

    place: int
    """Which CLP of the file it is, 1 first."""
    control: str
    """CLP01: our number of the claim."""
    status: str
    """CLP02: 1 primary, 2 secondary, 3 tertiary, 4 denied, 19-21 processed and forwarded, 22 reversal, 23, 25."""
    charge: Decimal
    """CLP03."""
    paid: Decimal
    """CLP04."""
    of_patient: Decimal
    """CLP05."""
    filing_indicator: str = ""
    """CLP06."""
    payer_claim_number: str = ""
    """CLP07."""
    facility: str = ""
    """CLP08: place of service, or the first two digits of a bill type."""
    frequency: str = ""
    """CLP09."""
    patient_member_id: str = ""
    """NM1*QC or *IL NM109. PHI: never in a message."""
    patient_name: tuple[str, str] = ("", "")
    """(last, first) of NM1*QC. PHI: never in a message."""
    rendering_npi: str = ""
    """NM1*82."""
    corrected_name: tuple[str, str] = ("", "")
    """(last, first) of NM1*74: as the payer has the insured. PHI: never in a message."""
    corrected_member_id: str = ""
    """NM1*74 NM109: the member id under which the payer has the patient. PHI: never in a message."""
    dates: tuple[Date, ...] = ()
    """DTM*232 and *233."""
    received: Date | None = None
    """DTM*050: when the payer had the claim."""
    adjustments: tuple[LineAdjustment, ...] = ()
    """CAS on the claim."""
    remarks: tuple[str, ...] = ()
    """MOA and MIA remark codes."""
    amounts: tuple[tuple[str, Decimal], ...] = ()
    """AMT: (qualifier, dollars)."""
    references: tuple[tuple[str, str], ...] = ()
    """REF: (qualifier, value)."""
    crossover: str = ""
    """NM1*TT: payer to which it was forwarded."""
    priority_payer: str = ""
    """NM1*PR: payer that, as this one says, pays before it."""
    lines: tuple[LinePaid, ...] = ()
    """2110."""
    unreadable: tuple[str, ...] = ()
    """Amounts that are missing or no number ("CLP03"); zero stands for them, and the segment is kept."""
    kept: tuple[str, ...] = ()
    """Segments that have no field here."""

    @property
    def reverses(self) -> bool:
        """Whether it takes an earlier payment back (CLP02 22)."""
        return self.status == "22"


@dataclass(frozen=True, slots=True)
class ProviderAdjustment:
    """Money that is moved beside the claims (PLB): a take-back, interest, a forwarded balance."""

    reason: str
    """PLB03-1: WO overpayment recovery, FB forwarding balance, L6 interest, 72 …"""
    reference: str
    """PLB03-2: mostly the payer's number of the claim it is about."""
    amount: Decimal
    """Dollars; positive takes from the payment."""
    provider: str
    """PLB01."""
    period: Date | None = None
    """PLB02: end of the fiscal year."""


@dataclass(frozen=True, slots=True)
class Remittance:
    """One 835: one payment with what it pays (ST to SE)."""

    trace: str
    """TRN02: number of the check or transfer."""
    payer_name: str
    """N1*PR."""
    payer_id: str
    """TRN03, else REF*2U or N104 of N1*PR."""
    paid: Decimal
    """BPR02."""
    credit: bool
    """BPR03 C; False: D."""
    method: str
    """BPR04: ACH, CHK, NON, FWT."""
    date: Date | None
    """BPR16: when the money moves."""
    payee_npi: str = ""
    """N1*PE with qualifier XX, or REF."""
    payee_tax_id: str = ""
    """N1*PE with qualifier FI, or REF*TJ."""
    produced: Date | None = None
    """DTM*405."""
    handling: str = ""
    """BPR01: C payment with the advice, I advice alone, H notice without a payment, D, P, U, X."""
    control: str = ""
    """ST02."""
    group_control: str = ""
    """GS06."""
    interchange_control: str = ""
    """ISA13."""
    sender: str = ""
    """ISA06: who sent the file."""
    complete: bool = True
    """False where SE is missing: the file ends too early, and more may have been paid."""
    unreadable: tuple[str, ...] = ()
    """Amounts outside of claims that are missing or no number ("BPR02", "PLB04")."""
    claims: tuple[ClaimPaid, ...] = ()
    """In the file's order."""
    adjustments: tuple[ProviderAdjustment, ...] = ()
    """PLB."""
    kept: tuple[str, ...] = ()
    """Segments that have no field here."""
    oddities: tuple[str, ...] = ()
    """What the standard does not allow, and reading did not fail of; without any of the data."""


@dataclass(frozen=True, slots=True)
class RemittanceHeader:
    """The beginning of a remittance that is read claim by claim; its claims follow, and a ``RemittanceEnd``."""

    remittance: Remittance
    """What stands before the first claim; nothing of claims, provider adjustments and the end."""


@dataclass(frozen=True, slots=True)
class RemittanceEnd:
    """The end of a remittance that is read claim by claim."""

    control: str
    """ST02."""
    claims: int
    """How many it has."""
    charge: Decimal
    """Sum of CLP03."""
    paid: Decimal
    """Sum of CLP04."""
    adjustments: tuple[ProviderAdjustment, ...] = ()
    """PLB."""
    complete: bool = True
    """False where SE is missing."""
    unreadable: tuple[str, ...] = ()
    """As of ``Remittance``, those of the header among them."""
    kept: tuple[str, ...] = ()
    """Segments after the first claim that have no field, and that belong to no claim."""
    oddities: tuple[str, ...] = ()
    """As of ``Remittance``, those of the header among them."""
