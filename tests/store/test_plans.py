"""No question the store asks in a run walks the whole history."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import event

from massage_billing.model import PaperCount, PaperUse, UseState
from massage_billing.ports import Touched, VisitState
from massage_billing.store import open_store
from store.making import HOST, NOON, done, entry, row

USE = PaperCount("Patient/3", "a:1", "1", date(2026, 11, 3), 1, 4, UseState.CLAIMED)
QUESTIONS = {
    "known": lambda s: s.known(HOST, ["1", "2"]),
    "due": lambda s: s.due(HOST, NOON),
    "open_holds": lambda s: s.open_holds(HOST),
    "outdated": lambda s: s.outdated(HOST, "r", "c"),
    "pending": lambda s: s.pending(HOST, 10),
    "rulings": lambda s: s.rulings(HOST, ["1", "2"]),
    "rows": lambda s: list(s.rows(HOST)),
    "waking": lambda s: s.waking(
        HOST, [Touched("Coverage/5", "2", patient="Patient/3"), Touched("Procedure/1", "2", encounter="1")]
    ),
    "same_day": lambda s: s.same_day(HOST, [("Patient/3", NOON.date()), ("Patient/4", NOON.date())]),
    "worked": lambda s: s.worked(HOST, [("1234567893", NOON.date()), ("Practitioner/2", NOON.date())], ["1", "2"]),
    "commit": lambda s: s.commit([entry("1", ("Procedure/1", "2"), body=b"new"), entry("2", state=VisitState.HELD)]),
    "confirm": lambda s: s.confirm(HOST, [done("1")], [row("1")]),
    "counted commit": lambda s: s.commit([replace(entry("1"), uses=(USE,), counted=(PaperUse("a:1", 0, 0),))]),
    "paper_counts": lambda s: s.paper_counts(HOST, ["Patient/3"]),
    "sent": lambda s: s.sent(HOST, ["1"]),
    "failed": lambda s: s.failed(HOST, "K2:claim", "busy"),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_no_question_walks_the_whole_history(tmp_path, name):
    with open_store(tmp_path / "state") as store:
        used = (("Coverage/5", "1"), ("Procedure/1", "1"))
        uses = {str(n): replace(USE, encounter=str(n)) for n in range(3)}
        made = [entry(str(n), *used, body=b"{}", state=VisitState.HELD) for n in range(3)]
        store.commit([replace(one, uses=(uses[one.row.encounter],)) for one in made])
        asked: list[tuple[str, object]] = []

        @event.listens_for(store._engine, "before_cursor_execute")
        def note(_connection, _cursor, statement, parameters, _context, many):
            asked.append((statement, parameters[0] if many else parameters))

        QUESTIONS[name](store)
        event.remove(store._engine, "before_cursor_execute", note)
        steps = []
        with store._reading() as connection:
            for statement, parameters in asked:
                if not statement.startswith(("BEGIN", "PRAGMA", "INSERT")):
                    plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                    steps += [step[3] for step in plan]
    assert steps
    tables = ("visits", "used", "outbox", "payload", "worked", "paper_uses")
    assert [s for s in steps if s.startswith(tuple(f"SCAN {table}" for table in tables))] == []
    # Rows without a date are few or none, and found through the index on dates.
    assert [s for s in steps if s.endswith("PRIMARY KEY (host=?)")] == []
