"""``massage-billing explain``: what would be billed and why; writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from massage_billing.cli import shell
from massage_billing.errors import InputError

if TYPE_CHECKING:
    from massage_billing.cli.progress import Reporter
    from massage_billing.coding.rulebook import Rulebook
    from massage_billing.model import Clinic, Reading

_SHOWN = 20


@click.command(name="explain")
@click.argument("what", metavar="PATH|Encounter/ID")
@click.option("--payer-policy", metavar="NAME", help="Stands for payers.yaml, for every payer found.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list; money as strings.")
@click.option("--ndjson", is_flag=True, help="Print one JSON object a line, as they come.")
@shell.host_option("Where Encounter/ID is: a configured id, a URL or a folder.")
@shell.settings_option
def command(
    what: str,
    payer_policy: str | None,
    as_json: bool,
    ndjson: bool,
    host: str | None,
    settings_file: Path | None,
) -> None:
    """Show what would be billed and why; writes nothing.

    PATH is a file or folder of FHIR Bundles or NDJSON: every visit found there is explained. Works without settings;
    what only they could tell is then a warning. What it prints is patient data.
    """
    if as_json and ndjson:
        raise click.UsageError("Give --json or --ndjson, not both.")
    if not _is_encounter(what) and not Path(what).exists():
        raise InputError(f"{what}: there is no such file or folder.", "Name a file or folder of FHIR JSON or NDJSON.")
    with _items(what, payer_policy, host, settings_file) as items:
        if ndjson:
            for item in items:
                shell.print_json(item, indent=None)
        elif as_json:
            _print_list(items)
        else:
            from massage_billing.cli.cards import print_cards
            from massage_billing.cli.licensed import descriptors

            print_cards(items, descriptors(settings_file))


class Problems:
    """What could not be used and belongs to no visit; only the first are kept, there may be millions."""

    def __init__(self) -> None:
        self.count = 0
        self._first: list[str] = []

    def add(self, problem: str) -> None:
        """Take note of one."""
        self.count += 1
        if len(self._first) < _SHOWN:
            self._first.append(problem)

    def warn(self) -> None:
        """Say on standard error what there was."""
        for problem in self._first:
            _warn(problem)
        if self.count > len(self._first):
            click.echo(f"… and {self.count - len(self._first):,} more that could not be used.", err=True)


def _warn(what: str) -> None:
    click.secho("Warning: ", fg="yellow", nl=False, err=True)
    click.echo(what, err=True)


@contextmanager
def _items(
    what: str, policy: str | None, host: str | None, settings_file: Path | None
) -> Iterator[Iterable[Mapping[str, object]]]:
    """The explain/1 elements, one a visit."""
    if _is_encounter(what):
        if host is None:
            raise click.UsageError(f"{what} needs --host: an id from the settings, a URL or a folder.")
        settings, host_id = shell.load_or_ad_hoc(settings_file, host)
        with shell.open_program(settings, host_id, "explain") as program:
            _known(policy, program.setup.book)
            for told in program.setup.told:
                _warn(told)
            yield program.explain(what.removeprefix(shell.ENCOUNTER), policy)
        return
    with shell.progress("explain") as reporter:
        problems = Problems()
        found = _of_path(Path(what), policy, host, settings_file, problems.add)
        yield _counting(found, reporter)
    problems.warn()
    if problems.count and not reporter.done and Path(what).is_file():
        raise InputError(f"{what}: holds no visit that can be read.", "Name FHIR R4 as JSON or NDJSON.")


def _is_encounter(what: str) -> bool:
    return what.startswith(shell.ENCOUNTER) and not Path(what).exists()


def _counting(items: Iterable[Mapping[str, object]], reporter: Reporter) -> Iterator[Mapping[str, object]]:
    """The same, with progress; none once results scroll over the same terminal."""
    import sys

    for number, item in enumerate(items, 1):
        if sys.stdout.isatty():
            reporter.close()
        reporter.advance("visits", number, None)
        yield item


def _known(policy: str | None, book: Rulebook) -> None:
    if policy is not None and policy not in book.of_payers:
        raise click.UsageError(f"There is no payer policy {policy}; there are {', '.join(sorted(book.of_payers))}.")


def _of_path(
    path: Path, policy: str | None, host: str | None, settings_file: Path | None, problem: Callable[[str], None]
) -> Iterable[Mapping[str, object]]:
    from massage_billing import wiring
    from massage_billing.settings import Settings, find_settings, load_settings

    found = find_settings(settings_file)
    book = wiring.rulebook_of(Settings() if found is None else load_settings(found), _warn)
    _known(policy, book)
    clinic, reading = clinic_and_reading(policy, host, settings_file)
    return wiring.explain_path(path, clinic, reading, book, problem)


def clinic_and_reading(policy: str | None, host: str | None, settings_file: Path | None) -> tuple[Clinic, Reading]:
    """From the settings where there are some; else defaults, and what only settings could tell is a warning."""
    from dataclasses import replace

    from massage_billing import wiring
    from massage_billing.clinic_files import settings_to_clinic, settings_to_reading
    from massage_billing.model import Clinic, Reading
    from massage_billing.settings import find_settings, load_settings

    codes, places = wiring.shipped_maps()
    found = find_settings(settings_file)
    if found is None:
        reading = Reading(host="explain", code_map=codes, place_map=places)
        return Clinic(policy=policy, explaining=True), reading
    settings = load_settings(found)
    if host is None and len(settings.hosts) != 1:
        # Which host's habits apply to these files cannot be told: the record is read by the defaults.
        reading = Reading(host="explain", code_map=codes, place_map=places)
    else:
        reading = settings_to_reading(settings, settings.host(host), code_map=codes, place_map=places)
    return replace(settings_to_clinic(settings, reading), policy=policy), reading


def _print_list(items: Iterable[Mapping[str, object]]) -> None:
    """One JSON list, element by element, so that memory stays flat; nothing where not even the first can be made."""
    import json

    before = "["
    for item in items:
        click.echo(before)
        click.echo(json.dumps(shell.plain(item), indent=2, ensure_ascii=False), nl=False)
        before = ","
    click.echo("[" if before == "[" else "")
    click.echo("]")
