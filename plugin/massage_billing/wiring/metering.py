"""Metrics: settings in, GET /metrics and measured requests on an application out."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from massage_billing import __version__
from massage_billing.ports.desk import ClaimFilter, HoldFilter
from massage_billing.ports.jobs import Jobs
from massage_billing.settings import Settings
from massage_billing.wiring.state import private_folder, store_url

if TYPE_CHECKING:
    from fastapi import FastAPI

    from massage_billing.metering.standing import Stand
    from massage_billing.store.sql import SqlStore

FOLDER: Final = "metrics"
"""Folder of the state folder in which several processes count together."""


class StoreStands:
    """Implements ``metering.standing.Stands`` over a store."""

    def __init__(self, store: SqlStore, hosts: tuple[str, ...]) -> None:
        self._store = store
        self.hosts = hosts

    def stand(self, host: str) -> Stand:
        """See ``Stands``."""
        from massage_billing.metering.standing import Stand

        asking, desk = self._store.asking(), self._store.desk()
        held, day = desk.hold_sums(host, HoldFilter()), (datetime.now(UTC) - timedelta(days=1)).date()
        sums = desk.claim_sums(host, ClaimFilter())
        return Stand(
            claims={one.standing.value if one.standing else "unsent": one.claims for one in sums},
            held=held.visits,
            holds={one.rule: one.visits for one in held.reasons},
            outbox=self._store.waiting(host),
            unwritten=asking.count_unwritten(host),
            questions=Counter((row.payer, row.state.value) for row in asking.rows(host, day)),
        )


def share_meters(settings: Settings) -> None:
    """Let the processes that are started from here count together. Call it before any of them counts."""
    from massage_billing.metering.meters import FOLDER as VARIABLE

    folder = settings.state_folder() / FOLDER
    private_folder(settings.state_folder())
    shutil.rmtree(folder, ignore_errors=True)
    private_folder(folder)
    os.environ[VARIABLE] = str(folder)


def mount(app: FastAPI, settings: Settings, jobs: Jobs) -> Callable[[], None]:
    """Put the route on an application and measure its requests; what closes what it needs. Raises StoreError."""
    from massage_billing.metering.meters import meters
    from massage_billing.metering.routes import Measured, metrics_routes
    from massage_billing.metering.standing import Standing
    from massage_billing.store import open_store

    ours = meters(frozenset(settings.hosts))
    with ExitStack() as stack:
        store = stack.enter_context(open_store(store_url(settings, settings.state_folder())))
        standing = Standing(StoreStands(store, tuple(settings.hosts)), jobs, __version__)
        token = settings.serve.metrics_token if settings.serve.metrics_token_file is not None else None
        app.include_router(metrics_routes(ours, standing, token))
        app.add_middleware(Measured, meters=ours)
        return stack.pop_all().close
    raise AssertionError("an ExitStack swallows nothing")
