"""Answers about coverage that the host holds and this program did not write: the host, or somebody else, asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time
from datetime import date as Date

from massage_billing.fhir.dates import first_day, utc
from massage_billing.fhir.eligibility_read import question_key_of, read_response
from massage_billing.fhir.json import Faults, child, children, text
from massage_billing.fhir.payer_keys import PayerKeys
from massage_billing.fhir.record import Record
from massage_billing.model import Coverage, Known
from massage_billing.ports import JsonObject


def answers_on_record(
    record: Record, patient: str | None, coverages: Sequence[Coverage], day: Date | None, payers: PayerKeys
) -> tuple[Known, ...]:
    """Others' answers to the patient's coverages, the newest first. One without a date when it was made is not used,
    for nobody knows how old it is."""
    if patient is None:
        return ()
    mine = {coverage.id: coverage for coverage in coverages}
    found = [
        known
        for key, response in record.all("CoverageEligibilityResponse")
        if question_key_of(response) is None and record.names(response, "patient", patient)
        for known in _known(record, key, response, patient, mine, day, payers)
    ]
    return tuple(sorted(found, key=lambda known: (known.answered_at, known.response or ""), reverse=True))


def _known(
    record: Record,
    key: str,
    response: JsonObject,
    patient: str,
    coverages: dict[str, Coverage],
    day: Date | None,
    payers: PayerKeys,
) -> Iterator[Known]:
    faults = Faults(key, response)
    created = first_day(response, "created", faults)
    if created is None or text(response, "status") != "active":
        return
    # What names no date of service tells of the day it was made on, and of no day still to come.
    about = created if _serviced(response, faults) is None else day or created
    at = utc(response, "created", faults) if "T" in (text(response, "created") or "") else None
    named = [record.resolver.key(child(one, "coverage"), response) for one in children(response, "insurance")]
    for coverage in dict.fromkeys(one for one in named if one in coverages):
        resource = record.resources[str(coverage)]
        payors = children(resource, "payor")
        payer = payers.of(payors[0], resource, record.resolver) if payors else None
        payer = payer or payers.of(child(response, "insurer"), response, record.resolver)
        if payer is not None:
            yield Known(
                patient=patient,
                coverage=str(coverage),
                payer=payer,
                asked_on=created,
                answered_at=at or datetime.combine(created, time(), UTC),
                answer=read_response(response, about, str(coverage)),
                response=key,
            )


def _serviced(response: JsonObject, faults: Faults) -> Date | None:
    return first_day(response, "servicedDate", faults) or first_day(child(response, "servicedPeriod"), "start", faults)
