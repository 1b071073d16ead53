"""Asking by files: what lies in the folders, what is read, and what a kill at any moment leaves."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from contract.payer_contract import Mood
from massage_billing.errors import PayerAnswerUnreadable, PayerRejected, PayerUnreachable, QuestionInvalid
from massage_billing.model import AnswerKind, Question, Standing
from massage_billing.payers.x12 import ledger as x12_ledger
from massage_billing.payers.x12_folder import X12Folder
from massage_billing.ports import Asked, Failed, Replied, Reply, Waiting
from massage_billing.x12.answer_271 import read_271
from payers.batch_folder import Clearinghouse
from payers.questions import question, secrets
from payers.x12_answers import Sent, anothers, answers, interchange, rejection_999, sent, ta1, transaction

Found = dict[str, Reply | Failed | None]


@pytest.fixture
def house(tmp_path: Path) -> Clearinghouse:
    return Clearinghouse(tmp_path)


def ask(channel: X12Folder, *numbers: int) -> list[Asked]:
    waiting = []
    for number in numbers or (1,):
        reply = channel.ask(question(number))
        assert isinstance(reply, Waiting)
        waiting.append(Asked(question(number), reply.ticket))
    return waiting


def collect(channel: X12Folder, waiting: list[Asked]) -> Found:
    found = list(channel.collect(waiting))
    assert [asked for asked, _ in found] == waiting
    return {asked.question.trace: reply for asked, reply in found}


def standing(reply: Reply | Failed | None) -> Standing | None:
    return reply.answer.standing if isinstance(reply, Replied) else None


def one(house: Clearinghouse, number: int = 1) -> Sent:
    """What the clearinghouse got of a question."""
    return next(asked for text in house.open for asked in sent(text) if asked.trace == question(number).trace)


# --- questions ---


def test_a_question_is_one_file_named_by_its_trace(house: Clearinghouse) -> None:
    (waiting,) = ask(house.channel())
    (file,) = house.out.iterdir()
    assert file.name == waiting.ticket == f"270-{question().trace}.x12"
    assert not [secret for secret in secrets(question()) if secret in file.name]
    assert [asked.trace for asked in sent(file.read_bytes())] == [question().trace]


def test_asked_again_unanswered_it_is_no_second_file_even_after_the_first_was_fetched(house: Clearinghouse) -> None:
    channel = house.channel()
    first = ask(channel)
    assert ask(channel) == first
    assert len(list(house.out.iterdir())) == 1
    house.fetch()
    assert ask(house.channel()) == first
    house.fetch()
    assert house.got == [question().trace]


def test_control_numbers_are_never_used_twice(house: Clearinghouse) -> None:
    ask(house.channel(), 1, 2, 3)
    (house.kept / "asked" / "control-number").unlink()
    ask(house.channel(), 4)
    house.fetch()
    controls = [asked.control for text in house.open for asked in sent(text)]
    assert len(set(controls)) == 4
    assert all(len(control) == 9 for control in controls)


def test_control_numbers_begin_anew_after_the_largest(house: Clearinghouse) -> None:
    ask(house.channel())
    (house.kept / "asked" / "control-number").write_text(str(x12_ledger.LARGEST_CONTROL))
    ask(house.channel(), 2)
    house.fetch()
    assert one(house, 2).control == "000000001"


def test_a_question_that_cannot_be_sent_leaves_nothing(house: Clearinghouse) -> None:
    for wrong in (question(member_id=""), question(payer_id=""), question(trace="../escape"), question(trace="")):
        with pytest.raises(QuestionInvalid, match="batch"):
            house.channel().ask(wrong)
    assert not house.out.exists() or list(house.out.iterdir()) == []
    assert [name for name in os.listdir(house.kept / "asked") if name.endswith(".json")] == []


def test_files_are_for_their_owner_alone(house: Clearinghouse) -> None:
    channel = house.channel()
    waiting = ask(channel)
    for file in house.out.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(house.out.stat().st_mode) == 0o700
    house.fetch()
    house.answer()
    house.put(anothers())
    house.put(b"rubbish")
    collect(channel, waiting)
    for folder, _, names in os.walk(house.kept):
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
        assert all(stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode) == 0o600 for name in names)


def test_what_is_remembered_of_a_question_names_nobody(house: Clearinghouse) -> None:
    ask(house.channel())
    remembered = b"".join(file.read_bytes() for file in (house.kept / "asked").iterdir()).decode()
    assert question().trace in remembered
    assert not [secret for secret in secrets(question()) if secret in remembered]


def test_threads_put_out_every_question_once(house: Clearinghouse) -> None:
    channel = house.channel()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(channel.ask, [question(number) for number in [*range(20), *range(20)]]))
    house.fetch()
    assert sorted(house.got) == sorted(question(number).trace for number in range(20))
    assert len({asked.control for text in house.open for asked in sent(text)}) == 20


# --- answers ---


def test_one_file_answers_several_questions_each_with_its_own_evidence(house: Clearinghouse) -> None:
    channel = house.channel()
    waiting = ask(channel, 1, 2, 3)
    house.fetch()
    texts = [transaction(one(house, number), mood) for number, mood in
             ((1, Mood.ACTIVE), (2, Mood.INACTIVE), (3, Mood.REFUSED))]  # fmt: skip
    house.put(interchange(*texts))
    found = collect(channel, waiting)
    assert [standing(reply) for reply in found.values()] == [
        Standing.IN_FORCE, Standing.NOT_IN_FORCE, Standing.NO_DATA
    ]  # fmt: skip
    assert house.files("done") == ["00001.x12"]
    for asked, reply in zip(waiting, found.values(), strict=True):
        assert isinstance(reply, Replied)
        others = {f"SYNMEMBER{number:04}" for number in (1, 2, 3)} - {asked.question.member_id}
        assert asked.question.member_id in reply.evidence.decode()
        assert not [other for other in others if other in reply.evidence.decode()]
        (read,) = read_271(reply.evidence, asked.question)
        assert read.answer == reply.answer


def test_several_interchanges_with_their_own_delimiters_in_one_file(house: Clearinghouse) -> None:
    channel = house.channel()
    waiting = ask(channel, 1, 2)
    house.fetch()
    first = interchange(transaction(one(house, 1), Mood.ACTIVE), control="000000911")
    second = interchange(transaction(one(house, 2), Mood.INACTIVE), control="000000912")
    house.put(first + "\r\n" + second.replace("*", "|").replace("~", "\n").replace("^", "}"))
    found = collect(channel, waiting)
    assert [standing(reply) for reply in found.values()] == [Standing.IN_FORCE, Standing.NOT_IN_FORCE]
    for asked, reply in zip(waiting, found.values(), strict=True):
        assert isinstance(reply, Replied)
        assert read_271(reply.evidence, asked.question)[0].answer == reply.answer


def test_an_answer_found_while_somebody_else_collects_is_there_later(house: Clearinghouse) -> None:
    channel = house.channel()
    first, second = ask(channel, 1, 2)
    house.fetch()
    house.answer()
    assert standing(collect(channel, [first])[question(1).trace]) is Standing.IN_FORCE
    assert house.files("in") == []
    assert standing(collect(house.channel(), [second])[question(2).trace]) is Standing.IN_FORCE


def test_an_answer_that_comes_while_nobody_waits_is_not_lost_and_the_question_not_put_out_again(
    house: Clearinghouse,
) -> None:
    ask(house.channel(), 1)
    (other,) = ask(house.channel(), 2)
    house.fetch()
    house.answer()
    collect(house.channel(), [other])
    (waiting,) = ask(house.channel(), 1)
    house.fetch()
    assert house.got.count(question(1).trace) == 1
    assert standing(collect(house.channel(), [waiting])[question(1).trace]) is Standing.IN_FORCE


def test_after_try_later_the_old_file_sent_once_more_is_no_answer(house: Clearinghouse) -> None:
    channel = house.channel()
    house.moods[question().trace] = Mood.TRY_LATER
    waiting = ask(channel)
    house.fetch()
    later = house.numbered(answers(house.open[0], Mood.TRY_LATER))
    house.put(later)
    reply = collect(channel, waiting)[question().trace]
    assert isinstance(reply, Replied)
    assert reply.answer.kind is AnswerKind.TRY_LATER
    waiting = ask(channel)
    house.put(later, "again.x12")
    assert collect(channel, waiting) == {question().trace: None}
    assert house.files("in") == []
    house.fetch()
    assert house.got == [question().trace] * 2


def test_an_answer_without_a_trace_is_not_given_to_the_only_one_that_waits(house: Clearinghouse) -> None:
    channel = house.channel()
    waiting = ask(channel)
    house.fetch()
    house.put(interchange(transaction(one(house), Mood.ACTIVE, traced=False).replace(question().trace, "")))
    assert collect(channel, waiting) == {question().trace: None}
    assert len(house.files("unmatched")) == 2


def test_a_rejection_says_why_and_an_answer_outranks_it(house: Clearinghouse) -> None:
    channel = house.channel()
    waiting = ask(channel, 1, 2)
    house.fetch()
    house.put(rejection_999(one(house, 1)))
    house.put(rejection_999(one(house, 2)))
    house.put(house.numbered(interchange(transaction(one(house, 2), Mood.ACTIVE))))
    failed, answered = collect(channel, waiting).values()
    assert isinstance(failed, Failed)
    assert isinstance(failed.problem, PayerRejected)
    assert "NM1 element 3" in str(failed.problem)
    assert "payer acme" in str(failed.problem)
    assert standing(answered) is Standing.IN_FORCE
    assert len(house.files("done")) == 3


def test_a_ta1_turns_down_the_question_of_its_interchange(house: Clearinghouse) -> None:
    channel = house.channel()
    waiting = ask(channel, 1, 2)
    house.fetch()
    house.put(ta1(one(house, 2)))
    first, second = collect(channel, waiting).values()
    assert first is None
    assert isinstance(second, Failed)


def test_turned_down_and_asked_again_it_goes_out_again(house: Clearinghouse) -> None:
    channel = house.channel()
    waiting = ask(channel)
    house.fetch()
    house.put(ta1(one(house)))
    collect(channel, waiting)
    ask(channel)
    house.fetch()
    assert house.got == [question().trace] * 2


# --- what is left alone, and what is set aside ---


def test_a_file_that_may_still_grow_is_left_alone(house: Clearinghouse) -> None:
    channel = house.channel()
    waiting = ask(channel)
    house.fetch()
    whole = answers(house.open[0])
    file = house.put(whole[: whole.index("EB*F")], age=60)
    assert collect(channel, waiting) == {question().trace: None}
    file.write_text(whole)
    house.date(file, 3)
    assert collect(channel, waiting) == {question().trace: None}
    assert house.files("in") == ["00001.x12"]
    house.pass_time(8)
    assert standing(collect(channel, waiting)[question().trace]) is Standing.IN_FORCE


@pytest.mark.parametrize("cut", [0, 2, 50, 150, 400])
def test_the_beginning_of_a_file_waits_an_hour_and_is_set_aside(house: Clearinghouse, cut: int) -> None:
    channel = house.channel()
    waiting = ask(channel)
    house.fetch()
    house.put(answers(house.open[0])[:cut], age=60)
    assert collect(channel, waiting) == {question().trace: None}
    assert house.files("in") == ["00001.x12"]
    house.pass_time(3600)
    assert collect(channel, waiting) == {question().trace: None}
    assert house.files("in") == []
    assert house.files("unreadable") == ["00001.x12", "00001.x12.note"]


def test_what_is_whole_in_a_file_that_ends_in_the_middle_counts_after_an_hour(house: Clearinghouse) -> None:
    channel = house.channel()
    waiting = ask(channel, 1, 2)
    house.fetch()
    both = interchange(transaction(one(house, 1), Mood.ACTIVE), transaction(one(house, 2), Mood.ACTIVE))
    house.put(both[: both.rindex("EB*F")], age=4000)
    first, second = collect(channel, waiting).values()
    assert standing(first) is Standing.IN_FORCE
    assert second is None


@pytest.mark.parametrize("name", [".hidden.x12", "new.x12.filepart", "new.part", "NEW.TMP"])
def test_what_an_sftp_client_has_not_finished_is_left_alone(house: Clearinghouse, name: str) -> None:
    channel = house.channel()
    waiting = ask(channel)
    house.fetch()
    house.put(answers(house.open[0]), name)
    assert collect(channel, waiting) == {question().trace: None}


@pytest.mark.parametrize("rubbish", [b"<html>Jane Synthetica</html>", b"\x00\xff\xfe", b"PK\x03\x04", b"ISA is a word"])
def test_rubbish_is_set_aside_with_a_note_that_repeats_nothing_of_it(house: Clearinghouse, rubbish: bytes) -> None:
    channel = house.channel()
    waiting = ask(channel)
    house.put(rubbish, "report.txt")
    assert collect(channel, waiting) == {question().trace: None}
    assert house.files("unreadable") == ["report.txt", "report.txt.note"]
    (note,) = (house.kept / "unreadable").glob("*.note")
    assert "Jane" not in note.read_text()


def test_an_answer_to_nobodys_question_is_kept(house: Clearinghouse) -> None:
    channel = house.channel()
    waiting = ask(channel)
    house.put(anothers())
    assert collect(channel, waiting) == {question().trace: None}
    assert house.files("unmatched") == ["00001.x12", "00001.x12.note"]
    assert house.files("in") == []


def test_a_file_with_ours_and_strangers_answers_ours_and_is_kept_for_the_rest(house: Clearinghouse) -> None:
    channel = house.channel()
    waiting = ask(channel)
    house.fetch()
    other = transaction(Sent("SOMEBODYELSE1", "9X", "SOMEBODYELSE1", "1", "1", "SYNOTHER"), Mood.ACTIVE)
    house.put(interchange(other, transaction(one(house), Mood.ACTIVE)))
    assert standing(collect(channel, waiting)[question().trace]) is Standing.IN_FORCE
    assert house.files("done") == ["00001.x12"]
    assert house.files("unmatched") == ["00001.x12", "00001.x12.note"]
    assert house.files("in") == []


def test_x12_of_other_kinds_is_somebody_elses(house: Clearinghouse) -> None:
    channel = house.channel()
    waiting = ask(channel)
    remittance = (
        answers(next(house.out.iterdir()).read_bytes()).replace("ST*271*", "ST*835*").replace("GS*HB*", "GS*HP*")
    )
    claims = rejection_999(Sent("X", "9X", "X", "1", "1", "X")).replace("AK1*HS*", "AK1*HC*")
    for text in (remittance, claims, ta1(Sent("X", "9X", "X", "000000001", "1", "X"))):
        house.put(text)
    (house.kept / "asked" / "control-number").unlink()
    assert collect(channel, waiting) == {question().trace: None}
    assert len(house.files("in")) == 3


def test_a_file_that_is_too_large_is_set_aside_unread(house: Clearinghouse) -> None:
    channel = house.channel(largest=1000)
    waiting = ask(channel)
    house.put(b"x" * 1001)
    collect(channel, waiting)
    assert house.files("unreadable") == ["00001.x12", "00001.x12.note"]


def test_a_file_that_is_replaced_while_it_is_read_is_read_the_next_time(
    house: Clearinghouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = house.channel()
    waiting = ask(channel)
    house.fetch()
    file = house.put(anothers())
    settle = x12_ledger.Ledger.settle

    def replaced(ledger: x12_ledger.Ledger) -> None:
        settle(ledger)
        house.put(answers(house.open[0]), file.name)

    monkeypatch.setattr(x12_ledger.Ledger, "settle", replaced)
    assert collect(channel, waiting) == {question().trace: None}
    monkeypatch.undo()
    assert standing(collect(channel, waiting)[question().trace]) is Standing.IN_FORCE


def test_a_file_that_may_not_be_opened_holds_up_no_other(house: Clearinghouse, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = house.channel()
    waiting = ask(channel)
    house.fetch()
    house.put("locked", "locked.x12", age=90)
    house.put(answers(house.open[0]))
    read = Path.read_bytes

    def refused(path: Path) -> bytes:
        if path.name == "locked.x12":
            raise PermissionError
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refused)
    assert standing(collect(channel, waiting)[question().trace]) is Standing.IN_FORCE
    assert house.files("in") == ["locked.x12"]
    assert house.files("unreadable") == ["locked.x12.note"]


def test_a_link_in_the_folder_is_not_followed(house: Clearinghouse, tmp_path: Path) -> None:
    channel = house.channel()
    waiting = ask(channel)
    outside = tmp_path / "outside.x12"
    outside.write_text("rubbish")
    (house.incoming / "link.x12").symlink_to(outside)
    collect(channel, waiting)
    assert outside.exists()


def test_folders_that_cannot_be_used_are_named_without_a_crash(house: Clearinghouse, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PayerUnreachable, match="batch"):
        house.channel(kept=tmp_path / "file" / "kept").ask(question())


def test_what_was_filed_away_goes_after_its_time(house: Clearinghouse) -> None:
    channel = house.channel()
    waiting = ask(channel)
    house.fetch()
    house.answer()
    house.put(b"rubbish")
    collect(channel, waiting)
    for folder, _, names in os.walk(house.kept):
        for name in names:
            house.date(Path(folder, name), 60 * 86400)
    assert channel.purge(house.now - timedelta(days=90)) == 0
    assert channel.purge(house.now - timedelta(days=30)) >= 3
    assert {name for _, _, names in os.walk(house.kept) for name in names} == {"lock", "control-number"}


# --- killed at any moment ---


class Killed(BaseException):
    """What a SIGKILL is, to the code that it hits."""


@pytest.fixture
def kill(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, int]]:
    """Kills at the n-th change of a folder: before it, and (a rename) right after it."""
    state = {"at": -1, "seen": 0}

    def counted() -> None:
        state["seen"] += 1
        if state["seen"] == state["at"]:
            raise Killed

    replace, unlink, move = os.replace, Path.unlink, Path.replace

    def replaced(source: str, target: str) -> None:
        counted()
        replace(source, target)
        counted()

    def unlinked(path: Path, missing_ok: bool = False) -> None:
        counted()
        unlink(path, missing_ok)
        counted()

    def moved(path: Path, target: Path) -> None:
        counted()
        move(path, target)
        counted()

    monkeypatch.setattr(x12_ledger.os, "replace", replaced)
    monkeypatch.setattr(Path, "replace", moved)
    monkeypatch.setattr(Path, "unlink", unlinked)
    yield state
    state["at"] = -1


def killed_once(state: dict[str, int], at: int, channel: X12Folder, asked: Question, collecting: bool) -> bool:
    """Do one step, killed at one of its changes; whether there was such a change."""
    state.update(at=at, seen=0)
    try:
        if collecting:
            collect(channel, [Asked(asked, f"270-{asked.trace}.x12")])
        else:
            channel.ask(asked)
    except Killed:
        return True
    finally:
        state["at"] = -1
    return False


@pytest.mark.parametrize("at", range(1, 10))
def test_killed_while_it_puts_a_question_out(house: Clearinghouse, kill: dict[str, int], at: int) -> None:
    was_killed = killed_once(kill, at, house.channel(), question(), collecting=False)
    assert was_killed or at > 8
    waiting = ask(house.channel())
    house.fetch()
    assert set(house.got) == {question().trace}
    assert len({one.control for text in house.open for one in sent(text)}) == 1
    assert len(house.got) == 1
    house.answer()
    assert standing(collect(house.channel(), waiting)[question().trace]) is Standing.IN_FORCE


@pytest.mark.parametrize("at", range(1, 16))
@pytest.mark.parametrize("then", ["collect", "ask and collect"])
def test_killed_while_it_reads_an_answer(house: Clearinghouse, kill: dict[str, int], at: int, then: str) -> None:
    waiting = ask(house.channel())
    house.fetch()
    house.answer()
    house.put(anothers())
    killed_once(kill, at, house.channel(), question(), collecting=True)
    if then != "collect":
        ask(house.channel())
    reply = collect(house.channel(), waiting)[question().trace]
    house.fetch()
    if len(house.got) == 2:  # it was given to whoever died of it: asked once more under the same trace number
        assert then != "collect"
        house.answer()
        reply = collect(house.channel(), waiting)[question().trace]
    assert standing(reply) is Standing.IN_FORCE
    assert set(house.got) == {question().trace}
    assert house.files("in") == []
    assert "00003.x12" in house.files("unmatched")


def test_two_processes_that_collect_at_once_both_get_the_answer(house: Clearinghouse) -> None:
    waiting = ask(house.channel())
    house.fetch()
    house.answer()
    gate = threading.Barrier(2)

    def look(channel: X12Folder) -> Standing | None:
        gate.wait(30)
        return standing(collect(channel, waiting)[question().trace])

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(look, [house.channel(), house.channel()])) == [Standing.IN_FORCE] * 2


def test_an_answer_that_says_nothing_is_told_and_the_question_may_be_put_out_again(house: Clearinghouse) -> None:
    channel = house.channel()
    waiting = ask(channel)
    house.fetch()
    house.put(interchange(transaction(one(house), Mood.REFUSED).replace("AAA*Y**75*C~", "")))
    found = collect(channel, waiting)[question().trace]
    assert isinstance(found, Failed)
    assert isinstance(found.problem, PayerAnswerUnreadable)
    ask(channel)
    house.fetch()
    assert house.got == [question().trace] * 2
    house.answer()
    assert standing(collect(channel, waiting)[question().trace]) is Standing.IN_FORCE
