"""``python -m massage_billing.payers.simulated``: prints READY and its URL, and serves until its standard input closes
(its parent is gone) or it is told to end."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType

import click

from massage_billing.payers.simulated.http_server import Server
from massage_billing.payers.simulated.payer import Options, SimulatedPayer


@click.command()
@click.option("--port", default=0, show_default="any free one", help="Port on 127.0.0.1.")
@click.option("--latency", default=0.0, help="Seconds before every answer.")
@click.option("--slow", default=30.0, show_default=True, help="Seconds before the answer to SYN-SLOW.")
@click.option("--polls", default=1, show_default=True, help="How often an answer that is polled for is not there yet.")
@click.option("--usual", default="", help="Script of members that no script is for, such as SYN-ACTIVE.")
def serve(port: int, latency: float, slow: float, polls: int, usual: str) -> None:
    """A simulated payer: /core, /fhir, /fhir-async, /clearinghouse, /clearinghouse/plans, and GET /counts."""
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    payer = SimulatedPayer(Options(latency=latency, slow=slow, polls=polls, usual=usual))
    with Server(payer.handle, port) as server:
        sys.stdout.write(f"READY {server.url}\n")
        sys.stdout.flush()
        threading.Thread(target=_until_closed, args=(ended,), daemon=True).start()
        ended.wait()


def _until_closed(ended: threading.Event) -> None:
    """A parent that ends, however it ends, closes our standard input."""
    while os.read(sys.stdin.fileno(), 4096):  # not through a buffer: its lock would outlive the interpreter
        pass
    ended.set()


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point."""
    serve.main(args=None if arguments is None else list(arguments), prog_name="massage_billing.payers.simulated")


if __name__ == "__main__":
    main()
