"""835s of synthetic people that balance, with the values that reading them has to give; and 277CAs.

Nobody in them exists; the NPI is the one of CMS's own examples.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from massage_billing.model.professional import LineAdjustment
from massage_billing.model.remittance import ClaimPaid, LinePaid, ProviderAdjustment
from x12_files import NPI, isa

GROUPS = ("CO", "PR", "OA", "PI", "CR")
REASONS = ("1", "2", "3", "45", "97", "119", "151", "197", "B7", "A1", "253")
REMARKS = ("N362", "M80", "MA130", "N822", "N519")
CODES = ("97124", "97140", "97112", "97110", "97010")
HEADER = (
    "TRN*1*EFT0001*1512345678",
    "DTM*405*20261118",
    "N1*PR*CEDAR HEALTH",
    "N3*1 MAIN STREET",
    "N4*PORTLAND*OR*97201",
    "PER*BL*EDI*TE*8005551212",
    f"N1*PE*QUIET HANDS*XX*{NPI}",
    "REF*TJ*123456789",
)


@dataclass
class Made:
    """A remittance that was made, with what has to be read of it."""

    claims: list[ClaimPaid] = field(default_factory=list)
    segments: list[str] = field(default_factory=list)
    """What stands between the header and the SE."""
    moved: list[ProviderAdjustment] = field(default_factory=list)

    @property
    def paid(self) -> Decimal:
        total = sum((claim.paid for claim in self.claims), Decimal(0))
        return total - sum((one.amount for one in self.moved), Decimal(0))

    def body(self) -> list[str]:
        paid = self.paid
        way = f"{paid}*C" if paid >= 0 else f"{-paid}*D"
        method = "CHK" if paid else "NON"
        return [f"BPR*I*{way}*{method}************20261119", *HEADER, *self.segments]

    def data(self) -> bytes:
        return enveloped(self.body())


def enveloped(*bodies: list[str], end: str = "~", version: str = "005010X221A1") -> bytes:
    """ISA to IEA around 835s, with right counts."""
    lines = [isa(), f"GS*HP*CEDAR*CLINIC*20261118*0830*1*X*{version}"]
    for number, body in enumerate(bodies, 1):
        lines += [f"ST*835*{number:04}", *body, f"SE*{len(body) + 2}*{number:04}"]
    lines += [f"GE*{len(bodies)}*1", "IEA*1*000000001"]
    return "".join(line + end for line in lines).encode()


def made(seed: int, count: int, *, moves: int = 0, reversals: bool = True) -> Made:
    """So many claims that balance, and so many provider adjustments."""
    draw = random.Random(seed)
    found = Made(segments=["LX*1"])
    for place in range(1, count + 1):
        claim, segments = _claim(draw, place, before=("LX*1",) if place == 1 else (), reversals=reversals)
        found.claims.append(claim)
        found.segments += segments
    if moves:
        found.moved = [
            ProviderAdjustment(draw.choice(("WO", "FB", "L6", "72")), f"P{draw.randrange(10**6)}",
                               _money(draw, -5000, 5000), NPI, date(2026, 12, 31))
            for _ in range(moves)
        ]  # fmt: skip
        for first in range(0, moves, 6):
            pairs = "".join(f"*{one.reason}:{one.reference}*{one.amount}" for one in found.moved[first : first + 6])
            found.segments.append(f"PLB*{NPI}*20261231{pairs}")
    return found


def chunks(count: int, seed: int = 1) -> Iterator[bytes]:
    """So many claims as a stream that is never held: a hundred of them, again and again."""
    hundred = made(seed, 100, reversals=False)
    lines = hundred.segments[1:]
    starts = [place for place, segment in enumerate(lines) if segment.startswith("CLP*")] + [len(lines)]
    rounds, rest = divmod(count, 100)
    paid = hundred.paid * rounds + sum((claim.paid for claim in hundred.claims[:rest]), Decimal(0))
    head = [f"BPR*I*{abs(paid)}*{'C' if paid >= 0 else 'D'}*CHK************20261119", *HEADER, "LX*1"]
    begin = [isa(), "GS*HP*CEDAR*CLINIC*20261118*0830*1*X*005010X221A1", "ST*835*0001", *head]
    yield ("~".join(begin) + "~").encode()
    every = ("~".join(lines) + "~").encode()
    for _ in range(rounds):
        yield every
    last = lines[: starts[rest]]
    total = len(head) + rounds * len(lines) + len(last) + 2
    yield "".join(f"{segment}~" for segment in [*last, f"SE*{total}*0001", "GE*1*1", "IEA*1*000000001"]).encode()


def _money(draw: random.Random, low: int, high: int) -> Decimal:
    return Decimal(draw.randrange(low, high)).scaleb(-2)


def _split(draw: random.Random, amount: Decimal, sign: int) -> tuple[LineAdjustment, ...]:
    """An amount as some adjustments that add up to it."""
    parts: list[LineAdjustment] = []
    rest = amount
    for _ in range(draw.randrange(0, 9)):
        part = (_money(draw, -2000, 9000) or Decimal("0.01")) * sign
        units = Decimal(draw.randrange(1, 9)) if draw.random() < 0.3 else None
        parts.append(LineAdjustment(draw.choice(GROUPS), draw.choice(REASONS), part, units))
        rest -= part
    if rest:
        parts.append(LineAdjustment("CO", "45", rest))
    return tuple(sorted(parts, key=lambda one: one.group))


def _cas(adjustments: tuple[LineAdjustment, ...]) -> list[str]:
    """CAS segments, six to one of a group."""
    found: list[str] = []
    for group in dict.fromkeys(one.group for one in adjustments):
        own = [one for one in adjustments if one.group == group]
        for first in range(0, len(own), 6):
            triplets = "*".join(
                f"{one.code}*{one.amount}*{'' if one.quantity is None else one.quantity}"
                for one in own[first : first + 6]
            )
            found.append(f"CAS*{group}*{triplets}".rstrip("*"))
    return found


def _claim(draw: random.Random, place: int, before: tuple[str, ...], *, reversals: bool) -> tuple[ClaimPaid, list[str]]:
    sign = -1 if reversals and draw.random() < 0.1 else 1
    on = date(2026, 1, 1) + timedelta(days=draw.randrange(300))
    pairs = [_line(draw, number, on, sign) for number in range(1, draw.randrange(2, 6))]
    lines = tuple(line for line, _ in pairs)
    charge = sum((line.charge for line in lines), Decimal(0))
    own = _split(draw, _money(draw, 0, 500) * sign, sign) if draw.random() < 0.2 else ()
    paid = sum((line.paid for line in lines), Decimal(0)) - sum((one.amount for one in own), Decimal(0))
    all_of = [one for line in lines for one in line.adjustments] + list(own)
    of_patient = sum((one.amount for one in all_of if one.group == "PR"), Decimal(0))
    control, member = f"MB{place:09}", f"M{draw.randrange(10**9)}"
    remarks = tuple(draw.sample(REMARKS, draw.randrange(0, 3)))
    rendering = f"NM1*82*1*STONE*MARA****XX*{NPI}"
    claim = ClaimPaid(
        place, control, "22" if sign < 0 else "1", charge, paid, of_patient, filing_indicator="12",
        payer_claim_number=f"P{place}", facility="11", frequency="1", patient_member_id=member,
        patient_name=("RIVERS", "ADA"), rendering_npi=NPI, dates=(on, on), received=on + timedelta(days=3),
        adjustments=own, remarks=remarks, amounts=(("AU", charge),), references=(("EA", f"E{place}"),), lines=lines,
        kept=(*before, rendering),
    )  # fmt: skip
    segments = [
        f"CLP*{control}*{claim.status}*{charge}*{paid}*{of_patient}*12*P{place}*11*1",
        *_cas(own),
        f"NM1*QC*1*RIVERS*ADA****MI*{member}",
        rendering,
        *([f"MOA***{'*'.join(remarks)}"] if remarks else []),
        f"REF*EA*E{place}",
        f"DTM*232*{on:%Y%m%d}",
        f"DTM*233*{on:%Y%m%d}",
        f"DTM*050*{on + timedelta(days=3):%Y%m%d}",
        f"AMT*AU*{charge}",
        *(segment for _, own_segments in pairs for segment in own_segments),
    ]
    return claim, segments


def _line(draw: random.Random, number: int, on: date, sign: int) -> tuple[LinePaid, list[str]]:
    code, charge = draw.choice(CODES), _money(draw, 100, 30000) * sign
    paid = charge if draw.random() < 0.1 else (_money(draw, 0, 20000) * sign)
    adjustments = _split(draw, charge - paid, sign)
    modifiers = tuple(draw.sample(("GP", "59", "XS", "KX"), draw.randrange(0, 3)))
    other = draw.random() < 0.15
    submitted = draw.choice(CODES) if other else ""
    submitted_modifiers = ("GP",) if other and draw.random() < 0.5 else ()
    units, billed = Decimal(draw.randrange(1, 5)), Decimal(draw.randrange(1, 9)) if draw.random() < 0.3 else None
    ranged = draw.random() < 0.2
    remarks = tuple(draw.sample(REMARKS, draw.randrange(0, 3)))
    line = LinePaid(
        code, modifiers, charge, paid, units, "HC", submitted, submitted_modifiers, billed,
        dates=(on, on) if ranged else (on,), control=f"L{number}", adjustments=adjustments, remarks=remarks,
        amounts=(("B6", paid),), references=(("6R", f"L{number}"), ("HPI", NPI)),
    )  # fmt: skip
    composite = ":".join(("HC", code, *modifiers))
    second = ":".join(("HC", submitted, *submitted_modifiers)) if other else ""
    svc = f"SVC*{composite}*{charge}*{paid}**{units}*{second}*{'' if billed is None else billed}".rstrip("*")
    dates = [f"DTM*150*{on:%Y%m%d}", f"DTM*151*{on:%Y%m%d}"] if ranged else [f"DTM*472*{on:%Y%m%d}"]
    segments = [svc, *dates, *_cas(adjustments), f"REF*6R*L{number}", f"REF*HPI*{NPI}", f"AMT*B6*{paid}"]
    return line, segments + [f"LQ*HE*{remark}" for remark in remarks]
