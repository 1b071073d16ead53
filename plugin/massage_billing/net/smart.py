"""SMART backend services: a token for this program itself, asked for with a signed assertion (private_key_jwt).

Source of the rules: SMART App Launch 2, "Backend Services" and "Asymmetric authentication": RS384 or ES384, a fresh
``jti``, an ``exp`` at most five minutes away, ``aud`` the token endpoint, which .well-known/smart-configuration names.
The token is used until shortly before it ends and renewed once where the host refuses it. It is never logged.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from massage_billing.errors import (
    HostAnswerUnreadable,
    HostNotFound,
    HostRefused,
    HostRejected,
    HostUntrusted,
    SettingsError,
)
from massage_billing.fhir.json import text
from massage_billing.net.http import Answer, HttpClient, Limits, origin
from massage_billing.ports import JsonObject

_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_SECONDS: Final = 240
"""How long an assertion is good for; hosts refuse more than 300, and clocks differ."""
_UNSTATED_SECONDS: Final = 60.0
"""How long a token is used whose life the host does not state."""
_WELL_KNOWN: Final = ".well-known/smart-configuration"
ALGORITHMS: Final = ("RS384", "ES384")
"""What SMART asks every host to accept."""

HOST_SCOPES: Final = (
    "system/*.rs",
    *(
        f"system/{kind}.cruds"
        for kind in (
            "Claim",
            "Task",
            "Provenance",
            "ClaimResponse",
            "CoverageEligibilityRequest",
            "CoverageEligibilityResponse",
        )
    ),
)
"""What is asked of a host: to read, and to write what this program writes."""
PAYER_SCOPES: Final = ("system/CoverageEligibilityRequest.cruds", "system/CoverageEligibilityResponse.rs")
"""What is asked of a FHIR payer: to be asked, and to tell."""

Key = RSAKey | ECKey


@dataclass(frozen=True, slots=True)
class SmartSettings:
    """How this program is registered with the host."""

    client_id: str
    """The client id that the host gave."""
    read_key: Callable[[], str]
    """Gives the private key, a JWK or PEM; called once."""
    scopes: Sequence[str] = HOST_SCOPES
    """Scopes to ask for; SMART v1 hosts want ``system/*.read`` and the like."""
    ask_for: Callable[[], Sequence[str]] | None = None
    """Gives the scopes in place of ``scopes`` where they hang on what the host can; called once."""
    token_url: str | None = None
    """Token endpoint; None: the host's .well-known/smart-configuration names it."""
    algorithm: str | None = None
    """RS384 or ES384; None: what the key is for."""
    key_id: str | None = None
    """``kid``, where the key itself carries none."""


@dataclass(slots=True)
class _Token:
    """A token in use."""

    header: str
    renew_at: float


class SmartBackend:
    """Credentials of a FHIR server: one token, shared by all threads, renewed before it ends."""

    def __init__(
        self,
        base_url: str,
        settings: SmartSettings,
        *,
        limits: Limits | None = None,
        verify: bool | str = True,
        proxy: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._settings = settings
        self._key = _key(settings)
        self._algorithm = settings.algorithm or ("RS384" if isinstance(self._key, RSAKey) else "ES384")
        if self._algorithm not in ALGORITHMS:
            raise SettingsError("The signing algorithm has to be RS384 or ES384.", "Correct the host's settings.")
        self._open = _Opener(limits, verify, proxy)
        self._clock = clock
        self._endpoint: tuple[HttpClient, str] | None = None
        self._token: _Token | None = None
        self._scopes: Sequence[str] | None = None
        self._granted: frozenset[str] | None = None
        self._lock = threading.Lock()

    def header(self) -> str:
        """ "Bearer …", with a token that is good for a while yet."""
        with self._lock:
            if self._token is None or self._clock() >= self._token.renew_at:
                self._token = self._ask()
            return self._token.header

    def renew(self, refused: str | None) -> bool:
        """A new token, unless another thread got one meanwhile."""
        with self._lock:
            if self._token is None or self._token.header == refused:
                self._token = self._ask()
            return True

    def granted(self) -> frozenset[str] | None:
        """Scopes of the token in use, as the host said; None where there is none yet, or it did not say."""
        return self._granted

    def wanted(self) -> Sequence[str]:
        """Scopes that are asked for."""
        if self._scopes is None:
            self._scopes = self._settings.ask_for() if self._settings.ask_for else self._settings.scopes
        return self._scopes

    def _ask(self) -> _Token:
        """Ask the token endpoint; every try signs anew, since a ``jti`` may be used only once."""
        client, url = self._endpoint = self._endpoint or self._discover()
        try:
            return client.call(
                "POST",
                url,
                body=lambda: self._form(url),
                headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
                repeatable=True,
                read=self._read,
            )
        except (HostRejected, HostNotFound, HostRefused) as problem:
            refused = HostRefused(
                f"The host gave no token: {problem.what}",
                "Check that the client is registered and enabled there, its key, its scopes, and this machine's clock.",
            )
            refused.status = 401
            raise refused from None

    def _form(self, audience: str) -> bytes:
        """The token request with its signed assertion."""
        now = int(self._clock())
        who = self._settings.client_id
        claims = {"iss": who, "sub": who, "aud": audience, "jti": str(uuid.uuid4()), "iat": now,
                  "exp": now + _ASSERTION_SECONDS}  # fmt: skip
        header = {"alg": self._algorithm, "typ": "JWT"}
        if key_id := self._settings.key_id or self._key.kid:
            header["kid"] = key_id
        assertion = jwt.encode(header, claims, self._key, algorithms=[self._algorithm])
        return urlencode(
            {
                "grant_type": "client_credentials",
                "scope": " ".join(self.wanted()),
                "client_assertion_type": _ASSERTION_TYPE,
                "client_assertion": assertion,
            }
        ).encode()

    def _read(self, answer: Answer) -> _Token:
        """The token of a token response (RFC 6749, 5.1)."""
        body = _object(answer, "token endpoint")
        token, kind = text(body, "access_token"), text(body, "token_type") or "bearer"
        if not token or not token.isascii() or not token.isprintable() or " " in token or kind.lower() != "bearer":
            raise HostAnswerUnreadable("The host's token endpoint gave no bearer token.", "Check its settings.")
        said = text(body, "scope")
        self._granted = None if said is None else frozenset(said.split())
        life = body.get("expires_in")
        seconds = float(life) if isinstance(life, int | float) and life > 0 else _UNSTATED_SECONDS
        return _Token(f"Bearer {token}", self._clock() + seconds - min(60.0, seconds / 5))

    def _discover(self) -> tuple[HttpClient, str]:
        """Client and URL of the token endpoint; it may be of another origin than the FHIR server, but not less safe."""
        found = self._settings.token_url
        if found is None:
            client = self._open(self._base_url)
            configuration = client.call("GET", _WELL_KNOWN, read=lambda answer: _object(answer, _WELL_KNOWN))
            client.close()
            found = text(configuration, "token_endpoint")
        here, there = origin(self._base_url), origin(found or "")
        if found is None or there is None:
            raise HostAnswerUnreadable(
                f"The host's {_WELL_KNOWN} names no token endpoint.", "Name the token endpoint in the host's settings."
            )
        if here is not None and here[0] == "https" and there[0] != "https":
            raise HostUntrusted("The host's token endpoint is not https.", "Name an https endpoint in the settings.")
        return self._open(found), found


@dataclass(frozen=True, slots=True)
class _Opener:
    """Makes clients without credentials, with one set of transport settings."""

    limits: Limits | None
    verify: bool | str
    proxy: str | None
    connections: int = field(default=1)

    def __call__(self, url: str) -> HttpClient:
        return HttpClient(url, limits=self.limits, connections=self.connections, verify=self.verify, proxy=self.proxy)


def _key(settings: SmartSettings) -> Key:
    """The private key, JWK or PEM."""
    written = settings.read_key().strip()
    wrong = SettingsError("The host's private key cannot be read.", "It has to be an RSA or EC P-384 key, JWK or PEM.")
    for kind in (RSAKey, ECKey):
        try:
            key: Key = kind.import_key(orjson.loads(written) if written.startswith("{") else written)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            continue
        if not key.is_private or (isinstance(key, ECKey) and key.curve_name != "P-384"):
            raise wrong
        return key
    raise wrong


def _object(answer: Answer, what: str) -> JsonObject:
    """A JSON object, or HostAnswerUnreadable."""
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise HostAnswerUnreadable(f"The host's {what} did not answer with a JSON object.", "Check the host's URL.")
    return body
