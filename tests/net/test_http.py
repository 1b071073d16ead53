"""The HTTP client: what it retries, what it refuses to follow, and what it never says."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from hosts.mini_fhir import OUTCOME, answered
from hosts.raw_server import RawServer, Waits
from massage_billing.errors import (
    HostAnswerUnreadable,
    HostBusy,
    HostConflict,
    HostError,
    HostFault,
    HostNotFound,
    HostRefused,
    HostRejected,
    HostUnreachable,
    HostUntrusted,
    SettingsError,
)
from massage_billing.net.credentials import BearerToken
from massage_billing.net.http import Answer, HttpClient, Limits, origin

SECRET = "Jane Synthetic"
QUICK = Limits(connect=2, read=0.3, total=5, attempts=3)


def client(server: HTTPServer | RawServer | str, limits: Limits = QUICK, token: str | None = None) -> HttpClient:
    base = (
        server if isinstance(server, str) else server.url if isinstance(server, RawServer) else server.url_for("/fhir")
    )
    return HttpClient(base, BearerToken(lambda: token) if token else None, limits=limits)


@pytest.mark.parametrize(
    ("status", "kind", "tries"),
    [
        (400, HostRejected, 1),
        (401, HostRefused, 1),
        (403, HostRefused, 1),
        (404, HostNotFound, 1),
        (409, HostConflict, 1),
        (410, HostNotFound, 1),
        (412, HostConflict, 1),
        (418, HostRejected, 1),
        (422, HostRejected, 1),
        (429, HostBusy, 3),
        (500, HostFault, 3),
        (501, HostFault, 3),
        (502, HostBusy, 3),
        (503, HostBusy, 3),
        (504, HostBusy, 3),
    ],
)
def test_a_status_becomes_its_error(httpserver: HTTPServer, status: int, kind: type[HostError], tries: int) -> None:
    httpserver.expect_request("/fhir/Patient").respond_with_response(answered(status, OUTCOME))
    with pytest.raises(kind) as caught:
        client(httpserver).call("GET", "Patient", params=[("identifier", SECRET)])
    assert type(caught.value) is kind or issubclass(type(caught.value), kind)
    assert caught.value.status == status
    assert len(httpserver.log) == tries
    said = str(caught.value)
    assert f"GET /fhir/Patient was answered {status} (processing HAPI-0001)" in said
    assert "Jane" not in said
    assert "1980" not in said


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_fault_is_outlived(httpserver: HTTPServer, waits: Waits, status: int) -> None:
    httpserver.expect_ordered_request("/fhir/x").respond_with_data("", status)
    httpserver.expect_ordered_request("/fhir/x").respond_with_data("well")
    assert client(httpserver).call("GET", "x").body == b"well"
    assert len(waits) == 1


@pytest.mark.parametrize(("status", "tries"), [(429, 3), (500, 1), (502, 1), (503, 1), (504, 1)])
def test_what_must_not_be_repeated_is_not(httpserver: HTTPServer, status: int, tries: int) -> None:
    httpserver.expect_request("/fhir/Claim").respond_with_data("", status)
    with pytest.raises(HostError):
        client(httpserver).call("POST", "Claim", body=b"{}")
    assert len(httpserver.log) == tries


def test_a_conflict_is_retried_where_asked(httpserver: HTTPServer) -> None:
    httpserver.expect_ordered_request("/fhir/Claim").respond_with_data("", 409)
    httpserver.expect_ordered_request("/fhir/Claim").respond_with_data("", 412)
    httpserver.expect_ordered_request("/fhir/Claim").respond_with_data("made", 201)
    assert client(httpserver).call("POST", "Claim", body=b"{}", repeatable=True, conflicts=True).status == 201


# --- Retry-After -------------------------------------------------


def test_retry_after_in_seconds_is_obeyed(httpserver: HTTPServer, waits: Waits) -> None:
    httpserver.expect_ordered_request("/fhir/x").respond_with_data("", 503, {"Retry-After": "7"})
    httpserver.expect_ordered_request("/fhir/x").respond_with_data("well")
    client(httpserver).call("GET", "x")
    assert waits == [7.0]


def test_retry_after_as_a_date_is_read_by_the_hosts_clock(raw: RawServer, waits: Waits) -> None:
    dates = b"Date: Mon, 23 Nov 2020 10:00:00 GMT\r\nRetry-After: Mon, 23 Nov 2020 10:00:30 GMT\r\n"
    raw.answers = [b"HTTP/1.1 429 Slow\r\nContent-Length: 0\r\nConnection: close\r\n" + dates + b"\r\n", WELL]
    client(raw).call("GET", "x")
    assert waits == [30.0]


def test_a_long_retry_after_ends_the_call(httpserver: HTTPServer, waits: Waits) -> None:
    httpserver.expect_request("/fhir/x").respond_with_data("", 503, {"Retry-After": "3600"})
    with pytest.raises(HostBusy) as caught:
        client(httpserver).call("GET", "x")
    assert caught.value.retry_after == 3600
    assert waits == []
    assert len(httpserver.log) == 1


@pytest.mark.parametrize("written", ["soon", "-3", "Mon, 99 Foo", "²"])
def test_an_unreadable_retry_after_is_ignored(httpserver: HTTPServer, waits: Waits, written: str) -> None:
    httpserver.expect_ordered_request("/fhir/x").respond_with_data("", 503, {"Retry-After": written})
    httpserver.expect_ordered_request("/fhir/x").respond_with_data("well")
    client(httpserver).call("GET", "x")
    assert 0 < waits[0] <= QUICK.wait_max


# --- connections -------------------------------------------------


def test_nobody_there(closed_port: str) -> None:
    with pytest.raises(HostUnreachable, match="no connection") as caught:
        client(closed_port).call("GET", "Patient", params=[("name", SECRET)])
    assert SECRET not in str(caught.value)


def test_what_never_arrived_may_be_sent_again(closed_port: str, waits: Waits) -> None:
    with pytest.raises(HostUnreachable):
        client(closed_port).call("POST", "Claim", body=b"{}")
    assert len(waits) == QUICK.attempts - 1


WELL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell"
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\nhalf"
HALF_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400\r\nhalf"


@pytest.mark.parametrize("broken", [b"", HALF, HALF_CHUNKED, b"rubbish\r\n\r\n", None])
def test_a_lost_answer_is_asked_for_again(raw: RawServer, broken: bytes | None) -> None:
    raw.answers = [broken, WELL]
    assert client(raw).call("GET", "x").body == b"well"
    assert len(raw.asked) == 2


@pytest.mark.parametrize("broken", [b"", HALF, HALF_CHUNKED, None])
def test_a_lost_answer_to_what_must_not_be_repeated_is_an_error(raw: RawServer, broken: bytes | None) -> None:
    raw.answers = [broken, WELL]
    with pytest.raises(HostUnreachable):
        client(raw).call("POST", "Claim", body=b"{}")
    assert len(raw.asked) == 1


def test_a_trickling_answer_is_given_up(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/fhir/x").respond_with_data("x" * 1000)
    with pytest.raises(HostUnreachable, match="not complete after 0 s"):
        client(httpserver, Limits(total=0, attempts=1)).call("GET", "x")


def test_an_endless_answer_is_given_up(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/fhir/x").respond_with_data("x" * 1000)
    with pytest.raises(HostAnswerUnreadable, match="larger than 999 bytes"):
        client(httpserver, Limits(body=999, attempts=1)).call("GET", "x")


def test_what_is_read_wrong_is_asked_for_again(httpserver: HTTPServer) -> None:
    httpserver.expect_ordered_request("/fhir/x").respond_with_data("<html>")
    httpserver.expect_ordered_request("/fhir/x").respond_with_data("well")

    def read(answer: Answer) -> bytes:
        if answer.body != b"well":
            raise HostAnswerUnreadable("not well")
        return answer.body

    assert client(httpserver).call("GET", "x", read=read) == b"well"


# --- origins -------------------------------------------------


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://ehr.example/fhir", ("https", "ehr.example", 443)),
        ("HTTPS://EHR.example:443/x", ("https", "ehr.example", 443)),
        ("http://ehr.example", ("http", "ehr.example", 80)),
        ("http://ehr.example:8080", ("http", "ehr.example", 8080)),
        ("http://ehr.example@evil.example/", None),
        ("http://user:pw@ehr.example/", None),
        ("ftp://ehr.example", None),
        ("file:///etc/passwd", None),
        ("http://", None),
        ("http://ehr.example:port", None),
        ("http://[::1", None),
        ("", None),
    ],
)
def test_origins_are_compared_parsed(url: str, found: object) -> None:
    assert origin(url) == found


@pytest.mark.parametrize("url", ["ehr.example", "ftp://ehr.example", "https://a:b@ehr.example/fhir", "https://e/f?x=1"])
def test_a_base_url_has_to_be_plain(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        HttpClient(url)
    assert "a:b" not in str(caught.value)


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1:{other}/fhir?page=2",
        "http://localhost:{port}1/fhir",
        "http://localhost:{port}@127.0.0.1:{other}/fhir",
        "https://localhost:{port}/fhir",
        "http://[::1]:{port}/fhir",
        "//127.0.0.1:{other}/fhir",
        "file:///etc/passwd",
    ],
)
def test_a_link_to_another_origin_is_not_followed(httpserver: HTTPServer, raw: RawServer, link: str) -> None:
    other = raw.url.split(":")[2].split("/")[0]
    with pytest.raises(HostUntrusted):
        client(httpserver, token="secret").call("GET", link.format(port=httpserver.port, other=other))
    assert raw.asked == []
    assert httpserver.log == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_origin_is_not_followed(httpserver: HTTPServer, raw: RawServer, status: int) -> None:
    httpserver.expect_request("/fhir/x").respond_with_data("", status, {"Location": raw.url})
    for method in ("GET", "POST"):
        with pytest.raises(HostUntrusted):
            client(httpserver, token="secret").call(method, "x")
    assert raw.asked == []


def test_a_redirect_within_the_origin_is_followed_with_the_token(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/fhir/x").respond_with_data("", 302, {"Location": "/fhir/y"})
    httpserver.expect_request("/fhir/y", headers={"Authorization": "Bearer secret"}).respond_with_data("well")
    assert client(httpserver, token="secret").call("GET", "x").body == b"well"


def test_redirects_in_a_circle_end(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/fhir/x").respond_with_data("", 302, {"Location": "/fhir/x"})
    with pytest.raises(HostRejected):
        client(httpserver).call("GET", "x")
    assert len(httpserver.log) == 4


def test_a_write_is_not_redirected(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/fhir/Claim").respond_with_data("", 307, {"Location": "/fhir/Other"})
    with pytest.raises(HostRejected):
        client(httpserver).call("POST", "Claim", body=b"{}", repeatable=True)
    assert len(httpserver.log) == 1


# --- credentials -------------------------------------------------


def test_the_environment_is_not_trusted(
    httpserver: HTTPServer, raw: RawServer, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", raw.url)
    monkeypatch.setenv("http_proxy", raw.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    httpserver.expect_request("/fhir/x", headers={"Authorization": "Bearer secret"}).respond_with_data("well")
    assert client(httpserver, token="secret").call("GET", "x").body == b"well"
    assert raw.asked == []


def test_no_cookie_is_kept(httpserver: HTTPServer) -> None:
    seen = []

    def handle(request: Request) -> Response:
        seen.append(request.headers.get("Cookie"))
        return Response("well", headers={"Set-Cookie": "session=1"})

    httpserver.expect_request("/fhir/x").respond_with_handler(handle)
    http = client(httpserver)
    http.call("GET", "x")
    http.call("GET", "x")
    assert seen == [None, None]


def test_a_replaced_bearer_token_is_read_after_a_401(httpserver: HTTPServer) -> None:
    tokens = ["old", "new", "new"]
    httpserver.expect_request("/fhir/x", headers={"Authorization": "Bearer old"}).respond_with_data("", 401)
    httpserver.expect_request("/fhir/x", headers={"Authorization": "Bearer new"}).respond_with_data("well")
    http = HttpClient(httpserver.url_for("/fhir"), BearerToken(lambda: tokens.pop(0)), limits=QUICK)
    assert http.call("GET", "x").body == b"well"


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "ümlaut"])
def test_a_bearer_token_has_to_be_one(token: str) -> None:
    with pytest.raises(SettingsError) as caught:
        BearerToken(lambda: token).header()
    assert not token or token not in str(caught.value)


def test_the_hosts_clock_is_noted(raw: RawServer) -> None:
    raw.answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nDate: Mon, 23 Nov 2026 10:00:00 GMT\r\n\r\n"]
    here = datetime(2026, 11, 23, 9, 59, tzinfo=UTC)
    http = HttpClient(raw.url, limits=QUICK, clock=lambda: here)
    http.call("GET", "x")
    assert http.skew is not None
    assert http.skew.total_seconds() == 60
