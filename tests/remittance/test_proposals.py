"""Proposals: each file passes the checker and changes the decision as it says; what cannot be proposed says why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from massage_billing.coding.rulebook import Rulebook
from massage_billing.coding.rulefile import PolicyText, read_policy
from massage_billing.coding.yamltext import Unquoted, read_yaml
from massage_billing.errors import RuleFileError
from massage_billing.model import CoverageKind, Payer
from massage_billing.remittance.denials import Period
from massage_billing.remittance.learned import Denials
from massage_billing.remittance.patterns import Facts, patterns
from massage_billing.remittance.policy_draft import DraftExample, NewRow, flow, with_row
from massage_billing.remittance.proposals import PolicyFile, Proposals, propose
from massage_billing.rulebook import checks
from massage_billing.rulebook.files import Files, read_files, read_files_with
from massage_billing.store.memory import MemoryStore
from massage_billing.x12.tables import shipped
from remittance.denied import Answer, answer, claim, send

TODAY = date(2026, 12, 7)
PT = "225100000X"
LMT = "225700000X"
KINDS = {"1234567893": (LMT,), "1245319599": (PT,)}


@pytest.fixture(scope="module")
def files() -> Files:
    return read_files()


@pytest.fixture
def book() -> Denials:
    store = MemoryStore()
    return Denials(store, store.ledger(), "main")


def payer(key: str = "blue", policy: str = "cigna") -> Payer:
    return Payer(key, CoverageKind.HEALTH, policy)


def policy_file(name: str) -> PolicyFile:
    text = shipped(f"rules/payers/{name}/policy.yaml")
    return PolicyFile(text, read_policy(text, f"{name}/policy.yaml"))


def with_policy(files: Files) -> Callable[[PolicyText], Rulebook]:
    def made(policy: PolicyText) -> Rulebook:
        return replace(files, own={**files.own, policy.policy: policy}).rulebook()

    return made


def proposed(
    book: Denials, files: Files, payers: Sequence[Payer] = (payer(),), kinds: dict[str, tuple[str, ...]] | None = None
) -> Proposals:
    learned = book.learned(Period())
    policies = {one.policy: policy_file(one.policy) for one in payers}
    facts = Facts(learned.claims, learned.paid, KINDS if kinds is None else kinds)
    return propose(patterns(learned.denials, 3), facts, payers, policies, with_policy(files), TODAY)


def check(text: str, name: str, folder: Path) -> tuple[Rulebook, str]:
    """As `rules check FILE` does: the file over the rulebook that ships, with every example."""
    file = folder / f"{name}.yaml"
    file.write_text(text, encoding="utf-8")
    found = read_files_with(file)
    assert found.errors == []
    made = found.rulebook()
    checks.refuse(made, {name})
    troubles = [one for one in checks.examine(made, TODAY) if one.about.split(" (")[0] == name]
    assert [one.what for one in troubles if one.level == "error"] == []
    return made, text


def denied(book: Denials, count: int, why: list[tuple[str, str, str, tuple[str, ...]]], **more: object) -> None:
    """So many claims that were denied for the same."""
    names = [f"D{place}{more.get('code', '')}{why[0][1]}" for place in range(count)]
    claims = [claim(name, day=date(2026, 11, 3 + place), **more) for place, name in enumerate(names)]  # type: ignore[arg-type]
    send(book.ledger, *claims)
    answer(book.ledger, f"file-{names[0]}", *(Answer(one.key, why) for one in claims))


def test_no_authorization_becomes_an_authorization_that_is_wanted(book: Denials, files: Files, tmp_path: Path) -> None:
    denied(book, 3, [("CO", "197", "140", ())])
    (one,) = proposed(book, files).files
    assert (one.payer, one.name, one.start, one.claims, one.dollars) == (
        "blue", "cigna", date(2026, 11, 4), 3, Decimal(420),
    )  # fmt: skip
    made, text = check(one.text, "cigna", tmp_path)
    row = made.policies["cigna"].values[-1]
    assert [(term.kind.value, term.codes) for term in row.papers] == [("authorization", ("97124",))]
    assert "authorization" not in {term.field for term in row.unknown}
    assert row.filing_days == 90
    source = made.policies["cigna"].sources["denials-2026-12-07"]
    assert source.grade == "secondary"
    assert source.section == "CO 197 on 97124: 3 claims, $420.00; files file-D097124 claims 1 2 3".replace(
        "file-D097124", "file-D0197"
    )
    assert "expect: {outcome: hold, lines: [97124 x4], findings: [authorization-on-file no-data hold]}" in text
    assert "PROPOSED" in text.splitlines()[0]
    assert shipped("rules/payers/cigna/policy.yaml").splitlines()[5] in text  # what stood there stays


def test_codes_denied_for_the_same_become_one_term(book: Denials, files: Files, tmp_path: Path) -> None:
    denied(book, 3, [("CO", "197", "140", ())])
    denied(book, 4, [("CO", "15", "140", ())], code="97140")
    (one,) = proposed(book, files).files
    made, _ = check(one.text, "cigna", tmp_path)
    (term,) = made.policies["cigna"].values[-1].papers
    assert (term.codes, term.number_on_claim) == (("97124", "97140"), True)


@pytest.mark.parametrize(("reason", "remark", "kind"), [("288", (), "referral"), ("16", ("N264",), "order")])
def test_a_referral_or_an_order(
    book: Denials, files: Files, tmp_path: Path, reason: str, remark: tuple[str, ...], kind: str
) -> None:
    denied(book, 3, [("CO", reason, "140", remark)])
    (one,) = proposed(book, files).files
    made, _ = check(one.text, "cigna", tmp_path)
    assert [term.kind.value for term in made.policies["cigna"].values[-1].papers] == [kind]


def paid(book: Denials, *units: int, code: str = "97140", npi: str = "1234567893", file: str = "paid") -> None:
    claims = [claim(f"{file}{place}", code=code, units=one, npi=npi) for place, one in enumerate(units)]
    send(book.ledger, *claims)
    answer(book.ledger, file, *(Answer(one.key) for one in claims))


def test_units_become_the_most_that_was_paid_under_the_least_that_was_denied(
    book: Denials, files: Files, tmp_path: Path
) -> None:
    denied(book, 3, [("CO", "222", "175", ())], code="97140", units=5)
    paid(book, 2, 3, 1)
    (one,) = proposed(book, files).files
    made, text = check(one.text, "cigna", tmp_path)
    (cap,) = made.policies["cigna"].values[-1].daily_caps
    assert (cap.codes, cap.units, cap.per) == (("97140",), 3, "code")
    assert "lines: [97140 x3], findings: [daily-cap fail changed]" in text


def test_units_paid_in_part_tell_the_limit_too(book: Denials, files: Files) -> None:
    claims = [claim(f"P{place}", code="97140", units=4) for place in range(3)]
    send(book.ledger, *claims)
    answer(book.ledger, "f", *(Answer(one.key, [("CO", "222", "70", ())], units_paid=2) for one in claims))
    (one,) = proposed(book, files).files
    assert "at most 2 units a day of 97140" in one.says[0]


def test_units_that_no_number_parts_are_not_proposed(book: Denials, files: Files) -> None:
    denied(book, 3, [("CO", "222", "140", ())], code="97140", units=4)
    assert [one.why for one in proposed(book, files).left] == [
        "No line of 97140 was paid, so that it is not known how many units would be."
    ]
    paid(book, 4)
    assert [one.why for one in proposed(book, files).left] == [
        "4 units were paid where 4 were denied, so that no number parts them."
    ]


def test_what_is_never_paid_is_excluded(book: Denials, files: Files, tmp_path: Path) -> None:
    denied(book, 3, [("CO", "96", "140", ())], code="97112")
    (one,) = proposed(book, files).files
    made, text = check(one.text, "cigna", tmp_path)
    (term,) = made.policies["cigna"].values[-1].excludes
    assert (term.codes, term.taxonomies, term.why) == (("97112",), (), "blue does not pay 97112.")
    assert "outcome: self-pay" in text
    paid(book, 4, code="97112")
    assert "was paid too" in proposed(book, files).left[0].why


def test_a_kind_of_provider_is_excluded_only_where_it_is_known(book: Denials, files: Files, tmp_path: Path) -> None:
    denied(book, 3, [("CO", "170", "140", ())])
    paid(book, 4, code="97124", npi="1245319599")
    (one,) = proposed(book, files).files
    made, _ = check(one.text, "cigna", tmp_path)
    assert made.policies["cigna"].values[-1].excludes[0].taxonomies == (LMT,)
    assert "not on record" in proposed(book, files, kinds={}).left[0].why
    assert "paid too" in proposed(book, files, kinds={"1234567893": (LMT,)}).left[0].why
    assert "paid too" in proposed(book, files, kinds={**KINDS, "1245319599": (LMT,)}).left[0].why


def test_what_a_provider_is_not_expected_to_bill_is_pointed_out(book: Denials, files: Files, tmp_path: Path) -> None:
    denied(book, 3, [("CO", "8", "140", ())], code="97140")
    (one,) = proposed(book, files, kinds={"1234567893": ("111N00000X",)}).files
    made, _ = check(one.text, "cigna", tmp_path)
    (term,) = made.policies["cigna"].values[-1].scope
    assert (term.codes, term.taxonomies) == (("97140",), ("111N00000X",))


def test_what_is_pointed_out_already_is_not_proposed_again(book: Denials, files: Files) -> None:
    denied(book, 3, [("CO", "8", "140", ())], code="97112")
    assert [one.why for one in proposed(book, files).left] == [
        "Added to the policy, it does not change what is decided."
    ]


def test_a_policy_that_other_payers_have_too_is_proposed_under_a_name_of_its_own(
    book: Denials, files: Files, tmp_path: Path
) -> None:
    denied(book, 3, [("CO", "197", "140", ())])
    payers = (payer("blue", "cms-total-time"), payer("green", "cms-total-time"))
    (one,) = proposed(book, files, payers).files
    assert (one.name, one.renames) == ("cms-total-time-blue", True)
    made, text = check(one.text, "cms-total-time-blue", tmp_path)
    assert "policy: cms-total-time-blue" in text
    assert made.policies["cms-total-time-blue"].values[-1].papers
    assert not made.policies["cms-total-time"].values[-1].papers


@pytest.mark.parametrize(
    "name",
    ["aetna", "anthem", "auto", "bcbs-nebraska", "commercial-midpoint", "medicare", "regence", "unitedhealthcare",
     "va-community-care", "wa-lni", "workers-compensation", "florida-pip"],
)  # fmt: skip
def test_every_policy_that_ships_can_be_added_to_or_says_why_not(
    book: Denials, files: Files, tmp_path: Path, name: str
) -> None:
    denied(book, 3, [("CO", "288", "140", ())], code="97110")
    found = proposed(book, files, [payer("blue", name)])
    for one in found.files:
        check(one.text, name, tmp_path)
    assert found.files or found.left
    if not found.files:
        assert name in ("medicare", "florida-pip", "va-community-care", "auto"), found.left


@pytest.mark.parametrize(
    ("why", "told"),
    [
        (("CO", "4", "140", ()), "No modifier is ever proposed"),
        (("CO", "39", "140", ()), "was there and did not fit"),
        (("PR", "204", "140", ()), "one patient's plan"),
        (("CO", "29", "140", ()), "filing_days"),
        (("CO", "Z9", "140", ()), "is not known here"),
        (("CO", "50", "140", ()), "medical policy"),
        (("CO", "B7", "140", ()), "credentials.csv"),
        (("CO", "16", "140", ()), "field of the claim"),
    ],
)
def test_what_cannot_be_proposed_says_why(
    book: Denials, files: Files, why: tuple[str, str, str, tuple[str, ...]], told: str
) -> None:
    denied(book, 3, [why])
    found = proposed(book, files)
    assert found.files == ()
    assert told in found.left[0].why
    assert (found.left[0].claims, found.left[0].dollars) == (3, Decimal(420))


def test_what_the_policy_knows_and_whom_nobody_knows_is_not_proposed(book: Denials, files: Files) -> None:
    denied(book, 3, [("CO", "197", "140", ())])
    assert "already" in proposed(book, files, [payer("blue", "regence")]).left[0].why
    assert "does not name" in proposed(book, files, [payer("other")]).left[0].why


def test_too_few_are_no_pattern(book: Denials, files: Files) -> None:
    denied(book, 2, [("CO", "197", "140", ())])
    assert proposed(book, files) == Proposals((), ())


def test_a_value_is_written_so_that_it_is_read_as_it_was() -> None:
    for value in [
        "97124",
        "GP",
        "59",
        "yes",
        "no",
        "2026-01-01",
        "it's",
        'a "b"',
        "a: b",
        "x #y",
        "",
        "null",
        "1e3",
        "ü",
    ]:
        text = f"a: {flow({'k': [value, Unquoted('7')]})}\n"
        read = read_yaml(text, "x").value
        assert read == {"a": {"k": [value, "7"]}}, text
        assert isinstance(read, dict)
        assert not isinstance(read["a"]["k"][0], Unquoted)  # type: ignore[index, call-overload]


def test_a_file_in_braces_cannot_be_added_to() -> None:
    new = NewRow(date(2026, 1, 2), ("s", {}), {}, frozenset())
    with pytest.raises(RuleFileError, match="braces"):
        with_row("sources: {a: {b: c}}\nvalues: [{from: 2026-01-01}]\nexamples: []\n", "x.yaml", new, (), ())
    assert DraftExample("n", date(2026, 1, 1), {}, {}).name == "n"
