"""Remember what payers answered to the host itself, or to others who wrote it there: billing goes by it as well.

Such an answer is found with the appointments of its patient. It gets a question of its own in the store, answered from
the start, so that it counts as any other answer does; it stands on the host already and is never written there. One
that the host changed is another answer, given when that was seen.
"""

from __future__ import annotations

import hashlib
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
    now = setup.time()
    wanted = [replace(one.row, state=QuestionState.ASKING) for one in fresh.values()]
    mine = setup.asking.claim(wanted, setup.owner, now, setup.lease)
    stored = setup.asking.answers(setup.host.id, {row.coverage for row in mine}) if mine else {}
    before = {known.response for some in stored.values() for known in some}
    results = []
    for row in mine:
        settled, known = fresh[row.key], fresh[row.key].known
        if known is not None and known.response in before:
            settled = replace(settled, known=replace(known, answered_at=now))
        results.append(replace(settled, row=replace(row, state=QuestionState.ANSWERED)))
    setup.asking.settle(results)
    return len(mine)


def _fresh(setup: SweepSetup, one: Coming) -> Iterator[Settled]:
    for known in one.appointment.answered_by_host:
        if known.response is None:
            continue
        said = hashlib.sha256(repr(known.answer).encode()).hexdigest()
        day = known.asked_on.isoformat()
        holder = f"{known.response} {said}"
        key = question_key(setup.host.id, known.patient, known.coverage, known.payer, day, holder)
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
