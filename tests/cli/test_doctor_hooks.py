"""What ``doctor`` says of CDS Hooks and notices."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hooks.calling import jwks
from massage_billing.cli.doctor_hooks import examine_hooks
from massage_billing.settings import load_settings

HOSTS = "hosts: {main: {kind: fhir, url: https://ehr.example.org/fhir, zone: America/Denver}}\n"
HOOKS = """\
hooks:
  url: https://billing.example.org
  clients: {emr: {issuer: x, jwks_file: keys.json}}
  subscription: {token_file: notice}
serve: {every: 1h}
workbench: {public_url: https://billing.example.org}
"""


def found(folder: Path, text: str = HOSTS + HOOKS) -> dict[str, str]:
    (folder / "s.yaml").write_text(text)
    return {one.about: one.state for one in examine_hooks(load_settings(folder / "s.yaml"))}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "keys.json").write_text(json.dumps(jwks()))
    (tmp_path / "notice").write_text("a-secret-that-nobody-can-guess-012345")
    return tmp_path


def test_all_is_well(folder: Path) -> None:
    assert found(folder) == {"hooks.clients.emr": "ok", "hooks.subscription": "ok", "hooks.url": "ok"}


def test_nothing_is_said_of_what_is_off(folder: Path) -> None:
    assert found(folder, HOSTS) == {}


@pytest.mark.parametrize(
    ("old", "new", "about", "state"),
    [
        ("keys.json", "none.json", "hooks.clients.emr", "missing"),
        ("token_file: notice", "token_file: none", "hooks.subscription", "missing"),
        ("serve: {every: 1h}\n", "", "serve.every", "warning"),
        ("public_url: https://billing.example.org", "public_url: https://other.example.org", "hooks.url", "missing"),
        (", zone: America/Denver", "", "hooks.clients.emr", "missing"),
        ("{main:", "{other: {kind: folder, folder: x}, main:", "hooks.clients.emr", "missing"),
    ],
)
def test_what_is_missing_is_named(folder: Path, old: str, new: str, about: str, state: str) -> None:
    assert found(folder, (HOSTS + HOOKS).replace(old, new, 1))[about] == state
