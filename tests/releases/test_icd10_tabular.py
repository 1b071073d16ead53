"""The tabular list as XML: the codes of its exclusion notes, 7th characters, manifestations; or refused whole."""

from __future__ import annotations

import runpy
from datetime import date as Date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massage_billing.coding.tabular import TabularTable, Target, pack, unpack
from massage_billing.errors import ReleaseRefused, RuleFileError
from massage_billing.releases.formats import recognize
from massage_billing.releases.icd10_tabular import FORMAT, parse, read_note
from massage_billing.releases.importing import Request, import_files
from massage_billing.releases.model import Context
from massage_billing.releases.shelf import Shelf, folder_of
from massage_billing.rulebook.files import load_rulebook
from releases.icd10_files import BACK, NECK, diag, notes, tabular
from releases.making import Memory, write
from visits import RULES, book, decide, effects

TODAY = Date(2026, 11, 23)
ROOT = Path(__file__).parent.parent.parent


def parsed(text: str) -> TabularTable:
    return TabularTable(pack(parse(text.encode().splitlines(keepends=True), "tabular.xml")))


def apart(table: TabularTable, one: str, other: str) -> bool:
    return table.exclusion(one, other) is not None


def told(text: str) -> tuple[int | None, str]:
    with pytest.raises(ReleaseRefused) as refused:
        parse(text.encode().splitlines(keepends=True), "tabular.xml")
    return refused.value.line, refused.value.reason


# --- one note ---


@pytest.mark.parametrize(
    ("note", "packed"),
    [
        ("low back strain (S39.012)", "S39012"),
        ("lumbago with sciatica (M54.4-)", "M544"),
        ("bacterial intoxications (A05.-)", "A05"),
        ("enteritis (A04.0-A04.4)", "A040-A044"),
        ("multiple gestation (O31.1-, O31.3-)", "O311 O313"),
        ("infarction (I63.3-I63.5-)", "I633-I635"),
        ("atherosclerosis (I70.2--I70.7-)", "I702-I707"),
        ("syndactyly (Q70.0- -Q70.3-)", "Q700-Q703"),
        ("apnea (P28.3- - P28.4-)", "P283-P284"),
        ("malignancies (C81-C86, C88, C96.-)", "C81-C86 C88 C96"),
        ("spondylosis (M47.0-, M47.2.-)", "M470 M472"),
        ("crohn with abscess (K50.014, K50.114,)", "K50014 K50114"),
        ("meconium (P03.82 )", "P0382"),
        ("neuropathy (E08-E13 with .42)", "E08-E13@3=42"),
        ("arthropathy (E08-E13 with .61-)", "E08-E13@3=61"),
        ("ice-skater (V01-V09 with 5th character 9)", "V01-V09@4=9"),
        ("disc (M51.- with fifth character 6)", "M51@4=6"),
        ("open skull fracture (S02.- with 7th character B)", "S02@6=B"),
        ("an older kind of gout (M1A.-)", "M1A"),
        ("a code of the new chapters (QA0.0)", "QA00"),
    ],
)
def test_a_note_whose_codes_can_be_read(note: str, packed: str) -> None:
    found = read_note(note)
    assert found
    assert " ".join(target.packed for target in found) == packed


@pytest.mark.parametrize(
    "note",
    [
        "stuttering after a stroke (I69. with final characters -23)",
        "angiopathy (E08-E13 with .51-.52)",
        "torticollis NOS M43.6",
        "rheumatic diseases (I05-I09) unless fever is present",
        "adverse effects (A00-R94 and T80-T88.6, T88.8)",
        "pleural effusion (J91.0))",
        "open fracture (S52.- with open fracture 7th character)",
        "a range the wrong way round (M54.5-M54.2)",
        "two with a character (M51.-, M52.- with fifth character 6)",
    ],
)
def test_a_note_whose_codes_cannot_be_read_for_certain_is_no_exclusion(note: str) -> None:
    assert read_note(note) is None


@pytest.mark.parametrize(
    "note", ["current injury - see injury of spine by body region", "arthropathy in:", "tests for sign(s)", "bus"]
)
def test_a_note_that_names_no_code_is_counted_apart(note: str) -> None:
    assert read_note(note) == ()


@pytest.mark.parametrize(
    ("packed", "code", "holds"),
    [
        (Target("M54"), "M5450", True), (Target("M54"), "M55", False),
        (Target("M540", "M543"), "M5430", True), (Target("M540", "M543"), "M544", False),
        (Target("C81", "C86"), "C869", True), (Target("C81", "C86"), "C80", False),
        (Target("E08", "E13", 3, "42"), "E1142", True), (Target("E08", "E13", 3, "42"), "E1140", False),
        (Target("S02", "", 6, "B"), "S0201XB", True), (Target("S02", "", 6, "B"), "S0201XA", False),
        (Target("R519"), "R51", False),
    ],
)  # fmt: skip
def test_what_a_target_holds(packed: Target, code: str, holds: bool) -> None:
    assert packed.holds(code) is holds


# --- the whole list ---


def test_notes_hold_for_everything_under_the_place_they_stand_at() -> None:
    table = parsed(tabular(BACK, NECK))
    assert apart(table, "M5450", "S39012A")
    assert apart(table, "S39012A", "M5450")
    assert apart(table, "M542", "F4541")
    assert apart(table, "M5450", "M4646")
    assert not apart(table, "M542", "S39012A")
    assert not apart(table, "M5440", "S39012A")
    assert table.notes.without_codes == 1


def test_a_note_of_a_chapter_holds_for_its_codes() -> None:
    text = tabular(notes("excludes1", "of newborns (P70-P74)"), BACK, NECK)
    assert apart(parsed(text), "M5450", "P722")


def test_a_code_that_a_note_names_is_not_kept_from_what_the_note_names() -> None:
    own = diag("M54", notes("excludes1", "low back pain (M54.5-)", "strain (S39.012)"), diag("M54.2"), diag("M54.5"))
    table = parsed(tabular(f'<section id="M50-M54">{own}</section>', NECK))
    assert apart(table, "M542", "M5450")
    assert not apart(table, "M5450", "M5459")
    assert not apart(table, "M5450", "M5450")


def test_seventh_characters_and_what_they_mean() -> None:
    table = parsed(tabular(BACK, NECK))
    seventh = table.seventh("S134")
    assert seventh is not None
    assert dict(seventh.means) == {"A": "initial encounter", "D": "subsequent encounter", "S": "sequela"}
    assert table.seventh("M542") is None


def test_only_plain_manifestations_are_never_first() -> None:
    plain = diag("M49", notes("codeFirst", "underlying disease, such as:", "brucellosis (A23.-)"), diag("M49.8"),
                 title="Spondylopathies in diseases classified elsewhere")  # fmt: skip
    perhaps = diag(
        "E20.811", notes("codeFirst", "underlying condition, if known"), title="In diseases classified elsewhere"
    )
    other = diag("D63.1", notes("codeFirst", "underlying kidney disease (N18.-)"), title="Anemia in kidney disease")
    table = parsed(tabular(BACK, NECK, plain, perhaps, other))
    assert table.manifestation("M4982")
    assert table.notes.manifestations == ("M49",)


def test_packing_is_the_same_each_time_and_loses_nothing() -> None:
    found = parse(tabular(BACK, NECK).encode().splitlines(keepends=True), "tabular.xml")
    assert pack(found) == pack(found)
    assert unpack(pack(found), "x") == found


@pytest.mark.parametrize("packed", [b"", b"no gzip", pack(parsed(tabular(BACK, NECK)).notes)[:-12]])
def test_a_broken_table_is_refused(packed: bytes) -> None:
    with pytest.raises(RuleFileError, match="tables/x"):
        assert TabularTable(packed, "tables/x").notes


# --- what is refused ---


def test_another_xml_is_refused_with_its_line() -> None:
    assert told("<html>\n<body></body></html>") == (1, "begins with <html>, not with <ICD10CM.tabular>")
    line, reason = told('<?xml version="1.0"?>\n<!DOCTYPE x [<!ENTITY a "b">]>\n<ICD10CM.tabular>&a;</ICD10CM.tabular>')
    assert (line, "document type" in reason) == (2, True)
    assert told(tabular(BACK.replace("M54.2", "54-2"), NECK))[1] == 'has the code "54-2", which is none'


def test_a_list_with_chapters_missing_is_refused() -> None:
    assert "is not the whole tabular list: 3 chapters" in told(tabular(BACK, NECK, chapters=3))[1]
    assert "is not the whole tabular list" in told(tabular(NECK))[1]


@given(st.data())
def test_a_list_cut_anywhere_is_refused(data: st.DataObject) -> None:
    text = tabular(BACK, NECK)
    cut = data.draw(st.integers(0, len(text) - len("</ICD10CM.tabular>\n")))
    _, reason = told(text[:cut])
    assert "is no whole XML" in reason


# --- the whole import, and the tables that ship ---


def test_an_imported_list_holds_from_its_date_and_the_older_one_before_it(tmp_path: Path) -> None:
    shelf = Shelf(folder_of(tmp_path))
    text = tabular(BACK.replace("strain (S39.012)", "neck pain (M54.2)"), NECK, version="2027")
    assert recognize(text[:200]) is FORMAT
    file = write(tmp_path, "icd10cm-tabular-2027.xml", text)
    (done,) = import_files(Request((file,), TODAY), shelf, book)
    assert (done.release.start, done.release.through) == (Date(2026, 10, 1), Date(2027, 3, 31))
    rules = load_rulebook(releases=shelf.folder)
    for on, codes, effect in (
        (Date(2026, 10, 1), ["M54.50", "S39.012A"], "none"), (Date(2026, 9, 30), ["M54.50", "S39.012A"], "hold"),
        (Date(2026, 10, 1), ["M54.50", "M54.2"], "hold"), (Date(2026, 9, 30), ["M54.50", "M54.2"], "none"),
    ):  # fmt: skip
        assert [e for _, e in effects(decide(on, rules, diagnoses=codes), "diagnosis-excludes1")] == [effect]


def test_the_version_tells_the_release_where_no_name_does() -> None:
    part = Memory(tabular(BACK, NECK, version="2027"), "download.xml")
    assert FORMAT.read([part], Context(frozenset())).start == Date(2026, 10, 1)


@pytest.fixture(scope="module")
def tool() -> dict[str, object]:
    return runpy.run_path(str(ROOT / "deploy" / "tools" / "build_icd10.py"))


def test_the_tables_that_ship_are_what_the_tool_builds(tool: dict[str, object]) -> None:
    codes, read = tool["codes"], tool["notes"]
    assert callable(codes)
    assert callable(read)
    tables = RULES / "tables"
    assert codes() == (tables / str(tool["CODES"])).read_bytes()
    assert pack(read()) == (tables / str(tool["NOTES"])).read_bytes()


def test_the_list_that_ships_has_as_many_codes_and_headings_as_nchs_counts() -> None:
    shipped = book().on(TODAY).icd10
    assert (len(shipped.codes), len(shipped.headings)) == (74719, 23467)


def test_the_rule_file_says_how_many_notes_are_read_and_not() -> None:
    found = book().on(TODAY).tabular.notes
    said = " ".join(book().rules["diagnosis-excludes1"].left_to_a_person)
    total = len(found.exclusions) + len(found.unread) + found.without_codes
    assert f"{len(found.unread)} of the {total:,} notes" in said
    assert f"{found.without_codes} notes that name no code" in said
    said = " ".join(row.note for row in book().rules["diagnosis-code-first"].values)
    assert f"{len(found.manifestations)} headings" in said


def test_every_note_that_ships_names_codes_or_headings_that_exist() -> None:
    """A code that was read wrong would most likely not exist."""
    shipped = book().on(TODAY).icd10
    known = shipped.codes | shipped.headings
    begins = {code[:length] for code in known for length in range(3, len(code) + 1)}
    found = book().on(TODAY).tabular.notes
    named = [t for note in found.exclusions for t in (*note.names, note.at)]
    missing = {end for target in named for end in (target.low, target.high) if end and end not in begins}
    assert missing <= NAMED_BUT_GONE


NAMED_BUT_GONE = {"R104"}
"""What the tabular list of April 2026 names although no code begins with it."""
