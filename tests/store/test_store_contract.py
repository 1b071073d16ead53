"""What every store does, the fake too."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from massage_billing.errors import HostBusy
from massage_billing.model import Ruling, RulingKind, Worked
from massage_billing.ports import Entry, Operation, Touched, VisitState, Write, WriteGroup, WriteResult
from store.making import HOST, NOON, done, entry, full_row, group, key, row

WAITING, HELD, CLAIMED, DONE = VisitState.WAITING, VisitState.HELD, VisitState.CLAIMED, VisitState.DONE


def waiting_keys(store, limit=100):
    return [out.group.key for out in store.pending(HOST, limit)]


DAY, NEXT = date(2026, 11, 3), date(2026, 11, 4)


# --- cursor ---------------------------------------------------------------------------------------------------------


def test_a_new_store_has_no_cursor(store):
    assert store.cursor(HOST) is None


def test_the_last_cursor_of_each_host_is_kept(store):
    store.save_cursor(HOST, "a")
    store.save_cursor(HOST, "b")
    store.save_cursor("other", "c")
    assert (store.cursor(HOST), store.cursor("other")) == ("b", "c")


# --- visits ---------------------------------------------------------------------------------------------------------


def test_a_row_comes_back_as_it_was(store):
    full = full_row("1")
    store.commit([Entry(full), Entry(row("2", patient=None, date=None, state=WAITING, outcome=""))])
    assert store.known(HOST, ["1", "2", "3"]) == {
        "1": full,
        "2": row("2", patient=None, date=None, state=WAITING, outcome=""),
    }


def test_a_row_is_replaced_whole(store):
    store.commit([Entry(full_row("1"))])
    store.commit([entry("1")])
    assert store.known(HOST, ["1"]) == {"1": row("1")}


def test_hosts_do_not_see_each_others_visits(store):
    store.commit([entry("1"), entry("1", host="other", state=HELD)])
    assert store.known(HOST, ["1"])["1"].state is CLAIMED
    assert store.known("other", ["1"])["1"].state is HELD
    assert store.open_holds(HOST) == []


def test_of_two_entries_for_one_visit_the_last_counts(store):
    store.commit([entry("1", ("Coverage/5", "1"), state=HELD), entry("1", ("Coverage/6", "1"))])
    assert store.known(HOST, ["1"])["1"].state is CLAIMED
    assert store.waking(HOST, [Touched("Coverage/5", "2")]) == set()
    assert store.waking(HOST, [Touched("Coverage/6", "2")]) == {"1"}


def test_a_visit_that_was_decided_meanwhile_is_given_back(store):
    """Who was held up between reading and committing replaces nothing with what it read."""
    store.commit([entry("1", state=WAITING)])
    read = store.known(HOST, ["1"])["1"]
    store.commit([entry("1"), entry("2")])
    stood = store.known(HOST, ["1", "2"])
    late = [
        Entry(row("1", state=HELD), group=group("1"), audit="late", before=read, compared=True),
        Entry(row("2", state=HELD), before=None, compared=True),
        Entry(row("3", state=HELD), before=None, compared=True),
    ]
    assert store.commit(late) == {"1", "2"}
    assert store.known(HOST, ["1", "2"]) == stood
    assert store.known(HOST, ["3"])["3"].state is HELD
    assert waiting_keys(store) == []
    assert [what for _, _, what in store.trail(HOST, "1")] == ["Encounter/1 decided"] * 2
    now = [Entry(one.row, group=one.group, before=stood.get(one.row.encounter), compared=True) for one in late[:2]]
    assert store.commit(now) == set()
    assert store.known(HOST, ["1"])["1"].state is HELD


def test_what_a_host_says_of_what_was_written_and_a_person_decides_is_no_other_decision(store):
    store.commit([Entry(row("1", state=HELD), group=group("1"))])
    read = store.known(HOST, ["1"])["1"]
    store.confirm(HOST, [done("1")], [replace(read, task="Task/1", task_version="1")])
    store.rule(HOST, "1", Ruling(RulingKind.WRITE_OFF, "gone", "ana", NOON))
    assert store.commit([Entry(row("1"), before=read, compared=True)]) == set()


def test_many_visits_at_once(store):
    entries = [entry(str(n), (f"Procedure/{n}", "1"), body=b"%d" % n) for n in range(1203)]
    store.commit(entries)
    assert len(store.known(HOST, [str(n) for n in range(2000)])) == 1203
    assert len(waiting_keys(store, 5000)) == 1203
    assert len(store.waking(HOST, [Touched(f"Procedure/{n}", "2") for n in range(1203)])) == 1203
    store.confirm(HOST, [done(str(n)) for n in range(1203)], [row(str(n)) for n in range(1203)])
    assert waiting_keys(store) == []


def test_nothing_to_commit(store):
    store.commit([])
    store.confirm(HOST, [], [])
    assert list(store.rows(HOST)) == []


def test_rows_come_by_date_and_those_without_one_last(store):
    dates = {"1": date(2026, 11, 3), "2": None, "3": date(2026, 1, 5), "4": date(2026, 11, 3)}
    store.commit([entry(e, date=d) for e, d in dates.items()])
    assert [r.encounter for r in store.rows(HOST)] == ["3", "1", "4", "2"]


def test_a_visit_may_be_committed_while_rows_are_read(store):
    store.commit([entry(str(n)) for n in range(1500)])
    seen = 0
    for visit in store.rows(HOST):
        if seen in (0, 700):
            store.commit([entry(visit.encounter, state=HELD)])
        seen += 1
    assert seen == 1500


# --- waking ---------------------------------------------------------------------------------------------------------


def test_a_resource_in_another_version_wakes_the_visits_that_used_it(store):
    store.commit([entry("1", ("Coverage/5", "1")), entry("2", ("Coverage/5", "2")), entry("3", ("Coverage/6", "1"))])
    assert store.waking(HOST, [Touched("Coverage/5", "2")]) == {"1"}


def test_a_resource_in_the_same_version_wakes_nobody(store):
    store.commit([entry("1", ("Coverage/5", "1"), state=HELD)])
    assert store.waking(HOST, [Touched("Coverage/5", "1", encounter="1", patient="Patient/3")]) == set()


@pytest.mark.parametrize(("had", "has"), [("", ""), ("1", ""), ("", "1")])
def test_a_resource_without_version_always_wakes(store, had, has):
    store.commit([entry("1", ("Coverage/5", had))])
    assert store.waking(HOST, [Touched("Coverage/5", has)]) == {"1"}
    assert store.waking(HOST, [Touched("Coverage/5", has, encounter="1")]) == {"1"}


def test_of_a_resource_touched_twice_the_last_version_counts(store):
    store.commit([entry("1", ("Coverage/5", "2"))])
    assert store.waking(HOST, [Touched("Coverage/5", "1"), Touched("Coverage/5", "2")]) == set()


def test_what_a_visit_no_longer_uses_does_not_wake_it(store):
    store.commit([entry("1", ("Coverage/5", "1"), ("Procedure/1", "1"))])
    store.commit([entry("1", ("Procedure/1", "2"))])
    assert store.waking(HOST, [Touched("Coverage/5", "9"), Touched("Procedure/1", "2")]) == set()
    assert store.waking(HOST, [Touched("Procedure/1", "3")]) == {"1"}


def test_an_unknown_resource_wakes_the_encounter_it_names(store):
    assert store.waking(HOST, [Touched("Condition/9", "1", encounter="77")]) == {"77"}


def test_a_procedure_moved_to_another_encounter_wakes_both(store):
    store.commit([entry("1", ("Procedure/1", "1")), entry("2")])
    assert store.waking(HOST, [Touched("Procedure/1", "2", encounter="2")]) == {"1", "2"}


def test_news_of_a_patient_wakes_what_is_open(store):
    states = {"1": HELD, "2": WAITING, "3": CLAIMED, "4": DONE}
    store.commit([entry(e, state=s) for e, s in states.items()])
    store.commit([entry("5", state=HELD, patient="Patient/4")])
    assert store.waking(HOST, [Touched("Condition/9", "1", patient="Patient/3")]) == {"1", "2"}


@pytest.mark.parametrize("kind", ["Coverage", "Account", "Consent"])
def test_news_of_who_pays_wakes_every_visit_of_the_patient(store, kind):
    store.commit([entry(e, state=s) for e, s in {"1": HELD, "2": WAITING, "3": CLAIMED, "4": DONE}.items()])
    assert store.waking(HOST, [Touched(f"{kind}/9", "1", patient="Patient/3")]) == {"1", "2", "3", "4"}


def test_a_patients_resource_wakes_only_visits_that_have_not_seen_it(store):
    store.commit([entry("1", ("Coverage/9", "1"), state=HELD), entry("2", state=HELD)])
    assert store.waking(HOST, [Touched("Coverage/9", "1", patient="Patient/3")]) == {"2"}


def test_what_its_own_visit_has_seen_is_no_news_to_the_patients_other_visits(store):
    store.commit([entry("1", state=HELD), entry("2", ("Procedure/2", "1"))])
    seen = Touched("Procedure/2", "1", encounter="2", patient="Patient/3")
    changed = Touched("Procedure/2", "2", encounter="2", patient="Patient/3")
    assert store.waking(HOST, [seen]) == set()
    assert store.waking(HOST, [changed]) == {"1", "2"}


def test_another_hosts_resource_wakes_nobody(store):
    store.commit([entry("1", ("Coverage/5", "1"), state=HELD)])
    assert store.waking("other", [Touched("Coverage/5", "2", patient="Patient/3")]) == set()


def test_nothing_touched_wakes_nobody(store):
    assert store.waking(HOST, []) == set()


# --- due, holds, outdated -------------------------------------------------------------------------------------------


def test_due_are_visits_whose_time_has_come_the_longest_due_first(store):
    hour = timedelta(hours=1)
    store.commit(
        [
            entry("1", state=WAITING, due=NOON),
            entry("2", state=WAITING, due=NOON - hour),
            entry("3", state=WAITING, due=NOON + hour),
            entry("4", state=WAITING, due=None),
            entry("5", state=HELD, due=NOON - 2 * hour),
            entry("6", state=WAITING, due=NOON.astimezone(timezone(-5 * hour)) + timedelta(microseconds=1)),
        ]
    )
    assert store.due(HOST, NOON) == ["5", "2", "1"]
    assert store.due(HOST, NOON + hour) == ["5", "2", "1", "6", "3"]
    assert store.due("other", NOON) == []


def test_open_holds(store):
    store.commit([entry("2", state=HELD), entry("1", state=HELD), entry("3"), entry("4", state=WAITING)])
    assert store.open_holds(HOST) == ["1", "2"]
    store.commit([entry("2")])
    assert store.open_holds(HOST) == ["1"]


def test_outdated_are_holds_that_other_rules_or_files_decided(store):
    store.commit(
        [
            entry("1", state=HELD, rulebook="r1", clinic="c1"),
            entry("2", state=HELD, rulebook="r2", clinic="c1"),
            entry("3", state=HELD, rulebook="r1", clinic="c2"),
            entry("4", rulebook="r2", clinic="c2"),
        ]
    )
    assert store.outdated(HOST, "r1", "c1") == ["2", "3"]


# --- outbox ---------------------------------------------------------------------------------------------------------


def test_a_group_comes_back_byte_for_byte(store):
    bodies = (b'{"net":12.50}', b"", '{\n"text":"ä\u2028"}\n'.encode(), bytes(range(256)))
    writes = tuple(
        Write(Operation.UPDATE, "Claim", body, f"urn:uuid:{n}", "identifier=urn:x|y z", "Claim/12", "3")
        for n, body in enumerate(bodies)
    )
    sent = WriteGroup("K1:update", "1", writes)
    store.commit([Entry(row("1"), group=sent)])
    (out,) = store.pending(HOST, 10)
    assert (out.group, out.attempts, out.last_error) == (sent, 0, "")


def test_groups_wait_in_order_until_they_are_confirmed(store):
    for n in "3124":
        store.commit([entry(n, body=b"{}")])
    assert waiting_keys(store, 3) == [key("3"), key("1"), key("2")]
    store.confirm(HOST, [done("1")], [row("1", claim="Claim/1")])
    assert waiting_keys(store) == [key("3"), key("2"), key("4")]
    assert store.known(HOST, ["1"])["1"].claim == "Claim/1"


def test_groups_wait_for_their_own_host(store):
    store.commit([entry("1", body=b"a"), entry("1", host="other", body=b"b")])
    store.confirm("other", [done("1")], [])
    assert waiting_keys(store) == [key("1")]
    assert store.pending("other", 10) == []


def test_a_decision_with_nothing_to_write_drops_what_waits(store):
    store.commit([entry("1", body=b"{}"), entry("2", body=b"{}"), entry("1", host="other", body=b"{}")])
    store.commit([entry("1", state=HELD)])
    assert waiting_keys(store) == [key("2")]
    assert len(store.pending("other", 10)) == 1


def test_a_group_of_another_kind_replaces_what_waits_for_the_visit(store):
    store.commit([entry("1", body=b"claim")])
    store.commit([entry("1", body=b"task", kind="task")])
    assert waiting_keys(store) == [key("1", "task")]


def test_what_is_written_is_not_dropped_by_a_newer_decision(store):
    store.commit([entry("1", body=b"{}")])
    store.confirm(HOST, [done("1")], [])
    store.commit([entry("1")])
    assert store.purge_confirmed(datetime.now(UTC) + timedelta(hours=1)) == 1


def test_how_many_wait(store):
    store.commit([entry(n, body=b"{}") for n in "123"])
    store.confirm(HOST, [done("2")], [])
    assert (store.waiting(HOST), store.waiting("other")) == (2, 0)


def test_a_group_with_the_same_key_replaces_the_one_that_waits(store):
    store.commit([entry("1", body=b"old"), entry("2", body=b"other")])
    store.commit([entry("1", body=b"new")])
    assert [out.group.writes[0].body for out in store.pending(HOST, 10)] == [b"other", b"new"]


def test_a_group_with_the_key_of_a_confirmed_one_waits_anew(store):
    store.commit([entry("1", body=b"old")])
    store.confirm(HOST, [done("1")], [])
    store.commit([entry("1", body=b"new")])
    assert [out.group for out in store.pending(HOST, 10)] == [group("1", body=b"new")]


def test_confirming_twice_is_confirming_once(store):
    store.commit([entry("1", body=b"{}")])
    for _ in range(2):
        store.confirm(HOST, [done("1")], [row("1", claim="Claim/1")])
    assert waiting_keys(store) == []
    assert store.purge_confirmed(datetime.now(UTC) + timedelta(hours=1)) == 1


def test_confirming_what_nobody_knows_changes_nothing(store):
    store.confirm(HOST, [done("9")], [])
    assert waiting_keys(store) == []


def test_what_was_just_committed_is_confirmed_without_asking_for_it(store):
    store.commit([entry("1", body=b"old")])
    store.pending(HOST, 10)
    store.commit([entry("1", body=b"new", digest="new")])
    store.confirm(HOST, [done("1")], [row("1", digest="new", claim="Claim/1")])
    assert waiting_keys(store) == []
    assert store.known(HOST, ["1"])["1"] == row("1", digest="new", claim="Claim/1")


def test_a_group_that_was_dropped_does_not_bring_its_row_back(store):
    store.commit([entry("1", body=b"claim", digest="old")])
    store.commit([entry("1", digest="new", state=HELD)])
    store.confirm(HOST, [done("1")], [row("1", digest="old", claim="Claim/1", claim_version="1")])
    # The newer decision stands, and learns what the host said.
    assert store.known(HOST, ["1"])["1"] == row("1", digest="new", state=HELD, claim="Claim/1", claim_version="1")


def test_a_failed_try_is_counted_and_the_group_goes_behind_the_others(store):
    store.commit([entry(n, body=b"{}") for n in "123"])
    store.failed(HOST, key("1"), "The host is busy.")
    first, second, third = store.pending(HOST, 10)
    assert [out.group.encounter for out in (first, second, third)] == ["2", "3", "1"]
    assert (third.attempts, third.last_error) == (1, "The host is busy.")
    store.commit([entry("4", body=b"{}")])
    assert [out.group.encounter for out in store.pending(HOST, 10)] == ["2", "3", "1", "4"]


def test_a_result_with_a_problem_counts_as_a_failed_try(store):
    store.commit([entry("1", body=b"{}"), entry("2", body=b"{}")])
    store.confirm(HOST, [WriteResult(key("1"), problem=HostBusy("The host is busy.")), done("2")], [row("2")])
    (out,) = store.pending(HOST, 10)
    assert (out.group.key, out.attempts, out.last_error) == (key("1"), 1, "The host is busy.")


def test_a_group_that_failed_can_be_confirmed_later(store):
    store.commit([entry("1", body=b"{}")])
    store.pending(HOST, 10)
    store.failed(HOST, key("1"), "busy")
    store.pending(HOST, 10)
    store.confirm(HOST, [done("1")], [])
    assert waiting_keys(store) == []


def test_a_replaced_group_starts_counting_anew(store):
    store.commit([entry("1", body=b"old")])
    store.failed(HOST, key("1"), "busy")
    store.commit([entry("1", body=b"new")])
    (out,) = store.pending(HOST, 10)
    assert (out.attempts, out.last_error) == (0, "")


def test_a_failure_of_what_is_confirmed_or_unknown_changes_nothing(store):
    store.commit([entry("1", body=b"{}")])
    store.confirm(HOST, [done("1")], [])
    store.failed(HOST, key("1"), "late")
    store.failed(HOST, "unknown", "late")
    assert waiting_keys(store) == []


def test_a_long_error_is_cut(store):
    store.commit([entry("1", body=b"{}")])
    store.failed(HOST, key("1"), "x" * 10_000)
    assert len(store.pending(HOST, 1)[0].last_error) == 500


# --- rulings --------------------------------------------------------------------------------------------------------


def ruling(at=NOON, kind=RulingKind.SELF_PAY):
    return Ruling(kind, "agreed at the desk", "biller", at)


def test_a_ruling_comes_back_and_the_latest_counts(store):
    store.rule(HOST, "1", ruling())
    store.rule(HOST, "1", ruling(NOON + timedelta(minutes=1), RulingKind.BILL))
    assert store.rulings(HOST, ["1", "2"]) == {"1": ruling(NOON + timedelta(minutes=1), RulingKind.BILL)}
    assert store.rulings("other", ["1"]) == {}


def test_a_ruling_has_the_visit_decided_again_once(store):
    store.commit([entry("1", state=HELD), entry("2", state=HELD, due=NOON - timedelta(hours=1))])
    store.rule(HOST, "1", ruling())
    store.rule(HOST, "2", ruling())
    assert store.due(HOST, NOON - timedelta(seconds=1)) == ["2"]
    assert store.due(HOST, NOON) == ["2", "1"]
    assert store.known(HOST, ["1"])["1"].due == NOON
    store.rulings(HOST, ["1", "2"])
    store.commit([entry("1", state=DONE), entry("2", state=DONE)])
    assert store.due(HOST, NOON) == []
    assert store.rulings(HOST, ["1"]) == {"1": ruling()}


def test_a_decision_made_without_the_ruling_does_not_settle_it(store):
    store.commit([entry("1", state=HELD)])
    store.rulings(HOST, ["1"])
    store.rule(HOST, "1", ruling())
    store.commit([entry("1", state=HELD)])
    assert store.due(HOST, NOON) == ["1"]


def test_a_ruling_that_came_while_the_visit_was_decided_is_not_lost(store):
    later = NOON + timedelta(minutes=1)
    store.rule(HOST, "1", ruling())
    store.rulings(HOST, ["1"])
    store.rule(HOST, "1", ruling(later, RulingKind.BILL))
    store.commit([entry("1", state=DONE)])
    assert store.due(HOST, later) == ["1"]


# --- trail and retention --------------------------------------------------------------------------------------------


def test_the_trail_keeps_every_line_in_order(store):
    before = datetime.now(UTC)
    store.commit([entry("1"), entry("2")])
    store.audit(HOST, "1", "ruled self-pay")
    store.audit(HOST, None, "run ended")
    store.audit("other", "1", "elsewhere")
    lines = list(store.trail(HOST))
    assert [(about, what) for _, about, what in lines] == [
        ("1", "Encounter/1 decided"),
        ("2", "Encounter/2 decided"),
        ("1", "ruled self-pay"),
        (None, "run ended"),
    ]
    assert all(before <= at <= datetime.now(UTC) for at, _, _ in lines)
    assert [what for _, _, what in store.trail(HOST, "1")] == ["Encounter/1 decided", "ruled self-pay"]


def test_confirmed_groups_go_after_their_time(store):
    store.commit([entry(n, body=b"{}") for n in "123"])
    store.confirm(HOST, [done("1"), done("2")], [])
    hour = timedelta(hours=1)
    assert store.purge_confirmed(datetime.now(UTC) - hour) == 0
    assert store.purge_confirmed(datetime.now(UTC) + hour) == 2
    assert waiting_keys(store) == [key("3")]
    assert len(list(store.rows(HOST))) == 3


def test_a_purged_patient_leaves_nothing(store):
    store.commit(
        [
            entry("1", ("Coverage/5", "1"), body=b"{}", state=HELD),
            entry("2", ("Coverage/5", "1"), body=b"{}"),
            entry("3", ("Coverage/5", "1"), body=b"{}", patient="Patient/4"),
        ]
    )
    store.commit([entry("1", host="other")])
    store.confirm(HOST, [done("2")], [])
    store.rule(HOST, "1", ruling())
    assert store.purge_patient(HOST, "Patient/3").visits == 2
    assert store.purge_patient(HOST, "Patient/3").visits == 0
    assert [r.encounter for r in store.rows(HOST)] == ["3"]
    assert store.waking(HOST, [Touched("Coverage/5", "2", patient="Patient/3")]) == {"3"}
    assert waiting_keys(store) == [key("3")]
    assert store.rulings(HOST, ["1"]) == {}
    assert store.due(HOST, NOON) == []
    assert [about for _, about, _ in store.trail(HOST)] == ["3"]
    assert store.purge_confirmed(datetime.now(UTC) + timedelta(hours=1)) == 0
    assert len(list(store.rows("other"))) == 1


# --- neighbours -----------------------------------------------------------------------------------------------------


def test_visits_of_a_patient_and_day_are_found(store):
    store.commit([entry("2"), entry("1"), entry("3", date=NEXT), entry("4", patient="Patient/4"), entry("5", host="x")])
    assert store.same_day(HOST, [("Patient/3", DAY)]) == ["1", "2"]
    assert store.same_day(HOST, [("Patient/3", NEXT), ("Patient/4", DAY)]) == ["3", "4"]
    assert store.same_day(HOST, []) == []
    store.commit([entry("2", date=NEXT)])
    assert store.same_day(HOST, [("Patient/3", DAY)]) == ["1"]


def took(encounter, *worked, **fields):
    made = entry(encounter, **fields)
    return Entry(made.row, made.used, None, "", tuple(Worked(who, day, encounter, *rest) for who, day, *rest in worked))


def test_what_visits_take_of_a_therapists_day_is_found(store):
    spans = (("p1", 30, 1000, 2800), ("p2", 15, 2800, 3700))
    store.commit(
        [
            took("1", ("A", DAY, 45, 1000, 3700, spans), ("B", DAY, 15)),
            took("2", ("A", DAY, 60)),
            took("3", ("A", NEXT, 5)),
        ]
    )
    assert store.worked(HOST, [("A", DAY)], []) == [
        Worked("A", DAY, "1", 45, 1000, 3700, spans),
        Worked("A", DAY, "2", 60),
    ]
    assert store.worked(HOST, [], ["1"]) == [Worked("A", DAY, "1", 45, 1000, 3700, spans), Worked("B", DAY, "1", 15)]
    assert [one.encounter for one in store.worked(HOST, [("A", DAY), ("B", DAY)], ["1", "3"])] == ["1", "2", "3", "1"]
    assert store.worked("other", [("A", DAY)], ["1"]) == []


def test_what_a_visit_takes_is_replaced_with_the_visit_and_goes_with_its_patient(store):
    store.commit([took("1", ("A", DAY, 45)), took("2", ("A", DAY, 30), patient="Patient/4")])
    store.commit([took("1", ("B", NEXT, 45))])
    assert store.worked(HOST, [("A", DAY)], ["1"]) == [Worked("A", DAY, "2", 30), Worked("B", NEXT, "1", 45)]
    store.purge_patient(HOST, "Patient/3")
    assert store.worked(HOST, [("A", DAY), ("B", NEXT)], []) == [Worked("A", DAY, "2", 30)]
