"""Looking at a store without opening it: nothing is made, migrated or locked."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from massage_billing.errors import StoreError
from massage_billing.store.faults import store_error
from massage_billing.store.opening import shown_url, target_of
from massage_billing.store.tables import HEAD, VERSION_TABLE

_QUESTION = f"SELECT version_num FROM {VERSION_TABLE}"  # noqa: S608
_SECONDS = 10
"""After which a server that does not answer is away."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a store is."""

    name: str
    """Its file, or its URL without the password."""
    revision: str | None
    """Of which version it is; None where nothing is remembered yet."""

    @property
    def newer(self) -> bool:
        """Whether a newer version of the program wrote it: this one refuses it."""
        return self.revision is not None and self.revision > HEAD

    @property
    def older(self) -> bool:
        """Whether it is migrated when it is opened."""
        return self.revision is not None and self.revision < HEAD


def look(url: str | Path) -> Look:
    """What the store is now. ``url``: as ``open_store`` takes it. StoreError where it is away or no store."""
    if isinstance(url, Path) and not url.exists():
        return Look(str(url), None)
    target = target_of(url)
    return _file(target) if isinstance(target, Path) else _database(target)


def _file(path: Path) -> Look:
    if not path.is_file() or not path.stat().st_size:  # an empty one is made before its tables are
        return Look(str(path), None)
    try:
        with closing(sqlite3.connect(path, timeout=_SECONDS)) as connection:
            row = connection.execute(_QUESTION).fetchone()
    except sqlite3.Error as error:
        raise store_error(str(path), error) from None
    return Look(str(path), str(row[0]) if row else None)


def _database(url: URL) -> Look:
    name = shown_url(url)
    try:
        engine = create_engine(url, hide_parameters=True, connect_args={"connect_timeout": _SECONDS})
    except ImportError:
        raise StoreError(
            f"The store {name} needs the PostgreSQL driver.", "pip install 'massage-billing[postgresql]'"
        ) from None
    try:
        with engine.connect() as connection:
            revision = connection.scalar(text(_QUESTION))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == "42P01":
            return Look(name, None)
        raise store_error(name, error) from None
    except SQLAlchemyError as error:
        raise store_error(name, error) from None
    finally:
        engine.dispose()
    return Look(name, None if revision is None else str(revision))
