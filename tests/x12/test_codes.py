"""The code tables that ship: whole, cited, and refused where they are not."""

from __future__ import annotations

import pytest

from massage_billing.errors import RuleFileError
from massage_billing.model import AnswerKind, BenefitKind, Measure, Rejection
from massage_billing.x12.codes import FILE, default_codes, read_codes
from massage_billing.x12.rejections import kind_of
from massage_billing.x12.tables import shipped

TEXT = shipped(FILE)


def test_every_kind_of_benefit_has_a_code() -> None:
    assert {code.kind for code in default_codes().benefits.values()} == set(BenefitKind)


def test_what_is_left_and_used_is_told_by_the_period() -> None:
    periods = default_codes().periods
    assert {code for code, period in periods.items() if period.side is Measure.LEFT} == {"29", "33"}
    assert {code for code, period in periods.items() if period.side is Measure.USED} == {"24"}


def test_no_reason_is_both_ours_to_correct_and_to_be_asked_again() -> None:
    assert not [code for code, reason in default_codes().rejects.items() if reason.ours and reason.again]


@pytest.mark.parametrize("code", sorted(default_codes().rejects))
def test_every_reason_has_words_and_a_kind_of_answer(code: str) -> None:
    codes = default_codes()
    assert codes.rejects[code].words
    kind = kind_of((), (Rejection(code, "C"),), codes)
    assert kind is (AnswerKind.TRY_LATER if codes.rejects[code].again else AnswerKind.REFUSED)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("kind: copay", "kind: copays", "benefits.B.kind"),
        ("source: element-889", "source: nobody", "nobody"),
        ("source: element-1390-later}", "source: nobody}", "nobody"),
        ("networks:", "nets:", "net"),
        ('"346": {words: plan begin, is: begin}', '"346": {words: plan begin, is: start}', "dates.346"),
        ("follow_ups:\n  source: element-889", "follow_ups:", "follow_ups"),
        ("U: no-data}\n\n# DTP01", "U: maybe}\n\n# DTP01", "authorizations.U"),
    ],
)
def test_a_mistake_in_a_table_is_refused_with_file_and_line(right: str, wrong: str, said: str) -> None:
    assert right in TEXT or right.replace("plan begin", '"plan begin"') in TEXT
    broken = TEXT.replace(right, wrong).replace(right.replace("plan begin", '"plan begin"'), wrong)
    with pytest.raises(RuleFileError) as caught:
        read_codes(broken)
    assert said in str(caught.value)
    assert FILE in str(caught.value)
