"""Notices of hosts: coalesced, bounded, believed in nothing."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from massage_billing.errors import SettingsError, StoreError
from massage_billing.hooks.notices import BODY, Receiver, notice_routes
from massage_billing.hooks.waker import AGAIN, APART, MOST, Waker

SECRET = "a-secret-that-nobody-can-guess-0123456789"


class Starts:
    """Runs that are begun, or not while the host is busy."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, tuple[str, ...]]] = []
        self.busy = False
        self.problem: Exception | None = None

    def __call__(self, host: str, encounters: tuple[str, ...]) -> bool:
        if self.problem:
            raise self.problem
        if not self.busy:
            self.begun.append((host, encounters))
        return not self.busy


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def starts() -> Starts:
    return Starts()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def waker(starts: Starts, clock: Clock) -> Waker:
    return Waker(starts, 1.0, clock)


def test_a_flood_is_one_run(waker: Waker, starts: Starts, clock: Clock) -> None:
    for _ in range(10_000):
        waker.wake("main")
    assert waker.begin_due() == 1.0
    assert starts.begun == []
    clock.now += 1
    assert waker.begin_due() is None
    assert starts.begun == [("main", ())]


def test_what_is_told_during_a_run_is_looked_at_after_it(waker: Waker, starts: Starts, clock: Clock) -> None:
    waker.wake("main")
    clock.now += 1
    waker.begin_due()
    waker.wake("main")
    starts.busy = True
    clock.now += APART
    assert waker.begin_due() == AGAIN
    starts.busy = False
    clock.now += AGAIN
    assert waker.begin_due() is None
    assert len(starts.begun) == 2


def test_runs_of_a_host_are_apart_and_hosts_do_not_wait_for_each_other(
    waker: Waker, starts: Starts, clock: Clock
) -> None:
    waker.wake("main")
    clock.now += 1
    waker.begin_due()
    waker.wake("main")
    waker.wake("other")
    clock.now += 1
    waker.begin_due()
    assert [host for host, _ in starts.begun] == ["main", "other"]
    clock.now += APART
    waker.begin_due()
    assert [host for host, _ in starts.begun] == ["main", "other", "main"]


def test_visits_that_are_named_are_read_and_of_many_everything(waker: Waker, starts: Starts, clock: Clock) -> None:
    for encounter in ("e2", "e1", "e2"):
        waker.wake("main", encounter)
    clock.now += 1
    waker.begin_due()
    assert starts.begun == [("main", ("e1", "e2"))]
    clock.now += APART
    for number in range(MOST + 1):
        waker.wake("main", f"e{number}")
    clock.now += 1
    waker.begin_due()
    assert starts.begun[1] == ("main", ())
    clock.now += APART
    waker.wake("main", "e1")
    waker.wake("main")
    clock.now += 1
    waker.begin_due()
    assert starts.begun[2] == ("main", ())


@given(st.lists(st.sampled_from(["wake", "name", "busy", "free", "tick", "fail", "mend"]), max_size=60))
@settings(deadline=None)
def test_news_are_never_lost(steps: list[str]) -> None:
    """Whatever happens, once the host is free and time has passed, a run began after the last news."""
    starts, clock = Starts(), Clock()
    waker, news = Waker(starts, 1.0, clock), 0
    for step in steps:
        if step in ("wake", "name"):
            waker.wake("main", None if step == "wake" else f"e{news}")
            news = len(starts.begun) + 1
        starts.busy = step == "busy" or (starts.busy and step != "free")
        starts.problem = StoreError("away") if step == "fail" else None if step == "mend" else starts.problem
        clock.now += 1 if step == "tick" else 0
        waker.begin_due()
    starts.busy, starts.problem = False, None
    for _ in range(20):
        clock.now += 1
        waker.begin_due()
    assert len(starts.begun) >= news
    assert waker.begin_due() is None


def test_its_thread_begins_and_ends(starts: Starts) -> None:
    begun = threading.Event()
    waker = Waker(lambda host, encounters: begun.set() or True, 0.0)
    waker.open()
    waker.wake("main")
    assert begun.wait(30)
    waker.close()
    waker.wake("main")
    assert not waker._thread.is_alive()


# --- over HTTP ------------------------------------------------------------------------------------------------------


class Rig:
    def __init__(self) -> None:
        self.woken: list[tuple[str, str | None]] = []
        self.counted: list[tuple[str, str]] = []
        self.secret = SECRET
        receiver = Receiver(("main",), lambda: self.secret, lambda *news: self.woken.append(news), counts=self)
        self.receiver = receiver
        app = FastAPI(openapi_url=None)
        app.include_router(notice_routes(receiver))
        self.client = TestClient(app, raise_server_exceptions=True)

    def answered(self, service: str, how: str, seconds: float) -> None:
        raise AssertionError

    judged = answered  # type: ignore[assignment]

    def noticed(self, host: str, how: str) -> None:
        self.counted.append((host, how))

    def send(self, path: str = "main", body: Any = b"", token: str = SECRET, method: str = "POST") -> int:
        shown = {"Authorization": f"Bearer {token}"}
        kind = {"json": body} if isinstance(body, dict) else {"content": body}
        return self.client.request(method, f"/hooks/subscription/{path}", headers=shown, **kind).status_code


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_a_notice_wakes_its_host(rig: Rig) -> None:
    assert rig.send() == 200
    assert rig.woken == [("main", None)]
    assert rig.counted == [("main", "woken")]


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_the_path_may_name_a_visit(rig: Rig, method: str) -> None:
    for path in ("main/Encounter/e1", "main/Procedure/a1", "main/Encounter/a%20b", "main/Encounter/" + "x" * 65):
        assert rig.send(path, method=method) == 200
    assert rig.woken == [("main", "e1"), ("main", None), ("main", None), ("main", None)]


@pytest.mark.parametrize("token", ["", "wrong", SECRET[:-1], SECRET + "x"])
def test_without_the_secret_nothing_happens(rig: Rig, token: str) -> None:
    assert rig.send(token=token) == 401
    assert rig.send("nobody") == 401
    assert rig.woken == []


def test_the_secret_is_read_anew(rig: Rig) -> None:
    rig.secret = "another-secret-of-enough-characters"
    assert rig.send() == 401
    assert rig.send(token=rig.secret) == 200


def test_a_secret_that_is_gone_is_no_fault_of_the_host(rig: Rig) -> None:
    def gone() -> str:
        raise SettingsError("notice: the secret in it cannot be read.")

    app = FastAPI(openapi_url=None)
    app.include_router(notice_routes(Receiver(("main",), gone, lambda *news: rig.woken.append(news))))
    rig.client = TestClient(app)
    assert rig.send() == 503
    assert rig.woken == []


R5 = {"resourceType": "Bundle", "type": "subscription-notification"}


@pytest.mark.parametrize("kind", ["heartbeat", "handshake", "event-notification"])
@pytest.mark.parametrize("version", ["R5", "backport"])
def test_a_sign_of_life_reads_nothing(rig: Rig, kind: str, version: str) -> None:
    status = {"resourceType": "SubscriptionStatus", "type": kind}
    backport = {"resourceType": "Parameters", "parameter": [{"name": "type", "valueCode": kind}]}
    body = {**R5, "entry": [{"resource": status if version == "R5" else backport}]}
    assert rig.send(body=body) == 200
    assert bool(rig.woken) is (kind == "event-notification")
    assert rig.counted == [("main", "woken" if rig.woken else "heartbeat")]


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_no_body_breaks_it(body: bytes) -> None:
    rig = Rig()
    assert rig.send(body=body) == 200


def test_a_body_that_is_too_large_is_cut_off(rig: Rig) -> None:
    assert rig.send(body=b"x" * (BODY + 1)) == 413
    assert rig.send(body=b'{"a": "' + b"x" * (BODY - 100) + b'"}') == 200
    assert len(rig.woken) == 1


def test_settings_without_a_secret_are_named(tmp_path: Any) -> None:
    from massage_billing.hooks_settings import SubscriptionSettings

    with pytest.raises(SettingsError, match=r"hooks\.subscription\.token_file"):
        SubscriptionSettings().token()
    (tmp_path / "short").write_text("short")
    with pytest.raises(SettingsError, match="shorter than 24"):
        SubscriptionSettings(token_file=tmp_path / "short").token()
