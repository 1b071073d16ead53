"""Whether an id_token is genuine: signed by the host's provider, for this client, now, in answer to this log-in.

Source: OpenID Connect Core 1.0, 3.1.3.7; SMART App Launch 2.2, "Scopes for requesting identity data" (fhirUser); RFC
8725 (algorithms are a list of ours, never what the token says; keys are of the signer's set, never of the header).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Final

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey
from joserfc.jws import extract_compact

from massage_billing.fhir.json import children, text
from massage_billing.ports import JsonObject

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures with a public key. HMAC is not among them: its key would be what everybody can read."""
LEEWAY: Final = 60
"""Seconds that clocks may differ."""
OLDEST: Final = 600
"""Seconds since it was issued: it comes straight from the host."""
_WEAKEST: Final = 2048
"""Bits of the shortest RSA key."""
_LONGEST: Final = 16 * 1024
"""Characters of the longest token."""


class NotGenuine(Exception):
    """An id_token is refused; the text says why, and quotes nothing of it."""


class UnknownKey(NotGenuine):
    """It is signed with a key that is not in the set: the host may have changed its keys."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What an id_token has to say."""

    issuers: frozenset[str]
    """One of these signed it."""
    client_id: str
    """For us."""
    nonce: str
    """In answer to our question."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom an id_token names."""

    subject: str
    """``sub``."""
    fhir_user: str | None
    """``fhirUser`` as the host wrote it."""
    name: str
    """For people to read; "" where it says none."""


def keys_of(document: JsonObject) -> KeySet:
    """The keys of a JWK set that may have signed: RSA of at least 2048 bits, and EC. Others, and those that are for
    encryption or cannot be read, are left out. Empty where none is left."""
    found = []
    for written in children(document, "keys")[:50]:
        if written.get("use", "sig") != "sig":
            continue
        key = _key({name: value for name, value in written.items() if isinstance(value, str | list)})
        if key is not None:
            found.append(key)
    return KeySet(list(found))


def _key(written: dict[str, str | list[str]]) -> RSAKey | ECKey | None:
    kinds: dict[object, type[RSAKey | ECKey]] = {"RSA": RSAKey, "EC": ECKey}
    kind = kinds.get(written.get("kty"))
    try:
        key = None if kind is None else kind.import_key(written)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    if isinstance(key, RSAKey) and key.public_key.key_size < _WEAKEST:
        return None
    return key


def verify(token: str, keys: KeySet, expected: Expected, now: int) -> Identity:
    """Whom a token names. Raises NotGenuine."""
    claims = _signed(token, keys)
    registry = jwt.JWTClaimsRegistry(
        now=now,
        leeway=LEEWAY,
        iss={"essential": True, "values": sorted(expected.issuers)},
        sub={"essential": True},
        aud={"essential": True, "value": expected.client_id},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        registry.validate(dict(claims))
    except JoseError as error:
        raise NotGenuine(f"it does not hold: {getattr(error, 'claim', None) or type(error).__name__}") from None
    _meant(claims, expected, now)
    return Identity(text(claims, "sub") or "", text(claims, "fhirUser"), _name(claims))


def _signed(token: str, keys: KeySet) -> JsonObject:
    """The claims of a token whose signature is good."""
    if len(token) > _LONGEST:
        raise NotGenuine("it is too long")
    if not keys:
        raise UnknownKey("the signer has published no key that could have signed it")
    try:
        header = extract_compact(token.encode("ascii")).headers()
    except (JoseError, ValueError):
        raise NotGenuine("it is no signed token") from None
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise NotGenuine("it is not signed with a public key's algorithm")
    try:
        return jwt.decode(token, _candidates(keys, str(algorithm), kid), algorithms=list(ALGORITHMS)).claims
    except InvalidKeyIdError:
        raise UnknownKey("it is signed with a key that the signer has not published") from None
    except (JoseError, ValueError, TypeError) as error:
        raise NotGenuine(f"its signature is not good ({type(error).__name__})") from None


def _candidates(keys: KeySet, algorithm: str, kid: object) -> RSAKey | ECKey:
    """The one key that may have signed: named by ``kid``, or the only one of its kind. A key that is for one algorithm
    signs with no other."""
    kind = ECKey if algorithm.startswith("ES") else RSAKey
    fit = [key for key in keys if isinstance(key, kind) and key.alg in (None, algorithm)]
    named = [key for key in fit if key.kid == kid] if isinstance(kid, str) else fit
    if len(named) != 1:
        raise InvalidKeyIdError("no single key fits")
    return named[0]


def _meant(claims: JsonObject, expected: Expected, now: int) -> None:
    """For this client, in answer to this log-in, just now."""
    audience, party, issued = claims.get("aud"), claims.get("azp"), claims.get("iat")
    several = isinstance(audience, list) and len(audience) > 1
    if (several or party is not None) and party != expected.client_id:
        raise NotGenuine("it is for another client: azp")
    if isinstance(issued, int | float) and issued < now - OLDEST:
        raise NotGenuine("it was issued long ago: iat")
    nonce = text(claims, "nonce") or ""
    if not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
        raise NotGenuine("it answers another log-in: nonce")
    if not text(claims, "sub"):
        raise NotGenuine("it names nobody: sub")


def _name(claims: JsonObject) -> str:
    given, family = text(claims, "given_name") or "", text(claims, "family_name") or ""
    said = text(claims, "name") or f"{given} {family}".strip()
    return said[:100] if said.isprintable() else ""
