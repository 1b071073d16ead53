"""The folder of reference material that stands beside the repository, where there is one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from servers.process import ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """``../shared``, or the folder named by MB_SHARED; skips where there is none."""
    folder = Path(os.environ.get("MB_SHARED") or ROOT.parent / "shared")
    if not folder.is_dir():
        pytest.skip(f"no folder {folder}: set MB_SHARED to where the reference material is")
    return folder
