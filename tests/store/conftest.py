"""The stores under test: the fake, SQLite in a temporary directory, PostgreSQL started for this session."""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from massage_billing.ports import Asking, Store
from massage_billing.store import open_store
from massage_billing.store.memory import MemoryStore
from massage_billing.store.sql import SqlStore
from store.asking_making import clock, living
from store.making import NOON


def _server_binaries() -> Path | None:
    """The directory of initdb and pg_ctl; Debian keeps it out of PATH."""
    found = [shutil.which("pg_ctl"), *sorted(glob.glob("/usr/lib/postgresql/*/bin/pg_ctl"), reverse=True)]
    for program in found:
        if program and (directory := Path(program).resolve().parent) and (directory / "initdb").exists():
            return directory
    return None


def _not_root() -> tuple[list[str], int]:
    """What to put before a command so that it does not run as root, which PostgreSQL refuses; and that user's id."""
    if os.geteuid() != 0:
        return [], os.geteuid()
    for user in ("postgres", "nobody"):
        try:
            return ["runuser", "-u", user, "--"], pwd.getpwnam(user).pw_uid
        except KeyError:
            continue
    pytest.skip("PostgreSQL does not run as root, and there is no user postgres or nobody")


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """A PostgreSQL server on a unix socket in a temporary directory; the URL of a migrated template database."""
    binaries = _server_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL's server programs (initdb, pg_ctl) are not on this machine")
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    before, uid = _not_root()
    home = Path(tempfile.mkdtemp(prefix="mb-pg-"))
    os.chown(home, uid, -1)
    data = home / "data"

    def call(program: str, *arguments: str) -> None:
        command = [*before, str(binaries / program), "-D", str(data), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=home)

    options = f"-k {home} -c listen_addresses='' -c fsync=off -c max_connections=60"
    try:
        call("initdb", "-A", "trust", "-U", "tester", "-E", "UTF8", "--locale=C", "--no-sync")
        call("pg_ctl", "-w", "-l", str(home / "log"), "-o", options, "start")
        try:
            url = f"postgresql://tester@/{{}}?host={home}"
            _execute(url.format("postgres"), "CREATE DATABASE migrated")
            open_store(url.format("migrated")).close()
            yield url
        finally:
            call("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(home)


def _execute(url: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


_numbers = count(1)


@pytest.fixture
def empty_postgresql(postgresql_server: str) -> Iterator[str]:
    """URL of a database without tables."""
    yield from _database(postgresql_server, "")


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """URL of a database with an empty store."""
    yield from _database(postgresql_server, "TEMPLATE migrated")


def _database(url: str, how: str) -> Iterator[str]:
    name = f"t{next(_numbers)}"
    _execute(url.format("postgres"), f"CREATE DATABASE {name} {how}")
    yield url.format(name)
    _execute(url.format("postgres"), f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a store is opened that several processes may share."""
    return request.getfixturevalue("postgresql_url") if request.param == "postgresql" else str(tmp_path / "state")


@pytest.fixture
def asking(store: Store) -> Asking:
    """What is remembered of asking, empty, of each kind; its clock stands at noon until a test moves it."""
    assert isinstance(store, SqlStore | MemoryStore)
    return store.asking(alive=living.get, clock=lambda: clock[0])


@pytest.fixture(autouse=True)
def _reset() -> None:
    living.clear()
    clock[:] = [NOON]


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store of each kind."""
    if request.param == "memory":
        yield MemoryStore()
        return
    where = request.getfixturevalue("postgresql_url") if request.param == "postgresql" else tmp_path / "state"
    with open_store(where) as opened:
        yield opened
