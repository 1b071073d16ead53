"""``massage-billing rules replay``: past visits through two rulebooks; writes nothing to the EHR or the store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from massage_billing.cli import rule_source, shell

if TYPE_CHECKING:
    from massage_billing.cli.progress import Reporter
    from massage_billing.coding.rulebook import Rulebook
    from massage_billing.model import Clinic
    from massage_billing.replay.compare import Change, Deletion, Replay
    from massage_billing.replay.visits import PastVisit, Problems

SCHEMA = "rules-replay/1"


@click.command(name="replay")
@click.option("--from", "first", metavar="DATE", required=True, callback=shell.as_date, help="First date of service.")
@click.option("--to", "last", metavar="DATE", required=True, callback=shell.as_date, help="Last date of service.")
@click.option("--rules", "rules", metavar="RULES", multiple=True, help="Twice: the rulebook before, and the one after.")
@click.option("--payer-policy", metavar="NAME", help="Stands for payers.yaml, for every payer found.")
@click.option("--visits", is_flag=True, help="List every visit that changes, as they come.")
@shell.host_option("Where the visits are: a configured id, or a file or folder of FHIR. Default: the one configured.")
@shell.settings_option
@shell.json_option
def command(
    first: Date,
    last: Date,
    rules: tuple[str, ...],
    payer_policy: str | None,
    visits: bool,
    host: str | None,
    settings_file: Path | None,
    as_json: bool,
) -> None:
    """Run past visits through two rulebooks: which claims change, by how much.

    RULES is `shipped`, `own` (the clinic's: with its own policies and imported releases), a folder of rules, or
    `shipped+FOLDER` with a folder of own policies or of releases; `@DATE` behind it decides every visit by what is in
    force on that date. Dollars are charges by the clinic's fee schedule. Writes nothing to the EHR or the store. With
    --json --visits each changed visit is a JSON object of its own line, and the totals are the last line.
    """
    if len(rules) != 2:
        raise click.UsageError("Give --rules twice: the rulebook before, and the one after.")
    if last < first:
        raise click.UsageError("--to lies before --from.")
    before, after = (rule_source.named(one, settings_file) for one in rules)
    for book in (before, after):
        if payer_policy is not None and payer_policy not in book.of_payers:
            known = ", ".join(sorted(book.of_payers))
            raise click.UsageError(f"There is no payer policy {payer_policy}; there are {known}.")
    with ExitStack() as stack:
        reporter = stack.enter_context(shell.progress("rules replay"))
        clinic, found = _past(stack, host, settings_file, payer_policy, reporter, (first, last))
        replay = _run(before, after, clinic, found, reporter, _shown(visits, as_json))
    from massage_billing.replay.compare import late_deletions

    deletions = late_deletions(before, after, first, last)
    if as_json:
        from massage_billing.cli.replay_report import as_document

        document = {"schema": SCHEMA, "from": first, "to": last, "rules": rules, **as_document(replay, deletions)}
        shell.print_json(document, indent=None if visits else 2)
    else:
        _print(replay, deletions, rules)


def _print(replay: Replay, deletions: list[Deletion], rules: tuple[str, ...]) -> None:
    from massage_billing.cli.replay_report import show

    show(replay, deletions, rules)


def _past(
    stack: ExitStack,
    host: str | None,
    settings_file: Path | None,
    policy: str | None,
    reporter: Reporter,
    dates: tuple[Date, Date],
) -> tuple[Clinic, Iterator[PastVisit]]:
    """The clinic, and its visits of these dates."""
    from massage_billing.cli.explain import clinic_and_reading
    from massage_billing.replay import visits as replaying

    if host is not None and Path(host).exists():
        clinic, reading = clinic_and_reading(policy, None, settings_file)
        problems = replaying.Problems()
        stack.callback(lambda: _warn(problems))
        return clinic, stack.enter_context(replaying.of_path(Path(host), reading, dates, problems))
    from dataclasses import replace

    settings = shell.load(settings_file)
    chosen = settings.host(host)
    program = stack.enter_context(shell.open_program(settings, chosen.id, "rules replay"))
    clinic = program.setup.clinic
    return replace(clinic, policy=policy or clinic.policy), replaying.of_host(program.setup, dates)


def _warn(problems: Problems) -> None:
    if problems.count:
        told = shell.counted(problems.count, "record")
        click.echo(f"{told} could not be used; `massage-billing explain` names them.", err=True)


def _run(
    before: Rulebook, after: Rulebook, clinic: Clinic, past: Iterator[PastVisit], reporter: Reporter, shown: _Shown
) -> Replay:
    from dataclasses import replace

    from massage_billing.replay.compare import Replay

    replay = Replay(before, after, replace(clinic, today=None))
    for number, one in enumerate(past, 1):
        change = replay.visit(one.visit, one.ruling)
        if one.outcome is not None:
            replay.billed(one.visit, one.outcome, one.amount, one.ruling)
        if change is not None:
            shown(one.visit.encounter, one.visit.date, change)
        if number % 200 == 0:
            reporter.advance("visits", number, None)
    return replay


class _Shown:
    """Prints each changed visit as it comes, where that is wanted."""

    def __call__(self, encounter: str, on: Date | None, change: Change) -> None:
        """One visit that changes."""


class _AsText(_Shown):
    def __call__(self, encounter: str, on: Date | None, change: Change) -> None:
        outcome = change.before if change.before == change.after else f"{change.before} → {change.after}"
        what = "; ".join(change.lines) or "same lines"
        total, rules = sum(change.difference), ", ".join(change.rules)
        click.echo(f"Encounter/{encounter}  {on}  {change.payer}  {outcome}  {what}  {total:+,.2f}  ({rules})")


class _AsJson(_Shown):
    def __call__(self, encounter: str, on: Date | None, change: Change) -> None:
        shell.print_json(visit_document(encounter, on, change), indent=None)


def visit_document(encounter: str, on: Date | None, change: Change) -> Mapping[str, object]:
    """One changed visit as JSON."""
    return {
        "encounter": encounter, "date": on, "payer": change.payer, "before": change.before, "after": change.after,
        "lines": change.lines, "dollars_before": change.dollars[0]._asdict(),
        "dollars_after": change.dollars[1]._asdict(), "rules": change.rules,
    }  # fmt: skip


def _shown(visits: bool, as_json: bool) -> _Shown:
    if not visits:
        return _Shown()
    return _AsJson() if as_json else _AsText()
