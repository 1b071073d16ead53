"""Backup and restore: whole or not at all, on both databases; damaged, foreign and hostile files are refused."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import sqlite3
import stat
import tarfile
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from massage_billing.backup import archive
from massage_billing.backup.manifest import Manifest, is_ours
from massage_billing.cli.main import run
from massage_billing.errors import InputError, StoreError
from massage_billing.settings import Settings, StateSettings
from massage_billing.store import open_store
from massage_billing.store.tables import HEAD, VERSION_TABLE
from massage_billing.wiring.backing_up import back_up, check_backup, restore
from store.making import HOST, entry

SECRET = "pass-word-of-the-database"


class Place:
    """A state folder, its store and its settings."""

    def __init__(self, state: Path, database: str | None = None) -> None:
        self.state, self.database = state, database
        env = "MB_BACKUP_DATABASE" if database else None
        if database:
            os.environ["MB_BACKUP_DATABASE"] = database
        self.settings = Settings(state=StateSettings(folder=state, database_env=env))
        self.store = database or state

    def put(self, *encounters: str) -> None:
        with open_store(self.store) as store:
            store.commit([entry(one, body=b"{}") for one in encounters])

    def has(self) -> set[str]:
        with open_store(self.store) as store:
            return {row.encounter for row in store.rows(HOST)}


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("MB_BACKUP_DATABASE", "")
    monkeypatch.delenv("MASSAGE_BILLING_STATE", raising=False)
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    return Place(state, request.getfixturevalue("postgresql_url") if request.param == "postgresql" else None)


@pytest.fixture
def sqlite_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.delenv("MASSAGE_BILLING_STATE", raising=False)
    made = Place(tmp_path / "state")
    made.put("1")
    return made


# --- there and back -------------------------------------------------------------------------------------------------


def test_what_was_remembered_comes_back_and_what_came_later_goes(place: Place, tmp_path: Path) -> None:
    place.put("1", "2")
    (place.state / "rulebook" / "releases").mkdir(parents=True)
    (place.state / "rulebook" / "releases" / "ptp.json").write_text("old")
    made = back_up(place.settings, tmp_path / "b.tar.gz")
    assert stat.S_IMODE((tmp_path / "b.tar.gz").stat().st_mode) == 0o600
    assert made.revision == HEAD
    place.put("3")
    (place.state / "rulebook" / "releases" / "ptp.json").write_text("new")
    (place.state / "rulebook" / "releases" / "mue.json").write_text("new")
    found, kept = restore(place.settings, tmp_path / "b.tar.gz")
    assert found == made
    assert place.has() == {"1", "2"}
    assert [one.read_text() for one in (place.state / "rulebook" / "releases").iterdir()] == ["old"]
    place.put("4")
    assert place.has() == {"1", "2", "4"}
    if place.database is None:
        assert {row.encounter for row in _rows(Path(kept))} == {"1", "2", "3"}
    assert not [one for one in (*place.state.iterdir(), *tmp_path.iterdir()) if one.name.startswith(".massage")]


def _rows(folder: Path) -> list[object]:
    with open_store(folder / "store.sqlite") as store:
        return list(store.rows(HOST))  # type: ignore[arg-type]


def test_a_restored_store_is_as_every_store(sqlite_place: Place, tmp_path: Path) -> None:
    back_up(sqlite_place.settings, tmp_path / "b")
    restore(sqlite_place.settings, tmp_path / "b")
    file = sqlite_place.state / "store.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_root_restores_is_the_services(sqlite_place: Place, tmp_path: Path) -> None:
    """Who restores by hand often is root; the service, which is not, has to open the store then."""
    if os.geteuid() != 0:
        return
    releases = sqlite_place.state / "rulebook" / "releases"
    releases.mkdir(parents=True)
    (releases / "ptp.json").write_text("old")
    back_up(sqlite_place.settings, tmp_path / "b")
    (sqlite_place.state / "link").symlink_to(tmp_path / "b")
    for one in (sqlite_place.state, *sqlite_place.state.rglob("*")):
        os.chown(one, 65534, 65534, follow_symlinks=False)
    restore(sqlite_place.settings, tmp_path / "b")
    there = [sqlite_place.state, *sqlite_place.state.rglob("*")]
    assert any(one.parent.name.startswith("before-restore-") for one in there)
    assert {(one.lstat().st_uid, one.lstat().st_gid) for one in there} == {(65534, 65534)}
    assert (tmp_path / "b").stat().st_uid == 0


def test_it_is_restored_where_nothing_is(place: Place, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    place.put("1")
    back_up(place.settings, tmp_path / "b")
    empty = request.getfixturevalue("empty_postgresql") if place.database else None
    other = Place(tmp_path / "other", empty)
    assert restore(other.settings, tmp_path / "b")[1] == ""
    assert other.has() == {"1"}


def test_others_may_write_meanwhile(place: Place, tmp_path: Path) -> None:
    """A backup taken in the middle is of one moment: what is in it was committed, and all that was before is."""
    place.put("first")
    stop, done = threading.Event(), [0]

    def write() -> None:
        with open_store(place.store) as store:
            while not stop.is_set():
                store.commit([entry(f"w{done[0]}", body=b"x" * 2000)])
                done[0] += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while done[0] < 5:
            assert writer.is_alive()
        before = done[0]
        back_up(place.settings, tmp_path / "b")
    finally:
        stop.set()
        writer.join(60)
    restore(place.settings, tmp_path / "b")
    found = place.has()
    numbers = sorted(int(one[1:]) for one in found if one != "first")
    assert numbers == list(range(len(numbers)))
    assert before <= len(numbers) <= done[0]


def test_an_older_store_is_brought_up_to_date_when_it_is_used(sqlite_place: Place, tmp_path: Path) -> None:
    """The way forward after an upgrade: a backup of the version before."""
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine

    from massage_billing import store as package

    file = tmp_path / "older" / "store.sqlite"
    file.parent.mkdir()
    config = Config()
    config.set_main_option("script_location", str(Path(package.__file__).parent / "migrations"))
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
    engine.dispose()
    made = back_up(Place(file.parent).settings, tmp_path / "b")
    assert made.revision == "0003"
    restore(sqlite_place.settings, tmp_path / "b")
    assert sqlite_place.has() == set()
    sqlite_place.put("9")
    assert sqlite_place.has() == {"9"}


# --- refused --------------------------------------------------------------------------------------------------------


def test_a_store_that_is_used_is_not_replaced(place: Place, tmp_path: Path) -> None:
    place.put("1")
    back_up(place.settings, tmp_path / "b")
    place.put("2")
    with open_store(place.store) as store, store._reading():
        with pytest.raises(StoreError, match="another process uses the store") as caught:
            restore(place.settings, tmp_path / "b")
        assert "Stop" in caught.value.fix
        store.commit([entry("3", body=b"{}")])
    assert place.has() == {"1", "2", "3"}
    assert restore(place.settings, tmp_path / "b")
    assert place.has() == {"1"}


def test_a_newer_backup_is_refused_and_nothing_changes(place: Place, tmp_path: Path) -> None:
    place.put("1")
    with open_store(place.store) as store, store._writing() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    back_up(place.settings, tmp_path / "b")
    with open_engine_raw(place) as undo:
        undo()
    place.put("2")
    with pytest.raises(StoreError, match="newer version"):
        restore(place.settings, tmp_path / "b")
    forge(tmp_path / "b", lambda told: told.update(revision=HEAD))
    with pytest.raises(StoreError):  # a manifest that lies is not believed either
        restore(place.settings, tmp_path / "b")
    assert place.has() == {"1", "2"}


class open_engine_raw:
    """Sets the version right again behind the program's back."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def __enter__(self) -> Callable[[], None]:
        def undo() -> None:
            statement = f"UPDATE {VERSION_TABLE} SET version_num = '{HEAD}'"
            if self.place.database:
                import psycopg

                with psycopg.connect(self.place.database, autocommit=True) as connection:
                    connection.execute(statement)
            else:
                with closing(sqlite3.connect(self.place.state / "store.sqlite")) as connection, connection:
                    connection.execute(statement)

        return undo

    def __exit__(self, *_: object) -> None:
        pass


def test_the_other_kind_of_database_is_refused(postgresql_url: str, sqlite_place: Place, tmp_path: Path) -> None:
    back_up(sqlite_place.settings, tmp_path / "b")
    other = Place(tmp_path / "other", postgresql_url)
    with pytest.raises(StoreError, match="another kind of database"):
        restore(other.settings, tmp_path / "b")


def test_there_is_nothing_to_keep_before_the_first_run(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store yet"):
        back_up(Place(tmp_path / "none").settings, tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_a_file_that_is_there_is_not_overwritten(sqlite_place: Place, tmp_path: Path) -> None:
    (tmp_path / "b").write_text("mine")
    with pytest.raises(InputError, match="is there already"):
        back_up(sqlite_place.settings, tmp_path / "b")
    assert (tmp_path / "b").read_text() == "mine"
    back_up(sqlite_place.settings, tmp_path / "b", force=True)
    assert check_backup(tmp_path / "b").revision == HEAD


def test_a_damaged_store_is_not_backed_up_as_sound(sqlite_place: Place, tmp_path: Path) -> None:
    file = sqlite_place.state / "store.sqlite"
    raw = bytearray(file.read_bytes())
    for place in range(4096 * 2, len(raw), 512):
        raw[place : place + 64] = b"\xff" * len(raw[place : place + 64])
    file.write_bytes(raw)
    with pytest.raises(StoreError):
        back_up(sqlite_place.settings, tmp_path / "b")
    assert not (tmp_path / "b").exists()


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("sound")
    place = Place(folder / "state")
    place.put("1")
    back_up(place.settings, folder / "b")
    return (folder / "b").read_bytes()


@given(place=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255), cut=st.booleans())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_byte_that_changed_or_is_missing_is_noticed(
    sound: bytes, place: float, value: int, cut: bool, tmp_path: Path
) -> None:
    at = int(place * len(sound))
    spoilt = sound[:at] if cut else sound[:at] + bytes([value]) + sound[at + 1 :]
    (tmp_path / "b").write_bytes(spoilt)
    try:
        found = archive.unpack(tmp_path / "b", None)
    except InputError:
        return
    (tmp_path / "good").write_bytes(sound)
    assert found.members == archive.unpack(tmp_path / "good", None).members  # of the packing itself nothing hangs


def forge(file: Path, change: Callable[[dict[str, object]], None]) -> None:
    """Change the manifest of a backup."""
    with tarfile.open(file) as tar:
        files = {one.name: tar.extractfile(one).read() for one in tar.getmembers()}  # type: ignore[union-attr]
    told = json.loads(files["manifest.json"])
    change(told)
    files["manifest.json"] = json.dumps(told).encode()
    with tarfile.open(file, "w:gz") as tar:
        for name, content in files.items():
            header = tarfile.TarInfo(name)
            header.size = len(content)
            tar.addfile(header, io.BytesIO(content))


@pytest.mark.parametrize(
    "name",
    ["../evil", "/tmp/evil", "state/rulebook/../../evil", "state/other/evil", "state/rulebook", "state/x12//evil",
     "state/rulebook/.evil", "store.sqlite/x", "state\\x12\\evil", "state/x12/..", "state/rulebook/a\x00b", ""],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_refused(sqlite_place: Place, tmp_path: Path, name: str) -> None:
    assert not is_ours(name)
    back_up(sqlite_place.settings, tmp_path / "b")
    empty = {"size": 0, "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}
    forge(tmp_path / "b", lambda told: told["members"].update({name: empty}))  # type: ignore[union-attr]
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError):
        restore(sqlite_place.settings, tmp_path / "b")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(sqlite_place: Place, tmp_path: Path, kind: bytes) -> None:
    manifest = back_up(sqlite_place.settings, tmp_path / "good")
    with tarfile.open(tmp_path / "b", "w:gz") as tar:
        head = tarfile.TarInfo("manifest.json")
        head.size = len(manifest.write())
        tar.addfile(head, io.BytesIO(manifest.write()))
        entry_ = tarfile.TarInfo("store.sqlite")
        entry_.type, entry_.linkname = kind, "/etc/passwd"
        tar.addfile(entry_)
    with pytest.raises(InputError):
        archive.unpack(tmp_path / "b", None)


@pytest.mark.parametrize(
    "content",
    [b"", b"x", gzip.compress(b"", mtime=0), gzip.compress(b"x" * 10_000, mtime=0), b"\x1f\x8b" + b"\0" * 600],
)
def test_what_is_no_backup_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "b").write_bytes(content)
    with pytest.raises(InputError):
        check_backup(tmp_path / "b")


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    """A manifest that is too large, and a member that says it is larger than it may be."""
    with tarfile.open(tmp_path / "b", "w:gz") as tar:
        head = tarfile.TarInfo("manifest.json")
        head.size = 50_000_000
        tar.addfile(head, io.BytesIO(b" " * head.size))
    with pytest.raises(InputError):
        check_backup(tmp_path / "b")


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_no_manifest_breaks_it(raw: bytes) -> None:
    with pytest.raises(InputError):
        Manifest.read(raw)


# --- PostgreSQL's tools ---------------------------------------------------------------------------------------------


@pytest.fixture
def pg_place(postgresql_url: str, tmp_path: Path) -> Place:
    made = Place(tmp_path / "state", postgresql_url)
    made.put("1")
    return made


def test_without_its_tools_it_says_what_is_missing(
    pg_place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StoreError, match="pg_dump is not on this machine") as caught:
        back_up(pg_place.settings, tmp_path / "b")
    assert "postgresql-client" in caught.value.fix
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("where", ["user", "query"])
def test_the_password_is_on_no_command_line(
    pg_place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("pg_dump", "pg_restore", "psql"):
        real = shutil.which(tool)
        (tools / tool).write_text(f'#!/bin/sh\nprintf "%s\\n" "$0" "$@" >>{tmp_path}/said\nexec {real} "$@"\n')
        (tools / tool).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    plain = str(pg_place.database)
    secret = plain.replace("tester@", f"tester:{SECRET}@") if where == "user" else f"{plain}&password={SECRET}"
    with_password = Place(pg_place.state, secret)
    back_up(with_password.settings, tmp_path / "b")
    restore(with_password.settings, tmp_path / "b")
    said = (tmp_path / "said").read_text()
    assert "--single-transaction" in said
    assert SECRET not in said


def test_what_a_tool_says_is_not_repeated(pg_place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pg_dump").write_text("#!/bin/sh\necho 'DETAIL: Quillfeather' >&2\nexit 1\n")
    (tmp_path / "pg_dump").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(StoreError, match="pg_dump failed") as caught:
        back_up(pg_place.settings, tmp_path / "b")
    assert "Quillfeather" not in str(caught.value)


@pytest.mark.parametrize("place", ["tester:{}@", "tester@?password={}&x="])
def test_no_message_has_the_password(tmp_path: Path, place: str) -> None:
    who, _, query = place.format(SECRET).partition("?")
    url = f"postgresql://{who}/nothing?host={tmp_path}&{query}1"
    for call in (lambda: back_up(Place(tmp_path / "s", url).settings, tmp_path / "b"), lambda: open_store(url)):
        with pytest.raises(StoreError) as caught:
            call()
        assert SECRET not in str(caught.value)


def test_another_programs_database_is_not_emptied(pg_place: Place, empty_postgresql: str, tmp_path: Path) -> None:
    import psycopg

    back_up(pg_place.settings, tmp_path / "b")
    with psycopg.connect(empty_postgresql, autocommit=True) as connection:
        connection.execute("CREATE TABLE theirs (x int)")
    with pytest.raises(StoreError, match="another program's tables"):
        restore(Place(tmp_path / "other", empty_postgresql).settings, tmp_path / "b")
    with psycopg.connect(empty_postgresql) as connection:
        assert connection.execute("SELECT count(*) FROM theirs").fetchone() == (0,)


# --- the commands ---------------------------------------------------------------------------------------------------


@pytest.fixture
def file(sqlite_place: Place, tmp_path: Path) -> Path:
    written = tmp_path / "massage-billing.yaml"
    written.write_text("state: {folder: state}\n")
    return written


def test_the_commands_back_up_check_and_restore(
    file: Path, sqlite_place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = str(tmp_path / "b.tar.gz")
    assert run(["backup", target, "--settings", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["store"], told["revision"]) == ("store.sqlite", HEAD)
    assert run(["backup", target, "--settings", str(file)]) == 8
    assert run(["backup", target, "--check"]) == 0
    sqlite_place.put("2")
    assert run(["restore", target, "--settings", str(file), "--yes"]) == 0
    assert "Restored" in capsys.readouterr().out
    assert sqlite_place.has() == {"1"}


def test_without_a_yes_nothing_is_replaced(
    file: Path, sqlite_place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = str(tmp_path / "b.tar.gz")
    run(["backup", target, "--settings", str(file)])
    sqlite_place.put("2")
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert run(["restore", target, "--settings", str(file)]) == 130
    assert sqlite_place.has() == {"1", "2"}


def test_in_a_folder_the_newest_are_kept_and_nothing_else_is_touched(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    for name in ("massage-billing-20200101T000000Z.tar.gz", "massage-billing-20210101T000000Z.tar.gz", "mine.tar.gz"):
        (folder / name).write_text("old")
    assert run(["backup", str(folder), "--keep", "2", "--settings", str(file)]) == 0
    names = sorted(one.name for one in folder.iterdir())
    assert len(names) == 3
    assert names[0] == "massage-billing-20210101T000000Z.tar.gz"
    assert names[2] == "mine.tar.gz"
    assert check_backup(folder / names[1]).revision == HEAD
    assert run(["backup", str(folder), "--check"]) == 2
    assert run(["backup", str(tmp_path / "x"), "--keep", "2", "--settings", str(file)]) == 2
