"""Copies of a PostgreSQL store: by pg_dump, pg_restore and psql of the server's own packages.

They are called without a shell, the password goes by the environment and never by the command line, and what they say
is not repeated: details of PostgreSQL quote values.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from massage_billing.backup.manifest import POSTGRESQL
from massage_billing.errors import StoreError
from massage_billing.store.faults import store_error
from massage_billing.store.opening import shown_url
from massage_billing.store.tables import HEAD, VERSION_TABLE

_SECONDS: Final = 6 * 3600
"""After which a tool is taken to hang."""
_TOOLS: Final = "Install PostgreSQL's client programs of the server's version (Debian: postgresql-client)."


class PostgresqlCopies:
    """Implements ``Copies``."""

    name = POSTGRESQL

    def __init__(self, url: URL) -> None:
        self._url = url.set(drivername="postgresql+psycopg")
        self._shown = shown_url(url)

    def save(self, to: Path) -> str:
        """See ``Copies``; pg_dump reads one snapshot."""
        os.close(os.open(to, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        revision = self._revision()
        self._call("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={to}", self._place())
        self._listed(to)
        if self._revision() != revision:
            raise StoreError(f"{self._shown} was upgraded meanwhile.", "Make the backup again.")
        return revision

    def put_back(self, copy: Path) -> str:
        """See ``Copies``; in one transaction, so that what is there stays where anything fails. Nothing is kept."""
        self._listed(copy)
        self._refuse_if_used()
        script = copy.with_suffix(".sql")
        try:
            os.close(os.open(script, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            self._call("pg_restore", "--no-owner", "--no-privileges", f"--file={script}", str(copy))
            before = copy.with_suffix(".before.sql")
            before.write_text(self._drops(), encoding="utf-8")
            after = copy.with_suffix(".after.sql")
            after.write_text(_AFTER, encoding="utf-8")
            files = [f"--file={one}" for one in (before, script, after)]
            self._call("psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", *files,
                       self._place())  # fmt: skip
        finally:
            script.unlink(missing_ok=True)
        return ""

    def _revision(self) -> str:
        rows = self._rows(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608
        return str(rows[0]) if rows else ""

    def _drops(self) -> str:
        """Statements that take away what is there. StoreError where that is not all ours."""
        tables = [str(one) for one in self._rows("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")]
        if tables and VERSION_TABLE not in tables:
            raise StoreError(f"{self._shown} holds another program's tables.", "Name a database of its own.")
        routines = [str(one) for one in self._rows(_ROUTINES)]
        drops = [f'DROP TABLE "{one}" CASCADE;\n' for one in tables if '"' not in one]
        return "".join([*drops, *(f"DROP ROUTINE {one} CASCADE;\n" for one in routines)])

    def _refuse_if_used(self) -> None:
        others = "datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        if self._rows(f"SELECT 1 FROM pg_stat_activity WHERE {others}"):  # noqa: S608
            what = f"{self._shown}: another process uses the store."
            raise StoreError(what, "Stop `massage-billing serve` everywhere, wait for runs to end, then restore.")

    def _rows(self, statement: str) -> list[object]:
        engine = create_engine(self._url, hide_parameters=True)
        try:
            with engine.connect() as connection:
                return list(connection.scalars(text(statement)))
        except SQLAlchemyError as error:
            raise store_error(self._shown, error) from None
        finally:
            engine.dispose()

    def _listed(self, dump: Path) -> None:
        """A dump that pg_restore can read to its table of contents."""
        self._call("pg_restore", "--list", str(dump))

    def _place(self) -> str:
        """The database for the tools, without the password."""
        url = self._url
        query = {name: value for name, value in url.query.items() if name != "password"}
        plain = URL.create("postgresql", url.username, None, url.host, url.port, url.database, query)
        return f"--dbname={plain.render_as_string(hide_password=False)}"

    def _call(self, tool: str, *arguments: str) -> None:
        found = shutil.which(tool)
        if found is None:
            raise StoreError(f"{tool} is not on this machine.", _TOOLS)
        environment = {**os.environ, "PGCONNECT_TIMEOUT": "10"}
        if password := self._url.password or self._url.query.get("password"):
            environment["PGPASSWORD"] = str(password)
        try:
            done = subprocess.run(  # noqa: S603
                [found, *arguments], env=environment, capture_output=True, timeout=_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise StoreError(f"{tool} could not be run ({type(error).__name__}).", _TOOLS) from None
        if done.returncode:
            fix = "Nothing was changed. Look at the server's log; its client programs have to be of its version."
            raise StoreError(f"{self._shown}: {tool} failed{_told(done.stderr.splitlines())}.", fix)


_ROUTINES: Final = """\
SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = current_schema() AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
"""
"""Functions of the schema (of triggers) that no extension brought; as DROP takes them."""
_AFTER: Final = f"""\
RESET search_path;
DO $$ BEGIN
  IF (SELECT count(*) FROM {VERSION_TABLE} WHERE version_num <= '{HEAD}') <> 1 THEN
    RAISE EXCEPTION 'of a newer version';
  END IF;
END $$;
"""  # noqa: S608
"""Run last in the same transaction: what was put back is a store that this version can use."""


def _told(lines: Sequence[bytes]) -> str:
    """Of what a tool said, only what holds no value: a mismatch of versions."""
    said = b" ".join(lines)
    return ": its version does not fit the server's" if b"version mismatch" in said else ""
