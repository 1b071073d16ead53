"""A small FHIR server for tests, over pytest-httpserver: what it can and cannot do, and how it fails, is set per test.

It stores in a MemoryStore and answers as HAPI does where nothing else is said. ``requests`` keeps what was asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from massage_billing.fhir.links import FOLLOWED, values_at
from massage_billing.hosts.memory import MemoryStore
from massage_billing.hosts.visit_links import WATCHED, ids_at

Json = dict[str, Any]
Fault = Callable[[Request], Response | None]

REFERENCES = {
    ("Procedure", "encounter"): "encounter",
    ("Condition", "encounter"): "encounter",
    ("Claim", "encounter"): "item.encounter",
    ("Task", "focus"): "focus",
    ("Observation", "part-of"): "partOf",
    ("Coverage", "beneficiary"): "beneficiary",
    ("Consent", "patient"): "patient",
    ("PractitionerRole", "practitioner"): "practitioner",
    ("ClaimResponse", "request"): "request",
    ("ExplanationOfBenefit", "claim"): "claim",
    ("Procedure", "patient"): "subject",
    ("Condition", "patient"): "subject",
    ("Claim", "patient"): "patient",
    ("Task", "patient"): "for",
    ("Encounter", "patient"): "subject",
    ("ClaimResponse", "patient"): "patient",
    ("ServiceRequest", "patient"): "subject",
    ("CoverageEligibilityResponse", "patient"): "patient",
    ("CoverageEligibilityResponse", "request"): "request",
    ("OrganizationAffiliation", "participating-organization"): "participatingOrganization",
}
CODES = {("Claim", "use"), ("ClaimResponse", "use"), ("ServiceRequest", "status"), ("Encounter", "status")}
DATES = {
    ("Encounter", "date"): "period.start",
    ("Appointment", "date"): "start",
    ("CoverageEligibilityResponse", "created"): "created",
}
ELIGIBILITY = ("CoverageEligibilityRequest", "CoverageEligibilityResponse")
TYPES = (*WATCHED, "Provenance", "RelatedPerson", "OrganizationAffiliation", *ELIGIBILITY)
OUTCOME = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "code": "processing", "diagnostics": "Jane Synthetic, born 1980-01-01: HAPI-0001"}],
}


@dataclass
class MiniFhir:
    """The server. ``base`` is its FHIR base URL."""

    http: HTTPServer
    store: MemoryStore = field(default_factory=lambda: MemoryStore(lambda: datetime.now(UTC)))
    name: str = "Mini FHIR"
    transactions: bool = True
    conditional: bool = True
    includes: bool = True
    includes_max: int = 1000
    posts: bool = True
    url_limit: int = 8000
    """Longer URLs are answered 414."""
    sorts: bool = True
    absolute: bool = False
    """Write references as absolute URLs when answering."""
    unlisted: frozenset[str] = frozenset()
    """Types the server does not have."""
    unsearchable: frozenset[str] = frozenset()
    """"Type.parameter" that is not listed and answers nothing."""
    refuses: Callable[[Json], bool] = lambda resource: False
    """Resources that are answered 422."""
    token: str | None = None
    """Where set, every request must carry this bearer token."""
    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, str, list[tuple[str, str]], str]] = field(default_factory=list)
    """(method, path below the base, query, body)."""

    def __post_init__(self) -> None:
        self.http.expect_request(re.compile(r"/fhir(/.*)?$")).respond_with_handler(self.handle)

    @property
    def base(self) -> str:
        return self.http.url_for("/fhir")

    def fail(self, response: Response | Callable[[Request], Response], *, times: int = 1, **want: str) -> None:
        """Answer the next ``times`` requests that match (method=, path=regex) with this."""
        left = [times]

        def fault(request: Request) -> Response | None:
            if not left[0] or want.get("method", request.method) != request.method:
                return None
            if not re.search(want.get("path", ""), request.path):
                return None
            left[0] -= 1
            return response(request) if callable(response) and not isinstance(response, Response) else response

        self.faults.append(fault)

    # --- answering --------------------------------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        path = request.path.removeprefix("/fhir").strip("/")
        body = request.get_data(as_text=True)
        query = parse_qsl(request.query_string.decode(), keep_blank_values=True)
        self.requests.append((request.method, path, query, body))
        for fault in self.faults:
            if (answer := fault(request)) is not None:
                return answer
        if len(request.query_string) > self.url_limit:
            return answered(414, OUTCOME)
        if self.token is not None and request.headers.get("Authorization") != f"Bearer {self.token}":
            return answered(401, OUTCOME)
        with self.store.lock:
            return self.route(request, path, query, body)

    def route(self, request: Request, path: str, query: list[tuple[str, str]], body: str) -> Response:
        kind, _, rest = path.partition("/")
        if path == "metadata":
            return answered(200, self.statement())
        if not path:
            return self.transaction(json.loads(body)) if self.transactions else answered(405, OUTCOME)
        if kind in self.unlisted or kind not in TYPES:
            return answered(404, OUTCOME)
        if request.method == "GET" and not rest:
            return self.search(kind, query)
        if rest == "_search":
            return self.search(kind, parse_qsl(body, keep_blank_values=True)) if self.posts else answered(405, OUTCOME)
        if request.method == "GET":
            found = self.store.get(path)
            return answered(200, found) if found else answered(404, OUTCOME)
        if request.method == "POST":
            match = request.headers.get("If-None-Exist") if self.conditional else None
            return self.one("POST", kind, json.loads(body), match, None)
        return self.one("PUT", path, json.loads(body), None, request.headers.get("If-Match"))

    def statement(self) -> Json:
        def listed(kind: str) -> Json:
            names = {"_id", "_lastUpdated", "identifier", "_tag"} | {p for k, p in REFERENCES if k == kind}
            names |= {p for k, p in (*CODES, *DATES) if k == kind}
            names -= {one.partition(".")[2] for one in self.unsearchable if one.startswith(f"{kind}.")}
            made: Json = {
                "type": kind,
                "interaction": [{"code": code} for code in ("read", "search-type", "create", "update")],
                "conditionalCreate": self.conditional,
                "searchParam": [{"name": name, "type": "token"} for name in sorted(names)],
            }
            if kind == "Encounter" and self.includes:
                made["searchInclude"] = ["Encounter:patient", "Encounter:practitioner", "Encounter:location"]
                made["searchRevInclude"] = ["Procedure:encounter", "Condition:encounter", "Claim:encounter"]
            return made

        return {
            "resourceType": "CapabilityStatement",
            "fhirVersion": "4.0.1",
            "software": {"name": self.name, "version": "1"},
            "rest": [
                {
                    "mode": "server",
                    "resource": [listed(kind) for kind in TYPES if kind not in self.unlisted],
                    "interaction": [{"code": "transaction"}] if self.transactions else [],
                }
            ],
        }

    # --- searching --------------------------------------------------------------------------------------------------

    def search(self, kind: str, query: list[tuple[str, str]]) -> Response:
        if any(name == "_sort" for name, _ in query) and not self.sorts:
            return answered(400, OUTCOME)
        found = [r for r in self.store.all(kind) if all(self.matches(kind, r, n, v) for n, v in query)]
        sought = dict(query)
        if sought.get("_sort") == "-_lastUpdated":
            found.reverse()
        elif sought.get("_sort") == "-date":
            found.sort(key=lambda resource: str(resource.get("period", {}).get("start", "")), reverse=True)
        elif sought.get("_sort") != "_lastUpdated":
            found.sort(key=lambda resource: resource["id"])
        if sought.get("_summary") == "count":
            return answered(200, {"resourceType": "Bundle", "type": "searchset", "total": len(found)})
        count, offset = int(sought.get("_count", "20")), int(sought.get("_offset", "0"))
        page = found[offset : offset + count]
        bundle: Json = {"resourceType": "Bundle", "type": "searchset", "total": len(found), "link": []}
        if offset + count < len(found):
            rest = [(n, v) for n, v in query if n != "_offset"] + [("_offset", str(offset + count))]
            url = f"{self.base}/{kind}?" + "&".join(f"{n}={v}" for n, v in rest)
            bundle["link"].append({"relation": "next", "url": url})
        bundle["meta"] = {"lastUpdated": self.store.now().isoformat()}
        bundle["entry"] = [self.entry(resource, "match") for resource in page]
        bundle["entry"] += [self.entry(resource, "include") for resource in self.included(page, query)]
        return answered(200, bundle)

    def entry(self, resource: Any, mode: str) -> Json:
        url = f"{self.base}/{resource['resourceType']}/{resource['id']}"
        shown = absolute(resource, self.base) if self.absolute else resource
        return {"fullUrl": url, "resource": shown, "search": {"mode": mode}}

    def matches(self, kind: str, resource: Any, name: str, value: str) -> bool:
        if name == "_id":
            return resource["id"] in value.split(",")
        if name == "_lastUpdated":
            stamp, moment = resource["meta"]["lastUpdated"], value[2:]
            return stamp >= moment if value.startswith("ge") else stamp > moment
        if (kind, name) in DATES and f"{kind}.{name}" not in self.unsearchable:
            return dated(resource, DATES[(kind, name)], value)
        if (kind, name) in CODES and f"{kind}.{name}" not in self.unsearchable:
            return resource.get(name) in value.split(",")
        if name == "date:missing":
            return "start" not in resource.get("period", {})
        if name in ("identifier", "_tag"):
            query = [f"{name}={one}" for one in value.split(",")]
            return any(resource in self.store.matching(kind, one) for one in query)
        if f"{kind}.{name}" in self.unsearchable:
            return False
        path = REFERENCES.get((kind, name))
        if path is None:
            return True
        wanted = {tuple(one.split("/", 1)) for one in value.split(",")}
        return any((target, one) in wanted for target, _ in wanted for one in ids_at(resource, path, target))

    def included(self, page: list[Any], query: list[tuple[str, str]]) -> list[Any]:
        """Includes of a page, silently capped as HAPI does."""
        found: dict[str, Any] = {}
        ids = {resource["id"] for resource in page}
        for name, value in query:
            kind, _, parameter = value.partition(":")
            if name == "_revinclude":
                for resource in self.store.all(kind):
                    if not ids.isdisjoint(ids_at(resource, REFERENCES[(kind, parameter)], "Encounter")):
                        found[f"{kind}/{resource['id']}"] = resource
            elif name == "_include":
                for resource in page:
                    for path in FOLLOWED["Encounter"]:
                        for reference in values_at(resource, path):
                            target = self.store.get(str(reference.get("reference")))
                            if target is not None:
                                found[str(reference.get("reference"))] = target
        return list(found.values())[: self.includes_max]

    # --- writing ----------------------------------------------------------------------------------------------------

    def one(self, method: str, url: str, body: Json, match: str | None, if_match: str | None) -> Response:
        status, stored = self.write(method, url, body, match, if_match)
        if stored is None:
            return answered(status, OUTCOME)
        headers = {
            "Location": f"{self.base}/{stored['resourceType']}/{stored['id']}/_history/{stored['meta']['versionId']}",
            "ETag": f'W/"{stored["meta"]["versionId"]}"',
        }
        return answered(status, stored, headers)

    def write(self, method: str, url: str, body: Json, match: str | None, if_match: str | None) -> tuple[int, Any]:
        if self.refuses(body):
            return 422, None
        if method == "PUT":
            current = self.store.get(url)
            if current is not None and if_match and if_match != f'W/"{current["meta"]["versionId"]}"':
                return 412, None
            return 200, self.store.put({**body, "id": url.partition("/")[2]})
        if match:
            found = self.store.matching(url, "=".join(parse_qsl(match)[0]))
            if len(found) > 1:
                return 412, None
            if found:
                return 200, found[0]
        return 201, self.store.put({name: value for name, value in body.items() if name != "id"})

    def transaction(self, bundle: Json) -> Response:
        before = {kind: dict(kept) for kind, kept in self.store.resources.items()}
        renamed: dict[str, str] = {}
        entries = []
        for entry in bundle["entry"]:
            asked = entry["request"]
            text = json.dumps(entry["resource"])
            for name, reference in renamed.items():
                text = text.replace(name, reference)
            match = asked.get("ifNoneExist")
            status, stored = self.write(asked["method"], asked["url"], json.loads(text), match, asked.get("ifMatch"))
            if stored is None:
                self.store.resources = before
                return answered(status, OUTCOME)
            reference, version = f"{stored['resourceType']}/{stored['id']}", stored["meta"]["versionId"]
            renamed[entry["fullUrl"]] = reference
            entries.append(
                {
                    "response": {
                        "status": f"{status} {'Created' if status == 201 else 'OK'}",
                        "location": f"{reference}/_history/{version}",
                        "etag": f'W/"{version}"',
                    }
                }
            )
        return answered(200, {"resourceType": "Bundle", "type": "transaction-response", "entry": entries})


def dated(resource: Any, path: str, value: str) -> bool:
    """Whether the day written at a path is on the side of ``ge…`` or ``lt…``."""
    for name in path.split("."):
        resource = resource.get(name, {}) if isinstance(resource, dict) else {}
    day = str(resource or "")[:10]
    return bool(day) and (day >= value[2:] if value.startswith("ge") else day < value[2:])


def answered(status: int, resource: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(
        json.dumps(resource),
        status,
        {"Date": format_datetime(datetime.now(UTC), usegmt=True), **(headers or {})},
        content_type="application/fhir+json",
    )


def absolute(node: Any, base: str) -> Any:
    if isinstance(node, dict):
        return {
            name: f"{base}/{value}" if name == "reference" and "://" not in str(value) else absolute(value, base)
            for name, value in node.items()
        }
    return [absolute(one, base) for one in node] if isinstance(node, list) else node


def path_of(url: str) -> str:
    return urlsplit(url).path
