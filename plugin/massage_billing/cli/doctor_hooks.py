"""What ``doctor`` says of CDS Hooks and notices: whether what they need is there, and whether callers get through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from massage_billing.cli.checked import MISSING, OK, WARN, Check, attempt

if TYPE_CHECKING:
    from massage_billing.settings import Settings


def examine_hooks(settings: Settings) -> Iterator[Check]:
    """One check a client, one of the secret, one of the name under which callers come; nothing where hooks are off."""
    hooks = settings.hooks
    for name in hooks.clients:
        yield _client(settings, name)
    if hooks.subscription.on:
        about = "hooks.subscription"
        secret = attempt(about, hooks.subscription.token)
        told = f"hosts tell {hooks.url}/hooks/subscription/…; `massage-billing subscribe` makes it so"
        yield secret if isinstance(secret, Check) else Check(about, OK, told)
        if settings.serve.every is None:
            fix = "Set serve.every (1h): a notice that is lost is found then."
            yield Check("serve.every", WARN, "nothing looks for visits that no notice told of.", fix)
    if hooks.clients or hooks.subscription.on:
        yield _name(settings)


def _client(settings: Settings, name: str) -> Check:
    """Whether an EHR means a host that can be asked, and its keys can be read. An address is not asked."""
    from massage_billing.hooks.trust import FileKeys

    about, client = f"hooks.clients.{name}", settings.hooks.clients[name]
    host = attempt(about, lambda: settings.host(client.host))
    if isinstance(host, Check):
        return host
    if host.url is None or host.zone is None:
        return Check(about, MISSING, f"host {host.id} has no url or no zone.", "Name a FHIR server with its zone.")
    if client.jwks_file is not None:
        keys = FileKeys(client.jwks_file)
        read = attempt(about, lambda: keys.find(""))
        if isinstance(read, Check):
            return read
    return Check(about, OK, f"asks about host {host.id}")


def _name(settings: Settings) -> Check:
    """Whether requests to ``hooks.url`` are let in: the shield takes names that it knows only."""
    name = urlsplit(settings.hooks.url or "").netloc.lower()
    known = {urlsplit(settings.workbench.public_url or "").netloc.lower(), settings.serve.address.lower()}
    if name in known | set(settings.workbench.allowed_hosts):
        return Check("hooks.url", OK, f"{settings.hooks.url}")
    fix = f"Add {name} to workbench.allowed_hosts, or make hooks.url the same as workbench.public_url."
    return Check("hooks.url", MISSING, f"requests for {name} would be turned away.", fix)
