"""Settings of the workbench: where people reach it, who they are, what each may do. ``workbench`` of
massage-billing.yaml.

Nobody has a role unless it is written here. Secrets are never in it: it names the file or the variable that holds one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from massage_billing.auth_settings import BearerAuth, SmartAuth, private
from massage_billing.model.desk import Role
from massage_billing.setting_types import Duration, FilePath, Url

PEOPLE: Final = ("Practitioner", "PractitionerRole", "Person")
"""Types of resource that a person at the clinic may be; a patient is never let in."""
_REFERENCE: Final = re.compile(r"(?:Practitioner|PractitionerRole|Person)/[A-Za-z0-9.-]{1,64}")
_HOST: Final = re.compile(r"[a-z0-9.-]+(?::\d{1,5})?|\[[0-9a-f:]+\](?::\d{1,5})?")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _own(url: str) -> str:
    if not private(url):
        raise ValueError("has to be https, or http on this machine itself: others could read the sessions.")
    if urlsplit(url).path:
        raise ValueError("has to be a host of its own, without a path: what shares its name shares its cookies.")
    return url


def _host_name(written: str) -> str:
    if not _HOST.fullmatch(written.lower()):
        raise ValueError(f"'{written}' is no host name; write it like workbench.example.org, or with :port.")
    return written.lower()


def _network(written: str) -> str:
    try:
        return str(ip_network(written, strict=True))
    except ValueError:
        raise ValueError(f"'{written}' is no address or network; write it like 10.0.0.5 or 10.0.0.0/24.") from None


def _origin(written: str) -> str:
    parts = urlsplit(written)
    if parts.scheme != "https" or not _HOST.fullmatch(parts.netloc.lower()) or written != f"https://{parts.netloc}":
        raise ValueError(f"'{written}' is no origin; write it like https://ehr.example.org.")
    return written.lower()


def _issuer(written: str) -> str:
    """As written: issuers are compared to the letter, a slash at the end counts."""
    parts = urlsplit(written)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("has to be an http or https URL without user, query or fragment.")
    return written


def _person(written: str) -> str:
    if not _REFERENCE.fullmatch(written):
        raise ValueError(f"'{written}' is nobody of the host's; write Practitioner/3, PractitionerRole/7 or Person/9.")
    return written


def _practitioner(written: str) -> str:
    if not _person(written).startswith("Practitioner/"):
        raise ValueError(f"'{written}' treats nobody; write Practitioner/3.")
    return written


OwnUrl = Annotated[Url, AfterValidator(_own)]
"""Where browsers reach the workbench."""
HostName = Annotated[str, AfterValidator(_host_name)]
"""A Host header."""
Network = Annotated[str, AfterValidator(_network)]
"""An address, or a network."""
Origin = Annotated[str, AfterValidator(_origin)]
"""An https origin."""
Issuer = Annotated[str, AfterValidator(_issuer)]
"""Who signs id_tokens."""
Reference = Annotated[str, AfterValidator(_person)]
"""Somebody on the host."""


class WorkerSettings(_Part):
    """Somebody at the clinic."""

    role: Role
    """What he or she may do."""
    practitioner: Annotated[str, AfterValidator(_practitioner)] | None = None
    """"Practitioner/3": whose visits a therapist sees who logs in as somebody else; None: what the log-in says."""
    name: str = Field(default="", max_length=80)
    """What he or she is called at the workbench; "": as the host says."""

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: object) -> object:
        """A role alone is enough."""
        return {"role": data} if isinstance(data, str) else data


class LoginSettings(_Part):
    """How people of one host log in: as which client the workbench is registered there, and who has which role."""

    client_id: str = Field(min_length=1)
    """The id the host gave the workbench."""
    client_secret_file: FilePath | None = None
    """File that holds the client's secret and nothing else."""
    client_secret_env: str | None = None
    """Environment variable that holds the secret."""
    client_secret_by: Literal["basic", "post"] | None = None
    """How the secret is sent; None: as the host says it wants it."""
    key_file: FilePath | None = None
    """Private key, PEM or JWK, of a client that signs (private_key_jwt)."""
    key_id: str | None = None
    """``kid`` under which the host knows the public key."""
    algorithm: Literal["RS384", "ES384"] = "RS384"
    """How it signs."""
    scopes: tuple[str, ...] = ()
    """Scopes in place of the least that a log-in needs."""
    issuer: Issuer | None = None
    """Who signs id_tokens, where the host's smart-configuration does not say, or says another."""
    role: Role | None = None
    """Role of everybody at the host who is not under ``people``; None: no access."""
    people: Mapping[Reference, WorkerSettings] = Field(default_factory=dict)
    """Who has which role."""

    @model_validator(mode="after")
    def _one_way(self) -> LoginSettings:
        given = [self.client_secret_file, self.client_secret_env, self.key_file]
        if sum(one is not None for one in given) > 1:
            raise ValueError("give one of client_secret_file, client_secret_env and key_file, or none (public client).")
        return self

    def secret(self) -> str | None:
        """The client's secret, read now; None where there is none. SettingsError where it cannot be read."""
        if self.client_secret_file is None and self.client_secret_env is None:
            return None
        return BearerAuth(token_file=self.client_secret_file, token_env=self.client_secret_env).token()

    def key(self) -> str | None:
        """The private key as text, read now; None where there is none. Never log it."""
        if self.key_file is None:
            return None
        return SmartAuth(client_id=self.client_id, key_file=self.key_file).key()


class RateSettings(_Part):
    """How much is answered in a minute before 429. Each worker process counts for itself."""

    session: int = Field(default=300, ge=10, le=100_000)
    """Requests of one session."""
    address: int = Field(default=3000, ge=10, le=1_000_000)
    """Requests of one address: a clinic shares one."""
    logins: int = Field(default=20, ge=3, le=1_000)
    """Log-ins of one address."""


class WorkbenchSettings(_Part):
    """The page where the front desk and the biller work."""

    public_url: OwnUrl | None = None
    """Where browsers reach it, https://billing.example.org; None: only this machine, at serve.address."""
    allowed_hosts: tuple[HostName, ...] = ()
    """Further names by which requests may reach it (Host header), like a container's."""
    trusted_proxies: tuple[Network, ...] = ()
    """Proxies whose X-Forwarded headers are believed."""
    frame_ancestors: tuple[Origin, ...] = ()
    """Origins that may show it in a frame; none: nobody."""
    session_idle: Duration = timedelta(hours=1)
    """A session ends when it was not used for so long."""
    session_whole: Duration = timedelta(hours=12)
    """It ends after so long whatever happens."""
    link_life: Duration = timedelta(minutes=10)
    """How long a one-time link is good for."""
    rates: RateSettings = RateSettings()
    """How much is answered in a minute."""
    hosts: Mapping[str, LoginSettings] = Field(default_factory=dict)
    """How people log in, by configured host id."""

    @model_validator(mode="after")
    def _sound(self) -> WorkbenchSettings:
        if not timedelta(minutes=1) <= self.session_idle <= self.session_whole <= timedelta(days=7):
            raise ValueError("session_idle is at least 1m, and at most session_whole, which is at most 7d.")
        if not timedelta(minutes=1) <= self.link_life <= timedelta(hours=1):
            raise ValueError("link_life is from 1m to 1h.")
        return self

    def login(self, host: str) -> LoginSettings | None:
        """How people of a host log in; None where they cannot."""
        return self.hosts.get(host)


def trusted(address: str, networks: tuple[str, ...]) -> bool:
    """Whether an address is one of the proxies'."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in ip_network(one) for one in networks)
