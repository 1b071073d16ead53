"""``massage-billing receive``: take what payers and clearinghouses answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from massage_billing.cli import shell

if TYPE_CHECKING:
    from massage_billing.remittance.answers import Answers, FileTaken

REFUSED_EXIT = 13
"""A file was refused whole; nothing of it was applied."""
UNTOLD_EXIT = 5
_FIRST = 3
"""Problems of a file that are shown; ``--json`` has all."""


@click.command(name="receive")
@click.argument("files", metavar="[FILE|FOLDER]...", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option("--from-host", is_flag=True, help="Also take the answers that stand on the EHR itself.")
@click.option(
    "--since", metavar="DATE", callback=shell.as_date, help="On the EHR: only dates of service from this day."
)
@shell.settings_option
@shell.host_option("Which host; only needed where several are configured.")
@shell.json_option
def command(
    files: tuple[Path, ...],
    from_host: bool,
    since: Date | None,
    settings_file: Path | None,
    host: str | None,
    as_json: bool,
) -> int:
    """Take what came back: TA1, 999, 277CA, 835, FHIR.

    Each file is applied whole and once, whatever it is called and however often it is given; of a folder, every file in
    it. An 835 that does not balance to the cent is refused with the place. Claims are found by our number, else by
    patient, dates, charge and codes. The EHR is given a ClaimResponse for each where it takes them.

    Answers that others put on the EHR name the Claim they are to; each counts once, until an 835 says the same. One
    that does not add up, or changed since it was counted, is refused.
    """
    from massage_billing.wiring.receiving import open_answers

    if not files and not from_host:
        raise click.UsageError("Name a file or folder, or ask for --from-host.")
    settings = shell.load(settings_file)
    with (
        shell.progress("receive") as reporter,
        open_answers(settings, host=settings.host(host).id, progress=reporter) as answers,
    ):
        taken = [_taken(answers, path, named=path in files) for path in _each(files)]
        if from_host:
            taken += _of_host(answers, since)
        told, problems = answers.tell_host()
    if as_json:
        shell.print_json({"files": taken, "told": told, "problems": problems})
    else:
        _show(taken, told, problems)
    if any(one.state == "refused" for one in taken):
        return REFUSED_EXIT
    return UNTOLD_EXIT if problems else 0


def _taken(answers: Answers, path: Path, *, named: bool) -> FileTaken:
    """What became of a file; one of a folder that is no file of answers is left alone."""
    from massage_billing.errors import InputError
    from massage_billing.remittance.answers import FileTaken

    try:
        return answers.take(path)
    except InputError as problem:
        return FileTaken(path.name, (), "refused" if named else "other", problems=(problem.what,))


def _of_host(answers: Answers, since: Date | None) -> list[FileTaken]:
    """What is new of the answers that stand on the EHR."""
    from massage_billing.errors import SettingsError
    from massage_billing.remittance.from_host import HostAnswers

    on_host = HostAnswers(answers.setup)
    if not on_host.readable():
        what = f"Host {answers.setup.host.id} has neither ClaimResponse nor ExplanationOfBenefit to read."
        raise SettingsError(what, "`check-host` tells what it can do.")
    return on_host.take(since)


def _each(given: Sequence[Path]) -> list[Path]:
    """The files that are meant; of a folder those that are not hidden, by name."""
    found: list[Path] = []
    for path in given:
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        found += [one for one in inside if one.is_file() and not (path.is_dir() and one.name.startswith("."))]
    return found


def _show(taken: Sequence[FileTaken], told: int, problems: Sequence[str]) -> None:
    for one in taken:
        name = f"{one.file} ({', '.join(one.kinds)})" if one.kinds else one.file
        if one.state == "known":
            click.echo(f"{name}: applied before; nothing changed.")
        elif one.state == "other":
            click.echo(f"{name}: says nothing of our claims; left alone, and not remembered.")
        elif one.state == "refused":
            click.secho(f"{name}: REFUSED, nothing was applied.", fg="red")
        else:
            paid = f", {shell.dollars(one.paid)} paid" if one.paid is not None else ""
            click.echo(f"{name}: applied to {shell.counted(one.claims, 'claim')}{paid}.")
        _more(one)
    if told:
        click.echo(f"The EHR was given {shell.counted(told, 'ClaimResponse')}.")
    for problem in problems[:_FIRST]:
        click.secho(f"Not given to the EHR yet: {problem}", fg="yellow")


def _more(one: FileTaken) -> None:
    for problem in one.problems[:_FIRST]:
        click.echo(f"  {problem}")
    if len(one.problems) > _FIRST:
        click.echo(f"  and {len(one.problems) - _FIRST} more; --json has all.")
    for place, why in one.unmatched[:_FIRST]:
        click.secho(f"  Claim {place} of the file {why}.", fg="yellow")
    if len(one.unmatched) > _FIRST:
        click.secho(f"  and {len(one.unmatched) - _FIRST} more were not found; --json has all.", fg="yellow")
