"""Settings of the service: where it listens, what opens it, when it works by itself. ``serve`` of massage-billing.yaml.

The token is never in it: it names the file or the variable that holds it.
"""

from __future__ import annotations

import re
from datetime import time, timedelta
from ipaddress import ip_address
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from massage_billing.auth_settings import BearerAuth
from massage_billing.errors import SettingsError
from massage_billing.setting_types import Duration, FilePath

LOOPBACK: Final = "127.0.0.1:8711"
"""Where it listens unless told otherwise: nobody but this machine reaches it."""
SHORTEST: Final = 24
"""Characters of the shortest token: what can be guessed is none."""
_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")


def split_address(written: str) -> tuple[str, int]:
    """Host and port of "127.0.0.1:8711" or "[::1]:8711"; ValueError where it is none."""
    host, colon, port = written.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not re.fullmatch(r"\d{1,5}", port) or int(port) > 65535:
        raise ValueError(f"'{written}' is no address and port; write it like {LOOPBACK}.")
    if host != "localhost":
        try:
            ip_address(host)
        except ValueError:
            raise ValueError(f"'{host}' is no IP address; write it like {LOOPBACK}.") from None
    return host, int(port)


def is_loopback(written: str) -> bool:
    """Whether only this machine reaches an address."""
    host, _ = split_address(written)
    return host == "localhost" or ip_address(host).is_loopback


def _address(written: str) -> str:
    split_address(written)
    return written


def _clock(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = _CLOCK.fullmatch(value.strip())
    if found is None:
        raise ValueError(f"'{value}' is no time of day; write it in quotes, like \"05:30\".")
    return time(int(found[1]), int(found[2]))


Address = Annotated[str, AfterValidator(_address)]
"""An IP address with its port."""
Clock = Annotated[time, BeforeValidator(_clock)]
"""A time of day."""


class ServeSettings(BaseModel):
    """How ``massage-billing serve`` runs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: Address = LOOPBACK
    """Where it listens. Any other than loopback is reached by others, without TLS: put a proxy before it."""
    token_file: FilePath | None = None
    """File that holds the token by which programs ask for jobs, and nothing else; None: no program asks."""
    token_env: str | None = None
    """Environment variable that holds the token."""
    metrics_token_file: FilePath | None = None
    """File that holds the token by which /metrics is read; None: this machine reads it, without a proxy."""
    every: Duration | None = None
    """Bills each host this often; None: only when asked."""
    eligibility_at: tuple[Clock, ...] = ()
    """Asks payers about coming visits at these times of the clinic's zone; none: only when asked."""
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    """Processes that serve and work; more than one needs PostgreSQL."""
    stop_after: Duration = timedelta(seconds=30)
    """A job that is running when the service is stopped may go on this long."""

    @model_validator(mode="after")
    def _sound(self) -> ServeSettings:
        if self.token_file is not None and self.token_env is not None:
            raise ValueError("give either token_file or token_env.")
        if self.every is not None and self.every < timedelta(minutes=1):
            raise ValueError("every is at least 1m.")
        return self

    def token(self) -> str | None:
        """The token, read now; None where none is set: nobody asks by it then. SettingsError where it is none worth its
        name. Never log it."""
        if self.token_file is None and self.token_env is None:
            return None
        return self._sound_token(BearerAuth(token_file=self.token_file, token_env=self.token_env))

    def metrics_token(self) -> str:
        """The token of /metrics, read now; SettingsError as above. Never log it."""
        return self._sound_token(BearerAuth(token_file=self.metrics_token_file))

    def _sound_token(self, auth: BearerAuth) -> str:
        token = auth.token()
        if len(token) < SHORTEST or not _TOKEN.fullmatch(token):
            what = f"The service's token is shorter than {SHORTEST} characters, or has blanks in it."
            raise SettingsError(what, "Make one with openssl rand -hex 32.")
        return token
