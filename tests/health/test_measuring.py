"""What benchmarks say of memory is that of what they measure, and not of the process that measures."""

from __future__ import annotations

from bench.machine import child

MEGABYTE = 1 << 20
SPEND = "spent = b'x' * {} * (1 << 20)"


def test_the_peak_of_a_child_is_its_own() -> None:
    held = b"x" * (150 * MEGABYTE)
    small, large = child("-c", SPEND.format(0)), child("-c", SPEND.format(80))
    assert small.peak_mb < 75
    assert 75 < large.peak_mb - small.peak_mb < 100
    assert len(held) == 150 * MEGABYTE
    assert large.cpu > 0
    assert large.wall > 0
