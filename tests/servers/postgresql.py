"""A PostgreSQL server of a test's own, that it may stop and start."""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

USER = "tester"


def binaries() -> Path | None:
    """The directory of initdb and pg_ctl; Debian keeps it out of PATH."""
    found = [shutil.which("pg_ctl"), *sorted(glob.glob("/usr/lib/postgresql/*/bin/pg_ctl"), reverse=True)]
    for program in found:
        if program and (directory := Path(program).resolve().parent) and (directory / "initdb").exists():
            return directory
    return None


@dataclass
class Server:
    """A server on a unix socket in a folder of its own."""

    home: Path
    bin: Path
    before: tuple[str, ...]
    options: str

    def url(self, database: str) -> str:
        """The URL of a database."""
        return f"postgresql://{USER}@/{database}?host={self.home}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Run a statement outside of transactions."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.call("pg_ctl", "-w", "-l", str(self.home / "log"), "-o", self.options, "start")

    def stop(self) -> None:
        """End it as a fault of the machine would: nothing is finished."""
        self.call("pg_ctl", "-w", "-m", "immediate", "stop")

    def call(self, program: str, *arguments: str) -> None:
        """Run one of its programs on its data."""
        command = [*self.before, str(self.bin / program), "-D", str(self.home / "data"), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.home)


@contextmanager
def postgresql(*, durable: bool = False) -> Iterator[Server]:
    """A server, started. ``durable``: it waits for the disk, as a clinic's does. RuntimeError where there is none."""
    found = binaries()
    if found is None:
        raise RuntimeError("PostgreSQL's server programs (initdb, pg_ctl) are not on this machine.")
    before, uid = _not_root()
    home = Path(tempfile.mkdtemp(prefix="mb-pg-"))
    os.chown(home, uid, -1)
    options = f"-k {home} -c listen_addresses='' -c max_connections=60"
    server = Server(home, found, before, options if durable else f"{options} -c fsync=off")
    try:
        server.call("initdb", "-A", "trust", "-U", USER, "-E", "UTF8", "--locale=C", "--no-sync")
        server.start()
        try:
            yield server
        finally:
            subprocess.run(
                [*before, str(found / "pg_ctl"), "-D", str(home / "data"), "-m", "immediate", "-w", "stop"],
                check=False,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=home,
            )
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _not_root() -> tuple[tuple[str, ...], int]:
    """What to put before a command so that it does not run as root, which PostgreSQL refuses; and that user's id."""
    if os.geteuid() != 0:
        return (), os.geteuid()
    for user in ("postgres", "nobody"):
        try:
            return ("runuser", "-u", user, "--"), pwd.getpwnam(user).pw_uid
        except KeyError:
            continue
    raise RuntimeError("PostgreSQL does not run as root, and there is no user postgres or nobody.")
