"""``massage-billing eligibility run`` with a clock on its parts, or the bare client. A process of its own each.

``run RECORD SETTINGS``: the program's own entry point; its ``--json`` and then, on the last line, seconds by part. What
payers are sent is kept in the file RECORD ("-": it is not). ``bare RECORD PAYERS``: sends what was kept, twenty at a
time, to payers at that URL.
"""

from __future__ import annotations

import json
import pickle
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

AT_ONCE = 20
PARTS: dict[str, list[float]] = {}
"""Name of a part → [wall, CPU of the process] seconds."""


def main() -> None:
    if sys.argv[1] == "bare":
        bare(Path(sys.argv[2]), sys.argv[3])
    else:
        run(sys.argv[2], sys.argv[3])


def run(record: str, settings: str) -> None:
    """The sweep, as the command line runs it."""
    from massage_billing.cli.main import main as program
    from massage_billing.sweep import sweep

    for owner, name, part in (
        (sweep.Sweep, "run", "sweep"),
        (sweep.Surveyor, "days", "reading appointments"),
        (sweep.Carrier, "ask", "asking"),
        (sweep, "deliver", "writing answers"),
        (sweep, "judge_all", "judging"),
        (sweep, "keep_tasks", "Tasks"),
    ):
        setattr(owner, name, timed(part, getattr(owner, name)))
    kept: list[tuple[str, str, bytes | None, dict[str, str]]] = []
    if record != "-":
        recorded(kept)
    sys.argv = ["massage-billing", "eligibility", "run", "--json", "--settings", settings]
    code: Any = 0
    try:
        program()
    except SystemExit as end:
        code = end.code
    if record != "-":
        Path(record).write_bytes(pickle.dumps(kept))
    print("\n" + json.dumps(PARTS))
    sys.exit(code)


def timed(part: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, its time added to a part's."""

    def wrapped(*given: Any, **named: Any) -> Any:
        wall, cpu = time.monotonic(), time.process_time()
        try:
            return function(*given, **named)
        finally:
            spent = PARTS.setdefault(part, [0.0, 0.0])
            spent[0] += time.monotonic() - wall
            spent[1] += time.process_time() - cpu

    return wrapped


def recorded(kept: list[tuple[str, str, bytes | None, dict[str, str]]]) -> None:
    """Keep what payers are sent: method, URL, body and headers."""
    from massage_billing.net.http import HttpClient
    from massage_billing.payers.calls import PayerCalls

    begin, send = PayerCalls.__init__, HttpClient._send
    payers: set[int] = set()

    def begun(calls: Any, *given: Any, **named: Any) -> None:
        begin(calls, *given, **named)
        payers.add(id(calls._client))

    def sent(client: Any, method: str, url: str, params: Any, body: Any, headers: Any) -> Any:
        if id(client) in payers:
            kept.append((method, url, body, dict(headers)))
        return send(client, method, url, params, body, headers)

    PayerCalls.__init__ = begun  # type: ignore[method-assign]
    HttpClient._send = sent  # type: ignore[method-assign]


def bare(record: Path, payers: str) -> None:
    """The same questions by ``requests``, and nothing done with the answers: wall and CPU seconds."""
    import requests

    kept = [(method, payers + urlsplit(url).path, body, headers)
            for method, url, body, headers in pickle.loads(record.read_bytes())]  # fmt: skip
    own = threading.local()

    def ask(one: tuple[str, str, bytes | None, dict[str, str]]) -> int:
        if not hasattr(own, "session"):
            own.session = requests.Session()
            own.session.trust_env = False
        method, url, body, headers = one
        return len(own.session.request(method, url, data=body, headers=headers, timeout=60).content)

    wall, cpu = time.monotonic(), time.process_time()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        size = sum(pool.map(ask, kept))
    print(json.dumps({"wall": time.monotonic() - wall, "cpu": time.process_time() - cpu, "calls": len(kept),
                      "bytes": size}))  # fmt: skip


main()
