"""Progress: nothing for quick work, a line now and then for slow work, and none of it on standard output."""

from __future__ import annotations

import io

from massage_billing.cli.progress import Reporter


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_quick_work_is_not_talked_about() -> None:
    stream, clock = io.StringIO(), Clock()
    reporter = Reporter("run", stream, clock)
    clock.now = 1.9
    reporter.advance("visits", 100, None)
    reporter.close()
    assert stream.getvalue() == ""


def test_slow_work_says_how_far_it_is_every_few_seconds() -> None:
    stream, clock = io.StringIO(), Clock()
    reporter = Reporter("run", stream, clock)
    for second in range(12):
        clock.now = float(second)
        reporter.advance("visits", second * 1000, 20_000)
    reporter.close()
    assert stream.getvalue().splitlines() == [
        "run: visits: 2,000 of 20,000 (2 s)",
        "run: visits: 7,000 of 20,000 (7 s)",
    ]


def test_work_that_cannot_say_how_far_it_is_is_shown_too() -> None:
    stream, clock = io.StringIO(), Clock()
    reporter = Reporter("explain", stream, clock)
    clock.now = 3.0
    reporter.show()
    assert stream.getvalue() == "explain: working (3 s)\n"


def test_a_bar_is_drawn_on_a_terminal_and_taken_off_again() -> None:
    stream, clock = Terminal(), Clock()
    reporter = Reporter("run", stream, clock)
    clock.now = 3.0
    reporter.advance("visits", 1000, None)
    reporter.advance("visits", 1200, 2000)
    reporter.close()
    assert "run: visits" in stream.getvalue()
    length = len(stream.getvalue())
    reporter.advance("visits", 1300, 2000)
    assert len(stream.getvalue()) == length


def test_the_clock_beside_the_work_ends_with_it() -> None:
    reporter = Reporter("run", io.StringIO())
    reporter.start()
    reporter.close()
    assert reporter._ticker is not None
    assert not reporter._ticker.is_alive()
