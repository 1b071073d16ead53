"""``massage-billing serve`` as a process of its own: asked over HTTP by whoever has the token, and by nobody else."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

import builders
from hosts.mini_fhir import MiniFhir
from massage_billing import __version__
from servers.process import ROOT, Child

Json = dict[str, Any]
TOKEN = "a-token-that-nobody-can-guess-0123456789"
SETTINGS = """\
clinic: {{name: Synthetic Massage Clinic, npi: "1245319599", tin: "00-0000000", payers: payers.yaml, fees: fees.csv}}
hosts:
  main:
    kind: fhir
    url: {base}
    zone: America/Denver
    place_of_service: "11"
    billing: {{start: 2026-11-01, settle: 0}}
state: {{folder: state}}
{serve}
"""
SERVE = "serve: {token_file: token}"
PAYERS = """\
payers:
  - {key: blue, kind: health, policy: commercial-midpoint, filing_days: 3650, match: {references: [Organization/o2]}}
"""
FEES = "code,modifier,payer,from,amount\n97124,,,2020-01-01,35.00\n"
NAME = "Quillfeather"


@pytest.fixture
def server(httpserver: HTTPServer) -> MiniFhir:
    server = MiniFhir(httpserver)
    person = {"resourceType": "Patient", "id": "p1", "name": [{"family": NAME}], "birthDate": "1980-01-01"}
    for one in (
        builders.organization(),
        builders.payer(),
        builders.location(),
        builders.practitioner(),
        person,
        builders.coverage("c1", period={"start": "2020-01-01"}),
        builders.condition(),
        builders.encounter(),
        builders.procedure(mins=60),
    ):
        server.store.put(one)
    return server


@pytest.fixture
def folder(server: MiniFhir, tmp_path: Path) -> Path:
    (tmp_path / "payers.yaml").write_text(PAYERS)
    (tmp_path / "fees.csv").write_text(FEES)
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    (tmp_path / "token").chmod(0o600)
    write(tmp_path, server)
    return tmp_path


def write(folder: Path, server: MiniFhir, serve: str = SERVE) -> None:
    (folder / "massage-billing.yaml").write_text(SETTINGS.format(base=server.base, serve=serve))


Start = Callable[..., tuple[Child, str]]


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Starts the service and gives it with its URL."""
    with ExitStack() as stack:

        def begin(*words: str) -> tuple[Child, str]:
            command = [sys.executable, "-m", "massage_billing", "serve", "--settings", folder / "massage-billing.yaml"]
            given = words or ("--address", "127.0.0.1:0")
            child = stack.enter_context(Child([*command, *given], env={"PYTHONPATH": str(ROOT / "plugin")}))
            line = child.read_line(60)
            assert line.startswith("Serving at http://"), line
            return child, line.split()[2].rstrip(".")

        yield begin


def headers(token: str = TOKEN) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def ask(url: str, body: object = None, token: str = TOKEN) -> requests.Response:
    return requests.post(f"{url}/jobs/run", json=body or {"job": "run"}, headers=headers(token), timeout=30)


def ended(url: str, id: str) -> Json:
    """The job once it is over."""
    while True:
        job: Json = requests.get(f"{url}/jobs/{id}", headers=headers(), timeout=30).json()
        if job["state"] != "running":
            return job


def health(url: str) -> Json:
    answer = requests.get(f"{url}/healthz", timeout=30)
    assert answer.status_code == 200
    told: Json = answer.json()
    return told


# --- asked ---------------------------------------------------------------------------------------------------------


def test_a_job_is_asked_for_done_and_told_of(start: Start, server: MiniFhir) -> None:
    _, url = start()
    fresh = health(url)
    assert (fresh["status"], fresh["version"], fresh["hosts"]) == ("ok", __version__, ["main"])
    assert (fresh["jobs"], fresh["running"]) == ({}, [])

    asked = ask(url)
    assert asked.status_code == 202
    job = ended(url, asked.json()["id"])
    assert (job["state"], job["job"], job["host"], job["by"], job["problems"]) == ("done", "run", "main", "request", [])
    assert (job["counts"]["visits"], job["counts"]["claims_created"]) == (1, 1)
    assert len(server.store.all("Claim")) == 1
    told = health(url)
    assert told["jobs"]["run"] == job
    assert told["running"] == []
    assert NAME not in str(told)

    again = ended(url, ask(url, {"job": "run", "host": "main"}).json()["id"])
    assert again["counts"]["claims_created"] == 0
    assert len(server.store.all("Claim")) == 1


def test_payers_are_asked_about_coming_visits(start: Start) -> None:
    _, url = start()
    job = ended(url, ask(url, {"job": "eligibility"}).json()["id"])
    assert (job["job"], job["state"], job["counts"]["appointments"]) == ("eligibility", "done", 0)


def test_while_a_job_is_running_another_is_refused_and_named(start: Start, server: MiniFhir) -> None:
    _, url = start()
    begun, go_on = threading.Event(), threading.Event()

    def hang(_: Request) -> Response:
        begun.set()
        assert go_on.wait(60)
        return Response("{}", 500)

    server.fail(hang, path="metadata")
    first = ask(url).json()
    assert begun.wait(30)
    second = ask(url, {"job": "eligibility"})
    assert second.status_code == 409
    assert (second.json()["id"], second.json()["job"], second.json()["state"]) == (first["id"], "run", "running")
    assert "running already" in second.json()["problem"]
    assert [job["id"] for job in health(url)["running"]] == [first["id"]]
    go_on.set()
    assert ended(url, first["id"])["state"] == "done"  # a fault of the host's is tried again


def test_a_job_that_fails_harms_nothing(start: Start, server: MiniFhir, folder: Path) -> None:
    child, url = start()
    (folder / "payers.yaml").write_text("payers: [")
    job = ended(url, ask(url).json()["id"])
    assert job["state"] == "failed"
    assert "payers.yaml" in job["problems"][0]
    (folder / "payers.yaml").write_text(PAYERS)
    assert ended(url, ask(url).json()["id"])["state"] == "done"
    assert child.running()


def test_settings_are_read_anew_for_each_job(start: Start, server: MiniFhir, folder: Path) -> None:
    _, url = start()
    file = folder / "massage-billing.yaml"
    file.write_text(file.read_text().replace("start: 2026-11-01", "start: 2026-11-25"))
    assert ended(url, ask(url).json()["id"])["counts"]["claims_created"] == 0
    assert server.store.all("Claim") == []


# --- by itself -----------------------------------------------------------------------------------------------------


def test_the_schedule_bills_by_itself_and_knows_over_a_restart_when_it_did(
    start: Start, server: MiniFhir, folder: Path
) -> None:
    write(folder, server, "serve: {token_file: token, every: 1h}")
    child, url = start()
    while "run" not in health(url)["jobs"] or health(url)["running"]:
        assert child.running()
    first = health(url)["jobs"]["run"]
    assert (first["by"], first["state"], first["counts"]["claims_created"]) == ("schedule", "done", 1)
    child.process.send_signal(signal.SIGTERM)
    assert child.process.wait(30) == 0
    _, url = start()
    assert health(url)["jobs"]["run"] == first
    assert health(url)["running"] == []


# --- kept out ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], f"{TOKEN}x", TOKEN.upper(), f" {TOKEN}", "\xe9" * 40])
def test_without_the_token_nothing_is_done_or_told(start: Start, server: MiniFhir, token: str) -> None:
    _, url = start()
    shown = {"Authorization": f"Bearer {token}".encode("latin-1")}
    asked = requests.post(f"{url}/jobs/run", json={"job": "run"}, headers=shown, timeout=30)
    assert (asked.status_code, asked.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert requests.get(f"{url}/jobs/1", headers=shown, timeout=30).status_code == 401
    assert health(url)["jobs"] == {}
    assert server.requests == []


def test_many_wrong_tokens_are_turned_away_and_the_right_one_is_not(start: Start) -> None:
    _, url = start()
    answers = [ask(url, token="wrong").status_code for _ in range(12)]
    assert answers == [401] * 10 + [429] * 2
    assert ask(url).status_code == 202


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"[]", 422),
        (b'{"job": "purge"}', 422),
        (b'{"job": "run", "since": "2026-01-01"}', 422),
        (b'{"job": "run", "host": "other"}', 422),
        (b'{"job": "run", "host": "http://127.0.0.1:1/fhir"}', 422),
        (b'{"job": "run"}' + b" " * 5000, 413),
    ],
)
def test_nothing_else_can_be_asked_for(start: Start, server: MiniFhir, body: bytes, status: int) -> None:
    _, url = start()
    answer = requests.post(f"{url}/jobs/run", data=body, headers=headers(), timeout=30)
    assert answer.status_code == status
    assert set(answer.json()) == {"problem"}
    assert server.requests == []


def test_a_body_of_unknown_length_is_cut_off_too(start: Start) -> None:
    _, url = start()
    answer = requests.post(f"{url}/jobs/run", data=iter([b" " * 3000] * 3), headers=headers(), timeout=30)
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/jobs", "/jobs/run/", "/healthz/", "/docs", "/openapi.json", "/jobs/../healthz/"])
def test_there_are_no_other_routes_and_no_redirects(start: Start, path: str) -> None:
    _, url = start()
    answer = requests.get(f"{url}{path}", headers=headers(), timeout=30, allow_redirects=False)
    assert answer.status_code in (404, 405)


def test_what_people_see_is_behind_the_door_and_the_shield(start: Start) -> None:
    child, url = start()
    answer = requests.get(f"{url}/", timeout=30, allow_redirects=False)
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/login")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert requests.get(url, headers={"Host": "elsewhere.example"}, timeout=30).status_code == 421
    link = child.read_line(30)
    assert link.startswith(f"Workbench: {url}/enter/")
    opened = requests.get(link.split()[1], timeout=30, allow_redirects=False)
    assert opened.status_code in (200, 303)
    assert link.split("/enter/")[1] not in child.log.read_text()


def test_ready_is_said_once_it_can_work(start: Start) -> None:
    _, url = start()
    while (answer := requests.get(f"{url}/readyz", timeout=30)).status_code == 503:
        assert answer.json()["problems"] == ["No process keeps the schedule."]
    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "problems": []})


def test_many_processes_want_postgresql(folder: Path, server: MiniFhir) -> None:
    write(folder, server, "serve: {token_file: token, workers: 2}")
    assert "2 processes were asked for, and SQLite is written by one" in refused(folder)
    assert "3 processes" in refused(folder, "--workers", "3")


def test_without_a_token_it_serves_people_and_no_program(start: Start, server: MiniFhir, folder: Path) -> None:
    write(folder, server, "")
    child, url = start()
    assert "No serve.token_file is set" in child.read_line(30)
    assert child.read_line(30).startswith("Workbench: ")
    for answer in (ask(url), requests.get(f"{url}/jobs/1", headers=headers(), timeout=30)):
        assert (answer.status_code, "serve.token_file" in answer.json()["problem"]) == (403, True)
    assert health(url)["jobs"] == {}
    assert server.requests == []


def test_logs_tell_of_jobs_and_hold_neither_token_nor_patient(start: Start) -> None:
    child, url = start()
    ask(url, token="wrong-token-in-the-logs")
    ended(url, ask(url).json()["id"])
    requests.get(f"{url}/jobs/{TOKEN}", headers=headers(), timeout=30)
    child.process.send_signal(signal.SIGTERM)
    assert child.process.wait(30) == 0
    said = child.log.read_text()
    assert "job.begun" in said
    assert "job.ended" in said
    assert not any(word in said for word in (TOKEN, "wrong-token", NAME, "1980-01-01"))


# --- started and stopped -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_nothing_to_say_when_it_is_told_to(start: Start, how: signal.Signals) -> None:
    child, url = start()
    health(url)
    child.process.send_signal(how)
    assert child.process.wait(30) == 0
    with pytest.raises(requests.ConnectionError):
        health(url)


def test_a_running_job_may_finish_before_it_ends(start: Start, server: MiniFhir) -> None:
    child, url = start()
    begun, go_on = threading.Event(), threading.Event()

    def hang(_: Request) -> None:
        begun.set()
        assert go_on.wait(60)

    server.faults.append(lambda request: hang(request) if request.path.endswith("Encounter") else None)
    ask(url)
    assert begun.wait(30)
    child.process.send_signal(signal.SIGTERM)
    while reachable(url):
        assert child.running()
    go_on.set()
    assert child.process.wait(30) == 0
    assert len(server.store.all("Claim")) == 1


def test_one_that_does_not_is_left_and_the_next_service_goes_on(start: Start, server: MiniFhir, folder: Path) -> None:
    write(folder, server, "serve: {token_file: token, stop_after: 0}")
    child, url = start()
    begun, go_on = threading.Event(), threading.Event()

    def hang(_: Request) -> None:
        begun.set()
        go_on.wait(60)

    server.faults.append(lambda request: hang(request) if not go_on.is_set() else None)
    ask(url)
    assert begun.wait(30)
    child.process.send_signal(signal.SIGTERM)
    assert child.process.wait(30) == 0
    go_on.set()
    _, url = start()
    assert health(url)["jobs"]["run"]["state"] == "abandoned"
    assert ended(url, ask(url).json()["id"])["state"] == "done"
    assert len(server.store.all("Claim")) == 1


def reachable(url: str) -> bool:
    try:
        requests.get(f"{url}/healthz", timeout=30)
    except requests.ConnectionError:
        return False
    return True


@pytest.mark.parametrize(
    ("serve", "said"),
    [
        ("serve: {token_file: gone}", "cannot be read"),
        ("serve: {token_env: MB_NO_SUCH_VARIABLE}", "MB_NO_SUCH_VARIABLE is not set"),
        ("serve: {token_file: short}", "shorter than 24"),
        ("serve: {token_file: token, token_env: X}", "either token_file or token_env"),
        ("serve: {token_file: token, address: elsewhere}", "is no address"),
        ("serve: {token_file: token, every: 5s}", "at least 1m"),
        ('serve: {token_file: token, eligibility_at: ["25:00"]}', "no time of day"),
    ],
)
def test_it_does_not_start_without_what_it_needs(folder: Path, server: MiniFhir, serve: str, said: str) -> None:
    (folder / "short").write_text("secret")
    write(folder, server, serve)
    assert said in refused(folder)


def test_a_time_of_day_needs_the_clinics_zone(folder: Path, server: MiniFhir) -> None:
    write(folder, server, 'serve: {token_file: token, eligibility_at: ["05:30"]}')
    file = folder / "massage-billing.yaml"
    file.write_text(file.read_text().replace("    zone: America/Denver\n", ""))
    assert "hosts.main.zone" in refused(folder)


def test_an_address_that_is_taken_is_named(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert f"{address} cannot be listened at" in refused(folder, "--address", address)


def refused(folder: Path, *words: str) -> str:
    """What it says when it ends with 3 instead of serving."""
    command = [sys.executable, "-m", "massage_billing", "serve", "--settings", folder / "massage-billing.yaml", *words]
    child = Child(command, env={"PYTHONPATH": str(ROOT / "plugin")})
    try:
        assert child.process.wait(60) == 3
        return child.log.read_text()
    finally:
        child.stop()
