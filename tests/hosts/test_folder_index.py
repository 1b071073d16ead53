"""The pieces of the folder index: look-ups in sorted files, and files read piece by piece."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from massage_billing.hosts.folder_bundle import Broken, entries_of
from massage_billing.hosts.folder_index import Sorted


@pytest.mark.parametrize("longest", [8, 300, 9000])
@pytest.mark.parametrize("count", [0, 1, 2, 50, 3000])
def test_a_sorted_file_gives_the_lines_that_begin_so(tmp_path: Path, longest: int, count: int) -> None:
    chance = random.Random(longest * count)
    names = [f"Type/{chance.randrange(count)}" for _ in range(count)]
    lines = sorted(f"{name}\t{'x' * chance.randrange(longest)}" for name in names)
    (tmp_path / "sorted").write_text("".join(f"{line}\n" for line in lines))
    file = Sorted(str(tmp_path / "sorted"))
    for name in [*chance.sample(names, min(60, count)), "Type/", "A", "Z", "Type/99999"]:
        wanted = [line for line in lines if line.startswith(f"{name}\t")]
        assert list(file.starting(f"{name}\t")) == wanted
    file.close()


def test_a_file_that_is_not_there_has_no_lines(tmp_path: Path) -> None:
    assert list(Sorted(str(tmp_path / "nothing")).starting("a")) == []


json_values = st.recursive(
    st.none() | st.integers(-9, 9) | st.text(alphabet='"\\{}[],:aé\n', max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)
entries = st.lists(
    st.fixed_dictionaries(
        {"resource": st.fixed_dictionaries({"resourceType": st.just("Patient")}, optional={"x": json_values})},
        optional={"fullUrl": st.text(max_size=4), "search": json_values},
    ),
    max_size=5,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
@given(
    entries,
    st.dictionaries(st.sampled_from(["meta", "type", "link", "z"]), json_values, max_size=3),
    st.booleans(),
    st.integers(1, 40),
    st.sampled_from([None, 1]),
)
def test_a_bundle_in_pieces_has_the_same_entries(
    wanted: list[Any], others: dict[str, Any], last: bool, piece: int, indent: int | None
) -> None:
    listed = {"entry": wanted}
    bundle = {**others, **listed} if last else {**listed, **others}
    data = json.dumps(bundle, indent=indent, ensure_ascii=False).encode()
    pieces = [data[at : at + piece] for at in range(0, len(data), piece)]
    found = list(entries_of(pieces))
    assert found == [(entry.get("fullUrl", ""), entry["resource"]) for entry in wanted]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
@given(st.lists(st.fixed_dictionaries({"id": st.text(max_size=4)}), max_size=5), st.integers(1, 30))
def test_a_list_in_pieces_has_the_same_elements(wanted: list[Any], piece: int) -> None:
    data = json.dumps(wanted).encode()
    found = list(entries_of([data[at : at + piece] for at in range(0, len(data), piece)]))
    assert found == [("", one) for one in wanted]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
@given(entries.filter(bool), st.data())
def test_a_bundle_that_ends_early_is_broken_after_its_whole_entries(wanted: list[Any], data: st.DataObject) -> None:
    whole = json.dumps({"resourceType": "Bundle", "entry": wanted}).encode()
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    found: list[tuple[str, object]] = []
    with pytest.raises(Broken):
        found.extend(entries_of([cut]))
    assert found == [(entry.get("fullUrl", ""), entry["resource"]) for entry in wanted][: len(found)]
