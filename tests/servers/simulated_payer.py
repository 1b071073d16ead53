"""The simulated payer as a server: as a process of its own, as it ships, and inside the test for scripts and counts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from massage_billing.payers.simulated.http_server import Server
from massage_billing.payers.simulated.payer import Options, SimulatedPayer
from servers.process import ROOT, Child


@pytest.fixture(scope="session")
def simulated_payer() -> Iterator[str]:
    """The URL of a simulated payer that runs as a process of its own; all tests of a worker share it, so each asks
    under trace numbers of its own."""
    command = [sys.executable, "-m", "massage_billing.payers.simulated"]
    with Child(command, env={"PYTHONPATH": str(ROOT / "plugin")}) as child:
        word, _, url = child.read_line(30).partition(" ")
        assert word == "READY"
        yield url


Start = Callable[..., tuple[SimulatedPayer, str]]


@pytest.fixture
def start_payer() -> Iterator[Start]:
    """Starts a simulated payer in this process, with options: (payer, url)."""
    with ExitStack() as stack:

        def start(**options: Any) -> tuple[SimulatedPayer, str]:
            payer = SimulatedPayer(Options(**options))
            return payer, stack.enter_context(Server(payer.handle)).url

        yield start
