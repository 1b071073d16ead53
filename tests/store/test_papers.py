"""Papers counted in the store: each visit and unit is used once, whoever commits, and in order of date of service."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from massage_billing.model import PaperCount, PaperUse, UseState
from massage_billing.model.paper_use import used_before
from massage_billing.ports import Entry, Store, VisitState
from massage_billing.store import open_store
from store.making import HOST, NOON, entry, row, start_child

PAPER = "authorization:A1"
PATIENT = "Patient/3"


def use(encounter: str, day: int = 3, state: UseState = UseState.CLAIMED, units: int = 4) -> PaperCount:
    return PaperCount(PATIENT, PAPER, encounter, date(2026, 11, day), 1, units, state)


def seen(visits: int, units: int | None = None) -> PaperUse:
    return PaperUse(PAPER, visits, 4 * visits if units is None else units)


def decided(encounter: str, before: int | None, day: int = 3, state: UseState = UseState.CLAIMED, **more: Any) -> Entry:
    """A visit that uses the paper, and saw so many visits before it."""
    counted = () if before is None else (seen(before),)
    made = entry(encounter, body=b"{}", date=date(2026, 11, day), **more)
    return Entry(made.row, made.used, made.group, made.audit, uses=(use(encounter, day, state),), counted=counted)


def used(store: Store) -> dict[str, str]:
    return {one.encounter: one.state.value for one in store.paper_counts(HOST, [PATIENT])}


# --- counting -------------------------------------------------------------------------------------------------------


def test_earlier_visits_count_and_later_ones_only_where_they_were_sent() -> None:
    counts = [use("1", 1), use("2", 2, UseState.RESERVED, 3), use("4", 4), use("5", 5, UseState.SENT),
              use("0", 1, UseState.LACKING)]  # fmt: skip
    assert used_before(counts, PAPER, (date(2026, 11, 3), "3")) == PaperUse(PAPER, 2, 8, 1, 3, date(2026, 11, 1))
    assert used_before(counts, "authorization:A2", (date(2026, 11, 3), "3")) == PaperUse("authorization:A2", 0, 0)


def test_visits_of_one_day_are_counted_by_their_encounter() -> None:
    counts = [use("a"), use("b"), use("c")]
    assert [used_before(counts, PAPER, one.place).visits for one in counts] == [0, 1, 2]


def test_the_how_manyth_visit_it_is_does_not_depend_on_what_was_sent() -> None:
    later = PaperCount(PATIENT, "injury:lni:", "5", date(2026, 11, 5), 1, 0, UseState.SENT)
    assert used_before([later], "injury:lni:", (date(2026, 11, 3), "3")).visits == 0


# --- committing -----------------------------------------------------------------------------------------------------


def test_uses_are_remembered_with_the_decision_and_go_with_it(store: Store) -> None:
    assert store.commit([decided("1", 0), decided("2", 1, state=UseState.RESERVED)]) == set()
    assert used(store) == {"1": "claimed", "2": "reserved"}
    store.commit([Entry(row("1"), uses=())])
    assert used(store) == {"2": "reserved"}
    assert store.paper_counts(HOST, ["Patient/4"]) == []
    assert store.paper_counts("other", [PATIENT]) == []


def test_a_decision_that_nobody_counted_for_leaves_uses_as_they_are(store: Store) -> None:
    store.commit([decided("1", 0)])
    store.commit([entry("1")])
    assert used(store) == {"1": "claimed"}


def test_a_visit_decided_on_a_stale_count_is_given_back_and_nothing_of_it_remembered(store: Store) -> None:
    store.commit([decided("1", 0, day=1)])
    assert store.commit([decided("2", 0, day=2), entry("9", body=b"{}", patient="Patient/9")]) == {"2"}
    assert set(store.known(HOST, ["1", "2", "9"])) == {"1", "9"}
    assert [out.group.encounter for out in store.pending(HOST, 9)] == ["1", "9"]
    assert used(store) == {"1": "claimed"}
    assert store.commit([decided("2", 1, day=2)]) == set()


def test_visits_of_one_commit_count_on_one_another(store: Store) -> None:
    assert store.commit([decided("2", 1, day=2), decided("1", 0, day=1)]) == set()
    assert store.commit([decided("4", 2, day=4), decided("3", 3, day=5)]) == set()
    assert store.commit([decided("5", 4, day=6), decided("6", 4, day=7)]) == {"5", "6"}


def test_the_same_visit_again_is_not_counted_against_itself(store: Store) -> None:
    store.commit([decided("1", 0)])
    assert store.commit([decided("1", 0)]) == set()


def test_whether_another_visit_is_held_or_billed_makes_no_difference(store: Store) -> None:
    store.commit([decided("1", 0, day=1, state=UseState.RESERVED)])
    assert store.commit([decided("2", 1, day=2)]) == set()


# --- waking ---------------------------------------------------------------------------------------------------------


def test_a_late_visit_takes_its_place_and_later_ones_are_due(store: Store) -> None:
    store.commit([decided("5", 0, day=5), decided("6", 1, day=6)])
    assert store.due(HOST, NOON) == []
    store.commit([decided("1", 0, day=1)])
    assert store.due(HOST, NOON) == ["5", "6"]
    assert store.commit([decided("5", 1, day=5), decided("6", 2, day=6)]) == set()
    assert store.due(HOST, NOON) == []


def test_a_visit_that_uses_nothing_any_more_wakes_what_lacks_it(store: Store) -> None:
    store.commit([decided("1", 0, day=1), decided("2", 1, day=2), decided("0", None, day=1, state=UseState.LACKING)])
    store.commit([Entry(row("1"), uses=())])
    assert store.due(HOST, NOON) == ["0", "2"]


def test_what_lacks_a_paper_counts_for_nobody(store: Store) -> None:
    store.commit([decided("1", 0, day=1, state=UseState.LACKING)])
    assert store.commit([decided("2", 0, day=2)]) == set()
    assert store.due(HOST, NOON) == []


def test_a_sent_claim_counts_for_earlier_visits_too(store: Store) -> None:
    store.commit([decided("5", 0, day=5)])
    store.sent(HOST, ["5"])
    assert used(store) == {"5": "sent"}
    assert store.commit([decided("1", 0, day=1)]) == {"1"}
    assert store.commit([decided("1", 1, day=1)]) == set()
    assert store.due(HOST, NOON) == []


def test_a_forgotten_patient_uses_nothing(store: Store) -> None:
    store.commit([decided("1", 0)])
    store.purge_patient(HOST, PATIENT)
    assert store.paper_counts(HOST, [PATIENT]) == []
    assert store.commit([decided("2", 0)]) == set()


# --- several processes ----------------------------------------------------------------------------------------------


def test_two_processes_that_count_at_once_do_not_both_use_the_last_visit(url: str) -> None:
    """Each counts what is used, waits for the other to have counted too, and commits. The earlier visit ("a") is
    remembered; the later one is given back, or due where it came first."""
    with open_store(url) as store:
        for last in range(5):
            children = [start_child("last-visit", url, name, str(last)) for name in ("a", "b")]
            for child in children:
                assert child.stdout is not None
                assert child.stdout.readline() == "counted 0\n"
            for child in children:
                assert child.stdin is not None
                child.stdin.write("go\n")
                child.stdin.flush()
            said = [child.communicate(timeout=60)[0].strip() for child in children]
            counted = {one.encounter for one in store.paper_counts(HOST, [f"Patient/{last}"])}
            due = [encounter for encounter in store.due(HOST, NOON) if encounter.endswith(f"-{last}")]
            if said == ["remembered", "given back"]:
                assert (counted, due) == ({f"a-{last}"}, [])
            else:
                assert said == ["remembered", "remembered"]
                assert (counted, due) == ({f"a-{last}", f"b-{last}"}, [f"b-{last}"])
            assert counted == {out.group.encounter for out in store.pending(HOST, 99)} & {f"a-{last}", f"b-{last}"}


def test_two_processes_that_run_at_once_end_with_one_claim_and_one_hold(url: str) -> None:
    """Each has a visit of the same veteran, whose referral has one visit left; both have decided before one commits."""
    open_store(url).close()
    children = {day: start_child("run-visit", url, str(day)) for day in (5, 6)}

    def all_say(words: str) -> None:
        for child in children.values():
            assert child.stdout is not None
            assert child.stdout.readline() == f"{words}\n"

    def go_on() -> None:
        for child in children.values():
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()

    all_say("counted")
    go_on()
    all_say("ran")
    go_on()
    said = {day: child.communicate(timeout=120)[0].strip() for day, child in children.items()}
    assert said == {5: "billed [5]", 6: "billed []"}
    with open_store(url) as store:
        assert {one.encounter: one.state for one in store.rows(HOST)} == {
            "e5": VisitState.CLAIMED,
            "e6": VisitState.HELD,
        }


@pytest.mark.parametrize("start", [0, 1000])
def test_a_killed_process_leaves_uses_and_decisions_together(url: str, start: int) -> None:
    open_store(url).close()
    child = start_child("count-for-ever", url, str(start))
    assert child.stdout is not None
    for _ in range(12):
        child.stdout.readline()
    child.kill()
    said = child.stdout.read().split("\n")
    child.wait()
    with open_store(url) as store:
        rows = {one.encounter for one in store.rows(HOST)}
        counts = {one.encounter for one in store.paper_counts(HOST, [PATIENT])}
        waiting = {out.group.encounter for out in store.pending(HOST, 10_000)}
        assert rows == counts == waiting
        assert len(rows) >= 11
        assert {line.partition(" ")[2] for line in said if line.startswith("committed ")} <= rows
