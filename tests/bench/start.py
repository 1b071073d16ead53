"""How long ``massage-billing --help`` takes, and what importing the core pulls in."""

from __future__ import annotations

import statistics

from bench.machine import Result, child

LIMIT = 0.3
HEAVY = ("requests", "urllib3", "sqlalchemy", "sqlite3", "fastapi", "alembic", "rich", "fhir")
CORE_IMPORT = "import sys, massage_billing.flow; print(*sorted({name.partition('.')[0] for name in sys.modules}))"


def measure() -> list[Result]:
    """Median wall time of ten starts; the modules of web and database that the core must not know."""
    child("-m", "massage_billing", "--help", pinned=False)
    walls = [child("-m", "massage_billing", "--help", pinned=False).wall for _ in range(10)]
    bare = [child("-c", "pass", pinned=False).wall for _ in range(10)]
    wall = statistics.median(walls)
    loaded = sorted(set(child("-c", CORE_IMPORT).output.split()) & set(HEAVY))
    details = {"all": walls, "bare interpreter": statistics.median(bare)}
    return [
        Result("massage-billing --help, wall, median of 10", wall, "s", f"< {LIMIT}", wall < LIMIT, details),
        Result("web and database modules in the core", len(loaded), "modules", "0", not loaded, {"names": loaded}),
    ]
