"""Billing one visit, step by step: read this file first.

Every step is one question that a biller asks, answered by one file under ``coding/``; every answer leaves a finding.
Nothing here reads a clock, a file or the network: the same visit and the same rulebook give the same decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date as Date
from datetime import timedelta

from massage_billing.coding import (
    add_ons,
    already_billed,
    caps,
    coverage,
    credentialed,
    daily_payment,
    day_claim,
    diagnosis,
    diagnosis_covered,
    filing_limit,
    modifiers,
    mue,
    pairs,
    papers,
    payer_pays,
    policy_silent,
    price,
    provider,
    record,
    scope,
    status,
    therapist_day,
    units,
)
from massage_billing.coding.buckets import Bucket
from massage_billing.coding.coverage import Payment
from massage_billing.coding.notes import Notes
from massage_billing.coding.rulebook import Policy, Rulebook
from massage_billing.coding.terms import TimedUnitsRow
from massage_billing.errors import NoRuleForDate
from massage_billing.model import (
    NOWHERE,
    Because,
    ClaimLine,
    Clinic,
    CoverageKind,
    Decision,
    Effect,
    Elsewhere,
    Finding,
    NotBilled,
    Outcome,
    Result,
    Ruling,
    RulingKind,
    Service,
    Visit,
)

Priced = tuple[tuple[ClaimLine, ...], tuple[str, ...]]
"""Lines, and the diagnoses they point to."""


def bill(
    visit: Visit,
    book: Rulebook,
    clinic: Clinic,
    ruling: Ruling | None = None,
    elsewhere: Elsewhere = NOWHERE,
) -> Decision:
    """Decide what may be billed of one visit, and why. Pure: the same arguments give the same decision.

    ``elsewhere`` is what other visits have to do with it; rules that look across visits read nothing else.
    """
    day = book.undated() if visit.date is None else book.on(visit.date)
    notes = Notes(day, clinic.explaining, _at_the_site(ruling, visit))
    try:
        if visit.date is None:
            return _undated(visit, notes)
        return _decide(visit, visit.date, clinic, elsewhere, notes)
    except NoRuleForDate as refusal:
        return _refused(visit, book, notes, refusal)


def _at_the_site(ruling: Ruling | None, visit: Visit) -> Ruling | None:
    """The ruling by the clock of the visit's site: an evening's decision is told as of that day, not of UTC's next."""
    zone = visit.start.tzinfo if visit.start is not None else None
    return ruling if ruling is None or zone is None else replace(ruling, at=ruling.at.astimezone(zone))


def _decide(visit: Visit, on: Date, clinic: Clinic, elsewhere: Elsewhere, notes: Notes) -> Decision:
    # Does another visit of the patient's day speak for this one?
    if elsewhere.on_first is not None and notes.asked(day_claim.RULE):
        day_claim.leave_to_first(visit, elsewhere.on_first, notes)
        return _decision(visit, Payment(False), notes, (), ())

    # Is the record complete, and did the visit take place?
    record.check(visit, notes)
    if record.never_performed(visit):
        return _nothing(visit, "visit-not-performed", "visit-finished", notes)
    if notes.ruling is not None:
        notes.passed("person-decided", notes.ruling.kind.value)
        if notes.ruling.kind is RulingKind.WRITE_OFF:
            return _nothing(visit, "written-off", "person-decided", notes)
    already_billed.by_claims(visit, notes)
    day_claim.check(visit, elsewhere, notes)

    # Who pays for what, and by which policy are units counted?
    done, payment, policy = _who_pays(visit, on, clinic, notes)
    if policy is None:
        return _decision(visit, payment, notes, (), ())

    # What may be billed, and how many units of it?
    buckets = _lines_in_the_making(done, policy, notes)

    # What goes on each line?
    lines, diagnoses = _lines(buckets, visit, on, clinic, payment, policy, notes)
    notes.findings.extend(notes.day.aged)
    already_billed.by_hand(visit, lines, payment, notes)

    # Was whoever treated enrolled with the payer, and licensed, on the day?
    network = credentialed.check(visit, lines, payment, clinic, notes)

    # Is every paper on file that the payer wants?
    filed = papers.check(visit, done, lines, payment, policy, elsewhere, clinic, notes)

    # Can the therapist have done it, beside everybody else's visits?
    therapist_day.check(visit, elsewhere, notes)
    return _decision(visit, payment, notes, lines, diagnoses, policy, filed, clinic.today, network)


def _who_pays(visit: Visit, on: Date, clinic: Clinic, notes: Notes) -> tuple[Sequence[Service], Payment, Policy | None]:
    """The services that somebody pays for, who that is, and the policy that counts; None where nothing says which."""
    payment = coverage.who_pays(visit, on, clinic, notes)
    done = status.performed(visit.services, notes)
    if payment.policy is None and not notes.asked("payer-known"):
        payment = replace(payment, policy=coverage.counting(notes).unknown_payer)
    if payment.policy is None:
        held = (f.rule for f in notes.findings if f.effect is Effect.HOLD and f.rule in coverage.ASKED_OF_COVERAGE)
        notes.leave_off(done, "on-hold", next(held, "payer-known"))
        return done, payment, None
    return payer_pays.sort(done, payment, notes.day.policy(payment.policy), clinic, on, notes)


def _lines_in_the_making(done: Sequence[Service], policy: Policy, notes: Notes) -> list[Bucket]:
    """Units, edits, and units again on what stays (DESIGN 11)."""
    method = policy.terms.unit_method
    counting = notes.day.row("timed-units", method).says(TimedUnitsRow)

    buckets = status.sort(done, policy, notes)
    units.count(buckets, counting)
    buckets = units.drop_without_units(buckets, method, notes)
    edits = pairs.edit(buckets, counting, policy, notes)
    buckets = units.drop_without_units(edits.stay, method, notes)
    pairs.note(edits, buckets, policy, notes)
    units.note(buckets, policy, notes)
    buckets = caps.lower(buckets, policy, notes)
    mue.check(buckets, policy, notes)
    add_ons.check(buckets, policy, notes)
    return buckets


def _lines(
    buckets: Sequence[Bucket], visit: Visit, on: Date, clinic: Clinic, payment: Payment, policy: Policy, notes: Notes
) -> Priced:
    """Modifiers, diagnoses, therapist and charge of each line."""
    if not buckets:
        return (), ()
    modifiers.attach(buckets, policy, notes)
    diagnoses, pointers = diagnosis.point(visit, buckets, policy, notes)
    diagnosis_covered.check(buckets, diagnoses, pointers, None if payment.self_pay else policy, notes)
    provider.check(buckets, notes)
    fee_payer = CoverageKind.SELF_PAY.value if payment.self_pay else payment.payer
    prices = price.charge(buckets, clinic, fee_payer, on, notes)
    lines = []
    for bucket, pointed, each in zip(buckets, pointers, prices, strict=True):
        line = ClaimLine(
            bucket.code, bucket.units, bucket.minutes, bucket.modifiers, price.line_charge(each, bucket.units), each,
            pointed, tuple(s.procedure for s in bucket.services), bucket.therapist, _because(bucket, policy, notes),
        )  # fmt: skip
        lines.append(line)
    scope.check(buckets, visit.state, None if payment.self_pay else policy, notes)
    if not payment.self_pay:
        daily_payment.check(lines, policy, notes)
        policy_silent.note(policy, notes)
    return tuple(lines), diagnoses


def _because(bucket: Bucket, policy: Policy, notes: Notes) -> tuple[Because, ...]:
    """The rule rows a line rests on; those that every line of its code has are made once a policy."""
    day, code = notes.day, bucket.code
    usual = day.because.get((policy.name, code))
    if usual is None:
        method = [day.row("timed-units", policy.terms.unit_method).because] if bucket.entry.timed else []
        of_code = (*status.because(bucket.entry, policy, day), *mue.because(code, policy, day))
        usual = day.because[(policy.name, code)] = day.still_asked((policy.row.because, *method, *of_code))
    return (*usual, *day.still_asked(bucket.because)) if bucket.because else usual


def _decision(
    visit: Visit,
    payment: Payment,
    notes: Notes,
    lines: tuple[ClaimLine, ...],
    diagnoses: tuple[str, ...],
    policy: Policy | None = None,
    filed: papers.Filed = papers.NOTHING_ASKED,
    today: Date | None = None,
    network: str | None = None,
) -> Decision:
    """Any hold outranks self-pay; without a line nothing is charged."""
    days = payment.filing_days or (policy.terms.filing_days if policy else None)
    limit = _filing_limit(visit.date, None if payment.self_pay else days)
    if today is not None and lines:
        filing_limit.check(limit, today, notes)
    if notes.held:
        outcome = Outcome.HOLD
    elif not lines:
        outcome = Outcome.NO_CHARGE
    else:
        outcome = Outcome.SELF_PAY if payment.self_pay else Outcome.CLAIM
    return Decision(
        outcome, visit.encounter, visit.date, lines, _in_order(notes), notes.settled(), diagnoses,
        payment.payer, policy.name if policy else payment.policy, payment.coverage, payment.secondary,
        limit, *filed, payment.patients, network=network,
    )  # fmt: skip


def _filing_limit(on: Date | None, days: int | None) -> Date | None:
    """The last day to file; None where nothing says, or where it lies behind the end of the calendar."""
    if on is None or not days:
        return None
    return on + timedelta(days=days) if days <= (Date.max - on).days else None


def _in_order(notes: Notes) -> tuple[NotBilled, ...]:
    listed = notes.not_billed
    return tuple(sorted(listed, key=lambda n: n.procedure) if len(listed) > 1 else listed)


def _nothing(visit: Visit, reason: str, rule: str, notes: Notes) -> Decision:
    """Nothing is charged, and every service is listed with the same reason."""
    notes.leave_off(list(visit.services), reason, rule)
    return Decision(
        Outcome.NO_CHARGE, visit.encounter, visit.date, not_billed=_in_order(notes), findings=notes.settled()
    )


def _undated(visit: Visit, notes: Notes) -> Decision:
    """Without a date of service no rule can be chosen: the record's own questions are answered, and the visit holds."""
    record.check(visit, notes)
    if record.never_performed(visit):
        return _nothing(visit, "visit-not-performed", "visit-finished", notes)
    if not any(f.rule == "date-of-service" and f.effect is Effect.HOLD for f in notes.findings):
        missing = "The record gives no date of service."
        if notes.no_data("date-of-service", missing) is not Effect.HOLD and not notes.asked("date-of-service"):
            notes.no_data("no-rule-for-date", f"{missing} No rule can be chosen.", about="date-of-service")
    notes.leave_off(list(visit.services), "on-hold", "date-of-service")
    return _decision(visit, Payment(False), notes, (), ())


def _refused(visit: Visit, book: Rulebook, notes: Notes, refusal: NoRuleForDate) -> Decision:
    """A date of service that a rule does not cover is refused, naming rule and date (DESIGN 9)."""
    row = book.first_row("no-rule-for-date")
    refused = Finding(
        row.rule, "-", Result.NO_DATA, row.on_no_data, refusal.what, row.fix, row.who, row.source, None, refusal.rule
    )
    notes.not_billed.clear()
    notes.leave_off(list(visit.services), "on-hold", row.rule)
    return Decision(
        Outcome.HOLD, visit.encounter, visit.date, not_billed=_in_order(notes), findings=(*notes.settled(), refused)
    )
