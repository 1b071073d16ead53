"""Progress on standard error for what takes over two seconds: a bar on a terminal, else a line now and then.

A step that cannot say how far it is (an index that is being built) is shown too: a clock of our own ticks beside the
work, so that a person sees that it goes on.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

_PATIENCE = 2.0
_EVERY = 5.0
_TICK = 0.5


class Reporter:
    """Implements the report's Progress port. Says nothing at all about work that is quick."""

    def __init__(self, title: str, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._title = title
        self._stream = stream or sys.stderr
        self._drawn = self._stream.isatty()
        self._clock = clock
        self._started = clock()
        self._said = self._started + _PATIENCE - _EVERY
        self._last: tuple[str, int, int | None] = ("working", 0, None)
        self._bar: Bar | None = None
        self._tasks: dict[str, TaskID] = {}
        self._lock = Lock()
        self._ended = Event()
        self._ticker: Thread | None = None

    def start(self) -> None:
        """Tick beside the work until ``close``."""
        self._ticker = Thread(target=self._tick, daemon=True)
        self._ticker.start()

    @property
    def done(self) -> int:
        """How many are through with the last step."""
        return self._last[1]

    def advance(self, what: str, done: int, total: int | None) -> None:
        """Take note that ``done`` of ``total`` (where known) are through with the step ``what``."""
        self._last = (what, done, total)
        self.show()

    def show(self) -> None:
        """Show how far the work is, where it is time to."""
        now = self._clock()
        if now - self._started < _PATIENCE:
            return
        with self._lock:
            if self._ended.is_set():
                return
            if self._drawn:
                self._draw(*self._last)
            elif now - self._said >= _EVERY:
                self._said = now
                self._print(*self._last, now - self._started)

    def close(self) -> None:
        """Take the bar off the screen."""
        self._ended.set()
        if self._ticker is not None:
            self._ticker.join()
        with self._lock:
            if self._bar is not None:
                self._bar.stop()
                self._bar = None

    def _tick(self) -> None:
        while not self._ended.wait(_TICK):
            self.show()

    def _print(self, what: str, done: int, total: int | None, seconds: float) -> None:
        far = f": {done:,}" if done else ""
        of = f" of {total:,}" if total is not None else ""
        print(f"{self._title}: {what}{far}{of} ({seconds:.0f} s)", file=self._stream, flush=True)

    def _draw(self, what: str, done: int, total: int | None) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.fields[far]}"),
                TimeElapsedColumn(),
            )
            self._bar = Progress(*columns, console=Console(file=self._stream), transient=True)
            self._bar.start()
        far = f"{done:,}" + (f" of {total:,}" if total is not None else "") if done else ""
        if what not in self._tasks:
            self._tasks[what] = self._bar.add_task(f"{self._title}: {what}", total=total, far=far)
        self._bar.update(self._tasks[what], completed=done, total=total, far=far)
