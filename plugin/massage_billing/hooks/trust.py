"""Who calls: the token of an EHR (CDS Hooks 2.0, "Trusting CDS Clients"), checked against the settings.

Its issuer names an entry of the settings; the keys are that entry's, never those the token points at (``jku``). Only
asymmetric algorithms count, the audience is this very address, and each token is good once.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol, cast

import orjson
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from massage_billing.errors import HostAnswerUnreadable, HostError, SettingsError
from massage_billing.net.http import Answer, HttpClient, Limits

ALGORITHMS: Final = ("ES384", "RS384", "ES256", "RS256", "ES512", "RS512", "PS256", "PS384", "PS512")
"""How a token may be signed: CDS Hooks recommends the first two, and forbids none and everything symmetric."""
LONGEST_TOKEN: Final = 8192
"""Characters of the longest token that is looked at."""
LEEWAY: Final = 60
"""Seconds by which clocks may differ."""
LONGEST_LIFE: Final = 3600
"""Seconds after which a token may end at most: so long its use is remembered."""
_ONCE: Final = "cds-jwt"
_KEYS_GOOD: Final = 3600.0
"""Seconds for which keys are believed without asking again."""
_KEYS_LAST: Final = 24 * 3600.0
"""Seconds for which they are believed where the EHR does not answer."""
_KEYS_PAUSE: Final = 30.0
"""Seconds between two questions for keys, so that unknown key ids are no flood."""
_WEAKEST: Final = 2048
"""Bits of the shortest RSA key, as of those who log people in (access.id_token)."""
_LIMITS: Final = Limits(connect=3, read=3, total=6, body=256 * 1024, attempts=1)

PublicKey = RSAKey | ECKey | OKPKey


class Once(Protocol):
    """Remembers what may be used once: a part of ``ports.access.Access``."""

    def first_use(self, kind: str, digest: str, until: datetime) -> bool:
        """Whether it is the first time."""
        ...


class Keys(Protocol):
    """Public keys of one EHR."""

    def find(self, kid: str) -> Sequence[PublicKey]:
        """The keys with an id; raises HostError or SettingsError where keys cannot be had."""
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """An EHR that may call."""

    name: str
    """Its name in the settings."""
    host: str
    """Configured host id."""
    servers: frozenset[str]
    """Addresses of the host's FHIR server, without a slash at the end."""
    keys: Keys
    """Its public keys."""
    tenant: str | None = None
    """Tenant its tokens have to name."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a token is not believed: one word for the log, never the token."""

    why: str
    """"signature", "audience", "expired", …"""


class Trust:
    """Decides who calls. ``clock`` is UTC seconds."""

    def __init__(
        self, known: Mapping[str, Known], once: Callable[[], Once], clock: Callable[[], float] = time.time
    ) -> None:
        """``known``: by issuer."""
        self._known, self._once, self._clock = known, once, clock

    def caller(self, authorization: str | None, audience: Sequence[str]) -> Known | Refused:
        """Who shows this ``Authorization`` header at an address, of which any of ``audience`` is a name."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token or len(token) > LONGEST_TOKEN:
            return Refused("no token")
        try:
            shown = jws.extract_compact(token.encode("ascii"))
            header, unproved = cast("object", shown.headers()), orjson.loads(shown.payload)
        except (JoseError, ValueError, TypeError, RecursionError):  # the library parses the header to any depth
            return Refused("not a token")
        issuer = unproved.get("iss") if isinstance(unproved, dict) else None
        known = self._known.get(issuer) if isinstance(issuer, str) else None
        if known is None:
            return Refused("unknown issuer")
        if not isinstance(header, dict):
            return Refused("header")
        kid, algorithm = header.get("kid"), header.get("alg")
        if not isinstance(kid, str) or algorithm not in ALGORITHMS or "crit" in header:
            return Refused("header")
        claims = _proved(token, known.keys, kid, str(algorithm))
        if claims is None:
            return Refused("signature")
        return self._refusal(claims, known, audience) or known

    def _refusal(self, claims: Mapping[str, object], known: Known, audience: Sequence[str]) -> Refused | None:
        """What the claims of a token that is signed well lack."""
        now = self._clock()
        named = claims.get("aud")
        heard = [named] if isinstance(named, str) else named if isinstance(named, list) else []
        if not any(one in audience for one in heard if isinstance(one, str)):
            return Refused("audience")
        ends, made, id = _seconds(claims, "exp"), _seconds(claims, "iat"), claims.get("jti")
        if ends is None or made is None or ends <= now - LEEWAY or ends > now + LONGEST_LIFE + LEEWAY:
            return Refused("expired")
        starts = _seconds(claims, "nbf")
        if made > now + LEEWAY or (starts is not None and starts > now + LEEWAY):
            return Refused("of the future")
        if known.tenant is not None and claims.get("tenant") != known.tenant:
            return Refused("tenant")
        if not isinstance(id, str) or not 1 <= len(id) <= 256:
            return Refused("no jti")
        digest = hashlib.sha256(f"{known.name}\x1f{id}".encode("utf-8", "surrogatepass")).hexdigest()
        until = datetime.fromtimestamp(ends + 2 * LEEWAY, UTC)
        return None if self._once().first_use(_ONCE, digest, until) else Refused("used before")


def _proved(token: str, keys: Keys, kid: str, algorithm: str) -> Mapping[str, object] | None:
    """The claims, where a key of this id signed them; None else."""
    for key in keys.find(kid):
        if key.get("use") not in (None, "sig") or key.get("alg") not in (None, algorithm):
            continue
        try:
            return jwt.decode(token, key, algorithms=[algorithm]).claims
        except (JoseError, ValueError, TypeError):
            continue
    return None


def _seconds(claims: Mapping[str, object], name: str) -> float | None:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e11:
        return None
    return float(value)


# --- keys -----------------------------------------------------------------------------------------------------------


def read_keys(text: bytes) -> dict[str, list[PublicKey]]:
    """Keys of a JWK Set, by their id; what is no public key, is weak or has no id, is left out. ValueError where
    it is none."""
    found: dict[str, list[PublicKey]] = {}
    told = orjson.loads(text)
    listed = told.get("keys") if isinstance(told, dict) else None
    if not isinstance(listed, list):
        raise ValueError("no JWK Set")
    for one in listed[:100]:
        if not isinstance(one, dict) or one.get("kty") not in ("RSA", "EC", "OKP"):
            continue
        try:
            (key,) = KeySet.import_key_set({"keys": [one]}).keys
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            continue
        kid = one.get("kid")
        if isinstance(key, RSAKey) and key.public_key.key_size < _WEAKEST:
            continue
        if isinstance(key, RSAKey | ECKey | OKPKey) and isinstance(kid, str):
            found.setdefault(kid, []).append(key)
    return found


class FileKeys:
    """Keys in a file, read anew when it changes."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read: tuple[tuple[int, int], dict[str, list[PublicKey]]] | None = None

    def find(self, kid: str) -> Sequence[PublicKey]:
        """See ``Keys``; SettingsError where the file is no JWK Set."""
        try:
            facts = self._file.stat()
            stamp = (facts.st_mtime_ns, facts.st_size)
            if self._read is None or self._read[0] != stamp:
                self._read = (stamp, read_keys(self._file.read_bytes()))
        except (OSError, ValueError):
            what = f"{self._file}: cannot be read as a JWK Set."
            raise SettingsError(what, "Put the EHR's public keys there, as JSON.") from None
        return self._read[1].get(kid, ())


class UrlKeys:
    """Keys at an address of the settings, asked for when they are old or one is unknown; several threads use it."""

    def __init__(self, url: str, verify: bool | str = True, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = HttpClient(url, limits=_LIMITS, verify=verify)
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: dict[str, list[PublicKey]] = {}
        self._asked: float | None = None
        self._got: float | None = None

    def close(self) -> None:
        """Close kept connections."""
        self._client.close()

    def find(self, kid: str) -> Sequence[PublicKey]:
        """See ``Keys``. Where the address does not answer, the keys that were had last go on for a day."""
        with self._lock:
            now = self._clock()
            fresh = self._got is not None and now - self._got < _KEYS_GOOD
            rested = self._asked is None or now - self._asked >= _KEYS_PAUSE
            if rested and (not fresh or kid not in self._keys):
                self._asked = now
                try:
                    self._keys = self._client.call("GET", "", read=_key_set)
                    self._got = now
                except HostError:
                    if self._got is None or now - self._got >= _KEYS_LAST:
                        self._keys, self._got = {}, None
                        raise
            return self._keys.get(kid, ())


def _key_set(answer: Answer) -> dict[str, list[PublicKey]]:
    try:
        return read_keys(answer.body)
    except ValueError:
        raise HostAnswerUnreadable("The EHR's keys are no JWK Set.", "Correct hooks.clients, jwks_url.") from None
