"""How jobs are done: each once, by a process that keeps at it while the store is away; what is due is begun by one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from massage_billing.errors import StoreError
from massage_billing.ports.jobs import Job, JobKind, JobState, Outcome, Progress, Split
from massage_billing.serve.runner import Runner
from massage_billing.serve.schedule import Plan
from massage_billing.serve.scheduler import Scheduler
from massage_billing.serve.sharing import Shares
from massage_billing.serve.telling import Teller
from massage_billing.serve.watch import Watch
from massage_billing.settings import Settings
from massage_billing.store.memory_jobs import MemoryJobs

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
DONE = Outcome(JobState.DONE, {"visits": 3})
ME = "place/me"
RUN, SWEEP, VISIT = JobKind.RUN, JobKind.ELIGIBILITY, JobKind.VISIT
WAIT = 30


class FlakyJobs(MemoryJobs):
    """Jobs of a store that is away while ``away`` is set."""

    def __init__(self) -> None:
        super().__init__(lambda owner: True if owner == ME else None, lambda: NOW)
        self.away = False
        self.asked = threading.Semaphore(0)
        """Released each time it is asked while it is away."""

    def _turn(self):  # type: ignore[no-untyped-def]
        if self.away:
            self.asked.release()
            raise StoreError("The store cannot be reached.", "Wait.")
        return super()._turn()

    _look = _turn


def over(jobs: MemoryJobs, id: str) -> Job:
    """The job once it is over."""
    done = threading.Event()
    for _ in range(WAIT * 20):
        job = jobs.get(id)
        assert job is not None
        if job.over:
            return job
        done.wait(0.05)
    raise AssertionError(f"still {job}")


def runner_of(jobs: MemoryJobs, work: Callable[[Job], Outcome | None]) -> Runner:
    return Runner(jobs, ME, work)


def test_a_job_that_is_begun_here_is_done_here() -> None:
    jobs = FlakyJobs()
    runner = runner_of(jobs, lambda job: DONE)
    begun = runner.start(RUN, "emr", "request")
    assert begun.new
    assert over(jobs, begun.job.id).counts == {"visits": 3}


def test_what_waits_in_the_store_is_done_by_whoever_looks() -> None:
    jobs = FlakyJobs()
    seen: list[tuple[str, ...]] = []

    def work(job: Job) -> Outcome:
        seen.append(job.encounters)
        return DONE

    runner = runner_of(jobs, work)
    runner.open()
    asked = jobs.ask(VISIT, "emr", "subscription", ["e1", "e2"]).job
    assert over(jobs, asked.id).state is JobState.DONE
    assert seen == [("e1", "e2")]
    runner.close(WAIT)
    jobs.ask(VISIT, "emr", "subscription", ["e3"])
    assert seen == [("e1", "e2")]


def test_a_job_that_raises_is_a_failed_one() -> None:
    jobs = FlakyJobs()

    def work(job: Job) -> Outcome:
        raise RuntimeError(job.host)

    begun = runner_of(jobs, work).start(RUN, "emr", "request")
    assert over(jobs, begun.job.id).state is JobState.FAILED


def test_a_job_goes_on_when_the_store_is_back_and_says_that_it_was_away() -> None:
    jobs = FlakyJobs()
    tries: list[str] = []

    def work(job: Job) -> Outcome:
        tries.append(job.id)
        if len(tries) == 1:
            jobs.away = True
            raise StoreError("The store cannot be reached.", "Wait.")
        return DONE

    watch = Watch()
    watch.queue = jobs
    runner = runner_of(jobs, work)
    begun = runner.start(RUN, "emr", "request")
    for _ in range(3):
        assert jobs.asked.acquire(timeout=WAIT)
    assert watch.seen().problems == ("The store cannot be reached. Wait.",)
    assert watch.unready() == ["The store cannot be reached. Wait."]
    jobs.away = False
    job = over(jobs, begun.job.id)
    assert tries == [job.id] * 2
    assert (job.state, job.problems) == (
        JobState.PROBLEMS,
        ("The store cannot be reached. The work went on when that was over.",),
    )


def test_an_outcome_is_told_when_the_store_is_back() -> None:
    jobs = FlakyJobs()

    def work(job: Job) -> Outcome:
        jobs.away = True
        return DONE

    begun = runner_of(jobs, work).start(RUN, "emr", "request")
    for _ in range(2):
        assert jobs.asked.acquire(timeout=WAIT)
    jobs.away = False
    assert over(jobs, begun.job.id).state is JobState.DONE


def test_a_store_that_is_there_and_refuses_is_not_tried_for_ever() -> None:
    jobs = FlakyJobs()
    tries: list[Job] = []

    def work(job: Job) -> Outcome:
        tries.append(job)
        raise StoreError("The disk is full.", "Free some space.")

    begun = runner_of(jobs, work).start(RUN, "emr", "request")
    job = over(jobs, begun.job.id)
    assert (len(tries), job.state, "The disk is full. Free some space." in job.problems) == (3, JobState.FAILED, True)


def test_what_is_known_last_is_told_while_the_store_is_away() -> None:
    jobs, watch = FlakyJobs(), Watch()
    assert watch.seen().problems == watch_unopened(watch)
    job = jobs.begin(RUN, "emr", "request", ME).job
    watch.queue = jobs
    assert watch.seen().running == (job,)
    jobs.away = True
    assert (watch.seen().running, len(watch.seen().problems)) == ((job,), 1)


def watch_unopened(watch: Watch) -> tuple[str, ...]:
    return tuple(watch.unready())


def test_one_keeps_the_schedule_and_begins_what_is_due_but_nothing_while_the_host_is_busy() -> None:
    jobs, asked = FlakyJobs(), list[tuple[JobKind, str]]()

    def work(job: Job) -> Outcome:
        asked.append((job.kind, job.host))
        return DONE

    runner = runner_of(jobs, work)
    plans = [Plan(host, None, timedelta(minutes=30), ()) for host in ("emr", "other")]
    busy = jobs.begin(SWEEP, "other", "request", ME).job
    scheduler = Scheduler(runner, plans, lambda: NOW)
    assert scheduler.begin_due() <= 5
    jobs.end(busy.id, ME, DONE)
    over(jobs, jobs.recent("emr")[0].id)
    assert asked == [(RUN, "emr")]
    assert scheduler.begin_due() > 5
    over(jobs, jobs.recent("other")[0].id)
    assert asked == [(RUN, "emr"), (RUN, "other")]
    assert Scheduler(Runner(jobs, "place/other", work), plans, lambda: NOW + timedelta(hours=1)).begin_due() <= 5
    assert len(asked) == 2


def test_progress_is_told_once_a_second_and_at_the_end() -> None:
    jobs, now = FlakyJobs(), [0.0]
    job = jobs.begin(RUN, "emr", "request", ME).job
    teller = Teller(jobs, job.id, lambda: now[0])

    def told() -> Progress:
        found = jobs.get(job.id)
        assert found is not None
        return found.progress["visits"]

    teller.advance("visits", 1, None)
    teller.advance("visits", 2, None)
    assert told() == (1, None)
    now[0] = 1.5
    teller.advance("visits", 3, 4)
    assert told() == (3, 4)
    teller.advance("visits", 4, 4)
    assert told() == (4, 4)
    jobs.away = True
    now[0] = 9
    teller.advance("visits", 5, 9)  # harms nothing


def test_a_process_helps_where_it_has_nothing_to_do_itself() -> None:
    jobs, begun, go_on, helped = FlakyJobs(), threading.Event(), threading.Event(), threading.Event()

    def work(job: Job) -> Outcome:
        begun.set()
        assert go_on.wait(WAIT)
        return DONE

    def help_out() -> bool:
        assert go_on.is_set()
        helped.set()
        return False

    runner = Runner(jobs, ME, work, help_out)
    runner.start(RUN, "emr", "request")
    runner.open()
    assert begun.wait(WAIT)
    go_on.set()
    assert helped.wait(WAIT)
    runner.close(WAIT)


def test_a_job_whose_beginning_was_lost_with_the_answer_of_the_store_is_begun_again() -> None:
    """The commit was kept, its answer was not: nobody is at the job, though it is said to be this process's."""
    jobs = FlakyJobs()
    lost = jobs.begin(RUN, "emr", "request", ME).job
    runner = runner_of(jobs, lambda job: DONE)
    runner.open()
    assert over(jobs, lost.id).state is JobState.DONE
    runner.close(WAIT)


def test_a_piece_that_was_lost_so_is_taken_again_and_one_that_is_held_is_not() -> None:
    jobs = FlakyJobs()
    run = jobs.begin(RUN, "emr", "request", ME).job
    jobs.split(run.id, ME, Split("c", 2, whole=True), [("e1",), ("e2",)])
    assert jobs.take_piece(ME) is not None
    shares = Shares(jobs, ME, lambda: Settings(), 2, threading.Event())
    with shares.piece(run.id) as first, shares.piece() as second, shares.piece() as third:
        assert first is not None
        assert second is not None
        assert ([first.number, second.number], [first.tries, second.tries], third) == ([1, 2], [1, 1], None)
    with shares.piece() as again:  # it was left, its end was not told
        assert again is not None
        assert again.number == 1
    told = jobs.get(run.id)
    assert told is not None
    assert told.problems == ()
