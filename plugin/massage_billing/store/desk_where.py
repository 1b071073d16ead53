"""Conditions of the pages' questions, said so that both databases find rows by index and compare texts byte by byte."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import Boolean, Column, ColumnElement, func, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement

_LAST = "\U0010ffff"
"""Comes after every other character."""


class _Condition(FunctionElement[bool]):
    """A condition that stands in WHERE as it is: SQLAlchemy would compare it with 1 for SQLite, which then finds no
    index for it."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:
        """Never grouped: each has its own brackets."""
        return self


class _Contains(_Condition):
    """Whether a text contains another. LIKE of SQLite does not tell upper case from lower."""

    inherit_cache = True


class _Begins(_Condition):
    """Whether a text lies between a beginning and what follows the last text that begins so."""

    inherit_cache = True


class _Either(_Condition):
    """One condition for SQLite, another for PostgreSQL."""

    inherit_cache = True


@compiles(_Either)
def _either(element: _Either, compiler: SQLCompiler, **options: Any) -> str:
    for_sqlite, for_others = element.clauses
    chosen = for_others if compiler.dialect.name == "postgresql" else for_sqlite
    return f"({compiler.process(chosen, **options)})"


@compiles(_Contains)
def _contains(element: _Contains, compiler: SQLCompiler, **options: Any) -> str:
    name = "strpos" if compiler.dialect.name == "postgresql" else "instr"
    return f"({name}({compiler.process(element.clauses, **options)}) > 0)"


@compiles(_Begins)
def _begins(element: _Begins, compiler: SQLCompiler, **options: Any) -> str:
    column, first, last = (compiler.process(one, **options) for one in element.clauses)
    # The operators of text_pattern_ops, whatever the database's collation.
    from_, to = ("~>=~", "~<~") if compiler.dialect.name == "postgresql" else (">=", "<")
    return f"({column} {from_} {first} AND {column} {to} {last})"


def either(*, sqlite: ColumnElement[bool], postgresql: ColumnElement[bool]) -> ColumnElement[bool]:
    """A condition that is said differently, for the two plan differently."""
    return _Either(sqlite, postgresql)


def has(column: Column[Any], name: str) -> ColumnElement[bool]:
    """Whether a column of names as JSON (["a","b"]) has this name. Quotes inside of names are escaped, so that only a
    whole name is found."""
    return _Contains(column, literal(orjson.dumps(name).decode()))


def begins(column: Column[Any], beginning: str) -> ColumnElement[bool]:
    """Whether a text begins so, found by index."""
    return _Begins(column, literal(beginning), literal(beginning + _LAST))


def same(column: Column[Any], value: str) -> ColumnElement[bool]:
    """Whether a column has a value, not found by an index of its own: where another finds the rows, SQLite, which keeps
    no statistics, would take the one with more columns and read far more."""
    return func.coalesce(column, "") == value
