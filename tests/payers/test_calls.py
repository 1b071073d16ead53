"""Calls to payers: what each failure becomes, and what its message never says."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from hosts.raw_server import RawServer, Waits
from massage_billing.errors import (
    PayerAnswerUnreadable,
    PayerBusy,
    PayerError,
    PayerRefused,
    PayerRejected,
    PayerUnreachable,
    SettingsError,
)
from massage_billing.net.credentials import BearerToken
from massage_billing.payers.calls import Line, PayerCalls

SECRET = b"Jane Synthetica 19800203"


def calls(url: str, **line: object) -> PayerCalls:
    return PayerCalls("direct", Line(url, **{"seconds": 2.0, **line}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, PayerRejected),
        (400, PayerRejected),
        (401, PayerRefused),
        (403, PayerRefused),
        (404, PayerRejected),
        (409, PayerRejected),
        (422, PayerRejected),
        (429, PayerBusy),
        (500, PayerUnreachable),
        (502, PayerBusy),
        (503, PayerBusy),
        (504, PayerBusy),
    ],
)
def test_a_status_becomes_its_error_after_one_try(
    httpserver: HTTPServer, status: int, kind: type[PayerError], waits: Waits
) -> None:
    httpserver.expect_request("/core/").respond_with_data(SECRET, status)
    with pytest.raises(kind) as caught:
        calls(httpserver.url_for("/core/")).call("acme", "POST", body=SECRET, params=[("id", SECRET.decode())])
    assert type(caught.value) is kind
    assert len(httpserver.log) == 1
    assert waits == []
    said = str(caught.value)
    assert "direct" in said
    assert "acme" in said
    assert str(status) in said
    assert "Jane" not in said
    assert "1980" not in said


def test_a_payer_says_when_to_come_back(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/core").respond_with_data("", 429, {"Retry-After": "30"})
    with pytest.raises(PayerBusy) as caught:
        calls(httpserver.url_for("/core")).call("acme", "POST", body=b"x")
    assert caught.value.retry_after == 30


def test_nobody_listening_is_unreachable(closed_port: str) -> None:
    with pytest.raises(PayerUnreachable, match="payer acme"):
        calls(closed_port).call("acme", "POST", body=b"x")


def test_silence_is_unreachable(raw: RawServer) -> None:
    raw.answers = [None]
    with pytest.raises(PayerUnreachable):
        calls(raw.url, seconds=0.2).call("acme", "POST", body=b"x")


def test_a_broken_connection_is_unreachable(raw: RawServer) -> None:
    raw.answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhalf"]
    with pytest.raises(PayerUnreachable):
        calls(raw.url).call("acme", "POST", body=b"x")


def test_an_answer_without_end_is_cut(httpserver: HTTPServer) -> None:
    def endless(request: Request) -> Response:
        return Response((b"x" * (1 << 20) for _ in range(40)), 200)

    httpserver.expect_request("/core").respond_with_handler(endless)
    with pytest.raises(PayerAnswerUnreadable):
        calls(httpserver.url_for("/core")).call("acme", "POST", body=b"x")


def test_a_link_elsewhere_is_not_followed(httpserver: HTTPServer) -> None:
    with pytest.raises(PayerUnreachable, match="origin"):
        calls(httpserver.url_for("/core")).call("acme", "GET", "https://elsewhere.example/status/1")
    assert httpserver.log == []


def test_a_secret_that_is_not_there_is_said_and_nothing_is_sent(httpserver: HTTPServer) -> None:
    def missing() -> str:
        raise SettingsError("Environment variable ACME_TOKEN is not set.")

    with pytest.raises(PayerRefused, match="ACME_TOKEN"):
        calls(httpserver.url_for("/core"), credentials=BearerToken(missing)).call("acme", "POST", body=b"x")
    assert httpserver.log == []


def test_the_endpoint_is_called_as_it_is_written(httpserver: HTTPServer) -> None:
    for path in ("/core/", "/core", "/core/status", "/elsewhere"):
        httpserver.expect_request(path).respond_with_data(path)
    assert calls(httpserver.url_for("/core/")).call("acme", "POST", body=b"x").body == b"/core/"
    one = calls(httpserver.url_for("/core"))
    assert one.call("acme", "POST", body=b"x").body == b"/core"
    assert one.call("acme", "GET", "status").body == b"/core/status"
    assert one.call("acme", "GET", "/elsewhere").body == b"/elsewhere"


# --- TLS ---


@pytest.fixture
def signed(tmp_path: Path) -> Iterator[tuple[HTTPServer, Path]]:
    """A server on https with a certificate that no authority of the machine signed, and the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    authority, private = tmp_path / "ca.pem", tmp_path / "key.pem"
    authority.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    unlocked = serialization.NoEncryption()
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, unlocked)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority, private)
    with HTTPServer(host="127.0.0.1", ssl_context=context) as server:
        server.expect_request("/core").respond_with_data("well")
        yield server, authority


def test_an_unknown_certificate_is_not_trusted(signed: tuple[HTTPServer, Path]) -> None:
    server, _ = signed
    with pytest.raises(PayerUnreachable, match="certificate"):
        calls(server.url_for("/core")).call("acme", "POST", body=SECRET)
    assert server.log == []


def test_a_certificate_of_a_named_authority_is_trusted(signed: tuple[HTTPServer, Path]) -> None:
    server, authority = signed
    assert calls(server.url_for("/core"), ca_file=str(authority)).call("acme", "POST", body=b"x").body == b"well"
