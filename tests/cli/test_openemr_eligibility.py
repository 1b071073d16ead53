"""Before the visit on stock OpenEMR: payers are asked, answers are kept, the huddle tells; nothing is written to it.

The server answers as a running OpenEMR 8.2.0-dev was recorded, its appointments moved to tomorrow and after.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from hosts.mini_openemr import MiniOpenEmr, recorded
from servers.simulated_payer import Start
from sweep.on_disk import tomorrow

from .conftest import Answer

Call = Callable[..., Answer]
RECORDED = date(2026, 12, 1)
"""The first day of the recording that is looked at."""
SETTINGS = """\
clinic: {{name: Synthetic Massage Clinic, npi: "1234567893", payers: payers.yaml}}
hosts:
  emr:
    kind: openemr
    url: {base}
    zone: America/Denver
    place_of_service: "11"
    billing: {{start: 2026-01-01}}
state: {{folder: {state}}}
eligibility:
  channels:
    house: {{kind: clearinghouse-json, url: "{url}/clearinghouse", mapping: medical-network-v3}}
"""
PAYER = """\
  - key: {key}
    kind: health
    policy: commercial-midpoint
    match: {{references: [Organization/{id}]}}
    eligibility: {{channel: house, payer_id: "{key}"}}
"""


@pytest.fixture
def server(httpserver: HTTPServer) -> MiniOpenEmr:
    server = MiniOpenEmr(httpserver)
    server.load("calendar")
    later = tomorrow() - RECORDED
    for one in server.resources["Appointment"].values():
        for name in ("start", "end"):
            one[name] = (date.fromisoformat(one[name][:10]) + later).isoformat() + one[name][10:]
    return server


@pytest.fixture
def settings(server: MiniOpenEmr, start_payer: Start, tmp_path: Path) -> Path:
    _, url = start_payer()
    insurers = [
        one["id"] for one in recorded("Organization", "calendar") if one["type"][0]["coding"][0]["code"] == "ins"
    ]
    entries = "".join(PAYER.format(key=f"p{place}", id=id) for place, id in enumerate(insurers))
    (tmp_path / "payers.yaml").write_text(f"payers:\n{entries}")
    file = tmp_path / "massage-billing.yaml"
    file.write_text(SETTINGS.format(base=server.base, state=tmp_path / "state", url=url))
    return file


def test_payers_are_asked_and_the_huddle_tells_though_openemr_takes_nothing(
    server: MiniOpenEmr, settings: Path, mb: Call
) -> None:
    answer = mb("eligibility", "run", "--settings", str(settings))
    assert answer.code == 0, answer.err
    assert "This EHR takes no answers about coverage and no Tasks: they are kept here" in answer.out
    again = json.loads(mb("eligibility", "run", "--json", "--settings", str(settings)).out)
    assert (again["asked"], again["unwritten"], again["tasks_opened"], again["problems"]) == (0, 0, 0, [])
    assert all(method == "GET" for method, _, _ in server.requests)

    page = mb("huddle", "--date", tomorrow().isoformat(), "--settings", str(settings))
    assert page.code == 0, page.err
    said = json.loads(mb("huddle", "--date", tomorrow().isoformat(), "--settings", str(settings), "--json").out)
    stands = {one["verdict"]["appointment"]: one["verdict"]["readiness"] for one in said["appointments"]}
    told = {one["verdict"]["appointment"] for one in said["appointments"] if one["verdict"]["answered_on"]}
    assert len(stands) == 5  # of the seven rows of the day two are opening hours and lunch
    assert len(told) == 3
    by_member = {appointments_of(server, member): member for member in ("SYN-AUTH-0002", "SYN-ACTIVE-0009")}
    assert by_member.keys() == stands.keys() - told, "who is insured through somebody cannot be asked about"
    assert {stands[one] for one in by_member} == {"act"}


def appointments_of(server: MiniOpenEmr, member: str) -> str:
    """Id of the appointment of whoever has this member id."""
    (patient,) = (
        one["beneficiary"]["reference"]
        for one in server.resources["Coverage"].values()
        if one.get("subscriberId") == member
    )
    (id,) = (one["id"] for one in server.resources["Appointment"].values() if patient in json.dumps(one))
    return str(id)
