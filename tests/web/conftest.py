"""One synthetic clinic for all tests of pages, made and billed once; each test that changes it gets a copy."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from massage_billing.cli import main
from web.harness import Served, served

VISITS = "120"


@pytest.fixture(scope="session")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a clinic that was billed and whose coming appointments were asked about; not to be changed."""
    folder = tmp_path_factory.mktemp("workbench") / "clinic"
    made = CliRunner().invoke(main.cli, ["demo", "--folder", str(folder), "--visits", VISITS])
    assert made.exit_code in (0, 5), made.output
    return folder


@pytest.fixture(scope="session")
def workbench(clinic: Path) -> Iterator[Served]:
    """The workbench of the clinic; tests only look at it."""
    with served(clinic / "massage-billing.yaml") as found:
        yield found


@pytest.fixture
def own(clinic: Path, tmp_path: Path) -> Iterator[Served]:
    """The workbench of a copy of the clinic: a test may change it."""
    folder = tmp_path / "clinic"
    shutil.copytree(clinic, folder)
    with served(folder / "massage-billing.yaml") as found:
        yield found
