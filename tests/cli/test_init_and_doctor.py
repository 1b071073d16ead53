"""``init`` writes settings that can be read again and overwrites nothing; ``doctor`` names all that is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from massage_billing.auth_settings import SmartAuth
from massage_billing.cli.main import cli
from massage_billing.clinic_files import load_fees
from massage_billing.clinic_payers import load_payers
from massage_billing.settings import load_settings

from .conftest import Call

ALL = [
    *("--name", 'Cedar "Lane" Massage', "--npi", "1245319599", "--tin", "12-3456789", "--group"),
    *("--host-id", "ehr", "--kind", "fhir", "--host", "https://ehr.example.org/fhir", "--auth", "smart"),
    *("--client-id", "abc", "--key-file", "private.pem", "--zone", "America/Denver", "--start", "2026-12-01"),
    *("--place-of-service", "11", "--write-as", "draft"),
]


def test_init_writes_what_the_options_say_and_asks_nothing(
    tmp_path: Path, mb: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert mb("init", "--yes", "--folder", str(tmp_path), *ALL).code == 0
    settings = load_settings(tmp_path / "massage-billing.yaml")
    host = settings.host("ehr")
    assert settings.clinic.name == 'Cedar "Lane" Massage'
    assert (settings.clinic.npi, settings.clinic.tin, settings.clinic.solo) == ("1245319599", "12-3456789", False)
    assert isinstance(host.auth, SmartAuth)
    assert (host.auth.client_id, host.auth.key_file) == ("abc", tmp_path / "private.pem")
    assert str(host.billing.start) == "2026-12-01"
    assert (host.zone, host.place_of_service, host.claims.write_as) == ("America/Denver", "11", "draft")
    assert load_payers(tmp_path / "payers.yaml") == ()
    assert load_fees(tmp_path / "fees.csv") == ()


@pytest.mark.parametrize("name", ["massage-billing.yaml", "payers.yaml", "fees.csv"])
def test_init_overwrites_nothing(tmp_path: Path, mb: Call, name: str) -> None:
    (tmp_path / name).write_text("mine", encoding="utf-8")
    answer = mb("init", "--yes", "--folder", str(tmp_path), *ALL)
    assert answer.code == 3
    assert f"{tmp_path / name} exist already" in answer.err
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--npi", "1234567890"], "is not an NPI"),
        (["--zone", "Pacific"], "is no IANA time zone"),
        (["--start", "soon"], "hosts.ehr.billing.start"),
        (["--host", "ftp://ehr"], "must be an http or https URL"),
        (["--host-id", "my ehr"], "has characters it may not have"),
    ],
)
def test_init_writes_nothing_that_could_not_be_read_again(
    tmp_path: Path, mb: Call, wrong: list[str], said: str
) -> None:
    answer = mb("init", "--yes", "--folder", str(tmp_path), *ALL, *wrong)
    assert answer.code == 3
    assert said in answer.err
    assert list(tmp_path.iterdir()) == []


def test_init_without_a_host_says_so(tmp_path: Path, mb: Call) -> None:
    answer = mb("init", "--yes", "--folder", str(tmp_path))
    assert answer.code == 3
    assert "No host is named." in answer.err


def test_init_of_a_folder_host_keeps_a_path_that_leads_there(
    tmp_path: Path, mb: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "export").mkdir()
    monkeypatch.chdir(tmp_path)
    assert mb("init", "--yes", "--folder", "config", "--host", "export", "--kind", "folder").code == 0
    folder = load_settings(tmp_path / "config/massage-billing.yaml").host().folder
    assert folder is not None
    assert folder.resolve() == tmp_path / "export"


def test_init_asks_for_what_no_option_says(tmp_path: Path) -> None:
    conversation = [
        ("Which sort of EHR", "fhir"),
        ("Its FHIR base URL", "https://ehr.example.org/fhir"),
        ("How is it logged in to", "bearer"),
        ("A short name for it", ""),
        ("Time zone", "America/Denver"),
        ("First date of service", "2026-12-01"),
        ("Name of the clinic", "Cedar Lane"),
        ("Billing NPI", ""),
        ("Tax id", ""),
        ("Solo practice", "y"),
        ("Place of service", ""),
        ("Does your record have them in extension", "n"),
        ("Does your record have them in observation", "y"),
        ("Does your record have them in period", "n"),
        ("Code of an Observation", "http://loinc.org|55411-3"),
        ("Code of an Observation", ""),
        ("A payer's short name", "blue"),
        ("What kind of insurance", ""),
        ("unitedhealthcare: ", "commercial-midpoint"),
        ("The payer on your EHR", "Organization/9"),
        ("Days to file", "180"),
        ("A payer's short name", "comp"),
        ("What kind of insurance", "workers-compensation"),
        ("wa-lni: ", "cms-total-time"),
        ("The payer on your EHR", "00123"),
        ("Days to file", ""),
        ("A payer's short name", ""),
        ("97010", ""),
        ("97110", ""),
        ("97112", ""),
        ("97124", "35"),
        ("97140", "41.50"),
        ("Write Claims as", ""),
    ]
    typed = "".join(f"{answer}\n" for _, answer in conversation)
    done = CliRunner().invoke(cli, ["init", "--folder", str(tmp_path)], input=typed)
    assert done.exit_code == 0, done.output
    of_comp = done.output.rpartition("What kind of insurance")[2]
    assert "unitedhealthcare" not in of_comp
    rest = done.output
    for question, _ in conversation:
        assert question in rest
        rest = rest.split(question, 1)[1]
    settings = load_settings(tmp_path / "massage-billing.yaml")
    host = settings.host("main")
    assert (host.auth.kind, host.zone, host.claims.write_as) == ("bearer", "America/Denver", "active")
    assert host.minutes.sources == ("observation",)
    assert [(one.system, one.code) for one in host.minutes.observations] == [("http://loinc.org", "55411-3")]
    assert settings.clinic.solo
    blue, comp = load_payers(tmp_path / "payers.yaml")
    assert (blue.key, blue.policy, blue.references, blue.filing_days) == (
        "blue",
        "commercial-midpoint",
        {"Organization/9"},
        180,
    )
    assert (comp.kind, comp.payer_id, comp.filing_days) == ("workers-compensation", "00123", None)
    assert [(fee.code, str(fee.amount), str(fee.since)) for fee in load_fees(tmp_path / "fees.csv")] == [
        ("97124", "35.00", "2026-12-01"),
        ("97140", "41.50", "2026-12-01"),
    ]


def test_init_uses_the_clinic_s_own_files_where_they_are(
    tmp_path: Path, mb: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text("payers: []\n", encoding="utf-8")
    (tmp_path / "mine.csv").write_text("code,modifier,payer,from,amount\n", encoding="utf-8")
    own = ("--payers", "mine.yaml", "--fees", "mine.csv")
    assert mb("init", "--yes", "--folder", "config", *ALL, *own).code == 0
    assert [path.name for path in (tmp_path / "config").iterdir()] == ["massage-billing.yaml"]
    settings = load_settings(tmp_path / "config/massage-billing.yaml")
    assert settings.clinic.payers is not None
    assert settings.clinic.payers.resolve() == tmp_path / "mine.yaml"
    assert settings.clinic.fees is not None
    assert settings.clinic.fees.resolve() == tmp_path / "mine.csv"
    host = settings.host()
    assert isinstance(host.auth, SmartAuth)
    assert host.auth.key_file.resolve() == tmp_path / "private.pem"
    answer = mb("init", "--yes", "--folder", "other", *ALL, "--payers", "none.yaml")
    assert answer.code == 3
    assert "none.yaml: there is no such file" in answer.err


def test_init_writes_the_prices_and_minute_codes_that_options_say(tmp_path: Path, mb: Call) -> None:
    more = ("--price", "97124=35", "--minutes", "observation", "--minutes-code", "urn:local|min")
    assert mb("init", "--yes", "--folder", str(tmp_path), *ALL, *more).code == 0
    (fee,) = load_fees(tmp_path / "fees.csv")
    assert (fee.code, str(fee.amount)) == ("97124", "35.00")
    minutes = load_settings(tmp_path / "massage-billing.yaml").host().minutes
    assert (minutes.sources, minutes.observations[0].code) == (("observation",), "min")
    assert mb("init", "--yes", "--folder", str(tmp_path / "a"), *ALL, "--price", "97124").code == 2
    assert mb("init", "--yes", "--folder", str(tmp_path / "a"), *ALL, "--minutes-code", "min").code == 2
    wrong = mb("init", "--yes", "--folder", str(tmp_path / "a"), *ALL, "--price", "97124=$35")
    assert "fees.csv:2: amount '$35' is no price" in wrong.err
    assert not (tmp_path / "a").exists()


def test_openemr_is_set_to_draft(tmp_path: Path, mb: Call) -> None:
    mb("init", "--yes", "--folder", str(tmp_path), "--kind", "openemr", "--host", "https://ehr.example.org/fhir")
    assert load_settings(tmp_path / "massage-billing.yaml").host().claims.write_as == "draft"


# --- doctor ---------------------------------------------------------------------------------------------------------


def found(mb: Call, *more: str) -> tuple[int, dict[str, tuple[str, str]]]:
    """(exit code, what was found by what it is about: state, words)."""
    answer = mb("doctor", "--json", *more)
    checks = json.loads(answer.out)["checks"]
    return answer.code, {check["about"]: (check["state"], check["found"]) for check in checks}


def test_doctor_finds_nothing_missing_where_nothing_is(clinic: Path, mb: Call) -> None:
    code, checks = found(mb)
    assert code == 0
    assert {about for about, (state, _) in checks.items() if state == "missing"} == set()
    assert checks["clinic.payers"] == ("ok", "1 payer")
    assert checks["clinic.fees"] == ("ok", "1 price for 97124")
    assert checks["hosts.main.zone"] == ("ok", "America/Los_Angeles")
    assert "Nothing is missing" in mb("doctor").out


NO_TOKEN = "{kind: bearer, token_env: MB_NO_SUCH}"
NO_CLIENT = "{kind: smart, client_id: CLIENT_ID, key_file: fees.csv}"


def change(clinic: Path, old: str, new: str, name: str = "massage-billing.yaml") -> None:
    file = clinic / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "about", "state"),
    [
        ('  npi: "1245319599"\n', "", "clinic.npi", "missing"),
        ("  tin: 12-3456789\n", "", "clinic.tin", "missing"),
        ("  name: Cedar Lane Massage\n", "", "clinic.name", "warning"),
        ("    zone: America/Los_Angeles\n", "", "hosts.main.zone", "missing"),
        ("    billing: {start: 2026-11-01}\n", "", "hosts.main.billing.start", "missing"),
        ('    place_of_service: "11"\n', "", "hosts.main.place_of_service", "warning"),
        ("payers: payers.yaml", "payers: other.yaml", "clinic.payers", "missing"),
        ("  payers: payers.yaml\n", "", "clinic.payers", "missing"),
        ("  fees: fees.csv\n", "", "clinic.fees", "missing"),
        ("    zone:", "    auth: {kind: bearer, token_env: MB_NO_SUCH}\n    zone:", "hosts.main.auth", "missing"),
        (
            "    zone:",
            "    auth: {kind: smart, client_id: CLIENT_ID, key_file: fees.csv}\n    zone:",
            "hosts.main.auth",
            "missing",
        ),
        ("  folder: state\n", "  folder: fees.csv/state\n", "state.folder", "missing"),
        ("  folder: state\n", "  database_env: MB_NO_SUCH\n", "state.database_env", "missing"),
    ],
)
def test_doctor_names_what_is_missing(clinic: Path, mb: Call, old: str, new: str, about: str, state: str) -> None:
    change(clinic, old, new)
    code, checks = found(mb)
    assert checks[about][0] == state
    assert code == (3 if state == "missing" else 0)


def test_doctor_knows_the_policies_of_the_rulebook(clinic: Path, mb: Call) -> None:
    change(clinic, "commercial-midpoint", "commercial-mitpoint", "payers.yaml")
    code, checks = found(mb)
    assert (code, checks["payer blue"][0]) == (3, "missing")
    assert "no policy commercial-mitpoint" in checks["payer blue"][1]


def test_doctor_says_that_a_payer_cannot_have_what_counts_for_patients(clinic: Path, mb: Call) -> None:
    change(clinic, "commercial-midpoint", "self-pay", "payers.yaml")
    code, checks = found(mb)
    assert (code, checks["payer blue"][0]) == (3, "missing")
    assert "no policy self-pay" in checks["payer blue"][1]
    change(clinic, "kind: health", "kind: self-pay", "payers.yaml")
    assert "payer blue" not in found(mb)[1]


def test_doctor_says_when_others_may_read_a_secret(clinic: Path, mb: Call) -> None:
    change(clinic, "    zone:", "    auth: {kind: bearer, token_file: token}\n    zone:")
    token = clinic / "token"
    token.write_text("hush", encoding="utf-8")
    token.chmod(0o644)
    code, checks = found(mb)
    assert code == 0
    assert "others on this machine may read" in json.dumps(mb("doctor", "--json").out)
    assert "hush" not in mb("doctor").out
    token.chmod(0o600)
    assert "others on this machine" not in mb("doctor").out
    assert checks["hosts.main.auth"] == ("ok", "bearer")


def test_doctor_stops_at_settings_that_cannot_be_read(clinic: Path, mb: Call) -> None:
    change(clinic, "kind: fhir", "kind: fax")
    answer = mb("doctor")
    assert answer.code == 3
    assert "massage-billing.yaml:9: hosts.main.kind must be one of" in answer.err
