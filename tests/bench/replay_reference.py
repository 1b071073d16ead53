"""Twelve rules on a flat record, by others: replay_reference.py zen|python RECORDS. No units, no dates, no tables."""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable

FIELDS = (
    "code",
    "minutes",
    "units",
    "charge",
    "payer",
    "state",
    "diagnoses",
    "npi",
    "status",
    "place",
    "modifier",
    "age",
)
RULES = (
    ("minutes", "< 8"), ("minutes", "> 120"), ("units", "> 4"), ("charge", "== 0"), ("diagnoses", "== 0"),
    ("diagnoses", "> 12"), ("npi", "!= 10"), ("age", "> 365"), ("units", "< 1"), ("charge", "> 500"), ("age", "< 0"),
    ("minutes", "> 480"),
)  # fmt: skip
"""A dozen edits, each of one field: what a rules engine is given where rules do not need dates or tables."""


def records(count: int) -> list[dict[str, object]]:
    """Flat records, most of which no rule finds fault with."""
    draw = random.Random(1)
    same = {"code": "97124", "payer": "cedar", "state": "WA", "npi": 10, "status": "completed", "place": "11"}
    return [
        {**same, "modifier": "GP", "minutes": draw.randrange(5, 95), "units": draw.randrange(1, 6),
         "charge": draw.randrange(300), "diagnoses": draw.randrange(4), "age": draw.randrange(300)}
        for _ in range(count)
    ]  # fmt: skip


def zen_evaluate() -> Callable[[dict[str, object]], object]:
    """One decision table that collects every row that applies."""
    import zen

    rows = [
        {"_id": f"r{place}", **{field: condition if field == named else "" for field in FIELDS}, "found": f'"r{place}"'}
        for place, (named, condition) in enumerate(RULES)
    ]
    table = {
        "hitPolicy": "collect",
        "inputs": [{"id": field, "name": field, "field": field} for field in FIELDS],
        "outputs": [{"id": "found", "name": "found", "field": "found"}],
        "rules": [{key: value.replace("== ", "") for key, value in row.items()} for row in rows],
    }
    nodes = [
        {"id": "in", "type": "inputNode", "name": "in", "position": {"x": 0, "y": 0}},
        {"id": "t", "type": "decisionTableNode", "name": "t", "content": table, "position": {"x": 1, "y": 0}},
        {"id": "out", "type": "outputNode", "name": "out", "position": {"x": 2, "y": 0}},
    ]
    edges = [{"id": f"{a}{b}", "type": "edge", "sourceId": a, "targetId": b} for a, b in (("in", "t"), ("t", "out"))]
    return zen.ZenEngine().create_decision(json.dumps({"nodes": nodes, "edges": edges})).evaluate


def python_evaluate() -> Callable[[dict[str, object]], object]:
    """Twelve conditions compiled once."""
    code = [compile(f"{field} {condition}", "rule", "eval") for field, condition in RULES]

    def evaluate(record: dict[str, object]) -> object:
        return [place for place, each in enumerate(code) if eval(each, {}, record)]

    return evaluate


def main() -> None:
    which, some = sys.argv[1], records(int(sys.argv[2]))
    evaluate = zen_evaluate() if which == "zen" else python_evaluate()
    evaluate(some[0])
    began = time.process_time()
    for record in some:
        evaluate(record)
    print(json.dumps({"per_second": len(some) / (time.process_time() - began), "first": repr(evaluate(some[0]))[:200]}))


if __name__ == "__main__":
    main()
