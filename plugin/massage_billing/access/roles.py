"""Who has which role: what the settings say of somebody whom the host has named. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from massage_billing.model.desk import Viewer
from massage_billing.web_settings import LoginSettings, WorkerSettings

CONSOLE = "console"
"""``Viewer.who`` of whoever came by a one-time link."""


@dataclass(frozen=True, slots=True)
class LoginHost:
    """A host at which people log in."""

    id: str
    """Configured host id."""
    url: str
    """FHIR base URL, without a slash at its end."""
    login: LoginSettings
    """As which client, and who has which role."""
    verify: bool | str = True
    """Whose certificates are believed: True the machine's, else a file's."""


Roster = Callable[[], Mapping[str, LoginHost]]
"""The hosts as the settings name them now, by id: who loses a role there is out at the next click."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody is at a host."""

    who: str
    """The reference under which the settings name him or her."""
    worker: WorkerSettings
    """Role, and whose visits."""


def find(login: LoginSettings, references: Sequence[str]) -> Standing | None:
    """What somebody is who is known under some references, the log-in's own first; None: no access."""
    for reference in references:
        worker = login.people.get(reference)
        if worker is not None:
            return Standing(reference, worker)
    if login.role is None or not references:
        return None
    return Standing(references[0], WorkerSettings(role=login.role))


def still(viewer: Viewer, hosts: Mapping[str, LoginHost]) -> bool:
    """Whether the settings still say of a viewer what they said when he or she logged in."""
    host = hosts.get(viewer.host)
    found = None if host is None else find(host.login, [viewer.who])
    if found is None or found.worker.role is not viewer.role:
        return False
    return found.worker.practitioner is None or found.worker.practitioner == viewer.practitioner
