"""Measurements: speed and memory, each beside what it is compared with. Started by tests/bench/run, never by pytest."""
