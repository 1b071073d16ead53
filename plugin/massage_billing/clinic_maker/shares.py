"""What the visits of a synthetic clinic are, and in which shares: one table, as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


@dataclass(frozen=True, slots=True)
class Done:
    """One service of a scenario."""

    code: str
    """CPT number; "" for a code of the clinic's own that maps to nothing."""
    minutes: int | None
    """Minutes of treatment; None where the record does not say."""
    therapist: int = 0
    """0: the visit's therapist; 1: another one."""
    status: str = "completed"
    """Procedure.status."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One kind of visit."""

    key: str
    """Short name."""
    share: int
    """Thousandths of all visits."""
    services: tuple[Done, ...]
    """What was done."""
    expected: str
    """What ``run`` makes of it with an ordinary patient: claim, hold, self-pay, no-charge."""
    status: str = "finished"
    """Encounter.status."""
    diagnosis: bool = True
    """Whether a diagnosis is recorded."""
    special: str = ""
    """"consent": the patient pays and the plan is not told; "group": several people at once; "no-npi": by the
    therapist without an NPI."""


SHARES: Final = (
    Scenario("massage-60", 330, (Done("97124", 60),), "claim"),
    Scenario("massage-45", 150, (Done("97124", 45),), "claim"),
    Scenario("massage-30", 100, (Done("97124", 30),), "claim"),
    Scenario("manual-45", 110, (Done("97140", 45),), "claim"),
    Scenario("manual-and-exercise", 70, (Done("97140", 30), Done("97110", 15)), "claim"),
    Scenario("neuromuscular", 40, (Done("97112", 30), Done("97110", 23)), "claim"),
    Scenario("massage-and-heat", 50, (Done("97124", 45), Done("97010", 15)), "claim"),
    Scenario("manual-and-massage", 45, (Done("97140", 30), Done("97124", 25)), "claim"),
    Scenario("two-therapists", 15, (Done("97140", 30), Done("97110", 20, therapist=1)), "claim"),
    Scenario("one-not-done", 10, (Done("97124", 45), Done("97110", None, status="not-done")), "claim"),
    Scenario("short-minutes", 8, (Done("97124", 6),), "no-charge"),
    Scenario("missing-minutes", 15, (Done("97124", None),), "hold"),
    Scenario("missing-diagnosis", 12, (Done("97140", 40),), "hold", diagnosis=False),
    Scenario("massage-outlasts-manual", 5, (Done("97140", 15), Done("97124", 45)), "hold"),
    Scenario("unknown-code", 5, (Done("", 45),), "hold"),
    Scenario("no-npi", 8, (Done("97124", 60),), "hold", special="no-npi"),
    Scenario("no-procedure", 5, (), "hold"),
    Scenario("group", 4, (Done("97110", 45),), "hold", special="group"),
    Scenario("cancelled", 8, (), "no-charge", status="cancelled"),
    Scenario("in-progress", 3, (Done("97124", 30, status="in-progress"),), "hold", status="in-progress"),
    Scenario("self-pay-wish", 7, (Done("97124", 60),), "self-pay", special="consent"),
)
"""The kinds of visit; the shares add up to 1000."""


class Plan(StrEnum):
    """What a patient is insured by."""

    ONE = "one"
    TWO = "two"
    INJURY = "injury"
    NONE = "none"
    ENDED = "ended"
    NO_MEMBER_ID = "no-member-id"
    UNKNOWN_PAYER = "unknown-payer"


PLANS: Final = (
    (Plan.ONE, 860, "claim"),
    (Plan.TWO, 60, "claim"),
    (Plan.INJURY, 30, "claim"),
    (Plan.NONE, 20, "self-pay"),
    (Plan.ENDED, 15, "hold"),
    (Plan.NO_MEMBER_ID, 8, "hold"),
    (Plan.UNKNOWN_PAYER, 7, "hold"),
)
"""What patients are insured by: (plan, thousandths of all patients, what becomes of an otherwise billable visit)."""


class Shape(StrEnum):
    """How the table is drawn from."""

    TYPICAL = "typical"
    """By the shares."""
    VARIED = "varied"
    """Every kind of visit and of plan once, then by the shares: for a clinic small enough to look at."""


def drawn(number: int) -> Scenario:
    """The scenario that a number 0 to 999 stands for."""
    for scenario in SHARES:
        number -= scenario.share
        if number < 0:
            return scenario
    raise ValueError("The shares do not add up to 1000.")


def plan_drawn(number: int) -> Plan:
    """The plan that a number 0 to 999 stands for."""
    for plan, share, _ in PLANS:
        number -= share
        if number < 0:
            return plan
    raise ValueError("The shares do not add up to 1000.")
