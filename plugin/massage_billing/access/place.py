"""Where browsers reach the workbench, and what its cookies are called there."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from massage_billing.errors import SettingsError
from massage_billing.serve_settings import is_loopback

if TYPE_CHECKING:
    from massage_billing.settings import Settings


@dataclass(frozen=True, slots=True)
class Place:
    """One origin: scheme, host and port, and nothing else. Cookies and redirects are of it alone."""

    origin: str
    """"https://billing.example.org", or "http://127.0.0.1:8711" where only this machine reaches it."""
    framed: bool = False
    """Whether other sites may show it in a frame (workbench.frame_ancestors)."""

    @property
    def secure(self) -> bool:
        """Whether it is reached over TLS."""
        return self.origin.startswith("https://")

    @property
    def netloc(self) -> str:
        """What the Host header says: "127.0.0.1:8711"."""
        return urlsplit(self.origin).netloc.lower()

    @property
    def loopback(self) -> bool:
        """Whether only this machine reaches it: one-time links are given out there only."""
        name = urlsplit(self.origin).hostname or ""
        if name == "localhost":
            return True
        try:
            return ip_address(name).is_loopback
        except ValueError:
            return False

    def cookie(self, name: str) -> str:
        """A cookie's name. Over TLS ``__Host-``: no other host and no plain page can set it (RFC 6265bis, 4.1.3.2)."""
        return f"__Host-{name}" if self.secure else name

    @property
    def attributes(self) -> str:
        """A cookie's attributes: no script reads it, no other site's page sends it along. In another site's frame a
        browser sends only what is partitioned by that site (CHIPS); forms still need their token and this origin."""
        if self.secure and self.framed:
            return "Path=/; HttpOnly; Secure; SameSite=None; Partitioned"
        return "Path=/; HttpOnly; Secure; SameSite=Lax" if self.secure else "Path=/; HttpOnly; SameSite=Lax"

    def url(self, path: str) -> str:
        """A path of this site as a URL."""
        return f"{self.origin}{path}"


def place_of(settings: Settings) -> Place:
    """Where browsers reach the workbench of these settings. SettingsError where others than this machine reach the
    service, and nothing says by which https address."""
    public, address = settings.workbench.public_url, settings.serve.address
    if public is None and not is_loopback(address):
        what = f"The service listens at {address}, which others reach, and workbench.public_url is not set."
        raise SettingsError(what, "Put a proxy with TLS before it and name its address there, or listen at loopback.")
    if public is None:
        return Place(f"http://{address}".removesuffix(":80"))
    parts = urlsplit(public.lower())
    usual = {"https": ":443", "http": ":80"}[parts.scheme]
    return Place(f"{parts.scheme}://{parts.netloc.removesuffix(usual)}", bool(settings.workbench.frame_ancestors))
