"""Put answers on the host: question and answer in one transaction, each once (CoverageEligibilityRequest, -Response).

An answer is in the store before it is written, so that a crash in between costs nothing; its identifier is the
question's key and it is created conditionally, so that writing it again finds the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from massage_billing.fhir.eligibility_request import RequestRefs
from massage_billing.fhir.eligibility_write import write_group
from massage_billing.ports import Unwritten, WriteGroup
from massage_billing.sweep.report import Tally
from massage_billing.sweep.setup import SweepSetup

BATCH: Final = 200
"""Answers written together."""
TYPES: Final = frozenset({"CoverageEligibilityRequest", "CoverageEligibilityResponse"})
"""What the host has to take."""


def takes_answers(setup: SweepSetup) -> bool:
    """Whether answers are written to this host at all."""
    return setup.writes and setup.host.capabilities().writable >= TYPES


def deliver(setup: SweepSetup, tally: Tally) -> None:
    """Write every answer that is not on the host yet; what the host refuses stays, and is named."""
    if not takes_answers(setup):
        return
    tried: set[str] = set()
    while True:
        fresh = [one for one in setup.asking.unwritten(setup.host.id, BATCH + len(tried)) if one.row.key not in tried]
        if not fresh:
            return
        tried.update(one.row.key for one in fresh)
        _write(setup, tally, fresh)
        setup.progress.advance("answers written", tally.counts["written"], None)


def _write(setup: SweepSetup, tally: Tally, fresh: Sequence[Unwritten]) -> None:
    groups: dict[str, tuple[str, WriteGroup]] = {}
    for one in fresh:
        group = _group(setup, one)
        if group is None:
            tally.problem(
                f"{one.row.coverage}: payer {one.row.payer} is not in payers.yaml any more; its answer stays."
            )
        else:
            groups[group.key] = (one.row.key, group)
    written = []
    for result in setup.host.write([group for _, group in groups.values()]):
        question, _ = groups[result.key]
        if result.problem is not None:
            tally.problem(f"Question {question}: its answer was not written. {result.problem.what}")
        else:
            written.append((question, result.written[1].reference))
    setup.asking.written(setup.host.id, written)
    tally.counts["written"] += len(written)


def _group(setup: SweepSetup, one: Unwritten) -> WriteGroup | None:
    payer = next((each for each in setup.clinic.payers if each.key == one.row.payer), None)
    if payer is None:
        return None
    npi, reference = (setup.asker.npi, setup.asker.reference) if setup.asker else ("", "")
    refs = RequestRefs.of_row(one.row, payer, npi, reference or None)
    now = setup.host.now().isoformat(timespec="seconds").replace("+00:00", "Z")
    asked = one.known.answered_at.isoformat(timespec="seconds").replace("+00:00", "Z")
    return write_group(refs, one.known, asked, now)
