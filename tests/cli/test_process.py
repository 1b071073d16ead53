"""The command as a process: what --help may import, a reader that goes away, Ctrl-C, and the demo from end to end."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "massage_billing"]


def environment(folder: Path) -> dict[str, str]:
    """Of a user who has no settings anywhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MASSAGE_BILLING")}
    return {**kept, "PYTHONPATH": str(ROOT / "plugin"), "XDG_CONFIG_HOME": str(folder), "XDG_STATE_HOME": str(folder)}


def call(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which ``demo`` ran once; its output is in first.txt."""
    folder = tmp_path_factory.mktemp("demo")
    answer = call(folder, "demo")
    assert answer.returncode == 0, answer.stderr
    (folder / "first.txt").write_text(answer.stdout, encoding="utf-8")
    return folder


@pytest.mark.parametrize("arguments", [["--help"], ["rules", "--help"], ["rules", "show", "--help"]], ids=" ".join)
def test_help_imports_nothing_heavy(tmp_path: Path, arguments: list[str]) -> None:
    code = (
        f"import sys; from massage_billing.cli.main import run; run({arguments})\n"
        "heavy = {'pydantic', 'rich', 'sqlalchemy', 'requests', 'yaml', 'jinja2', 'fhir', 'jsonschema_rs', 'orjson'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], env=environment(tmp_path), capture_output=True, text=True, check=False
    )
    assert answer.stderr == ""
    assert answer.returncode == 0


def test_the_demo_ends_with_a_table_and_the_paths_of_what_was_written(demo: Path) -> None:
    out = (demo / "first.txt").read_text(encoding="utf-8")
    for said in (
        "Made a synthetic clinic of 40 visits",
        "this run",
        "visits",
        "claims",
        "units",
        "self-pay",
        "held",
        "$",
    ):
        assert said in out
    for name in ("Claim.ndjson", "Provenance.ndjson", "Task.ndjson"):
        (path,) = [line.strip() for line in out.splitlines() if line.strip().endswith(name)]
        assert Path(path).stat().st_size > 0
    rows = {line.split()[0]: line for line in out.splitlines() if line.startswith(" ") and line.split()}
    claims = (demo / "demo-clinic/billing-out/Claim.ndjson").read_text(encoding="utf-8").splitlines()
    assert rows["claims"].split()[1] == str(len(claims))


def test_a_second_demo_writes_nothing_new_and_says_so(demo: Path) -> None:
    out = demo / "demo-clinic/billing-out"
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    answer = call(demo, "demo")
    assert answer.returncode == 0
    assert "Nothing new: nothing was written." in answer.stdout
    assert "so far" in answer.stdout
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_the_line_that_status_prints_bills_the_payer_s_visits_on_the_next_run(demo: Path, tmp_path: Path) -> None:
    shutil.copytree(demo / "demo-clinic", tmp_path / "demo-clinic")
    settings = ("--settings", "demo-clinic/massage-billing.yaml")
    before = json.loads(call(tmp_path, "status", "--json", *settings).stdout)
    (unknown,) = before["unknown_payers"]
    line = unknown["line_to_add"].replace("NAME", "new").replace("POLICY", "cms-total-time")
    with (tmp_path / "demo-clinic/clinic/payers.yaml").open("a", encoding="utf-8") as file:
        file.write(f"  {line}\n")
    report = json.loads(call(tmp_path, "run", "--json", *settings).stdout)
    after = json.loads(call(tmp_path, "status", "--json", *settings).stdout)
    assert report["claims_created"] >= 1
    assert after["unknown_payers"] == []
    assert after["visits"]["claim"] == before["visits"]["claim"] + report["claims_created"]
    assert Decimal(after["billed_dollars"]) > Decimal(before["billed_dollars"])
    assert Decimal(after["held_dollars"]) <= Decimal(before["held_dollars"])


def test_status_and_superbill_of_the_demo(demo: Path) -> None:
    settings = ("--settings", "demo-clinic/massage-billing.yaml")
    status = json.loads(call(demo, "status", "--json", *settings).stdout)
    assert sum(status["visits"].values()) == 40
    explained = json.loads(call(demo, "explain", "demo-clinic", "--json", *settings).stdout)
    (visit, *_) = [one["visit"]["encounter"] for one in explained if one["outcome"] == "self-pay"]
    answer = call(demo, "superbill", visit, "-o", "bill.html", *settings)
    assert answer.returncode == 0, answer.stderr
    page = (demo / "bill.html").read_text(encoding="utf-8")
    assert "Testpatient" in page
    assert "Testtherapist" in page


def test_what_the_table_counts_is_what_explain_decides(demo: Path) -> None:
    settings = ("--settings", "demo-clinic/massage-billing.yaml")
    explained = json.loads(call(demo, "explain", "demo-clinic", "--json", *settings).stdout)
    status = json.loads(call(demo, "status", "--json", *settings).stdout)
    counts: dict[str, int] = {}
    for one in explained:
        counts[one["outcome"]] = counts.get(one["outcome"], 0) + 1
    waiting = status["visits"].pop("waiting", 0)
    assert counts["claim"] == status["visits"]["claim"]
    assert counts["self-pay"] == status["visits"]["self-pay"]
    # A visit that is not finished waits in `run` and is held in `explain`, which knows no time.
    assert counts["hold"] == status["visits"]["hold"] + waiting


def test_explain_without_settings_writes_nothing(demo: Path, tmp_path: Path) -> None:
    clinic = demo / "demo-clinic"
    before = sorted((path, path.stat().st_mtime_ns) for path in clinic.rglob("*"))
    answer = call(tmp_path, "explain", str(clinic), "--payer-policy", "cms-total-time", "--json")
    assert answer.returncode == 0, answer.stderr
    explained = json.loads(answer.stdout)
    assert len(explained) == 40
    assert all(line["charge"] is None for one in explained for line in one["lines"])
    assert sorted((path, path.stat().st_mtime_ns) for path in clinic.rglob("*")) == before
    assert list(tmp_path.iterdir()) == []


def test_no_patient_s_name_is_in_what_run_and_status_print(demo: Path) -> None:
    settings = ("--settings", "demo-clinic/massage-billing.yaml")
    printed = (demo / "first.txt").read_text(encoding="utf-8") + call(demo, "status", *settings).stdout
    assert "Testpatient" not in printed


def test_a_reader_that_goes_away_is_no_error(demo: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "explain", "demo-clinic", "--ndjson"],
        cwd=demo,
        env=environment(demo),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read().splitlines()
    assert process.wait(60) == 141
    # A busy machine may have needed so long that progress was shown; nothing else may be said.
    assert [line for line in said if not re.fullmatch(r"explain: .* \(\d+ s\)", line)] == []


def test_ctrl_c_says_what_is_kept(tmp_path: Path) -> None:
    """The command waits for an answer from a pipe that never gives one: a moment to interrupt it at."""
    process = subprocess.Popen(
        [*COMMAND, "init", "--folder", str(tmp_path / "new")],
        env=environment(tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A test run that a shell put into the background has Ctrl-C switched off, and would hand that down.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    assert process.stdout.read(5) == "Which"
    process.send_signal(signal.SIGINT)
    try:
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Stopped." in said
    assert "Traceback" not in said
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_no_demo_clinic_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "demo-clinic").mkdir()
    (tmp_path / "demo-clinic/mine.txt").write_text("mine", encoding="utf-8")
    answer = call(tmp_path, "demo")
    assert answer.returncode == 8
    assert "is there, but is no demo clinic" in answer.stderr
    assert [path.name for path in (tmp_path / "demo-clinic").iterdir()] == ["mine.txt"]


def test_make_clinic_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert call(tmp_path, "make-clinic", name, "--visits", "30", "--seed", "7").returncode == 0
    assert call(tmp_path, "make-clinic", "c", "--visits", "30", "--seed", "8").returncode == 0
    made = {}
    for name in "abc":
        files = [path for path in (tmp_path / name).rglob("*") if path.is_file()]
        made[name] = {path.name: path.read_bytes() for path in files}
    assert made["a"] == made["b"]
    assert made["a"] != made["c"]
    assert call(tmp_path, "make-clinic", "a").returncode == 8
