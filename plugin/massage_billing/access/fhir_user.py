"""Who an id_token's fhirUser is on the host: references under which the clinic's settings may name him or her.

Source: SMART App Launch 2.2, "Scopes for requesting identity data": fhirUser is the URL of a Patient, Practitioner,
PractitionerRole, RelatedPerson or Person, absolute or relative to the FHIR base. Patients and their relatives have no
business at a clinic's workbench.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from massage_billing.fhir.json import child, children, text
from massage_billing.net.http import origin
from massage_billing.ports import JsonObject
from massage_billing.web_settings import PEOPLE

_RELATIVE: Final = re.compile(rf"({'|'.join(PEOPLE)})/([A-Za-z0-9.-]{{1,64}})(?:/_history/[A-Za-z0-9.-]{{1,64}})?")

Read = Callable[[str, str], JsonObject | None]
"""(host id, reference) -> the resource, read as this service; None where there is none or the host does not answer."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of somebody."""

    references: tuple[str, ...]
    """First the log-in's own, then who that is."""
    practitioner: str | None
    """"Practitioner/3", where he or she is one."""
    name: str
    """For people to read; "" where the host says none."""


def reference_of(fhir_user: str | None, base_url: str) -> str | None:
    """ "Practitioner/3" of a fhirUser on this very host; None where it is another server's, a patient, or no
    reference."""
    if fhir_user is None or len(fhir_user) > 512:
        return None
    relative = fhir_user
    if "://" in fhir_user:
        relative = _below(fhir_user, base_url) or ""
    found = _RELATIVE.fullmatch(relative)
    return f"{found[1]}/{found[2]}" if found else None


def same_base(one: str, other: str) -> bool:
    """Whether two FHIR base URLs are the same: scheme and host in any case, the usual port said or not, a slash at the
    end or not; the path to the letter."""
    here, there = _parts(one), _parts(other)
    return here is not None and here == there


def resolve(host: str, reference: str, read: Read) -> Known:
    """What the host says of somebody: who a PractitionerRole or Person is, and the name."""
    resource = read(host, reference) or {}
    if resource and f"{resource.get('resourceType')}/{resource.get('id')}" != reference:
        resource = {}
    if reference.startswith("Practitioner/"):
        return Known((reference,), reference, _name(resource))
    linked = next(_linked(resource), None)
    if linked is None:
        return Known((reference,), None, _name(resource))
    person = read(host, linked) or {}
    return Known((reference, linked), linked, _name(person) or _name(resource))


def _linked(resource: JsonObject) -> Iterator[str]:
    """Practitioners that a PractitionerRole or Person of the same host says it is."""
    candidates = [child(resource, "practitioner")]
    candidates += [child(link, "target") for link in children(resource, "link")]
    for candidate in candidates:
        found = _RELATIVE.fullmatch(text(candidate, "reference") or "")
        if found and found[1] == "Practitioner":
            yield f"{found[1]}/{found[2]}"


def _name(resource: JsonObject) -> str:
    for name in children(resource, "name"):
        given = name.get("given")
        parts = [one for one in given if isinstance(one, str)] if isinstance(given, list) else []
        said = text(name, "text") or " ".join([*parts, text(name, "family") or ""]).strip()
        if said and said.isprintable():
            return said[:100]
    return ""


def _below(url: str, base_url: str) -> str | None:
    here, there = _parts(url), _parts(base_url)
    if here is None or there is None or here[0] != there[0] or not here[1].startswith(f"{there[1]}/"):
        return None
    return here[1].removeprefix(f"{there[1]}/")


def _parts(url: str) -> tuple[tuple[str, str, int | None], str] | None:
    found = origin(url)
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if found is None or "?" in url or "#" in url:
        return None
    return found, parts.path.rstrip("/")
