"""The OpenEMR module's own tests (PHPUnit), as part of this run: each test class there is a test here."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from servers.process import ROOT

HERE = ROOT / "tests" / "openemr"
MODULE = ROOT / "plugin" / "openemr" / "oe-module-massage-billing"
CLASSES = sorted(str(path.relative_to(HERE / "php").with_suffix("")) for path in (HERE / "php").rglob("*Test.php"))
NEEDED = ("php", "phpunit", "mariadbd", "mariadb-install-db")

pytestmark = [pytest.mark.openemr, pytest.mark.xdist_group("openemr")]


@pytest.fixture(scope="session")
def php() -> None:
    missing = [tool for tool in NEEDED if shutil.which(tool, path=f"{os.environ['PATH']}:/usr/sbin") is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)} (apt-get install phpunit php-mysql php-twig mariadb-server …)")


@pytest.fixture(scope="session")
def outcomes(php: None, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Test class → what went wrong in it, in PHPUnit's words; a class that did not run is missing."""
    report = tmp_path_factory.mktemp("phpunit") / "junit.xml"
    command = [str(HERE / "phpunit"), "--log-junit", str(report)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=900, env={**os.environ, "MB_SHARED": str(shared)}
    )
    assert report.is_file(), done.stdout[-3000:] + done.stderr[-3000:]
    found: dict[str, list[str]] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        path = Path(case.attrib["file"]).resolve()
        problems = found.setdefault(str(path.relative_to(HERE / "php").with_suffix("")), [])
        problems += [
            f"{case.attrib['name']}\n{part.text}" for part in case if part.tag in ("error", "failure", "warning")
        ]
        problems += [f"{case.attrib['name']} was skipped" for part in case if part.tag == "skipped"]
    if done.returncode and not any(found.values()):
        found[""] = [done.stdout[-3000:] + done.stderr[-3000:]]
    return found


@pytest.mark.parametrize("name", CLASSES)
def test_phpunit(name: str, outcomes: dict[str, list[str]]) -> None:
    assert name in outcomes, f"{name} did not run: {outcomes.get('', list(outcomes))}"
    assert not outcomes[name], "\n\n".join(outcomes[name])


def test_phpunit_ends_well(outcomes: dict[str, list[str]]) -> None:
    assert "" not in outcomes, "\n".join(outcomes[""])


@pytest.mark.usefixtures("php")
def test_every_file_of_the_module_is_php_and_strict() -> None:
    files = sorted(MODULE.rglob("*.php"))
    done = subprocess.run(
        ["xargs", "-n", "1", "php", "-l"], input="\n".join(map(str, files)), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert files
    lax = [str(path) for path in files if "declare(strict_types=1);" not in path.read_text()[:3000]]
    assert not lax
