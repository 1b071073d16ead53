"""An EHR that calls, for tests: its keys, its tokens, its requests."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from massage_billing.hooks.trust import Known, PublicKey, read_keys

Json = dict[str, Any]
BASE = "https://billing.example.org"
ISSUER = "https://ehr.example.org/"
FHIR = "https://ehr.example.org/fhir"
NOW = 1_796_083_200.0
"""2026-12-01T00:00:00Z, the tests' time."""


@cache
def key(kid: str = "k1", kind: str = "ES384") -> ECKey | RSAKey:
    """A private key of the EHR."""
    told = {"kid": kid, "use": "sig", "alg": kind}
    if kind.startswith("ES"):
        return ECKey.generate_key({"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}[kind], told)
    return RSAKey.generate_key(2048, told)


def jwks(*keys: ECKey | RSAKey) -> Json:
    return {"keys": [one.as_dict(private=False) for one in keys or (key(),)]}


class HeldKeys:
    """Keys in memory."""

    def __init__(self, *keys: ECKey | RSAKey) -> None:
        import orjson

        self._keys = read_keys(orjson.dumps(jwks(*keys)))

    def find(self, kid: str) -> Sequence[PublicKey]:
        return self._keys.get(kid, ())


class OnceInMemory:
    """What may be used once."""

    def __init__(self) -> None:
        self.used: dict[tuple[str, str], datetime] = {}
        self._lock = threading.Lock()

    def first_use(self, kind: str, digest: str, until: datetime) -> bool:
        with self._lock:
            return self.used.setdefault((kind, digest), until) is until


def known(*keys: ECKey | RSAKey, **changes: Any) -> Known:
    told: Json = {"name": "emr", "host": "main", "servers": frozenset({FHIR}), "keys": HeldKeys(*keys)}
    return Known(**{**told, **changes})


def claims(service: str = "encounter-discharge", now: float = NOW, **changes: Any) -> Json:
    base: Json = {
        "iss": ISSUER,
        "aud": f"{BASE}/cds-services/{service}",
        "iat": int(now),
        "exp": int(now) + 300,
        "jti": str(uuid.uuid4()),
    }
    return {name: value for name, value in {**base, **changes}.items() if value is not ...}


def token(
    told: Mapping[str, Any] | None = None, by: ECKey | RSAKey | None = None, header: Mapping[str, Any] | None = None
) -> str:
    signer = by or key()
    head = {"alg": signer.get("alg"), "kid": signer.get("kid"), "typ": "JWT", **(header or {})}
    head = {name: value for name, value in head.items() if value is not ...}
    return jwt.encode(head, dict(told or claims()), signer, algorithms=[str(head["alg"])])


def bearer(*args: Any, **named: Any) -> str:
    return f"Bearer {token(*args, **named)}"


def discharge(**changes: Any) -> Json:
    """A call at the end of a visit."""
    context = {"userId": "Practitioner/t1", "patientId": "p1", "encounterId": "e1", **changes.pop("context", {})}
    return {"hook": "encounter-discharge", "hookInstance": str(uuid.uuid4()), "context": context, **changes}


def planned(id: str = "apt1", day: str = "2026-12-03", patient: str = "p1", **changes: Any) -> Json:
    """An Appointment that is about to be booked."""
    return {
        "resourceType": "Appointment",
        "id": id,
        "status": "proposed",
        "start": f"{day}T10:00:00-07:00",
        "end": f"{day}T11:00:00-07:00",
        "participant": [
            {"actor": {"reference": reference}, "status": "tentative"}
            for reference in (f"Patient/{patient}", "Practitioner/t1", "Location/l1")
        ],
        **changes,
    }


def book(*appointments: Json, **changes: Any) -> Json:
    """A call when an appointment is booked."""
    entries = [{"resource": one} for one in appointments or (planned(),)]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    context = {"userId": "Practitioner/t1", "patientId": "p1", "appointments": bundle, **changes.pop("context", {})}
    return {"hook": "appointment-book", "hookInstance": str(uuid.uuid4()), "context": context, **changes}
