"""Short ways to make what a store takes. Synthetic ids only."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from massage_billing.ports import Entry, Operation, VisitRow, VisitState, Write, WriteGroup, WriteResult, Written

HOST = "clinic"
NOON = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)


def row(encounter: str, **fields: Any) -> VisitRow:
    defaults: dict[str, Any] = {
        "host": HOST,
        "patient": "Patient/3",
        "date": date(2026, 11, 3),
        "state": VisitState.CLAIMED,
        "outcome": "claim",
    }
    return VisitRow(encounter=encounter, **{**defaults, **fields})


def full_row(encounter: str) -> VisitRow:
    """Every field away from its default."""
    return VisitRow(
        host=HOST,
        encounter=encounter,
        patient="Patient/3",
        date=date(2026, 11, 3),
        state=VisitState.HELD,
        outcome="hold",
        payer="bcbs",
        revision=2,
        claim_key="MBABCDEFGHIJKLMNOPQ2",
        digest="d" * 64,
        claim="Claim/12",
        claim_version="3",
        provenance="Provenance/13",
        provenance_version="1",
        task="Task/14",
        task_version="2",
        due=datetime(2026, 11, 3, 14, 0, 0, 123456, tzinfo=UTC),
        units=4,
        amount="140.00",
        holds=(("member-id", "Coverage/5 has no member id."), ("charge", "97124 has no charge: café.")),
        warnings=2,
        filing_limit=date(2027, 2, 1),
        rulebook="r1",
        clinic="c1",
        draft=True,
        therapists=("Practitioner/3", "Practitioner/7"),
    )


def group(encounter: str, kind: str = "claim", body: bytes = b'{"net":12.50}') -> WriteGroup:
    writes = (
        Write(Operation.CREATE, "Claim", body, f"urn:uuid:{encounter}-1", match=f"identifier=urn:x|K{encounter}"),
        Write(Operation.CREATE, "Provenance", b"{}", f"urn:uuid:{encounter}-2", match=f"_tag=urn:x|K{encounter}"),
    )
    return WriteGroup(key=key(encounter, kind), encounter=encounter, writes=writes)


def key(encounter: str, kind: str = "claim") -> str:
    return f"K{encounter}:{kind}"


def entry(
    encounter: str, *used: tuple[str, str], body: bytes | None = None, kind: str = "claim", **fields: Any
) -> Entry:
    """A decided visit; with ``body`` one that has something to write."""
    to_write = group(encounter, kind, body) if body is not None else None
    return Entry(row(encounter, **fields), used, to_write, audit=f"Encounter/{encounter} decided")


def done(encounter: str, kind: str = "claim") -> WriteResult:
    """The host has taken the group."""
    written = (Written(f"Claim/{encounter}", "1", True), Written(f"Provenance/{encounter}", "1", True))
    return WriteResult(key(encounter, kind), written)


def start_child(*arguments: str) -> subprocess.Popen[str]:
    """Another process at work on a store (child.py)."""
    tests = Path(__file__).resolve().parents[1]
    path = os.pathsep.join([str(tests.parent / "plugin"), str(tests)])
    return subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("child.py")), *arguments],
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
