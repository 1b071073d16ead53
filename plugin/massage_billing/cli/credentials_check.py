"""``massage-billing credentials check``: what ended, ends soon, is missing, or is not as the NPI registry says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import date as Date
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from massage_billing.cli import shell
from massage_billing.errors import HostError, InputError, MassageBillingError, RegistryError

if TYPE_CHECKING:
    from massage_billing.coding.terms import NpiRow
    from massage_billing.model import Clinic, Reason
    from massage_billing.ports.npi_registry import Registered
    from massage_billing.previsit.credential_check import Asked
    from massage_billing.previsit.credential_people import Person
    from massage_billing.previsit.credential_terms import CredentialTerms
    from massage_billing.run.report import Progress
    from massage_billing.settings import Settings
    from massage_billing.wiring.credentials import ComingVisits

SCHEMA: Final = "credentials-check/1"
_COLOURS: Final = {"blocked": "red", "act": "yellow", "unknown": "yellow", "ready": None}
_WORDS: Final = {"blocked": "STOPS BILLING", "act": "to do", "unknown": "not known", "ready": "to know"}


@click.command(name="check")
@click.option("--offline", is_flag=True, help="Ask neither the NPI registry nor the host: the clinic's file alone.")
@click.option(
    "--days", type=click.IntRange(0, 366), default=14, show_default=True, help="How far ahead appointments are read."
)
@shell.settings_option
@shell.host_option("Whose calendar is read; only needed where several are configured.")
@shell.json_option
def command(offline: bool, days: int, settings_file: Path | None, host: str | None, as_json: bool) -> None:
    """Name what ended, ends soon, is missing, or is not as the NPI registry says.

    Licences, liability cover and enrolments are told 60, 30 and 7 days before they end, and when they have; the
    attestation at CAQH when it falls due. Coming appointments whose claim would be held are named. The NPI registry is
    asked where npi_registry in the settings says where it is: by NPI alone, once in so many days.
    """
    from massage_billing.clinic_files import settings_to_clinic

    settings = shell.load(settings_file)
    looked = _Looked(settings_to_clinic(settings), Date.today())
    with shell.progress("credentials check") as reporter:
        if not offline:
            looked.look_at_calendar(settings, host, days, reporter)
            looked.ask_registry(settings, reporter)
    found = looked.findings()
    if as_json:
        shell.print_json(looked.plain(found))
    else:
        _show(looked, found)
    for problem in looked.problems:
        raise problem


class _Looked:
    """What was looked at; what could not be is a problem, told after everything else."""

    def __init__(self, clinic: Clinic, today: Date) -> None:
        from massage_billing.previsit.credential_check import NOBODY_ASKED
        from massage_billing.previsit.credential_people import people

        self.clinic, self.today = clinic, today
        self.visits: ComingVisits | None = None
        self.persons: Sequence[Person] = people(clinic)
        self.asked: Asked = NOBODY_ASKED
        self.problems: list[MassageBillingError] = []

    def look_at_calendar(self, settings: Settings, host: str | None, days: int, progress: Progress) -> None:
        """Read coming appointments: who will treat, and for which payers."""
        from massage_billing.previsit.credential_people import people
        from massage_billing.wiring.credentials import coming_visits

        if not settings.hosts:
            return
        try:
            self.visits = coming_visits(settings, host, self.today, self.today + timedelta(days=days), progress)
        except (HostError, InputError) as problem:
            self.problems.append(problem)
        if self.visits is not None:
            self.persons = people(self.clinic, self.visits.therapists, self.visits.host)

    def ask_registry(self, settings: Settings, progress: Progress) -> None:
        """Ask the NPI registry about everybody; once it does not answer, nobody else is asked about."""
        from massage_billing.previsit.credential_check import Asked, npis
        from massage_billing.wiring.credentials import open_registry

        wanted = npis(self.persons, npi_row(self.today))
        entries: dict[str, Registered | None] = {}
        with open_registry(settings) as registry:
            if registry is None:
                return
            for done, npi in enumerate(wanted, start=1):
                try:
                    entries[npi] = registry.look_up(npi)
                except RegistryError as problem:
                    self.problems.append(problem)
                    break
                progress.advance("NPI registry", done, len(wanted))
        self.asked = Asked(entries, frozenset(wanted) - entries.keys())

    def findings(self) -> list[Reason]:
        """Everything to settle, the worst first; then what coming visits would be held for."""
        from massage_billing.previsit.credential_check import findings
        from massage_billing.rulebook.credential_files import load_credential_terms

        terms = load_credential_terms()
        found = findings(self.persons, self.clinic, self.today, terms, npi_row(self.today), self.asked)
        return [*found, *self._of_visits(terms)]

    def _of_visits(self, terms: CredentialTerms) -> Iterator[Reason]:
        """Claims at risk: by appointment, what would hold them."""
        from massage_billing.model import Readiness
        from massage_billing.previsit.credentials import credential_reasons

        planned = self.visits.planned if self.visits is not None else ()
        for appointment, plan in sorted(planned, key=lambda one: (one[1].on, one[0])):
            for reason in credential_reasons(plan, self.clinic, terms):
                if reason.readiness is not Readiness.READY:
                    message = f"Appointment/{appointment} on {plan.on}, payer {plan.payer}: {reason.message}"
                    yield replace(reason, message=message, about=f"Appointment/{appointment}", due=plan.on)

    def plain(self, found: Sequence[Reason]) -> dict[str, object]:
        """What JSON has."""
        return {
            "schema": SCHEMA,
            "on": self.today,
            "people": len(self.persons),
            "appointments": len(self.visits.planned) if self.visits is not None else None,
            "registry": {"asked": len(self.asked.entries), "failed": len(self.asked.failed)},
            "findings": [{**asdict(one), "days": (one.due - self.today).days if one.due else None} for one in found],
        }


def npi_row(on: Date) -> NpiRow:
    """How an NPI is made, by the rule therapist-npi that ships."""
    from massage_billing.coding.terms import NpiRow
    from massage_billing.rulebook.files import load_rulebook

    return load_rulebook().on(on).row("therapist-npi").says(NpiRow)


def _show(looked: _Looked, found: Sequence[Reason]) -> None:
    for one in found:
        word = _WORDS[one.readiness.value]
        who = f" ({one.who.value})" if one.who else ""
        click.echo(click.style(f"{word:<14}", fg=_COLOURS[one.readiness.value], bold=True) + one.message)
        if one.fix:
            click.echo(f"{'':<14}What to do{who}: {one.fix}")
    stopping = sum(one.readiness.value == "blocked" for one in found)
    told = [f"{len(looked.persons):,} on file or on the calendar"]
    if looked.visits is not None:
        told.append(f"{shell.counted(len(looked.visits.planned), 'coming appointment')} that a payer is billed for")
    if looked.asked.entries:
        told.append(f"{shell.counted(len(looked.asked.entries), 'NPI')} in the registry")
    click.echo(
        f"{shell.counted(len(found), 'finding')}, {stopping} of them stop billing. Looked at: {', '.join(told)}."
    )
    if not looked.clinic.credentials_known:
        click.echo("The settings name no credentials file (clinic.credentials): nothing is held for want of one.")
