"""What the service remembers of its jobs: one a host at a time, the last of each kind, over a restart too."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from massage_billing.serve.jobs import FILE, KEPT, PROBLEMS, JobBook, Kind, Outcome, State
from massage_billing.serve.runner import Runner, Scheduler
from massage_billing.serve.schedule import Plan

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
DONE = Outcome(State.DONE, {"visits": 3})


@pytest.fixture
def book(tmp_path: Path) -> JobBook:
    return JobBook(tmp_path, lambda: NOW)


def test_a_host_has_one_job_at_a_time_and_hosts_do_not_wait_for_each_other(book: JobBook) -> None:
    first, new = book.begin(Kind.RUN, "emr", "request")
    assert new
    assert book.begin(Kind.ELIGIBILITY, "emr", "schedule") == (first, False)
    assert book.begin(Kind.RUN, "other", "request")[1]
    assert len(book.running()) == 2
    ended = book.end(first.id, DONE)
    assert (ended.state, ended.counts, ended.ended) == (State.DONE, {"visits": 3}, NOW)
    assert book.begin(Kind.ELIGIBILITY, "emr", "schedule")[1]


def test_the_last_of_each_kind_outlives_the_process_and_what_was_running_is_abandoned(
    book: JobBook, tmp_path: Path
) -> None:
    done, _ = book.begin(Kind.RUN, "emr", "request")
    book.end(done.id, DONE)
    left, _ = book.begin(Kind.ELIGIBILITY, "emr", "schedule")
    again = JobBook(tmp_path, lambda: NOW)
    states = {job.id: job.state for job in again.last()}
    assert states == {done.id: State.DONE, left.id: State.ABANDONED}
    assert again.running() == []
    assert again.begin(Kind.RUN, "emr", "request")[1]
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"id": "x"}]', '{"a": 1}', "null"])
def test_a_damaged_file_is_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    assert JobBook(tmp_path).last() == []


def test_a_folder_that_cannot_be_written_stops_no_job(tmp_path: Path) -> None:
    book = JobBook(tmp_path / "gone")
    job, _ = book.begin(Kind.RUN, "emr", "request")
    assert book.end(job.id, DONE).state is State.DONE


def test_old_jobs_and_many_problems_are_forgotten(book: JobBook) -> None:
    first, _ = book.begin(Kind.RUN, "emr", "request")
    book.end(first.id, Outcome(State.FAILED, problems=tuple(map(str, range(100)))))
    assert len(book.last()[0].problems) == PROBLEMS
    for _ in range(KEPT):
        job, _ = book.begin(Kind.RUN, "emr", "request")
        book.end(job.id, DONE)
    assert (book.get(first.id), book.get(job.id)) == (None, book.last()[0])


def test_the_schedule_begins_what_is_due_and_nothing_while_the_host_is_busy(book: JobBook) -> None:
    asked: list[tuple[Kind, str]] = []

    def work(kind: Kind, host: str) -> Outcome:
        asked.append((kind, host))
        return DONE

    runner = Runner(book, work)
    plans = [Plan(host, None, timedelta(minutes=30), ()) for host in ("emr", "other")]
    busy, _ = book.begin(Kind.ELIGIBILITY, "other", "request")
    scheduler = Scheduler(runner, plans, lambda: NOW)
    assert scheduler.begin_due() <= 5
    book.end(busy.id, DONE)
    assert book.wait(10)
    assert asked == [(Kind.RUN, "emr")]
    assert scheduler.begin_due() > 5
    assert book.wait(10)
    assert asked == [(Kind.RUN, "emr"), (Kind.RUN, "other")]


def test_a_job_that_raises_is_a_failed_one(book: JobBook) -> None:
    def work(kind: Kind, host: str) -> Outcome:
        raise RuntimeError(host)

    Runner(book, work).start(Kind.RUN, "emr", "request")
    assert book.wait(10)
    assert [job.state for job in book.last()] == [State.FAILED]
