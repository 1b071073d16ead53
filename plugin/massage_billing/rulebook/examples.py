"""Runs the examples of rule files through ``flow.bill``: the worked cases a biller reads are the tests.

An example says how its visit differs from the standard visit of rulebook.yaml. Everybody in it is made up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from datetime import date as Date

from massage_billing import flow
from massage_billing.coding import therapist_day
from massage_billing.coding.example_terms import (
    Example,
    Given,
    GivenCoverage,
    GivenCredential,
    GivenPaper,
    GivenService,
    GivenWorked,
)
from massage_billing.coding.policy_terms import PolicyRow
from massage_billing.coding.rulebook import POLICY, Day, Policy, Rulebook, RuleRow
from massage_billing.coding.withdrawn import policy_terms
from massage_billing.model import (
    Accident,
    ClaimLine,
    Clinic,
    Coverage,
    CoverageKind,
    Credential,
    Decision,
    Diagnosis,
    Elsewhere,
    Fee,
    ForeignClaim,
    OnFirst,
    Outcome,
    Paper,
    PaperUse,
    Payer,
    PayerRef,
    Problem,
    Ruling,
    Service,
    Therapist,
    TypedCharge,
    Verified,
    Visit,
    Worked,
)

_PAYERS = (
    ("plan", CoverageKind.HEALTH),
    ("comp", CoverageKind.WORKERS_COMPENSATION),
    ("auto", CoverageKind.AUTO),
    ("twice", CoverageKind.HEALTH),
    ("twice", CoverageKind.HEALTH),
)


_CLINIC_NPI = "1245319599"

_ASKED = Date(2026, 11, 2)
"""The day on which payers of examples were asked."""


@dataclass(frozen=True, slots=True)
class Case:
    """One example of one rule or policy."""

    owner: str
    """Rule id or policy name."""
    example: Example
    """The example."""
    place: int = 0
    """Its place among the examples of its file."""
    of_policy: bool = False
    """Whether it stands in a policy file: its visit is then one of that policy, unless it names another."""


def cases(book: Rulebook) -> Iterator[Case]:
    """Every example of the rulebook, rules first."""
    for rule in book.rules.values():
        yield from (Case(rule.rule, example, place) for place, example in enumerate(rule.examples))
    for policy in book.policies.values():
        yield from (Case(policy.policy, example, place, True) for place, example in enumerate(policy.examples))


def decide(case: Case, book: Rulebook) -> Decision:
    """What the rulebook makes of an example's visit."""
    return decided(case, book)[1]


def decided(case: Case, book: Rulebook) -> tuple[Visit, Decision]:
    """An example's visit, and what the rulebook makes of it."""
    given = _complete(case.example.given, book.standard_visit)
    if case.of_policy and "policy" not in case.example.given.model_fields_set:
        given = given.model_copy(update={"policy": case.owner})
    if given.policy is not None and given.policy_says:
        book = Varied(book, given.policy, given.policy_says)
    if given.older_releases:
        book = Older(book)
    visit = make_visit(given, None if "date" in given.without else case.example.on)
    ruling = Ruling(given.ruling, "an example", "biller", datetime.combine(case.example.on, datetime.min.time(), UTC)) \
        if given.ruling else None  # fmt: skip
    return visit, flow.bill(visit, book, make_clinic(given), ruling, elsewhere(given, visit))


def elsewhere(given: Given, visit: Visit) -> Elsewhere:
    """What other visits have to do with the example's."""
    uses = tuple(PaperUse(**use.model_dump()) for use in given.used)
    first = OnFirst(given.day.first, Outcome.CLAIM, "MB") if given.day.first else None
    worked = tuple(_worked(w, place, given, visit) for place, w in enumerate(given.worked, start=1) if visit.date)
    return Elsewhere(worked, uses, given.counted, given.day.sent_without, given.day.also_on, first, not given.counted)


def _worked(w: GivenWorked, place: int, given: Given, visit: Visit) -> Worked:
    """Another visit, by the therapist of the example's unless it says otherwise."""
    assert visit.date is not None  # noqa: S101
    start, end = _time(w.start, visit.date), _time(w.end, visit.date)
    service = Service(f"w{place}", "completed", None, "", w.minutes, start=start, end=end)
    return therapist_day.made(w.by or given.npi or "", visit.date, f"e{place + 1}", [service])


class Older(Rulebook):
    """The rulebook as if its releases, and the general row of each rule, reached back to an example's date."""

    def __init__(self, book: Rulebook) -> None:
        vars(self).update(vars(book))
        self._under = book

    def on(self, date: Date) -> Day:
        """What is in force on a date, and where nothing is yet, what is first."""
        day = self._under.on(date)
        released = {row.rule for row in self.rows if row.terms.table}
        first: dict[tuple[str, str], RuleRow] = {}
        for row in sorted(self.rows, key=lambda row: row.start):
            if row.rule != POLICY and (row.rule in released or not row.terms.case):
                first.setdefault((row.rule, row.terms.case), row)
        tables = {row.rule: self.tables[row.terms.table] for row in first.values() if row.terms.table}
        return replace(day, rows={**first, **day.rows}, tables={**tables, **day.tables}, findings={}, because={})


class Varied(Rulebook):
    """The rulebook with one policy that says something else, for an example of a rule that only policies set off."""

    def __init__(self, book: Rulebook, policy: str, says: Mapping[str, object]) -> None:
        vars(self).update(vars(book))
        self._policy = policy
        self._says = says

    def on(self, date: Date) -> Day:
        """What is in force on a date, and the policy as the example has it."""
        day = super().on(date)
        varied = {name: self._vary(each, day) for name, each in day.policies.items() if name == self._policy}
        return replace(day, policies={**day.policies, **varied}, findings={}, because={})

    def _vary(self, policy: Policy, day: Day) -> Policy:
        told = policy.terms.model_dump(by_alias=True, exclude_unset=True)
        terms = policy_terms(PolicyRow.model_validate({**told, **self._says}), day.withdrawn)
        return replace(policy, terms=terms, row=replace(policy.row, terms=terms))


def differences(case: Case, decision: Decision) -> list[str]:
    """What came out otherwise than the example expects; empty where it is right."""
    expect, found = case.example.expect, []
    seen: list[tuple[str, object, object]] = [
        ("outcome", expect.outcome, decision.outcome),
        ("lines", expect.lines, tuple(line_text(line) for line in decision.lines)),
        ("not_billed", expect.not_billed, tuple(f"{n.code or '-'} {n.reason}" for n in decision.not_billed)),
        ("pointers", expect.pointers, tuple(" ".join(map(str, x.diagnosis_pointers)) for x in decision.lines)),
        ("total", expect.total, decision.total),
        ("filing_limit", expect.filing_limit, decision.filing_limit),
        ("network", expect.network, decision.network),
    ]
    for name, wanted, got in seen:
        if wanted is not None and wanted != got:
            found.append(f"{name}: expected {wanted}, got {got}")
    told = {f"{f.rule} {f.result} {f.effect}" for f in decision.findings}
    found += [f"findings: expected {wanted}" for wanted in expect.findings or () if wanted not in told]
    if expect.result is not None or expect.effect is not None:
        mine = [(f.result, f.effect) for f in decision.findings if f.rule == case.owner]
        fits = [m for m in mine if expect.result in (None, m[0]) and expect.effect in (None, m[1])]
        if not fits:
            found.append(f"finding: expected {expect.result}, {expect.effect}; got {mine}")
    return found


def _complete(given: Given, standard: Given) -> Given:
    """The example's visit: what it says, over the standard visit."""
    return standard.model_copy(update={name: getattr(given, name) for name in given.model_fields_set})


def line_text(line: ClaimLine) -> str:
    """A line in short, as examples write it: "97124 x4 GP"."""
    return " ".join((line.code, f"x{line.units}", *line.modifiers))


def make_visit(given: Given, on: Date | None) -> Visit:
    """The visit that an example describes."""
    services = tuple(_service(s, place, given, on) for place, s in enumerate(given.services or (), start=1))
    return Visit(
        host="example", encounter="e1", status="finished", patient="Patient/1", date=on, place_of_service="11",
        services=services,
        diagnoses=tuple(Diagnosis(code, f"Condition/{i}") for i, code in enumerate(given.diagnoses or (), start=1)),
        coverages=tuple(_coverage(c, place, given) for place, c in enumerate(given.coverages or (), start=1)),
        accident=Accident("Condition/1", given.accident_on) if given.accident or given.accident_on else None,
        papers=tuple(_paper(p, place) for place, p in enumerate(given.papers, start=1) if p.host),
        restricted="Consent/1" if given.restricted else None,
        state=given.state, supervisor=Therapist("Practitioner/S", None) if given.supervised else None,
        foreign_claims=(ForeignClaim("Claim/1", "active"),) if given.already_billed else (),
        charges=tuple(_charge(said, place) for place, said in enumerate(given.typed, start=1)),
        problems=tuple(Problem(p.rule, p.result, "An example.", p.about, p.key) for p in given.problems),
    )  # fmt: skip


def _service(s: GivenService, place: int, given: Given, on: Date | None) -> Service:
    therapist = Therapist(
        f"Practitioner/{s.by}",
        None if "npi" in given.without else given.npi,
        () if "taxonomies" in given.without else given.taxonomies or (),
        credentials=tuple(_credential(c, n, given) for n, c in enumerate(given.credentials or (), start=1) if c.host),
    )
    if s.taxonomies is not None:
        therapist = replace(therapist, taxonomies=s.taxonomies)
    return Service(
        procedure=f"p{place}", status=s.status, code=s.code, recorded_as=f"example|{s.code}", minutes=s.minutes,
        start=_time(s.start, on), end=_time(s.end, on), regions=tuple(sorted(s.regions)), therapist=therapist,
        diagnoses=s.diagnoses, modifiers=s.modifiers, duplicate_of=s.duplicate_of,
        encounter=s.encounter,
    )  # fmt: skip


def _charge(said: str, place: int) -> TypedCharge:
    code, _, units = said.partition(" ")
    return TypedCharge(f"ChargeItem/{place}", code, int(units) if units else None)


def _time(text: str | None, on: Date | None) -> datetime | None:
    return datetime.fromisoformat(f"{on.isoformat()}T{text}") if text and on else None


def _coverage(c: GivenCoverage, place: int, given: Given) -> Coverage:
    answered = None if c.verified is None else Verified(c.verified, f"CoverageEligibilityResponse/{place}", _ASKED)
    return Coverage(
        id=f"Coverage/{place}", status=c.status, kind=c.kind,
        payer=PayerRef(f"Organization/{c.payer}" if c.payer else None), order=c.order,
        member_id=f"MEMBER{place}" if c.member else None, start=c.start, end=c.end, linked=c.linked, link_rank=c.rank,
        patient_is_payer=c.patient_pays, claim_number=given.injury_number, verified=answered,
    )  # fmt: skip


def _paper(p: GivenPaper, place: int) -> Paper:
    said = p.model_dump(exclude={"host"})
    source = f"ServiceRequest/{place}" if p.host else f"papers.csv:{place + 1}"
    return Paper(source=source, patient="Patient/1", linked=p.host, **said)


def _credential(c: GivenCredential, place: int, given: Given) -> Credential:
    npi = {"therapist": given.npi, "clinic": _CLINIC_NPI}.get(c.of)
    said = c.model_dump(exclude={"of", "host"})
    source = f"PractitionerRole/{place}" if c.host else f"credentials.csv:{place + 1}"
    return Credential(source=source, npi=npi, holder=None if npi else f"Practitioner/{c.of}", **said)


def make_clinic(given: Given) -> Clinic:
    """A clinic whose payers.yaml names a health plan, a workers' compensation and an auto insurer, and one twice."""
    policy = None if "policy" in given.without else given.policy
    payers = []
    if not given.explaining and policy is not None:
        for line, (name, kind) in enumerate(_PAYERS, start=1):
            payers.append(Payer(name, kind, policy, references=frozenset({f"Organization/{name}"}), line=line))
    fees = tuple(Fee(code, amount, Date.min) for code, amount in (given.fees or {}).items())
    return Clinic(
        payers=tuple(payers), payers_known=not given.explaining, policy=policy if given.explaining else None,
        fees=None if "fees" in given.without else fees, explaining=given.explaining,
        papers=tuple(_paper(p, place) for place, p in enumerate(given.papers, start=1) if not p.host),
        today=given.today, credentials_known=given.credentials is not None and "credentials" not in given.without,
        npi=None if given.credentials is None else _CLINIC_NPI,
        credentials=tuple(
            _credential(c, n, given) for n, c in enumerate(given.credentials or (), start=1) if not c.host
        ),
    )  # fmt: skip
