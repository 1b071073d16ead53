"""Everything a clinic sets, typed: one YAML file, ``massage-billing.yaml``, that ``init`` writes and ``doctor`` checks.

Found by ``--settings``, else ``$MASSAGE_BILLING_SETTINGS``, else ``./massage-billing.yaml``, else
``~/.config/massage-billing/massage-billing.yaml``. Paths in it are relative to it. Secrets are never in it: a setting
names the file or the environment variable that holds one. plugin/docs/settings.md explains every key.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date as Date
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from massage_billing.auth_settings import Auth, BearerAuth, NoAuth, private
from massage_billing.clinic_yaml import check, read_yaml
from massage_billing.eligibility_settings import EligibilitySettings
from massage_billing.errors import SettingsError
from massage_billing.export_settings import ExportSettings
from massage_billing.hooks_settings import HooksSettings
from massage_billing.model import MinuteSource
from massage_billing.serve_settings import ServeSettings
from massage_billing.setting_types import Duration, FilePath, Npi, Place, Tin, Url, Zone
from massage_billing.web_settings import WorkbenchSettings

FILE_NAME = "massage-billing.yaml"
UNCONFIGURED = "unconfigured"
"""Id of a host that no settings name; nothing is ever written for it."""


class Environment(BaseSettings):
    """The two things that may come from the environment instead of the settings file."""

    model_config = SettingsConfigDict(env_prefix="MASSAGE_BILLING_", extra="ignore")
    settings: Path | None = None
    """MASSAGE_BILLING_SETTINGS: the settings file."""
    state: Path | None = None
    """MASSAGE_BILLING_STATE: the state folder; outranks ``state.folder``."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


# --- a host ---------------------------------------------------------------------------------------------------------


class HostKind(StrEnum):
    """What sort of EHR a host is."""

    FHIR = "fhir"
    OPENEMR = "openemr"
    FOLDER = "folder"


class BillingSettings(_Part):
    """From when on, and how soon, visits are billed (DESIGN 2, 3)."""

    start: Date | None = None
    """First date of service that is billed."""
    settle: Duration = timedelta(hours=2)
    """A visit must have been left alone this long."""
    no_charge_capture: Duration = timedelta(hours=48)
    """A finished visit without any Procedure is held after this long."""


class ClaimsSettings(_Part):
    """How Claims are written (DESIGN 18)."""

    write_as: Literal["active", "draft"] = "active"
    """``draft`` waits for ``approve``."""


class Coded(_Part):
    """A code of a code system."""

    system: str
    """URI of the code system."""
    code: str
    """The code."""


class MinutesSettings(_Part):
    """Where minutes of treatment are read (DESIGN 1)."""

    sources: tuple[MinuteSource, ...] = (MinuteSource.EXTENSION, MinuteSource.OBSERVATION, MinuteSource.PERIOD)
    """Only these are looked at, in this order."""
    observations: tuple[Coded, ...] = ()
    """Codes of the Observations that are minutes of treatment."""


class SiteSettings(_Part):
    """One site (a Location id) that differs from the clinic."""

    zone: Zone | None = None
    """Its IANA zone."""
    place_of_service: Place | None = None
    """Its CMS place of service, where the Location does not say."""


class TimeoutSettings(_Part):
    """Time limits of every call to the host."""

    connect: Duration = timedelta(seconds=10)
    """To get a connection."""
    read: Duration = timedelta(seconds=60)
    """Between two pieces of an answer."""


class HostSettings(_Part):
    """One EHR, known by its id, never by its URL (DESIGN words)."""

    id: str = Field(default="", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$|^$")
    """The id: its key under ``hosts``. It is part of every claim key: never change it."""
    kind: HostKind
    """fhir, openemr or folder."""
    url: Url | None = None
    """FHIR base URL (fhir, openemr)."""
    folder: FilePath | None = None
    """Folder of Bundles or NDJSON (folder)."""
    auth: Auth = NoAuth()
    """How to log in."""
    zone: Zone | None = None
    """IANA zone of its sites; ``run`` refuses without."""
    billing: BillingSettings = BillingSettings()
    """Start and settling time."""
    claims: ClaimsSettings = ClaimsSettings()
    """active or draft."""
    minutes: MinutesSettings = MinutesSettings()
    """Where minutes are read."""
    place_of_service: Place | None = None
    """CMS place of service where neither Location nor site says."""
    sites: Mapping[str, SiteSettings] = Field(default_factory=dict)
    """By Location id."""
    timeouts: TimeoutSettings = TimeoutSettings()
    """Time limits."""
    ca_file: FilePath | None = None
    """Certificates of the authority that signed the host's, where the machine does not know it."""
    demo: bool = False
    """True only for what ``demo`` makes: no start date is asked for."""

    @model_validator(mode="after")
    def _where(self) -> HostSettings:
        if self.kind is HostKind.FOLDER:
            if self.folder is None or self.url is not None:
                raise ValueError("a folder host needs folder, and no url.")
        elif self.url is None or self.folder is not None:
            raise ValueError(f"a host of kind {self.kind} needs url, and no folder.")
        elif self.auth.kind != "none" and not private(self.url):
            raise ValueError("credentials are only sent over https; the url is http.")
        return self

    @property
    def place(self) -> str:
        """Its URL or folder, for messages."""
        return self.url or str(self.folder)


# --- the clinic and the rest ----------------------------------------------------------------------------------------


class ClinicSettings(_Part):
    """Who is paid, whom it bills, what it charges."""

    name: str = ""
    """Name on superbills."""
    address: tuple[str, ...] = ()
    """Address lines on superbills."""
    phone: str = ""
    """Telephone on superbills."""
    npi: Npi | None = None
    """Billing NPI: the group's, or the therapist's own when solo."""
    tin: Tin | None = None
    """Tax id."""
    solo: bool = False
    """True: the therapist is paid, not an organization."""
    payers: FilePath | None = None
    """payers.yaml."""
    fees: FilePath | None = None
    """Fee schedule, CSV."""
    papers: FilePath | None = None
    """papers.csv: orders, referrals, authorizations and injuries that the clinic keeps itself."""
    credentials: FilePath | None = None
    """credentials.csv or .yaml: licences, liability cover, enrolments and attestations of therapists and clinic."""
    labels: FilePath | None = None
    """The clinic's own descriptors of codes, where it is licensed to use them; over ours on superbills."""
    concept_maps: tuple[FilePath, ...] = ()
    """The clinic's own FHIR ConceptMaps from its local codes to CPT, or to CMS place of service."""


class RulesSettings(_Part):
    """What the clinic adds to the rules that ship."""

    own_policies: FilePath | None = None
    """Folder of the clinic's own payer policies: ``<name>.yaml`` each."""


class NpiRegistrySettings(_Part):
    """The public NPI registry (NPPES), which ``credentials check`` asks about the therapists' NPIs."""

    url: Url
    """Its API, ``https://npiregistry.cms.hhs.gov/api``."""
    max_age_days: int = Field(default=30, ge=0, le=3650)
    """Days that an answer is remembered before the registry is asked again."""
    ca_file: FilePath | None = None
    """Certificates of the authority that signed the registry's, or a proxy's, where the machine does not know it."""


class StateSettings(_Part):
    """What the program remembers between runs. It holds patient data until it is confirmed: 0700."""

    folder: FilePath | None = None
    """State folder; by default ``$XDG_STATE_HOME/massage-billing``."""
    database_env: str | None = None
    """Environment variable with a SQLAlchemy URL (PostgreSQL), instead of SQLite in the folder."""
    database_file: FilePath | None = None
    """File that holds that URL and nothing else: a secret of Docker or systemd."""
    retention_days: int = Field(default=30, ge=0, le=3650)
    """Days that payloads of confirmed writes are kept."""

    @model_validator(mode="after")
    def _one(self) -> StateSettings:
        if self.database_env is not None and self.database_file is not None:
            raise ValueError("give either database_env or database_file.")
        return self

    @property
    def in_folder(self) -> bool:
        """Whether the store is SQLite in the folder."""
        return self.database_env is None and self.database_file is None

    def database(self) -> str:
        """The database's URL, read now; SettingsError where it is not there. Never log it."""
        return BearerAuth(token_file=self.database_file, token_env=self.database_env).token()


class ValidateSettings(_Part):
    """What every Claim is checked with before it is written."""

    schema_: bool = Field(default=True, alias="schema")
    """Our profile's JSON Schema."""
    model: bool = True
    """fhir.resources R4B; off for high volume."""


class Settings(_Part):
    """The whole settings file."""

    clinic: ClinicSettings = ClinicSettings()
    """Who is paid, whom it bills, what it charges."""
    hosts: Mapping[str, HostSettings] = Field(default_factory=dict)
    """EHRs by id."""
    rules: RulesSettings = RulesSettings()
    """What the clinic adds to the rules that ship."""
    npi_registry: NpiRegistrySettings | None = None
    """The NPI registry; None: it is never asked."""
    eligibility: EligibilitySettings = EligibilitySettings()
    """What happens before a visit."""
    export: ExportSettings = ExportSettings()
    """Files of claims for payers."""
    state: StateSettings = StateSettings()
    """What is remembered, where."""
    serve: ServeSettings = ServeSettings()
    """The service: where it listens, when it works by itself."""
    hooks: HooksSettings = HooksSettings()
    """What EHRs call: CDS Hooks, and notices of Subscriptions."""
    workbench: WorkbenchSettings = WorkbenchSettings()
    """The workbench: where people reach it, who they are, what each may do."""
    validate_: ValidateSettings = Field(default=ValidateSettings(), alias="validate")
    """Checks before writing."""
    source: Path | None = Field(default=None, exclude=True)
    """The file this was read from; None where made by the program."""

    @model_validator(mode="before")
    @classmethod
    def _name_hosts(cls, data: object) -> object:
        """Give every host its key as its id."""
        if isinstance(data, dict) and isinstance(data.get("hosts"), dict):
            hosts = {
                key: {**value, "id": key} if isinstance(value, dict) else value for key, value in data["hosts"].items()
            }
            return {**data, "hosts": hosts}
        return data

    @model_validator(mode="after")
    def _logins(self) -> Settings:
        """People log in only at a host that is configured, over HTTP."""
        for key in self.workbench.hosts:
            url = self.hosts[key].url if key in self.hosts else None
            if url is None:
                raise ValueError(f"workbench.hosts.{key}: there is no such host with a url; people log in at one.")
            if not private(url):
                raise ValueError(f"workbench.hosts.{key}: people log in over https only; its url is http.")
        return self

    def host(self, wanted: str | None = None) -> HostSettings:
        """The host meant by an id, URL or folder; without one, the only host. SettingsError where none is."""
        if wanted is None:
            if len(self.hosts) == 1:
                return next(iter(self.hosts.values()))
            said = f"several hosts are configured: {', '.join(self.hosts)}" if self.hosts else "no host is configured"
            raise SettingsError(f"{self.source or FILE_NAME}: {said}.", "Name one with --host.")
        for host in self.hosts.values():
            if wanted == host.id or _same_place(wanted, host):
                return host
        known = ", ".join(f"{host.id} ({host.place})" for host in self.hosts.values()) or "none"
        raise SettingsError(
            f"{self.source or FILE_NAME}: there is no host {wanted}; configured: {known}.",
            "Add it under hosts: a host is known by its id, which is part of every claim's identifier.",
        )

    def state_folder(self) -> Path:
        """Where state is kept: the environment's, the settings', else the user's state folder."""
        folder = Environment().state or self.state.folder
        if folder is not None:
            return folder
        base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        return Path(base) / "massage-billing"


def _same_place(wanted: str, host: HostSettings) -> bool:
    if host.url is not None:
        return wanted.rstrip("/") == host.url
    return host.folder is not None and "://" not in wanted and Path(wanted).resolve() == host.folder.resolve()


# --- finding and reading --------------------------------------------------------------------------------------------


def find_settings(given: Path | None = None) -> Path | None:
    """The settings file to use, or None where there is none. One that was asked for by name must exist."""
    asked = given or Environment().settings
    if asked is not None:
        return asked
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    for file in (Path(FILE_NAME), config / "massage-billing" / FILE_NAME):
        if file.is_file():
            return file
    return None


def load_settings(file: Path) -> Settings:
    """Read and check a settings file; SettingsError names file, line and key of everything that is wrong."""
    text = read_yaml(file)
    settings = check(Settings, text, text.data, {"folder": file.resolve().parent})
    if UNCONFIGURED in settings.hosts:
        line = text.line(("hosts", UNCONFIGURED))
        raise SettingsError(f"{file}:{line}: a host may not be called {UNCONFIGURED}.", "Give it a name of yours.")
    return settings.model_copy(update={"source": file})


def ad_hoc_host(place: str) -> HostSettings:
    """A host that only a URL or folder names, for commands that write nothing (explain, check-host)."""
    if "://" in place:
        return HostSettings(id=UNCONFIGURED, kind=HostKind.FHIR, url=place)
    return HostSettings(id=UNCONFIGURED, kind=HostKind.FOLDER, folder=Path(place))
