"""The circuit breaker of one payer: after several failures in a row it is left alone for a while, then tried with one
question. Time is passed in: any clock's seconds.
"""

from __future__ import annotations


class Circuit:
    """Closed: calls are made. Open: none until ``open_until``; then one, the probe, decides."""

    def __init__(self, failures: int, rest: float) -> None:
        self._most = failures
        self._rest = rest
        self._in_a_row = 0
        self._probing = False
        self.open_until: float | None = None
        """When it may be tried again; None while it is closed."""
        self.down_since: float | None = None
        """When the trouble began that no good answer has ended yet; None where there is none."""

    def may_call(self, now: float) -> bool:
        """Whether a call may be made: always while closed; while open, one when its rest is over."""
        return self.open_until is None or (now >= self.open_until and not self._probing)

    def calling(self) -> bool:
        """A call is being made; True where it is the probe."""
        if self.open_until is None:
            return False
        self._probing = True
        return True

    def succeeded(self) -> None:
        """The payer answered: the circuit closes, whoever asked."""
        self._in_a_row, self._probing, self.open_until, self.down_since = 0, False, None, None

    def failed(self, now: float, probe: bool) -> None:
        """A call failed. Of those that were under way when it opened only the probe makes it rest anew."""
        self._in_a_row += 1
        if self._in_a_row < self._most or (self.open_until is not None and not probe):
            return
        self._probing = False
        self.open_until = now + self._rest
        self.blocked(now)

    def unused(self, probe: bool) -> None:
        """A call ended without the payer being asked."""
        if probe:
            self._probing = False

    def blocked(self, now: float) -> None:
        """The payer can't be asked from now on, for this or another reason."""
        if self.down_since is None:
            self.down_since = now
