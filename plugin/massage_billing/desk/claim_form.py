"""A Claim as people read it: who, for whom, what, how much, and how it refers to what was sent before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from decimal import Decimal

from massage_billing.desk.wording import short
from massage_billing.fhir import names
from massage_billing.fhir.dates import utc
from massage_billing.fhir.json import Faults, child, children, codings, extensions, identifiers, number, text
from massage_billing.fhir.serial import to_text
from massage_billing.ports import JsonObject

_STATUSES = {
    "active": "written, ready to be sent",
    "draft": "draft: waits to be let go",
    "cancelled": "cancelled: not to be sent",
    "entered-in-error": "entered in error",
}
_FREQUENCIES = {"1": "original", "7": "replacement of an earlier claim", "8": "void of an earlier claim"}
_ROLES = {"primary": "treated", "rendering": "treated", "supervisor": "supervises", "referring": "referred"}


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the form."""

    number: str
    """Its place on the claim."""
    code: str
    """CPT or HCPCS number."""
    label: str
    """Our own short label; "" where there is none."""
    modifiers: tuple[str, ...]
    """In billing order."""
    units: str
    """Units."""
    price: Decimal | None
    """Dollars of one unit."""
    net: Decimal | None
    """Dollars of the line."""
    day: str
    """Date of service."""
    place: str
    """CMS place of service, two digits."""
    diagnoses: tuple[str, ...]
    """The codes it points to."""


@dataclass(frozen=True, slots=True)
class Form:
    """A Claim, readable, and as it stands."""

    reference: str
    """"Claim/12"; "" where it is not on the host yet."""
    version: str
    """Its version there."""
    status: str
    """Claim.status."""
    told: str
    """The same in words."""
    frequency: str
    """What it is to the payer: original, replacement, void."""
    key: str
    """Claim key: the identifier this program finds it by."""
    facts: tuple[tuple[str, str], ...]
    """(name, value): patient, payer, who is paid, who treated, dates, numbers. PHI."""
    diagnoses: tuple[tuple[str, str], ...]
    """(place, ICD-10-CM code)."""
    items: tuple[Item, ...]
    """The lines."""
    total: Decimal | None
    """Dollars of all lines."""
    json: str
    """The resource as JSON, in order, with two blanks a level. PHI."""


def form_of(
    claim: JsonObject, name: Callable[[str | None], str], label: Callable[[str], str], zone: tzinfo | None
) -> Form:
    """A Claim of ours. ``name`` says what a reference is called, ``label`` what a code means in our words, ``zone`` is
    the clinic's: None leaves days as UTC has them."""
    diagnoses = [
        (str(one.get("sequence", "")), _code(child(one, "diagnosisCodeableConcept")))
        for one in children(claim, "diagnosis")
    ]
    by_place = dict(diagnoses)
    frequency = next((text(one, "valueCode") or "" for one in extensions(claim, names.EXT_CLAIM_FREQUENCY)), "1")
    id = text(claim, "id")
    return Form(
        reference=f"Claim/{id}" if id else "",
        version=text(child(claim, "meta"), "versionId") or "",
        status=text(claim, "status") or "",
        told=_STATUSES.get(text(claim, "status") or "", text(claim, "status") or ""),
        frequency=_FREQUENCIES.get(frequency, frequency),
        key=next((value for system, value in identifiers(claim) if system == names.SID_CLAIM_KEY), ""),
        facts=tuple(pair for pair in _facts(claim, name, zone) if pair[1]),
        diagnoses=tuple(diagnoses),
        items=tuple(_item(one, by_place, label) for one in children(claim, "item")),
        total=number(child(claim, "total"), "value"),
        json=to_text(claim),
    )


def _facts(claim: JsonObject, name: Callable[[str | None], str], zone: tzinfo | None) -> list[tuple[str, str]]:
    period = child(claim, "billablePeriod")
    first, last = text(period, "start") or "", text(period, "end") or ""
    found = [
        ("Patient", _named(child(claim, "patient"), name)),
        ("Payer", _named(child(claim, "insurer"), name)),
        ("Paid to", _named(child(claim, "provider"), name)),
        ("Dates of service", first if first == last else f"{first} to {last}"),
        ("Written", _written(claim, zone)),
        ("Coverage", ", ".join(_named(child(one, "coverage"), name) for one in children(claim, "insurance"))),
        ("Order or referral", _named(child(claim, "referral"), name)),
        ("Authorization", ", ".join(_strings(children(claim, "insurance"), "preAuthRef"))),
    ]
    for member in children(claim, "careTeam"):
        role = next((code for _, code in codings(child(member, "role"))), "")
        found.append((_ROLES.get(role, role).capitalize() or "Care team", _named(child(member, "provider"), name)))
    for related in children(claim, "related"):
        found.append(("Replaces", _named(child(related, "claim"), name)))
        found.append(("Payer's claim number", text(child(related, "reference"), "value") or ""))
    accident = child(claim, "accident")
    found.append(("Accident", text(accident, "date") or ""))
    return found


def _written(claim: JsonObject, zone: tzinfo | None) -> str:
    """The day at the clinic on which the Claim was made; as it stands there where it is a day already."""
    said = text(claim, "created") or ""
    if "T" not in said:
        return said
    at = utc(claim, "created", Faults("Claim", claim))
    return said[:10] if at is None else at.astimezone(zone or UTC).date().isoformat()


def _strings(parents: Sequence[JsonObject], element: str) -> list[str]:
    found = []
    for parent in parents:
        listed = parent.get(element)
        found += [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    return found


def _named(reference: JsonObject, name: Callable[[str | None], str]) -> str:
    """What a reference is called: its name, else its identifier's value."""
    written = text(reference, "reference")
    if written:
        called = name(written)
        return short(written) if called == written else called
    identifier = child(reference, "identifier")
    value = text(identifier, "value") or ""
    return f"NPI {value}" if value and text(identifier, "system") == names.NPI else value


def _code(concept: JsonObject) -> str:
    return next((code for _, code in codings(concept)), "")


def _item(item: JsonObject, diagnoses: dict[str, str], label: Callable[[str], str]) -> Item:
    code = _code(child(item, "productOrService"))
    pointed = item.get("diagnosisSequence")
    places = [str(one) for one in pointed] if isinstance(pointed, list) else []
    units = number(child(item, "quantity"), "value")
    return Item(
        number=str(item.get("sequence", "")),
        code=code,
        label=label(code),
        modifiers=tuple(_code(one) for one in children(item, "modifier")),
        units="" if units is None else f"{units.normalize():f}",
        price=number(child(item, "unitPrice"), "value"),
        net=number(child(item, "net"), "value"),
        day=text(item, "servicedDate") or text(child(item, "servicedPeriod"), "start") or "",
        place=_code(child(item, "locationCodeableConcept")),
        diagnoses=tuple(diagnoses.get(one, one) for one in places),
    )
