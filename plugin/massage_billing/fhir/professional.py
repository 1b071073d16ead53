"""A FHIR Claim of ours, with what it points at, becomes a professional claim as an 837P tells it. Pure. PHI.

What the Claim says is what is sent: codes, units, charges, modifiers, pointers and who did it are never worked out
again here. Names, addresses and birth dates come from the records it points at, as they stand today. What is missing is
named by resource and element, all of it at once, so that a person mends a record in one go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date as Date
from decimal import Decimal
from typing import Final, NamedTuple

from massage_billing.errors import ClaimNotExportable
from massage_billing.fhir import json as fj
from massage_billing.fhir.billed import BilledVisit
from massage_billing.fhir.claim_state import encounters_named, key_of_claim
from massage_billing.fhir.correction import read_correction
from massage_billing.fhir.holders import subscriber_of
from massage_billing.fhir.payer_keys import PayerKeys
from massage_billing.fhir.professional_people import (
    KeptParties,
    Parties,
    address_of,
    commonest,
    same_provider,
)
from massage_billing.fhir.record import Record, opened
from massage_billing.model import Coverage, Person, Visit
from massage_billing.model.professional import (
    ClaimParty,
    ClaimPayer,
    Insured,
    OtherPayer,
    ProfessionalClaim,
    ProfessionalLine,
)
from massage_billing.ports import JsonObject, VisitRecord

_ROLES: Final[Mapping[str, str]] = {
    "rendering": "rendering",
    "referring": "referring",
    "supervisor": "supervising",
    "supervising": "supervising",
}
"""Claim.careTeam.role → who that is in an 837P."""
_AUTO, _OTHER_ACCIDENT = "AA", "OA"
_CAUSES: Final[Mapping[str, str]] = {"MVA": _AUTO, "WPA": "EM"}
"""v3-ActCode accident type → CLM11 (X12 1362); any other accident is OA."""
_RANKS: Final = "PST"
"""SBR01: primary, secondary, tertiary."""
_SELF: Final = "18"
"""X12 1069: the patient is the subscriber."""
_RELATIONSHIPS: Final[Mapping[str, str]] = {
    "self": _SELF,
    "spouse": "01",
    "common": "53",
    "child": "19",
    "other": "G8",
    "parent": "G8",
    "injured": "G8",
}
"""Coverage.relationship (HL7 subscriber-relationship) → X12 1069."""


@dataclass(frozen=True, slots=True)
class ExportTerms:
    """What a claim needs beside the record: who bills, and what is known of payers."""

    billing: ClaimParty
    """The clinic, or the therapist who works alone (2010AA)."""
    payers: Mapping[str, ClaimPayer]
    """By payer key: name, id and filing indicator."""
    keys: PayerKeys
    """payers.yaml, by which another coverage's payer is known."""
    payer: str
    """Payer key of the coverage that is billed."""
    kept: KeptParties = field(default_factory=KeptParties)
    """Whom other claims name too; hand the same one to every claim of an export."""


def read_claim(
    record: VisitRecord | Record, claim: JsonObject, visit: Visit | BilledVisit, terms: ExportTerms
) -> ProfessionalClaim:
    """The claim as it is to be sent. ``visit`` is what ``read_visit`` or ``read_billed`` made of the record.

    Raises ClaimNotExportable, naming every element that is missing.
    """
    return _Reader(opened(record), claim, visit, terms).claim()


class _Who(NamedTuple):
    """Whose claim it is; None where the record does not say."""

    payer: ClaimPayer | None
    patient: Insured | None
    subscriber: Insured | None
    relationship: str
    group: str
    injury: str


class _Done(NamedTuple):
    """What was done: fields of ``ProfessionalClaim``."""

    lines: tuple[ProfessionalLine, ...]
    rendering: ClaimParty | None
    referring: ClaimParty | None
    supervising: ClaimParty | None
    onset: Date | None
    happened: Date | None
    causes: tuple[str, ...]
    state: str


def payer_of(record: VisitRecord | Record, claim: JsonObject, keys: PayerKeys) -> str | None:
    """Key of the payer that a Claim bills, by the payor of its focal coverage; None where payers.yaml does not know it.

    For a void: of a visit that bills nothing any more nobody remembers the payer.
    """
    resolver = opened(record).resolver
    focal = next((one for one in fj.children(claim, "insurance") if fj.flag(one, "focal")), fj.NOTHING)
    found = resolver.resolve(fj.child(focal, "coverage"), claim)
    payors = fj.children(found[1], "payor") if found else []
    return keys.of(payors[0], found[1], resolver) if found and payors else None


class _Reader:
    """Reads one Claim; a method a loop of the guide."""

    def __init__(self, record: Record, claim: JsonObject, visit: Visit | BilledVisit, terms: ExportTerms) -> None:
        self.record = record
        self.resource = claim
        self.visit = visit
        self.terms = terms
        self.reference = f"Claim/{fj.text(claim, 'id')}"
        self.key = key_of_claim(claim) or ""
        self.lacks: list[str] = []
        self.parties = Parties(record, claim, self.lacks, terms.kept)
        self.coverages = {one.id: one for one in visit.coverages}
        self.place = self._place()

    def claim(self) -> ProfessionalClaim:
        """Ask everything, then refuse or put it together."""
        insurance = self._insurance()
        focal = next((one for one in insurance if fj.flag(one, "focal")), fj.NOTHING)
        who = self._who(focal)
        done = self._done()
        others, total = self._others(insurance, focal), self._money(self.resource, "total")
        self._refuse()
        assert who.subscriber is not None  # noqa: S101
        assert who.patient is not None  # noqa: S101
        assert who.payer is not None  # noqa: S101
        own = who.relationship == _SELF
        correction = read_correction(self.resource)
        return ProfessionalClaim(
            key=self.key,
            reference=self.reference,
            encounter=next(iter(encounters_named(self.resource)), self.visit.encounter),
            control=self.key,
            billing=self.terms.billing,
            payer=who.payer,
            subscriber=_with_injury(who.subscriber, who.injury) if own else who.subscriber,
            patient=None if own else _with_injury(who.patient, who.injury),
            relationship=who.relationship,
            rank=self._rank(focal, insurance),
            total=total,
            place_of_service=self.place,
            frequency=correction.frequency if correction else "1",
            diagnoses=self._diagnoses(),
            group_number=who.group,
            facility=self._facility(),
            authorization=_first_text(focal, "preAuthRef"),
            referral=fj.text(fj.child(fj.child(self.resource, "referral"), "identifier"), "value") or "",
            payer_claim_number=correction.payer_claim_number if correction else "",
            others=others,
            lines=done.lines, rendering=done.rendering, referring=done.referring, supervising=done.supervising,
            onset=done.onset, accident_date=done.happened, accident_causes=done.causes, accident_state=done.state,
        )  # fmt: skip

    def _who(self, focal: JsonObject) -> _Who:
        """Who is insured, by whom, under which number of ours."""
        coverage = self._coverage(focal)
        patient = self._patient()
        subscriber, relationship = self._subscriber(coverage, patient)
        payer = self.terms.payers.get(self.terms.payer)
        self._need(payer is not None, f"insurer (payers.yaml names no payer {self.terms.payer} for claims)")
        self._need(bool(self.key), "identifier")
        injury = self._injury() or (coverage.claim_number if coverage else None) or ""
        group = self.parties.group(coverage.id) if coverage else ""
        return _Who(payer, patient, subscriber, relationship, group, injury)

    def _done(self) -> _Done:
        """What was done, by whom, and why it had to be."""
        team = self._team()
        items = list(enumerate(fj.children(self.resource, "item"), 1))
        doers = [self._doer(place, item, team) for place, item in items]
        main = commonest(doers)
        lines = tuple(self._line(*item, None if who == main else who) for item, who in zip(items, doers, strict=True))
        self._need(bool(lines), "item")
        happened, causes, state = self._accident()
        rendering = None if main is None or same_provider(main, self.terms.billing) else main
        return _Done(
            lines, rendering, team.get("referring"), team.get("supervising"), self._onset(), happened, causes, state
        )

    # --- who is insured ---------------------------------------------------------------------------------------------

    def _insurance(self) -> list[JsonObject]:
        return sorted(fj.children(self.resource, "insurance"), key=lambda one: fj.whole(one, "sequence") or 0)

    def _coverage(self, insurance: JsonObject) -> Coverage | None:
        key = self.record.resolver.key(fj.child(insurance, "coverage"), self.resource)
        coverage = self.coverages.get(key or "")
        self._need(coverage is not None, f"insurance.coverage ({key or 'none'} is not among the patient's coverages)")
        if coverage is not None:
            self._need(bool((coverage.member_id or "").strip()), f"member id of {coverage.id}")
        return coverage

    def _person(self) -> Person | None:
        found = self.record.resolver.resolve(fj.child(self.resource, "patient"), self.resource)
        return self.parties.person(found, self.visit.date) if found else None

    def _patient(self) -> Insured | None:
        found = self.record.resolver.resolve(fj.child(self.resource, "patient"), self.resource)
        self._need(found is not None, "patient (the host did not give it)")
        return None if found is None else self.parties.insured(found, self.visit.date)

    def _subscriber(self, coverage: Coverage | None, patient: Insured | None) -> tuple[Insured | None, str]:
        if coverage is None or patient is None:
            return None, ""
        relationship = _RELATIONSHIPS.get(coverage.relationship or "self", "G8")
        member = (coverage.member_id or "").strip()
        if relationship == _SELF:
            return self.parties.member(patient, member), relationship
        person = subscriber_of(self.record, coverage, self._person(), self.visit.date)
        if person is None:
            self._need(False, f"subscriber of {coverage.id}")
            return self.parties.member(patient, member), relationship
        resource = self.record.resources.get(person.reference)
        address = address_of(resource) if resource else patient.party.address
        party = ClaimParty(person.last_name, person.first_name, person.middle_name, person.suffix, address=address)
        self._need(bool(person.last_name), f"family name of {person.reference or coverage.id}")
        return Insured(party, member, person.birth_date, person.gender or "U"), relationship

    def _rank(self, focal: JsonObject, insurance: list[JsonObject]) -> str:
        place = next((n for n, one in enumerate(insurance) if one is focal), 0)
        return _RANKS[min(place, 2)]

    def _others(self, insurance: list[JsonObject], focal: JsonObject) -> tuple[OtherPayer, ...]:
        found = []
        patient = None
        for place, one in enumerate(insurance):
            if one is focal:
                continue
            coverage = self._coverage(one)
            patient = patient or self._patient()
            subscriber, relationship = self._subscriber(coverage, patient)
            payer = self._other_payer(coverage)
            if coverage and subscriber and payer:
                rank, group = _RANKS[min(place, 2)], self.parties.group(coverage.id)
                found.append(OtherPayer(rank, relationship, subscriber, payer, group))
        return tuple(found)

    def _other_payer(self, coverage: Coverage | None) -> ClaimPayer | None:
        if coverage is None:
            return None
        resource = self.record.resources[coverage.id]
        payors = fj.children(resource, "payor")
        key = self.terms.keys.of(payors[0], resource, self.record.resolver) if payors else None
        payer = self.terms.payers.get(key or "")
        self._need(payer is not None, f"payor of {coverage.id} (payers.yaml does not know it)")
        return payer

    # --- who did it -------------------------------------------------------------------------------------------------

    def _team(self) -> dict[object, ClaimParty]:
        """By role, and the rendering ones by their sequence number."""
        team: dict[object, ClaimParty] = {}
        for member in fj.children(self.resource, "careTeam"):
            roles = [code for _, code in fj.codings(fj.child(member, "role"))]
            role = next((_ROLES[code] for code in roles if code in _ROLES), "")
            party = self.parties.provider(fj.child(member, "provider"), member, role)
            if role == "rendering":
                team[fj.whole(member, "sequence")] = party
            elif role:
                team.setdefault(role, party)
        return team

    def _doer(self, place: int, item: JsonObject, team: Mapping[object, ClaimParty]) -> ClaimParty | None:
        sequence = item.get("careTeamSequence")
        mine = [team[one] for one in sequence if one in team] if isinstance(sequence, list) else []
        self._need(len(mine) == 1, f"item {place}.careTeamSequence")
        return mine[0] if mine else None

    def _line(self, place: int, item: JsonObject, rendering: ClaimParty | None) -> ProfessionalLine:
        """A line; only what differs from the claim is said of it."""
        where = f"item {place}"
        code = next((code for _, code in fj.codings(fj.child(item, "productOrService"))), "")
        self._need(bool(code), f"{where}.productOrService")
        pointers = item.get("diagnosisSequence")
        units = fj.number(fj.child(item, "quantity"), "value")
        self._need(units is not None, f"{where}.quantity")
        at = next((code for _, code in fj.codings(fj.child(item, "locationCodeableConcept"))), "")
        modifiers = [code for one in fj.children(item, "modifier") for _, code in fj.codings(one)[:1]]
        return ProfessionalLine(
            code=code,
            modifiers=tuple(modifiers),
            charge=self._money(item, "net"),
            units=units or Decimal(0),
            pointers=tuple(n for n in pointers if isinstance(n, int)) if isinstance(pointers, list) else (),
            date=self._day(item, "servicedDate", where),
            rendering=rendering,
            control=f"{self.key}{place:02d}",
            place_of_service="" if at == self.place else at,
        )

    def _place(self) -> str:
        items = fj.children(self.resource, "item")
        places = [fj.codings(fj.child(item, "locationCodeableConcept")) for item in items]
        return places[0][0][1] if places and places[0] else ""

    def _facility(self) -> ClaimParty | None:
        """Only where it is another place than the billing provider's (2310C)."""
        reference = fj.child(self.resource, "facility")
        found = self.record.resolver.resolve(reference, self.resource) if reference else None
        if found is None:
            return None
        party = self.parties.place(found)
        return None if self.parties.is_at(party, self.terms.billing.address) else party

    # --- what it is about -------------------------------------------------------------------------------------------

    def _diagnoses(self) -> tuple[str, ...]:
        listed = sorted(fj.children(self.resource, "diagnosis"), key=lambda one: fj.whole(one, "sequence") or 0)
        codes = [fj.codings(fj.child(one, "diagnosisCodeableConcept")) for one in listed]
        return tuple(found[0][1].replace(".", "") for found in codes if found)

    def _accident(self) -> tuple[Date | None, tuple[str, ...], str]:
        """When, what kind (CLM11), and of an auto accident in which state."""
        accident = fj.child(self.resource, "accident")
        if accident is fj.NOTHING:
            return None, (), ""
        kinds = [code for _, code in fj.codings(fj.child(accident, "type"))]
        cause = next((_CAUSES[code] for code in kinds if code in _CAUSES), _OTHER_ACCIDENT)
        state = fj.text(fj.child(accident, "locationAddress"), "state") or "" if cause == _AUTO else ""
        self._need(cause != _AUTO or bool(state), "accident.locationAddress.state (an auto accident needs its state)")
        return self._day(accident, "date", "accident"), (cause,), state

    def _injury(self) -> str:
        """The payer's number of the injury: Claim.related of an associated claim (REF*Y4)."""
        for related in fj.children(self.resource, "related"):
            codes = [code for _, code in fj.codings(fj.child(related, "relationship"))]
            if "associated" in codes:
                return fj.text(fj.child(related, "reference"), "value") or ""
        return ""

    def _onset(self) -> Date | None:
        for info in fj.children(self.resource, "supportingInfo"):
            if any(code == "onset" for _, code in fj.codings(fj.child(info, "category"))):
                return self._day(info, "timingDate", "supportingInfo")
        return None

    # --- reading and refusing ---------------------------------------------------------------------------------------

    def _money(self, parent: JsonObject, name: str) -> Decimal:
        amount = fj.number(fj.child(parent, name), "value")
        self._need(amount is not None, name)
        return (amount or Decimal(0)).quantize(Decimal("0.01"))

    def _day(self, parent: JsonObject, name: str, where: str) -> Date:
        try:
            return Date.fromisoformat(fj.text(parent, name) or "")
        except ValueError:
            self._need(False, f"{where}.{name}")
            return Date.min

    def _need(self, there: bool, what: str) -> None:
        if not there and what not in self.lacks:
            self.lacks.append(what)

    def _refuse(self) -> None:
        if self.lacks:
            missing = "; ".join(self.lacks)
            raise ClaimNotExportable(
                f"{self.reference} of Encounter/{self.visit.encounter} cannot be sent, it lacks: {missing}.",
                "Complete the records in the EHR, then export again.",
            )


def _with_injury(insured: Insured, number: str) -> Insured:
    return replace(insured, property_casualty_number=number) if number else insured


def _first_text(parent: JsonObject, name: str) -> str:
    listed = parent.get(name)
    texts = [one.strip() for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    return next((one for one in texts if one), "")
