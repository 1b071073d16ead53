"""Addresses of this service's own pages, for the links of cards. Ids only, each quoted."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Places:
    """Where this service is reached."""

    base: str
    """``hooks.url``, without a slash at the end."""

    def rule(self, rule: str) -> str:
        """The page of a rule."""
        return f"{self.base}/rules/{quote(rule, safe='')}"

    def visit(self, host: str, encounter: str) -> str:
        """The page of a visit."""
        return f"{self.base}/visits/{quote(host, safe='')}/{quote(encounter, safe='')}"

    def today(self) -> str:
        """The page of a day's appointments."""
        return f"{self.base}/"
