"""``massage-billing serve``: the workbench, and a service that bills and asks payers when asked or when it is due."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from massage_billing.cli import logs, shell

if TYPE_CHECKING:
    from massage_billing.settings import Settings


ROLES = ("front-desk", "biller", "therapist", "owner", "auditor", "none")
"""Whom the printed link makes of who opens it (model.desk.Role); none: no link."""


@click.command(name="serve")
@shell.settings_option
@click.option("--address", metavar="IP:PORT", help="Listen there instead of serve.address; port 0: any free one.")
@click.option("--workers", type=click.IntRange(1, 64), help="So many processes instead of serve.workers.")
@click.option("--link", type=click.Choice(ROLES), default="owner", help="Role of the one-time link to the workbench.")
@click.option("--log", type=click.Choice(("text", "json")), help="How it logs; else $MASSAGE_BILLING_LOG, or text.")
@click.option("--child", type=int, hidden=True, help="Descriptor of the socket that was opened already.")
def command(
    settings_file: Path | None, address: str | None, workers: int | None, link: str, log: str | None, child: int | None
) -> int:
    """Run as a service: the workbench, the schedule, and what is asked for.

    Until it is stopped (SIGTERM, Ctrl-C), serves the workbench's pages and does what `run` and `eligibility run`
    do, for every configured host: when a person asks, when a program asks by POST /jobs/run with the token of
    serve.token_file, and by the schedule of the settings (serve.every, serve.eligibility_at). One job a host at a
    time. With PostgreSQL, several processes share pages, jobs and runs (serve.workers); one that dies is started
    again, and another goes on with what it did. GET /healthz tells what was done last, GET /readyz whether it can
    work. On this machine alone (loopback) it prints a link that opens the workbench once. Settings are read anew
    for each job; those of `serve` itself at the start. Ends with 0 when stopped, with 3 where a setting is missing
    or the address is taken, with 7 where the store cannot be opened.
    """
    from massage_billing.serve import server
    from massage_billing.serve_settings import is_loopback

    logs.inherit(log)
    settings = shell.load(settings_file)
    where = settings.serve.address if address is None else _checked(address)
    processes = settings.serve.workers if workers is None else workers
    shell.log_to_standard_error()
    source = settings.source
    if child is not None:
        server.serve_child(settings, lambda: shell.load(source), child, processes)
        return 0
    if not is_loopback(where):
        click.echo(
            f"Note: {where} is reached by other machines, without TLS. Put a proxy with TLS before it.", err=True
        )
    server.serve(settings, lambda: shell.load(source), where, processes, partial(_ready, link))
    return 0


def _checked(address: str) -> str:
    from massage_billing.serve_settings import split_address

    try:
        split_address(address)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--address") from None
    return address


def _ready(link: str, settings: Settings, url: str) -> None:
    serve = settings.serve
    every = "only when asked" if serve.every is None else f"every {serve.every}"
    at = ", ".join(f"{clock:%H:%M}" for clock in serve.eligibility_at) or "only when asked"
    click.echo(f"Serving at {url}. Bills {every}; asks payers {f'at {at}' if serve.eligibility_at else at}.")
    if settings.serve.token() is None:
        click.echo("No serve.token_file is set: people at the workbench begin jobs, programs (/jobs/run) do not.")
    for one in _links(link, settings):
        click.echo(f"Workbench: {one}")


def _links(link: str, settings: Settings) -> list[str]:
    """One-time links, one a host; none where others than this machine reach the workbench."""
    from massage_billing.errors import StoreError
    from massage_billing.model.desk import Role
    from massage_billing.serve_settings import is_loopback
    from massage_billing.wiring.entrance import offer_links, open_access

    if link == "none" or settings.workbench.public_url is not None or not is_loopback(settings.serve.address):
        return []
    try:
        with open_access(settings) as access:
            return offer_links(settings, access, Role(link))
    except StoreError as error:  # it may come back; the service goes on, and `link` prints one then
        click.echo(f"No link: {error.what}", err=True)
        return []
