"""``massage-billing subscribe``: ask a host to tell when a visit has ended, so that nobody has to look."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from massage_billing.cli import shell

if TYPE_CHECKING:
    from massage_billing.ports.subscribing import Subscribed

_WORDS = {
    "made": "was made",
    "there": "is there already, as it should be",
    "changed": "was there and was put right",
}


@click.command(name="subscribe")
@click.option("--check", is_flag=True, help="Only look; ends with 4 where there is none, or it is not as it should be.")
@click.option("--remove", is_flag=True, help="Take it away.")
@shell.settings_option
@shell.host_option("Which host; only needed where several are configured.")
@shell.json_option
def command(check: bool, remove: bool, settings_file: Path | None, host: str | None, as_json: bool) -> int:
    """Ask a host to tell when a visit has ended.

    Makes a FHIR Subscription (rest-hook, without payload) on the host that tells `serve` at hooks.url, with the secret
    of hooks.subscription. Asked again it changes nothing, or puts right what has changed. The schedule of `serve` stays
    as it is: a notice that is lost costs time, never a claim.
    """
    from massage_billing.wiring.subscribing import open_telling

    if check and remove:
        raise click.UsageError("Give --check or --remove, not both.")
    settings = shell.load(settings_file)
    chosen = settings.host(host).id
    with open_telling(settings, chosen) as telling:
        if remove:
            _show_gone(chosen, telling.drop(), as_json=as_json)
            return 0
        if check:
            return _show_there(chosen, telling.look(), as_json=as_json)
        made, standing = telling.make()
    if as_json:
        shell.print_json({"host": chosen, "subscription": made.reference, "status": made.status, "what": standing})
    else:
        click.echo(f"{chosen}: {made.reference} {_WORDS[standing.value]}; the host says it is {made.status}.")
    return 0


def _show_gone(host: str, gone: int, *, as_json: bool) -> None:
    if as_json:
        shell.print_json({"host": host, "removed": gone})
    else:
        click.echo(f"{host}: {shell.counted(gone, 'Subscription')} taken away.")


def _show_there(host: str, there: list[Subscribed], *, as_json: bool) -> int:
    right = len(there) == 1 and there[0].right
    if as_json:
        shell.print_json({"host": host, "right": right, "subscriptions": there})
    for one in () if as_json else there:
        state = "as it should be" if one.right else "not as it should be: run subscribe again"
        click.echo(f"{host}: {one.reference} is {one.status}, {state}.")
    if not there and not as_json:
        click.echo(f"{host}: there is none. Run `massage-billing subscribe`.")
    return 0 if right else 4
