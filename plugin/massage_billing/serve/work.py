"""The work itself: the same functions as the command line's, with the settings as they are when it begins."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Final

from massage_billing import wiring
from massage_billing.errors import MassageBillingError, StoreError
from massage_billing.ports.jobs import Job, JobKind, JobState, Outcome
from massage_billing.run.report import Progress, RunReport
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


def warm(load: Load, stopping: threading.Event) -> None:
    """Import and read what every job needs, so that the first one does not wait for it: bill the rulebook's own
    made-up visits, unless the process ends. What is wrong with settings or rules, the first job says."""
    from massage_billing.checks import claim_checker
    from massage_billing.fhir.claim import ClaimTerms, build_claim
    from massage_billing.hosts import fhir_server  # noqa: F401
    from massage_billing.model import Outcome as Billed
    from massage_billing.rulebook import examples

    with suppress(MassageBillingError):
        book = wiring.rulebook_of(load())
        check = claim_checker(book)
        for case in examples.cases(book):
            if stopping.is_set():
                return
            visit, decision = examples.decided(case, book)
            if decision.outcome is Billed.CLAIM:
                check(build_claim(visit, decision, ClaimTerms(f"{case.example.on}T12:00:00Z")))


def do(job: Job, load: Load, progress: Progress) -> Outcome:
    """Do a job alone. Raises StoreError, for the store may come back; whatever else happens is an outcome."""
    return guarded(lambda: _WORK[job.kind](load(), job, progress))


def guarded(work: Callable[[], Outcome]) -> Outcome:
    """What became of work. Raises StoreError only."""
    try:
        return work()
    except StoreError:
        raise
    except Exception as error:
        return Outcome(JobState.FAILED, problems=(why(error),))


def why(error: Exception) -> str:
    """What went wrong, without patient data."""
    if isinstance(error, MassageBillingError):
        return f"{error.what} {error.fix}".strip()
    return _unexpected(error)


def _run(settings: Settings, job: Job, progress: Progress) -> Outcome:
    with wiring.open_program(settings, host=job.host, progress=progress) as program:
        return billed(program.run())


def _ask(settings: Settings, job: Job, progress: Progress) -> Outcome:
    with wiring.open_sweep(settings, host=job.host, progress=progress) as sweep:
        report = sweep.run()
    payers = tuple(f"Payer {key}: {why}" for key, why in report.payers.items())
    return _outcome(_counted(report, _SWEEP), (*report.problems, *payers), worse=report.unwritten > 0)


def _again(settings: Settings, job: Job, progress: Progress) -> Outcome:
    with (
        wiring.open_program(settings, host=job.host, progress=progress) as program,
        program.shared(alone=True) as side,
    ):
        return billed(side.again(job.encounters))


def _approve(settings: Settings, job: Job, progress: Progress) -> Outcome:
    with wiring.open_program(settings, host=job.host, progress=progress) as program:
        return billed(program.approve(job.encounters, job.seen))


_WORK: Final[Mapping[JobKind, Callable[[Settings, Job, Progress], Outcome]]] = {
    JobKind.RUN: _run,
    JobKind.ELIGIBILITY: _ask,
    JobKind.VISIT: _again,
    JobKind.APPROVE: _approve,
}


def billed(report: RunReport) -> Outcome:
    """What became of billing."""
    waits = report.pending_writes > 0 or not report.complete
    return _outcome(counts_of(report), report.problems, worse=waits)


def counts_of(report: RunReport) -> dict[str, int]:
    """What a report counts, as jobs tell it."""
    return _counted(report, _RUN)


def _outcome(counts: dict[str, int], problems: tuple[str, ...], *, worse: bool) -> Outcome:
    return Outcome(JobState.PROBLEMS if problems or worse else JobState.DONE, counts, problems)


def _counted(report: object, names: tuple[str, ...]) -> dict[str, int]:
    there = {one.name for one in fields(report)}  # type: ignore[arg-type]
    return {name: int(getattr(report, name)) for name in names if name in there}


def _unexpected(error: Exception) -> str:
    """Where it happened, but not the error's own text: that could quote a patient's record."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"Unexpected {type(error).__name__}{where}. This is a fault of the program."
