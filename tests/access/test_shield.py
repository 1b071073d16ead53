"""What stands before every page: addressed to us, small, flat, quick, not too often; headers of every answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from massage_billing.errors import SettingsError
from massage_billing.settings import load_settings
from massage_billing.web.rates import Rates
from massage_billing.web.shield import Shield, ShieldSettings, deeper, shield

NAME = "billing.example.org"
SOUND = ShieldSettings("https://billing.example.org", frozenset({NAME, "127.0.0.1:8711"}))


class App:
    """An application that says what it saw."""

    def __init__(self) -> None:
        self.seen: list[tuple[Scope, bytes]] = []
        self.headers: list[tuple[bytes, bytes]] = []
        self.raises: Exception | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        self.seen.append((scope, message["body"]))
        if self.raises is not None:
            raise self.raises
        await send({"type": "http.response.start", "status": 200, "headers": self.headers})
        await send({"type": "http.response.body", "body": b"ok"})


class Answer:
    """What came back."""

    def __init__(self, messages: list[Message]) -> None:
        self.status: int = messages[0]["status"]
        self.headers = {key.decode().lower(): value.decode() for key, value in messages[0]["headers"]}
        self.body = b"".join(one.get("body", b"") for one in messages[1:])


def ask(
    app: Callable[[Scope, Receive, Send], Awaitable[None]],
    path: str = "/",
    *,
    headers: dict[str, str] | None = None,
    raw: list[tuple[bytes, bytes]] | None = None,
    pieces: list[bytes] | None = None,
    client: str = "203.0.113.7",
    hang: bool = False,
) -> Answer:
    """One request."""
    given = {"host": NAME, **(headers or {})}
    waiting = list(pieces or [b""])
    sent: list[Message] = []

    async def receive() -> Message:
        if not waiting:
            await asyncio.Event().wait()
        body = waiting.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(waiting) or hang}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": path, "query_string": b"", "scheme": "http",
        "headers": [(key.encode(), value.encode("latin-1")) for key, value in given.items()] + (raw or []),
        "client": (client, 5), "server": ("127.0.0.1", 8711),
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    return Answer(sent)


def test_every_answer_carries_what_browsers_are_told() -> None:
    headers = ask(Shield(App(), SOUND)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert headers["x-frame-options"] == "DENY"
    assert headers["strict-transport-security"].startswith("max-age=")
    assert "camera=()" in headers["permissions-policy"]


def test_static_files_may_be_kept_and_pages_shown_in_a_named_frame() -> None:
    app = App()
    app.headers = [(b"cache-control", b"public, max-age=31536000, immutable")]
    answer = ask(Shield(app, ShieldSettings(SOUND.origin, SOUND.names, frame_ancestors=("https://ehr.example.org",))))
    assert answer.headers["cache-control"].startswith("public")
    assert "frame-ancestors https://ehr.example.org" in answer.headers["content-security-policy"]
    assert "x-frame-options" not in answer.headers


def test_refusals_carry_them_too() -> None:
    answer = ask(Shield(App(), SOUND), headers={"host": "evil.example"})
    assert answer.status == 421
    assert "content-security-policy" in answer.headers


@pytest.mark.parametrize(
    "host", ["evil.example", "", "billing.example.org.evil.example", "billing.example.org:81", "[::1"]
)
def test_another_name_is_not_answered(host: str) -> None:
    app = App()
    assert ask(Shield(app, SOUND), headers={"host": host}).status == 421
    assert ask(Shield(app, SOUND), raw=[(b"host", b"evil.example")]).status == 421
    assert app.seen == []


def test_our_names_are_answered_in_any_letters() -> None:
    for host in ("Billing.Example.org", "127.0.0.1:8711"):
        assert ask(Shield(App(), SOUND), headers={"host": host}).status == 200


# --- bodies ---------------------------------------------------------------------------------------------------------


def test_a_body_comes_whole() -> None:
    app = App()
    assert ask(Shield(app, SOUND), pieces=[b"a", b"b", b"c"]).status == 200
    assert app.seen[0][1] == b"abc"


def test_a_body_that_is_too_large_is_not_read_on() -> None:
    small = ShieldSettings(SOUND.origin, SOUND.names, body=10, bodies={"/hooks/": 20})
    app = App()
    assert ask(Shield(app, small), headers={"content-length": "11"}).status == 413
    assert ask(Shield(app, small), pieces=[b"12345678", b"123"]).status == 413
    assert ask(Shield(app, small), headers={"content-length": "9" * 400}).status == 413
    assert ask(Shield(app, small), headers={"content-length": "-1"}).status == 400
    assert app.seen == []
    assert ask(Shield(app, small), "/hooks/x", pieces=[b"12345678", b"123"]).status == 200


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    slow = ShieldSettings(SOUND.origin, SOUND.names, slowest=0.01)
    app = App()
    answer = ask(Shield(app, slow), pieces=[b"a"], hang=True)
    assert (answer.status, answer.headers["connection"]) == (408, "close")
    assert app.seen == []


def test_deep_json_is_refused_before_anybody_parses_it() -> None:
    app = App()
    kind = {"content-type": "application/fhir+json"}
    assert ask(Shield(app, SOUND), headers=kind, pieces=[b"[" * 100_000]).status == 400
    assert ask(Shield(app, SOUND), headers=kind, pieces=[b'{"a":' * 65 + b"1" + b"}" * 65]).status == 400
    assert app.seen == []
    flat = json.dumps([["[" * 90 + "\\" + '"{'] * 3] * 200).encode()
    assert ask(Shield(app, SOUND), headers=kind, pieces=[flat]).status == 200


def test_quotes_that_are_escaped_and_never_closed_hold_nobody_up() -> None:
    """Looking for the end of each took the square of their number: hours, for a megabyte from anybody."""
    kind = {"content-type": "application/json"}
    for body in (b"[" * 65 + b'"' + b'\\"' * 500_000, b"[" * 65 + b'"\\' * 300_000, b"[" * 65 + b"\\" * 900_000):
        assert ask(Shield(App(), SOUND), headers=kind, pieces=[body]).status == 400


@given(st.recursive(st.text(max_size=3), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner)))
def test_depth_is_counted_as_a_parser_counts(value: Any) -> None:
    def depth(one: Any) -> int:
        inner = one.values() if isinstance(one, dict) else one if isinstance(one, list) else None
        return 0 if inner is None else 1 + max(map(depth, inner), default=0)

    body, deep = json.dumps(value).encode(), depth(value)
    assert not deeper(body, deep)
    assert deep == 0 or deeper(body, deep - 1)


def test_too_many_headers() -> None:
    assert ask(Shield(App(), SOUND), raw=[(b"x-a", b"1")] * 100).status == 431


# --- how often ------------------------------------------------------------------------------------------------------


class Clock:
    """Seconds that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_who_asks_too_often_waits_and_others_do_not() -> None:
    clock = Clock()
    few = ShieldSettings(SOUND.origin, SOUND.names, address_rate=10, session_rate=3, login_rate=2)
    app = Shield(App(), few, Rates(clock))
    assert [ask(app).status for _ in range(11)] == [200] * 10 + [429]
    answer = ask(app)
    assert (answer.status, answer.headers["retry-after"]) == (429, "6")
    assert ask(app, client="203.0.113.8").status == 200
    clock.now += 6
    assert [ask(app).status for _ in range(2)] == [200, 429]
    clock.now += 600
    mine = {"cookie": "x=1; mb=abc"}
    assert [ask(app, headers=mine).status for _ in range(4)] == [200] * 3 + [429]
    assert ask(app, headers={"cookie": "mb=other"}).status == 200


@pytest.mark.parametrize("path", ["/login/main", "/launch", "/callback/main", "/enter/x"])
def test_logging_in_is_counted_more_strictly(path: str) -> None:
    app = Shield(App(), ShieldSettings(SOUND.origin, SOUND.names, login_rate=2), Rates(Clock()))
    assert [ask(app, path).status for _ in range(3)] == [200, 200, 429]
    assert ask(app).status == 200


def test_what_is_remembered_of_addresses_is_bounded() -> None:
    rates = Rates(Clock(), kept=100)
    for number in range(1000):
        rates.wait(f"address {number}", 5)
    assert len(rates._buckets) == 100


# --- proxies --------------------------------------------------------------------------------------------------------


def test_only_a_trusted_proxy_is_believed() -> None:
    behind = ShieldSettings(SOUND.origin, SOUND.names, proxies=("10.0.0.0/8",))
    said = {"x-forwarded-for": "1.2.3.4, 198.51.100.9, 10.0.0.6", "x-forwarded-proto": "https", "host": "app:8711",
            "x-forwarded-host": NAME, "x-real-ip": "5.5.5.5", "forwarded": "for=6.6.6.6"}  # fmt: skip
    app = App()
    assert ask(Shield(app, behind), headers=said, client="10.0.0.5").status == 200
    scope, _ = app.seen[0]
    assert (scope["client"][0], scope["scheme"]) == ("198.51.100.9", "https")
    assert not [key for key, _ in scope["headers"] if b"forward" in key or b"real" in key]
    assert ask(Shield(app, behind), headers=said, client="203.0.113.7").status == 421
    assert ask(Shield(app, behind), headers={**said, "host": NAME}, client="203.0.113.7").status == 200
    scope, _ = app.seen[1]
    assert (scope["client"][0], scope["scheme"]) == ("203.0.113.7", "http")
    assert not [key for key, _ in scope["headers"] if b"forward" in key]


def test_nobody_escapes_the_count_by_writing_addresses() -> None:
    app = Shield(App(), ShieldSettings(SOUND.origin, SOUND.names, login_rate=2), Rates(Clock()))
    forged = [ask(app, "/login/x", headers={"x-forwarded-for": f"1.1.1.{one}"}).status for one in range(4)]
    assert forged == [200, 200, 429, 429]


def test_a_fault_says_nothing_of_itself(capsys: pytest.CaptureFixture[str]) -> None:
    app = App()
    app.raises = RuntimeError("Kim Lee, born 1990")
    answer = ask(Shield(app, SOUND), "/visits/main/e1")
    assert answer.status == 500
    assert b"Kim" not in answer.body
    said = capsys.readouterr()
    assert "Kim" not in said.out + said.err
    assert "e1" not in said.out + said.err


# --- settings -------------------------------------------------------------------------------------------------------


def write(folder: Path, text: str) -> Path:
    file = folder / "massage-billing.yaml"
    file.write_text(f"hosts:\n  main: {{kind: fhir, url: 'https://ehr.example.org/fhir'}}\n{text}")
    return file


def test_the_shield_of_a_workbench_is_made_of_its_settings(tmp_path: Path) -> None:
    text = "workbench:\n  public_url: https://Billing.example.org:443/\n  trusted_proxies: [10.0.0.0/8]\n"
    app = App()
    made = shield(app, load_settings(write(tmp_path, text)))
    assert ask(made).status == 200
    assert ask(made, headers={"host": "127.0.0.1:8711"}).status == 200
    assert ask(made, headers={"host": "evil.example"}).status == 421
    local = shield(app, load_settings(write(tmp_path, "")))
    assert ask(local).status == 421
    answer = ask(local, headers={"host": "localhost:8711"})
    assert answer.status == 200
    assert "strict-transport-security" not in answer.headers


def test_a_workbench_that_others_reach_has_to_be_told_by_which_address(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"workbench\.public_url"):
        shield(App(), load_settings(write(tmp_path, "serve: {address: '0.0.0.0:8711'}\n")))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("public_url: http://billing.example.org", "https"),
        ("public_url: https://ehr.example.org/billing", "without a path"),
        ("trusted_proxies: [10.0.0.1/8]", "no address or network"),
        ("trusted_proxies: [proxy]", "no address or network"),
        ("frame_ancestors: ['*']", "no origin"),
        ("frame_ancestors: ['https://ehr.example.org/x']", "no origin"),
        ("frame_ancestors: [\"https://x; script-src 'unsafe-inline'\"]", "no origin"),
        ("allowed_hosts: ['a b']", "no host name"),
        ("session_idle: 13h", "at most session_whole"),
        ("link_life: 2h", "from 1m to 1h"),
        ("hosts: {other: {client_id: x}}", "no such host"),
        ("hosts: {main: {client_id: x, people: {Patient/3: owner}}}", "nobody of the host"),
        ("hosts: {main: {client_id: x, people: {Practitioner/3: king}}}", "people"),
        (
            "hosts: {main: {client_id: x, people: {Person/3: {role: therapist, practitioner: Person/4}}}}",
            "treats nobody",
        ),
        ("hosts: {main: {client_id: x, client_secret_env: A, key_file: b}}", "give one of"),
        ("hosts: {main: {client_id: x, client_secret: s3cret}}", "client_secret"),
        ("rates: {logins: 0}", "logins"),
    ],
)
def test_settings_that_would_open_a_door_are_refused(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(SettingsError, match=what) as refused:
        load_settings(write(tmp_path, f"workbench: {{{text}}}\n"))
    assert "s3cret" not in str(refused.value)


def test_a_host_without_tls_is_no_place_to_log_in_at(tmp_path: Path) -> None:
    file = tmp_path / "massage-billing.yaml"
    hosts = "hosts:\n  main: {kind: fhir, url: 'http://ehr.example.org/fhir'}\n"
    file.write_text(f"{hosts}workbench: {{hosts: {{main: {{client_id: x}}}}}}\n")
    with pytest.raises(SettingsError, match="over https only"):
        load_settings(file)
