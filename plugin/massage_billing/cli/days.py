"""A patient and their days, as the command line takes them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date as Date
from datetime import timedelta
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from massage_billing.ports import VisitRow
    from massage_billing.program import Program

_PATIENT = re.compile(r"Patient/[A-Za-z0-9.-]{1,64}")
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


def as_patient(_context: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    """Option callback: a reference to a Patient."""
    if value is not None and not _PATIENT.fullmatch(value):
        raise click.BadParameter(f"{value!r} is no patient; write Patient/3.")
    return value


def as_month(_context: click.Context, _param: click.Parameter, value: str | None) -> Date | None:
    """Option callback: the first day of a month, "2026-11"."""
    if value is None:
        return None
    found = _MONTH.fullmatch(value)
    if found is None or found[1] == "0000":
        raise click.BadParameter(f"{value!r} is no month; write 2026-11.")
    return Date(int(found[1]), int(found[2]), 1)


def last_of(month: Date) -> Date:
    """The last day of a month."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def of_month(program: Program, patient: str, month: Date) -> Sequence[VisitRow]:
    """The visits of a patient in a month that runs have seen, by date of service."""
    return of_days(program, patient, month, last_of(month))


def of_days(program: Program, patient: str, first: Date | None, last: Date | None) -> Sequence[VisitRow]:
    """The visits of a patient from one day to another that runs have seen, by date of service."""
    rows = program.setup.store.of_patients(program.setup.host.id, [patient])
    return [
        row
        for row in rows
        if row.date is not None and (first is None or row.date >= first) and (last is None or row.date <= last)
    ]
