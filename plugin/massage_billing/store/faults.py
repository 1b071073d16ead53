"""What a database says went wrong, as a StoreError: where, what, and what to do; never a parameter or a value.

The driver's own words are dropped: PostgreSQL's details quote values.
"""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from massage_billing.errors import StoreError

_REBUILD = (
    "Move it away and run again: what is lost is rebuilt from the host. Claims not yet written are decided again."
)

_SQLITE = {
    sqlite3.SQLITE_BUSY: (
        "is locked by another process",
        "Wait until the other run has ended, or end it, then run again.",
    ),
    sqlite3.SQLITE_LOCKED: ("is locked by another process", "Wait until the other run has ended, then run again."),
    sqlite3.SQLITE_READONLY: ("cannot be written", "Give this user the right to write the file and its directory."),
    sqlite3.SQLITE_PERM: ("cannot be opened", "Give this user the right to read and write it."),
    sqlite3.SQLITE_CANTOPEN: (
        "cannot be opened",
        "Give this user the right to read and write the file and its directory.",
    ),
    sqlite3.SQLITE_FULL: ("cannot grow: the disk is full", "Free some space and run again; nothing was half written."),
    sqlite3.SQLITE_IOERR: ("cannot be read or written: the disk answers with an error", "Check the disk."),
    sqlite3.SQLITE_CORRUPT: ("is damaged", _REBUILD),
    sqlite3.SQLITE_NOTADB: ("is not a store of massage-billing", "Name another file, or move this one away."),
    sqlite3.SQLITE_ERROR: ("does not have the tables expected", "Name a store of massage-billing. " + _REBUILD),
}
"""SQLite's primary result code → (what, fix)."""

_POSTGRESQL = {
    "55P03": ("is locked by another process", "Wait until the other run has ended, then run again."),
    "57014": ("is locked by another process", "Wait until the other run has ended, then run again."),
    "40P01": ("is locked by another process", "Run again."),
    "40001": ("was written by another process at the same time", "Run again."),
    "25006": ("takes no writes: it is a standby", "Wait until it was promoted, or name the server that is not."),
    "3D000": ("does not exist", "Create the database, then run again."),
    "28P01": ("does not accept the password", "Correct the user and password in the settings."),
    "28000": ("does not accept the user", "Correct the user in the settings, or let the server accept it."),
    "42501": ("does not let this user do that", "Grant the user the rights to create and change tables."),
    "42P01": ("does not have the tables expected", "Give massage-billing a database of its own."),
    "42P07": ("has other tables of the same names", "Give massage-billing a database of its own."),
    "53100": ("cannot grow: the disk is full", "Free some space and run again; nothing was half written."),
    "53300": ("takes no more connections", "Raise max_connections, or end other programs."),
    "57P03": ("is starting or stopping", "Wait, then run again."),
}
"""SQLSTATE → (what, fix)."""


def store_error(name: str, error: SQLAlchemyError | sqlite3.Error) -> StoreError:
    """The StoreError for what a driver raised. ``name``: the store's path, or its URL without the password."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", None)
    if isinstance(code, int):
        what, fix = _SQLITE.get(code & 0xFF, (f"failed ({getattr(cause, 'sqlite_errorname', code)})", _REBUILD))
        return StoreError(f"The store {name} {what}.", fix)
    if isinstance(cause, sqlite3.DatabaseError) and "malformed" in str(cause):
        return StoreError(f"The store {name} is damaged.", _REBUILD)
    state = getattr(cause, "sqlstate", None)
    if state in _POSTGRESQL:
        what, fix = _POSTGRESQL[state]
        return StoreError(f"The store {name} {what}.", fix)
    if state is None or str(state).startswith("08"):
        return StoreError(
            f"The store {name} cannot be reached ({type(cause).__name__}).", "Check the URL and that the server runs."
        )
    return StoreError(f"The store {name} failed ({type(cause).__name__}, SQLSTATE {state}).", "See the server's log.")
