"""The words of billing as frozen values: a visit, its services, its coverage, and what was decided.

Nothing here does I/O, reads a clock or knows FHIR. Dates are calendar dates at the site of service, minutes are whole
minutes, money is ``Decimal`` in US dollars, codes are strings ("97124", "GP", "M54.50").
"""

from massage_billing.model.clinic import (
    Clinic,
    Fee,
    Payer,
    Reading,
    Ruling,
    RulingKind,
)
from massage_billing.model.decision import (
    Because,
    ClaimLine,
    Decision,
    Finding,
    NotBilled,
)
from massage_billing.model.elsewhere import NOWHERE, Elsewhere, OnFirst, PaperUse, Worked
from massage_billing.model.paper import Paper, PaperKind, PaperNeed
from massage_billing.model.paper_use import PaperCount, UseState
from massage_billing.model.visit import (
    Accident,
    Coverage,
    Diagnosis,
    ForeignClaim,
    PayerRef,
    Problem,
    Referral,
    Service,
    Therapist,
    Visit,
)
from massage_billing.model.words import (
    CoverageKind,
    Effect,
    MinuteSource,
    Outcome,
    Result,
    Who,
)

__all__ = [
    "NOWHERE",
    "Accident",
    "Because",
    "ClaimLine",
    "Clinic",
    "Coverage",
    "CoverageKind",
    "Decision",
    "Diagnosis",
    "Effect",
    "Elsewhere",
    "Fee",
    "Finding",
    "ForeignClaim",
    "MinuteSource",
    "NotBilled",
    "OnFirst",
    "Outcome",
    "Paper",
    "PaperCount",
    "PaperKind",
    "PaperNeed",
    "PaperUse",
    "Payer",
    "PayerRef",
    "Problem",
    "Reading",
    "Referral",
    "Result",
    "Ruling",
    "RulingKind",
    "Service",
    "Therapist",
    "UseState",
    "Visit",
    "Who",
    "Worked",
]
