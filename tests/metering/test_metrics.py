"""What /metrics tells: numbers by a few words, whoever asks and whatever is asked; and who may read it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from starlette.responses import PlainTextResponse

from massage_billing.errors import StoreError
from massage_billing.metering.meters import Meters
from massage_billing.metering.routes import Measured, metrics_routes
from massage_billing.metering.standing import KEPT, Stand, Standing
from massage_billing.ports.jobs import JobKind, JobState, Outcome
from massage_billing.store.memory_jobs import MemoryJobs
from massage_billing.web.shield import Shield, ShieldSettings

TOKEN = "a-token-that-nobody-can-guess-0123456789"
HOSTS = ("main",)


class Stands:
    """What a test says stands in the store."""

    hosts = HOSTS

    def __init__(self) -> None:
        self.asked = 0
        self.problem: StoreError | None = None

    def stand(self, host: str) -> Stand:
        self.asked += 1
        if self.problem:
            raise self.problem
        return Stand({"paid": 7, "unsent": 2}, 3, {"minutes-documented": 3}, 4, 1, {("blue", "answered"): 5})


class Rig:
    """An application that is measured."""

    def __init__(self, token: str | None = TOKEN, peer: str = "127.0.0.1") -> None:
        self.meters, self.stands, self.jobs, self.clock = Meters(frozenset(HOSTS)), Stands(), MemoryJobs(), [0.0]
        standing = Standing(self.stands, self.jobs, "1.2.3", lambda: self.clock[0])
        app = FastAPI(openapi_url=None)
        app.include_router(metrics_routes(self.meters, standing, (lambda: token) if token else None))
        app.add_middleware(Measured, meters=self.meters)

        @app.get("/visits/{host}/{encounter}")
        def visit(host: str, encounter: str) -> PlainTextResponse:
            return PlainTextResponse("x", 500 if encounter == "broken" else 200)

        self.client = TestClient(app, client=(peer, 1), raise_server_exceptions=False)

    def read(self, **headers: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        shown = {"Authorization": f"Bearer {TOKEN}", **headers}
        answer = self.client.get("/metrics", headers=shown)
        assert answer.status_code == 200, answer.text
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float | None:
        return self.read().get((f"massage_billing_{name}", frozenset(labels.items())))


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_requests_are_counted_by_the_template_of_their_route(rig: Rig) -> None:
    for encounter in ("e1", "e2", "broken"):
        rig.client.get(f"/visits/main/{encounter}?patient=Quillfeather")
    rig.client.get("/visits")
    rig.client.get("/Quillfeather/1961-02-03")
    rig.client.request("QUILLFEATHER", "/visits/main/e1")
    route = {"method": "GET", "route": "/visits/{host}/{encounter}"}
    assert rig.value("http_request_seconds_count", **route, status="2xx") == 2
    assert rig.value("http_request_seconds_count", **route, status="5xx") == 1
    assert rig.value("http_request_seconds_count", method="GET", route="other", status="4xx") == 2
    assert rig.value("http_request_seconds_count", method="other", route=route["route"], status="4xx") == 1
    assert "quillfeather" not in str(rig.read()).lower()


def test_what_is_counted_elsewhere_has_a_few_words_too(rig: Rig) -> None:
    rig.meters.answered("appointment-book", "late", 0.45)
    rig.meters.answered("Quillfeather", "Quillfeather", 0.1)
    rig.meters.judged("appointment-book", "overridden", "")
    rig.meters.noticed("main", "woken")
    rig.meters.noticed("Quillfeather", "refused")
    assert rig.value("cds_answer_seconds_count", service="appointment-book", how="late") == 1
    assert rig.value("cds_answer_seconds_count", service="other", how="other") == 1
    assert rig.value("cds_feedback_total", service="appointment-book", outcome="overridden", reason="none") == 1
    assert rig.value("notices_total", host="main", how="woken") == 1
    assert rig.value("notices_total", host="other", how="refused") == 1
    heard = rig.value("notice_last_timestamp_seconds", host="main")
    assert heard is not None
    assert datetime.now(UTC).timestamp() - heard < 60
    assert rig.value("notice_last_timestamp_seconds", host="other") is None


def test_what_stands_in_the_store_is_told_and_read_seldom(rig: Rig) -> None:
    assert rig.value("held", host="main") == 3
    assert rig.value("holds", host="main", rule="minutes-documented") == 3
    assert rig.value("claims", host="main", standing="unsent") == 2
    assert rig.value("outbox", host="main") == 4
    assert rig.value("answers_unwritten", host="main") == 1
    assert rig.value("questions", host="main", payer="blue", state="answered") == 5
    assert rig.value("build_info", version="1.2.3") == 1
    assert rig.stands.asked == 1
    rig.clock[0] += KEPT
    rig.read()
    assert rig.stands.asked == 2


def test_jobs_are_told(rig: Rig) -> None:
    job = rig.jobs.begin(JobKind.RUN, "main", "request", "me").job
    assert rig.value("jobs_open", host="main", job="run") == 1
    rig.jobs.end(job.id, "me", Outcome(JobState.FAILED, {"visits": 9}))
    rig.clock[0] += KEPT
    labels = {"host": "main", "job": "run"}
    assert rig.value("jobs_open", **labels) == 0
    assert rig.value("job_last_problems", **labels) == 1
    assert rig.value("job_last_count", **labels, what="visits") == 9
    ended = rig.value("job_last_end_timestamp_seconds", **labels)
    assert ended is not None
    assert abs(datetime.fromtimestamp(ended, UTC) - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_store_that_is_away_is_told_and_breaks_nothing(rig: Rig) -> None:
    rig.stands.problem = StoreError("away")
    assert rig.value("store_up") == 0
    assert rig.value("held", host="main") is None


def test_a_token_opens_it_from_anywhere(rig: Rig) -> None:
    far = Rig(peer="203.0.113.7")
    assert far.read()
    for shown in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}):
        assert rig.client.get("/metrics", headers=shown).status_code == 403


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("203.0.113.7", {}, 403),
        ("testclient", {}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.7"}, 403),
        ("127.0.0.1", {"Forwarded": "for=203.0.113.7"}, 403),
        ("127.0.0.1", {"Via": "1.1 proxy"}, 403),
    ],
)
def test_without_a_token_this_machine_alone_reads_it(peer: str, headers: dict[str, str], status: int) -> None:
    assert Rig(None, peer).client.get("/metrics", headers=headers).status_code == status


@pytest.mark.parametrize("proxies", [(), ("127.0.0.1/32",)])
@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "Via"])
def test_behind_the_shield_what_a_proxy_hands_on_is_not_this_machine(header: str, proxies: tuple[str, ...]) -> None:
    """The shield takes a proxy's headers away before the route sees the request."""
    told = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "testserver"}
    settings = ShieldSettings("http://testserver", frozenset({"testserver"}), proxies)
    client = TestClient(Shield(Rig(None).client.app, settings), client=("127.0.0.1", 1))
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", headers={header: told.get(header, "for=203.0.113.7")}).status_code == 403


def test_names_and_labels_are_prometheus(rig: Rig) -> None:
    rig.client.get("/visits/main/e1")
    for name, labels in rig.read():
        assert re.fullmatch(r"massage_billing_[a-z_]+", name)
        assert all(re.fullmatch(r"[a-z_]+", label) for label, _ in labels)
