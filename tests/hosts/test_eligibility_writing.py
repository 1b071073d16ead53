"""Questions, answers and Tasks of appointments on a real server: written once however often, and read back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import requests

from eligibility_cases import DAY, KEY, REFS, matters
from massage_billing.fhir.eligibility_read import question_key_of, read_response
from massage_billing.fhir.eligibility_request import RequestRefs, build_request
from massage_billing.fhir.eligibility_write import write_group
from massage_billing.fhir.keys import appointment_key, question_key
from massage_billing.fhir.serial import to_bytes
from massage_billing.fhir.tasks import read_task
from massage_billing.hosts.fhir_server import FhirServer
from massage_billing.hosts.fhir_source import FhirSettings
from massage_billing.model import (
    Answer,
    AnswerKind,
    Benefit,
    BenefitKind,
    Count,
    CountUnit,
    Entity,
    Known,
    Measure,
    Network,
    Plan,
    Readiness,
    Reason,
    Span,
    Standing,
    Verdict,
    Who,
)
from massage_billing.ports import WriteGroup, Written
from massage_billing.run.ahead_task import plan_appointment_task
from servers.filling import fill

Json = dict[str, Any]
WRITERS = 4
NOW = "2026-11-30T16:00:00Z"
PEOPLE: list[Json] = [
    {"resourceType": "Patient", "id": "p3", "name": [{"family": "Synthetic"}]},
    {"resourceType": "Organization", "id": "o1", "name": "Clinic"},
    {"resourceType": "Organization", "id": "o9", "name": "Acme Health"},
    {"resourceType": "Location", "id": "l2", "name": "Site"},
    {
        "resourceType": "Coverage",
        "id": "c5",
        "status": "active",
        "beneficiary": {"reference": "Patient/p3"},
        "payor": [{"reference": "Organization/o9"}],
        "period": {"start": "2026-01-01"},
    },
    {
        "resourceType": "Appointment",
        "id": "a4",
        "status": "booked",
        "participant": [{"actor": {"reference": "Patient/p3"}, "status": "accepted"}],
    },
]
THERE = replace(
    REFS,
    patient="Patient/p3",
    coverage="Coverage/c5",
    asker_reference="Organization/o1",
    payer_reference="Organization/o9",
    facility="Location/l2",
)
RICH = Answer(
    AnswerKind.ANSWERED,
    DAY,
    standing=Standing.IN_FORCE,
    start=date(2026, 1, 1),
    plans=(Plan("Gold", "G7", Standing.IN_FORCE, date(2026, 1, 1)),),
    benefits=(
        Benefit(
            BenefitKind.LIMIT,
            "F",
            service_types=("BE", "PT"),
            network=Network.IN,
            period="calendar-year",
            authorization=True,
            amount=Decimal("1250.50"),
            measure=Measure.LEFT,
            counts=tuple(
                Count(Decimal(n), CountUnit.VISITS, side, "calendar-year", 1)
                for n, side in ((20, Measure.ALLOWED), (5, Measure.USED), (15, Measure.LEFT))
            ),
            spans=(Span("348", date(2026, 1, 1), None),),
            messages=("Massage counts with physical therapy.",),
            entities=(Entity("1P", taxonomy="225700000X"),),
            places=("ZZ:11",),
            references=(("G1", "AUTH7"),),
        ),
        Benefit(BenefitKind.COINSURANCE, "A", procedure="97124", modifiers=("GP",), share=Decimal("0.125")),
    ),
    other_payers=(Entity("PR", "Second Health", contacts=("800-555-0100",)),),
    messages=("No guarantee of payment.",),
    trace=KEY,
    payer_trace="R-1",
)


def group(refs: RequestRefs = THERE, answer: Answer = RICH) -> WriteGroup:
    when = datetime(2026, 11, 30, 16, tzinfo=UTC)
    return write_group(refs, Known(refs.patient, refs.coverage, "acme", when.date(), when, answer), NOW, NOW)


def stored(base: str, kind: str) -> list[Json]:
    bundle = requests.get(f"{base}/{kind}", params={"_count": "100"}, headers={"Cache-Control": "no-cache"}, timeout=60)
    return [entry["resource"] for entry in bundle.json().get("entry", [])]


def filled(base: str) -> str:
    fill(base, PEOPLE)
    return base


@pytest.fixture
def base(hapi: str) -> str:
    return filled(hapi)


@pytest.fixture
def host(base: str) -> Iterator[FhirServer]:
    with FhirServer("clinic", base) as server:
        yield server


def written(host: FhirServer, *groups: WriteGroup) -> list[tuple[Written, ...]]:
    results = list(host.write(groups))
    assert [str(result.problem) for result in results if result.problem] == []
    return [result.written for result in results]


def test_question_and_answer_written_twice_are_there_once_and_the_answer_points_at_the_question(
    host: FhirServer, base: str
) -> None:
    ((request, response),) = written(host, group())
    ((same, again),) = written(host, group(answer=replace(RICH, standing=Standing.NO_DATA)))
    assert (request.created, response.created, same.created, again.created) == (True, True, False, False)
    assert (same.reference, again.reference) == (request.reference, response.reference)
    (asked,) = stored(base, "CoverageEligibilityRequest")
    (answered,) = stored(base, "CoverageEligibilityResponse")
    assert answered["request"]["reference"] == f"CoverageEligibilityRequest/{asked['id']}" == request.reference
    assert question_key_of(asked) == question_key_of(answered) == KEY
    assert answered["insurance"][0]["inforce"] is True


def test_an_answer_comes_back_from_the_server_as_it_was_written(host: FhirServer, base: str) -> None:
    written(host, group())
    (answered,) = stored(base, "CoverageEligibilityResponse")
    assert matters(read_response(answered, DAY)) == matters(RICH)


def test_writers_at_once_make_one_question_and_one_answer_a_key(base: str) -> None:
    keys = [question_key("clinic", f"Patient/{n}", "Coverage/c5", "acme", "2026-11-30", "v") for n in range(8)]
    groups = [group(replace(THERE, key=key)) for key in keys]
    hosts = [FhirServer("clinic", base, settings=FhirSettings(bundle=3)) for _ in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as pool:
        results = [result for some in pool.map(lambda one: list(one.write(groups)), hosts) for result in some]
    for one in hosts:
        one.close()
    assert [str(result.problem) for result in results if result.problem] == []
    for kind in ("CoverageEligibilityRequest", "CoverageEligibilityResponse"):
        assert sorted(str(question_key_of(one)) for one in stored(base, kind)) == sorted(keys)


def test_an_answer_that_the_server_refuses_leaves_no_question_behind(host: FhirServer, base: str) -> None:
    (result,) = host.write([group(replace(THERE, patient="Patient/nobody"))])
    assert result.problem is not None
    assert stored(base, "CoverageEligibilityRequest") == stored(base, "CoverageEligibilityResponse") == []


def test_what_the_payer_of_the_server_answers_is_read(start_hapi: Callable[..., Any]) -> None:
    base = filled(start_hapi(payer=True).url)
    headers = {"Content-Type": "application/fhir+json"}
    answer = requests.post(
        f"{base}/CoverageEligibilityRequest/$submit",
        data=to_bytes(build_request(THERE, NOW)),
        headers=headers,
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    read = read_response(answer.json(), DAY, "Coverage/c5")
    assert (read.kind, read.standing, read.benefits) == (AnswerKind.ANSWERED, Standing.IN_FORCE, ())


ENDED = Reason("coverage-ended", Readiness.BLOCKED, "Coverage/c5 has ended.", "Ask for the card.", Who.FRONT_DESK)
VERDICT = Verdict("a4", "Patient/p3", DAY, Readiness.BLOCKED, (ENDED,))


def test_the_task_of_an_appointment_is_created_once_and_completed_when_settled(host: FhirServer, base: str) -> None:
    for _ in range(2):
        step = plan_appointment_task("clinic", VERDICT, None, (), NOW)
        written(host, WriteGroup(appointment_key("clinic", "a4"), "", step.writes))
    (task,) = stored(base, "Task")
    assert plan_appointment_task("clinic", VERDICT, read_task(task), (), NOW).writes == ()
    settled = replace(VERDICT, readiness=Readiness.READY, reasons=())
    step = plan_appointment_task("clinic", settled, read_task(task), (), NOW)
    written(host, WriteGroup(appointment_key("clinic", "a4"), "", step.writes))
    (task,) = stored(base, "Task")
    assert (task["status"], read_task(task).closed_by_us) == ("completed", True)
    assert json.dumps(task).count("coverage-ended") == 2
