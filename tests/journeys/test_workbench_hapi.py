"""The workbench's pages on a real HAPI FHIR server: names, days, visits, claims; then the server goes away."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from journeys.clinic import HOST, Clinic, Server, made
from journeys.forked import Forker
from journeys.proxy import Request, proxy_to
from massage_billing.model.desk import Role
from massage_billing.ports import VisitRow, VisitState
from web.harness import Served, served

VISITS = 48


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def gone_away(_: Request) -> None:
    """A server that closes the connection without an answer."""
    raise ConnectionResetError


def rows(workbench: Served, state: VisitState) -> list[VisitRow]:
    return [row for row in workbench.office.store.rows(HOST) if row.state is state]


def test_pages_on_hapi_and_what_they_say_when_it_is_gone(tmp_path: Path, hapi: str, forker: Forker) -> None:
    Server(hapi).put(*made(tmp_path, VISITS))
    with proxy_to(hapi) as proxy:
        clinic = Clinic(tmp_path, proxy.url, forker)
        assert clinic.call("run", "--json").code in (0, 5)
        with served(clinic.settings()) as workbench:
            held = next(row for row in rows(workbench, VisitState.HELD) if row.patient)
            claimed = next(row for row in rows(workbench, VisitState.CLAIMED) if row.claim)
            client = workbench.client(Role.BILLER)

            queue = client.get("/holds")
            assert queue.status_code == 200
            assert "Testpatient-" in queue.text
            assert held.encounter in queue.text

            visit = words(client.get(f"/visits/{HOST}/{held.encounter}").text)
            assert held.holds[0][0] in visit
            assert "What do you decide?" in visit

            page = words(client.get(f"/visits/{HOST}/{claimed.encounter}").text)
            assert str(claimed.claim) in page
            assert "written, ready to be sent" in page
            assert "differs from what the last run remembered" not in page
            assert client.get(f"/visits/{HOST}/{claimed.encounter}/claim.json").json()["resourceType"] == "Claim"

            today = client.get("/today")
            assert today.status_code == 200
            assert "could not be read" not in today.text

            proxy.before = gone_away
            gone = words(client.get(f"/visits/{HOST}/{held.encounter}").text)
            assert "The EHR could not be asked" in gone
            assert held.holds[0][0] in gone
            assert client.get("/holds").status_code == 200


@pytest.mark.parametrize("path", ["/holds", "/today"])
def test_a_host_that_was_never_there_leaves_pages_that_say_so(path: str, tmp_path: Path, forker: Forker) -> None:
    made(tmp_path, 4)
    clinic = Clinic(tmp_path, "http://127.0.0.1:9/fhir", forker)
    with served(clinic.settings()) as workbench:
        answer = workbench.client(Role.OWNER).get(path)
        assert answer.status_code == 200
        assert ("could not be read from the EHR" in answer.text) is (path == "/today")
