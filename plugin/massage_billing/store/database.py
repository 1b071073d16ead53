"""What everything that is kept in one database shares: its engine, reading, writing, and what purging leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from massage_billing.store.faults import store_error
from massage_billing.store.opening import READING
from massage_billing.store.statements import Statements


class Database:
    """An engine on a store that is up to date, for the classes that keep things in it. Threads may share one."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._name = name
        self._run = Statements(engine.dialect)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engine.connect().execution_options(**READING) as connection:
                yield connection
        except SQLAlchemyError as error:
            raise store_error(self._name, error) from None

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise store_error(self._name, error) from None

    def _empty_log(self) -> None:
        """What was deleted also goes from SQLite's write-ahead log, unless another process is still reading it."""
        if self._engine.dialect.name == "sqlite":
            with closing(self._engine.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
