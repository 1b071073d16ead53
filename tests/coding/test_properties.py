"""What must hold of any visit, through ``flow.bill``: units, edits, modifiers, sums, order, dates, bytes."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import date as Date
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massage_billing import flow
from massage_billing.coding.rulebook import Rulebook
from massage_billing.model import Decision, Effect, Outcome, Visit
from massage_billing.rulebook.examples import Varied
from massage_billing.rulebook.files import load_rulebook
from visits import DAY, RULES, book, clinic, visit

METHODS = ("cms-total-time", "per-code-midpoint", "total-time-and-midpoint")
CODES = book().on(DAY).codes
POOLED = sorted(code for code, entry in CODES.items() if entry.timed and entry.pooled)
TIMED = sorted(code for code, entry in CODES.items() if entry.timed)
OTHERS = ["97001", "97532", "99201", "97139", "99999", "ABCDE", "S8948", None]
FEES = dict.fromkeys([*CODES, *filter(None, OTHERS)], "10.00")
REGIONS = ["neck", "low back", "knee"]
MODIFIERS = ["GP", "GO", "GN", "59", "XE", "XS", "25", "KX", "CQ", "96", "AT"]
CHANGES = {Effect.CHANGED, Effect.HOLD, Effect.WARN}


@cache
def before_edits(method: str) -> Rulebook:
    """A payer that counts by a method and applies neither edits nor limits: its lines are the units as counted."""
    says = {"unit_method": method, "follows_ncci": False, "ncci_source": "cms-5-20.2", "follows_mue": False,
            "mue_source": "cms-5-20.2"}  # fmt: skip
    return Varied(book(), "cms-total-time", says)


def billed(services: list[dict[str, Any]], rules: Rulebook, **differs: Any) -> Decision:
    return flow.bill(visit(services=services, **differs), rules, clinic(fees=FEES, **differs))


def units_of(decision: Decision) -> dict[str, int]:
    """Units of the line that each service stands on; nothing where it stands on none."""
    return {procedure: line.units for line in decision.lines for procedure in line.procedures}


timed_services = st.lists(
    st.fixed_dictionaries(
        {"code": st.sampled_from(POOLED[:8]), "minutes": st.integers(0, 130)},
        optional={"by": st.sampled_from("AB"), "modifiers": st.sampled_from([["GP"], ["GO"]])},
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=300, deadline=None)
@given(timed_services, st.sampled_from(METHODS), st.data(), st.integers(1, 40))
def test_more_minutes_lower_neither_the_total_nor_the_services_own_units(
    services: list[dict[str, Any]], method: str, data: st.DataObject, more: int
) -> None:
    place = data.draw(st.integers(0, len(services) - 1))
    longer = [dict(s) for s in services]
    longer[place]["minutes"] += more
    before, after = billed(services, before_edits(method)), billed(longer, before_edits(method))
    assert sum(line.units for line in after.lines) >= sum(line.units for line in before.lines)
    mine = f"p{place + 1}"
    assert units_of(after).get(mine, 0) >= units_of(before).get(mine, 0)


@settings(max_examples=200, deadline=None)
@given(timed_services)
def test_total_time_never_allows_more_than_all_minutes_of_a_discipline(services: list[dict[str, Any]]) -> None:
    decision = billed(services, before_edits("cms-total-time"))
    both = billed(services, before_edits("total-time-and-midpoint"))
    for discipline in ("GP", "GO"):
        minutes = sum(s["minutes"] for s in services if (s.get("modifiers") or ["GP"])[0] == discipline)
        allowed = 0 if minutes < 8 else (minutes + 7) // 15
        for made, exact in ((decision, True), (both, False)):
            own = [line for line in made.lines if (line.modifiers or ("GP",))[0] == discipline]
            units = sum(line.units for line in own)
            assert units == allowed if exact else units <= allowed


@settings(max_examples=200, deadline=None)
@given(timed_services)
def test_both_rules_never_give_more_than_either(services: list[dict[str, Any]]) -> None:
    made = {method: billed(services, before_edits(method)) for method in METHODS}
    totals = {method: sum(line.units for line in decision.lines) for method, decision in made.items()}
    assert totals["total-time-and-midpoint"] <= min(totals["cms-total-time"], totals["per-code-midpoint"])


def times() -> st.SearchStrategy[dict[str, str]]:
    """A start and an end on one day, in either order."""
    clock = st.builds("{:02}:{:02}".format, st.integers(8, 17), st.sampled_from([0, 10, 20, 30]))
    return st.fixed_dictionaries({"start": clock, "end": clock})


any_service = st.builds(
    lambda said, when: said | when,
    st.fixed_dictionaries(
        {"code": st.sampled_from([*CODES, *OTHERS]), "minutes": st.none() | st.integers(0, 1000)},
        optional={
            "by": st.sampled_from("ABC"),
            "regions": st.lists(st.sampled_from(REGIONS), max_size=2),
            "modifiers": st.lists(st.sampled_from(MODIFIERS), max_size=5),
            "diagnoses": st.lists(st.sampled_from(["M54.50", "M54.2"]), max_size=2),
            "status": st.sampled_from(["completed", "completed", "completed", "not-done"]),
        },
    ),
    st.just({}) | times(),
)
any_services = st.lists(any_service, min_size=1, max_size=7)
POLICIES = sorted(book().policies)


@settings(max_examples=400, deadline=None)
@given(any_services, st.sampled_from(POLICIES), st.sampled_from([None, "bill", "self-pay"]), st.randoms())
def test_any_mix_is_decided_and_adds_up(
    services: list[dict[str, Any]], policy: str, kind: str | None, shuffle: random.Random
) -> None:
    from visits import ruling

    decided, shop = visit(services=services, policy=policy), clinic(policy=policy, fees=FEES)
    by = ruling(kind) if kind else None
    decision = flow.bill(decided, book(), shop, by)
    adds_up(decided, decision)
    mixed = list(decided.services)
    shuffle.shuffle(mixed)
    assert flow.bill(replace(decided, services=tuple(mixed)), book(), shop, by) == decision


def adds_up(decided: Visit, decision: Decision) -> None:
    """Every service is in one place, every dropped one has a finding, modifiers agree, the total is the sum."""
    placed = [p for line in decision.lines for p in line.procedures] + [n.procedure for n in decision.not_billed]
    assert sorted(placed) == sorted(s.procedure for s in decided.services)
    if decision.outcome is Outcome.HOLD:
        assert decision.holds
    told = {finding.rule for finding in decision.findings if finding.effect in CHANGES}
    for left in decision.not_billed:
        if left.reason in (
            "column-2",
            "under-minimum",
            "daily-cap",
            "bundled",
            "not-billable",
            "retired",
            "no-minutes",
        ):
            assert left.rule in told, (left, told)
        assert any(finding.rule == left.rule for finding in decision.findings) or left.reason in ("not-done", "on-hold")
    charges = [line.charge for line in decision.lines]
    if None not in charges:
        assert decision.total == sum((c for c in charges if c is not None), Decimal("0.00"))
    for line in decision.lines:
        assert line.units >= 1
        assert len(line.modifiers) <= 4
        assert len(set(line.modifiers) & {"59", "XE", "XS", "XP", "XU"}) <= 1
        assert len(set(line.modifiers)) == len(line.modifiers)
        if len({"GP", "GO", "GN"} & set(line.modifiers)) > 1:
            # A patient's bill is asked no payer's modifiers.
            assert decision.outcome in (Outcome.HOLD, Outcome.SELF_PAY) or any(
                f.rule == "modifiers" and f.effect is Effect.WARN for f in decision.findings
            )


@settings(max_examples=200, deadline=None)
@given(timed_services, st.integers(1, 6))
def test_what_a_cap_lowers_is_told_and_never_raised(services: list[dict[str, Any]], most: int) -> None:
    caps = [{"codes": POOLED, "units": most, "per": "discipline", "source": "cms-5-20.2"}]
    free = billed(services, before_edits("cms-total-time"))
    says = {"unit_method": "cms-total-time", "follows_ncci": False, "ncci_source": "cms-5-20.2", "follows_mue": False,
            "mue_source": "cms-5-20.2", "daily_caps": caps}  # fmt: skip
    capped = billed(services, Varied(book(), "cms-total-time", says))
    before, after = units_of(free), units_of(capped)
    assert all(units <= before[procedure] for procedure, units in after.items())
    lowered = {procedure for procedure, units in before.items() if after.get(procedure, 0) < units}
    told = [finding for finding in capped.findings if finding.rule == "daily-cap" and finding.effect is Effect.CHANGED]
    assert bool(lowered) is bool(told)
    for discipline in ("GP", "GO"):
        own = [line for line in capped.lines if (line.modifiers or ("GP",))[0] == discipline]
        assert sum(line.units for line in own) <= most


# --- a later version of a rule ---

LATER = Date(2027, 3, 1)
PLAIN, MIXED = "{}", '{services: ["97140 15", "97124 45"]}'
APPENDED = {
    "timed-units.yaml": (
        "cms-total-time",
        PLAIN,
        "pooled: yes, first_unit_minimum: 12, block_minutes: 15, source: cms-5-20.2",
    ),
    "modifiers.yaml": ("", PLAIN, "first: [GP, GO, GN], at_most: 2, source: own"),
    "evaluation-modifier.yaml": ("", PLAIN, 'modifier: "57", codes: ["99213"], source: same-day'),
    "therapy-modifier.yaml": ("", PLAIN, "disciplines: [GP], source: mods"),
    "one-line-a-code.yaml": ("", PLAIN, "on_fail: hold, source: fcso"),
    "payers/commercial-midpoint/policy.yaml": (
        "",
        "{policy: commercial-midpoint}",
        "unit_method: cms-total-time, follows_ncci: yes, follows_mue: yes, keep: column-1, source: midpoint",
    ),
    "ncci-pairs.yaml": ("larger-dropped", MIXED, "on_fail: warn, opens_with: XU, separate_service: [XU], source: own"),
}


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    """The rulebook with a later row of each of these rules."""
    folder = Path(shutil.copytree(RULES, tmp_path_factory.mktemp("later") / "rules"))
    for name, (case, given_, says) in APPENDED.items():
        file = folder / name
        of = f"case: {case}, " if case else ""
        before = "hold" if given_ == MIXED else "claim"
        text = file.read_text().replace("values:\n", f"values:\n  - {{{of}from: {LATER}, {says}}}\n", 1).rstrip("\n")
        for on, outcome in ((LATER - timedelta(days=1), before), (LATER, "claim")):
            example = f"{of}given: {given_}, expect: {{outcome: {outcome}}}"
            text += f"\n  - {{name: A visit of {on}, on: {on}, {example}}}"
        file.write_text(text + "\n")
    return load_rulebook(folder)


@settings(max_examples=200, deadline=None)
@given(services=any_services, policy=st.sampled_from(POLICIES), on=st.dates(Date(2024, 7, 1), Date(2027, 2, 28)))
def test_a_later_version_of_a_rule_changes_no_earlier_date(
    later: Rulebook, services: list[dict[str, Any]], policy: str, on: Date
) -> None:
    decided, shop = visit(on, services=services, policy=policy), clinic(policy=policy, fees=FEES)
    assert flow.bill(decided, later, shop) == flow.bill(decided, book(), shop)


def test_but_it_changes_its_own_dates(later: Rulebook) -> None:
    decided, shop = visit(LATER, services=["97124 8"]), clinic(fees=FEES)
    assert [line.units for line in flow.bill(decided, book(), shop).lines] == [1]
    assert flow.bill(decided, later, shop).lines == ()


# --- the same bytes ---

CORPUS = """\
import hashlib, json, random
from massage_billing import flow
from massage_billing.explain import explanation
from visits import DAY, book, clinic, visit

pick = random.Random(7)
codes = sorted(book().on(DAY).codes)
fees = dict.fromkeys(codes, "10.00")
digest = hashlib.sha256()
for number in range(150):
    services = [
        {"code": pick.choice(codes), "minutes": pick.randrange(120), "by": pick.choice("AB"),
         "regions": pick.sample(["neck", "low back", "knee"], pick.randrange(3)),
         "modifiers": pick.sample(["GP", "GO", "59", "XS", "25", "KX", "CQ"], pick.randrange(4))}
        for _ in range(pick.randrange(1, 6))
    ]
    policy = pick.choice(sorted(book().policies))
    decided = visit(services=services, policy=policy)
    decision = flow.bill(decided, book(), clinic(policy=policy, fees=fees))
    digest.update(repr(decision).encode())
    digest.update(json.dumps(explanation(decided, decision, book())).encode())
print(digest.hexdigest())
"""


def bytes_of(seed: str) -> str:
    tests = Path(__file__).parent.parent
    place = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(tests)}
    run = subprocess.run([sys.executable, "-c", CORPUS], env=place, capture_output=True, text=True, check=True)
    return run.stdout


def test_the_same_visits_give_the_same_bytes_in_another_process_whatever_its_hash_seed() -> None:
    first, second = bytes_of("0"), bytes_of("4711")
    assert len(first.strip()) == 64
    assert first == second
