"""How to log in somewhere: at a host, at a payer. Secrets are never in settings: a file or a variable holds each."""

from __future__ import annotations

import os
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from massage_billing.errors import SettingsError
from massage_billing.setting_types import FilePath, Url


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class NoAuth(_Part):
    """The host asks for no credentials."""

    kind: Literal["none"] = "none"


class BearerAuth(_Part):
    """A fixed token, from a file or an environment variable."""

    kind: Literal["bearer"] = "bearer"
    token_file: FilePath | None = None
    """File that holds the token and nothing else."""
    token_env: str | None = None
    """Environment variable that holds the token."""

    @model_validator(mode="after")
    def _one(self) -> BearerAuth:
        if (self.token_file is None) == (self.token_env is None):
            raise ValueError("give either token_file or token_env.")
        return self

    def token(self) -> str:
        """The token, read now; SettingsError where it is not there. Never log it."""
        return _secret(self.token_file, self.token_env)


class BasicAuth(_Part):
    """A user name and a password, from a file or an environment variable."""

    kind: Literal["basic"] = "basic"
    user: str = Field(min_length=1)
    """User name."""
    password_file: FilePath | None = None
    """File that holds the password and nothing else."""
    password_env: str | None = None
    """Environment variable that holds the password."""

    @model_validator(mode="after")
    def _one(self) -> BasicAuth:
        if (self.password_file is None) == (self.password_env is None):
            raise ValueError("give either password_file or password_env.")
        return self

    def password(self) -> str:
        """The password, read now; SettingsError where it is not there. Never log it."""
        return _secret(self.password_file, self.password_env)


class KeyAuth(_Part):
    """A key that stands alone in the Authorization header, as some clearinghouses want it."""

    kind: Literal["key"] = "key"
    key_file: FilePath | None = None
    """File that holds the key and nothing else."""
    key_env: str | None = None
    """Environment variable that holds the key."""

    @model_validator(mode="after")
    def _one(self) -> KeyAuth:
        if (self.key_file is None) == (self.key_env is None):
            raise ValueError("give either key_file or key_env.")
        return self

    def key(self) -> str:
        """The key, read now; SettingsError where it is not there. Never log it."""
        return _secret(self.key_file, self.key_env)


class SmartAuth(_Part):
    """SMART backend services: a token for a signed assertion (private_key_jwt)."""

    kind: Literal["smart"] = "smart"
    client_id: str
    """The id the host gave this client when it was registered."""
    key_file: FilePath
    """Private key, PEM or JWK."""
    key_id: str | None = None
    """``kid`` under which the host knows the public key; from the JWK itself where it has one."""
    token_url: Url | None = None
    """Token endpoint; read from the host's .well-known/smart-configuration where not given."""
    algorithm: Literal["RS384", "ES384"] = "RS384"
    """How the assertion is signed."""
    scopes: tuple[str, ...] = ()
    """Scopes to ask for; empty asks for what this program needs."""

    def key(self) -> str:
        """The private key as text, read now. Never log it."""
        return _secret_file(self.key_file)


def _secret(file: Path | None, variable: str | None) -> str:
    if variable is None:
        return _secret_file(file)
    secret = os.environ.get(variable, "").strip()
    if not secret:
        raise SettingsError(f"Environment variable {variable} is not set.", "Set it to the secret.")
    return secret


def _secret_file(file: Path | None) -> str:
    if file is None:
        raise SettingsError("No file is named for this secret.")
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        what = f"{file}: the secret in it cannot be read."
        raise SettingsError(what, "Put it there, readable by this user.") from None
    if not text:
        raise SettingsError(f"{file}: is empty.", "Put the secret into it.")
    return text


Auth = Annotated[NoAuth | BearerAuth | SmartAuth, Field(discriminator="kind")]
"""At a host."""
PayerAuth = Annotated[NoAuth | BearerAuth | BasicAuth | KeyAuth | SmartAuth, Field(discriminator="kind")]
"""At a payer or clearinghouse."""


def private(url: str) -> bool:
    """Whether nobody on the way can read what is sent there: https, or this machine itself."""
    parts = urlsplit(url)
    if parts.scheme == "https" or parts.hostname == "localhost":
        return True
    try:
        return ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
