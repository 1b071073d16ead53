"""``massage-billing serve`` as EHRs meet it: CDS Hooks, notices, metrics and logs of one real process."""

from __future__ import annotations

import json
import re
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
from pytest_httpserver import HTTPServer

import builders
from hooks.calling import ISSUER, bearer, book, claims, discharge, jwks, planned
from hosts.mini_fhir import MiniFhir
from servers.process import ROOT, Child

Json = dict[str, Any]
TOKEN = "a-token-that-nobody-can-guess-0123456789"
NOTICE = "another-token-nobody-can-guess-98765432"
BASE = "https://billing.example.org"
NAME = "Quillfeather"
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
serve: {{token_file: token}}
hooks:
  url: {url}
  answer_ms: 5000
  clients:
    emr: {{issuer: "{issuer}", jwks_file: keys.json}}
  subscription: {{token_file: notice, pause: 0}}
"""


class Served:
    """The service, and the EHR it works for."""

    def __init__(self, child: Child, url: str, server: MiniFhir) -> None:
        self.child, self.url, self.server = child, url, server

    def call(self, service: str, body: Json) -> requests.Response:
        told = claims(aud=f"{BASE}/cds-services/{service}", now=time.time())
        shown = {"Authorization": bearer(told)}
        return requests.post(f"{self.url}/cds-services/{service}", json=body, headers=shown, timeout=30)

    def notice(self, path: str = "main", token: str = NOTICE, **more: Any) -> requests.Response:
        shown = {"Authorization": f"Bearer {token}"}
        return requests.post(f"{self.url}/hooks/subscription/{path}", headers=shown, timeout=30, **more)

    def metrics(self) -> str:
        return requests.get(f"{self.url}/metrics", timeout=30).text


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
        builders.encounter(status="in-progress"),
        builders.procedure(mins=60),
    ):
        server.store.put(one)
    return server


@pytest.fixture
def served(server: MiniFhir, tmp_path: Path) -> Iterator[Served]:
    (tmp_path / "massage-billing.yaml").write_text(SETTINGS.format(base=server.base, url=BASE, issuer=ISSUER))
    (tmp_path / "payers.yaml").write_text(
        "payers:\n  - {key: blue, kind: health, policy: commercial-midpoint, filing_days: 3650,"
        " match: {references: [Organization/o2]}}\n"
    )
    (tmp_path / "fees.csv").write_text("code,modifier,payer,from,amount\n97124,,,2020-01-01,35.00\n")
    (tmp_path / "keys.json").write_text(json.dumps(jwks()))
    for name, secret in (("token", TOKEN), ("notice", NOTICE)):
        (tmp_path / name).write_text(secret)
        (tmp_path / name).chmod(0o600)
    command = [sys.executable, "-m", "massage_billing", "serve", "--settings", tmp_path / "massage-billing.yaml"]
    words = ["--address", "127.0.0.1:0", "--log", "json", "--link", "none"]
    with ExitStack() as stack:
        child = stack.enter_context(Child([*command, *words], env={"PYTHONPATH": str(ROOT / "plugin")}))
        while not (found := re.search(r"http://[0-9.]+:[0-9]+", child.read_line(60))):
            pass
        yield Served(child, found[0], server)


def beforehand(path: str, found: list[tuple[str, str]]) -> bool:
    """Whether the service asks this of its own when it starts (what the server can do), whatever a notice says."""
    return path == "metadata" or ("_lastUpdated", "gt2999-01-01") in found


def claimed(served: Served, number: int = 1) -> None:
    """Wait until so many claims stand on the host."""
    deadline = time.monotonic() + 60
    while len(served.server.store.all("Claim")) != number:
        assert served.child.running()
        assert time.monotonic() < deadline, "no claim"


def test_a_notice_has_the_visit_billed_though_nothing_is_scheduled(served: Served) -> None:
    assert served.notice().status_code == 200
    served.server.store.put(builders.encounter())
    assert served.notice().status_code == 200
    claimed(served)
    assert 'massage_billing_notices_total{host="main",how="woken"} 2.0' in served.metrics()


def test_a_notice_that_names_the_visit_has_it_billed(served: Served) -> None:
    served.server.store.put(builders.encounter())
    served.notice("main/Encounter/e1", json=builders.encounter())
    claimed(served)


def test_nothing_of_a_notice_is_believed(served: Served) -> None:
    """The Encounter that is sent says finished; the host's own does not."""
    served.notice("main/Encounter/e1", json={**builders.encounter(), "status": "finished"})
    deadline = time.monotonic() + 30
    while not any(path.startswith("Procedure") for _, path, _, _ in served.server.requests):
        assert time.monotonic() < deadline
    assert served.server.store.all("Claim") == []


def test_without_the_secret_nothing_is_read(served: Served) -> None:
    for token in ("", "wrong", TOKEN):
        assert served.notice(token=token).status_code == 401
    assert served.notice("nobody").status_code == 401
    assert served.notice(path="main", token=NOTICE, data=b"x" * 2_000_000).status_code == 413
    alive = {
        "resourceType": "Bundle",
        "entry": [{"resource": {"resourceType": "SubscriptionStatus", "type": "heartbeat"}}],
    }
    assert served.notice(json=alive).status_code == 200
    assert {path for _, path, found, _ in served.server.requests if not beforehand(path, found)} == set()


def test_an_ehr_is_told_what_a_claim_would_lack(served: Served) -> None:
    served.server.store.put(builders.procedure(mins=None))
    answer = served.call("encounter-discharge", discharge())
    assert answer.status_code == 200, answer.text
    assert [card["source"]["label"] for card in answer.json()["cards"]]
    pages = {link["url"] for card in answer.json()["cards"] for link in card["links"]}
    assert f"{BASE}/rules/minutes-documented" in pages
    assert served.call("encounter-discharge", discharge(context={"patientId": "p2"})).json() == {"cards": []}


def test_an_ehr_is_told_what_to_settle_before_a_booking(served: Served) -> None:
    answer = served.call("appointment-book", book(planned(day="2031-12-03")))
    summaries = [card["summary"] for card in answer.json()["cards"]]
    assert any("nobody asks this payer" in one for one in summaries), summaries


def test_logs_are_json_without_a_patient_and_metrics_count_what_happened(served: Served) -> None:
    served.call("encounter-discharge", discharge())
    served.call("appointment-book", book(planned(comment=NAME)))
    served.server.store.put(builders.encounter())
    served.notice()
    claimed(served)
    told = served.metrics()
    assert 'massage_billing_cds_answer_seconds_count{how="cards",service="appointment-book"} 1.0' in told
    assert 'route="/cds-services/{id}"' in told
    assert "massage_billing_store_up 1.0" in told
    served.child.process.send_signal(signal.SIGTERM)
    assert served.child.process.wait(60) == 0
    lines = [line for line in served.child.log.read_text().splitlines() if line.strip()]
    events = {json.loads(line)["event"] for line in lines}
    assert {"job.begun", "job.ended", "hooks.answered"} <= events
    for word in (NAME, "1980-01-01", "p1", "e1", NOTICE, TOKEN):
        assert not any(re.search(rf"\b{re.escape(word)}\b", line) for line in lines), word
        assert not re.search(rf"\b{re.escape(word)}\b", told), word
