"""The work itself: the same functions as the command line's, with the settings as they are when it begins."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Final

from massage_billing import wiring
from massage_billing.errors import MassageBillingError
from massage_billing.serve.jobs import Kind, Outcome, State
from massage_billing.settings import Settings

Load = Callable[[], Settings]
"""Reads the settings."""
_RUN: Final = (
    "visits",
    "claims_created",
    "claims_updated",
    "claims_cancelled",
    "unchanged",
    "holds",
    "holds_opened",
    "holds_closed",
    "self_pay",
    "waiting",
    "drafts",
    "pending_writes",
)
"""Counts of a RunReport that are told."""
_SWEEP: Final = (
    "appointments",
    "asked",
    "answered",
    "refused",
    "waiting",
    "later",
    "given_up",
    "written",
    "unwritten",
    "tasks_opened",
    "tasks_closed",
    "outlooks",
)
"""Counts of a SweepReport that are told."""


def do(kind: Kind, host: str, load: Load) -> Outcome:
    """Do a job for a host. Never raises: whatever happens is an outcome."""
    try:
        return _run(load(), host) if kind is Kind.RUN else _ask(load(), host)
    except MassageBillingError as error:
        return Outcome(State.FAILED, problems=(f"{error.what} {error.fix}".strip(),))
    except Exception as error:
        return Outcome(State.FAILED, problems=(_unexpected(error),))


def _run(settings: Settings, host: str) -> Outcome:
    with wiring.open_program(settings, host=host) as program:
        report = program.run()
    waits = report.pending_writes > 0 or not report.complete
    return _outcome(_counted(report, _RUN), report.problems, worse=waits)


def _ask(settings: Settings, host: str) -> Outcome:
    with wiring.open_sweep(settings, host=host) as sweep:
        report = sweep.run()
    payers = tuple(f"Payer {key}: {why}" for key, why in report.payers.items())
    return _outcome(_counted(report, _SWEEP), (*report.problems, *payers), worse=report.unwritten > 0)


def _outcome(counts: dict[str, int], problems: tuple[str, ...], *, worse: bool) -> Outcome:
    return Outcome(State.PROBLEMS if problems or worse else State.DONE, counts, problems)


def _counted(report: object, names: tuple[str, ...]) -> dict[str, int]:
    there = {one.name for one in fields(report)}  # type: ignore[arg-type]
    return {name: int(getattr(report, name)) for name in names if name in there}


def _unexpected(error: Exception) -> str:
    """Where it happened, but not the error's own text: that could quote a patient's record."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"Unexpected {type(error).__name__}{where}. This is a fault of the program."
