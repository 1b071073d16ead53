"""Judge an appointment before it is booked: as the huddle would on its day, by what is known now.

Asks no payer and writes nothing: whoever books does not wait, and a date that is only tried out is no reason to ask.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date as Date

from massage_billing.errors import HostError
from massage_billing.model import Appointment, Verdict
from massage_billing.ports import JsonObject
from massage_billing.ports.booking import Books, Prefetched
from massage_billing.sweep.judging import judge_all
from massage_billing.sweep.questions import Questions
from massage_billing.sweep.report import Tally
from massage_billing.sweep.setup import SweepSetup
from massage_billing.sweep.survey import Surveyor


def judge_proposed(
    setup: SweepSetup, patient: str, proposed: Sequence[JsonObject], given: Prefetched, today: Date
) -> list[tuple[Appointment, Verdict]]:
    """What has to be settled before appointments that are about to be booked for a patient ("3").

    The patient's other coming appointments take theirs of what is left first. Raises HostError where the host cannot be
    read, or has no calendar to ask.
    """
    if not isinstance(setup.schedule, Books):
        raise HostError(f"Host {setup.host.id} cannot be asked about what is about to be booked.")
    booking = setup.schedule.booking(patient, proposed, today, given)
    tally = Tally()
    surveyor = Surveyor(setup, tally)
    wanted = surveyor.read(booking.proposed, every=True)
    wanted = [one for one in wanted if one.day.on >= today and one.appointment.patient == f"Patient/{patient}"]
    if not wanted:
        return []
    coming = [one for one in surveyor.read(booking.others) if one.day.on >= today]
    faults = Questions(setup, wanted, today, tally).faults
    ids = {one.appointment.id for one in wanted}
    judged = judge_all(setup, [*coming, *wanted], faults, today)
    return [(one, verdict) for one, verdict in judged if one.id in ids]
