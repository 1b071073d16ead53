"""A small OpenEMR for tests, over pytest-httpserver: it answers as a running OpenEMR 8.2.0-dev was seen to.

Stored are resources as OpenEMR sends them (``openemr_fixtures/`` was recorded from that server, with synthetic people).
What it does not know it answers 200 with nothing; of two parameters with one name the last one wins; there are no next
links; ``_count`` cuts off silently; errors are no OperationOutcome. ``requests`` keeps what was asked.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from hosts.mini_module import MiniModule
from massage_billing.hosts.visit_links import ids_at

Json = dict[str, Any]
FIXTURES = Path(__file__).with_name("openemr_fixtures")
RECORDED_AT = "http://127.0.0.1:8300/apis/default/fhir"
PATH = "/apis/default/fhir"
TYPES = (
    "Encounter Procedure Observation ServiceRequest Condition Patient Coverage Practitioner PractitionerRole "
    "Organization Location Appointment RelatedPerson"
).split()
PATIENT_OF = {"Coverage": "beneficiary", "Appointment": "participant.actor", "RelatedPerson": "patient"}
DATE_OF = {
    "Encounter": lambda one: one.get("period", {}).get("start"),
    "Procedure": lambda one: one.get("performedDateTime") or one.get("performedPeriod", {}).get("start"),
    "Observation": lambda one: one.get("effectiveDateTime"),
    "Appointment": lambda one: one.get("start"),
}
SQL = "SQL Statement failed on preparation: SELECT `insurance_data`.*, 'Jane Synthetic', '1980-01-01' FROM …"


def recorded(type: str, scene: str = "") -> list[Json]:
    """Resources of a type as the running server gave them; none were recorded of some types.

    ``scene``: a folder of another recording; "calendar" is a clinic with appointments.
    """
    file = FIXTURES / scene / f"{type}.json"
    return [entry["resource"] for entry in json.loads(file.read_text())["entry"]] if file.exists() else []


@dataclass
class MiniOpenEmr:
    """The server; ``base`` is its FHIR base URL."""

    http: HTTPServer
    statement: Json = field(default_factory=lambda: json.loads((FIXTURES / "metadata.json").read_text()))
    local: timedelta = timedelta()
    """Its clock minus UTC: shown under ``+00:00``, and compared with as if it were UTC."""
    lists: frozenset[str] = frozenset({"_id", "patient", "date"})
    """Parameters that take several values."""
    months: bool = True
    """``date=2026-11`` finds the month, ``date=2026`` the year."""
    days: bool = True
    """``date=2026-12-01`` finds the day."""
    sites_known: bool = True
    """False: sites have no Location id, and nothing names them, until a Location is asked for."""
    token: str | None = None
    scopes: frozenset[str] | None = None
    """Scopes of the token, "system/Procedure.rs"; what is not in them is answered 401. None: everything may be done."""
    with_module: bool = False
    """Whether our module is installed and enabled."""
    breaks_on: frozenset[tuple[str, str | None]] = frozenset()
    """(type, patient id) on which it fails inside; None: on everybody."""
    resources: dict[str, dict[str, Json]] = field(default_factory=dict)
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    """(method, path below the base, query)."""

    def __post_init__(self) -> None:
        self.lock = threading.Lock()
        self.module = MiniModule(lambda key: key.partition("/")[2] in self.resources.get(key.partition("/")[0], {}),
                                 lambda: self.base)  # fmt: skip
        self.http.expect_request(re.compile(rf"{PATH}(/.*)?$")).respond_with_handler(self.handle)

    @property
    def base(self) -> str:
        return self.http.url_for(PATH)

    def load(self, scene: str = "") -> None:
        """Put in everything recorded."""
        for kind in TYPES:
            for resource in recorded(kind, scene):
                self.resources.setdefault(kind, {})[resource["id"]] = resource

    def put(self, *resources: Json) -> None:
        """Create or replace; versionId is always "1", and only Encounters, and rows of the module's treatment log, say
        when they changed."""
        for resource in resources:
            kind = resource["resourceType"]
            known = self.resources.setdefault(kind, {}).get(resource["id"], {})
            when = (datetime.now(UTC) + self.local).strftime("%Y-%m-%dT%H:%M:%S+00:00")
            logged = self.with_module and kind == "Procedure" and "basedOn" not in resource
            if kind != "Encounter" and not logged:
                written = resource.get("performedDateTime") or resource.get("period", {}).get("start")
                when = known.get("meta", {}).get("lastUpdated") or written or when
            kept = deepcopy(resource)
            kept["meta"] = {"versionId": "1", "lastUpdated": when}
            self.resources[kind][resource["id"]] = kept

    def asked(self, type: str) -> list[dict[str, str]]:
        """Queries of a type, in order."""
        return [query for _, path, query in self.requests if path == type]

    # --- answering --------------------------------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        path = request.path.removeprefix(PATH).strip("/")
        query = {name: request.args.getlist(name)[-1] for name in request.args}
        with self.lock:
            self.requests.append((request.method, path, query))
            if path == "metadata":
                return answered(200, self.described())
            if self.token is not None and request.headers.get("Authorization") != f"Bearer {self.token}":
                return answered(401, {"error": "An error occurred", "message": "denied", "code": 0})
            kind, _, one = path.partition("/")
            if self.scopes is not None and not self.granted(request.method, kind, one):
                return answered(401, {"error": "An error occurred", "message": "scope not in access token", "code": 0})
            if self.with_module and kind in self.module.types:
                return self.module.answer(request, kind, one)
            if request.method != "GET" or kind not in TYPES:
                return answered(404, {"error": "An error occurred", "message": "Route not found", "code": 0})
            self.sites_known = self.sites_known or kind == "Location"
            if one:
                found = self.resources.get(kind, {}).get(one)
                return answered(404, []) if found is None else answered(200, self.as_known(found))
            return self.search(kind, query)

    def described(self) -> Json:
        """Its CapabilityStatement, with the module's types where there is one."""
        statement = deepcopy(self.statement)
        if self.with_module:
            self.module.describe(statement)
        return statement

    def granted(self, method: str, kind: str, one: str) -> bool:
        letter = {"POST": "c", "PUT": "u"}.get(method, "r" if one else "s")
        return any(re.fullmatch(rf"system/{kind}\.[a-z]*{letter}[a-z]*", scope) for scope in self.scopes or ())

    def search(self, kind: str, query: dict[str, str]) -> Response:
        if kind == "Coverage" and "status" in query:
            return Response(SQL, 500, content_type="text/html")
        offered = next(one for one in self.statement["rest"][0]["resource"] if one["type"] == kind)
        known = {each["name"] for each in offered["searchParam"]} | {"_count"}
        found = list(self.resources.get(kind, {}).values()) if query.keys() <= known else []
        if any((kind, one) in self.breaks_on for one in (None, *query.get("patient", "").split(","))):
            return Response(SQL, 500, content_type="text/html")
        for name, value in query.items():
            if name != "_count":
                found = [one for one in found if self.matches(kind, one, name, value)]
        limit = int(query.get("_count", "0"))
        return self.bundle(kind, [self.as_known(one) for one in (found[:limit] if limit else found)])

    def as_known(self, one: Json) -> Json:
        """A resource without sites where they have no id yet."""
        if self.sites_known:
            return one
        people = [each for each in one.get("participant", []) if "Location/" not in json.dumps(each)]
        return {**{name: value for name, value in one.items() if name != "location"}, "participant": people}

    def matches(self, kind: str, one: Json, name: str, value: str) -> bool:
        values = value.split(",") if name in self.lists else [value]
        if name == "_id":
            return one["id"] in values
        if name in ("patient", "practitioner"):
            element = name if name == "practitioner" else PATIENT_OF.get(kind, "subject")
            target = "Practitioner" if name == "practitioner" else "Patient"
            return any(found in values for found in ids_at(one, element, target))
        if name == "_lastUpdated":
            return self.in_time(one["meta"]["lastUpdated"], value)
        return name == "date" and any(self.in_time(DATE_OF[kind](one) or "", each) for each in values)

    def in_time(self, written: str, wanted: str) -> bool:
        """Whether a date as it is written lies where ``ge…``, ``lt…`` or a part of a date says."""
        comparator, bare = (wanted[:2], wanted[2:]) if wanted[:2].isalpha() else ("", wanted)
        if not re.fullmatch(r"\d{4}(-\d\d(-\d\d(T[\d:]+Z)?)?)?", bare) or (len(bare) < 10 and not self.months):
            return False
        if not comparator and len(bare) == 10 and not self.days:
            return False
        mine, bound = written[: len(bare.rstrip("Z"))], bare.rstrip("Z")
        return bool(written) and COMPARE[comparator](mine, bound)

    def bundle(self, kind: str, found: list[Json]) -> Response:
        text = json.dumps(
            {
                "meta": {"lastUpdated": (datetime.now(UTC) + self.local).strftime("%Y-%m-%dT%H:%M:%S")},
                "resourceType": "Bundle",
                "type": "collection",
                "total": len(found),
                "link": [{"relation": "self", "url": f"{RECORDED_AT}/{kind}"}],
                "entry": [{"fullUrl": f"{RECORDED_AT}/{kind}/{one['id']}", "resource": one} for one in found],
            }
        )
        return answered(200, text.replace(RECORDED_AT, self.base))


COMPARE: dict[str, Callable[[str, str], bool]] = {
    "": lambda mine, bound: mine == bound,
    "ge": lambda mine, bound: mine >= bound,
    "gt": lambda mine, bound: mine > bound,
    "lt": lambda mine, bound: mine < bound,
    "le": lambda mine, bound: mine <= bound,
}


def answered(status: int, body: object) -> Response:
    """As OpenEMR answers: application/json, a Date, no WWW-Authenticate."""
    text = body if isinstance(body, str) else json.dumps(body)
    headers = {"Date": format_datetime(datetime.now(UTC), usegmt=True)}
    return Response(text, status, content_type="application/json", headers=headers)
