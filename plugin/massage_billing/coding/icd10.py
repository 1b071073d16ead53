"""Is a diagnosis code valid and specific on the date? ICD-10-CM by its release and by codes with a known history."""

from __future__ import annotations

from functools import lru_cache

from massage_billing.coding.day import Day, DiagnosisFault
from massage_billing.coding.tabular import Seventh
from massage_billing.coding.terms import DatedDiagnosis, DiagnosisTableRow

RULE = "diagnosis-valid"
"""Id of the rule that asks whether a code is valid."""
SEVENTH = "diagnosis-seventh-character"
"""Id of the rule that asks for the 7th character."""
_LONGEST = 7
_FILLED_WITH = "X"
_BOUND = 100_000
_UNASKED = DiagnosisFault("", "", "", "")


@lru_cache(maxsize=8192)
def canonical(code: str) -> str:
    """The code in capitals with its point: "m5450" is "M54.50"."""
    return pointed(code.strip().upper().replace(".", ""))


def pointed(bare: str) -> str:
    """A code without its point, with it."""
    return f"{bare[:3]}.{bare[3:]}" if len(bare) > 3 else bare


def fault(code: str, day: Day) -> DiagnosisFault | None:
    """What is wrong with a canonical code on the day; None where it is valid."""
    known = day.diagnoses.get(code, _UNASKED)
    if known is _UNASKED:
        known = _fault(code, day)
        if len(day.diagnoses) < _BOUND:
            day.diagnoses[code] = known
    return known


def _fault(code: str, day: Day) -> DiagnosisFault | None:
    terms = day.row(RULE).says(DiagnosisTableRow)
    for dated in terms.history:
        if dated.code == code:
            return _history(dated, terms, day)
    bare = code.replace(".", "")
    if day.icd10.billable(bare):
        return None
    lacking = _seventh(code, bare, day)
    if lacking is not None:
        return lacking
    case, message = _unlisted(code, terms, day)
    return DiagnosisFault(RULE, case, message, code)


def _unlisted(code: str, terms: DiagnosisTableRow, day: Day) -> tuple[str, str]:
    """Which case of the rule a code is that the release does not list as billable, and the message."""
    newer = "the release that is loaded, which is newer than the date of service"
    if day.icd10.category(code.replace(".", "")):
        if terms.assumed:
            return "earlier", f"{code} is a heading in {newer}; it may have been a whole code then."
        return "unspecific", f"{code} is a heading: a claim needs a code with more characters."
    if terms.known_through is not None and day.on > terms.known_through:
        return "later", f"{code} is not in the release that is loaded, which is older than the date of service."
    if terms.assumed:
        return "earlier", f"{code} is not in {newer}."
    return "absent", f"{code} is no ICD-10-CM code on the date of service."


def _history(dated: DatedDiagnosis, terms: DiagnosisTableRow, day: Day) -> DiagnosisFault | None:
    """A code that came or went at a known date. What a release newer than the loaded one takes away only warns."""
    if (dated.start is None or dated.start <= day.on) and (dated.to is None or day.on <= dated.to):
        return None
    ended = dated.to is not None and day.on > dated.to
    when = f"ended on {dated.to}" if ended else f"starts on {dated.start}"
    instead = f" Its successors are {', '.join(dated.instead)}." if dated.instead else ""
    newer = ended and terms.known_through is not None and dated.to is not None and dated.to >= terms.known_through
    return DiagnosisFault(RULE, "later" if newer else "ended", f"{dated.code} {when}.{instead}", dated.code)


def _seventh(code: str, bare: str, day: Day) -> DiagnosisFault | None:
    """A code that needs a 7th character and lacks it, has another, or has it in another place."""
    seventh = day.tabular.seventh(bare)
    if seventh is None:
        return None
    whole, said = "", ""
    if len(bare) == _LONGEST:
        whole, said = bare[:-1], f"{bare[-1]} is no 7th character of {pointed(bare[:-1].rstrip(_FILLED_WITH))}"
    else:
        whole, said = bare, f"{code} needs a 7th character"
        if not _fitting(whole, seventh, day) and any(bare.endswith(character) for character, _ in seventh.means):
            whole, said = bare[:-1], f"{code} has no {_FILLED_WITH} in the places before its 7th character {bare[-1]}"
    fitting = _fitting(whole, seventh, day)
    if not fitting:
        return None
    forms = " or ".join(f"{pointed(form)} ({means})" for form, means in fitting)
    return DiagnosisFault(SEVENTH, "", f"{said}: {forms}.", code)


def _fitting(bare: str, seventh: Seventh, day: Day) -> list[tuple[str, str]]:
    """The whole codes that a code becomes with each 7th character that fits, and what the character means."""
    filled = bare.ljust(_LONGEST - 1, _FILLED_WITH)
    forms = [(f"{filled}{character}", means) for character, means in seventh.means]
    return [(form, means) for form, means in forms if day.icd10.billable(form)]
