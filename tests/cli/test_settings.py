"""Settings: one YAML file, typed; what is wrong is named with file, line and key; secrets are never in it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from massage_billing.auth_settings import BearerAuth, SmartAuth
from massage_billing.errors import SettingsError
from massage_billing.model import MinuteSource
from massage_billing.setting_types import npi_is_valid
from massage_billing.settings import (
    HostKind,
    Settings,
    ad_hoc_host,
    find_settings,
    load_settings,
)

GOOD = """\
clinic:
  name: Cedar Lane Massage
  npi: 1245319599
  tin: 12-3456789
  payers: payers.yaml
  fees: /srv/fees.csv
hosts:
  main:
    kind: fhir
    url: https://ehr.example.org/fhir/
    auth: {kind: smart, client_id: abc, key_file: keys/private.pem, algorithm: ES384}
    zone: America/Los_Angeles
    place_of_service: 11
    billing:
      start: 2026-11-01
      settle: 90m
    claims: {write_as: draft}
    minutes:
      sources: [period]
    sites:
      L2: {zone: America/Denver, place_of_service: 12}
    timeouts: {connect: 5, read: 2m}
  files:
    kind: folder
    folder: ./visits
validate: {schema: true, model: no}
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "massage-billing.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_every_key_is_typed(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, GOOD))
    host = settings.host("main")
    assert host.kind is HostKind.FHIR
    assert host.id == "main"
    assert host.url == "https://ehr.example.org/fhir"
    assert isinstance(host.auth, SmartAuth)
    assert host.auth.key_file == tmp_path / "keys/private.pem"
    assert host.billing.start == date(2026, 11, 1)
    assert host.billing.settle == timedelta(minutes=90)
    assert host.billing.no_charge_capture == timedelta(hours=48)
    assert host.claims.write_as == "draft"
    assert host.minutes.sources == (MinuteSource.PERIOD,)
    assert host.place_of_service == "11"
    assert host.sites["L2"].place_of_service == "12"
    assert (host.timeouts.connect, host.timeouts.read) == (timedelta(seconds=5), timedelta(minutes=2))
    assert settings.clinic.npi == "1245319599"
    assert settings.clinic.payers == tmp_path / "payers.yaml"
    assert settings.clinic.fees == Path("/srv/fees.csv")
    assert settings.validate_.schema_
    assert not settings.validate_.model
    assert settings.source == tmp_path / "massage-billing.yaml"


def test_a_host_is_found_by_id_url_or_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(write(tmp_path, GOOD))
    monkeypatch.chdir(tmp_path)
    assert settings.host("https://ehr.example.org/fhir").id == "main"
    assert settings.host("visits").id == "files"
    with pytest.raises(SettingsError, match="several hosts are configured: main, files"):
        settings.host()
    with pytest.raises(SettingsError, match="no host elsewhere"):
        settings.host("elsewhere")


def test_the_only_host_needs_no_name() -> None:
    only = ad_hoc_host("https://ehr.example.org/fhir")
    assert Settings(hosts={"main": only}).host() is only
    with pytest.raises(SettingsError, match="no host is configured"):
        Settings().host()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hosts:\n  a:\n    kind: ftp\n", ":3: hosts.a.kind must be one of 'fhir', 'openemr' or 'folder'."),
        ("hosts:\n  a:\n    kind: fhir\n", ":2: hosts.a: a host of kind fhir needs url, and no folder."),
        ("hosts:\n  a: {kind: folder, url: 'http://x'}\n", ":2: hosts.a: a folder host needs folder, and no url."),
        (
            "hosts:\n  a:\n    kind: folder\n    folder: x\n    zone: Pacific\n",
            ":5: hosts.a.zone: 'Pacific' is no",
        ),
        ("hosts:\n  a:\n    kind: folder\n    folder: x\n    colour: red\n", ":5: hosts.a.colour is not a setting."),
        ("hosts:\n  a/b:\n    kind: folder\n    folder: x\n", "hosts.a/b.id has characters it may not have"),
        ("hosts:\n  unconfigured:\n    kind: folder\n    folder: x\n", ":2: a host may not be called unconfigured."),
        ("clinic:\n  npi: 1234567890\n", ":2: clinic.npi: is not an NPI"),
        ("clinic:\n  tin: 12345\n", ":2: clinic.tin: is not a tax id"),
        ("clinic:\n  name: A\n  solo: no\n  name: B\n", ":4: clinic.name is given twice, first on line 2."),
        ("clinic: [a]\n", ":1: clinic"),
        ("clinic:\n\tname: A\n", ":2: is not YAML"),
        ("- a\n", ":1: must hold keys and values."),
        ("a: &a [*a]\n", "is nested too deeply"),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_key(tmp_path: Path, text: str, said: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        load_settings(file)
    assert str(file) in caught.value.what
    assert said in caught.value.what
    assert caught.value.exit_code == 3


def test_everything_wrong_is_named_at_once(tmp_path: Path) -> None:
    file = write(tmp_path, "clinic:\n  npi: 1\n  tin: 2\nhosts:\n  a: {kind: fhir, url: ftp://x}\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(file)
    assert [line.split(":")[1] for line in caught.value.what.splitlines()] == ["2", "3", "5"]


@pytest.mark.parametrize("name", ["token", "secret", "password", "client_secret"])
def test_a_secret_in_the_file_is_refused_and_not_repeated(tmp_path: Path, name: str) -> None:
    text = f"hosts:\n  a:\n    kind: fhir\n    url: https://x.example\n    auth: {{kind: bearer, {name}: hush-hush}}\n"
    with pytest.raises(SettingsError, match="secrets are not written into settings") as caught:
        load_settings(write(tmp_path, text))
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        ("https://ehr.example.org/fhir", True),
        ("http://127.0.0.1:8080/fhir", True),
        ("http://[::1]:8080/fhir", True),
        ("http://localhost:8080/fhir", True),
        ("http://ehr.example.org/fhir", False),
        ("http://10.0.0.7/fhir", False),
    ],
)
def test_credentials_go_only_over_https_or_stay_on_this_machine(tmp_path: Path, url: str, fine: bool) -> None:
    text = f"hosts:\n  a:\n    kind: fhir\n    url: '{url}'\n    auth: {{kind: bearer, token_env: T}}\n"
    file = write(tmp_path, text)
    if fine:
        assert load_settings(file).host().url == url
    else:
        with pytest.raises(SettingsError, match="credentials are only sent over https"):
            load_settings(file)


def test_a_url_with_a_password_in_it_is_refused_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no user name, password") as caught:
        load_settings(write(tmp_path, "hosts:\n  a: {kind: fhir, url: 'https://me:hush@ehr.example.org'}\n"))
    assert "hush" not in str(caught.value)


def test_a_token_is_read_from_its_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "token"
    file.write_text(" abc\n", encoding="utf-8")
    assert BearerAuth(token_file=file).token() == "abc"
    monkeypatch.setenv("MB_TEST_TOKEN", "xyz")
    assert BearerAuth(token_env="MB_TEST_TOKEN").token() == "xyz"
    monkeypatch.delenv("MB_TEST_TOKEN")
    with pytest.raises(SettingsError, match="MB_TEST_TOKEN is not set"):
        BearerAuth(token_env="MB_TEST_TOKEN").token()
    file.write_text("\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="is empty"):
        BearerAuth(token_file=file).token()
    with pytest.raises(ValueError, match="either token_file or token_env"):
        BearerAuth()


def test_the_settings_file_is_looked_for_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MASSAGE_BILLING_SETTINGS", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert find_settings() is None
    home = tmp_path / "config/massage-billing"
    home.mkdir(parents=True)
    at_home = write(home, "clinic: {}\n")
    assert find_settings() == at_home
    write(tmp_path, "clinic: {}\n")
    assert find_settings() == Path("massage-billing.yaml")
    monkeypatch.setenv("MASSAGE_BILLING_SETTINGS", "/etc/mb.yaml")
    assert find_settings() == Path("/etc/mb.yaml")
    assert find_settings(Path("given.yaml")) == Path("given.yaml")


def test_a_settings_file_asked_for_by_name_must_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no such file"):
        load_settings(tmp_path / "none.yaml")
    with pytest.raises(SettingsError, match="is a folder"):
        load_settings(tmp_path)


def test_the_state_folder_comes_from_the_environment_the_settings_or_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MASSAGE_BILLING_STATE", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert Settings().state_folder() == tmp_path / "massage-billing"
    settings = load_settings(write(tmp_path, "state:\n  folder: kept\n"))
    assert settings.state_folder() == tmp_path / "kept"
    monkeypatch.setenv("MASSAGE_BILLING_STATE", "/srv/state")
    assert settings.state_folder() == Path("/srv/state")


@pytest.mark.parametrize(
    ("npi", "fine"),
    [
        ("1234567893", True),
        ("1245319599", True),
        ("1234567890", False),
        ("123456789", False),
        ("12345678\uff193", False),
    ],
)
def test_the_check_digit_of_an_npi(npi: str, fine: bool) -> None:
    assert npi_is_valid(npi) is fine
