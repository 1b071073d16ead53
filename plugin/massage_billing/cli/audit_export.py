"""``massage-billing audit export``: the audit trail as FHIR AuditEvents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from massage_billing.cli import shell

if TYPE_CHECKING:
    from massage_billing.ports.access import Access, Event


@click.command(name="export")
@shell.settings_option
@shell.host_option("Only lines of this host; else of every host, and of log-ins that named none.")
@click.option("--since", callback=shell.as_date, metavar="DATE", help="From this day on, UTC.")
@click.option("--until", callback=shell.as_date, metavar="DATE", help="Until this day, included, UTC.")
@click.option("--patient", metavar="REFERENCE", default="", help="Only lines that name this patient, like Patient/3.")
@click.option("--bundle", is_flag=True, help="Write one Bundle (collection) instead of NDJSON, a line each.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write this file, for you alone.")
@click.option("--force", is_flag=True, help="Overwrite the file.")
def command(
    settings_file: Path | None,
    host: str | None,
    since: Date | None,
    until: Date | None,
    patient: str,
    bundle: bool,
    output: Path | None,
    force: bool,
) -> int:
    """Take out who looked at what, as FHIR R4 AuditEvents.

    Log-ins, what was refused, every view of a list, visit or patient, every decision. NDJSON, or a Bundle. That
    somebody took it out is a line of its own, written before.
    """
    from massage_billing.access.audit_events import as_bundle, as_ndjson
    from massage_billing.cli.page_file import refuse_existing
    from massage_billing.wiring.entrance import open_access

    refuse_existing(output, force=force)
    settings = shell.load(settings_file)
    hosts = [settings.host(host).id] if host is not None else [*settings.hosts, ""]
    with open_access(settings) as access:
        _note(access, hosts)
        count = Counter[str]()
        found = _counted(_events(access, hosts, since, until), patient, count)
        _write(output, (as_bundle if bundle else as_ndjson)(found))
    click.echo(f"Took out {shell.counted(count['lines'], 'line')}.", err=True)
    return 0


def _events(access: Access, hosts: list[str], since: Date | None, until: Date | None) -> Iterator[Event]:
    """Lines of these days; days are UTC."""
    from datetime import UTC, datetime, time

    first = None if since is None else datetime.combine(since, time.min, UTC)
    last = None if until is None else datetime.combine(until, time.max, UTC)
    for host in hosts:
        yield from access.all_events(host, first, last)


def _counted(events: Iterator[Event], patient: str, count: Counter[str]) -> Iterator[Event]:
    """Those that name the patient, where one is meant; counted on the way."""
    for event in events:
        if patient in ("", event.patient):
            count["lines"] += 1
            yield event


def _note(access: Access, hosts: list[str]) -> None:
    from datetime import UTC, datetime

    from massage_billing.access.roles import CONSOLE
    from massage_billing.ports.access import Action, Event

    for host in hosts:
        access.record(Event(datetime.now(UTC), CONSOLE, "", host, Action.EXPORTED, "audit export"))


def _write(output: Path | None, pieces: Iterator[bytes]) -> None:
    from massage_billing.cli.page_file import write_pieces

    if output is None:
        for piece in pieces:
            click.echo(piece, nl=False)
    else:
        write_pieces(output, pieces)
