"""The superbill: what a patient gets to pay, or to hand to a plan themselves; one HTML page that prints on Letter.

It is the one place that needs names: the visit has none, so the patient, the birth date and the therapists are read
from the host's records, put on the page and kept nowhere. Codes carry our own labels or the clinic's licensed ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date as Date
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import yaml

from massage_billing.coding import icd10, payer_pays
from massage_billing.errors import MassageBillingError, SettingsError
from massage_billing.fhir.json import NOTHING, child, children, text
from massage_billing.model import ClaimLine, Decision, Outcome, Result, Visit
from massage_billing.ports import JsonObject, VisitRecord
from massage_billing.settings import ClinicSettings

_LICENSE_TYPES = frozenset({"LN", "SL", "MD"})
"""HL7 v2-0203 identifier types that are licences: license number, state license, medical license number."""


_POINTERS = 4
"""Diagnoses that a line of the form has room for."""


class NoSuperbill(MassageBillingError):
    """This visit has no superbill."""


@dataclass(frozen=True, slots=True)
class Performer:
    """Who did a line, as the page names them."""

    name: str
    """Name in full."""
    npi: str
    """NPI, or empty."""
    license: str
    """Licence number, or empty."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the page; every value ready to print."""

    code: str
    """Code with its modifiers, "97124-GP"."""
    label: str
    """What it is called here."""
    pointers: str
    """Letters of the diagnoses it points to, "A, B"."""
    minutes: str
    """Minutes, or empty."""
    units: int
    """Units."""
    unit_price: str
    """Dollars for one unit."""
    charge: str
    """Dollars of the line."""
    therapist: int
    """1-based place in ``Page.performers``; 0 where nobody is named."""


@dataclass(frozen=True, slots=True)
class Page:
    """Everything on the superbill."""

    clinic: ClinicSettings
    """Who bills."""
    visit: str
    """Encounter id."""
    date: Date
    """Date of service."""
    place_of_service: str
    """CMS number, or empty."""
    patient: str
    """Name in full."""
    birth_date: str
    """As recorded, or empty."""
    diagnoses: tuple[tuple[str, str], ...]
    """(letter, ICD-10-CM code)."""
    lines: tuple[Line, ...]
    """In the decision's order."""
    performers: tuple[Performer, ...]
    """Whoever did a line."""
    total: str
    """Dollars of all lines."""
    billed_to: str
    """Payer key where the plan is billed as well; empty for self-pay."""
    reasons: tuple[str, ...] = ()
    """Why a payer does not pay this, in plain sentences."""
    patients: tuple[Line, ...] = ()
    """Lines that are on no claim because the payer excludes them: the patient's to pay."""
    patients_total: str = ""
    """Dollars of those."""


def superbill(
    visit: Visit, decision: Decision, record: VisitRecord, clinic: ClinicSettings, labels: Mapping[str, str]
) -> str:
    """The page as HTML. NoSuperbill where the visit is held, has nothing to charge, or lacks a price."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    page = _page(visit, decision, record, clinic, labels)
    jinja = Environment(
        loader=PackageLoader("massage_billing", "web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return jinja.get_template("superbill.html.j2").render(page=page)


def load_labels(own: Path | None = None) -> dict[str, str]:
    """Code → label: ours, and over them the clinic's licensed descriptors. SettingsError where its file is wrong."""
    shipped = files("massage_billing").joinpath("rules", "labels.yaml").read_text(encoding="utf-8")
    labels: dict[str, str] = dict(yaml.load(shipped, Loader=yaml.BaseLoader)["labels"])  # noqa: S506 (strings only)
    if own is not None:
        from massage_billing.clinic_yaml import read_yaml

        found = read_yaml(own).data
        given = found.get("labels") if isinstance(found, dict) else None
        if not isinstance(given, dict) or not all(isinstance(label, str) for label in given.values()):
            raise SettingsError(f"{own}:1: must hold labels, a code and its text on each line.", "Correct the file.")
        labels.update(given)
    return labels


def _page(
    visit: Visit, decision: Decision, record: VisitRecord, clinic: ClinicSettings, labels: Mapping[str, str]
) -> Page:
    about = f"Encounter/{visit.encounter}"
    if decision.outcome is Outcome.HOLD:
        rules = ", ".join(dict.fromkeys(finding.rule for finding in decision.holds))
        raise NoSuperbill(f"{about} is held ({rules}).", f"See `massage-billing explain {about}`; fix it first.")
    if decision.outcome is Outcome.NO_CHARGE or not decision.lines:
        raise NoSuperbill(f"{about} has nothing to charge.", "")
    total, patients_total = decision.total, _total(decision.patients)
    if total is None or patients_total is None or visit.date is None:
        raise NoSuperbill(f"{about} has a line without a price.", "Complete the fee schedule.")
    patients = tuple(_pointing(line, visit, decision) for line in decision.patients)
    every = (*decision.lines, *patients)
    therapists = list(dict.fromkeys(line.therapist.id for line in every if line.therapist))
    npis = {line.therapist.id: line.therapist.npi or "" for line in every if line.therapist}
    patient = record.resources.get(visit.patient or "", NOTHING)
    return Page(
        clinic=clinic,
        visit=visit.encounter,
        date=visit.date,
        place_of_service=visit.place_of_service or "",
        patient=human_name(patient) or visit.patient or "",
        birth_date=text(patient, "birthDate") or "",
        diagnoses=tuple((_letter(place), code) for place, code in enumerate(decision.diagnoses)),
        lines=tuple(_line(line, labels, therapists) for line in decision.lines),
        performers=tuple(_performer(one, npis[one], record) for one in therapists),
        total=_money(total),
        billed_to=(decision.payer or "the plan") if decision.outcome is Outcome.CLAIM else "",
        reasons=tuple(f.message for f in decision.findings if f.rule == payer_pays.RULE and f.result is Result.FAIL),
        patients=tuple(_line(line, labels, therapists) for line in patients),
        patients_total=_money(patients_total),
    )


def _total(lines: Iterable[ClaimLine]) -> Decimal | None:
    """Dollars of some lines; None where one has no price."""
    charges = [line.charge for line in lines]
    return None if None in charges else sum((charge for charge in charges if charge is not None), Decimal("0.00"))


def _pointing(line: ClaimLine, visit: Visit, decision: Decision) -> ClaimLine:
    """A line on no claim, pointing to its own Procedures' diagnoses, else to what the claim's lines point to."""
    own = {icd10.canonical(code) for s in visit.services if s.procedure in line.procedures for code in s.diagnoses}
    places = tuple(place for place, code in enumerate(decision.diagnoses, start=1) if code in own)
    others = tuple(sorted({place for each in decision.lines for place in each.diagnosis_pointers}))
    return replace(line, diagnosis_pointers=(places or others)[:_POINTERS])


def _line(line: ClaimLine, labels: Mapping[str, str], therapists: list[str]) -> Line:
    return Line(
        code="-".join((line.code, *line.modifiers)),
        label=labels.get(line.code, ""),
        pointers=", ".join(_letter(pointer - 1) for pointer in line.diagnosis_pointers),
        minutes="" if line.minutes is None else str(line.minutes),
        units=line.units,
        unit_price="" if line.unit_price is None else _money(line.unit_price),
        charge="" if line.charge is None else _money(line.charge),
        therapist=therapists.index(line.therapist.id) + 1 if line.therapist else 0,
    )


def _performer(reference: str, npi: str, record: VisitRecord) -> Performer:
    practitioner = record.resources.get(reference, NOTHING)
    return Performer(human_name(practitioner) or reference, npi, license_number(practitioner))


def human_name(resource: JsonObject) -> str:
    """A person's name as printed: the official one, else the usual, else the first; empty where none is readable."""
    named = [name for name in children(resource, "name") if text(name, "use") != "old"]
    order = {"official": 0, "usual": 1}
    for name in sorted(named, key=lambda one: order.get(text(one, "use") or "", 2)):
        parts = [*_strings(name, "prefix"), *_strings(name, "given"), text(name, "family") or ""]
        written = " ".join(part for part in parts if part)
        suffix = ", ".join(_strings(name, "suffix"))
        found = ", ".join(part for part in (written, suffix) if part) or text(name, "text") or ""
        if found:
            return found
    return ""


def license_number(practitioner: JsonObject) -> str:
    """A Practitioner's licence: a qualification's identifier, else an identifier typed as a licence."""
    for qualification in children(practitioner, "qualification"):
        for identifier in children(qualification, "identifier"):
            if value := text(identifier, "value"):
                return value
    for identifier in children(practitioner, "identifier"):
        types = {text(coding, "code") for coding in children(child(identifier, "type"), "coding")}
        if types & _LICENSE_TYPES and (value := text(identifier, "value")):
            return value
    return ""


def _strings(parent: JsonObject, name: str) -> Iterable[str]:
    value = parent.get(name)
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _letter(place: int) -> str:
    """A to L, as on the CMS-1500 form."""
    return chr(ord("A") + place)


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}"
