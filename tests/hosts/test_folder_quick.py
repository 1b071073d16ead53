"""The quick way of placing a line places it as the careful one does, or leaves it alone."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from massage_billing.clinic_maker import make_clinic
from massage_billing.hosts.folder_quick import quick_place
from massage_billing.hosts.folder_records import Place, Unusable, place

kinds = st.sampled_from(["Encounter", "Procedure", "Condition", "Coverage", "Patient", "Claim", "Nonsense"])
ids = st.sampled_from(["a", "a-1", "A.b_c", "", "a b", "ä", "a/b", "x" * 200, 7, None])
literals = st.sampled_from(
    ["Patient/p1", "Patient/p1/_history/2", "https://x.example/fhir/Patient/p1", "urn:uuid:p1", "#p", "Patient/", "",
     "Encounter/e1", "Encounter/e 1", "Group/g1", 7, None]
)  # fmt: skip
references = st.one_of(
    st.none(),
    st.just("Patient/p1"),
    st.builds(lambda literal: {"reference": literal}, literals),
    st.just({"identifier": {"system": "s", "value": "v"}}),
    st.just([{"reference": "Patient/p1"}]),
)
identifiers = st.one_of(
    st.just(None),
    st.just({}),
    st.lists(st.sampled_from([{"system": "s", "value": "v"}, {"value": "w"}, {"system": "s"}, {"value": "a\tb"}, 7])),
)
periods = st.sampled_from(
    [
        {"start": "2026-11-20T10:00:00Z"},
        {"start": "2026", "end": "2026-11-21"},
        {},
        None,
        "x",
        {"start": 7},
        {"end": ""},
    ]
)


def careful(resource: Any) -> Place | None:
    try:
        return place(resource)
    except Unusable:
        return None


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "resourceType": kinds,
            "id": ids,
            "subject": references,
            "beneficiary": references,
            "encounter": references,
            "identifier": identifiers,
            "period": periods,
            "text": st.text(max_size=5),
        },
    ),
    st.booleans(),
)
def test_both_ways_agree(resource: dict[str, Any], spaced: bool) -> None:
    line = json.dumps(resource).encode() if spaced else orjson.dumps(resource)
    found = quick_place(line + b"\n")
    if found is not None:
        assert found == careful(resource)


def test_what_an_export_is_made_of_is_placed_quickly(tmp_path: Path) -> None:
    make_clinic(tmp_path, 600)
    quick = 0
    lines = [line for file in sorted(tmp_path.glob("*.ndjson")) for line in file.read_bytes().splitlines(keepends=True)]
    for line in lines:
        found = quick_place(line)
        if found is not None:
            quick += 1
            assert found == place(orjson.loads(line))
    assert quick > len(lines) * 0.9


@pytest.mark.parametrize("seed", range(5))
def test_what_is_not_sound_json_is_never_taken(tmp_path: Path, seed: int) -> None:
    make_clinic(tmp_path, 20)
    lines = [line for kind in ("Encounter", "Procedure") for line in (tmp_path / f"{kind}.000.ndjson").open("rb")]
    chance = random.Random(seed)
    for _ in range(2000):
        line = bytearray(chance.choice(lines))
        at = chance.randrange(len(line))
        if chance.random() < 0.5:
            line[at] = chance.choice(b'{}[]",:0-eE.nt\x01\xff')
        else:
            del line[at : at + chance.randint(1, 9)]
        if quick_place(bytes(line)) is not None:
            orjson.loads(line)
