"""The superbill: what a patient gets to pay, or to hand to a plan themselves; HTML for Letter, a visit a page.

It is the one place that needs names: the visit has none, so the patient, the birth date and the therapists are read
from the host's records, put on the page and kept nowhere. Codes carry our own labels or the clinic's licensed ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date as Date
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import yaml

from massage_billing.coding import day_claim, icd10, payer_pays
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

    def __init__(self, what: str, fix: str, on_page: str = "", *, elsewhere: bool = False) -> None:
        """``on_page``: the same in words for the patient; ``elsewhere``: its services stand on another visit's."""
        super().__init__(what, fix)
        self.on_page, self.elsewhere = on_page, elsewhere


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

    @property
    def charged(self) -> Decimal:
        """Dollars of everything on the page."""
        return _dollars(self.total) + _dollars(self.patients_total)

    @property
    def patient_pays(self) -> Decimal:
        """Dollars that are the patient's whatever a plan decides."""
        return _dollars(self.patients_total) if self.billed_to else self.charged


@dataclass(frozen=True, slots=True)
class Row:
    """A visit in the list of a month."""

    date: Date
    """Date of service."""
    codes: tuple[str, ...]
    """Codes with their modifiers."""
    billed_to: str
    """Payer key; "" where no plan is billed."""
    charge: str
    """Dollars of all lines."""
    patient_pays: str
    """Dollars that are the patient's whatever a plan decides."""


@dataclass(frozen=True, slots=True)
class Month:
    """Superbills of a patient's visits in one month."""

    clinic: ClinicSettings
    """Who bills."""
    month: Date
    """Its first day."""
    bills: tuple[Page, ...]
    """The visits, by date of service; at least one."""
    left: tuple[tuple[Date, str], ...] = ()
    """(date of service, why) of visits that have no superbill."""

    @property
    def patient(self) -> str:
        """Name in full."""
        return self.bills[0].patient

    @property
    def birth_date(self) -> str:
        """As recorded, or empty."""
        return self.bills[0].birth_date

    @property
    def claims(self) -> bool:
        """Whether a plan is billed for one of them."""
        return any(one.billed_to for one in self.bills)

    @property
    def rows(self) -> tuple[Row, ...]:
        """The visits as a list."""
        return tuple(
            Row(
                one.date, tuple(line.code for line in (*one.lines, *one.patients)), one.billed_to,
                _money(one.charged), _money(one.patient_pays),
            )
            for one in self.bills
        )  # fmt: skip

    @property
    def charge(self) -> str:
        """Dollars of all visits."""
        return _money(sum((one.charged for one in self.bills), Decimal(0)))

    @property
    def patient_pays(self) -> str:
        """Dollars that are the patient's whatever plans decide."""
        return _money(sum((one.patient_pays for one in self.bills), Decimal(0)))


def superbill(
    visit: Visit, decision: Decision, record: VisitRecord, clinic: ClinicSettings, labels: Mapping[str, str]
) -> str:
    """The page as HTML. NoSuperbill where the visit is held, has nothing to charge, or lacks a price."""
    page = page_of(visit, decision, record, clinic, labels)
    return _rendered((page,), None, f"Superbill {page.date.isoformat()}")


def superbills(month: Month) -> str:
    """The visits of a month as HTML: what they come to, then a page each."""
    return _rendered(month.bills, month, f"Superbills {month.month:%Y-%m}")


def _rendered(pages: Sequence[Page], month: Month | None, title: str) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    jinja = Environment(
        loader=PackageLoader("massage_billing", "web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return jinja.get_template("superbill.html.j2").render(pages=pages, month=month, title=title)


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


def page_of(
    visit: Visit, decision: Decision, record: VisitRecord, clinic: ClinicSettings, labels: Mapping[str, str]
) -> Page:
    """Everything on the page of one visit. NoSuperbill where it is held, has nothing to charge, or lacks a price."""
    about = f"Encounter/{visit.encounter}"
    if decision.outcome is Outcome.HOLD:
        rules = ", ".join(dict.fromkeys(finding.rule for finding in decision.holds))
        raise NoSuperbill(
            f"{about} is held ({rules}).", f"See `massage-billing explain {about}`; fix it first.", "Not ready yet."
        )
    if decision.outcome is Outcome.NO_CHARGE or not decision.lines:
        first = bool(decision.not_billed) and all(one.reason == day_claim.ON_FIRST for one in decision.not_billed)
        raise NoSuperbill(f"{about} has nothing to charge.", "", "Nothing is charged.", elsewhere=first)
    total, patients_total = decision.total, _total(decision.patients)
    if total is None or patients_total is None or visit.date is None:
        raise NoSuperbill(f"{about} has a line without a price.", "Complete the fee schedule.", "Not ready yet.")
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


def _dollars(text: str) -> Decimal:
    return Decimal(text.replace(",", "") or "0")
