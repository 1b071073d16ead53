"""Whatever is done to them, in whatever order, the fake and the real store answer the same."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from massage_billing.errors import HostBusy
from massage_billing.model import PaperCount, PaperUse, Ruling, RulingKind, UseState, Worked
from massage_billing.ports import Entry, Touched, VisitRow, VisitState, WriteResult
from massage_billing.store import open_store
from massage_billing.store.memory import MemoryStore
from store.making import HOST, NOON, done, group, key, row

encounters = st.sampled_from(["1", "2", "3", "4"])
patients = st.sampled_from(["Patient/1", "Patient/2", None])
references = st.sampled_from(["Coverage/1", "Coverage/2", "Procedure/1", "Condition/1"])
versions = st.sampled_from(["", "1", "2", "3"])
kinds = st.sampled_from(["claim", "task"])
moments = st.integers(0, 3).map(lambda hours: NOON + timedelta(hours=hours))
rows = st.builds(
    row,
    encounters,
    host=st.sampled_from([HOST, HOST, "other"]),
    patient=patients,
    state=st.sampled_from(VisitState),
    date=st.sampled_from([date(2026, 11, 3), date(2026, 11, 4), None]),
    due=st.none() | moments,
    rulebook=st.sampled_from(["r1", "r2"]),
    digest=st.sampled_from(["d1", "d2"]),
    claim=st.sampled_from([None, "Claim/1", "Claim/2"]),
    task_version=st.sampled_from([None, "1"]),
)


dates = st.sampled_from([date(2026, 11, 3), date(2026, 11, 4)])
therapist_days = st.tuples(st.sampled_from(["1234567893", "Practitioner/2"]), dates)


papers = st.sampled_from(["authorization:A1", "authorization:A2", "injury:plan:"])


@st.composite
def counts(draw: st.DrawFn, visit: VisitRow) -> dict[str, object]:
    """What a visit uses of papers, and what had been counted: mostly what the first visits would see."""
    if visit.patient is None or visit.date is None or draw(st.booleans()):
        return {}
    of = draw(st.lists(papers, unique=True, max_size=2))
    state, units = draw(st.sampled_from(UseState)), draw(st.integers(0, 4))
    uses = tuple(PaperCount(visit.patient, p, visit.encounter, visit.date, 1, units, state) for p in of)
    seen = draw(st.lists(st.builds(PaperUse, papers, st.integers(0, 1), st.just(0)), max_size=1))
    return {"uses": uses, "counted": tuple(seen)}


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    visit = draw(rows)
    used = draw(st.dictionaries(references, versions).map(lambda d: tuple(d.items())))
    to_write = draw(st.none() | st.builds(group, st.just(visit.encounter), kinds, st.binary(max_size=3)))
    worked = draw(
        st.dictionaries(therapist_days, st.integers(0, 90)).map(
            lambda d: tuple(Worked(who, day, visit.encounter, minutes) for (who, day), minutes in d.items())
        )
    )
    counted = draw(counts(visit))
    return Entry(visit, used, to_write, draw(st.sampled_from(["", "decided"])), worked, **counted)


touches = st.builds(Touched, references, versions, st.none() | encounters, patients)


class BothStores(RuleBasedStateMachine):
    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="mb-store-"))
        shutil.copy(self.template, self.folder / "store.sqlite")
        self.real, self.fake = open_store(self.folder), MemoryStore()

    def teardown(self) -> None:
        self.real.close()
        shutil.rmtree(self.folder)

    @rule(some=st.lists(entries(), max_size=4))
    def commit(self, some):
        assert self.real.commit(some) == self.fake.commit(some)

    @rule(some=st.lists(encounters, max_size=2))
    def sent(self, some):
        for store in (self.real, self.fake):
            store.sent(HOST, some)

    @rule(limit=st.integers(1, 5))
    def pending(self, limit):
        assert self.real.pending(HOST, limit) == self.fake.pending(HOST, limit)

    @rule(names=st.lists(st.tuples(encounters, kinds, st.booleans()), max_size=3), some=st.lists(rows, max_size=2))
    def confirm(self, names, some):
        busy = HostBusy("busy")
        results = [done(e, kind) if good else WriteResult(key(e, kind), problem=busy) for e, kind, good in names]
        for store in (self.real, self.fake):
            store.confirm(HOST, results, [visit for visit in some if visit.host == HOST])

    @rule(encounter=encounters, kind=kinds)
    def failed(self, encounter, kind):
        for store in (self.real, self.fake):
            store.failed(HOST, key(encounter, kind), "busy")

    @rule(touched=st.lists(touches, max_size=5))
    def waking(self, touched):
        assert self.real.waking(HOST, touched) == self.fake.waking(HOST, touched)

    @rule(days=st.lists(st.tuples(patients.filter(bool), dates), max_size=3))
    def same_day(self, days):
        assert self.real.same_day(HOST, days) == self.fake.same_day(HOST, days)

    @rule(days=st.lists(therapist_days, max_size=3), some=st.lists(encounters, max_size=2))
    def worked(self, days, some):
        assert self.real.worked(HOST, days, some) == self.fake.worked(HOST, days, some)

    @rule(encounter=encounters, at=moments, kind=st.sampled_from(RulingKind))
    def decide(self, encounter, at, kind):
        for store in (self.real, self.fake):
            store.rule(HOST, encounter, Ruling(kind, "because", "biller", at))

    @rule(some=st.lists(encounters))
    def rulings(self, some):
        assert self.real.rulings(HOST, some) == self.fake.rulings(HOST, some)

    @rule(patient=patients.filter(bool))
    def purge_patient(self, patient):
        assert self.real.purge_patient(HOST, patient) == self.fake.purge_patient(HOST, patient)

    @rule()
    def purge_confirmed(self):
        soon = datetime.now(UTC) + timedelta(hours=1)
        assert self.real.purge_confirmed(soon) == self.fake.purge_confirmed(soon)

    @rule(moment=moments)
    def due(self, moment):
        assert self.real.due(HOST, moment) == self.fake.due(HOST, moment)

    @invariant()
    def same_papers(self):
        real, fake = (s.paper_counts(HOST, ["Patient/1", "Patient/2"]) for s in (self.real, self.fake))
        assert sorted(real, key=repr) == sorted(fake, key=repr)
        assert self.real.due(HOST, NOON) == self.fake.due(HOST, NOON)

    @invariant()
    def same_visits(self):
        assert list(self.real.rows(HOST)) == list(self.fake.rows(HOST))
        assert self.real.known("other", "1234") == self.fake.known("other", "1234")
        assert self.real.open_holds(HOST) == self.fake.open_holds(HOST)
        assert self.real.outdated(HOST, "r1", "") == self.fake.outdated(HOST, "r1", "")
        assert self.real.waiting(HOST) == self.fake.waiting(HOST)

    @invariant()
    def same_trail(self):
        real, fake = ([line[1:] for line in store.trail(HOST)] for store in (self.real, self.fake))
        assert real == fake


@pytest.mark.slow
def test_the_fake_answers_as_the_store_does(tmp_path):
    open_store(tmp_path / "store.sqlite").close()
    BothStores.template = tmp_path / "store.sqlite"
    # No shrinking: it takes minutes; what is printed is short enough to read.
    phases = set(Phase) - {Phase.shrink, Phase.explain}
    few = settings(
        max_examples=60,
        stateful_step_count=20,
        deadline=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(BothStores, settings=few)
