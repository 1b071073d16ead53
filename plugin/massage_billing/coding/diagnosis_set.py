"""Diagnoses of a claim beside each other: each one valid, no two that exclude each other, the first one of a kind that
may be first. Judged once for each set of codes on a day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from massage_billing.coding import icd10
from massage_billing.coding.day import Day, DiagnosesJudged, DiagnosisFault
from massage_billing.coding.notes import Notes
from massage_billing.coding.rulebook import Policy
from massage_billing.coding.tabular import Target

EXCLUDES = "diagnosis-excludes1"
"""Id of the rule of Excludes1 notes."""
FIRST = "diagnosis-code-first"
"""Id of the rule of manifestations that are never listed first."""
_ASKED = (icd10.RULE, icd10.SEVENTH, EXCLUDES, FIRST)
_OF_ONE_CODE = (icd10.RULE, icd10.SEVENTH)
_SELF_PAY = "self-pay"
_BOUND = 100_000


def check(codes: tuple[str, ...], policy: Policy, notes: Notes) -> None:
    """Findings about the diagnoses of a claim, canonical and in its order."""
    faults, passed = judged(codes, notes.day)
    if policy.terms.patient_pays:
        _of_patient(faults, notes)
        return
    for fault in faults:
        notes.fail(fault.rule, fault.message, fault.case, fault.about)
    notes.findings.extend(passed)


def _of_patient(faults: Sequence[DiagnosisFault], notes: Notes) -> None:
    """Where the patient pays only the code itself is looked at, and what is wrong with it is pointed out."""
    wrong = [fault for fault in faults if fault.rule in _OF_ONE_CODE]
    for fault in wrong:
        notes.fail(icd10.RULE, fault.message, _SELF_PAY, fault.about)
    if not wrong:
        notes.passed(icd10.RULE)
    for rule in (icd10.SEVENTH, EXCLUDES, FIRST):
        notes.of_patient(rule)


def judged(codes: tuple[str, ...], day: Day) -> DiagnosesJudged:
    """What the rules say of these diagnoses on a day, whoever's they are."""
    known = day.diagnosis_sets.get(codes)
    if known is None:
        faults = tuple(_faults(codes, day))
        failed = {fault.rule for fault in faults}
        if icd10.SEVENTH in failed:
            failed.add(icd10.RULE)
        passed = tuple(day.row(rule).passed for rule in _ASKED if rule not in failed) if codes else ()
        known = DiagnosesJudged(faults, passed)
        if len(day.diagnosis_sets) < _BOUND:
            day.diagnosis_sets[codes] = known
    return known


def _faults(codes: tuple[str, ...], day: Day) -> Iterator[DiagnosisFault]:
    yield from filter(None, (icd10.fault(code, day) for code in codes))
    if len(codes) > 1:
        case = "earlier" if day.row(EXCLUDES).terms.assumed else ""
        for one, other in combinations(sorted(codes), 2):
            found = day.tabular.exclusion(one.replace(".", ""), other.replace(".", ""))
            if found is not None:
                yield DiagnosisFault(EXCLUDES, case, _apart(one, other, *found), f"{one} {other}")
    if codes and day.tabular.manifestation(codes[0].replace(".", "")):
        message = f"{codes[0]} is what another disease does; that disease comes first."
        yield DiagnosisFault(FIRST, "", message, codes[0])


def _apart(one: str, other: str, at: Target, named: Target) -> str:
    return f"{one} and {other} exclude each other: the Excludes1 note at {_told(at)} names {_told(named)}."


def _told(target: Target) -> str:
    """Codes as people write them: "M54.5", "G50-G59"."""
    text = "-".join(icd10.pointed(code) for code in (target.low, target.high) if code)
    return f"{text} with {target.only} as characters from the {target.place + 1}th on" if target.only else text
