"""Drawn by number: which patient a visit is of, how a patient is insured, what kind of visit a visit is."""

from __future__ import annotations

from datetime import date as Date
from datetime import timedelta
from typing import Final, NamedTuple

from massage_billing.clinic_maker.cast import HOUSE
from massage_billing.clinic_maker.shares import PLANS, SHARES, Plan, Scenario, Shape, drawn, plan_drawn

VISITS_OF: Final = {Shape.TYPICAL: (3, 5, 7, 9), Shape.VARIED: (1, 2, 4)}
"""How many visits some patients in a row have."""
_OF_BLOCK: Final = {
    shape: tuple((patient, nth) for patient, count in enumerate(counts) for nth in range(count))
    for shape, counts in VISITS_OF.items()
}
WEEKS: Final = 8
"""Over how many weeks first visits are spread."""
WEEKDAYS: Final = 6
"""Days a week that the clinic is open."""
SLOTS: Final = 6
"""Visits a therapist can have in a day."""
SLOT: Final = 90
"""Minutes from one to the next: an hour of treatment, and time in which a colleague may be asked in."""

_MASK: Final = (1 << 64) - 1


def mix(seed: int, number: int, salt: int) -> int:
    """A number drawn from seed, number and salt (splitmix64): the same on every machine."""
    value = (seed * 0x9E3779B97F4A7C15 + number * 0xBF58476D1CE4E5B9 + salt * 0x94D049BB133111EB) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


class Person(NamedTuple):
    """What the visits of a patient need to know of them."""

    number: int
    plan: Plan
    payer: int
    first: int
    """Weeks from the start of the clinic to the first visit."""
    house: int
    """Which group of therapists treats them."""
    place: int
    """Which therapist of the house."""
    seat: int
    """Weekday and slot, which no other patient of the therapist has."""

    @property
    def reference(self) -> dict[str, str]:
        """Reference to the Patient."""
        return {"reference": f"Patient/patient-{self.number}"}


class Clinic(NamedTuple):
    """What every visit depends on."""

    seed: int
    start: Date
    shape: Shape

    def person(self, number: int) -> Person:
        """A patient."""
        draw = mix(self.seed, number, 1)
        plan = plan_drawn(draw % 1000)
        if self.shape is Shape.VARIED and number < len(PLANS) * 3 - 3:
            plan = PLANS[number // 3 + 1 if number % 3 == 0 else 0][0]  # patients with one visit have the odd plans
        house, of_house = divmod(number, HOUSE * WEEKDAYS * SLOTS)
        seat, place = divmod(of_house, HOUSE)
        return Person(number, plan, (draw >> 20) % 3, (draw >> 32) % WEEKS, house, place, seat)

    def day(self, person: Person, nth: int) -> Date:
        """Date of a patient's visit: a week after the one before, on the patient's weekday, never on a Sunday."""
        open_days = [day for n in range(7) if (day := self.start + timedelta(days=n)).weekday() != 6]
        return open_days[person.seat % WEEKDAYS] + timedelta(weeks=person.first + nth)

    def after(self) -> Date:
        """The first day that is after every visit, however many there are."""
        return self.start + timedelta(weeks=WEEKS + max(VISITS_OF[self.shape]) - 1)

    def houses(self, visits: int) -> int:
        """How many houses so many visits need."""
        return self.person(self.owner_of(visits - 1)[0]).house + 1

    def scenario(self, number: int) -> Scenario:
        """What kind of visit a visit is."""
        if self.shape is Shape.VARIED and number < len(SHARES) * 2:
            block, place = divmod(number, 7)
            kind = block * 6 + place - 1  # the first visit of seven is an ordinary one, of a patient with an odd plan
            if place == 0 or kind < len(SHARES):
                return SHARES[kind if place else 0]
        return drawn(mix(self.seed, number, 2) % 1000)

    def owner_of(self, visit: int) -> tuple[int, int]:
        """(patient, which of that patient's visits) of a visit."""
        places = _OF_BLOCK[self.shape]
        block, place = divmod(visit, len(places))
        patient, nth = places[place]
        return block * len(VISITS_OF[self.shape]) + patient, nth
