"""``link`` and ``audit export`` at the console."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from massage_billing.cli.main import cli
from massage_billing.model.desk import Role
from massage_billing.ports.access import Action, Event
from massage_billing.settings import load_settings
from massage_billing.wiring.entrance import guard_of, open_access

EHR = "https://ehr.example.org/fhir"


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """Two hosts, reached from this machine only."""
    file = tmp_path / "massage-billing.yaml"
    hosts = f"hosts:\n  main: {{kind: fhir, url: '{EHR}'}}\n  second: {{kind: fhir, url: '{EHR}2'}}\n"
    file.write_text(f"{hosts}state: {{folder: state}}\n")
    return file


def run(settings: Path, *words: str) -> Result:
    """What the command prints; it has to end well."""
    done = CliRunner().invoke(cli, [*words, "--settings", str(settings)], catch_exceptions=False, standalone_mode=False)
    assert done.return_value == 0
    return done


def test_a_link_is_printed_for_every_host_and_lets_in_once(settings: Path) -> None:
    printed = run(settings, "link", "--role", "biller").stdout.split()
    assert len(printed) == 2
    loaded = load_settings(settings)
    with open_access(loaded) as access:
        guard = guard_of(loaded, access)
        viewers = [guard.links.take(one.removeprefix("http://127.0.0.1:8711/enter/")) for one in printed]
    assert [(one.who, one.role, one.host) for one in viewers] == [
        ("console", Role.BILLER, "main"),
        ("console", Role.BILLER, "second"),
    ]


def test_there_is_no_link_where_others_reach_the_workbench(settings: Path) -> None:
    text = settings.read_text()
    settings.write_text(text + "workbench: {public_url: 'https://billing.example.org'}\n")
    done = CliRunner().invoke(cli, ["link", "--settings", str(settings)])
    assert "only this machine" in str(done.exception)


def test_the_trail_is_taken_out_by_day_host_and_patient(settings: Path) -> None:
    loaded = load_settings(settings)
    with open_access(loaded) as access:
        for day in (1, 2, 3):
            at = datetime(2024, 12, day, 23, 59, 59, 999_000, tzinfo=UTC)
            access.record(Event(at, "Practitioner/3", "biller", "main", Action.VIEWED, "visit", "e1", f"Patient/{day}"))
        access.record(Event(at, "", "", "", Action.REFUSED, "login", detail="unknown-host", ok=False))
    days = ("--since", "2024-12-02", "--until", "2024-12-03")
    done = run(settings, "audit", "export", *days)
    assert [json.loads(line)["resourceType"] for line in done.stdout.splitlines()] == ["AuditEvent"] * 3
    assert "Took out 3 lines" in done.stderr
    assert run(settings, "audit", "export", *days, "--host", "main").stdout.count("\n") == 2
    assert run(settings, "audit", "export", "--patient", "Patient/2").stdout.count("\n") == 1


def test_a_file_is_for_its_owner_alone_and_is_not_overwritten(settings: Path, tmp_path: Path) -> None:
    out = tmp_path / "audit.json"
    run(settings, "audit", "export", "--bundle", "-o", str(out))
    bundle = json.loads(out.read_text())
    assert bundle["type"] == "collection"
    assert len(bundle["entry"]) == 3  # that it is taken out stands in it, of every host
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    again = CliRunner().invoke(cli, ["audit", "export", "-o", str(out), "--settings", str(settings)])
    assert "exists already" in str(again.exception)


def test_the_settings_are_read_again_when_they_change(settings: Path) -> None:
    from massage_billing.wiring.entrance import RosterFile

    seconds = [0.0]
    base = settings.read_text()
    settings.write_text(base + "workbench: {hosts: {main: {client_id: x, people: {Practitioner/3: owner}}}}\n")
    roster = RosterFile(load_settings(settings), clock=lambda: seconds[0])
    assert "Practitioner/3" in roster()["main"].login.people
    settings.write_text(base + "workbench: {hosts: {main: {client_id: x, people: {Practitioner/33: owner}}}}\n")
    assert "Practitioner/3" in roster()["main"].login.people  # looked at once a second
    seconds[0] += 2
    assert "Practitioner/3" not in roster()["main"].login.people
    settings.write_text("hosts: [")  # a mistake: what was last sound counts
    seconds[0] += 2
    assert "Practitioner/33" in roster()["main"].login.people


def test_doctor_says_who_may_log_in_and_what_is_missing(settings: Path, tmp_path: Path) -> None:
    from massage_billing.cli.doctor_workbench import examine_workbench

    def found(text: str) -> list[tuple[str, str, str]]:
        settings.write_text(base + text)
        return [(one.about, one.state, one.found) for one in examine_workbench(load_settings(settings))]

    base = settings.read_text()
    ((about, state, what),) = found("")
    assert (about, state) == ("workbench", "ok")
    assert "massage-billing link" in what
    public = "workbench: {public_url: 'https://billing.example.org'"
    assert found(f"{public}}}")[0][:2] == ("workbench.hosts", "missing")
    login = f"{public}, hosts: {{main: {{client_id: x, client_secret_file: secret"
    assert [one[:2] for one in found(f"{login}}}}}}}")] == [
        ("workbench.hosts.main.client_secret_file", "missing"),
        ("workbench.hosts.main.people", "missing"),
    ]
    (tmp_path / "secret").write_text("s3cret")
    (tmp_path / "secret").chmod(0o600)
    ((about, state, what),) = found(f"{login}, people: {{Practitioner/3: owner}}}}}}}}")
    assert (about, state) == ("workbench.hosts.main", "ok")
    assert what == "1 person; redirect address https://billing.example.org/callback/main"
    assert found(f"{login}, role: owner}}}}}}")[-1][:2] == ("workbench.hosts.main.role", "warning")
    assert found("serve: {address: '0.0.0.0:80'}")[0][:2] == ("workbench.public_url", "missing")
