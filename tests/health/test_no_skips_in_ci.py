"""With CI=true a skipped test fails the run, so that a server that could not be had is never mistaken for a pass."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = "import pytest\ndef test_a(): pass\ndef test_b(): pytest.skip('no such server')\n"
PASSED = "def test_a(): pass\n"
EXPECTED = "import pytest\n@pytest.mark.xfail\ndef test_a(): assert False\n"
MODULE = "import pytest\npytest.skip('all of it', allow_module_level=True)\n"


@pytest.mark.parametrize(
    ("content", "ci", "workers", "code"),
    [
        (SKIPPED, "true", "0", pytest.ExitCode.TESTS_FAILED),
        (SKIPPED, "true", "2", pytest.ExitCode.TESTS_FAILED),
        (SKIPPED, "", "0", pytest.ExitCode.OK),
        (EXPECTED, "true", "0", pytest.ExitCode.OK),
        (PASSED + MODULE, "true", "0", pytest.ExitCode.TESTS_FAILED),
    ],
    ids=["skip in CI", "skip in CI on workers", "skip elsewhere", "expected failure", "skipped module"],
)
def test_skip(content: str, ci: str, workers: str, code: int, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(content)
    (tmp_path / "test_other.py").write_text(PASSED)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    quick = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # leaves out the plugins that have no part in this
    variables = {**os.environ, **quick, "CI": ci, "PYTHONPATH": str(ROOT / "tests")}
    variables.pop("PYTEST_XDIST_WORKER", None)
    command = [sys.executable, "-m", "pytest", "-q", "-n", workers, "-p", "xdist", "-p", "conftest"]
    done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    assert ("does not allow" in done.stdout) == (code != 0)
