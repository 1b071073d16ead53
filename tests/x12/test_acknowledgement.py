"""What a receiver says of a file we sent: taken or not, which transaction, and why, without any of the data."""

from __future__ import annotations

from pathlib import Path

import pytest

from massage_billing.x12.acknowledgement import Reason, TakenTransaction, read_acknowledgements
from x12_files import interchange, isa, transaction


def of_999(*segments: str) -> bytes:
    return interchange(transaction(*segments, kind="999"), functional="FA").encode()


@pytest.mark.parametrize(
    ("status", "note", "taken", "reasons"),
    [
        ("A", "000", True, ()),
        ("E", "024", True, ("content not valid, as a GS",)),
        ("R", "006", False, ("sender (ISA06) not valid",)),
        ("R", "999", False, ("TA1 note 999",)),
        ("?", "", None, ()),
    ],
)
def test_a_ta1_says_whether_the_interchange_was_taken(
    status: str, note: str, taken: bool | None, reasons: tuple[str, ...]
) -> None:
    found = read_acknowledgements(f"{isa()}~TA1*000000007*261117*0830*{status}*{note}~IEA*0*000000001~".encode())
    assert [one.control for one in found.interchanges] == ["000000007"]
    assert (found.taken, found.reasons) == (taken, reasons)


def test_a_999_says_which_transaction_was_not_taken_and_why() -> None:
    found = read_acknowledgements(
        of_999(
            "AK1*HS*7*005010X279A1", "AK2*270*0001*005010X279A1", "IK5*A", "AK2*270*0002*005010X279A1",
            "IK3*NM1*8*2100*8", "CTX*SITUATIONAL TRIGGER*NM1*8", "IK4*9*67*1", "IK4*3:2*1035*6*SECRET NAME",
            "IK5*R*5*I5", "AK9*P*2*2*1",
        )
    )  # fmt: skip
    (group,) = found.groups
    assert (group.kind, group.control, group.taken) == ("HS", "7", False)
    assert group.transactions == (
        TakenTransaction("270", "0001", True),
        TakenTransaction("270", "0002", False, (
            Reason("8", "an element of it is wrong", "2100 NM1"), Reason("1", "element missing", "2100 NM1 element 9"),
            Reason("6", "a character that is not allowed", "2100 NM1 element 3, component 2"),
            Reason("5", "segments are wrong"), Reason("I5", "segments are not as the guide wants"),
        )),
    )  # fmt: skip
    assert found.taken is False
    assert "2100 NM1 element 9: element missing" in found.reasons
    assert "SECRET" not in repr(found)


@pytest.mark.parametrize(
    ("segments", "reason"),
    [
        (("IK3*NM1*8*2100C RIVERS ADA*8",), "unknown NM1: an element of it is wrong"),
        (("IK3*RIVERS ADA*8*2100C*8",), "2100C unknown: an element of it is wrong"),
        (("IK3*NM1*8*2100C*RIVERS",), "2100C NM1: error unknown"),
        (("IK3*NM1*8*2100C*8", "IK4*9*67*M100200300"), "2100C NM1 element 9: error unknown"),
        (("IK3*NM1*8*2100C*8", "IK4*M100200300*67*1"), "2100C NM1 element unknown: element missing"),
        (("IK3*NM1*8*2100C*8", "IK4*3:RIVERS*67*1"), "2100C NM1 element 3, component unknown: element missing"),
        (("IK3*NM1*8*RIVERS*8",), "unknown NM1: an element of it is wrong"),
        (("IK5*R*RIVERS",), "error unknown"),
        (("IK5*R*ADA",), "error unknown"),
    ],
)
def test_a_receiver_that_shifts_its_elements_brings_no_data_into_the_reasons(
    segments: tuple[str, ...], reason: str
) -> None:
    found = read_acknowledgements(of_999("AK1*HS*7", "AK2*270*0001", *segments))
    assert reason in found.reasons
    assert not [word for word in ("RIVERS", "ADA", "M100200300") if word in repr(found)]


def test_a_ta1_with_a_note_that_is_no_code_does_not_show_it() -> None:
    found = read_acknowledgements(f"{isa()}~TA1*7*261117*0830*R*RIVERS ADA~IEA*0*000000001~".encode())
    assert found.reasons == ("TA1 note unknown",)


def test_a_group_that_was_not_taken_says_so_without_naming_a_transaction() -> None:
    found = read_acknowledgements(of_999("AK1*HS*7", "AK9*R*3*3*0*2*ZZ"))
    assert found.taken is False
    assert found.reasons == ("version (GS08) not supported", "error ZZ")


def test_an_accepted_group_is_taken() -> None:
    found = read_acknowledgements(of_999("AK1*HS*7", "AK2*270*0001", "IK5*E*5", "AK9*E*1*1*1"))
    assert found.taken is True


def test_a_transaction_without_a_verdict_is_no_data() -> None:
    found = read_acknowledgements(of_999("AK1*HS*7", "AK2*270*0001", "AK2*270*0002"))
    assert [one.taken for one in found.groups[0].transactions] == [None, None]
    assert found.taken is None


def test_the_older_997_is_read_the_same_way() -> None:
    data = interchange(
        transaction("AK1*HS*7", "AK2*270*0001", "AK3*DMG*12**8", "AK4*2*1251*8", "AK5*R*5", "AK9*R*1*1*0", kind="997")
    )
    found = read_acknowledgements(data.encode())
    assert found.taken is False
    assert "DMG element 2: date not valid" in found.reasons


@pytest.mark.parametrize("data", [b"", b"nothing", interchange(transaction("EB*1**30")).encode()])
def test_where_nothing_is_said_of_what_we_sent_nothing_is_known(data: bytes) -> None:
    found = read_acknowledgements(data)
    assert (found.interchanges, found.groups, found.taken) == ((), (), None)


def test_odd_segments_break_nothing() -> None:
    found = read_acknowledgements(of_999("IK3", "IK4", "IK5", "AK9", "AK1", "AK2", "IK4*::*", "ZZZ*1"))
    assert len(found.groups) == 2
    assert found.taken is None


def test_real_shaped_999s_are_read(shared: Path) -> None:
    for file in sorted((shared / "x12" / "999").iterdir()):
        found = read_acknowledgements(file.read_bytes())
        assert found.taken is True
        assert len(found.groups) == file.read_bytes().count(b"ST*999*")
