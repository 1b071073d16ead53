"""Settings of what happens before a visit: how payers are asked about coverage, and how far ahead.

``eligibility`` of massage-billing.yaml. Secrets are never in it: a channel names the file or variable that holds one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from massage_billing.auth_settings import NoAuth, PayerAuth, private
from massage_billing.setting_types import Duration, FilePath, Url

Id15 = Annotated[str, StringConstraints(pattern=r"^[!-~]([ -~]{0,13}[!-~])?$")]
"""An id that fits ISA06 and ISA08: at most 15 characters."""
Qualifier = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{2}$")]
"""X12 ISA05, ISA07: "ZZ", "30" …"""

ChannelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""The clinic's own name for a channel; a folder of the state is called by it."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class _Channel(_Part):
    """What every channel has."""

    timeout: Duration = timedelta(seconds=20)
    """Time for one whole answer; CAQH CORE gives a payer 20 seconds."""
    per_payer: int = Field(default=4, ge=1, le=100)
    """Questions to one payer at the same time."""


class _Online(_Channel):
    """What every channel over the network has."""

    url: Url
    """Where questions are sent."""
    auth: PayerAuth = NoAuth()
    """How to log in."""
    ca_file: FilePath | None = None
    """Certificates of the authority that signed the other's, where the machine does not know it."""

    @model_validator(mode="after")
    def _private(self) -> _Online:
        if not private(self.url):
            raise ValueError("patients are asked about over https only; the url is http.")
        return self


class X12Parties(_Part):
    """Who sends to whom in an X12 interchange."""

    sender_id: Id15
    """Our id with the payer or clearinghouse (ISA06, GS02, CORE SenderID)."""
    receiver_id: Id15
    """Theirs (ISA08, GS03, CORE ReceiverID)."""
    sender_qualifier: Qualifier = "ZZ"
    """ISA05."""
    receiver_qualifier: Qualifier = "ZZ"
    """ISA07."""
    production: bool = True
    """ISA15: P, else T."""
    one_type_a_question: bool = False
    """Ask one service type only, for payers that take no repeated EQ01."""


class CoreChannel(_Online):
    """X12 270/271 over CAQH CORE connectivity (HTTP MIME multipart)."""

    kind: Literal["x12-core"]
    x12: X12Parties
    """Who sends to whom."""
    rule: Literal["2.2.0", "4.0.0"] = "2.2.0"
    """CORERuleVersion of the envelope."""


class X12FolderChannel(_Channel):
    """A folder that the clinic's SFTP client empties and fills."""

    kind: Literal["x12-folder"]
    out: FilePath
    """Questions are put here."""
    incoming: FilePath
    """Answers are looked for here."""
    x12: X12Parties
    """Who sends to whom."""
    patience: Duration = timedelta(hours=24)
    """After this long an answer is no longer waited for."""


class FhirChannel(_Online):
    """A payer that speaks FHIR R4."""

    kind: Literal["fhir"]
    mode: Literal["submit", "submit-async", "create"] = "submit"
    """``$submit``; the same, asking to be answered later; or a plain create and then a search for the response."""


class ClearinghouseChannel(_Online):
    """A clearinghouse's eligibility JSON, by a mapping file."""

    kind: Literal["clearinghouse-json"]
    mapping: str | None = Field(default=None, min_length=1)
    """Name of a mapping that ships."""
    mapping_file: FilePath | None = None
    """The clinic's own mapping."""

    @model_validator(mode="after")
    def _one(self) -> ClearinghouseChannel:
        if (self.mapping is None) == (self.mapping_file is None):
            raise ValueError("give either mapping or mapping_file.")
        return self


class HostChannel(_Channel):
    """Ask by creating the request on the clinic's own host, and wait for the response there."""

    kind: Literal["host"]
    patience: Duration = timedelta(hours=24)
    """After this long an answer is no longer waited for."""


Channel = Annotated[
    CoreChannel | X12FolderChannel | FhirChannel | ClearinghouseChannel | HostChannel, Field(discriminator="kind")
]


class EligibilitySettings(_Part):
    """What happens before a visit."""

    days: int = Field(default=3, ge=0, le=60)
    """Appointments of today and so many days ahead are looked at."""
    max_age: Duration | None = None
    """An answer older than this is asked again; a payer's own ``max_age_days`` outranks it. None: as
    rules/eligibility/asking.yaml says."""
    at_once: int = Field(default=20, ge=1, le=200)
    """Questions at the same time, over all payers."""
    tries: int = Field(default=4, ge=1, le=10)
    """Tries of one question in one sweep."""
    patience: Duration = timedelta(minutes=5)
    """After this long no further try of a question is begun in this sweep; the next one goes on."""
    tries_a_day: int = Field(default=12, ge=1, le=100)
    """Tries of one question in one day, over all sweeps."""
    channels: Mapping[ChannelName, Channel] = Field(default_factory=dict)
    """Ways to ask, by the clinic's own name for each."""
