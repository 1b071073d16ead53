"""MUE, the fee schedule's statuses, the therapy code list, licensed descriptors: read, kept, compared, refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massage_billing.errors import ReleaseRefused
from massage_billing.releases import descriptors, fee_schedule
from massage_billing.releases import mue as mue_table
from massage_billing.releases import therapy as therapy_list
from massage_billing.releases.formats import recognize
from massage_billing.releases.model import Context, Draft, Format
from releases.making import LICENSED, Memory, mue, rvu, therapy

KNOWN = frozenset({"97010", "97124", "97140", "97161", "98943", "G0283"})
CODES = frozenset({"97010", "97124", "97140"})
LIMITS = [("0001U", 1, "2"), ("97010", 0, "3"), ("97124", 4, "3"), ("97140", 6, "3"), ("97161", 1, "2")]
STATUSES = [
    ("0001F", "", "I", "9", "9"),
    ("97010", "", "B", "9", "9"),
    ("97124", "", "A", "7", "5"),
    ("97140", "", "A", "7", "5"),
    ("97140", "TC", "A", "7", "5"),
]
USES = [("97124", "Always"), ("97140", "Always"), ("97750", "Sometimes")]


def read(form: Format, text: str | bytes, name: str = "file.csv") -> Draft:
    return form.read([Memory(text, name)], Context(KNOWN))


def changed(form: Format, before: str, now: str) -> list[str]:
    assert form.table is not None
    assert form.changes is not None
    old, new = (form.table(read(form, text).content, "kept") for text in (before, now))
    return [f"{c.code} {c.text}" for c in form.changes(old, date(2026, 7, 1), new, date(2026, 10, 1), CODES)]


def test_the_limits_of_known_codes_are_kept() -> None:
    draft = read(mue_table.FORMAT, mue(LIMITS), "MCR_MUE_PractitionerServices_Eff_10-01-2026.csv")
    assert draft.content == b"code,units,mai\n97010,0,3\n97124,4,3\n97140,6,3\n97161,1,2\n"
    assert (draft.rows, draft.kept, draft.start) == (5, 4, date(2026, 10, 1))


def test_a_notice_in_windows_letters_is_read() -> None:
    text = mue(LIMITS).replace("Notice", "CPT\u00ae Notice")
    wanted = read(mue_table.FORMAT, mue(LIMITS)).content
    assert read(mue_table.FORMAT, text.encode("cp1252")).content == wanted
    assert read(mue_table.FORMAT, text.encode("utf-8-sig")).content == wanted


def test_limits_that_change_are_told() -> None:
    now = mue([("97124", 3, "2"), ("97140", 8, "3")])
    assert changed(mue_table.FORMAT, mue(LIMITS), now) == [
        "97010 no longer in the release; retired or replaced? (was MUE 0)",
        "97124 MUE goes down: 4 → 3",
        "97124 MUE adjudication indicator: 3 → 2",
        "97140 MUE goes up: 6 → 8",
    ]


def test_statuses_are_read_through_the_stacked_header() -> None:
    draft = read(fee_schedule.FORMAT, rvu(STATUSES))
    assert draft.content.decode().splitlines() == [
        "code,modifier,status,pctc,mult", "97010,,B,9,9", "97124,,A,7,5", "97140,,A,7,5", "97140,TC,A,7,5",
    ]  # fmt: skip
    assert (draft.rows, draft.kept, draft.start) == (5, 4, date(2026, 10, 1))
    assert fee_schedule.table(draft.content, "kept") == {"97010": "B", "97124": "A", "97140": "A"}
    assert b"Invented" not in draft.content


@pytest.mark.parametrize(
    ("title", "name", "start"),
    [
        ("2026 {0} January Release", "x.csv", date(2026, 1, 1)),
        ("2026 {0} July Release", "x.csv", date(2026, 7, 1)),
        ("{0}", "PPRRVU26_APR.csv", date(2026, 4, 1)),
        ("{0}", "PPRRVU2026_Oct_nonQPP.csv", date(2026, 10, 1)),
        ("{0}", "x.csv", None),
    ],
)
def test_the_release_of_the_fee_schedule(title: str, name: str, start: date | None) -> None:
    assert read(fee_schedule.FORMAT, rvu(STATUSES, title), name).start == start


def test_the_two_files_of_one_release_have_to_agree() -> None:
    one, same = Memory(rvu(STATUSES), "a_nonQPP.csv"), Memory(rvu(STATUSES), "a_QPP.csv")
    other = Memory(rvu([*STATUSES[:1], ("97010", "", "A", "9", "9")]), "b_QPP.csv")
    assert fee_schedule.read([one, same], Context(KNOWN)) == fee_schedule.read([one], Context(KNOWN))
    with pytest.raises(ReleaseRefused, match=r"b_QPP\.csv: says other than a_nonQPP\.csv"):
        fee_schedule.read([one, other], Context(KNOWN))


def test_statuses_that_change_are_told() -> None:
    now = rvu([("97124", "", "R", "7", "5"), ("97140", "", "A", "7", "5")])
    assert changed(fee_schedule.FORMAT, rvu(STATUSES), now) == [
        "97010 no longer in the release; retired or replaced? (was B)",
        "97124 fee schedule status: A → R",
    ]


def test_therapy_codes() -> None:
    draft = read(therapy_list.FORMAT, therapy([*USES, ("G0283", "Sometimes")]))
    assert therapy_list.table(draft.content, "kept") == {"97124": "always", "97140": "always", "G0283": "sometimes"}
    assert draft.start == date(2026, 1, 1)
    assert changed(therapy_list.FORMAT, therapy(USES), therapy([("97140", "Sometimes")])) == [
        "97124 therapy code list: always → not listed",
        "97140 therapy code list: always → sometimes",
    ]


@pytest.mark.parametrize("layout", LICENSED)
def test_licensed_descriptors_of_known_codes_are_kept(layout: str) -> None:
    draft = read(descriptors.FORMAT, LICENSED[layout])
    found = descriptors.texts(draft.content)
    assert sorted(found) == ["97124", "97140"]
    assert found["97124"].lower().startswith("invented")
    assert draft.rows == 3


MEDICAID = ",3 Date of Service Edit: Clinical,"
ALL: list[tuple[str, str]] = [
    ("mue", mue(LIMITS)),
    ("fee-schedule", rvu(STATUSES)),
    ("therapy-codes", therapy(USES)),
    *(("cpt-descriptors", text) for text in LICENSED.values()),
]


@pytest.mark.parametrize(("kind", "text"), ALL)
def test_each_is_known_by_its_content(kind: str, text: str) -> None:
    found = recognize(text)
    assert found is not None
    assert found.kind == kind


def without_end(text: str) -> str:
    return text[:-4]


def doubled(text: str) -> str:
    return text + text.splitlines(keepends=True)[-1]


@pytest.mark.parametrize("spoil", [without_end, lambda text: text[: len(text) // 2]], ids=["end", "half"])
@pytest.mark.parametrize(("form", "text"), [
    (mue_table.FORMAT, mue(LIMITS)), (fee_schedule.FORMAT, rvu(STATUSES)), (therapy_list.FORMAT, therapy(USES)),
])  # fmt: skip
def test_a_cut_file_is_refused(form: Format, text: str, spoil: Callable[[str], str]) -> None:
    with pytest.raises(ReleaseRefused):
        read(form, spoil(text))


@pytest.mark.parametrize(
    ("form", "text", "reason"),
    [
        (mue_table.FORMAT, doubled(mue(LIMITS)), "97161 twice"),
        (mue_table.FORMAT, mue(LIMITS).replace("97124,4,", "97124,four,"), '"four" is no number'),
        (mue_table.FORMAT, mue(LIMITS).replace("97124,4,3 Date", "97124,4,4 Date"), "adjudication indicator"),
        (mue_table.FORMAT, mue(LIMITS).replace("97124,4", "9712,4"), "took its leading zeros"),
        (mue_table.FORMAT, mue(LIMITS).replace("Practitioner", "Outpatient Hospital"), "another setting"),
        (mue_table.FORMAT, mue(LIMITS).replace("MUE Adjudication Indicator,", "").replace(MEDICAID, ","), "Medicaid"),
        (mue_table.FORMAT, mue([]), "holds no limit"),
        (fee_schedule.FORMAT, doubled(rvu(STATUSES)), "97140 TC twice"),
        (fee_schedule.FORMAT, rvu([*STATUSES, ("97150", "", "AB", "7", "5")]), '"AB" is no status'),
        (fee_schedule.FORMAT, rvu([*STATUSES, ("97150", "", "A", "x", "5")]), "indicators of one digit"),
        (fee_schedule.FORMAT, rvu([]), "holds no code"),
        (therapy_list.FORMAT, therapy([*USES, ("97124", "Sometimes")]), "both as always and as sometimes"),
        (therapy_list.FORMAT, therapy([("97124", "Often")]), "neither always nor sometimes"),
        (therapy_list.FORMAT, therapy([]), "holds no code"),
        (descriptors.FORMAT, LICENSED["tab"] + "97124\tother\r\n", "97124 twice"),
        (descriptors.FORMAT, LICENSED["tab"] + "971\r\n", "is no code with its text"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(form: Format, text: str, reason: str) -> None:
    with pytest.raises(ReleaseRefused, match=r"^file\.csv:\d+: ") as found:
        read(form, text)
    assert reason in found.value.reason


@given(
    st.dictionaries(st.sampled_from(sorted(KNOWN)), st.tuples(st.integers(0, 99), st.sampled_from("123")), min_size=1)
)
@settings(deadline=None)
def test_limits_read_back_what_was_written(limits: dict[str, tuple[int, str]]) -> None:
    draft = read(mue_table.FORMAT, mue([(code, units, mai) for code, (units, mai) in limits.items()]))
    table = mue_table.table(draft.content, "kept")
    assert isinstance(table, dict)
    assert {code: (limit.units, limit.mai) for code, limit in table.items()} == limits


LETTERS = st.sampled_from("ABCINRX")


@given(st.dictionaries(st.sampled_from(sorted(KNOWN)), LETTERS, min_size=1))
@settings(deadline=None)
def test_statuses_read_back_what_was_written(statuses: dict[str, str]) -> None:
    draft = read(fee_schedule.FORMAT, rvu([(code, "", letter, "9", "0") for code, letter in statuses.items()]))
    assert fee_schedule.table(draft.content, "kept") == statuses
