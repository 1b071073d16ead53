"""``doctor`` names what asking payers still lacks; settings refuse what would tell others of patients."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from massage_billing.errors import SettingsError
from massage_billing.settings import load_settings

from .conftest import PAYERS, SETTINGS, Call

CHANNELS = """\
eligibility:
  channels:
    x12: {kind: x12-core, url: "https://payer.example.org/core", x12: {sender_id: CLINIC, receiver_id: PAYER}}
    box: {kind: x12-folder, out: out, incoming: in, x12: {sender_id: CLINIC, receiver_id: PAYER}}
    house:
      kind: clearinghouse-json
      url: "https://house.example.org"
      mapping: medical-network-v3
      auth: {kind: key, key_env: NO_SUCH_KEY}
"""


def clinic(folder: Path, channels: str = CHANNELS, eligibility: str = "{channel: x12}", tin: bool = True) -> Path:
    settings = SETTINGS if tin else SETTINGS.replace("  tin: 12-3456789\n", "")
    (folder / "massage-billing.yaml").write_text(settings + channels, encoding="utf-8")
    first, _, rest = PAYERS.partition("    policy:")
    (folder / "payers.yaml").write_text(f"{first}    eligibility: {eligibility}\n    policy:{rest}", encoding="utf-8")
    (folder / "fees.csv").write_text("code,modifier,payer,from,amount\n97124,,,2026-01-01,35.00\n", encoding="utf-8")
    return folder / "massage-billing.yaml"


def found(mb: Call, settings: Path) -> dict[str, tuple[str, str]]:
    checks = json.loads(mb("doctor", "--json", "--settings", str(settings)).out)["checks"]
    return {check["about"]: (check["state"], check["found"]) for check in checks if check["state"] != "ok"}


def test_what_is_complete_is_not_complained_about(tmp_path: Path, mb: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_SUCH_KEY", "synthetic")
    faults = found(mb, clinic(tmp_path, eligibility="{channel: x12, name: Blue, payer_id: '00123'}"))
    asking = {about: state for about, (state, _) in faults.items() if about.startswith(("eligibility", "payer"))}
    assert "missing" not in asking.values()
    assert set(asking) <= {"eligibility.channels.box.out", "eligibility.channels.box.incoming"}


def test_who_is_asked_is_named_with_the_channel(tmp_path: Path, mb: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_SUCH_KEY", "synthetic")
    file = clinic(tmp_path, eligibility="{channel: x12, name: Blue, payer_id: '00123'}")
    assert "1 payer asked: blue by x12" in mb("doctor", "--settings", str(file)).out


def test_a_secret_that_is_not_there_is_named(tmp_path: Path, mb: Call) -> None:
    state, said = found(mb, clinic(tmp_path))["eligibility.channels.house.auth"]
    assert state == "missing"
    assert "NO_SUCH_KEY is not set" in said


def test_a_channel_that_is_not_configured_is_named(tmp_path: Path, mb: Call) -> None:
    faults = found(mb, clinic(tmp_path, eligibility="{channel: nobody}"))
    assert any("channel nobody is not in the settings" in said for _, said in faults.values())


@pytest.mark.parametrize("eligibility", ["{channel: nobody}", "{channel: x12}"])
def test_a_payer_that_cannot_be_asked_is_not_said_to_be(tmp_path: Path, mb: Call, eligibility: str) -> None:
    out = mb("doctor", "--settings", str(clinic(tmp_path, eligibility=eligibility))).out
    assert "1 payer asked" not in out
    assert "no payer is asked by them" not in out


def test_x12_without_a_tax_id_is_named(tmp_path: Path, mb: Call) -> None:
    assert found(mb, clinic(tmp_path, tin=False))["clinic.tin"][0] == "missing"


def test_a_mapping_nobody_ships_is_named(tmp_path: Path, mb: Call) -> None:
    faults = found(mb, clinic(tmp_path, CHANNELS.replace("medical-network-v3", "no-such-house")))
    assert "no-such-house" in faults["eligibility.channels.house.mapping"][1]


@pytest.mark.parametrize(
    ("channel", "said"),
    [
        ("{kind: fhir, url: 'http://payer.example.org/fhir'}", "over https only"),
        ("{kind: clearinghouse-json, url: 'https://house.example.org'}", "either mapping or mapping_file"),
        ("{kind: fhir, url: 'https://payer.example.org', auth: {kind: basic, user: me, password: x}}", "secrets"),
        ("{kind: x12-folder, out: o, incoming: i, x12: {sender_id: SEVENTEEN-LETTERS, receiver_id: P}}", "sender_id"),
        ("{kind: telepathy}", "must be one of"),
    ],
)  # fmt: skip
def test_a_channel_that_cannot_be_used_is_refused_with_its_line(tmp_path: Path, channel: str, said: str) -> None:
    file = clinic(tmp_path, f"eligibility:\n  channels:\n    mine: {channel}\n")
    with pytest.raises(SettingsError, match=said) as refused:
        load_settings(file)
    assert f"{file}:{len(SETTINGS.splitlines()) + 3}" in str(refused.value)


def test_asking_without_a_channel_is_refused(tmp_path: Path) -> None:
    from massage_billing.clinic_payers import load_payers

    clinic(tmp_path, eligibility="{ask: ourselves}")
    with pytest.raises(SettingsError, match="needs a channel"):
        load_payers(tmp_path / "payers.yaml")


def test_a_plan_year_and_service_types_are_read(tmp_path: Path) -> None:
    from massage_billing.clinic_payers import load_payers

    clinic(tmp_path, eligibility='{channel: x12, plan_year_start: "07-01", service_types: [PT, "30"], max_age_days: 7}')
    asking = load_payers(tmp_path / "payers.yaml")[0].asking
    assert asking is not None
    assert (asking.plan_year_start, asking.service_types, asking.max_age_days) == ((7, 1), ("PT", "30"), 7)


@pytest.mark.parametrize("name", ["../../box", "a/b", ".hidden", ""])
def test_a_channel_whose_name_would_lead_out_of_the_state_folder_is_refused(tmp_path: Path, name: str) -> None:
    settings = clinic(tmp_path, CHANNELS.replace("    box:", f'    "{name}":'))
    with pytest.raises(SettingsError, match="characters"):
        load_settings(settings)
