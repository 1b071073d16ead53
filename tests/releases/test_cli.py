"""``rules import`` as a clinic uses it: load a quarter, and visits from its first day on are decided by it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import builders
from massage_billing.cli import main
from releases.making import LICENSED, mue, ptp, write

NEW_PAIRS = [
    ("97012", "97140", "20010101", "*", "1"),
    ("97140", "97124", "19960101", "20261001", "0"),
    ("97140", "97530", "20261001", "*", "0"),
]
PTP = "ccipra-v323r0.txt"
SETTINGS = """\
clinic:
  name: Cedar Lane Massage
  npi: "1245319599"
  tin: 12-3456789
  payers: payers.yaml
  fees: fees.csv
hosts:
  main:
    kind: folder
    folder: visits
    zone: America/Denver
    place_of_service: "11"
    billing: {start: 2026-01-01, settle: 0}
state:
  folder: state
"""
PAYERS = """\
payers:
  - key: blue
    kind: health
    policy: cms-total-time
    filing_days: 365
    match: {references: [Organization/o2]}
"""
FEES = "code,modifier,payer,from,amount\n97124,,,2026-01-01,35.00\n97140,,,2026-01-01,40.00\n"


class Clinic:
    """A clinic in a folder, and the command line in it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def call(self, *arguments: str | Path) -> tuple[int, str, str]:
        """Exit code, what was printed, and what was said beside it."""
        code = main.run([str(one) for one in arguments])
        printed = self._capsys.readouterr()
        return code, printed.out, printed.err

    def json(self, *arguments: str | Path) -> Any:
        code, out, err = self.call(*arguments, "--json")
        assert code == 0, err
        return json.loads(out)

    def visits(self, days: dict[str, str], minutes: tuple[int, int] = (30, 15)) -> None:
        """A visit with manual therapy and massage on each of these days, by Encounter id."""
        resources = [r for r in builders.sound() if r["resourceType"] not in ("Encounter", "Procedure")]
        for id, day in days.items():
            when = builders.period(builders.at("10:00", day), builders.at("11:00", day))
            resources.append(builders.encounter(id, period=when))
            for place, code in enumerate(("97140", "97124")):
                at = builders.at("10:00", day)
                more = {"encounter": builders.ref(f"Encounter/{id}"), "performedDateTime": at}
                resources.append(builders.procedure(f"{id}-{place}", code, minutes[place], **more))
        resources.append({"resourceType": "Patient", "id": "p1", "gender": "unknown", "birthDate": "1990-01-01"})
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in resources]}
        (self.folder / "visits").mkdir(exist_ok=True)
        write(self.folder / "visits", "visits.json", json.dumps(bundle))


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Clinic:
    for name, text in (("massage-billing.yaml", SETTINGS), ("payers.yaml", PAYERS), ("fees.csv", FEES)):
        write(tmp_path, name, text)
    monkeypatch.chdir(tmp_path)
    for name in ("MASSAGE_BILLING_SETTINGS", "MASSAGE_BILLING_STATE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    return Clinic(tmp_path, capsys)


def pair_lines(found: list[Any]) -> dict[str, tuple[str, list[str]]]:
    """By day of the visit: the row that judged the pairs, and the codes billed."""
    told = {}
    for one in found:
        [finding] = [f for f in one["findings"] if f["rule"] == "ncci-pairs"]
        told[one["visit"]["date"]] = (finding["row"], [line["code"] for line in one["lines"]])
    return told


def test_visits_are_decided_by_the_release_of_their_date(clinic: Clinic) -> None:
    clinic.visits({"e1": "2026-09-30", "e2": "2026-10-01", "e3": "2026-12-01"})
    explain = ("explain", "visits", "--payer-policy", "cms-total-time", "--host", "main")
    before = pair_lines(clinic.json(*explain))
    assert set(map(str, before.values())) == {str(("97140/97124", ["97140"]))}
    code, out, _ = clinic.call("rules", "import", write(clinic.folder, PTP, ptp(NEW_PAIRS)))
    assert code == 0
    assert "ncci-ptp-2026-10-01 is new, known through 2026-12-31." in out
    assert "    97124  pair no longer holds 97140/97124 (was 0)\n" in out
    after = pair_lines(clinic.json(*explain))
    assert after["2026-09-30"] == before["2026-09-30"]
    assert after["2026-10-01"] == ("2026-10-01", ["97124", "97140"])
    assert after["2026-12-01"] == ("2026-10-01", ["97124", "97140"])


def test_an_import_wakes_the_holds_it_answers(clinic: Clinic) -> None:
    clinic.visits({"e1": "2026-09-29", "e2": "2026-10-02"}, (15, 45))
    first = clinic.json("run")
    assert (first["holds"], first["claims"]) == (2, 0)
    assert clinic.json("run")["visits"] == 0
    clinic.call("rules", "import", write(clinic.folder, PTP, ptp(NEW_PAIRS)))
    again = clinic.json("run")
    assert again["claims"] == 1
    assert [(one["encounter"], one["outcome"]) for one in again["per_visit"]] == [("e1", "hold"), ("e2", "claim")]
    clinic.call("rules", "import", "--remove", "ncci-ptp-2026-10-01")
    assert clinic.json("rules", "import", "--list")["releases"] == []


def test_only_the_codes_the_clinic_bills_are_told(clinic: Clinic) -> None:
    pairs = [*NEW_PAIRS, ("97150", "97113", "20261001", "20261001", "9")]
    found = clinic.json("rules", "import", "--dry-run", write(clinic.folder, PTP, ptp(pairs)))
    assert found["codes"] == ["97124", "97140"]
    assert {change["code"] for change in found["releases"][0]["changes"]} == {"97124", "97140"}
    assert found["dry_run"] is True
    assert clinic.json("rules", "import", "--list")["releases"] == []


def test_codes_of_past_visits_count_as_billed(clinic: Clinic) -> None:
    clinic.visits({"e1": "2026-09-30"})
    write(clinic.folder, "fees.csv", FEES + "97112,,,2026-01-01,38.00\n")
    assert clinic.json("run")["claims"] == 1
    write(clinic.folder, "fees.csv", "code,modifier,payer,from,amount\n97112,,,2026-01-01,38.00\n")
    found = clinic.json("rules", "import", "--dry-run", write(clinic.folder, PTP, ptp(NEW_PAIRS)))
    assert found["codes"] == ["97112", "97140"]


def test_without_settings_every_known_code_is_told(clinic: Clinic) -> None:
    (clinic.folder / "massage-billing.yaml").unlink()
    found = clinic.json("rules", "import", write(clinic.folder, PTP, ptp(NEW_PAIRS)))
    assert len(found["codes"]) > 50
    assert (clinic.folder / "xdg" / "massage-billing" / "rulebook" / "releases" / "releases.json").is_file()


def test_a_release_is_listed_and_taken_out(clinic: Clinic) -> None:
    code, out, _ = clinic.call("rules", "import", "--list")
    assert (code, out) == (0, "No release is loaded; the rules that ship are used.\n")
    limits = write(clinic.folder, "limits.csv", mue([("97124", 3, "3")]))
    assert clinic.call("rules", "import", "--from", "2026-10-01", limits)[0] == 0
    listed = clinic.call("rules", "import", "--list")[1]
    assert "mue-2026-10-01" in listed
    assert "limits.csv (SHA-256 " in listed
    assert "already" in clinic.call("rules", "import", "--from", "2026-10-01", limits)[1]
    assert "is taken out" in clinic.call("rules", "import", "--remove", "mue-2026-10-01")[1]
    code, _, err = clinic.call("rules", "import", "--remove", "mue-2026-10-01")
    assert code == 8
    assert "loaded: none" in err


def test_doctor_names_what_is_loaded(clinic: Clinic) -> None:
    clinic.visits({"e1": "2026-09-30"})
    clinic.call("rules", "import", write(clinic.folder, PTP, ptp(NEW_PAIRS)))
    out = clinic.call("doctor")[1]
    assert "rules ncci-ptp-2026-10-01: known through 2026-12-31" in out
    index = clinic.folder / "state" / "rulebook" / "releases" / "releases.json"
    index.write_text(index.read_text().replace('"97124",', ""))
    told = "was loaded before the rulebook knew 97124"
    assert told in clinic.call("doctor")[1]
    assert "load it again; the rulebook has come to know 97124" in clinic.call("rules", "import", "--list")[1]


@pytest.mark.parametrize("arguments", [(), ("--list", "--remove", "x"), ("--list", "a.txt"), ("--from", "soon", "a")])
def test_wrong_use_is_told(clinic: Clinic, arguments: tuple[str, ...]) -> None:
    assert clinic.call("rules", "import", *arguments)[0] == 2


def test_a_refused_file_ends_with_8_and_says_file_line_and_reason(clinic: Clinic) -> None:
    bad = write(clinic.folder, PTP, ptp([*NEW_PAIRS[:2], ("97140", "97530", "20261001", "*", "3")]))
    code, _, err = clinic.call("rules", "import", bad)
    assert code == 8
    assert f'Error: {PTP}:9: "3" is no modifier indicator: 0, 1 or 9' in err
    assert "Nothing was loaded." in err


def test_a_damaged_release_can_be_loaded_again(clinic: Clinic) -> None:
    clinic.visits({"e1": "2026-10-02"})
    file = write(clinic.folder, PTP, ptp(NEW_PAIRS))
    clinic.call("rules", "import", file)
    kept = next((clinic.folder / "state" / "rulebook" / "releases").glob("ncci*"))
    kept.write_text("spoiled")
    code, _, err = clinic.call("run")
    assert code == 6
    assert "was changed after it was loaded; load the release again" in err
    code, _, err = clinic.call("rules", "import", "--remove", "ncci-ptp-2026-10-01")
    assert code == 0
    assert clinic.call("rules", "import", file)[0] == 0
    assert clinic.json("run")["claims"] == 1


def words(clinic: Clinic) -> Callable[[], str]:
    """Everything the program wrote to the host's folder, and its store's bytes."""

    def read() -> str:
        out = clinic.folder / "visits" / "billing-out"
        written = [file for folder in (out, clinic.folder / "state") for file in folder.rglob("*") if file.is_file()]
        return "".join(file.read_bytes().decode("latin-1") for file in written if "rulebook" not in file.parts)

    return read


def test_licensed_descriptors_are_in_nothing_that_is_written(clinic: Clinic) -> None:
    clinic.visits({"e1": "2026-09-30", "e2": "2026-10-02"})
    assert clinic.call("rules", "import", write(clinic.folder, "cpt.txt", LICENSED["tab"]))[0] == 0
    report = clinic.json("run")
    assert report["claims"] == 2
    assert "invented words" not in json.dumps(report)
    written = words(clinic)()
    assert "97140" in written
    assert "invented words" not in written


def test_licensed_descriptors_are_shown_on_the_screen(clinic: Clinic) -> None:
    clinic.visits({"e1": "2026-10-02"})
    shown = ("rules", "show", "billable-code", "--code", "97124")
    assert "massage" in clinic.call(*shown)[1]
    clinic.call("rules", "import", write(clinic.folder, "cpt.txt", LICENSED["tab"]))
    assert "invented words of one code" in clinic.call(*shown)[1]
    assert "other words" in clinic.call("explain", "visits", "--payer-policy", "cms-total-time", "--host", "main")[1]
    page = clinic.folder / "page.html"
    assert clinic.call(*shown, "--output", page)[0] == 0
    assert "invented words" not in page.read_text()


def test_it_runs_as_its_own_process(clinic: Clinic) -> None:
    file = write(clinic.folder, PTP, ptp(NEW_PAIRS))
    command = [sys.executable, "-m", "massage_billing", "rules", "import", "--json", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ, cwd=clinic.folder)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["releases"][0]["release"] == "ncci-ptp-2026-10-01"
