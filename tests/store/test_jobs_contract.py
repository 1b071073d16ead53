"""What the processes of the service share of jobs: the fake, SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from massage_billing.ports.jobs import (
    KEPT,
    PROBLEMS,
    JobKind,
    JobQueue,
    JobState,
    Outcome,
    Piece,
    PieceDone,
    PieceState,
    Progress,
    Split,
)
from massage_billing.store.jobs_rules import LEASE, TRIES
from massage_billing.store.memory import MemoryStore
from massage_billing.store.sql import SqlStore
from store.asking_making import clock, living
from store.making import NOON

DONE = Outcome(JobState.DONE, {"visits": 3})
ME, OTHER = "place/me", "place/other"
RUN, SWEEP, VISIT = JobKind.RUN, JobKind.ELIGIBILITY, JobKind.VISIT


@pytest.fixture
def jobs(store: SqlStore | MemoryStore) -> JobQueue:
    """Nothing was ever asked; the clock stands at noon until a test moves it, who lives is in ``living``."""
    return store.jobs(alive=living.get, clock=lambda: clock[0])


def later(**time: int) -> None:
    clock[0] += timedelta(**time)


# --- asked ----------------------------------------------------------------------------------------------------------


def test_what_is_asked_for_waits_is_taken_and_ends(jobs: JobQueue) -> None:
    asked, new = jobs.ask(RUN, "emr", "Practitioner/3")
    assert (new, asked.state, asked.begun, asked.over) == (True, JobState.WAITING, NOON, False)
    assert (jobs.get(asked.id), jobs.running(), jobs.last()) == (asked, [asked], [])
    later(seconds=2)
    taken = jobs.take(ME)
    assert taken is not None
    assert (taken.id, taken.state, taken.begun) == (asked.id, JobState.RUNNING, NOON + timedelta(seconds=2))
    assert jobs.take(OTHER) is None
    later(minutes=1)
    jobs.beat(ME)
    jobs.tell(taken.id, {"visits": Progress(3, None)}, ["slow host"])
    jobs.tell(taken.id, {"visits": Progress(4, 9), "questions": Progress(1, 2)})
    now = jobs.get(taken.id)
    assert now is not None
    assert (now.progress, now.problems) == ({"visits": (4, 9), "questions": (1, 2)}, ("slow host",))
    assert jobs.end(taken.id, OTHER, DONE) is None
    ended = jobs.end(taken.id, ME, DONE)
    assert ended is not None
    assert (ended.state, ended.counts, ended.ended, ended.over) == (JobState.PROBLEMS, {"visits": 3}, clock[0], True)
    assert (jobs.get(asked.id), jobs.running(), jobs.last(), jobs.recent("emr")) == (ended, [], [ended], [ended])
    assert jobs.end(taken.id, ME, DONE) is None
    assert jobs.get("no such job") is None


def test_a_host_has_one_job_at_a_time_and_hosts_do_not_wait_for_each_other(jobs: JobQueue) -> None:
    first, new = jobs.begin(RUN, "emr", "request", ME)
    assert (new, first.state) == (True, JobState.RUNNING)
    assert jobs.begin(SWEEP, "emr", "schedule", OTHER) == (first, False)
    assert jobs.ask(RUN, "emr", "Practitioner/3") == (first, False)
    assert jobs.begin(RUN, "other", "request", OTHER).new
    assert sorted(job.host for job in jobs.running()) == ["emr", "other"]
    jobs.end(first.id, ME, DONE)
    assert jobs.begin(SWEEP, "emr", "schedule", OTHER).new


def test_visits_wait_for_their_turn_and_join(jobs: JobQueue) -> None:
    run, _ = jobs.begin(RUN, "emr", "schedule", ME)
    first, new = jobs.ask(VISIT, "emr", "subscription", ["e1"])
    assert (new, first.state) == (True, JobState.WAITING)
    later(seconds=1)
    second, new = jobs.ask(VISIT, "emr", "subscription", ["e2", "e1"])
    assert (second.id, new, second.encounters) == (first.id, True, ("e1", "e2"))
    own, new = jobs.ask(VISIT, "emr", "Practitioner/3", ["e3"])
    assert (own.id != first.id, new) == (True, True)
    later(seconds=1)
    assert jobs.ask(JobKind.APPROVE, "emr", "Practitioner/3", ["e3"]).job.id not in (first.id, own.id)
    assert [job.id for job in jobs.running()][:3] == [run.id, first.id, own.id]
    assert jobs.take(OTHER) is None
    jobs.end(run.id, ME, DONE)
    taken = jobs.take(OTHER)
    assert taken is not None
    assert (taken.id, taken.encounters) == (first.id, ("e1", "e2"))
    third = jobs.ask(VISIT, "emr", "subscription", ["e4"]).job
    assert third.id != first.id  # the one that runs may have read them already
    assert jobs.begin(VISIT, "emr", "Practitioner/9", ME, ["e5"]).job.state is JobState.WAITING
    assert jobs.begin(VISIT, "other", "Practitioner/9", ME, ["e5"]).job.state is JobState.RUNNING


def test_what_was_shown_of_drafts_is_kept_with_those_who_let_them_go(jobs: JobQueue) -> None:
    jobs.ask(JobKind.APPROVE, "emr", "Practitioner/3", ["e1"], {"e1": "d1"})
    jobs.ask(JobKind.APPROVE, "emr", "Practitioner/3", ["e2"], {"e2": "d2"})
    taken = jobs.take(ME)
    assert taken is not None
    assert (taken.encounters, taken.seen) == (("e1", "e2"), {"e1": "d1", "e2": "d2"})


def test_the_last_of_each_kind_and_host_is_told_and_old_ones_are_forgotten(jobs: JobQueue) -> None:
    first, _ = jobs.begin(SWEEP, "emr", "request", ME)
    jobs.end(first.id, ME, Outcome(JobState.FAILED, problems=tuple(map(str, range(100)))))
    told = jobs.get(first.id)
    assert told is not None
    assert (len(told.problems), told.state) == (PROBLEMS, JobState.FAILED)
    runs = []
    for _ in range(KEPT + 2):
        later(seconds=1)
        runs.append(jobs.begin(RUN, "emr", "request", ME).job.id)
        jobs.end(runs[-1], ME, DONE)
    assert [job.id for job in jobs.last()] == [runs[-1], first.id]
    assert jobs.last_begun() == {(RUN, "emr"): clock[0], (SWEEP, "emr"): NOON}
    assert jobs.get(first.id) is not None
    assert jobs.get(runs[0]) is None
    assert [job.id for job in jobs.recent("emr", 3)] == runs[:-4:-1]
    assert jobs.recent("other") == []


# --- processes that die ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("known", [True, False])
def test_the_job_of_a_dead_process_is_taken_again(jobs: JobQueue, *, known: bool) -> None:
    job, _ = jobs.begin(RUN, "emr", "request", OTHER)
    if known:
        living[OTHER] = True
        later(hours=3)
        assert jobs.take(ME) is None  # however long it takes
        living[OTHER] = False
    else:
        later(seconds=LEASE.total_seconds() - 1)  # type: ignore[arg-type]
        assert jobs.take(ME) is None
        jobs.beat(OTHER)
        later(seconds=LEASE.total_seconds() - 1)  # type: ignore[arg-type]
        assert jobs.take(ME) is None
        later(seconds=2)
    assert jobs.ask(RUN, "emr", "request") == (jobs.get(job.id), False)
    again = jobs.take(ME)
    assert again is not None
    assert (again.id, again.state, len(again.problems)) == (job.id, JobState.RUNNING, 1)
    assert "another one went on" in again.problems[0]
    assert jobs.end(job.id, OTHER, DONE) is None
    assert (jobs.holds(job.id, OTHER), jobs.holds(job.id, ME)) == (False, True)


def test_a_job_that_ends_its_process_each_time_is_given_up(jobs: JobQueue) -> None:
    job, _ = jobs.begin(RUN, "emr", "request", "place/0")
    for n in range(1, TRIES):
        living[f"place/{n - 1}"] = False
        assert jobs.take(f"place/{n}") is not None
    living[f"place/{TRIES - 1}"] = False
    waiting = jobs.ask(VISIT, "emr", "subscription", ["e1"]).job
    assert jobs.take(ME) is None
    ended = jobs.get(job.id)
    assert ended is not None
    assert (ended.state, "each time" in ended.problems[-1]) == (JobState.FAILED, True)
    taken = jobs.take(ME)
    assert taken is not None
    assert taken.id == waiting.id


def test_who_ends_in_order_leaves_its_jobs_and_gives_its_pieces_back(jobs: JobQueue) -> None:
    mine, _ = jobs.begin(RUN, "emr", "request", ME)
    other, _ = jobs.begin(RUN, "other", "request", OTHER)
    assert jobs.split(other.id, OTHER, Split("c", 2, whole=True), [("e1",), ("e2",)])
    assert jobs.take_piece(ME) is not None
    assert jobs.lead(ME)
    jobs.leave(ME)
    left = jobs.get(mine.id)
    assert left is not None
    assert (left.state, left.ended) == (JobState.ABANDONED, NOON)
    assert [job.id for job in jobs.running()] == [other.id]
    assert jobs.pieces(other.id)[PieceState.WAITING] == 2
    assert jobs.lead(OTHER)
    assert jobs.begin(RUN, "emr", "request", OTHER).new


# --- pieces ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(jobs: JobQueue) -> str:
    """A run that ME leads, in two pieces."""
    job, _ = jobs.begin(RUN, "emr", "request", ME)
    assert jobs.was_split(job.id) is None
    assert jobs.split(job.id, ME, Split("cursor", 3, whole=False), [("e1", "e2"), ("e3",)])
    return job.id


def test_pieces_are_done_once_each_and_counted(jobs: JobQueue, run: str) -> None:
    assert jobs.was_split(run) == Split("cursor", 3, whole=False)
    assert jobs.encounters(run) == ["e1", "e2", "e3"]
    first, second = jobs.take_piece(OTHER), jobs.take_piece(ME, run)
    assert first == Piece(run, 1, "emr", ("e1", "e2"), PieceState.TAKEN, 1)
    assert second == Piece(run, 2, "emr", ("e3",), PieceState.TAKEN, 1)
    assert first is not None
    assert second is not None
    assert jobs.take_piece(OTHER, held={(run, 1)}) is None
    assert jobs.pieces(run) == {
        PieceState.WAITING: 0, PieceState.TAKEN: 2, PieceState.DONE: 0, PieceState.FAILED: 0,
    }  # fmt: skip
    assert not jobs.piece_done(first, ME, PieceDone({"visits": 2}))
    assert jobs.piece_done(first, OTHER, PieceDone({"visits": 2, "holds": 1}, ("one", "two")))
    assert not jobs.piece_done(first, OTHER, PieceDone({"visits": 2}))
    told = jobs.get(run)
    assert told is not None
    assert (told.counts, told.problems) == ({"visits": 2, "holds": 1}, ("one", "two"))
    assert told.progress == {"visits": (2, 3)}
    assert jobs.piece_done(second, ME, PieceDone({"visits": 1}, failed=True))
    assert jobs.pieces(run)[PieceState.FAILED] == 1
    ended = jobs.end(run, ME, Outcome(JobState.DONE, {"visits": 4}))
    assert ended is not None
    assert (ended.counts["visits"], ended.counts["holds"], ended.progress) == (7, 1, {"visits": (3, 3)})
    assert (sum(jobs.pieces(run).values()), jobs.was_split(run)) == (0, None)
    assert jobs.take_piece(OTHER) is None


def test_the_piece_of_a_dead_process_is_taken_again_and_that_is_told(jobs: JobQueue, run: str) -> None:
    living.update({OTHER: True, ME: True})
    piece = jobs.take_piece(OTHER)
    assert piece is not None
    assert jobs.take_piece(ME) is not None
    assert jobs.take_piece("place/third") is None
    assert jobs.take_piece(ME, run, {(run, 2)}) is None
    living[OTHER] = False
    again = jobs.take_piece("place/third")
    assert again is not None
    assert (again.number, again.tries) == (1, 2)
    assert not jobs.piece_done(piece, OTHER, PieceDone({"visits": 2}))
    told = jobs.get(run)
    assert told is not None
    assert told.counts == {}
    assert ["2 visits" in one for one in told.problems] == [True]
    assert jobs.piece_done(again, "place/third", PieceDone({"visits": 2}))


def test_a_piece_that_ends_its_process_each_time_is_given_up(jobs: JobQueue, run: str) -> None:
    for n in range(TRIES):
        piece = jobs.take_piece(f"place/{n}", run)
        assert piece is not None
        assert piece.number == 1
        living[f"place/{n}"] = False
    last = jobs.take_piece(ME, run)
    assert last is not None
    assert last.number == 2
    assert jobs.pieces(run)[PieceState.FAILED] == 1


def test_who_goes_on_with_a_run_knows_how_it_was_split(jobs: JobQueue, run: str) -> None:
    living[ME] = False
    piece = jobs.take_piece(OTHER)
    assert piece is not None
    assert jobs.piece_done(piece, OTHER, PieceDone({"visits": 2}))
    taken = jobs.take(OTHER)
    assert taken is not None
    assert (taken.id, taken.counts, jobs.was_split(run)) == (run, {"visits": 2}, Split("cursor", 3, whole=False))
    assert not jobs.split(run, ME, Split("x", 1, whole=True), [("e9",)])
    assert jobs.split(run, OTHER, Split("x", 1, whole=True), [("e9",)])
    assert jobs.encounters(run) == ["e9"]
    told = jobs.get(run)
    assert told is not None
    assert (told.counts, told.progress) == ({}, {"visits": (0, 1)})


def test_a_run_without_visits_has_no_pieces(jobs: JobQueue) -> None:
    job, _ = jobs.begin(RUN, "emr", "request", ME)
    assert jobs.split(job.id, ME, Split(None, 0, whole=True), [])
    assert jobs.was_split(job.id) == Split(None, 0, whole=True)
    assert jobs.take_piece(ME, job.id) is None


def test_what_a_commit_gave_whose_answer_was_lost_is_taken_again(jobs: JobQueue, run: str) -> None:
    """Who is alive keeps what it has, but only what it knows of: else nobody ever did the rest."""
    living[ME] = True
    assert jobs.take(ME, {run}) is None
    again = jobs.take(ME)
    assert again is not None
    assert (again.id, again.problems) == (run, ())
    piece = jobs.take_piece(ME, run)
    assert piece is not None
    other = jobs.take_piece(ME, run, {(run, 1)})
    assert other is not None
    assert other.number == 2
    assert jobs.take_piece(ME, run, {(run, 1), (run, 2)}) is None
    lost = jobs.take_piece(ME, run, {(run, 2)})
    assert lost is not None
    assert (lost.number, lost.tries) == (1, 1)
    told = jobs.get(run)
    assert told is not None
    assert told.problems == ()


# --- the schedule ---------------------------------------------------------------------------------------------------


def test_one_process_keeps_the_schedule(jobs: JobQueue) -> None:
    assert jobs.leading() is None
    assert (jobs.lead(ME), jobs.lead(OTHER), jobs.lead(ME)) == (True, False, True)
    assert jobs.leading() == NOON + LEASE
    later(seconds=20)
    jobs.beat(ME)
    later(seconds=20)
    assert not jobs.lead(OTHER)
    later(seconds=11)
    assert (jobs.lead(OTHER), jobs.lead(ME)) == (True, False)
    living[OTHER] = False
    assert jobs.lead(ME)


def test_the_store_is_as_this_version_wants_it(jobs: JobQueue) -> None:
    assert jobs.migrated()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[SqlStore]:
    from massage_billing.store import open_store

    with open_store(tmp_path / "state") as opened:
        yield opened


def test_another_version_is_told(sqlite: SqlStore) -> None:
    from massage_billing.store.tables import VERSION_TABLE

    with sqlite._engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '0001'")
    assert not sqlite.jobs().migrated()


@pytest.mark.parametrize("where", ["sqlite", "postgresql"])
def test_a_forgotten_patient_is_in_no_job(where: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    from massage_billing.store import open_store
    from store.making import HOST, entry

    url = request.getfixturevalue("postgresql_url") if where == "postgresql" else tmp_path / "state"
    with open_store(url) as store:
        store.commit([entry("e1", patient="Patient/3"), entry("e2", patient="Patient/4")])
        jobs = store.jobs()
        about = jobs.ask(VISIT, HOST, "subscription", ["e1", "e2"]).job
        store.purge_patient(HOST, "Patient/3")
        kept = jobs.get(about.id)
        assert kept is not None
        assert kept.encounters == ("e2",)
