"""``massage-billing decide``: a person's answer to a hold."""

from __future__ import annotations

from pathlib import Path

import click

from massage_billing.cli import shell


@click.command(name="decide")
@click.argument("visit", callback=shell.as_visit)
@click.argument("ruling", metavar="bill|self-pay|write-off", type=click.Choice(["bill", "self-pay", "write-off"]))
@click.option("--reason", required=True, help="Why, for the trail. Write no patient's name.")
@click.option("--by", help="Who decided; the user of this machine where not given.")
@shell.settings_option
@shell.host_option("Which host; only needed where several are configured.")
@shell.json_option
def command(
    visit: str,
    ruling: str,
    reason: str,
    by: str | None,
    settings_file: Path | None,
    host: str | None,
    as_json: bool,
) -> None:
    """Answer a hold that a rule leaves to a person.

    VISIT is an Encounter, like Encounter/12. The next run decides it again with this answer. "bill" answers only what a
    rule leaves to a person: it never overrides identity, coverage on record, minutes, diagnosis, charge or payer.
    """
    import getpass
    from datetime import UTC, datetime

    from massage_billing.model import Ruling, RulingKind

    if not reason.strip():
        raise click.UsageError("--reason must say why.")
    settings = shell.load(settings_file)
    answer = Ruling(RulingKind(ruling), reason.strip(), by or getpass.getuser(), datetime.now(UTC))
    with shell.open_program(settings, settings.host(host).id, "decide") as program:
        program.rule(visit, answer)
    if as_json:
        shell.print_json({"visit": f"Encounter/{visit}", "ruling": answer})
    else:
        click.echo(f"Encounter/{visit}: {ruling}. The next `massage-billing run` decides it with this answer.")
