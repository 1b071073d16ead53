"""Whatever is asked, settled and forgotten, in whatever order, the fake and the real memory of asking say the same."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from massage_billing.ports import AheadTask, Habit, QuestionState
from massage_billing.store import open_store
from massage_billing.store.memory import MemoryStore
from store.asking_making import DAY, answered, at, later, question
from store.making import HOST

names = st.sampled_from(["1", "2", "3"])
owners = st.sampled_from(["a", "b", "c"])
minutes = st.integers(0, 5).map(at)
days = st.sampled_from([DAY, DAY + timedelta(days=1), date(2025, 9, 1)])
patients = st.sampled_from(["Patient/1", "Patient/2"])
wanted = st.builds(
    question,
    names,
    host=st.sampled_from([HOST, HOST, "other"]),
    patient=patients,
    payer=st.sampled_from(["bcbs", "aetna"]),
    day=days,
    holder=st.sampled_from(["h1", "h2"]),
)
states = st.sampled_from([QuestionState.LATER, QuestionState.WAITING, QuestionState.GIVEN_UP, QuestionState.ASKING])


@st.composite
def results(draw, row):
    """What may become of a question, said by whoever the row names."""
    if draw(st.booleans()):
        return answered(row, draw(minutes), draw(st.sampled_from(["x", "y"])), written=draw(st.booleans()))
    ticket = draw(st.sampled_from(["", "t1"]))
    made = later(row, draw(st.none() | minutes), state=draw(states), ticket=ticket)
    return replace(made, evidence=draw(st.sampled_from([b"", b"AAA"])))


def by_anybody(row):
    """What may become of a question, said by its owner or by another."""
    return owners.flatmap(lambda owner: results(replace(row, owner=owner)))


tasks = st.builds(
    AheadTask,
    st.sampled_from(["a1", "a2", "b"]),
    st.just("K"),
    days,
    st.just("Task/1"),
    st.sampled_from([None, "1"]),
    st.sampled_from(["", "d1", "d2"]),
    st.none() | patients,
)
habits = st.builds(Habit, st.sampled_from(["bcbs", "aetna"]), st.sampled_from(["BE", "30"]), *[st.integers(0, 3)] * 3)


class BothMemories(RuleBasedStateMachine):
    template: Path
    reached: Counter[str]
    """How often all examples together came to what is compared."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="mb-asking-"))
        shutil.copy(self.template, self.folder / "store.sqlite")
        self.real_store, self.fake_store = open_store(self.folder), MemoryStore()
        self.dead: set[str] = set()
        self.now = at(0)
        both = (self.real_store, self.fake_store)
        self.real, self.fake = (s.asking(lambda o: False if o in self.dead else None, lambda: self.now) for s in both)

    def teardown(self) -> None:
        self.real_store.close()
        shutil.rmtree(self.folder)

    def rows(self, *states):
        """Questions that were claimed, of both hosts; of these states only."""
        every = [row for host in (HOST, "other") for row in self.fake.rows(host, date(2020, 1, 1))]
        return [row for row in every if not states or row.state in states]

    @initialize(data=st.data(), some=st.lists(wanted, min_size=4, max_size=8), owner=owners)
    def begin(self, data, some, owner):
        """Whichever rules an example goes without, there are questions, and some of them are answered."""
        self.claim(some, owner, at(0))
        self.settle_claimed(data, data.draw(minutes))
        self.written_answers(data, "1")

    @rule(some=st.lists(wanted, max_size=4), owner=owners, now=minutes)
    def claim(self, some, owner, now):
        lease = timedelta(minutes=2)
        assert self.real.claim(some, owner, now, lease) == self.fake.claim(some, owner, now, lease)

    @rule(some=st.lists(wanted.flatmap(by_anybody), max_size=4), now=minutes)
    def settle(self, some, now):
        self.now = now
        for asking in (self.real, self.fake):
            asking.settle(some)

    @precondition(lambda self: self.rows())
    @rule(data=st.data(), now=minutes)
    def settle_claimed(self, data, now):
        """What becomes of rows that were claimed, mostly said by the process that claimed them."""
        open_rows = [row for row in self.rows() if row.state is not QuestionState.ANSWERED]
        row = st.sampled_from(open_rows or self.rows())
        said = st.one_of(row.flatmap(results), row.flatmap(results), st.sampled_from(self.rows()).flatmap(by_anybody))
        before = len(self.rows(QuestionState.ANSWERED))
        self.settle(data.draw(st.lists(said, min_size=2, max_size=6)), now)
        self.reached["answered"] += len(self.rows(QuestionState.ANSWERED)) - before

    @rule(owner=owners)
    def die(self, owner):
        self.dead ^= {owner}

    @rule(keys=st.lists(wanted.map(lambda row: (row.key, "CoverageEligibilityResponse/1")), max_size=2))
    def written(self, keys):
        for asking in (self.real, self.fake):
            asking.written(HOST, keys)

    @precondition(lambda self: self.rows(QuestionState.ANSWERED))
    @rule(data=st.data(), number=st.sampled_from("12"))
    def written_answers(self, data, number):
        """Of answers that are recorded, mostly such as are not on the host yet."""
        for host in (HOST, "other"):
            left = [each.row.key for each in self.fake.unwritten(host, 99)]
            keys = left + [row.key for row in self.rows(QuestionState.ANSWERED) if row.host == host]
            drawn = data.draw(st.lists(st.sampled_from(keys), min_size=1, max_size=2)) if keys else []
            self.reached["written"] += len({*drawn} & {*left})
            for asking in (self.real, self.fake):
                asking.written(host, [(key, f"CoverageEligibilityResponse/{number}") for key in drawn])

    @rule(some=st.lists(tasks, max_size=3))
    def save_tasks(self, some):
        for asking in (self.real, self.fake):
            asking.save_tasks(HOST, some)

    @rule(some=st.lists(habits, max_size=3))
    def learn(self, some):
        for asking in (self.real, self.fake):
            asking.learn(some)

    @rule(patient=patients, whole=st.booleans())
    def purge_patient(self, patient, whole):
        if whole:
            assert self.real_store.purge_patient(HOST, patient) == self.fake_store.purge_patient(HOST, patient)
        else:
            assert self.real.purge_patient(HOST, patient) == self.fake.purge_patient(HOST, patient)

    @rule(before=minutes, whole=st.booleans())
    def purge_evidence(self, before, whole):
        if whole:
            assert self.real_store.purge_confirmed(before) == self.fake_store.purge_confirmed(before)
        else:
            assert self.real.purge_evidence(before) == self.fake.purge_evidence(before)

    @invariant()
    def same_questions(self):
        coverages = [f"Coverage/{name}" for name in "123"]
        for host in (HOST, "other"):
            assert list(self.real.rows(host, date(2020, 1, 1))) == list(self.fake.rows(host, date(2020, 1, 1)))
            assert self.real.questions(host, coverages) == self.fake.questions(host, coverages)
            assert self.real.waiting(host, at(3)) == self.fake.waiting(host, at(3))

    @invariant()
    def same_answers(self):
        coverages = [f"Coverage/{name}" for name in "123"]
        assert self.real.answers(HOST, coverages) == self.fake.answers(HOST, coverages)
        assert self.real.answered_since(HOST, at(2)) == self.fake.answered_since(HOST, at(2))
        for limit in (2, 99):
            assert self.real.unwritten(HOST, limit) == self.fake.unwritten(HOST, limit)
        for row in self.rows():
            assert self.real.evidence(row.key) == self.fake.evidence(row.key)

    @invariant()
    def same_tasks_and_habits(self):
        assert self.real.tasks(HOST) == self.fake.tasks(HOST)
        assert self.real.habits() == self.fake.habits()


@pytest.mark.slow
def test_the_fake_remembers_as_the_database_does(tmp_path):
    open_store(tmp_path / "store.sqlite").close()
    BothMemories.template = tmp_path / "store.sqlite"
    BothMemories.reached = Counter()
    phases = set(Phase) - {Phase.shrink, Phase.explain}
    few = settings(
        max_examples=60,
        stateful_step_count=20,
        deadline=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(BothMemories, settings=few)
    print(dict(BothMemories.reached))
    assert BothMemories.reached["answered"] > 50
    assert BothMemories.reached["written"] > 10
