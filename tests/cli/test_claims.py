"""export, receive and claims say what a biller needs, and end with the code that scripts go by."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from claims_answers import ack, era, paid, status
from claims_clinic import NAMES, Billed, keys_in, prepare, put
from claims_on_host import ADJUDICATION, money, response
from cli.conftest import Answer
from massage_billing.errors import HostUnreachable
from massage_billing.hosts.folder import FolderHost

OTHERS = "has no number of ours; claims of ours have its dates, charge and codes, but are of other patients"
TOTAL = {"category": {"coding": [{"system": ADJUDICATION, "code": "submitted"}]}}
Say = Callable[..., Answer]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Billed:
    return prepare(tmp_path_factory.mktemp("clinic") / "clinic")


@pytest.fixture
def billed(prepared: Billed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Billed:
    """A clinic with claims that were not sent; the current folder is its own."""
    clinic = prepared.copied(tmp_path / "clinic")
    monkeypatch.chdir(clinic.folder)
    monkeypatch.setenv("MASSAGE_BILLING_SETTINGS", str(clinic.file))
    return clinic


@pytest.fixture
def say(mb: Say) -> Say:
    """Call the command; nobody's name may be in what it prints."""

    def call(*arguments: str) -> Answer:
        answer = mb(*arguments)
        assert not any(name in answer.out + answer.err for name in NAMES)
        return answer

    return call


@pytest.fixture
def sent(billed: Billed, say: Say) -> Billed:
    """The same, exported."""
    assert say("export", "837").code == 12
    return billed


def test_what_was_rejected_and_says_the_same_is_named_and_goes_where_a_person_says_so(sent: Billed, say: Say) -> None:
    one = next(each for each in sent.sent() if each.batch == 1)
    sent.receive(status(1, (one.key, "A3:21", "")))
    told = say("export", "837")
    assert (told.code, "Nothing to send." in told.out) == (12, True)
    assert "would say the same again" in " ".join(told.out.split())
    assert "export 837 --dry-run" in say("claims", "status").out
    assert "1 claim, " in say("export", "837", "--again", one.claim).out
    assert say("export", "837", "--batch", "1", "--again", one.claim).code == 2


def test_files_of_a_lost_store_are_named(sent: Billed, say: Say) -> None:
    shutil.rmtree(sent.folder / sent.state)
    away = sent.out.rename(sent.folder / "away")  # else the run finds them, and says so
    sent.run()
    away.rename(sent.out)
    dry = say("export", "837", "--dry-run").out
    assert "837P-house-000000001.837 was not remembered: its claims were sent." in dry
    told = say("export", "837")
    assert "837P-house-000000001.837 was not remembered, and is again: its claims were sent." in told.out
    assert (told.code, "Nothing to send." in told.out) == (12, True)


# --- export -----------------------------------------------------------------------------------------------------------


def test_export_names_files_claims_dollars_and_what_is_left(billed: Billed, say: Say) -> None:
    answer = say("export", "837")
    assert answer.code == 12
    lines = answer.out.splitlines()
    house = keys_in(billed.files()["house/837P-house-000000001.837"])
    assert re.fullmatch(
        rf".*out/house/837P-house-000000001\.837: {len(house)} claims, \$[\d,.]+, for house\.", lines[0]
    )
    assert lines[1].endswith("for fund.")
    assert "Not sent: 1 claim." in lines
    assert "Encounter/visit-7" in answer.out
    assert "property and casualty claim number" in re.sub(r"\s+", " ", answer.out)
    again = say("export", "837")
    assert (again.code, again.out.splitlines()[0]) == (12, "Nothing to send.")


def test_export_ends_well_where_every_claim_can_be_written(billed: Billed, say: Say) -> None:
    answer = say("export", "837", "--payer", "cedar-health")
    assert (answer.code, answer.err) == (0, "")
    assert "Not sent" not in answer.out


def test_export_as_json(billed: Billed, say: Say) -> None:
    told = json.loads(say("export", "837", "--json").out)
    assert [(one["receiver"], one["number"], one["again"]) for one in told["files"]] == [
        ("house", 1, False), ("fund", 2, False),
    ]  # fmt: skip
    assert told["files"][0]["total"] == "5120.00"
    assert [(one["encounter"], one["lacks"]) for one in told["left"]] == [("visit-7", True)]
    assert told["problems"] == []


def test_a_dry_run_says_what_would_be_written(billed: Billed, say: Say) -> None:
    answer = say("export", "837", "--dry-run")
    assert answer.out.startswith("Would write 39 claims, $5,120.00, for house.")
    assert billed.files() == {}


def test_a_file_again(sent: Billed, say: Say) -> None:
    before = sent.files()
    (sent.out / "house/837P-house-000000001.837").unlink()
    answer = say("export", "837", "--batch", "1")
    assert (answer.code, answer.out.strip()[-8:]) == (0, "(again).")
    assert sent.files() == before
    assert say("export", "837", "--batch", "1", "--payer", "cedar-health").code == 2
    unknown = say("claims", "export", "--batch", "77")
    assert (unknown.code, "Batch 77 is not known." in unknown.err) == (3, True)


def test_a_folder_that_cannot_be_written_is_an_error_of_its_own(billed: Billed, say: Say) -> None:
    billed.out.mkdir()
    (billed.out / "house").write_text("in the way")
    answer = say("export", "837")
    assert answer.code == 8
    assert "house/837P-house-000000001.837 cannot be written" in answer.out
    assert "for fund." in answer.out
    assert "837P-house-000000001.837 was not written; the next export writes it." in say("claims", "status").out


def test_export_needs_to_know_who_bills_and_who_takes_files(billed: Billed, say: Say) -> None:
    billed.write_settings(
        lambda text: text.replace("export:", "# ").replace("  clinic:\n    address", "  x:\n    address")
    )
    billed.file.write_text(re.sub(r"^# .*?(?=^state)", "", billed.file.read_text(), flags=re.DOTALL | re.MULTILINE))
    answer = say("export", "837")
    assert (answer.code, "export.clinic or export.receivers is missing" in answer.err) == (3, True)


# --- receive ----------------------------------------------------------------------------------------------------------


def test_receive_says_of_each_file_what_became_of_it(sent: Billed, say: Say, tmp_path: Path) -> None:
    one, other, third, *_ = [each for each in sent.sent() if len(each.lines) == 1]
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    put(inbox / "a.999", ack(1, ("0001", "A")))
    put(inbox / "b.277", status(1, (one.key, "A2:20", "N1"), (other.key, "A3:21", "")))
    put(inbox / "c.835", era(paid(third), paid(one, control="LOST")))
    put(inbox / "read.me", b"Dear clinic")
    put(inbox / ".hidden", b"not looked at")
    answer = say("receive", str(inbox))
    assert answer.code == 0
    assert answer.out.splitlines() == [
        "a.999 (999): applied to 39 claims.",
        "b.277 (277CA): applied to 2 claims.",
        f"c.835 (835): applied to 1 claim, ${third.total + one.total - 60:,} paid.",
        f"  Claim 2 of the file {OTHERS}.",
        "read.me: says nothing of our claims; left alone, and not remembered.",
        "  read.me is no X12 file, or holds nothing.",
        "The EHR was given 1 ClaimResponse.",
    ]
    again = say("receive", str(inbox / "c.835"))
    assert (again.code, again.out) == (0, "c.835 (835): applied before; nothing changed.\n")


def test_receive_refuses_a_file_that_does_not_add_up_and_takes_the_others(
    sent: Billed, say: Say, tmp_path: Path
) -> None:
    one, other, *_ = sent.sent()
    bad, good = put(tmp_path / "bad.835", era(paid(one), off="0.01")), put(tmp_path / "good.835", era(paid(other)))
    cut = put(tmp_path / "cut.835", era(paid(one))[:-60])
    answer = say("receive", str(bad), str(cut), str(good))
    assert answer.code == 13
    lines = answer.out.splitlines()
    assert lines[0] == "bad.835 (835): REFUSED, nothing was applied."
    assert lines[1].startswith("  transaction 0001: ")
    assert "(difference 0.01)" in lines[1]
    assert "cut.835 (835): REFUSED, nothing was applied." in lines
    assert any(line.startswith("good.835 (835): applied to 1 claim") for line in lines)
    missing = say("receive", str(tmp_path / "none.835"))
    assert missing.code == 2
    letter = say("receive", str(put(tmp_path / "letter.txt", b"Dear clinic")))
    assert (letter.code, "is no X12 file" in letter.out) == (13, True)


def test_receive_as_json_has_every_problem(sent: Billed, say: Say, tmp_path: Path) -> None:
    claims = sent.sent()[:6]
    data = era(*(paid(one, control="0") for one in claims), paid(sent.sent()[7]))
    told = json.loads(say("receive", str(put(tmp_path / "a.835", data)), "--json").out)
    (file,) = told["files"]
    assert (file["state"], file["claims"], len(file["unmatched"])) == ("applied", 1, 6)
    assert (told["told"], told["problems"]) == (1, [])
    text = say("receive", str(put(tmp_path / "b.835", data.replace(b"EFT1", b"EFT2")))).out
    assert "  and 3 more were not found; --json has all." in text


def test_receive_says_where_the_ehr_did_not_take_it_and_tells_it_the_next_time(
    sent: Billed, say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> object:
        raise HostUnreachable("The EHR does not answer.")

    file = put(tmp_path / "a.835", era(paid(sent.sent()[0])))
    with monkeypatch.context() as patched:
        patched.setattr(FolderHost, "write", away)
        answer = say("receive", str(file))
    assert answer.code == 5
    assert answer.out.splitlines()[-1] == "Not given to the EHR yet: The EHR does not answer."
    assert answer.out.startswith("a.835 (835): applied to 1 claim")
    later = say("receive", str(file))
    assert (later.code, later.out.splitlines()[-1]) == (0, "The EHR was given 1 ClaimResponse.")


# --- claims -----------------------------------------------------------------------------------------------------------


def test_receive_takes_what_payers_put_on_the_ehr(sent: Billed, say: Say) -> None:
    one, other = [each for each in sent.sent() if each.batch == 1 and each.total > 40][:2]
    sent.put(response(one), response(other, number="78", total=[{**TOTAL, "amount": money(1)}]))
    told = say("receive", "--from-host")
    assert told.code == 13
    assert "ClaimResponse/r77 (ClaimResponse): applied to 1 claim" in told.out
    assert "ClaimResponse/r78 (ClaimResponse): REFUSED" in told.out
    assert "adjudicated" in say("claims", "show", one.key).out
    again = json.loads(say("receive", "--from-host", "--json").out)
    assert [file["file"] for file in again["files"]] == ["ClaimResponse/r78"]
    assert say("receive").code == 2


def test_the_life_of_a_claim_in_the_order_of_time(sent: Billed, say: Say, tmp_path: Path) -> None:
    one = sent.sent()[0]
    say("receive", str(put(tmp_path / "1.999", ack(1, ("0001", "A")))))
    say("receive", str(put(tmp_path / "2.277", status(1, (one.key, "A2:20", "N1")))))
    say("receive", str(put(tmp_path / "3.835", era(paid(one)))))
    names = (one.key, one.key.lower(), one.claim, f"Encounter/{one.encounter}", one.encounter)
    pages = [say("claims", "show", name).out for name in names]
    assert len(set(pages)) == 1
    lines = pages[0].splitlines()
    assert lines[0] == f"{one.key}  {one.claim}  Encounter/{one.encounter}"
    assert lines[1].endswith("adjudicated, payer's number P77")
    assert one.lines[0].code in lines[2]
    events = [line.split("  ", 3)[-1].strip() for line in lines[lines.index("  What happened:") + 1 :] if line]
    kinds = [re.split(r"[ :]", event)[0] for event in events]
    assert kinds == sorted(kinds, key=["decided", "put", "999", "277", "835"].index)
    assert set(kinds) == {"decided", "put", "999", "277", "835"}
    times = re.findall(r"^    (\d{4}-\d\d-\d\d \d\d:\d\d)  ", pages[0], re.MULTILINE)
    assert times == sorted(times)
    assert "Paid $122.00 of $152.00" in events[-1]
    told = json.loads(say("claims", "show", one.key, "--json").out)
    assert [said["standing"] for said in told[0]["said"]] == ["acknowledged", "accepted", "adjudicated"]
    unknown = say("claims", "show", "MBNONE")
    assert (unknown.code, "No claim MBNONE was sent or marked." in unknown.err) == (4, True)


def test_claims_are_listed_by_where_they_stand(sent: Billed, say: Say, tmp_path: Path) -> None:
    one, other, *rest = sent.sent()
    say("receive", str(put(tmp_path / "2.277", status(1, (one.key, "A3:21", ""), (other.key, "A2:20", "N1")))))
    listed = say("claims", "list", "--standing", "rejected").out
    assert one.key in listed
    assert other.key not in listed
    assert listed.splitlines()[-1] == f"1 claim, ${one.total}."
    told = json.loads(say("claims", "list", "--payer", one.payer, "--json").out)
    assert {each["payer"] for each in told} == {one.payer}
    assert [each["date"] for each in told] == sorted((each["date"] for each in told), reverse=True)
    since = max(each.date for each in sent.sent()).isoformat()
    assert {each["date"] for each in json.loads(say("claims", "list", "--since", since, "--json").out)} == {since}
    assert say("claims", "list", "--standing", "adjudicated").out == "No claims.\n"
    status_ = say("claims", "status").out
    for words in ("rejected", "exported", "accepted", "Waiting longest for an answer:"):
        assert words in status_
    counted = {
        each["standing"]: each["claims"] for each in json.loads(say("claims", "status", "--json").out)["counted"]
    }
    assert counted == {"exported": len(rest), "accepted": 1, "rejected": 1}


def test_status_without_claims(billed: Billed, say: Say) -> None:
    assert say("claims", "status").out == "No claims were sent.\n"
    assert say("claims", "list").out == "No claims.\n"


def test_a_person_marks_what_no_file_told(billed: Billed, say: Say) -> None:
    by = ("--by", "ana", "--reason", "on the payer's portal")
    answer = say("claims", "mark", "visit-59", "sent", *by)
    assert (answer.code, answer.out) == (0, "MB33NEMLMN2E6QRDILAL of Encounter/visit-59 stands as exported.\n")
    say("export", "837")
    assert not any("MB33NEMLMN2E6QRDILAL" in keys_in(file) for file in billed.files().values())
    paid_ = say("claims", "mark", "MB33NEMLMN2E6QRDILAL", "paid", *by, "--payer-number", "P9", "--paid", "$122.00")
    assert paid_.out.endswith("stands as adjudicated.\n")
    page = say("claims", "show", "visit-59").out
    assert "marked by ana: paid: on the payer's portal [adjudicated]" in page
    assert "payer's number P9" in page
    assert say("claims", "mark", "visit-59", "sent", *by).out.endswith("stands as adjudicated.\n")
    assert say("claims", "mark", "visit-59", "paid", *by, "--paid", "much").code == 2
    assert say("claims", "mark", "nobody", "paid", *by).code == 4
    assert say("claims", "mark", "visit-59", "sent").code == 2


def test_a_file_that_was_never_sent_is_dropped(sent: Billed, say: Say) -> None:
    by = ("--by", "ana", "--reason", "deleted before it was sent")
    answer = say("claims", "drop", "1", *by)
    assert answer.out == "39 claims of batch 1 can be exported again.\n"
    (sent.out / "house/837P-house-000000001.837").unlink()
    exported = say("export", "837").out
    assert "39 claims, $5,120.00, for house." in exported
    assert say("claims", "drop", "99", *by).code == 4
    page = say("claims", "show", "MB33NEMLMN2E6QRDILAL").out
    assert "dropped by ana: deleted before it was sent [not sent]" in page
    assert "put into 837P-house-000000003.837" in page
