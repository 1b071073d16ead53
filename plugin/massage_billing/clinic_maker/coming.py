"""What the coming appointments of a synthetic clinic show, and in which shares: one table, as data; and whose they are.

Member ids are those that the simulated payer has scripts for (payers/simulated/members.yaml), so that what it answers
fits the case.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta
from typing import Final, NamedTuple

from massage_billing.clinic_maker.draw import Clinic, Person, mix
from massage_billing.clinic_maker.shares import Plan, Shape


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of coming appointment."""

    key: str
    """Short name."""
    share: int
    """Thousandths of all appointments; 0: shown by a small clinic only."""
    member: str = "SYN-ACTIVE"
    """Whose script the payer answers by: the beginning of the member id."""
    plan: Plan = Plan.ONE
    """What a new patient is insured by."""
    new: bool = False
    """Whether it is the patient's first visit."""
    relation: str = ""
    """Whose insurance it is: "" the patient's own; "child" or "spouse": the patient is that of a RelatedPerson."""
    special: str = ""
    """"consent": the patient does not want the plan to be told; "bill-to": the same, said in the Appointment itself;
    "authorized": an authorization was granted."""
    status: str = "booked"
    """Appointment.status."""


CASES: Final = (
    Case("active", 480),
    Case("child", 60, relation="child"),
    Case("spouse", 40, relation="spouse"),
    Case("first-visit", 70, new=True),
    Case("restricted", 8, special="consent"),
    Case("self-pay-booked", 6, special="bill-to"),
    Case("no-member-id", 8, new=True, plan=Plan.NO_MEMBER_ID),
    Case("unknown-payer", 8, new=True, plan=Plan.UNKNOWN_PAYER),
    Case("uninsured", 20, new=True, plan=Plan.NONE),
    Case("ended", 30, "SYN-ENDED"),
    Case("future", 5, "SYN-FUTURE"),
    Case("wrong-id", 10, "SYN-WRONG-ID"),
    Case("wrong-birth-date", 5, "SYN-WRONG-BIRTH"),
    Case("other-payer-first", 10, "SYN-OTHER-PAYER"),
    Case("used-up", 20, "SYN-USED-UP"),
    Case("authorization-needed", 25, "SYN-AUTH"),
    Case("authorized", 20, "SYN-AUTH", special="authorized"),
    Case("deductible", 60, "SYN-DEDUCTIBLE"),
    Case("pt-only", 10, "SYN-PT-ONLY"),
    Case("pt-pool", 20, "SYN-PT-POOL"),
    Case("limits-in-words", 20, "SYN-MSG-LIMITS"),
    Case("plan-as-a-whole", 25, "SYN-ONLY-30"),
    Case("two-plans", 10, "SYN-PLANS"),
    Case("not-covered", 10, "SYN-NOT-COVERED"),
    Case("corrected", 5, "SYN-CORRECTED"),
    Case("try-later", 5, "SYN-TRY-LATER"),
    Case("cancelled", 10, status="cancelled"),
    Case("slow", 0, "SYN-SLOW"),
    Case("down", 0, "SYN-DOWN"),
    Case("garbage", 0, "SYN-GARBAGE"),
    Case("cut-off", 0, "SYN-CUT"),
)
"""The kinds of coming appointment; the shares add up to 1000."""

_SECOND: Final = "SYN-ACTIVE-SECOND"
"""What a second coverage is answered by."""


def case_drawn(number: int) -> Case:
    """The case that a number 0 to 999 stands for."""
    for case in CASES:
        number -= case.share
        if number < 0:
            return case
    raise ValueError("The shares do not add up to 1000.")


class Coming(NamedTuple):
    """One coming appointment."""

    number: int
    """Its number, 0 first."""
    person: Person
    """Whose it is."""
    case: Case
    """What it shows."""

    def member_id(self, order: int) -> str:
        """Member id of the patient's coverage of this order."""
        return f"{self.case.member if order == 1 else _SECOND}-{self.person.number:04}"


def comings(clinic: Clinic, visits: int, appointments: int, shape: Shape) -> list[Coming]:
    """So many coming appointments, each of another patient: of those with visits that have a plan to ask about, in
    order, and of new ones, who come after them, where the case says so or nobody else is left."""
    seen = clinic.owner_of(visits - 1)[0] + 1
    regulars, new = _regulars(clinic, seen), seen
    found = []
    for number in range(appointments):
        by_share = shape is Shape.TYPICAL or number >= len(CASES)
        case = case_drawn(mix(clinic.seed, number, 7) % 1000) if by_share else CASES[number]
        person = None if case.new else next(regulars, None)
        if person is None:
            person = clinic.person(new)._replace(plan=case.plan)
            new += 1
        found.append(Coming(number, person, case))
    return found


def _regulars(clinic: Clinic, seen: int) -> Iterator[Person]:
    people = (clinic.person(number) for number in range(seen))
    return (person for person in people if person.plan in (Plan.ONE, Plan.TWO))


def day_in_week(clinic: Clinic, person: Person, first: Date) -> Date:
    """The patient's weekday in the seven days from ``first`` on: no two patients of a therapist have the same slot."""
    weekday = clinic.day(person, 0).weekday()
    return first + timedelta(days=(weekday - first.weekday()) % 7)
