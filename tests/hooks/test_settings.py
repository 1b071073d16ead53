"""Settings of hooks: what would trust too much is refused where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI

from massage_billing.errors import SettingsError
from massage_billing.settings import load_settings
from massage_billing.store.memory_jobs import MemoryJobs
from massage_billing.wiring.receiving_hooks import mount

CLIENT = "issuer: x, jwks_file: k.json"
HOSTS = "hosts: {main: {kind: fhir, url: https://ehr.example.org/fhir, zone: America/Denver}}\n"


def load(tmp_path: Path, hooks: str, hosts: str = HOSTS) -> object:
    (tmp_path / "s.yaml").write_text(f"{hosts}hooks:\n{hooks}state: {{folder: state}}\n")
    return load_settings(tmp_path / "s.yaml")


@pytest.mark.parametrize(
    ("hooks", "said"),
    [
        (f"  clients: {{emr: {{{CLIENT}}}}}\n", "url is missing"),
        ("  url: https://b.example\n  clients: {emr: {issuer: x}}\n", "either jwks_url or jwks_file"),
        ("  url: https://b.example\n  clients: {emr: {issuer: x, jwks_url: 'http://e.example/k'}}\n", "https"),
        (f"  url: https://b.example\n  clients: {{a: {{{CLIENT}}}, b: {{{CLIENT}}}}}\n", "same issuer"),
        ("  url: https://b.example\n  origins: ['https://x.example/path']\n", "no origin"),
        ("  url: https://b.example\n  origins: ['*']\n", "no origin"),
        ("  url: https://b.example\n  subscription: {token_file: a, token_env: B}\n", "either token_file or token_env"),
        ("  url: https://b.example\n  subscription: {token_file: a, criteria: 'Encounter? x'}\n", "without blanks"),
        ("  url: https://b.example\n  answer_ms: 60000\n", "answer_ms"),
        ("  subscription: {token_file: a}\n", "url is missing"),
    ],
)
def test_it_is_refused_with_its_line(tmp_path: Path, hooks: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        load(tmp_path, hooks)
    assert "s.yaml:" in str(caught.value)


@pytest.mark.parametrize(
    ("hosts", "said"),
    [
        ("hosts: {main: {kind: folder, folder: x, zone: America/Denver}}\n", "is a folder"),
        ("hosts: {main: {kind: fhir, url: https://ehr.example.org/fhir}}\n", "no time zone"),
        ("hosts: {}\n", "no host is configured"),
    ],
)
def test_a_client_means_a_host_that_can_be_asked(tmp_path: Path, hosts: str, said: str) -> None:
    settings = load(tmp_path, f"  url: https://b.example\n  clients: {{emr: {{{CLIENT}}}}}\n", hosts)
    with pytest.raises(SettingsError, match=said):
        mount(FastAPI(), settings, MemoryJobs())  # type: ignore[arg-type]


def test_without_settings_nothing_is_mounted(tmp_path: Path) -> None:
    settings = load(tmp_path, "  url: https://b.example\n")
    app = FastAPI(openapi_url=None)
    before = len(app.routes)
    mount(app, settings, MemoryJobs())()  # type: ignore[arg-type]
    assert len(app.routes) == before
