"""For the tests of calls: the same fixtures as the tests of hosts have."""

from hosts.conftest import closed_port, raw, waits

__all__ = ["closed_port", "raw", "waits"]
