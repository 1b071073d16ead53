"""Subscriptions: settings in, what makes, shows and takes away the one of each host out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote

from massage_billing.errors import HostError
from massage_billing.ports.subscribing import Standing, Subscribed, Subscribes, Wanted
from massage_billing.settings import Settings
from massage_billing.wiring.hosts import opened


@dataclass(frozen=True, slots=True)
class Telling:
    """One host, and what it is asked to tell."""

    host: Subscribes
    """The host."""
    wanted: Wanted
    """What it is asked to tell, and where."""

    def make(self) -> tuple[Subscribed, Standing]:
        """See that there is one, as it should be."""
        return self.host.subscribe(self.wanted)

    def look(self) -> list[Subscribed]:
        """Those there are; nothing is changed."""
        return self.host.subscribed(self.wanted)

    def drop(self) -> int:
        """Take away those there are; how many."""
        return self.host.unsubscribe(self.wanted)


@contextmanager
def open_telling(settings: Settings, host: str) -> Iterator[Telling]:
    """A host that can tell of news. Raises SettingsError, and HostError where it tells nobody."""
    hooks = settings.hooks
    secret = hooks.subscription.token()
    with opened(settings, host) as at:
        if not isinstance(at.host, Subscribes) or not at.host.can_subscribe():
            raise HostError(
                f"Host {at.settings.id} tells nobody of news: it takes no Subscriptions.",
                "Nothing is lost: it is asked by the schedule (serve.every).",
            )
        endpoint = f"{hooks.url}/hooks/subscription/{quote(at.settings.id, safe='')}"
        yield Telling(at.host, Wanted(endpoint, hooks.subscription.criteria, secret))
