"""A child process that says READY: started, waited for and ended by its own id."""

from __future__ import annotations

import contextlib
import functools
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Child:
    """Runs ``command`` in a temporary folder of its own; standard error goes to a file there, for failure messages."""

    def __init__(self, command: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="massage-billing-"))
        self.log = self.folder / "stderr"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                cwd=self.folder,
                env={**os.environ, **(env or {})},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
                start_new_session=True,  # Ctrl-C reaches the tests, which then end it in order
            )
        self._pending = b""

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    def running(self) -> bool:
        """Whether the process has not ended."""
        return self.process.poll() is None

    def read_line(self, timeout: float) -> str:
        """The next line of standard output; RuntimeError with the end of its log when it ends or is silent too long."""
        line = self.try_line(timeout)
        if line is None:
            raise self._gone(f"said nothing for {timeout:.0f} s")
        return line

    def try_line(self, timeout: float) -> str | None:
        """The next line of standard output; None when none comes in this time. RuntimeError when it ends."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + timeout
        while b"\n" not in self._pending:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                return None
            chunk = os.read(self.process.stdout.fileno(), 1 << 20)
            if not chunk:
                raise self._gone(f"ended with {self.process.wait(5)}")
            self._pending += chunk
        line, _, self._pending = self._pending.partition(b"\n")
        return line.decode()

    def _gone(self, state: str) -> RuntimeError:
        tail = self.log.read_text(errors="replace")[-3000:]
        self.stop()
        return RuntimeError(f"{self.process.args} {state}\n{tail}")

    def write_line(self, text: str) -> None:
        """Sends one line to standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode() + b"\n")

    def stop(self) -> None:
        """Ends the process, gently and then for certain, and removes its folder."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        if self.running():
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


@functools.cache
def _build(name: str) -> tuple[str, str]:
    """The path of the runnable jar of deploy/<name>, or "" and why there is none; a failure is not tried again."""
    if shutil.which("java") is None:
        return "", "needs Java 17 or later (apt-get install default-jdk-headless)"
    built = subprocess.run([ROOT / "deploy" / name / "build"], capture_output=True, text=True, check=False)
    if built.returncode:
        return "", built.stderr.strip().splitlines()[-1]
    return built.stdout.strip(), ""


def built_jar(name: str) -> str:
    """The path of the runnable jar of deploy/<name>; skips the test, saying why, where it cannot be had."""
    jar, problem = _build(name)
    if problem:
        pytest.skip(f"deploy/{name}: {problem}")
    return jar


# The quick compiler alone starts a JVM in two thirds of the time and is enough for a test's few requests.
JAVA = ("java", "-Xmx2g", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto")
