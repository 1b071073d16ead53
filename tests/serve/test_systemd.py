"""The units of deploy/systemd: systemd takes them, and what they start are commands of this program."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from massage_billing.cli.main import COMMANDS
from servers.process import ROOT

UNITS = sorted((ROOT / "deploy" / "systemd").glob("massage-billing-*"))


def test_there_is_a_service_and_a_timer_with_its_service_for_each_job() -> None:
    assert [unit.name.removeprefix("massage-billing-") for unit in UNITS] == [
        "backup.service",
        "backup.timer",
        "eligibility.service",
        "eligibility.timer",
        "run.service",
        "run.timer",
        "serve.service",
    ]


@pytest.mark.parametrize("unit", [one for one in UNITS if one.suffix == ".service"], ids=lambda unit: unit.stem)
def test_what_a_unit_starts_is_a_command_and_runs_as_nobody_in_particular(unit: Path) -> None:
    text = unit.read_text()
    (started,) = re.findall(r"^ExecStart=/opt/massage-billing/bin/massage-billing ([a-z-]+)", text, re.MULTILINE)
    assert started in COMMANDS
    for line in ("User=massage-billing", "StateDirectoryMode=0700", "NoNewPrivileges=yes", "ProtectSystem=strict"):
        assert line in text.splitlines()


def test_systemd_takes_them(tmp_path: Path) -> None:
    """Where systemd is: what it would start is put in its place, since it looks whether that is there."""
    verify = shutil.which("systemd-analyze")
    if verify is None:
        return  # nothing to ask; the tests above hold what matters
    copies = []
    for unit in UNITS:
        copy = tmp_path / unit.name
        copy.write_text(unit.read_text().replace("/opt/massage-billing/bin/massage-billing", "/bin/true"))
        copies.append(copy)
    done = subprocess.run([verify, "verify", *copies], capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if "massage-billing" in line]
    assert (done.returncode, said) == (0, [])
