"""Settings of what an EHR calls: CDS Hooks, and notices of FHIR Subscriptions. ``hooks`` of massage-billing.yaml.

Whom to trust stands here and nowhere else: neither an address nor a key is ever taken from a request.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from massage_billing.auth_settings import BearerAuth, private
from massage_billing.errors import SettingsError
from massage_billing.setting_types import Duration, FilePath, Url

SHORTEST: Final = 24
"""Characters of the shortest secret: what can be guessed is none."""


def _origin(written: str) -> str:
    parts = urlsplit(written)
    if parts.scheme not in ("http", "https") or not parts.netloc or written != f"{parts.scheme}://{parts.netloc}":
        raise ValueError(f"'{written}' is no origin; write it like https://ehr.example.org.")
    return written


Origin = Annotated[str, AfterValidator(_origin)]
"""Scheme, host and port, as browsers send them."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HookClient(_Part):
    """One EHR that may call the CDS services."""

    issuer: str = Field(min_length=1)
    """``iss`` of its tokens, letter by letter."""
    host: str | None = None
    """Configured host id whose records it means; None: the only host."""
    jwks_url: Url | None = None
    """Where its public keys are."""
    jwks_file: FilePath | None = None
    """Or the file (a JWK Set) that holds them."""
    fhir_servers: tuple[Url, ...] = ()
    """Other addresses by which it calls the host's FHIR server: one that is neither is not our host."""
    tenant: str | None = None
    """``tenant`` its tokens have to name; None: any or none."""

    @model_validator(mode="after")
    def _keys(self) -> HookClient:
        if (self.jwks_url is None) == (self.jwks_file is None):
            raise ValueError("give either jwks_url or jwks_file.")
        if self.jwks_url is not None and not private(self.jwks_url):
            raise ValueError("jwks_url has to be https: whoever changes the keys on the way is trusted.")
        return self


class SubscriptionSettings(_Part):
    """How hosts tell that a visit has ended."""

    token_file: FilePath | None = None
    """File that holds the secret which a host shows, and nothing else."""
    token_env: str | None = None
    """Environment variable that holds it."""
    criteria: str = "Encounter?status=finished"
    """What a host is asked to tell of."""
    pause: Duration = timedelta(seconds=1)
    """What comes within this time is one piece of news."""

    @model_validator(mode="after")
    def _one(self) -> SubscriptionSettings:
        if self.token_file is not None and self.token_env is not None:
            raise ValueError("give either token_file or token_env.")
        if any(ord(character) < 33 or ord(character) > 126 for character in self.criteria):
            raise ValueError("criteria is a search without blanks, like Encounter?status=finished.")
        return self

    @property
    def on(self) -> bool:
        """Whether notices are taken at all."""
        return self.token_file is not None or self.token_env is not None

    def token(self) -> str:
        """The secret, read now; SettingsError where there is none that is worth its name. Never log it."""
        if not self.on:
            fix = "Put a long random text into a file (openssl rand -hex 32) and name it under hooks.subscription."
            raise SettingsError("No secret is set for notices of hosts: hooks.subscription.token_file.", fix)
        token = BearerAuth(token_file=self.token_file, token_env=self.token_env).token()
        if len(token) < SHORTEST or not token.isascii() or not token.isprintable() or " " in token:
            what = f"The secret for notices of hosts is shorter than {SHORTEST} characters, or has blanks in it."
            raise SettingsError(what, "Make one with openssl rand -hex 32.")
        return token


class HooksSettings(_Part):
    """What EHRs call."""

    url: Url | None = None
    """How they reach this service, ``https://billing.example.org``: their tokens are made out to it."""
    clients: Mapping[str, HookClient] = Field(default_factory=dict)
    """EHRs that may call the CDS services, by a name of yours; none: there are no CDS services."""
    answer_ms: int = Field(default=450, ge=50, le=5000)
    """Milliseconds after which an answer that is not ready is an empty list of cards."""
    origins: tuple[Origin, ...] = ()
    """Origins of EHRs that call from the browser (CORS)."""
    subscription: SubscriptionSettings = SubscriptionSettings()
    """How hosts tell that a visit has ended."""

    @model_validator(mode="after")
    def _reached(self) -> HooksSettings:
        if self.url is None and (self.clients or self.subscription.on):
            raise ValueError("url is missing: how EHRs reach this service.")
        if len({client.issuer for client in self.clients.values()}) < len(self.clients):
            raise ValueError("two clients have the same issuer.")
        return self
