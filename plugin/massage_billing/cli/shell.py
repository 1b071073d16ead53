"""What the subcommands share: the options that many have, finding the settings, opening the program, printing JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, is_dataclass
from datetime import date as Date
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

if TYPE_CHECKING:
    from stamina.instrumentation import RetryDetails

    from massage_billing.cli.progress import Reporter
    from massage_billing.remittance.book import ClaimBook
    from massage_billing.settings import Settings
    from massage_billing.sweep.sweep import Sweep
    from massage_billing.wiring import Program

P = ParamSpec("P")
R = TypeVar("R")

ENCOUNTER = "Encounter/"

settings_option = click.option(
    "--settings",
    "settings_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings file; else $MASSAGE_BILLING_SETTINGS, ./massage-billing.yaml or ~/.config/massage-billing/.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON; money as strings.")


def host_option(text: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """The --host option, with what it may name here."""
    return click.option("--host", metavar="ID|URL|FOLDER", help=text)


def as_time(_context: click.Context, _param: click.Parameter, value: str | None) -> datetime | None:
    """Option callback: an ISO date, or date and time, as an aware datetime; without an offset it is UTC."""
    from datetime import UTC

    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is no date or time; write 2026-11-23 or 2026-11-23T08:00:00Z.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def as_date(_context: click.Context, _param: click.Parameter, value: str | None) -> Date | None:
    """Option callback: an ISO calendar date."""
    return None if value is None else as_date_text(value)


def as_date_text(value: str) -> Date:
    """An ISO calendar date of the command line."""
    try:
        return Date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is no date; write it like 2026-11-23.") from None


def as_visit(_context: click.Context, _param: click.Parameter, value: str) -> str:
    """Argument callback: the logical id of an Encounter, given with or without its type."""
    given = value.removeprefix(ENCOUNTER)
    if not given or "/" in given:
        raise click.BadParameter(f"{value!r} is no visit; write its Encounter, like Encounter/12.")
    return given


def as_visits(context: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """Argument callback: several Encounters."""
    return tuple(as_visit(context, param, one) for one in value)


def load(settings_file: Path | None) -> Settings:
    """The clinic's settings; SettingsError where there are none."""
    from massage_billing.errors import SettingsError
    from massage_billing.settings import FILE_NAME, find_settings, load_settings

    found = find_settings(settings_file)
    if found is None:
        raise SettingsError(f"No settings: there is no {FILE_NAME} here.", "Run `massage-billing init` first.")
    return load_settings(found)


def load_or_ad_hoc(settings_file: Path | None, host: str) -> tuple[Settings, str]:
    """Settings and host id for a command that writes nothing: a URL or folder needs no settings."""
    from massage_billing.errors import SettingsError
    from massage_billing.settings import Settings, ad_hoc_host, find_settings, load_settings

    found = find_settings(settings_file)
    if found is not None:
        settings = load_settings(found)
        try:
            return settings, settings.host(host).id
        except SettingsError:
            if not _is_place(host):
                raise
    if not _is_place(host):
        raise SettingsError(f"No settings tell what host {host} is.", "Give its URL or folder, or --settings.")
    made = ad_hoc_host(host)
    return Settings(hosts={made.id: made}), made.id


def _is_place(host: str) -> bool:
    return "://" in host or Path(host).is_dir()


@contextmanager
def open_program(settings: Settings, host: str | None, what: str) -> Iterator[Program]:
    """Open the program on a host, with progress on standard error. The one place the command line meets wiring.

    Print results after the ``with``: the progress bar is off the screen then. A host that no settings name gets a state
    folder that is thrown away.
    """
    from tempfile import TemporaryDirectory

    from massage_billing import wiring
    from massage_billing.settings import UNCONFIGURED, StateSettings

    with ExitStack() as stack:
        reporter = stack.enter_context(progress(what))
        if host == UNCONFIGURED:
            scratch = stack.enter_context(TemporaryDirectory(prefix="massage-billing-"))
            settings = settings.model_copy(update={"state": StateSettings(folder=Path(scratch))})
        yield stack.enter_context(wiring.open_program(settings, host=host, progress=reporter))


@contextmanager
def open_book(settings_file: Path | None, host: str | None) -> Iterator[ClaimBook]:
    """The life of the claims of one host; asks no host and no payer."""
    from massage_billing.wiring.receiving import open_book as opened

    settings = load(settings_file)
    with opened(settings, settings.host(host).id) as book:
        yield book


@contextmanager
def open_sweep(settings: Settings, host: str, what: str) -> Iterator[Sweep]:
    """Open what asks payers for a host, with progress on standard error. Print results after the ``with``."""
    from massage_billing import wiring

    with progress(what) as reporter, wiring.open_sweep(settings, host=host, progress=reporter) as sweep:
        yield sweep


@contextmanager
def progress(what: str) -> Iterator[Reporter]:
    """Progress on standard error, for work that may take over two seconds."""
    from massage_billing.cli.progress import Reporter

    log_to_standard_error()
    reporter = Reporter(what)
    reporter.start()
    try:
        yield reporter
    finally:
        reporter.close()


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 visit", "1,200 visits"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def log_to_standard_error() -> None:
    """Keep logs out of what ``--json`` prints, and say in plain words that a call is tried again."""
    from stamina.instrumentation import set_on_retry_hooks

    from massage_billing.cli import logs

    logs.configure()
    set_on_retry_hooks([_say_retry])


def _say_retry(details: RetryDetails) -> None:
    """Say why a call is tried again; only our own errors are known to hold no patient data."""
    import structlog

    from massage_billing.cli import logs
    from massage_billing.errors import MassageBillingError

    cause = details.caused_by
    why = cause.what if isinstance(cause, MassageBillingError) else type(cause).__name__
    if logs.as_json():
        structlog.get_logger(__name__).warning("call.again", why=why, seconds=round(details.wait_for, 1))
        return
    click.echo(f"{why} Trying again in {max(details.wait_for, 1):.0f} s.", err=True)


def plain(value: object) -> object:
    """A value as JSON has it: money and dates as strings, dataclasses as objects."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, set | frozenset):
        return sorted(str(one) for one in value)
    if isinstance(value, Decimal | Date):
        return value.isoformat() if isinstance(value, Date) else str(value)
    if value is None or isinstance(value, str | bool | int):
        return value
    return str(value)


def print_json(value: object, *, indent: int | None = 2) -> None:
    """Print a value as JSON."""
    click.echo(json.dumps(plain(value), indent=indent, ensure_ascii=False))


def dollars(amount: Decimal | str | None) -> str:
    """Money for people: "$1,234.50"; "no price" where there is none."""
    return "no price" if amount is None else f"${Decimal(amount):,.2f}"
