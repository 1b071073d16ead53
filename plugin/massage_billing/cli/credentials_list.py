"""``massage-billing credentials list``: who is enrolled with which payer, licensed and covered, with dates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from massage_billing.cli import shell
from massage_billing.cli.tables import Cell
from massage_billing.model import Credential, CredentialKind, Enrolled

if TYPE_CHECKING:
    from massage_billing.previsit.credential_people import Person, Reach
    from massage_billing.previsit.credential_terms import CredentialTerms

SCHEMA: Final = "credentials-list/1"
_SHORT: Final = {Enrolled.IN_NETWORK: "in", Enrolled.OUT_OF_NETWORK: "out"}


@click.command(name="list")
@click.option("--payer", "payers", metavar="KEY", multiple=True, help="Only this payer of payers.yaml; repeatable.")
@click.option("--on", metavar="DATE", callback=shell.as_date, help="As of this date; else today.")
@click.option("--expiring", is_flag=True, help="Only whom something has ended for, or ends soon.")
@shell.settings_option
@shell.json_option
def command(
    payers: tuple[str, ...], on: Date | None, expiring: bool, settings_file: Path | None, as_json: bool
) -> None:
    """List who is enrolled with which payer, licensed and covered, with dates.

    What the clinic's credentials file says, a line a person; a payer in each column: in (in network), out (out of
    network) or none, and until when. Where it shows "-" the file does not say: with others listed, visits are held.
    """
    from massage_billing.cli.credentials_settings import clinic_with_credentials
    from massage_billing.previsit.credential_people import people
    from massage_billing.rulebook.credential_files import load_credential_terms

    clinic = clinic_with_credentials(shell.load(settings_file))
    today, terms = on or Date.today(), load_credential_terms()
    listed = tuple(dict.fromkeys(one.payer for one in clinic.credentials if one.payer))
    unknown = sorted({*payers} - {*listed, *(one.key for one in clinic.payers)})
    if unknown:
        raise click.UsageError(f"There is no payer {', '.join(unknown)} in payers.yaml.")
    shown = tuple(dict.fromkeys(payers)) or listed
    rows = [_Row(person, shown, today, terms) for person in people(clinic)]
    rows = [row for row in rows if row.worrying or not expiring]
    if as_json:
        shell.print_json({"schema": SCHEMA, "on": today, "payers": shown, "people": [row.plain() for row in rows]})
    else:
        _show(rows, shown, today, expiring)


class _Row:
    """One person, as of a day."""

    def __init__(self, person: Person, payers: Sequence[str], today: Date, terms: CredentialTerms) -> None:
        from massage_billing.previsit.credential_check import attested_until

        self.person, self.payers, self.today, self.terms = person, payers, today, terms
        self.licences = self._by_state(person.of(CredentialKind.LICENCE))
        self.cover = self._reach(person.of(CredentialKind.LIABILITY))
        self.attested = attested_until(person, terms)
        self.enrolled = {payer: self._reach(person.enrolments(payer)) for payer in payers}

    def _reach(self, some: Sequence[Credential]) -> Reach | None:
        from massage_billing.previsit.credential_people import reach

        return reach(some, self.today)

    def _by_state(self, licences: Sequence[Credential]) -> dict[str, Reach | None]:
        states = dict.fromkeys(one.state or "" for one in licences)
        return {state: self._reach([one for one in licences if (one.state or "") == state]) for state in states}

    @property
    def worrying(self) -> bool:
        """Something has ended, or ends within the days of warning."""
        dated = [*self.licences.values(), self.cover, *self.enrolled.values()]
        colours = [self._colour(far.end, holds=far.holds) for far in dated if far is not None]
        return any(
            colour != "green" for colour in (*colours, *([self._colour(self.attested[0])] if self.attested else ()))
        )

    def _colour(self, end: Date | None, *, holds: bool = True) -> str:
        if not holds or (end is not None and end < self.today):
            return "red"
        soon = end is not None and self.terms.step((end - self.today).days) is not None
        return "yellow" if soon else "green"

    def cells(self) -> Iterator[Cell]:
        """What the table shows."""
        yield self.person.name
        yield self._joined((state, far) for state, far in self.licences.items())
        yield self._joined([("", self.cover)] if self.cover else [])
        yield (f"to {self.attested[0]}", self._colour(self.attested[0])) if self.attested else "-"
        for payer in self.payers:
            far = self.enrolled[payer]
            if far is not None and far.holds and far.enrolled is Enrolled.NONE:
                yield "none", "red"
            else:
                how = _SHORT.get(far.enrolled, "") if far and far.enrolled else ""
                yield self._joined([(how, far)] if far else [])

    def _joined(self, some: Iterable[tuple[str, Reach | None]]) -> Cell:
        found = [(word, far) for word, far in some if far is not None]
        if not found:
            return "-"
        texts = [" ".join(part for part in (word, _until(far)) if part) for word, far in found]
        colours = [self._colour(far.end, holds=far.holds) for _, far in found]
        worst = next(colour for colour in ("red", "yellow", "green") if colour in colours)
        return "; ".join(texts), worst

    def plain(self) -> dict[str, object]:
        """What JSON has."""
        return {
            "who": self.person.name,
            "npi": self.person.npi,
            "clinic": self.person.is_clinic,
            "licences": [{"state": state or None, **_plain(far)} for state, far in self.licences.items()],
            "liability": _plain(self.cover) if self.cover else None,
            "attested_until": self.attested[0] if self.attested else None,
            "enrolments": {
                payer: {"enrolled": far.enrolled.value if far.enrolled else None, **_plain(far)} if far else None
                for payer, far in self.enrolled.items()
            },
        }


def _plain(far: Reach | None) -> dict[str, object]:
    if far is None:
        return {"holds": False, "to": None, "source": None}
    return {"holds": far.holds, "to": far.end, "source": far.source}


def _until(far: Reach) -> str:
    if not far.holds:
        return f"ended {far.end}"
    return f"to {far.end}" if far.end else "open"


def _show(rows: Sequence[_Row], payers: Sequence[str], today: Date, expiring: bool) -> None:
    from massage_billing.cli.tables import print_table

    if not rows:
        click.echo("Nothing has ended and nothing ends soon." if expiring else "The credentials file lists nobody.")
        return
    print_table(("who", "licence", "liability", "attested", *payers), [tuple(row.cells()) for row in rows],
                wrap=("licence",))  # fmt: skip
    click.echo(
        f"{shell.counted(len(rows), 'line')}, as of {today}. `massage-billing credentials check` says what to do."
    )
