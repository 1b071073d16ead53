"""Writing to a folder: nothing twice, no half line, the files are the truth and the index only remembers them."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from massage_billing.errors import HostConflict, HostFault, HostNotFound, HostRejected
from massage_billing.fhir.keys import claim_key, full_url, visit_key
from massage_billing.fhir.names import SID_CLAIM_KEY, SID_VISIT_KEY
from massage_billing.hosts import folder_out_index, folder_write
from massage_billing.hosts.folder import FolderHost
from massage_billing.hosts.folder_body import Body
from massage_billing.ports import Operation, Write, WriteGroup, WriteResult

Json = dict[str, Any]
MONEY = b'{"value":12.50,"currency":"USD"}'


def claim_bytes(encounter: str, status: str = "active", id: str = "") -> bytes:
    key = claim_key("clinic", encounter, 0)
    named = b'"id":"%s",' % id.encode() if id else b""
    keys = orjson.dumps(
        [{"system": SID_CLAIM_KEY, "value": key}, {"system": SID_VISIT_KEY, "value": visit_key("clinic", encounter)}]
    )
    head = b'{"resourceType":"Claim",' + named + b'"identifier":' + keys
    return head + b',"status":"%s","total":%s}' % (status.encode(), MONEY)


def group(encounter: str) -> WriteGroup:
    key = claim_key("clinic", encounter, 0)
    url = full_url("Claim", key)
    provenance = {
        "resourceType": "Provenance",
        "meta": {"tag": [{"system": SID_CLAIM_KEY, "code": key}]},
        "target": [{"reference": url}],
    }
    return WriteGroup(
        key,
        encounter,
        (
            Write(Operation.CREATE, "Claim", claim_bytes(encounter), url, match=f"identifier={SID_CLAIM_KEY}|{key}"),
            Write(
                Operation.CREATE,
                "Provenance",
                orjson.dumps(provenance),
                full_url("Provenance", key),
                match=f"_tag={SID_CLAIM_KEY}|{key}",
            ),
        ),
    )


def update(encounter: str, version: str | None, status: str = "draft") -> WriteGroup:
    key = claim_key("clinic", encounter, 0)
    body = claim_bytes(encounter, status, id=key)
    write = Write(Operation.UPDATE, "Claim", body, "urn:uuid:1", target=f"Claim/{key}", if_match=version)
    return WriteGroup(f"{key}/update", encounter, (write,))


class Place:
    """An out folder and those who write to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.out = path / "out"
        self.work = path / "work"
        (path / "in").mkdir()

    def host(self, work: str = "work") -> FolderHost:
        return FolderHost("clinic", self.path / "in", out=self.out, work=self.path / work)

    def raw(self, kind: str = "Claim") -> list[bytes]:
        file = self.out / f"{kind}.ndjson"
        return file.read_bytes().splitlines(keepends=True) if file.exists() else []

    def ids(self, kind: str = "Claim") -> list[str]:
        return [orjson.loads(line)["id"] for line in self.raw(kind)]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def write(host: FolderHost, *groups: WriteGroup) -> list[WriteResult]:
    return list(host.write(groups))


def created(results: list[WriteResult]) -> list[bool]:
    assert all(result.problem is None for result in results)
    return [one.created for result in results for one in result.written]


def test_an_amount_keeps_its_digits(place: Place) -> None:
    host = place.host()
    assert created(write(host, group("e1"))) == [True, True]
    assert MONEY in place.raw()[0]
    (found,) = host.find("Claim", [claim_key("clinic", "e1", 0)])
    total: Any = found["total"]
    assert total["value"] == Decimal("12.50")
    assert str(total["value"]) == "12.50"


def test_the_id_is_the_key_and_the_provenance_points_to_it(place: Place) -> None:
    write(place.host(), group("e1"))
    key = claim_key("clinic", "e1", 0)
    assert place.ids() == place.ids("Provenance") == [key]
    provenance = orjson.loads(place.raw("Provenance")[0])
    assert provenance["target"] == [{"reference": f"Claim/{key}"}]
    assert provenance["meta"]["versionId"] == "1"


def test_an_update_is_a_further_line(place: Place) -> None:
    host = place.host()
    write(host, group("e1"), group("e2"))
    assert created(write(host, update("e1", "1"))) == [True]
    assert created(write(host, update("e1", None, "cancelled"))) == [True]
    versions = [orjson.loads(line)["meta"]["versionId"] for line in place.raw()]
    assert versions == ["1", "1", "2", "3"]
    assert MONEY in place.raw()[-1]
    (found,) = host.find("Claim", [visit_key("clinic", "e1")])
    assert found["status"] == "cancelled"


def test_two_updates_of_one_version_in_one_call(place: Place) -> None:
    host = place.host()
    write(host, group("e1"))
    first, second = write(host, update("e1", "1"), update("e1", "1"))
    assert first.problem is None
    assert isinstance(second.problem, HostConflict)


def test_what_is_not_there_cannot_be_updated(place: Place) -> None:
    (result,) = write(place.host(), update("e1", "1"))
    assert isinstance(result.problem, HostNotFound)
    assert place.raw() == []


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"resourceType":"Task"}', b'"x"'])
def test_what_is_no_such_resource_is_refused_alone(place: Place, body: bytes) -> None:
    wrong = WriteGroup("k", "e2", (Write(Operation.CREATE, "Claim", body, "urn:uuid:2", match=""),))
    refused, done = write(place.host(), wrong, group("e1"))
    assert isinstance(refused.problem, HostRejected)
    assert done.problem is None


# --- the files are the truth ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["gone", "garbage", "another work folder"])
def test_a_lost_index_is_rebuilt(place: Place, loss: str) -> None:
    write(place.host(), group("e1"))
    write(place.host(), update("e1", "1"))
    index = place.work / "out-index.sqlite"
    if loss == "gone":
        index.unlink()
    elif loss == "garbage":
        for ending in ("", "-wal", "-shm"):
            Path(f"{index}{ending}").unlink(missing_ok=True)
        index.write_bytes(b"garbage" * 500)
    host = place.host("elsewhere" if loss == "another work folder" else "work")
    assert created(write(host, group("e1"))) == [False, False]
    (result,) = write(host, update("e1", "2"))
    assert result.problem is None
    assert len(place.raw()) == 3


def test_a_file_that_was_taken_away_is_forgotten(place: Place) -> None:
    host = place.host()
    write(host, group("e1"))
    (place.out / "Claim.ndjson").unlink()
    assert list(host.find("Claim", [visit_key("clinic", "e1")])) == []
    assert created(write(host, group("e1"))) == [True, False]


def test_a_file_that_somebody_changed_is_read_again(place: Place) -> None:
    host = place.host()
    write(host, group("e1"), group("e2"), group("e3"))
    lines = place.raw()
    (place.out / "Claim.ndjson").write_bytes(lines[2] + lines[1])
    os.utime(place.out / "Claim.ndjson", ns=(1, 1))
    assert [one.created for one in write(host, group("e2"))[0].written] == [False, False]
    assert created(write(host, group("e1"))) == [True, False]
    (found,) = host.find("Claim", [visit_key("clinic", "e3")])
    assert found["id"] == claim_key("clinic", "e3", 0)


@pytest.mark.parametrize("cut", [1, 5, 40, 200])
def test_a_torn_last_line_is_cut_off(place: Place, cut: int) -> None:
    write(place.host(), group("e1"), group("e2"))
    file = place.out / "Claim.ndjson"
    whole = file.read_bytes()
    file.write_bytes(whole[:-cut])
    complete = cut == 1  # only the line break is missing: nothing is lost
    results = write(place.host(), group("e2"), group("e3"))
    assert [result.written[0].created for result in results] == [not complete, True]
    assert place.ids() == [claim_key("clinic", f"e{n}", 0) for n in (1, 2, 3)]


def test_a_torn_line_is_cut_off_before_anything_is_found(place: Place) -> None:
    write(place.host(), group("e1"))
    with open(place.out / "Claim.ndjson", "ab") as file:
        file.write(b'{"resourceType":"Cla')
    assert len(list(place.host().find("Claim", [visit_key("clinic", "e1")]))) == 1
    assert len(place.raw()) == 1
    assert place.raw()[0].endswith(b"}\n")


def test_a_full_disk_leaves_the_files_as_they_were(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    host = place.host()
    write(host, group("e1"))
    before = place.raw()

    def half(file: int, content: bytes) -> None:
        os.write(file, content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder_write, "write_all", half)
    (result,) = write(host, group("e2"))
    assert isinstance(result.problem, HostFault)
    assert place.raw() == before
    monkeypatch.undo()
    assert created(write(host, group("e2"))) == [True, True]


def test_only_the_owner_may_look(place: Place) -> None:
    old = os.umask(0)
    try:
        write(place.host(), group("e1"))
    finally:
        os.umask(old)
    for path in (place.out, place.work):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        for inside in path.iterdir():
            assert stat.S_IMODE(inside.stat().st_mode) & 0o077 == 0, inside


def test_the_folder_says_what_it_is(place: Place) -> None:
    write(place.host(), group("e1"))
    assert "last line of an id" in (place.out / "README.txt").read_text()


def test_looking_makes_nothing(place: Place) -> None:
    assert list(place.host().find("Claim", ["MBX"])) == []
    assert not place.out.exists()


def test_the_index_is_a_plain_look_up(place: Place) -> None:
    """Each look-up goes by a key, so that it does not slow down as the folder grows."""
    write(place.host(), group("e1"))
    with sqlite3.connect(place.work / "out-index.sqlite") as database:
        for query in (
            "SELECT key FROM token WHERE token IN ('a', 'b')",
            "SELECT key, version, offset, length FROM resource WHERE key IN ('a')",
        ):
            plan = str(database.execute(f"EXPLAIN QUERY PLAN {query}").fetchall())
            assert "SEARCH" in plan
            assert "SCAN" not in plan


# --- killed, and two at once ----------------------------------------------------------------------------------------

WRITER = """
import sys
sys.path[:0] = sys.argv[1].split(":")
from pathlib import Path
from hosts.test_folder_write import Place, group, write
from massage_billing.hosts.folder import FolderHost
path, work, count, step = Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
host = FolderHost("clinic", path / "in", out=path / "out", work=path / work)
print("ready", flush=True)
for first in range(0, count, step):
    for result in host.write([group(f"e{n}") for n in range(first, first + step)]):
        assert result.problem is None, result.problem
"""


def writer(place: Place, work: str, count: int, step: int) -> subprocess.Popen[bytes]:
    here = Path(__file__).parents[2]
    paths = f"{here / 'plugin'}:{here / 'tests'}"
    command = [sys.executable, "-c", WRITER, paths, str(place.path), work, str(count), str(step)]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def is_whole(place: Place, count: int) -> None:
    wanted = sorted(claim_key("clinic", f"e{n}", 0) for n in range(count))
    assert sorted(place.ids()) == wanted
    assert sorted(place.ids("Provenance")) == wanted


@pytest.mark.parametrize("work", ["work", "other"], ids=["one index", "an index each"])
def test_two_processes_at_once_write_each_key_once(place: Place, work: str) -> None:
    writers = [writer(place, "work", 300, 7), writer(place, work, 300, 11)]
    assert [one.wait(120) for one in writers] == [0, 0]
    count = 308  # 300 rounded up to whole steps of 11
    write(place.host(), *(group(f"e{n}") for n in range(count)))
    is_whole(place, count)


@pytest.mark.slow
def test_killed_at_any_moment_nothing_is_lost_or_doubled(place: Place) -> None:
    chance = random.Random(5)
    for _ in range(12):
        process = writer(place, "work", 400, 20)
        assert process.stdout is not None
        process.stdout.readline()
        started = time.monotonic()
        wait = chance.random() * 0.25
        while time.monotonic() - started < wait and process.poll() is None:
            os.sched_yield()
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        done = place.ids() if all(line.endswith(b"\n") for line in place.raw()) else []
        assert len(done) == len(set(done))
    assert created(write(place.host(), group("last"))) == [True, True]
    last = writer(place, "work", 400, 20)
    assert last.wait(120) == 0
    lines = [orjson.loads(line)["id"] for line in place.raw()]
    assert len(lines) == len(set(lines)) == 401
    assert sorted(lines) == sorted(place.ids("Provenance"))


# --- bytes ----------------------------------------------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
@given(
    st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(["a", "x{}", '"', "resourceType2"], json_values),
            "id": st.text(max_size=5),
            "meta": st.fixed_dictionaries(
                {},
                optional={
                    "versionId": st.text(max_size=3),
                    "tag": st.lists(st.just({"system": "s", "code": "c"}), max_size=2),
                    "meta": json_values,
                },
            ),
            "contained": st.just([{"meta": {"tag": []}, "id": "x"}]),
        },
    ),
    st.sampled_from([None, 0, 1]),
)
def test_a_stamp_changes_only_id_and_version(members: Json, indent: int | None) -> None:
    resource = {"resourceType": "Claim", **members}
    option = orjson.OPT_INDENT_2 if indent else 0
    line = Body.make("Claim", "new", 7, orjson.dumps(resource, option=option)).line
    assert line.count(b"\n") == 1
    wanted = {**resource, "id": "new", "meta": {**members.get("meta", {}), "versionId": "7"}}
    assert orjson.loads(line) == wanted
    body = Body.read("Claim", line)
    assert body is not None
    assert (body.key, body.version) == ("Claim/new", 7)


# --- what the index hands over --------------------------------------------------------------------------------------


@pytest.mark.parametrize("recent", [0, 3, 10])
def test_it_does_not_matter_when_the_index_hands_over(
    place: Place, monkeypatch: pytest.MonkeyPatch, recent: int
) -> None:
    monkeypatch.setattr(folder_out_index, "RECENT", recent)
    host = place.host()
    for number in range(6):
        assert created(write(host, group(f"e{number}"))) == [True, True]
        assert created(write(host, update(f"e{number}", "1"))) == [True]
        assert created(write(host, group(f"e{number}"))) == [False, False]
    host.close()
    again = place.host()
    assert created(write(again, *(group(f"e{number}") for number in range(6)))) == [False] * 12
    assert [result.problem for result in write(again, update("e0", "2"))] == [None]


def test_a_process_that_lags_behind_puts_nothing_back(place: Place) -> None:
    ahead, behind = place.host(), place.host()
    write(ahead, group("e1"))
    assert len(list(behind.find("Claim", [visit_key("clinic", "e1")]))) == 1
    write(ahead, update("e1", "1"))
    ahead.close()
    behind.close()
    write(ahead, group("e2"))
    ahead.close()
    assert [result.problem for result in write(place.host(), update("e1", "2"))] == [None]
