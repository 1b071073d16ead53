"""A clinic whose claims are written and approved, and not sent yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from claims_clinic import Billed, prepare
from store.conftest import postgresql_server, postgresql_url

__all__ = ["postgresql_server", "postgresql_url"]


@pytest.fixture(scope="session")
def billed(tmp_path_factory: pytest.TempPathFactory) -> Billed:
    """One for all tests; they copy it."""
    return prepare(tmp_path_factory.mktemp("clinic") / "clinic")


@pytest.fixture
def clinic(billed: Billed, tmp_path: Path) -> Billed:
    """A copy."""
    return billed.copied(tmp_path / "clinic")
