"""A clinic whose claims lie in files for payers, and have not been answered."""

from __future__ import annotations

from pathlib import Path

import pytest

from claims_clinic import Billed, prepare
from store.conftest import postgresql_server, postgresql_url

__all__ = ["postgresql_server", "postgresql_url"]


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Billed:
    """One for all tests; they copy it."""
    billed = prepare(tmp_path_factory.mktemp("clinic") / "clinic")
    with billed.exporter() as exporter:
        exporter.run()
    return billed


@pytest.fixture
def clinic(exported: Billed, tmp_path: Path) -> Billed:
    """A copy with its own ledger: every claim is in file 1."""
    return exported.copied(tmp_path / "clinic")
