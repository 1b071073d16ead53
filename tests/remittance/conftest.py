"""A clinic whose claims lie in files for payers, and have not been answered."""

from __future__ import annotations

from pathlib import Path

import pytest

from claims_clinic import Billed, prepare
from store.conftest import postgresql_server, postgresql_url

__all__ = ["postgresql_server", "postgresql_url"]


@pytest.fixture(scope="session")
def billed(tmp_path_factory: pytest.TempPathFactory) -> Billed:
    """One whose claims are written and in no file; tests copy it."""
    return prepare(tmp_path_factory.mktemp("billed") / "clinic")


@pytest.fixture
def billed_only(billed: Billed, tmp_path: Path) -> Billed:
    """A copy of it."""
    return billed.copied(tmp_path / "clinic")


@pytest.fixture(scope="session")
def exported(billed: Billed, tmp_path_factory: pytest.TempPathFactory) -> Billed:
    """One for all tests; they copy it."""
    made = billed.copied(tmp_path_factory.mktemp("exported") / "clinic")
    with made.exporter() as exporter:
        exporter.run()
    return made


@pytest.fixture
def clinic(exported: Billed, tmp_path: Path) -> Billed:
    """A copy with its own ledger: every claim is in file 1."""
    return exported.copied(tmp_path / "clinic")
