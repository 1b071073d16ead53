"""Reading the files of codes that ship (rules/eligibility/*.yaml): typed, and every table cites a source.

A file has ``about``, ``last_verified_on``, ``sources``, and tables, each ``{source, codes}``; a row may name a source
of its own. What is read are the codes alone.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from massage_billing.coding.yamltext import Plain, read_yaml
from massage_billing.errors import RuleFileError

M = TypeVar("M", bound=BaseModel)
_NO_TABLES = frozenset({"about", "sources", "last_verified_on"})


def shipped(file: str) -> str:
    """The text of a file that ships, "rules/eligibility/x12_codes.yaml"."""
    return files("massage_billing").joinpath(file).read_text(encoding="utf-8")


def read_tables(model: type[M], text: str, file: str) -> M:
    """Type a file of tables. Raises RuleFileError with the line, and what is wrong with it."""
    read = read_yaml(text, file)
    if not isinstance(read.value, dict):
        raise RuleFileError(file, 1, "has to hold tables")
    sources = read.value.get("sources")
    listed = set(sources) if isinstance(sources, dict) else set()
    given: dict[str, Plain] = {"last_verified_on": read.value.get("last_verified_on", "")}
    for name, table in read.value.items():
        if name in _NO_TABLES:
            continue
        if not isinstance(table, dict) or table.keys() != {"source", "codes"}:
            raise RuleFileError(file, read.line((name,)), f"{name} has to be a source and codes")
        missing = sorted(_cited(table) - listed)
        if missing:
            raise RuleFileError(
                file, read.line((name,)), f"{name} cites {', '.join(missing)}, which is not among the sources"
            )
        given[name] = table["codes"]
    try:
        return model.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        place = tuple(part for part in first["loc"] if isinstance(part, str | int))
        line = read.line((*place[:1], "codes", *place[1:]))
        raise RuleFileError(file, line, f"{'.'.join(map(str, place))}: {first['msg']}") from None


def _cited(table: dict[str, Plain]) -> set[str]:
    """The sources a table and its rows name."""
    rows = table["codes"]
    each = rows.values() if isinstance(rows, dict) else rows
    own = {str(row["source"]) for row in each if isinstance(row, dict) and "source" in row}
    return own | {str(table["source"])}
