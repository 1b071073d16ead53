"""Sweeps on a real HAPI FHIR server; what stands there afterwards is read by plain HTTP."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from builders import Json, consent, ref
from journeys.clinic import Server, open_tasks, question_key
from journeys.forked import RUN_SECONDS, Forker
from journeys.proxy import Proxy, Request, proxy_to
from massage_billing.fhir.schemas import Validator as Schema
from massage_billing.profiles import load_schema
from servers.simulated_payer import Start
from servers.validator import Validator
from sweep.on_disk import many, nearby, patient, resources, settings, tomorrow
from sweep.world import PRIVATE

REQUEST, RESPONSE = "CoverageEligibilityRequest", "CoverageEligibilityResponse"
KINDS = (REQUEST, RESPONSE, "Task")
INSURED = 12


class Clinic:
    """A clinic on HAPI whose payers are simulated."""

    def __init__(self, folder: Path, hapi: str, payer: str, forker: Forker) -> None:
        self.folder, self.hapi, self.payer, self.forker = folder, hapi, payer, forker
        self.server = Server(hapi)
        self.world = nearby()
        many(self.world, INSURED)
        patient(self.world, "ended", "SYN-ENDED", "o2", "08:30")
        patient(self.world, "wish", "SYN-ACTIVE", "o3", "09:30")
        self.world.put(consent("wish", patient=ref("Patient/wish")))
        # HAPI takes no reference to what is not there.
        self.world.put({"resourceType": "Condition", "id": "d1", "subject": ref("Patient/ended")})
        for visit in self.world.all("Encounter"):
            self.world.change(f"Encounter/{visit['id']}", diagnosis=...)
        self.server.put(*resources(self.world))

    def call(self, *words: str, where: str | None = None, channels: tuple[str, ...] | None = None) -> Json:
        more = {"channels": channels} if channels else {}
        file = settings(self.folder, self.payer, where or self.hapi, **more)
        return self.forker.run([*words, "--json", "--settings", str(file)])

    def change(self, reference: str, **changes: Any) -> None:
        """Change a resource as a person at the EHR does."""
        current = {name: value for name, value in self.server.get(reference).items() if name != "meta"}
        self.server.put({**current, **changes})

    def written(self) -> dict[str, list[Json]]:
        return {kind: self.server.all(kind) for kind in KINDS}

    def versions(self) -> dict[str, str]:
        return {f"{kind}/{one['id']}": one["meta"]["versionId"] for kind in KINDS for one in self.server.all(kind)}


@pytest.fixture
def clinic(tmp_path: Path, hapi: str, start_payer: Start, forker: Forker) -> Clinic:
    return Clinic(tmp_path, hapi, start_payer()[1], forker)


def transactions(proxy: Proxy) -> list[list[str]]:
    """The types of what each transaction carried."""
    found = []
    for request in proxy.seen:
        if request.writes:
            found.append([one["resourceType"] for one in request.resources()])
    return found


def test_each_answer_stands_there_once_with_its_question_and_a_second_run_writes_nothing(
    clinic: Clinic, validator: Validator, tmp_path: Path
) -> None:
    with proxy_to(clinic.hapi) as proxy:
        report = clinic.call("eligibility", "run", where=proxy.url)
        assert (report["appointments"], report["answered"], report["written"]) == (
            INSURED + 2,
            INSURED + 1,
            INSURED + 1,
        )
        assert (report["unwritten"], report["problems"]) == (0, [])
        # Question and answer travel together: in every transaction as many of the one as of the other.
        for types in transactions(proxy):
            counted = Counter(types)
            assert counted[REQUEST] == counted[RESPONSE], types
        assert sum(types.count(RESPONSE) for types in transactions(proxy)) == INSURED + 1
        assert [request.path for request in proxy.seen if any(word in request.path for word in PRIVATE)] == []
        proxy.seen.clear()
        before = clinic.versions()
        again = clinic.call("eligibility", "run", where=proxy.url)
        assert (again["asked"], again["written"], again["tasks_opened"], again["tasks_closed"]) == (0, 0, 0, 0)
        assert [request.path for request in proxy.seen if request.writes] == []
        assert clinic.versions() == before
    written = clinic.written()
    requests = {f"{REQUEST}/{one['id']}": question_key(one) for one in written[REQUEST]}
    assert len(requests) == len(set(requests.values())) == INSURED + 1
    assert sorted(one["request"]["reference"] for one in written[RESPONSE]) == sorted(requests)
    assert all(requests[one["request"]["reference"]] == question_key(one) for one in written[RESPONSE])
    assert ref("Patient/wish") not in [one["patient"] for kind in (REQUEST, RESPONSE) for one in written[kind]]
    (task,) = open_tasks(written["Task"])
    assert task["focus"] == ref("Appointment/mended")
    files = []
    for kind in KINDS:
        schema = Schema(load_schema("BeforeVisitTask" if kind == "Task" else kind))
        assert [str(fault) for one in written[kind] for fault in schema.check(one)] == []
        files.append(tmp_path / f"written-{kind}.ndjson")
        files[-1].write_text("".join(json.dumps(one) + "\n" for one in written[kind]), encoding="utf-8")
    issues = validator(files)
    assert [str(issue) for issue in issues if issue.is_error] == []


def test_the_life_of_a_task(clinic: Clinic) -> None:
    clinic.call("eligibility", "run")
    (task,) = clinic.server.all("Task")
    assert (task["status"], task["meta"]["versionId"]) == ("requested", "1")

    clinic.change("Coverage/cended", subscriberId="SYN-ACTIVE-ENDED")
    report = clinic.call("eligibility", "run")
    assert (report["answered"], report["tasks_closed"]) == (1, 1)
    (task,) = clinic.server.all("Task")
    assert (task["status"], task["businessStatus"]["text"]) == ("completed", "settled")

    clinic.change("Coverage/cended", subscriberId="SYN-WRONG-ID-ENDED")
    clinic.call("eligibility", "run")
    (task,) = clinic.server.all("Task")
    assert task["status"] == "requested"

    clinic.change("Appointment/mended", status="cancelled")
    assert clinic.call("eligibility", "run")["tasks_closed"] == 1
    (task,) = clinic.server.all("Task")
    assert task["status"] == "completed"
    assert clinic.call("eligibility", "run")["tasks_closed"] == 0


def test_the_huddle_reads_and_writes_nothing(clinic: Clinic) -> None:
    clinic.call("eligibility", "run")
    with proxy_to(clinic.hapi) as proxy:
        found = clinic.call("huddle", where=proxy.url)
        assert [request.path for request in proxy.seen if request.writes] == []
    stands = Counter(one["verdict"]["readiness"] for one in found["appointments"])
    assert found["date"] == tomorrow().isoformat()
    assert (sum(stands.values()), stands["blocked"]) == (INSURED + 2, 1)


def test_a_lost_store_doubles_nothing(clinic: Clinic, tmp_path: Path) -> None:
    clinic.call("eligibility", "run")
    before = clinic.versions()
    shutil.rmtree(tmp_path / "state")
    report = clinic.call("eligibility", "run")
    assert report["unwritten"] == 0
    assert clinic.versions() == before


@pytest.mark.slow
def test_a_host_that_goes_down_before_it_has_the_answers_gets_them_from_the_next_sweep(clinic: Clinic) -> None:
    def down(request: Request) -> None:
        if request.writes:
            raise ConnectionError

    with proxy_to(clinic.hapi) as proxy:
        proxy.before = down
        file = settings(clinic.folder, clinic.payer, proxy.url)
        pid = clinic.forker.start(["eligibility", "run", "--json", "--settings", str(file)])
        code = clinic.forker.ended(RUN_SECONDS)
        out, errors = clinic.forker.said(pid)
    assert code == 5, errors
    report = json.loads(out)
    assert (report["answered"], report["written"], report["unwritten"]) == (INSURED + 1, 0, INSURED + 1)
    assert not any(word in out + errors for word in PRIVATE)
    report = clinic.call("eligibility", "run")
    assert (report["asked"], report["written"], report["unwritten"]) == (0, INSURED + 1, 0)
    assert len(clinic.server.all(RESPONSE)) == INSURED + 1


def test_by_way_of_the_host_requests_stand_there_and_the_hosts_own_responses_count(clinic: Clinic) -> None:
    """``kind: host``: HAPI asks nobody by itself, so the test answers as a host does."""
    resident = ("resident", "resident", "resident")
    report = clinic.call("eligibility", "run", channels=resident)
    assert (report["waiting"], report["answered"], report["written"]) == (INSURED + 1, 0, 0)
    asked = clinic.server.all(REQUEST)
    assert len(asked) == INSURED + 1
    assert clinic.call("eligibility", "run", channels=resident)["asked"] == 0
    assert len(clinic.server.all(REQUEST)) == INSURED + 1
    assert clinic.server.all(RESPONSE) == []
    for one in asked:
        clinic.server.post(
            {
                "resourceType": RESPONSE,
                "status": "active",
                "purpose": one["purpose"],
                "patient": one["patient"],
                "servicedDate": one["servicedDate"],
                "created": one["created"],
                "request": ref(f"{REQUEST}/{one['id']}"),
                "outcome": "complete",
                "insurer": one["insurer"],
                "insurance": [{"coverage": one["insurance"][0]["coverage"], "inforce": True}],
            }
        )
    huddled = clinic.call("huddle", channels=resident)
    ready = [one["verdict"] for one in huddled["appointments"] if one["verdict"]["readiness"] == "ready"]
    assert len(ready) >= INSURED, "what the host has counts at once"
