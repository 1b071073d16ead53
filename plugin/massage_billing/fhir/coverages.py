"""The patient's coverages, what ties one to this visit (DESIGN 6), and the patient's wish that no plan be told
(DESIGN 7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date as Date
from typing import Final

from massage_billing.fhir import names
from massage_billing.fhir.dates import first_day, last_day
from massage_billing.fhir.json import NOTHING, Faults, child, children, codings, extensions, identifiers, text, whole
from massage_billing.fhir.papers import injury_number
from massage_billing.fhir.record import READABLE, Record
from massage_billing.model import Coverage, CoverageKind, PayerRef
from massage_billing.ports import JsonObject

_HEALTH_TYPES: Final = (
    "HIP EHCPOL HSAPOL MCPOL HMO PPO POS PUBLICPOL DISEASE DRUGPOL LTC MENTPOL SUBPOL VISPOL DENTAL "
    "GOVEMP HIRISK IND MILITARY RETIRE MANDPOL MENTPRG SUBSIDIZ SUBSIDMC SUBSUPP DISEASEPRG SAFNET EWB FLEXP"
)
_KINDS: Final[Mapping[tuple[str, str], CoverageKind]] = {
    **{(names.ACT_CODE, code): CoverageKind.HEALTH for code in _HEALTH_TYPES.split()},
    (names.ACT_CODE, "WCBPOL"): CoverageKind.WORKERS_COMPENSATION,
    (names.ACT_CODE, "AUTOPOL"): CoverageKind.AUTO,
    (names.ACT_CODE, "COL"): CoverageKind.AUTO,
    (names.ACT_CODE, "UNINSMOT"): CoverageKind.AUTO,
    (names.ACT_CODE, "VET"): CoverageKind.VA,
    ("http://terminology.hl7.org/CodeSystem/coverage-selfpay", "pay"): CoverageKind.SELF_PAY,
    ("http://terminology.hl7.org/CodeSystem/coverage-selfpay", "payconc"): CoverageKind.SELF_PAY,
}
"""Coverage.type → kind: HL7 v3 ActCoverageTypeCode and coverage-selfpay, the codes FHIR R4 binds Coverage.type to."""

_PAYMENT_SYSTEMS: Final = frozenset({"https://nahdo.org/sopt", "urn:oid:2.16.840.1.113883.3.221.5"})
_PAYMENT_KINDS: Final[tuple[tuple[str, CoverageKind], ...]] = (
    ("95", CoverageKind.WORKERS_COMPENSATION),
    ("96", CoverageKind.AUTO),
    ("32", CoverageKind.VA),
    ("81", CoverageKind.SELF_PAY),
    *((first, CoverageKind.HEALTH) for first in "123567"),
)
"""Source of Payment Typology (US Core binds Coverage.type to it too): codes are hierarchical, so by their beginning."""

_SELF_PAY_CONSENT: Final = "hipaa-self-pay"
"""HL7 consentpolicycodes: 45 CFR 164.522(a)(1)(vi). Taken from any code system: a wish is not lost to a wrong URI."""
_CLOSED_ACCOUNT: Final = frozenset({"entered-in-error", "inactive"})
"""Account.status of an account that nothing is charged to any more."""
_VISIT_TYPES: Final = frozenset({"Encounter", "Procedure", "Appointment"})


def kind_of(coverage_type: JsonObject, faults: Faults) -> CoverageKind:
    """What kind of insurance a Coverage.type says it is; the first coding that is known."""
    for system, code in codings(coverage_type, faults):
        kind = _KINDS.get((system, code))
        if kind is not None:
            return kind
        if system in _PAYMENT_SYSTEMS:
            for first, kind in _PAYMENT_KINDS:
                if code.startswith(first):
                    return kind
    return CoverageKind.UNKNOWN


class Links:
    """What ties coverages to this visit: Encounter.account, else ServiceRequest.insurance."""

    __slots__ = ("found", "injuries")

    def __init__(
        self, record: Record, encounter: JsonObject, where: str, orders: Iterable[str], patient: str | None = None
    ) -> None:
        self.found: dict[str, tuple[str, int]] = {}
        """Coverage key → (what ties it, its place)."""
        self.injuries: dict[str, str] = {}
        """What ties a coverage → the payer's number of the injury that it carries."""
        if "account" in encounter:
            for key, account in _accounts(record, encounter, where):
                self._from_account(record, key, account, patient)
        if not self.found:
            for order in orders:
                self._from_order(record, order)

    def _from_account(self, record: Record, key: str, account: JsonObject, patient: str | None) -> None:
        faults = record.faults(key.partition("#")[0])
        if text(account, "status", faults) in _CLOSED_ACCOUNT:
            return
        if patient is not None:
            record.check_patient(key, account, patient)
        number = injury_number(account, faults) if "identifier" in account else None
        if number is not None:
            self.injuries[key] = number
        for place, each in enumerate(children(account, "coverage", faults), start=1):
            coverage = record.resolver.key(child(each, "coverage", faults), account, faults)
            priority = whole(each, "priority", faults)
            self._tie(record, coverage, key, place if priority is None else priority)

    def _from_order(self, record: Record, order: str) -> None:
        request = record.resources.get(order, NOTHING)
        if request is NOTHING:
            return
        faults = record.faults(order)
        for place, reference in enumerate(children(request, "insurance", faults), start=1):
            coverage = record.resolver.key(reference, request, faults)
            if coverage is None or not coverage.startswith("ClaimResponse/"):
                self._tie(record, coverage, order, place)

    def _tie(self, record: Record, coverage: str | None, by: str, place: int) -> None:
        if coverage is None:
            record.fail(READABLE, f"{by} names a coverage that cannot be found.", about=by)
        elif coverage not in record.resources:
            record.fail(READABLE, f"{by} names {coverage}, which the host did not give.", about=by)
        else:
            self.found.setdefault(coverage, (by, place))


def _accounts(record: Record, encounter: JsonObject, where: str) -> Iterator[tuple[str, JsonObject]]:
    faults = record.faults(where)
    for reference in children(encounter, "account", faults):
        found = record.resolver.resolve(reference, encounter, faults)
        if found is None:
            record.fail(READABLE, f"{where} names an account that the host did not give.", about=where)
        else:
            yield found


class SoundCoverages:
    """Coverages without a fault, read once a run, by the very object of the Coverage and of what its payor names.

    Only the tie to a visit differs from one visit to the next. Faulty ones are read anew, so that every visit that
    rests on one says so.
    """

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: dict[int, tuple[JsonObject, str, _Payor, Coverage]] = {}

    def find(self, key: str, resource: JsonObject, payor: _Payor) -> Coverage | None:
        """The coverage as it was read before, not tied to any visit; None where it was not, or names another payer."""
        kept = self._kept.get(id(resource))
        if kept is None or kept[1] != key or kept[2][0] != payor[0] or kept[2][1] is not payor[1]:
            return None
        return kept[3]

    def keep(self, key: str, resource: JsonObject, payor: _Payor, coverage: Coverage) -> None:
        """Remember a coverage that is tied to no visit and had no fault."""
        if len(self._kept) >= _KEPT_COVERAGES:
            self._kept.clear()
        self._kept[id(resource)] = (resource, key, payor, coverage)


_Payor = tuple[str | None, JsonObject | None]
"""Key of what the payor points to, and the resource where the record has it."""
_KEPT_COVERAGES: Final = 2048


def _payor_of(record: Record, resource: JsonObject) -> _Payor:
    payors = children(resource, "payor")
    if not payors:
        return None, None
    key = record.resolver.key(payors[0], resource)
    found = record.resolver.resolve(payors[0], resource)
    return (key, None) if found is None else found


def read_coverages(record: Record, patient: str, links: Links, sound: SoundCoverages) -> tuple[Coverage, ...]:
    """Every coverage of the patient, whatever its status, ordered by id.

    A Coverage whose beneficiary cannot be read is nobody's, and is reported, for it could be this patient's. So is one
    that is tied to the visit and is another patient's.
    """
    found = []
    for key, resource in record.all("Coverage"):
        whose = record.names(resource, "beneficiary", patient)
        if not whose and (whose is None or "beneficiary" not in resource):
            _note_reference(record, key, resource, "beneficiary")
        if whose:
            payor = _payor_of(record, resource)
            coverage = sound.find(key, resource, payor) or _read_coverage(record, key, resource, payor, sound)
            if key in links.found:
                linked, rank = links.found[key]
                number = coverage.claim_number or links.injuries.get(linked)
                coverage = replace(coverage, linked=linked, link_rank=rank, claim_number=number)
            found.append(coverage)
        elif key in links.found:
            by = links.found[key][0]
            record.fail(READABLE, f"{by} names {key}, which is not known to be this patient's.", about=by)
    return tuple(found)


def _note_reference(record: Record, key: str, resource: JsonObject, element: str) -> None:
    """Note what is wrong with a reference."""
    reference = resource.get(element)
    if type(reference) is dict and type(reference.get("reference")) is str:
        return
    faults = record.faults(key)
    if element not in resource:
        faults.add(resource, element, "is missing")
    reference = child(resource, element, faults)
    text(reference, "reference", faults)
    child(reference, "identifier", faults)


def _read_coverage(record: Record, key: str, resource: JsonObject, payor: _Payor, sound: SoundCoverages) -> Coverage:
    faults = record.faults(key)
    _note_reference(record, key, resource, "beneficiary")
    status = text(resource, "status", faults)
    if status is None and "status" not in resource:
        faults.add(resource, "status", "is missing")
    period = child(resource, "period", faults)
    payer, patient_is_payer = _read_payer(record, key, resource, faults)
    relationship = codings(child(resource, "relationship", faults), faults)
    coverage = Coverage(
        id=key,
        status=status or "unknown",
        kind=kind_of(child(resource, "type", faults), faults),
        payer=payer,
        order=whole(resource, "order", faults),
        member_id=_member_id(resource, faults),
        start=first_day(period, "start", faults),
        end=last_day(period, "end", faults),
        relationship=relationship[0][1] if relationship else None,
        patient_is_payer=patient_is_payer,
        claim_number=injury_number(resource, faults) if "identifier" in resource else None,
    )
    payer_faults = None if payor[1] is None else record.faults((payor[0] or "").partition("#")[0])
    if not faults and not payer_faults:
        sound.keep(key, resource, payor, coverage)
    return coverage


def _read_payer(record: Record, key: str, resource: JsonObject, faults: Faults) -> tuple[PayerRef, bool]:
    """The payor, and whether it is the patient or a relation. More than one payor of one coverage cannot be billed."""
    payors = children(resource, "payor", faults)
    if not payors:
        return PayerRef(None), False
    payor = payors[0]
    if len(payors) > 1 and resource.get("status") == "active":
        faults.add(resource, "payor", "names more than one payer")
    pairs: list[tuple[str, str]] = []
    if "identifier" in payor:
        identifier = child(payor, "identifier", faults)
        value = text(identifier, "value", faults)
        if value is not None:
            pairs.append((text(identifier, "system", faults) or "", value))
    found = record.resolver.resolve(payor, resource, faults)
    target = record.resolver.key(payor, resource) if found is None else found[0]
    reference = target if target is not None and "#" not in target else None
    if found is not None:
        pairs.extend(identifiers(found[1], record.faults(found[0].partition("#")[0])))
        kind = text(found[1], "resourceType")
    else:
        kind = text(payor, "type", faults) if reference is None else reference.partition("/")[0]
    identified = tuple(pairs) if len(pairs) < 2 else tuple(dict.fromkeys(pairs))
    return PayerRef(reference, identified), kind in ("Patient", "RelatedPerson")


def _member_id(resource: JsonObject, faults: Faults) -> str | None:
    """subscriberId, else an identifier of type MB (US Core us-core-15 asks for one of the two)."""
    subscriber = text(resource, "subscriberId", faults)
    if subscriber is not None and subscriber.strip():
        return subscriber.strip()
    for identifier in children(resource, "identifier", faults):
        kinds = codings(child(identifier, "type", faults), faults)
        if any(code == "MB" and system in (names.IDENTIFIER_TYPE, "") for system, code in kinds):
            value = text(identifier, "value", faults)
            if value is not None and value.strip():
                return value.strip()
    return None


# --- the patient's wish ---------------------------------------------------------------------------------------------


def read_restriction(
    record: Record,
    patient: str | None,
    day: Date | None,
    booked: Iterable[tuple[str, JsonObject]],
    visit: frozenset[str],
) -> str | None:
    """The resource by which the patient asked not to tell the plan, or None.

    ``booked`` are the Encounter and then its Appointments; the first that carries our bill-to extension decides between
    them. ``visit`` are the keys of the Encounter, its Appointments and Procedures: a Consent that names such resources
    covers only what it names. Where a Consent leaves its reach unreadable, it covers this visit.
    """
    wish = None
    for key, resource in booked:
        wish = wish or _billed_to(key, resource, record.faults(key.partition("#")[0]))
    if wish is not None and wish[1] == "self-pay":
        return wish[0]
    for key, consent in record.all("Consent"):
        whose = None if patient is None or "patient" not in consent else record.names(consent, "patient", patient)
        if whose is None:
            _note_reference(record, key, consent, "patient")
        if whose is not False and _restricts(record, key, consent, day, visit):
            return key
    return None


def _billed_to(key: str, resource: JsonObject, faults: Faults) -> tuple[str, str] | None:
    for extension in extensions(resource, names.EXT_BILL_TO, faults):
        value = text(extension, "valueCode", faults)
        if value in ("self-pay", "plan"):
            return key, value
        if value is not None or "valueCode" not in extension:
            faults.add(extension, "valueCode", "is neither self-pay nor plan")
    return None


def _restricts(record: Record, key: str, consent: JsonObject, day: Date | None, visit: frozenset[str]) -> bool:
    faults = record.faults(key)
    rules = codings(child(consent, "policyRule", faults), faults)
    for concept in children(consent, "category", faults):
        rules.extend(codings(concept, faults))
    if not any(code == _SELF_PAY_CONSENT for _, code in rules):
        return False
    if text(consent, "status", faults) != "active" and type(consent.get("status")) is str:
        return False
    provision = child(consent, "provision", faults)
    period = child(provision, "period", faults)
    start, end = first_day(period, "start", faults), last_day(period, "end", faults)
    if day is not None and ((start is not None and day < start) or (end is not None and day > end)):
        return False
    named = set(_named_visits(record, consent, provision, faults))
    return not named or None in named or not named.isdisjoint(visit)


def _named_visits(record: Record, consent: JsonObject, provision: JsonObject, faults: Faults) -> Iterator[str | None]:
    """Encounters, Procedures and Appointments that a provision and those in it name; None for one not readable."""
    waiting = [provision]
    while waiting:
        inner = waiting.pop()
        for data in children(inner, "data", faults):
            key = record.resolver.key(child(data, "reference", faults), consent, faults)
            if key is None or key.partition("/")[0] in _VISIT_TYPES:
                yield key
        waiting.extend(children(inner, "provision", faults))
