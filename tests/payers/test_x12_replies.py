"""Which X12 answer is whose, whatever came: never a crash, and never another's answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.payer_contract import ANSWERS, Mood
from massage_billing.errors import PayerAnswerUnreadable, PayerError
from massage_billing.model import AnswerKind, Person, Standing
from massage_billing.payers.x12.replies import contents_of, reply_to
from payers.questions import question
from payers.x12_answers import Sent, interchange, transaction


def asked_by(number: int) -> Sent:
    asked = question(number)
    return Sent(asked.trace, "9CLINIC001", asked.trace, f"{number:09}", str(number), asked.member_id)


OURS = [asked_by(number) for number in (1, 2, 3)]
OTHER = Sent("SOMEBODYELSE1", "9CLINIC999", "SOMEBODYELSE1", "1", "1", "SYNOTHER")
WAITING = {question(number).trace: question(number) for number in (1, 2, 3)}
moods = st.sampled_from(sorted(ANSWERS))
pieces = st.lists(st.tuples(st.sampled_from([*OURS, OTHER]), moods), min_size=1, max_size=6)


def text_of(answers: list[tuple[Sent, Mood]]) -> str:
    return interchange(*(transaction(asked, mood) for asked, mood in answers))


@given(answers=pieces)
def test_each_answer_of_a_file_goes_to_its_own_question(answers: list[tuple[Sent, Mood]]) -> None:
    found = contents_of(text_of(answers).encode(), WAITING, WAITING, {})
    # Whoever could not come to the patient gives back no trace, but the question's own number in BHT03.
    assert found.known == {asked.trace for asked, _ in answers if asked is not OTHER}
    assert found.strangers == sum(1 for asked, _ in answers if asked is OTHER)
    assert (found.whole, found.x12) == (True, True)
    for trace, reply in found.replies.items():
        asked = WAITING[trace]
        assert reply.answer.asked_for == asked.serviced
        others = {one.member for one in (*OURS, OTHER)} - {asked.member_id}
        assert not [member for member in others if member.encode() in reply.evidence]
        assert contents_of(reply.evidence, {trace: asked}, (), {}).replies[trace].answer == reply.answer


@given(answers=pieces, data=st.data())
def test_no_file_breaks_the_reader(answers: list[tuple[Sent, Mood]], data: st.DataObject) -> None:
    text = bytearray(text_of(answers).encode())
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(text) - 1))
        text[place : place + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=6))
    found = contents_of(bytes(text), WAITING, WAITING, {1: question(1).trace})
    assert found.replies.keys() <= found.known
    said = ""
    try:
        reply_to(question(1), bytes(text), "Channel direct, payer acme:")
    except PayerError as problem:
        said = str(problem)
    assert not said or said.startswith("Channel direct")
    assert "SYN" not in said


@given(data=st.binary(max_size=300))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    found = contents_of(data, WAITING, WAITING, {})
    assert not found.known
    with pytest.raises(PayerError):
        reply_to(question(), data, "Channel direct, payer acme:")


@given(answers=pieces, number=st.sampled_from([1, 2, 3]))
def test_an_answer_given_to_a_question_is_its_own(answers: list[tuple[Sent, Mood]], number: int) -> None:
    asked = question(number)
    own = [mood for one, mood in answers if one.trace == asked.trace]
    try:
        reply = reply_to(asked, text_of(answers).encode(), "Channel direct, payer acme:")
    except PayerAnswerUnreadable:
        assert not own
        return
    assert own or [mood for _, mood in answers] == [Mood.TRY_LATER]
    assert not own or reply.answer.trace in ("", asked.trace)


def test_answers_of_other_payers_files_are_nobodys_here(shared: Path) -> None:
    files = sorted((shared / "x12" / "271").iterdir())
    assert files
    for file in files:
        found = contents_of(file.read_bytes(), WAITING, WAITING, {})
        assert not found.known
        assert found.strangers


SAID = "Channel direct, payer acme:"
KIM = Person("Patient/2", "Synthetica1", "Kim", birth_date=date(2015, 2, 3))


def family(asked: Sent) -> bytes:
    """One number for a family: the subscriber and one child are in force, the child asked about is not."""
    body = transaction(asked, Mood.ACTIVE).replace("HL*3*2*22*0", "HL*3*2*22*1")
    body += "HL*4*3*23*0~NM1*03*1*SYNTHETICA1*KIM~DMG*D8*20150203~EB*6**30~"
    body += "HL*5*3*23*0~NM1*03*1*SYNTHETICA1*LEE~DMG*D8*20170203~EB*1**30~"
    return interchange(body).encode()


def test_of_a_family_under_one_number_only_who_was_asked_about_is_the_answer() -> None:
    child = replace(question(1), dependent=KIM, relationship="child")
    sent = family(asked_by(1))
    assert reply_to(child, sent, SAID).answer.standing is Standing.NOT_IN_FORCE
    (reply,) = contents_of(sent, {child.trace: child}, (), {}).replies.values()
    assert reply.answer.standing is Standing.NOT_IN_FORCE


def test_an_answer_about_the_subscriber_is_none_to_a_question_about_the_dependent() -> None:
    child = replace(question(1), dependent=KIM, relationship="child")
    sent = interchange(transaction(asked_by(1), Mood.ACTIVE)).encode()
    with pytest.raises(PayerAnswerUnreadable, match="somebody else"):
        reply_to(child, sent, SAID)
    found = contents_of(sent, {child.trace: child}, (), {})
    assert (found.replies, found.known, found.strangers) == ({}, set(), 1)


@pytest.mark.parametrize(
    ("theirs", "told"),
    [("JANE****MI*SYNMEMBER0001~DMG*D8*19800203", "KIM****MI*SYNMEMBER0009~DMG*D8*20150203"),
     ("JANE****MI", "****MI"), ("DMG*D8*19800203*F~", "")],
)  # fmt: skip
def test_a_dependent_under_an_id_of_their_own_or_not_named_is_who_was_asked_about(theirs: str, told: str) -> None:
    child = replace(question(1), dependent=KIM, relationship="child")
    sent = interchange(transaction(asked_by(1), Mood.ACTIVE))
    assert theirs in sent
    assert reply_to(child, sent.replace(theirs, told).encode(), SAID).answer.standing is Standing.IN_FORCE


def test_a_subscriber_who_is_refused_is_refused_for_the_dependent_too() -> None:
    child = replace(question(1), dependent=KIM, relationship="child")
    sent = interchange(transaction(asked_by(1), Mood.REFUSED)).encode()
    assert reply_to(child, sent, SAID).answer.kind is AnswerKind.REFUSED


@pytest.mark.parametrize("moods", [(Mood.INACTIVE, Mood.ACTIVE), (Mood.ACTIVE, Mood.INACTIVE)])
def test_of_two_answers_to_one_question_both_channels_take_the_one_in_force(moods: tuple[Mood, ...]) -> None:
    asked = question(1)
    sent = text_of([(asked_by(1), mood) for mood in moods]).encode()
    assert reply_to(asked, sent, SAID).answer.standing is Standing.IN_FORCE
    assert contents_of(sent, {asked.trace: asked}, (), {}).replies[asked.trace].answer.standing is Standing.IN_FORCE


def silent(*said: str) -> bytes:
    """A 271 with our number and neither a benefit nor a refusal."""
    return interchange(transaction(asked_by(1), Mood.REFUSED).replace("AAA*Y**75*C~", "") + "~".join(said)).encode()


def test_an_answer_that_says_nothing_is_none() -> None:
    asked = question(1)
    with pytest.raises(PayerAnswerUnreadable, match="says nothing"):
        reply_to(asked, silent(), SAID)
    found = contents_of(silent(), {asked.trace: asked}, (), {})
    assert (found.replies, found.known, found.silent) == ({}, {asked.trace}, {asked.trace})


@pytest.mark.parametrize("said", ["MSG*CALL THE PLAN", "DTP*347*D8*20251231"])
def test_a_text_or_an_end_of_coverage_alone_is_said(said: str) -> None:
    assert reply_to(question(1), silent(said), SAID).answer.kind is AnswerKind.ANSWERED


def test_an_answer_that_says_nothing_is_put_behind_one_that_says_no() -> None:
    asked = question(1)
    bodies = [transaction(asked_by(1), Mood.REFUSED).replace(*change) for change in (("", ""), ("AAA*Y**75*C~", ""))]
    sent = interchange(*bodies).encode()
    assert reply_to(asked, sent, SAID).answer.kind is AnswerKind.REFUSED
    found = contents_of(sent, {asked.trace: asked}, (), {})
    assert found.replies[asked.trace].answer.kind is AnswerKind.REFUSED


def test_an_answer_about_a_stranger_is_not_taken_though_it_has_our_number() -> None:
    asked = question(1)
    sent = interchange(transaction(asked_by(1), Mood.ACTIVE)).replace("SYNTHETICA1*JANE", "SYNTHETICB2*ANN")
    sent = sent.replace(f"MI*{asked.member_id}", "MI*SYNOTHER").replace("19800203", "19700101")
    with pytest.raises(PayerAnswerUnreadable, match="somebody else"):
        reply_to(asked, sent.encode(), SAID)
    found = contents_of(sent.encode(), {asked.trace: asked}, (), {})
    assert (found.replies, found.known, found.strangers) == ({}, set(), 1)


@pytest.mark.parametrize("same", ["SYNTHETICA1", "19800203", "member"])
def test_one_of_three_that_agrees_is_no_stranger(same: str) -> None:
    asked = question(1)
    sent = interchange(transaction(asked_by(1), Mood.ACTIVE))
    for theirs, others in (("SYNTHETICA1*JANE", "SYNTHETICB2*ANN"), ("19800203", "19700101")):
        sent = sent if same in theirs else sent.replace(theirs, others)
    if same != "member":
        sent = sent.replace(f"MI*{asked.member_id}", "MI*SYNOTHER")
    assert reply_to(asked, sent.encode(), SAID).answer.corrected is not None


@pytest.mark.parametrize("rubbish", [b"ISA*00*" + b"\n" * 400_000, b"\n" * 400_000, b" \n" * 200_000 + b"GS"])
def test_long_rubbish_takes_no_longer_than_reading_it(rubbish: bytes) -> None:
    # Where time grows with the square of it, this takes an hour, and holds up every other payer.
    with pytest.raises(PayerAnswerUnreadable):
        reply_to(question(1), rubbish + b"x", SAID)
    assert not contents_of(rubbish + b"x", WAITING, WAITING, {}).replies
