"""An older store is brought up to date once, by whoever opens it first, and is whole whatever ends that."""

from __future__ import annotations

import random
import signal
import threading
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from massage_billing import store as package
from massage_billing.store import open_store
from massage_billing.store.opening import target_of
from massage_billing.store.tables import HEAD, VERSION_TABLE, cursors
from store.making import HOST, NOON, start_child
from store.test_two_processes import go

OLDER = "0003"
PROCESSES = 6
KILLS = 6


@pytest.fixture(params=["sqlite", "postgresql"])
def older(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a store of an older version is, with a cursor in it."""
    where = request.getfixturevalue("empty_postgresql") if request.param == "postgresql" else str(tmp_path / "state")
    engine = _engine(where)
    config = Config()
    config.set_main_option("script_location", str(Path(package.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, OLDER)
        connection.execute(cursors.insert().values(host=HOST, cursor="old", saved_at=NOON))
    engine.dispose()
    return where


def _engine(where: str):  # type: ignore[no-untyped-def]
    target = target_of(where)
    return create_engine(f"sqlite:///{target}" if isinstance(target, Path) else target)


def version(where: str) -> list[str]:
    engine = _engine(where)
    with engine.connect() as connection:
        found = [str(one) for one in connection.scalars(text(f"SELECT version_num FROM {VERSION_TABLE}"))]
    engine.dispose()
    return found


def test_of_many_processes_one_migrates_and_all_work(older: str) -> None:
    children = [start_child("open", older) for _ in range(PROCESSES)]
    go(*children)
    said = [child.communicate()[0] for child in children]
    assert [child.returncode for child in children] == [0] * PROCESSES, said
    assert version(older) == [HEAD]


def test_one_that_is_killed_meanwhile_leaves_the_store_whole(older: str) -> None:
    """At any moment: then it is of the one version or the other, and the next one brings it up to date."""
    for number in range(KILLS):
        with start_child("open", older) as child:
            assert child.stdout.readline() == "ready\n"
            child.stdin.write("go\n")
            child.stdin.flush()
            killer = threading.Timer(random.Random(number).uniform(0.0, 0.8), child.send_signal, (signal.SIGKILL,))
            killer.start()
            child.wait()
            killer.cancel()
        (found,) = version(older)
        assert found in (OLDER, HEAD)
    with open_store(older) as store:
        assert store.cursor(HOST) in ("old", "c")
    assert version(older) == [HEAD]
