"""Files come twice, in any order, and their taking is killed: the claims stand the same in the end."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claims_answers import ack, era, paid, status
from claims_clinic import DATABASE, HOST, Billed, put, seed
from journeys.forked import forking
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports.ledger import Submission
from massage_billing.remittance.answers import Answers
from massage_billing.store.memory import MemoryStore

KILLS = 12
CLAIMS = 1_500
SEED = int(os.environ.get("MB_TEST_KILL_SEED", "20261123"))


# --- any order --------------------------------------------------------------------------------------------------------


def answers_to(claims: Sequence[Submission], draw: random.Random) -> list[bytes]:
    """What may come back of some claims, each claim with another life."""
    said, paying = [], []
    for one in claims:
        told = draw.choice(("A1:19", "A2:20", "A3:21", "A7:562:85", ""))
        if told:
            said.append(status(1, (one.key, told, f"N{draw.randrange(9)}")))
        for kind in draw.choice(([], ["1"], ["4"], ["1", "22"], ["1", "22", "1"], ["2"])):
            number = f"P{draw.randrange(9)}"
            paying.append(era(paid(one, status=kind, sign=-1 if kind == "22" else 1, number=number),
                              trace=f"EFT{len(paying)}"))  # fmt: skip
    whole = draw.choice((ack(1, ("0001", "A")), ack(1, ("0001", "R"), group="R"), ack(1, group="A")))
    return [whole, *said, *paying]


def stand(answers: Answers) -> dict[str, tuple[ClaimStanding, Counter[str]]]:
    """How every claim stands, and what was said of it."""
    ledger = answers.setup.ledger
    return {one.key: (one.standing, Counter(said.words for said in ledger.life(one.key))) for one in ledger.all(HOST)}


@pytest.fixture(scope="module")
def setup(exported: Billed, tmp_path_factory: pytest.TempPathFactory) -> tuple[Answers, list[Submission], Path]:
    folder = tmp_path_factory.mktemp("files")
    clinic = exported.copied(folder / "clinic")
    with clinic.answers() as answers:
        yield answers, [one for one in clinic.sent() if len(one.lines) == 1][:4], folder


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), data=st.data())
def test_the_order_of_files_makes_no_difference_and_twice_is_once(
    setup: tuple[Answers, list[Submission], Path], seed: int, data: st.DataObject
) -> None:
    answers, claims, folder = setup
    files = [put(folder / f"{n}.x12", one) for n, one in enumerate(answers_to(claims, random.Random(seed)))]
    order = data.draw(st.permutations(files))
    again = data.draw(st.lists(st.sampled_from(files), max_size=5))
    found = []
    for given_ in (files, order + again):
        store = MemoryStore()
        ledger = store.ledger()
        for number in (1, 2):
            batch = answers.setup.ledger.batch(HOST, number)
            assert batch is not None
            ledger.next_batch()
            ledger.commit_batch(batch, [replace(one, standing=ClaimStanding.EXPORTED)
                                        for one in answers.setup.ledger.of_batch(HOST, number)])  # fmt: skip
        taker = Answers(replace(answers.setup, store=store, ledger=ledger))
        for file in given_:
            taker.take(file)
        rows = Counter(replace(row, at=None) for row in ledger.adjustments(None, None))
        found.append((stand(taker), rows, sorted(one.file for one in ledger.files())))
    assert found[0] == found[1]


# --- killed -----------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgresql"])
def big(request: pytest.FixtureRequest, exported: Billed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Billed:
    """A clinic with many sent claims."""
    clinic = exported.copied(tmp_path / "clinic")
    if request.param == "postgresql":
        monkeypatch.setenv(DATABASE, request.getfixturevalue("postgresql_url"))
        clinic = replace(clinic, database=True)
        clinic.write_settings()
    like = next(one for one in exported.sent() if len(one.lines) == 1)
    with clinic.ledger() as ledger:
        seed(ledger, like, CLAIMS)
    return clinic


@pytest.mark.slow
def test_a_file_whose_taking_is_killed_is_applied_whole_or_not_at_all(big: Billed, tmp_path: Path) -> None:
    """Every file is given until it was taken to the end, and counts once for every claim."""
    draw = random.Random(SEED)
    claims = [one for one in big.sent() if one.key.startswith("MBSEED")]
    applied: set[str] = set()
    with forking() as forker:
        usual, killed, number = 0.0, 0, 0
        while killed < KILLS:
            file = put(tmp_path / f"{number}.835", era(*(paid(one) for one in claims), trace=f"EFT{number}"))
            arguments = ["receive", "--settings", str(big.file), "--json", str(file)]
            number += 1
            if not usual:
                at = datetime.now()
                forker.run(arguments)
                usual = (datetime.now() - at).total_seconds()
                print(f"seed {SEED}: {KILLS} kills between 0 and {usual:.2f} s")
            else:
                killed += forker.killed_after(arguments, draw.uniform(0, usual))
            with big.ledger() as ledger:
                files = {one.file for one in ledger.files()}
                assert len(files - applied) <= 1
                applied = files
                assert len(ledger.life(claims[0].key)) == len(ledger.life(claims[-1].key)) == len(files)
                assert sum(1 for _ in ledger.adjustments(None, None)) == 2 * CLAIMS * len(files)
        forker.run(
            ["receive", "--settings", str(big.file), "--json", *(str(tmp_path / f"{n}.835") for n in range(number))]
        )
    with big.ledger() as ledger:
        assert len(ledger.files()) == number
        assert {len(ledger.life(one.key)) for one in claims} == {number}
    responses = big.resources("ClaimResponse")
    keys = Counter(one["identifier"][0]["value"] for one in responses.values())
    assert (len(keys), set(keys.values())) == (number * CLAIMS, {1})
