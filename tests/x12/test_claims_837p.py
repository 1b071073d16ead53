"""Writing an 837P: what stands where, which claims share a level, and a stream whose memory does not grow."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from claims_837p_cases import (
    ANA,
    CLINIC,
    OTHER_THERAPIST,
    PAYER,
    RECEIVER,
    SUBMITTER,
    THERAPIST,
    claim,
    envelope,
    line,
    many,
    second,
)
from massage_billing.errors import ClaimNotExportable
from massage_billing.model.professional import Address, ClaimParty, Insured, ProfessionalClaim
from massage_billing.x12.claims_837p import Placed, Receiver, Submitter, write_837p
from massage_billing.x12.scanner import Delimiters
from massage_billing.x12.segments import Transaction, read_pieces

BEN = Insured(ClaimParty("BELL", "BEN", address=ANA.party.address), "", date(2015, 2, 3), "M")
CAL = replace(BEN, party=replace(BEN.party, first_name="CAL"))
OPENEMR = Path("openemr/samples/837p-of-one-visit.txt")


def written(claims: Iterable[ProfessionalClaim], **options: Any) -> bytes:
    sent = options.pop("sent", envelope())
    return b"".join(write_837p(sent, SUBMITTER, RECEIVER, claims, reference="B1", **options))


def segments(*claims: ProfessionalClaim, **options: Any) -> list[str]:
    return written(claims, **options).decode("ascii").split("~")[:-1]


def body(*claims: ProfessionalClaim) -> list[str]:
    """What stands after 1000B."""
    return segments(*claims)[7:-3]


def numbered(*claims: ProfessionalClaim) -> list[ProfessionalClaim]:
    return [
        replace(one, control=f"C{number}", key=f"key-{number}", reference=f"Claim/{number}")
        for number, one in enumerate(claims, 1)
    ]


def test_a_claim_of_a_subscriber() -> None:
    assert segments(claim()) == [
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'SENDER01':15}*ZZ*{'RECV01':15}*261123*1052*^*00501*000000001*0*P*:",
        "GS*HC*SENDER01*RECV01*20261123*1052*2*X*005010X222A1",
        "ST*837*0001*005010X222A1",
        "BHT*0019*00*B1*20261123*1052*CH",
        "NM1*41*2*STILLPOINT MASSAGE THERAPY*****46*820000001",
        "PER*IC**TE*2085550100",
        "NM1*40*2*DEMOCLEARING*****46*123456789",
        "HL*1**20*1",
        "PRV*BI*PXC*225700000X",
        f"NM1*85*2*STILLPOINT MASSAGE THERAPY*****XX*{CLINIC.npi}",
        "N3*12 ELM ST",
        "N4*BOISE*ID*837020001",
        "REF*EI*820000001",
        "HL*2*1*22*0",
        "SBR*P*18*G55******16",
        "NM1*IL*1*BELL*ANA****MI*GSH1002003",
        "N3*4 OAK AVE",
        "N4*BOISE*ID*83702",
        "DMG*D8*19840312*F",
        "NM1*PR*2*GEM STATE HEALTH PLAN*****PI*60054",
        "N3*PO BOX 1",
        "N4*BOISE*ID*83701",
        "CLM*1-1001*120***11:B:1*Y*A*Y*Y",
        "HI*ABK:M5450",
        f"NM1*82*1*TORRES*LENA****XX*{THERAPIST.npi}",
        "PRV*PE*PXC*225700000X",
        "LX*1",
        "SV1*HC:97124:GP*120*UN*4***1",
        "DTP*472*D8*20261120",
        "SE*28*0001",
        "GE*1*2",
        "IEA*1*000000001",
    ]


def test_a_claim_of_a_dependent_hurt_in_a_car() -> None:
    given = claim(
        patient=replace(BEN, property_casualty_number="PC7"), relationship="19", onset=date(2026, 11, 1),
        payer=replace(PAYER, filing_indicator="AM", address=Address()), accident_causes=("AA",), accident_state="OR",
        accident_date=date(2026, 10, 30), authorization="AUTH1", referral="REF1", paid_by_patient=Decimal("25.50"),
        note="As documented", frequency="7", payer_claim_number="PCN9", assigned=False, signature_on_file=False,
        diagnoses=("M5450", "S134XXA"), referring=replace(OTHER_THERAPIST, taxonomy=""), supervising=THERAPIST,
        facility=ClaimParty("OAK HALL", organization=True, address=CLINIC.address),
        lines=(line(pointers=(2, 1), control="L1", rendering=OTHER_THERAPIST, place_of_service="12",
                    modifiers=("GP", "59", "KX", "XS"), units=Decimal("1.50")),),
    )  # fmt: skip
    assert body(given)[6:] == [
        "HL*2*1*22*1",
        "SBR*P**G55******AM",
        "NM1*IL*1*BELL*ANA****MI*GSH1002003",
        "NM1*PR*2*GEM STATE HEALTH PLAN*****PI*60054",
        "HL*3*2*23*0",
        "PAT*19",
        "NM1*QC*1*BELL*BEN",
        "N3*4 OAK AVE",
        "N4*BOISE*ID*83702",
        "DMG*D8*20150203*M",
        "REF*Y4*PC7",
        "CLM*1-1001*120***11:B:7*Y*C*N*I**AA:::OR",
        "DTP*431*D8*20261101",
        "DTP*439*D8*20261030",
        "AMT*F5*25.5",
        "REF*9F*REF1",
        "REF*G1*AUTH1",
        "REF*F8*PCN9",
        "NTE*ADD*As documented",
        "HI*ABK:M5450*ABF:S134XXA",
        f"NM1*DN*1*STONE*MARA****XX*{OTHER_THERAPIST.npi}",
        "REF*0B*MT12345",
        f"NM1*82*1*TORRES*LENA****XX*{THERAPIST.npi}",
        "PRV*PE*PXC*225700000X",
        "NM1*77*2*OAK HALL",
        "N3*12 ELM ST",
        "N4*BOISE*ID*837020001",
        f"NM1*DQ*1*TORRES*LENA****XX*{THERAPIST.npi}",
        "LX*1",
        "SV1*HC:97124:GP:59:KX:XS*120*UN*1.5*12**2:1",
        "DTP*472*D8*20261120",
        "REF*6R*L1",
        f"NM1*82*1*STONE*MARA****XX*{OTHER_THERAPIST.npi}",
        "PRV*PE*PXC*225700000X",
        "REF*0B*MT12345",
    ]


def test_a_claim_to_the_second_payer_tells_what_the_first_did() -> None:
    assert body(second())[19:] == [
        "SBR*P*18*******CI",
        "AMT*D*80",
        "OI***Y***Y",
        "NM1*IL*1*BELL*ANA****MI*GSH1002003",
        "N3*4 OAK AVE",
        "N4*BOISE*ID*83702",
        "NM1*PR*2*CEDAR HEALTH*****PI*CEDAR1",
        "REF*F8*CED77",
        "LX*1",
        "SV1*HC:97124:GP*120*UN*4***1",
        "DTP*472*D8*20261120",
        "SVD*CEDAR1*80*HC:97124:GP**4",
        "CAS*CO*45*20",
        "CAS*PR*3*20",
        "DTP*573*D8*20261121",
        "AMT*EAF*20",
    ]


def test_who_bills_is_not_told_again_as_who_treated() -> None:
    alone = ClaimParty("STONE", "MARA", npi=CLINIC.npi, tax_id="123456789", tax_id_is_ssn=True, address=CLINIC.address)
    sent = body(claim(billing=alone, rendering=alone, lines=(line(rendering=alone),)))
    assert f"NM1*85*1*STONE*MARA****XX*{CLINIC.npi}" in sent
    assert "REF*SY*123456789" in sent
    assert [segment for segment in sent if segment.startswith("NM1*82")] == []


@pytest.mark.parametrize(
    ("amount", "expected"),
    [("0", "0"), ("0.00", "0"), ("120", "120"), ("120.50", "120.5"), ("1E+2", "100"), ("0.05", ".05"),
     ("99999999.99", "99999999.99")],
)  # fmt: skip
def test_numbers_have_neither_exponents_nor_needless_zeros(amount: str, expected: str) -> None:
    value = Decimal(amount)
    assert f"CLM*1-1001*{expected}***11:B:1*Y*A*Y*Y" in body(claim(total=value, lines=(line(charge=value),)))


def levels(*claims: ProfessionalClaim) -> list[str]:
    """HL by level, and claims by control number, as they stand."""
    found = []
    for segment in body(*claims):
        parts = segment.split("*")
        if parts[0] == "HL":
            found.append(f"{parts[1]}<{parts[2]} {parts[3]}")
        if parts[0] == "CLM":
            found.append(parts[1])
    return found


def test_claims_beside_each_other_share_provider_subscriber_and_patient() -> None:
    ben, cal = claim(patient=BEN, relationship="19"), claim(patient=CAL, relationship="19")
    other = claim(billing=replace(CLINIC, npi=THERAPIST.npi))
    given = numbered(
        claim(), claim(), ben, ben, cal, claim(), claim(payer=replace(PAYER, payer_id="X1")), other, claim()
    )
    assert levels(*given) == [
        "1< 20", "2<1 22", "C1", "C2",
        "3<1 22", "4<3 23", "C3", "C4", "5<3 23", "C5",
        "6<1 22", "C6",
        "7<1 22", "C7",
        "8< 20", "9<8 22", "C8",
        "10< 20", "11<10 22", "C9",
    ]  # fmt: skip


def test_the_guide_has_at_most_a_hundred_claims_of_a_patient_beneath_one_level() -> None:
    found = levels(*numbered(*(claim(),) * 101))
    assert found.index("3<1 22") == 102
    found = levels(*numbered(*(claim(patient=BEN, relationship="19"),) * 101))
    assert found.index("4<2 23") == 103


def test_each_claim_is_told_where_it_stands() -> None:
    heard: list[Placed] = []
    data = written(numbered(*(claim(),) * 5), most_claims=2, placed=heard.append)
    assert heard == [
        Placed("key-1", "0001", "B1", 2, 1), Placed("key-2", "0001", "B1", 2, 2), Placed("key-3", "0002", "B1-2", 2, 1),
        Placed("key-4", "0002", "B1-2", 2, 2), Placed("key-5", "0003", "B1-3", 2, 1),
    ]  # fmt: skip
    pieces = list(read_pieces(data))
    assert [piece.control for piece in pieces if isinstance(piece, Transaction)] == ["0001", "0002", "0003"]
    assert [odd for piece in pieces for odd in getattr(piece, "oddities", ())] == []


def test_a_claim_that_is_refused_is_left_out_and_leaves_nothing_behind() -> None:
    good, bad = claim(), claim(note="*")
    given = numbered(bad, good, bad, replace(bad, billing=replace(CLINIC, npi=THERAPIST.npi)), good)
    heard: list[tuple[str, str]] = []
    data = written(given, refused=lambda one, error: heard.append((one.control, str(error))), most_claims=1)
    assert data == written([given[1], given[4]], most_claims=1)
    assert [control for control, _ in heard] == ["C1", "C3", "C4"]
    assert all("Claim note (2300 NTE02)" in message for _, message in heard)
    with pytest.raises(ClaimNotExportable):
        written(given)


def test_without_claims_there_is_no_file() -> None:
    assert written([]) == b""
    assert written([claim(note="*")], refused=lambda *_: None) == b""


def test_the_same_claims_make_the_same_bytes() -> None:
    assert written(many(50)) == written(many(50))


def test_other_delimiters_and_line_breaks() -> None:
    sent = envelope(delimiters=Delimiters("|", "!", ">", "'"), line_breaks=True)
    lines = written([claim(note="A*B:C~D")], sent=sent).decode("ascii").split("'\n")
    assert "NTE|ADD|A*B:C~D" in lines
    assert "SV1|HC>97124>GP|120|UN|4|||1" in lines


def test_blanks_around_a_text_are_left_out() -> None:
    assert "NTE*ADD*twice" in body(claim(note=" twice "))


def test_what_is_kept_in_memory_does_not_grow_with_the_file() -> None:
    def same() -> Iterator[ProfessionalClaim]:
        for number in range(6000):
            yield replace(one, control=f"C{number}")

    one, pieces, largest = claim(), 0, 0
    tracemalloc.start()
    for piece in write_837p(envelope(), SUBMITTER, RECEIVER, same(), reference="B1", most_claims=1000):
        pieces += 1
        largest = max(largest, len(piece))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert pieces > 5
    assert largest < 300_000
    assert peak < 5_000_000


def test_openemr_writes_the_same_visit_but_for_what_is_explained(shared: Path) -> None:
    theirs = (shared / OPENEMR).read_text(encoding="ascii").replace("\n", "").split("~")[:-1]
    clinic = replace(CLINIC, npi="1234567893")
    given = claim(
        billing=clinic, subscriber=ANA, onset=date(2026, 11, 1),
        referring=ClaimParty("ORTEGA", "RAFAEL", npi="1679576722"),
        rendering=replace(THERAPIST, npi="1144332214"),
    )  # fmt: skip
    with pytest.raises(ClaimNotExportable, match=r"N403\) has to have nine digits"):
        # OpenEMR sends a billing provider with a postal code of five digits, which the guide does not allow (N403).
        written([replace(given, billing=replace(clinic, address=replace(clinic.address, postal_code="83702")))])
    sent = envelope(written_at=datetime(2026, 11, 23, 10, 52))
    pieces = write_837p(
        sent, Submitter("STILLPOINT MASSAGE THERAPY", "820000001", "2085550100"), Receiver("DEMOCLEARING", "123456789"),
        [given], reference="1",
    )  # fmt: skip
    ours = b"".join(pieces).decode("ascii").split("~")[:-1]
    differ = [(one, other) for one, other in zip(theirs, ours, strict=True) if one != other]
    assert differ == [
        # Nine digits, above.
        ("N4*BOISE*ID*83702", "N4*BOISE*ID*837020001"),
        # Amounts: no zeros at the end (type R). CLM10 is for signatures that the provider made for the patient (P):
        # it is not said where the patient's own is on file.
        ("CLM*1-1001*120.00***11:B:1*Y*A*Y*Y*P", "CLM*1-1001*120***11:B:1*Y*A*Y*Y"),
        ("SV1*HC:97124:GP*120.00*UN*4***1", "SV1*HC:97124:GP*120*UN*4***1"),
    ]
