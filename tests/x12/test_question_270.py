"""Writing a 270: what is asked arrives as it was asked, and what a payer would refuse for its form never leaves."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massage_billing.errors import QuestionInvalid
from massage_billing.model import Asker, Person, Question
from massage_billing.x12.asked_270 import read_270
from massage_billing.x12.question_270 import Dialect, write_270
from massage_billing.x12.segments import Delimiters, Ended, Transaction, read_pieces
from x12_files import NPI, envelope, question

BEN = Person("Patient/2", "Rivers", "Ben", birth_date=date(2015, 2, 3), gender="M")
NAMES = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz '-.,()&", min_size=1, max_size=25).map(str.strip)
WORDS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=2, max_size=15)
BIRTHS = st.dates(date(1900, 1, 1), date(2026, 11, 1))


def segments(data: bytes) -> list[str]:
    return data.decode("ascii").removesuffix("~").split("~")


def person(**changes: Any) -> Person:
    values: dict[str, Any] = {"reference": "Patient/1", "last_name": "Rivers", "first_name": "Ada",
                              "birth_date": date(1980, 4, 12), "gender": "F"}  # fmt: skip
    return Person(**(values | changes))


def test_a_subscriber_is_asked_about_as_the_guide_wants() -> None:
    sent = segments(write_270(question(group_number="G77"), envelope()))
    assert len(sent[0]) == 105
    assert sent == [
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'CLINIC':15}*ZZ*{'CEDAR':15}*261117*0830*^*00501*000000007*0*P*:",
        "GS*HS*CLINIC*CEDAR*20261117*0830*7*X*005010X279A1",
        "ST*270*0001*005010X279A1",
        "BHT*0022*13*MB0000000001*20261117*0830",
        "HL*1**20*1",
        "NM1*PR*2*CEDAR HEALTH*****PI*CEDAR1",
        "HL*2*1*21*1",
        f"NM1*1P*2*QUIET HANDS*****XX*{NPI}",
        "PRV*PE*PXC*225700000X",
        "HL*3*2*22*0",
        "TRN*1*MB0000000001*1123456789",
        "NM1*IL*1*Rivers*Ada****MI*M100200300",
        "REF*6P*G77",
        "DMG*D8*19800412*F",
        "DTP*291*D8*20261120",
        "EQ*BE^30",
        "SE*15*0001",
        "GE*1*7",
        "IEA*1*000000007",
    ]


def test_a_dependent_is_asked_about_at_their_own_level() -> None:
    sent = segments(write_270(question(dependent=BEN, relationship="child"), envelope()))
    assert sent[9:18] == [
        "HL*3*2*22*1",
        "NM1*IL*1*Rivers*Ada****MI*M100200300",
        "HL*4*3*23*0",
        "TRN*1*MB0000000001*1123456789",
        "NM1*03*1*Rivers*Ben",
        "DMG*D8*20150203*M",
        "INS*N*19",
        "DTP*291*D8*20261120",
        "EQ*BE^30",
    ]


@pytest.mark.parametrize(
    ("relationship", "code"), [("spouse", "01"), ("child", "19"), ("parent", "34"), ("injured", "34"), ("", "34")]
)
def test_a_relationship_that_x12_has_no_code_for_is_other(relationship: str, code: str) -> None:
    (asked,) = read_270(write_270(question(dependent=BEN, relationship=relationship), envelope()))
    assert asked.relationship == code


@given(
    last=NAMES.filter(bool), first=NAMES, member=WORDS, trace=WORDS, born=BIRTHS,
    serviced=st.dates(date(2026, 1, 1), date(2027, 1, 1)),
    types=st.lists(st.sampled_from(["BE", "30", "PT", "AE", "33", "98"]), min_size=1, unique=True),
    codes=st.lists(st.sampled_from(["97124", "97140", "97110", "99999"]), unique=True),
    dependent=st.none() | st.builds(Person, st.just("Patient/2"), NAMES.filter(bool), NAMES, birth_date=BIRTHS,
                                    gender=st.sampled_from(["M", "F", ""])),
    group=st.none() | WORDS, repeat=st.booleans(),
    marks=st.sampled_from([Delimiters(), Delimiters("|", "!", ">", "\n"), Delimiters("\x1d", "\x1f", "\x1e", "\x1c")]),
)  # fmt: skip
def test_what_is_asked_arrives_as_it_was_asked(
    last: str, first: str, member: str, trace: str, born: date, serviced: date, types: list[str], codes: list[str],
    dependent: Person | None, group: str | None, repeat: bool, marks: Delimiters,
) -> None:  # fmt: skip
    asking = question(
        subscriber=person(last_name=last, first_name=first, birth_date=born), member_id=member, trace=trace,
        serviced=serviced, service_types=tuple(types), codes=tuple(codes), dependent=dependent, group_number=group,
    )  # fmt: skip
    data = write_270(asking, envelope(delimiters=marks), Dialect(repeat_service_types=repeat))
    (asked,) = read_270(data)
    patient = dependent or asking.subscriber
    assert (asked.trace, asked.reference, asked.member_id, asked.group_number) == (trace, trace, member, group)
    assert (asked.subscriber.last_name, asked.subscriber.first_name) == (last, first)
    assert (asked.patient.last_name, asked.patient.first_name) == (patient.last_name, patient.first_name)
    assert (asked.patient.birth_date, asked.patient.gender) == (patient.birth_date, patient.gender)
    assert (asked.dependent is None) == (dependent is None)
    assert (asked.serviced, asked.serviced_end) == (serviced, None)
    assert (asked.service_types, asked.codes) == (tuple(types), tuple(codes))
    assert (asked.payer_id, asked.provider_id, asked.taxonomy) == ("CEDAR1", NPI, "225700000X")
    assert asked.oddities == ()
    assert [piece.oddities for piece in read_pieces(data) if isinstance(piece, Ended)] == [(), ()]


def test_many_questions_go_in_one_interchange_one_transaction_each() -> None:
    batch = [question(trace=f"MB{number:04d}", member_id=f"M{number}") for number in range(1, 251)]
    data = write_270(batch, envelope())
    asked = read_270(data)
    assert [(one.trace, one.member_id) for one in asked] == [(one.trace, one.member_id) for one in batch]
    assert len({one.transaction_control for one in asked}) == len(batch)
    assert {code for piece in read_pieces(data) for code in getattr(piece, "oddities", ())} == set()


def test_two_questions_with_one_trace_number_are_not_sent_together() -> None:
    with pytest.raises(QuestionInvalid, match="same trace number"):
        write_270([question(), question(member_id="M2")], envelope())


def test_a_payer_that_takes_no_repeated_service_type_gets_an_inquiry_for_each() -> None:
    sent = segments(write_270(question(codes=("97124",)), envelope(), Dialect(repeat_service_types=False)))
    assert [one for one in sent if one.startswith("EQ")] == ["EQ*BE", "EQ*30", "EQ**HC:97124"]


def test_a_payer_that_takes_one_service_type_gets_the_one_wanted_most() -> None:
    sent = segments(write_270(question(codes=("97124",)), envelope(), Dialect(most_service_types=1, procedures=False)))
    assert [one for one in sent if one.startswith("EQ")] == ["EQ*BE"]


def test_a_code_is_asked_with_its_modifiers_and_the_place() -> None:
    dialect = Dialect(modifiers={"97124": ("GP", "59")}, place="11")
    data = write_270(question(codes=("97124", "97140"), service_types=()), envelope(), dialect)
    assert segments(data)[14:18] == ["EQ**HC:97124:GP:59", "III*ZZ*11", "EQ**HC:97140", "III*ZZ*11"]
    (asked,) = read_270(data)
    assert asked.modifiers == (("97124", ("GP", "59")),)
    assert asked.places == ("11", "11")


def test_a_dialect_names_payer_and_clinic_as_the_payer_knows_them() -> None:
    dialect = Dialect(originator="9CLEARHOUS", payer_qualifier="XV", provider_references=(("TJ", "123456789"),))
    sent = segments(write_270(question(), envelope(), dialect))
    assert "NM1*PR*2*CEDAR HEALTH*****XV*CEDAR1" in sent
    assert sent[8] == "REF*TJ*123456789"
    assert "TRN*1*MB0000000001*9CLEARHOUS" in sent


def test_a_solo_therapist_asks_as_a_person() -> None:
    asker = Asker("Practitioner/7", NPI, "Stone", "Mara", tin="123456789")
    sent = segments(write_270(question(asker=asker), envelope()))
    assert sent[7] == f"NM1*1P*1*Stone*Mara****XX*{NPI}"
    assert not any(one.startswith("PRV") for one in sent)


def test_a_gender_that_payers_refuse_is_not_sent() -> None:
    sent = segments(write_270(question(subscriber=person(gender="U")), envelope()))
    assert "DMG*D8*19800412" in sent


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"member_id": "  "}, "member id is missing (2100C NM109)"),
        ({"subscriber": person(last_name="")}, "subscriber's family name is missing (2100C NM103)"),
        ({"subscriber": person(birth_date=None)}, "subscriber's birth date is missing"),
        ({"dependent": person(birth_date=None)}, "patient's birth date is missing"),
        ({"dependent": person(last_name="")}, "patient's family name is missing (2100D NM103)"),
        ({"payer_id": ""}, "payer id is missing (2100A NM109)"),
        ({"asker": Asker("Organization/1", "", "QUIET HANDS", tin="1")}, "asker's NPI is missing (2100B NM109)"),
        ({"asker": Asker("Organization/1", NPI, "QUIET HANDS")}, "originator of the trace number"),
        ({"trace": ""}, "trace number is missing"),
        ({"service_types": ()}, "neither a service type nor a code"),
    ],
)
def test_what_is_missing_is_named_by_field(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(QuestionInvalid) as caught:
        write_270(question(**changes), envelope())
    assert said in str(caught.value)


FIELDS = {
    "Subscriber's family name (2100C NM103)": lambda value: question(subscriber=person(last_name=value)),
    "Subscriber's given name (2100C NM104)": lambda value: question(subscriber=person(first_name=value)),
    "Subscriber's middle name (2100C NM105)": lambda value: question(subscriber=person(middle_name=value)),
    "Member id (2100C NM109)": lambda value: question(member_id=value),
    "Payer name (2100A NM103)": lambda value: question(payer_name=value),
    "Group number (2100C REF02)": lambda value: question(group_number=value),
    "Trace number (header BHT03)": lambda value: question(trace=value),
    "Patient's family name (2100D NM103)": lambda value: question(dependent=person(last_name=value)),
}


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(
    "bad", ["Zo*el", "Zo~el", "Zo:el", "Zo^el", "Zoël", "Zo\nel", "Zo\x00el", "Zo\u2019el", "Z" * 81]
)
def test_a_value_that_cannot_stand_in_x12_is_refused_by_field_and_not_shown(field: str, bad: str) -> None:
    with pytest.raises(QuestionInvalid) as caught:
        write_270(FIELDS[field](bad), envelope())
    assert field in str(caught.value)
    assert bad not in str(caught.value)
    assert "Zo" not in str(caught.value)


@given(value=st.text(max_size=70))
def test_no_value_whatever_changes_the_structure_of_a_question(value: str) -> None:
    try:
        data = write_270(question(subscriber=person(last_name=value)), envelope())
    except QuestionInvalid:
        return
    (found,) = [piece for piece in read_pieces(data) if isinstance(piece, Transaction)]
    assert len(found.segments) == 12
    assert found.oddities == []
    assert read_270(data)[0].subscriber.last_name == value.strip()


@pytest.mark.parametrize(
    "changes",
    [
        {"sender_id": "SIXTEEN LETTERS!"}, {"sender_id": ""}, {"receiver_id": "A*B"}, {"interchange_control": 0},
        {"interchange_control": 1_000_000_000}, {"group_control": 0}, {"usage": "X"},
        {"delimiters": Delimiters("*", "*", ":", "~")}, {"delimiters": Delimiters("A", "^", ":", "~")},
        {"delimiters": Delimiters("*", "", ":", "~")}, {"application_sender": "X"},
    ],
)  # fmt: skip
def test_an_envelope_that_no_receiver_takes_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(QuestionInvalid):
        write_270(question(), envelope(**changes))


def test_the_same_question_is_written_the_same_way_every_time() -> None:
    asking: Question = question(dependent=BEN, codes=("97124",))
    assert write_270(asking, envelope()) == write_270(asking, envelope())
