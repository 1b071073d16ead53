"""The routes of OpenEMR's module, for MiniOpenEmr: as plugin/openemr/…/src/Fhir answers them.

Kept types (created, updated, searched) and computed ones (only read). Unlike core they keep to FHIR: next links,
versions, conditional create and update, and an OperationOutcome with every error. What a resource names has to be
there.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from werkzeug import Request, Response

from massage_billing.fhir import names
from massage_billing.hosts.memory import MemoryStore
from massage_billing.hosts.visit_links import ids_at

Json = dict[str, Any]
REFERENCES = {
    "Claim": {"patient": "patient", "encounter": "item.encounter"},
    "CoverageEligibilityRequest": {"patient": "patient"},
    "CoverageEligibilityResponse": {"patient": "patient", "request": "request"},
    "Task": {"patient": "for", "encounter": "encounter", "focus": "focus"},
    "Provenance": {"target": "target"},
    "ClaimResponse": {"patient": "patient", "request": "request"},
    "ChargeItem": {"patient": "subject", "context": "context"},
    "Consent": {"patient": "patient"},
}
"""Search parameter → element, by type."""
KEPT = ("Claim", "CoverageEligibilityRequest", "CoverageEligibilityResponse", "Task", "Provenance")
COMPUTED = ("ClaimResponse", "ChargeItem", "Consent")
CODES = {"Claim": ("status", "use"), "Task": ("status",), "ClaimResponse": ("status", "use")}
PAGE = 100


@dataclass
class MiniModule:
    """The module's part of a server."""

    known: Callable[[str], bool]
    """Whether core has a row ("Patient/3")."""
    base: Callable[[], str]
    store: MemoryStore = field(default_factory=lambda: MemoryStore(lambda: datetime.now(UTC)))
    types: frozenset[str] = frozenset({*KEPT, *COMPUTED})
    """An older module has fewer."""
    most: int = 1000
    """Resources of a page, at most."""
    billed: set[str] = field(default_factory=set)
    """Claims whose rows were billed: they are not changed any more."""
    outlooks: bool = False
    """Whether its screens ask for outlooks."""

    def describe(self, statement: Json) -> None:
        """Add what it serves to core's CapabilityStatement."""
        listed = {one["type"]: one for one in statement["rest"][0]["resource"]}
        for kind in sorted(self.types):
            codes = ["read", "search-type", *(["create", "update"] if kind in KEPT else [])]
            one = listed.setdefault(kind, {"type": kind})
            one["interaction"] = [{"code": code} for code in codes]
            one["searchParam"] = [{"name": name} for name in sorted(self.parameters(kind))]
            if kind in KEPT:
                one["conditionalCreate"] = True
        if self.outlooks and "Task" in listed:
            listed["Task"]["supportedProfile"] = [names.PROFILE_VISIT_OUTLOOK]
        listed["Procedure"]["searchParam"].append({"name": "encounter", "type": "reference"})
        statement["rest"][0]["resource"] = list(listed.values())

    def parameters(self, kind: str) -> set[str]:
        mine = {"_id", "_lastUpdated", *REFERENCES[kind], *CODES.get(kind, ())}
        return mine | ({"identifier", "_tag"} if kind in KEPT else set())

    # --- answering --------------------------------------------------------------------------------------------------

    def answer(self, request: Request, kind: str, one: str) -> Response:
        with self.store.lock:
            if request.method == "GET" and not one:
                return self.search(kind, parse_qsl(request.query_string.decode(), keep_blank_values=True))
            if request.method == "GET":
                found = self.store.get(f"{kind}/{one}")
                return refused(404, "not-found") if found is None else self.stored(200, found)
            if kind not in KEPT:
                return refused(405, "not-supported")
            body = json.loads(request.get_data(as_text=True))
            if faults := list(self.dangling(body)):
                return refused(422, "business-rule", *faults)
            if request.method == "POST" and not one:
                return self.create(kind, body, request.headers.get("If-None-Exist"))
            return self.update(kind, one, body, request.headers.get("If-Match"))

    def create(self, kind: str, body: Json, condition: str | None) -> Response:
        if condition is not None:
            pairs = parse_qsl(condition)
            if not pairs or any(name not in self.parameters(kind) for name, _ in pairs):
                return refused(400, "value")
            found = [one for one in self.store.all(kind) if all(self.matches(kind, one, *pair) for pair in pairs)]
            if len(found) > 1:
                return refused(412, "multiple-matches")
            if found:
                return self.stored(200, found[0])
        kept = {name: value for name, value in body.items() if name != "id"}
        return self.stored(201, self.store.put({**kept, "id": str(uuid.uuid4())}))

    def update(self, kind: str, one: str, body: Json, if_match: str | None) -> Response:
        there: Any = self.store.get(f"{kind}/{one}")
        if there is None:
            return refused(405, "not-found")
        if if_match is not None and if_match.strip('W/"') != there["meta"]["versionId"]:
            return refused(412, "conflict")
        same = {name: value for name, value in there.items() if name != "meta"}
        if same == {name: value for name, value in body.items() if name != "meta"}:
            return self.stored(200, there)
        if one in self.billed:
            return refused(409, "conflict")
        return self.stored(200, self.store.put({**body, "id": one}))

    def dangling(self, body: Any, at: str = "") -> Any:
        """Where a literal reference names nothing that is here."""
        at = at or str(body.get("resourceType", ""))
        if isinstance(body, dict):
            literal = body.get("reference")
            if isinstance(literal, str) and re.fullmatch(r"[A-Z][A-Za-z]+/[A-Za-z0-9.-]+", literal):
                if not self.known(literal) and self.store.get(literal) is None:
                    yield at
            for name, value in body.items():
                if isinstance(value, dict | list):
                    yield from self.dangling(value, f"{at}.{name}")
        elif isinstance(body, list):
            for place, value in enumerate(body):
                if isinstance(value, dict | list):
                    yield from self.dangling(value, f"{at}[{place}]")

    # --- searching --------------------------------------------------------------------------------------------------

    def search(self, kind: str, query: list[tuple[str, str]]) -> Response:
        shape = {"_count", "_cursor", "_sort"}
        if any(name not in self.parameters(kind) | shape for name, _ in query):
            return refused(400, "not-supported")
        asked = dict(query)
        if asked.get("_sort", "-_lastUpdated") not in ("_lastUpdated", "-_lastUpdated"):
            return refused(400, "not-supported")
        sought = [pair for pair in query if pair[0] not in shape]
        found: list[Any] = [
            one for one in self.store.all(kind) if all(self.matches(kind, one, *pair) for pair in sought)
        ]
        found.sort(
            key=lambda one: (one["meta"]["lastUpdated"], one["id"]), reverse=asked.get("_sort") == "-_lastUpdated"
        )
        first, count = int(asked.get("_cursor", "0")), min(int(asked.get("_count", PAGE)), self.most)
        links = [{"relation": "self", "url": f"{self.base()}/{kind}"}]
        if first + count < len(found):
            rest = [*(pair for pair in query if pair[0] != "_cursor"), ("_cursor", str(first + count))]
            links.append({"relation": "next", "url": f"{self.base()}/{kind}?{urlencode(rest)}"})
        bundle: Json = {
            "resourceType": "Bundle",
            "meta": {"lastUpdated": instant()},
            "type": "searchset",
            "link": links,
        }
        if entries := found[first : first + count]:
            bundle["entry"] = [
                {"fullUrl": f"{self.base()}/{kind}/{one['id']}", "resource": one, "search": {"mode": "match"}}
                for one in entries
            ]
        return told(200, bundle)

    def matches(self, kind: str, one: Any, name: str, value: str) -> bool:
        values = re.split(r"(?<!\\),", value)
        if name == "_id":
            return one["id"] in values
        if name == "_lastUpdated":
            moment = datetime.fromisoformat(value[2:])
            return value.startswith("ge") and datetime.fromisoformat(one["meta"]["lastUpdated"]) >= moment
        if name in ("status", "use"):
            return one.get(name) in values
        if name in ("identifier", "_tag"):
            plain = [re.sub(r"\\([\\,|$])", r"\1", each) for each in values]
            return any(one in self.store.matching(kind, f"{name}={each}") for each in plain)
        path = REFERENCES[kind][name]
        wanted = [each.rpartition("/") for each in values]
        return any(
            logical_id in ids_at(one, path, target or {"patient": "Patient"}.get(name, "Encounter"))
            for target, _, logical_id in wanted
        )

    def stored(self, status: int, resource: Any) -> Response:
        kind, version = resource["resourceType"], resource["meta"]["versionId"]
        place = f"{self.base()}/{kind}/{resource['id']}/_history/{version}"
        return told(status, resource, {"ETag": f'W/"{version}"', "Location": place})


def instant() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def refused(status: int, code: str, *places: str) -> Response:
    """An OperationOutcome; its words are not to be repeated."""
    issues = [
        {"severity": "error", "code": code, "diagnostics": "Jane Synthetic, born 1980-01-01", "expression": [at]}
        for at in places
    ] or [{"severity": "error", "code": code, "diagnostics": "Jane Synthetic, born 1980-01-01"}]
    return told(status, {"resourceType": "OperationOutcome", "issue": issues})


def told(status: int, body: object, headers: dict[str, str] | None = None) -> Response:
    given = {"Date": format_datetime(datetime.now(UTC), usegmt=True), **(headers or {})}
    return Response(json.dumps(body), status, given, content_type="application/fhir+json")
