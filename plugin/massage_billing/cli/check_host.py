"""``massage-billing check-host``: what the EHR can and cannot do, and what that costs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from massage_billing.cli import shell

if TYPE_CHECKING:
    from massage_billing.wiring import HostCheck

_WRITTEN = ("Claim", "Provenance", "Task")
_NEEDED = ("Encounter", "Procedure", "Patient", "Condition", "Coverage", "Practitioner", "Observation", *_WRITTEN)
_ABILITIES = (
    ("writes all or nothing (transaction)", "Claim and Provenance are written one after the other"),
    ("refuses to create twice (If-None-Exist)", "each Claim is searched for before it is written"),
    ("_lastUpdated is real", "the records of open holds are read again on every run"),
    ("finished means done", "Claims are written as drafts for a person to approve"),
    ("time offsets are right", "dates and times are taken as written"),
)
_SOURCES = {
    "extension": "the treatment-minutes extension",
    "observation": "an Observation",
    "period": "performedPeriod",
}


@click.command(name="check-host")
@shell.settings_option
@shell.host_option("Which host: a configured id, or any URL or folder.")
@shell.json_option
def command(settings_file: Path | None, host: str | None, as_json: bool) -> None:
    """Show what the EHR can and cannot do, and what that costs.

    Reads its CapabilityStatement and a sample of recent services: how many carry minutes, and where. Writes nothing.
    """
    if host is None:
        settings = shell.load(settings_file)
        host_id = settings.host(None).id
    else:
        settings, host_id = shell.load_or_ad_hoc(settings_file, host)
    with shell.open_program(settings, host_id, "check-host") as program:
        check = program.check_host()
    if as_json:
        shell.print_json(check)
    else:
        _show(check)


def _show(check: HostCheck) -> None:
    from massage_billing.cli.tables import print_table

    can = check.capabilities
    click.secho(f"{check.host}: {can.software}", bold=True)
    needed = (
        "Encounter",
        "Procedure",
        "Patient",
        "Condition",
        "Coverage",
        "Practitioner",
        "Observation",
        "Claim",
        "Task",
    )
    rows = [(kind, _yes(kind in can.readable), _yes(kind in can.writable)) for kind in needed]
    print_table(("resource", "can be read", "can be written"), rows)
    click.echo()
    able = (
        can.transaction,
        can.conditional_create,
        can.real_last_updated,
        can.finished_is_done,
        not can.times_as_written,
    )
    costs = [(what, _yes(one), "" if one else cost) for one, (what, cost) in zip(able, _ABILITIES, strict=True)]
    if can.signs_records and not can.finished_is_done:
        costs[3] = ("a signed record means done", _yes(True), "what nobody signed is written as a draft")
    print_table(("the host", "", "what that costs"), costs, wrap=("what that costs",))
    click.echo()
    _show_minutes(check)
    for note in dict.fromkeys((*can.notes, *check.notes)):
        click.echo(f"- {note}")
    if not can.takes_claims() and not any("takes no Claim" in note for note in can.notes):
        click.echo("- It takes no Claims: they are kept here, as drafts, until it does.")


def _show_minutes(check: HostCheck) -> None:
    if not check.services:
        click.echo("No recent timed service was found to look for minutes in.")
        return
    found = [f"{check.minutes[source]} in {where}" for source, where in _SOURCES.items() if check.minutes.get(source)]
    services, visits = shell.counted(check.services, "recent timed service"), shell.counted(check.visits, "visit")
    click.echo(f"Minutes: of {services} (in {visits}), {', '.join(found) or 'none anywhere'}.")
    without = check.minutes.get("none", 0)
    if without:
        click.echo(f"{without} carry no minutes: each of their visits will be held until somebody writes them down.")


def _yes(able: bool) -> str:
    return "yes" if able else "no"
