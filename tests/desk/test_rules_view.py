"""The rulebook's pages: looking for a rule, one rule, what changed lately, what is to come."""

from __future__ import annotations

from datetime import date

from massage_billing.desk.rules import Asked, lately, rule_list, rule_page
from massage_billing.releases.model import Release
from visits import book

TODAY = date(2026, 11, 30)


def found(**asked: str) -> list[str]:
    listed = rule_list(book(), Asked(**asked), TODAY)
    return [one.id for one in (*listed.rules, *listed.policies)]


def test_everything_is_listed_where_nothing_is_looked_for() -> None:
    listed = rule_list(book(), Asked(), TODAY, ["policy.yaml:3: is wrong"])
    assert {"timed-units", "ncci-pairs"} <= {one.id for one in listed.rules}
    assert set(listed.every_policy) == {one.id for one in listed.policies}
    assert (listed.version, listed.digest) == (book().version, book().digest)
    assert listed.told == ("policy.yaml:3: is wrong",)


def test_rules_are_found_by_words_of_their_question_in_any_order() -> None:
    assert "timed-units" in found(words="minutes UNITS")
    assert found(words="no-such-thing-anywhere") == []


def test_rules_are_found_by_a_code_and_by_a_policy() -> None:
    assert "ncci-pairs" in found(code="97140")
    by_policy = found(policy="medicare")
    assert "medicare" in by_policy
    assert len(by_policy) < len(found())
    assert found(policy="no-such-policy") == []


def test_one_rule_has_its_rows_sources_and_examples() -> None:
    shown = rule_page(book(), "timed-units", TODAY)
    assert shown is not None
    assert shown.rows
    assert shown.sources
    assert shown.examples
    assert rule_page(book(), "../settings", TODAY) is None


def test_rows_of_a_table_are_shown_by_code() -> None:
    shown = rule_page(book(), "ncci-pairs", TODAY, "97124")
    assert shown is not None
    assert shown.table is not None
    assert all("97124" in row for row in shown.table.rows)


def test_what_changed_lately_names_the_rule_and_imported_releases() -> None:
    old = Release("mue-2026-01-01", "mue", date(2026, 1, 1), date(2026, 3, 31), "", "a", "b", 1, 1)
    new = Release("mue-2026-10-01", "mue", date(2026, 10, 1), date(2026, 12, 31), "", "a", "b", 1, 1, imported=TODAY)
    told = lately(book(), [old, new], TODAY)
    assert [one.id for one in told.releases] == ["mue-2026-10-01"]
    assert "diagnosis-valid" in [one.id for one in told.differences]
    assert all(one.start > TODAY for one in told.begins)
