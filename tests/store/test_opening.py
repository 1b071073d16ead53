"""Opening a store: rights, versions, what can be wrong with it, and what opening costs."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from massage_billing import store as store_package
from massage_billing.errors import StoreError
from massage_billing.store import open_store
from massage_billing.store.faults import store_error
from massage_billing.store.opening import open_engine
from massage_billing.store.tables import HEAD, VERSION_TABLE, metadata
from massage_billing.store.visit_rows import KEPT
from store.making import HOST, entry, full_row


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


# --- rights ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("open_umask")
def test_only_the_owner_may_read_the_state_directory_and_its_files(tmp_path):
    state = tmp_path / "state"
    with open_store(state) as store:
        store.commit([entry("1", body=b"{}")])
        assert mode(state) == 0o700
        assert {path.name: mode(path) for path in state.iterdir()} == {
            "store.sqlite": 0o600,
            "store.sqlite-wal": 0o600,
            "store.sqlite-shm": 0o600,
        }


def test_a_state_directory_and_files_that_others_may_read_are_closed_to_them(tmp_path):
    open_store(tmp_path / "state").close()
    (tmp_path / "state").chmod(0o755)
    (tmp_path / "state" / "store.sqlite").chmod(0o644)
    open_store(tmp_path / "state").close()
    assert mode(tmp_path / "state") == 0o700
    assert mode(tmp_path / "state" / "store.sqlite") == 0o600


@pytest.mark.usefixtures("open_umask")
def test_a_store_named_as_a_file_leaves_the_rights_of_a_directory_that_was_there(tmp_path):
    tmp_path.chmod(0o755)
    open_store(tmp_path / "clinic.db").close()
    open_store(f"sqlite:///{tmp_path}/other.db").close()
    open_store(tmp_path / "new" / "clinic.db").close()
    assert mode(tmp_path) == 0o755
    assert mode(tmp_path / "clinic.db") == mode(tmp_path / "other.db") == 0o600
    assert mode(tmp_path / "new") == 0o700


def test_commits_are_durable(tmp_path):
    with open_store(tmp_path / "state") as store, store._reading() as connection:
        asked = {name: connection.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous")}
        assert asked == {"journal_mode": "wal", "synchronous": 2}
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1


# --- versions -------------------------------------------------------------------------------------------------------


def test_the_code_knows_the_newest_migration():
    scripts = ScriptDirectory(str(Path(store_package.__file__).parent / "migrations"))
    assert scripts.get_heads() == [HEAD]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request, tmp_path):
    return request.getfixturevalue("empty_postgresql") if request.param == "postgresql" else str(tmp_path / "state")


def test_migrations_make_the_tables_of_the_code(empty_url):
    engine, _ = open_engine(empty_url, 5)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": VERSION_TABLE, "compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []
        if engine.dialect.name == "sqlite":
            kinds = {name: options.get("sqlite_with_rowid", True) for name, options in _options(connection).items()}
            assert kinds == {t.name: t.dialect_options["sqlite"]["with_rowid"] for t in metadata.tables.values()}
    engine.dispose()


def _options(connection):
    return {name: inspect(connection).get_table_options(name) for name in metadata.tables}


def test_a_store_opened_again_keeps_what_it_had(empty_url):
    with open_store(empty_url) as store:
        store.commit([entry("1")])
    with open_store(empty_url) as store:
        assert set(store.known(HOST, ["1"])) == {"1"}


def test_a_store_of_a_newer_version_is_refused_and_left_alone(empty_url):
    with open_store(empty_url) as store, store._writing() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer version") as caught:
        open_store(empty_url)
    assert "later" in caught.value.fix
    with pytest.raises(StoreError, match="newer version"):
        open_store(empty_url)


def test_the_audit_trail_cannot_be_rewritten(empty_url):
    with open_store(empty_url) as store:
        store.audit(HOST, "1", "decided")
        with pytest.raises(StoreError), store._writing() as connection:
            connection.execute(text("UPDATE audit SET what = 'something else'"))
        assert [what for _, _, what in store.trail(HOST)] == ["decided"]


# --- what can be wrong ----------------------------------------------------------------------------------------------


def refused(where, words):
    with pytest.raises(StoreError, match=words) as caught:
        open_store(where)
    assert caught.value.fix
    assert caught.value.exit_code == 7
    return str(caught.value)


def test_a_file_that_is_no_database(tmp_path):
    (tmp_path / "notes.txt").write_text("Not a database, but quite long enough to look at. " * 40)
    assert str(tmp_path / "notes.txt") in refused(tmp_path / "notes.txt", "is not a store")
    assert (tmp_path / "notes.txt").read_text().startswith("Not a database")


def test_another_programs_database_is_left_alone(tmp_path):
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    refused(tmp_path / "other.db", "another program's")
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]


def test_a_damaged_store(tmp_path):
    with open_store(tmp_path / "state") as store:
        store.commit([entry(str(n), body=b"x" * 5000) for n in range(300)])
    file = tmp_path / "state" / "store.sqlite"
    size = file.stat().st_size
    with file.open("r+b") as damaged:
        damaged.seek(4096)
        damaged.write(b"\xff" * (size - 8192))
    with pytest.raises(StoreError, match="is damaged") as caught, open_store(tmp_path / "state") as store:
        list(store.rows(HOST))
    assert str(file) in str(caught.value)
    assert "rebuilt from the host" in caught.value.fix


def test_a_store_that_lost_a_table(tmp_path):
    with open_store(tmp_path / "state") as store:
        with store._writing() as connection:
            connection.execute(text("DROP TABLE used"))
        with pytest.raises(StoreError, match="does not have the tables"):
            store.commit([entry("1", ("Coverage/5", "1"))])
        assert store.known(HOST, ["1"]) == {}


def test_a_directory_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file") in refused(tmp_path / "file" / "state", "cannot be made")


def test_a_store_that_cannot_be_opened(tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "store.sqlite").mkdir()
    refused(tmp_path / "state", "cannot be opened")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (sqlite3.SQLITE_READONLY_DIRECTORY, "cannot be written"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "is locked by another process"),
        (sqlite3.SQLITE_IOERR_FSYNC, "disk answers with an error"),
        (sqlite3.SQLITE_TOOBIG, "failed"),
    ],
)
def test_what_sqlite_says_by_its_code(code, words):
    """Cases that root, who may write everything, cannot bring about."""
    error = sqlite3.OperationalError("Patient/secret")
    error.sqlite_errorcode = code
    said = store_error("/state/store.sqlite", error)
    assert words in said.what
    assert "/state/store.sqlite" in said.what
    assert said.fix
    assert "secret" not in str(said)


@pytest.mark.parametrize("where", ["mysql://host/db", "sqlite://", "sqlite:///:memory:"])
def test_other_databases_are_refused(where):
    refused(where, "is of kind")


def test_an_unreadable_url():
    refused("://", "URL cannot be read")


def test_a_server_that_is_not_there_and_a_password_that_stays_secret(tmp_path):
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    message = refused(f"postgresql://user:hush@/none?host={tmp_path}", "cannot be reached")
    assert "hush" not in message


def test_a_database_that_does_not_exist(postgresql_server):
    refused(postgresql_server.format("nowhere"), "cannot be reached|does not exist")


def test_a_servers_own_habits_do_not_weaken_what_is_promised(postgresql_url):
    """Writers read what the one before them left, and what was committed is on the disk."""
    import psycopg

    name = postgresql_url.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'")
        connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    with open_store(postgresql_url) as store, store._writing() as connection:
        shown = [
            connection.exec_driver_sql(f"SHOW {what}").scalar()
            for what in ("transaction_isolation", "synchronous_commit")
        ]
    assert shown == ["read committed", "on"]


def test_a_full_disk(tmp_path):
    with open_store(tmp_path / "state") as store:
        store.commit([entry("1")])
        with store._reading() as connection:
            pages = connection.scalar(text("PRAGMA page_count"))
            connection.execute(text(f"PRAGMA max_page_count = {pages}"))
        with pytest.raises(StoreError, match="disk is full"):
            store.commit([entry("2", body=b"x" * 100_000)])
        assert set(store.known(HOST, ["1", "2"])) == {"1"}


def test_errors_carry_no_patient_data(empty_url):
    """PostgreSQL quotes values in its messages, SQLAlchemy parameters; neither reaches ours."""
    with open_store(empty_url) as store:
        with pytest.raises(StoreError) as caught, store._writing() as connection:
            connection.execute(text("INSERT INTO cursors VALUES ('smith-john', :member, NULL)"), {"member": "ABC123"})
        said = f"{caught.value!r} {caught.value} {caught.value.__cause__!r}"
        assert "smith" not in said
        assert "ABC123" not in said
        assert caught.value.__suppress_context__
        assert isinstance(caught.value.__context__, DBAPIError)
        assert "ABC123" not in str(caught.value.__context__).partition("[SQL")[2]


def test_nothing_of_a_purged_patient_stays_in_the_files(tmp_path):
    with open_store(tmp_path / "state") as store:
        store.commit([entry("1", ("Coverage/gone-5", "1"), body=b"gone " * 3000, patient="Patient/gone", payer="gone")])
        store.commit([entry("2", body=b"stays", patient="Patient/stays")])
        store.purge_patient(HOST, "Patient/gone")
        content = b"".join(path.read_bytes() for path in (tmp_path / "state").iterdir())
        assert b"gone" not in content
        assert b"stays" in content


# --- cost -----------------------------------------------------------------------------------------------------------


def imported(code: str) -> set[str]:
    """Top-level packages in a fresh interpreter after some code."""
    plugin = Path(store_package.__file__).parents[2]
    command = [sys.executable, "-c", f"{code}\nimport sys; print(*{{m.partition('.')[0] for m in sys.modules}})"]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(plugin)}, capture_output=True, check=True)
    return set(done.stdout.decode().split())


def test_importing_the_package_and_the_fake_imports_no_database():
    assert not imported("import massage_billing.store, massage_billing.store.memory") & {"sqlalchemy", "alembic"}


def test_a_store_that_is_up_to_date_opens_without_alembic(tmp_path):
    code = f"from massage_billing.store import open_store; open_store({str(tmp_path / 'state')!r}).close()"
    assert {"sqlalchemy", "alembic"} <= imported(code)
    assert {"sqlalchemy", "alembic"} & imported(code) == {"sqlalchemy"}


def test_every_field_of_a_row_has_its_column(tmp_path):
    with open_store(tmp_path / "state") as store, store._reading() as connection:
        columns = [column["name"] for column in inspect(connection).get_columns("visits")]
        fields = list(full_row("1").__dataclass_fields__)
        assert columns == [*fields[:-1], "used", fields[-1], *KEPT]
