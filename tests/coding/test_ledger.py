"""The minute ledger: what each way of counting gives, which applies and why, on the card and in JSON."""

from __future__ import annotations

from datetime import date as Date

import click

from massage_billing import flow
from massage_billing.cli.cards import card
from massage_billing.coding import ledger
from massage_billing.explain import explanation
from visits import book, clinic, decide, visit


def explained(*services: object, policy: str = "cms-total-time", **differs: object) -> dict[str, object]:
    decided = visit(services=list(services), **differs)
    return explanation(decided, flow.bill(decided, book(), clinic(policy=policy)), book())


def test_every_method_stands_beside_the_others() -> None:
    shown = ledger.of(visit(services=["97110 33", "97140 7"]), "cms-total-time", book())
    assert shown.minutes == {"97110": 33, "97140": 7}
    assert shown.units == {
        "cms-total-time": {"97110": 2, "97140": 1},
        "per-code-midpoint": {"97110": 2, "97140": 0},
        "total-time-and-midpoint": {"97110": 2, "97140": 0},
    }
    assert shown.applies == "cms-total-time"
    assert [because.rule for because in shown.because] == ["payer-policy", "timed-units"]


def test_it_counts_before_edits_and_caps_and_says_why_the_payers_method_applies() -> None:
    item = explained("97140 15", "97124 45")
    assert item["units_by_method"]["cms-total-time"] == {"97124": 3, "97140": 1}  # type: ignore[index]
    told = item["minute_ledger"]
    assert isinstance(told, dict)
    assert told["totals"] == {"cms-total-time": 4, "per-code-midpoint": 4, "total-time-and-midpoint": 4}
    assert "Medicare Claims Processing Manual" in told["because"][0]["source"]
    assert "largest remainders" in told["notes"][0]


def test_the_same_code_of_two_therapists_is_one_column() -> None:
    services = [{"code": "97124", "minutes": 16, "by": "A"}, {"code": "97124", "minutes": 8, "by": "B"}]
    shown = ledger.of(visit(services=services), "cms-total-time", book())
    assert shown.minutes == {"97124": 24}
    assert shown.units["cms-total-time"] == {"97124": 2}


def test_without_a_policy_none_applies() -> None:
    shown = ledger.of(visit(), None, book())
    assert (shown.applies, shown.because) == (None, ())
    assert shown.units["cms-total-time"] == {"97124": 4}


def test_nothing_timed_or_no_date_is_an_empty_ledger() -> None:
    assert ledger.of(visit(services=["97010"]), "cms-total-time", book()) is ledger.EMPTY
    assert ledger.of(visit(None), "cms-total-time", book()) is ledger.EMPTY
    assert ledger.of(visit(Date(1990, 1, 1)), "cms-total-time", book()) is ledger.EMPTY


def test_billing_does_not_pay_for_it() -> None:
    assert decide().units_by_method == {}


def test_the_card_marks_the_method_that_applies() -> None:
    item = explained("97110 8", "97140 8", policy="commercial-midpoint")
    text = "\n".join(click.unstyle(line) for line in card(item, {}))
    assert "→ per-code-midpoint           1       1       2" in text
    assert "  cms-total-time              1       0       1" in text
    assert "The policy commercial-midpoint counts by per-code-midpoint:" in text


def test_a_card_without_timed_minutes_has_no_ledger() -> None:
    assert not any("Minute ledger" in line for line in card(explained("97010"), {}))
