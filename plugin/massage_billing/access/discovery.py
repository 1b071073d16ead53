"""Where a host's people log in, read from the host itself.

Source: SMART App Launch 2.2, "App Launch: Launch and Authorization" and "Conformance": .well-known/smart-configuration;
for hosts of SMART 1 the extension oauth-uris of the CapabilityStatement. Who signs id_tokens and with which keys stands
there too, or in OpenID Connect Discovery 1.0 beside it. Only configured hosts are ever asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from massage_billing.access.fetching import Fetch
from massage_billing.access.refusals import LoginRefused, Why
from massage_billing.access.roles import LoginHost
from massage_billing.errors import HostError
from massage_billing.fhir.json import children, text
from massage_billing.net.http import origin
from massage_billing.ports import JsonObject

_SMART: Final = "/.well-known/smart-configuration"
_OPENID: Final = "/.well-known/openid-configuration"
_OAUTH_URIS: Final = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What a host says of logging in."""

    authorize: str
    """Browsers are sent there."""
    token: str
    """Codes are changed into tokens there."""
    issuers: frozenset[str]
    """Who may have signed an id_token."""
    jwks: str
    """The signers' public keys."""
    methods: frozenset[str]
    """How clients may show who they are; empty: not said."""


def discover(host: LoginHost, fetch: Fetch) -> Endpoints:
    """Ask a host. Raises LoginRefused where it cannot be asked or lacks what a safe log-in needs."""
    try:
        found = fetch(host, host.url + _SMART, missing=True) or _of_capabilities(fetch(host, host.url + "/metadata"))
        authorize, token = text(found or {}, "authorization_endpoint"), text(found or {}, "token_endpoint")
        if found is None or authorize is None or token is None:
            raise _lacking(host, "does not say where people log in")
        _private(host, authorize, token)
        _pkce(host, found)
        issuers, jwks = _signers(host, found, token, fetch)
    except HostError as error:
        raise LoginRefused(Why.HOST, f"Host {host.id}: {error.what}", error.fix, host.id) from None
    _private(host, jwks)
    return Endpoints(authorize, token, issuers, jwks, _texts(found, "token_endpoint_auth_methods_supported"))


def _of_capabilities(statement: JsonObject | None) -> JsonObject | None:
    """authorize and token of a CapabilityStatement, named as smart-configuration names them."""
    for rest in children(statement or {}, "rest"):
        security = rest.get("security")
        for extension in children(security, "extension") if isinstance(security, dict) else ():
            if extension.get("url") != _OAUTH_URIS:
                continue
            said = {text(one, "url"): text(one, "valueUri") for one in children(extension, "extension")}
            return {"authorization_endpoint": said.get("authorize"), "token_endpoint": said.get("token")}
    return None


def _signers(host: LoginHost, found: JsonObject, token: str, fetch: Fetch) -> tuple[frozenset[str], str]:
    """Who signs, and where the keys are. What the clinic's settings name is alone believed; else what the host names,
    and the OpenID provider at its token endpoint: OpenEMR's smart-configuration names another issuer than its
    id_tokens do."""
    issuers = [host.login.issuer] if host.login.issuer else [text(found, "issuer")]
    jwks = text(found, "jwks_uri")
    beside = [token.rsplit("/", 1)[0]] if host.login.issuer is None else []
    for issuer, provider in _providers(host, [*issuers, *beside], fetch):
        if issuer not in issuers and text(provider, "token_endpoint") != token:
            continue
        issuers.append(issuer)
        jwks = jwks or text(provider, "jwks_uri")
    known = frozenset(issuer for issuer in issuers if issuer)
    if not known or jwks is None:
        raise _lacking(host, "does not say who signs its id_tokens, or with which keys")
    return known, jwks


def _providers(host: LoginHost, issuers: list[str | None], fetch: Fetch) -> Iterator[tuple[str, JsonObject]]:
    """OpenID Connect Discovery of every issuer that answers, and calls itself so; never asked less safely than the host
    itself."""
    for issuer in dict.fromkeys(one.rstrip("/") for one in issuers if one):
        if not _as_private(host, issuer):
            continue  # what is read there may be anybody's, and would say whose keys are believed
        try:
            provider = fetch(host, issuer + _OPENID, missing=True)
        except HostError:
            provider = None  # it is needed only where the host itself does not say
        said = text(provider or {}, "issuer")
        if provider is not None and said is not None and said.rstrip("/") == issuer:
            yield said, provider


def _pkce(host: LoginHost, found: JsonObject) -> None:
    """A host that says which challenges it takes has to take S256; one of SMART 1 says nothing, and is sent it."""
    methods = _texts(found, "code_challenge_methods_supported")
    if methods and "S256" not in methods:
        raise _lacking(host, "does not take PKCE with S256")


def _private(host: LoginHost, *urls: str) -> None:
    """What is sent there is as safe as with the host itself."""
    if not all(_as_private(host, url) for url in urls):
        raise _lacking(host, "names an address for logging in that is not https")


def _as_private(host: LoginHost, url: str) -> bool:
    here, there = origin(host.url), origin(url)
    return there is not None and (here is None or here[0] != "https" or there[0] == "https")


def _texts(found: JsonObject, key: str) -> frozenset[str]:
    said = found.get(key)
    return frozenset(one for one in said if isinstance(one, str)) if isinstance(said, list) else frozenset()


def _lacking(host: LoginHost, what: str) -> LoginRefused:
    fix = "Ask whoever runs the EHR to turn on SMART App Launch 2 with OpenID Connect."
    return LoginRefused(Why.HOST, f"Host {host.id} {what}.", fix, host.id)


Discover = Callable[[LoginHost], Endpoints]
"""Asks a host, or remembers what it said."""
