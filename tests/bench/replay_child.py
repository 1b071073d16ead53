"""One measurement of ``bench.replay``, in a process of its own: replay_child.py full|twelve|distinct VISITS."""

from __future__ import annotations

import gc
import json
import sys
import time
from itertools import islice
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "plugin"), str(Path(__file__).resolve().parents[1])]

from bench.mix import Mix, clinic  # noqa: E402
from massage_billing import flow  # noqa: E402
from massage_billing.coding.rulebook import Rulebook  # noqa: E402
from massage_billing.coding.rulefile import PolicyText, RuleText  # noqa: E402
from massage_billing.replay.compare import Replay  # noqa: E402
from massage_billing.replay.verdict import Memory  # noqa: E402
from massage_billing.rulebook.files import read_files  # noqa: E402

TWELVE = frozenset(
    "visit-finished minutes-documented which-coverage coverage-in-force payer-known billable-code timed-units "
    "ncci-pairs mue diagnosis-present therapist-npi charge".split()
)
"""The rules that are asked; "timed-units" counts, the others let through, change or hold."""
BATCH = 5000


def rulebooks(which: str) -> tuple[Rulebook, Rulebook]:
    """The rulebook, and one in which a payer counts otherwise from the second year on."""
    files = read_files()
    if which == "twelve":
        files.rules = [rule if rule.rule in TWELVE else _withdrawn(rule) for rule in files.rules]
        files.policies = {name: _without_papers(policy) for name, policy in files.policies.items()}
    before = files.rulebook()
    cigna = files.policies["cigna"]
    rows = tuple(row.model_copy(update={"unit_method": "per-code-midpoint"}) for row in cigna.values)
    files.policies["cigna"] = cigna.model_copy(update={"values": rows})
    return before, files.rulebook()


def _without_papers(policy: PolicyText) -> PolicyText:
    """What is not asked any more needs no policy that asks for it."""
    rows = tuple(row.model_copy(update={"papers": (), "accident": None}) for row in policy.values)
    return policy.model_copy(update={"values": rows})


def _withdrawn(rule: RuleText) -> RuleText:
    rows = tuple(row.model_copy(update={"withdrawn": True}) for row in rule.values)
    return rule.model_copy(update={"values": rows})


def replayed(which: str, count: int) -> dict[str, object]:
    """All visits by both rulebooks."""
    before, after = rulebooks(which)
    replay = Replay(before, after, clinic(frozenset(before.policies)))
    mix, seconds = iter(Mix(count)), 0.0
    while some := list(islice(mix, BATCH)):
        began = time.process_time()
        for visit in some:
            replay.visit(visit)
        seconds += time.process_time() - began
    began = time.process_time()
    tally = replay.tally
    seconds += time.process_time() - began
    decided = replay.before.decided + replay.after.decided
    return {
        "per_second": 2 * count / seconds,
        "share_decided": decided / 2 / count,
        "share_of_repeats": 1 - decided / 2 / count,
        "changed": tally.changed,
        "outcomes": {" → ".join(pair): visits for pair, visits in tally.outcomes.items()},
    }


def _wrong(book: Rulebook, count: int) -> int:
    """Of some thousand visits, how many the memory decides otherwise than flow itself; not timed."""
    from massage_billing.replay.verdict import verdict_of

    place = clinic(frozenset(book.policies))
    memory = Memory(book, place)
    return sum(memory.verdict(visit) != verdict_of(flow.bill(visit, book, place)) for visit in Mix(min(count, 20_000)))


def distinct(count: int) -> dict[str, object]:
    """Visits no two of which are alike, each by flow itself."""
    book, _ = rulebooks("full")
    place = clinic(frozenset(book.policies))
    alike, met, visits = Memory(book, place).alike, set(), []
    for visit in Mix(count * 40):
        key = alike.key(visit)
        if key is not None and key not in met:
            met.add(key)
            visits.append(visit)
        if len(visits) == count:
            break
    seconds = 0.0
    for first in range(0, len(visits), BATCH):
        some = visits[first : first + BATCH]
        began = time.process_time()
        for visit in some:
            flow.bill(visit, book, place)
        seconds += time.process_time() - began
    wrong = _wrong(book, count)
    return {"per_second": len(visits) / seconds, "visits": len(visits), "share_decided": 1.0, "wrong": wrong}


def main() -> None:
    which, count = sys.argv[1], int(sys.argv[2])
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)  # as a run does
    print(json.dumps(distinct(count) if which == "distinct" else replayed(which, count)))


if __name__ == "__main__":
    main()
