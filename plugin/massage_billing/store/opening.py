"""Opening a store: the file and its rights, the connection's settings, and the tables brought up to date.

A store at the right version is opened without Alembic, with one question. Else migrations run under a lock, so that two
processes may open at once. On both databases one writer works at a time, in transactions that are durable when they
return: SQLite by BEGIN IMMEDIATE, WAL and synchronous=FULL; PostgreSQL by an advisory lock.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from massage_billing.errors import StoreError
from massage_billing.store.faults import store_error
from massage_billing.store.tables import HEAD, VERSION_TABLE

FILE_NAME = "store.sqlite"
"""The store's file in a state directory."""

READING = {"massage_billing_reading": True}
"""Execution options of a connection that only reads: it waits for no writer."""

_WRITER_LOCK = 0x4D42494C
"""Advisory lock of the one writer on PostgreSQL."""


def open_engine(url: str | Path, busy_seconds: float) -> tuple[Engine, str]:
    """An engine on a store that is up to date, and the store's name for messages."""
    target = target_of(url)
    engine, name = _sqlite(target, busy_seconds) if isinstance(target, Path) else _postgresql(target, busy_seconds)
    try:
        if not _current(engine):
            with _alone(target):
                _upgrade(engine, name)
    except (SQLAlchemyError, sqlite3.Error) as error:
        engine.dispose()
        raise store_error(name, error) from None
    except StoreError:
        engine.dispose()
        raise
    return engine, name


def target_of(url: str | Path) -> Path | URL:
    """The SQLite file, or the URL of a PostgreSQL database. Raises StoreError."""
    if isinstance(url, str) and "://" in url:
        try:
            parsed = make_url(url)
        except ArgumentError:
            raise StoreError("The store's URL cannot be read.", "Write postgresql://user@host/database.") from None
        backend = parsed.get_backend_name()
        if backend in ("postgresql", "postgres"):
            return parsed.set(drivername="postgresql+psycopg")
        if backend == "sqlite" and parsed.database and parsed.database != ":memory:":
            return Path(parsed.database)
        raise StoreError(
            f"The store's URL is of kind {backend}.", "Name a state directory, an SQLite file or postgresql://…"
        )
    path = Path(url).expanduser()
    if path.suffix and not path.is_dir():
        return path
    _directory(path)
    return path / FILE_NAME


def _directory(path: Path) -> None:
    """The state directory: made if missing, for its owner only."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.stat().st_mode & 0o077:
            path.chmod(0o700)
    except OSError as error:
        raise _no_access(path, error) from None


def _no_access(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"The store {path} cannot be made or opened ({error.strerror}).",
        "Name a directory that this user may write, or give it the right.",
    )


# --- SQLite ---------------------------------------------------------------------------------------------------------


def _sqlite(path: Path, busy_seconds: float) -> tuple[Engine, str]:
    _make_file(path)
    engine = create_engine(
        URL.create("sqlite", database=str(path)), connect_args={"timeout": busy_seconds}, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def settings(connection: Any, _record: object) -> None:
        # The driver's own BEGIN is deferred: such a transaction, when it turns to writing, fails where it could wait.
        connection.isolation_level = None
        for pragma in (
            "synchronous = FULL",
            "foreign_keys = ON",
            "secure_delete = ON",
            "temp_store = MEMORY",
            "cache_size = -16000",
            "wal_autocheckpoint = 4000",
            "journal_size_limit = 67108864",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("massage_billing_reading")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine, str(path)


def _make_file(path: Path) -> None:
    """An empty file that only its owner may read, before SQLite makes one by the umask; -wal and -shm follow it."""
    try:
        if not path.parent.is_dir():
            _directory(path.parent)
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            for file in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
                if file.exists() and file.stat().st_mode & 0o077:
                    file.chmod(0o600)
    except OSError as error:
        raise _no_access(path, error) from None


@contextmanager
def _alone(target: Path | URL) -> Iterator[None]:
    """One process at a time makes or upgrades a SQLite store: the switch to WAL does not wait for its turn.

    The lock is on the directory: closing a second handle of the file itself would drop SQLite's own locks.
    """
    if isinstance(target, URL):
        yield
        return
    handle = os.open(target.parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


# --- PostgreSQL -----------------------------------------------------------------------------------------------------


def shown_url(url: URL) -> str:
    """A database's URL for messages: without its password, wherever that stands in it."""
    return url.difference_update_query(["password", "sslpassword"]).render_as_string(hide_password=True)


def _postgresql(url: URL, busy_seconds: float) -> tuple[Engine, str]:
    name = shown_url(url)
    try:
        # "format": parameters in order, so that many rows go to the driver as tuples.
        engine = create_engine(url, hide_parameters=True, paramstyle="format", pool_pre_ping=True)
    except ImportError:
        raise StoreError(
            f"The store {name} needs the PostgreSQL driver.", "pip install 'massage-billing[postgresql]'"
        ) from None

    @event.listens_for(engine, "connect")
    def settings(connection: Any, _record: object) -> None:
        connection.execute(f"SET lock_timeout = {max(1, int(busy_seconds * 1000))}")
        connection.execute("SET timezone = 'UTC'")
        # What is read in a writer's turn has to be what the one before left; what returned has to outlive a crash.
        connection.execute("SET default_transaction_isolation = 'read committed'")
        connection.execute("SET synchronous_commit = on")
        connection.commit()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if not connection.get_execution_options().get("massage_billing_reading"):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITER_LOCK})")

    return engine, name


# --- version --------------------------------------------------------------------------------------------------------


def _current(engine: Engine) -> bool:
    """Whether the store is of this code's version, asked with plain SQL."""
    with engine.connect().execution_options(**READING) as connection:
        try:
            version: object = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608
            return version == HEAD
        except DBAPIError as error:
            if _missing_table(error):
                return False
            raise


def _missing_table(error: DBAPIError) -> bool:
    cause = error.orig
    if isinstance(cause, sqlite3.OperationalError):
        return bool(cause.sqlite_errorcode == sqlite3.SQLITE_ERROR)
    return bool(getattr(cause, "sqlstate", None) == "42P01")


def _prepare_file(engine: Engine, name: str) -> None:
    """Refuse a file that is some other program's; switch to write-ahead logging, which stays with the file."""
    with closing(engine.raw_connection()) as connection:
        tables = {row[0] for row in connection.cursor().execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if tables and VERSION_TABLE not in tables:
            raise StoreError(f"{name} is another program's database.", "Name another file for the store.")
        connection.cursor().execute("PRAGMA journal_mode = WAL")


def _upgrade(engine: Engine, name: str) -> None:
    """Run the migrations that are missing, in one transaction; of two processes the second finds nothing to do."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    if engine.dialect.name == "sqlite":
        _prepare_file(engine, name)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError:
            raise StoreError(
                f"The store {name} was written by a newer version of massage-billing.",
                "Install that version or a later one; this one leaves the store as it is.",
            ) from None
