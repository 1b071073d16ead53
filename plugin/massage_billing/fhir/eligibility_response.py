"""A payer's answer as FHIR R4: CoverageEligibilityResponse.

What a plain reader elsewhere needs stands in FHIR's own elements: in force, dates, and one item a benefit with its
service types or code, network, person or family, term, dollars, percent, visits, whether authorization is needed, and
the payer's words in ``description``. What R4 has no element for stands in extensions of ours, so that an answer can be
read back from a host (``eligibility_read``).

Left to the store's evidence, since no other system has a use for it and it may name the patient: segments as sent
(``said``, ``kept``), what the payer has on file otherwise (``corrected``), identifiers of the parties it names, and
reference numbers but for plan, group, authorization and referral.
"""

from __future__ import annotations

from massage_billing.fhir import names
from massage_billing.fhir.benefit_item import benefit_item, party
from massage_billing.fhir.eligibility_request import RequestRefs, asker, insurer, purposes
from massage_billing.fhir.fhir_text import period as period_of
from massage_billing.fhir.fhir_text import plain
from massage_billing.fhir.serial import Resource
from massage_billing.model import Answer, AnswerKind, Plan, Rejection, Standing

_OUTCOME = {AnswerKind.REFUSED: "error", AnswerKind.TRY_LATER: "queued"}
_IN_FORCE = {Standing.IN_FORCE: True, Standing.NOT_IN_FORCE: False}


def build_response(refs: RequestRefs, answer: Answer, request: str, created: str) -> Resource:
    """The CoverageEligibilityResponse of an answer.

    ``request`` is the CoverageEligibilityRequest's reference, or its urn inside a transaction; ``created`` a FHIR
    dateTime. ``insurance.inforce`` is absent where the payer did not say: it is never guessed.
    """
    response: Resource = {
        "resourceType": "CoverageEligibilityResponse",
        "meta": {"profile": [names.PROFILE_ELIGIBILITY_RESPONSE]},
        "identifier": _identifiers(refs, answer),
        "status": "active",
        "purpose": purposes(refs),
        "patient": {"reference": refs.patient},
        "servicedDate": answer.asked_for.isoformat(),
        "created": created,
        "request": {"reference": request},
        "outcome": _outcome(answer),
        "insurer": insurer(refs),
    }
    requestor = asker(refs)
    if requestor:
        response["requestor"] = requestor
    disposition = plain("\n".join(answer.messages))
    if disposition:
        response["disposition"] = disposition
    if answer.kind is AnswerKind.ANSWERED or answer.benefits or answer.standing is not Standing.NO_DATA:
        response["insurance"] = [_insurance(refs, answer)]
    number = next((value for b in answer.benefits for kind, value in b.references if kind == "G1" and plain(value)), "")
    if number:
        response["preAuthRef"] = plain(number)
    if answer.rejections:
        response["error"] = [_error(rejection) for rejection in answer.rejections]
    return response


def _identifiers(refs: RequestRefs, answer: Answer) -> list[object]:
    found: list[object] = [{"system": names.SID_QUESTION_KEY, "value": refs.key}]
    trace = plain(answer.payer_trace)
    if trace:
        found.append({"system": names.SID_PAYER_TRACE, "value": trace})
    return found


def _outcome(answer: Answer) -> str:
    """ "partial" where the payer answered and refused some of it."""
    return _OUTCOME.get(answer.kind, "partial" if answer.rejections else "complete")


def _insurance(refs: RequestRefs, answer: Answer) -> Resource:
    insurance: Resource = {}
    extensions = [_plan(plan) for plan in answer.plans]
    extensions += [party(entity) for entity in answer.other_payers]
    if extensions:
        insurance["extension"] = extensions
    insurance["coverage"] = {"reference": refs.coverage}
    in_force = _IN_FORCE.get(answer.standing)
    if in_force is not None:
        insurance["inforce"] = in_force
    period = period_of(answer.start, answer.end)
    if period:
        insurance["benefitPeriod"] = period
    if answer.benefits:
        insurance["item"] = [benefit_item(benefit) for benefit in answer.benefits]
    return insurance


def _plan(plan: Plan) -> Resource:
    """One plan; the standing is always said, so that the extension is never empty."""
    parts: list[object] = [{"url": "standing", "valueCode": plan.standing.value}]
    for url, text in (("name", plan.name), ("number", plan.number)):
        if text and plain(text):
            parts.append({"url": url, "valueString": plain(text)})
    period = period_of(plan.start, plan.end)
    if period:
        parts.append({"url": "period", "valuePeriod": period})
    return {"url": names.EXT_ANSWERED_PLAN, "extension": parts}


def _error(rejection: Rejection) -> Resource:
    """An AAA has a level, and its code is X12's; another code's system is not known here."""
    parts: list[object] = [
        {"url": url, "valueString": plain(text)}
        for url, text in (("followUp", rejection.follow_up), ("level", rejection.level))
        if plain(text)
    ]
    code: Resource = {}
    coded = " ".join(plain(rejection.code).split())
    if coded:
        x12 = {"system": names.X12_REJECT_REASON} if rejection.level else {}
        code["coding"] = [{**x12, "code": coded}]
    message = plain(rejection.message)
    if message or not coded:
        code["text"] = message or "no reason given"
    return (
        {"extension": [{"url": names.EXT_REJECTION_DETAIL, "extension": parts}], "code": code}
        if parts
        else {"code": code}
    )
