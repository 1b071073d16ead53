"""A second process at work on a store, for the tests: python child.py WHAT URL [ARGUMENTS]."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count

from massage_billing.model import PaperCount, PaperUse, Ruling, RulingKind, UseState
from massage_billing.ports import Entry
from massage_billing.ports.desk import Overtaken
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


def _uses(encounter: str, patient: str, day: date, before: int) -> Entry:
    paper = "authorization:A1"
    count = PaperCount(patient, paper, encounter, day, 1, 4, UseState.CLAIMED)
    made = entry(encounter, body=b"{}", patient=patient, date=day)
    return replace(made, uses=(count,), counted=(PaperUse(paper, before, 4 * before),))


def last_visit(url: str, name: str, last: str) -> None:
    """Count what is used of a paper, wait, and bill the last visit of it."""
    patient, day = f"Patient/{last}", date(2026, 11, 3)
    with open_store(url) as store:
        say(f"counted {len(store.paper_counts(HOST, [patient]))}")
        sys.stdin.readline()
        given_back = store.commit([_uses(f"{name}-{last}", patient, day, 0)])
        say("given back" if given_back else "remembered")


def count_for_ever(url: str, start: str) -> None:
    """Use a paper again and again, and say so after each commit. Killed by the test."""
    with open_store(url) as store:
        say("ready")
        for n in count(0):
            encounter, day = f"{int(start) + n:06d}", date(2026, 1, 1) + timedelta(days=n)
            assert store.commit([_uses(encounter, "Patient/3", day, n)]) == set()
            say(f"committed {encounter}")


def run_visit(url: str, day: str) -> None:
    """A whole run over a host with one visit; it waits before its first commit. A second run follows."""
    from veterans import REFERRAL, World

    with open_store(url) as store:
        commit, waited = store.commit, []

        def after_waiting(entries: Sequence[Entry]) -> set[str]:
            if not waited:
                waited.append(say("counted"))
                sys.stdin.readline()
            return commit(entries)

        store.commit = after_waiting  # type: ignore[method-assign]
        world = World(replace(REFERRAL, visits=1), store=store)
        world.visit(int(day))
        world.run()
        say("ran")
        sys.stdin.readline()
        world.run()
        say(f"billed {world.billed()}")


def open_links(url: str, number: str) -> None:
    """Try to open every one-time link, and say which were opened here."""
    with open_store(url) as store:
        say("ready")
        sys.stdin.readline()
        for name in (f"k{n}" for n in range(int(number))):
            if store.access().take_link(name, datetime.now(UTC)) is not None:
                say(name)


def decide_all(url: str, who: str, number: str) -> None:
    """Decide every hold as it was first seen, and say which of them were decided here."""
    with open_store(url) as store:
        say("ready")
        sys.stdin.readline()
        for encounter in map(str, range(int(number))):
            try:
                store.desk().decide(HOST, encounter, 0, Ruling(RulingKind.BILL, "because", who, datetime.now(UTC)))
            except Overtaken:
                continue
            say(encounter)


WHATS = {
    "write-for-ever": write_for_ever,
    "write-many": write_many,
    "open": just_open,
    "hold-lock": hold_lock,
    "last-visit": last_visit,
    "count-for-ever": count_for_ever,
    "run-visit": run_visit,
    "open-links": open_links,
    "decide-all": decide_all,
}

if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    WHATS[what](*arguments)
