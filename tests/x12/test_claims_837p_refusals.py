"""What cannot stand in an 837P is refused by claim, loop, segment and field, and never by value."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from claims_837p_cases import (
    ANA,
    CLINIC,
    FIRST,
    ON,
    OTHER_THERAPIST,
    PAYER,
    RECEIVER,
    SUBMITTER,
    THERAPIST,
    WRITTEN,
    claim,
    envelope,
    line,
    second,
)
from massage_billing.errors import ClaimNotExportable, MassageBillingError
from massage_billing.model.professional import (
    Address,
    ClaimParty,
    Insured,
    LineAdjudicated,
    LineAdjustment,
    OtherPayer,
    ProfessionalClaim,
)
from massage_billing.x12.claims_837p import MOST_CLAIMS, Receiver, Submitter, write_837p

BEN = Insured(ClaimParty("BELL", "BEN", address=ANA.party.address), "", date(2015, 2, 3), "M")
HALL = ClaimParty("OAK HALL", organization=True, address=CLINIC.address)
BOX = replace(CLINIC.address, lines=("P.O. Box 7",))
SAID = second().lines[0].others[0][1]
FIRST_ONE = second().others[0]


def party(of: ClaimParty = CLINIC, **changes: Any) -> ClaimParty:
    return replace(of, **changes)


def ana(**changes: Any) -> Insured:
    return replace(ANA, party=replace(ANA.party, **changes))


def located(**changes: Any) -> Address:
    return replace(CLINIC.address, **changes)


def other(**changes: Any) -> ProfessionalClaim:
    return replace(second(), others=(replace(FIRST_ONE, **changes),))


def said(**changes: Any) -> ProfessionalClaim:
    return replace(second(), lines=(line(others=((1, replace(SAID, **changes)),)),))


def both(**changes: Any) -> ProfessionalClaim:
    """Two other payers, both telling of the line."""
    tertiary = replace(second(), rank="T")
    here = replace(FIRST_ONE, **({"rank": "S", "payer": replace(FIRST, payer_id="OAK1")} | changes))
    return replace(tertiary, others=(FIRST_ONE, here), lines=(line(others=((1, SAID), (2, SAID))),))


LATE = WRITTEN.date() + timedelta(days=1)
TWO = ("P", "18", ANA, FIRST)
REFUSED: dict[str, tuple[ProfessionalClaim, str]] = {
    "no control": (claim(control=" "), "claim control number (2300 CLM01) is missing"),
    "control too long": (claim(control="1" * 21), "Claim control number (2300 CLM01) has 21 characters"),
    "place of service": (claim(place_of_service="1"), "place of service (2300 CLM05)"),
    "frequency": (claim(frequency="6"), "claim frequency (2300 CLM05) is no code"),
    "replacement without number": (claim(frequency="7"), "payer's claim number (2300 REF02) is missing"),
    "void without number": (claim(frequency="8"), "payer's claim number (2300 REF02) is missing"),
    "original with number": (claim(payer_claim_number="X1"), "payer's claim number (2300 REF02) is for replacements"),
    "no diagnosis": (claim(diagnoses=()), "diagnoses (2300 HI) have to be 1 to 12"),
    "13 diagnoses": (claim(diagnoses=tuple(f"M54{n:02}" for n in range(13))), "diagnoses (2300 HI)"),
    "diagnosis with a point": (claim(diagnoses=("M54.50",)), "diagnosis (2300 HI) is no ICD-10-CM code"),
    "rank": (claim(rank="U"), "rank of the payer (2000B SBR01) is no code"),
    "filing": (claim(payer=replace(PAYER, filing_indicator="XX")), "claim filing indicator (2000B SBR09)"),
    "no filing": (claim(payer=replace(PAYER, filing_indicator="")), "claim filing indicator (2000B SBR09) is missing"),
    "Medicare second": (replace(second(), payer=replace(PAYER, filing_indicator="MB")), "(2000B SBR05) is missing"),
    "insurance type": (claim(insurance_type="12"), "(2000B SBR05) is only for Medicare"),
    "self who is not": (claim(relationship="01"), "relationship (2000B SBR02) has to be 18"),
    "dependent who is": (claim(patient=BEN), "relationship (2000C PAT01) is no code"),
    "injury": (claim(payer=replace(PAYER, filing_indicator="WC")), "property and casualty claim number (2010BA REF02)"),
    "injury of another": (
        claim(payer=replace(PAYER, filing_indicator="AM"), patient=BEN, relationship="19"),
        "property and casualty claim number (2010CA REF02) is missing",
    ),
    "injury of the other": (
        claim(subscriber=replace(ANA, property_casualty_number="Z"), patient=BEN, relationship="19"),
        "property and casualty claim number (2010BA REF02) belongs to the patient",
    ),
    "accident without cause": (claim(accident_date=ON), "cause of the accident (2300 CLM11) is missing"),
    "cause": (claim(accident_causes=("ZZ",), accident_date=ON), "cause of the accident (2300 CLM11) is no code"),
    "causes": (claim(accident_causes=("EM", "EM"), accident_date=ON), "causes of the accident (2300 CLM11)"),
    "auto without state": (claim(accident_causes=("AA",), accident_date=ON), "state of the accident (2300 CLM11)"),
    "accident without date": (claim(accident_causes=("OA",)), "date of the accident (2300 DTP03) is missing"),
    "accident after": (claim(accident_causes=("OA",), accident_date=LATE), "date of the accident (2300 DTP03) is"),
    "onset after": (claim(onset=LATE), "date of onset (2300 DTP03) is after a date of service"),
    "born after": (claim(subscriber=replace(ANA, birth_date=LATE)), "patient's birth date (2300 DMG02) is after"),
    "not served yet": (claim(lines=(line(date=LATE),)), "date of service (2400 DTP03) is after the day of writing"),
    "no line": (claim(lines=()), "lines (2300 LX) have to be 1 to 50"),
    "51 lines": (claim(lines=(line(),) * 51), "lines (2300 LX) have to be 1 to 50"),
    "total": (claim(total=Decimal("120.01")), "total charge (2300 CLM02) is not the sum of the lines"),
    "line controls": (claim(lines=(line(control="A"),) * 2), "line control number (2400 REF02) stands on two lines"),
    "line control": (claim(lines=(line(control="A" * 31),)), "line control number (2400 REF02) has more than 30"),
    "procedure": (claim(lines=(line(code="9712"),)), "procedure code (2400 SV101)"),
    "5 modifiers": (claim(lines=(line(modifiers=("GP", "59", "KX", "XS", "25")),)), "modifiers (2400 SV101)"),
    "modifier": (claim(lines=(line(modifiers=("G",)),)), "modifier (2400 SV101)"),
    "line place": (claim(lines=(line(place_of_service="x"),)), "line's place of service (2400 SV105)"),
    "no pointer": (claim(lines=(line(pointers=()),)), "diagnosis pointers (2400 SV107)"),
    "5 pointers": (claim(lines=(line(pointers=(1, 2, 3, 4, 5)),)), "diagnosis pointers (2400 SV107)"),
    "pointer beyond": (claim(lines=(line(pointers=(2,)),)), "diagnosis pointer (2400 SV107) points to no diagnosis"),
    "pointer to none": (claim(lines=(line(pointers=(0,)),)), "diagnosis pointer (2400 SV107) points to no diagnosis"),
    "no units": (claim(lines=(line(units=Decimal()),)), "units (2400 SV104)"),
    "units": (claim(lines=(line(units=Decimal("1.0001")),)), "units (2400 SV104)"),
    "half a cent": (claim(lines=(line(charge=Decimal("1.005")),), total=Decimal("1.005")), "total charge (2300 CLM02)"),
    "below nothing": (claim(lines=(line(charge=Decimal(-1)),), total=Decimal(-1)), "total charge (2300 CLM02)"),
    "too much": (claim(lines=(line(charge=Decimal(10**8)),), total=Decimal(10**8)), "total charge (2300 CLM02)"),
    "no billing name": (claim(billing=party(last_name="")), "billing provider's name (2010AA NM103) is missing"),
    "no billing NPI": (claim(billing=party(npi="")), "billing provider's NPI (2010AA NM109) is missing"),
    "billing NPI": (claim(billing=party(npi="1234567890")), "billing provider's NPI (2010AA NM109) has a wrong"),
    "billing taxonomy": (claim(billing=party(taxonomy="massage")), "billing provider's taxonomy (2000A PRV03)"),
    "billing postal code": (
        claim(billing=party(address=located(postal_code="83702"))),
        "billing provider's postal code (2010AA N403) has to have nine digits",
    ),
    "hyphen": (claim(billing=party(address=located(postal_code="83702-0001"))), "postal code (2010AA N403)"),
    "post box": (claim(billing=party(address=BOX)), "billing provider's street (2010AA N301) is a post box"),
    "no street": (claim(billing=party(address=located(lines=()))), "provider's street (2010AA N301) is missing"),
    "3 streets": (claim(billing=party(address=located(lines=("A", "B", "C")))), "(2010AA N301) has more than two"),
    "no city": (claim(billing=party(address=located(city=""))), "billing provider's city (2010AA N401) is missing"),
    "no state": (claim(billing=party(address=located(state=""))), "billing provider's state (2010AA N402) is missing"),
    "state": (claim(billing=party(address=located(state="Idaho"))), "billing provider's state (2010AA N402) has to be"),
    "no tax id": (claim(billing=party(tax_id="")), "billing provider's tax id (2010AA REF02) is missing"),
    "tax id": (claim(billing=party(tax_id="82-0000001")), "billing provider's tax id (2010AA REF02) has to have nine"),
    "phone": (claim(billing=party(phone="208-555-0199")), "billing provider's telephone number (2010AA PER04)"),
    "a clinic's given name": (claim(billing=party(first_name="Stillpoint")), "given name (2010AA NM104) stands on an"),
    "no member id": (claim(subscriber=replace(ANA, member_id=" ")), "subscriber's member id (2010BA NM109) is missing"),
    "no subscriber": (claim(subscriber=ana(last_name="")), "subscriber's name (2010BA NM103) is missing"),
    "a firm as patient": (claim(subscriber=ana(organization=True)), "subscriber (2010BA NM102) is the patient"),
    "no birth date": (claim(subscriber=replace(ANA, birth_date=None)), "subscriber's birth date (2010BA DMG02)"),
    "sex": (claim(subscriber=replace(ANA, gender="")), "subscriber's sex (2010BA DMG03) is missing"),
    "no address": (claim(subscriber=ana(address=Address())), "subscriber's street (2010BA N301) is missing"),
    "no patient's address": (
        claim(patient=replace(BEN, party=replace(BEN.party, address=Address())), relationship="19"),
        "patient's street (2010CA N301) is missing",
    ),
    "firm as dependent": (
        claim(patient=replace(BEN, party=replace(BEN.party, organization=True)), relationship="19"),
        "patient (2010CA NM102) has to be a person",
    ),
    "no payer": (claim(payer=replace(PAYER, name="")), "payer's name (2010BB NM103) is missing"),
    "no payer id": (claim(payer=replace(PAYER, payer_id="")), "payer's id (2010BB NM109) is missing"),
    "half an address": (claim(payer=replace(PAYER, address=Address(city="BOISE"))), "payer's street (2010BB N301)"),
    "rendering NPI": (claim(rendering=party(THERAPIST, npi="12")), "rendering provider's NPI (2310B NM109) has a"),
    "no rendering NPI": (claim(rendering=party(THERAPIST, npi="")), "provider's NPI (2310B NM109) is missing"),
    "line's rendering NPI": (
        claim(lines=(line(rendering=party(OTHER_THERAPIST, npi="2000000031")),)),
        "rendering provider's NPI (2420A NM109) has a wrong",
    ),
    "referring firm": (claim(referring=CLINIC), "referring provider (2310A NM102) has to be a person"),
    "supervising firm": (claim(supervising=CLINIC), "supervising provider (2310D NM102) has to be a person"),
    "facility": (claim(facility=party(THERAPIST, address=CLINIC.address)), "service facility (2310C NM102)"),
    "facility's postal code": (
        claim(facility=party(HALL, address=located(postal_code="83702"))),
        "service facility's postal code (2310C N403) has to have nine digits",
    ),
    "note": (claim(note="x" * 81), "Claim note (2300 NTE02) has 81 characters; 1 to 80"),
    "paid by patient": (claim(paid_by_patient=Decimal(-1)), "amount the patient paid (2300 AMT02)"),
    "same rank": (other(rank="S"), "rank of the payer (2320 SBR01) is that of two payers"),
    "two of a rank": (both(rank="P"), "rank of the payer (2320 SBR01) is that of two payers"),
    "same id": (both(payer=FIRST), "other payer's id (2430 SVD01) is that of two other payers"),
    "11 others": (
        claim(rank="H", others=tuple(OtherPayer(one, *TWO[1:]) for one in "PSTABCDEFGH")),
        "other payers (2320 SBR) are more than 10",
    ),
    "other relationship": (other(relationship="02"), "relationship (2320 SBR02) is no code"),
    "other filing": (other(payer=replace(FIRST, filing_indicator="")), "filing indicator (2320 SBR09) is missing"),
    "no amount paid": (other(paid=None), "amount the other payer paid (2320 AMT02) is missing"),
    "paid and lines": (other(paid=Decimal(81)), "amount the other payer paid (2320 AMT02) is not the sum"),
    "no other member id": (
        other(insured=replace(ANA, member_id="")), "other subscriber's member id (2330A NM109) is missing",
    ),
    "no other payer": (other(payer=replace(FIRST, name="")), "payer's name (2330B NM103) is missing"),
    "no date": (other(date=None), "other payer's adjudication date (2430 DTP03) is missing"),
    "adjudicated before": (other(date=ON - timedelta(days=1)), "adjudication date (2320 DTP03) is before a service"),
    "adjudicated tomorrow": (said(date=LATE), "adjudication date (2320 DTP03) is before a service, or after"),
    "line's balance": (said(paid=Decimal(79)), "line's adjustments (2430 CAS) and what was paid are not"),
    "group": (
        said(adjustments=(LineAdjustment("XX", "45", Decimal(40)),)), "adjustment group (2430 CAS01) is no code",
    ),
    "reason": (said(adjustments=(LineAdjustment("CO", "", Decimal(40)),)), "adjustment reason (2430 CAS02) is missing"),
    "31 reasons": (
        said(adjustments=tuple(LineAdjustment("CO", str(n), Decimal(n == 1) * 40) for n in range(1, 32))),
        "adjustments (2430 CAS) need more than 5 segments",
    ),
    "paid code": (said(code=""), "procedure code (2430 SVD03)"),
    "paid units": (said(units=Decimal(-1)), "paid units (2430 SVD05)"),
    "no such other": (
        replace(second(), lines=(line(others=((2, SAID),)),)), "other payer (2430 SVD01) is none of the claim's",
    ),
    "16 adjudications": (
        replace(second(), lines=(line(others=((1, SAID),) * 16),)), "(2430 SVD) are more than 15 on a line",
    ),
    "some lines": (
        replace(second(), total=Decimal(240), lines=(*second().lines, line())),
        "other payer's adjudication (2430 SVD) stands on some lines and not on all",
    ),
    "claim's balance": (
        claim(rank="S", others=(OtherPayer(*TWO, paid=Decimal(80), date=ON),)),
        "claim's adjustments (2320 CAS) and what was paid are not the claim's total",
    ),
    "claim's date": (
        claim(rank="S", others=(OtherPayer(*TWO, paid=Decimal(120)),)),
        "other payer's adjudication date (2330B DTP03) is missing",
    ),
}  # fmt: skip


def refusal(given: ProfessionalClaim) -> str:
    with pytest.raises(ClaimNotExportable) as found:
        list(write_837p(envelope(), SUBMITTER, RECEIVER, [given], reference="B1"))
    return str(found.value)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_refused_by_its_field(name: str) -> None:
    given, expected = REFUSED[name]
    message = refusal(given)
    assert expected in message
    assert message.startswith("Claim/1 of visit Encounter/9 cannot be exported: ")
    for value in ("BELL", "ANA", "BEN", "TORRES", "GSH1002003", "OAK AVE", "STILLPOINT"):
        assert value not in message


@pytest.mark.parametrize("bad", ["*", "~", ":", "^", "é", "\n", "\t", "\x7f"])
def test_no_text_of_a_claim_may_hold_what_separates_or_what_x12_does_not_have(bad: str) -> None:
    """Every text of every part of a claim, one after the other."""
    texts = 0
    for path, changed in _each_text(_full(), bad):
        message = refusal(changed)
        assert "cannot be exported" in message, path
        assert bad not in message.replace("Claim/1 of visit Encounter/9 cannot be exported: ", ""), path
        texts += 1
    assert texts > 60


def _full() -> ProfessionalClaim:
    """A claim in which every text stands somewhere in the file."""
    return replace(
        second(), frequency="7", payer_claim_number="PCN1", authorization="A1", referral="R1", note="As documented",
        patient=replace(BEN, property_casualty_number="PC1", party=replace(BEN.party, middle_name="Q", suffix="Jr")),
        relationship="19", facility=HALL, referring=party(THERAPIST, taxonomy=""), accident_causes=("AA",),
        accident_state="ID", accident_date=ON, supervising=party(OTHER_THERAPIST, taxonomy=""), group_number="G1",
        billing=replace(CLINIC, phone="2085550199", state_license="L1"),
        lines=(replace(second().lines[0], rendering=OTHER_THERAPIST, control="L1", place_of_service="12"),),
    )  # fmt: skip


UNWRITTEN = {"key", "reference", "encounter"}


def _each_text(value: Any, bad: str, path: str = "") -> Any:
    """(path, a copy with ``bad`` behind one text), for each text that is not empty."""
    if isinstance(value, str) and value:
        yield path, value + bad
    elif isinstance(value, tuple):
        for place, one in enumerate(value):
            for where, changed in _each_text(one, bad, f"{path}.{place}"):
                yield where, (*value[:place], changed, *value[place + 1 :])
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            if name not in UNWRITTEN and not _left_out(path, name):
                for where, changed in _each_text(getattr(value, name), bad, f"{path}.{name}"):
                    yield where, replace(value, **{name: changed})


def _left_out(path: str, name: str) -> bool:
    """What the guide leaves out of the file: the address of a subscriber who is not the patient, and so on."""
    return (path == ".subscriber.party" and name == "address") or (
        name in {"gender", "member_id"} and path in {".subscriber", ".patient", ".others.0.insured"} and path[1] != "s"
    ) or (path in {".subscriber", ".others.0.insured"} and name == "gender")  # fmt: skip


@pytest.mark.parametrize(
    ("submitter", "receiver", "reference", "expected"),
    [
        (replace(SUBMITTER, phone=""), RECEIVER, "B1", "telephone number or electronic mail (1000A PER04) is missing"),
        (replace(SUBMITTER, phone="208 555"), RECEIVER, "B1", "submitter's telephone number (1000A PER04)"),
        (replace(SUBMITTER, name=""), RECEIVER, "B1", "submitter's name (1000A NM103) is missing"),
        (Submitter("A", "", "2085550100"), RECEIVER, "B1", "submitter's number (1000A NM109) is missing"),
        (SUBMITTER, Receiver("", "1"), "B1", "receiver's name (1000B NM103) is missing"),
        (SUBMITTER, Receiver("B", "1*"), "B1", "Receiver's number (1000B NM109) holds a character"),
        (SUBMITTER, RECEIVER, "", "batch reference (header BHT03) is missing"),
        (SUBMITTER, RECEIVER, "B" * 31, "batch reference (header BHT03) has more than 30 characters"),
    ],
)
def test_what_is_wrong_with_the_sender_is_no_claims_fault(
    submitter: Submitter, receiver: Receiver, reference: str, expected: str
) -> None:
    heard: list[Any] = []
    with pytest.raises(ClaimNotExportable) as found:
        list(write_837p(envelope(), submitter, receiver, [claim()], reference=reference,
                        refused=lambda *one: heard.append(one)))  # fmt: skip
    assert expected in str(found.value)
    assert heard == []


def test_a_control_number_stands_once_in_a_file() -> None:
    with pytest.raises(ClaimNotExportable, match=r"\(2300 CLM01\) stands twice in the file"):
        list(write_837p(envelope(), SUBMITTER, RECEIVER, [claim(), claim()], reference="B1"))


def test_no_more_claims_a_transaction_than_the_guide_recommends() -> None:
    with pytest.raises(ValueError, match="most_claims"):
        list(write_837p(envelope(), SUBMITTER, RECEIVER, [], reference="B1", most_claims=MOST_CLAIMS + 1))


def test_a_refusal_is_an_error_of_ours_with_an_exit_code_of_its_own() -> None:
    assert issubclass(ClaimNotExportable, MassageBillingError)
    assert ClaimNotExportable.exit_code == 12


def test_a_line_may_be_told_of_in_two_parts() -> None:
    parts = (
        LineAdjudicated(Decimal(50), "97124", ("GP",), Decimal(2), (LineAdjustment("CO", "45", Decimal(10)),)),
        LineAdjudicated(Decimal(30), "97124", ("GP",), Decimal(2), (LineAdjustment("PR", "119", Decimal(30)),)),
    )
    given = replace(second(), lines=(line(others=tuple((1, one) for one in parts)),))
    data = b"".join(write_837p(envelope(), SUBMITTER, RECEIVER, [given], reference="B1"))
    assert data.count(b"~SVD*") == 2
