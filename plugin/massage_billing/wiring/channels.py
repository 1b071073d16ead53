"""Ways to ask payers: settings in, channels out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from massage_billing.eligibility_settings import (
    Channel,
    ClearinghouseChannel,
    CoreChannel,
    EligibilitySettings,
    FhirChannel,
    X12FolderChannel,
    X12Parties,
)
from massage_billing.ports import Host, JsonObject, Operation, PayerChannel, Schedule, Write, WriteGroup
from massage_billing.wiring.hosts import login

if TYPE_CHECKING:
    from massage_billing.payers.calls import Line
    from massage_billing.payers.clearinghouse.mapping import Mapped
    from massage_billing.payers.host_resident import HostResident
    from massage_billing.payers.x12.parties import Parties


def open_channels(
    settings: EligibilitySettings, host: Host, schedule: Schedule, state: Path
) -> dict[str, PayerChannel]:
    """Every channel of the settings, by name. Nothing is called yet; secrets are read when they are needed."""
    return {
        name: _channel(name, channel, settings.at_once, host, schedule, state)
        for name, channel in settings.channels.items()
    }


def _channel(name: str, channel: Channel, at_once: int, host: Host, schedule: Schedule, state: Path) -> PayerChannel:
    if isinstance(channel, CoreChannel):
        from massage_billing.payers.core_x12 import CoreSettings, CoreX12

        return CoreX12(name, CoreSettings(_line(channel, at_once), _parties(channel.x12), channel.rule))
    if isinstance(channel, X12FolderChannel):
        from massage_billing.payers.x12_folder import FolderSettings, X12Folder

        kept = state / "x12" / name
        return X12Folder(name, FolderSettings(channel.out, channel.incoming, _parties(channel.x12), kept))
    if isinstance(channel, FhirChannel):
        from massage_billing.payers.fhir_payer import FhirPayer, FhirPayerSettings

        return FhirPayer(name, _line(channel, at_once), FhirPayerSettings(channel.mode))
    if isinstance(channel, ClearinghouseChannel):
        from massage_billing.payers.clearinghouse_json import ClearinghouseJson, ClearinghouseSettings

        return ClearinghouseJson(name, _line(channel, at_once), ClearinghouseSettings(_mapped(channel)))
    return _resident(name, host, schedule)


def _line(channel: CoreChannel | FhirChannel | ClearinghouseChannel, at_once: int) -> Line:
    from massage_billing.net.http import Limits
    from massage_billing.net.smart import PAYER_SCOPES
    from massage_billing.payers.calls import Line

    seconds = channel.timeout.total_seconds()
    limits = Limits(connect=min(10.0, seconds), read=seconds, total=seconds)
    ca_file = str(channel.ca_file) if channel.ca_file else None
    credentials = login(channel.auth, channel.url, limits, ca_file or True, PAYER_SCOPES)
    return Line(channel.url, credentials, seconds, connections=2 * at_once, ca_file=ca_file)


def _mapped(channel: ClearinghouseChannel) -> Mapped:
    """A mapping that ships, or the clinic's own. Raises SettingsError, with file and line."""
    from massage_billing.payers.clearinghouse import mapping

    return mapping.load(str(channel.mapping_file or channel.mapping))


def _parties(given: X12Parties) -> Parties:
    from massage_billing.payers.x12.parties import Parties
    from massage_billing.x12.question_270 import Dialect

    return Parties(
        given.sender_id,
        given.receiver_id,
        given.sender_qualifier,
        given.receiver_qualifier,
        given.production,
        Dialect(most_service_types=1) if given.one_type_a_question else Dialect(),
    )


def _resident(name: str, host: Host, schedule: Schedule) -> HostResident:
    """A channel by way of the host: requests are written to it as everything else is."""
    from massage_billing.fhir.keys import full_url
    from massage_billing.payers.host_resident import HostResident

    kind = "CoverageEligibilityRequest"

    def create(body: bytes, match: str) -> str:
        key = match.rpartition("|")[2]
        write = Write(Operation.CREATE, kind, body, full_url(kind, key), match=match)
        for result in host.write([WriteGroup(f"{key}:asked", "", (write,))]):
            if result.problem is not None:
                raise result.problem
            return result.written[0].reference
        raise AssertionError("the host gave no result")

    def responses(requests: Sequence[str]) -> Iterable[JsonObject]:
        return schedule.eligibility_responses(requests)

    return HostResident(name, create, responses)
