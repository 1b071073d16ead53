"""What OpenEMR can do for this program: read from its CapabilityStatement, then from what was seen of it (DESIGN 20).

Stock OpenEMR takes no Claim, Task or Provenance. Its module (plugin/openemr/) adds them, and its CapabilityStatement
lists them. What this program may do there is what an administrator approved for its client.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
MODULE_READ: Final = ("ChargeItem", "ClaimResponse", "Consent")
"""Types that its module makes of the host's own tables: charges typed by hand, what was sent, the patient's wish."""
_OF_A_MODULE: Final = frozenset({*WRITTEN, *ELIGIBILITY, *MODULE_READ, "ExplanationOfBenefit", "Account"})
"""Types that only a module gives it. Stock 8.2 lists Provenance, by id only."""
SCOPES: Final = tuple(f"system/{kind}.rs" for kind in sorted(READ))
"""SMART scopes to register and ask for without the module; ``.rs`` is the form that OpenEMR has for every type."""
MODULE_SCOPES: Final = tuple(
    sorted(
        (
            *SCOPES,
            *(f"system/{kind}.rs" for kind in MODULE_READ),
            *(f"system/{kind}.crus" for kind in WRITTEN),
            *(f"system/{kind}.crs" for kind in ELIGIBILITY),
        )
    )
)
"""The same with the module: what is written is created, and but for questions and answers updated; nothing is ever
deleted. A scope of the module's fails the whole token while the module is disabled."""
ANEW: Final = (
    "Register the client anew (the button of the module's settings does), and have it enabled under Administration, "
    "System, API Clients."
)
"""What to do about a scope that lacks: OpenEMR does not let anybody change those of a client that is there."""

_STOCK: Final = (
    "It takes no Claim: claims wait in the outbox here, as drafts, until its module is installed. Nothing is billed "
    "through it until then; `superbill` and `explain` work.",
    "It takes no Task: holds are shown by `status` only.",
    "It takes no Provenance: what a claim rests on is kept in the audit trail only.",
    "It takes no CoverageEligibilityRequest and no CoverageEligibilityResponse: what payers answer about coverage is "
    "kept here only.",
    "It takes no transactions.",
    "It has no ClaimResponse or ExplanationOfBenefit: what was sent and answered is not seen on this host.",
    "Its fee sheet never shows in FHIR: only procedure orders do. A visit that was only put on the fee sheet is held "
    "as no-charge-capture.",
    "It has no field for minutes of treatment: they come from a result in minutes of the procedure order (name its "
    "code under minutes.observations), and only where one order alone has its time and performer; else timed codes "
    "are held.",
    "Every Encounter is `finished` from check-in on: nothing says that a visit is done, so claims are drafts until "
    "somebody approves them.",
    "It has no Account, Consent or Appointment tied to a visit: coverage is chosen by its order, and a wish not to "
    "tell the plan is not seen.",
)
_MODULE: Final = (
    "Its module's treatment log says what was done, for how long and by whom. Every Encounter is `finished` from "
    "check-in on, so a visit is ready once its log is signed; the claim of one that has procedure orders only is a "
    "draft until somebody approves it, and a log that is not signed after 48 hours is held.",
    "Charges typed on the fee sheet are compared with the record: a visit that has any is held as already-billed until "
    "a person takes them out, or writes the visit off.",
    "A wish not to tell the plan is the box of the treatment log: before the visit it is not seen, and coverage is "
    "asked about.",
    "It has no Account and no Appointment tied to a visit: coverage is chosen by its order.",
    "It takes no transactions: a claim and its Provenance are written one after the other.",
)
_ALWAYS: Final = (
    "Of a procedure order with several codes only the first is seen: one order a technique, or the others go unbilled.",
    "A code is seen as CPT only where it is stored as CPT4:97124; else the service is held for its code.",
    "Times are taken as written: their offset is mostly wrong.",
    "Only Encounters, and what its module keeps, say when they changed. Open holds and the visits of the last week are "
    "read again every run; an edit of an order of an older visit is not noticed (`run --since` reads it again).",
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
    "It marks no practitioner's taxonomy but by a provider role (Administration, Users, Facility Specific User "
    "Information): without one, claims are held for the taxonomy.",
)


def has_module(statement: Statement) -> bool:
    """Whether its module is there and enabled: a Claim can be created."""
    return "create" in statement.facts("Claim").interactions


def has_log(statement: Statement) -> bool:
    """Whether its Procedures are the module's, with those of the treatment log: core's cannot be searched so."""
    return "encounter" in statement.facts("Procedure").searches and statement.reads("Procedure")


def offers(statement: Statement, type: str) -> bool:
    """Whether a type is listed, and one that this program reads."""
    if type in _OF_A_MODULE:
        return statement.reads(type) and has_module(statement)
    return type in READ and statement.reads(type)


def of_module(statement: Statement, type: str) -> bool:
    """Whether a type is the module's, which keeps to FHIR where OpenEMR itself does not."""
    return type in _OF_A_MODULE and offers(statement, type)


def capabilities_of_openemr(statement: Statement, granted: Iterable[str] | None = None) -> Capabilities:
    """What it means for us. ``granted``: the scopes of the token; None where they are not known."""
    module = has_module(statement)
    writable = frozenset(kind for kind in (*WRITTEN, *ELIGIBILITY) if "create" in statement.facts(kind).interactions)
    writable = writable if module else frozenset()
    readable = frozenset(kind for kind in (*READ, *_OF_A_MODULE) if offers(statement, kind))
    conditional = bool(writable) and all(statement.facts(kind).conditional_create for kind in writable)
    seen = {"Claim": "encounter", "Task": "focus"}
    return Capabilities(
        software=statement.software,
        readable=readable,
        writable=writable,
        transaction="transaction" in statement.system,
        conditional_create=conditional,
        real_last_updated=False,
        finished_is_done=False,
        times_as_written=True,
        # Stock OpenEMR holds none of ours: the record holds all there are.
        records_hold_writes=not module or all(statement.searches_by(kind, name) for kind, name in seen.items()),
        keys_unique=conditional,
        signs_records=has_log(statement),
        profiles=statement.profiles,
        notes=tuple(_notes(statement, readable, granted)),
    )


def _notes(statement: Statement, readable: frozenset[str], granted: Iterable[str] | None) -> Iterator[str]:
    for kind in sorted(READ - readable):
        yield f"It offers no {kind}, which stock OpenEMR 8.2 does."
    lacks = lacking(statement)
    if lacks:
        yield (
            f"Its module is older than this program needs: it has no {' and no '.join(lacks)}. Install the module of "
            "this release; what needs these is not done until then."
        )
    if granted is not None and (missing := missing_scopes(wanted_scopes(statement), granted)):
        yield (
            f"This program's client was not granted {', '.join(missing)}. {ANEW} Reading or writing of these ends with "
            "401 until then."
        )
    yield from _MODULE if has_module(statement) else _STOCK
    yield from _ALWAYS


def lacking(statement: Statement) -> list[str]:
    """What a module that is there does not have of what this program needs, in plain words; empty without one."""
    if not has_module(statement):
        return []
    lacks = [kind for kind in (*WRITTEN, *ELIGIBILITY) if "create" not in statement.facts(kind).interactions]
    lacks += [kind for kind in MODULE_READ if not statement.reads(kind)]
    if not has_log(statement):
        lacks.append("treatment log")
    return lacks


# --- scopes -----------------------------------------------------------------------------------------------------------


def wanted_scopes(statement: Statement) -> tuple[str, ...]:
    """Scopes to ask for: those of the module only where it offers the type, for an unknown one fails the token."""
    if not has_module(statement):
        return SCOPES
    listed = statement.types.keys() | READ
    return tuple(scope for scope in MODULE_SCOPES if _parts(scope)[0] in listed)


def missing_scopes(wanted: Iterable[str], granted: Iterable[str]) -> list[str]:
    """Those of the wanted scopes that the granted ones do not cover."""
    have: dict[str, set[str]] = {}
    for scope in granted:
        kind, letters = _parts(scope)
        have.setdefault(kind, set()).update(letters)
    every = have.get("*", set())
    return [scope for scope in wanted if not set(_parts(scope)[1]) <= have.get(_parts(scope)[0], set()) | every]


def scope_for(method: str, path: str) -> str:
    """The scope that a call needs, as OpenEMR checks it: POST c, PUT u, GET of one r, search s."""
    kind, _, one = path.partition("/")
    letter = {"POST": "c", "PUT": "u"}.get(method, "r" if one else "s")
    return f"system/{kind}.{letter}"


_V1: Final[Mapping[str, str]] = {"read": "rs", "write": "cud"}


def _parts(scope: str) -> tuple[str, str]:
    """("Claim", "crus") of "system/Claim.crus"; ("", "") of what is no scope of this program itself, or a narrowed
    one ("…?category=…")."""
    context, _, rest = scope.partition("/")
    kind, _, letters = rest.partition(".")
    if context != "system" or not kind or "?" in letters or "$" in letters:
        return "", ""
    return kind, _V1.get(letters, letters)
