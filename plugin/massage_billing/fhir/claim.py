"""A decision becomes a professional Claim (FHIR R4), and our own checks of what no schema can see.

Elements follow the profile ``massage-claim`` and what CARIN Blue Button's professional ExplanationOfBenefit needs of
the claim before it: billablePeriod, insurer, provider, focal insurance, care team with roles, ICD-10-CM diagnoses, CMS
place of service per line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from massage_billing.errors import ClaimInvalid
from massage_billing.fhir import json as fj
from massage_billing.fhir import names
from massage_billing.fhir.correction import Correction, add_correction
from massage_billing.fhir.keys import claim_key, visit_key
from massage_billing.fhir.serial import Resource, decision_digest, with_cents
from massage_billing.model import Accident, ClaimLine, Coverage, Decision, PaperKind, Visit


@dataclass(frozen=True, slots=True)
class ClaimTerms:
    """What a Claim needs beside the visit and the decision."""

    created: str
    """FHIR dateTime of writing; stays outside the digest."""
    draft: bool = False
    """Write as draft, to wait for ``approve``."""
    revision: int = 0
    """0 for the first; a correction counts on (DESIGN 17)."""
    correction: Correction | None = None
    """None is an original."""
    billing_npi: str | None = None
    """The clinic's NPI from settings: names the provider where the Encounter names no Organization."""
    solo: bool = False
    """The therapist is paid, whatever Organization the Encounter names."""


_DECIDED: Final = frozenset({names.EXT_DECISION_DIGEST, names.EXT_PROVIDER_NETWORK})
"""Extensions of a Claim that its void repeats."""


def build_claim(visit: Visit, decision: Decision, terms: ClaimTerms) -> Resource:
    """The Claim of a decision whose outcome is ``claim``. Raises ClaimInvalid where it would say less than it must."""
    if visit.date is None or visit.patient is None or decision.coverage is None:
        raise ClaimInvalid(f"Encounter/{visit.encounter}: a claim needs a date, a patient and a coverage.")
    team, places = _care_team(visit, decision)
    claim: Resource = {
        "resourceType": "Claim",
        "meta": {"profile": [names.PROFILE_CLAIM]},
        "identifier": _identifiers(visit, terms.revision),
        "status": "draft" if terms.draft else "active",
        "type": _concept(names.CLAIM_TYPE, "professional"),
        "use": "claim",
        "patient": {"reference": visit.patient},
        "billablePeriod": {"start": visit.date.isoformat(), "end": (visit.date_end or visit.date).isoformat()},
        "created": terms.created,
        "insurer": _insurer(decision.coverage),
        "provider": _provider(visit, decision, terms),
        "priority": _concept(names.PROCESS_PRIORITY, "normal"),
        "payee": {"type": _concept(names.PAYEE_TYPE, "provider"), "party": _provider(visit, decision, terms)},
        "careTeam": team,
        "diagnosis": [
            {"sequence": n, "diagnosisCodeableConcept": _concept(names.ICD10CM, code)}
            for n, code in enumerate(decision.diagnoses, 1)
        ],
        "insurance": _insurance(visit, decision),
        "item": _items(visit, decision, places),
        "total": _money(decision.total),
    }
    _add_occasion(claim, visit, decision.accident or visit.accident)
    injury = _add_papers(claim, decision)
    beside = {"injury": injury, "network": decision.network}
    digest = decision_digest(claim | {name: value for name, value in beside.items() if value is not None})
    network = () if decision.network is None else ({"url": names.EXT_PROVIDER_NETWORK, "valueCode": decision.network},)
    claim["extension"] = [{"url": names.EXT_DECISION_DIGEST, "valueString": digest}, *network]
    if terms.correction:
        add_correction(claim, terms.correction)
    return claim


def build_void(prior: Mapping[str, object], visit: Visit, correction: Correction, terms: ClaimTerms) -> Resource:
    """The void of an adjudicated Claim: the same claim again under its own key, with frequency 8."""
    claim: Resource = {
        **with_cents(prior),
        "identifier": _identifiers(visit, terms.revision),
        "status": "draft" if terms.draft else "active",
        "created": terms.created,
        "extension": [e for e in fj.children(prior, "extension") if fj.text(e, "url") in _DECIDED],
    }
    claim.pop("id", None)
    claim["meta"] = {"profile": [names.PROFILE_CLAIM]}
    add_correction(claim, correction)
    return claim


def _identifiers(visit: Visit, revision: int) -> list[object]:
    return [
        {"system": names.SID_CLAIM_KEY, "value": claim_key(visit.host, visit.encounter, revision)},
        {"system": names.SID_VISIT_KEY, "value": visit_key(visit.host, visit.encounter)},
    ]


def _concept(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def _money(amount: Decimal | None) -> Resource:
    if amount is None:
        raise ClaimInvalid("A claim line has no charge.")
    return {"value": amount, "currency": "USD"}


def _insurer(coverage: Coverage) -> Resource:
    if coverage.payer.reference and not coverage.payer.reference.startswith("#"):
        return {"reference": coverage.payer.reference}
    if coverage.payer.identifiers:
        system, value = coverage.payer.identifiers[0]
        return {"identifier": {"system": system, "value": value} if system else {"value": value}}
    raise ClaimInvalid(f"{coverage.id}: names no payer.")


def _provider(visit: Visit, decision: Decision, terms: ClaimTerms) -> Resource:
    """Who is paid: the clinic, or the therapist who works alone (DESIGN 14)."""
    therapists = {(line.therapist.id, line.therapist.npi) for line in decision.lines if line.therapist}
    if terms.solo and len(therapists) == 1:
        return _person(*therapists.pop())
    if visit.organization:
        return {"reference": visit.organization}
    if terms.billing_npi:
        return {"identifier": {"system": names.NPI, "value": terms.billing_npi}}
    if len(therapists) == 1:
        return _person(*therapists.pop())
    raise ClaimInvalid(f"Encounter/{visit.encounter}: nothing says who is paid.", "Set the clinic's NPI in settings.")


def _nameable(id: str, npi: str | None) -> bool:
    return npi is not None or not ("#" in id or "?" in id)


def _person(id: str, npi: str | None) -> Resource:
    """A provider by reference; one that is contained elsewhere, or known by NPI alone, by that."""
    if "#" not in id and "?" not in id:
        return {"reference": id}
    if npi is None:
        raise ClaimInvalid(f"{id}: a provider without a record of its own needs an NPI.", "Add the therapist's NPI.")
    return {"type": "Practitioner", "identifier": {"system": names.NPI, "value": npi}}


def _care_team(visit: Visit, decision: Decision) -> tuple[list[Resource], dict[str, int]]:
    """The care team and the sequence number of each rendering therapist."""
    team: list[Resource] = []
    places: dict[str, int] = {}

    def add(id: str, npi: str | None, system: str, role: str) -> int:
        team.append({"sequence": len(team) + 1, "provider": _person(id, npi), "role": _concept(system, role)})
        return len(team)

    for line in decision.lines:
        if line.therapist and line.therapist.id not in places:
            member = line.therapist
            places[member.id] = add(member.id, member.npi, names.CARIN_CARE_TEAM_ROLE, "rendering")
            if member.taxonomies:
                team[-1]["qualification"] = _concept(names.NUCC, member.taxonomies[0])
    # A referring provider that has neither a record of its own nor an NPI cannot be named on a claim at all.
    if (
        visit.referral
        and visit.referral.requester
        and _nameable(visit.referral.requester, visit.referral.requester_npi)
    ):
        add(visit.referral.requester, visit.referral.requester_npi, names.CARIN_CARE_TEAM_ROLE, "referring")
    if visit.supervisor:
        add(visit.supervisor.id, visit.supervisor.npi, names.CARE_TEAM_ROLE, "supervisor")
    return team, places


def _insurance(visit: Visit, decision: Decision) -> list[object]:
    entries: list[object] = []
    for n, coverage in enumerate((decision.coverage, *decision.secondary), 1):
        if coverage is None:
            continue
        entry: Resource = {"sequence": n, "focal": n == 1, "coverage": {"reference": coverage.id}}
        number = _authorization(visit, decision)
        if n == 1 and number:
            entry["preAuthRef"] = [number]
        entries.append(entry)
    return entries


def _items(visit: Visit, decision: Decision, places: Mapping[str, int]) -> list[Resource]:
    """The lines, each with the Encounters of its services; the first also names those that have no line of their own,
    so that a claim tells every visit it speaks for."""
    items = [_item(n, line, visit, places) for n, line in enumerate(decision.lines, 1)]
    others = {s.procedure: s.encounter for s in visit.services if s.encounter}
    if not others:
        return items
    first, everybody = visit.encounter, dict.fromkeys((visit.encounter, *others.values()))
    named = [list(dict.fromkeys(others.get(p) or first for p in line.procedures)) for line in decision.lines]
    unnamed = [one for one in everybody if all(one not in some for some in named)]
    named[0] = [*named[0], *unnamed]
    for item, some in zip(items, named, strict=True):
        item["encounter"] = [{"reference": f"Encounter/{one}"} for one in some]
    return items


def _item(n: int, line: ClaimLine, visit: Visit, places: Mapping[str, int]) -> Resource:
    if visit.date is None or visit.place_of_service is None or line.therapist is None:
        raise ClaimInvalid(f"Encounter/{visit.encounter}: line {n} lacks a date, a place of service or a therapist.")
    item: Resource = {
        "sequence": n,
        "careTeamSequence": [places[line.therapist.id]],
        "diagnosisSequence": list(line.diagnosis_pointers),
        "productOrService": _concept(_procedure_system(line.code), line.code),
        "servicedDate": visit.date.isoformat(),
        "locationCodeableConcept": _concept(names.PLACE_OF_SERVICE, visit.place_of_service),
        "quantity": {"value": line.units},
        "unitPrice": _money(line.unit_price),
        "net": _money(line.charge),
        "encounter": [{"reference": f"Encounter/{visit.encounter}"}],
    }
    if line.modifiers:
        item["modifier"] = [_concept(_modifier_system(m), m) for m in line.modifiers]
    return item


def _procedure_system(code: str) -> str:
    """CPT starts with a digit (97124, 0552T), HCPCS level II with a letter (G0283)."""
    return names.CPT if code[:1].isdigit() else names.HCPCS


def _modifier_system(modifier: str) -> str:
    """CPT modifiers are two digits (59), HCPCS level II modifiers start with a letter (GP)."""
    return names.CPT if modifier.isdigit() else names.HCPCS


def _add_papers(claim: Resource, decision: Decision) -> str | None:
    """The referral with its number, and the payer's number of the injury, which is returned: ``related`` is not part of
    the digest, for it also tells the revision.

    FHIR R4 Claim.related.reference: "Property/Casualty insurer claim # or Workers Compensation case #".
    """
    for need in decision.papers:
        paper = need.paper
        if paper is not None and paper.kind is PaperKind.REFERRAL:
            referral: Resource = {"type": "ServiceRequest"}
            if paper.source.startswith("ServiceRequest/"):
                referral["reference"] = paper.source
            if paper.number:
                referral["identifier"] = {"value": paper.number}
            claim["referral"] = referral
    number = decision.accident.claim_number if decision.accident else None
    if number:
        associated = _concept(names.RELATED_CLAIM, "associated")
        claim["related"] = [{"relationship": associated, "reference": {"value": number}}]
    return number


def _authorization(visit: Visit, decision: Decision) -> str | None:
    """The prior authorization's number: that of the paper which serves, else what the record names."""
    for need in decision.papers:
        if need.paper is not None and need.paper.kind is PaperKind.AUTHORIZATION and need.paper.number:
            return need.paper.number
    return visit.authorization or (visit.referral.authorization if visit.referral else None)


def _add_occasion(claim: Resource, visit: Visit, happened: Accident | None) -> None:
    """What brought the patient: facility, accident (only with its date, which FHIR requires), onset."""
    if visit.site:
        claim["facility"] = {"reference": visit.site}
    if happened and happened.date:
        accident: Resource = {"date": happened.date.isoformat()}
        if happened.kind:
            accident["type"] = _concept(names.ACT_CODE, happened.kind)
        if happened.state:
            accident["locationAddress"] = {"state": happened.state, "country": "US"}
        claim["accident"] = accident
    if visit.onset:
        claim["supportingInfo"] = [
            {
                "sequence": 1,
                "category": _concept(names.INFORMATION_CATEGORY, "onset"),
                "timingDate": visit.onset.isoformat(),
            }
        ]
