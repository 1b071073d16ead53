"""How the program logs: plain lines for people, or JSON for machines; never patient data.

What may be logged is listed here, key by key. Anything else is dropped, so that a line of code that logs too much loses
its words and not a patient's secret; tests/cli/test_logs.py holds the code to the list.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from structlog.typing import Processor

VARIABLE: Final = "MASSAGE_BILLING_LOG"
"""Environment variable that says how: text or json. The processes of a service inherit it."""
KINDS: Final = ("text", "json")
KEYS: Final[Mapping[str, str]] = {
    "event": 'what happened, "job.begun"',
    "level": "info, warning, error",
    "timestamp": "UTC",
    "pid": "process id",
    "code": "exit code of a process",
    "job": "kind of a job",
    "id": "random id of a job",
    "host": "configured host id",
    "by": "who asked for a job",
    "state": "what became of a job",
    "seconds": "how long it took",
    "ms": "how long it took",
    "service": "CDS service",
    "how": "what became of a call",
    "cards": "how many cards",
    "page": "name of a page",
    "path": "template of a route",
    "type": "type of resource",
    "entries": "how many entries of a Bundle",
    "file": "a file of the clinic's own, or of the state folder",
    "used": "which settings are in use",
    "error": "class of an error, never its text",
    "why": "message of an error of ours: by ids, never by patient (errors.py)",
}
"""What may be logged, and what it is."""
_LONGEST: Final = 500
"""Characters of a value; longer ones are cut."""


def inherit(kind: str | None) -> None:
    """Log so in this process and in those that it starts; None: as the environment says."""
    if kind is not None:
        os.environ[VARIABLE] = kind


def as_json() -> bool:
    """Whether machines read the log: then nothing else may stand in it."""
    return os.environ.get(VARIABLE) == "json"


def configure() -> None:
    """Log to standard error from now on, as the environment says."""
    import structlog

    processors: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        only_listed,
        structlog.processors.JSONRenderer(sort_keys=True) if as_json() else structlog.dev.ConsoleRenderer(colors=False),
    ]
    # Not cached: tests, and a service whose log is turned to JSON, configure it again.
    structlog.configure(
        processors=processors,
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


def only_listed(_logger: object, _method: str, event: MutableMapping[str, object]) -> Mapping[str, object]:
    """Drop what is not listed, and tracebacks; one line each, of a bounded length."""
    return {name: _plain(value) for name, value in event.items() if name in KEYS}


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = "".join(character if character.isprintable() else " " for character in str(value))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
