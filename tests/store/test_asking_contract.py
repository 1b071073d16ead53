"""What every memory of asking keeps: SQLite, PostgreSQL and the fake."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from massage_billing.ports import AheadTask, Forgotten, Habit, QuestionState, Settled
from massage_billing.store import open_store
from massage_billing.store.asking_rules import ANSWERS_COUNT
from store.asking_making import DAY, LEASE, answered, at, clock, known, later, living, question, waiting
from store.making import HOST, NOON, entry

OTHER_DAY = DAY + timedelta(days=1)


def claim(asking, *rows, owner="a", now=NOON):
    return asking.claim(rows, owner, now, LEASE)


def keys(rows):
    return [row.key for row in rows]


# --- claims ---------------------------------------------------------------------------------------------------------


def test_a_question_never_asked_is_claimed_and_stands_as_wanted(asking):
    taken = claim(asking, question("5"), question("6"))
    assert taken == [replace(question(name), owner="a") for name in "56"]
    assert asking.questions(HOST, ["Coverage/5"]) == {("Coverage/5", "bcbs"): taken[0]}


def test_a_question_without_a_trace_number_gets_its_key(asking):
    (taken,) = claim(asking, question("5", trace=""))
    assert taken.trace == taken.key


def test_a_question_wanted_twice_is_claimed_once(asking):
    assert keys(claim(asking, question("5"), question("6"), question("5", holder="h2"))) == keys(
        [question("5"), question("6")]
    )
    assert claim(asking) == []


def test_what_a_living_process_asks_is_left_to_it_however_long_it_takes(asking):
    living["a"] = True
    claim(asking, question("5"))
    assert claim(asking, question("5"), owner="b") == []
    assert claim(asking, question("5"), owner="b", now=NOON + 9 * LEASE) == []
    assert claim(asking, question("5"), owner="a", now=at(1)) == []


def test_what_a_dead_process_asked_is_free_at_once(asking):
    (first,) = claim(asking, question("5"))
    living["a"] = False
    assert claim(asking, question("5"), owner="b") == [replace(first, owner="b")]


def test_where_nobody_can_tell_the_lease_decides(asking):
    (first,) = claim(asking, question("5"))
    assert claim(asking, question("5"), owner="b", now=NOON + LEASE - timedelta(seconds=1)) == []
    assert claim(asking, question("5"), owner="b", now=NOON + LEASE) == [replace(first, owner="b")]
    assert claim(asking, question("5"), owner="c", now=NOON + LEASE) == []


def test_an_answered_question_is_not_asked_again_that_day_and_is_asked_the_next(asking):
    (taken,) = claim(asking, question("5"))
    asking.settle([answered(taken)])
    assert claim(asking, question("5"), now=at(600)) == []
    assert keys(claim(asking, question("5", day=OTHER_DAY))) == [question("5", day=OTHER_DAY).key]


def test_a_question_that_was_given_up_is_not_asked_again_that_day(asking):
    (taken,) = claim(asking, question("5"))
    asking.settle([later(taken, None, state=QuestionState.GIVEN_UP)])
    assert claim(asking, question("5"), now=at(600)) == []


def test_try_later_is_tried_when_it_is_due_under_the_same_trace_number(asking):
    (taken,) = claim(asking, question("5", trace="T1"))
    asking.settle([later(taken, at(5), problem="AAA 42")])
    assert claim(asking, question("5", trace="T2"), now=at(4)) == []
    (again,) = claim(asking, question("5", trace="T2"), owner="b", now=at(5))
    assert (again.trace, again.tries, again.problem) == ("T1", 1, "AAA 42")
    assert (again.state, again.owner, again.due) == (QuestionState.ASKING, "b", None)


def test_a_retry_asks_what_is_wanted_now(asking):
    (taken,) = claim(asking, question("5"))
    asking.settle([later(taken, None)])
    asked = {"service_types": (), "codes": ("97124",), "facility": "Location/2"}
    wanted = question("5", holder="h2", serviced=OTHER_DAY, appointment="a9", **asked)
    (again,) = claim(asking, wanted)
    assert again == replace(wanted, owner="a", tries=1)


def test_a_question_the_payer_has_is_given_back_with_its_ticket_as_it_was_asked(asking):
    (taken,) = claim(asking, question("5"))
    asking.settle([waiting(taken, at(5), ticket="poll/7")])
    assert claim(asking, question("5", holder="h2"), now=at(4)) == []
    (again,) = claim(asking, question("5", holder="h2"), now=at(5))
    assert (again.ticket, again.holder) == ("poll/7", "h1")
    living["a"] = False
    assert [row.ticket for row in claim(asking, question("5"), owner="b", now=at(6))] == ["poll/7"]


def test_claims_of_several_days_payers_and_hosts_are_apart(asking):
    wanted = [question("5"), question("5", day=OTHER_DAY), question("5", payer="aetna"), question("5", host="other")]
    assert len(claim(asking, *wanted)) == 4
    assert asking.questions(HOST, ["Coverage/5", "Coverage/6"]).keys() == {
        ("Coverage/5", "bcbs"),
        ("Coverage/5", "aetna"),
    }
    assert asking.questions(HOST, ["Coverage/5"])["Coverage/5", "bcbs"].day == OTHER_DAY
    assert asking.questions(HOST, []) == {}


def test_of_one_day_the_question_that_was_claimed_last_is_the_newest(asking):
    for minute, key in enumerate(("Q2", "Q1", "Q3", "Q0")):
        claim(asking, question("5", key=key), now=at(minute))
        assert asking.questions(HOST, ["Coverage/5"])["Coverage/5", "bcbs"].key == key


def test_many_are_claimed_and_settled_at_once(asking):
    wanted = [question(str(n)) for n in range(1203)]
    taken = claim(asking, *wanted)
    assert keys(taken) == keys(wanted)
    asking.settle([answered(row) for row in taken])
    assert claim(asking, *wanted, owner="b") == []
    assert len(asking.unwritten(HOST, 5000)) == asking.count_unwritten(HOST) == 1203
    assert len(asking.answers(HOST, [row.coverage for row in wanted])) == 1203


# --- settling -------------------------------------------------------------------------------------------------------


def test_what_became_of_a_question_is_remembered(asking):
    (taken,) = claim(asking, question("5"))
    result = later(taken, at(5), problem="x" * 10_000, service_types=("PT",), holder="h3", serviced=OTHER_DAY)
    asking.settle([result])
    assert list(asking.rows(HOST, DAY)) == [replace(result.row, problem="x" * 500)]


def test_an_answer_is_kept_whole_with_its_evidence(asking):
    (taken,) = claim(asking, question("5"))
    asking.settle([answered(taken, at(1), "20 visits, café")])
    assert asking.answers(HOST, ["Coverage/5", "Coverage/6"]) == {
        "Coverage/5": [known(taken, at(1), "20 visits, café")]
    }
    assert asking.evidence(taken.key) == ("ISA*20 visits, café".encode(), "application/edi-x12")
    assert asking.evidence("unknown") is None
    assert asking.answers("other", ["Coverage/5"]) == {}


def test_the_first_answer_stays(asking):
    (taken,) = claim(asking, question("5"))
    asking.settle([answered(taken, text="first")])
    asking.settle([answered(taken, text="second"), later(taken, None), waiting(taken, None)])
    assert asking.answers(HOST, ["Coverage/5"])["Coverage/5"] == [known(taken, text="first")]
    assert asking.evidence(taken.key) == (b"ISA*first", "application/edi-x12")
    assert asking.questions(HOST, ["Coverage/5"])["Coverage/5", "bcbs"].state is QuestionState.ANSWERED


def test_of_several_results_of_one_question_the_answer_counts(asking):
    (taken,) = claim(asking, question("5"))
    asking.settle([later(taken, None), answered(taken, text="yes"), later(taken, None)])
    assert asking.questions(HOST, ["Coverage/5"])["Coverage/5", "bcbs"].state is QuestionState.ANSWERED
    assert asking.answers(HOST, ["Coverage/5"])["Coverage/5"] == [known(taken, text="yes")]


def test_a_process_taken_for_gone_cannot_free_what_another_asks_but_its_answer_counts(asking):
    (mine,) = claim(asking, question("5"))
    (theirs,) = claim(asking, question("5"), owner="b", now=NOON + LEASE)
    asking.settle([later(mine, None), waiting(mine, None)])
    assert list(asking.rows(HOST, DAY)) == [theirs]
    asking.settle([answered(mine, text="late")])
    asking.settle([later(theirs, None)])
    (row,) = asking.rows(HOST, DAY)
    assert row.state is QuestionState.ANSWERED
    assert asking.answers(HOST, ["Coverage/5"])["Coverage/5"] == [known(mine, text="late")]


def test_what_was_given_up_is_answered_by_an_answer_and_by_nothing_else(asking):
    (taken,) = claim(asking, question("5"))
    asking.settle([later(taken, None, state=QuestionState.GIVEN_UP)])
    asking.settle([later(taken, None)])
    assert [row.state for row in asking.rows(HOST, DAY)] == [QuestionState.GIVEN_UP]
    asking.settle([answered(taken)])
    assert [row.state for row in asking.rows(HOST, DAY)] == [QuestionState.ANSWERED]


def test_settling_a_question_that_nobody_claimed_remembers_nothing(asking):
    asking.settle([answered(question("5"))])
    asking.settle([])
    assert list(asking.rows(HOST, DAY)) == []
    assert asking.answers(HOST, ["Coverage/5"]) == {}


def test_who_was_asked_about_is_the_questions_word_not_the_answers(asking):
    (taken,) = claim(asking, question("5"))
    strange = replace(
        known(taken), patient="Patient/9", coverage="Coverage/9", payer="x", question="", asked_on=OTHER_DAY
    )
    done = replace(taken, state=QuestionState.ANSWERED, patient="Patient/9", trace="other", owner="a")
    asking.settle([Settled(done, strange)])
    assert asking.answers(HOST, ["Coverage/5", "Coverage/9"]) == {"Coverage/5": [known(taken)]}
    assert list(asking.rows(HOST, DAY)) == [replace(taken, state=QuestionState.ANSWERED)]


def test_evidence_of_a_try_that_was_no_answer_is_kept_until_the_answer_comes(asking):
    (taken,) = claim(asking, question("5"))
    asking.settle([replace(later(taken, None), evidence=b"AAA42", media_type="application/edi-x12")])
    assert asking.evidence(taken.key) == (b"AAA42", "application/edi-x12")
    (again,) = claim(asking, question("5"))
    asking.settle([answered(again, text="271")])
    assert asking.evidence(taken.key) == (b"ISA*271", "application/edi-x12")


# --- what was answered ----------------------------------------------------------------------------------------------


def settle_all(asking, *rows, **fields):
    for minute, row in enumerate(rows):
        (taken,) = claim(asking, row)
        asking.settle([answered(taken, at(minute), **fields)])


def test_answers_come_newest_first_one_a_payer_and_day(asking):
    settle_all(
        asking,
        question("5", day=OTHER_DAY),
        question("5"),
        question("5", payer="aetna"),
        question("5", key="corrected"),
        question("6"),
    )
    found = asking.answers(HOST, ["Coverage/5"])["Coverage/5"]
    assert [(one.asked_on, one.payer, one.question) for one in found] == [
        (OTHER_DAY, "bcbs", question("5", day=OTHER_DAY).key),
        (DAY, "bcbs", "corrected"),
        (DAY, "aetna", question("5", payer="aetna").key),
    ]


def test_answers_that_are_not_on_the_host_come_oldest_first_until_they_are_written(asking):
    settle_all(asking, question("7"), question("5"), question("6"))
    (there,) = claim(asking, question("8"))
    asking.settle([answered(there, written=True)])
    settle_all(asking, question("5", host="other"))
    left = asking.unwritten(HOST, 2)
    assert [one.row.coverage for one in left] == ["Coverage/7", "Coverage/5"]
    assert left[0].known == known(question("7"))
    asking.written(HOST, [(left[0].row.key, "CoverageEligibilityResponse/1"), ("unknown", "x")])
    asking.written(HOST, [])
    assert [one.row.coverage for one in asking.unwritten(HOST, 9)] == ["Coverage/5", "Coverage/6"]
    assert [asking.count_unwritten(host) for host in (HOST, "other", "nobody")] == [2, 1, 0]
    assert asking.answers(HOST, ["Coverage/7"])["Coverage/7"][0].response == "CoverageEligibilityResponse/1"


def test_answers_recorded_since_a_time_are_found_whenever_they_were_given(asking):
    for minute, name in enumerate("567"):
        clock[0] = at(minute)
        (taken,) = claim(asking, question(name))
        asking.settle([answered(taken, at(-minute))])
    settle_all(asking, question("5", host="other"))

    def since(when):
        return [one.coverage for one in asking.answered_since(HOST, when)]

    assert since(None) == ["Coverage/5", "Coverage/6", "Coverage/7"]
    assert since(NOON) == ["Coverage/6", "Coverage/7"]
    assert since(at(2)) == []


def test_questions_that_wait_are_found_when_they_are_due_of_any_day(asking):
    rows = [question("5", day=OTHER_DAY), question("6"), question("7"), question("8"), question("9", host="other")]
    taken = claim(asking, *rows)
    dues = [at(1), None, at(2), at(1), None]
    asking.settle([waiting(row, due) for row, due in zip(taken, dues, strict=True)])
    asking.settle([answered(replace(taken[3]))])
    assert [row.coverage for row in asking.waiting(HOST, NOON)] == ["Coverage/6"]
    assert [row.coverage for row in asking.waiting(HOST, at(2))] == ["Coverage/6", "Coverage/7", "Coverage/5"]


def test_rows_since_a_day_come_oldest_first(asking):
    claim(asking, question("5", day=OTHER_DAY), question("6"), question("7", day=date(2026, 10, 1)))
    claim(asking, question("8", host="other"))
    assert [row.coverage for row in asking.rows(HOST, DAY)] == ["Coverage/6", "Coverage/5"]
    assert list(asking.rows(HOST, OTHER_DAY + timedelta(days=1))) == []


# --- what was learnt, Tasks -----------------------------------------------------------------------------------------


def test_habits_add_up(asking):
    asking.learn([Habit("bcbs", "BE", 1, 0, 1), Habit("aetna", "PT", 1, 1, 1), Habit("bcbs", "BE", 1, 0, 0)])
    asking.learn([Habit("bcbs", "BE", 2, 1, 1), Habit("bcbs", "30", 1, 0, 1)])
    asking.learn([])
    assert asking.habits() == [
        Habit("aetna", "PT", 1, 1, 1),
        Habit("bcbs", "30", 1, 0, 1),
        Habit("bcbs", "BE", 4, 1, 2),
    ]


def test_what_was_looked_up_is_kept_as_long_as_it_is_asked_for(asking):
    asking.keep("npi:1234567893", b"old", NOON - LEASE)
    asking.keep("npi:1234567893", b"new", NOON)
    assert asking.kept("npi:1234567893", at(60), timedelta(hours=1)) == b"new"
    assert asking.kept("npi:1234567893", at(61), timedelta(hours=1)) is None
    assert asking.kept("npi:9", NOON, timedelta(days=9)) is None


def task(appointment, digest="d", **fields):
    return AheadTask(appointment, f"MA{appointment}", DAY, "Task/1", "1", digest, **fields)


def test_tasks_are_replaced_and_forgotten_once_they_are_closed(asking):
    asking.save_tasks(HOST, [task("2"), task("1", patient="Patient/3"), task("3")])
    asking.save_tasks("other", [task("1")])
    asking.save_tasks(HOST, [task("2", "new"), task("3", "")])
    asking.save_tasks(HOST, [task("4", "")])
    asking.save_tasks(HOST, [])
    assert asking.tasks(HOST) == [task("1", patient="Patient/3"), task("2", "new")]
    assert asking.tasks("other") == [task("1")]


# --- forgetting -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("whole_program", [True, False])
def test_a_purged_patient_leaves_no_question_answer_evidence_or_task(store, asking, whole_program):
    settle_all(asking, question("5"), question("6"), question("7", patient="Patient/4"), question("5", host="other"))
    claim(asking, question("8"))
    asking.save_tasks(HOST, [task("a5"), task("a7"), task("b", patient="Patient/3"), task("c", patient="Patient/4")])
    if whole_program:
        store.commit([entry("1")])
        assert store.purge_patient(HOST, "Patient/3") == Forgotten(visits=1, questions=3)
    else:
        assert asking.purge_patient(HOST, "Patient/3") == 3
    assert asking.purge_patient(HOST, "Patient/3") == 0
    assert [row.coverage for row in asking.rows(HOST, DAY)] == ["Coverage/7"]
    assert asking.answers(HOST, ["Coverage/5", "Coverage/6", "Coverage/7"]).keys() == {"Coverage/7"}
    assert asking.evidence(question("5").key) is None
    assert asking.evidence(question("7", patient="Patient/4").key) is not None
    assert [one.appointment for one in asking.tasks(HOST)] == ["a7", "c"]
    assert [one.row.coverage for one in asking.unwritten(HOST, 9)] == ["Coverage/7"]
    assert len(list(asking.rows("other", DAY))) == 1


def test_a_patient_purged_while_being_asked_about_does_not_come_back_with_the_answer(asking):
    (taken,) = claim(asking, question("5"))
    asking.purge_patient(HOST, "Patient/3")
    asking.settle([answered(taken)])
    assert list(asking.rows(HOST, DAY)) == []
    assert asking.answers(HOST, ["Coverage/5"]) == {}
    assert asking.evidence(taken.key) is None


@pytest.mark.parametrize("whole_program", [True, False])
def test_evidence_goes_after_its_time_and_answers_when_they_cannot_count(store, asking, whole_program):
    old = DAY - ANSWERS_COUNT
    rows = [question("5", day=old - timedelta(days=1)), question("6", day=old), question("7"), question("8")]
    for row, when in zip(rows, [NOON - ANSWERS_COUNT - timedelta(days=1), at(-60), at(-1), NOON], strict=True):
        (taken,) = claim(asking, row)
        asking.settle([answered(taken, when)])
    claim(asking, question("9", day=old - timedelta(days=1)))
    purge = store.purge_confirmed if whole_program else asking.purge_evidence
    assert purge(NOON) == 4  # three pieces of evidence, one answer
    assert purge(NOON) == 0
    assert [row.coverage for row in asking.rows(HOST, date(2020, 1, 1))] == ["Coverage/6", "Coverage/7", "Coverage/8"]
    assert asking.answers(HOST, [row.coverage for row in rows]).keys() == {"Coverage/6", "Coverage/7", "Coverage/8"}
    assert [asking.evidence(row.key) is not None for row in rows] == [False, False, False, True]


def test_evidence_without_an_answer_goes_too(asking):
    (taken,) = claim(asking, question("5"))
    asking.settle([replace(later(taken, None), evidence=b"AAA42")])
    assert asking.purge_evidence(NOON) == 0
    assert asking.purge_evidence(at(1)) == 1
    assert asking.evidence(taken.key) is None


def test_nothing_of_a_purged_patients_answers_stays_in_the_files(tmp_path):
    with open_store(tmp_path / "state") as kept:
        asking = kept.asking()
        gone, stays = claim(asking, question("gone", patient="Patient/gone"), question("6", patient="Patient/stays"))
        asking.settle([answered(gone, text="gone " * 3000), answered(stays, text="stays")])
        kept.purge_patient(HOST, "Patient/gone")
        content = b"".join(path.read_bytes() for path in (tmp_path / "state").iterdir())
        assert b"gone" not in content
        assert b"stays" in content
