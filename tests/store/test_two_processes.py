"""Two processes on one store: they take turns, lose nothing, and say so when a turn does not come."""

from __future__ import annotations

import threading

import pytest

from massage_billing.errors import StoreError
from massage_billing.ports import Touched, VisitState
from massage_billing.store import open_store
from store.making import HOST, done, entry, row, start_child

ROUNDS = 40


def go(*children) -> None:
    """Let children that are ready start at the same moment, and wait until they have ended well."""
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()


def test_two_writers_lose_nothing(url):
    with start_child("write-many", url, "a", str(ROUNDS)) as a, start_child("write-many", url, "b", str(ROUNDS)) as b:
        go(a, b)
        assert (a.wait(), b.wait()) == (0, 0)
    with open_store(url) as store:
        own = {f"{name}-{n}-{i}" for name in "ab" for n in range(ROUNDS) for i in range(5)}
        both = {f"both-{i}" for i in range(5)}
        rows = {visit.encounter: visit for visit in store.rows(HOST)}
        assert set(rows) == own | both
        assert sum(what in {f"{x} {n}" for x in "ab" for n in range(ROUNDS)} for _, _, what in store.trail(HOST)) == 80
        # A visit that both decided rests on what the last one said, and on nothing else.
        last = {e: [x for x in "ab" if e in store.waking(HOST, [Touched(f"Procedure/{x}", "none")])] for e in both}
        assert all(len(names) == 1 for names in last.values())
        waiting = store.pending(HOST, 10_000)
        assert {out.group.encounter for out in waiting} >= {e for e in own if rows[e].claim is None}
        store.confirm(HOST, [done(out.group.encounter) for out in waiting], [])
        assert store.pending(HOST, 10) == []


@pytest.mark.parametrize("asks", [True, False])
@pytest.mark.parametrize("newer", [{"body": b"new"}, {"body": b"new", "kind": "task"}, {}])
def test_what_another_process_decided_since_is_not_undone(url, asks, newer):
    with open_store(url) as one, open_store(url) as other:
        (one if not asks else other).commit([entry("1", body=b"old", digest="old")])
        if asks:
            one.pending(HOST, 10)
        other.commit([entry("1", digest="new", state=VisitState.HELD, **newer)])
        one.confirm(HOST, [done("1")], [row("1", digest="old", claim="Claim/1", claim_version="1")])
        assert [out.group.writes[0].body for out in other.pending(HOST, 10)] == ([b"new"] if newer else [])
        # The newer decision stands, and learns what the host said.
        learnt = row("1", digest="new", state=VisitState.HELD, claim="Claim/1", claim_version="1")
        assert other.known(HOST, ["1"])["1"] == learnt
        if newer:
            other.confirm(HOST, [done("1", newer.get("kind", "claim"))], [row("1", claim="Claim/1", claim_version="2")])
            assert other.known(HOST, ["1"])["1"] == row("1", claim="Claim/1", claim_version="2")
        assert other.waiting(HOST) == one.waiting(HOST) == 0


def test_several_processes_open_a_new_store_at_once(request, tmp_path, kind):
    where = request.getfixturevalue("empty_postgresql") if kind == "postgresql" else str(tmp_path / "deep" / "state")
    children = [start_child("open", where) for _ in range(4)]
    go(*children)
    said = [child.communicate()[0] for child in children]
    assert [child.returncode for child in children] == [0] * 4
    assert said == ["cursor c\n"] * 4


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request):
    return request.param


def test_a_lock_that_does_not_go_is_said_plainly(url):
    open_store(url).close()
    with start_child("hold-lock", url) as child:
        assert child.stdout.readline() == "ready\n"
        with open_store(url, busy_seconds=0.05) as store:
            with pytest.raises(StoreError, match="locked by another process") as caught:
                store.commit([entry("1", patient="Patient/secret", body=b"secret")])
            assert store.known(HOST, ["1"]) == {}
            child.stdin.write("go\n")
            child.stdin.flush()
            assert child.wait() == 0
            store.commit([entry("1")])
            assert set(store.known(HOST, ["1"])) == {"1"}
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.fix


def test_threads_share_a_store(url):
    with open_store(url) as store:
        barrier = threading.Barrier(4)

        def work(name: str) -> None:
            barrier.wait()
            for n in range(10):
                store.commit([entry(f"{name}{n}", body=b"{}")])
                store.confirm(HOST, [done(f"{name}{n}")], [row(f"{name}{n}", claim="C")])

        threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [visit.claim for visit in store.rows(HOST)] == ["C"] * 40
        assert store.pending(HOST, 100) == []
