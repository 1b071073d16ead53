"""The line in the making: services of one code, one therapist and one discipline, counted together."""

from __future__ import annotations

from massage_billing.coding.tables import CodeEntry
from massage_billing.model import Because, Service, Therapist


class Bucket:
    """What will be one claim line; units and modifiers are filled in step by step."""

    __slots__ = ("because", "code", "discipline", "entry", "minutes", "modifiers", "services", "therapist", "units")

    def __init__(self, entry: CodeEntry, therapist: Therapist | None, discipline: str) -> None:
        self.entry = entry
        self.code = entry.code
        self.therapist = therapist
        self.discipline = discipline
        """Modifier of the discipline it is counted with; "" for that of most (coding/discipline.py)."""
        self.services: list[Service] = []
        self.minutes: int | None = None
        """Minutes of its services; None for an untimed code without minutes."""
        self.units = 0
        self.modifiers: tuple[str, ...] = ()
        self.because: tuple[Because, ...] = ()
        """Reasons beyond those that every line of its code has."""

    def add(self, service: Service) -> None:
        """Count one more service on this line."""
        self.services.append(service)
        if service.minutes is not None:
            self.minutes = (self.minutes or 0) + service.minutes

    @property
    def order(self) -> tuple[str, str, str]:
        """Lines stand by code, then therapist, then discipline."""
        return (self.code, self.therapist.id if self.therapist else "", self.discipline)
