"""What is remembered of people at the workbench: sessions that end, what may be used once, lines that stay."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from massage_billing.errors import StoreError
from massage_billing.model.desk import Role, Viewer
from massage_billing.ports import Store
from massage_billing.ports.access import Access, Action, Event, Link, LoginUnderWay, Session
from massage_billing.store import open_store
from massage_billing.store.memory import MemoryStore
from massage_billing.store.sql import SqlStore
from store.making import HOST, entry, start_child

NOW = datetime(2026, 12, 1, 12, 0, 30, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
VIEWER = Viewer("Practitioner/3", "Kim Lee", Role.BILLER, HOST, "Practitioner/3")


@pytest.fixture
def access(store: Store) -> Access:
    assert isinstance(store, SqlStore | MemoryStore)
    return store.access()


def session(digest: str = "d1", **fields: object) -> Session:
    return replace(Session(digest, VIEWER, NOW, NOW, NOW + 8 * HOUR), **fields)


def seen(access: Access, digest: str = "d1", now: datetime = NOW, idle: timedelta = HOUR) -> Session | None:
    return access.session(digest, now, now - idle)


# --- sessions ---------------------------------------------------------------------------------------------------------


def test_a_session_comes_back_as_it_began(access: Access) -> None:
    plain = session("d2", viewer=Viewer("console", "", Role.OWNER, "other"))
    access.begin(session())
    access.begin(plain)
    assert seen(access) == session()
    assert seen(access, "d2") == plain
    assert seen(access, "d3") is None


def test_a_session_ends_at_its_time_and_when_it_was_not_used(access: Access) -> None:
    access.begin(session())
    assert seen(access, now=NOW + HOUR, idle=HOUR) is None
    assert seen(access, now=NOW + 8 * HOUR - MINUTE, idle=9 * HOUR) is not None
    assert seen(access, now=NOW + 8 * HOUR, idle=9 * HOUR) is None


def test_when_a_session_was_used_is_known_to_the_minute(access: Access) -> None:
    access.begin(session())
    assert seen(access, now=NOW + MINUTE / 2) == session()
    later = NOW + 2 * MINUTE
    assert seen(access, now=later) == session(seen=later)
    assert seen(access, now=later + MINUTE / 2) == session(seen=later)
    # Used again and again it does not end for being idle.
    for minutes in range(10, 200, 10):
        assert seen(access, now=NOW + minutes * MINUTE, idle=15 * MINUTE) is not None


def test_somebody_logs_out_and_the_others_stay(access: Access) -> None:
    for digest in ("d1", "d2"):
        access.begin(session(digest))
    access.end("d1")
    assert (seen(access, "d1"), seen(access, "d2")) == (None, session("d2"))


def test_every_session_of_a_person_ends_and_nobody_elses(access: Access) -> None:
    access.begin(session("d1"))
    access.begin(session("d2"))
    access.begin(session("d3", viewer=replace(VIEWER, host="other")))
    access.begin(session("d4", viewer=replace(VIEWER, who="Practitioner/4")))
    assert access.end_of(HOST, VIEWER.who) == 2
    assert [seen(access, f"d{n}") is not None for n in range(1, 5)] == [False, False, True, True]


# --- what may be used once --------------------------------------------------------------------------------------------


def login(digest: str = "l1", **fields: object) -> LoginUnderWay:
    made = LoginUnderWay(digest, "browser", HOST, "verifier", "nonce", "/visits/main/1", NOW + 10 * MINUTE)
    return replace(made, **fields)


def test_a_launch_comes_back_once_and_in_time(access: Access) -> None:
    access.start_login(login("l1"))
    access.start_login(login("l2"))
    assert access.take_login("l3", NOW) is None
    assert access.take_login("l1", NOW) == login("l1")
    assert access.take_login("l1", NOW) is None
    assert access.take_login("l2", NOW + 10 * MINUTE) is None
    assert access.take_login("l2", NOW) is None


def test_a_link_is_opened_once_and_in_time(access: Access) -> None:
    made = Link("k1", Viewer("console", "Console", Role.OWNER, HOST), NOW + 10 * MINUTE)
    access.offer(made)
    access.offer(replace(made, digest="k2"))
    assert access.take_link("k1", NOW) == made
    assert access.take_link("k1", NOW) is None
    assert access.take_link("k2", NOW + 11 * MINUTE) is None


def test_what_is_used_once_is_used_once_and_by_kind(access: Access) -> None:
    assert access.first_use("jti", "a", NOW + HOUR)
    assert not access.first_use("jti", "a", NOW + HOUR)
    assert access.first_use("jti", "b", NOW + HOUR)
    assert access.first_use("code", "a", NOW + HOUR)


def test_of_many_that_use_it_at_once_one_does(url: str) -> None:
    with open_store(url) as store:
        access = store.access()
        access.offer(Link("k1", VIEWER, NOW + HOUR))
        access.start_login(login("l1"))
        tries: list[Callable[[], bool]] = [
            lambda: access.take_link("k1", NOW) is not None,
            lambda: access.take_login("l1", NOW) is not None,
            lambda: access.first_use("jti", "a", NOW + HOUR),
        ]
        for one in tries:
            assert sorted(at_once(one, 6)) == [False] * 5 + [True]


def at_once(what: Callable[[], bool], times: int) -> list[bool]:
    """What each of several threads was answered that asked at the same moment."""
    barrier, answers = threading.Barrier(times), list[bool]()

    def ask() -> None:
        barrier.wait()
        answers.append(what())

    threads = [threading.Thread(target=ask) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_of_processes_that_open_a_link_one_gets_in(url: str) -> None:
    with open_store(url) as store:
        for number in range(40):
            store.access().offer(Link(f"k{number}", VIEWER, datetime(2999, 1, 1, tzinfo=UTC)))
    children = [start_child("open-links", url, "40") for _ in range(3)]
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    opened = [child.communicate()[0].split() for child in children]
    assert [child.returncode for child in children] == [0, 0, 0]
    assert sorted(name for names in opened for name in names) == sorted(f"k{number}" for number in range(40))


def test_what_has_ended_is_forgotten_and_the_rest_stays(access: Access) -> None:
    access.begin(session("d1", ends=NOW))
    access.begin(session("d2"))
    access.start_login(login("l1", ends=NOW))
    access.start_login(login("l2"))
    access.offer(Link("k1", VIEWER, NOW))
    access.offer(Link("k2", VIEWER, NOW + HOUR))
    access.first_use("jti", "a", NOW)
    access.first_use("jti", "b", NOW + HOUR)
    access.forget(NOW)
    before = NOW - HOUR
    assert (seen(access, "d1", before, 2 * HOUR), seen(access, "d2", before, 2 * HOUR)) == (None, session("d2"))
    assert (access.take_login("l1", before), access.take_login("l2", before)) == (None, login("l2"))
    assert (access.take_link("k1", before), access.take_link("k2", before) is not None) == (None, True)
    assert (access.first_use("jti", "a", NOW), access.first_use("jti", "b", NOW)) == (True, False)


# --- who looked at what -----------------------------------------------------------------------------------------------

moments = st.integers(-5, 5).map(lambda hours: NOW + hours * HOUR)
events = st.builds(
    Event,
    at=moments,
    who=st.sampled_from(["", "Practitioner/3", "console"]),
    role=st.sampled_from(["", "owner"]),
    host=st.sampled_from([HOST, HOST, "other", ""]),
    action=st.sampled_from(Action),
    page=st.sampled_from(["holds", "visit"]),
    encounter=st.sampled_from(["", "12"]),
    patient=st.sampled_from(["", "Patient/3", "Patient/4"]),
    detail=st.sampled_from(["", "write-off", "held by payer-known"]),
    ok=st.booleans(),
)


def without_numbers(some: list[Event]) -> list[Event]:
    return [replace(one, number=0) for one in some]


def test_lines_come_back_as_they_were_in_order(store: Store) -> None:
    """Read a page at a time, of one patient, of a time: each line once, oldest first."""
    assert isinstance(store, SqlStore | MemoryStore)
    access, all_of = store.access(), list[Event]()

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(some=st.lists(events, max_size=12), limit=st.integers(1, 7), first=moments, last=moments)
    def check(some: list[Event], limit: int, first: datetime, last: datetime) -> None:
        for one in some:
            access.record(one)
        all_of.extend(some)
        mine = [one for one in all_of if one.host == HOST]
        read, after = list[Event](), 0
        while page := access.events(HOST, after, limit):
            assert len(page) <= limit
            read += page
            after = page[-1].number
        assert without_numbers(read) == mine
        assert [one.number for one in read] == sorted({one.number for one in read})
        of_one = access.events(HOST, limit=10_000, patient="Patient/3")
        assert without_numbers(of_one) == [one for one in mine if one.patient == "Patient/3"]
        of_time = list(access.all_events(HOST, first, last))
        assert without_numbers(of_time) == [one for one in mine if first <= one.at <= last]
        assert list(access.all_events(HOST)) == read

    check()


def line(**fields: object) -> Event:
    given = {"patient": "Patient/3", "encounter": "12", "at": NOW, **fields}
    return Event(who="console", role="owner", host=HOST, action=Action.VIEWED, page="visit", **given)  # type: ignore[arg-type]


def test_who_looked_at_a_patient_is_known_after_the_patient_is_forgotten(store: Store) -> None:
    assert isinstance(store, SqlStore | MemoryStore)
    store.commit([entry("12", patient="Patient/3")])
    store.access().record(line())
    store.purge_patient(HOST, "Patient/3")
    assert without_numbers(store.access().events(HOST, patient="Patient/3")) == [line()]


@pytest.mark.parametrize("statement", ["UPDATE access_events SET who = 'nobody'", "DELETE FROM access_events"])
def test_a_line_is_not_changed_nor_dropped(url: str, statement: str) -> None:
    with open_store(url) as store:
        store.access().record(line(at=datetime.now(UTC)))
        with pytest.raises(StoreError), store._writing() as connection:
            connection.execute(text(statement))
        assert len(store.access().events(HOST)) == 1


def test_lines_are_not_dropped_all_at_once(postgresql_url: str) -> None:
    with open_store(postgresql_url) as store:
        store.access().record(line())
        with pytest.raises(StoreError), store._writing() as connection:
            connection.execute(text("TRUNCATE access_events"))
        assert len(store.access().events(HOST)) == 1


@pytest.mark.parametrize(("days", "stays"), [(6 * 365, True), (6 * 366 + 1, False)])
def test_a_line_may_go_after_six_years(url: str, days: int, stays: bool) -> None:
    with open_store(url) as store:
        store.access().record(line(at=datetime.now(UTC) - timedelta(days=days)))
        try:
            with store._writing() as connection:
                connection.execute(text("DELETE FROM access_events"))
        except StoreError:
            assert stays
        assert len(store.access().events(HOST)) == stays
