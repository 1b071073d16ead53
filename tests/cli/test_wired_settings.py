"""Settings reach what they set: scopes, certificates, how long payloads are kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from hosts.mini_openemr import MiniOpenEmr
from massage_billing import wiring
from massage_billing.auth_settings import SmartAuth
from massage_billing.eligibility_settings import FhirChannel
from massage_billing.errors import StoreError
from massage_billing.hosts.folder import FolderHost
from massage_billing.hosts.openemr_can import MODULE_SCOPES, SCOPES
from massage_billing.settings import HostKind, HostSettings, Settings, load_settings
from massage_billing.wiring.channels import _line
from massage_billing.wiring.hosts import credentials, limits_of, verify

from .conftest import Call

WRITTEN = (
    "Claim", "Task", "Provenance", "ClaimResponse", "CoverageEligibilityRequest", "CoverageEligibilityResponse",
)  # fmt: skip
"""What this program writes to a host; a server that enforces scopes refuses all else."""


def host(kind: HostKind, folder: Path, scopes: tuple[str, ...] = (), ca_file: Path | None = None) -> HostSettings:
    from joserfc.jwk import RSAKey

    key = folder / "key.pem"
    if not key.exists():
        key.write_bytes(RSAKey.generate_key(2048).as_pem(private=True))
    auth = SmartAuth(client_id="abc", key_file=key, token_url="https://ehr.example.org/token", scopes=scopes)
    return HostSettings(id="a", kind=kind, url="https://ehr.example.org/fhir", auth=auth, ca_file=ca_file)


@pytest.mark.parametrize(
    ("kind", "scopes", "asked"),
    [
        (HostKind.OPENEMR, ("system/Encounter.rs",), ("system/Encounter.rs",)),
        (HostKind.FHIR, ("system/*.read",), ("system/*.read",)),
        (HostKind.FHIR, (), ("system/*.rs", *(f"system/{kind}.cruds" for kind in WRITTEN))),
    ],
)
def test_the_scopes_that_are_asked_for(
    tmp_path: Path, kind: HostKind, scopes: tuple[str, ...], asked: tuple[str, ...]
) -> None:
    settings = host(kind, tmp_path, scopes)
    login = credentials(settings, limits_of(settings))
    assert tuple(login._settings.scopes) == asked  # type: ignore[attr-defined]


@pytest.mark.parametrize(("module", "asked"), [(False, SCOPES), (True, MODULE_SCOPES)])
def test_openemr_is_asked_for_what_it_offers(
    httpserver: HTTPServer, tmp_path: Path, module: bool, asked: tuple[str, ...]
) -> None:
    server = MiniOpenEmr(httpserver, with_module=module)
    settings = host(HostKind.OPENEMR, tmp_path).model_copy(update={"url": server.base})
    login = credentials(settings, limits_of(settings))
    assert server.requests == []
    assert login.wanted() == login.wanted() == asked  # type: ignore[attr-defined]
    assert [path for _, path, _ in server.requests] == ["metadata"]


def test_a_fhir_payer_is_asked_for_what_asking_needs_and_no_more(tmp_path: Path) -> None:
    auth = host(HostKind.FHIR, tmp_path).auth
    channel = FhirChannel.model_validate({"kind": "fhir", "url": "https://payer.example.org/fhir", "auth": auth})
    line = _line(channel, 1)
    asked = ("system/CoverageEligibilityRequest.cruds", "system/CoverageEligibilityResponse.rs")
    assert line.credentials._settings.scopes == asked  # type: ignore[attr-defined]


def test_the_certificates_that_are_believed(tmp_path: Path) -> None:
    assert verify(host(HostKind.FHIR, tmp_path)) is True
    assert verify(host(HostKind.FHIR, tmp_path, ca_file=Path("/srv/ca.pem"))) == "/srv/ca.pem"


@pytest.mark.parametrize(("days", "kept"), [("0", False), ("30", True)])
def test_payloads_are_kept_as_long_as_the_settings_say(
    tmp_path: Path, mb: Call, monkeypatch: pytest.MonkeyPatch, days: str, kept: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MASSAGE_BILLING_STATE", raising=False)
    assert mb("make-clinic", "clinic", "--visits", "20").code == 0
    settings = tmp_path / "clinic/massage-billing.yaml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("state:\n", f"state:\n  retention_days: {days}\n"), encoding="utf-8")
    assert json.loads(mb("run", "--json", "--settings", str(settings)).out)["claims_created"] > 0
    left = json.loads(mb("purge", "--older-than", "0", "--yes", "--json", "--settings", str(settings)).out)["forgotten"]
    assert (left > 0) is kept


FOLDER = """\
clinic: {name: Cedar Lane, npi: "1245319599"}
hosts: {main: {kind: folder, folder: records, zone: America/Denver, billing: {start: 2026-01-01}}}
state: {folder: state%s}
"""


def folder_clinic(folder: Path, more: str = "", state: str = "") -> Settings:
    file = folder / "massage-billing.yaml"
    (folder / "records").mkdir()
    file.write_text(FOLDER % state + more, encoding="utf-8")
    return load_settings(file)


@pytest.mark.parametrize(("written", "meant"), [("max_age: 0d", 0), ("max_age: 2d", 2), ("days: 3", 7)])
def test_answers_are_good_for_as_long_as_the_settings_say(tmp_path: Path, written: str, meant: int) -> None:
    with wiring.open_sweep(folder_clinic(tmp_path, f"eligibility: {{{written}}}\n")) as sweep:
        assert sweep.setup.max_age == timedelta(days=meant)


@pytest.mark.parametrize("opens", [wiring.open_program, wiring.open_sweep])
def test_a_store_that_cannot_be_opened_leaves_no_host_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opens: Callable[..., AbstractContextManager[object]]
) -> None:
    closed: list[str] = []
    monkeypatch.setattr(FolderHost, "close", lambda self: closed.append(self.id))
    settings = folder_clinic(tmp_path, state=", database_env: NO_SUCH_DATABASE")
    with pytest.raises(StoreError, match="NO_SUCH_DATABASE"), opens(settings):
        pass
    assert closed == ["main"]
