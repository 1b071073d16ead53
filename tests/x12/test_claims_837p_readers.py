"""An 837P is what others read in it: pyx12 by its maps of the guide, x12sdk and linuxforhealth-x12 by their models.

Readers of the same lineage lose or refuse some of what the guide allows; what they cannot read is left out by name.
"""

from __future__ import annotations

import io
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claims_837p_cases import RECEIVER, SUBMITTER, claim, envelope, line, many, second, varied
from claims_837p_read import claims, of_model, of_segments, told
from massage_billing.model.professional import Insured, ProfessionalClaim
from massage_billing.x12.claims_837p import write_837p
from massage_billing.x12.segments import Ended, Transaction, read_pieces, read_transactions

CACHE = Path(__file__).resolve().parents[2] / ".cache"
CHILD = Path(__file__).with_name("claims_837p_child.py")
LINUXFORHEALTH = ("linuxforhealth-x12==0.57.0", "pydantic<2")
BATCH, BATCHES = 40, 25
SEEDS = st.integers(0, 2**64)
"""Of the standard library's random numbers: drawn one by one, a claim of fifty lines takes Hypothesis a second."""


def written(drawn: Iterable[ProfessionalClaim], **options: Any) -> bytes:
    return b"".join(write_837p(envelope(), SUBMITTER, RECEIVER, drawn, reference="B1", **options))


def pyx12_errors(data: bytes) -> list[Any]:
    """What pyx12 has against a file; empty where it accepts it."""
    from pyx12.params import ParamsBase
    from pyx12.x12n_document import x12n_document

    report = io.StringIO()
    accepted = x12n_document(ParamsBase(), io.StringIO(data.decode("ascii")), io.StringIO(), None, fd_json=report)
    return [] if accepted else [report.getvalue()]


def readable(one: ProfessionalClaim) -> bool:
    """x12sdk and linuxforhealth-x12 drop all but the last payer's 2430 of a line."""
    return all(len({place for place, _ in line.others}) <= 1 for line in one.lines)


def tame(one: ProfessionalClaim) -> ProfessionalClaim:
    """x12sdk and linuxforhealth-x12 refuse DMG03 U, and take the REF of 2310D for an NM1."""
    return replace(
        one, subscriber=_known(one.subscriber), patient=_known(one.patient) if one.patient else None,
        supervising=replace(one.supervising, state_license="") if one.supervising else None,
    )  # fmt: skip


def _known(insured: Insured) -> Insured:
    return replace(insured, gender="F") if insured.gender == "U" else insured


@pytest.mark.slow
@settings(max_examples=BATCHES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(SEEDS)
def test_pyx12_accepts_a_thousand_varied_claims_that_are_drawn(seed: int) -> None:
    draw = random.Random(seed)
    assert pyx12_errors(written(varied(draw, number) for number in range(BATCH))) == []


@pytest.mark.slow
def test_pyx12_accepts_a_file_of_claims_that_share_levels_in_several_transactions() -> None:
    assert pyx12_errors(written(many(300, seed=2), most_claims=120)) == []


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(SEEDS)
def test_what_was_written_is_read_back_field_by_field(seed: int) -> None:
    draw = random.Random(seed)
    drawn = [varied(draw, number) for number in range(3)]
    (transaction,) = read_transactions(written(drawn))
    assert list(claims(of_segments(transaction))) == [told(one, SUBMITTER.phone) for one in drawn]


def test_a_file_of_a_thousand_is_read_back_field_by_field() -> None:
    drawn = list(many(1000, seed=3))
    pieces = list(read_pieces(written(drawn, most_claims=300)))
    transactions = [piece for piece in pieces if isinstance(piece, Transaction)]
    assert len(transactions) == 4
    assert [one for piece in pieces for one in getattr(piece, "oddities", ())] == []
    assert isinstance(pieces[-1], Ended)
    back = [one for transaction in transactions for one in claims(of_segments(transaction))]
    assert back == [told(one, SUBMITTER.phone) for one in drawn]


def same_numbers(segment: str) -> str:
    """x12sdk writes 0.5 for .5."""
    return "*".join(f"0{part}" if part.startswith(".") else part for part in segment.split("*"))


def test_x12sdk_reads_back_what_was_written_and_writes_the_same_again() -> None:
    from x12sdk.io import X12ModelReader

    drawn = [tame(one) for one in many(300, seed=4) if readable(one)]
    assert len(drawn) > 250
    assert any(one.rank == "T" for one in drawn)
    for one in drawn:
        data = written([one])
        with X12ModelReader(data.decode("ascii")) as reader:
            (model,) = reader.models()
        assert list(claims(of_model("ST", json.loads(model.model_dump_json())))) == [told(one, SUBMITTER.phone)]
        again = [segment.strip() for segment in model.x12().split("~") if segment.strip()]
        assert again == [same_numbers(segment) for segment in data.decode("ascii").split("~")[2:-3]]


@pytest.fixture(scope="module")
def linuxforhealth() -> str:
    """A python with linuxforhealth-x12, which needs a pydantic that is not ours: MB_LINUXFORHEALTH_PYTHON, or made."""
    if os.environ.get("MB_LINUXFORHEALTH_PYTHON"):
        return os.environ["MB_LINUXFORHEALTH_PYTHON"]
    place = CACHE / "linuxforhealth-x12"
    python = place / "bin" / "python"
    if subprocess.run([python, "-c", "import linuxforhealth.x12.io"], check=False).returncode if python.exists() else 1:
        CACHE.mkdir(exist_ok=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
        command = [str(python), "-m", "pip", "install", "-q", *LINUXFORHEALTH]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("linuxforhealth-x12 could not be installed: set MB_LINUXFORHEALTH_PYTHON to a python with it")
    return str(python)


@pytest.mark.slow
def test_linuxforhealth_reads_back_what_was_written(linuxforhealth: str, tmp_path: Path) -> None:
    drawn = [tame(one) for one in many(300, seed=5) if readable(one)]
    files = tmp_path / "files.json"
    files.write_text(json.dumps([written([one]).decode("ascii") for one in drawn]), encoding="utf-8")
    done = subprocess.run([linuxforhealth, str(CHILD), str(files)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    read = [json.loads(text, parse_float=str, parse_int=str) for text in done.stdout.splitlines()]
    back = [one for found in read for one in claims(of_model("ST", found))]
    assert back == [told(one, SUBMITTER.phone) for one in drawn]


def swapped(data: bytes, place: int) -> bytes:
    """Two neighbouring segments change places; the counts stay right."""
    segments = data.decode("ascii").split("~")
    segments[place], segments[place + 1] = segments[place + 1], segments[place]
    return "~".join(segments).encode("ascii")


@pytest.mark.slow
def test_neighbours_that_change_places_are_noticed_by_reading_back_or_by_pyx12() -> None:
    for one in (second(), claim(rendering=None, lines=(line(control="L1"),))):
        data = written([one])
        wanted = [told(one, SUBMITTER.phone)]
        for place in range(3, data.count(b"~") - 4):
            assert _read(swapped(data, place)) != wanted or pyx12_errors(swapped(data, place)), place


@pytest.mark.slow
def test_elements_that_change_places_are_noticed() -> None:
    data = written([second()]).decode("ascii").split("~")
    wanted = [told(second(), SUBMITTER.phone)]
    tried = 0
    for number, segment in enumerate(data[3:-4], 3):
        parts = segment.split("*")
        for place in range(1, len(parts) - 1):
            if parts[place] == parts[place + 1]:
                continue
            other = [*parts[:place], parts[place + 1], parts[place], *parts[place + 2 :]]
            changed = "~".join([*data[:number], "*".join(other), *data[number + 1 :]]).encode("ascii")
            assert _read(changed) != wanted or pyx12_errors(changed), (segment, place)
            tried += 1
    assert tried > 100


def _read(data: bytes) -> list[ProfessionalClaim] | None:
    try:
        return [one for transaction in read_transactions(data) for one in claims(of_segments(transaction))]
    except (AssertionError, KeyError, ValueError, ArithmeticError, IndexError):
        return None
