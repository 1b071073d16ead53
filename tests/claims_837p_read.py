"""Reading an 837P back, for tests: what it says is made into professional claims again, to be compared field by field.

``told`` is a claim as a file can tell it: without what is not in the file, and without what the guide leaves out where
another place says it. Loops come from segments (``of_segments``) or from the models of x12sdk and of linuxforhealth-x12
(``of_model``), which share nothing with our writer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

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
from massage_billing.x12.segments import Transaction

PERSONS = {"DN": "2310A", "82": "2310B", "77": "2310C", "DQ": "2310D"}
HEADS = {"41": "1000A", "40": "1000B", "85": "2010AA", "QC": "2010CA"}
DEPTH = {"2000A": 1, "2000B": 2, "2000C": 3, "2300": 4, "2320": 5, "2400": 5, "2430": 6}
"""How deep a loop stands; those of a party hold none."""
PARTY = 9


@dataclass
class Loop:
    """One loop: its segments as lists of elements, the id first, and the loops beneath it."""

    name: str
    segments: list[list[str]] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)

    def under(self, name: str) -> list[Loop]:
        return [loop for loop in self.loops if loop.name == name]

    def one(self, name: str) -> Loop | None:
        return next(iter(self.under(name)), None)

    def all(self, tag: str, qualifier: str | None = None) -> list[list[str]]:
        found = [segment + [""] * 25 for segment in self.segments if segment[0] == tag]
        return [segment for segment in found if qualifier is None or segment[1] == qualifier]

    def at(self, tag: str, place: int, qualifier: str | None = None) -> str:
        """An element of the first such segment; "" where there is none."""
        return next((segment[place] for segment in self.all(tag, qualifier)), "")


def of_segments(transaction: Transaction) -> Loop:
    """The loops of a transaction, by what each begins with."""
    mark = transaction.delimiters.element
    path = [root := Loop("ST")]
    for text in transaction.segments:
        parts = text.split(mark)
        name = _begins(parts, [loop.name for loop in path])
        if name:
            while len(path) > 1 and DEPTH.get(path[-1].name, PARTY) >= DEPTH.get(name, PARTY):
                path.pop()
            loop = Loop(name)
            path[-1].loops.append(loop)
            path.append(loop)
        path[-1].segments.append(parts)
    return root


def _begins(parts: list[str], path: list[str]) -> str:
    tag, first = parts[0], parts[1] if len(parts) > 1 else ""
    if tag == "HL":
        return {"20": "2000A", "22": "2000B", "23": "2000C"}[parts[3]]
    if tag in {"CLM", "LX", "SVD"}:
        return {"CLM": "2300", "LX": "2400", "SVD": "2430"}[tag]
    if tag == "SBR":
        return "2320" if "2300" in path else ""
    if tag != "NM1":
        return ""
    if first in {"IL", "PR"}:
        return ("2330" if "2320" in path else "2010B") + {"IL": "A", "PR": "B"}[first]
    if first == "82" and "2400" in path:
        return "2420A"
    return PERSONS.get(first) or HEADS[first]


def of_model(name: str, found: dict[str, Any]) -> Loop:
    """The loops of a model of x12sdk or linuxforhealth-x12 as JSON, by its own idea of what belongs where.

    A segment's fields are its elements in order.
    """
    loop = Loop(name)
    for key, value in found.items():
        many = value if isinstance(value, list) else [value] if value else []
        if key.endswith("_segment"):
            loop.segments += [_elements(one) for one in many]
        elif key.startswith("loop_"):
            loop.loops += [of_model(key.removeprefix("loop_").upper(), one) for one in many]
    return loop


def _elements(segment: dict[str, Any]) -> list[str]:
    values = [value for key, value in segment.items() if key != "delimiters"]
    tag = str(getattr(values[0], "value", values[0]))
    return [tag, *(_element(value) for value in values[1:])]


def _element(value: Any) -> str:
    if isinstance(value, list):
        return ":".join(map(str, value))
    return "" if value is None else str(value)


def claims(root: Loop) -> Iterator[ProfessionalClaim]:
    """Every claim, in the order of the file within each level."""
    for top in root.under("2000A"):
        for holder in top.under("2000B"):
            for own in holder.under("2300"):
                yield _claim(top, holder, None, own)
            for dependent in holder.under("2000C"):
                for own in dependent.under("2300"):
                    yield _claim(top, holder, dependent, own)


def _claim(top: Loop, holder: Loop, dependent: Loop | None, loop: Loop) -> ProfessionalClaim:
    (clm,) = loop.all("CLM")
    place, _, frequency = clm[5].split(":")
    causes = clm[11].split(":") + [""] * 4
    facility, billing = loop.one("2310C"), _party(_need(top, "2010AA"), top.at("PRV", 3))
    whole = _need(top, "2010AA")
    billing = replace(
        billing, tax_id=whole.at("REF", 2, "EI") or whole.at("REF", 2, "SY"),
        tax_id_is_ssn=bool(whole.at("REF", 2, "SY")), phone=whole.at("PER", 4),
    )  # fmt: skip
    return ProfessionalClaim(
        "", "", "", clm[1], billing, _payer(_need(holder, "2010BB"), holder.at("SBR", 9)),
        _insured(_need(holder, "2010BA")), _insured(_need(dependent, "2010CA")) if dependent else None,
        dependent.at("PAT", 1) if dependent else holder.at("SBR", 2), holder.at("SBR", 1), Decimal(clm[2]), place,
        frequency, tuple(code.split(":")[1] for code in loop.all("HI")[0][1:] if code),
        tuple(_line(one, loop) for one in loop.under("2400")), holder.at("SBR", 3), holder.at("SBR", 4),
        holder.at("SBR", 5), clm[7] == "A" and clm[8] == "Y", clm[9] == "Y", _provider(loop.one("2310B")),
        _provider(loop.one("2310A")), _provider(loop.one("2310D")), _party(facility) if facility else None,
        _day(loop.at("DTP", 3, "431")), _day(loop.at("DTP", 3, "439")), tuple(filter(None, causes[:3])), causes[3],
        loop.at("REF", 2, "G1"), loop.at("REF", 2, "9F"), loop.at("REF", 2, "F8"), loop.at("NTE", 2),
        _money(loop.at("AMT", 2, "F5")), tuple(_other(one) for one in loop.under("2320")),
    )  # fmt: skip


def _need(loop: Loop, name: str) -> Loop:
    found = loop.one(name)
    assert found is not None, name
    return found


def _party(loop: Loop, taxonomy: str = "") -> ClaimParty:
    (name,) = loop.all("NM1")
    return ClaimParty(
        name[3], name[4], name[5], name[7], name[2] == "2", name[9] if name[8] == "XX" else "", taxonomy,
        address=_address(loop), state_license=loop.at("REF", 2, "0B"),
    )  # fmt: skip


def _provider(loop: Loop | None) -> ClaimParty | None:
    return _party(loop, loop.at("PRV", 3, "PE")) if loop else None


def _address(loop: Loop) -> Address:
    streets = tuple(filter(None, (loop.at("N3", 1), loop.at("N3", 2))))
    return Address(streets, loop.at("N4", 1), loop.at("N4", 2), loop.at("N4", 3), loop.at("N4", 4))


def _insured(loop: Loop) -> Insured:
    (name,) = loop.all("NM1")
    born = _day(loop.at("DMG", 2))
    return Insured(_party(loop), name[9], born, loop.at("DMG", 3) or "U", loop.at("REF", 2, "Y4"))


def _payer(loop: Loop, filing: str) -> ClaimPayer:
    return ClaimPayer("", loop.at("NM1", 3), loop.at("NM1", 9), _address(loop), filing)


def _other(loop: Loop) -> OtherPayer:
    (sbr,) = loop.all("SBR")
    payer = _need(loop, "2330B")
    return OtherPayer(
        sbr[1], sbr[2], _insured(_need(loop, "2330A")), _payer(payer, sbr[9]), sbr[3], sbr[5],
        _money(loop.at("AMT", 2, "D")), _money(loop.at("AMT", 2, "EAF")), payer.at("REF", 2, "F8"), _reasons(loop),
        loop.at("OI", 3) == "Y", _day(payer.at("DTP", 3, "573")),
    )  # fmt: skip


def _line(loop: Loop, whole: Loop) -> ProfessionalLine:
    (sv1,) = loop.all("SV1")
    _, code, *modifiers = sv1[1].split(":")
    ids = [_need(other, "2330B").at("NM1", 9) for other in whole.under("2320")]
    return ProfessionalLine(
        code, tuple(modifiers), Decimal(sv1[2]), Decimal(sv1[4]), tuple(map(int, sv1[7].split(":"))),
        _day(loop.at("DTP", 3, "472")), _provider(loop.one("2420A")), loop.at("REF", 2, "6R"), sv1[5],
        tuple((ids.index(said.at("SVD", 1)) + 1, _said(said)) for said in loop.under("2430")),
    )  # type: ignore[arg-type]  # fmt: skip


def _said(loop: Loop) -> LineAdjudicated:
    (svd,) = loop.all("SVD")
    _, code, *modifiers = svd[3].split(":")
    return LineAdjudicated(Decimal(svd[2]), code, tuple(modifiers), Decimal(svd[5]), _reasons(loop),
                           _day(loop.at("DTP", 3, "573")), _money(loop.at("AMT", 2, "EAF")))  # fmt: skip


def _reasons(loop: Loop) -> tuple[LineAdjustment, ...]:
    return tuple(
        LineAdjustment(cas[1], cas[place], Decimal(cas[place + 1]), _money(cas[place + 2]))
        for cas in loop.all("CAS")
        for place in range(2, 20, 3)
        if cas[place]
    )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _money(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def told(claim: ProfessionalClaim, submitter_phone: str = "") -> ProfessionalClaim:
    """What a file can tell of a claim."""
    billing = replace(claim.billing, phone="" if claim.billing.phone == submitter_phone else claim.billing.phone)
    rendering = claim.rendering if claim.rendering and claim.rendering.npi != claim.billing.npi else None
    subscriber = claim.subscriber
    if claim.patient is not None:
        subscriber = replace(
            subscriber, birth_date=None, gender="U", party=replace(subscriber.party, address=Address())
        )
    return replace(
        claim, key="", reference="", encounter="", billing=billing, payer=replace(claim.payer, key=""),
        rendering=rendering, subscriber=subscriber,
        referring=replace(claim.referring, taxonomy="") if claim.referring else None,
        supervising=replace(claim.supervising, taxonomy="") if claim.supervising else None,
        patient=replace(claim.patient, member_id="") if claim.patient else None,
        group_name="" if claim.group_number else claim.group_name, paid_by_patient=claim.paid_by_patient or None,
        lines=tuple(_told_line(claim, line, (rendering or billing).npi) for line in claim.lines),
        others=tuple(_told_other(claim, other, place) for place, other in enumerate(claim.others, 1)),
    )  # fmt: skip


def _told_line(claim: ProfessionalClaim, line: ProfessionalLine, treated: str) -> ProfessionalLine:
    others = tuple(
        (place, replace(said, date=said.date or claim.others[place - 1].date, adjustments=_grouped(said.adjustments)))
        for place, said in line.others
    )
    return replace(
        line, others=others, rendering=line.rendering if line.rendering and line.rendering.npi != treated else None,
        place_of_service="" if line.place_of_service == claim.place_of_service else line.place_of_service,
    )  # fmt: skip


def _told_other(claim: ProfessionalClaim, other: OtherPayer, place: int) -> OtherPayer:
    said = [one for line in claim.lines for number, one in line.others if number == place]
    return replace(
        other, payer=replace(other.payer, key=""), adjustments=_grouped(other.adjustments),
        insured=replace(other.insured, birth_date=None, gender="U"), date=None if said else other.date,
        left_to_patient=None if any(one.left_to_patient for one in said) else other.left_to_patient,
    )  # fmt: skip


def _grouped(given: tuple[LineAdjustment, ...]) -> tuple[LineAdjustment, ...]:
    groups = list(dict.fromkeys(one.group for one in given))
    return tuple(sorted(given, key=lambda one: groups.index(one.group)))
