"""The port to a host that tells of what happens there: FHIR R4 Subscriptions with channel rest-hook."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a host is asked to tell, and where."""

    endpoint: str
    """Absolute URL of this service for this host: by it the Subscription is known again."""
    criteria: str
    """Search whose new matches are told of, "Encounter?status=finished"."""
    secret: str
    """What the host shows; never logged."""


class Standing(StrEnum):
    """What became of it."""

    MADE = "made"
    """It was not there."""
    THERE = "there"
    """It was there as it should be."""
    CHANGED = "changed"
    """It was there, told of something else, showed another secret, or was off."""


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A Subscription on the host."""

    reference: str
    """"Subscription/7"."""
    status: str
    """requested, active, error, off."""
    problem: str
    """What the host says is wrong with it (Subscription.error), or "". May hold anything."""
    right: bool
    """It tells what is wanted, with the secret as it is now."""


@runtime_checkable
class Subscribes(Protocol):
    """A host that can be asked so. Raises HostError."""

    def can_subscribe(self) -> bool:
        """Whether the host takes Subscriptions, by what it says of itself."""
        ...

    def subscribed(self, wanted: Wanted) -> list[Subscribed]:
        """The Subscriptions that tell this endpoint; one where all is well."""
        ...

    def subscribe(self, wanted: Wanted) -> tuple[Subscribed, Standing]:
        """See that there is one, as it should be: however often it is asked, by however many, there is one."""
        ...

    def unsubscribe(self, wanted: Wanted) -> int:
        """Take away those that tell this endpoint; how many there were."""
        ...
