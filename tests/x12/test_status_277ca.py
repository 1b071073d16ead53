"""What receivers say of our claims: taken or not, for which claim, line, provider or file, and why."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massage_billing.model.remittance import ClaimAcknowledged, StatusSaid
from massage_billing.x12.kinds import what_is
from massage_billing.x12.segments import Oddity, read_transactions
from massage_billing.x12.status_277ca import read_status, statuses
from massage_billing.x12.status_codes import default_status_codes
from remittance_files import made
from x12_files import NPI, isa

TOP = ("BHT*0085*08*ACK1*20261118*0830*TH", "HL*1**20*1", "NM1*PR*2*CEDAR HEALTH*****PI*CEDAR1", "TRN*1*ACK1",
       "DTP*050*D8*20261117")  # fmt: skip
RECEIVER = ("HL*2*1*21*1", "NM1*41*2*QUIET HANDS*****46*CLINIC", "TRN*2*BATCH7")
PROVIDER = ("HL*3*2*19*1", f"NM1*85*2*QUIET HANDS*****XX*{NPI}")
PATIENT = ("HL*4*3*PT", "NM1*QC*1*RIVERS*ADA****MI*M100200300")


def file_of(*segments: str, version: str = "005010X214", kind: str = "277") -> bytes:
    lines = [isa(), f"GS*HN*CEDAR*CLINIC*20261118*0830*1*X*{version}", f"ST*{kind}*0001*{version}", *segments]
    lines += [f"SE*{len(segments) + 2}*0001", "GE*1*1", "IEA*1*000000001"]
    return "".join(f"{line}~" for line in lines).encode()


def said(*segments: str, patient: tuple[str, ...] = PATIENT) -> ClaimAcknowledged:
    """The one claim of a file with these segments in 2200D."""
    found = statuses(file_of(*TOP, *RECEIVER, *PROVIDER, *patient, *segments))
    (claim,) = [one for one in found if one.level == "claim"]
    return claim


def test_an_accepted_claim_has_its_numbers_and_the_day() -> None:
    found = said("TRN*2*MB000001", "STC*A2:20:PR*20261118*WQ*125", "REF*1K*P77", "REF*D9*C88", "DTP*472*D8*20261103")
    assert (found.control, found.taken, found.payer_claim_number, found.clearinghouse_number) == (
        "MB000001", True, "P77", "C88",
    )  # fmt: skip
    assert (found.batch, found.provider, found.level, found.trace) == ("BATCH7", NPI, "claim", "")
    assert found.reasons == (
        StatusSaid("A2", "20", "PR", "accepted for adjudication: accepted for processing (payer)", Decimal(125),
                   date(2026, 11, 18), action="WQ"),
    )  # fmt: skip
    assert found.kept == (*PATIENT, "DTP*472*D8*20261103")


def test_a_rejected_claim_tells_every_reason_in_words() -> None:
    found = said(
        "TRN*2*MB1",
        "STC*A7:562:85*20261118*U*125******A7:145:82*A3:21*WRONG NPI FOR RIVERS",
        "STC*A6:252*20261118*U",
    )
    assert found.taken is False
    assert [one.words for one in found.reasons] == [
        "rejected because something is not valid: NPI (billing provider)",
        "rejected because something is not valid: taxonomy code (rendering provider)",
        "returned as not processable: something is missing or not valid",
        "rejected because something is missing: authorization number",
    ]
    assert [one.free_text for one in found.reasons] == ["WRONG NPI FOR RIVERS", "", "", ""]


@pytest.mark.parametrize(
    ("stc", "taken"),
    [
        ("STC*A1:19*20261118*WQ*1", True),
        ("STC*A2:20*20261118", True),
        ("STC*A3:21*20261118*U*1", False),
        ("STC*A6:21", False),
        ("STC*A7:562:85*20261118*WQ*1", False),
        ("STC*A8:187", False),
        ("STC*A0:16:PR*20261118*WQ*1", True),
        ("STC*A0:16:PR*20261118*U*1", False),
        ("STC*A0:16:PR*20261118", None),
        ("STC*A4:35*20261118", None),
        ("STC*A5:717*20261118*WQ", True),
        ("STC*P1:20*20261118", True),
        ("STC*F2:88:QC*20261118", True),
        ("STC*R4:1*20261118", None),
        ("STC*E1:484*20261118", None),
        ("STC*Z9:1*20261118", None),
        ("STC*Z9:1*20261118*U", False),
        ("STC", None),
        ("STC*A1:19*20261118*WQ~STC*A3:21*20261118*U", False),
    ],
)
def test_whether_a_claim_was_taken_comes_from_the_category_and_else_from_the_action(
    stc: str, taken: bool | None
) -> None:
    assert said("TRN*2*MB1", *stc.split("~")).taken is taken


def test_codes_that_are_not_known_are_told_as_codes() -> None:
    found = said("TRN*2*MB1", "STC*A9:999:ZZ*20261118*U")
    assert found.reasons[0].words == "category A9: status 999 (ZZ)"
    assert said("TRN*2*MB1", "STC*F2:80::RX").reasons[0].words == "denied: status 80"
    shifted = said("TRN*2*MB1", "STC*RIVERS ADA:M100200300:SECRET NAME*20261118*U").reasons[0].words
    assert shifted == "category unknown: status unknown (unknown)"


def test_lines_are_told_by_their_number_else_by_their_place() -> None:
    found = said(
        "TRN*2*MB1", "STC*A3:21*20261118*U*500", "SVC*HC:97124*35*****1", "STC*A8:122**U*******A8:453:82",
        "REF*FJ*L11", "DTP*472*D8*20261103", "SVC*HC:97140*40*****1", "STC*A8:454**U",
    )  # fmt: skip
    assert [(one.line, one.code) for one in found.reasons] == [("", "21"), ("L11", "122"), ("L11", "453"), ("2", "454")]
    assert found.kept[-3:] == ("SVC*HC:97124*35*****1", "DTP*472*D8*20261103", "SVC*HC:97140*40*****1")


def test_a_line_that_is_rejected_rejects_a_claim_of_which_nothing_else_is_said() -> None:
    assert said("TRN*2*MB1", "SVC*HC:97124*35*****1", "STC*A8:453**U").taken is False


def test_a_patient_may_have_several_claims() -> None:
    found = statuses(
        file_of(*TOP, *RECEIVER, *PROVIDER, *PATIENT, "TRN*2*MB1", "STC*A2:20*20261118*WQ", "TRN*2*MB2", "STC*A3:21",
                "HL*5*3*PT", "NM1*QC*1*LAKE*KAI", "TRN*2*MB3", "STC*A2:20")
    )  # fmt: skip
    claims = [(one.control, one.taken) for one in found if one.level == "claim"]
    assert claims == [("MB1", True), ("MB2", False), ("MB3", True)]
    assert [one.kept[1] for one in found if one.level == "claim"] == [PATIENT[1], PATIENT[1], "NM1*QC*1*LAKE*KAI"]


def test_what_is_said_of_a_provider_and_of_the_whole_file_has_no_claim() -> None:
    found = statuses(
        file_of(*TOP, *RECEIVER, "STC*A3:24:41*20261118*U*150", "QTY*AA*5", "AMT*YY*300", "HL*3*2*19*0",
                f"NM1*85*1*STONE*MARA****XX*{NPI}", "TRN*1*PR9", "STC*A3:24:85*20261118*U*150", "QTY*QC*3")
    )  # fmt: skip
    batch, provider = found
    assert (batch.control, batch.level, batch.taken, batch.batch) == ("", "batch", False, "BATCH7")
    assert batch.kept[-2:] == ("QTY*AA*5", "AMT*YY*300")
    assert (provider.control, provider.level, provider.taken, provider.provider) == ("", "provider", False, NPI)
    assert (provider.trace, provider.batch, provider.kept[-1]) == ("PR9", "BATCH7", "QTY*QC*3")
    assert provider.reasons[0].words == "returned as not processable: not approved to send claims (billing provider)"


def test_a_277_gives_back_our_number_beside_the_number_of_the_question() -> None:
    found = statuses(
        file_of("BHT*0010*08*X*20261118*0810*DG", "HL*1**20*1", "NM1*PR*2*CEDAR", "HL*2*1*21*1", "NM1*41*2*US",
                "HL*3*2*19*1", f"NM1*1P*2*US*****XX*{NPI}", "HL*4*3*22*1", "NM1*IL*1*RIVERS*ADA****MI*M1",
                "HL*5*4*23", "NM1*QC*1*RIVERS*BEN", "TRN*2*ASK1",
                "STC*F1:65*20261118**150*120*20261118*ACH*20261119*EFT1", "REF*1K*P1", "REF*EJ*MB1",
                version="005010X212")
    )  # fmt: skip
    claim = found[-1]
    assert (claim.control, claim.trace, claim.taken, claim.payer_claim_number) == ("MB1", "ASK1", True, "P1")
    assert "STC*F1:65*20261118**150*120*20261118*ACH*20261119*EFT1" in claim.kept
    assert "NM1*IL*1*RIVERS*ADA****MI*M1" in claim.kept
    assert claim.provider == NPI


def test_levels_whose_hl_is_missing_are_told_by_their_names() -> None:
    found = statuses(
        file_of(*TOP, *RECEIVER, f"NM1*85*2*US*****XX*{NPI}", "NM1*QC*1*RIVERS*ADA", "TRN*2*MB1", "STC*A2:20*20261118")
    )
    assert [(one.level, one.control, one.taken) for one in found] == [
        ("batch", "", None), ("provider", "", None), ("claim", "MB1", True),
    ]  # fmt: skip


def test_words_of_messages_show_nothing_of_patients() -> None:
    found = said("TRN*2*MB1", "STC*A7:158:QC*20261118*U********RIVERS IS 12")
    assert "RIVERS" not in found.reasons[0].words


SAMPLES = {
    "LinuxForHealth__demo-file__demo.277": [("SM123456", True), ("J0234567", True), ("MA345678", True)],
    "LinuxForHealth__src__tests__resources__277_005010X212__claim-level-status-ncpdp.277": [("ABCXYZ1", True)],
    "LinuxForHealth__src__tests__resources__277_005010X212__information-receiver-level-status.277": [],
    "LinuxForHealth__src__tests__resources__277_005010X212__provider-level-status.277": [("SM123456", True)],
}


def test_the_samples_are_read_and_lose_nothing(shared: Path) -> None:
    for file in sorted((shared / "x12" / "277").iterdir()):
        found = statuses(file.read_bytes())
        assert [(one.control, one.taken) for one in found if one.level == "claim"] == SAMPLES[file.name]
        assert lost(file.read_bytes()) == [], file.name


def lost(data: bytes) -> list[str]:
    """Segments that are neither kept nor, each element of them, in a field."""
    found = statuses(data)
    kept = Counter(segment for one in found for segment in one.kept)
    missing: list[str] = []
    fields = {one.control for one in found} | {one.trace for one in found} | {one.batch for one in found}
    fields |= {one.payer_claim_number for one in found} | {one.clearinghouse_number for one in found}
    reasons = [reason for one in found for reason in one.reasons]
    for reason in reasons:
        fields |= {reason.category, reason.code, reason.entity, reason.line, reason.action, reason.free_text}
        fields |= {str(reason.amount), f"{reason.effective:%Y%m%d}" if reason.effective else ""}
    for transaction in read_transactions(data):
        for segment in transaction.segments:
            if kept[segment]:
                continue
            parts = [part.strip() for part in segment.split("*")]
            parts = parts[2:] if parts[0] in {"TRN", "REF"} else parts[1:]
            values = {one.strip().upper() for part in parts for one in part.split(":")}
            missing += [f"{segment}: {one}" for one in sorted(values - {one.upper() for one in fields} - {""})]
    return missing


TEXT = st.text("ABCXYZ019 .-/'&", max_size=8)
CODE = st.sampled_from(["A1", "A3", "A7:562:85", "F2:88", "", ":", "A3:21::RX", "a2:20", "Z:1:2:3:4"])
ANY = st.one_of(
    st.builds("HL*{}*{}*{}*{}".format, TEXT, TEXT, st.sampled_from(["20", "21", "19", "22", "23", "PT", ""]), TEXT),
    st.builds("NM1*{}*1*{}*****XX*{}".format, st.sampled_from(["PR", "41", "85", "1P", "QC", "IL", ""]), TEXT, TEXT),
    st.builds("TRN*{}*{}*{}".format, st.sampled_from(["1", "2", ""]), TEXT, TEXT),
    st.builds("STC*{}*{}*{}*{}*{}*****{}*{}*{}".format, CODE, st.sampled_from(["20261118", "x", ""]),
              st.sampled_from(["WQ", "U", "", "15"]), st.sampled_from(["1", "", "x"]), st.sampled_from(["", "5"]), CODE,
              CODE, TEXT),
    st.builds("REF*{}*{}*{}".format, st.sampled_from(["1K", "D9", "EJ", "FJ", "BLT", ""]), TEXT, st.just("")),
    st.builds("{}*{}*{}".format, st.sampled_from(["SVC", "QTY", "AMT", "DTP", "ZZZ", "BHT"]), TEXT, TEXT),
)  # fmt: skip


@given(segments=st.lists(ANY, max_size=25))
def test_whatever_comes_nothing_is_lost_and_nothing_breaks(segments: list[str]) -> None:
    data = file_of(*segments)
    assert lost(data) == []
    assert list(read_status(data[place : place + 7] for place in range(0, len(data), 7))) == list(read_status(data))


def test_what_is_odd_about_a_file_is_told() -> None:
    data = file_of(*TOP, *RECEIVER, *PROVIDER, *PATIENT, "TRN*2*MB1", "STC*A2:20").partition(b"SE*")[0]
    codes = [one.code for one in read_status(data) if isinstance(one, Oddity)]
    assert codes == ["trailer-missing", "trailer-missing", "trailer-missing"]
    assert [one.control for one in statuses(data)] == ["", "", "MB1"]
    assert statuses(b"") == []


def test_each_category_says_whether_a_claim_was_taken_or_that_it_does_not() -> None:
    codes = default_status_codes()
    assert {code for code, one in codes.categories.items() if one.taken is False} == {"A3", "A6", "A7", "A8"}
    assert {"A1", "A2"} <= {code for code, one in codes.categories.items() if one.taken}
    assert {codes.categories[code].taken for code in ("A0", "A4", "E0", "D0", "R0")} == {None}
    assert (files("massage_billing") / "rules" / "claims" / "x12_claim_status.yaml").is_file()


@pytest.mark.parametrize(
    ("data", "kinds"),
    [
        (file_of(*TOP), ("277CA",)),
        (file_of("BHT*0010*08*X*20261118*0810*DG", version="005010X212"), ("277",)),
        (file_of(*TOP, version=""), ("277CA",)),
        (file_of("BHT*0010*08*X*20261118*0810*DG", version=""), ("277",)),
        (made(1, 2).data(), ("835",)),
        (file_of("AK1*HC*1", version="005010X231A1", kind="999"), ("999",)),
        (file_of("AK1*HC*1", version="005010", kind="997"), ("997",)),
        (file_of("EB*1", version="005010X279A1", kind="271"), ("271",)),
        (f"{isa()}~TA1*000000007*261117*0830*A*000~IEA*0*000000001~".encode(), ("TA1",)),
        (made(1, 1).data() + file_of(*TOP) + made(2, 1).data(), ("835", "277CA")),
        (b"", ()),
        (b"From: payer\r\n\r\nnothing", ()),
    ],
)
def test_what_a_file_is_comes_from_what_stands_in_it(data: bytes, kinds: tuple[str, ...]) -> None:
    assert what_is(data) == kinds
    assert what_is(data[place : place + 50] for place in range(0, len(data), 50)) == kinds


def test_the_kinds_of_the_samples(shared: Path) -> None:
    for folder in ("835", "277", "999", "271", "270"):
        for file in (shared / "x12" / folder).iterdir():
            assert what_is(file.read_bytes()) == (folder,), file.name
