"""Runs on OpenEMR with its module, as one answered them: recorded exchanges, played back.

``hosts/openemr_fixtures/module/exchanges.json`` was recorded between this program and a running OpenEMR 8.2.0-dev in
which the module was installed: one signed log of 97124 and 97010, one visit without. Whatever this program asks
otherwise than then, or writes otherwise, is noticed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from .conftest import Call

Json = dict[str, Any]
RECORDED = Path(__file__).parents[1] / "hosts" / "openemr_fixtures" / "module" / "exchanges.json"
ELSEWHERE = "http://openemr.invalid"
NOW = "Mon, 30 Nov 2026 22:16:00 GMT"
"""The host's clock: shortly after what was recorded."""
WHEN = ("created", "authoredOn", "lastModified", "recorded", "occurredPeriod", "occurredDateTime")
"""Elements that say when something is written."""
SETTINGS = """\
clinic: {{name: Stillpoint Massage Therapy, npi: "1234567893", tin: "82-0000001", payers: payers.yaml, fees: fees.csv}}
state: {{folder: state}}
hosts:
  openemr:
    kind: openemr
    url: {url}
    zone: America/Boise
    place_of_service: "11"
    claims: {{write_as: active}}
    billing: {{start: 2026-11-26, settle: 0}}
"""
PAYERS = """\
payers:
  - {key: gem-state, kind: health, policy: commercial-midpoint, match: {payer_id: "60054"}, filing_days: 365}
  - {key: snake-river, kind: health, policy: commercial-midpoint, match: {payer_id: "87726"}, filing_days: 90}
"""
FEES = "code,modifier,payer,from,amount\n97124,,,2020-01-01,30.00\n97140,,,2020-01-01,35.00\n97010,,,2020-01-01,12.00\n"


class Recorded:
    """Answers as OpenEMR did in one of the recorded runs."""

    def __init__(self, server: HTTPServer, exchanges: list[Json], answers: Json) -> None:
        self.base = server.url_for("/fhir")
        self.answers = answers
        self.asked: list[str] = []
        self.strange: list[str] = []
        self.reads = {key(one["method"], one["path"]): one for one in exchanges if one["method"] == "GET"}
        self.writes = [one for one in exchanges if one["method"] != "GET"]
        server.clear_all_handlers()
        server.expect_request(_Any()).respond_with_handler(self.answer)

    def answer(self, request: Request) -> Response:
        path = request.full_path.removeprefix("/fhir").strip("/?") or ""
        found = self.reads.get(key("GET", path)) if request.method == "GET" else self.written(request, path)
        if found is None:
            self.strange.append(f"{request.method} {path}")
            return Response('{"error": "not recorded"}', 404, content_type="application/json")
        body = json.dumps(self.answers[found["answer"]]).replace(f"{ELSEWHERE}/fhir", self.base)
        headers = {
            name: value.replace(f"{ELSEWHERE}/fhir", self.base) for name, value in found.get("headers", {}).items()
        }
        return Response(body, found["status"], {**headers, "Date": NOW}, content_type="application/fhir+json")

    def written(self, request: Request, path: str) -> Json | None:
        """The recorded write that says the same, each once."""
        body = timeless(json.loads(request.data))
        asked = {name: request.headers.get(name) for name in ("If-None-Exist", "If-Match")}
        for one in self.writes:
            told = {name: value for name, value in one.get("asked", {}).items() if name in asked}
            same = (one["method"], one["path"]) == (request.method, path) and timeless(one["body"]) == body
            if same and told == {name: value for name, value in asked.items() if value is not None}:
                self.writes.remove(one)
                return one
        return None


class _Any(str):
    """A path that is every path."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str)

    __hash__ = str.__hash__


def key(method: str, path: str) -> str:
    """A request, whatever moment it asks about and in whatever order it names what it wants."""
    split = urlsplit(path)
    told = []
    for name, value in parse_qsl(split.query):
        told.append((name, "*" if name == "_lastUpdated" else ",".join(sorted(value.split(",")))))
    return f"{method} {split.path} {sorted(told)}"


def timeless(resource: object) -> object:
    """A resource without when it was written."""
    if isinstance(resource, dict):
        return {name: timeless(value) for name, value in resource.items() if name not in WHEN}
    return [timeless(one) for one in resource] if isinstance(resource, list) else resource


@pytest.fixture
def play(httpserver: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Recorded]:
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "payers.yaml").write_text(PAYERS)
    (tmp_path / "fees.csv").write_text(FEES)
    (tmp_path / "massage-billing.yaml").write_text(SETTINGS.format(url=httpserver.url_for("/fhir")))
    return lambda name: Recorded(httpserver, recorded["phases"][name], recorded["answers"])


def test_three_runs_as_they_were_recorded(mb: Call, play: Callable[[str], Recorded]) -> None:
    told = []
    for name in ("first", "second", "amended"):
        server = play(name)
        answer = mb("run", "--json")
        assert answer.code == 0, answer.err + answer.out
        assert server.strange == [], name
        assert server.writes == [], f"{name}: not written again"
        told.append(json.loads(answer.out))
    assert [one["claims_created"] for one in told] == [1, 0, 0]
    assert [one["claims_updated"] for one in told] == [0, 0, 1]
    assert [one["dollars"] for one in told] == ["120.00", "120.00", "90.00"]
    assert [line["codes"] for line in told[2]["per_visit"] if line["outcome"] == "claim"] == [["97124 x 3"]]
