"""The clinic's own files (fee schedule, ConceptMaps; others have files of their own) and what they make of settings.

Each is refused whole, with file and line, when any part of it is wrong: a charge that was skipped in silence is money
lost in silence.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date as Date
from decimal import Decimal
from pathlib import Path

import orjson

from massage_billing.clinic_credentials import load_credentials
from massage_billing.clinic_csv import rows
from massage_billing.clinic_papers import load_papers
from massage_billing.clinic_payers import load_payers
from massage_billing.clinic_yaml import read_text
from massage_billing.errors import SettingsError
from massage_billing.fhir import names
from massage_billing.model import Clinic, Credential, Fee, Paper, Reading
from massage_billing.settings import UNCONFIGURED, HostSettings, Settings

_AMOUNT = re.compile(r"\d{1,7}(\.\d{1,2})?", re.ASCII)
_COLUMNS = ("code", "modifier", "payer", "from", "amount")
_CODE = re.compile(r"[0-9A-Z]{5}", re.ASCII)


# --- the fee schedule -----------------------------------------------------------------------------------------------


def load_fees(file: Path) -> tuple[Fee, ...]:
    """The fee schedule, a CSV with the columns code, modifier, payer, from, amount (dollars for one unit).

    A byte order mark, CRLF line ends and blank lines are fine. SettingsError with the line number otherwise.
    """
    fees: list[Fee] = []
    seen: dict[tuple[str, str | None, str | None, Date], int] = {}
    for line, row in rows(file, read_text(file), _COLUMNS):
        fee = _fee(f"{file}:{line}", row)
        key = (fee.code, fee.modifier, fee.payer, fee.since)
        if key in seen:
            what = f"{file}:{line}: the same code, modifier, payer and date stand on line {seen[key]}."
            raise SettingsError(what, "Keep one of the two: which amount counts must not be a guess.")
        seen[key] = line
        fees.append(fee)
    return tuple(fees)


def _fee(where: str, row: Mapping[str, str]) -> Fee:
    if not _CODE.fullmatch(row["code"]):
        raise SettingsError(f"{where}: code {row['code']!r} is no CPT or HCPCS number.", "Write five characters.")
    if row["modifier"] and not re.fullmatch(r"[0-9A-Z]{2}", row["modifier"], re.ASCII):
        raise SettingsError(f"{where}: modifier {row['modifier']!r} is none.", "Write two characters, or nothing.")
    try:
        since = Date.fromisoformat(row["from"])
    except ValueError:
        raise SettingsError(f"{where}: {row['from']!r} is no date.", "Write it like 2026-01-31.") from None
    if not _AMOUNT.fullmatch(row["amount"]) or Decimal(row["amount"]) == 0:
        raise SettingsError(f"{where}: amount {row['amount']!r} is no price.", "Write dollars for one unit: 35.00")
    return Fee(
        code=row["code"],
        amount=Decimal(row["amount"]).quantize(Decimal("0.01")),
        since=since,
        modifier=row["modifier"] or None,
        payer=row["payer"] or None,
    )


# --- ConceptMaps ----------------------------------------------------------------------------------------------------

CodeMap = Mapping[tuple[str, str], str]


def load_concept_map(file: Path) -> tuple[CodeMap, CodeMap]:
    """(to CPT or HCPCS, to CMS place of service) of one R4 ConceptMap: (system, code) → number.

    Targets that are not marked equivalent, equal or wider are left out: a narrower target says more than the record.
    """
    try:
        found = orjson.loads(read_text(file))
    except orjson.JSONDecodeError as error:
        raise SettingsError(f"{file}:{error.lineno}: is not JSON.", "Export it again as FHIR R4 JSON.") from None
    if not isinstance(found, dict) or found.get("resourceType") != "ConceptMap":
        raise SettingsError(f"{file}:1: is no FHIR ConceptMap.", "Name a ConceptMap resource, R4, as JSON.")
    codes: dict[tuple[str, str], str] = {}
    places: dict[tuple[str, str], str] = {}
    for source, code, target, number in _mappings(found):
        into = codes if target in (names.CPT, names.HCPCS) else places if target == names.PLACE_OF_SERVICE else None
        if into is None:
            continue
        if into.setdefault((source, code), number) != number:
            raise SettingsError(f"{file}: {source}|{code} is mapped to two codes.", "Keep one of the two.")
    return codes, places


def _mappings(concept_map: Mapping[str, object]) -> Iterator[tuple[str, str, str, str]]:
    """(source system, code, target system, code) of every usable target."""
    for group in _objects(concept_map.get("group")):
        source, target = group.get("source"), group.get("target")
        for element in _objects(group.get("element")):
            for one in _objects(element.get("target")):
                parts = (source, element.get("code"), target, one.get("code"))
                usable = one.get("equivalence") in ("equivalent", "equal", "wider", "subsumes")
                if usable and all(isinstance(part, str) and part for part in parts):
                    yield tuple(map(str, parts))  # type: ignore[misc]


def _objects(value: object) -> Iterator[Mapping[str, object]]:
    if isinstance(value, list):
        yield from (one for one in value if isinstance(one, dict))


# --- what settings make of it ---------------------------------------------------------------------------------------


def settings_to_reading(
    settings: Settings, host: HostSettings, *, code_map: CodeMap, place_map: CodeMap, openemr: bool | None = None
) -> Reading:
    """How this host's records are read. ``code_map`` and ``place_map`` are the shipped ones; the clinic's own go over.

    ``openemr`` tells the dialect where the settings do not (a FHIR server that says it is OpenEMR).
    """
    codes, places = dict(code_map), dict(place_map)
    for file in settings.clinic.concept_maps:
        more_codes, more_places = load_concept_map(file)
        codes.update(more_codes)
        places.update(more_places)
    as_openemr = host.kind.value == "openemr" if openemr is None else openemr
    return Reading(
        host=host.id,
        zone=host.zone,
        site_zones={site: one.zone for site, one in host.sites.items() if one.zone},
        place_of_service=host.place_of_service,
        site_places={site: one.place_of_service for site, one in host.sites.items() if one.place_of_service},
        minute_sources=host.minutes.sources,
        minute_observations=frozenset((one.system, one.code) for one in host.minutes.observations),
        code_map=codes,
        place_map=places,
        times_as_written=as_openemr,
        finished_is_done=not as_openemr,
    )


def settings_to_clinic(settings: Settings, reading: Reading | None = None) -> Clinic:
    """What the clinic knows, from its files, with the digest whose change wakes open holds (DESIGN 4).

    SettingsError where a file is named but wrong, or a fee names a payer that payers.yaml does not have. For a host
    that no settings name nothing is known: what only settings could tell is then a warning.
    """
    if reading is not None and reading.host == UNCONFIGURED:
        return Clinic(explaining=True)
    clinic = settings.clinic
    payers = load_payers(clinic.payers) if clinic.payers else ()
    fees = load_fees(clinic.fees) if clinic.fees else None
    papers = load_papers(clinic.papers) if clinic.papers else ()
    credentials = load_credentials(clinic.credentials) if clinic.credentials else ()
    named = (
        (clinic.fees, {fee.payer for fee in fees or ()}),
        (clinic.papers, {paper.payer for paper in papers}),
        (clinic.credentials, {one.payer for one in credentials}),
    )
    for file, used in named if clinic.payers else ():
        unknown = sorted(key for key in used if key and key not in {payer.key for payer in payers})
        if unknown:
            what = f"{file}: payers {', '.join(unknown)} are not in {clinic.payers}."
            raise SettingsError(what, "Use the keys of payers.yaml.")
    made = Clinic(
        payers=payers,
        payers_known=True,
        fees=fees,
        papers=papers,
        credentials=credentials,
        credentials_known=clinic.credentials is not None,
        npi=clinic.npi,
        solo=clinic.solo,
        tin=clinic.tin.replace("-", "") if clinic.tin else None,
    )
    return _with_digest(made, clinic.solo, reading)


def _with_digest(clinic: Clinic, solo: bool, reading: Reading | None) -> Clinic:
    """The same, with the SHA-256 of everything a decision rests on. Line numbers and file names stay outside of it."""
    known = {
        "payers": [
            [p.key, p.kind, p.policy, sorted(p.references), sorted(p.identifiers), p.payer_id, p.filing_days]
            for p in clinic.payers
        ],
        "fees": None
        if clinic.fees is None
        else sorted([f.code, f.modifier or "", f.payer or "", f.since.isoformat(), str(f.amount)] for f in clinic.fees),
        "papers": sorted(_parts(paper, Paper) for paper in clinic.papers),
        "credentials": sorted(_parts(one, Credential) for one in clinic.credentials),
        "credentials_known": clinic.credentials_known,
        "npi": clinic.npi,
        "tin": clinic.tin,
        "solo": solo,
        "reading": None if reading is None else _reading_parts(reading),
    }
    digest = hashlib.sha256(orjson.dumps(known, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return replace(clinic, digest=digest)


def _parts(one: Paper | Credential, kind: type[Paper | Credential]) -> list[str]:
    """Everything of a paper or credential but where it stands."""
    return [str(getattr(one, name)) for name in kind.__dataclass_fields__ if name != "source"]


def _reading_parts(reading: Reading) -> list[object]:
    """What of the reading can turn a hold into a claim: zones, places, minutes, maps."""
    observations = reading.minute_observations
    return [
        reading.zone,
        sorted(reading.site_zones.items()),
        reading.place_of_service,
        sorted(reading.site_places.items()),
        list(reading.minute_sources),
        None if observations is None else sorted(observations),
        sorted(reading.code_map.items()),
        sorted(reading.place_map.items()),
    ]
