"""A professional claim as an 837P tells it (ASC X12N 005010X222A1), read from a FHIR Claim and what it points at.

Names and birth dates are PHI: a value is made when a file is written, and never stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address in the United States (N3, N4)."""

    lines: tuple[str, ...] = ()
    """One or two lines (N301, N302)."""
    city: str = ""
    """N401."""
    state: str = ""
    """N402, two letters."""
    postal_code: str = ""
    """N403: 5 or 9 digits without a hyphen; the billing provider's has to have 9."""
    country: str = ""
    """N404; "" for the United States."""


@dataclass(frozen=True, slots=True)
class ClaimParty:
    """A person or an organization of a claim, with the number it is known by."""

    last_name: str
    """NM103: family name, or the organization's name."""
    first_name: str = ""
    """NM104; "" for an organization."""
    middle_name: str = ""
    """NM105."""
    suffix: str = ""
    """NM107."""
    organization: bool = False
    """NM102: 2 where it is one, else 1."""
    npi: str = ""
    """NM109 with qualifier XX."""
    taxonomy: str = ""
    """PRV03: NUCC provider taxonomy."""
    tax_id: str = ""
    """REF*EI, nine digits; of a billing provider known by a social security number REF*SY (``tax_id_is_ssn``)."""
    tax_id_is_ssn: bool = False
    """The tax id is a social security number."""
    address: Address = Address()
    """Where it is; needed of billing provider, subscriber, patient."""
    phone: str = ""
    """PER*…*TE: digits only."""
    state_license: str = ""
    """REF*0B, where a payer wants the licence of the rendering provider."""


@dataclass(frozen=True, slots=True)
class Insured:
    """The subscriber of one coverage, or the patient (2010BA, 2010CA, 2330A)."""

    party: ClaimParty
    """Name and address."""
    member_id: str = ""
    """NM109 with qualifier MI: as on the card."""
    birth_date: Date | None = None
    """DMG02."""
    gender: str = "U"
    """DMG03: F, M or U."""
    property_casualty_number: str = ""
    """REF*Y4: the payer's number of the injury; on the patient where that is not the subscriber."""


@dataclass(frozen=True, slots=True)
class ClaimPayer:
    """Who is billed (2010BB, 2330B)."""

    key: str
    """Payer key of payers.yaml."""
    name: str
    """NM103."""
    payer_id: str
    """NM109 with qualifier PI."""
    address: Address = Address()
    """Where it is, where somebody knows."""
    filing_indicator: str = "CI"
    """SBR09: CI commercial, BL Blue Cross, MB Medicare, MC Medicaid, WC, AM, VA, CH …"""


@dataclass(frozen=True, slots=True)
class LineAdjustment:
    """One reason why an amount was not paid (CAS)."""

    group: str
    """CO, PR, OA, PI, CR."""
    code: str
    """Claim adjustment reason code (CARC)."""
    amount: Decimal
    """Dollars; negative where it adds."""
    quantity: Decimal | None = None
    """Units, where the payer says some."""


@dataclass(frozen=True, slots=True)
class LineAdjudicated:
    """What another payer did with a line (2430)."""

    paid: Decimal
    """SVD02."""
    code: str
    """SVD03-2."""
    modifiers: tuple[str, ...] = ()
    """SVD03-3 to 6."""
    units: Decimal = Decimal(1)
    """SVD05: units paid."""
    adjustments: tuple[LineAdjustment, ...] = ()
    """CAS."""
    date: Date | None = None
    """DTP*573: when it was adjudicated."""
    left_to_patient: Decimal | None = None
    """AMT*EAF: what the patient still owes."""


@dataclass(frozen=True, slots=True)
class OtherPayer:
    """Another coverage of the claim: one that has paid before, or that pays after (2320)."""

    rank: str
    """SBR01: P, S, T."""
    relationship: str
    """SBR02: the patient's to this subscriber, X12 1069: 18 self, 01 spouse, 19 child, G8 other."""
    insured: Insured
    """Its subscriber (2330A)."""
    payer: ClaimPayer
    """Who it is (2330B)."""
    group_number: str = ""
    """SBR03."""
    insurance_type: str = ""
    """SBR05: why Medicare is not the first to pay, where it is this payer and is not."""
    paid: Decimal | None = None
    """AMT*D: what it paid; None where it has not adjudicated."""
    left_to_patient: Decimal | None = None
    """AMT*EAF."""
    claim_number: str = ""
    """REF*F8 of 2330B: its own number of the claim."""
    adjustments: tuple[LineAdjustment, ...] = ()
    """CAS on the claim as a whole."""
    assigned: bool = True
    """OI03."""
    date: Date | None = None
    """DTP*573 of 2330B."""


@dataclass(frozen=True, slots=True)
class ProfessionalLine:
    """One service line (2400)."""

    code: str
    """SV101-2: CPT or HCPCS."""
    modifiers: tuple[str, ...]
    """SV101-3 to 6, at most four."""
    charge: Decimal
    """SV102: dollars of the line."""
    units: Decimal
    """SV104, unit of measure UN."""
    pointers: tuple[int, ...]
    """SV107: places in ``ProfessionalClaim.diagnoses``, 1 first, at most four."""
    date: Date
    """DTP*472."""
    rendering: ClaimParty | None = None
    """2420A, where it is another one than the claim's."""
    control: str = ""
    """REF*6R: our number of the line, which the 835 gives back."""
    place_of_service: str = ""
    """SV105, where it is another one than the claim's."""
    others: tuple[tuple[int, LineAdjudicated], ...] = ()
    """(place in ``ProfessionalClaim.others``, 1 first, what that payer did with the line)."""


@dataclass(frozen=True, slots=True)
class ProfessionalClaim:
    """One claim to one payer (2000B, 2000C, 2300 and what stands in them)."""

    key: str
    """Claim key (``fhir.keys.claim_key``); not in the file."""
    reference: str
    """"Claim/12"; not in the file."""
    encounter: str
    """Encounter id; not in the file."""
    control: str
    """CLM01: our number of the claim, which every answer gives back; at most 20 characters."""
    billing: ClaimParty
    """2010AA."""
    payer: ClaimPayer
    """2010BB: the destination."""
    subscriber: Insured
    """2010BA."""
    patient: Insured | None
    """2010CA; None where the patient is the subscriber."""
    relationship: str
    """SBR02 or PAT01: 18 self, 01 spouse, 19 child, G8 other."""
    rank: str
    """SBR01: P, S, T."""
    total: Decimal
    """CLM02: dollars."""
    place_of_service: str
    """CLM05-1."""
    frequency: str
    """CLM05-3: 1, 7, 8."""
    diagnoses: tuple[str, ...]
    """HI: ICD-10-CM without a point, the principal one first; at most twelve."""
    lines: tuple[ProfessionalLine, ...]
    """1 to 50."""
    group_number: str = ""
    """SBR03."""
    group_name: str = ""
    """SBR04, only without a group number."""
    insurance_type: str = ""
    """SBR05: why Medicare is not the first to pay (12, 13, 14 …); needed where it is billed and is not the first."""
    assigned: bool = True
    """CLM07 A and CLM08 Y."""
    signature_on_file: bool = True
    """CLM10 is not sent since 2003; CLM09 Y, or I where only the law lets it be told."""
    rendering: ClaimParty | None = None
    """2310B; None where the billing provider did it."""
    referring: ClaimParty | None = None
    """2310A (NM1*DN)."""
    supervising: ClaimParty | None = None
    """2310D (NM1*DQ)."""
    facility: ClaimParty | None = None
    """2310C, where it is another place than the billing provider's."""
    onset: Date | None = None
    """DTP*431."""
    accident_date: Date | None = None
    """DTP*439."""
    accident_causes: tuple[str, ...] = ()
    """CLM11: AA auto, EM employment, OA other."""
    accident_state: str = ""
    """CLM11-4, of an auto accident."""
    authorization: str = ""
    """REF*G1."""
    referral: str = ""
    """REF*9F."""
    payer_claim_number: str = ""
    """REF*F8; needed with frequency 7 and 8."""
    note: str = ""
    """NTE*ADD, where a person wrote one."""
    paid_by_patient: Decimal | None = None
    """AMT*F5."""
    others: tuple[OtherPayer, ...] = ()
    """2320, in the order of ``rank``."""
