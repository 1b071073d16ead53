"""What a change of rules makes of past visits: the sums are the same after they lay in the store, and name no visit."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from massage_billing.desk.replayed import ChangedVisit, Replayed, RuleSum, packed, unpacked
from massage_billing.replay.compare import Dollars

ONE = Dollars(Decimal("140.50"), Decimal("0.00"), Decimal("-3.10"))
DONE = Replayed(
    date(2026, 11, 1), date(2026, 11, 30), date(2026, 1, 1), 30, 2, 1, ONE, Dollars(), (("claim", "hold", 2),),
    (RuleSum("blue", "mue", 2, ONE),),
    (ChangedVisit("e77", date(2026, 11, 3), "blue", "claim", "hold", ("97124 x4 \u2192 x3",), Decimal(35), ("mue",)),),
    False,
)  # fmt: skip


def test_the_sums_come_back_whole_without_the_visits() -> None:
    text = packed(DONE)
    found = unpacked(text)
    assert found is not None
    assert (found.by_rule, found.before, found.moved, found.first) == (DONE.by_rule, ONE, DONE.moved, DONE.first)
    assert found.named == ()
    assert b"e77" not in text


def test_what_another_version_wrote_is_none() -> None:
    assert unpacked(b"{}") is None
    assert unpacked(b"\xff") is None
