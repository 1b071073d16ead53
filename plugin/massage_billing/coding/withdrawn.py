"""A rule that is withdrawn: from a date on its question is no longer asked, and nothing it said changes a decision.

A withdrawn row is written with its date and its source alone. Its other values are those before it, or what says
nothing (``Row.says_nothing``), so that the code that reads rows need not know of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Never

from massage_billing.coding.policy_terms import PolicyRow
from massage_billing.coding.terms import Row
from massage_billing.coding.yamltext import Plain
from massage_billing.model import Finding

if TYPE_CHECKING:
    from massage_billing.coding.day import RuleRow, Table

_YES = frozenset({"yes", "true", "on", "y", "t", "1"})
_OF_EVERY_ROW = frozenset(field.alias or name for name, field in Row.model_fields.items()) - {"case", "table"}
"""Keys that a withdrawn row does not take over from the row before it."""
_KEEPS_ITS_TABLE = "billable-code"
"""The codes that are known, and whether they are timed, stay known: lines are made of them."""
_POLICY_FIELDS: Mapping[str, tuple[str, ...]] = {
    "daily-cap": ("daily_caps",),
    "therapy-modifier": ("therapy_modifier",),
    "modifiers": ("line_modifiers",),
}
"""What a policy says that changes lines, by the rule that asks it; it is not read where the rule is withdrawn."""


def completed(values: Sequence[Plain], model: type[Row]) -> list[object]:
    """The rows of a file as they were read, the withdrawn ones with the values they do not write."""
    return [_completed(value, values, model) if _is_withdrawn(value) else value for value in values]


def _is_withdrawn(value: Plain) -> bool:
    return isinstance(value, dict) and str(value.get("withdrawn", "")).lower() in _YES


def _completed(value: Plain, values: Sequence[Plain], model: type[Row]) -> Mapping[str, object]:
    assert isinstance(value, dict)  # noqa: S101  (only a mapping is withdrawn)
    earlier = [
        other
        for other in values
        if isinstance(other, dict)
        and other.get("case", "") == value.get("case", "")
        and str(other.get("from", "")) < str(value.get("from", ""))
    ]
    before = max(earlier, key=lambda other: str(other.get("from", "")), default={})
    kept = {key: said for key, said in before.items() if key not in _OF_EVERY_ROW}
    return {**kept, **model.says_nothing, **value}


def withdrawn_findings(rows: Mapping[tuple[str, str], RuleRow]) -> Mapping[tuple[str, str], Finding]:
    """What is said in place of the findings of withdrawn rows, by rule and row id; with row "" where every row of the
    rule is withdrawn."""
    found: dict[tuple[str, str], Finding] = {}
    for row in rows.values():
        if row.withdrawn:
            found[(row.rule, row.id)] = row.bypassed
    for rule in {rule for rule, _ in found}:
        of_rule = [row for (named, _), row in rows.items() if named == rule]
        if all(row.withdrawn for row in of_rule):
            found[(rule, "")] = min(of_rule, key=lambda row: row.id).bypassed
    return found


_NO_ENTRY: Mapping[str, Never] = MappingProxyType({})
"""The table of every rule that is withdrawn."""


def tables_of(rows: Mapping[tuple[str, str], RuleRow], tables: Mapping[str, Table]) -> Mapping[str, Table]:
    """The table of each rule in force; an empty one where the rule is withdrawn."""
    found: dict[str, Table] = {}
    for row in rows.values():
        if row.terms.table:
            table = tables[row.terms.table]
            emptied = row.withdrawn and row.rule != _KEEPS_ITS_TABLE and isinstance(table, Mapping)
            found[row.rule] = _NO_ENTRY if emptied else table
    return found


def policy_terms(terms: PolicyRow, withdrawn: Mapping[tuple[str, str], Finding]) -> PolicyRow:
    """What a policy says, without its answers to questions that are withdrawn."""
    gone = [field for rule, fields in _POLICY_FIELDS.items() if (rule, "") in withdrawn for field in fields]
    if not gone:
        return terms
    return terms.model_copy(update={field: PolicyRow.model_fields[field].get_default() for field in gone})
