"""What ``doctor`` looks at of the workbench: where it is reached, who may log in, and the secrets for that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from massage_billing.cli import shell
from massage_billing.cli.checked import MISSING, OK, WARN, Check, attempt, secret

if TYPE_CHECKING:
    from massage_billing.settings import Settings
    from massage_billing.web_settings import LoginSettings


def examine_workbench(settings: Settings) -> Iterator[Check]:
    """Every check. Nobody is asked over the network."""
    from massage_billing.access.place import Place, place_of

    place = attempt("workbench.public_url", lambda: place_of(settings))
    if isinstance(place, Check):
        yield place
        return
    for host, login in settings.workbench.hosts.items():
        yield from _login(f"workbench.hosts.{host}", host, login, place)
    if isinstance(place, Place) and not settings.workbench.hosts:
        if place.loopback:
            yield Check("workbench", OK, f"{place.origin}, by one-time link: massage-billing link")
        else:
            fix = "Name under workbench.hosts how people log in at the EHR."
            yield Check("workbench.hosts", MISSING, f"nobody can log in at {place.origin}.", fix)


def _login(about: str, host: str, login: LoginSettings, place: object) -> Iterator[Check]:
    """Secrets that can be read, and somebody who has a role."""
    faults = [
        *secret(f"{about}.client_secret_file", lambda: login.secret() or "", login.client_secret_file),
        *secret(f"{about}.key_file", lambda: login.key() or "", login.key_file),
    ]
    yield from faults
    if not login.people and login.role is None:
        yield Check(f"{about}.people", MISSING, "nobody has a role.", "Say who may do what: Practitioner/3: owner.")
    elif not faults:
        who = shell.counted(len(login.people), "person").replace("persons", "people")
        rest = f", everybody else {login.role}" if login.role else ""
        origin = getattr(place, "origin", "")
        yield Check(about, OK, f"{who}{rest}; redirect address {origin}/callback/{host}")
    if login.role is not None and login.role.value in ("owner", "auditor"):
        what = f"everybody who can log in at the EHR is {login.role} here."
        yield Check(f"{about}.role", WARN, what, "Name those who should be under people, and leave role out.")
