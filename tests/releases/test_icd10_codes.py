"""Order file, codes file and addenda of ICD-10-CM: read whole, or refused whole with line and reason."""

from __future__ import annotations

import zipfile
from datetime import date as Date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massage_billing.coding.tables import Icd10Table
from massage_billing.errors import ReleaseRefused
from massage_billing.releases import icd10_codes
from massage_billing.releases.formats import recognize
from massage_billing.releases.icd10_codes import FORMAT, known_through, release_start
from massage_billing.releases.importing import Request, import_files
from massage_billing.releases.model import Context, Draft
from massage_billing.releases.shelf import Shelf, folder_of
from massage_billing.rulebook.files import load_rulebook
from releases.icd10_files import CHANGES, CODES, addenda, codes_file, order_file
from releases.making import Memory, write
from visits import book, decide, effects

TODAY = Date(2026, 11, 23)
BASE = icd10_codes.pack(
    [code for code, flag, _ in CODES if flag == "1"], [code for code, flag, _ in CODES if flag == "0"]
)


def read(
    text: str, name: str = "icd10cm_order_2026.txt", base: bytes | None = BASE, start: Date | None = None
) -> Draft:
    return FORMAT.read([Memory(text, name)], Context(frozenset(), start, lambda kind, before: base))


def told(text: str, name: str = "icd10cm_order_2026.txt", base: bytes | None = BASE) -> tuple[int | None, str]:
    with pytest.raises(ReleaseRefused) as refused:
        read(text, name, base)
    assert refused.value.file == name
    return refused.value.line, refused.value.reason


# --- what is read ---


@pytest.mark.parametrize(
    ("text", "name"), [(order_file(), "icd10cm_order_2026.txt"), (codes_file(), "icd10cm_codes_2026.txt")]
)
def test_order_and_codes_file_give_the_same_table(text: str, name: str) -> None:
    draft = read(text, name)
    assert draft.content == BASE
    assert (draft.rows, draft.kept) == (len(CODES), len(CODES))
    assert (draft.start, draft.through) == (Date(2025, 10, 1), Date(2026, 3, 31))
    table = Icd10Table(draft.content)
    assert table.billable("S134XXA")
    assert table.category("S134")
    assert not table.billable("S134")


def test_a_file_with_windows_line_ends_and_a_byte_order_mark_is_the_same() -> None:
    text = "\ufeff" + order_file().replace("\n", "\r\n") + "\r\n"
    assert read(text).content == BASE


@pytest.mark.parametrize(
    ("names", "start"),
    [
        (["icd10cm_order_2026.txt"], Date(2025, 10, 1)),
        (["icd10cm-order-April-1-2026.txt"], Date(2026, 4, 1)),
        (["codes.txt", "icd10cm-Code Descriptions-April-1-2026.zip"], Date(2026, 4, 1)),
        (["icd10cm-order-addenda-2026.txt"], None),
        (["icd10cm-order-addenda-April-1-2022.txt"], Date(2022, 4, 1)),
        (["codes.txt"], None),
    ],
)
def test_names_tell_the_release(names: list[str], start: Date | None) -> None:
    assert release_start(names) == start


def test_a_release_is_known_until_nchs_may_change_it_again() -> None:
    assert known_through(Date(2026, 4, 1)) == Date(2026, 9, 30)
    assert known_through(Date(2026, 10, 1)) == Date(2027, 3, 31)
    assert known_through(Date(2027, 1, 15)) == Date(2027, 3, 31)


def test_of_a_zip_with_all_files_the_order_file_counts() -> None:
    parts = [
        Memory(codes_file(), "icd10cm_codes_2026.txt"),
        Memory(addenda(), "icd10cm_order_addenda_2026.txt"),
        Memory(order_file(), "icd10cm_order_2026.txt"),
    ]
    assert all(recognize(str(part.text)) is FORMAT for part in parts)
    assert FORMAT.read(parts, Context(frozenset())).content == BASE


def test_an_addenda_changes_the_release_before() -> None:
    draft = read(addenda(), "icd10cm-order-addenda-April-1-2027.txt")
    table = Icd10Table(draft.content)
    assert (draft.start, draft.through) == (Date(2027, 4, 1), Date(2027, 9, 30))
    assert table.billable("M7220")
    assert table.category("M722")
    assert not table.billable("M722")
    assert table.billable("M542")
    assert draft.content == read(addenda(), "x-April-1-2027.txt").content


def test_an_addenda_without_changes_is_the_release_before() -> None:
    draft = read(addenda([], year="April-1-2026"), "icd10cm-order-addenda-April-1-2026.txt")
    assert draft.content == BASE


# --- what is refused ---


def test_an_order_file_with_a_line_missing_is_refused() -> None:
    lines = order_file().splitlines(keepends=True)
    assert told("".join(lines[:5] + lines[6:])) == (6, "order number 00007 follows 00005: lines are missing")


@given(st.data())
def test_an_order_file_cut_anywhere_is_refused_or_whole_in_its_codes(data: st.DataObject) -> None:
    text = order_file()
    cut = data.draw(st.integers(1, len(text) - 1))
    try:
        assert read(text[:cut]).content == BASE
    except ReleaseRefused as refused:
        assert refused.reason  # noqa: PT017


@given(st.data())
def test_a_codes_file_cut_before_its_last_title_is_refused(data: st.DataObject) -> None:
    text = codes_file()
    cut = data.draw(st.integers(1, len(text) - len("Last, no kind told in full") - 2))
    with pytest.raises(ReleaseRefused):
        read(text[:cut], "icd10cm_codes_2026.txt")


def test_procedures_are_no_diagnoses() -> None:
    line, reason = told("00001 001     0 Central nervous system" + " " * 39 + " Central nervous system in full\n")
    assert line == 1
    assert "ICD-10-PCS" in reason


@pytest.mark.parametrize(
    ("change", "line", "reason"),
    [
        (lambda t: t.replace("M542    1", "M542    2"), 5, '"2" is neither'),
        (lambda t: t.replace("M542    1", "M545    1"), 6, "has M545 twice"),
        (lambda t: t.replace("M545    0", "M545    1"), 6, "has M545 as a code, and codes under it"),
        (lambda t: t.replace("M722    1", "M722    0"), 9, "has the heading M72 without a code"),
        (lambda t: t.replace("00005 M542", "00005M542"), 5, "has not the columns"),
        (lambda t: t.replace("A0", "B0"), 1, "begins with B00, not with A00"),
        (lambda t: t.replace("Z99", "Z98"), 17, "ends with Z989, not with Z99: it is cut"),
        (lambda t: "", 1, "begins with nothing"),
    ],
)
def test_a_wrong_order_file_is_refused_with_line_and_reason(change: object, line: int | None, reason: str) -> None:
    found_line, found = told(change(order_file()) if callable(change) else "")
    # An empty file has no first line that could tell its form.
    assert (found_line, reason in found) == (line, True), found


def test_an_addenda_of_another_release_is_refused() -> None:
    name = "icd10cm-order-addenda-April-1-2027.txt"
    assert told(addenda([("Delete", "1", "M999", "x")], before=(7, 10)), name)[1].startswith(
        "changes the code M999, which"
    )
    assert told(addenda([("Add", "1", "M542", "x")]), name)[1].startswith("adds M542, which is there already")
    line, reason = told(addenda(before=(7, 11)), name)
    assert reason == "tells 11 codes, but there are 10 codes"
    assert line


def test_an_addenda_that_is_cut_is_refused() -> None:
    text = addenda()
    lines = text.splitlines(keepends=True)
    name = "icd10cm-order-addenda-April-1-2027.txt"
    told("".join(lines[1:]), name)
    assert told("".join(lines[:-8]), name)[1] == "has not all of its counts; is it cut?"
    assert told("".join(lines[: len(CHANGES)]), name)[1] == "has not all of its counts; is it cut?"


def test_an_addenda_needs_a_date_and_the_release_before() -> None:
    assert "--from" in told(addenda(), "icd10cm_order_addenda_2027.txt")[1]
    assert "order file" in told(addenda(), "icd10cm-order-addenda-April-1-2027.txt", None)[1]


def test_a_codes_file_with_a_code_over_others_is_refused_with_its_line() -> None:
    text = codes_file().replace("M5450  ", "M545   ").replace("M542   ", "M5450  ")
    assert told(text, "icd10cm_codes_2026.txt")[0] == 4


def test_a_title_with_an_accent_may_be_shorter_in_characters() -> None:
    lines = order_file().splitlines(keepends=True)
    lines[4] = lines[4].replace(f"{'Neck pain':<60}", f"{'Neck paín':<59}")
    assert read("".join(lines)).content == BASE


# --- the whole import, and what the rules make of it ---


def test_older_dates_of_service_keep_older_releases(tmp_path: Path) -> None:
    shelf = Shelf(folder_of(tmp_path))
    new = [row for row in CODES if row[0] != "M722"]
    after = [*new[:9], ("M722", "0", "x"), ("M7220", "1", "x"), ("M7221", "1", "x"), *new[9:]]
    files = (
        write(tmp_path, "icd10cm_order_2025.txt", order_file()),
        write(tmp_path, "icd10cm-order-April-1-2025.txt", order_file(after)),
    )
    for file in files:
        (done,) = import_files(Request((file,), TODAY), shelf, book)
        assert done.state == "new"
    rules = load_rulebook(releases=shelf.folder)
    for on, code, expected in (
        (Date(2024, 10, 1), "M72.2", []), (Date(2025, 3, 31), "M72.2", []),
        (Date(2025, 4, 1), "M72.20", []), (Date(2025, 3, 31), "M72.20", [("fail", "hold")]),
    ):  # fmt: skip
        found = [f for f in effects(decide(on, rules, diagnoses=[code]), "diagnosis-valid") if f[0] != "pass"]
        assert found == expected, (on, code)


def test_a_zip_as_nchs_packs_it(tmp_path: Path) -> None:
    packed = tmp_path / "icd10cm-Code Descriptions-April-1-2027.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("icd10OrderFiles.pdf", b"%PDF-1.7 nothing")
        archive.writestr("icd10cm-codes-April-1-2027.txt", codes_file())
        archive.writestr("icd10cm-order-April-1-2027.txt", order_file())
        archive.writestr("icd10cm-order-addenda-April-1-2027.txt", addenda([]))
    (done,) = import_files(Request((packed,), TODAY), Shelf(folder_of(tmp_path)), book)
    assert (done.release.id, done.release.rows) == ("icd10cm-2027-04-01", len(CODES))


def test_an_addenda_onto_the_list_that_ships(tmp_path: Path) -> None:
    shelf = Shelf(folder_of(tmp_path))
    shipped = book().on(TODAY).icd10
    text = addenda([("Delete", "1", "M722", "x"), ("Add", "0", "M722", "x"), ("Add", "1", "M7220", "x")],
                   before=(len(shipped.headings), len(shipped.codes)))  # fmt: skip
    file = write(tmp_path, "icd10cm-order-addenda-2027.txt", text)
    (done,) = import_files(Request((file,), TODAY, Date(2026, 10, 1), frozenset({"M72.20"})), shelf, book)
    assert [change.text for change in done.changes] == [
        "new code: 1 code: M72.20", "no longer in the release; retired or replaced? (was 1 code: M72.2)", "new code",
    ]  # fmt: skip
    rules = load_rulebook(releases=shelf.folder)
    assert effects(decide(Date(2026, 10, 1), rules, diagnoses=["M72.20"]), "diagnosis-valid") == [("pass", "none")]
    assert effects(decide(Date(2026, 9, 30), rules, diagnoses=["M72.2"]), "diagnosis-valid") == [("pass", "none")]
    assert effects(decide(Date(2026, 10, 1), rules, diagnoses=["M72.2"]), "diagnosis-valid") == [("fail", "hold")]
    assert effects(decide(Date(2026, 9, 30), rules, diagnoses=["M72.20"]), "diagnosis-valid") == [("fail", "hold")]
