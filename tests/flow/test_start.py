"""From which date of service on visits are billed: the newest word of a person counts."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import date as Date

import pytest

from flow.world import World
from massage_billing.program import Program

NOVEMBER, DECEMBER = Date(2026, 11, 1), Date(2026, 12, 1)


class Clinic:
    """One host's program, opened anew for each run, as settings have it then."""

    def __init__(self) -> None:
        self.setup = World().setup

    def run(self, settings: Date | None, command: Date | None = None, *, dry: bool = False) -> Date | None:
        """From which date on a run billed."""
        program = Program(replace(self.setup, start=settings), configured=True, lock=nullcontext)
        return program._ready(command, remember=not dry).start


@pytest.mark.parametrize(("before", "after"), [(NOVEMBER, DECEMBER), (DECEMBER, NOVEMBER), (None, DECEMBER)])
def test_settings_that_were_changed_count(before: Date | None, after: Date) -> None:
    clinic = Clinic()
    clinic.run(before, None if before else NOVEMBER)
    assert clinic.run(after, dry=True) == after
    assert clinic.run(after) == after
    assert clinic.run(after) == after


def test_what_the_command_said_stays_until_the_settings_are_changed() -> None:
    clinic = Clinic()
    assert clinic.run(NOVEMBER) == NOVEMBER
    assert clinic.run(NOVEMBER, DECEMBER) == DECEMBER
    assert clinic.run(NOVEMBER) == DECEMBER
    assert clinic.run(None) == DECEMBER
    assert clinic.run(Date(2026, 11, 15)) == Date(2026, 11, 15)


def test_a_dry_run_changes_nothing() -> None:
    clinic = Clinic()
    clinic.run(NOVEMBER)
    assert clinic.run(NOVEMBER, DECEMBER, dry=True) == DECEMBER
    assert clinic.run(NOVEMBER) == NOVEMBER
