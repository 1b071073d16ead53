"""doctor and the store: it says what the store is, and neither makes nor migrates one."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from cli.conftest import Call
from massage_billing.cli import checked
from massage_billing.store import open_store
from massage_billing.store.tables import HEAD, VERSION_TABLE
from store.conftest import empty_postgresql, postgresql_server, postgresql_url

__all__ = ["empty_postgresql", "postgresql_server", "postgresql_url"]


def found(mb: Call, about: str) -> tuple[int, str, str]:
    """(exit code, state, words) of one thing it looked at."""
    answer = mb("doctor", "--json")
    (check,) = [one for one in json.loads(answer.out)["checks"] if one["about"] == about]
    return answer.code, check["state"], check["found"]


def of_version(store: str | Path, version: str) -> None:
    with open_store(store) as opened, opened._writing() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '{version}'"))


def test_where_nothing_is_remembered_nothing_is_made(clinic: Path, mb: Call) -> None:
    before = sorted(clinic.rglob("*"))
    assert found(mb, "store")[:2] == (0, "ok")
    assert "nothing is remembered yet" in found(mb, "store")[2]
    assert sorted(clinic.rglob("*")) == before


def test_the_stores_version_is_told_and_left(clinic: Path, mb: Call) -> None:
    with open_store(clinic / "state"):
        pass
    assert f"version {HEAD}" in found(mb, "store")[2]
    of_version(clinic / "state", "0001")
    code, state, words = found(mb, "store")
    assert (code, state) == (0, "ok")
    assert "brought up to date" in words
    with closing(sqlite3.connect(clinic / "state" / "store.sqlite")) as connection:
        assert connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone() == ("0001",)


def test_a_newer_store_and_a_damaged_one_are_named(clinic: Path, mb: Call) -> None:
    of_version(clinic / "state", "9999")
    code, state, words = found(mb, "store")
    assert (code, state) == (3, "missing")
    assert "newer version" in words
    (clinic / "state" / "store.sqlite").write_bytes(b"no store at all" * 100)
    assert found(mb, "store")[:2] == (3, "missing")


def use_database(clinic: Path, url: str) -> None:
    (clinic / "database").write_text(url)
    file = clinic / "massage-billing.yaml"
    file.write_text(file.read_text().replace("  folder: state\n", "  folder: state\n  database_file: database\n"))


def test_a_database_that_is_away_is_told_before_anything_starts(clinic: Path, mb: Call) -> None:
    use_database(clinic, f"postgresql://me:secret-word@/none?host={clinic}")
    code, state, words = found(mb, "state.database_file")
    assert (code, state) == (3, "missing")
    assert "cannot be reached" in words
    assert "secret-word" not in words


def test_an_empty_database_stays_empty(clinic: Path, mb: Call, empty_postgresql: str) -> None:
    use_database(clinic, empty_postgresql)
    for _ in range(2):
        code, state, words = found(mb, "state.database_file")
        assert (code, state) == (0, "ok")
        assert "nothing is remembered yet" in words


def test_without_postgresqls_programs_it_says_that_nothing_can_be_backed_up(
    clinic: Path, mb: Call, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(postgresql_url):
        pass
    use_database(clinic, postgresql_url)
    assert f"version {HEAD}" in found(mb, "state.database_file")[2]
    monkeypatch.setenv("PATH", str(clinic))
    code, state, words = found(mb, "backup")
    assert (code, state) == (0, "warning")
    assert "pg_dump" in words


def test_a_secret_that_was_mounted_into_a_container_is_nobody_elses(
    clinic: Path, mb: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Docker mounts them readable for all of that one container; its rights cannot be changed there."""
    folder = clinic / "secrets"
    folder.mkdir()
    (folder / "token").write_text("x" * 64)
    (folder / "token").chmod(0o444)
    with (clinic / "massage-billing.yaml").open("a") as file:
        file.write("serve: {token_file: secrets/token}\n")
    assert found(mb, "serve.token_file")[1] == "warning"
    monkeypatch.setattr(checked, "MOUNTED", folder)
    assert found(mb, "serve")[1] == "ok"
