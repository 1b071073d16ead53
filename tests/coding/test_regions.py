"""Body regions: what is apart from what, and what nobody can read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massage_billing.coding.regions import apart, parts, read_regions
from massage_billing.errors import RuleFileError
from visits import RULES, book, decide

TABLE = read_regions((RULES / "tables" / "body-regions.csv").read_text(encoding="utf-8"), "body-regions.csv")
SCT = "http://snomed.info/sct|"
HEAD = "region,parts,sides,words,snomed,left,right\n"
named = st.sampled_from([*sorted(TABLE), "usual spot", f"{SCT}1", "Neck ", "C-Spine"])
recorded = st.lists(named, max_size=3)


@given(recorded, recorded)
def test_apart_is_the_same_from_both_sides(ones: list[str], others: list[str]) -> None:
    assert apart(ones, others, TABLE) is apart(others, ones, TABLE)


@given(recorded, recorded)
def test_nothing_is_apart_from_itself_or_from_what_names_it_too(ones: list[str], others: list[str]) -> None:
    assert not apart(ones, ones, TABLE)
    assert not apart(ones, [*ones, *others], TABLE)


@given(recorded.filter(bool), recorded, named)
def test_another_region_never_makes_two_services_apart(ones: list[str], others: list[str], more: str) -> None:
    assert apart(ones, others, TABLE) or not apart([*ones, more], others, TABLE)


@given(recorded, recorded)
def test_what_the_table_does_not_know_is_apart_from_nothing(ones: list[str], others: list[str]) -> None:
    assert not apart([*ones, "usual spot"], others, TABLE)
    assert not apart([], others, TABLE)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("neck", "cervical spine"), ("neck", f"{SCT}45048000"), (f"{SCT}45048000", f"{SCT}122494005"),
        ("low back", "lower back"), ("low back", "lumbar"), ("low back", "sacrum"), ("back", "upper back"),
        ("back", "lumbar spine"), ("spine", "neck"), ("spine", "back"), ("mid back", "upper back"),
        ("mid back", "low back"), ("shoulder", "left shoulder"), ("left arm", "left elbow"), ("arms", "right hand"),
        ("upper back", "left shoulder"), ("head and neck", "neck"), ("whole body", "left foot"), ("hip", "pelvis"),
        ("C-Spine", "Neck"), ("l shoulder", "shoulder left"), (f"{SCT}91775009", "left shoulder"),
    ],
)  # fmt: skip
def test_one_region_or_a_part_of_the_other(one: str, other: str) -> None:
    assert parts(one, TABLE)
    assert parts(other, TABLE)
    assert not apart([one], [other], TABLE)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("neck", "low back"), ("neck", "upper back"), ("upper back", "lower back"), ("left shoulder", "right shoulder"),
        (f"{SCT}91775009", f"{SCT}91774008"), ("left leg", "right knee"), ("neck", "legs"), ("head", "neck"),
        (f"{SCT}45048000", "lower back"), ("upper-back", "left-hip"), ("shoulder", "neck"),
    ],
)  # fmt: skip
def test_separate_regions(one: str, other: str) -> None:
    assert apart([one], [other], TABLE)


def test_the_finding_names_the_field_and_not_the_word() -> None:
    services = [{"code": "98940", "regions": ["neck"]}, {"code": "97124", "minutes": 15, "regions": ["usual spot"]}]
    decision = decide(services=services, fees={"98940": "50.00", "97124": "35.00"})
    found = [f for f in decision.findings if f.rule == "body-region"]
    assert [(f.about, f.effect.value) for f in found] == [("Procedure/p2", "warn")]
    assert "bodySite" in found[0].message
    assert not any("usual spot" in f.message for f in decision.findings)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("neck,spine,no,neck,,,\n", "no region of the table"),
        ("neck,neck,no,neck,,,\n", "part of itself"),
        ("neck,,no,neck,,,\nback,,no,neck,,,\n", 'means two regions by "neck"'),
        ("neck,,no,neck,,,\nneck,,no,nape,,,\n", "twice"),
        ("neck,,maybe,neck,,,\n", "sides"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(rows: str, reason: str) -> None:
    with pytest.raises(RuleFileError, match=reason):
        read_regions(HEAD + rows, "body-regions.csv")


def test_every_code_and_word_has_parts() -> None:
    assert all(book().on(book().boundaries[-1]).regions.values())
