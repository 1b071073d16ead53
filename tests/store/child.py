"""A second process at work on a store, for the tests: python child.py WHAT URL [ARGUMENTS]."""

from __future__ import annotations

import sys
from itertools import count

from massage_billing.store import open_store
from store.making import HOST, done, entry, row


def say(what: str) -> None:
    print(what, flush=True)


def write_for_ever(url: str, start: str) -> None:
    """Commit, flush and confirm without end; say each step after it is done. Killed by the test."""
    with open_store(url) as store:
        say("ready")
        for n in count(int(start)):
            some = [f"{n}-{i}" for i in range(20)]
            store.commit([entry(e, ("Coverage/5", str(n)), (f"Procedure/{e}", "1"), body=b"x" * 3000) for e in some])
            say(f"committed {n}")
            if n % 3 == 0:
                store.confirm(HOST, [done(e) for e in some[:10]], [row(e, claim="C") for e in some[:10]])
                say(f"confirmed {n}")


def write_many(url: str, name: str, rounds: str) -> None:
    """Commit visits of our own and visits that both processes decide, and flush everything."""
    with open_store(url) as store:
        say("ready")
        sys.stdin.readline()
        for n in range(int(rounds)):
            store.commit([entry(f"{name}-{n}-{i}", ("Coverage/5", "1"), body=b"{}") for i in range(5)])
            store.commit([entry(f"both-{i}", (f"Procedure/{name}", str(n)), body=b"%d" % n) for i in range(5)])
            groups = [out.group for out in store.pending(HOST, 7)]
            results = [done(group.encounter) for group in groups]
            store.confirm(HOST, results, [row(g.encounter, claim=f"Claim/{name}") for g in groups])
            store.audit(HOST, None, f"{name} {n}")


def just_open(url: str) -> None:
    """Open at the same time as others, and say what was there."""
    say("ready")
    sys.stdin.readline()
    with open_store(url) as store:
        store.save_cursor(HOST, "c")
        say(f"cursor {store.cursor(HOST)}")


def hold_lock(url: str) -> None:
    """Write and stay in the middle of it until the test says so."""
    with open_store(url) as store, store._writing():
        say("ready")
        sys.stdin.readline()


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    {"write-for-ever": write_for_ever, "write-many": write_many, "open": just_open, "hold-lock": hold_lock}[what](
        *arguments
    )
