"""Whatever happens to visits and claims, in whatever order: the desk's fake and the real one answer the same, and what
is counted as it comes and goes is what counting anew would find."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from massage_billing.model import Ruling, RulingKind
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports import Entry, VisitRow
from massage_billing.ports.desk import ClaimFilter, Desk, HoldFilter, HoldOrder, Overtaken
from massage_billing.store import open_store
from massage_billing.store.memory import MemoryStore
from massage_billing.store.sql import SqlStore
from massage_billing.store.tally import month_of, week_of
from store.desk_making import DAY, NOON, days, rows, sent, work
from store.ledger_making import batch, submission
from store.making import HOST

numbers = st.sampled_from(["1", "2", "3"])
RULING = Ruling(RulingKind.BILL, "so", "kim", NOON)
patients = st.sampled_from(["Patient/1", "Patient/2"])


@st.composite
def visits(draw: st.DrawFn) -> VisitRow:
    """Of three visits, so that each changes often; a claim key is of its visit, or of another of its day."""
    encounter = draw(numbers)
    key = f"MB{draw(st.sampled_from([encounter, encounter, encounter, '1']))}-{draw(st.integers(0, 1))}"
    return replace(draw(rows()), encounter=encounter, patient=draw(patients), claim_key=key)


class BothDesks(RuleBasedStateMachine):
    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="mb-desk-"))
        shutil.copy(self.template, self.folder / "store.sqlite")
        self.real, self.fake = open_store(self.folder), MemoryStore()
        self.both: tuple[SqlStore | MemoryStore, ...] = (self.real, self.fake)

    def teardown(self) -> None:
        self.real.close()
        shutil.rmtree(self.folder)

    @rule(some=st.lists(visits(), min_size=1, max_size=3))
    def commit(self, some: list[VisitRow]) -> None:
        for store in self.both:
            store.commit([Entry(one, at=NOON) for one in some])

    @rule(some=st.lists(visits(), max_size=2))
    def confirm(self, some: list[VisitRow]) -> None:
        known = self.fake.known(HOST, "123")
        mine = [one for one in some if one.encounter in known]
        changed = [replace(known[one.encounter], state=one.state, holds=one.holds) for one in mine]
        for store in self.both:
            store.confirm(HOST, [], changed)

    @rule(encounter=numbers, revision=st.integers(0, 1), standing=st.sampled_from(ClaimStanding), patient=patients)
    def mark(self, encounter: str, revision: int, standing: ClaimStanding, patient: str) -> None:
        named = replace(submission("A"), encounter=encounter, key=f"MB{encounter}-{revision}", patient=patient)
        row = VisitRow(HOST, encounter, patient, DAY, "claimed", "claim", claim_key=named.key)  # type: ignore[arg-type]
        for store in self.both:
            store.ledger().mark(*sent(row, standing))

    @rule(encounter=numbers, patient=patients)
    def send(self, encounter: str, patient: str) -> None:
        for store in self.both:
            ledger = store.ledger(clock=lambda: NOON)
            number = ledger.next_batch()
            claim = replace(submission("A", batch=number), encounter=encounter, key=f"MB{encounter}-0", patient=patient)
            ledger.commit_batch(batch(number, claim), [claim])

    @rule(number=st.integers(1, 3))
    def drop(self, number: int) -> None:
        for store in self.both:
            store.ledger(clock=lambda: NOON).drop_batch(HOST, number, "kim", "never sent")

    @rule(patient=patients, whole=st.booleans())
    def forget(self, patient: str, whole: bool) -> None:
        for store in self.both:
            if whole:
                store.purge_patient(HOST, patient)
            else:
                store.ledger().purge_patient(HOST, patient)

    @rule(encounter=numbers, seen=st.integers(0, 2), decides=st.booleans())
    def at_the_desk(self, encounter: str, seen: int, decides: bool) -> None:
        answers: list[Any] = []
        for store in self.both:
            try:
                if decides:
                    answers.append(store.desk().decide(HOST, encounter, seen, RULING))
                else:
                    answers.append(store.desk().assign(HOST, encounter, seen, work()))
            except Overtaken as told:
                answers.append(told.now.version)
        assert answers[0] == answers[1]

    @rule(encounter=numbers)
    def on_the_command_line(self, encounter: str) -> None:
        for store in self.both:
            store.rule(HOST, encounter, RULING)

    @rule(first=st.none() | days, last=st.none() | days, who=st.sampled_from([None, "", "Practitioner/1"]))
    def look(self, first: Any, last: Any, who: str | None) -> None:
        real, fake = (store.desk() for store in self.both)
        which = ClaimFilter(first=first, last=last, therapist=who)
        assert real.claim_sums(HOST, which) == fake.claim_sums(HOST, which)
        assert _listed(real, which) == _listed(fake, which)
        holds = HoldFilter(therapist=who)
        assert _shown(real, holds) == _shown(fake, holds)
        if first is not None and last is not None:
            assert real.claim_days(HOST, first, last, who) == fake.claim_days(HOST, first, last, who)

    @invariant()
    def the_same(self) -> None:
        real, fake = (store.desk() for store in self.both)
        assert real.hold_sums(HOST, HoldFilter()) == fake.hold_sums(HOST, HoldFilter())
        assert real.claim_sums(HOST, ClaimFilter()) == fake.claim_sums(HOST, ClaimFilter())
        assert real.payers(HOST) == fake.payers(HOST)
        for encounter in "123":
            mine, theirs = real.hold(HOST, encounter), fake.hold(HOST, encounter)
            assert (mine and (mine.visit, mine.work.version)) == (theirs and (theirs.visit, theirs.work.version))

    @invariant()
    def counted_is_what_counting_anew_finds(self) -> None:
        recounted(self.real)


def _listed(desk: Desk, which: ClaimFilter) -> list[Any]:
    return [(one.visit, one.standing, one.since) for one in desk.claims(HOST, which).rows]


def _shown(desk: Desk, which: HoldFilter) -> list[VisitRow]:
    return [one.visit for one in desk.holds(HOST, which, HoldOrder.DOLLARS).rows]


def recounted(store: SqlStore) -> None:
    """Assert that months and weeks are what the rows of the visits come to."""
    with store._reading() as connection:
        months: dict[tuple[Any, ...], list[int]] = {}
        weeks: dict[tuple[Any, ...], int] = {}
        names = "listed, standing, payer, draft, therapists, cents, days"
        for listed, standing, payer, draft, who, cents, took in connection.execute(
            text(f"SELECT {names} FROM visits WHERE listed IS NOT NULL")
        ):
            day = type(DAY).fromisoformat(str(listed))
            kept = months.setdefault((str(month_of(day)), standing, payer or "", bool(draft), who), [0, 0])
            kept[0] += 1
            kept[1] += cents or 0
            if took is not None:
                week = (str(week_of(day)), took, who)
                weeks[week] = weeks.get(week, 0) + 1
        columns = "month, standing, payer, draft, therapists, claims, cents"
        tally = connection.execute(text(f"SELECT {columns} FROM claim_tally"))
        assert {(str(m), s, p, bool(d), t): [n, int(c)] for m, s, p, d, t, n, c in tally} == months
        pace = connection.execute(text("SELECT week, days, therapists, claims FROM claim_pace"))
        assert {(str(week), took, who): number for week, took, who, number in pace} == weeks


@pytest.mark.slow
def test_the_fake_answers_as_the_desk_does(tmp_path: Path) -> None:
    open_store(tmp_path / "store.sqlite").close()
    BothDesks.template = tmp_path / "store.sqlite"
    phases = set(Phase) - {Phase.shrink, Phase.explain}
    few = settings(
        max_examples=40, stateful_step_count=25, deadline=None, phases=phases, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(BothDesks, settings=few)
