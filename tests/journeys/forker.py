"""Forks children that run the command line, all imports done, so that a kill meets the work: ``python forker.py``.

Reads one JSON list of arguments a line; answers "started PID" at once and "ended PID CODE" when it is over (code -9:
killed). What a child prints goes to the files "PID.out" and "PID.err" in the current folder.
"""

from __future__ import annotations

import json
import os
import sys
import threading

import massage_billing.cli.eligibility_run
import massage_billing.cli.explain
import massage_billing.cli.export_837
import massage_billing.cli.receive
import massage_billing.cli.run
import massage_billing.hosts.fhir_server
import massage_billing.hosts.folder
import massage_billing.net.smart
import massage_billing.payers.clearinghouse_json
import massage_billing.payers.core_x12
import massage_billing.payers.fhir_payer
import massage_billing.store.sql
import massage_billing.sweep.sweep
import massage_billing.wiring.receiving
import massage_billing.wiring.sending  # noqa: F401
from massage_billing import wiring
from massage_billing.checks import claim_checker
from massage_billing.cli.main import run

_SAYING = threading.Lock()


def say(text: str) -> None:
    """One line on standard output."""
    with _SAYING:
        print(text, flush=True)


def main() -> None:
    """Serve until standard input ends."""
    book = wiring.load_rulebook()
    claim_checker(book)({})  # imports what checks a Claim
    wiring.load_rulebook = lambda: book  # type: ignore[assignment] # read once: it is neither host nor store
    say("ready")
    for line in sys.stdin:
        arguments = json.loads(line)
        pid = os.fork()
        if pid == 0:
            for stream, name in ((1, "out"), (2, "err")):
                os.dup2(os.open(f"{os.getpid()}.{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
            os._exit(_exit_code(arguments))
        say(f"started {pid}")
        _, status = os.waitpid(pid, 0)
        say(f"ended {pid} {os.waitstatus_to_exitcode(status)}")


def _exit_code(arguments: list[str]) -> int:
    code = run(arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    main()
