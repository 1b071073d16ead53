"""Professional claims of synthetic people, for tests and measurements of the 837P: one sound one, and varied ones.

Names, numbers and addresses are made up; NPIs are of a range that is not issued. ``varied`` draws from a
``random.Random``: the standard library's for a fixed set, Hypothesis's for one that shrinks.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from massage_billing.clinic_maker.cast import npi
from massage_billing.model.professional import (
    Address,
    ClaimParty,
    ClaimPayer,
    Insured,
    LineAdjudicated,
    LineAdjustment,
    OtherPayer,
    ProfessionalClaim,
    ProfessionalLine,
)
from massage_billing.x12.claims_837p import Receiver, Submitter
from massage_billing.x12.writer import Envelope

WRITTEN = datetime(2026, 11, 23, 10, 52)
ON = date(2026, 11, 20)
SUBMITTER = Submitter("STILLPOINT MASSAGE THERAPY", "820000001", phone="2085550100")
RECEIVER = Receiver("DEMOCLEARING", "123456789")
TAXONOMY = "225700000X"
WORDS = (
    "Alder Birch Cedar Dogwood Elm Fir O'Gum Hazel-Ivy Juniper Katsura Larch Maple Nutmeg Oak Pine St. Quince".split()
)
GIVEN = "Ada Ben Cleo Dan Eva Finn Gia Hal Ida Jon Kim Leo Mia Ned Oda Pia Quin Ray Sue Tom".split()
CODES = ("97124", "97140", "97112", "97110", "97010", "98940", "97810", "G0283")
MODIFIERS = ("GP", "59", "XS", "CQ", "KX", "25", "76", "AT")
DIAGNOSES = ("M5450", "M542", "M546", "M79601", "M62838", "S134XXA", "G44209", "M25511", "M25512", "R519", "M5416",
             "M7918", "S39012A", "Z0000")  # fmt: skip
STATES = ("ID", "OR", "WA", "NE", "FL", "NY")


def envelope(**changes: Any) -> Envelope:
    """From the clinic to its clearinghouse."""
    values: dict[str, Any] = {
        "sender_id": "SENDER01", "receiver_id": "RECV01", "written_at": WRITTEN, "interchange_control": 1,
        "group_control": 2,
    }  # fmt: skip
    return Envelope(**(values | changes))


CLINIC = ClaimParty(
    "STILLPOINT MASSAGE THERAPY", organization=True, npi=npi(1), taxonomy=TAXONOMY, tax_id="820000001",
    address=Address(("12 ELM ST",), "BOISE", "ID", "837020001"), phone="2085550100",
)  # fmt: skip
THERAPIST = ClaimParty("TORRES", "LENA", npi=npi(2), taxonomy=TAXONOMY)
OTHER_THERAPIST = ClaimParty("STONE", "MARA", npi=npi(3), taxonomy=TAXONOMY, state_license="MT12345")
ANA = Insured(
    ClaimParty("BELL", "ANA", address=Address(("4 OAK AVE",), "BOISE", "ID", "83702")), "GSH1002003",
    date(1984, 3, 12), "F",
)  # fmt: skip
PAYER = ClaimPayer("gem", "GEM STATE HEALTH PLAN", "60054", Address(("PO BOX 1",), "BOISE", "ID", "83701"), "16")
FIRST = ClaimPayer("cedar", "CEDAR HEALTH", "CEDAR1", filing_indicator="CI")


def line(**changes: Any) -> ProfessionalLine:
    """An hour of massage."""
    values: dict[str, Any] = {
        "code": "97124", "modifiers": ("GP",), "charge": Decimal("120.00"), "units": Decimal(4), "pointers": (1,),
        "date": ON,
    }  # fmt: skip
    return ProfessionalLine(**(values | changes))


def claim(**changes: Any) -> ProfessionalClaim:
    """A sound claim of one line; the subscriber is the patient."""
    values: dict[str, Any] = {
        "key": "key-1", "reference": "Claim/1", "encounter": "Encounter/9", "control": "1-1001", "billing": CLINIC,
        "payer": PAYER, "subscriber": ANA, "patient": None, "relationship": "18", "rank": "P",
        "total": Decimal("120.00"), "place_of_service": "11", "frequency": "1", "diagnoses": ("M5450",),
        "lines": (line(),), "rendering": THERAPIST, "group_number": "G55",
    }  # fmt: skip
    return ProfessionalClaim(**(values | changes))


def second(**changes: Any) -> ProfessionalClaim:
    """A claim to the second payer: the first has paid 80 of 120, and told so of the line."""
    said = LineAdjudicated(
        Decimal(80), "97124", ("GP",), Decimal(4),
        (LineAdjustment("CO", "45", Decimal(20)), LineAdjustment("PR", "3", Decimal(20))), None, Decimal(20),
    )  # fmt: skip
    first = OtherPayer("P", "18", ANA, FIRST, paid=Decimal(80), claim_number="CED77", date=ON + timedelta(days=1))
    return claim(rank="S", others=(first,), lines=(line(others=((1, said),)),), **changes)


def address(draw: random.Random, *, nine: bool = False) -> Address:
    """Somewhere."""
    lines = (f"{draw.randint(1, 9999)} {draw.choice(WORDS)} St", *(["Suite 5"] if draw.random() < 0.3 else []))
    code = f"{draw.randint(10000, 99999)}" + (f"{draw.randint(1, 9999):04d}" if nine or draw.random() < 0.3 else "")
    return Address(lines, draw.choice(("Boise", "Twin Falls", "St. Mary's")), draw.choice(STATES), code)


def person(draw: random.Random, **changes: Any) -> ClaimParty:
    """Somebody."""
    values: dict[str, Any] = {
        "last_name": draw.choice(WORDS), "first_name": draw.choice(GIVEN),
        "middle_name": draw.choice(("", "", "Q")), "suffix": draw.choice(("", "", "", "Jr")),
    }  # fmt: skip
    return ClaimParty(**(values | changes))


def provider(draw: random.Random, **changes: Any) -> ClaimParty:
    """Somebody with an NPI."""
    licence = draw.choice(("", "", f"MT{draw.randint(1, 99999)}"))
    return person(draw, npi=npi(draw.randint(100, 99999)), taxonomy=draw.choice(("", TAXONOMY)), state_license=licence,
                  **changes)  # fmt: skip


def insured(draw: random.Random, **changes: Any) -> Insured:
    """Somebody with a card."""
    born = date(1940, 1, 1) + timedelta(days=draw.randint(0, 30000))
    party = person(draw, address=address(draw))
    return Insured(party, f"M{draw.randint(1, 10**9)}", born, draw.choice("FMU"), **changes)


def billing(draw: random.Random) -> ClaimParty:
    """A group, or a therapist alone."""
    values: dict[str, Any] = {"npi": npi(draw.randint(100, 99999)), "taxonomy": draw.choice(("", TAXONOMY)),
                              "tax_id": f"{draw.randint(10**8, 10**9 - 1)}", "address": address(draw, nine=True),
                              "phone": draw.choice(("", "2085550100", "2085550177"))}  # fmt: skip
    if draw.random() < 0.5:
        return ClaimParty(f"{draw.choice(WORDS)} Massage, LLC & Co", organization=True, **values)
    return person(draw, tax_id_is_ssn=draw.random() < 0.5, **values)


def payer(draw: random.Random, filing: str) -> ClaimPayer:
    """An insurer."""
    number = draw.randint(10000, 99999)
    where = address(draw) if draw.random() < 0.5 else Address()
    return ClaimPayer(f"p{number}", f"{draw.choice(WORDS)} Health", str(number), where, filing)


def dollars(draw: random.Random, most: int = 30000) -> Decimal:
    """Some dollars and cents; often whole ones."""
    cents = draw.randint(1, most)
    return Decimal(cents - cents % 100 + 100 if draw.random() < 0.5 else cents).scaleb(-2)


def varied(draw: random.Random, number: int = 1) -> ProfessionalClaim:
    """A sound claim of any kind that this program makes."""
    served = ON - timedelta(days=draw.randint(0, 40))
    filing = draw.choice(("CI", "BL", "16", "VA", "CH", "WC", "AM", "MB"))
    injury = {"property_casualty_number": f"PC{draw.randint(1, 10**8)}"} if filing in {"WC", "AM"} else {}
    dependent = draw.random() < 0.4
    rank = draw.choice(("P", "P", "P", "S", "T"))
    diagnoses = tuple(draw.sample(DIAGNOSES, draw.choice((1, 1, 2, 3, 12))))
    count = 50 if draw.random() < 0.03 else draw.choice((1, 1, 2, 3, 4))
    lines = tuple(service(draw, place, served, len(diagnoses)) for place in range(1, count + 1))
    frequency = draw.choice(("1", "1", "1", "7", "8"))
    group = draw.choice(("", f"G{draw.randint(1, 9999)}"))
    made = ProfessionalClaim(
        f"key-{number}", f"Claim/{number}", f"Encounter/{number}", f"{number}-{draw.randint(1, 10**6)}", billing(draw),
        payer(draw, filing), insured(draw, **({} if dependent else injury)),
        insured(draw, **injury) if dependent else None,
        draw.choice(("01", "19", "20", "G8")) if dependent else "18", rank, sum((one.charge for one in lines),
        Decimal()), draw.choice(("11", "12", "99")), frequency, diagnoses, lines, group_number=group,
        group_name="" if group else draw.choice(("", "Employees of Oak")),
        insurance_type="12" if filing == "MB" and rank != "P" else "", assigned=draw.random() < 0.8,
        signature_on_file=draw.random() < 0.8, **_optional(draw, filing, served, frequency),
    )  # fmt: skip
    return replace(made, **_others(draw, made)) if rank != "P" else made


def _optional(draw: random.Random, filing: str, served: date, frequency: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if draw.random() < 0.7:
        found["rendering"] = provider(draw)
    if draw.random() < 0.4:
        found["referring"] = provider(draw)
    if draw.random() < 0.2:
        found["supervising"] = provider(draw)
    if draw.random() < 0.2:
        found["facility"] = ClaimParty("Oak Hall", organization=True, npi=draw.choice(("", npi(77))),
                                       address=address(draw, nine=True))  # fmt: skip
    if draw.random() < 0.3:
        found["onset"] = served - timedelta(days=draw.randint(0, 90))
    if filing in {"WC", "AM"}:
        found["accident_causes"] = ("EM",) if filing == "WC" else ("AA",)
        found["accident_state"] = "" if filing == "WC" else "ID"
        found["accident_date"] = served - timedelta(days=draw.randint(0, 90))
    for name in ("authorization", "referral"):
        if draw.random() < 0.3:
            found[name] = f"{name[:1].upper()}{draw.randint(1, 10**8)}"
    if frequency != "1":
        found["payer_claim_number"] = f"PCN{draw.randint(1, 10**9)}"
    if draw.random() < 0.2:
        found["note"] = "Corrected - units as documented (4), not 3."
    if draw.random() < 0.2:
        found["paid_by_patient"] = dollars(draw)
    return found


def service(draw: random.Random, place: int, served: date, diagnoses: int) -> ProfessionalLine:
    """A line."""
    pointers = tuple(draw.sample(range(1, diagnoses + 1), draw.randint(1, min(4, diagnoses))))
    modifiers = tuple(draw.sample(MODIFIERS, draw.choice((0, 1, 1, 2, 4))))
    return ProfessionalLine(
        draw.choice(CODES), modifiers, dollars(draw), Decimal(draw.choice((1, 2, 4, "1.5"))), pointers, served,
        provider(draw) if draw.random() < 0.2 else None, draw.choice(("", f"L{place}")),
        draw.choice(("", "", "11", "12")),
    )  # fmt: skip


def _others(draw: random.Random, made: ProfessionalClaim) -> dict[str, Any]:
    """What the payers before did, of each line or of the claim as a whole; for the third also a claim not settled."""
    others: list[OtherPayer] = []
    told: list[list[tuple[int, LineAdjudicated]]] = [[] for _ in made.lines]
    on = WRITTEN.date() - timedelta(days=draw.randint(0, 2))
    for place, rank in enumerate("P" if made.rank == "S" else "PS", 1):
        other = OtherPayer(rank, draw.choice(("18", "01", "G8")), insured(draw), payer(draw, draw.choice(("CI", "BL"))),
                           group_number=draw.choice(("", "OG1")), assigned=draw.random() < 0.8)  # fmt: skip
        way = draw.choice(("lines", "lines", "claim", "no answer"))
        paid, left = Decimal(), Decimal()
        if way == "lines":
            for number, one in enumerate(made.lines):
                said = adjudicated(draw, one, on)
                told[number].append((place, said))
                paid += said.paid
        elif way == "claim":
            paid, (*reasons,) = _split(draw, made.total)
            left = sum((one.amount for one in reasons if one.group == "PR"), Decimal())
            other = replace(other, adjustments=tuple(reasons), left_to_patient=left)
        if way != "no answer":
            other = replace(other, paid=paid, date=on, claim_number=draw.choice(("", "OPC9")))
        others.append(other)
    lines = tuple(replace(one, others=tuple(said)) for one, said in zip(made.lines, told, strict=True))
    return {"others": tuple(others), "lines": lines}


def _split(draw: random.Random, charge: Decimal) -> tuple[Decimal, list[LineAdjustment]]:
    cents = int(charge * 100)
    paid = draw.randint(0, cents)
    rest, reasons = cents - paid, list[LineAdjustment]()
    for group, code in draw.sample([("CO", "45"), ("PR", "1"), ("PR", "3"), ("OA", "23"), ("CO", "253")], 3):
        part = draw.randint(0, rest)
        if part:
            quantity = Decimal(1) if draw.random() < 0.2 else None
            reasons.append(LineAdjustment(group, code, Decimal(part).scaleb(-2), quantity))
        rest -= part
    if rest:
        reasons.append(LineAdjustment("PI", "96", Decimal(rest).scaleb(-2)))
    return Decimal(paid).scaleb(-2), reasons


def adjudicated(draw: random.Random, one: ProfessionalLine, on: date) -> LineAdjudicated:
    """What a payer made of a line."""
    paid, reasons = _split(draw, one.charge)
    left = sum((reason.amount for reason in reasons if reason.group == "PR"), Decimal())
    return LineAdjudicated(
        paid, one.code, one.modifiers, one.units, tuple(reasons), draw.choice((None, on)), left or None
    )


def many(count: int, seed: int = 1) -> Iterator[ProfessionalClaim]:
    """So many varied claims, the same each time; some share provider, subscriber or patient with the one before."""
    draw = random.Random(seed)
    last: ProfessionalClaim | None = None
    for number in range(1, count + 1):
        made = varied(draw, number)
        if last is not None and draw.random() < 0.5:
            made = replace(made, billing=last.billing)
        if last is not None and last.payer.filing_indicator == made.payer.filing_indicator and draw.random() < 0.7:
            made = _same_family(draw, made, last)
        last = made
        yield made


def _same_family(draw: random.Random, made: ProfessionalClaim, last: ProfessionalClaim) -> ProfessionalClaim:
    if (made.patient is None) != (last.patient is None) or made.rank != last.rank:
        return made
    if made.patient is not None and draw.random() < 0.5:
        made = replace(made, patient=last.patient, relationship=last.relationship)
    return replace(made, payer=last.payer, subscriber=last.subscriber, group_number=last.group_number,
                   group_name=last.group_name)  # fmt: skip
