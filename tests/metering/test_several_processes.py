"""Several processes on one socket tell their numbers together, whichever answers, and after one of them has died."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import pytest
import requests

from servers.postgresql import postgresql
from servers.shared_service import Host, service

pytestmark = pytest.mark.slow
ASKED = 60


def counted(url: str) -> float:
    told = requests.get(f"{url}/metrics", timeout=30).text
    assert "massage_billing_store_up 1.0" in told
    found = re.search(r'massage_billing_http_request_seconds_count\{.*route="/healthz".*\} ([0-9.]+)', told)
    return float(found[1]) if found else 0.0


def test_numbers_are_told_together(tmp_path: Path) -> None:
    with postgresql() as database:
        host = Host(tmp_path / "clinic", 5)
        try:
            with service(tmp_path / "service", host, database, "metrics", 2) as running:
                assert len(running.processes()) == 2
                before = counted(running.url)
                for _ in range(ASKED):  # each on a connection of its own, so that both processes answer
                    assert requests.get(f"{running.url}/healthz", timeout=30).status_code == 200
                assert [counted(running.url) - before for _ in range(6)] == [ASKED] * 6
                first = running.processes()[0]
                os.kill(first, signal.SIGKILL)
                deadline = time.monotonic() + 120
                while first in running.processes() or len(running.processes()) < 2:
                    assert time.monotonic() < deadline
                told = {running.get("/healthz")[0] for _ in range(5)}
                assert told == {200}
                assert counted(running.url) - before >= ASKED + 5
                folder = tmp_path / "service" / "state" / "metrics"
                assert folder.stat().st_mode & 0o077 == 0
        finally:
            host.child.stop()
