"""``massage-billing superbill``: the printable bill of one visit."""

from __future__ import annotations

from pathlib import Path

import click

from massage_billing.cli import shell


@click.command(name="superbill")
@click.argument("visit", callback=shell.as_visit)
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path, dir_okay=False), help="HTML file to write."
)
@click.option("--force", is_flag=True, help="Overwrite the file.")
@shell.settings_option
@shell.host_option("Which host; only needed where several are configured.")
def command(visit: str, output: Path, force: bool, settings_file: Path | None, host: str | None) -> None:
    """Write the printable bill of one visit.

    VISIT is an Encounter, like Encounter/12. The page holds the patient's name: it is patient data, readable by you
    alone. Only for a visit that is not held.
    """
    from massage_billing.cli.page_file import refuse_existing, write_page
    from massage_billing.superbill import load_labels, superbill

    settings = shell.load(settings_file)
    refuse_existing(output, force=force)
    with shell.open_program(settings, settings.host(host).id, "superbill") as program:
        read, decision = program.visit_and_decision(visit)
        record = program.record(visit)
    page = superbill(read, decision, record, settings.clinic, load_labels(settings.clinic.labels))
    write_page(output, page)
    click.echo(f"Wrote {output}: print it from a browser, on Letter paper.")
