"""Which coverage and payer would an appointment be billed to? As billing would choose (DESIGN 6, 7, 8), by what is
known today; and which payers are to be asked, so that it can be chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from massage_billing.coding import payer as payers
from massage_billing.coding import which_coverage
from massage_billing.coding.day import Day
from massage_billing.coding.terms import WhichCoverageRow
from massage_billing.coding.which_coverage import Choice, Held
from massage_billing.model import Appointment, Clinic, Coverage, Known, Payer, Reason
from massage_billing.previsit.terms import Eligibility
from massage_billing.previsit.verify import with_verified


class PatientPays(StrEnum):
    """Why the patient pays."""

    RESTRICTED = "restricted"
    """The patient asked not to tell the plan: nobody is asked."""
    SELF_PAY = "self-pay"
    """The record says so."""
    NO_COVERAGE = "no-coverage"
    """No coverage is on record."""


@dataclass(frozen=True, slots=True)
class ToAsk:
    """A coverage that could be billed, and its payer."""

    coverage: Coverage
    """The coverage."""
    payer: Payer
    """The entry of payers.yaml."""


@dataclass(frozen=True, slots=True)
class Billed:
    """Whom an appointment would be billed to."""

    coverage: Coverage | None = None
    """The coverage that would be billed; None where the patient pays, and where a person has to say which."""
    payer: Payer | None = None
    """Its entry of payers.yaml; None where no single entry means its payer."""
    later: tuple[Coverage, ...] = ()
    """Others in force, which pay after it."""
    patient_pays: PatientPays | None = None
    """Why the patient pays; None: a payer is billed."""
    doubts: tuple[Reason, ...] = ()
    """What keeps it from being told: several coverages, none in force, a payer nobody knows."""
    to_ask: tuple[ToAsk, ...] = ()
    """Every coverage that could be billed, with its payer; ordered as they would be billed."""


def billed(
    appointment: Appointment, clinic: Clinic, day: Day, answers: Mapping[str, Sequence[Known]], terms: Eligibility
) -> Billed:
    """Whom an appointment would be billed to on its day (``day`` is the rulebook's), by the record and by answers.

    ``answers`` are those of the patient's coverages, by coverage. Raises NoRuleForDate for a date before all rules.
    """
    if appointment.restricted is not None:
        return Billed(patient_pays=PatientPays.RESTRICTED)
    coverages = with_verified(appointment.coverages, answers, day.on, clinic)
    some = which_coverage.held(coverages, clinic)
    if not some.insured:
        return Billed(patient_pays=PatientPays.SELF_PAY if some.on_record else PatientPays.NO_COVERAGE)
    special = day.row("which-coverage").says(WhichCoverageRow).only_when_linked
    choice = which_coverage.choose(some, day.on, None, special)
    asked = _could_be_billed(some, day, special)
    to_ask = tuple(ToAsk(c, entry) for c in asked if (entry := some.known[c.id]) is not None)
    entry = some.known[choice.first.id] if choice.first is not None else None
    return Billed(choice.first, entry, choice.after, None, tuple(_doubts(some, choice, day, terms)), to_ask)


def _could_be_billed(some: Held, day: Day, special: Sequence[object]) -> list[Coverage]:
    """Coverages in force by the record; where none is, all of them: the record may be wrong, and the payer knows.

    One whose payer answered no is asked again: it may have come back. Kinds that count only when they are linked are
    left out where they are not.
    """
    counting = [c for c in some.insured if some.linked or payers.kind(c, some.known[c.id]) not in special]
    by_record = [c for c in counting if which_coverage.by_record(c, day.on)]
    by_answer = [c for c in counting if c.verified is not None and c.verified.in_force]
    return [c for c in counting if c in by_record or c in by_answer] or counting


def _doubts(some: Held, choice: Choice, day: Day, terms: Eligibility) -> list[Reason]:
    """What a person has to settle, and whom the payer's own answer passed over."""
    found = []
    if choice.doubt:
        found.append(terms.reason("which-coverage", choice.doubt, about=choice.in_force[0].id))
    elif not choice.in_force:
        found += _none_in_force(some, choice, day, terms)
    elif choice.first is not None:
        ended = [c for c in some.insured[: some.insured.index(choice.first)] if c.verified is not None]
        for c in ended:
            message = f"{c.id} {which_coverage.why_not(c, day.on)}; {choice.first.id} would be billed."
            found.append(terms.reason("coverage-passed-over", message, about=c.id))
    for c in (choice.first,) if choice.first is not None else choice.in_force or some.insured:
        if some.known[c.id] is None:
            who = c.payer.reference
            message = f"No single entry of payers.yaml means {who or f'the payer of {c.id}, which names none'}."
            found.append(terms.reason("payer-unknown", message, about=who or c.id))
    return found


def _none_in_force(some: Held, choice: Choice, day: Day, terms: Eligibility) -> list[Reason]:
    """None is in force: by the record alone somebody asks; by answers the one that would be billed tells why itself."""
    told = "; ".join(f"{c.id} {which_coverage.why_not(c, day.on)}" for c in some.insured)
    about = some.insured[0]
    if not any(c.verified for c in some.insured):
        message = f"By the record no coverage is in force on the day: {told}."
        return [terms.reason("not-in-force-on-record", message, about=about.id)]
    if choice.first is None:
        return [terms.reason("coverage-not-in-force", f"No coverage is in force on the day: {told}.", about=about.id)]
    return []
