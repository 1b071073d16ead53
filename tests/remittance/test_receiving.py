"""What comes back of claims is applied once, to the claims that are meant, however it comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from claims_answers import USUAL, ack, era, paid, payment, status, ta1
from claims_clinic import HOST, NAMES, Billed, Json, now, put
from massage_billing.errors import HostUnreachable, InputError
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports.ledger import AdjustmentRow, Batch, Said, Submission
from massage_billing.remittance.answers import Answers, FileTaken
from massage_billing.sending.again import Again
from remittance_files import enveloped

EXPORTED, ACKNOWLEDGED = ClaimStanding.EXPORTED, ClaimStanding.ACKNOWLEDGED
ACCEPTED, REJECTED, ADJUDICATED = ClaimStanding.ACCEPTED, ClaimStanding.REJECTED, ClaimStanding.ADJUDICATED


def sent(clinic: Billed) -> list[Submission]:
    """Claims to the clearinghouse; those to the injury fund are in another file."""
    return [one for one in clinic.sent() if one.payer != "state-fund"]


def standings(clinic: Billed) -> dict[str, ClaimStanding]:
    return {one.key: one.standing for one in sent(clinic)}


def life(clinic: Billed, one: Submission) -> list[Said]:
    with clinic.ledger() as ledger:
        return ledger.life(one.key)


def rows(clinic: Billed) -> list[AdjustmentRow]:
    with clinic.ledger() as ledger:
        return list(ledger.adjustments(None, None))


def remembered(clinic: Billed) -> object:
    """Everything the ledger knows, but when it was told."""
    with clinic.ledger() as ledger:
        claims = sorted(ledger.all(HOST), key=lambda one: one.key)
        lives = [[replace(said, at=said.at.min) for said in ledger.life(one.key)] for one in claims]
        adjusted = [replace(row, at=None) for row in ledger.adjustments(None, None)]
        return claims, lives, adjusted, [file.file for file in ledger.files()], ledger.responses(HOST, 10_000)


def several(clinic: Billed) -> tuple[Submission, ...]:
    """Claims of one line, each unlike the others in patient, date or charge."""
    found = {(one.patient, one.date, one.total): one for one in sent(clinic) if len(one.lines) == 1}
    return tuple(found.values())


def of_two_lines(clinic: Billed) -> Submission:
    return next(one for one in sent(clinic) if len(one.lines) == 2)


def test_a_file_that_answers_claims_of_two_hosts_is_taken_once_for_each(clinic: Billed) -> None:
    """One remittance of a payer for two systems of one owner."""
    first = several(clinic)[0]
    other = replace(several(clinic)[1], key="MBELSEWHERE00000001", host="elsewhere", encounter="x1", claim="Claim/x1")
    with clinic.ledger() as ledger:
        number = ledger.next_batch()
        made = Batch(number, "elsewhere", "house", "x.837", "f" * 64, 1, other.total, now(), body=b"ISA~")
        assert ledger.commit_batch(made, [replace(other, batch=number)]) == ()
    both = put(clinic.folder / "both.x12", era(paid(first), paid(other)))
    with clinic.answers() as here:
        there = Answers(replace(here.setup, host=_Elsewhere(here.setup.host)))  # type: ignore[arg-type]
        for _ in range(2):
            taken = [one.take(both) for one in (here, there)]
        assert [one.state for one in taken] == ["known", "known"]
    with clinic.ledger() as ledger:
        for host, one in ((HOST, first), ("elsewhere", other)):
            assert ledger.submissions(host, [one.key])[one.key].standing is ADJUDICATED
            assert [said.standing for said in ledger.life(one.key)] == [ADJUDICATED]


class _Elsewhere:
    """Another host with the same records."""

    id = "elsewhere"

    def __init__(self, host: object) -> None:
        self._host = host

    def __getattr__(self, name: str) -> object:
        return getattr(self._host, name)


# --- acknowledgements -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "standing"),
    [
        (ack(1, ("0001", "A")), ACKNOWLEDGED),
        (ack(1, ("1", "A")), ACKNOWLEDGED),
        (ack(1, ("0001", "R"), group="R"), REJECTED),
        (ack(1, group="R"), REJECTED),
        (ack(1, group="A"), ACKNOWLEDGED),
        (ack(9, ("0001", "R"), group="R"), EXPORTED),
        (status(1, said="A1:19"), ACCEPTED),
        (status(1, said="A3:24:41"), REJECTED),
        (status("1-2", said="A3:24:41"), REJECTED),
        (status("X1", said="A3:24:41"), EXPORTED),
        (status(1, provider="A3:24:85"), REJECTED),
    ],
)
def test_what_is_said_of_a_file_is_said_of_all_its_claims(clinic: Billed, file: bytes, standing: ClaimStanding) -> None:
    (taken,) = clinic.receive(file)
    assert set(standings(clinic).values()) == {standing}
    assert taken.state == ("other" if standing is EXPORTED else "applied")


def made_at(clinic: Billed) -> datetime:
    """When file 1 was made: its ISA09 and ISA10."""
    with clinic.ledger() as ledger:
        return ledger.batches(HOST)[-1].at


@pytest.mark.parametrize(("code", "note", "standing"), [("A", "000", ACKNOWLEDGED), ("R", "006", REJECTED)])
def test_a_ta1_is_of_the_interchange_with_its_number_and_time(
    clinic: Billed, code: str, note: str, standing: ClaimStanding
) -> None:
    """The interchange of an eligibility question may have the same number."""
    (taken,) = clinic.receive(ta1(1, code, note, datetime(2026, 11, 18, 8, 30)))
    assert taken.state == "other"
    assert set(standings(clinic).values()) == {EXPORTED}
    clinic.receive(ta1(1, code, note, made_at(clinic)), name="ours")
    assert set(standings(clinic).values()) == {standing}


@pytest.mark.parametrize("first", [True, False])
def test_a_file_that_came_twice_is_not_rejected(clinic: Billed, first: bool) -> None:
    """A crash may have put it there again: whether the number was this file's or another's, only the receiver knows."""
    twice, good = ta1(1, "R", "025", made_at(clinic)), status(1, said="A1:19")
    clinic.receive(*((twice, good) if first else (good, twice)))
    assert set(standings(clinic).values()) == {ACCEPTED}
    assert any("had a file of this number before" in said.words for said in life(clinic, sent(clinic)[0]))


def test_what_is_said_of_one_transaction_is_said_of_its_claims_alone(clinic: Billed) -> None:
    first, *others = sent(clinic)
    with clinic.store() as store, store._writing() as connection:
        connection.exec_driver_sql("UPDATE submissions SET \"transaction\" = '0002' WHERE key = ?", (first.key,))
    clinic.receive(ack(1, ("0001", "A"), ("0002", "R"), group="P"))
    found = standings(clinic)
    assert found.pop(first.key) is REJECTED
    assert set(found.values()) == {ACKNOWLEDGED}
    assert life(clinic, first)[0].words.startswith("The file was refused: 2010 NM1")
    assert life(clinic, others[0])[0].words == "The file was taken."


def test_a_277ca_speaks_of_claims_by_our_number(clinic: Billed) -> None:
    one, other, *rest = sent(clinic)
    (taken,) = clinic.receive(
        status(1, (one.key, "A2:20:PR", "N1"), (other.key.lower(), "A7:562:85", ""), ("MBSOMEBODYELSE", "A2:20", ""))
    )
    assert (taken.state, taken.claims, taken.unmatched) == ("applied", 2, ((5, "has no number of ours"),))
    found = standings(clinic)
    assert (found.pop(one.key), found.pop(other.key)) == (ACCEPTED, REJECTED)
    assert set(found.values()) == {EXPORTED}
    assert len(found) == len(rest)
    assert life(clinic, one)[0].payer_claim_number == "N1"
    assert "NPI (billing provider)" in life(clinic, other)[0].words


def test_a_claim_named_by_itself_is_not_told_what_is_said_of_its_file(clinic: Billed) -> None:
    """2200B counts what was taken and what was not; each claim says which it is."""
    one, other, *_ = sent(clinic)
    clinic.receive(status(1, (one.key, "A2:20:PR", "N1"), (other.key, "A3:21", ""), said="A1:19"))
    found = standings(clinic)
    assert (found[one.key], found[other.key]) == (ACCEPTED, REJECTED)
    clinic.receive(status(1, (one.key, "A2:20:PR", "N2"), said="A3:24:41"), name="another")
    assert standings(clinic)[one.key] is ACCEPTED


def test_what_says_neither_yes_nor_no_changes_nothing(clinic: Billed) -> None:
    one = sent(clinic)[0]
    (taken,) = clinic.receive(status(1, (one.key, "A4:35", "")))
    assert (taken.state, set(standings(clinic).values())) == ("other", {EXPORTED})


def test_a_rejection_that_comes_again_after_the_claim_was_sent_again_is_of_the_earlier_file(clinic: Billed) -> None:
    """The clearinghouse and the payer both reject file 1; meanwhile the claim went out in file 2."""
    one = sent(clinic)[0]
    clinic.receive(status(1, (one.key, "A3:21", "")), name="clearinghouse")
    with clinic.exporter() as exporter:
        exporter.run(again=Again(frozenset([one.key])))
    number = next(each for each in sent(clinic) if each.key == one.key).batch
    assert number > 1
    clinic.receive(status(1, (one.key, "A7:562:85", "")), name="payer")
    assert standings(clinic)[one.key] is EXPORTED
    clinic.receive(ack(1, ("0001", "R"), group="R"), name="late")
    assert standings(clinic)[one.key] is EXPORTED
    clinic.receive(status(number, (one.key, "A7:562:85", "")), name="second")
    assert standings(clinic)[one.key] is REJECTED


# --- payments ---------------------------------------------------------------------------------------------------------


def test_a_payment_is_told_in_words_and_rows(clinic: Billed) -> None:
    one = several(clinic)[0]
    (taken,) = clinic.receive(era(paid(one), moved=[("L6", "X9", "-1.25")]))
    assert (taken.state, taken.claims, taken.unmatched, taken.paid) == (
        "applied", 1, (), one.total - 30 + Decimal("1.25"),
    )  # fmt: skip
    claim = next(each for each in sent(clinic) if each.key == one.key)
    assert (claim.standing, claim.payer_claim_number) == (ADJUDICATED, "P77")
    (said,) = life(clinic, one)
    assert (said.paid, said.of_patient, said.reverses) == (one.total - 30, Decimal(10), False)
    assert said.words.startswith(f"Paid ${one.total - 30} of ${one.total}; $10.00 of the patient; not paid: ")
    told = [(row.key, row.line, row.code, row.group, row.reason, row.amount, row.payer) for row in rows(clinic)]
    assert told == [
        (one.key, 1, one.lines[0].code, group, reason, Decimal(amount), one.payer) for group, reason, amount in USUAL
    ]
    assert {row.therapist for row in rows(clinic)} == {one.lines[0].therapist}
    with clinic.ledger() as ledger:
        (file,) = ledger.files()
    assert (file.trace, file.provider, file.paid) == ("EFT1", (("L6", "X9", Decimal("-1.25")),), taken.paid)


def test_a_denial_names_the_rule_that_should_have_known(clinic: Billed) -> None:
    one = several(clinic)[0]
    clinic.receive(era(paid(one, ("CO", "197", str(one.total)), status="4")))
    assert life(clinic, one)[0].words.startswith("Denied; not paid: ")
    assert rows(clinic)[0].rule
    assert standings(clinic)[one.key] is ADJUDICATED


def test_a_claim_of_several_lines_that_the_payer_splits(clinic: Billed) -> None:
    one = of_two_lines(clinic)
    first, second = one.lines
    (taken,) = clinic.receive(era(paid(one, lines=[first], number="P1"), paid(one, lines=[second], number="P2")))
    assert (taken.claims, taken.unmatched) == (1, ())
    assert len(life(clinic, one)) == 2
    assert sorted({(row.code, row.place) for row in rows(clinic)}) == sorted({(first.code, 1), (second.code, 2)})


@pytest.mark.parametrize("numbered", [True, False])
def test_lines_are_told_apart_without_their_modifiers(clinic: Billed, numbered: bool) -> None:
    one = of_two_lines(clinic)
    backwards = list(reversed(one.lines))
    clinic.receive(era(paid(one, lines=backwards, modifiers=False, numbered=numbered)))
    told = {(row.line, row.code) for row in rows(clinic)}
    assert told == {(1, backwards[0].code), (2, backwards[1].code)}


def test_a_line_paid_as_another_code_is_ours(clinic: Billed) -> None:
    one = several(clinic)[0]
    (taken,) = clinic.receive(
        era(paid(one, recoded="97010", control="LOST", numbered=False, member=member(clinic, one)))
    )
    assert (taken.claims, taken.unmatched) == (1, ())
    assert {row.code for row in rows(clinic)} == {one.lines[0].code}


def test_several_payments_in_one_file(clinic: Billed) -> None:
    one, other, *_ = several(clinic)
    data = enveloped(payment(paid(one), trace="EFT1"), payment(paid(other, number="P2"), trace="EFT2"))
    (taken,) = clinic.receive(data)
    assert (taken.claims, taken.paid) == (2, one.total + other.total - 60)
    with clinic.ledger() as ledger:
        assert ledger.files()[0].trace == "EFT1, EFT2"
    assert life(clinic, other)[0].source.endswith("claim 2")


def test_a_payment_that_is_taken_back_and_corrected(clinic: Billed) -> None:
    one = several(clinic)[0]
    clinic.receive(era(paid(one)))
    (taken,) = clinic.receive(
        era(
            paid(one, status="22", sign=-1), paid(one, ("CO", "45", "25.00"), number="P78"), moved=[("WO", "P77", "5")]
        ),
        name="later",
    )
    assert (taken.state, taken.claims) == ("applied", 1)
    told = life(clinic, one)
    assert [said.reverses for said in told] == [False, True, False]
    assert sum(said.paid or 0 for said in told) == one.total - 25
    assert told[1].words.startswith(f"Taken back ${one.total - 30} of ${one.total}")
    (claim,) = (each for each in sent(clinic) if each.key == one.key)
    assert (claim.standing, claim.payer_claim_number) == (ADJUDICATED, "P78")


def test_a_predetermination_answers_no_claim(clinic: Billed) -> None:
    one = several(clinic)[0]
    clinic.receive(era(paid(one, ("CO", "45", str(one.total)), status="25")))
    assert (standings(clinic)[one.key], rows(clinic)) == (EXPORTED, [])


# --- whose claim it is ------------------------------------------------------------------------------------------------


def member(clinic: Billed, one: Submission) -> str:
    """Member id of the coverage that a claim bills."""
    claim = clinic.resources("Claim")[one.claim.partition("/")[2]]
    reference = claim["insurance"][0]["coverage"]["reference"]
    return str(clinic.resources("Coverage")[reference.partition("/")[2]]["subscriberId"])


def named(clinic: Billed, one: Submission) -> tuple[str, str]:
    """(last, first) of a claim's patient, in capitals as a payer writes them."""
    name: Json = clinic.resources("Patient")[one.patient.partition("/")[2]]["name"][0]
    return name["family"].upper(), name["given"][0].upper()


def test_a_lost_number_is_made_up_for_by_patient_dates_codes_and_charge(clinic: Billed) -> None:
    one, other, *_ = several(clinic)
    (taken,) = clinic.receive(
        era(
            paid(one, control="0", modifiers=False, numbered=False, member=member(clinic, one)),
            paid(other, control="", modifiers=False, numbered=False, name=named(clinic, other)),
        )
    )
    assert (taken.claims, taken.unmatched) == (2, ())
    assert {key for key, standing in standings(clinic).items() if standing is ADJUDICATED} == {one.key, other.key}


def test_a_member_id_is_the_same_with_and_without_hyphens(clinic: Billed) -> None:
    one = several(clinic)[0]
    number = member(clinic, one)
    (taken,) = clinic.receive(era(paid(one, control="0", member=f"{number[:3]}-{number[3:]}".lower())))
    assert taken.claims == 1


@pytest.mark.parametrize(
    ("who", "why"),
    [
        ({"member": "M999"}, "are of other patients"),
        ({"name": ("SOMEBODY", "ELSE")}, "are of other patients"),
        ({}, "are of other patients"),
    ],
)
def test_another_patient_s_claim_is_not_ours(clinic: Billed, who: Json, why: str) -> None:
    one = several(clinic)[0]
    (taken,) = clinic.receive(era(paid(one, control="0", **who)))
    ((place, said),) = taken.unmatched
    assert (taken.claims, place) == (0, 1)
    assert why in said
    assert set(standings(clinic).values()) == {EXPORTED}
    assert not any(name in said for name in NAMES)


def test_another_charge_date_or_code_is_not_ours(clinic: Billed) -> None:
    one = several(clinic)[0]
    who = {"control": "0", "member": member(clinic, one), "numbered": False}
    (line,) = one.lines
    dearer = replace(one, total=one.total + 1, lines=(replace(line, charge=line.charge + 1),))
    other_day = one.date.replace(year=2025)
    earlier = replace(one, date=other_day, lines=(replace(line, date=other_day),))
    other_code = replace(one, lines=(replace(line, code="97139"),))
    (taken,) = clinic.receive(era(*(paid(each, **who) for each in (dearer, earlier, other_code))))
    assert (taken.claims, [place for place, _ in taken.unmatched]) == (0, [1, 2, 3])


def twin(clinic: Billed, one: Submission) -> Submission:
    """Another claim of the same patient, date, codes and charge, which was sent too."""
    other = replace(one, key="MBTWIN", batch=2)
    with clinic.ledger() as ledger:
        ledger.mark(other, Said("MBTWIN", other.since, EXPORTED, "marked by ana", "sent"))  # type: ignore[arg-type]
    return other


def test_two_claims_that_fit_are_none(clinic: Billed) -> None:
    one = several(clinic)[0]
    twin(clinic, one)
    other = several(clinic)[1]
    (taken,) = clinic.receive(era(paid(one, control="0", member=member(clinic, one)), paid(other)))
    assert [why for _, why in taken.unmatched] == ["has no number of ours, and several claims of ours fit it"]
    assert len(rows(clinic)) == 4
    assert {row.key for row in rows(clinic)} == {"", other.key}


def test_a_number_of_ours_with_another_charge_is_not_believed(clinic: Billed) -> None:
    one = several(clinic)[0]
    (line,) = one.lines
    wrong = replace(one, total=one.total + 5, lines=(replace(line, charge=line.charge + 5),))
    (taken,) = clinic.receive(era(paid(wrong)))
    assert [why for _, why in taken.unmatched] == ["has a number of ours, and another charge than that claim"]
    assert standings(clinic)[one.key] is EXPORTED


# --- refused, half, twice ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("off", ["0.01", "-0.01", "100"])
def test_a_file_that_does_not_balance_is_refused_whole_with_the_place(clinic: Billed, off: str) -> None:
    one, other, *_ = several(clinic)
    before = remembered(clinic)
    (taken,) = clinic.receive(enveloped(payment(paid(one), trace="A"), payment(paid(other), off=off, trace="B")))
    assert (taken.state, taken.claims) == ("refused", 0)
    (problem,) = taken.problems
    assert problem.startswith("transaction 0002: ")
    assert f"(difference {Decimal(off).quantize(Decimal('0.01'))})" in problem
    assert remembered(clinic) == before


def test_a_line_that_does_not_balance_is_named(clinic: Billed) -> None:
    one, other, *_ = several(clinic)
    data = era(paid(one), paid(other)).replace(b"CAS*CO*45*20.00", b"CAS*CO*45*19.99", 1)
    (taken,) = clinic.receive(data)
    assert taken.state == "refused"
    assert taken.problems[0].startswith(f"transaction 0001, claim 1 ({one.key}), line 1: ")


def files_of(clinic: Billed) -> dict[str, bytes]:
    one, other, third, *_ = several(clinic)
    return {
        "999": ack(1, ("0001", "A")),
        "277CA": status(1, (one.key, "A2:20:PR", "N1"), (other.key, "A3:21", "")),
        "835": enveloped(payment(paid(one), paid(other), trace="A"), payment(paid(third), trace="B")),
    }


@pytest.mark.parametrize("kind", ["999", "277CA", "835"])
def test_the_same_file_counts_once_whatever_it_is_called(clinic: Billed, kind: str) -> None:
    data = files_of(clinic)[kind]
    assert clinic.receive(data)[0].state == "applied"
    before = remembered(clinic)
    assert [taken.state for taken in clinic.receive(data, data, name="renamed")] == ["known", "known"]
    assert remembered(clinic) == before


@pytest.mark.parametrize("kind", ["999", "277CA", "835"])
def test_half_a_file_is_refused_wherever_it_was_cut(clinic: Billed, kind: str) -> None:
    """And the whole one counts once, whatever was tried before."""
    data = files_of(clinic)[kind]
    before = remembered(clinic)
    ends = [place + 1 for place, byte in enumerate(data) if byte == ord("~")][:-1]
    some = sorted({*ends[::3], *ends[-6:], len(data) // 2, len(data) - 30, 120})
    for end in some:
        try:
            (taken,) = clinic.receive(data[:end], name=f"half{end}")
        except InputError:
            continue
        assert taken.state in ("refused", "other"), (end, data[:end][-40:])
    assert remembered(clinic) == before
    assert clinic.receive(data)[0].state == "applied"


def test_a_file_sent_again_in_another_envelope_counts_once(clinic: Billed) -> None:
    """Clearinghouses give the same 835 again under new control numbers, dates and names."""
    for kind, data in files_of(clinic).items():
        clinic.receive(data, name=kind)
    before = remembered(clinic)
    again = [
        data.replace(b"*000000001", b"*000000077").replace(b"*261117*0830*", b"*261120*0900*").replace(b"~", b"~\r\n")
        for data in files_of(clinic).values()
    ]
    assert {taken.state for taken in clinic.receive(*again, name="again")} == {"known"}
    assert remembered(clinic) == before


def test_a_file_without_its_last_terminator_is_whole(clinic: Billed) -> None:
    data = files_of(clinic)["835"]
    assert clinic.receive(data[:-1])[0].state == "applied"
    assert clinic.receive(data)[0].state == "known"


def test_a_file_of_which_no_claim_is_ours_is_not_remembered(clinic: Billed) -> None:
    """It may be of another host of the same store, or of claims that are marked later."""
    one = several(clinic)[0]
    before = remembered(clinic)
    unknown = era(paid(one, control="0", member="M999"))
    (taken,) = clinic.receive(unknown)
    assert (taken.state, len(taken.unmatched)) == ("other", 1)
    assert remembered(clinic) == before
    assert clinic.receive(unknown)[0].state == "other"


def test_a_payment_that_moves_money_alone_is_remembered(clinic: Billed) -> None:
    (taken,) = clinic.receive(era(moved=[("WO", "P77", "30.00")]))
    assert (taken.state, taken.paid) == ("applied", Decimal(-30))


def test_what_is_no_answer_about_claims_is_left_alone(clinic: Billed) -> None:
    with pytest.raises(InputError):
        clinic.receive(b"Dear clinic, please find attached")
    (taken,) = clinic.receive((clinic.out / "house/837P-house-000000001.837").read_bytes())
    assert taken.state == "other"


Read = Callable[[bytes], FileTaken]


def test_papers_of_the_claims_count_as_taken(clinic: Billed, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other, *_ = several(clinic)
    with clinic.answers() as answers:
        told: list[tuple[str, ...]] = []
        monkeypatch.setattr(
            type(answers.setup.store), "sent", lambda _, host, encounters: told.append((host, *sorted(encounters)))
        )
        answers.take(put(clinic.folder / "a.835", era(paid(one), paid(other))))
    assert told == [(HOST, *sorted((one.encounter, other.encounter)))]


def test_the_host_is_given_an_answer_once_and_shows_it_of_the_claim(clinic: Billed) -> None:
    one, other, *_ = several(clinic)
    clinic.receive(era(paid(one), paid(other, ("CO", "197", str(other.total)), status="4", number="P2")))
    with clinic.answers() as answers:
        assert answers.tell_host() == (0, ())
        (found,) = answers.setup.host.answers([one.claim, "Claim/none"])
    assert found["request"] == {"reference": one.claim}
    assert (found["outcome"], found["identifier"][1]) == ("complete", {"value": "P77"})
    assert len(clinic.resources("ClaimResponse")) == 2
    assert not any(name in str(clinic.resources("ClaimResponse")) for name in NAMES)


def test_a_host_that_does_not_answer_is_given_it_the_next_time(clinic: Billed, monkeypatch: pytest.MonkeyPatch) -> None:
    one = several(clinic)[0]
    with clinic.answers() as answers:
        answers.take(put(clinic.folder / "a.835", era(paid(one))))

        def away(_: object, groups: object) -> object:
            raise HostUnreachable("The host does not answer.")

        monkeypatch.setattr(type(answers.setup.host), "write", away)
        assert answers.tell_host() == (0, ("The host does not answer.",))
        monkeypatch.undo()
        assert answers.tell_host() == (1, ())
