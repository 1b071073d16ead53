"""A FHIR R4 server that costs next to nothing: ``python fast_fhir.py FOLDER``, NDJSON files of resources.

For measuring and for killing what works beside it: everything is in memory, found by an index, kept and sent as bytes.
It knows what this program asks (search by id, reference, identifier, tag, date and _lastUpdated, by GET or POST;
transactions with ifNoneExist and ifMatch) and nothing more, and takes every resource. Says "READY http://…" once it
listens. ``GET /all/TYPE`` gives every resource of a type, ``POST /forget/TYPE`` forgets them.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

Json = dict[str, Any]

REFERENCES = {
    "Procedure": {"encounter": ("encounter",), "patient": ("subject",)},
    "Condition": {"encounter": ("encounter",), "patient": ("subject",)},
    "Claim": {"encounter": ("item.encounter",), "patient": ("patient",)},
    "Task": {"focus": ("focus",), "patient": ("for",)},
    "Observation": {"part-of": ("partOf",)},
    "Coverage": {"beneficiary": ("beneficiary",)},
    "Consent": {"patient": ("patient",)},
    "PractitionerRole": {"practitioner": ("practitioner",)},
    "ClaimResponse": {"request": ("request",), "patient": ("patient",)},
    "ExplanationOfBenefit": {"claim": ("claim",)},
    "Encounter": {"patient": ("subject",)},
    "ServiceRequest": {"patient": ("subject",)},
}
"""Search parameters that are references, by type, and the elements they look at."""
PLAIN = ("Patient", "Practitioner", "Organization", "Location", "Account", "Appointment", "Provenance", "RelatedPerson")
TYPES = (*REFERENCES, *PLAIN)
LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
IDENTIFIED = frozenset({"identifier", "_tag"})


class Data:
    """Every resource, as bytes, with what it is found by."""

    def __init__(self) -> None:
        self.bodies: dict[str, dict[str, bytes]] = {kind: {} for kind in TYPES}
        self.dates: dict[str, str] = {}
        """Encounter id → its day, "" for none."""
        self.stamps: dict[str, dict[str, str]] = {kind: {} for kind in TYPES}
        self.versions: dict[str, dict[str, int]] = {kind: {} for kind in TYPES}
        self.found_by: dict[tuple[str, str, str], list[str]] = {}
        """(type, parameter, value) → ids."""
        self.keys: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
        """(type, id) → what it is found by."""
        self.number = 0

    def put(self, resource: Json, id: str | None = None) -> tuple[str, int]:
        """Keep a resource; its id and version."""
        kind = resource["resourceType"]
        self.number += 1
        logical_id = id or resource.get("id") or f"n{self.number}"
        version = self.versions[kind].get(logical_id, 0) + 1
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        meta = {**resource.get("meta", {}), "versionId": str(version), "lastUpdated": stamp}
        for key in self.keys.pop((kind, logical_id), ()):
            self.found_by[key].remove(logical_id)
        made = {**resource, "id": logical_id, "meta": meta}
        self.bodies[kind].pop(logical_id, None)
        self.bodies[kind][logical_id] = orjson.dumps(made)
        self.stamps[kind].pop(logical_id, None)
        self.stamps[kind][logical_id], self.versions[kind][logical_id] = stamp, version
        if kind == "Encounter":
            self.dates[logical_id] = str(made.get("period", {}).get("start", ""))[:10]
        keys = list(dict.fromkeys(_keys(kind, made)))
        self.keys[kind, logical_id] = keys
        for key in keys:
            self.found_by.setdefault(key, []).append(logical_id)
        return logical_id, version

    def forget(self, kind: str) -> None:
        """Drop every resource of a type."""
        for logical_id in list(self.bodies[kind]):
            for key in self.keys.pop((kind, logical_id), ()):
                self.found_by[key].remove(logical_id)
        self.bodies[kind], self.stamps[kind], self.versions[kind] = {}, {}, {}

    def ids(self, kind: str, query: list[tuple[str, str]]) -> Iterable[str]:
        """Ids of what a query finds."""
        found: Iterable[str] | None = None
        bodies = self.bodies[kind]
        for name, value in query:
            some: Iterable[str]
            if name == "_id":
                some = [one for one in value.split(",") if one in bodies]
            elif name in IDENTIFIED or name in REFERENCES.get(kind, {}):
                hits = (self.found_by.get((kind, name, one), ()) for one in value.split(","))
                some = dict.fromkeys(one for hit in hits for one in hit)
            elif name == "_lastUpdated":
                some = [id for id, stamp in self.stamps[kind].items() if _after(stamp, value)]
            elif name == "date" and kind == "Encounter":
                some = [id for id, day in self.dates.items() if day and _after(day, value)]
            elif name == "date:missing":
                some = [id for id, day in self.dates.items() if not day]
            else:
                continue
            found = some if found is None else [one for one in found if one in set(some)]
        return bodies.keys() if found is None else found


def _after(stamp: str, value: str) -> bool:
    return stamp >= value[2:] if value.startswith("ge") else stamp > value[2:]


def _keys(kind: str, resource: Json) -> Iterator[tuple[str, str, str]]:
    for one in resource.get("identifier") or ():
        yield kind, "identifier", f"{one.get('system')}|{one.get('value')}"
    for one in resource["meta"].get("tag") or ():
        yield kind, "_tag", f"{one.get('system')}|{one.get('code')}"
    for parameter, paths in REFERENCES.get(kind, {}).items():
        for path in paths:
            for reference in _at(resource, path.split(".")):
                yield kind, parameter, reference


def _at(node: Any, path: list[str]) -> Iterator[str]:
    if isinstance(node, list):
        for one in node:
            yield from _at(one, path)
    elif isinstance(node, dict):
        if path:
            yield from _at(node.get(path[0]), path[1:])
        elif isinstance(node.get("reference"), str):
            yield node["reference"]


class Server:
    """Answers requests."""

    def __init__(self, data: Data) -> None:
        self.data = data
        self.base = ""

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, bytes]:
        """Status and body."""
        parts = urlsplit(target)
        path = unquote(parts.path).removeprefix("/fhir").strip("/")
        query = parse_qsl(parts.query, keep_blank_values=True)
        kind, _, rest = path.partition("/")
        if path == "metadata":
            return 200, self.statement()
        if not path:
            return self.transaction(orjson.loads(body))
        if kind == "all":
            return 200, b"[" + b",".join(self.data.bodies[rest].values()) + b"]"
        if kind == "forget":
            self.data.forget(rest)
            return 200, b"{}"
        if kind not in TYPES:
            return 404, b'{"resourceType":"OperationOutcome"}'
        if rest == "_search":
            return 200, self.search(kind, parse_qsl(body.decode(), keep_blank_values=True))
        if method == "GET" and not rest:
            return 200, self.search(kind, query)
        if method == "PUT":
            self.data.put(orjson.loads(body), rest)
        found = self.data.bodies[kind].get(rest)
        return (404, b'{"resourceType":"OperationOutcome"}') if found is None else (200, found)

    def statement(self) -> bytes:
        def listed(kind: str) -> Json:
            names = ["_id", "_lastUpdated", "identifier", "_tag", *REFERENCES.get(kind, {})]
            names += ["date"] if kind == "Encounter" else []
            return {
                "type": kind,
                "interaction": [{"code": code} for code in ("read", "search-type", "create", "update")],
                "conditionalCreate": True,
                "searchParam": [{"name": name, "type": "token"} for name in names],
            }

        rest = {
            "mode": "server",
            "resource": [listed(kind) for kind in TYPES],
            "interaction": [{"code": "transaction"}],
        }
        software = {"name": "Fast FHIR of the tests", "version": "1"}
        made = {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "software": software, "rest": [rest]}
        return orjson.dumps(made)

    def search(self, kind: str, query: list[tuple[str, str]]) -> bytes:
        asked = dict(query)
        count, offset = int(asked.get("_count", "50")), int(asked.get("_offset", "0"))
        ids = list(self.data.ids(kind, query))
        if asked.get("_sort") == "-_lastUpdated":
            ids.reverse()
        bodies = self.data.bodies[kind]
        head = b'{"resourceType":"Bundle","type":"searchset","total":%d,"meta":{"lastUpdated":"%s"}' % (
            len(ids),
            datetime.now(UTC).isoformat().encode(),
        )
        if offset + count < len(ids):
            rest = "&".join(f"{n}={v}" for n, v in query if n != "_offset")
            url = f"{self.base}/{kind}?{rest}&_offset={offset + count}"
            head += b',"link":[{"relation":"next","url":' + orjson.dumps(url) + b"}]"
        some = ids[offset : offset + count]
        entries = b",".join(b'{"resource":' + bodies[one] + b',"search":{"mode":"match"}}' for one in some)
        return head + b',"entry":[' + entries + b"]}"

    def transaction(self, bundle: Json) -> tuple[int, bytes]:
        """All or nothing: conditions are looked at before anything is kept."""
        data, entries = self.data, bundle["entry"]
        for entry in entries:
            asked = entry["request"]
            kind, _, id = asked["url"].partition("/")
            if asked["method"] == "PUT" and (wanted := asked.get("ifMatch")):
                if wanted != f'W/"{data.versions[kind].get(id)}"':
                    return 412, b'{"resourceType":"OperationOutcome"}'
            if (match := asked.get("ifNoneExist")) and len(self._matching(kind, match)) > 1:
                return 412, b'{"resourceType":"OperationOutcome"}'
        renamed: dict[bytes, bytes] = {}
        answers = []
        for entry in entries:
            asked, resource = entry["request"], entry["resource"]
            kind, _, id = asked["url"].partition("/")
            found = self._matching(kind, asked["ifNoneExist"]) if asked.get("ifNoneExist") else []
            if found:
                status, id, version = "200 OK", found[0], data.versions[kind][found[0]]
            else:
                status = "200 OK" if id else "201 Created"
                id, version = data.put(_renamed(resource, renamed), id or None)
            if entry.get("fullUrl"):
                renamed[entry["fullUrl"].encode()] = f"{kind}/{id}".encode()
            location = f"{kind}/{id}/_history/{version}"
            answers.append({"response": {"status": status, "location": location, "etag": f'W/"{version}"'}})
        return 200, orjson.dumps({"resourceType": "Bundle", "type": "transaction-response", "entry": answers})

    def _matching(self, kind: str, match: str) -> list[str]:
        ((name, value),) = parse_qsl(match)
        return self.data.found_by.get((kind, name, value), [])


def _renamed(resource: Json, names: dict[bytes, bytes]) -> Json:
    raw = orjson.dumps(resource)
    if b'"urn:uuid:' not in raw:
        return resource
    for name, reference in names.items():
        raw = raw.replace(name, reference)
    made: Json = orjson.loads(raw)
    return made


class Connection(asyncio.Protocol):
    """One connection: requests one after the other, bodies by Content-Length, as this program sends them."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._transport: Any = None
        self._read = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._read[:end])
            found = LENGTH.search(head)
            size = int(found[1]) if found else 0
            if len(self._read) < end + 4 + size:
                return
            body = bytes(self._read[end + 4 : end + 4 + size])
            del self._read[: end + 4 + size]
            method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
            self._send(*self._server.answer(method, target, body))

    def _send(self, status: int, body: bytes) -> None:
        date = format_datetime(datetime.now(UTC), usegmt=True)
        lines = f"HTTP/1.1 {status} X", "Content-Type: application/fhir+json", f"Date: {date}"
        head = "\r\n".join((*lines, f"Content-Length: {len(body)}", "", ""))
        self._transport.write(head.encode() + body)


async def serve(server: Server) -> None:
    """Until it is killed."""
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: Connection(server), "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    server.base = f"http://127.0.0.1:{port}/fhir"
    print(f"READY {server.base}", flush=True)
    await listening.serve_forever()


def main() -> None:
    data = Data()
    for file in sorted(Path(sys.argv[1]).glob("*.ndjson")):
        for line in file.read_bytes().splitlines():
            resource = orjson.loads(line)
            if resource["resourceType"] in TYPES:
                data.put(resource)
    asyncio.run(serve(Server(data)))


if __name__ == "__main__":
    main()
