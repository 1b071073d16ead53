"""Changing the code that a host gave into an id_token, as the client that the host knows.

Source: SMART App Launch 2.2, "Obtain access token", "Client authentication: symmetric" (HTTP Basic) and "asymmetric"
(private_key_jwt); RFC 6749, 2.3.1 and 4.1.3; RFC 7636, 4.5. Public clients send their id and the verifier alone. A code
is sent once: a second time would tell the host that it was stolen.
"""

from __future__ import annotations

import time
import uuid
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote_plus, urlencode

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from massage_billing.access.discovery import Endpoints
from massage_billing.access.fetching import json_object, open_client
from massage_billing.access.refusals import LoginRefused, Why
from massage_billing.access.roles import LoginHost
from massage_billing.errors import HostError, SettingsError
from massage_billing.fhir.json import text

ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_SECONDS: Final = 240


@dataclass(frozen=True, slots=True)
class Tokens:
    """What is used of a token response. The access token is not: this service reads the host as itself."""

    id_token: str
    """The signed word on who it is."""
    patient: str | None
    """Launch context: logical id of the patient whose chart was open."""
    encounter: str | None
    """Launch context: logical id of the encounter."""


def exchange(host: LoginHost, endpoints: Endpoints, code: str, verifier: str, redirect: str) -> Tokens:
    """Change a code into tokens. Raises LoginRefused, SettingsError."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": verifier}
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    shown, header = _shown(host, endpoints)
    headers |= header
    try:
        client = open_client(host, endpoints.token)
        try:
            body = urlencode(form | shown).encode()
            answer = client.call("POST", endpoints.token, body=body, headers=headers, attempts=1, read=json_object)
        finally:
            client.close()
    except HostError as error:
        fix = "Check the client's id, secret or key and redirect address at the EHR, and log in again."
        raise LoginRefused(Why.HOST, f"Host {host.id} gave no token: {error.what}", fix, host.id) from None
    token = text(answer, "id_token")
    if token is None:
        fix = "The client needs the scopes openid and fhirUser there."
        raise LoginRefused(Why.TOKEN, f"Host {host.id} gave no id_token.", fix, host.id)
    return Tokens(token, text(answer, "patient"), text(answer, "encounter"))


def _shown(host: LoginHost, endpoints: Endpoints) -> tuple[dict[str, str], dict[str, str]]:
    """How the client shows who it is: form fields and headers."""
    login = host.login
    if (key := login.key()) is not None:
        assertion = _assertion(host, key, endpoints.token)
        return {"client_id": login.client_id, "client_assertion_type": ASSERTION, "client_assertion": assertion}, {}
    secret = login.secret()
    if secret is None:
        return {"client_id": login.client_id}, {}
    by_post = login.client_secret_by or _wanted(endpoints)
    if by_post == "post":
        return {"client_id": login.client_id, "client_secret": secret}, {}
    pair = f"{quote_plus(login.client_id)}:{quote_plus(secret)}".encode()
    return {}, {"Authorization": f"Basic {b64encode(pair).decode()}"}


def _wanted(endpoints: Endpoints) -> str:
    """Basic, which SMART asks every host to take, unless the host says that it takes only the other."""
    methods = endpoints.methods
    return "post" if "client_secret_post" in methods and "client_secret_basic" not in methods else "basic"


def _assertion(host: LoginHost, written: str, audience: str, clock: Callable[[], float] = time.time) -> str:
    key, login, now = _read(host, written), host.login, int(clock())
    claims = {"iss": login.client_id, "sub": login.client_id, "aud": audience, "jti": str(uuid.uuid4()), "iat": now,
              "exp": now + _ASSERTION_SECONDS}  # fmt: skip
    header = {"alg": login.algorithm, "typ": "JWT"}
    if kid := login.key_id or key.kid:
        header["kid"] = kid
    return jwt.encode(header, claims, key, algorithms=[login.algorithm])


def _read(host: LoginHost, written: str) -> RSAKey | ECKey:
    kind = RSAKey if host.login.algorithm == "RS384" else ECKey
    try:
        key: RSAKey | ECKey = kind.import_key(orjson.loads(written) if written.startswith("{") else written)
    except (JoseError, ValueError, TypeError, KeyError):
        key = None  # type: ignore[assignment]
    if key is None or not key.is_private:
        what = f"workbench.hosts.{host.id}.key_file holds no private key for {host.login.algorithm}."
        raise SettingsError(what, "It has to be an RSA key for RS384, or an EC P-384 key for ES384, JWK or PEM.")
    return key
