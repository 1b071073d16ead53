"""What payers answered of coverages, for billing: it outranks the record, and a new answer wakes visits it is about.

Without ``Setup.asking`` nothing here does anything. With it a batch costs one question to the store more, and a run
one more for what is new since the last one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from massage_billing.model import Known, Visit
from massage_billing.ports import Touched, VisitRecord, VisitRow
from massage_billing.previsit.verify import verified as told
from massage_billing.previsit.verify import with_verified
from massage_billing.run.setup import Setup

_KEPT = "billing has seen answers of "
_EVER = timedelta(days=36_500)
_OVERLAP = timedelta(minutes=1)
"""Another machine may have recorded it, by a clock that is behind; to see an answer twice is harmless."""
Read = tuple[VisitRecord, Visit]
"""A record, and the visit read from it."""


def now() -> datetime:
    """The time by this machine's clock, UTC."""
    return datetime.now(UTC)


def verified(read: Sequence[Read], setup: Setup) -> Sequence[Read]:
    """The visits with what payers answered of their coverages on their dates."""
    if setup.asking is None:
        return read
    wanted = {coverage.id for _, visit in read for coverage in visit.coverages}
    answers = setup.asking.answers(setup.host.id, sorted(wanted)) if wanted else {}
    if not answers:
        return read
    return [(record, _verified(visit, answers, setup)) for record, visit in read]


def _verified(visit: Visit, answers: Mapping[str, Sequence[Known]], setup: Setup) -> Visit:
    if visit.date is None or not any(coverage.id in answers for coverage in visit.coverages):
        return visit
    return replace(visit, coverages=with_verified(visit.coverages, answers, visit.date, setup.clinic))


class NewAnswers:
    """Answers that were recorded since the last complete run, and the visits they change.

    Where the last run ended is remembered beside the answers. If that is lost, all answers are new again: visits are
    looked at once more, and come out the same.
    """

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        # By this machine's clock, as answers are recorded: the host's may be another.
        self._began = now()

    def waking(self) -> set[str]:
        """Encounter ids of known visits of which a new answer says otherwise than the older ones, or says at all."""
        if self.setup.asking is None:
            return set()
        news = self.setup.asking.answered_since(self.setup.host.id, self._last())
        wake: set[str] = set()
        by_coverage: dict[str, list[Known]] = {}
        for one in news:
            by_coverage.setdefault(one.coverage, []).append(one)
        if by_coverage:
            all_answers = self.setup.asking.answers(self.setup.host.id, sorted(by_coverage))
            for coverage, new in by_coverage.items():
                wake |= self._of_coverage(coverage, new, all_answers.get(coverage, new))
        return wake

    def seen(self) -> None:
        """The run is complete: what was recorded before it began is news no more."""
        if self.setup.asking is not None:
            self.setup.asking.keep(_KEPT + self.setup.host.id, self._began.isoformat().encode(), self._began)

    def _last(self) -> datetime | None:
        assert self.setup.asking is not None  # noqa: S101
        kept = self.setup.asking.kept(_KEPT + self.setup.host.id, self._began, _EVER)
        return datetime.fromisoformat(kept.decode()) - _OVERLAP if kept else None

    def _of_coverage(self, coverage: str, new: Sequence[Known], known: Sequence[Known]) -> set[str]:
        marks = {(one.question, one.answered_at) for one in new}
        # Those of the member named before do not count any more (with_verified), so they cannot have said it already.
        known = [one for one in known if one.member in {new_one.member for new_one in new}]
        before = [one for one in known if (one.question, one.answered_at) not in marks]
        return {
            row.encounter
            for row in self._rows({one.patient for one in new}, coverage)
            if row.date is not None and _says(coverage, before, row) != _says(coverage, known, row)
        }

    def _rows(self, patients: Iterable[str], coverage: str) -> Iterable[VisitRow]:
        """What is known of the visits that used the coverage, or are its patient's."""
        store, host = self.setup.store, self.setup.host.id
        touched = [Touched(coverage, "", patient=patient) for patient in sorted(patients)]
        return store.known(host, store.waking(host, touched)).values()


def _says(coverage: str, answers: Sequence[Known], row: VisitRow) -> bool | None:
    assert row.date is not None  # noqa: S101
    said = told(coverage, answers, row.date)
    return None if said is None else said.in_force
