"""Authorizations that payers granted: preauthorization Claims with the ClaimResponses that answer them.

FHIR R4 Claim.use ``preauthorization`` and ClaimResponse: preAuthRef, preAuthPeriod, item and addItem; and what Da Vinci
PAS (X12 278) says of a line: its review action with the number, its period, what was authorized in place of what was
asked. Granted is what an active response of outcome complete or partial gives a number; a line that is not certified,
pended or cancelled is not. Of several responses to one Claim the newest that decided counts. A line whose code is no
CPT or HCPCS number and maps to none is another service's; a line without any code limits nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date as Date
from typing import Final, NamedTuple

from massage_billing.fhir.codes import read_code
from massage_billing.fhir.dates import first_day, last_day
from massage_billing.fhir.json import NOTHING, Faults, child, children, codings, extensions, number, text, whole
from massage_billing.fhir.payer_keys import PayerKeys
from massage_billing.fhir.record import Record
from massage_billing.model import Paper, PaperKind
from massage_billing.ports import JsonObject

_USE: Final = "preauthorization"
_DECIDED: Final = frozenset({"complete", "partial"})
"""ClaimResponse.outcome of a response that decides."""
_DENIED: Final = re.compile(
    r"\W*(?:denied|rejected|void(?:ed)?|cancell?ed|not\s+(?:certified|approved|authorized))\b", re.I
)
"""A ClaimResponse.disposition that begins so grants nothing, whatever number it carries."""
_PAS: Final = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-"
_REVIEW: Final = f"{_PAS}reviewAction"
_REVIEW_CODE: Final = f"{_PAS}reviewActionCode"
_ITEM_NUMBER: Final = f"{_PAS}authorizationNumber"
_ITEM_PERIOD: Final = f"{_PAS}itemPreAuthPeriod"
_DETAIL: Final = f"{_PAS}itemAuthorizedDetail"
_CERTIFIED: Final = frozenset({"A1", "A2", "A6"})
"""X12 306 review actions: certified in total, certified in part, modified."""
_COUNTED: Final = frozenset({"benefit", "eligible"})
"""Categories of an adjudication whose ``value`` (never money) is how many are granted."""
_VISITS: Final = frozenset({"visit", "visits", "{visit}", "{visits}", "session", "sessions", "{session}", "vs"})
_UNITS: Final = frozenset({"unit", "units", "{unit}", "{units}", "un", "1", ""})
"""Units of a quantity; a Claim's quantity without one counts repetitions of its service (R4 Claim.item.quantity)."""


class _Line(NamedTuple):
    """One granted line."""

    number: str | None
    code: str | None
    visits: int | None
    units: int | None
    start: Date | None
    end: Date | None


class Answered(NamedTuple):
    """What the preauthorizations of a patient say."""

    papers: tuple[Paper, ...]
    """Authorizations in force or past, in order of source."""
    looked_at: frozenset[str]
    """Keys of the ClaimResponses that were judged: what an order says of one of these is not asked again."""


class Reader:
    """Reads the preauthorizations of one record."""

    def __init__(
        self, record: Record, code_map: Mapping[tuple[str, str], str], payers: PayerKeys, heard: Collection[str] | None
    ) -> None:
        self._record, self._code_map, self._payers = record, code_map, payers
        self._heard = heard
        """ClaimResponses whose faults are the record's; None: all. An authorization of another visit is no fault of
        this one."""

    def read(self, patient: str) -> Answered:
        """The patient's authorizations."""
        found: dict[str, list[tuple[str, JsonObject]]] = {}
        looked_at: set[str] = set()
        for key, response in self._record.all("ClaimResponse"):
            if text(response, "use") != _USE or not self._record.names(response, "patient", patient):
                continue
            looked_at.add(key)
            if text(response, "status", self._faults(key, key)) == "active" and text(response, "outcome") in _DECIDED:
                claim = self._record.resolver.key(child(response, "request"), response)
                found.setdefault(claim or key, []).append((key, response))
        papers = [paper for claim, answers in found.items() for paper in self._newest(claim, answers, patient)]
        return Answered(
            tuple(sorted(papers, key=lambda paper: (paper.source, paper.number or ""))), frozenset(looked_at)
        )

    def _faults(self, response: str, key: str) -> Faults:
        """Where to note what is wrong with a response, or with the Claim that it answers."""
        known = self._heard is None or response in self._heard
        return self._record.faults(key) if known else Faults(key, self._record.resources[key])

    def _newest(self, claim: str, answers: Sequence[tuple[str, JsonObject]], patient: str) -> Iterator[Paper]:
        key, response = max(answers, key=lambda one: (text(one[1], "created") or "", len(one[0]), one[0]))
        request = self._record.resources.get(claim, NOTHING) if claim.startswith("Claim/") else NOTHING
        if request is not NOTHING and (text(request, "use") != _USE or text(request, "status") != "active"):
            return
        faults = self._faults(key, key)
        if _DENIED.match(text(response, "disposition", faults) or ""):
            return
        insurer = child(response, "insurer", faults)
        # An insurer that payers.yaml does not have is some payer all the same, and not any.
        payer = self._payers.of(insurer, response, self._record.resolver) or self._record.resolver.key(
            insurer, response
        )
        asked = self._faults(key, claim) if request is not NOTHING else Faults(claim, request)
        lines = list(self._lines(request, response, faults, asked))
        for granted in dict.fromkeys(line.number for line in lines if line.number):
            yield _paper(key, patient, payer, [line for line in lines if line.number == granted])

    # --- lines --------------------------------------------------------------------------------------------------------

    def _lines(self, claim: JsonObject, response: JsonObject, faults: Faults, asked: Faults) -> Iterator[_Line]:
        """Every granted line; of a response without lines, itself."""
        requested = {whole(item, "sequence", asked): item for item in children(claim, "item", asked)}
        decided = {whole(item, "itemSequence", faults): item for item in children(response, "item", faults)}
        added = children(response, "addItem", faults)
        replaced = {one for item in added for one in _sequences(item)}
        whole_period = child(response, "preAuthPeriod", faults)
        reference = text(response, "preAuthRef", faults)
        if not (requested or decided or added):
            yield _Line(reference, None, None, None, *_days(whole_period, faults))
        for sequence in dict.fromkeys((*requested, *decided)):
            if sequence not in replaced:
                item, decision = requested.get(sequence, NOTHING), decided.get(sequence, NOTHING)
                yield from self._line(item, decision, reference, whole_period, (asked, faults))
        for item in added:
            yield from self._line(item, item, reference, whole_period, (faults, faults))

    def _line(
        self,
        item: JsonObject,
        decision: JsonObject,
        reference: str | None,
        period: JsonObject,
        told: tuple[Faults, Faults],
    ) -> Iterator[_Line]:
        asked, faults = told
        actions, own = _review(decision, faults)
        if actions and actions.isdisjoint(_CERTIFIED):
            return
        detail = next(iter(extensions(decision, _DETAIL, faults)), NOTHING)
        concept = _value(detail, "productOrServiceCode", "valueCodeableConcept", faults)
        code, foreign = self._code(concept or child(item, "productOrService", asked), faults)
        if foreign:
            return
        quantity = _value(detail, "quantity", "valueQuantity", faults)
        visits, units = _counted(quantity or child(item, "quantity", asked), faults)
        if not quantity:
            visits, units = _lowered(decision, visits, units, faults)
        of_line = next(
            (child(one, "valuePeriod", faults) for one in extensions(decision, _ITEM_PERIOD, faults)), period
        )
        yield _Line(own or reference, code, visits, units, *_days(of_line or period, faults))

    def _code(self, concept: JsonObject, faults: Faults) -> tuple[str | None, bool]:
        """(number, whether it is a code of another kind of service)."""
        if not codings(concept, faults):
            return None, False
        found = read_code({"code": concept}, faults.where, self._code_map, Faults(faults.where, concept)).code
        return found, found is None and not _absent(concept)


def _absent(concept: JsonObject) -> bool:
    """Whether a code only says that there is none (data-absent-reason)."""
    return all(system.endswith("/data-absent-reason") for system, _ in codings(concept))


def _sequences(item: JsonObject) -> Iterator[int]:
    listed = item.get("itemSequence")
    yield from (one for one in listed if type(one) is int) if isinstance(listed, list) else ()


def _review(decision: JsonObject, faults: Faults) -> tuple[set[str], str | None]:
    """Review actions of a line and the number that came with them; PAS 1 has them at the line, PAS 2 at what was
    adjudicated."""
    holders = [decision, *children(decision, "adjudication", faults)]
    actions: set[str] = set()
    numbers: list[str] = []
    for review in (one for holder in holders for one in extensions(holder, _REVIEW, faults)):
        for one in (*extensions(review, _REVIEW_CODE, faults), *extensions(review, "code", faults)):
            actions |= {code for _, code in codings(child(one, "valueCodeableConcept", faults), faults)}
        numbers += _texts(extensions(review, "number", faults), faults)
    numbers += _texts(extensions(decision, _ITEM_NUMBER, faults), faults)
    return actions, numbers[0] if numbers else None


def _texts(found: Iterable[JsonObject], faults: Faults) -> list[str]:
    values = (text(one, "valueString", faults) for one in found)
    return [value.strip() for value in values if value and value.strip()]


def _value(extension: JsonObject, url: str, name: str, faults: Faults) -> JsonObject:
    return next((child(one, name, faults) for one in extensions(extension, url, faults)), NOTHING)


def _days(period: JsonObject, faults: Faults) -> tuple[Date | None, Date | None]:
    return first_day(period, "start", faults), last_day(period, "end", faults)


def _counted(quantity: JsonObject, faults: Faults) -> tuple[int | None, int | None]:
    """(visits, units) of a quantity; one of days, hours or money limits neither."""
    value = number(quantity, "value", faults)
    if value is None or not 0 <= value < 100_000:
        return None, None
    words = {(text(quantity, name, faults) or "").strip().lower() for name in ("unit", "code")}
    if words & _VISITS:
        return int(value), None
    said = words - {""}
    return (None, int(value)) if not said or said & _UNITS else (None, None)


def _lowered(
    decision: JsonObject, visits: int | None, units: int | None, faults: Faults
) -> tuple[int | None, int | None]:
    """What was asked, lowered to how many an adjudication grants."""
    for one in children(decision, "adjudication", faults):
        kinds = {code for _, code in codings(child(one, "category", faults), faults)}
        value = number(one, "value", faults)
        if value is not None and kinds & _COUNTED and 0 <= value < 100_000:
            granted = int(value)
            if visits is not None:
                return min(visits, granted), None
            return None, granted if units is None else min(units, granted)
    return visits, units


# --- papers ---------------------------------------------------------------------------------------------------------


def _paper(key: str, patient: str, payer: str | None, lines: Sequence[_Line]) -> Paper:
    """One paper of the lines under one number.

    Units are of the codes together, and so only told where every line tells its own; visits are the same visits for
    every line. One line without a code opens the paper to any.
    """
    visits = [line.visits for line in lines if line.visits is not None]
    units = [line.units for line in lines if line.units is not None]
    codes = dict.fromkeys(line.code for line in lines)
    starts = [line.start for line in lines if line.start is not None]
    ends = [line.end for line in lines if line.end is not None]
    return Paper(
        kind=PaperKind.AUTHORIZATION,
        source=key,
        patient=patient,
        number=lines[0].number,
        payer=payer,
        codes=() if None in codes else tuple(code for code in codes if code is not None),
        visits=max(visits) if visits else None,
        units=sum(units) if len(units) == len(lines) else None,
        start=min(starts) if len(starts) == len(lines) else None,
        end=max(ends) if len(ends) == len(lines) else None,
    )


def joined(ordered: Sequence[Paper], answered: Answered) -> tuple[Paper, ...]:
    """Papers of orders with the authorizations of preauthorizations: what both know of is one paper, the payer's own
    words first. What an order names and the payer did not grant, or has withdrawn, is none."""
    own: dict[str, list[Paper]] = {}
    for paper in answered.papers:
        own.setdefault(paper.source, []).append(paper)
    found: list[Paper] = []
    for paper in ordered:
        if paper.kind is not PaperKind.AUTHORIZATION or paper.source not in answered.looked_at:
            found.append(paper)
        else:
            found += [_both(granted, paper) for granted in own.pop(paper.source, ())]
    rest = [paper for papers in own.values() for paper in papers]
    return tuple(sorted((*found, *rest), key=lambda paper: paper.source)) if rest else tuple(found)


def _both(granted: Paper, ordered: Paper) -> Paper:
    limited = granted.visits is not None or granted.units is not None
    return replace(
        granted,
        codes=granted.codes or ordered.codes,
        visits=granted.visits if limited else ordered.visits,
        units=granted.units if limited else ordered.units,
        start=granted.start or ordered.start,
        end=granted.end or ordered.end,
        linked=ordered.linked,
    )
