"""The clinic itself: therapists, sites, payers, and the names synthetic people are given."""

from __future__ import annotations

from datetime import date as Date
from datetime import timedelta
from typing import Final

from massage_billing.fhir import names

US_CORE: Final = "http://hl7.org/fhir/us/core/StructureDefinition"
LOCAL: Final = "https://stillwater-massage.example"
"""Systems of the clinic's own identifiers and codes; .example belongs to nobody (RFC 2606)."""
V3: Final = "http://terminology.hl7.org/CodeSystem/v3-"
"""Beginning of the URIs of HL7's version 3 code systems."""
ZONE: Final = "America/Boise"
"""IANA zone of both sites."""
CLINIC_NPI: Final = "2345678918"
CLINIC_NAME: Final = "Stillwater Massage (synthetic)"

FAMILIES: Final = tuple(
    f"Testpatient-{name}"
    for name in "Alder Birch Cedar Dogwood Elm Fir Gum Hazel Ivy Juniper Katsura Larch Maple Nutmeg Oak Pine".split()
)
GIVEN: Final = "Ada Ben Cleo Dan Eva Finn Gia Hal Ida Jon Kim Leo Mia Ned Oda Pia Quin Ray Sue Tom".split()

TAXONOMY: Final = "225700000X"
"""NUCC: massage therapist."""


def npi(number: int) -> str:
    """A number with the form and check digit of an NPI (Luhn over 80840 + NPI), from a range that is not issued."""
    body = f"2{number:08}"
    total = sum(sum(divmod(2 * int(digit), 10)) for digit in ("80840" + body)[::-1][::2])
    total += sum(int(digit) for digit in ("80840" + body)[::-1][1::2])
    return body + str(-total % 10)


def meta(profile: str, updated: str) -> dict[str, object]:
    """Resource metadata as an EHR exports it."""
    return {"versionId": "1", "lastUpdated": updated, "profile": [f"{US_CORE}/us-core-{profile}"]}


HOUSE: Final = 5
"""Therapists who share a group of patients; a clinic has as many houses as its patients need."""
WITHOUT_NPI: Final = 6
"""The therapist without an NPI on record."""
REFERRERS: Final = (7, 8)
"""Referring providers."""


def therapist(house: int, place: int) -> int:
    """Number of a therapist: 1 to 5 in the first house, from 9 on in the others."""
    return 1 + place if house == 0 else REFERRERS[-1] + 1 + (house - 1) * HOUSE + place


def therapists(houses: int) -> list[int]:
    """Numbers of all therapists of a clinic."""
    regular = [therapist(house, place) for house in range(houses) for place in range(HOUSE)]
    return sorted([*regular, WITHOUT_NPI])


def practitioners(updated: str, houses: int) -> list[dict[str, object]]:
    """The therapists and two referring providers."""
    found = []
    for number in sorted([*therapists(houses), *REFERRERS]):
        identifiers = [
            {"use": "usual", "system": f"{LOCAL}/staff", "value": f"S-{number:03}"},
            {"system": names.NPI, "value": npi(number)},
        ]
        name = FAMILIES[number % len(FAMILIES)].partition("-")[2]
        found.append(
            {
                "resourceType": "Practitioner",
                "id": f"practitioner-{number}",
                "meta": meta("practitioner", updated),
                "identifier": identifiers if number != WITHOUT_NPI else identifiers[:1],
                "active": True,
                "name": [
                    {
                        "use": "official",
                        "family": f"Test{'referrer' if number in REFERRERS else 'therapist'}-{name}",
                        "given": [GIVEN[number % len(GIVEN)]],
                    }
                ],
                "telecom": [{"system": "phone", "value": f"208-555-01{number % 100:02}", "use": "work"}],
            }
        )
    return found


def roles(updated: str, houses: int) -> list[dict[str, object]]:
    """What each therapist does where, with the taxonomy."""
    return [
        {
            "resourceType": "PractitionerRole",
            "id": f"role-{number}",
            "meta": meta("practitionerrole", updated),
            "active": True,
            "practitioner": {"reference": f"Practitioner/practitioner-{number}"},
            "organization": {"reference": "Organization/clinic"},
            "specialty": [{"coding": [{"system": names.NUCC, "code": TAXONOMY}], "text": "Massage therapist"}],
            "location": [{"reference": f"Location/{site}"} for site in SITES],
        }
        for number in therapists(houses)
    ]


SITES: Final = ("site-river", "site-hill")


def locations(updated: str) -> list[dict[str, object]]:
    """Two sites; one says its CMS place of service, the other what HL7 calls a provider's office."""
    kinds = (
        {"system": names.PLACE_OF_SERVICE, "code": "11", "display": "Office"},
        {"system": names.V3_ROLE_CODE, "code": "PROFF", "display": "Provider's Office"},
    )
    return [
        {
            "resourceType": "Location",
            "id": site,
            "meta": meta("location", updated),
            "status": "active",
            "name": f"Stillwater {site.partition('-')[2].title()} (synthetic)",
            "type": [{"coding": [kind]}],
            "address": {
                "line": [f"{number} Nowhere Street"],
                "city": "Boise",
                "state": "ID",
                "postalCode": f"83700-{number:04d}",
                "country": "US",
            },
            "managingOrganization": {"reference": "Organization/clinic"},
        }
        for number, (site, kind) in enumerate(zip(SITES, kinds, strict=True), 1)
    ]


PAYERS: Final = (
    ("cedar-health", "Cedar Health Plan (synthetic)", "health", "commercial-midpoint", "TEST1", 730),
    ("juniper-mutual", "Juniper Mutual (synthetic)", "health", "cms-total-time", "TEST2", 365),
    ("larch-care", "Larch Care (synthetic)", "health", "cms-total-time", "TEST3", 365),
    ("state-fund", "Sagebrush Injury Fund (synthetic)", "workers-compensation", "cms-total-time", "TEST4", 365),
)
"""(key, name, kind, policy, payer id, days to file). Organization/payer-<key>."""
UNMAPPED_PAYER: Final = "payer-unmapped"
"""An insurer that payers.yaml does not know."""


def organizations(updated: str) -> list[dict[str, object]]:
    """The clinic and the payers."""
    clinic: dict[str, object] = {
        "resourceType": "Organization",
        "id": "clinic",
        "meta": meta("organization", updated),
        "identifier": [{"system": names.NPI, "value": CLINIC_NPI}],
        "active": True,
        "type": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/organization-type", "code": "prov"}]}],
        "name": CLINIC_NAME,
        "telecom": [{"system": "phone", "value": "208-555-0100"}],
        "address": [{"line": ["1 Nowhere Street"], "city": "Boise", "state": "ID", "postalCode": "83700-0001"}],
    }
    insurers = [(f"payer-{key}", name, payer_id) for key, name, _, _, payer_id, _ in PAYERS]
    return [clinic] + [
        {
            "resourceType": "Organization",
            "id": logical_id,
            "meta": meta("organization", updated),
            "identifier": [{"system": f"{LOCAL}/payer-id", "value": payer_id}],
            "active": True,
            "type": [
                {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/organization-type", "code": "ins"}]}
            ],
            "name": name,
        }
        for logical_id, name, payer_id in [*insurers, (UNMAPPED_PAYER, "Unmapped Insurance (synthetic)", "TEST9")]
    ]


PRICES: Final = {"97124": "38.00", "97140": "44.50", "97112": "46.00", "97110": "42.00", "97010": "12.00"}
"""Dollars for one unit."""


ASKED_BY: Final = {"cedar-health": "x12", "juniper-mutual": "fhir", "larch-care": "clearinghouse"}
"""By which channel a payer is asked about coverage: each speaks another language. The injury fund is not asked."""


def payers_yaml(*, asked: bool = False) -> str:
    """The clinic's payers.yaml: every payer but the unmapped one. ``asked``: with how each is asked about coverage."""
    lines = ["# Who the payers of this synthetic clinic are. Matched by reference, identifier or payer id.", "payers:"]
    for key, name, kind, policy, payer_id, days in PAYERS:
        lines += [
            f"  - key: {key}",
            f"    name: {name}",
            f"    kind: {kind}",
            f"    policy: {policy}",
            "    match:",
            f"      references: [Organization/payer-{key}]",
            f"      payer_id: {payer_id}",
            f"    filing_days: {days}",
        ]
        if asked and key in ASKED_BY:
            lines.append(f"    eligibility: {{channel: {ASKED_BY[key]}}}")
    return "\n".join(lines) + "\n"


def fees_csv(since: str) -> str:
    """The clinic's fee schedule; one payer has a price of its own."""
    rows = [f"{code},,,{since},{amount}" for code, amount in PRICES.items()]
    return "\n".join(["code,modifier,payer,from,amount", *rows, f"97124,,state-fund,{since},35.25"]) + "\n"


def credentials_csv(houses: int, start: Date) -> str:
    """The clinic's credentials: every therapist licensed, insured and enrolled; the first one's licence ends 60 days
    after ``start``, and the last one of the first house is out of network with one payer."""
    since, until = start.replace(year=start.year - 4), start.replace(year=start.year + 2, day=28)
    rows = [",".join(("kind", "npi", "payer", "enrolled", "state", "number", "from", "to"))]
    for number in (one for one in therapists(houses) if one != WITHOUT_NPI):
        end = start + timedelta(days=60) if number == 1 else until
        rows.append(f"licence,{npi(number)},,,ID,MT-{number:05},{since},{end}")
        rows.append(f"liability,{npi(number)},,,,,{since},{until}")
        for key, *_ in PAYERS:
            out = number == HOUSE and key == "larch-care"
            rows.append(f"enrolment,{npi(number)},{key},{'out-of-network' if out else 'in-network'},,,{since},{until}")
    return "\n".join(rows) + "\n"
