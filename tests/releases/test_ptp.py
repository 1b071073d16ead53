"""NCCI pairs as CMS writes them: every layout reads alike; what is wrong is refused with file, line and reason."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massage_billing.coding.tables import read_pairs
from massage_billing.errors import ReleaseRefused
from massage_billing.releases import ptp as reader
from massage_billing.releases.model import Context, Draft
from releases.making import MEDICAID_HEAD, PAIRS, PTP_HEAD, REASON, Memory, medicaid, ptp, ptp_csv

KNOWN = frozenset({"97012", "97032", "97124", "97140", "97150", "97530", "98940", "G0283"})
CONTEXT = Context(KNOWN)


def read(*texts: str, names: tuple[str, ...] = ("ccipra-v323r0.txt",)) -> Draft:
    return reader.read([Memory(text, name) for text, name in zip(texts, names, strict=True)], CONTEXT)


def refused(*texts: str, names: tuple[str, ...] = ("ccipra-v323r0.txt",)) -> ReleaseRefused:
    with pytest.raises(ReleaseRefused) as found:
        read(*texts, names=names)
    return found.value


def test_the_rows_between_known_codes_are_kept_and_all_are_counted() -> None:
    draft = read(ptp())
    assert (draft.rows, draft.kept) == (10, 8)
    assert draft.counts == {
        "97012": 1,
        "97032": 1,
        "97124": 4,
        "97140": 4,
        "97150": 2,
        "97530": 1,
        "98940": 2,
        "G0283": 1,
    }
    assert draft.newest == date(2026, 10, 1)
    table = read_pairs(draft.content.decode(), "kept")
    [massage] = table["97140", "97124"]
    assert (massage.start, massage.deleted, massage.indicator) == (date(1996, 1, 1), None, "0")
    assert [pair.indicator for pair in table["97150", "97124"]] == ["1", "0"]


def test_text_csv_and_medicaid_give_the_same_table() -> None:
    wanted = read(ptp()).content
    assert read(ptp_csv(), names=("ccipra-v323r0.csv",)).content == wanted
    assert read(medicaid(), names=("x.txt",)).content == wanted
    assert read(ptp(end="\r\n").replace("\n", "\n"), names=("x.txt",)).content == wanted
    assert read("\ufeff" + ptp(), names=("x.txt",)).content == wanted
    assert read(ptp() + "\n\t\t\t\t\t\t\n\x1a", names=("x.txt",)).content == wanted


@pytest.mark.parametrize("text", [ptp(), ptp_csv(), medicaid()], ids=["text", "csv", "medicaid"])
def test_it_is_known_by_its_header(text: str) -> None:
    assert reader.recognizes(text)
    assert not reader.recognizes(text[text.index("97140") :])


@pytest.mark.parametrize(
    ("name", "version", "start"),
    [
        ("ccipra-v313r0-f1.txt", "v313r0", date(2025, 10, 1)),
        ("ccipra-v320r0-f1.txt", "v320r0", date(2026, 1, 1)),
        ("ccipra-v321r1.txt", "v321r1", date(2026, 4, 1)),
        ("medicare-ncci-2026q3-practitioner-ptp-edits-ccipra-v322r0-f1.zip", "v322r0", date(2026, 7, 1)),
        ("medicaid-ncci-q1-2026.txt", "", None),
        ("2026-q2.txt", "", date(2026, 4, 1)),
        ("edits.txt", "", None),
    ],
)
def test_the_release_is_read_from_the_name(name: str, version: str, start: date | None) -> None:
    draft = read(ptp(), names=(name,))
    assert (draft.version, draft.start) == (version, start)


LINES = PTP_HEAD.count("\n")


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (ptp()[:-12], LINES + 10, "is cut"),
        (ptp()[: ptp().rindex("20210101") + 5], LINES + 10, "columns"),
        (ptp([*PAIRS[:3], ("97140", "97124", "19961301", "*", "0")]), LINES + 4, '"19961301" is no effective date'),
        (
            ptp([*PAIRS[:3], ("97140", "97124", "19960101", "20190230", "0")]),
            LINES + 4,
            '"20190230" is no deletion date',
        ),
        (ptp([*PAIRS[:3], ("97140", "97124", "1/1/1996", "*", "0")]), LINES + 4, '"1/1/1996" is no effective date'),
        (ptp([*PAIRS[:3], ("97140", "97124", "19960101", "*", "2")]), LINES + 4, '"2" is no modifier indicator'),
        (ptp([("97140", "97124", "19960101", "*", "7"), *PAIRS]), LINES + 1, '"7" is no modifier indicator'),
        (ptp([("97140", "97124", "1996", "*", "0"), *PAIRS]), LINES + 1, '"1996" is no effective date'),
        (ptp([("100", "97124", "19960101", "*", "0"), *PAIRS]), LINES + 1, "took its leading zeros"),
        (ptp([PAIRS[2], PAIRS[1]]), LINES + 2, "is not sorted: 97012 stands behind 97140"),
        (ptp([*PAIRS[:2]]) + "\n" + ptp(PAIRS[2:], head=""), LINES + 4, "behind an empty line"),
        (ptp(head=PTP_HEAD * 12), None, "no pair stands where"),
        (PTP_HEAD, None, "holds no pair"),
        (ptp_csv().replace(",*,0,", ",*,2,", 1), 14, '"2" is no modifier indicator'),
        (ptp_csv()[:-60], None, "columns"),
        (ptp_csv() + '"', None, "cannot be read as a table"),
        (medicaid([*PAIRS[:3], ("97140", "97124", "19960101", "*", "5")]), MEDICAID_HEAD.count("\n") + 4, "indicator"),
        (ptp() + MEDICAID_HEAD, LINES + 11, "columns"),
        (ptp().replace(REASON + "\n", "\n", 1), LINES + 1, "gives no reason"),
    ],
    ids=lambda given: given if isinstance(given, str) and "\n" not in given else "",
)
def test_a_file_with_a_mistake_is_refused_with_its_line(text: str, line: int | None, reason: str) -> None:
    found = refused(text, names=("edits.txt",))
    assert found.file == "edits.txt"
    assert reason in found.reason
    assert line is None or found.line == line


def test_the_edits_for_hospitals_are_refused() -> None:
    assert "hospitals" in refused(ptp(), names=("ccioph-v323r0-f1.txt",)).reason


def part(number: int) -> str:
    return f"ccipra-v323r0-f{number}.txt"


QUARTERS = [ptp(PAIRS[:2]), ptp(PAIRS[2:4]), ptp(PAIRS[4:8]), ptp(PAIRS[8:])]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 0, 2)])
def test_four_parts_are_one_release_in_whatever_order(order: tuple[int, ...]) -> None:
    texts, names = [QUARTERS[one] for one in order], tuple(part(one + 1) for one in order)
    assert read(*texts, names=names).content == read(ptp()).content


@pytest.mark.parametrize("missing", [0, 1, 2, 3])
def test_a_missing_part_is_named(missing: int) -> None:
    given = [place for place in range(4) if place != missing]
    found = refused(*(QUARTERS[one] for one in given), names=tuple(part(one + 1) for one in given))
    assert f"part f{missing + 1} " in found.reason
    assert "is missing" in found.reason


def test_parts_that_do_not_belong_together_are_refused() -> None:
    assert "another version" in refused(*QUARTERS[:2], names=(part(1), "ccipra-v322r0-f2.txt")).reason
    assert read(*QUARTERS, names=(part(1), part(2), "ccipra-v323r0-f3 (1).txt", part(4))).rows == 10
    assert "given twice" in refused(*QUARTERS[:2], names=(part(1), part(1))).reason
    assert "which part it is" in refused(*QUARTERS[:2], names=(part(1), "rest.txt")).reason
    swapped = refused(QUARTERS[1], QUARTERS[0], *QUARTERS[2:], names=tuple(part(one) for one in (1, 2, 3, 4)))
    assert (swapped.file, swapped.line) == (part(2), LINES + 1)
    assert f"not sorted: 0001A stands behind 97140 of {part(1)}" in swapped.reason


DATES = st.dates(date(1996, 1, 1), date(2026, 12, 31)).map(lambda day: day.strftime("%Y%m%d"))
CODES = st.sampled_from(sorted(KNOWN | {"0001A", "11042", "99213", "J1885"}))
ROWS = st.lists(
    st.tuples(CODES, CODES, DATES, st.one_of(st.just("*"), DATES), st.sampled_from("019")), min_size=1, max_size=30
).map(sorted)


@given(ROWS)
@settings(deadline=None)
def test_every_layout_reads_back_what_was_written(rows: list[tuple[str, str, str, str, str]]) -> None:
    draft = read(ptp(rows), names=("x.txt",))
    assert read(ptp_csv(rows), names=("x.csv",)).content == draft.content
    assert read(medicaid(rows), names=("x.txt",)).content == draft.content
    assert draft.rows == len(rows)
    kept = {
        (one, two, f"{pair.start:%Y%m%d}", f"{pair.deleted:%Y%m%d}" if pair.deleted else "*", pair.indicator)
        for (one, two), pairs in read_pairs(draft.content.decode(), "kept").items()
        for pair in pairs
        if pair.start
    }
    assert kept == {row for row in rows if {row[0], row[1]} <= KNOWN}


@given(ROWS, st.data())
@settings(deadline=None)
def test_a_text_that_is_cut_anywhere_is_refused_or_ends_with_a_whole_line(
    rows: list[tuple[str, str, str, str, str]], data: st.DataObject
) -> None:
    whole = ptp(rows)
    cut = whole[: data.draw(st.integers(len(PTP_HEAD), len(whole) - 1))]
    try:
        draft = read(cut, names=("x.txt",))
    except ReleaseRefused:
        return
    # Between two lines nothing shows; and a last line may lack its end, where all of it is there.
    assert cut.endswith((REASON + "\n", REASON, PTP_HEAD))
    assert draft.rows == cut.count(REASON)
