"""Random visits that are often alike: small alphabets, every field moves, and changes of one thing at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date as Date
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from massage_billing.model import (
    Accident,
    Clinic,
    Coverage,
    CoverageKind,
    Credential,
    CredentialKind,
    Diagnosis,
    Enrolled,
    Fee,
    ForeignClaim,
    Payer,
    PayerRef,
    Problem,
    Result,
    Service,
    Therapist,
    TypedCharge,
    Verified,
    Visit,
)

CODES = [
    "97124",
    "97140",
    "97110",
    "97112",
    "97010",
    "97014",
    "97530",
    "98941",
    "97161",
    "99213",
    "97001",
    "20560",
    "0",
]
DIAGNOSES = [
    "M54.50",
    "m5450",
    "M54.2",
    "M79.18",
    "M54.5",
    "V43.52XA",
    "M54.41",
    "S13.4",
    "S13.4XXA",
    "G44.209",
    "R51.9",
    "Z00",
]
NPIS = ["1234567893", "1245319599", "2000000008", None, "12"]
TAXONOMIES = [("225700000X",), ("225100000X",), ("225700000X", "225100000X"), ("225X00000X",), (), ("bad",)]
POLICIES = [
    "commercial-midpoint",
    "cms-total-time",
    "unitedhealthcare",
    "anthem",
    "medicare",
    "florida-pip",
    "aetna",
    "no-such",
]
RULES = [("minutes-documented", ""), ("minutes-agree", ""), ("visit-finished", "not-performed"), ("one-to-one", ""),
         ("one-to-one", "overlap"), ("code-known", ""), ("charge", "no-schedule")]  # fmt: skip
DAYS = [
    Date.fromisoformat(day)
    for day in (
        "2015-09-30 2021-09-30 2023-12-31 2024-12-31 2025-06-30 2025-12-31 2026-03-31 2026-06-30 2026-09-30 2026-11-03"
    ).split()
]

minutes = st.none() | st.integers(0, 70) | st.sampled_from([7, 8, 15, 22, 23, 30, 37, 38])
days = st.builds(lambda day, more: day + timedelta(days=more), st.sampled_from(DAYS), st.integers(0, 3))
enrolments = st.builds(
    lambda of, payer, how, start, end: Credential(
        CredentialKind.ENROLMENT, "-", of[0], of[1], payer, how, start=start, end=end
    ),
    st.sampled_from(
        [(NPIS[0], None), (NPIS[1], None), (None, "Practitioner/2"), (None, "Organization/1"), (None, None)]
    ),
    st.sampled_from(["p0", "p1", "Organization/0", "Organization/4"]), st.none() | st.sampled_from(list(Enrolled)),
    st.none() | days, st.none() | days,
)  # fmt: skip
licences = st.builds(
    lambda of, state, start, end: Credential(
        CredentialKind.LICENCE, "-", of[0], of[1], state=state, start=start, end=end
    ),
    st.sampled_from([(NPIS[0], None), (None, "Practitioner/2"), (None, None)]), st.sampled_from(["WA", "PA", None]),
    st.none() | days, st.none() | days,
)  # fmt: skip
recorded = st.just(()) | st.just(()) | st.lists(enrolments | licences, max_size=2).map(tuple)
therapists = st.builds(
    lambda id, npi, taxonomies, credentials: Therapist(id, npi, taxonomies, credentials=credentials),
    st.sampled_from(["Practitioner/1", "Practitioner/2", "Practitioner/3"]), st.sampled_from(NPIS),
    st.sampled_from(TAXONOMIES), recorded,
)  # fmt: skip
answers = st.sampled_from([None, None, True, False]).map(
    lambda yes: None if yes is None else Verified(yes, "CoverageEligibilityResponse/1", Date(2026, 11, 2))
)
few_codes = st.lists(st.sampled_from(DIAGNOSES), max_size=3).map(tuple)


def clock(start: datetime | None, length: int | None) -> tuple[datetime | None, datetime | None]:
    return start, None if start is None or length is None else start + timedelta(minutes=length)


starts = st.none() | st.builds(
    lambda hour, minute: datetime(2026, 11, 3, hour, minute), st.sampled_from([2, 9, 10]), st.sampled_from([0, 15, 30])
)
times = st.builds(clock, starts, st.none() | st.sampled_from([0, 15, 30, 60]))
services = st.builds(
    lambda p, status, code, m, when, regions, who, why, mods, dup: Service(
        p, status, code, "x|y", m, start=when[0], end=when[1], regions=regions, therapist=who, diagnoses=why,
        modifiers=mods, duplicate_of=dup,
    ),
    st.sampled_from("abcdefgh"), st.sampled_from(["completed"] * 6 + ["not-done", "stopped"]),
    st.none() | st.sampled_from(CODES[:4]) | st.sampled_from(CODES), minutes, times,
    st.sampled_from([(), ("neck",), ("back",), ("back", "neck")]), st.none() | therapists,
    st.just(()) | few_codes, st.sampled_from([(), (), (), ("GP",), ("59",), ("GO", "25")]),
    st.sampled_from([None] * 6 + ["q"]),
)  # fmt: skip
coverages = st.builds(
    Coverage, st.sampled_from(["Coverage/1", "Coverage/2", "Coverage/3"]),
    st.sampled_from(["active"] * 5 + ["cancelled", "entered-in-error"]), st.sampled_from(list(CoverageKind)[:4]),
    st.sampled_from([PayerRef(f"Organization/{n}") for n in range(len(POLICIES) + 2)] + [PayerRef(None)]),
    st.sampled_from([None, 1, 1, 2]), st.sampled_from([None, "M1", "M2"]),
    st.none() | days, st.none() | days, st.sampled_from([None, None, "Account/1", "Account/2", "ServiceRequest/1"]),
    st.sampled_from([0, 1]), st.none(), st.none(), st.booleans() | st.just(False), answers,
)  # fmt: skip
problems = st.builds(
    lambda rule, result, about: Problem(rule[0], result, "Some words.", about, rule[1]),
    st.sampled_from(RULES), st.sampled_from([Result.FAIL, Result.NO_DATA]),
    st.sampled_from([None, "Procedure/a", "Procedure/b", "Encounter/1"]),
)  # fmt: skip
accidents = st.builds(
    Accident, st.sampled_from(["Condition/1", "Condition/2"]), st.none() | days, st.sampled_from([None, "MVA"]),
    st.sampled_from([None, "WA"]), st.sampled_from([None, "N1", "N2"]),
)  # fmt: skip
charges = st.builds(
    TypedCharge, st.sampled_from(["ChargeItem/1", "ChargeItem/2"]), st.none() | st.sampled_from(CODES[:2]),
    st.sampled_from([None, 1, 4]), st.sampled_from([(), ("GP",)]),
)  # fmt: skip
visit_times = st.builds(clock, starts, st.none() | st.sampled_from([20, 45, 60, 90]))


def one_each(found: list[Service]) -> tuple[Service, ...]:
    return tuple({s.procedure: s for s in found}.values())


FIELDS: dict[str, st.SearchStrategy[object]] = {
    "encounter": st.sampled_from(["e1", "e2"]),
    "patient": st.sampled_from(["Patient/1", "Patient/2", None]),
    "date": days,
    "services": st.lists(services, max_size=4).map(one_each),
    "diagnoses": few_codes.map(lambda codes: tuple(Diagnosis(code, "Condition/1") for code in codes)),
    "coverages": st.lists(coverages, max_size=3).map(lambda found: tuple({c.id: c for c in found}.values())),
    "accident": st.none() | accidents,
    "state": st.sampled_from([None, "WA", "PA"]),
    "restricted": st.sampled_from([None, None, "Consent/1", "Encounter/1"]),
    "foreign_claims": st.sampled_from(
        [(), (), (ForeignClaim("Claim/1", "active"),), (ForeignClaim("Claim/2", "draft"),)]
    ),
    "charges": st.just(()) | st.just(()) | st.lists(charges, max_size=2).map(tuple),
    "problems": st.just(()) | st.lists(problems, max_size=2).map(tuple),
    "place_of_service": st.sampled_from([None, "11"]),
    "organization": st.sampled_from([None, "Organization/1", "Organization/2"]),
    "organization_npi": st.sampled_from([None, "1679576722"]),
    "supervisor": st.none() | therapists,
}
SERVICE = {"minutes": minutes, "code": st.sampled_from(CODES), "regions": st.sampled_from([(), ("neck",), ("back",)]),
           "therapist": st.none() | therapists, "diagnoses": few_codes, "modifiers": st.sampled_from([(), ("GP",)]),
           "procedure": st.sampled_from("stuvwxyz")}  # fmt: skip
COVERAGE = {"start": st.none() | days, "end": st.none() | days, "member_id": st.sampled_from([None, "M7"]),
            "payer": st.sampled_from([PayerRef(f"Organization/{n}") for n in range(5)]),
            "order": st.sampled_from([None, 1, 2]), "verified": answers,
            "linked": st.sampled_from([None, "Account/1", "Account/2"])}  # fmt: skip


@st.composite
def visits(draw: st.DrawFn) -> Visit:
    start, end = draw(visit_times)
    usual = {name: draw(strategy) for name, strategy in FIELDS.items()}
    if draw(st.booleans()):  # most visits are quiet
        usual |= {"restricted": None, "foreign_claims": (), "charges": (), "problems": (), "accident": None}
    return Visit(host="h", status="finished", start=start, end=end, **usual)  # type: ignore[arg-type]


PAIRED = ["97124", "97140", "97124", "97140", "97530", "97110", "97112", "98941", "97010", "99213"]
"""Codes between many of which an edit stands, some of them open to a modifier."""
sound_services = st.builds(
    lambda p, code, m, when, regions, who: Service(
        p, "completed", code, "x|y", m, start=when[0], end=when[1], regions=regions, therapist=who
    ),
    st.sampled_from("abcd"), st.sampled_from(PAIRED), st.integers(1, 50), times,
    st.sampled_from([("neck",), ("back",), ("leg",), ("back", "neck")]),
    st.sampled_from([Therapist("Practitioner/1", "1234567893", ("225700000X",)),
                     Therapist("Practitioner/1", "12", ("225700000X",)),
                     Therapist("Practitioner/3", "1245319599", ("225700000X",), credentials=(
                         Credential(CredentialKind.ENROLMENT, "-", None, None, "Organization/4", Enrolled.IN_NETWORK,
                                    end=Date(2026, 9, 30)),
                         Credential(CredentialKind.LICENCE, "-", state="PA", end=Date(2026, 3, 31)))),
                     Therapist("Practitioner/2", "1245319599", ("225100000X",))]),
)  # fmt: skip
sound_covers = st.builds(
    lambda n, id: (Coverage("Coverage/1", "active", CoverageKind.HEALTH, PayerRef(f"Organization/{n}"), 1, id),),
    st.sampled_from([0, 1, 3, 4, 4, 6, 8]), st.sampled_from(["M1", "M1", "M1", None]),
)  # fmt: skip


@st.composite
def sound_visits(draw: st.DrawFn) -> Visit:
    """Without a fault, so that what is billed hangs on the services alone."""
    start, end = draw(visit_times)
    return Visit(
        "h", "e1", "finished", "Patient/1", draw(days), start=start, end=end,
        state=draw(st.sampled_from([None, "PA"])),
        services=draw(st.lists(sound_services, min_size=1, max_size=3).map(one_each)), coverages=draw(sound_covers),
        diagnoses=(Diagnosis("M54.2", "-"), Diagnosis("M79.18", "-"))[: draw(st.integers(1, 2))],
    )  # fmt: skip


@st.composite
def sound_pairs(draw: st.DrawFn) -> tuple[Visit, Visit]:
    """A sound visit, and one that differs from it in one thing that a rule may care for, or not."""
    one = draw(sound_visits())
    what = draw(
        st.sampled_from(
            ["regions", "start", "minutes", "minutes", "therapist", "time", "state", "date", "order", "who", "charges"]
        )
    )
    if what == "charges":
        return one, replace(one, charges=draw(st.just(()) | st.lists(charges, min_size=1, max_size=1).map(tuple)))
    if what == "time":
        start, end = draw(visit_times)
        return one, replace(one, start=start, end=end)
    if what == "state":
        return one, replace(one, state=draw(FIELDS["state"]))  # type: ignore[arg-type]
    if what == "who":
        name = draw(st.sampled_from(["supervisor", "organization", "organization_npi"]))
        return one, replace(one, **{name: draw(FIELDS[name])})  # type: ignore[arg-type]
    if what == "date":
        assert one.date is not None
        return one, replace(one, date=one.date + timedelta(days=draw(st.integers(-3, 3))))
    if what == "order":
        return one, replace(one, services=one.services[::-1])
    place = draw(st.integers(0, len(one.services) - 1))
    some = list(one.services)
    changes = draw(sound_services)
    names = ("start", "end") if what == "start" else (what,)
    some[place] = replace(some[place], **{name: getattr(changes, name) for name in names})
    if what == "minutes" and draw(st.booleans()):  # across a boundary, or not
        near = one.services[place].minutes or 0
        some[place] = replace(some[place], minutes=max(0, near + draw(st.integers(-2, 2))))
    return one, replace(one, services=tuple(some))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Visit, Visit]:
    """A visit, and one that differs from it in one to three things."""
    one = draw(visits())
    other = one
    for _ in range(draw(st.integers(1, 3))):
        other = _changed(draw, other)
    return one, other


def _changed(draw: st.DrawFn, visit: Visit) -> Visit:
    what = draw(st.sampled_from(["field", "time", "minutes", "service", "service", "coverage"]))
    if what == "time":
        start, end = draw(visit_times)
        return replace(visit, start=start, end=end)
    if what in ("minutes", "service") and visit.services:
        place = draw(st.integers(0, len(visit.services) - 1))
        name = "minutes" if what == "minutes" else draw(st.sampled_from(sorted(SERVICE)))
        changed = {name: draw(SERVICE[name])}
        some = list(visit.services)
        some[place] = replace(some[place], **changed)
        if len({s.procedure for s in some}) == len(some):
            return replace(visit, services=tuple(some))
        return visit
    if what == "coverage" and visit.coverages:
        place = draw(st.integers(0, len(visit.coverages) - 1))
        name = draw(st.sampled_from(sorted(COVERAGE)))
        held = list(visit.coverages)
        held[place] = replace(held[place], **{name: draw(COVERAGE[name])})
        return replace(visit, coverages=tuple(held))
    name = draw(st.sampled_from(sorted(FIELDS)))
    return replace(visit, **{name: draw(FIELDS[name])})


LISTED = (
    Credential(CredentialKind.ENROLMENT, "-", NPIS[0], None, "p4", Enrolled.IN_NETWORK, end=Date(2026, 10, 1)),
    Credential(CredentialKind.ENROLMENT, "-", NPIS[1], None, "p4", Enrolled.OUT_OF_NETWORK, start=Date(2026, 7, 1)),
    Credential(CredentialKind.ENROLMENT, "-", None, "Practitioner/2", "p1", Enrolled.NONE),
    Credential(CredentialKind.ENROLMENT, "-", "1679576722", None, "p4", Enrolled.OUT_OF_NETWORK),
    Credential(CredentialKind.ENROLMENT, "-", None, "Organization/1", "p1", Enrolled.IN_NETWORK, end=Date(2026, 7, 2)),
    Credential(CredentialKind.LICENCE, "-", NPIS[0], state="PA", start=Date(2025, 7, 1), end=Date(2026, 11, 4)),
)
"""A credentials file: by NPI and by reference, of a clinic too, with ends that lie among the days of visits."""


def listing() -> Clinic:
    """The clinic, which keeps a credentials file."""
    return replace(clinic(), credentials=LISTED, credentials_known=True)


PEOPLE = st.builds(
    lambda id, npi, credentials: Therapist(id, npi, ("225700000X",), credentials=credentials),
    st.sampled_from(["Practitioner/1", "Practitioner/2"]), st.sampled_from(["1234567893", "1245319599"]),
    st.sampled_from([(), (), *(
        (Credential(CredentialKind.ENROLMENT, "-", npi, None, "Organization/4", how, end=end),)
        for npi in (None, "1679576722") for how in (Enrolled.IN_NETWORK, Enrolled.OUT_OF_NETWORK, Enrolled.NONE)
        for end in (None, Date(2026, 6, 30))
    ), *(
        (Credential(CredentialKind.LICENCE, "-", state=state, start=start),)
        for state in ("PA", "WA") for start in (None, Date(2026, 7, 2))
    )]),
)  # fmt: skip
"""Therapists who differ in nothing but who they are and what the host records of them."""
WHO: dict[str, st.SearchStrategy[object]] = {
    "date": st.sampled_from([Date(2026, 6, 30), Date(2026, 7, 1), Date(2026, 7, 2), Date(2026, 9, 30),
                             Date(2026, 10, 1), Date(2026, 10, 2), Date(2026, 11, 4), Date(2026, 11, 5)]),
    "supervisor": st.none() | PEOPLE,
    "organization": st.sampled_from([None, "Organization/1"]),
    "organization_npi": st.sampled_from([None, "1679576722"]),
    "state": st.sampled_from(["PA", "WA", None]),
}  # fmt: skip


@st.composite
def treated(draw: st.DrawFn) -> tuple[Visit, Visit]:
    """Two visits without a fault that differ in one or two of: who treated, who supervised, where, when."""
    one = Visit(
        "h", "e1", "finished", "Patient/1", draw(WHO["date"]),  # type: ignore[arg-type]
        services=(Service("a", "completed", "97124", "x|y", 60, therapist=draw(PEOPLE)),),
        coverages=(Coverage("Coverage/1", "active", CoverageKind.HEALTH,
                            PayerRef(f"Organization/{draw(st.sampled_from([1, 4]))}"), 1, "M1"),),
        diagnoses=(Diagnosis("M54.50", "-"),), state=draw(WHO["state"]),  # type: ignore[arg-type]
    )  # fmt: skip
    if draw(st.booleans()):
        more = Service("b", "completed", "97110", "x|y", 30, therapist=draw(PEOPLE))
        one = replace(one, services=(*one.services, more))
    for name in ("supervisor", "organization", "organization_npi"):
        one = replace(one, **{name: draw(WHO[name])})  # type: ignore[arg-type]
    other = one
    for _ in range(draw(st.integers(1, 2))):
        what = draw(st.sampled_from(["therapist", "therapist", *WHO]))
        if what == "therapist":
            place = draw(st.integers(0, len(other.services) - 1))
            some = list(other.services)
            some[place] = replace(some[place], therapist=draw(PEOPLE))
            other = replace(other, services=tuple(some))
        else:
            other = replace(other, **{what: draw(WHO[what])})  # type: ignore[arg-type]
    return one, other


def clinic(today: Date | None = None, papers: bool = False) -> Clinic:
    """Payers of every policy, one of whom is named twice and one of whom the rulebook does not know."""
    payers = tuple(
        Payer(f"p{n}", CoverageKind.AUTO if n == 5 else CoverageKind.HEALTH, policy,
              references=frozenset({f"Organization/{n}"}), filing_days=90 if n == 1 else None, line=n)
        for n, policy in enumerate((*POLICIES, "wa-lni" if papers else "cigna"))
    )  # fmt: skip
    payers += (replace(payers[0], key="twice", line=20, references=frozenset({"Organization/2"})),)
    fees = tuple(Fee(code, Decimal(30 + n), Date(2000, 1, 1)) for n, code in enumerate(CODES[:9]))
    fees += (Fee("97124", Decimal(50), Date(2026, 1, 1)), Fee("97124", Decimal(20), Date(2000, 1, 1), payer="p1"),
             Fee("97110", Decimal(60), Date(2000, 1, 1), modifier="GP"))  # fmt: skip
    return Clinic(payers=payers, payers_known=True, fees=fees, today=today)
