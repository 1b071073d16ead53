"""What the journeys share."""

from journeys.forked import forker

__all__ = ["forker"]
