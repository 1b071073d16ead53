"""Balancing: one cent more or less in any amount is found, at its place, and what balances is never refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massage_billing.model.remittance import ClaimPaid, Remittance, RemittanceEnd, RemittanceHeader
from massage_billing.x12.balance_835 import Balance, Imbalance, imbalances
from massage_billing.x12.remittance_835 import read_835, remittances
from remittance_files import HEADER, enveloped, made

SEEDS = st.integers(0, 10**9)


def read(*segments: str, bpr: str) -> Remittance:
    (found,) = remittances(enveloped([bpr, *HEADER, *segments]))
    return found


def odd(*segments: str, bpr: str = "BPR*I*60*C*ACH") -> list[tuple[str, bool]]:
    return [(one.code, one.refuses) for one in imbalances(read(*segments, bpr=bpr))]


@given(seed=SEEDS, count=st.integers(0, 6), moves=st.integers(0, 8))
def test_what_balances_is_taken(seed: int, count: int, moves: int) -> None:
    (found,) = remittances(made(seed, count, moves=moves).data())
    assert imbalances(found) == []


AMOUNTS = {
    "BPR": [2], "CLP": [3, 4], "SVC": [2, 3], "CAS": range(3, 19, 3), "PLB": range(4, 15, 2),
}  # fmt: skip


def changed(body: list[str], pick: int, cents: int) -> tuple[list[str], str, tuple[int, int]]:
    """One amount changed by some cents: the segments, which tag, and (claim, line) it stands in; 0 where in none."""
    places: list[tuple[int, int, tuple[int, int]]] = []
    claim = line = 0
    for number, segment in enumerate(body):
        parts = segment.split("*")
        if parts[0] == "CLP":
            claim, line = claim + 1, 0
        line += parts[0] == "SVC"
        where = (0, 0) if parts[0] in {"BPR", "PLB"} else (claim, line)
        places += [(number, at, where) for at in AMOUNTS.get(parts[0], ()) if at < len(parts) and parts[at]]
    number, at, where = places[pick % len(places)]
    parts = body[number].split("*")
    parts[at] = str(Decimal(parts[at]) + Decimal(cents).scaleb(-2))
    return [*body[:number], "*".join(parts), *body[number + 1 :]], parts[0], where


@given(seed=SEEDS, count=st.integers(1, 4), moves=st.integers(0, 8), pick=st.integers(0, 10**6),
       cents=st.sampled_from([1, -1]))  # fmt: skip
def test_one_cent_is_found_at_its_place(seed: int, count: int, moves: int, pick: int, cents: int) -> None:
    body, tag, (claim, line) = changed(made(seed, count, moves=moves).body(), pick, cents)
    (found,) = remittances(enveloped(body))
    refused = [one for one in imbalances(found) if one.refuses]
    assert refused
    if tag in {"BPR", "PLB"}:
        assert [(one.code, one.where) for one in refused] == [("transaction", "transaction 0001")]
        return
    assert {one.claim for one in refused if one.code != "transaction"} == {claim}
    assert {one.line for one in refused if one.code == "line"} == ({line} if line else set())
    control = f"transaction 0001, claim {claim} (MB{claim:09})"
    assert f"{control}, line {line}" if line else control in {one.where for one in refused}
    # What a payer says and what it adds up to are told, and are a cent apart.
    assert {abs(one.told - one.reckoned) for one in refused if one.told is not None and one.reckoned is not None} == {
        Decimal("0.01")
    }


@given(seed=SEEDS, pick=st.integers(0, 10**6))
def test_claim_by_claim_the_same_is_found(seed: int, pick: int) -> None:
    body, _, _ = changed(made(seed, 3, moves=2).body(), pick, 1)
    data = enveloped(body)
    balance: Balance | None = None
    found: list[Imbalance] = []
    for part in read_835(data):
        if isinstance(part, RemittanceHeader):
            balance = Balance.of(part.remittance)
        elif isinstance(part, ClaimPaid) and balance is not None:
            found += balance.claim(part)
        elif isinstance(part, RemittanceEnd) and balance is not None:
            found += balance.end(part)
    assert found == imbalances(remittances(data)[0])


def test_the_guides_own_kinds_of_claims_balance() -> None:
    whole = ("CLP*MB1*1*100*60*40", "CAS*PR*3*40")
    lines = ("CLP*MB1*1*100*60*30", "SVC*HC:97124*60*40", "CAS*PR*3*20", "SVC*HC:97140*40*20", "CAS*CO*45*10*1*2*10")
    both = ("CLP*MB1*1*100*60*30", "CAS*CO*A2*10", "SVC*HC:97124*100*70", "CAS*PR*1*30")
    more = ("CLP*MB1*1*50*60*0", "SVC*HC:97124*50*60", "CAS*OA*94*-10")
    assert odd(*whole) == odd(*both) == odd(*more) == []
    assert odd(*lines) == [("patient", False)]


def test_a_reversal_and_its_correction_balance() -> None:
    back = ("CLP*MB1*22*-100*-60*0", "SVC*HC:97124*-100*-60", "CAS*CR*45*-40")
    again = ("CLP*MB1*1*100*80*0", "SVC*HC:97124*100*80", "CAS*CO*45*20")
    assert odd(*back, *again, bpr="BPR*I*20*C*ACH") == []
    assert odd(*back, bpr="BPR*I*60*D*ACH") == []
    assert odd(*back, "PLB*1*20261231*FB:1*-60", bpr="BPR*I*0*C*NON") == []


def test_a_reversal_whose_amounts_are_not_negated_is_pointed_out() -> None:
    assert odd("CLP*MB1*22*100*60*0", "CAS*CO*45*40") == [("reversal", False)]


@pytest.mark.parametrize(
    ("segments", "bpr", "found"),
    [
        (("CLP*MB1*1*100*60*0", "SVC*HC:97124*100*60", "CAS*CO*45*39.99"), "60", [("line", 1), ("claim", 0)]),
        (("CLP*MB1*1*100*60*0", "SVC*HC:97124*99.99*60", "CAS*CO*45*39.99", "CAS*CO*45*0.01"), "60",
         [("line", 1), ("lines", 0)]),
        (("CLP*MB1*1*100.01*60*0", "SVC*HC:97124*100*60", "CAS*CO*45*40"), "60", [("claim", 0), ("lines", 0)]),
        (("CLP*MB1*1*100*60*0", "CAS*CO*45*41"), "60", [("claim", 0)]),
        (("CLP*MB1*1*100*60*0", "CAS*CO*45*40"), "59.99", [("transaction", 0)]),
        (("CLP*MB1*1*100*60*0", "CAS*CO*45*40", "PLB*1*20261231*WO:1*60.01"), "0", [("transaction", 0)]),
        (("CLP*MB1*1*100*60*0", "CAS*CO*45*40"), "60*D", [("transaction", 0)]),
    ],
)  # fmt: skip
def test_what_does_not_add_up_is_refused(segments: tuple[str, ...], bpr: str, found: list[tuple[str, int]]) -> None:
    way = bpr if "*" in bpr else f"{bpr}*C"
    told = [one for one in imbalances(read(*segments, bpr=f"BPR*I*{way}*ACH")) if one.refuses]
    assert [(one.code, one.line) for one in told] == found


def test_the_message_names_the_place_and_the_dollars() -> None:
    (told,) = imbalances(read("CLP*MB1*1*100*60*0", "CAS*CO*45*39.5", bpr="BPR*I*60*C*ACH"))
    assert str(told) == (
        "transaction 0001, claim 1 (MB1): charge 100 less adjustments 39.5 is 60.5, and 60 is paid (difference -0.5)"
    )


@pytest.mark.parametrize(("control", "shown"), [("MB1", " (MB1)"), ("RIVERS", ""), ("RIVERS ADA 1", ""), ("", "")])
def test_what_is_no_control_number_is_not_shown(control: str, shown: str) -> None:
    (told,) = imbalances(read(f"CLP*{control}*1*100*60*0", bpr="BPR*I*60*C*ACH"))
    assert told.where == f"transaction 0001, claim 1{shown}"
