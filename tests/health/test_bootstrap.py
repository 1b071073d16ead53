"""deploy/demo on machines that lack something; Python, pip and apt are stand-ins that note what was asked."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Stands for the system's Python. What it has is a file in $HAS; the stand-in virtual environment it makes has a pip
# that installs a stand-in command.
PYTHON = """#!/bin/bash
has() { [ -e "$HAS/$1" ]; }
echo "python3 $*" >>"$LOG"
make_venv() {
    mkdir -p "$1/bin"
    cat >"$1/bin/python" <<'EOF'
#!/bin/bash
[ "$*" = "-m pip --version" ] && exit 0
echo "venv-python $*" >>"$LOG"
[ -e "$HAS/broken-index" ] && { echo "ERROR: no index"; exit 1; }
printf '#!/bin/bash\\necho "demo ran in $PWD: $*"\\n' >"$(dirname "$0")/massage-billing"
chmod +x "$(dirname "$0")/massage-billing"
EOF
    chmod +x "$1/bin/python"
}
case "$*" in
    *version_info*) has python ;;
    "-c import ensurepip, venv") has ensurepip ;;
    "-m venv "*) make_venv "$3" ;;
    "-m pip --version") has pip ;;
    *fetch_pip.py*) has index && echo "$MB_CACHE/pip.whl" ;;
    *" install "*virtualenv) has index ;;
    "-m virtualenv "*) make_venv "${@: -1}" ;;
    *) echo "unexpected: $*" >&2; exit 99 ;;
esac
"""
APT = """#!/bin/bash
echo "apt-get $*" >>"$LOG"
case "$*" in *install*python3-venv*) touch "$HAS/ensurepip" ;; esac
"""


@dataclass
class Machine:
    """A folder that plays a fresh machine, with a clone of the project under a path with spaces."""

    folder: Path

    def demo(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        log = self.folder / "log"
        log.write_text("")
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir(exist_ok=True)
        environment = {
            "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin",
            "HOME": str(self.folder),
            "HAS": str(self.folder / "has"),
            "LOG": str(log),
            "MB_CACHE": str(self.folder / "cache"),
        }
        command = [self.clone / "deploy" / "demo", *arguments]
        return subprocess.run(command, env=environment, cwd=elsewhere, capture_output=True, text=True, check=False)

    @property
    def clone(self) -> Path:
        return self.folder / "a clone of it"

    def has(self, *things: str) -> None:
        for thing in things:
            (self.folder / "has" / thing).touch()

    def lacks(self, thing: str) -> None:
        (self.folder / "has" / thing).unlink()

    def script(self, name: str, text: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def asked(self, text: str) -> bool:
        return text in (self.folder / "log").read_text()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    for folder in ("bin", "has"):
        (tmp_path / folder).mkdir()
    (machine.clone / "deploy").mkdir(parents=True)
    shutil.copy(ROOT / "pyproject.toml", machine.clone)
    shutil.copy(ROOT / "deploy" / "demo", machine.clone / "deploy")
    shutil.copytree(ROOT / "deploy" / "lib", machine.clone / "deploy" / "lib")
    for number in range(11, 15):
        machine.script(f"python3.{number}", "#!/bin/bash\nexit 1\n")
    machine.script("python3", PYTHON)
    machine.script("apt-get", APT)
    machine.script("id", "#!/bin/bash\necho 1000\n")
    return machine


def test_with_ensurepip_the_demo_runs_where_the_user_stands(machine: Machine) -> None:
    machine.has("python", "ensurepip")
    done = machine.demo("--visits", "3")
    assert (done.returncode, done.stdout) == (0, f"demo ran in {machine.folder}/elsewhere: demo --visits 3\n")
    assert machine.asked("-m venv")
    assert not machine.asked("virtualenv")
    assert not machine.asked("apt-get")


def test_a_second_run_installs_nothing_and_says_nothing(machine: Machine) -> None:
    machine.has("python", "ensurepip")
    machine.demo()
    again = machine.demo()
    assert again.returncode == 0
    assert again.stderr == ""
    assert not machine.asked("install")


def test_a_changed_pyproject_installs_again(machine: Machine) -> None:
    machine.has("python", "ensurepip")
    machine.demo()
    with (machine.clone / "pyproject.toml").open("a") as project:
        project.write("# changed\n")
    machine.demo()
    assert machine.asked("--editable")
    assert not machine.asked("-m venv")


def test_a_clone_that_was_moved_gets_a_new_environment(machine: Machine) -> None:
    machine.has("python", "ensurepip")
    machine.demo()
    moved = machine.clone.rename(machine.folder / "moved")
    machine.clone.symlink_to(moved)
    assert machine.demo().returncode == 0
    assert machine.asked("-m venv")


def test_root_without_ensurepip_takes_it_from_debian(machine: Machine) -> None:
    machine.has("python")
    machine.script("id", "#!/bin/bash\necho 0\n")
    done = machine.demo()
    assert done.returncode == 0
    assert machine.asked("apt-get install -y -qq --no-install-recommends python3-venv")
    assert machine.asked("-m venv")
    assert not machine.asked("virtualenv")


@pytest.mark.parametrize("pip", ["with pip", "without pip"])
def test_a_user_without_ensurepip_takes_virtualenv_from_pypi(machine: Machine, pip: str) -> None:
    machine.has("python", "index")
    if pip == "with pip":
        machine.has("pip")
    done = machine.demo()
    assert done.returncode == 0, done.stderr
    assert not machine.asked("apt-get")
    assert machine.asked("-m virtualenv")
    assert machine.asked("fetch_pip.py") == (pip == "without pip")


def test_without_ensurepip_and_index_one_line_says_what_to_install(machine: Machine) -> None:
    machine.has("python")
    done = machine.demo()
    assert done.returncode == 1
    assert done.stdout == ""
    assert "apt-get install python3-venv" in done.stderr.splitlines()[-1]
    assert not (machine.clone / ".venv").exists()


def test_without_python_one_line_says_what_to_install(machine: Machine) -> None:
    done = machine.demo()
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "massage-billing needs Python 3.11 or later: apt-get install python3 (Debian 12 or later has it)."
    ]


def test_a_failed_installation_is_shown_and_tried_again(machine: Machine) -> None:
    machine.has("python", "ensurepip", "broken-index")
    failed = machine.demo()
    assert failed.returncode == 1
    assert "ERROR: no index" in failed.stderr
    machine.lacks("broken-index")
    assert machine.demo().returncode == 0


def test_the_scripts_are_sound_bash() -> None:
    scripts = [*ROOT.glob("deploy/lib/*.sh"), *ROOT.glob("deploy/*/build"), *ROOT.glob("deploy/*/run")]
    scripts += [ROOT / "deploy" / "demo", ROOT / "tests" / "run", ROOT / ".ci" / "run"]
    for script in scripts:
        checked = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr
        if script.suffix != ".sh":
            assert os.access(script, os.X_OK), f"{script} is not executable"
