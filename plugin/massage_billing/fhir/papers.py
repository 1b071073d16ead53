"""Papers that the host has on file of a patient: what its ServiceRequests and the preauthorizations they name say.

A ServiceRequest that is active or completed is an order where its intent is one, a plan of care where its intent is
``plan``; proposals and options are neither. It is a referral too where its category says so, or where it names an
insurance and carries a number that is neither the placer's nor the filler's (FHIR R4 ServiceRequest.identifier tells
them apart by type). A preauthorization that a payer granted, named in ServiceRequest.insurance, is an authorization:
ClaimResponse.preAuthRef and preAuthPeriod; so is one that no order names (``preauthorizations``). Codes that are no CPT
or HCPCS number and map to none limit nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date as Date
from typing import Final, NamedTuple

from massage_billing.fhir import names
from massage_billing.fhir.codes import read_code
from massage_billing.fhir.dates import Clock, first_day, last_day
from massage_billing.fhir.json import Faults, child, children, codings, flag, number, text
from massage_billing.fhir.payer_keys import PayerKeys
from massage_billing.fhir.people import People, read_authorization
from massage_billing.fhir.preauthorizations import Answered, joined
from massage_billing.fhir.preauthorizations import Reader as Preauthorizations
from massage_billing.fhir.record import Record
from massage_billing.model import Paper, PaperKind
from massage_billing.ports import JsonObject

_ON_FILE: Final = frozenset({"active", "completed"})
_ORDERS: Final = frozenset({"directive", "order", "original-order", "reflex-order", "filler-order", "instance-order"})
_REFERRAL: Final = frozenset({(names.SNOMED, "3457005"), (names.SNOMED, "306206005")})
"""SNOMED CT: patient referral; referral to service."""
_NOT_THE_PAYERS: Final = frozenset({"PLAC", "FILL"})
"""v2-0203 identifier types: the orderer's and the receiver's own number."""
_VISITS: Final = frozenset({"visit", "visits", "{visit}", "{visits}", "session", "sessions", "{session}"})
_UNITS: Final = frozenset({"unit", "units", "{unit}", "{units}"})
WORKERS_COMPENSATION_NUMBER: Final = "WCN"
"""v2-0203 identifier type: Workers' Comp Number."""


class _Said(NamedTuple):
    """What a ServiceRequest says of all papers that it is."""

    codes: tuple[str, ...]
    visits: int | None
    units: int | None
    start: Date | None
    end: Date | None
    written: Date | None
    ordered: bool


class Reader:
    """Reads the papers of one visit's record."""

    def __init__(
        self,
        record: Record,
        people: People,
        clock: Clock,
        code_map: Mapping[tuple[str, str], str],
        payers: PayerKeys | None = None,
    ) -> None:
        self._record, self._people, self._clock, self._code_map = record, people, clock, code_map
        self._payers = payers or PayerKeys()

    def papers(self, patient: str | None, linked: Collection[str]) -> tuple[Paper, ...]:
        """Every paper of the patient that the record holds, in order of source; ``linked`` are the orders that the
        visit or its Procedures are based on."""
        if patient is None:
            return ()
        found = self._ordered(patient, linked)
        if not self._record.all("ClaimResponse"):
            return tuple(found)
        return joined(found, self._granted(patient, linked))

    def _granted(self, patient: str, linked: Collection[str]) -> Answered:
        """The patient's preauthorizations; only those that an order of the visit names can be faults of it."""
        heard = {
            found
            for order in linked
            if (request := self._record.resources.get(order)) is not None
            for reference in children(request, "insurance")
            if (found := self._record.resolver.key(reference, request)) is not None
        }
        return Preauthorizations(self._record, self._code_map, self._payers, heard).read(patient)

    def _ordered(self, patient: str, linked: Collection[str]) -> list[Paper]:
        requests = self._record.all("ServiceRequest")
        found: list[Paper] = []
        for key, request in requests:
            if self._record.names(request, "subject", patient):
                # What is wrong with an order of another visit is no fault of this one.
                faults = self._record.faults(key) if key in linked else Faults(key, request)
                found += self._of(key, request, patient, key in linked, faults)
        return found

    def _of(self, key: str, request: JsonObject, patient: str, linked: bool, faults: Faults) -> Iterator[Paper]:
        if text(request, "status", faults) not in _ON_FILE or flag(request, "doNotPerform", faults):
            return
        intent, said = text(request, "intent", faults), self._said(request, key, faults)
        if intent == "plan":
            yield _paper(PaperKind.PLAN_OF_CARE, key, patient, None, said, linked=linked)
        if intent not in _ORDERS:
            return
        yield _paper(PaperKind.ORDER, key, patient, None, said, linked=linked)
        theirs = _number(request, faults)
        named = any(pair in _REFERRAL for one in children(request, "category", faults) for pair in codings(one, faults))
        if named or (theirs and "insurance" in request):
            yield _paper(PaperKind.REFERRAL, key, patient, theirs, said, linked=linked)
        for reference in children(request, "insurance", faults):
            response = self._record.resolver.resolve(reference, request)
            if response is not None and response[0].startswith("ClaimResponse/"):
                yield from self._authorization(response, patient, said, linked=linked)

    def _said(self, request: JsonObject, key: str, faults: Faults) -> _Said:
        period = child(request, "occurrencePeriod", faults)
        if not period:
            timing = child(child(request, "occurrenceTiming", faults), "repeat", faults)
            period = child(timing, "boundsPeriod", faults)
        visits, units = _quantity(child(request, "quantityQuantity", faults), faults)
        requester = child(request, "requester", faults)
        by = self._record.resolver.key(requester, request) or ""
        person = self._people.named(requester, request, faults)
        return _Said(
            codes=self._codes(request, key, faults),
            visits=visits,
            units=units,
            start=first_day(period, "start", faults),
            end=last_day(period, "end", faults),
            written=self._clock.when(request, "authoredOn", faults).day,
            ordered=person is not None or by.startswith("Organization/"),
        )

    def _codes(self, request: JsonObject, key: str, faults: Faults) -> tuple[str, ...]:
        concepts = [child(request, "code", faults), *children(request, "orderDetail", faults)]
        read = [read_code({"code": concept}, key, self._code_map, faults).code for concept in concepts if concept]
        return tuple(dict.fromkeys(code for code in read if code is not None))

    def _authorization(
        self, response: tuple[str, JsonObject], patient: str, said: _Said, *, linked: bool
    ) -> Iterator[Paper]:
        key, resource = response
        faults = self._record.faults(key.partition("#")[0])
        granted = read_authorization(resource, faults)
        if granted is None:
            return
        period = child(resource, "preAuthPeriod", faults)
        start, end = first_day(period, "start", faults), last_day(period, "end", faults)
        own = said._replace(start=start or said.start, end=end or said.end, ordered=True, written=None)
        yield _paper(PaperKind.AUTHORIZATION, key, patient, granted, own, linked=linked)


def _paper(kind: PaperKind, key: str, patient: str, number: str | None, said: _Said, *, linked: bool) -> Paper:
    return Paper(
        kind=kind,
        source=key,
        patient=patient,
        number=number,
        codes=said.codes,
        visits=said.visits,
        units=said.units,
        start=said.start,
        end=said.end,
        linked=linked,
        written=said.written,
        ordered=said.ordered,
    )


def _number(request: JsonObject, faults: Faults) -> str | None:
    """The first identifier that is neither the placer's nor the filler's."""
    for identifier in children(request, "identifier", faults):
        kinds = {code for _, code in codings(child(identifier, "type", faults), faults)}
        value = text(identifier, "value", faults)
        if value and not kinds & _NOT_THE_PAYERS:
            return value
    return None


def _quantity(quantity: JsonObject, faults: Faults) -> tuple[int | None, int | None]:
    """(visits, units) of a quantity that says which of the two it counts; any other limits nothing."""
    if not quantity:
        return None, None
    value = number(quantity, "value", faults)
    words = {str(text(quantity, name, faults)).strip().lower() for name in ("unit", "code")}
    if value is None or not value.is_finite() or not 0 <= value < 100_000:
        return None, None
    if words & _VISITS:
        return int(value), None
    return (None, int(value)) if words & _UNITS else (None, None)


def injury_number(resource: JsonObject, faults: Faults) -> str | None:
    """The payer's number of an injury on a Coverage or Account: an identifier of type WCN (v2-0203)."""
    for identifier in children(resource, "identifier", faults):
        kinds = codings(child(identifier, "type", faults), faults)
        if any(code == WORKERS_COMPENSATION_NUMBER and system in (names.IDENTIFIER_TYPE, "") for system, code in kinds):
            value = text(identifier, "value", faults)
            if value is not None and value.strip():
                return value.strip()
    return None
