"""Why a payer did not answer (AAA), and what sort of answer that makes it."""

from __future__ import annotations

from collections.abc import Sequence

from massage_billing.model import AnswerKind, Benefit, BenefitKind, Rejection
from massage_billing.x12.codes import CodeTables


def again(rejection: Rejection, codes: CodeTables) -> bool:
    """Whether the payer asks for the same question once more, or says that it will answer later.

    "Resubmission allowed" beside a reason that our data is wrong is no such thing: the data has to be corrected first.
    """
    reason = codes.rejects.get(rejection.code)
    if reason is not None and reason.again:
        return True
    follow_up = codes.follow_ups.get(rejection.follow_up)
    if follow_up is None or not follow_up.again:
        return False
    return not (follow_up.unless_ours and reason is not None and reason.ours)


def kind_of(benefits: Sequence[Benefit], rejections: Sequence[Rejection], codes: CodeTables) -> AnswerKind:
    """What sort of answer: benefits are an answer, whatever was rejected beside them (except that it "cannot process").

    Without any it is refused, unless every reason is one that asking again may settle.
    """
    told = any(benefit.kind is not BenefitKind.CANNOT_PROCESS for benefit in benefits)
    if told or not rejections:
        return AnswerKind.ANSWERED
    if all(again(rejection, codes) for rejection in rejections):
        return AnswerKind.TRY_LATER
    return AnswerKind.REFUSED
