"""rules/eligibility: what ships is sound, and a wrong file is refused with file, line and reason."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from massage_billing import previsit
from massage_billing.errors import RuleFileError
from massage_billing.model import Readiness
from massage_billing.previsit.terms import ASKING, REASONS, REJECTIONS, read_eligibility
from massage_billing.rulebook.eligibility_files import load_eligibility

SHIPPED = files("massage_billing") / "rules" / "eligibility"
TEXTS = {name: (SHIPPED / name).read_text() for name in (ASKING, REASONS, REJECTIONS)}
PACKAGE = Path(str(files(previsit)))
MODULES = [file for file in sorted(PACKAGE.glob("*.py")) if not file.name.startswith("credential")]
"""Credentials have a file of reasons of their own."""


def ids_in_code() -> set[str]:
    text = "".join(file.read_text() for file in MODULES)
    return set(re.findall(r"""["']([a-z]+(?:-[a-z]+)+)["']""", text))


def test_every_reason_of_the_data_is_used_and_every_one_used_is_in_the_data() -> None:
    reasons = load_eligibility().reasons
    assert {id for id in reasons if id not in ids_in_code()} - made_of_parts() == set()
    text = "".join(file.read_text() for file in MODULES)
    asked = set(re.findall(r"""\.reason\(\s*["']([a-z-]+)["']""", text))
    assert asked - set(reasons) == set()


def made_of_parts() -> set[str]:
    """Ids that are put together of a paper's name and what is wrong with it."""
    kinds = ("authorization", "referral", "order", "plan-of-care")
    return {f"{kind}-{what}" for kind in kinds for what in ("missing", "unfit")} | {"rejected"}


def test_whatever_somebody_has_to_do_says_what_and_who() -> None:
    for text in load_eligibility().reasons.values():
        assert text.readiness is Readiness.READY or (text.fix and text.who)


ENDED = "  coverage-ended: {readiness: blocked,"
AGE = "max_age: {days: 7, source: own}"


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "reason"),
    [
        (REASONS, ENDED, ENDED.replace("blocked", "red"), "coverage-ended", "readiness"),
        (REASONS, ENDED, ENDED + " extra: x,", "coverage-ended", "is not a key"),
        (
            REASONS,
            "  patient-pays: {readiness: ready",
            "  patient-pays: {readiness: act",
            "  patient-pays:",
            "needs a fix",
        ),
        (ASKING, AGE, AGE.replace("7", "soon"), "max_age", "days"),
        (ASKING, AGE, AGE.replace("own", "nobody"), "max_age", "not among its sources"),
        (ASKING, "order: [BE, PT,", "order: [BE, massage,", "order:", "order"),
        (REJECTIONS, '"72": {readiness: act,', '"72": {readiness: ready,', '"72"', "never makes an appointment ready"),
        (REJECTIONS, "rejections:\n", 'rejections:\n  "072": {}\n', '"072"', "pattern"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(file: str, old: str, new: str, line: str, reason: str) -> None:
    assert TEXTS[file].count(old) == 1
    text = TEXTS[file].replace(old, new)
    with pytest.raises(RuleFileError) as refused:
        read_eligibility({**TEXTS, file: text})
    where = next(n for n, each in enumerate(text.splitlines(), 1) if line in each)
    assert refused.value.file == f"eligibility/{file}"
    assert refused.value.line is not None
    assert abs(refused.value.line - where) <= 1
    assert reason in str(refused.value)


def test_a_folder_without_the_files_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(RuleFileError, match=r"asking\.yaml"):
        load_eligibility(tmp_path)


def test_a_clinics_own_files_are_read_from_its_folder(tmp_path: Path) -> None:
    for name, text in TEXTS.items():
        (tmp_path / name).write_text(text.replace("max_age: {days: 7,", "max_age: {days: 3,"))
    own = load_eligibility(tmp_path)
    assert own.asking.max_age.days == 3
    assert own.digest != load_eligibility().digest


def test_a_rejection_that_nobody_knows_is_told_as_it_was_sent() -> None:
    reason = load_eligibility().rejection("ZZ")
    assert "ZZ" in reason.message
    assert reason.readiness is not Readiness.READY
