"""What is written to the host of an answered question: request and response, together or not at all."""

from __future__ import annotations

from massage_billing.fhir import names
from massage_billing.fhir.eligibility_request import RequestRefs, build_request
from massage_billing.fhir.eligibility_response import build_response
from massage_billing.fhir.keys import full_url
from massage_billing.fhir.serial import Resource, to_bytes
from massage_billing.model import Known
from massage_billing.ports import Operation, Write, WriteGroup


def write_group(refs: RequestRefs, known: Known, asked_at: str, answered_at: str) -> WriteGroup:
    """The request and the response that answers it as one group; both times are FHIR dateTimes.

    Both are created under the question's key unless they are there already, so that writing twice is impossible. Of the
    result, ``written[1].reference`` is the CoverageEligibilityResponse.
    """
    request = build_request(refs, asked_at)
    url = full_url("CoverageEligibilityRequest", refs.key)
    response = build_response(refs, known.answer, url, answered_at)
    return WriteGroup(f"{refs.key}:eligibility", "", (_create(refs, request, url), _create(refs, response)))


def _create(refs: RequestRefs, resource: Resource, url: str = "") -> Write:
    kind = str(resource["resourceType"])
    match = f"identifier={names.SID_QUESTION_KEY}|{refs.key}"
    return Write(Operation.CREATE, kind, to_bytes(resource), url or full_url(kind, refs.key), match=match)
