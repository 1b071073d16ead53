"""Any CoverageEligibilityResponse (FHIR R4) becomes an Answer: whoever wrote it, whatever is wrong with it.

Nothing raises, and nothing is lost: an element without a field in ``Answer``, of a wrong type, or of a code that is not
known here stands in ``Answer.kept`` as "path = value". What a response does not say is no data: an item without
``excluded`` says nothing of being covered, an insurance without ``inforce`` nothing of being in force.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date as Date

from massage_billing.fhir import json as fj
from massage_billing.fhir import names
from massage_billing.fhir.benefit_read import read_items
from massage_billing.fhir.benefit_words import parties
from massage_billing.fhir.concepts import codes, parts, period, spoken, string
from massage_billing.fhir.dates import first_day, last_day
from massage_billing.fhir.json import Faults
from massage_billing.fhir.leaves import Leaves
from massage_billing.fhir.references import split
from massage_billing.model import Answer, AnswerKind, Benefit, Entity, Plan, Rejection, Standing
from massage_billing.ports import JsonObject

_OUTCOMES = {
    "complete": AnswerKind.ANSWERED,
    "partial": AnswerKind.ANSWERED,
    "error": AnswerKind.REFUSED,
    "queued": AnswerKind.TRY_LATER,
}
_WITHDRAWN = ("cancelled", "entered-in-error")
_AGAIN_CODES = frozenset({"42", "80"})
"""X12 AAA03: unable to respond at current time; no response received, transaction terminated."""
_AGAIN_FOLLOW_UPS = frozenset({"S", "Y"})
"""X12 AAA04 by which the payer answers later."""
_ALLOWED_AGAIN = "R"
"""X12 AAA04: it may be sent again. Beside a reason (AAA03) that names what is wrong, only after that was corrected."""
_REASON = re.compile("[0-9A-Z]{2}")
"""Form of an X12 AAA03."""
_X12_FOLLOW_UP = "https://codesystem.x12.org/005010/889"
_PAS_FOLLOW_UP = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-errorFollowupAction"
"""Da Vinci PAS: AAA04 beside ClaimResponse.error; payers that speak PAS use it here too."""


def read_response(resource: JsonObject, asked_for: Date, coverage: str | None = None) -> Answer:
    """What a CoverageEligibilityResponse says. Never raises.

    ``asked_for`` counts where the resource names no date of service itself. ``coverage`` ("Coverage/5"): where one of
    several insurances is of it, only that one is read. A response that is cancelled or entered in error answers
    nothing: REFUSED, with all it says in ``kept``; a draft or queued one is TRY_LATER. The caller has made sure that
    it is a CoverageEligibilityResponse at all.
    """
    top = Leaves(resource)
    top.constant("resourceType", "CoverageEligibilityResponse")
    status = fj.text(resource, "status")
    if status in _WITHDRAWN:
        withdrawn = (Rejection(code=str(status), message="The response was withdrawn."),)
        return Answer(AnswerKind.REFUSED, asked_for, rejections=withdrawn, kept=tuple(top.rest()))
    top.constant("status", "active")
    ours = _is_ours(top)
    day = _serviced(top, asked_for)
    trace, payer_trace = _traces(top)
    rejections = tuple(_rejection(error) for error in top.children("error"))
    messages = _messages(top, ours)
    if ours:  # it stands with the benefit too
        top.text("preAuthRef")
    entries = _entries(top, coverage)
    insured = [_insurance(entry, top, day, coverage, ours=ours) for entry in entries]
    start, end = _dates(insured, standing := _overall([one.standing for one in insured]))
    answer = Answer(
        kind=_kind(top, status, rejections, answered=bool(entries)),
        asked_for=day,
        standing=standing,
        start=start,
        end=end,
        plans=tuple(plan for one in insured for plan in one.plans),
        benefits=tuple(benefit for one in insured for benefit in one.benefits),
        other_payers=tuple(entity for one in insured for entity in one.others),
        rejections=rejections,
        messages=messages,
        trace=trace,
        payer_trace=payer_trace,
    )
    return replace(answer, kept=tuple(top.rest()))


def question_key_of(resource: JsonObject) -> str | None:
    """The key of our question that a request or response carries; None where this program did not write it."""
    return next((value for system, value in fj.identifiers(resource) if system == names.SID_QUESTION_KEY), None)


# --- the response -----------------------------------------------------------------------------------------------------


def _is_ours(top: Leaves) -> bool:
    """Whether it claims our profile, by which items carry our extensions."""
    profiles = fj.child(top.node, "meta").get("profile")
    return isinstance(profiles, list) and names.PROFILE_ELIGIBILITY_RESPONSE in profiles


def _serviced(top: Leaves, asked_for: Date) -> Date:
    """The date it is about: its own where it names one, else the date asked for."""
    nothing = Faults("", top.node)
    first, last = first_day(top.node, "servicedDate", nothing), last_day(top.node, "servicedDate", nothing)
    if first is None:
        span = fj.child(top.node, "servicedPeriod")
        first, last = first_day(span, "start", nothing), last_day(span, "end", nothing)
    elif first == last and fj.text(top.node, "servicedDate") == first.isoformat():
        top.take("servicedDate")
    if first is None or (first <= asked_for and (last is None or asked_for <= last)):
        return asked_for
    return first


def _traces(top: Leaves) -> tuple[str, str]:
    """(our trace number as it comes back, the payer's own number of the answer)."""
    trace = payer = ""
    asked = top.child("request").child("identifier")
    if fj.text(asked.node, "system") == names.SID_QUESTION_KEY and (value := asked.text("value")):
        asked.take("system")
        trace = value
    for identifier in top.children("identifier"):
        system = fj.text(identifier.node, "system")
        if system == names.SID_QUESTION_KEY and not trace:
            trace = identifier.text("value") or ""
            identifier.take("system")
        elif system != names.SID_QUESTION_KEY and not payer:
            payer = identifier.text("value") or ""
            identifier.constant("system", names.SID_PAYER_TRACE)
    return trace, payer


def _messages(top: Leaves, ours: bool) -> tuple[str, ...]:
    """The disposition word for word; we write several texts as lines of it."""
    text = top.text("disposition")
    if text is None:
        return ()
    return tuple(line for line in text.split("\n") if line.strip()) if ours else (text,)


def _rejection(error: Leaves) -> Rejection:
    concept = error.child("code")
    found = codes(concept, (names.X12_REJECT_REASON, names.ADJUDICATION_ERROR))
    message = spoken(concept) or ""
    detail = next(iter(error.extensions(names.EXT_REJECTION_DETAIL)), None)
    follow_up = (string(detail, "followUp") or "") if detail else _pas_follow_up(error)
    level = (string(detail, "level") or "") if detail else ""
    return Rejection(" ".join(found), follow_up, level, message)


def _pas_follow_up(error: Leaves) -> str:
    for extension in error.extensions(_PAS_FOLLOW_UP):
        for code in codes(extension.child("valueCodeableConcept"), (_X12_FOLLOW_UP,)):
            return code
    return ""


def _kind(top: Leaves, status: str | None, rejections: tuple[Rejection, ...], *, answered: bool) -> AnswerKind:
    """By outcome; without one, by whether there is any insurance in it. A payer that says "later" has not answered."""
    if status == "draft":
        return AnswerKind.TRY_LATER
    kind = _OUTCOMES.get(fj.text(top.node, "outcome") or "")
    if kind is not None:
        top.take("outcome")
    if kind is None or (kind is AnswerKind.ANSWERED and rejections and not answered):
        kind = AnswerKind.ANSWERED if answered else AnswerKind.REFUSED
    later = any(_again(one) for one in rejections)
    return AnswerKind.TRY_LATER if kind is AnswerKind.REFUSED and later else kind


def _again(rejection: Rejection) -> bool:
    if rejection.code in _AGAIN_CODES or rejection.follow_up in _AGAIN_FOLLOW_UPS:
        return True
    return rejection.follow_up == _ALLOWED_AGAIN and _REASON.fullmatch(rejection.code) is None


# --- insurance --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Insured:
    """What one insurance of a response says."""

    standing: Standing
    start: Date | None
    end: Date | None
    plans: tuple[Plan, ...]
    benefits: tuple[Benefit, ...]
    others: tuple[Entity, ...]


def _entries(top: Leaves, coverage: str | None) -> list[Leaves]:
    """The insurances that are read: those of the coverage asked about, where it is named among several; else all."""
    entries = top.children("insurance")
    wanted = split(coverage) if coverage else None
    named = [one for one in entries if wanted and _covers(one) == wanted]
    return named if named and len(entries) > 1 else entries


def _covers(entry: Leaves) -> tuple[str, str] | None:
    return split(fj.text(fj.child(entry.node, "coverage"), "reference") or "")


def _insurance(entry: Leaves, top: Leaves, day: Date, coverage: str | None, *, ours: bool) -> _Insured:
    if coverage:
        entry.child("coverage").constant("reference", coverage)
    start, end = period(entry, "benefitPeriod")
    standing = _standing(entry, start, end, day)
    plans = tuple(_plan(one) for one in entry.extensions(names.EXT_ANSWERED_PLAN))
    if not plans and not ours:
        name, number = _contained_plan(entry, top)
        if name or number or start or end or standing is not Standing.NO_DATA:
            plans = (Plan(name, number, standing, start, end),)
    return _Insured(standing, start, end, plans, read_items(entry, ours=ours), parties(entry))


def _standing(entry: Leaves, start: Date | None, end: Date | None, day: Date) -> Standing:
    """As ``inforce`` says; "in force" outside the period that is given with it is no data, and stays in ``kept``."""
    in_force = fj.flag(entry.node, "inforce")
    if in_force is None or (in_force and ((start and day < start) or (end and day > end))):
        return Standing.NO_DATA
    entry.take("inforce")
    return Standing.IN_FORCE if in_force else Standing.NOT_IN_FORCE


def _dates(insured: Sequence[_Insured], standing: Standing) -> tuple[Date | None, Date | None]:
    """First and last day of coverage. Of several plans, of one that makes the answer what it is: the dates of an old
    one say nothing of a new one."""
    telling = [one for one in insured if one.standing is standing] or insured
    return next(((one.start, one.end) for one in telling if one.start or one.end), (None, None))


def _overall(standings: list[Standing]) -> Standing:
    """One that is in force is enough; out of force only where all say so."""
    if Standing.IN_FORCE in standings:
        return Standing.IN_FORCE
    return Standing.NOT_IN_FORCE if set(standings) == {Standing.NOT_IN_FORCE} else Standing.NO_DATA


def _plan(extension: Leaves) -> Plan:
    told = string(extension, "standing", "valueCode")
    start = end = None
    for part in parts(extension, "period", "valuePeriod"):
        start, end = period(part, "valuePeriod")
    return Plan(
        name=string(extension, "name"),
        number=string(extension, "number"),
        standing=Standing(told) if told in set(Standing) else Standing.NO_DATA,
        start=start,
        end=end,
    )


def _contained_plan(entry: Leaves, top: Leaves) -> tuple[str | None, str | None]:
    """(plan name, group number) of a contained Coverage that the insurance refers to."""
    reference = fj.text(fj.child(entry.node, "coverage"), "reference") or ""
    name = number = None
    for contained in top.children("contained"):
        if not reference.startswith("#") or fj.text(contained.node, "id") != reference[1:]:
            continue
        for group in contained.children("class"):
            kinds = {code for _, code in fj.codings(fj.child(group.node, "type"))}
            if "plan" in kinds and name is None:
                name = group.text("name") or group.text("value")
            elif "group" in kinds and number is None:
                number = group.text("value")
    return name, number
