"""Two rulebooks over the same visits: what changes, where the dollars go, which rules made it so."""

from __future__ import annotations

from dataclasses import replace
from datetime import date as Date
from decimal import Decimal

import pytest

from massage_billing.coding.rulebook import Rulebook
from massage_billing.coding.tables import Pair
from massage_billing.model import Clinic, Effect, Ruling, Visit
from massage_billing.replay.compare import Dollars, Replay, late_deletions
from massage_billing.replay.verdict import verdict_of
from massage_billing.replay.visits import AsOf
from massage_billing.rulebook.files import read_files
from visits import DAY, book, clinic, ruling, visit

POLICY = "cms-total-time"


def changed(**says: object) -> Rulebook:
    """The rulebook with a policy that says something else."""
    files = read_files()
    policy = files.policies[POLICY]
    rows = tuple(row.model_copy(update=says) for row in policy.values)
    files.policies[POLICY] = policy.model_copy(update={"values": rows})
    return files.rulebook()


@pytest.fixture(scope="module")
def midpoint() -> Rulebook:
    """The same payer counting each code for itself."""
    return changed(unit_method="per-code-midpoint")


def priced() -> Clinic:
    return clinic(policy=POLICY, fees={"97110": "40", "97112": "50", "97124": "30", "97140": "45"})


def replayed(after: Rulebook, *found: Visit, ruled: Ruling | None = None) -> Replay:
    replay = Replay(book(), after, priced())
    for one in found:
        replay.visit(one, ruled)
    return replay


def some(services: list[str], **more: object) -> Visit:
    return visit(DAY, services=services, **more)


def test_the_same_rulebook_changes_nothing() -> None:
    replay = replayed(book(), some(["97124 60"]), some(["97112 20", "97110 20"]))
    assert (replay.tally.visits, replay.tally.changed) == (2, 0)
    assert replay.tally.before == replay.tally.after


def test_units_that_change_are_named_with_line_rule_and_dollars(midpoint: Rulebook) -> None:
    replay = Replay(book(), midpoint, priced())
    change = replay.visit(some(["97112 20", "97110 20"]))
    assert change is not None
    assert change.lines == ("97110 x2 → x1",)
    assert change.rules == ("timed-units",)
    assert change.difference == Dollars(claimed=Decimal("-40.00"))
    assert replay.visit(some(["97124 60"])) is None
    tally = replay.tally
    assert (tally.visits, tally.changed) == (2, 1)
    assert tally.by_payer["plan"].difference.claimed == Decimal("-40.00")
    assert tally.by_rule["plan", "timed-units"].visits == 1
    assert tally.after.minus(tally.before) == Dollars(claimed=Decimal("-40.00"))


def test_a_claim_that_becomes_a_hold_is_held_with_its_whole_total_not_lost() -> None:
    files = read_files()
    rules = {rule.rule: rule for rule in files.rules}
    scope = rules["scope-of-practice"]
    rows = tuple(row.model_copy(update={"on_fail": Effect.HOLD}) for row in scope.values)
    rules["scope-of-practice"] = scope.model_copy(update={"values": rows})
    files.rules = list(rules.values())
    change = Replay(book(), files.rulebook(), priced()).visit(some(["97112 60"]))
    assert change is not None
    assert (change.before, change.after) == ("claim", "hold")
    assert change.lines == ()
    assert change.difference == Dollars(claimed=Decimal("-200.00"), held=Decimal("200.00"))
    assert sum(change.difference) == 0
    assert change.rules == ("scope-of-practice",)


def test_what_a_payer_no_longer_pays_is_the_patients() -> None:
    from massage_billing.coding.policy_terms import ExcludesTerm

    source = book().policies[POLICY].values[0].source
    nothing = ExcludesTerm(source=source, why="It pays nobody.")
    change = Replay(book(), changed(excludes=(nothing,)), priced()).visit(some(["97124 60"]))
    assert change is not None
    assert (change.before, change.after, change.payer) == ("claim", "self-pay", "plan")
    assert change.difference == Dollars(claimed=Decimal("-120.00"), patient=Decimal("120.00"))
    assert "payer-pays" in change.rules


def test_sums_do_not_depend_on_how_often_they_are_looked_at(midpoint: Rulebook) -> None:
    replay = replayed(midpoint, *(some(["97112 20", "97110 20"]) for _ in range(3)))
    assert replay.tally.changed == replay.tally.changed == 3
    replay.visit(some(["97112 20", "97110 20"]))
    assert replay.tally.by_payer["plan"].difference.claimed == Decimal("-160.00")


def test_totals_are_the_sums_of_what_flow_decides(midpoint: Rulebook) -> None:
    found = [some([f"97112 {m}", f"97110 {n}"]) for m in range(5, 40, 3) for n in range(5, 40, 4)]
    tally = replayed(midpoint, *found).tally
    from massage_billing import flow

    for rules, said in ((book(), tally.before), (midpoint, tally.after)):
        totals = [d.total or 0 for d in (flow.bill(v, rules, priced()) for v in found) if d.outcome == "claim"]
        assert said.claimed == sum(totals)


def test_what_a_person_ruled_holds_in_both(midpoint: Rulebook) -> None:
    replay = replayed(midpoint, some(["97112 20", "97110 20"]), ruled=ruling("write-off"))
    assert replay.tally.outcomes == {("no-charge", "no-charge"): 1}


def test_visits_without_date_are_left_out_and_counted(midpoint: Rulebook) -> None:
    replay = replayed(midpoint, replace(some(["97124 60"]), date=None))
    assert (replay.tally.visits, replay.tally.undated) == (0, 1)


def test_what_was_billed_is_compared_with_what_the_first_says_now(midpoint: Rulebook) -> None:
    replay = Replay(book(), midpoint, priced())
    replay.billed(some(["97124 60"]), "claim", "120.00")
    replay.billed(some(["97124 60"]), "claim", "90.00")
    replay.billed(some(["97124 60"]), "hold", None)
    assert replay.tally.as_billed == {"same": 1, "otherwise": 2}


# --- deletions after the fact ---------------------------------------------------------------------------------------


def deleting(pair: tuple[str, str], on: Date) -> Rulebook:
    """The rulebook with a release that says that a pair was deleted on a date."""
    files = read_files()
    for name, table in files.tables.items():
        if isinstance(table, dict) and pair in table and isinstance(table[pair], tuple):
            gone = tuple(replace(each, deleted=on) if isinstance(each, Pair) else each for each in table[pair])
            files.tables[name] = {**table, pair: gone}
    return files.rulebook()


def test_a_pair_deleted_with_an_earlier_date_is_reported_with_what_it_took_off() -> None:
    later = deleting(("97140", "97124"), Date(2026, 1, 1))
    replay = Replay(book(), later, priced())
    change = replay.visit(some(["97140 30", "97124 15"]))
    assert change is not None
    assert change.lines == ("none → 97124 x1",)
    assert change.rules == ("ncci-pairs",)
    assert change.pairs_gone == ("97140/97124",)
    (deletion,) = late_deletions(book(), later, Date(2025, 1, 1), DAY)
    assert (deletion.pair, deletion.deleted) == ("97140/97124", Date(2026, 1, 1))
    assert replay.tally.pairs_gone["97140/97124"].difference == Dollars(claimed=Decimal("30.00"))


def test_a_deletion_after_the_time_asked_for_is_none_of_it() -> None:
    assert late_deletions(book(), deleting(("97140", "97124"), Date(2026, 11, 20)), Date(2025, 1, 1), DAY) == []
    assert late_deletions(book(), book(), Date(2025, 1, 1), DAY) == []


def test_a_rulebook_as_of_a_date_decides_every_visit_by_it() -> None:
    old = some(["97124 60"])
    old = replace(old, date=Date(2023, 5, 5))
    then, now = AsOf(book(), DAY), book()
    replay = Replay(now, then, priced())
    replay.visit(old)
    verdict = replay.after.verdict(old)
    from massage_billing import flow

    assert verdict == verdict_of(flow.bill(old, then, priced()))
    assert {f.row for f in verdict.findings} != {f.row for f in replay.before.verdict(old).findings}
