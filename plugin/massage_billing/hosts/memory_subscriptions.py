"""Subscriptions of the host in memory: kept, and told nobody."""

from __future__ import annotations

from massage_billing.ports.subscribing import Standing, Subscribed, Wanted


class MemorySubscriptions:
    """Implements ``ports.subscribing.Subscribes``; what is kept stands in ``subscriptions``."""

    subscriptions: dict[str, Wanted]
    """By reference."""

    def can_subscribe(self) -> bool:
        """See ``Subscribes``."""
        return True

    def subscribed(self, wanted: Wanted) -> list[Subscribed]:
        """See ``Subscribes``."""
        return [
            Subscribed(reference, "active", "", kept == wanted)
            for reference, kept in self.subscriptions.items()
            if kept.endpoint == wanted.endpoint
        ]

    def subscribe(self, wanted: Wanted) -> tuple[Subscribed, Standing]:
        """See ``Subscribes``."""
        there = self.subscribed(wanted)
        if not there:
            self.subscriptions[f"Subscription/{len(self.subscriptions) + 1}"] = wanted
            return self.subscribed(wanted)[0], Standing.MADE
        if there[0].right:
            return there[0], Standing.THERE
        self.subscriptions[there[0].reference] = wanted
        return self.subscribed(wanted)[0], Standing.CHANGED

    def unsubscribe(self, wanted: Wanted) -> int:
        """See ``Subscribes``."""
        there = self.subscribed(wanted)
        for one in there:
            del self.subscriptions[one.reference]
        return len(there)
