"""An EHR at which people log in: SMART App Launch 2 over real HTTP on loopback, and what it may do wrong on purpose."""

from __future__ import annotations

import json
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

KEY = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"}, private=True)
SECOND = RSAKey.generate_key(2048, {"kid": "k2", "use": "sig"}, private=True)
CURVE = ECKey.generate_key("P-256", {"kid": "e1", "use": "sig"}, private=True)
CLIENT = RSAKey.generate_key(2048, {"kid": "client"}, private=True)


@dataclass
class Ehr:
    """The server. ``base`` is its FHIR base URL."""

    server: HTTPServer
    fhir_user: str = "Practitioner/3"
    client_id: str = "workbench"
    secret: str | None = None
    """Secret it asks for; None: a public client."""
    client_key: Any = None
    """Public key of a client that signs."""
    keys: list[Any] = field(default_factory=lambda: [KEY])
    """Keys that it publishes."""
    signing: Any = field(default_factory=lambda: KEY)
    algorithm: str = "RS256"
    context: dict[str, Any] = field(default_factory=dict)
    """Launch context of the token response."""
    change: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
    """Changes the claims of an id_token."""
    forge: Callable[[dict[str, Any]], str] | None = None
    """Makes the id_token in the server's place."""
    configuration: dict[str, Any] | None = field(default_factory=dict)
    """What smart-configuration says more; None: it has none."""
    asked: list[dict[str, str]] = field(default_factory=list)
    """Token requests."""
    granted: dict[str, dict[str, str]] = field(default_factory=dict)
    resources: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        serve = self.server.expect_request
        serve("/fhir/.well-known/smart-configuration").respond_with_handler(self._configuration)
        serve("/fhir/metadata").respond_with_handler(self._metadata)
        serve("/auth/.well-known/openid-configuration").respond_with_handler(self._openid)
        serve("/auth/jwks").respond_with_handler(self._jwks)
        serve("/auth/token", method="POST").respond_with_handler(self._token)

    @property
    def origin(self) -> str:
        return self.server.url_for("").rstrip("/")

    @property
    def base(self) -> str:
        return f"{self.origin}/fhir"

    @property
    def issuer(self) -> str:
        return f"{self.origin}/auth"

    # --- what the person at the browser does ------------------------------------------------------------------------

    def question(self, url: str) -> dict[str, str]:
        """What the browser was sent with."""
        assert url.startswith(f"{self.issuer}/authorize?")
        return dict(parse_qsl(urlsplit(url).query))

    def log_in(self, url: str) -> str:
        """Somebody logs in; where the browser is sent back to (path and query)."""
        asked = self.question(url)
        assert asked["response_type"] == "code"
        assert asked["client_id"] == self.client_id
        assert asked["aud"] == self.base
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.granted)}"
        self.granted[code] = asked
        back = urlsplit(asked["redirect_uri"])
        return f"{back.path}?{urlencode({'code': code, 'state': asked['state']})}"

    # --- what the server answers ------------------------------------------------------------------------------------

    def _configuration(self, _request: Request) -> Response:
        if self.configuration is None:
            return Response(status=404)
        said = {
            "issuer": self.issuer,
            "jwks_uri": f"{self.issuer}/jwks",
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "code_challenge_methods_supported": ["S256"],
            **self.configuration,
        }
        return _json({key: value for key, value in said.items() if value is not None})

    def _openid(self, _request: Request) -> Response:
        return _json(
            {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/jwks", "token_endpoint": f"{self.issuer}/token"}
        )

    def _metadata(self, _request: Request) -> Response:
        url = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
        uris = [{"url": name, "valueUri": f"{self.issuer}/{name}"} for name in ("authorize", "token")]
        security = {"extension": [{"url": url, "extension": uris}]}
        return _json({"resourceType": "CapabilityStatement", "rest": [{"mode": "server", "security": security}]})

    def _jwks(self, _request: Request) -> Response:
        return _json(KeySet([type(one).import_key(one.as_dict(private=False)) for one in self.keys]).as_dict())

    def _token(self, request: Request) -> Response:
        form = {key: values[0] for key, values in parse_qs(request.get_data(as_text=True)).items()}
        self.asked.append(form)
        granted = self.granted.pop(form.get("code", ""), None)
        problem = self._refusal(request, form, granted)
        if problem or granted is None:
            return _json({"error": problem or "invalid_grant"}, 400)
        return _json(
            {"access_token": "at", "token_type": "Bearer", "id_token": self._id_token(granted), **self.context}
        )

    def _refusal(self, request: Request, form: dict[str, str], granted: dict[str, str] | None) -> str | None:
        if granted is None or granted["redirect_uri"] != form.get("redirect_uri"):
            return "invalid_grant"
        digest = sha256(form.get("code_verifier", "").encode()).digest()
        if urlsafe_b64encode(digest).decode().rstrip("=") != granted["code_challenge"]:
            return "invalid_grant"
        return None if self._knows(request, form) else "invalid_client"

    def _knows(self, request: Request, form: dict[str, str]) -> bool:
        if self.client_key is not None:
            claims = jwt.decode(form["client_assertion"], self.client_key, algorithms=["RS384"]).claims
            assert claims["iss"] == claims["sub"] == self.client_id
            return claims["aud"] == f"{self.issuer}/token" and claims["exp"] <= time.time() + 300
        if self.secret is None:
            return form.get("client_id") == self.client_id
        header = request.headers.get("Authorization", "")
        if header.startswith("Basic "):
            user, _, password = b64decode(header[6:]).decode().partition(":")
            return (unquote_plus(user), unquote_plus(password)) == (self.client_id, self.secret)
        return (form.get("client_id"), form.get("client_secret")) == (self.client_id, self.secret)

    def claims(self, granted: dict[str, str]) -> dict[str, Any]:
        now = int(time.time())
        return {"iss": self.issuer, "sub": "u1", "aud": self.client_id, "iat": now, "exp": now + 300,
                "nonce": granted["nonce"], "fhirUser": self.fhir_user}  # fmt: skip

    def _id_token(self, granted: dict[str, str]) -> str:
        claims = self.change(self.claims(granted))
        if self.forge is not None:
            return self.forge(claims)
        header = {"alg": self.algorithm, "kid": self.signing.kid}
        return jwt.encode(header, claims, self.signing, algorithms=[self.algorithm])


def _json(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
