"""What OpenEMR can do for this program: read from its CapabilityStatement, then from what was seen of it (DESIGN 20).

Stock OpenEMR takes no Claim, Task or Provenance. Where a module adds their routes, its CapabilityStatement lists them.
"""

from __future__ import annotations

from typing import Final

from massage_billing.hosts.capability import ELIGIBILITY, WRITTEN, Statement
from massage_billing.ports import Capabilities

READ: Final = frozenset(
    {
        "Encounter",
        "Procedure",
        "Observation",
        "ServiceRequest",
        "Condition",
        "Patient",
        "Coverage",
        "Practitioner",
        "PractitionerRole",
        "Organization",
        "Location",
        "Appointment",
    }
)
"""Types that are read of stock OpenEMR; its other types tell nothing of a visit."""
_OF_A_MODULE: Final = frozenset({*WRITTEN, *ELIGIBILITY, "ClaimResponse", "ExplanationOfBenefit", "Account", "Consent"})
"""Types that only a module gives it. Stock 8.2 lists Provenance, by id only."""
SCOPES: Final = tuple(f"system/{kind}.rs" for kind in sorted(READ))
"""SMART scopes to register and ask for; ``.rs`` is the form that OpenEMR has for every type."""

_STOCK: Final = (
    "It takes no Claim: claims wait in the outbox here, as drafts, until its module is installed. Nothing is billed "
    "through it until then; `superbill` and `explain` work.",
    "It takes no Task: holds are shown by `status` only.",
    "It takes no Provenance: what a claim rests on is kept in the audit trail only.",
    "It takes no CoverageEligibilityRequest and no CoverageEligibilityResponse: what payers answer about coverage is "
    "kept here only.",
    "It takes no transactions.",
    "It has no ClaimResponse or ExplanationOfBenefit: what was sent and answered is not seen on this host.",
)
_ALWAYS: Final = (
    "Its fee sheet never shows in FHIR: only procedure orders do. A visit that was only put on the fee sheet is held "
    "as no-charge-capture.",
    "Of a procedure order with several codes only the first is seen: one order a technique, or the others go unbilled.",
    "A code is seen as CPT only where it is stored as CPT4:97124; else the service is held for its code.",
    "It has no field for minutes of treatment: they come from a result in minutes of the procedure order (name its "
    "code under minutes.observations), and only where one order alone has its time and performer; else timed codes "
    "are held.",
    "Every Encounter is `finished` from check-in on: nothing says that a visit is done, so claims are drafts until "
    "somebody approves them.",
    "Times are taken as written: their offset is mostly wrong.",
    "Only Encounters say when they changed. Open holds and the visits of the last week are read again every run; an "
    "edit of an order of an older visit is not noticed (`run --since` reads it again).",
    "Diagnoses come from the orders and from issues linked to the visit; often they are text without a code, and held.",
    "Its Appointments name no order and no service: what is planned is not known, and eligibility is asked without a "
    "code.",
    "Of a repeating appointment only the first day is seen: its later days are in no sweep and in no huddle. Book a "
    "series as single appointments.",
    "Its orders record what was done and are no prescription: keep prescriptions, referrals and authorizations in "
    "papers.csv.",
    "Its Coverages do not say who the subscriber is: whoever is insured through somebody else cannot be asked about "
    "(subscriber-unknown); call that payer.",
    "A therapist without an NPI is not named by an appointment: who treats is not known, and no credential is looked "
    "for.",
    "It has no Account, Consent or Appointment tied to a visit: coverage is chosen by its order, and a wish not to "
    "tell the plan is not seen.",
    "It marks no practitioner's taxonomy but by a provider role (Administration, Users, Facility Specific User "
    "Information): without one, claims are held for the taxonomy.",
)


def offers(statement: Statement, type: str) -> bool:
    """Whether a type is listed, and one that this program reads."""
    if type in _OF_A_MODULE:
        return statement.reads(type) and "create" in statement.facts("Claim").interactions
    return type in READ and statement.reads(type)


def capabilities_of_openemr(statement: Statement) -> Capabilities:
    """What it means for us."""
    writable = frozenset(kind for kind in (*WRITTEN, *ELIGIBILITY) if "create" in statement.facts(kind).interactions)
    readable = frozenset(kind for kind in (*READ, *_OF_A_MODULE) if offers(statement, kind))
    missing = sorted(READ - readable)
    return Capabilities(
        software=statement.software,
        readable=readable,
        writable=writable,
        transaction="transaction" in statement.system,
        conditional_create="Claim" in writable and statement.facts("Claim").conditional_create,
        real_last_updated=False,
        finished_is_done=False,
        times_as_written=True,
        records_hold_writes="Claim" not in readable,  # stock OpenEMR holds none: the record holds all there are
        keys_unique=False,
        notes=(
            *(f"It offers no {kind}, which stock OpenEMR 8.2 does." for kind in missing),
            *(() if "Claim" in writable else _STOCK),
            *_ALWAYS,
        ),
    )
