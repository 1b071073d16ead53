"""Is a diagnosis code valid and specific on the date? ICD-10-CM by its release and by codes with a known history."""

from __future__ import annotations

from functools import lru_cache

from massage_billing.coding.rulebook import Day
from massage_billing.coding.terms import DatedDiagnosis, DiagnosisTableRow

RULE = "diagnosis-valid"
"""Id of the rule."""
_UNASKED = ("", "")


@lru_cache(maxsize=8192)
def canonical(code: str) -> str:
    """The code in capitals with its point: "m5450" is "M54.50"."""
    bare = code.strip().upper().replace(".", "")
    return f"{bare[:3]}.{bare[3:]}" if len(bare) > 3 else bare


def fault(code: str, day: Day) -> tuple[str, str] | None:
    """What is wrong with a canonical code on the day: (case, message); None where it is valid."""
    known = day.diagnoses.get(code, _UNASKED)
    if known is _UNASKED:
        known = _fault(code, day)
        if len(day.diagnoses) < 100_000:
            day.diagnoses[code] = known
    return known


def _fault(code: str, day: Day) -> tuple[str, str] | None:
    row = day.row(RULE)
    terms = row.says(DiagnosisTableRow)
    for dated in terms.history:
        if dated.code == code:
            return _history(dated, day)
    bare = code.replace(".", "")
    if day.icd10.billable(bare):
        return None
    if day.icd10.category(bare):
        return "unspecific", f"{code} is a heading: a claim needs a code with more characters."
    if terms.known_through is not None and day.on > terms.known_through:
        return "later", f"{code} is not in the release that is loaded, which is older than the date of service."
    if terms.assumed:
        return "earlier", f"{code} is not in the release that is loaded, which is newer than the date of service."
    return "absent", f"{code} is no ICD-10-CM code on the date of service."


def _history(dated: DatedDiagnosis, day: Day) -> tuple[str, str] | None:
    if (dated.start is None or dated.start <= day.on) and (dated.to is None or day.on <= dated.to):
        return None
    when = f"ended on {dated.to.isoformat()}" if dated.to and day.on > dated.to else f"starts on {dated.start}"
    instead = f" Its successors are {', '.join(dated.instead)}." if dated.instead else ""
    return "ended", f"{dated.code} {when}.{instead}"
