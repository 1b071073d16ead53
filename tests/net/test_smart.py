"""SMART backend services, against a token endpoint here and against sekmet's, which nobody here wrote."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from hosts.mini_fhir import MiniFhir
from hosts.raw_server import RawServer
from massage_billing.errors import (
    HostAnswerUnreadable,
    HostBusy,
    HostError,
    HostRefused,
    HostUntrusted,
    SettingsError,
)
from massage_billing.hosts.fhir_server import FhirServer
from massage_billing.hosts.fhir_source import FhirSettings
from massage_billing.net.http import Limits
from massage_billing.net.smart import SmartBackend, SmartSettings

RSA = RSAKey.generate_key(2048, {"kid": "rsa-1"}, private=True)
EC = ECKey.generate_key("P-384", {"kid": "ec-1"}, private=True)
QUICK = Limits(attempts=3)
WRITTEN = ("Claim", "Task", "Provenance", "CoverageEligibilityRequest", "CoverageEligibilityResponse")
"""What this program writes to a host; a server that enforces scopes refuses all else."""


def jwk(key: RSAKey | ECKey) -> str:
    return json.dumps(key.as_dict(private=True))


class Endpoint:
    """A token endpoint that keeps the assertions it was given."""

    def __init__(self, server: HTTPServer, life: object = 300) -> None:
        self.life = life
        self.forms: list[dict[str, list[str]]] = []
        self.url = server.url_for("/token")
        server.expect_request("/token", method="POST").respond_with_handler(self.handle)

    def handle(self, request: Request) -> Response:
        self.forms.append(parse_qs(request.get_data(as_text=True)))
        token = {"access_token": f"t{len(self.forms)}", "token_type": "Bearer", "expires_in": self.life}
        return Response(orjson.dumps(token), content_type="application/json")

    def claims(self, key: RSAKey | ECKey, place: int = -1) -> Any:
        assertion = self.forms[place]["client_assertion"][0]
        token = jwt.decode(assertion, key, algorithms=["RS384", "ES384"])
        return {**token.header, **token.claims}


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def backend(
    server: HTTPServer, key: str | None = None, clock: Callable[[], float] | None = None, **more: Any
) -> SmartBackend:
    settings = SmartSettings(client_id="me", read_key=lambda: key or jwk(RSA), **more)
    return SmartBackend(server.url_for("/fhir"), settings, limits=QUICK, clock=clock or Clock())


def discovered(server: HTTPServer, token_url: object) -> None:
    server.expect_request("/fhir/.well-known/smart-configuration").respond_with_json({"token_endpoint": token_url})


@pytest.mark.parametrize(("key", "algorithm"), [(RSA, "RS384"), (EC, "ES384")], ids=["RS384", "ES384"])
def test_asks_with_a_signed_assertion(httpserver: HTTPServer, key: RSAKey | ECKey, algorithm: str) -> None:
    endpoint = Endpoint(httpserver)
    discovered(httpserver, endpoint.url)
    clock = Clock()
    assert backend(httpserver, jwk(key), clock).header() == "Bearer t1"
    claims = endpoint.claims(key)
    assert (claims["alg"], claims["kid"], claims["typ"]) == (algorithm, key.kid, "JWT")
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("me", "me", endpoint.url)
    assert clock.now < claims["exp"] <= clock.now + 300
    form = endpoint.forms[0]
    assert form["grant_type"] == ["client_credentials"]
    assert form["client_assertion_type"] == ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]
    scopes = form["scope"][0].split()
    assert {f"system/{kind}.cruds" for kind in WRITTEN} <= set(scopes)


@pytest.mark.parametrize("key", [RSA, EC], ids=["RSA", "EC"])
def test_reads_a_key_as_pem(httpserver: HTTPServer, key: RSAKey | ECKey) -> None:
    endpoint = Endpoint(httpserver)
    smart = backend(httpserver, key.as_pem(private=True).decode(), token_url=endpoint.url, key_id="named")
    smart.header()
    assert endpoint.claims(key)["kid"] == "named"


@pytest.mark.parametrize(
    "key",
    [
        "",
        "{}",
        "no key",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        json.dumps(RSA.as_dict(private=False)),
        json.dumps(ECKey.generate_key("P-256").as_dict(private=True)),
        '{"kty":"oct","k":"c2VjcmV0"}',
    ],
    ids=["empty", "no key in it", "no JSON", "broken PEM", "public only", "another curve", "shared secret"],
)
def test_a_key_that_is_none_is_a_settings_error(httpserver: HTTPServer, key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        SmartBackend(httpserver.url_for("/fhir"), SmartSettings("me", lambda: key))
    assert not key or key not in str(caught.value)


def test_other_algorithms_are_refused(httpserver: HTTPServer) -> None:
    with pytest.raises(SettingsError, match="RS384"):
        backend(httpserver, algorithm="RS256")


def test_a_token_is_kept_until_shortly_before_it_ends(httpserver: HTTPServer) -> None:
    clock, endpoint = Clock(), Endpoint(httpserver, 300)
    smart = backend(httpserver, clock=clock, token_url=endpoint.url)
    assert {smart.header() for _ in range(5)} == {"Bearer t1"}
    clock.now += 239
    assert smart.header() == "Bearer t1"
    clock.now += 2
    assert smart.header() == "Bearer t2"
    assert endpoint.claims(RSA, 0)["jti"] != endpoint.claims(RSA, 1)["jti"]


@pytest.mark.parametrize("life", [None, "300", 0, -5])
def test_a_token_of_unknown_life_is_used_for_a_minute(httpserver: HTTPServer, life: object) -> None:
    clock, endpoint = Clock(), Endpoint(httpserver, life)
    smart = backend(httpserver, clock=clock, token_url=endpoint.url)
    smart.header()
    clock.now += 40
    assert smart.header() == "Bearer t1"
    clock.now += 20
    assert smart.header() == "Bearer t2"


def test_every_try_signs_anew(httpserver: HTTPServer) -> None:
    httpserver.expect_ordered_request("/token").respond_with_data("", 503)
    forms = []

    def second(request: Request) -> Response:
        forms.append(parse_qs(request.get_data(as_text=True)))
        return Response('{"access_token": "t", "token_type": "bearer", "expires_in": 60}')

    httpserver.expect_ordered_request("/token").respond_with_handler(second)
    assert backend(httpserver, token_url=httpserver.url_for("/token")).header() == "Bearer t"
    first = parse_qs(httpserver.log[0][0].get_data(as_text=True))
    assert first["client_assertion"] != forms[0]["client_assertion"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, HostRefused), (401, HostRefused), (403, HostRefused), (404, HostRefused), (503, HostBusy)],
)
def test_no_token_is_a_clear_error(httpserver: HTTPServer, status: int, kind: type[HostError]) -> None:
    answer = '{"error": "invalid_client", "error_description": "Jane Synthetic"}'
    httpserver.expect_request("/token").respond_with_data(answer, status)
    with pytest.raises(kind) as caught:
        backend(httpserver, token_url=httpserver.url_for("/token")).header()
    assert kind is HostBusy or caught.value.status == 401
    assert "Jane" not in str(caught.value)
    assert "assertion" not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    ["", "<html>", "[]", "{}", '{"access_token": ""}', '{"access_token": "a b"}', '{"access_token": "a\\nb"}',
     '{"access_token": 5}', '{"access_token": "x", "token_type": "mac"}'],
)  # fmt: skip
def test_a_token_answer_without_a_token_is_an_error(httpserver: HTTPServer, answer: str) -> None:
    httpserver.expect_request("/token").respond_with_data(answer)
    with pytest.raises(HostAnswerUnreadable):
        backend(httpserver, token_url=httpserver.url_for("/token")).header()


@pytest.mark.parametrize("named", [None, "", 5, "no-url", "ftp://ehr.example/token", "https://a@b/token"])
def test_a_configuration_without_a_token_endpoint_is_an_error(httpserver: HTTPServer, named: object) -> None:
    discovered(httpserver, named)
    with pytest.raises(HostAnswerUnreadable):
        backend(httpserver).header()


def test_an_https_host_is_not_asked_for_a_token_in_the_clear() -> None:
    settings = SmartSettings("me", lambda: jwk(EC), token_url="http://ehr.example/token")
    with pytest.raises(HostUntrusted):
        SmartBackend("https://ehr.example/fhir", settings, limits=QUICK).header()


# --- with a FHIR server -------------------------------------------------


def test_a_refused_token_is_renewed_once(httpserver: HTTPServer) -> None:
    server, endpoint = MiniFhir(httpserver), Endpoint(httpserver)
    server.token = "t2"
    smart = backend(httpserver, token_url=endpoint.url)
    with FhirServer("clinic", server.base, smart, settings=FhirSettings(limits=QUICK)) as host:
        assert host.capabilities().software == "Mini FHIR 1"
        assert len(endpoint.forms) == 2
        server.token = "never"
        with pytest.raises(HostRefused):
            list(host.visits(["e1"]))
        assert len(endpoint.forms) == 3


def test_threads_share_one_token(httpserver: HTTPServer) -> None:
    endpoint = Endpoint(httpserver)
    smart = backend(httpserver, token_url=endpoint.url)
    threads = [threading.Thread(target=smart.header) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert smart.renew("Bearer old")
    assert len(endpoint.forms) == 1


def test_the_token_goes_nowhere_else(httpserver: HTTPServer, raw: RawServer) -> None:
    server, endpoint = MiniFhir(httpserver), Endpoint(httpserver)
    server.token = "t1"
    with FhirServer("clinic", server.base, backend(httpserver, token_url=endpoint.url)) as host:
        host.capabilities()
        bundle = {"resourceType": "Bundle", "link": [{"relation": "next", "url": f"{raw.url}/Encounter"}]}
        server.fail(Response(orjson.dumps(bundle)), times=9, path="Encounter$")
        with pytest.raises(HostUntrusted):
            list(host.changes(None, None))
    assert raw.asked == []


SCOPES = "system/*.read system/*.write"


@pytest.mark.parametrize("key", [RSA, EC], ids=["RS384", "ES384"])
def test_sekmet_gives_a_token(start_sekmet: Callable[..., Any], key: RSAKey | ECKey) -> None:
    keys = {"keys": [key.as_dict(private=False)]}
    client = {"client_id": "me", "jwks": keys, "scopes": SCOPES}
    server = start_sekmet(server_auth={"types": ["smart"], "smart_clients": [client]})
    for token_url in (None, server.token_url):
        settings = SmartSettings("me", lambda: jwk(key), scopes=SCOPES.split(), token_url=token_url)
        with FhirServer("clinic", server.url, SmartBackend(server.url, settings, limits=QUICK)) as host:
            assert list(host.visits(["nobody"])) == []


def test_sekmet_refuses_a_stranger(start_sekmet: Callable[..., Any]) -> None:
    client = {"client_id": "me", "jwks": {"keys": [RSA.as_dict(private=False)]}, "scopes": SCOPES}
    server = start_sekmet(server_auth={"types": ["smart"], "smart_clients": [client]})
    settings = SmartSettings("stranger", lambda: jwk(RSA), scopes=SCOPES.split())
    with FhirServer("clinic", server.url, SmartBackend(server.url, settings, limits=QUICK)) as host:
        with pytest.raises(HostRefused):
            list(host.visits(["nobody"]))
    with FhirServer("clinic", server.url) as open_host, pytest.raises(HostRefused):
        list(open_host.visits(["nobody"]))
