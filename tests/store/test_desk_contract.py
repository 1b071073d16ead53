"""What every desk promises: queues in order, sums to the cent, and of two people who decide one hold, one does."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import groupby
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from massage_billing.model import Ruling, RulingKind
from massage_billing.model.desk import Work
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports import Store, VisitRow, VisitState, Written
from massage_billing.ports.desk import ClaimFilter, Desk, HoldFilter, HoldOrder, Overtaken
from massage_billing.ports.host import WriteResult
from massage_billing.run.planning import THERAPISTS
from massage_billing.store import open_store
from massage_billing.store.memory import MemoryStore
from massage_billing.store.sql import SqlStore
from store.desk_making import DAY, NOON, all_holds, claimed, days, each_once, held, new_host, put, rows, sent, work
from store.ledger_making import batch, submission
from store.making import HOST, start_child

RULING = Ruling(RulingKind.WRITE_OFF, "too late", "Practitioner/9", NOON)
HOUR = timedelta(hours=1)
FEW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None)


@pytest.fixture
def desk(store: Store) -> Desk:
    assert isinstance(store, SqlStore | MemoryStore)
    return store.desk()


def ids(page: Any) -> list[str]:
    return [one.visit.encounter for one in page.rows]


# --- the queue --------------------------------------------------------------------------------------------------------

KEYS: dict[HoldOrder, Callable[[VisitRow, datetime], Any]] = {
    HoldOrder.FILING: lambda row, _: (row.filing_limit or date.max, row.encounter),
    HoldOrder.AGE: lambda row, since: (since, row.encounter),
    HoldOrder.DOLLARS: lambda row, _: (row.amount is None, -Decimal(row.amount or 0), row.encounter),
}


@pytest.mark.parametrize("order", HoldOrder)
def test_each_hold_is_shown_once_in_order_whatever_comes_meanwhile(store: Store, desk: Desk, order: HoldOrder) -> None:
    @FEW
    @given(data=st.data(), limit=st.integers(1, 5))
    def check(data: st.DataObject, limit: int) -> None:
        host = new_host()
        first = each_once(data.draw(st.lists(rows(host), min_size=1, max_size=12)))
        since = {one.encounter: NOON + data.draw(st.integers(0, 3)) * HOUR for one in first}
        for one in first:
            put(store, one, at=since[one.encounter])
        shown: list[str] = []
        for page in all_holds(desk, host, HoldFilter(), order, limit):
            assert len(page.rows) <= limit
            shown += ids(page)
            late = [
                replace(one, encounter=f"late{one.encounter}") for one in data.draw(st.lists(rows(host), max_size=2))
            ]
            put(store, *each_once(late), at=NOON + data.draw(st.integers(0, 3)) * HOUR)
        holds = [one for one in first if one.state is VisitState.HELD]
        wanted = sorted(holds, key=lambda one: KEYS[order](one, since[one.encounter]))
        assert [one for one in shown if not one.startswith("late")] == [one.encounter for one in wanted]
        assert len(set(shown)) == len(shown)

    check()


filters = st.builds(
    HoldFilter,
    rule=st.sampled_from(["", "", "payer-known", "payer", 'odd"rule', "x"]),
    payer=st.sampled_from(["", "", "acme", "Acme"]),
    assignee=st.sampled_from([None, None, "", "Practitioner/7"]),
    therapist=st.sampled_from([None, None, "", "Practitioner/1"]),
)


def wanted_holds(some: list[VisitRow], given: set[str], which: HoldFilter) -> list[VisitRow]:
    return [
        one
        for one in some
        if one.state is VisitState.HELD
        and (not which.rule or which.rule in {rule for rule, _ in one.holds})
        and (not which.payer or which.payer == one.payer)
        and (which.assignee is None or (one.encounter in given) == bool(which.assignee))
        and (which.therapist is None or which.therapist in one.therapists)
    ]


def test_sums_of_the_queue_are_those_of_its_rows_to_the_cent(store: Store, desk: Desk) -> None:
    @FEW
    @given(data=st.data(), which=filters)
    def check(data: st.DataObject, which: HoldFilter) -> None:
        host = new_host()
        some = each_once(data.draw(st.lists(rows(host), max_size=12)))
        put(store, *some)
        given_to = {one.encounter for one in some if data.draw(st.booleans())}
        for encounter in given_to:
            desk.assign(host, encounter, 0, work())
        wanted = wanted_holds(some, given_to, which)
        found = [row for page in all_holds(desk, host, which, HoldOrder.AGE, 5) for row in page.rows]
        assert {row.visit.encounter: row.visit for row in found} == {one.encounter: one for one in wanted}
        sums = desk.hold_sums(host, which)
        assert sums.visits == len(wanted)
        assert sums.dollars == sum((Decimal(one.amount or 0) for one in wanted), Decimal(0))
        for reason in sums.reasons:
            of = [one for one in wanted if reason.rule in {rule for rule, _ in one.holds}]
            limits = [one.filing_limit for one in of if one.filing_limit]
            assert reason.visits == len(of) > 0
            assert reason.dollars == sum((Decimal(one.amount or 0) for one in of), Decimal(0))
            assert reason.unpriced == sum(one.amount is None for one in of)
            assert reason.soonest == min(limits, default=None)
        assert {one.rule for one in sums.reasons} == {rule for one in wanted for rule, _ in one.holds}
        assert [one.dollars for one in sums.reasons] == sorted((one.dollars for one in sums.reasons), reverse=True)

    check()


def test_a_page_is_not_asked_for_with_a_date_or_an_id_in_the_url(store: Store, desk: Desk) -> None:
    put(store, *(held(f"encounter{n}", filing_limit=DAY, date=DAY) for n in range(3)), claimed("c1"), claimed("c2"))
    holds = desk.holds(HOST, HoldFilter(), HoldOrder.FILING, limit=1).after
    claims = desk.claims(HOST, ClaimFilter(), limit=1).after
    for word in (holds, claims):
        assert word
        assert word.replace("-", "").replace("_", "").isalnum()
        assert "2026" not in word
        assert "encounter" not in word


def test_a_bad_page_is_the_first(store: Store, desk: Desk) -> None:
    put(store, *(held(f"h{n}", filing_limit=DAY) for n in range(3)), claimed("c1"), claimed("c2"))
    good = desk.claims(HOST, ClaimFilter(), limit=1).after or ""
    for bad in ("", "x", "é", "AAAA", "a" * 5000, "\0", "=", "\ud800", "A" + good[1:], good[:-1] + "A", good + "A"):
        assert ids(desk.holds(HOST, HoldFilter(), HoldOrder.FILING, bad, 2)) == ["h0", "h1"]
        assert bad == good or ids(desk.claims(HOST, ClaimFilter(), bad, 1)) == ["c2"]


def test_a_page_of_another_order_is_the_first(store: Store, desk: Desk) -> None:
    put(store, *(held(f"h{n}", filing_limit=DAY) for n in range(3)), claimed("c1"), claimed("c2"))
    word = desk.holds(HOST, HoldFilter(), HoldOrder.FILING, limit=1).after
    assert ids(desk.holds(HOST, HoldFilter(), HoldOrder.DOLLARS, word, 2)) == ["h0", "h1"]
    assert ids(desk.claims(HOST, ClaimFilter(), word, 1)) == ["c2"]


def test_words_that_no_text_column_holds_find_nothing(store: Store, desk: Desk) -> None:
    put(store, held("h1"), claimed("c1"))
    for odd in ("\0", "\ud800", "h1\0"):
        assert desk.hold(HOST, odd) is None
        assert ids(desk.holds(HOST, HoldFilter(rule=odd), HoldOrder.AGE)) == []
        assert ids(desk.holds(HOST, HoldFilter(payer=odd, therapist=odd, assignee=odd), HoldOrder.AGE)) == []
        assert ids(desk.claims(HOST, ClaimFilter(search=odd))) == []
        assert desk.claim_sums(HOST, ClaimFilter(payer=odd, search=odd)) == []
        assert desk.treated(HOST, odd, [odd]) == frozenset()


def test_since_when_a_visit_is_held(store: Store, desk: Desk) -> None:
    def since() -> datetime | None:
        found = desk.hold(HOST, "1")
        assert found is not None
        return found.since

    put(store, held("1"), at=NOON)
    put(store, held("1", "other"), at=NOON + HOUR)
    assert since() == NOON
    put(store, claimed("1"), at=NOON + 2 * HOUR)
    assert since() == NOON + 2 * HOUR
    put(store, held("1"), at=(NOON + 3 * HOUR).astimezone(timezone(-5 * HOUR)))
    assert since() == NOON + 3 * HOUR
    store.confirm(HOST, [], [held("1", task="Task/1")])
    assert since() == NOON + 3 * HOUR


def test_a_visit_nobody_has_seen(store: Store, desk: Desk) -> None:
    assert desk.hold(HOST, "1") is None
    assert desk.hold_sums(HOST, HoldFilter()).visits == 0
    assert desk.holds(HOST, HoldFilter(), HoldOrder.AGE).rows == ()
    assert desk.payers(HOST) == []
    with pytest.raises(Overtaken):
        desk.assign(HOST, "1", 0, work())
    with pytest.raises(Overtaken):
        desk.decide(HOST, "1", 0, RULING)
    assert store.rulings(HOST, ["1"]) == {}


# --- people's work ----------------------------------------------------------------------------------------------------


def version(desk: Desk, encounter: str = "1") -> int:
    found = desk.hold(HOST, encounter)
    assert found is not None
    return found.work.version


def test_a_hold_is_given_to_somebody_with_a_note(store: Store, desk: Desk) -> None:
    put(store, held("1"), held("2"))
    local = NOON.astimezone(timezone(-5 * HOUR))
    made = desk.assign(HOST, "1", 0, work(note="call the payer", at=local))
    assert made == replace(work(note="call the payer"), encounter="1", version=1)
    found = desk.hold(HOST, "1")
    assert found is not None
    assert found.work == made
    assert desk.assign(HOST, "1", 1, work("Practitioner/8")).version == 2
    assert desk.hold(HOST, "2").work == Work("2")  # type: ignore[union-attr]
    assert ids(desk.holds(HOST, HoldFilter(assignee="Practitioner/8"), HoldOrder.AGE)) == ["1"]
    assert ids(desk.holds(HOST, HoldFilter(assignee=""), HoldOrder.AGE)) == ["2"]


def test_who_looks_at_an_old_page_changes_nothing_and_is_told(store: Store, desk: Desk) -> None:
    put(store, held("1"))
    desk.assign(HOST, "1", 0, work())
    for attempt in (
        lambda: desk.assign(HOST, "1", 0, work("Practitioner/8")),
        lambda: desk.decide(HOST, "1", 0, RULING),
    ):
        with pytest.raises(Overtaken, match="Practitioner/1 has changed this hold") as caught:
            attempt()
        assert caught.value.now.assignee == "Practitioner/7"
    assert (version(desk), store.rulings(HOST, ["1"])) == (1, {})


def test_a_decision_at_the_desk_is_one_of_the_store(store: Store, desk: Desk) -> None:
    put(store, held("1"))
    desk.assign(HOST, "1", 0, work(note="call the payer"))
    made = desk.decide(HOST, "1", 1, RULING)
    assert (made.version, made.by, made.at) == (2, "Practitioner/9", NOON)
    assert (made.assignee, made.note, made.what) == ("Practitioner/7", "call the payer", "decided: write-off")
    assert store.rulings(HOST, ["1"]) == {"1": RULING}
    assert store.due(HOST, NOON) == ["1"]
    assert store.known(HOST, ["1"])["1"].due == NOON


def test_a_decision_on_the_command_line_overtakes_the_page(store: Store, desk: Desk) -> None:
    put(store, held("1"))
    store.rule(HOST, "1", RULING)
    with pytest.raises(Overtaken, match=r"Practitioner/9 has changed .*decided: write-off"):
        desk.decide(HOST, "1", 0, replace(RULING, kind=RulingKind.BILL))
    assert store.rulings(HOST, ["1"]) == {"1": RULING}


@pytest.mark.parametrize(
    ("after", "what"),
    [
        (claimed("1"), "no longer held: claim"),
        (held("1", "other", "payer-known"), "now held by other, payer-known"),
        (replace(held("1"), state=VisitState.WAITING, outcome=""), "no longer held: waiting"),
    ],
)
def test_a_run_that_changes_the_hold_overtakes_the_page(store: Store, desk: Desk, after: VisitRow, what: str) -> None:
    put(store, held("1"))
    desk.assign(HOST, "1", 0, work())
    put(store, after, at=NOON + HOUR)
    with pytest.raises(Overtaken, match=f"a run has changed .*{what}") as caught:
        desk.decide(HOST, "1", 1, RULING)
    now = caught.value.now
    assert (now.version, now.by, now.at, now.assignee) == (2, "", NOON + HOUR, "Practitioner/7")
    assert store.rulings(HOST, ["1"]) == {}


def test_a_run_that_leaves_the_hold_as_it_is_overtakes_nobody(store: Store, desk: Desk) -> None:
    put(store, held("1", "a", "b"))
    put(store, held("1", "b", "a", amount="1.00"))
    store.confirm(HOST, [WriteResult("K", (Written("Task/1", "1", True),))], [held("1", "a", "b", task="Task/1")])
    assert desk.decide(HOST, "1", 0, RULING).version == 1


def test_work_on_a_patient_who_is_forgotten_goes(store: Store, desk: Desk) -> None:
    put(store, held("1", patient="Patient/3"), held("2", patient="Patient/4"))
    for encounter in ("1", "2"):
        desk.assign(HOST, encounter, 0, work(note="call"))
    store.purge_patient(HOST, "Patient/3")
    with pytest.raises(Overtaken, match="not known any more"):
        desk.assign(HOST, "1", 1, work())
    put(store, held("1", patient="Patient/3"))
    assert desk.hold(HOST, "1").work == Work("1")  # type: ignore[union-attr]
    assert desk.hold(HOST, "2").work.note == "call"  # type: ignore[union-attr]


def test_of_people_who_decide_at_once_one_does(url: str) -> None:
    """Threads of one process, as a worker has."""
    with open_store(url) as store:
        desk = store.desk()
        for number in range(10):
            encounter = str(number)
            put(store, held(encounter))
            assert sorted(race(desk, encounter)) == [False] * 5 + [True]
            assert desk.hold(HOST, encounter).work.version == 1  # type: ignore[union-attr]


def race(desk: Desk, encounter: str) -> list[bool]:
    """Whether each of several people who press the button at once was the one."""
    barrier, answers = threading.Barrier(6), list[bool]()

    def decide(who: int) -> None:
        barrier.wait()
        try:
            desk.decide(HOST, encounter, 0, replace(RULING, by=f"Practitioner/{who}"))
        except Overtaken:
            answers.append(False)
        else:
            answers.append(True)

    threads = [threading.Thread(target=decide, args=(who,)) for who in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_of_processes_that_decide_at_once_one_does(url: str) -> None:
    with open_store(url) as store:
        put(store, *(held(str(number)) for number in range(30)))
    children = [start_child("decide-all", url, who, "30") for who in ("anna", "bert", "carl")]
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    won = {who: child.communicate()[0].split() for who, child in zip(("anna", "bert", "carl"), children, strict=True)}
    assert [child.returncode for child in children] == [0, 0, 0]
    assert sorted(one for some in won.values() for one in some) == sorted(str(number) for number in range(30))
    with open_store(url) as store:
        rulings = store.rulings(HOST, [str(number) for number in range(30)])
        assert {encounter: ruling.by for encounter, ruling in rulings.items()} == {
            encounter: who for who, some in won.items() for encounter in some
        }


# --- days -------------------------------------------------------------------------------------------------------------


def test_how_the_queue_stood_is_kept_by_day_and_rule(store: Store, desk: Desk) -> None:
    put(store, held("1", "a", "b", amount="10.10"), held("2", "a", amount="0.20"), held("3", "b"), claimed("4"))
    desk.note_held(HOST, DAY)
    desk.note_held("other", DAY)
    put(store, claimed("1"))
    desk.note_held(HOST, DAY + timedelta(days=1))
    kept = [(one.day.day, one.rule, one.visits, one.dollars) for one in desk.held_days(HOST, DAY, DAY.replace(day=9))]
    assert kept == [
        (3, "", 3, Decimal("10.30")), (3, "a", 2, Decimal("10.30")), (3, "b", 2, Decimal("10.10")),
        (4, "", 2, Decimal("0.20")), (4, "a", 1, Decimal("0.20")), (4, "b", 1, Decimal("0.00")),
    ]  # fmt: skip
    assert [one.visits for one in desk.held_days("other", DAY, DAY)] == [0]
    assert desk.held_days(HOST, DAY.replace(day=5), DAY.replace(day=9)) == []


def test_the_last_word_on_a_day_counts(store: Store, desk: Desk) -> None:
    put(store, held("1", "a"), held("2", "b"))
    desk.note_held(HOST, DAY)
    put(store, claimed("1"))
    desk.note_held(HOST, DAY)
    assert [(one.rule, one.visits) for one in desk.held_days(HOST, DAY, DAY)] == [("", 1), ("b", 1)]


# --- claims -----------------------------------------------------------------------------------------------------------

claim_filters = st.builds(
    ClaimFilter,
    standing=st.sampled_from([None, None, None, *ClaimStanding]),
    unsent=st.sampled_from([False, False, True]),
    draft=st.sampled_from([False, False, True]),
    payer=st.sampled_from(["", "", "acme"]),
    first=st.none() | days | st.just(date.min) | st.just(date.max),
    last=st.none() | days | st.just(date.min) | st.just(date.max),
    therapist=st.sampled_from([None, None, None, "", "Practitioner/1"]),
    search=st.sampled_from(["", "", "1", "Claim/1", "MBA", "MBAh", "MBABh", "mbah", "a%", "A_", "é", " 2 ", "Claim/"]),
)


def wanted_claims(some: list[VisitRow], standings: dict[str, ClaimStanding], which: ClaimFilter) -> list[VisitRow]:
    name = which.search.strip()
    found = []
    for one in some:
        standing = standings.get(one.encounter)
        bare = name.removeprefix("Claim/")
        begins = [one.encounter.startswith(name), (one.claim or "").startswith(f"Claim/{bare}") and bool(bare)]
        begins.append(one.claim_key.startswith(name) and len(name) >= 4)
        dated = which.first is not None or which.last is not None
        if (
            (one.state is VisitState.CLAIMED or standing)
            and which.standing in (None, standing or ClaimStanding.NOT_SENT)
            and not (which.unsent and standing)
            and (one.draft or not which.draft)
            and which.payer in ("", one.payer)
            and not (dated and one.date is None)
            and (one.date is None or (which.first or date.min) <= one.date <= (which.last or date.max))
            and (which.therapist is None or which.therapist in one.therapists)
            and (not name or any(begins))
        ):
            found.append(one)
    return sorted(found, key=lambda one: (one.date or date.min, one.encounter), reverse=True)


def test_each_claim_is_listed_once_in_order_and_summed_to_the_cent(store: Store, desk: Desk) -> None:
    assert isinstance(store, SqlStore | MemoryStore)
    ledger = store.ledger()

    @settings(FEW, max_examples=30)
    @given(data=st.data(), which=claim_filters, limit=st.integers(1, 5))
    def check(data: st.DataObject, which: ClaimFilter, limit: int) -> None:
        host = new_host()
        some = each_once(data.draw(st.lists(rows(host), max_size=14)))
        some = [replace(one, claim_key=f"{one.claim_key}{host}{one.encounter}") for one in some]
        standings: dict[str, ClaimStanding] = {}
        put(store, *(one for one in some if len(one.encounter) == 1))
        for one in some:
            if (standing := data.draw(st.none() | st.sampled_from(ClaimStanding))) is not None:
                ledger.mark(*sent(one, standing))
                if standing is not ClaimStanding.NOT_SENT:
                    standings[one.encounter] = standing
        put(store, *(one for one in some if len(one.encounter) != 1))  # told of before its visit was remembered
        wanted = wanted_claims(some, standings, which)
        found, after = [], None
        while True:
            page = desk.claims(host, which, after, limit)
            found += page.rows
            late = [f"late{one}" for one in data.draw(st.lists(st.integers(0, 3), max_size=1))]
            put(store, *(claimed(one, host=host, date=data.draw(days)) for one in late))
            if (after := page.after) is None:
                break
        assert [one.visit for one in found if not one.visit.encounter.startswith("late")] == wanted
        assert len({one.visit.encounter for one in found}) == len(found)
        for one in found:
            assert one.standing == standings.get(one.visit.encounter)
            assert one.since == (NOON if one.standing else None)

    check()


def test_sums_of_claims_are_those_of_their_rows_to_the_cent(store: Store, desk: Desk) -> None:
    assert isinstance(store, SqlStore | MemoryStore)
    ledger = store.ledger()

    @FEW
    @given(data=st.data(), which=claim_filters)
    def check(data: st.DataObject, which: ClaimFilter) -> None:
        host = new_host()
        some = each_once(data.draw(st.lists(rows(host), max_size=14)))
        some = [replace(one, claim_key=f"{one.claim_key}{host}{one.encounter}") for one in some]
        put(store, *some)
        standings = {one.encounter: data.draw(st.sampled_from([None, *ClaimStanding])) for one in some}
        for one in some:
            if (standing := standings[one.encounter]) is not None:
                ledger.mark(*sent(one, standing))
        known = {one: s for one, s in standings.items() if s not in (None, ClaimStanding.NOT_SENT)}
        every = wanted_claims(some, known, replace(which, standing=None, unsent=False))  # type: ignore[arg-type]
        order = [None, *ClaimStanding]
        placed = sorted(every, key=lambda one: order.index(known.get(one.encounter)))
        wanted = []
        for standing, of in groupby(placed, key=lambda one: known.get(one.encounter)):
            amounts = [Decimal(one.amount or 0) for one in of]
            wanted.append((standing, len(amounts), sum(amounts, Decimal(0))))
        assert [(one.standing, one.claims, one.dollars) for one in desk.claim_sums(host, which)] == wanted

    check()


def test_a_claim_in_a_file_and_answers_move_it_in_the_list(store: Store, desk: Desk) -> None:
    assert isinstance(store, SqlStore | MemoryStore)
    ledger = store.ledger(clock=lambda: NOON + 9 * HOUR)

    def stands() -> list[tuple[str, ClaimStanding | None]]:
        return [(one.visit.encounter, one.standing) for one in desk.claims(HOST, ClaimFilter()).rows]

    put(store, claimed("eA", claim_key="MBA"), claimed("eB", claim_key="MBB"))
    number = ledger.next_batch()
    claims = [submission("A", batch=number)]
    ledger.commit_batch(batch(number, *claims), claims)
    assert stands() == [("eB", None), ("eA", ClaimStanding.EXPORTED)]
    ledger.drop_batch(HOST, number, "kim", "never sent")
    assert stands() == [("eB", None), ("eA", None)]
    ledger.mark(*sent(claimed("eA", claim_key="MBA"), ClaimStanding.REJECTED))
    assert stands() == [("eB", None), ("eA", ClaimStanding.REJECTED)]
    # The corrected claim has yet to be sent; the one that was sent stays in the ledger.
    put(store, claimed("eA", claim_key="MBA1", revision=1))
    assert stands() == [("eB", None), ("eA", None)]
    # What is held after it was sent is still with the payer.
    ledger.mark(*sent(claimed("eB", claim_key="MBB"), ClaimStanding.ACCEPTED))
    put(store, held("eB", claim_key="MBB", amount=None))
    assert stands() == [("eB", ClaimStanding.ACCEPTED), ("eA", None)]
    store.purge_patient(HOST, "Patient/3")
    assert stands() == []


def test_a_claim_that_is_forgotten_by_itself_stands_as_not_sent(store: Store, desk: Desk) -> None:
    assert isinstance(store, SqlStore | MemoryStore)
    one = claimed("1", patient="Patient/9")
    put(store, one)
    store.ledger().mark(*sent(one, ClaimStanding.ACCEPTED))
    store.ledger().purge_patient(HOST, "Patient/9")
    assert [(row.standing, row.since) for row in desk.claims(HOST, ClaimFilter()).rows] == [(None, None)]
    assert [one.standing for one in desk.claim_sums(HOST, ClaimFilter())] == [None]


def test_when_a_claim_was_first_decided_stays(store: Store, desk: Desk) -> None:
    put(store, held("1"), at=NOON)
    put(store, claimed("1"), at=NOON + HOUR)
    put(store, held("1"), at=NOON + 2 * HOUR)
    put(store, claimed("1", amount="1.00"), at=NOON + 3 * HOUR)
    assert [one.claimed for one in desk.claims(HOST, ClaimFilter()).rows] == [NOON + HOUR]


def test_days_to_a_claim_are_the_clinics(store: Store, desk: Desk) -> None:
    """An evening in New York is the next day in UTC: it is still the day of the visit."""
    evening = datetime(2026, 11, 3, 20, 30, tzinfo=timezone(-5 * HOUR))
    put(store, claimed("1"), at=evening)
    (week,) = desk.claim_days(HOST, DAY, DAY)
    assert (week.week, week.claims, week.median, week.slowest) == (date(2026, 11, 2), 1, Decimal(0), 0)


def test_how_long_claims_took_by_week(store: Store, desk: Desk) -> None:
    @FEW
    @given(
        some=st.lists(st.tuples(st.integers(-70, 20), st.integers(0, 30), st.booleans()), min_size=1, max_size=15),
        first=days,
        last=days,
    )
    def check(some: list[tuple[int, int, bool]], first: date, last: date) -> None:
        host = new_host()
        made = [
            (DAY + timedelta(days=ago), took, ("Practitioner/1",) if mine else ("Practitioner/11",))
            for ago, took, mine in some
        ]
        for number, (day, took, who) in enumerate(made):
            at = datetime.combine(day + timedelta(days=took), NOON.timetz())
            put(store, claimed(str(number), host=host, date=day, therapists=who), at=at)
        for therapist in (None, "Practitioner/1"):
            mine = [one for one in made if therapist in (None, *one[2]) and first <= one[0] <= last]
            weeks = sorted({day - timedelta(days=day.weekday()) for day, _, _ in mine})
            found = desk.claim_days(host, first, last, therapist)
            assert [one.week for one in found] == weeks
            for one in found:
                took_ = sorted(took for day, took, _ in mine if one.week <= day < one.week + timedelta(days=7))
                middle = took_[(len(took_) - 1) // 2], took_[len(took_) // 2]
                assert (one.claims, one.slowest, one.median) == (len(took_), took_[-1], Decimal(sum(middle)) / 2)

    check()


def test_payers_and_who_treated(store: Store, desk: Desk) -> None:
    put(store, claimed("1", payer="b", therapists=("Practitioner/1",)), held("2", payer="a"), claimed("3", payer="b"))
    put(
        store,
        held("4", payer=None, therapists=("Practitioner/1", "Practitioner/2")),
        claimed("5", host="other", payer="c"),
    )
    assert desk.payers(HOST) == ["a", "b"]
    assert desk.treated(HOST, "Practitioner/1", ["1", "2", "3", "4", "5", "6"]) == {"1", "4"}
    assert desk.treated(HOST, "Practitioner/2", ["4"]) == {"4"}
    assert desk.treated(HOST, "", ["1", "4"]) == frozenset()
    assert desk.treated("other", "Practitioner/1", ["1"]) == frozenset()


def test_as_many_therapists_as_a_run_remembers_can_be_indexed(store: Store, desk: Desk) -> None:
    who = tuple(sorted(f"Practitioner/{hashlib.sha256(bytes([n])).hexdigest()}" for n in range(THERAPISTS)))
    put(store, claimed("1" * 64, payer="p" * 200, therapists=who))
    assert desk.treated(HOST, who[-1], ["1" * 64]) == {"1" * 64}
    assert desk.claim_sums(HOST, ClaimFilter(therapist=who[0]))[0].claims == 1


def test_pages_and_beginnings_in_a_collation_of_another_order(postgresql_server: str) -> None:
    """A database that sorts as people do ("a" before "B") gives each claim once too, and tells case apart."""
    import psycopg

    name = "t_icu"
    with psycopg.connect(postgresql_server.format("postgres"), autocommit=True) as connection:
        locale = "LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C'"
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' {locale}")
    some = [claimed(one) for one in ("a1", "B1", "b1", "A1", "é1", "Z", "_", "-a", "a-1")]
    with open_store(postgresql_server.format(name)) as store:
        put(store, *some, *(held(f"h{one.encounter}") for one in some))
        desk = store.desk()
        found, after = list[str](), None
        while True:
            page = desk.claims(HOST, ClaimFilter(), after, 2)
            found += ids(page)
            if (after := page.after) is None:
                break
        assert sorted(found) == sorted(one.encounter for one in some)
        pages = all_holds(desk, HOST, HoldFilter(), HoldOrder.FILING, 2)
        assert len([one for page in pages for one in ids(page)]) == len(some)
        assert sorted(ids(desk.claims(HOST, ClaimFilter(search="a")))) == ["a-1", "a1"]
        assert ids(desk.claims(HOST, ClaimFilter(search="B"))) == ["B1"]
