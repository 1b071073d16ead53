"""What is served beside the routes for machines: the workbench, what EHRs call, and the shield before all of it."""

from __future__ import annotations

from contextlib import ExitStack

from fastapi import FastAPI
from starlette.types import ASGIApp

from massage_billing.ports.jobs import Jobs
from massage_billing.settings import Settings


def mount(app: FastAPI, settings: Settings, jobs: Jobs, stack: ExitStack) -> None:
    """Put pages and receivers on an application; ``stack`` closes what they opened. Raises SettingsError, StoreError.

    ``settings.serve.address`` is where the service really listens.
    """
    from massage_billing.wiring import metering, receiving_hooks, workbench

    stack.callback(metering.mount(app, settings, jobs))
    stack.callback(workbench.mount(app, settings, jobs))
    stack.callback(receiving_hooks.mount(app, settings, jobs))


def shielded(app: ASGIApp, settings: Settings) -> ASGIApp:
    """An application with the shield before it."""
    from massage_billing.web.shield import shield

    return shield(app, settings)
