"""Who asks is alive as long as its process, and its questions are free as soon as it is not."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from massage_billing.errors import StoreError
from massage_billing.store import askers as askers_module
from massage_billing.store.askers import Askers

CHILD = """
import sys
from pathlib import Path
from massage_billing.store.askers import Askers
with Askers(Path(sys.argv[1])).asker() as owner:
    print(owner, flush=True)
    sys.stdin.readline()
"""


def other_process(state: Path) -> subprocess.Popen[str]:
    plugin = Path(askers_module.__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(state)],
        env={"PYTHONPATH": str(plugin)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def locks(state: Path) -> list[str]:
    return [path.name for path in (state / "askers").glob("*.lock")]


def test_an_asker_lives_until_it_has_ended(tmp_path):
    one, other = Askers(tmp_path), Askers(tmp_path)
    with one.asker() as owner, other.asker() as second:
        assert owner != second
        for askers in (one, other, Askers(tmp_path)):
            assert askers.alive(owner) is True
            assert askers.alive(second) is True
    assert one.alive(owner) is other.alive(owner) is False
    assert locks(tmp_path) == []


def test_a_killed_process_is_known_to_be_dead_at_once_and_leaves_nothing(tmp_path):
    with other_process(tmp_path) as child:
        owner = child.stdout.readline().strip()
        askers = Askers(tmp_path)
        assert askers.alive(owner) is True
        child.kill()
        assert child.wait() == -signal.SIGKILL
    assert len(locks(tmp_path)) == 1
    assert askers.alive(owner) is False
    with askers.asker() as mine:
        assert len(locks(tmp_path)) == 1
        assert askers.alive(owner) is False
        assert askers.alive(mine) is True


def test_of_askers_of_another_state_folder_nobody_can_tell(tmp_path):
    here, there = Askers(tmp_path / "here"), Askers(tmp_path / "there")
    with there.asker() as owner:
        assert here.alive(owner) is None
    assert here.alive(owner) is None
    assert here.alive("") is None


def test_processes_that_ask_at_once_are_all_alive(tmp_path):
    children = [other_process(tmp_path) for _ in range(4)]
    owners = [child.stdout.readline().strip() for child in children]
    assert len({owner.partition("/")[0] for owner in owners}) == 1
    assert [Askers(tmp_path).alive(owner) for owner in owners] == [True] * 4
    for child in children:
        child.communicate("done\n")
    assert [Askers(tmp_path).alive(owner) for owner in owners] == [False] * 4


def test_only_the_owner_may_look_into_the_folder(tmp_path):
    with Askers(tmp_path / "state").asker():
        files = [tmp_path / "state" / "askers", *(tmp_path / "state" / "askers").glob("*.lock")]
        assert [stat.S_IMODE(path.stat().st_mode) & 0o077 for path in files] == [0, 0]


def test_a_folder_that_cannot_be_made_is_said_plainly(tmp_path):
    (tmp_path / "state").write_text("a file")
    with pytest.raises(StoreError, match="askers: cannot be made") as caught:
        Askers(tmp_path / "state")
    assert caught.value.fix
