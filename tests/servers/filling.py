"""Filling a FHIR server with what a test needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import requests

Json = dict[str, Any]

TRIES = 5
"""HAPI that still clears away what an earlier test left refuses a whole transaction (HTTP 409, HAPI-0826): seen twice
in some hundred runs, on an emptied HAPI that nobody else was writing to."""
_CONFLICT = 409


def fill(url: str, resources: Iterable[Json], session: requests.Session | None = None) -> Json:
    """Store resources under their ids, in one transaction; the server's answer."""
    entries = [
        {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
        for one in resources
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    for _ in range(TRIES):
        answer = (session or requests).post(url, json=bundle, timeout=120)
        if answer.status_code != _CONFLICT:
            break
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found
