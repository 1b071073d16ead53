"""Questions and answers for the tests of eligibility in FHIR, and what of an answer has to come back from a host."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from hypothesis import strategies as st

from massage_billing.fhir.benefit_item import KEPT_REFERENCES
from massage_billing.fhir.eligibility_request import RequestRefs
from massage_billing.fhir.fhir_text import plain
from massage_billing.fhir.keys import question_key
from massage_billing.model import (
    Answer,
    AnswerKind,
    Asker,
    Benefit,
    BenefitKind,
    Corrected,
    Count,
    CountUnit,
    Entity,
    Measure,
    Network,
    Person,
    Plan,
    Question,
    Rejection,
    Span,
    Standing,
)

DAY = date(2026, 12, 1)
KEY = question_key("clinic", "Patient/3", "Coverage/5", "acme", "2026-11-30", "v1")
ZEBULON = Person("Patient/3", "Quillfeather", "Zebulon", birth_date=date(1961, 2, 3), gender="M")


def question(**changes: Any) -> Question:
    """A question about Zebulon's coverage, massage first."""
    given: dict[str, Any] = {
        "key": KEY,
        "trace": KEY,
        "host": "clinic",
        "patient": "Patient/3",
        "coverage": "Coverage/5",
        "payer": "acme",
        "payer_id": "ACME1",
        "payer_name": "Acme Health",
        "payer_reference": "Organization/9",
        "asked_on": date(2026, 11, 30),
        "serviced": DAY,
        "member_id": "W123456789",
        "subscriber": ZEBULON,
        "dependent": None,
        "relationship": "self",
        "asker": Asker("Organization/1", "1234567893", "Clinic", tin="001234567"),
        "service_types": ("BE", "PT", "30"),
        "codes": ("97124", "G0283"),
        "facility": "Location/2",
        "therapist": "Practitioner/7",
        "appointment": "Appointment/4",
    }
    return Question(**{**given, **changes})


REFS = RequestRefs.of(question())

# --- answers of every sort --------------------------------------------------------------------------------------------

days = st.dates(date(2020, 1, 1), date(2030, 12, 31))
words = st.text("abcdefghij KLMNOP0123456789.,;:-'ä\n\t", min_size=1, max_size=30)
tokens = st.text("ABCDEFGHIJ0123456789", min_size=1, max_size=8)
amounts = st.decimals(0, 99999, places=2)
quantities = st.one_of(st.integers(0, 400).map(Decimal), st.decimals(0, 400, places=1))
service_types = st.sampled_from(["BE", "PT", "AE", "33", "30", "98", "1"])
periods = st.sampled_from(
    " year calendar-year service-year year-to-date contract episode visit day week month lifetime outlier".split(" ")
)
counts = st.builds(
    Count,
    quantity=quantities,
    unit=st.sampled_from(CountUnit),
    measure=st.sampled_from(Measure),
    period=periods,
    periods=st.none() | st.integers(1, 5),
    said=words,
)
spans = st.builds(Span, qualifier=tokens, start=st.none() | days, end=st.none() | days)
entities = st.builds(
    Entity,
    role=st.sampled_from(["PR", "1P", "P3", "X3"]),
    name=st.none() | words,
    identifiers=st.lists(st.tuples(st.just("MI"), tokens), max_size=1).map(tuple),
    taxonomy=st.none() | st.just("225700000X"),
    contacts=st.lists(words, max_size=2).map(tuple),
)
references = st.tuples(st.sampled_from(["18", "1L", "6P", "G1", "9F", "N6", "1W", "SY"]), tokens)


def several(strategy: st.SearchStrategy[Any], most: int = 2) -> st.SearchStrategy[tuple[Any, ...]]:
    """A tuple of some."""
    return st.lists(strategy, max_size=most).map(tuple)


benefits = st.builds(
    Benefit,
    kind=st.sampled_from(BenefitKind),
    code=st.sampled_from(["1", "B", "A", "C", "F", "MC", "copay-percent", "CB"]),
    service_types=st.lists(service_types, max_size=3, unique=True).map(tuple),
    procedure=st.none() | st.sampled_from(["97124", "97140", "G0283"]),
    modifiers=several(st.sampled_from(["GP", "59"])),
    level=st.sampled_from(["", "individual", "family", "employee-only"]),
    plan=st.none() | words,
    network=st.sampled_from(Network),
    authorization=st.none() | st.booleans(),
    period=periods,
    amount=st.none() | amounts,
    share=st.none() | st.decimals(0, 1, places=4),
    measure=st.sampled_from(Measure),
    counts=several(counts, 4),
    spans=several(spans),
    messages=several(words),
    entities=several(entities),
    places=several(st.sampled_from(["ZZ:11", "ZZ:12"])),
    references=several(references),
    said=several(words),
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """A plan of an answer."""
    return Plan(
        draw(st.none() | words),
        draw(st.none() | tokens),
        draw(st.sampled_from(Standing)),
        draw(st.none() | days),
        draw(st.none() | days),
    )


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    """What a payer may say; not "try later", which is never written."""
    kind = draw(st.sampled_from([AnswerKind.ANSWERED, AnswerKind.REFUSED]))
    answered = kind is AnswerKind.ANSWERED
    start, end = draw(st.none() | st.dates(date(2020, 1, 1), DAY)), draw(st.none() | st.dates(DAY, date(2030, 1, 1)))
    rejections = several(
        st.builds(
            Rejection,
            code=st.sampled_from(["72", "73", "75", "a001"]),
            follow_up=st.sampled_from(["", "C", "N"]),
            level=st.sampled_from(["", "subscriber", "dependent"]),
            message=st.just("") | words,
        )
    )
    return Answer(
        kind=kind,
        asked_for=DAY,
        standing=draw(st.sampled_from(Standing)) if answered else Standing.NO_DATA,
        start=start if answered else None,
        end=end if answered else None,
        plans=draw(several(plans())) if answered else (),
        benefits=draw(several(benefits, 4)) if answered else (),
        other_payers=draw(several(entities)) if answered else (),
        rejections=draw(rejections),
        corrected=draw(st.none() | st.just(Corrected("W999", date(1961, 2, 4), "Quillfeather", "Zeb"))),
        messages=draw(several(words)),
        trace=KEY,
        payer_trace=draw(st.just("") | tokens),
        kept=draw(several(words)),
    )


Dated = TypeVar("Dated", Plan, Span)

# --- what is read back ------------------------------------------------------------------------------------------------


def text(said: str | None) -> str | None:
    return plain(said or "") or None


def texts(said: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(shown for one in said if (shown := plain(one)))


def lines(said: tuple[str, ...]) -> list[str]:
    return plain("\n".join(said)).split("\n")


def forwards(one: Dated) -> Dated:
    """A period that ends before it starts without its end: FHIR takes none."""
    return replace(one, end=None) if one.start and one.end and one.start > one.end else one


def entity(one: Entity) -> Entity:
    return replace(one, name=text(one.name), identifiers=(), contacts=texts(one.contacts))


def matters(answer: Answer) -> Answer:
    """An answer without what is left to the store's evidence, its figures in one order."""
    return replace(
        answer,
        plans=tuple(replace(forwards(plan), name=text(plan.name)) for plan in answer.plans),
        benefits=tuple(benefit(one) for one in answer.benefits),
        other_payers=tuple(entity(one) for one in answer.other_payers),
        rejections=tuple(replace(one, message=plain(one.message)) for one in answer.rejections),
        corrected=None,
        messages=tuple(line for line in lines(answer.messages) if line.strip()),
        kept=(),
    )


def benefit(one: Benefit) -> Benefit:
    counts = sorted(
        (replace(count, said="") for count in one.counts),
        key=lambda count: (count.unit, count.measure, count.period, count.periods or 0, count.quantity),
    )
    return replace(
        one,
        plan=text(one.plan),
        counts=tuple(counts),
        measure=one.measure if one.amount is not None else Measure.PLAIN,
        spans=tuple(forwards(span) for span in one.spans if span.start or span.end),
        messages=tuple(line for line in lines(one.messages) if line.strip()),
        entities=tuple(entity(who) for who in one.entities),
        references=tuple(reference for reference in one.references if reference[0] in KEPT_REFERENCES),
        said=(),
    )
