"""What payers send in X12, written by hand for tests: 271, 999 and TA1 to a 270 of ours, in every mood."""

from __future__ import annotations

from dataclasses import dataclass

from contract.payer_contract import SECRET, Mood

SENDER, RECEIVER = "CLINIC01", "CLEARING01"


@dataclass(frozen=True)
class Sent:
    """What of our 270 an answer comes back to."""

    trace: str
    originator: str
    reference: str
    control: str
    group: str
    member: str


def sent(x12: bytes | str) -> list[Sent]:
    """The questions of an interchange of ours, which has the usual delimiters."""
    text = x12.decode() if isinstance(x12, bytes) else x12
    segments = [segment.strip().split("*") for segment in text.split("~")]
    isa = next(segment for segment in segments if segment[0] == "ISA")
    gs = next(segment for segment in segments if segment[0] == "GS")
    found, reference, member = [], "", ""
    trace: list[str] = []
    for segment in segments:
        if segment[0] == "BHT":
            reference = segment[3]
        elif segment[0] == "TRN":
            trace = segment
        elif segment[:2] == ["NM1", "IL"]:
            member = segment[9]
        elif segment[0] == "SE":
            found.append(Sent(trace[2], trace[3], reference, isa[13], gs[6], member))
    return found


def interchange(*transactions: str, kind: str = "HB", version: str = "005010X279A1", control: str = "000000907") -> str:
    """ISA to IEA around transactions (without SE and ST: those are put on here, with right counts)."""
    made = []
    for number, transaction in enumerate(transactions, 1):
        body = [segment for segment in transaction.strip().split("~") if segment]
        code = {"HB": "271", "FA": "999"}[kind]
        made.append("~".join([f"ST*{code}*{number:04}*{version}", *body, f"SE*{len(body) + 2}*{number:04}"]))
    isa = (
        f"ISA*00*          *00*          *ZZ*{RECEIVER:<15}*ZZ*{SENDER:<15}*261130*1205*^*00501*{control}*0*P*:~"
        f"GS*{kind}*{RECEIVER}*{SENDER}*20261130*1205*{int(control)}*X*{version}~"
    )
    return isa + "~".join(made) + f"~GE*{len(made)}*{int(control)}~IEA*1*{control}~"


HEAD = (
    "BHT*0022*11*{reference}*20261130*1205~HL*1**20*1~NM1*PR*2*ACME HEALTH PLAN*****PI*SYN01~{source}"
    "HL*2*1*21*1~NM1*1P*2*SYNTHETIC MASSAGE CLINIC*****XX*1234567893~"
)
WHO = "HL*3*2*22*0~TRN*2*{trace}*{originator}~NM1*IL*1*SYNTHETICA1*JANE****MI*{member}~{refused}DMG*D8*19800203*F~"
SAYS = {
    Mood.ACTIVE: (
        "DTP*346*D8*20260101~EB*1**30^BE**GOLD PLAN~EB*B**BE***27*25*****Y~"
        "EB*F**BE***23***VS*20~EB*F**BE***24***VS*12~EB*F**BE***29***VS*8~"
    ),
    Mood.INACTIVE: "DTP*347*D8*20261031~EB*6**30**GOLD PLAN~",
    Mood.SILENT: "EB*V**BE~MSG*CALL THE PLAN~",
    Mood.REFUSED: "",
    Mood.TRY_LATER: "",
}


def transaction(asked: Sent, mood: Mood, *, traced: bool = True) -> str:
    """The inside of one 271."""
    told = {"trace": asked.trace, "originator": asked.originator, "reference": asked.reference, "member": asked.member}
    if mood is Mood.TRY_LATER:
        return HEAD.format(source="AAA*Y**42*R~", **told)
    refused = "AAA*Y**75*C~" if mood is Mood.REFUSED else ""
    who = WHO.format(refused=refused, **told)
    if not traced:
        who = who.replace(f"TRN*2*{asked.trace}*{asked.originator}~", "")
    return HEAD.format(source="", **told) + who + SAYS[mood]


def answers(x12: bytes | str, mood: Mood = Mood.ACTIVE) -> str:
    """The 271 to a 270 of ours."""
    return interchange(*(transaction(one, mood) for one in sent(x12)))


def anothers() -> str:
    """A 271 to a question that nobody here asked."""
    other = Sent("SOMEBODYELSE1", "9CLINIC999", "SOMEBODYELSE1", "1", "1", "SYNOTHER")
    return interchange(transaction(other, Mood.ACTIVE))


def rejection_999(asked: Sent) -> str:
    """A 999 that turns the transaction down."""
    body = (
        f"AK1*HS*{asked.group}*005010X279A1~AK2*270*0001*005010X279A1~IK3*NM1*8*2100*8~IK4*3*1035*7*{SECRET}~"
        "IK5*R*5~AK9*R*1*1*0"
    )
    return interchange(body, kind="FA", version="005010X231A1")


def acceptance_999(asked: Sent) -> str:
    """A 999 that takes it."""
    body = f"AK1*HS*{asked.group}*005010X279A1~AK2*270*0001*005010X279A1~IK5*A~AK9*A*1*1*1"
    return interchange(body, kind="FA", version="005010X231A1")


def ta1(asked: Sent, code: str = "R", note: str = "006") -> str:
    """A TA1 about the interchange."""
    isa = f"ISA*00*          *00*          *ZZ*{RECEIVER:<15}*ZZ*{SENDER:<15}*261130*1205*^*00501*000000908*0*P*:~"
    return f"{isa}TA1*{asked.control}*261130*1205*{code}*{note}~IEA*0*000000908~"
