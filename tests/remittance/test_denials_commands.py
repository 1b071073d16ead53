"""``denials report`` and ``denials propose`` of a clinic whose claims were put into files and denied."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from claims_answers import era, paid
from claims_clinic import NAMES, Billed
from massage_billing.cli import main
from massage_billing.settings import load_settings

Called = tuple[int, str]


@pytest.fixture
def mb(clinic: Billed, capsys: pytest.CaptureFixture[str]) -> Callable[..., Called]:
    """Call the command line on this clinic."""

    def call(*arguments: str) -> Called:
        code = main.run([*arguments, "--settings", str(clinic.file)])
        return code, capsys.readouterr().out

    return call


def deny(clinic: Billed, reason: str = "288", dollars: str = "20.00") -> str:
    """Deny something of every claim of the payer with most claims to which one code was billed; the payer."""
    claims = clinic.sent()
    ((payer, code), _) = Counter((one.payer, line.code) for one in claims for line in one.lines).most_common(1)[0]
    some = [one for one in claims if one.payer == payer and code in {line.code for line in one.lines}]
    clinic.receive(era(*(paid(one, ("CO", reason, dollars)) for one in some)))
    return payer


def test_the_report_counts_and_names_no_patient(clinic: Billed, mb: Callable[..., Called], tmp_path: Path) -> None:
    payer = deny(clinic)
    code, out = mb("denials", "report")
    assert code == 0
    assert "referral-on-file" in out
    assert payer in out
    page = tmp_path / "page.html"
    code, out = mb("denials", "report", "--json", "--page", str(page))
    told = json.loads(out)
    assert (code, told["schema"]) == (0, "denials/1")
    assert told["by_rule"][0]["name"] == "referral-on-file"
    assert told["by_payer"] == [{**told["by_rule"][0], "name": payer}]
    assert page.stat().st_mode & 0o077 == 0
    text = page.read_text(encoding="utf-8")
    assert told["dollars"] in text.replace(",", "")
    assert not any(name in text or name in out for name in NAMES)
    assert mb("denials", "report", "--page", str(page))[0] == 8
    assert "Nothing was denied." in mb("denials", "report", "--payer", "nobody")[1]
    assert "Nothing was denied." in mb("denials", "report", "--until", "2020-01-01")[1]


def test_what_is_proposed_passes_the_checker_and_is_not_in_use(
    clinic: Billed, mb: Callable[..., Called], tmp_path: Path
) -> None:
    payer = deny(clinic)
    out = tmp_path / "proposed"
    code, told = mb("denials", "propose", "--out", str(out), "--json")
    found = json.loads(told)
    assert (code, found["schema"]) == (0, "denials-propose/1")
    (one,) = found["files"]
    assert one["payer"] == payer
    assert mb("rules", "check", one["file"])[0] == 0
    assert load_settings(clinic.file).rules.own_policies is None
    assert mb("denials", "propose", "--out", str(out))[0] == 8
    code, told = mb("denials", "propose", "--out", str(out), "--force")
    assert code == 0
    assert "Nothing of it is in use" in told
    code, told = mb("denials", "propose", "--out", str(tmp_path / "none"), "--min", "1000")
    assert (code, "Nothing to propose." in told) == (0, True)
    assert not (tmp_path / "none").exists()


def test_the_kind_of_provider_is_asked_of_the_host(clinic: Billed, mb: Callable[..., Called], tmp_path: Path) -> None:
    deny(clinic, "170")
    code, told = mb("denials", "propose", "--out", str(tmp_path / "p"), "--json")
    found = json.loads(told)
    said = [*(one["says"][0] for one in found["files"]), *(one["why"] for one in found["left"])]
    assert code == 0
    assert not any("not on record what kind" in one for one in said), said


def test_the_folder_of_own_policies_is_refused(clinic: Billed, mb: Callable[..., Called]) -> None:
    own = clinic.folder / "policies"
    own.mkdir()
    text = clinic.file.read_text(encoding="utf-8")
    clinic.file.write_text(f"{text}\nrules: {{own_policies: {own}}}\n", encoding="utf-8")
    assert mb("denials", "propose", "--out", str(own))[0] == 8
