"""What ``doctor`` looks at of asking payers: channels, their secrets and folders, and who is asked by which."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from massage_billing.cli import shell
from massage_billing.cli.checked import MISSING, OK, WARN, Check, attempt, secret
from massage_billing.eligibility_settings import ClearinghouseChannel, CoreChannel, FhirChannel, X12FolderChannel

if TYPE_CHECKING:
    from massage_billing.auth_settings import PayerAuth
    from massage_billing.eligibility_settings import Channel
    from massage_billing.model import Payer
    from massage_billing.settings import Settings

_X12 = (CoreChannel, X12FolderChannel)
_ONLINE = (CoreChannel, FhirChannel, ClearinghouseChannel)


def examine_asking(settings: Settings, payers: tuple[Payer, ...]) -> Iterator[Check]:
    """Every check; none where no payer is asked and there is no channel."""
    channels = settings.eligibility.channels
    for name, channel in channels.items():
        yield from _channel(f"eligibility.channels.{name}", channel)
    if any(isinstance(channel, _X12) for channel in channels.values()) and not settings.clinic.tin:
        yield Check("clinic.tin", MISSING, "X12 questions carry it as their originator (TRN03).", "Give the tax id.")
    wanted = asked_payers(payers)
    found = {payer.key: list(_payer(payer, settings)) for payer in wanted}
    for checks in found.values():
        yield from checks
    able = [payer for payer in wanted if all(check.state != MISSING for check in found[payer.key])]
    asked = [f"{payer.key} by {payer.asking.channel}" for payer in able if payer.asking is not None]
    if asked:
        yield Check("eligibility", OK, f"{shell.counted(len(asked), 'payer')} asked: {', '.join(asked)}")
    elif channels and not wanted:
        fix = "Give payers an eligibility entry in payers.yaml."
        yield Check("eligibility", WARN, "there are channels, and no payer is asked by them.", fix)


def asked_payers(payers: Iterable[Payer]) -> list[Payer]:
    """Those that payers.yaml says are asked by this program."""
    return [payer for payer in payers if payer.asking is not None and payer.asking.ask == "ourselves"]


def _payer(payer: Payer, settings: Settings) -> Iterator[Check]:
    asking, about = payer.asking, f"payer {payer.key}"
    if asking is None:
        return
    if asking.channel not in settings.eligibility.channels:
        known = ", ".join(settings.eligibility.channels) or "none is configured"
        yield Check(about, MISSING, f"its channel {asking.channel} is not in the settings.", f"Channels: {known}.")
        return
    if not (asking.payer_id or payer.payer_id):
        fix = "Give eligibility.payer_id, from the clearinghouse's list of payers."
        yield Check(about, MISSING, "has no id to be asked by.", fix)
    if not asking.name:
        yield Check(about, WARN, "has no name: questions carry its key.", "Give name or eligibility.name.")


def _channel(about: str, channel: Channel) -> Iterator[Check]:
    if isinstance(channel, _ONLINE):
        yield from _auth(f"{about}.auth", channel.auth)
        if channel.ca_file is not None and not channel.ca_file.is_file():
            yield Check(f"{about}.ca_file", MISSING, f"{channel.ca_file}: there is no such file.", "Correct the path.")
    if isinstance(channel, ClearinghouseChannel):
        from massage_billing.payers.clearinghouse import mapping

        named = str(channel.mapping_file or channel.mapping)
        loaded = attempt(f"{about}.mapping", lambda: mapping.load(named))
        yield loaded if isinstance(loaded, Check) else Check(f"{about}.mapping", OK, named)
    if isinstance(channel, X12FolderChannel):
        yield _folder(f"{about}.out", channel.out)
        yield _folder(f"{about}.incoming", channel.incoming)
    yield Check(about, OK, channel.kind)


def _auth(about: str, auth: PayerAuth) -> Iterator[Check]:
    if auth.kind == "none":
        return
    if auth.kind == "basic":
        yield from secret(about, auth.password, auth.password_file)
    elif auth.kind == "bearer":
        yield from secret(about, auth.token, auth.token_file)
    else:
        yield from secret(about, auth.key, auth.key_file)


def _folder(about: str, folder: Path) -> Check:
    there = next(one for one in (folder, *folder.parents) if one.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return Check(about, MISSING, f"{folder}: cannot be written.", "Name another, or change its owner.")
    if not folder.exists():
        return Check(about, WARN, f"{folder}: is not there yet; it is made with the first question.")
    return Check(about, OK, str(folder))
