"""For the tests of payers: servers that fail as no library server will."""

from hosts.conftest import closed_port, raw, waits

__all__ = ["closed_port", "raw", "waits"]
