"""A process that asks a payer, for the tests: python asking_child.py URL STATE PAYER SEED COUNT.

The payer is a file: a line for every question that reaches it, in order, whoever asks ("ask PID KEY TRACE"), and one
when it is known that an answer is recorded ("recorded PID KEY"). Killed by the test.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from massage_billing.ports import QuestionRow, QuestionState, Settled
from massage_billing.store import open_store
from massage_billing.store.askers import Askers
from store.asking_making import answered, later, question

LONG = timedelta(days=1)
"""A lease that nobody waits for: only the lock tells that an owner is gone."""


@contextmanager
def payer(path: str) -> Iterator[int]:
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        yield handle
    finally:
        os.close(handle)


def say(handle: int, *words: object) -> None:
    os.write(handle, (" ".join(map(str, words)) + "\n").encode())


def what_becomes_of(row: QuestionRow, now: datetime, chance: random.Random) -> Settled:
    """An answer, or now and then "try later"."""
    if chance.random() < 0.1 and row.tries == 0:
        return later(row, now)
    return answered(row, now, row.key)


def ask_all(url: str, state: str, asked: str, seed: str, number: str) -> None:
    """Claim, ask and settle until there is nothing left that this process may ask."""
    chance = random.Random(seed)
    wanted = [question(str(n), trace="") for n in range(int(number))]
    askers = Askers(Path(state))
    with open_store(url) as store, askers.asker() as owner, payer(asked) as handle:
        asking = store.asking(askers.alive)
        print("ready", flush=True)
        sys.stdin.readline()
        left = wanted
        while left:
            some = chance.sample(left, min(len(left), chance.randrange(1, 30)))
            now = datetime.now(UTC)
            taken = asking.claim(some, owner, now, LONG)
            done = []
            while taken:
                for row in [taken.pop() for _ in range(min(len(taken), chance.randrange(1, 8)))]:
                    say(handle, "ask", os.getpid(), row.key, row.trace)
                    done.append(what_becomes_of(row, now, chance))
                asking.settle(done)
                for result in done:
                    recorded = result.row.state is QuestionState.ANSWERED
                    say(handle, "recorded" if recorded else "later", os.getpid(), result.row.key)
                done = []
            known = {row.key: row.state for row in asking.rows(wanted[0].host, wanted[0].day)}
            left = [row for row in left if known.get(row.key) is not QuestionState.ANSWERED]
    print("done", flush=True)


if __name__ == "__main__":
    ask_all(*sys.argv[1:])
