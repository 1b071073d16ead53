"""Figures made behind the page: the last ones at once, one maker at a time, a failure told and not raised."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from massage_billing.desk.kept import Kept
from massage_billing.errors import HostUnreachable

NOW = [datetime(2026, 11, 30, 12, tzinfo=UTC)]
MINUTE = timedelta(minutes=1)


def kept() -> Kept[int]:
    NOW[:] = [datetime(2026, 11, 30, 12, tzinfo=UTC)]
    return Kept(lambda: NOW[0])


def test_the_first_value_is_waited_for_and_kept() -> None:
    made: list[int] = []
    some = kept()
    for _ in range(3):
        assert some.get("a", lambda: made.append(1) or len(made), MINUTE, wait=30).value == 1
    assert made == [1]


def test_nobody_waits_for_a_new_value_and_one_makes_it() -> None:
    some, go, done = kept(), threading.Event(), threading.Event()

    def slow() -> int:
        go.wait(30)
        done.set()
        return 2

    some.get("a", lambda: 1, MINUTE, wait=30)
    NOW[0] += 2 * MINUTE
    first, second = some.get("a", slow, MINUTE, wait=30), some.get("a", slow, MINUTE, wait=30)
    assert (first.value, first.working, second.value) == (1, True, 1)
    go.set()
    assert done.wait(30)
    assert some.get("a", lambda: 3, MINUTE, wait=30).value in (1, 2)


def test_a_value_that_takes_too_long_is_not_waited_for() -> None:
    some, go = kept(), threading.Event()
    held = some.get("a", lambda: (go.wait(30), 1)[1], MINUTE, wait=0.01)
    go.set()
    assert (held.value, held.working) == (None, True)


def test_a_failure_is_told_the_last_value_stands_and_it_is_not_tried_at_once_again() -> None:
    some, tries = kept(), []

    def away() -> int:
        tries.append(1)
        raise HostUnreachable("The host does not answer.", "Try later.")

    assert some.get("b", away, MINUTE, wait=30).problem == "The host does not answer. Try later."
    assert some.get("b", away, MINUTE, wait=30).value is None
    assert len(tries) == 1


def test_an_unexpected_failure_quotes_nothing() -> None:
    def broken() -> int:
        raise ValueError("Zebulon Quillfeather")

    held = kept().get("a", broken, MINUTE, wait=30)
    assert "Quillfeather" not in held.problem
    assert held.problem


def test_keys_are_kept_apart_and_the_oldest_go() -> None:
    some = kept()
    for number in range(70):
        assert some.get(number, lambda number=number: number, MINUTE, wait=30).value == number  # type: ignore[misc]
    assert some.look(69).value == 69
    assert some.look(0).value is None
