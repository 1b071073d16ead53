"""Visits with equal keys are decided alike: held by random visits, and by a look at what rules read."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date as Date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from massage_billing import flow
from massage_billing.coding.example_terms import Given
from massage_billing.model import (
    NOWHERE,
    Accident,
    Clinic,
    Coverage,
    Credential,
    CredentialKind,
    Diagnosis,
    Elsewhere,
    Enrolled,
    ForeignClaim,
    Paper,
    PaperKind,
    PayerRef,
    Problem,
    Service,
    Therapist,
    TypedCharge,
    Verified,
    Visit,
)
from massage_billing.replay.alike import Alike
from massage_billing.replay.alike import fields as listed_fields
from massage_billing.replay.verdict import Memory, verdict_of
from massage_billing.rulebook import examples as rule_examples
from replay.alike_visits import clinic, listing, pairs, sound_pairs, treated, visits
from visits import book, ruling

KINDS = (
    Visit,
    Service,
    Therapist,
    Credential,
    Diagnosis,
    Coverage,
    Verified,
    PayerRef,
    Accident,
    Problem,
    ForeignClaim,
    TypedCharge,
)
IN_KEY = {
    *("Visit." + name for name in "date start end services diagnoses coverages accident state".split()),
    *("Visit." + name for name in "restricted foreign_claims problems".split()),
    *("Visit." + name for name in "organization organization_npi supervisor".split()),
    *("Credential." + name for name in "kind npi holder payer enrolled state start end".split()),
    *("Service." + name for name in "status code minutes start end regions therapist diagnoses modifiers".split()),
    *("Coverage." + name for name in "status kind payer order start end linked link_rank patient_is_payer".split()),
    *("Coverage.verified", "Verified.in_force"),
    *("PayerRef.reference", "PayerRef.identifiers", "Therapist.taxonomies", "Diagnosis.code"),
    "Therapist.credentials",
    *("Problem.rule", "Problem.result", "Problem.about", "Problem.key"),
    *("Accident.date", "Accident.kind", "Accident.state", "Accident.claim_number"),
}
"""Fields that are in the key, as they stand or as the answer to what a rule asks of them."""
CLINICS = {"": clinic(), "today": clinic(today=Date(2026, 11, 3)), "policy": Clinic(policy="anthem", explaining=True),
           "explain": Clinic(explaining=True), "credentials": listing()}  # fmt: skip
KNOWN = {name: Alike(book(), each) for name, each in CLINICS.items()}
MANY = settings(max_examples=800, deadline=None, suppress_health_check=list(HealthCheck))


def fields() -> Iterator[str]:
    for kind in KINDS:
        yield from (f"{kind.__name__}.{field.name}" for field in dataclasses.fields(kind))


def test_every_field_is_in_the_key_or_listed_with_its_reason() -> None:
    listed = [*IN_KEY, *listed_fields.NAMES, *listed_fields.UNREAD, *listed_fields.ALONE]
    assert len(listed) == len(set(listed))
    assert set(listed) == set(fields())


@pytest.mark.parametrize("which", CLINICS)
def test_equal_keys_mean_equal_verdicts(which: str) -> None:
    met = 0

    @MANY
    @given(pairs() | sound_pairs() | sound_pairs())
    def holds(both: tuple[Visit, Visit]) -> None:
        nonlocal met
        one, other = both
        key = KNOWN[which].key(one)
        if key is None or key != KNOWN[which].key(other):
            return
        met += 1
        mine, theirs = (verdict_of(flow.bill(visit, book(), CLINICS[which])) for visit in both)
        assert mine == theirs

    holds()
    assert met > 50, "hardly any two visits were alike: the test shows nothing"


@pytest.mark.parametrize("which", ["", "credentials"])
def test_who_treated_where_and_when_is_told_apart_where_credentials_are_looked_at(which: str) -> None:
    met = differed = 0

    @settings(MANY, max_examples=1000)
    @given(treated())
    def holds(both: tuple[Visit, Visit]) -> None:
        nonlocal met, differed
        mine, theirs = (verdict_of(flow.bill(visit, book(), CLINICS[which])) for visit in both)
        alike = KNOWN[which].key(both[0]) == KNOWN[which].key(both[1])
        met, differed = met + alike, differed + (mine != theirs)
        assert mine == theirs or not alike

    holds()
    assert met > 100, "hardly any two visits were alike: the test shows nothing"
    assert differed > 100, "hardly any two visits were decided otherwise: the test shows nothing"


def _enrolled(how: Enrolled, of: str | None = None) -> Credential:
    return Credential(CredentialKind.ENROLMENT, "-", holder=of, payer="Organization/0", enrolled=how)


def _licensed(state: str, **days: Date) -> Credential:
    return Credential(CredentialKind.LICENCE, "-", state=state, start=days.get("start"), end=days.get("end"))


IN, NONE = _enrolled(Enrolled.IN_NETWORK), _enrolled(Enrolled.NONE)
MINE = dataclasses.replace(IN, npi="1234567893", payer="p0")
FILE = dataclasses.replace(clinic(), credentials_known=True)
SUPERVISOR = Therapist("Practitioner/9", None, credentials=(IN,))
CREDENTIALS = {
    "how the host says that somebody is enrolled": (clinic(), {"credentials": (IN,)}, {"credentials": (NONE,)}, {}),
    "with which payer": (
        clinic(), {"credentials": (NONE,)}, {"credentials": (dataclasses.replace(NONE, payer="Organization/1"),)}, {},
    ),
    "of whom it is said": (
        clinic(), {"credentials": (NONE,)}, {"credentials": (_enrolled(Enrolled.NONE, "Practitioner/77"),)}, {},
    ),
    "in which state": (
        clinic(), {"credentials": (_licensed("WA", end=Date(2026, 1, 1)),)},
        {"credentials": (_licensed("PA", end=Date(2026, 1, 1)),)}, {},
    ),
    "a licence that ended yesterday": (
        clinic(), {"credentials": (_licensed("WA", end=Date(2026, 11, 2)),)},
        {"credentials": (_licensed("WA", end=Date(2026, 11, 3)),)}, {},
    ),
    "a licence that starts tomorrow": (
        clinic(), {"credentials": (_licensed("WA", start=Date(2026, 11, 4)),)},
        {"credentials": (_licensed("WA", start=Date(2026, 11, 3)),)}, {},
    ),
    "somebody who is not in the file": (
        dataclasses.replace(FILE, credentials=(MINE,)), {}, {"id": "Practitioner/8", "npi": "2000000008"}, {},
    ),
    "somebody known by reference": (
        dataclasses.replace(FILE, credentials=(dataclasses.replace(MINE, npi=None, holder="Practitioner/A"),)),
        {}, {"id": "Practitioner/B"}, {},
    ),
    "who supervises": (
        dataclasses.replace(FILE, credentials=(dataclasses.replace(MINE, npi="1679576722"),)), {}, {},
        {"supervisor": SUPERVISOR},
    ),
    "which clinic, by NPI": (
        dataclasses.replace(FILE, credentials=(MINE, dataclasses.replace(NONE, payer="p0", npi="1679576722"))), {}, {},
        {"organization_npi": "1679576722"},
    ),
    "which clinic, by reference": (
        dataclasses.replace(FILE, credentials=(MINE, dataclasses.replace(NONE, payer="p0", holder="Organization/1"))),
        {}, {}, {"organization": "Organization/1"},
    ),
    "the day after the last of the file": (
        dataclasses.replace(FILE, credentials=(dataclasses.replace(MINE, end=Date(2026, 11, 3)),)), {}, {},
        {"date": Date(2026, 11, 4)},
    ),
    "the day before the first of the file": (
        dataclasses.replace(FILE, credentials=(dataclasses.replace(MINE, start=Date(2026, 11, 3)),)), {}, {},
        {"date": Date(2026, 11, 2)},
    ),
}  # fmt: skip
"""Two visits that are decided otherwise because of: the clinic, its therapist, another therapist, another visit."""


@pytest.mark.parametrize("name", CREDENTIALS)
def test_what_the_rules_of_credentials_tell_apart_has_another_key(name: str) -> None:
    of, his, hers, changes = CREDENTIALS[name]
    usual = dataclasses.replace(counting()[1], state="WA")
    (service,) = usual.services
    assert service.therapist is not None
    one, two = (
        dataclasses.replace(usual, services=(dataclasses.replace(
            service, therapist=dataclasses.replace(service.therapist, **change)),))
        for change in (his, hers)
    )  # fmt: skip
    two = dataclasses.replace(two, **changes)
    first, second = (verdict_of(flow.bill(visit, book(), of)) for visit in (one, two))
    assert first != second
    alike = Alike(book(), of)
    assert alike.key(one) != alike.key(two)
    one, two = (
        dataclasses.replace(v, services=(*v.services, dataclasses.replace(v.services[0], procedure="z")))
        for v in (one, two)
    )
    assert alike.key(one) != alike.key(two)


@MANY
@given(visits())
def test_memory_says_what_flow_says(visit: Visit) -> None:
    decided = verdict_of(flow.bill(visit, book(), CLINICS[""]))
    assert MEMORY.verdict(visit) == decided
    assert MEMORY.verdict(visit) == decided


MEMORY = Memory(book(), CLINICS[""], kept=50)
"""Small, so that it forgets now and then."""


TELLING = {
    "what is left where an edit takes a code off": (["97140 22", "97124 8"], ["97140 23", "97124 8"], {}),
    "the state": (["97110 30"], ["97110 30"], {"state": "PA"}),
    "whose patient it is": (["97124 30"], ["97124 30"], {"restricted": "Consent/1"}),
    "a dearer year": (["97124 30"], ["97124 30"], {"date": Date(2025, 12, 31)}),
}


@pytest.mark.parametrize("name", TELLING)
def test_what_a_rule_tells_apart_has_another_key(name: str) -> None:
    given_, other, changes = TELLING[name]
    memory, _ = counting()
    one, two = (
        dataclasses.replace(
            rule_examples.make_visit(
                book().standard_visit.model_copy(update={"services": Given(services=services).services}),
                Date(2026, 11, 3),
            ),
            coverages=counting()[1].coverages,
        )
        for services in (given_, other)
    )
    two = dataclasses.replace(two, **changes)
    verdicts = [verdict_of(flow.bill(visit, book(), memory.clinic)) for visit in (one, two)]
    assert verdicts[0] != verdicts[1]
    assert memory.alike.key(one) != memory.alike.key(two)


# --- what rules read ------------------------------------------------------------------------------------------------


def spied(value: Any, read: set[str]) -> Any:
    """The same value, telling which of its fields are read."""
    kind = type(value)
    if isinstance(value, tuple):
        return tuple(spied(one, read) for one in value)
    if kind not in KINDS:
        return value

    class Spy(kind):  # type: ignore[misc, valid-type]
        __slots__ = ()

        def __getattribute__(self, name: str) -> Any:
            if not name.startswith("_") and name != "key":
                read.add(f"{kind.__name__}.{name}")
            return object.__getattribute__(self, name)

    return Spy(**{field.name: spied(getattr(value, field.name), read) for field in dataclasses.fields(kind)})


def test_no_rule_reads_what_is_listed_as_unread() -> None:
    read: set[str] = set()
    standard = book().standard_visit
    for case in rule_examples.cases(book()):
        given_ = rule_examples._complete(case.example.given, standard)
        visit = rule_examples.make_visit(given_, None if "date" in given_.without else case.example.on)
        visit = dataclasses.replace(visit, site="Location/1", last_changed=None, onset=case.example.on)
        before = set(read)
        spy = spied(visit, read)
        read &= before  # making the spy reads nothing that counts
        flow.bill(spy, book(), rule_examples.make_clinic(given_))
    assert "Visit.services" in read
    assert read & set(listed_fields.UNREAD) == set()


# --- what is never answered from memory -----------------------------------------------------------------------------


def counting() -> tuple[Memory, Visit]:
    memory = Memory(book(), clinic(papers=True))
    visit = rule_examples.make_visit(book().standard_visit, Date(2026, 11, 3))
    (cover,) = visit.coverages
    return memory, dataclasses.replace(visit, coverages=(dataclasses.replace(cover, payer=PayerRef("Organization/0")),))


def test_a_visit_like_another_is_not_decided_again() -> None:
    memory, visit = counting()
    for number in range(3):
        memory.verdict(dataclasses.replace(visit, encounter=f"e{number}", patient=f"Patient/{number}"))
    assert memory.decided == 1


def test_one_that_differs_in_its_number_of_diagnoses_is_not_decided_either() -> None:
    memory, visit = counting()
    memory.verdict(visit)
    more = dataclasses.replace(visit, diagnoses=(Diagnosis("M54.50", "-"), Diagnosis("M79.18", "-")))
    found = memory.verdict(more)
    assert [line.pointers for line in found.lines] == [(1, 2)]
    assert found == verdict_of(flow.bill(more, book(), memory.clinic))
    assert memory.decided == 1


@pytest.mark.parametrize(
    "elsewhere", [Elsewhere(alone=False), Elsewhere(counted=True), Elsewhere(sent_without="Claim/1")]
)
def test_what_other_visits_have_to_do_with_is_decided_by_itself(elsewhere: Elsewhere) -> None:
    memory, visit = counting()
    memory.verdict(visit, elsewhere=NOWHERE)
    found = memory.verdict(visit, elsewhere=elsewhere)
    assert memory.decided == 2
    assert found == verdict_of(flow.bill(visit, book(), memory.clinic, elsewhere=elsewhere))


def test_what_a_person_ruled_on_is_decided_by_itself() -> None:
    memory, visit = counting()
    memory.verdict(visit)
    assert memory.verdict(visit, ruling("write-off")).outcome == "no-charge"
    assert memory.decided == 2


def test_a_visit_whose_policy_wants_papers_is_decided_by_itself() -> None:
    memory, visit = counting()
    (cover,) = visit.coverages
    paid = dataclasses.replace(visit, coverages=(dataclasses.replace(cover, payer=PayerRef("Organization/8")),))
    assert memory.alike.key(paid) is None
    memory.verdict(paid)
    memory.verdict(paid)
    assert memory.decided == 2


def test_an_accident_is_decided_by_itself_where_papers_csv_may_tell_of_it() -> None:
    _, visit = counting()
    hurt = dataclasses.replace(visit, accident=Accident("Condition/1"))
    listed = Paper(PaperKind.INJURY, "papers.csv:2", "Patient/9", start=Date(2026, 9, 1))
    assert Alike(book(), clinic()).key(hurt) is not None
    assert Alike(book(), dataclasses.replace(clinic(), papers=(listed,))).key(hurt) is None


def test_memory_is_bounded() -> None:
    memory, visit = counting()
    memory._kept = 20
    for minutes in range(200):
        service = dataclasses.replace(visit.services[0], minutes=15 * minutes)
        memory.verdict(dataclasses.replace(visit, services=(service,)))
    assert len(memory._young) + len(memory._old) <= 20
