"""Codes of benefits in FHIR R4 and ours, both ways: what is written of a benefit's kind, and what others may mean.

FHIR's own value sets are examples (benefit-type, benefit-term …: binding strength "example"), so payers send what they
like, or words alone; a word is compared without case, spaces and hyphens.
"""

from __future__ import annotations

import re
from typing import Final

from massage_billing.fhir import names
from massage_billing.model import BenefitKind, CountUnit, Network

_NOT_A_LETTER: Final = re.compile(r"[^a-z0-9]+")
_SERVICE_TYPE: Final = re.compile(r"[A-Z0-9]{1,2}")
"""X12 data element 1365: one or two letters and digits."""
_PROCEDURE: Final = re.compile(r"[A-Z0-9][0-9]{3}[A-Z0-9]")
_MODIFIER: Final = re.compile(r"[A-Z0-9]{2}")

SERVICE_TYPE_SYSTEMS: Final = frozenset({names.X12_SERVICE_TYPE, names.X12_SERVICE_TYPE_005010, names.BENEFIT_CATEGORY})
"""Systems whose codes are X12 service types; FHIR's example categories take their codes from X12."""

HL7_TYPE: Final = {
    BenefitKind.COPAY: "copay",
    BenefitKind.COINSURANCE: "copay-percent",
    BenefitKind.DEDUCTIBLE: "deductible",
    BenefitKind.LIMIT: "benefit",
}
"""Code of ``BENEFIT_TYPE`` that a kind is also written with; a limit of visits is written as "visit"."""
HL7_VISIT: Final = "visit"
"""Code of ``BENEFIT_TYPE`` for a limit of visits."""

_KINDS: Final = {
    "benefit": BenefitKind.LIMIT,
    "limit": BenefitKind.LIMIT,
    "limits": BenefitKind.LIMIT,
    "limitation": BenefitKind.LIMIT,
    "limitations": BenefitKind.LIMIT,
    "unlimited": BenefitKind.UNLIMITED,
    "copay": BenefitKind.COPAY,
    "copayment": BenefitKind.COPAY,
    "copaypercent": BenefitKind.COINSURANCE,
    "copaypct": BenefitKind.COINSURANCE,
    "coinsurance": BenefitKind.COINSURANCE,
    "coinsurancepercent": BenefitKind.COINSURANCE,
    "deductible": BenefitKind.DEDUCTIBLE,
    "outofpocket": BenefitKind.OUT_OF_POCKET,
    "outofpocketmax": BenefitKind.OUT_OF_POCKET,
    "outofpocketmaximum": BenefitKind.OUT_OF_POCKET,
    "outofpocketstoploss": BenefitKind.OUT_OF_POCKET,
    "maxoutofpocket": BenefitKind.OUT_OF_POCKET,
    "noncovered": BenefitKind.NOT_COVERED,
    "notcovered": BenefitKind.NOT_COVERED,
    "excluded": BenefitKind.NOT_COVERED,
    "exclusions": BenefitKind.NOT_COVERED,
    "active": BenefitKind.ACTIVE,
    "activecoverage": BenefitKind.ACTIVE,
    "inactive": BenefitKind.INACTIVE,
}
"""HL7 benefit-type, HL7 coverage-copay-type and the words of X12 EB01, as bare letters."""
_UNITS: Final = {
    "visit": CountUnit.VISITS,
    "visits": CountUnit.VISITS,
    "units": CountUnit.UNITS,
    "hours": CountUnit.HOURS,
    "minutes": CountUnit.MINUTES,
    "days": CountUnit.DAYS,
    "months": CountUnit.MONTHS,
}
"""Words that say what is counted; as the type of a benefit each is a limit of them."""

_HL7_TERM: Final = {
    "year": "annual",
    "service-year": "annual",
    "calendar-year": "annual",
    "day": "day",
    "lifetime": "lifetime",
}
"""Words of ``Benefit.period`` that have a code in ``BENEFIT_TERM``."""
_PERIODS: Final = {
    "annual": "year",
    "annually": "year",
    "year": "year",
    "calendaryear": "calendar-year",
    "serviceyear": "service-year",
    "yeartodate": "year-to-date",
    "contract": "contract",
    "episode": "episode",
    "visit": "visit",
    "admission": "admission",
    "day": "day",
    "week": "week",
    "month": "month",
    "hour": "hour",
    "lifetime": "lifetime",
}
_NETWORKS: Final = {
    "in": Network.IN,
    "innetwork": Network.IN,
    "out": Network.OUT,
    "outofnetwork": Network.OUT,
    "both": Network.BOTH,
    "any": Network.BOTH,
    "inandout": Network.BOTH,
    "inandoutofnetwork": Network.BOTH,
}


def bare(word: str) -> str:
    """A word without case, spaces and punctuation: "Co-Insurance" is "coinsurance"."""
    return _NOT_A_LETTER.sub("", word.lower())


def kind_of(code: str) -> BenefitKind:
    """What a benefit type of somebody's means; OTHER for what is not known."""
    word = bare(code)
    return BenefitKind.LIMIT if word in _UNITS else _KINDS.get(word, BenefitKind.OTHER)


def unit_of(word: str) -> CountUnit:
    """What a word says is counted; NO_DATA for any that says nothing of it."""
    return _UNITS.get(bare(word), CountUnit.NO_DATA)


def period_of(word: str) -> str | None:
    """The word of ``Benefit.period`` for a term of somebody's; None where it is none of ours."""
    return _PERIODS.get(bare(word))


def term_of(period: str) -> str | None:
    """The code of ``BENEFIT_TERM`` for a period; None where FHIR has none."""
    return _HL7_TERM.get(period)


def network_of(word: str) -> Network | None:
    """The network that a word of somebody's means; None where it is none we know."""
    return _NETWORKS.get(bare(word))


def is_service_type(code: str) -> bool:
    """Whether a code has the form of an X12 service type."""
    return _SERVICE_TYPE.fullmatch(code) is not None


def is_procedure(code: str) -> bool:
    """Whether a code has the form of a CPT or HCPCS number."""
    return _PROCEDURE.fullmatch(code) is not None


def modifier_system(modifier: str) -> str | None:
    """System of a modifier: CPT's are two digits, HCPCS's begin with a letter; None for what is neither."""
    if _MODIFIER.fullmatch(modifier) is None:
        return None
    return names.CPT if modifier.isdigit() else names.HCPCS
