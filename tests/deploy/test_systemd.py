"""The units and the command of deploy/systemd: what they start is there, and all are one user's."""

from __future__ import annotations

import configparser
import getpass
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from massage_billing.cli.main import COMMANDS, cli
from massage_billing.settings import Environment
from servers.process import ROOT

SYSTEMD = ROOT / "deploy" / "systemd"
SERVICES, TIMERS = sorted(SYSTEMD.glob("*.service")), sorted(SYSTEMD.glob("*.timer"))
PROGRAM = "/opt/massage-billing/bin/massage-billing"
STATE = "/var/lib/massage-billing"


def words(unit: Path, key: str) -> list[str]:
    """Every value of a key, in order."""
    return re.findall(rf"^{key}=(.*)$", unit.read_text(), flags=re.MULTILINE)


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_what_a_unit_starts_is_a_command_with_options_it_has(unit: Path) -> None:
    (line,) = words(unit, "ExecStart")
    program, name, *more = shlex.split(line)
    assert program == PROGRAM
    assert name in COMMANDS
    command = cli.get_command(click.Context(cli), name)
    while isinstance(command, click.Group):
        command = command.get_command(click.Context(command), more.pop(0))
    assert command is not None
    known = {option for parameter in command.params for option in parameter.opts}
    assert {one for one in more if one.startswith("--")} <= known


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_units_and_the_command_are_of_one_user_with_one_state(unit: Path) -> None:
    assert words(unit, "User") == words(unit, "Group") == ["massage-billing"]
    assert [f"/var/lib/{one}" for one in words(unit, "StateDirectory")] == [STATE]
    assert set(words(unit, "Environment")) == {
        "MASSAGE_BILLING_SETTINGS=/etc/massage-billing/massage-billing.yaml",
        f"MASSAGE_BILLING_STATE={STATE}",
    }
    assert {f"MASSAGE_BILLING_{name.upper()}" for name in Environment.model_fields} == {
        one.partition("=")[0] for one in words(unit, "Environment")
    }


def test_every_timer_has_its_service_and_is_told_of_in_the_steps() -> None:
    steps = (SYSTEMD / "README.md").read_text()
    assert TIMERS
    for timer in TIMERS:
        assert timer.with_suffix(".service") in SERVICES
        assert re.search(rf"enable --now [^`]*{re.escape(timer.name)}", steps), timer.name
    for path in re.findall(r"deploy/[a-z./-]+[a-z]", steps):
        assert (ROOT / path).exists(), path


def test_systemd_takes_them(tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    if verify is None:
        for unit in (*SERVICES, *TIMERS):
            configparser.ConfigParser(strict=False, interpolation=None).read_string(unit.read_text())
        return
    for unit in (*SERVICES, *TIMERS):
        (tmp_path / unit.name).write_text(unit.read_text().replace(PROGRAM, str(shutil.which("true"))))
    done = subprocess.run(
        [verify, "verify", *sorted(tmp_path.iterdir())], capture_output=True, text=True, check=False, timeout=60
    )
    assert [line for line in done.stderr.splitlines() if str(tmp_path) in line or "massage-billing" in line] == []


@pytest.fixture
def command() -> Iterator[Path]:
    """The command for whoever runs the tests, before a program that says how it was called."""
    with tempfile.TemporaryDirectory(prefix="mb-command-") as folder:  # where another user may enter
        Path(folder).chmod(0o755)
        program, made = Path(folder, "program"), Path(folder, "massage-billing")
        says = 'id -un\necho "$MASSAGE_BILLING_SETTINGS $MASSAGE_BILLING_STATE"\nprintf "%s|" "$@"\n'
        program.write_text(f"#!/bin/sh\n{says}")
        text = (SYSTEMD / "massage-billing").read_text()
        assert text.count(PROGRAM) == 1
        made.write_text(text.replace(PROGRAM, str(program)))
        for one in (program, made):
            one.chmod(0o755)
        yield made


def called(command: Path, user: str) -> subprocess.CompletedProcess[str]:
    command.write_text(command.read_text().replace("user=massage-billing", f"user={user}"))
    cron = {"PATH": "/usr/bin:/bin", "HOME": "/root"}
    return subprocess.run(
        [command, "backup", "/backup/a b"], env=cron, cwd="/", capture_output=True, text=True, check=False
    )


def test_the_command_is_the_program_with_the_services_settings_and_state(command: Path) -> None:
    who = getpass.getuser() if os.geteuid() else "nobody"
    told = f"{who}\n/etc/massage-billing/massage-billing.yaml {STATE}\nbackup|/backup/a b|"
    done = called(command, who)
    assert (done.returncode, done.stdout) == (0, told), done.stderr


def test_another_user_is_told_how(command: Path) -> None:
    if os.geteuid() == 0:
        command.write_text(command.read_text().replace('"$(id -u)" != 0', '"$(id -u)" = 0'))
    done = called(command, "massage-billing-nobody-has")
    assert (done.returncode, done.stdout) == (2, "")
    assert "sudo massage-billing backup" in done.stderr
