"""The whole import: what is given is kept as dated rows of the rulebook or refused whole, and says what it changes."""

from __future__ import annotations

import hashlib
import json
import stat
import zipfile
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from massage_billing.coding.rulebook import Rulebook
from massage_billing.errors import InputError, MassageBillingError, ReleaseRefused, RuleFileError, StoreError
from massage_billing.releases.book import labels
from massage_billing.releases.importing import Imported, Request, import_files, remove
from massage_billing.releases.shelf import INDEX, Shelf, folder_of
from massage_billing.rulebook.files import load_rulebook
from releases.making import LICENSED, PAIRS, mue, ptp, rvu, therapy, write

TODAY = date(2026, 11, 23)
BILLED = frozenset({"97124", "97140", "97010"})
PTP = "ccipra-v323r0.txt"
MUE = "MCR_MUE_PractitionerServices_Eff_10-01-2026.csv"


@cache
def shipped() -> Rulebook:
    return load_rulebook()


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(folder_of(tmp_path / "state"))


def load(shelf: Shelf, *files: Path, start: date | None = None, dry_run: bool = False) -> list[Imported]:
    request = Request(files, TODAY, start, BILLED, dry_run)
    return import_files(request, shelf, lambda: book(shelf) if shelf.releases() else shipped())


def book(shelf: Shelf) -> Rulebook:
    return load_rulebook(releases=shelf.folder)


def kept(shelf: Shelf) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in shelf.folder.iterdir()} if shelf.folder.is_dir() else {}


# --- dates ----------------------------------------------------------------------------------------------------------


def test_a_release_is_used_from_its_first_day_and_the_one_before_it_until_then(tmp_path: Path, shelf: Shelf) -> None:
    load(shelf, write(tmp_path, PTP, ptp([("97140", "97124", "20200101", "*", "1")])))
    found = book(shelf)
    before, after = found.on(date(2026, 9, 30)), found.on(date(2026, 10, 1))
    assert before.row("ncci-pairs").start == date(2024, 1, 1)
    assert before.pairs == shipped().on(date(2026, 9, 30)).pairs
    assert [pair.indicator for pair in before.pairs["97140", "97124"]] == ["0"]
    assert after.row("ncci-pairs").start == date(2026, 10, 1)
    assert "v323r0" in after.row("ncci-pairs").source
    assert [pair.indicator for pair in after.pairs["97140", "97124"]] == ["1"]


def test_later_dates_use_it_and_warn_once_its_quarter_is_over(tmp_path: Path, shelf: Shelf) -> None:
    load(shelf, write(tmp_path, PTP, ptp()))
    found = book(shelf)
    about = {day: [f.about for f in found.on(day).aged] for day in (date(2026, 12, 31), date(2027, 1, 1))}
    assert "ncci-pairs" not in about[date(2026, 12, 31)]
    assert "ncci-pairs" in about[date(2027, 1, 1)]


def test_older_releases_stay_for_older_dates_in_whatever_order_they_come(tmp_path: Path, shelf: Shelf) -> None:
    names = {"ccipra-v323r0.txt": "1", "ccipra-v313r0.txt": "0", "ccipra-v322r0.txt": "9"}
    for name, indicator in names.items():
        load(shelf, write(tmp_path, name, ptp([("97140", "97124", "20200101", "*", indicator)])))
    days = [date(2025, 9, 30), date(2025, 10, 1), date(2026, 6, 30), date(2026, 7, 1), date(2026, 9, 30), TODAY]
    found = book(shelf)
    starts = [found.on(day).row("ncci-pairs").start.isoformat() for day in days]
    assert starts == ["2024-01-01", "2025-10-01", "2025-10-01", "2026-07-01", "2026-07-01", "2026-10-01"]
    assert [found.on(day).pairs["97140", "97124"][0].indicator for day in days] == ["0", "0", "0", "9", "9", "1"]


def test_a_release_within_what_ships_is_used_for_its_quarter_only(tmp_path: Path, shelf: Shelf) -> None:
    shipped_days = [date(2024, 7, 1), date(2024, 12, 31), TODAY]
    for name, days in (
        ("ccipra-v301r0.txt", [date(2024, 4, 1), date(2024, 6, 30)]),
        ("ccipra-v300r0.txt", [date(2024, 1, 1)]),
    ):
        [one] = load(shelf, write(tmp_path, name, ptp([("97140", "97124", "20200101", "*", "1")])))
        found = book(shelf)
        assert {found.on(day).row("ncci-pairs").start for day in days} == {one.release.start}
        for day in shipped_days:
            assert found.on(day).row("ncci-pairs").source == shipped().on(day).row("ncci-pairs").source
            assert found.on(day).pairs == shipped().on(day).pairs
    assert found.on(date(2024, 6, 30)).row("ncci-pairs").start == date(2024, 4, 1)
    load(shelf, write(tmp_path, "ccipra-v302r0.txt", ptp()))
    assert book(shelf).on(TODAY).row("ncci-pairs").start == date(2024, 7, 1)
    assert "v302r0" in book(shelf).on(TODAY).row("ncci-pairs").source


def test_a_release_older_than_the_rules_keeps_what_its_cases_do(tmp_path: Path, shelf: Shelf) -> None:
    load(shelf, write(tmp_path, "ccipra-v293r0.txt", ptp()))
    early = book(shelf).on(date(2023, 10, 2))
    late = book(shelf).on(TODAY)
    assert early.row("ncci-pairs", "larger-dropped").on_fail is late.row("ncci-pairs", "larger-dropped").on_fail
    assert "date assumed" in early.row("ncci-pairs", "larger-dropped").source
    assert late.rows == shipped().on(TODAY).rows


def test_a_later_release_changes_no_earlier_day(tmp_path: Path, shelf: Shelf) -> None:
    load(shelf, write(tmp_path, PTP, ptp()), write(tmp_path, MUE, mue([("97124", 1, "2")])))
    found = book(shelf)
    for day in shipped().boundaries:
        if date(2024, 4, 1) <= day < date(2026, 10, 1):
            rows = {asked: (row.id, row.source) for asked, row in found.on(day).rows.items()}
            assert rows == {asked: (row.id, row.source) for asked, row in shipped().on(day).rows.items()}
            assert found.on(day).pairs == shipped().on(day).pairs
            assert found.on(day).limits == shipped().on(day).limits


def test_from_dates_a_release_that_says_nothing_itself(tmp_path: Path, shelf: Shelf) -> None:
    file = write(tmp_path, "limits.csv", mue([("97124", 4, "3")]))
    with pytest.raises(InputError, match=r"limits\.csv: neither the file nor its name.*--from"):
        load(shelf, file)
    [one] = load(shelf, file, start=date(2026, 10, 1))
    assert (one.release.start, one.release.through) == (date(2026, 10, 1), date(2026, 12, 31))


def test_from_moves_a_release_later_but_never_before_its_time(tmp_path: Path, shelf: Shelf) -> None:
    file = write(tmp_path, PTP, ptp())
    with pytest.raises(InputError, match="is of 2026-10-01, so it cannot hold from 2026-07-01"):
        load(shelf, file, start=date(2026, 7, 1))
    [one] = load(shelf, file, start=date(2026, 11, 1))
    assert (one.release.start, one.release.through) == (date(2026, 11, 1), date(2026, 12, 31))


def test_a_file_of_pairs_proposes_the_date_it_could_be_of(tmp_path: Path, shelf: Shelf) -> None:
    with pytest.raises(InputError, match="newest row is of 2026-10-01"):
        load(shelf, write(tmp_path, "pairs.txt", ptp()))


def test_every_kind_in_one_go(tmp_path: Path, shelf: Shelf) -> None:
    statuses = [("97010", "", "B", "9", "9"), ("97124", "", "R", "7", "5")]
    done = load(
        shelf,
        write(tmp_path, PTP, ptp()),
        write(tmp_path, MUE, mue([("97124", 3, "3"), ("97010", 0, "3")])),
        write(tmp_path, "PPRRVU2026_Oct_nonQPP.csv", rvu(statuses)),
        write(tmp_path, "therapy.csv", therapy([("97124", "Always")])),
        write(tmp_path, "licensed.txt", LICENSED["tab"]),
    )
    assert sorted(one.release.id for one in done) == [
        "cpt-descriptors-2026-11-23", "fee-schedule-2026-10-01", "mue-2026-10-01", "ncci-ptp-2026-10-01",
        "therapy-codes-2026-01-01",
    ]  # fmt: skip
    day = book(shelf).on(TODAY)
    assert day.limits["97124"].units == 3
    assert day.statuses == {"97010": "B", "97124": "R"}
    assert day.tables["therapy-modifier"] == {"97124": "always"}
    assert labels(shelf.folder)["97124"] == "invented words of one code"
    by_kind = {one.release.kind: [f"{c.code} {c.what}" for c in one.changes] for one in done}
    assert by_kind["mue"] == ["97124 limit-down", "97140 retired"]
    assert "97124 status" in by_kind["fee-schedule"]


# --- again, another, none -------------------------------------------------------------------------------------------


def test_the_same_import_twice_changes_nothing(tmp_path: Path, shelf: Shelf) -> None:
    file = write(tmp_path, PTP, ptp())
    load(shelf, file)
    before, digest = kept(shelf), book(shelf).digest
    assert digest != shipped().digest
    [again] = load(shelf, file)
    assert (again.state, again.changes) == ("unchanged", ())
    assert kept(shelf) == before
    assert book(shelf).digest == digest


def test_a_corrected_release_takes_the_place_of_the_first(tmp_path: Path, shelf: Shelf) -> None:
    load(shelf, write(tmp_path, PTP, ptp()))
    digest = book(shelf).digest
    [one] = load(
        shelf, write(tmp_path, "ccipra-v323r1.txt", ptp([*PAIRS[:2], ("97140", "97124", "19960101", "*", "1")]))
    )
    assert (one.state, one.release.version, len(shelf.releases())) == ("replaced", "v323r1", 1)
    assert book(shelf).digest != digest
    assert len(kept(shelf)) == 2


def test_a_dry_run_keeps_nothing(tmp_path: Path, shelf: Shelf) -> None:
    [one] = load(shelf, write(tmp_path, PTP, ptp()), dry_run=True)
    assert one.changes
    assert not shelf.folder.exists()
    assert book(shelf).digest == shipped().digest


def test_what_was_taken_out_decides_no_more(tmp_path: Path, shelf: Shelf) -> None:
    load(shelf, write(tmp_path, PTP, ptp()))
    remove(shelf, "ncci-ptp-2026-10-01")
    assert book(shelf).digest == shipped().digest
    assert list(kept(shelf)) == [INDEX]
    with pytest.raises(InputError, match="There is no release ncci-ptp-2026-10-01; loaded: none"):
        remove(shelf, "ncci-ptp-2026-10-01")


def test_the_index_records_the_whole_file(tmp_path: Path, shelf: Shelf) -> None:
    text = ptp()
    load(shelf, write(tmp_path, PTP, text))
    [entry] = json.loads((shelf.folder / INDEX).read_text())["releases"]
    assert entry["files"] == [{"name": PTP, "sha256": hashlib.sha256(text.encode()).hexdigest()}]
    assert (entry["rows"], entry["kept"]) == (10, 8)
    assert entry["counts"]["97124"] == 4


def test_only_its_owner_may_read_what_is_kept(tmp_path: Path, shelf: Shelf) -> None:
    load(shelf, write(tmp_path, PTP, ptp()))
    assert stat.S_IMODE(shelf.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in shelf.folder.iterdir()} == {0o600}


# --- changes --------------------------------------------------------------------------------------------------------


def test_pairs_are_compared_as_they_hold_on_the_first_day(tmp_path: Path, shelf: Shelf) -> None:
    old = [("97124", "97164", "20200101", "*", "1"), ("97140", "97018", "20200101", "*", "0"),
           ("97140", "97124", "20200101", "*", "0")]  # fmt: skip
    new = [("97124", "97164", "20200101", "20260930", "1"), ("97140", "97018", "20200101", "*", "0"),
           ("97140", "97124", "20200101", "20260930", "0"), ("97140", "97124", "20261001", "*", "1"),
           ("97140", "97530", "20261001", "*", "1"), ("97140", "97750", "20261001", "20261001", "9")]  # fmt: skip
    load(shelf, write(tmp_path, "ccipra-v322r0.txt", ptp(old)))
    [one] = load(shelf, write(tmp_path, PTP, ptp(new)))
    assert one.compared_with == "2026-07-01"
    assert [(c.code, c.what, c.other, c.was, c.now) for c in one.changes] == [
        ("97124", "pair-deleted", "97124/97164", "1", ""),
        ("97124", "pair-indicator", "97140/97124", "0", "1"),
        ("97140", "pair-indicator", "97140/97124", "0", "1"),
        ("97140", "pair-new", "97140/97530", "", "1"),
    ]


def test_what_findings_say_of_a_limit_and_a_status_stays(tmp_path: Path, shelf: Shelf) -> None:
    load(
        shelf,
        write(tmp_path, MUE, mue([("97124", 4, "1")])),
        write(tmp_path, "PPRRVU2026_Oct.csv", rvu([("97124", "", "X", "9", "9")])),
    )
    for rule in ("mue", "fee-schedule-status"):
        said, before = (one.on(TODAY).row(rule, "another").terms.note for one in (book(shelf), shipped()))
        assert said == before


def test_a_list_of_therapy_codes_is_compared_with_the_policies(tmp_path: Path, shelf: Shelf) -> None:
    [one] = load(shelf, write(tmp_path, "t.csv", therapy([("97124", "Always"), ("97010", "Sometimes")])), dry_run=True)
    policies = shipped().on(date(2026, 1, 1)).policies
    wanting = sorted(name for name, policy in policies.items() if policy.terms.therapy_modifier)
    assert wanting
    told = [warning for warning in one.warnings if "plan-of-care modifier" in warning]
    assert sorted({warning.split()[2] for warning in told}) == wanting
    assert all("not as always therapy, 97" in warning for warning in told)


def test_a_rulebook_that_knows_more_codes_says_that_a_release_lacks_them(tmp_path: Path, shelf: Shelf) -> None:
    load(shelf, write(tmp_path, PTP, ptp()))
    [release] = shelf.releases()
    known = frozenset(shipped().undated().codes)
    assert release.lacks(known) == []
    assert release.lacks(known | {"97999"}) == ["97999"]


# --- refused whole --------------------------------------------------------------------------------------------------


def zipped(folder: Path, name: str, members: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, text in members.items():
            archive.writestr(member, text)
    return folder / name


def spoiled(file: Path, change: Callable[[bytearray], object]) -> Path:
    content = bytearray(file.read_bytes())
    change(content)
    file.write_bytes(content)
    return file


def test_a_zip_is_read_as_it_was_downloaded(tmp_path: Path, shelf: Shelf) -> None:
    members = {PTP: ptp(), "ccipra-v323r0.xlsx": b"PK\x03\x04 a workbook", "license.pdf": b"%PDF-1.7"}
    [one] = load(shelf, zipped(tmp_path, "medicare-ncci-2026q4-practitioner-ptp-edits-ccipra-v323r0.zip", members))
    assert one.release.rows == 10
    assert [file.name for file in one.release.files] == [
        "medicare-ncci-2026q4-practitioner-ptp-edits-ccipra-v323r0.zip"
    ]


def test_the_name_of_a_zip_dates_what_is_in_it(tmp_path: Path, shelf: Shelf) -> None:
    archive = zipped(tmp_path, "medicare-ncci-2026q4-mue.zip", {"MUE.csv": mue([("97124", 4, "3")])})
    assert load(shelf, archive)[0].release.start == date(2026, 10, 1)


HTML = "<!DOCTYPE html>\n<html><head><title>License Agreement</title></head></html>"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.txt", HTML, "is the licence page, saved in place of the file"),
        ("a.txt", "<html><body>Not found</body></html>", "is a web page"),
        ("a.txt", "", "is empty"),
        ("a.txt", "a shopping list\nmilk\n", "is no release that is known here"),
        ("PPRRVU.txt", "HDR  2026 National Physician Fee Schedule Relative Value File\n0001F  ...\n", "take the .csv"),
        ("a.pdf", b"%PDF-1.7\n", "is a PDF"),
        ("a.xls", b"\xd0\xcf\x11\xe0 old", "is an old Excel file"),
        ("a.csv", "HCPCS".encode("utf-16"), "is UTF-16"),
        ("a.bin", b"abc\0def", "is no text file"),
        ("a.zip", b"PK\x03\x04 and no more", "is damaged or cut"),
        (PTP, ptp()[:-20], "is cut"),
        (PTP, ptp([PAIRS[2], PAIRS[1]]), "is not sorted"),
        ("ccipra-v323r0-f2.txt", ptp(), "part f1 of v323r0 is missing"),
    ],
)
def test_a_wrong_file_is_refused_and_everything_else_with_it(
    tmp_path: Path, shelf: Shelf, name: str, content: str | bytes, reason: str
) -> None:
    load(shelf, write(tmp_path, MUE, mue([("97124", 4, "3")])))
    before = kept(shelf)
    other = write(tmp_path, "MUE_10-01-2026.csv", mue([("97124", 9, "3")]))
    with pytest.raises(ReleaseRefused) as found:
        load(shelf, other, write(tmp_path, name, content))
    assert found.value.file.startswith(name)
    assert reason in found.value.reason
    assert kept(shelf) == before


def test_a_damaged_zip_is_refused(tmp_path: Path, shelf: Shelf) -> None:
    def flip(content: bytearray) -> None:
        content[len(content) // 3] ^= 0xFF

    pairs = [*PAIRS[:3], *(("97140", f"9{n:04d}", "20200101", "*", "1") for n in range(7154, 8900)), *PAIRS[4:]]
    good = zipped(tmp_path, "pairs.zip", {PTP: ptp(pairs)})
    for change in (flip, lambda content: content.__delitem__(slice(len(content) // 2, None))):
        with pytest.raises(ReleaseRefused, match="is damaged or cut"):
            load(shelf, spoiled(write(tmp_path, "bad.zip", good.read_bytes()), change))
    assert not shelf.folder.exists() or not shelf.releases()


def test_a_workbook_is_refused_with_what_to_take(tmp_path: Path, shelf: Shelf) -> None:
    book = zipped(tmp_path, "ccipra-v323r0-f1.xlsx", {"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<a/>"})
    with pytest.raises(ReleaseRefused, match="is an Excel file; take the text file"):
        load(shelf, book)


def test_one_file_given_twice_is_refused(tmp_path: Path, shelf: Shelf) -> None:
    with pytest.raises(ReleaseRefused, match="is given twice"):
        load(shelf, write(tmp_path, PTP, ptp()), write(tmp_path, "copy.txt", ptp()))


def test_a_file_that_is_not_there(tmp_path: Path, shelf: Shelf) -> None:
    with pytest.raises(InputError, match=r"none\.txt: cannot be read"):
        load(shelf, tmp_path / "none.txt")


def many(code: str, count: int) -> list[tuple[str, str, str, str, str]]:
    return [(code, f"{number:04d}T", "20200101", "*", "1") for number in range(count)]


def test_a_code_that_had_hundreds_of_pairs_and_has_none_is_refused(tmp_path: Path, shelf: Shelf) -> None:
    load(shelf, write(tmp_path, "ccipra-v322r0.txt", ptp([*many("97124", 200), *many("97140", 100)])))
    with pytest.raises(ReleaseRefused, match="no row of 97124, of which the release of 2026-07-01 had 200"):
        load(shelf, write(tmp_path, PTP, ptp(many("97140", 300))))
    assert load(shelf, write(tmp_path, PTP, ptp([*many("97124", 1), *many("97140", 300)])))


def all_that_ships() -> list[tuple[str, str, str, str, str]]:
    """A row for each row of the table that ships."""
    rows = [(codes, pair) for codes, pairs in shipped().on(TODAY).pairs.items() for pair in pairs]
    return sorted(
        (one, two, "19960101", f"{pair.deleted:%Y%m%d}" if pair.deleted else "*", pair.indicator)
        for (one, two), pair in rows
    )


def test_half_a_release_is_refused(tmp_path: Path, shelf: Shelf) -> None:
    whole = all_that_ships()
    [one] = load(shelf, write(tmp_path, "ccipra-v322r0.txt", ptp(whole)))
    assert (one.changes, one.warnings) == ((), ())
    told = rf"holds 700 rows, but the release of 2026-07-01 had {len(whole):,}"
    with pytest.raises(ReleaseRefused, match=told):
        load(shelf, write(tmp_path, PTP, ptp(whole[:700])))


def test_a_large_file_that_lacks_what_ships_is_refused_and_a_small_one_warns(tmp_path: Path, shelf: Shelf) -> None:
    [small] = load(shelf, write(tmp_path, PTP, ptp()), dry_run=True)
    assert "is it an excerpt?" in small.warnings[0]
    with pytest.raises(ReleaseRefused, match="entries that were known before: it is cut"):
        load(shelf, write(tmp_path, PTP, ptp(many("97140", 1000))))


# --- a damaged folder -----------------------------------------------------------------------------------------------


def damaged_table(shelf: Shelf) -> None:
    [release] = shelf.releases()
    (shelf.folder / release.file).write_text("column1,column2,from,deleted,indicator,why\n")


def lost_table(shelf: Shelf) -> None:
    [release] = shelf.releases()
    (shelf.folder / release.file).unlink()


def damaged_index(shelf: Shelf) -> None:
    (shelf.folder / INDEX).write_text("{")


@pytest.mark.parametrize("damage", [damaged_table, lost_table, damaged_index])
def test_a_damaged_folder_is_refused_by_name(tmp_path: Path, shelf: Shelf, damage: Callable[[Shelf], None]) -> None:
    load(shelf, write(tmp_path, PTP, ptp()))
    damage(shelf)
    with pytest.raises(RuleFileError, match=r"releases\.json|ncci-ptp-2026-10-01"):
        book(shelf)


def test_a_folder_of_a_newer_version_is_refused(tmp_path: Path, shelf: Shelf) -> None:
    load(shelf, write(tmp_path, PTP, ptp()))
    index = shelf.folder / INDEX
    index.write_text(index.read_text().replace("releases/1", "releases/9"))
    with pytest.raises(RuleFileError, match="releases/9"):
        book(shelf)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be written"):
        load(Shelf(folder_of(tmp_path / "state")), write(tmp_path, PTP, ptp()))


def test_every_error_here_is_one_of_ours() -> None:
    assert issubclass(ReleaseRefused, InputError)
    assert issubclass(ReleaseRefused, MassageBillingError)
    assert ReleaseRefused.exit_code == 8
