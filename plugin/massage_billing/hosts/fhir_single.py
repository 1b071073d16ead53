"""Writing the resources of one group one by one, for servers without transactions and for what a transaction refused.

A conditional create or an update with If-Match may be repeated. A plain POST may not: where the server has no
conditional create, the key is searched before, and after any answer that leaves doubt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

import orjson

from massage_billing.errors import (
    HostAnswerUnreadable,
    HostBusy,
    HostConflict,
    HostFault,
    HostUnreachable,
)
from massage_billing.hosts.fhir_answers import stored_by, version_of
from massage_billing.hosts.fhir_source import FhirSource
from massage_billing.net.http import Answer, HttpClient
from massage_billing.ports import JsonObject, Operation, Write, Written


def condition(match: str) -> str:
    """A match as a query: "identifier=system|value" with its value quoted."""
    parameter, _, value = match.partition("=")
    return f"{parameter}={quote(value, safe='')}"


class SingleWriter:
    """Writes one resource a request."""

    def __init__(self, client: HttpClient, source: FhirSource, *, conditional: bool) -> None:
        self._client = client
        self._source = source
        self._conditional = conditional

    def write(self, writes: Sequence[Write]) -> list[Written]:
        """Write in order; later bodies refer to what the earlier ones became. Raises the HostError of the first that
        fails: what went before stays, and is found by its key on the next try."""
        written: list[Written] = []
        names: dict[str, str] = {}
        for write in writes:
            body = _renamed(write.body, names)
            done = self._update(write, body) if write.operation is Operation.UPDATE else self._create(write, body)
            names[write.full_url] = done.reference
            written.append(done)
        return written

    def _update(self, write: Write, body: bytes) -> Written:
        headers = {"If-Match": f'W/"{write.if_match}"'} if write.if_match else {}
        return self._send("PUT", write.target or "", write, body, headers, repeatable=True)

    def _create(self, write: Write, body: bytes) -> Written:
        if self._conditional and write.match:
            try:
                headers = {"If-None-Exist": condition(write.match)}
                return self._send("POST", write.type, write, body, headers, repeatable=True)
            except HostConflict:
                there = self._there(write)
                if there is None:
                    raise
                return there
        if not write.match:
            return self._send("POST", write.type, write, body, {}, repeatable=False)
        there = self._there(write)
        if there is not None:
            return there
        try:
            return self._send("POST", write.type, write, body, {}, repeatable=False)
        except (HostUnreachable, HostBusy, HostFault, HostAnswerUnreadable):
            there = self._there(write)
            if there is None:
                raise
            return there

    def _there(self, write: Write) -> Written | None:
        """What stands under the write's key already; of several, the lowest id."""
        found = self._source.matching(write.type, write.match)
        if not found:
            return None
        first = min(found, key=lambda resource: id_order(str(resource.get("id"))))
        return Written(f"{write.type}/{first.get('id')}", version_of(first), False, first)

    def _send(
        self, method: str, path: str, write: Write, body: bytes, headers: Mapping[str, str], *, repeatable: bool
    ) -> Written:
        return self._client.call(
            method,
            path,
            body=body,
            headers={"Content-Type": "application/fhir+json", "Prefer": "return=representation", **headers},
            repeatable=repeatable,
            conflicts=method == "POST" and repeatable,
            read=lambda answer: self._read(answer, write),
        )

    def _read(self, answer: Answer, write: Write) -> Written:
        resource = _resource(answer, write.type)
        location = answer.headers.get("location") or answer.headers.get("content-location")
        stored = stored_by(write, answer.status, location, answer.headers.get("etag"), resource)
        if stored is None:
            raise HostAnswerUnreadable(
                f"The answer to writing a {write.type} does not say which it is.", "It is found by its key."
            )
        if stored.created:
            return Written(stored.reference, stored.version, True)
        existing = resource or self._source.search.resource(stored.reference)
        return Written(stored.reference, stored.version, False, existing)


def id_order(logical_id: str) -> tuple[int, str]:
    """Order of ids in which the lower is the older where ids count up: by length, then by text."""
    return len(logical_id), logical_id


def _renamed(body: bytes, names: Mapping[str, str]) -> bytes:
    """The body with references to earlier writes replaced by what these became."""
    for full_url, reference in names.items():
        body = body.replace(orjson.dumps(full_url), orjson.dumps(reference))
    return body


def _resource(answer: Answer, type: str) -> JsonObject | None:
    """The resource in the answer, where it holds one."""
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) and found.get("resourceType") == type else None
