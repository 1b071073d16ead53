"""No question that a sweep puts to the memory of asking walks through all that was ever asked, and a batch costs the
same number of statements as one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event

from massage_billing.store import open_store
from store.asking_making import LEASE, answered, at, later, question, waiting
from store.making import HOST, NOON

ASKED = {
    "claim": lambda a: a.claim(
        [question("0", day=question("0").day + timedelta(days=1)), question("1")], "b", at(30), LEASE
    ),
    "settle": lambda a: a.settle([answered(question("1", owner="a")), waiting(question("2", owner="a"), None)]),
    "questions": lambda a: a.questions(HOST, ["Coverage/0", "Coverage/1"]),
    "waiting": lambda a: a.waiting(HOST, NOON),
    "answers": lambda a: a.answers(HOST, ["Coverage/0", "Coverage/1"]),
    "answered_since": lambda a: a.answered_since(HOST, NOON),
    "evidence": lambda a: a.evidence(question("0").key),
    "unwritten": lambda a: a.unwritten(HOST, 10),
    "count_unwritten": lambda a: a.count_unwritten(HOST),
    "written": lambda a: a.written(HOST, [(question("0").key, "CoverageEligibilityResponse/1")]),
    "rows": lambda a: list(a.rows(HOST, NOON.date())),
    "kept": lambda a: a.kept("npi:1", NOON, LEASE),
    "purge_patient": lambda a: a.purge_patient(HOST, "Patient/3"),
    "purge_evidence": lambda a: a.purge_evidence(NOON),
}


def statements(asking, act):
    """What an act says to the database: (statement, first parameters)."""
    said: list[tuple[str, object]] = []

    def note(_connection, _cursor, statement, parameters, _context, many):
        said.append((statement, parameters[0] if many else parameters))

    event.listen(asking._engine, "before_cursor_execute", note)
    act(asking)
    event.remove(asking._engine, "before_cursor_execute", note)
    return said


@pytest.mark.parametrize("name", ASKED)
def test_nothing_walks_through_all_questions(tmp_path, name):
    with open_store(tmp_path / "state") as store:
        asking = store.asking()
        taken = asking.claim([question(str(n)) for n in range(4)], "a", NOON, LEASE)
        asking.settle([answered(taken[0]), later(taken[3], None)])
        steps = []
        said = statements(asking, ASKED[name])
        with store._reading() as connection:
            for statement, parameters in said:
                if not statement.startswith(("BEGIN", "PRAGMA", "INSERT")):
                    plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                    steps += [step[3] for step in plan]
    assert steps
    # All that waits to be written is asked for, by an index of nothing else; so are the open Tasks.
    walked = [s for s in steps if s.startswith(("SCAN questions", "SCAN answers", "SCAN evidence"))]
    assert [s for s in walked if s != "SCAN answers USING INDEX answers_unwritten"] == []


@pytest.mark.parametrize("size", [2, 400])
def test_a_batch_of_any_size_takes_as_many_statements_as_a_small_one(url, size):
    with open_store(url) as store:
        asking = store.asking()
        wanted = [question(str(n)) for n in range(size)]
        taken = []
        first = statements(asking, lambda a: taken.extend(a.claim(wanted, "a", NOON, LEASE)))
        settle = statements(asking, lambda a: a.settle([later(row, None) for row in taken]))
        again = statements(asking, lambda a: a.claim(wanted, "a", NOON, LEASE))
        done = statements(asking, lambda a: a.settle([answered(row) for row in taken]))
        assert [len(said) for said in (first, settle, again, done)] == [3, 3, 3, 5]
