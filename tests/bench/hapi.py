"""The main job on HAPI FHIR, beside a bare client that reads the same pages and posts the same bytes.

A first run is recorded, request by request. The bare client does the same requests over kept connections, with as many
writers at once, and does nothing with the answers but take the next link out of them: no visit is built, nothing is
decided, nothing is stored. Reads follow one another; a write begins once the reads before it are done. Both are warm,
and take turns; what was written is deleted in between.
"""

from __future__ import annotations

import re
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import requests

from bench.machine import Result
from massage_billing.clinic_maker import make_clinic
from massage_billing.clinic_maker.cast import ZONE
from massage_billing.hosts.fhir_source import FhirSettings
from massage_billing.net import http
from massage_billing.settings import Settings
from massage_billing.wiring import open_program
from servers.hapi import start
from standing_dates import never_late

FHIR = {"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"}
FRESH = {**FHIR, "Cache-Control": "no-cache"}
"""HAPI keeps the results of a search for a minute."""
NEXT = re.compile(rb'"relation"\s*:\s*"next"\s*,\s*"url"\s*:\s*"([^"]+)"')
SHARED = (
    "Organization",
    "Location",
    "Practitioner",
    "PractitionerRole",
    "Patient",
    "RelatedPerson",
    "Coverage",
    "Account",
)
WRITERS = FhirSettings().workers


@dataclass
class Call:
    """One recorded request."""

    method: str
    url: str
    params: list[tuple[str, str]]
    body: bytes | None
    headers: dict[str, str]
    began: float
    ended: float = 0.0
    next: str = ""
    """Next link of its answer."""
    after: int = 0
    """For a write: how many reads were done when it began."""
    follows: int = -1
    """For a next link: number of the read whose answer it stands in."""

    @property
    def writes(self) -> bool:
        """A transaction, rather than a search by POST."""
        return self.method == "POST" and "_search" not in self.url


@dataclass
class Recording:
    """What a run asked of the server."""

    calls: list[Call] = field(default_factory=list)

    def __enter__(self) -> Recording:
        self._send = http.HttpClient._send
        lock, calls, send = threading.Lock(), self.calls, self._send

        def recorded(client: Any, method: str, url: str, params: Any, body: Any, headers: Any) -> Any:
            call = Call(method, url, list(params), body, dict(headers), time.monotonic())
            with lock:
                calls.append(call)
            answer = send(client, method, url, params, body, headers)
            call.ended = time.monotonic()
            found = NEXT.search(answer.body)
            call.next = found[1].decode().replace("\\/", "/") if found else ""
            return answer

        http.HttpClient._send = recorded  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        http.HttpClient._send = self._send  # type: ignore[method-assign]
        reads = self.reads
        for call in self.writes:
            call.after = sum(read.ended <= call.began for read in reads)
        for number, call in enumerate(reads):
            for earlier in range(number):
                if reads[earlier].next and reads[earlier].next == call.url:
                    call.follows = earlier

    @property
    def reads(self) -> list[Call]:
        """In order."""
        return [call for call in self.calls if not call.writes]

    @property
    def writes(self) -> list[Call]:
        """In order."""
        return [call for call in self.calls if call.writes]


def measure(scratch: Path, visits: int, pairs: int) -> list[Result]:
    """Visits a second of both, with schema validation and with both validations."""
    server = start({})
    try:
        load(server.url, scratch / "clinic", visits)
        return [
            _compared(server.url, scratch, visits, pairs, model=False, limit=0.9),
            _compared(server.url, scratch, visits, pairs, model=True, limit=0.7),
        ]
    finally:
        server.stop()


def _compared(url: str, scratch: Path, visits: int, pairs: int, *, model: bool, limit: float) -> Result:
    run(url, scratch, model=model)  # warms the server
    empty(url)
    with Recording() as recording:
        run(url, scratch, model=model)
    empty(url)
    replay(recording)
    empty(url)
    ours, bare = [], []
    for _ in range(pairs):
        ours.append(visits / run(url, scratch, model=model))
        empty(url)
        bare.append(visits / replay(recording))
        empty(url)
    ratio = statistics.median(ours) / statistics.median(bare)
    details = {
        "run": ours,
        "bare": bare,
        "reads": len(recording.reads),
        "writes": len(recording.writes),
        "writers": WRITERS,
    }
    print(f"HAPI, model={model}: run {ours}, bare {bare} visits/s", flush=True)
    name = f"HAPI, {visits:,} visits, {'both validations' if model else 'schema validation'}: run / bare client"
    return Result(name, ratio, "times", f">= {limit:g}", ratio >= limit, details)


# --- the run --------------------------------------------------------------------------------------------------------


def run(url: str, scratch: Path, *, model: bool) -> float:
    """Seconds that one run takes with an empty store."""
    state = scratch / f"state-{time.monotonic_ns()}"
    settings = Settings.model_validate(
        {
            "clinic": {
                "npi": "2345678918",
                "payers": scratch / "clinic" / "clinic" / "payers.yaml",
                "fees": scratch / "clinic" / "clinic" / "fees.csv",
            },
            "hosts": {
                "hapi": {
                    "kind": "fhir",
                    "url": url,
                    "zone": ZONE,
                    "billing": {"start": "2026-01-01", "settle": "0"},
                }
            },
            "state": {"folder": state},
            "validate": {"schema": True, "model": model},
        }
    )
    with open_program(settings) as program:
        began = time.monotonic()
        report = program.run()
        seconds = time.monotonic() - began
    assert not report.pending_writes, report
    return seconds


# --- the bare client ------------------------------------------------------------------------------------------------


def replay(recording: Recording) -> float:
    """Seconds that the same requests take without anything done with the answers."""
    reads, writes = recording.reads, recording.writes
    done = [threading.Event() for _ in reads]
    links = [""] * len(reads)
    began = time.monotonic()
    with requests.Session() as session, ThreadPoolExecutor(WRITERS) as pool, ThreadPoolExecutor(1) as reader:
        session.trust_env = False
        session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=WRITERS + 1))

        def read(number: int) -> None:
            call = reads[number]
            url = links[call.follows] if call.follows >= 0 else call.url
            answer = _sent(session, call, url)
            found = NEXT.search(answer)
            links[number] = found[1].decode().replace("\\/", "/") if found else ""
            done[number].set()

        def write(call: Call) -> None:
            for event in done[: call.after]:
                event.wait(120)
            _sent(session, call, call.url)

        waiting: list[Future[None]] = [reader.submit(read, number) for number in range(len(reads))]
        waiting += [pool.submit(write, call) for call in writes]
        for one in waiting:
            one.result()
    return time.monotonic() - began


def _sent(session: requests.Session, call: Call, url: str) -> bytes:
    params = None if call.follows >= 0 else call.params
    answer = session.request(call.method, url, params=params, data=call.body, headers=call.headers, timeout=120)
    assert answer.ok, (call.method, answer.status_code)
    return answer.content


# --- the server's data ----------------------------------------------------------------------------------------------


def load(url: str, folder: Path, visits: int) -> None:
    """Put a synthetic clinic on the server."""
    make_clinic(folder, visits)
    never_late(folder / "clinic" / "payers.yaml")
    load_folder(url, folder)


def load_folder(url: str, folder: Path) -> None:
    """Put a clinic's files on the server; what refers to one another goes into one transaction."""
    by_type: dict[str, list[Any]] = {}
    for file in sorted(folder.glob("*.ndjson")):
        for line in file.read_bytes().splitlines():
            resource = orjson.loads(line)
            by_type.setdefault(resource["resourceType"], []).append(resource)
    for kind in (*SHARED, "ServiceRequest", "Group"):
        for some in _chunks(by_type.pop(kind, []), 200):
            _put(url, some)
    together: dict[str, list[Any]] = {}
    for kind in sorted(by_type):
        for resource in by_type[kind]:
            together.setdefault(_visit_of(resource), []).append(resource)
    for some in _chunks(list(together.values()), 40):
        _put(url, [resource for resources in some for resource in resources])


def _visit_of(resource: Any) -> str:
    """visit-7 of the Encounter itself, diagnosis-7-1, service-7-1 and wish-7."""
    return str(resource["id"]).split("-")[1]


def _put(url: str, resources: list[Any]) -> None:
    entries = [
        {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
        for one in resources
    ]
    _transaction(url, entries)


def _transaction(url: str, entries: list[Any]) -> None:
    body = orjson.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries})
    for _ in range(10):  # HAPI answers 409 while it still settles what was written just before
        answer = requests.post(url, data=body, headers=FHIR, timeout=300)
        if answer.status_code != 409:
            break
    assert answer.ok, answer.text[:2000]


def empty(url: str) -> None:
    """Delete what a run wrote."""
    for kind in ("Provenance", "Task", "Claim"):
        while True:
            page = requests.get(
                f"{url}/{kind}", params={"_count": "500", "_elements": "id"}, headers=FRESH, timeout=120
            )
            entries = page.json().get("entry", [])
            if not entries:
                break
            gone = [{"request": {"method": "DELETE", "url": f"{kind}/{one['resource']['id']}"}} for one in entries]
            _transaction(url, gone)


def _chunks(items: list[Any], size: int) -> Iterator[list[Any]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]
