"""The simulated payer: takes a request in any of its languages, and answers by the member's script."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from datetime import date as Date
from typing import Final
from urllib.parse import parse_qs, urlsplit

import orjson

from massage_billing.fhir.serial import to_bytes
from massage_billing.payers.fhir.bodies import parsed
from massage_billing.payers.simulated import as_fhir, as_json, as_x12
from massage_billing.payers.simulated.http_server import Request, Response
from massage_billing.payers.simulated.members import UNKNOWN, Asked, Script, Told, script_of, told
from massage_billing.x12.asked_270 import read_270

_FHIR: Final = "application/fhir+json"
_PATHS_KEPT: Final = 10_000


@dataclass(frozen=True, slots=True)
class Options:
    """How the simulated payer behaves as a whole."""

    latency: float = 0.0
    """Seconds before every answer."""
    slow: float = 30.0
    """Seconds before the answer to a member who is answered too late."""
    polls: int = 1
    """How often a place to poll says 202 before it has the answer."""
    poll_after: int | None = 1
    """Retry-After of a 202, seconds; None: it says nothing."""
    held: bool = False
    """Whether answers to what was created are found only after ``finish``."""
    usual: str = ""
    """Script of members that no script is for; "": nobody knows them."""


@dataclass(slots=True)
class Count:
    """What became of one trace number."""

    asked: int = 0
    """How often it was asked."""
    answered: int = 0
    """How often it was answered: neither turned away nor told to try later."""


@dataclass(slots=True)
class _Job:
    """An answer that is polled for."""

    body: bytes
    polls_left: int


class SimulatedPayer:
    """Answers requests; ``http_server.Server(payer.handle)`` serves it. Its handler runs in one thread."""

    def __init__(
        self, options: Options | None = None, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.options = options or Options()
        self.seen: deque[str] = deque(maxlen=_PATHS_KEPT)
        """What came around bodies, the newest last: "POST /core" and the headers."""
        self.received: deque[str] = deque(maxlen=_PATHS_KEPT)
        """Trace numbers (of a shape without: member ids) in the order they came."""
        self._clock = clock
        self._counts: dict[str, Count] = {}
        self._scripts: dict[str, Script] = {}
        self._jobs: dict[str, _Job] = {}
        self._responses: dict[str, bytes] = {}
        self._requests: dict[str, str] = {}
        self._finished = False
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def script(self, who: str, script: Script) -> None:
        """From now on a member id or trace number is answered so."""
        with self._lock:
            self._scripts[who] = script

    def finish(self) -> None:
        """What is polled for or searched for is there now."""
        with self._lock:
            self._finished = True
            for job in self._jobs.values():
                job.polls_left = 0

    def counts(self) -> Mapping[str, tuple[int, int]]:
        """(asked, answered) by trace number."""
        with self._lock:
            return {trace: (one.asked, one.answered) for trace, one in self._counts.items()}

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        headers = "; ".join(f"{name}: {value}" for name, value in request.headers.items())
        self.seen.append(f"{request.method} {request.path} {headers}")
        route = _ROUTES.get((request.method, urlsplit(request.path).path))
        if route is not None:
            return route(self, request)
        if request.method == "GET" and request.path.startswith("/fhir-async/status/"):
            return self._poll(request)
        return Response(404)

    def _told_counts(self, request: Request) -> Response:
        told_counts = {trace: {"asked": one.asked, "answered": one.answered} for trace, one in self._counts.items()}
        return Response(200, orjson.dumps(told_counts))

    # --- X12 --------------------------------------------------------------------------------------------------------

    def _core(self, request: Request) -> Response:
        opened = as_x12.opened(request.body, request.headers.get("content-type", ""))
        fields, x12 = opened if opened is not None else ({}, b"")
        questions = read_270(x12)
        if len(questions) != 1:
            return Response(400, b"", "text/plain")
        question, now = questions[0], self._clock()
        asked = as_x12.asked_of(question, now.date())

        def write(answer: Told) -> bytes:
            answered = as_x12.written(answer, question, now, next(self._numbers) % 10**9)
            return as_x12.enveloped(answered, fields.get("receiverid", ""), fields.get("senderid", ""), now)

        return self._answer(asked, write, as_x12.MEDIA_TYPE)

    # --- clearinghouse JSON -----------------------------------------------------------------------------------------

    def _v3(self, request: Request) -> Response:
        document = parsed(request.body)
        if document is None:
            return Response(400)
        asked = as_json.read_v3(document, self._clock().date())
        return self._answer(asked, lambda answer: orjson.dumps(as_json.written_v3(answer)), "application/json")

    def _plans(self, request: Request) -> Response:
        document = parsed(request.body)
        if document is None:
            return Response(400)
        asked = as_json.read_plans(document, self._clock().date())
        return self._answer(asked, lambda answer: orjson.dumps(as_json.written_plans(answer)), "application/json")

    # --- FHIR -------------------------------------------------------------------------------------------------------

    def _submit(self, request: Request) -> Response:
        asked = self._fhir_asked(request)
        return Response(400, b"", _FHIR) if asked is None else self._answer(asked, self._fhir_writer(""), _FHIR)

    def _submit_later(self, request: Request) -> Response:
        answer = self._submit(request)
        if answer.status != 200 or answer.hang_up:
            return answer
        id = str(next(self._numbers))
        self._jobs[id] = _Job(answer.body, self.options.polls)
        where = f"http://{request.headers.get('host', '')}/fhir-async/status/{id}"
        return self._not_yet({"Content-Location": where}, answer.after)

    def _poll(self, request: Request) -> Response:
        job = self._jobs.get(request.path.rpartition("/")[2])
        if job is None:
            return Response(404)
        if job.polls_left > 0:
            job.polls_left -= 1
            return self._not_yet({}, 0.0)
        return Response(200, job.body, _FHIR)

    def _not_yet(self, headers: Mapping[str, str], after: float) -> Response:
        after_ = self.options.poll_after
        told_headers = {"X-Progress": "in progress", **headers}
        if after_ is not None:
            told_headers["Retry-After"] = str(after_)
        return Response(202, b"", _FHIR, told_headers, after)

    def _create(self, request: Request) -> Response:
        asked = self._fhir_asked(request)
        if asked is None:
            return Response(400, b"", _FHIR)
        id = self._requests.setdefault(asked.trace, str(next(self._numbers)))
        reference = f"CoverageEligibilityRequest/{id}"
        answer = self._answer(asked, self._fhir_writer(reference), _FHIR)
        if answer.status != 200 or answer.hang_up:
            return answer
        self._responses[reference] = answer.body
        where = f"http://{request.headers.get('host', '')}/fhir/{reference}/_history/1"
        return Response(201, b"", _FHIR, {"Location": where}, answer.after)

    def _search(self, request: Request) -> Response:
        (reference,) = parse_qs(urlsplit(request.path).query).get("request", [""])
        found = None if self.options.held and not self._finished else self._responses.get(reference)
        bundle = b'{"resourceType":"Bundle","type":"searchset","total":%d,"entry":[%s]}'
        entry = b'{"resource":%s}' % found if found is not None else b""
        return Response(200, bundle % (found is not None, entry), _FHIR)

    def _fhir_asked(self, request: Request) -> Asked | None:
        document = parsed(request.body)
        return None if document is None else as_fhir.read(document, self._clock().date())

    def _fhir_writer(self, reference: str) -> Callable[[Told], bytes]:
        return lambda answer: to_bytes(as_fhir.written(answer, reference, str(next(self._numbers))))

    # --- scripts ----------------------------------------------------------------------------------------------------

    def _answer(self, asked: Asked, write: Callable[[Told], bytes], media_type: str) -> Response:
        trace = asked.trace or asked.member_id
        with self._lock:
            self.received.append(trace)
            count = self._counts.setdefault(trace, Count())
            count.asked += 1
            script = self._scripts.get(trace) or self._scripts.get(asked.member_id) or self._script(asked.member_id)
            answer = told(asked, script, count.asked)
            fault = self._fault(script, asked)
            if fault is not None:
                return fault
            if not (script.times is not None and answer.rejections):
                count.answered += 1
        if script.behaves == "another":
            answer = _about_another(answer)
        body = write(answer)
        if script.behaves == "half":
            body = body[: len(body) // 2]
        after = self.options.slow if script.behaves == "slow" else self.options.latency
        return Response(200, body, media_type, after=after, hang_up=script.behaves == "cut")

    def _script(self, member_id: str) -> Script:
        found = script_of(member_id)
        return script_of(self.options.usual) if found is UNKNOWN and self.options.usual else found

    def _fault(self, script: Script, asked: Asked) -> Response | None:
        """What goes wrong instead of an answer."""
        page = f"<html><body>Dear {asked.last_name}, something went wrong.</body></html>".encode()
        after = self.options.latency
        match script.behaves:
            case "down":
                return Response(503, page, "text/html", {"Retry-After": "7"}, after)
            case "garbage":
                return Response(200, page, "text/html", after=after)
            case "gone":
                return Response(200, b"", hang_up=True, headers={"Content-Length": "1000"}, after=after)
            case "refuses":
                return Response(400, page, "text/html", after=after)
            case "unauthorized":
                return Response(401, page, "text/html", after=after)
        return None


def _about_another(answer: Told) -> Told:
    """The same, said to and about somebody who was not asked about."""
    asked = replace(
        answer.asked,
        trace="SOMEBODYELSE",
        member_id="SYN-SOMEBODY-ELSE",
        last_name="Elsewhere",
        first_name="Somebody",
        birth_date=Date(1911, 1, 11),
    )
    return replace(answer, asked=asked, member_id=asked.member_id)


_Route = Callable[[SimulatedPayer, Request], Response]
_ROUTES: Final[Mapping[tuple[str, str], _Route]] = {
    ("POST", "/core"): SimulatedPayer._core,
    ("POST", "/clearinghouse"): SimulatedPayer._v3,
    ("POST", "/clearinghouse/plans"): SimulatedPayer._plans,
    ("POST", "/fhir/CoverageEligibilityRequest/$submit"): SimulatedPayer._submit,
    ("POST", "/fhir/CoverageEligibilityRequest"): SimulatedPayer._create,
    ("GET", "/fhir/CoverageEligibilityResponse"): SimulatedPayer._search,
    ("POST", "/fhir-async/CoverageEligibilityRequest/$submit"): SimulatedPayer._submit_later,
    ("GET", "/counts"): SimulatedPayer._told_counts,
}
"""What is asked where."""
