"""The main job on HAPI FHIR, beside a bare client (to be written)."""

from __future__ import annotations

from pathlib import Path

from bench.machine import Result


def measure(scratch: Path, visits: int, pairs: int) -> list[Result]:
    """Nothing yet."""
    return []
