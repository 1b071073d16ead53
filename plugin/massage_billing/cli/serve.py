"""``massage-billing serve``: a service that bills and asks payers, when asked over HTTP or when it is due."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from massage_billing.cli import shell

if TYPE_CHECKING:
    from massage_billing.settings import Settings


@click.command(name="serve")
@shell.settings_option
@click.option("--address", metavar="IP:PORT", help="Listen there instead of serve.address; port 0: any free one.")
def command(settings_file: Path | None, address: str | None) -> int:
    """Run as a service: bill and ask payers when asked or when due.

    Until it is stopped (SIGTERM, Ctrl-C), does what `run` and `eligibility run` do, for every configured host: when
    asked by POST /jobs/run with the token of serve.token_file, and by the schedule of the settings (serve.every,
    serve.eligibility_at). One job a host at a time. GET /healthz tells what was done last. Settings are read anew for
    each job; those of `serve` itself at the start. Ends with 0 when stopped, with 3 where a setting is missing or the
    address is taken.
    """
    from massage_billing.serve import server
    from massage_billing.serve_settings import is_loopback

    settings = shell.load(settings_file)
    where = settings.serve.address if address is None else _checked(address)
    shell.log_to_standard_error()
    if not is_loopback(where):
        click.echo(
            f"Note: {where} is reached by other machines, without TLS. Put a proxy with TLS before it.", err=True
        )
    source = settings.source
    server.serve(settings, lambda: shell.load(source), where, lambda url: _ready(settings, url))
    return 0


def _checked(address: str) -> str:
    from massage_billing.serve_settings import split_address

    try:
        split_address(address)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--address") from None
    return address


def _ready(settings: Settings, url: str) -> None:
    serve = settings.serve
    every = "only when asked" if serve.every is None else f"every {serve.every}"
    at = ", ".join(f"{clock:%H:%M}" for clock in serve.eligibility_at) or "only when asked"
    click.echo(f"Serving at {url}. Bills {every}; asks payers {f'at {at}' if serve.eligibility_at else at}.")
