"""Progress on standard error for what takes over two seconds: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

_PATIENCE = 2.0
_EVERY = 5.0


class Reporter:
    """Implements the service's Progress port. Says nothing at all about work that is quick."""

    def __init__(self, title: str, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._title = title
        self._stream = stream or sys.stderr
        self._clock = clock
        self._started = clock()
        self._said = self._started + _PATIENCE - _EVERY
        self._bar: Bar | None = None
        self._tasks: dict[str, TaskID] = {}

    def advance(self, what: str, done: int, total: int | None) -> None:
        """Take note that ``done`` of ``total`` (where known) are through with the step ``what``."""
        now = self._clock()
        if now - self._started < _PATIENCE:
            return
        if self._stream.isatty():
            self._draw(what, done, total)
        elif now - self._said >= _EVERY:
            self._said = now
            of = f" of {total:,}" if total is not None else ""
            print(f"{self._title}: {what}: {done:,}{of} ({now - self._started:.0f} s)", file=self._stream, flush=True)

    def close(self) -> None:
        """Take the bar off the screen."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _draw(self, what: str, done: int, total: int | None) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._bar = Progress(*columns, console=Console(file=self._stream), transient=True)
            self._bar.start()
        if what not in self._tasks:
            self._tasks[what] = self._bar.add_task(f"{self._title}: {what}", total=total)
        self._bar.update(self._tasks[what], completed=done, total=total)
