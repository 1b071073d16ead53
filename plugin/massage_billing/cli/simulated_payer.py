"""``massage-billing simulated-payer``: payers that answer from a script, to try things out on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from massage_billing.settings import Settings

PORT: Final = 8971
PAYER_URL: Final = f"http://127.0.0.1:{PORT}"
"""Where the settings of a synthetic clinic look for it."""


@click.command(name="simulated-payer")
@click.option("--port", default=PORT, show_default=True, help="Port on 127.0.0.1; 0 for any free one.")
@click.option("--latency", default=0.0, show_default=True, help="Seconds before every answer.")
def command(port: int, latency: float) -> None:
    """Serve simulated payers on this machine, until Ctrl-C.

    They speak X12 270/271 over CAQH CORE (/core), FHIR R4 (/fhir, /fhir-async) and clearinghouse JSON (/clearinghouse),
    and answer by member id from a script: SYN-ACTIVE, SYN-ENDED, SYN-AUTH … A real patient is never in them.
    """
    import threading

    from massage_billing.errors import SettingsError
    from massage_billing.payers.simulated.http_server import Server
    from massage_billing.payers.simulated.payer import Options, SimulatedPayer

    try:
        server = Server(SimulatedPayer(Options(latency=latency)).handle, port)
    except OSError as error:
        raise SettingsError(f"Port {port} cannot be used ({error.strerror}).", "Name another --port.") from None
    with server:
        click.echo(f"Simulated payers at {server.url}. Ctrl-C ends them.")
        threading.Event().wait()


@contextmanager
def beside(settings: Settings) -> Iterator[Settings]:
    """Settings whose simulated payers are served in this process, on a free port, while this is open."""
    from massage_billing.payers.simulated.http_server import Server
    from massage_billing.payers.simulated.payer import Options, SimulatedPayer

    with Server(SimulatedPayer(Options(slow=4)).handle, 0) as server:
        channels = {
            name: channel.model_copy(update={"url": channel.url.replace(PAYER_URL, server.url)})
            if hasattr(channel, "url")
            else channel
            for name, channel in settings.eligibility.channels.items()
        }
        yield settings.model_copy(
            update={"eligibility": settings.eligibility.model_copy(update={"channels": channels})}
        )
