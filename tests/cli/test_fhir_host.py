"""From ``init`` to ``status`` on a FHIR server, by the command line alone: the ten minutes of the README."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from hosts.mini_fhir import MiniFhir
from massage_billing.clinic_maker import make_clinic
from standing_dates import never_late

from .conftest import Call

TOKEN = "let-me-in"


@pytest.fixture
def server(httpserver: HTTPServer, tmp_path: Path) -> MiniFhir:
    """A FHIR server that wants a token, with a small synthetic clinic on it."""
    server = MiniFhir(httpserver, token=TOKEN)
    make_clinic(tmp_path / "made", 40, seed=3)
    for file in sorted((tmp_path / "made").glob("*.ndjson")):
        for line in file.read_text(encoding="utf-8").splitlines():
            server.store.put(json.loads(line))
    return server


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, and no settings anywhere else."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("MASSAGE_BILLING_SETTINGS", raising=False)
    monkeypatch.delenv("MASSAGE_BILLING_STATE", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "none"))
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    monkeypatch.setenv("MB_TEST_TOKEN", TOKEN)
    return folder


def set_up(mb: Call, server: MiniFhir, *more: str) -> None:
    known = ("--zone", "America/Boise", "--npi", "2345678918", "--tin", "00-0000000", "--token-env", "MB_TEST_TOKEN")
    assert mb("init", "--yes", "--kind", "fhir", "--host", server.base, *known, *more).code == 0


def use_files_of(made: Path, here: Path) -> None:
    """The payers and prices of the synthetic clinic."""
    for name in ("payers.yaml", "fees.csv"):
        (here / name).write_bytes((made / "clinic" / name).read_bytes())
    never_late(here / "payers.yaml")


def settle_at_once(here: Path) -> None:
    file = here / "massage-billing.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("settle: 2h", "settle: 0"), encoding="utf-8")


def test_from_init_to_status(server: MiniFhir, here: Path, tmp_path: Path, mb: Call) -> None:
    set_up(mb, server)
    use_files_of(tmp_path / "made", here)
    settle_at_once(here)
    assert "hosts.main.billing.start: is not set." in mb("doctor").out

    refused = mb("run")
    assert refused.code == 3
    assert "Give `run --start DATE` once" in refused.err
    assert server.store.all("Claim") == []

    dry = json.loads(mb("run", "--start", "2026-01-01", "--dry-run", "--json").out)
    assert dry["claims"] > 0
    assert server.store.all("Claim") == []

    first = json.loads(mb("run", "--start", "2026-01-01", "--json").out)
    assert first["claims_created"] == len(server.store.all("Claim")) == dry["claims"]
    assert first["holds_opened"] == len(server.store.all("Task"))

    again = mb("run", "--host", server.base)
    assert again.code == 0, again.err
    assert "Nothing new: nothing was written." in again.out

    status = json.loads(mb("status", "--json").out)
    assert status["visits"]["claim"] == first["claims"]
    assert status["held_dollars"] == first["held_dollars"]


def test_explain_and_check_host_need_no_settings(server: MiniFhir, here: Path, mb: Call) -> None:
    server.token = None
    asked = mb("check-host", "--host", server.base)
    assert asked.code == 0, asked.err
    assert "Mini FHIR" in asked.out
    encounter = str(server.store.all("Encounter")[0]["id"])
    explained = mb("explain", f"Encounter/{encounter}", "--host", server.base, "--json")
    assert explained.code == 0, explained.err
    (element,) = json.loads(explained.out)
    assert element["visit"]["encounter"] == encounter
    assert {method for method, path, _, _ in server.requests if not path.endswith("_search")} == {"GET"}
    assert list(here.iterdir()) == []


def test_a_wrong_token_says_so_and_does_not_repeat_it(
    server: MiniFhir, here: Path, mb: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(mb, server, "--start", "2026-01-01")
    monkeypatch.setenv("MB_TEST_TOKEN", "wrong-token")
    answer = mb("run")
    assert answer.code == 4
    assert "What to do: Check the host's credentials and scopes." in answer.err
    assert "wrong-token" not in answer.err + answer.out


def test_drafts_wait_for_approve(server: MiniFhir, here: Path, tmp_path: Path, mb: Call) -> None:
    set_up(mb, server, "--start", "2026-01-01", "--write-as", "draft")
    use_files_of(tmp_path / "made", here)
    settle_at_once(here)
    mb("run")
    claims = server.store.all("Claim")
    assert claims
    assert {claim["status"] for claim in claims} == {"draft"}
    assert "approve" in mb("status").out
    one, *_ = (claim["item"][0]["encounter"][0]["reference"] for claim in claims)
    assert mb("approve", one).code == 0
    assert sorted(str(claim["status"]) for claim in server.store.all("Claim"))[:2] == ["active", "draft"]
    assert mb("approve", "--all").code == 0
    assert {claim["status"] for claim in server.store.all("Claim")} == {"active"}
    assert "Nothing new" in mb("run").out


def test_a_decision_of_a_person_settles_a_hold(server: MiniFhir, here: Path, tmp_path: Path, mb: Call) -> None:
    set_up(mb, server, "--start", "2026-01-01")
    use_files_of(tmp_path / "made", here)
    settle_at_once(here)
    first = json.loads(mb("run", "--json").out)
    held = [row["encounter"] for row in first["per_visit"] if row["outcome"] == "hold"]
    assert mb("decide", held[0], "write-off", "--reason", "not worth it").code == 0
    second = json.loads(mb("run", "--json").out)
    assert second["holds_closed"] == 1
    status = json.loads(mb("status", "--json").out)
    assert status["visits"]["hold"] == first["holds"] - 1


@pytest.mark.parametrize("words", [("huddle",), ("eligibility", "run"), ("credentials", "check", "--json")])
def test_a_host_that_offers_no_appointments_is_no_empty_day(
    httpserver: HTTPServer, here: Path, mb: Call, words: tuple[str, ...]
) -> None:
    set_up(mb, MiniFhir(httpserver, token=TOKEN, unlisted=frozenset({"Appointment"})))
    answer = mb(*words)
    assert answer.code == 4
    assert "offers no Appointment" in answer.err
    assert "No appointments" not in answer.out
    assert words[0] != "credentials" or json.loads(answer.out)["appointments"] is None


def test_a_host_that_offers_no_appointments_is_billed(httpserver: HTTPServer, here: Path, mb: Call) -> None:
    set_up(mb, MiniFhir(httpserver, token=TOKEN, unlisted=frozenset({"Appointment"})))
    answer = mb("run", "--start", "2026-01-01")
    assert answer.code == 0, answer.err
