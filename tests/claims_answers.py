"""What a clearinghouse or payer would answer to claims that were sent: TA1, 999, 277CA, 835."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from massage_billing.ports.ledger import SentLine, Submission
from remittance_files import HEADER, enveloped
from x12_files import NPI, isa

Adjustment = tuple[str, str, str]
"""(group, reason, dollars)."""
USUAL: tuple[Adjustment, ...] = (("CO", "45", "20.00"), ("PR", "3", "10.00"))
"""Of each line: a discount, and a copay."""


def whole(kind: str, version: str, *transactions: Sequence[str], st: str = "999") -> bytes:
    """ISA to IEA around transactions."""
    lines = [isa(), f"GS*{kind}*HOUSE01*CLINIC01*20261118*0830*1*X*{version}"]
    for number, body in enumerate(transactions, 1):
        lines += [f"ST*{st}*{number:04}*{version}", *body, f"SE*{len(body) + 2}*{number:04}"]
    lines += [f"GE*{len(transactions)}*1", "IEA*1*000000001"]
    return "".join(f"{line}~" for line in lines).encode()


def ta1(batch: int, code: str = "A", note: str = "000", at: datetime | None = None) -> bytes:
    """Of an interchange as a whole."""
    stamp = f"{at:%y%m%d*%H%M}" if at else "261118*0830"
    return f"{isa()}~TA1*{batch:09}*{stamp}*{code}*{note}~IEA*0*000000001~".encode()


def ack(batch: int, *transactions: tuple[str, str], group: str = "A", why: str = "") -> bytes:
    """A 999; transactions are (ST02, A or R)."""
    body = [f"AK1*HC*{batch}*005010X222A1"]
    for control, code in transactions:
        body.append(f"AK2*837*{control}*005010X222A1")
        body += ["IK3*NM1*8*2010*8", "IK4*9*67*1"] if code == "R" else []
        body.append(f"IK5*{code}{'*5' if code == 'R' else ''}")
    taken = sum(code == "A" for _, code in transactions)
    body.append(f"AK9*{group}*{len(transactions)}*{len(transactions)}*{taken}{why}")
    return whole("FA", "005010X231A1", body)


TOP = ("BHT*0085*08*ACK1*20261118*0830*TH", "HL*1**20*1", "NM1*PR*2*CEDAR HEALTH*****PI*CEDAR1", "TRN*1*ACK1")


def status(batch: int | str, *claims: tuple[str, str, str], said: str = "", provider: str = "") -> bytes:
    """A 277CA; claims are (our number, STC01, the payer's number).

    ``said``: STC01 of the whole file; ``provider``: STC01 of the one provider in it.
    """
    body = [*TOP, "HL*2*1*21*1", "NM1*41*2*CLINIC*****46*CLINIC01", f"TRN*2*{batch}"]
    body += [f"STC*{said}*20261118*{_action(said)}*1"] if said else []
    if provider or claims:
        body += ["HL*3*2*19*1", f"NM1*85*2*CLINIC*****XX*{NPI}"]
        body += ["TRN*1*PR9", f"STC*{provider}*20261118*{_action(provider)}*1"] if provider else []
    for place, (control, stc, number) in enumerate(claims, 4):
        body += [f"HL*{place}*3*PT", "NM1*QC*1*RIVERS*ADA****MI*M1", f"TRN*2*{control}"]
        body += [f"STC*{stc}*20261118*{_action(stc)}*1", *([f"REF*1K*{number}"] if number else [])]
    return whole("HN", "005010X214", body, st="277")


def _action(stc: str) -> str:
    return {"A1": "WQ", "A2": "WQ", "A4": ""}.get(stc[:2], "U")


def paid(
    one: Submission,
    *adjustments: Adjustment,
    status: str = "1",
    control: str | None = None,
    number: str = "P77",
    lines: Sequence[SentLine] | None = None,
    modifiers: bool = True,
    numbered: bool = True,
    recoded: str = "",
    sign: int = 1,
    member: str = "",
    name: tuple[str, str] = ("", ""),
) -> list[str]:
    """The CLP of a claim with its lines; each line is adjusted alike, the rest is paid.

    ``control``: another number than ours; ``lines``: only these; ``recoded``: paid as another code (SVC06 has ours).
    """
    cut = adjustments or USUAL
    some = one.lines if lines is None else lines
    charge = sum((line.charge for line in some), Decimal(0)) * sign
    less = sum((Decimal(amount) for _, _, amount in cut), Decimal(0)) * sign
    of_patient = sum((Decimal(amount) for group, _, amount in cut if group == "PR"), Decimal(0)) * len(some) * sign
    found = [
        f"CLP*{one.key if control is None else control}*{status}*{charge}*{charge - less * len(some)}*{of_patient}*12*"
        f"{number}*11*1",
        f"NM1*QC*1*{name[0]}*{name[1]}****{f'MI*{member}' if member else ''}".rstrip("*"),
        f"DTM*232*{one.date:%Y%m%d}",
    ]
    for line in some:
        mods = line.modifiers if modifiers else ()
        ours = ":".join(("HC", line.code, *mods))
        as_paid = f"HC:{recoded}" if recoded else ours
        was = ours if recoded else ""
        svc = f"SVC*{as_paid}*{line.charge * sign}*{line.charge * sign - less}**{line.units}*{was}"
        found.append(svc.rstrip("*"))
        found.append(f"DTM*472*{line.date:%Y%m%d}")
        found += [f"CAS*{group}*{reason}*{Decimal(amount) * sign}" for group, reason, amount in cut]
        found += [f"REF*6R*{line.control}"] if numbered else []
    return found


def denied(one: Submission, reason: str = "50") -> list[str]:
    """A claim of which nothing is paid."""
    (charge,) = {line.charge for line in one.lines} if len(one.lines) == 1 else {None}
    assert charge is not None
    return paid(one, ("CO", reason, str(charge)), status="4")


def payment(
    *claims: list[str], moved: Iterable[tuple[str, str, str]] = (), off: str = "0", trace: str = "EFT1"
) -> list[str]:
    """The body of an 835 that pays these claims.

    ``moved``: PLB (reason, reference, dollars); ``off``: by how much it is wrong.
    """
    segments = ["LX*1", *(segment for claim in claims for segment in claim)]
    total = sum((Decimal(one.split("*")[4]) for one in segments if one.startswith("CLP*")), Decimal(0))
    plbs = list(moved)
    total -= sum((Decimal(amount) for _, _, amount in plbs), Decimal(0))
    total += Decimal(off)
    segments += [f"PLB*{NPI}*20261231*{reason}:{reference}*{amount}" for reason, reference, amount in plbs]
    way = f"{abs(total)}*{'C' if total >= 0 else 'D'}*{'CHK' if total else 'NON'}"
    head = [one.replace("EFT0001", trace) for one in HEADER]
    return [f"BPR*I*{way}************20261119", *head, *segments]


def era(*claims: list[str], moved: Iterable[tuple[str, str, str]] = (), off: str = "0", trace: str = "EFT1") -> bytes:
    """An 835 of one payment."""
    return enveloped(payment(*claims, moved=moved, off=off, trace=trace))
