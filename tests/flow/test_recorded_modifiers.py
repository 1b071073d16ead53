"""From modifiers and performers on the host to the lines of a Claim: what is recorded is read, nothing is put in."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from builders import OTHER_NPI, at, concept, encounter, minutes, period, practitioner, procedure, ref
from flow.world import CLINIC, World
from massage_billing.fhir import names
from massage_billing.model import Clinic, CoverageKind, Fee, Payer

CODES = ("97110", "97112", "97124", "97140", "98940", "99213")
OCCUPATIONAL, PHYSICAL, MASSAGE = "225X00000X", "225100000X", "225700000X"


class Recorded(World):
    """A host with one Encounter, of whose Procedures each test says which they are."""

    def __init__(self) -> None:
        super().__init__()
        self.put(procedure("a1", status="entered-in-error"))
        self.with_policy("cms-total-time")

    def with_policy(self, policy: str) -> None:
        payer = Payer("plan", CoverageKind.HEALTH, policy, references=frozenset({"Organization/o2"}))
        fees = tuple(Fee(code, Decimal("40.00"), date(2026, 1, 1)) for code in CODES)
        clinic: Clinic = replace(CLINIC, payers=(payer,), fees=fees, digest=f"clinic-{policy}")
        self.setup = replace(self.setup, clinic=clinic)

    def service(
        self, id: str, code: str | dict[str, Any], mins: int | None = None, *extensions: dict[str, Any], **changes: Any
    ) -> None:
        timed = [minutes(mins)] if mins is not None else []
        self.put(procedure(id, code, extension=[*timed, *extensions] or ..., **changes))

    def lines(self) -> list[str]:
        """The lines of the one live Claim, "97124 x2 GP"."""
        (claim,) = self.alive("Claim")
        items: list[dict[str, Any]] = claim["item"]  # type: ignore[assignment]
        return [
            " ".join(
                [
                    item["productOrService"]["coding"][0]["code"],
                    f"x{item['quantity']['value']}",
                    *(modifier["coding"][0]["code"] for modifier in item.get("modifier", ())),
                ]
            )
            for item in items
        ]


@pytest.fixture
def host() -> Recorded:
    return Recorded()


def modifier(code: str) -> dict[str, Any]:
    return {"url": names.EXT_MODIFIER, "valueCoding": {"system": names.CPT, "code": code}}


# --- 25: the hold says where, and what it says is read ----------------------------------------------------------------


@pytest.mark.parametrize("where", ["coding", "extension", "behind the number"])
def test_an_evaluation_is_held_until_25_stands_where_the_hold_says(host: Recorded, where: str) -> None:
    host.service("b1", "98940")
    host.service("b2", "99213")
    assert host.run().hold_reasons == {"evaluation-modifier": 1}
    (task,) = host.alive("Task")
    advice = [each["valueString"] for each in task["input"]]  # type: ignore[attr-defined]
    assert len(advice) == 1
    assert "second coding of Procedure.code" in advice[0]
    assert "modifier extension" in advice[0]
    if where == "coding":
        host.service("b2", concept(names.CPT, "99213", "25"))
    elif where == "extension":
        host.service("b2", "99213", None, modifier("25"))
    else:
        host.service("b2", concept(names.CPT, "99213-25"))
    assert host.run().claims == 1
    assert host.lines() == ["98940 x1", "99213 x1 25"]
    assert host.alive("Task") == []


# --- others -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", ["XS", "59"])
def test_a_separate_service_is_said_as_recorded_where_the_record_shows_it(host: Recorded, said: str) -> None:
    host.service("b1", "98940", bodySite=[{"text": "neck"}])
    host.service("b2", concept(names.CPT, "97124", said), 15, bodySite=[{"text": "low back"}])
    host.run()
    assert host.lines() == [f"97124 x1 {said}", "98940 x1"]


def test_59_recorded_where_nothing_shows_it_opens_nothing(host: Recorded) -> None:
    host.service("b1", "98940")
    host.service("b2", concept(names.CPT, "97124", "59"), 15)
    host.run()
    assert host.lines() == ["98940 x1"]


def test_gp_and_kx_are_on_the_line_as_recorded(host: Recorded) -> None:
    host.service("b1", "97124", 30, modifier("GP"), modifier("KX"))
    host.run()
    assert host.lines() == ["97124 x2 KX GP"]


def test_five_modifiers_are_held(host: Recorded) -> None:
    host.service("b1", concept(names.CPT, "97124", "GP", "KX"), 30, modifier("96"), modifier("CQ"), modifier("AT"))
    report = host.run()
    assert (report.claims, report.hold_reasons) == (0, {"modifiers": 1})


def test_a_modifier_that_cannot_be_read_is_held_until_it_is_mended(host: Recorded) -> None:
    host.service("b1", "97124", 30, modifier("G"))
    assert host.run().hold_reasons == {"modifiers": 1}
    host.service("b1", "97124", 30, modifier("GP"))
    host.run()
    assert host.lines() == ["97124 x2 GP"]


def test_a_modifier_of_one_of_two_procedures_on_a_line_is_held(host: Recorded) -> None:
    first, second = (period(at(start), at(end)) for start, end in (("10:00", "10:15"), ("10:15", "10:30")))
    host.service("b1", "97124", 15, modifier("KX"), performedPeriod=first)
    host.service("b2", "97124", 15, performedPeriod=second)
    assert host.run().hold_reasons == {"modifiers": 1}


# --- disciplines ------------------------------------------------------------------------------------------------------


def both(host: Recorded, mins: int, kinds: tuple[str, str], *, apart: bool = False, marks: Any = ((), ())) -> None:
    """97110 by one therapist and 97112 by another, in one Encounter or in two."""
    for number, kind in enumerate(kinds, start=1):
        npi = "1234567893" if number == 1 else OTHER_NPI
        host.put(practitioner(f"t{number}", npi, qualification=[{"code": concept(names.NUCC, kind)}]))
    if apart:
        host.put(encounter("e2", period=period(at("15:00"), at("16:00"))))
    performer = [{"actor": ref("Practitioner/t2")}]
    second: dict[str, Any] = {"performer": performer}
    if apart:
        second |= {"encounter": ref("Encounter/e2"), "performedDateTime": at("15:00")}
    host.service("b1", "97110", mins, *map(modifier, marks[0]))
    host.service("b2", "97112", mins, *map(modifier, marks[1]), **second)


@pytest.mark.parametrize("apart", [False, True], ids=["one Encounter", "two"])
@pytest.mark.parametrize(
    ("mins", "kinds", "marks", "billed"),
    [
        (7, (PHYSICAL, OCCUPATIONAL), ((), ()), []),
        (8, (PHYSICAL, OCCUPATIONAL), ((), ()), ["97110 x1", "97112 x1"]),
        (8, (MASSAGE, PHYSICAL), ((), ()), ["97110 x1"]),
        (7, (PHYSICAL, PHYSICAL), (("GP",), ("GO",)), []),
        (8, (PHYSICAL, PHYSICAL), (("GP",), ("GO",)), ["97110 x1 GP", "97112 x1 GO"]),
        (8, (PHYSICAL, OCCUPATIONAL), ((), ("GP",)), ["97110 x1"]),
    ],
    ids=["7 and 7", "8 and 8", "massage with physical", "recorded, 7", "recorded, 8", "recorded outranks who"],
)
def test_disciplines_are_counted_apart(
    host: Recorded, mins: int, kinds: tuple[str, str], marks: Any, billed: list[str], apart: bool
) -> None:
    both(host, mins, kinds, apart=apart, marks=marks)
    host.run()
    found = []
    for claim in host.alive("Claim"):
        for item in claim["item"]:  # type: ignore[attr-defined]
            extra = [each["coding"][0]["code"] for each in item.get("modifier", ())]
            code = item["productOrService"]["coding"][0]["code"]
            found.append(" ".join([code, f"x{item['quantity']['value']}", *extra]))
    assert sorted(found) == billed


def test_the_modifier_that_a_payer_wants_is_that_of_the_discipline(host: Recorded) -> None:
    host.with_policy("unitedhealthcare")
    both(host, 15, (PHYSICAL, OCCUPATIONAL))
    host.run()
    assert host.lines() == ["97110 x1 GP", "97112 x1 GO"]
