"""What `pip install .` gives a clinic: a wheel that carries its rules and profiles and runs without the repository."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "plugin" / "massage_billing"
PROFILES = ROOT / "fhir_profiles" / "built"


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Standard output; the network is not asked (no index)."""
    variables = {**os.environ, "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", **environment}
    done = subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"{command}\n{done.stdout}\n{done.stderr}", pytrace=False)
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    (built,) = folder.glob("massage_billing-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's content and its command; the libraries come from this environment."""
    folder = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", folder, wheel, cwd=folder)
    return folder


def below(folder: Path, pattern: str) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob(pattern)}


def test_the_wheel_carries_every_rule_and_profile(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    inside = {name.removeprefix("massage_billing/") for name in names if name.startswith("massage_billing/")}
    rules = {f"rules/{name}" for name in below(PACKAGE / "rules", "*.yaml")}
    profiles = {f"fhir_profiles/{name}" for name in below(PROFILES, "*.json")}
    assert rules
    assert profiles
    assert rules | profiles <= inside
    data = {f"{name}" for suffix in ("*.html", "*.csv", "*.json", "*.mako") for name in below(PACKAGE, suffix)}
    assert data <= inside


def test_the_wheel_carries_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"massage_billing"}
    assert [name for name in names if name.endswith((".fsh", ".php", ".pyc"))] == []


def test_the_installed_command_runs_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    libraries = os.pathsep.join([str(installed), sysconfig.get_path("purelib")])
    where = run(
        sys.executable, "-c", "import massage_billing as m; print(m.__file__)", cwd=tmp_path, PYTHONPATH=libraries
    )
    assert Path(where.strip()).is_relative_to(installed)
    shown = run(installed / "bin" / "massage-billing", "--help", cwd=tmp_path, PYTHONPATH=libraries)
    for command in ("init", "doctor", "run", "explain", "demo"):
        assert command in shown
    assert list(tmp_path.iterdir()) == []
