"""What goes into the Authorization header; SMART backend services are in ``smart``."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from typing import Protocol

from massage_billing.errors import SettingsError


class Credentials(Protocol):
    """What is put into the Authorization header."""

    def header(self) -> str | None:
        """The header's value; None sends none."""
        ...

    def renew(self, refused: str | None) -> bool:
        """Get new credentials after a 401 for ``refused``; False where there are no others to try."""
        ...


class NoCredentials:
    """For hosts on loopback or behind a proxy that asks for none."""

    def header(self) -> str | None:
        """No header."""
        return None

    def renew(self, refused: str | None) -> bool:
        """There is nothing to renew."""
        return False


class BearerToken:
    """A fixed token, read anew after a 401: somebody may have replaced it in its file."""

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read

    def header(self) -> str | None:
        """ "Bearer …"."""
        token = self._read().strip()
        if not re.fullmatch(r"[\x21-\x7e]+", token):
            raise SettingsError("The host's bearer token is empty or has blanks in it.", "Correct where it is kept.")
        return f"Bearer {token}"

    def renew(self, refused: str | None) -> bool:
        """True where another token is there by now."""
        return self.header() != refused


class BasicPassword:
    """User name and password (RFC 7617), the password read anew after a 401."""

    def __init__(self, user: str, read: Callable[[], str]) -> None:
        self._user = user
        self._read = read

    def header(self) -> str | None:
        """ "Basic …"."""
        return f"Basic {b64encode(f'{self._user}:{self._read()}'.encode()).decode()}"

    def renew(self, refused: str | None) -> bool:
        """True where another password is there by now."""
        return self.header() != refused


class BareKey:
    """A key that is the whole Authorization header, read anew after a 401."""

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read

    def header(self) -> str | None:
        """The key."""
        return self._read()

    def renew(self, refused: str | None) -> bool:
        """True where another key is there by now."""
        return self.header() != refused
