"""Remember what payers answered to the host itself, or to others who wrote it there: billing goes by it as well.

Such an answer is found with the appointments of its patient. It gets a question of its own in the store, answered from
the start, so that it counts as any other answer does; it stands on the host already and is never written there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from massage_billing.fhir.keys import question_key
from massage_billing.ports import QuestionRow, QuestionState, Settled
from massage_billing.sweep.setup import SweepSetup
from massage_billing.sweep.survey import Coming


def remember(setup: SweepSetup, coming: Sequence[Coming]) -> int:
    """Record the host's answers that are not recorded yet; how many."""
    fresh = {settled.row.key: settled for one in coming for settled in _fresh(setup, one)}
    if not fresh:
        return 0
    now = setup.host.now()
    wanted = [replace(one.row, state=QuestionState.ASKING) for one in fresh.values()]
    mine = setup.asking.claim(wanted, setup.owner, now, setup.lease)
    setup.asking.settle([replace(fresh[row.key], row=replace(row, state=QuestionState.ANSWERED)) for row in mine])
    return len(mine)


def _fresh(setup: SweepSetup, one: Coming) -> Iterator[Settled]:
    for known in one.appointment.answered_by_host:
        if known.response is None:
            continue
        day = known.asked_on.isoformat()
        key = question_key(setup.host.id, known.patient, known.coverage, known.payer, day, known.response)
        row = QuestionRow(
            key=key,
            host=setup.host.id,
            patient=known.patient,
            coverage=known.coverage,
            payer=known.payer,
            day=known.asked_on,
            serviced=known.answer.asked_for,
            state=QuestionState.ANSWERED,
            trace=key,
            appointment=one.appointment.id,
        )
        yield Settled(row, replace(known, question=key), written=True)
