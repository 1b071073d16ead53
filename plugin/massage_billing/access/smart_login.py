"""SMART App Launch 2: somebody is sent to the host to log in, comes back with a code, and the host says who it is.

Source: SMART App Launch 2.2 (EHR and standalone launch, PKCE S256, ``aud``); OpenID Connect Core 1.0; RFC 9700 for what
ties an answer to its question: ``state`` is random, of use once, only in the browser that was sent, and the address to
come back to names the host, so that no host can answer for another; RFC 9207 (``iss``).
"""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final
from urllib.parse import urlencode

from joserfc.jwk import KeySet

from massage_billing.access import id_token
from massage_billing.access.back import safe
from massage_billing.access.code_exchange import Tokens, exchange
from massage_billing.access.discovery import Endpoints, discover
from massage_billing.access.fetching import Fetch, Remembered, fetch
from massage_billing.access.fhir_user import Read, reference_of, resolve, same_base
from massage_billing.access.place import Place
from massage_billing.access.refusals import LoginRefused, Why
from massage_billing.access.roles import LoginHost, Roster, find
from massage_billing.access.tokens import digest, fresh, is_token
from massage_billing.errors import HostError
from massage_billing.model.desk import Viewer
from massage_billing.ports.access import Access, LoginUnderWay

LIFE: Final = timedelta(minutes=10)
"""How long somebody may take to log in at the host."""
STANDALONE: Final = ("openid", "fhirUser")
"""What is asked for: who it is. No patient's data is: this service reads the host as itself."""
EHR: Final = ("launch", *STANDALONE)
"""The same, and what the EHR had open."""
_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Sent:
    """Where a browser is sent, and what it has to bring back."""

    url: str
    """The host's log-in page, with the question in it."""
    cookie: str
    """Name of the cookie that ties the answer to this browser."""
    value: str
    """Its value."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """Somebody whom the host named, and whom the settings know."""

    viewer: Viewer
    """Who."""
    back: str
    """Where to: a path of this site."""
    encounter: str | None
    """Launch context: the encounter that the EHR had open."""
    patient: str | None
    """Launch context: "Patient/3"."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a browser brought back."""

    host: str
    """Host id in the path."""
    query: Mapping[str, str]
    """``code`` and ``state``, or ``error``; ``iss`` where the host says it."""
    cookies: Mapping[str, str]
    """Its cookies."""


@dataclass(slots=True)
class SmartLogin:
    """Logs people in at the configured hosts."""

    access: Access
    """Remembers what is under way."""
    roster: Roster
    """Hosts, and who has which role."""
    place: Place
    """Where we are."""
    read: Read = lambda _host, _reference: None
    """Reads people on the host."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    """UTC."""
    fetch: Fetch = fetch
    """Gets a host's public documents."""
    _endpoints: Remembered[Endpoints] = field(init=False)
    _keys: Remembered[KeySet] = field(init=False)

    def __post_init__(self) -> None:
        self._endpoints = Remembered(lambda host: discover(host, self.fetch))
        self._keys = Remembered(self._read_keys)

    def launched_from(self, iss: str) -> LoginHost:
        """The configured host that an EHR launch names; nobody else's address is ever asked for anything.
        Raises LoginRefused."""
        for host in self.roster().values():
            if same_base(iss, host.url):
                return host
        fix = "Name the EHR's FHIR base URL under hosts and workbench.hosts, or open the workbench by its own address."
        raise LoginRefused(Why.UNKNOWN_HOST, "The launch comes from an EHR that is not configured here.", fix)

    def host(self, wanted: str) -> LoginHost:
        """A host by its id. Raises LoginRefused."""
        found = self.roster().get(wanted)
        if found is None:
            raise LoginRefused(Why.UNKNOWN_HOST, "There is no such host to log in at.", "Begin at the log-in page.")
        return found

    def send(self, host: LoginHost, back: str | None = None, launch: str | None = None) -> Sent:
        """Where to send a browser. ``launch`` is the EHR's own, opaque. Raises LoginRefused, StoreError."""
        endpoints = self._endpoints.get(host)
        state, cookie, nonce, verifier = fresh(), fresh(), fresh(), secrets.token_urlsafe(48)
        ends = self.clock() + LIFE
        under_way = LoginUnderWay(digest(state), digest(cookie), host.id, verifier, nonce, safe(back), ends)
        self.access.start_login(under_way)
        question = {
            "response_type": "code",
            "client_id": host.login.client_id,
            "redirect_uri": self.redirect(host.id),
            "scope": " ".join(host.login.scopes or (STANDALONE if launch is None else EHR)),
            "state": state,
            "aud": host.url,
            "nonce": nonce,
            "code_challenge": challenge(verifier),
            "code_challenge_method": "S256",
        }
        if launch is not None:
            question["launch"] = launch
        joint = "&" if "?" in endpoints.authorize else "?"
        return Sent(f"{endpoints.authorize}{joint}{urlencode(question)}", self.cookie_of(state), cookie)

    def redirect(self, host: str) -> str:
        """Where a host sends people back to: what its client is registered with."""
        return self.place.url(f"/callback/{host}")

    def cookie_of(self, state: str) -> str:
        """Name of the cookie of one log-in: several may be under way in one browser."""
        return self.place.cookie(f"mb-login-{digest(state)[:12]}")

    def arrive(self, answered: Answered) -> Arrived:
        """Who came back. Raises LoginRefused, SettingsError, StoreError. Whatever happens, the state is used up."""
        under_way = self._under_way(answered)
        host = self.host(under_way.host)
        if host.id != answered.host:
            raise LoginRefused(Why.STALE, "The answer came to another host's address.", "Log in again.", host.id)
        endpoints = self._endpoints.get(host)
        self._said_no(host, answered.query, endpoints)
        code = answered.query.get("code", "")
        tokens = exchange(host, endpoints, code, under_way.verifier, self.redirect(host.id))
        identity = self._identity(host, endpoints, tokens, under_way.nonce)
        return self._arrived(host, identity, tokens, under_way.back)

    def _under_way(self, answered: Answered) -> LoginUnderWay:
        state = answered.query.get("state", "")
        cookie = answered.cookies.get(self.cookie_of(state), "")
        found = self.access.take_login(digest(state), self.clock()) if is_token(state) else None
        if found is None or not hmac.compare_digest(found.browser, digest(cookie)):
            what = "This log-in took too long, was used already, or began in another browser."
            raise LoginRefused(Why.STALE, what, "Log in again.")
        return found

    def _said_no(self, host: LoginHost, query: Mapping[str, str], endpoints: Endpoints) -> None:
        """The host, or whoever sat there, refused; or somebody else answers in the host's place."""
        if query.get("iss") is not None and query["iss"] not in endpoints.issuers:
            raise LoginRefused(Why.STALE, "Somebody else than the host answered.", "Log in again.", host.id)
        error = query.get("error")
        if error is None and query.get("code"):
            return
        said = f" ({error})" if error and re.fullmatch(r"[a-z_]{1,40}", error) else ""
        fix = "Log in again; if it stays so, the EHR's administrator has to enable the client and its scopes."
        raise LoginRefused(Why.DECLINED, f"Host {host.id} did not log you in{said}.", fix, host.id)

    def _identity(self, host: LoginHost, endpoints: Endpoints, tokens: Tokens, nonce: str) -> id_token.Identity:
        """Whom the id_token names; where its key is not known, the keys are asked for anew, once."""
        expected = id_token.Expected(endpoints.issuers, host.login.client_id, nonce)
        now = int(self.clock().timestamp())
        try:
            try:
                return id_token.verify(tokens.id_token, self._keys.get(host), expected, now)
            except id_token.UnknownKey:
                newer = self._keys.again(host)
                if newer is None:
                    raise
                return id_token.verify(tokens.id_token, newer, expected, now)
        except id_token.NotGenuine as error:
            fix = "Log in again; if it stays so, compare the issuer and the clocks of both machines."
            raise LoginRefused(Why.TOKEN, f"Host {host.id}'s id_token is refused: {error}.", fix, host.id) from None

    def _read_keys(self, host: LoginHost) -> KeySet:
        try:
            return id_token.keys_of(self.fetch(host, self._endpoints.get(host).jwks) or {})
        except HostError as error:
            what = f"Host {host.id}'s keys cannot be had: {error.what}"
            raise LoginRefused(Why.HOST, what, error.fix, host.id) from None

    def _arrived(self, host: LoginHost, identity: id_token.Identity, tokens: Tokens, back: str) -> Arrived:
        reference = reference_of(identity.fhir_user, host.url)
        if reference is None:
            what = f"Host {host.id} did not say which member of the clinic you are (fhirUser)."
            fix = "The client needs the scope fhirUser; patients have no access."
            raise LoginRefused(Why.NOBODY, what, fix, host.id)
        known = resolve(host.id, reference, self.read)
        found = find(host.login, known.references)
        if found is None:
            what = f"{reference} of host {host.id} has no role at this workbench."
            fix = f"Whoever runs it adds {reference} under workbench.hosts.{host.id}.people."
            raise LoginRefused(Why.NOBODY, what, fix, host.id, reference)
        treats = found.worker.practitioner or known.practitioner
        name = found.worker.name or known.name or identity.name or found.who
        viewer = Viewer(found.who, name, found.worker.role, host.id, treats)
        patient = _id(tokens.patient)
        return Arrived(viewer, back, _id(tokens.encounter), f"Patient/{patient}" if patient else None)


def challenge(verifier: str) -> str:
    """PKCE code_challenge, S256 (RFC 7636, 4.2)."""
    return urlsafe_b64encode(sha256(verifier.encode("ascii")).digest()).decode().rstrip("=")


def _id(said: str | None) -> str | None:
    """A logical id of the launch context; None where it is none."""
    return said if said is not None and _ID.fullmatch(said) else None
