"""payers.yaml, the fee schedule and ConceptMaps: whole or refused, with file and line."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from massage_billing.clinic_files import (
    load_concept_map,
    load_fees,
    settings_to_clinic,
    settings_to_reading,
)
from massage_billing.clinic_payers import load_payers
from massage_billing.errors import SettingsError
from massage_billing.fhir import names
from massage_billing.model import CoverageKind, Reading
from massage_billing.settings import UNCONFIGURED, Settings, load_settings

PAYERS = """\
payers:
  - key: blue
    kind: health
    policy: commercial-midpoint
    filing_days: 180
    match:
      references: [Organization/9]
      identifiers: [{system: "urn:x", value: "007"}]
  - key: comp
    kind: workers-compensation
    policy: cms-total-time
    match: {payer_id: "00123"}
"""


def put(folder: Path, name: str, text: str | bytes) -> Path:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_payers_keep_their_order_lines_and_leading_zeros(tmp_path: Path) -> None:
    blue, comp = load_payers(put(tmp_path, "payers.yaml", PAYERS))
    assert (blue.key, blue.kind, blue.policy, blue.line) == ("blue", CoverageKind.HEALTH, "commercial-midpoint", 2)
    assert blue.references == {"Organization/9"}
    assert blue.identifiers == {("urn:x", "007")}
    assert blue.filing_days == 180
    assert (comp.payer_id, comp.line) == ("00123", 9)


ENTRY = "  - {{key: {key}, kind: health, policy: p, match: {match}}}\n"
SAME_KEY = "payers:\n" + ENTRY.format(key="a", match="{payer_id: '1'}") + ENTRY.format(key="a", match="{payer_id: '2'}")
SAME_ID = "payers:\n" + ENTRY.format(key="a", match="{payer_id: '1'}") + ENTRY.format(key="b", match="{payer_id: '1'}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("payers:\n  - {key: a, kind: health, policy: p}\n", ":2: payer a has nothing to be recognized by"),
        ("payers:\n  - {key: a, kind: health, policy: p, name: Acme}\n", "a name alone never is"),
        ("payers:\n  - {key: a, kind: dental, policy: p}\n", ":2: payers.0.kind must be one of"),
        ("payers:\n  - {kind: health, policy: p}\n", ":2: payers.0.key is missing."),
        ("payers:\n" + ENTRY.format(key="a", match="{references: [Acme]}"), "Acme is no reference"),
        ("payers:\n  - key: a\n    kind: health\n    key: b\n", ":4: payers.0.key is given twice, first on line 2."),
        (SAME_KEY, ":3: key a is also that of the payer on line 2."),
        (SAME_ID, ":3: payer_id 1 is also that of the payer on line 2."),
        ("payers: none\n", ":1: payers"),
        ("", "payers is missing"),
    ],
)
def test_payers_that_could_not_be_told_apart_are_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_payers(put(tmp_path, "payers.yaml", text))
    assert said in caught.value.what
    assert "payers.yaml:" in caught.value.what


FEES = """\
code,modifier,payer,from,amount
97124,,,2026-01-01,35
97124,GP,blue,2026-01-01,35.5
97140,,,2026-07-01,41.25
"""


@pytest.mark.parametrize(
    "text",
    [
        FEES,
        "\ufeff" + FEES,
        FEES.replace("\n", "\r\n"),
        FEES.replace("\n", "\n\n"),
        "\n" + FEES,
        FEES.upper().replace("BLUE", "blue"),
    ],
    ids=["plain", "byte order mark", "CRLF", "blank lines", "blank first line", "upper-case header"],
)
def test_fees_are_read_however_a_spreadsheet_saves_them(tmp_path: Path, text: str) -> None:
    first, second, third = load_fees(put(tmp_path, "fees.csv", text))
    assert (first.code, first.modifier, first.payer, first.since) == ("97124", None, None, date(2026, 1, 1))
    assert str(first.amount) == "35.00"
    assert (second.modifier, second.payer, second.amount) == ("GP", "blue", Decimal("35.50"))
    assert third.since == date(2026, 7, 1)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("9712,,,2026-01-01,35", "'9712' is no CPT or HCPCS number"),
        ("97124,GPX,,2026-01-01,35", "modifier 'GPX' is none"),
        ("97124,,,1/1/2026,35", "'1/1/2026' is no date"),
        ("97124,,,2026-02-30,35", "'2026-02-30' is no date"),
        ("97124,,,2026-01-01,$35", "'$35' is no price"),
        ("97124,,,2026-01-01,-35", "'-35' is no price"),
        ("97124,,,2026-01-01,0.00", "'0.00' is no price"),
        ("97124,,,2026-01-01,35.005", "'35.005' is no price"),
        ("97124,,,2026-01-01,1e3", "'1e3' is no price"),
        ("97124,,,2026-01-01", "has 4 columns instead of 5"),
        ('97124,,,2026-01-01,"1,035.00"', "'1,035.00' is no price"),
        ('97124,,,2026-01-01,"35', "is not CSV"),
    ],
)
def test_a_bad_fee_line_is_refused_by_its_number(tmp_path: Path, row: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_fees(put(tmp_path, "fees.csv", FEES + row + "\n"))
    assert "fees.csv:5: " in caught.value.what
    assert said in caught.value.what


def test_two_amounts_for_one_price_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"fees.csv:5: the same code, modifier, payer and date stand on line 2\."):
        load_fees(put(tmp_path, "fees.csv", FEES + "97124,,,2026-01-01,36\n"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", ":1: is empty"),
        (b"code;modifier;payer;from;amount\n", ":1: the first line must be code,modifier,payer,from,amount"),
        (FEES.encode() + b"97124,,bl\xfc,2026-01-01,3\n", ":5: is not UTF-8 text"),
        (FEES.encode("utf-16"), "is not UTF-8 text"),
    ],
)
def test_a_file_that_is_no_fee_schedule_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_fees(put(tmp_path, "fees.csv", content))
    assert said in caught.value.what


def concept_map(*targets: tuple[str, str, str]) -> str:
    """A ConceptMap of (code, target code, equivalence) from urn:local to CPT."""
    elements = [
        {"code": code, "target": [{"code": target, "equivalence": equivalence}]}
        for code, target, equivalence in targets
    ]
    group = {"source": "urn:local", "target": names.CPT, "element": elements}
    return json.dumps({"resourceType": "ConceptMap", "status": "active", "group": [group]})


def test_a_concept_map_gives_only_targets_that_say_no_more_than_the_record(tmp_path: Path) -> None:
    text = concept_map(("SWED", "97124", "equivalent"), ("DEEP", "97140", "wider"), ("SPA", "97124", "narrower"))
    codes, places = load_concept_map(put(tmp_path, "map.json", text))
    assert codes == {("urn:local", "SWED"): "97124", ("urn:local", "DEEP"): "97140"}
    assert places == {}


def test_a_concept_map_to_place_of_service(tmp_path: Path) -> None:
    text = concept_map(("HOME", "12", "equivalent")).replace(names.CPT, names.PLACE_OF_SERVICE)
    assert load_concept_map(put(tmp_path, "map.json", text)) == ({}, {("urn:local", "HOME"): "12"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ('{"resourceType": "Patient"}', "is no FHIR ConceptMap"),
        (concept_map(("A", "97124", "equal"), ("A", "97140", "equal")), r"urn:local\|A is mapped to two codes"),
    ],
)
def test_a_concept_map_that_is_none_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load_concept_map(put(tmp_path, "map.json", text))


# --- what settings make of it ---------------------------------------------------------------------------------------

SETTINGS = """\
clinic:
  npi: 1245319599
  tin: 12-3456789
  payers: payers.yaml
  fees: fees.csv
  concept_maps: [map.json]
hosts:
  main:
    kind: fhir
    url: https://ehr.example.org/fhir
    zone: America/Los_Angeles
    place_of_service: 11
    sites: {L2: {zone: America/Denver, place_of_service: 12}}
    minutes: {sources: [observation], observations: [{system: "http://loinc.org", code: 55411-3}]}
"""


def clinic_folder(folder: Path, **changed: str) -> Settings:
    files = {"settings": SETTINGS, "payers": PAYERS, "fees": FEES, "map": concept_map(("SWED", "97124", "equal"))}
    files.update(changed)
    put(folder, "payers.yaml", files["payers"])
    put(folder, "fees.csv", files["fees"])
    put(folder, "map.json", files["map"])
    return load_settings(put(folder, "massage-billing.yaml", files["settings"]))


def reading_of(settings: Settings) -> Reading:
    shipped = {("urn:local", "SWED"): "97140", ("urn:sct", "1"): "97110"}
    return settings_to_reading(settings, settings.host(), code_map=shipped, place_map={("urn:p", "o"): "11"})


def digest_of(settings: Settings) -> str:
    return settings_to_clinic(settings, reading_of(settings)).digest


def test_a_reading_holds_what_the_settings_say_of_the_host(tmp_path: Path) -> None:
    reading = reading_of(clinic_folder(tmp_path))
    assert (reading.host, reading.zone, reading.place_of_service) == ("main", "America/Los_Angeles", "11")
    assert (reading.site_zones, reading.site_places) == ({"L2": "America/Denver"}, {"L2": "12"})
    assert reading.minute_sources == ("observation",)
    assert reading.minute_observations == {("http://loinc.org", "55411-3")}
    assert reading.code_map == {("urn:local", "SWED"): "97124", ("urn:sct", "1"): "97110"}
    assert reading.finished_is_done
    assert not reading.times_as_written


def test_openemr_is_read_as_openemr(tmp_path: Path) -> None:
    reading = reading_of(clinic_folder(tmp_path, settings=SETTINGS.replace("kind: fhir", "kind: openemr")))
    assert reading.times_as_written
    assert not reading.finished_is_done


def test_a_clinic_holds_its_files(tmp_path: Path) -> None:
    settings = clinic_folder(tmp_path)
    clinic = settings_to_clinic(settings, reading_of(settings))
    assert [payer.key for payer in clinic.payers] == ["blue", "comp"]
    assert clinic.payers_known
    assert not clinic.explaining
    assert clinic.fees is not None
    assert (clinic.npi, clinic.tin) == ("1245319599", "123456789")
    assert len(clinic.digest) == 64


def test_a_host_that_no_settings_name_knows_nothing() -> None:
    clinic = settings_to_clinic(Settings(), Reading(host=UNCONFIGURED))
    assert clinic.explaining
    assert not clinic.payers_known


def test_a_fee_for_a_payer_that_is_not_in_payers_yaml_is_refused(tmp_path: Path) -> None:
    settings = clinic_folder(tmp_path, fees=FEES.replace("blue", "bleu"))
    with pytest.raises(SettingsError, match="payers bleu are not in"):
        settings_to_clinic(settings, reading_of(settings))


@pytest.mark.parametrize(
    "changed",
    [
        {"fees": FEES.replace("41.25", "41.26")},
        {"payers": PAYERS.replace("commercial-midpoint", "cms-total-time")},
        {"payers": PAYERS.replace("180", "90")},
        {"map": concept_map(("SWED", "97110", "equal"))},
        {"settings": SETTINGS.replace("1245319599", "1234567893")},
        {"settings": SETTINGS.replace("Los_Angeles", "Denver")},
        {"settings": SETTINGS.replace("place_of_service: 11", "place_of_service: 12")},
        {"settings": SETTINGS.replace("[observation]", "[observation, period]")},
        {"settings": SETTINGS.replace("  npi", "  solo: true\n  npi")},
    ],
    ids=["fee", "policy", "filing days", "concept map", "npi", "zone", "place", "minutes", "solo"],
)
def test_whatever_a_decision_rests_on_changes_the_digest(tmp_path: Path, changed: dict[str, str]) -> None:
    before = digest_of(clinic_folder(tmp_path))
    assert digest_of(clinic_folder(tmp_path, **changed)) != before


@pytest.mark.parametrize(
    "changed",
    [
        {"fees": FEES.replace("\n", "\r\n")},
        {"payers": "# a comment\n" + PAYERS},
        {"settings": SETTINGS.replace("https://ehr", "https://other")},
        {"settings": SETTINGS.replace("  npi", "  name: Other\n  npi")},
    ],
    ids=["line ends", "comment", "url", "name"],
)
def test_what_no_decision_rests_on_does_not_wake_holds(tmp_path: Path, changed: dict[str, str]) -> None:
    before = digest_of(clinic_folder(tmp_path))
    assert digest_of(clinic_folder(tmp_path, **changed)) == before
