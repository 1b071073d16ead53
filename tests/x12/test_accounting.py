"""Nothing of a 271 is lost, whatever payers send: every segment is in a benefit, in a field, or kept word for word.

The files are arbitrary: levels, benefits and segments of every kind in any order, known, unknown and made-up codes,
elements too many, too few, repeated or damaged.
"""

from __future__ import annotations

from collections import Counter
from datetime import date

from hypothesis import example, given
from hypothesis import strategies as st

from massage_billing.model import AnswerKind, Standing
from massage_billing.x12.answer_271 import Answer271, read_271
from massage_billing.x12.segments import read_transactions
from x12_files import ON, PAYER, RECEIVER, file_of, interchange, question, transaction

TEXT = st.text("ABCXYZ019 .-/'&", max_size=12)
CODE = st.sampled_from(["", "1", "6", "8", "A", "B", "C", "F", "G", "I", "R", "U", "V", "CB", "QQ", "1^B", ":", "^"])
TYPES = st.sampled_from(["", "30", "BE", "30^BE^PT", "ZZ", "^", "35", "BE:x"])
PERIOD = st.sampled_from(["", "23", "29", "24", "27", "33", "99", "X"])
NUMBER = st.sampled_from(["", "0", "20", ".2", "20.5", "-1", "1E3", "NaN", "abc", "9" * 18])
QUALIFIER = st.sampled_from(["", "VS", "P6", "HS", "99", "QA", "S7", "FL", "??"])
DAYS = st.sampled_from(
    ["20260101", "20251231", "20260101-20261231", "99991231", "00000000", "2026", "", "20261332", "-", "20260101-"]
)
EB = st.builds(
    "*".join,
    st.tuples(st.just("EB"), CODE, st.sampled_from(["", "IND", "FAM", "X"]), TYPES, st.sampled_from(["", "HM"]), TEXT,
              PERIOD, NUMBER, NUMBER, QUALIFIER, NUMBER, st.sampled_from(["", "Y", "N", "U", "?"]),
              st.sampled_from(["", "Y", "N", "W", "U"]), st.sampled_from(["", "HC:97124", "HC:97124:GP", ":", "ZZ:A"])),
)  # fmt: skip
ANY = st.builds("*".join, st.tuples(st.sampled_from(["ZZZ", "HI", "XX1", "N", "CRC", "EQ", "PID"]), TEXT, TEXT))
SEGMENT = st.one_of(
    EB,
    EB,
    st.builds("HSD*{}*{}*{}*{}*{}*{}".format, QUALIFIER, NUMBER, st.sampled_from(["", "DA", "WK"]), NUMBER, PERIOD,
              NUMBER),
    st.builds("DTP*{}*{}*{}".format, st.sampled_from(["346", "347", "291", "472", "000", ""]),
              st.sampled_from(["D8", "RD8", ""]), DAYS),
    st.builds("MSG*{}".format, TEXT),
    st.sampled_from(["MSG*20 VISITS PER CALENDAR YEAR", "MSG*12 VISITS REMAINING*L*1"]),
    st.builds("III*{}*{}**{}".format, st.sampled_from(["ZZ", "BK", ""]), TEXT, TEXT),
    st.builds("REF*{}*{}*{}".format, st.sampled_from(["18", "6P", "G1", ""]), TEXT, TEXT),
    st.builds("AAA*{}*{}*{}*{}".format, st.sampled_from(["Y", "N", ""]), st.sampled_from(["", "A1"]),
              st.sampled_from(["42", "72", "73", "75", "ZZ", ""]), st.sampled_from(["C", "N", "R", "Y", ""])),
    st.sampled_from(["LS*2120", "LE*2120", "LS", "LE", "EB", "HL", "TRN", "AAA", "MSG", "NM1", "DTP", "HSD", "III"]),
    st.builds("NM1*{}*{}*{}*{}****{}*{}".format, st.sampled_from(["PR", "1P", "P3", "IL", "03", "QQ", ""]),
              st.sampled_from(["1", "2", ""]), TEXT, TEXT, st.sampled_from(["MI", "XX", ""]), TEXT),
    st.builds("{}*{}*{}".format, st.sampled_from(["N3", "N4", "PER", "PRV", "DMG", "INS", "MPI", "BHT"]), TEXT, TEXT),
    st.builds("TRN*{}*{}*{}".format, st.sampled_from(["1", "2", ""]), TEXT, st.just("9MASSAGEBI")),
    st.builds("HL*{}*{}*{}*{}".format, st.sampled_from("123456"), st.sampled_from(["", "1", "2", "3"]),
              st.sampled_from(["20", "21", "22", "22", "23", "23", "PT", ""]), st.sampled_from(["0", "1", ""])),
    ANY,
)  # fmt: skip
IN_FIELDS = {"HL", "TRN", "AAA", "MSG"}


def told(answers: list[Answer271]) -> Counter[str]:
    """How often each segment is told word for word; what several patients share is counted once."""
    said = Counter(one for answer in answers for benefit in answer.answer.benefits for one in benefit.said)
    kept: Counter[str] = Counter()
    for answer in answers:
        kept |= Counter(answer.answer.kept)
    return said + kept


def in_fields(answers: list[Answer271]) -> set[tuple[str, str]]:
    """What fields hold of TRN, AAA and MSG."""
    found: set[tuple[str, str]] = set()
    for one in answers:
        found |= {("TRN", trace.number) for trace in one.traces}
        found |= {("AAA", rejection.code) for rejection in one.answer.rejections}
        found |= {("MSG", text) for text in one.answer.messages}
        found |= {("MSG", rejection.message) for rejection in one.answer.rejections}
    return found


def key(segment: str) -> tuple[str, str]:
    parts = [*segment.split("*"), "", "", ""]
    tag = parts[0]
    place = {"TRN": parts[2].strip(), "AAA": parts[3].strip(), "MSG": segment.partition("*")[2].rstrip("*")}
    return tag, place.get(tag, "")


@given(body=st.lists(SEGMENT, max_size=30), sound=st.booleans())
@example(body=["TRN*1**9MASSAGEBI", "AAA*Y**42*C", "EB*1**30"], sound=False)
@example(body=["TRN*1*0*9MASSAGEBI", "HL*1**20*0", "TRN*1**9MASSAGEBI"], sound=False)
@example(body=["EB*1**30", "HL*9*2*21*0", "AAA*N**43*C", "NM1*1P*2*OTHER"], sound=True)
def test_every_segment_of_any_271_is_accounted_for(body: list[str], sound: bool) -> None:
    start = [*PAYER, *RECEIVER, "HL*3*2*22*0", "NM1*IL*1*RIVERS*ADA****MI*M1"] if sound else []
    data = interchange(transaction(*start, *body)).encode()
    (sent,) = read_transactions(data)
    answers = read_271(data, question())
    assert answers
    have, fields = told(answers), in_fields(answers)
    for segment, count in Counter(sent.segments).items():
        tag = segment.split("*")[0].strip()
        if tag == "HL":
            continue
        if tag in IN_FIELDS and key(segment) in fields:
            continue
        # What two patients share is kept with both, and is then counted once.
        assert have[segment] >= (count if len(answers) == 1 else 1), f"{tag} was lost"


@given(body=st.lists(SEGMENT, max_size=30))
def test_every_benefit_is_told_once_and_in_the_payers_order(body: list[str]) -> None:
    data = interchange(transaction(*PAYER, *RECEIVER, "HL*3*2*22*0", *body)).encode()
    (sent,) = read_transactions(data)
    benefits = [one for answer in read_271(data) for one in answer.answer.benefits]
    assert Counter(one.said[0] for one in benefits) == Counter(
        segment for segment in sent.segments if segment.split("*")[0] == "EB"
    )


@given(body=st.lists(SEGMENT, max_size=20), data=st.data())
def test_what_any_271_says_is_consistent(body: list[str], data: st.DataObject) -> None:
    on = data.draw(st.dates(date(2020, 1, 1), date(2030, 1, 1)))
    for found in read_271(interchange(transaction(*PAYER, *RECEIVER, "HL*3*2*22*0", *body)).encode(), on=on):
        answer = found.answer
        assert answer.asked_for == on
        if answer.kind is not AnswerKind.ANSWERED:
            assert answer.rejections
        if answer.standing is Standing.IN_FORCE:
            assert any(plan.standing is Standing.IN_FORCE for plan in answer.plans)
            assert answer.start is None or answer.start <= on
            assert answer.end is None or answer.end >= on
        for benefit in answer.benefits:
            assert benefit.share is None or 0 <= benefit.share <= 1
            assert all(one.quantity.is_finite() for one in benefit.counts)


@given(noise=st.binary(max_size=60), place=st.integers(0, 700))
def test_a_damaged_answer_is_read_as_far_as_it_goes(noise: bytes, place: int) -> None:
    whole = file_of("EB*1**30**GOLD", "DTP*346*D8*20260101", "EB*F**BE***29***VS*12", "MSG*12 VISITS REMAINING")
    damaged = whole[:place] + noise + whole[place:]
    # The interchange still begins somewhere, so it is X12.
    if b"ISA*" in damaged:
        read_271(damaged, question())
        read_271(whole[: max(place, 10)], question(), on=ON)
