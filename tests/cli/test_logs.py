"""Logs hold no patient data: what may be logged is listed, and hostile names do not get in by any way."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
import structlog
from pytest_httpserver import HTTPServer

import builders
from hosts.mini_fhir import OUTCOME, MiniFhir, answered
from massage_billing.cli import logs
from massage_billing.cli.main import run
from servers.process import ROOT

PACKAGE = ROOT / "plugin" / "massage_billing"
METHODS = {"debug", "info", "warning", "error", "exception", "critical", "bind", "msg", "log"}
HOSTILE = 'Quillfeather\u2028{"event": "forged"}\n\x1b[31m</script>'
PRIVATE = ("Quillfeather", "1961-02-03", "SYN7788991", "forged", "\x1b", "\u2028")
SETTINGS = """\
clinic: {{name: Synthetic Massage Clinic, npi: "1245319599", tin: "00-0000000", payers: payers.yaml, fees: fees.csv}}
hosts:
  main:
    {{kind: fhir, url: "{base}", zone: America/Denver, place_of_service: "11",
      billing: {{start: 2026-11-01, settle: 0}}}}
state: {{folder: state}}
"""


def calls() -> list[tuple[str, ast.Call]]:
    """Every call of a logger in the package."""
    found = []
    for module in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
                owner = ast.unparse(node.func.value)
                if owner.split(".")[-1] in ("_log", "log", "logger") or "get_logger" in owner:
                    found.append((f"{module.relative_to(PACKAGE)}:{node.lineno}", node))
    return found


def test_every_line_of_code_that_logs_keeps_to_the_list() -> None:
    assert len(calls()) > 10
    wrong = {
        where: sorted({str(one.arg) for one in call.keywords} - logs.KEYS.keys())
        for where, call in calls()
        if {one.arg for one in call.keywords} - logs.KEYS.keys()
    }
    assert wrong == {}


def test_events_are_words_of_the_code_and_no_traceback_is_logged() -> None:
    for where, call in calls():
        assert isinstance(call.args[0], ast.Constant), where
        assert call.func.attr != "exception", where  # type: ignore[attr-defined]


@pytest.fixture
def json_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(logs.VARIABLE, "json")


@pytest.mark.usefixtures("json_logs")
def test_json_is_one_object_a_line_whatever_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    log = structlog.get_logger("test")
    log.warning("x.y", why=HOSTILE + "z" * 1000, patient="Quillfeather", job="run", seconds=1.5, exc_info=True)
    (line,) = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert set(told) == {"event", "level", "timestamp", "why", "job", "seconds"}
    assert len(told["why"]) == 500
    assert not any(character in line for character in "\x1b\u2028")


def resources() -> list[dict[str, Any]]:
    """One visit, whose every text is hostile."""
    person = {
        "resourceType": "Patient",
        "id": "p1",
        "name": [{"family": HOSTILE, "given": [HOSTILE]}],
        "birthDate": "1961-02-03",
        "telecom": [{"system": "email", "value": HOSTILE}],
    }
    return [
        builders.organization(name=HOSTILE),
        builders.payer(name=HOSTILE),
        builders.location(name=HOSTILE),
        builders.practitioner(name=[{"family": HOSTILE}]),
        person,
        builders.coverage("c1", subscriberId="SYN7788991", period={"start": "2020-01-01"}),
        builders.condition(note=[{"text": HOSTILE}]),
        builders.encounter(reasonCode=[{"text": HOSTILE}]),
        builders.procedure(mins=60, note=[{"text": HOSTILE}]),
        builders.procedure("bad", status=HOSTILE, code={"text": HOSTILE, "coding": [{"code": HOSTILE}]}),
        {"resourceType": "Procedure", "id": "odd", "encounter": {"reference": HOSTILE}, "subject": HOSTILE},
    ]


@pytest.mark.usefixtures("json_logs")
@pytest.mark.parametrize("trouble", ["none", "refuses", "fails"])
def test_a_run_with_hostile_names_logs_none_of_them(
    httpserver: HTTPServer, tmp_path: Path, capfd: pytest.CaptureFixture[str], trouble: str
) -> None:
    server = MiniFhir(httpserver)
    for one in resources():
        server.store.put(one)
    if trouble == "refuses":
        server.refuses = lambda resource: True
    if trouble == "fails":
        server.fail(answered(500, {**OUTCOME, "text": {"div": HOSTILE}}), times=3)
    (tmp_path / "massage-billing.yaml").write_text(SETTINGS.format(base=server.base))
    (tmp_path / "payers.yaml").write_text(
        "payers:\n  - {key: blue, kind: health, policy: commercial-midpoint, match: {references: [Organization/o2]}}\n"
    )
    (tmp_path / "fees.csv").write_text("code,modifier,payer,from,amount\n97124,,,2020-01-01,35.00\n")
    code = run(["run", "--settings", str(tmp_path / "massage-billing.yaml"), "--json"])
    said = capfd.readouterr()
    assert code in (0, 5), said.err
    assert json.loads(said.out)["visits"] == 1
    for word in PRIVATE:
        assert word not in said.err
        assert word not in said.out
