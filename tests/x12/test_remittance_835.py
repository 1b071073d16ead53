"""Reading 835s: each field of what was written comes back, in whatever chunks, order and oddity it was sent."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massage_billing.model.professional import LineAdjustment
from massage_billing.model.remittance import ClaimPaid, LinePaid, Remittance, RemittanceEnd, RemittanceHeader
from massage_billing.x12.balance_835 import Balance, imbalances
from massage_billing.x12.remittance_835 import read_835, remittances
from massage_billing.x12.segments import Ended, Outside
from remittance_files import HEADER, chunks, enveloped, made
from x12_files import NPI

BPR = "BPR*I*100*C*ACH************20261119"
CLP = "CLP*MB1*1*100*100"
SEEDS = st.integers(0, 10**9)


def one(*segments: str, bpr: str = BPR) -> Remittance:
    """The one remittance of a file with these segments after the header."""
    (found,) = remittances(enveloped([bpr, *HEADER, *segments]))
    return found


def claim(*segments: str, clp: str = CLP) -> ClaimPaid:
    (found,) = one(clp, *segments).claims
    return found


def line(*segments: str) -> LinePaid:
    (found,) = claim(*segments).lines
    return found


@given(seed=SEEDS, count=st.integers(0, 6), moves=st.integers(0, 13))
def test_each_field_of_what_was_written_comes_back(seed: int, count: int, moves: int) -> None:
    written = made(seed, count, moves=moves)
    (read,) = remittances(written.data())
    assert list(read.claims) == written.claims
    assert list(read.adjustments) == written.moved
    assert (read.paid if read.credit else -read.paid) == written.paid
    assert (read.trace, read.payer_name, read.payer_id) == ("EFT0001", "CEDAR HEALTH", "1512345678")
    assert (read.payee_npi, read.payee_tax_id) == (NPI, "123456789")
    assert (read.date, read.produced, read.control) == (date(2026, 11, 19), date(2026, 11, 18), "0001")
    assert (read.sender, read.interchange_control, read.group_control) == ("CEDAR", "000000001", "1")
    assert read.complete
    assert (read.oddities, read.unreadable) == ((), ())


@given(seed=SEEDS, count=st.integers(0, 4), cuts=st.lists(st.integers(0, 9000), max_size=20))
def test_whatever_chunks_a_file_comes_in_the_same_is_read(seed: int, count: int, cuts: list[int]) -> None:
    data = made(seed, count, moves=count).data() + made(seed + 1, 1).data()
    places = sorted({cut for cut in cuts if cut < len(data)})
    pieces = [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]
    assert list(read_835(iter(pieces))) == list(read_835(data))


def test_byte_by_byte_is_read_the_same() -> None:
    data = made(7, 3, moves=2).data()
    assert list(read_835(data[place : place + 1] for place in range(len(data)))) == list(read_835(data))


def peak(count: int) -> int:
    """Bytes that reading and balancing so many claims holds at its most."""
    stream = chunks(count)
    tracemalloc.start()
    balance: Balance | None = None
    found = claims = 0
    for part in read_835(stream):
        if isinstance(part, RemittanceHeader):
            balance = Balance.of(part.remittance)
        elif isinstance(part, ClaimPaid) and balance is not None:
            claims += 1
            found += len(balance.claim(part))
        elif isinstance(part, RemittanceEnd) and balance is not None:
            found += len(balance.end(part))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (claims, found) == (count, 0)
    return most


@pytest.mark.slow
def test_memory_is_flat_in_the_size_of_the_file() -> None:
    """The chunks of the file are of 70 KB, each held some times while it is cut."""
    large = peak(20_000)
    assert large < 3_000_000
    assert large < peak(1_000) + 1_000_000


def test_the_parts_come_in_the_order_of_the_file() -> None:
    data = enveloped([BPR, *HEADER, CLP, CLP], [BPR, *HEADER, CLP])
    kinds = [type(part) for part in read_835(data)]
    first = [RemittanceHeader, ClaimPaid, ClaimPaid, RemittanceEnd]
    assert kinds == [*first, RemittanceHeader, ClaimPaid, RemittanceEnd, Ended, Ended]
    assert [claim.place for found in remittances(data) for claim in found.claims] == [1, 2, 3]


def test_a_remittance_without_claims_has_a_header_and_an_end() -> None:
    found = one("PLB*1234567893*20261231*FB*-100")
    assert (found.claims, [move.amount for move in found.adjustments]) == ((), [Decimal(-100)])
    assert one().claims == ()


def test_other_transactions_of_a_file_are_passed_over() -> None:
    data = enveloped([BPR, *HEADER, CLP]).replace(b"GE*1*1", b"ST*999*0002~AK1*HC*1~SE*3*0002~GE*2*1")
    data = data.replace(b"GS*HP", b"TA1*000000007*261117*0830*A*000~GS*HP")
    assert len(remittances(data)) == 1
    assert [part.segment[:3] for part in read_835(data) if isinstance(part, Outside)] == ["TA1"]
    assert remittances(b"no X12") == []


def test_an_older_835_and_a_group_of_another_name_are_read() -> None:
    body = [
        "BPR*C*40*C*ACH*CCP*01*888999777*DA*24681012*1935665544**01*111333555*DA*144444*20030316",
        "TRN*1*71700666555*1935665544", "DTM*405*20030314", "N1*PR*CEDAR", "N1*PE*QUIET HANDS*FI*123456789",
        "LX*1", "CLP*MB9*1*80*40*40*12*94060555410000", "CAS*PR*1*40", "NM1*QC*1*RIVERS*ADA****HN*33344555510",
        "SVC*HC:97124*80*80", "DTM*472*20030301",
    ]  # fmt: skip
    data = enveloped(body, version="004010X091A1").replace(b"GS*HP", b"GS*HC").replace(b"*^*00501*", b"*U*00401*")
    (found,) = remittances(data)
    assert (found.payee_tax_id, found.date) == ("123456789", date(2003, 3, 16))
    assert found.claims[0].patient_member_id == "33344555510"
    assert imbalances(found) == []


@pytest.mark.parametrize(("before", "end"), [("\ufeff", "~\r\n"), ("", "\n"), ("  \n", "~"), ("", "\r\n")])
def test_marks_and_line_breaks_change_nothing(before: str, end: str) -> None:
    written = made(3, 4, moves=1)
    (read,) = remittances(before.encode() + enveloped(written.body(), end=end))
    assert list(read.claims) == written.claims
    assert imbalances(read) == []


def test_segments_in_small_letters_are_read() -> None:
    found = claim("svc*hc:97124:gp*100*60*", "cas*co*45*40", "lq*he*n362", "dtm*472*20261103", clp=CLP.lower())
    assert found.control == "mb1"
    assert found.lines[0].adjustments == (LineAdjustment("CO", "45", Decimal(40)),)
    assert (found.lines[0].qualifier, found.lines[0].remarks) == ("HC", ("N362",))


def test_several_adjustments_of_one_group_and_gaps_between_them_are_read() -> None:
    found = line(
        "SVC*HC:97124*100*10", "CAS*CO*45*10*1*97*20*2*119*5**151*5**197*5**B7*5*6", "CAS*CO*A1*20", "CAS*PR*1*15**2*5"
    )
    assert [(one.group, one.code, one.amount, one.quantity) for one in found.adjustments] == [
        ("CO", "45", Decimal(10), Decimal(1)), ("CO", "97", Decimal(20), Decimal(2)), ("CO", "119", Decimal(5), None),
        ("CO", "151", Decimal(5), None), ("CO", "197", Decimal(5), None), ("CO", "B7", Decimal(5), Decimal(6)),
        ("CO", "A1", Decimal(20), None), ("PR", "1", Decimal(15), None), ("PR", "2", Decimal(5), None),
    ]  # fmt: skip
    assert (found.of_patient, found.kept) == (Decimal(20), ())


def test_names_of_a_claim_are_told_apart() -> None:
    found = claim(
        "NM1*QC*1*RIVERS*BEN", "NM1*IL*1*RIVERS*ADA****MI*M1", "NM1*74*1*RIVER*ADAH****C*M2",
        "NM1*82*1*STONE*MARA****XX*1",
        "NM1*TT*2*SECOND HEALTH*****PI*S1", "NM1*PR*2*FIRST HEALTH*****PI*F1", "NM1*GB*1*LAKE*KAI****MI*M3",
    )  # fmt: skip
    assert (found.patient_name, found.patient_member_id) == (("RIVERS", "BEN"), "M1")
    assert (found.corrected_name, found.corrected_member_id) == (("RIVER", "ADAH"), "M2")
    assert (found.rendering_npi, found.crossover, found.priority_payer) == ("1", "SECOND HEALTH", "FIRST HEALTH")
    assert [segment[:6] for segment in found.kept] == ["NM1*IL", "NM1*74", "NM1*82", "NM1*TT", "NM1*PR", "NM1*GB"]


def test_remarks_of_both_kinds_of_outpatient_and_inpatient_claims_are_read() -> None:
    found = claim("MOA***MA01*MA07*N1", "MIA*0****MA15***************N2*N3")
    assert found.remarks == ("MA01", "MA07", "N1", "MA15", "N2", "N3")
    assert found.kept == ("MIA*0****MA15***************N2*N3",)
    assert claim("MOA*0.4*50*MA01").kept == ("MOA*0.4*50*MA01",)


def test_a_service_that_was_billed_as_another_one_tells_both() -> None:
    found = line("SVC*HC:97140:59*50*40**1*HC:97124:GP:KX*2", "CAS*CO*45*10")
    assert (found.code, found.modifiers) == ("97140", ("59",))
    assert (found.submitted_code, found.submitted_modifiers) == ("97124", ("GP", "KX"))
    assert (found.units_paid, found.units_billed) == (Decimal(1), Decimal(2))


def test_what_a_service_is_called_and_other_kinds_of_codes_are_kept() -> None:
    assert line("SVC*HC:97124:::::MASSAGE*100*100").kept == ("SVC*HC:97124:::::MASSAGE*100*100",)
    assert line("SVC*HC:97124*100*100***NU:0420").kept == ("SVC*HC:97124*100*100***NU:0420",)
    assert line("SVC*HC:97124*100*100*0420").revenue_code == "0420"


def test_another_mark_in_composites_than_the_interchange_names_is_understood() -> None:
    found = one(CLP, "SVC*HC>97124>GP*100*100", "PLB*1*20261231*WO>P1*0")
    assert (found.claims[0].lines[0].code, found.claims[0].lines[0].modifiers) == ("97124", ("GP",))
    assert (found.adjustments[0].reason, found.adjustments[0].reference) == ("WO", "P1")
    assert found.oddities == ("A composite is separated by another character than ISA16 names.",)


@pytest.mark.parametrize(("text", "amount"), [(".5", ".5"), ("-0", "0"), ("+7", "7"), ("5.", "5"), ("-.25", "-.25")])
def test_amounts_are_read_as_they_are_sent(text: str, amount: str) -> None:
    found = claim(clp=f"CLP*MB1*1*{text}*{text}")
    assert (found.charge, found.paid, found.unreadable) == (Decimal(amount), Decimal(amount), ())
    assert str(found.charge) != "-0"


@pytest.mark.parametrize("text", ["1e2", "12,50", "NaN", "Infinity", "", "$5", "1 0", "--1", "٣", "1" * 30])
def test_what_is_no_amount_is_named_by_its_place_and_kept(text: str) -> None:
    found = claim(f"SVC*HC:97124*{text}*100", f"CAS*CO*45*{text}", f"AMT*B6*{text}", clp=f"CLP*MB1*1*100*{text}")
    assert found.unreadable == ("CLP04",)
    assert found.lines[0].unreadable == ("SVC02", "CAS03", "AMT02")
    assert found.kept == (f"CLP*MB1*1*100*{text}",)
    assert found.lines[0].kept == (f"SVC*HC:97124*{text}*100", f"CAS*CO*45*{text}", f"AMT*B6*{text}")
    told = one(f"CLP*MB1*1*100*{text}", bpr=f"BPR*I*{text}*C*ACH")
    assert told.unreadable == ("BPR02",)
    codes = {(one.code, one.where) for one in imbalances(told) if one.refuses}
    assert {("unreadable", "transaction 0001"), ("unreadable", "transaction 0001, claim 1 (MB1)")} <= codes


def test_a_line_without_what_was_paid_was_not_paid() -> None:
    found = one("CLP*MB1*4*100*0", "SVC*HC:97124*100", "CAS*CO*197*100", bpr="BPR*H*0*C*NON")
    assert (found.claims[0].lines[0].paid, found.claims[0].lines[0].unreadable) == (Decimal(0), ())
    assert found.oddities == ("SVC03 is missing and was taken as zero.",)
    assert imbalances(found) == []


@pytest.mark.parametrize(
    "segment",
    ["CLP", "CLP*", "SVC", "CAS", "CAS*CO", "CAS*CO**5", "AMT", "REF", "LQ", "DTM", "NM1", "MOA", "PLB", "PLB*1*2*3",
     "LX", "QTY*CA", "ZZZ*1", "DTM*472*20261399", "CAS*CO*45*1*x", "N1", "BPR", "TRN*1"],
)  # fmt: skip
def test_missing_elements_break_nothing(segment: str) -> None:
    for place in range(4):
        body = [CLP, "SVC*HC:97124*100*100", "PLB*1*20261231*WO:1*0"]
        body.insert(place, segment)
        assert remittances(enveloped([BPR, *HEADER, *body]))[0].control == "0001"
    assert len(remittances(enveloped([segment]))) == 1


def test_a_file_that_ends_too_early_is_not_complete() -> None:
    data = made(5, 3).data()
    whole = remittances(data)[0]
    for cut in (data.index(b"SE*"), data.rindex(b"CLP*"), data.index(b"SVC*")):
        (found,) = remittances(data[:cut])
        assert not found.complete
        assert "incomplete" in {one.code for one in imbalances(found)}
        assert found.claims[: len(found.claims) - 1] == whole.claims[: len(found.claims) - 1]


def test_wrong_counts_are_told_and_no_reason_to_refuse() -> None:
    data = made(5, 3).data().replace(b"GE*1*1", b"GE*4*1").replace(b"*0001~GE", b"9*0001~GE")
    (found,) = remittances(data)
    assert found.oddities == (
        "SE01 is not the number of its segments.", "group 1: GE01 is not the number of its transactions.",
    )  # fmt: skip
    assert imbalances(found) == []


def test_two_remittances_that_run_into_each_other_are_refused() -> None:
    found = one(CLP, BPR, *HEADER, CLP, bpr="BPR*I*200*C*ACH")
    assert found.unreadable == ("BPR", "TRN")
    assert {one.code for one in imbalances(found)} == {"unreadable"}


def test_money_of_a_claim_outside_of_every_claim_is_refused() -> None:
    found = one("LX*1", "CAS*CO*45*5", "SVC*HC:97124*1*1", CLP)
    assert found.unreadable == ("CAS", "SVC")
    assert found.kept[-2:] == ("CAS*CO*45*5", "SVC*HC:97124*1*1")


def test_lx_and_summaries_are_kept_with_the_claim_that_follows() -> None:
    found = one("LX*1", "TS3*1*11*20261231*1*100", CLP, "LX*2", "TS2*1", CLP, "LX*3")
    assert [claim.kept for claim in found.claims] == [("LX*1", "TS3*1*11*20261231*1*100"), ("LX*2", "TS2*1")]
    assert found.kept[-1] == "LX*3"


def test_a_date_before_its_place_in_bpr_is_read() -> None:
    found = one(CLP, bpr="BPR*I*100*C*CHK***********20261119")
    assert found.date == date(2026, 11, 19)
    assert "BPR*I*100*C*CHK***********20261119" in found.kept


@settings(max_examples=30)
@given(seed=SEEDS)
def test_several_remittances_of_a_file_are_told_apart(seed: int) -> None:
    first, second = made(seed, 2, moves=1), made(seed + 1, 3)
    read = remittances(enveloped(first.body(), second.body()))
    assert list(read[0].claims) == first.claims
    assert [replace(claim, place=claim.place - 2) for claim in read[1].claims] == second.claims
    assert [found.control for found in read] == ["0001", "0002"]
