"""What several processes make of a run is what one makes of it, whatever they could not know of one another.

The worst that can happen is tried: a piece has decided, and before it commits, another one decides, commits and writes
(and before that commits, a third one). Afterwards host and store stand as after a run by one process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import count, cycle
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from builders import condition, coverage, encounter, practitioner, procedure, ref
from massage_billing.fhir import names
from massage_billing.fhir.claim_state import encounters_named
from massage_billing.model import Paper, PaperKind
from massage_billing.ports import Entry, VisitState
from massage_billing.service import Billing
from massage_billing.side_by_side import Found, SideBySide, merged, split
from veterans import World

TEN_MINUTES = timedelta(minutes=10)
ALL = 2**20 - 1
NPIS = ("1234567893", "1245319599")
PEOPLE = 3
PAPERS = tuple(
    Paper(
        PaperKind.REFERRAL, f"papers.csv:{n + 2}", f"Patient/p{n}", number=f"V{n}", payer="va", visits=3,
        start=date(2026, 10, 1),
    )
    for n in range(PEOPLE)
)  # fmt: skip


@dataclass(frozen=True)
class Given:
    """One visit as it is recorded."""

    patient: int
    therapist: int
    day: int
    slot: int
    """Begins so many times twenty minutes after eight."""
    minutes: int | None
    """Of its service; None: nobody wrote them down."""


visits = st.builds(
    Given,
    st.integers(0, PEOPLE - 1),
    st.integers(0, 1),
    st.integers(2, 4),
    st.integers(0, 6),
    st.sampled_from((15, 30, 60, 60, 400, None)),
)


def clinic(recorded: Sequence[Given]) -> World:
    """A clinic with these visits, e0, e1, …"""
    world = World(*PAPERS)
    for n in range(PEOPLE):
        who = ref(f"Patient/p{n}")
        world.put(coverage(f"c{n}", beneficiary=who), condition(f"d{n}", subject=who))
    for n, npi in enumerate(NPIS):
        world.put(practitioner(f"t{n}", npi))
    for number, visit in enumerate(recorded):
        record(world, number, visit)
    return world


def record(world: World, number: int, visit: Given) -> None:
    """Write a visit down, or write it anew."""
    begin, day = 8 * 60 + 20 * visit.slot, f"2026-11-{visit.day:02}"
    end = begin + (visit.minutes or 60)
    times = {
        name: f"{day}T{at // 60:02}:{at % 60:02}:00-07:00" for name, at in (("start", begin), ("end", end))
    }  # fmt: skip
    who = ref(f"Patient/p{visit.patient}")
    diagnosis = [{"condition": ref(f"Condition/d{visit.patient}"), "rank": 1}]
    world.put(
        encounter(f"e{number}", subject=who, period=times, diagnosis=diagnosis),
        procedure(
            f"a{number}",
            mins=visit.minutes,
            subject=who,
            encounter=ref(f"Encounter/e{number}"),
            performer=[{"actor": ref(f"Practitioner/t{visit.therapist}")}],
            performedPeriod=times,
        ),
    )


def standing(world: World) -> dict[str, Any]:
    """How everything stands: decisions in the store, live Claims and open Tasks on the host."""
    rows = {
        row.encounter: (
            row.outcome,
            row.units,
            row.amount,
            sorted({rule for rule, _ in row.holds}),
            row.claim_key,
            row.warnings,
        )
        for row in world.setup.store.rows("clinic")
    }
    claims = sorted(
        (
            key(claim),
            sorted(encounters_named(claim)),
            [(line["productOrService"]["coding"][0]["code"], line["quantity"]["value"]) for line in claim["item"]],
        )
        for claim in world.data.all("Claim")
        if claim["status"] in ("active", "draft")
    )
    tasks = sorted(key(task) for task in world.data.all("Task") if task["status"] == "requested")
    return {"rows": rows, "claims": claims, "tasks": tasks, "pending": world.setup.store.waiting("clinic")}


def key(resource: Any) -> str:
    return next(one["value"] for one in resource["identifier"] if one["system"] == names.SID_CLAIM_KEY)


class LateStore:
    """A store of a process that is slow: before it first commits, something else happens."""

    def __init__(self, store: Any, meanwhile: Callable[[], None]) -> None:
        self._store, self._meanwhile = store, [meanwhile]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def commit(self, entries: Sequence[Entry]) -> set[str]:
        if self._meanwhile:
            self._meanwhile.pop()()
        given_back: set[str] = self._store.commit(entries)
        return given_back


def bits(mask: int) -> Iterator[bool]:
    """The bits of a number, again and again."""
    return cycle(bool(mask >> place & 1) for place in range(20))


def shared_run(world: World, late: Iterator[bool]) -> Found:
    """A run by several processes; where ``late`` says so, one begins and ends the next piece while another is at its
    own."""
    world.now += TEN_MINUTES
    leader = SideBySide(Billing(world.setup))
    found, _ = leader.find()
    left = split(found.groups, processes=2, least=1)
    assert sorted(one for piece in left for one in piece) == sorted(one for group in found.groups for one in group)

    def work() -> None:
        while left:
            piece = left.pop(0)
            store = LateStore(world.setup.store, work_one) if next(late) else world.setup.store
            SideBySide(Billing(replace(world.setup, store=store))).piece(piece, whole=found.whole)

    def work_one() -> None:
        if left:
            piece = left.pop(0)
            store = LateStore(world.setup.store, work_one) if next(late) else world.setup.store
            SideBySide(Billing(replace(world.setup, store=store))).piece(piece, whole=found.whole)

    work()
    leader.settle([one for group in found.groups for one in group])
    leader.finish(found.cursor, news=True)
    return found


@settings(max_examples=60, deadline=None)
@given(
    st.lists(visits, min_size=1, max_size=9),
    st.lists(st.tuples(st.integers(0, 8), visits), max_size=5),
    st.integers(0, 2**20 - 1),
)
@example([Given(0, 0, 2, 0, 60), Given(1, 0, 2, 1, 60)], [], ALL)  # one therapist, two patients at once
@example([Given(0, 0, 2, 0, 60), Given(1, 0, 2, 1, 60)], [(0, Given(0, 0, 3, 0, 60)), (1, Given(1, 0, 2, 1, 30))], ALL)
@example([Given(0, 0, 2, 0, 60), Given(1, 0, 2, 1, 60)], [(0, Given(0, 0, 2, 6, 30)), (1, Given(1, 0, 2, 0, 30))], ALL)
@example([Given(0, 0, 2, 0, 400), Given(1, 0, 2, 0, 400)], [(0, Given(0, 0, 3, 0, 60))], ALL)  # a long day
@example([Given(0, 0, n, 0, 60) for n in (2, 3, 4)] + [Given(0, 0, 4, 6, 60)], [(1, Given(1, 0, 3, 0, 60))], ALL)
@example(  # of a patient's visits one becomes another patient's, one moves behind another, one joins a day
    [
        Given(2, 1, 2, 0, 15),
        Given(0, 0, 2, 2, 30),
        Given(2, 1, 3, 5, 400),
        Given(2, 1, 4, 6, None),
        Given(1, 1, 2, 5, 60),
    ],
    [(3, Given(0, 1, 2, 5, 400)), (0, Given(2, 0, 4, 4, 60))],
    0,
)
@example(
    [Given(1, 0, 4, 0, 400), Given(1, 0, 3, 1, 30), Given(1, 0, 2, 4, None), Given(2, 0, 4, 5, 60)],
    [(2, Given(2, 0, 3, 0, 60)), (0, Given(1, 1, 4, 4, 30)), (2, Given(1, 1, 4, 1, 60))],
    0,
)
def test_many_make_what_one_makes(recorded: list[Given], corrected: list[tuple[int, Given]], late: int) -> None:
    one, many = clinic(recorded), clinic(recorded)
    for changes in ([], corrected, []):
        for number, visit in changes:
            for world in (one, many):
                record(world, number % len(recorded), visit)
        assert one.run().problems == ()
        shared_run(many, bits(late))
        assert standing(many) == standing(one)


class CutOff:
    """A store that somebody cannot reach for a while, from their so manieth question on: others go on meanwhile."""

    def __init__(self, store: Any, asked: int, meanwhile: Callable[[], None]) -> None:
        self._store, self._left, self._meanwhile = store, asked, meanwhile

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if not callable(found):
            return found

        def ask(*given: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left == 0:
                self._meanwhile()
            return found(*given, **named)

        return ask


def cut_off(asked: int) -> bool:
    """Somebody is cut off at this question, and holds to what it promises; False where it asks less often."""
    world = clinic([Given(0, 0, 2, 0, 60)])
    world.put({**world.data.get("Encounter/e0"), "status": "in-progress"})  # type: ignore[dict-item]
    found, _ = SideBySide(Billing(world.setup)).find()

    def meanwhile() -> None:
        record(world, 0, Given(0, 0, 2, 0, 60))
        world.run()
        world.run()

    store = CutOff(world.setup.store, asked, meanwhile)
    SideBySide(Billing(replace(world.setup, store=store))).piece(["e0"], whole=found.whole)
    if store._left > 0:
        return False
    assert world.setup.store.known("clinic", ["e0"])["e0"].state is VisitState.CLAIMED, asked
    assert len(standing(world)["claims"]) == 1, asked
    return True


def test_who_was_cut_off_with_an_older_record_replaces_nothing() -> None:
    """Its lease ran out; another process read the record as it is now, and billed it. Nobody would look again."""
    last = next(asked for asked in count(2) if not cut_off(asked))
    assert last > 4


def test_what_has_to_do_with_each_other_is_in_one_piece() -> None:
    world = clinic([Given(0, 0, 2, 0, 60), Given(1, 0, 2, 0, 60), Given(0, 1, 4, 0, 60), Given(2, 1, 3, 0, 60)])
    leader = SideBySide(Billing(world.setup))
    assert [set(group) for group in leader.find()[0].groups] == [{"e0", "e2"}, {"e1"}, {"e3"}]
    world.run()  # the store now knows that e0 and e1 are of one therapist at once
    for number in range(4):
        world.put({**world.data.get(f"Encounter/e{number}")})  # type: ignore[dict-item]
    world.now += TEN_MINUTES
    found, _ = SideBySide(Billing(world.setup)).find()
    assert [set(group) for group in found.groups] == [{"e0", "e1", "e2"}, {"e3"}]
    assert not found.whole


def test_pieces_are_whole_groups_and_the_smaller_the_less_is_left() -> None:
    groups = [(f"{n}a", f"{n}b") for n in range(100)]
    pieces = split(groups, processes=2)
    assert [one for piece in pieces for one in piece] == [one for group in groups for one in group]
    sizes = [len(piece) for piece in pieces]
    assert (sizes[0], min(sizes[:-1])) == (50, 20)
    assert sizes == sorted(sizes, reverse=True)
    assert all(
        piece.index(f"{n}b") - piece.index(f"{n}a") == 1 for piece in pieces for n in {int(e[:-1]) for e in piece}
    )
    assert [len(piece) for piece in split([tuple(map(str, range(900))), ("x",)], 2)] == [900, 1]
    assert split([], 2) == []


def test_reports_of_parts_are_one_report() -> None:
    world = clinic([Given(0, 0, 2, 0, 60), Given(1, 1, 2, 0, None)])
    whole = clinic([Given(0, 0, 2, 0, 60), Given(1, 1, 2, 0, None)]).run()
    world.now += TEN_MINUTES
    side = SideBySide(Billing(world.setup))
    found, first = side.find()
    parts = [side.piece(group, whole=found.whole) for group in found.groups]
    assert merged([first, *parts, side.settle(["e0", "e1"])]) == replace(whole, outputs=())
