"""Who may call: tokens as CDS Hooks wants them, and every way to forge, bend or repeat one."""

from __future__ import annotations

import base64
import hmac
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import RSAKey
from pytest_httpserver import HTTPServer

from hooks.calling import BASE, ISSUER, NOW, OnceInMemory, bearer, claims, jwks, key, known, token
from massage_billing.errors import HostError, SettingsError
from massage_billing.hooks.trust import FileKeys, Known, Refused, Trust, UrlKeys, read_keys

HERE = [f"{BASE}/cds-services/encounter-discharge"]
OTHER = key("k2")
RSA = key("r1", "RS384")
_SAYS = ("alg", "use")


def trust(*keys: Any, once: OnceInMemory | None = None, **changes: Any) -> Trust:
    kept = once or OnceInMemory()
    return Trust({ISSUER: known(*(keys or (key(),)), **changes)}, lambda: kept, lambda: NOW)


TRUST = trust()


def why(found: Known | Refused) -> str:
    return found.why if isinstance(found, Refused) else ""


@pytest.mark.parametrize("kind", ["ES384", "RS384", "ES256", "RS256", "ES512", "RS512", "PS384"])
def test_a_token_signed_as_the_specification_allows_is_believed(kind: str) -> None:
    mine = key("k9", kind)
    found = trust(mine).caller(bearer(by=mine), HERE)
    assert isinstance(found, Known)
    assert (found.name, found.host) == ("emr", "main")


def test_the_audience_may_be_one_of_a_list() -> None:
    assert not why(trust().caller(bearer(claims(aud=["https://else.example.org", *HERE])), HERE))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://evil.example.org/"}, "unknown issuer"),
        ({"iss": ISSUER.rstrip("/")}, "unknown issuer"),
        ({"iss": ...}, "unknown issuer"),
        ({"iss": [ISSUER]}, "unknown issuer"),
        ({"aud": "https://billing.example.org/cds-services"}, "audience"),
        ({"aud": "https://billing.example.org/cds-services/appointment-book"}, "audience"),
        ({"aud": f"{HERE[0]}/"}, "audience"),
        ({"aud": ...}, "audience"),
        ({"aud": {"x": 1}}, "audience"),
        ({"exp": NOW - 61}, "expired"),
        ({"exp": NOW + 3 * 3600}, "expired"),
        ({"exp": ...}, "expired"),
        ({"exp": "soon"}, "expired"),
        ({"exp": True}, "expired"),
        ({"iat": ...}, "expired"),
        ({"iat": NOW + 120}, "of the future"),
        ({"nbf": NOW + 120}, "of the future"),
        ({"jti": ...}, "no jti"),
        ({"jti": ""}, "no jti"),
        ({"jti": "x" * 300}, "no jti"),
        ({"jti": 7}, "no jti"),
    ],
)
def test_claims_that_are_not_right_are_refused(changes: dict[str, Any], reason: str) -> None:
    assert why(trust().caller(bearer(claims(**changes)), HERE)) == reason


def test_a_token_is_good_once() -> None:
    ours, shown = trust(), bearer()
    assert not why(ours.caller(shown, HERE))
    assert why(ours.caller(shown, HERE)) == "used before"
    assert why(ours.caller(bearer(claims(jti="one"), by=key()), HERE)) == ""
    assert why(ours.caller(bearer(claims(jti="one", exp=NOW + 200)), HERE)) == "used before"


def test_a_refused_token_uses_nothing_up() -> None:
    once = OnceInMemory()
    trust(once=once).caller(bearer(claims(aud="https://x.example")), HERE)
    trust(once=once).caller(bearer(by=OTHER, header={"kid": "k1"}), HERE)
    assert once.used == {}


@pytest.mark.parametrize(
    "header",
    [{"kid": "k2"}, {"kid": ...}, {"kid": "k1"}, {"jku": "https://evil.example.org/keys"}],
)
def test_keys_are_those_of_the_settings(header: dict[str, Any]) -> None:
    """Signed by another key; a ``jku`` is not followed."""
    assert why(trust().caller(bearer(by=OTHER, header=header), HERE)) in ("signature", "header")


def test_a_jku_changes_nothing_of_a_good_token() -> None:
    assert not why(trust().caller(bearer(header={"jku": "https://evil.example.org/keys"}), HERE))


def test_no_signature_and_no_shared_secret_counts() -> None:
    def part(told: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")

    unsigned = f"{part({'alg': 'none', 'kid': 'k1'})}.{part(claims())}."
    assert why(trust().caller(f"Bearer {unsigned}", HERE)) == "header"
    public = json.dumps(jwks(RSA)["keys"][0]).encode()
    for secret in (public, RSA.as_pem(private=False)):
        signed = ".".join((part({"alg": "HS256", "kid": "r1"}), part(claims())))
        digest = hmac.new(secret, signed.encode(), "sha256").digest()
        forged = f"{signed}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"
        assert why(trust(RSA).caller(f"Bearer {forged}", HERE)) == "header"


def test_a_key_signs_only_as_it_says() -> None:
    """A key for RS384 proves no RS256 token, and one that encrypts proves nothing."""
    same = RSAKey.import_key({name: value for name, value in RSA.as_dict(private=True).items() if name not in _SAYS})
    other = jwt.encode({"alg": "RS256", "kid": "r1"}, claims(), same, algorithms=["RS256"])
    assert why(trust(RSA).caller(f"Bearer {other}", HERE)) == "signature"


def test_a_changed_token_is_refused() -> None:
    head, body, signature = token().split(".")
    padded = body + "=" * (-len(body) % 4)
    told = json.loads(base64.urlsafe_b64decode(padded))
    told["exp"] += 1000
    bent = base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")
    assert why(trust().caller(f"Bearer {head}.{bent}.{signature}", HERE)) == "signature"
    assert why(trust().caller(f"Bearer {head}.{body}.{signature[:-4]}AAAA", HERE)) == "signature"


@pytest.mark.parametrize("shown", [None, "", "Bearer", "Bearer ", f"Basic {token()}", token(), "Bearer " + "a" * 9000])
def test_what_is_no_token_is_refused(shown: str | None) -> None:
    assert why(trust().caller(shown, HERE)) in ("no token", "not a token")


@given(st.one_of(st.text(max_size=300), st.binary(max_size=300).map(lambda raw: raw.decode("latin-1"))))
@settings(deadline=None)
def test_nothing_that_is_shown_breaks_it(text: str) -> None:
    for shown in (text, f"Bearer {text}", f"Bearer {text}.{text}.{text}"):
        assert isinstance(TRUST.caller(shown, HERE), Refused)


@pytest.mark.parametrize("header", ['["alg"]', '"alg"', "[" * 4000, '{"a":' * 900 + '"alg"' + "}" * 900, "1", "null"])
def test_a_header_that_is_no_object_is_refused(header: str) -> None:
    """Anybody may send one, knowing no more than who signs."""
    parts = [header.encode(), json.dumps(claims()).encode(), b"x"]
    shown = b".".join(base64.urlsafe_b64encode(one).rstrip(b"=") for one in parts).decode()
    assert why(trust().caller(f"Bearer {shown}", HERE)) in ("not a token", "header")


@pytest.mark.filterwarnings("ignore:Key size should be")
def test_a_short_key_signs_nothing() -> None:
    weak = RSAKey.generate_key(1024, {"kid": "w1", "use": "sig", "alg": "RS384"})
    assert read_keys(json.dumps(jwks(weak)).encode()) == {}
    assert why(trust(weak).caller(bearer(by=weak), HERE)) == "signature"


def test_a_tenant_of_the_settings_has_to_be_named() -> None:
    assert why(trust(tenant="clinic-7").caller(bearer(), HERE)) == "tenant"
    assert not why(trust(tenant="clinic-7").caller(bearer(claims(tenant="clinic-7")), HERE))


# --- keys -----------------------------------------------------------------------------------------------------------


def test_keys_of_a_file_are_read_anew_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps(jwks()))
    keys = FileKeys(file)
    assert (len(keys.find("k1")), len(keys.find("k2"))) == (1, 0)
    file.write_text(json.dumps(jwks(key(), OTHER)))
    os.utime(file, ns=(1, 1))
    assert len(keys.find("k2")) == 1
    file.write_text("{")
    with pytest.raises(SettingsError, match=r"keys\.json"):
        keys.find("k1")


def test_a_set_with_strange_keys_gives_the_others() -> None:
    told = jwks()
    told["keys"] += [None, {}, {"kty": "oct", "k": "c2VjcmV0", "kid": "o"}, {"kty": "EC", "kid": "x"}, {"kty": 1}]
    assert list(read_keys(json.dumps(told).encode())) == ["k1"]


class Ticks:
    seconds = 1000.0


def test_keys_at_an_address_are_asked_for_seldom(httpserver: HTTPServer) -> None:
    served = [jwks()]
    httpserver.expect_request("/keys").respond_with_handler(lambda _: _json(served[0]))
    keys = UrlKeys(httpserver.url_for("/keys"), clock=lambda: Ticks.seconds)
    for _ in range(3):
        assert len(keys.find("k1")) == 1
    for number in range(50):  # a flood of unknown ids
        assert not keys.find(f"no-{number}")
    assert len(httpserver.log) == 1
    served[0] = jwks(key(), OTHER)
    Ticks.seconds += 31
    assert len(keys.find("k2")) == 1
    assert len(httpserver.log) == 2
    httpserver.clear()
    Ticks.seconds += 3700  # it does not answer any more: what was known holds for a day
    assert len(keys.find("k1")) == 1
    Ticks.seconds += 24 * 3600
    with pytest.raises(HostError):
        keys.find("k1")
    keys.close()


def _json(told: object) -> Any:
    from werkzeug import Response

    return Response(json.dumps(told), content_type="application/json")
