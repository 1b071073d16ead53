"""``massage-billing doctor``: checks every setting and names what is missing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from massage_billing.cli import shell
from massage_billing.cli.checked import MISSING, OK, WARN, Check, attempt, secret

if TYPE_CHECKING:
    from massage_billing.coding.rulebook import Rulebook
    from massage_billing.model import Fee, Payer
    from massage_billing.settings import HostSettings, Settings


@click.command(name="doctor")
@shell.settings_option
@shell.json_option
def command(settings_file: Path | None, as_json: bool) -> int:
    """Check every setting and name what is missing.

    Looks at the settings, payers.yaml, the fee schedule, the rules, the secrets, the state folder and the store; asks
    the EHR nothing (that is `check-host`). Ends with 3 where something is missing that `run` needs.
    """
    settings = shell.load(settings_file)
    checks = list(examine(settings))
    missing = sum(check.state == MISSING for check in checks)
    if as_json:
        shell.print_json({"settings": str(settings.source), "missing": missing, "checks": checks})
    else:
        _show(settings, checks, missing)
    return 3 if missing else 0


def examine(settings: Settings) -> Iterator[Check]:
    """Every check, in the order of the settings file."""
    from massage_billing.cli.doctor_asking import examine_asking
    from massage_billing.cli.doctor_hooks import examine_hooks
    from massage_billing.cli.doctor_workbench import examine_workbench

    yield from _clinic(settings)
    book = attempt("rules", lambda: _rulebook(settings))
    payers = attempt("clinic.payers", lambda: _payers(settings))
    fees = attempt("clinic.fees", lambda: _fees(settings))
    yield from (one for one in (book, payers, fees) if isinstance(one, Check))
    if not isinstance(book, Check):
        yield Check("rules", OK, f"release {book.version}, policies {', '.join(sorted(book.policies))}")
        if book.beneath:
            yield Check("rules.own_policies", OK, f"in place of ours: {', '.join(sorted(book.beneath))}")
        yield from _releases(settings, book)
    if isinstance(payers, tuple):
        yield from _payer_checks(payers, None if isinstance(book, Check) else book)
    if isinstance(fees, tuple):
        yield from _fee_checks(fees, payers if isinstance(payers, tuple) else ())
    yield from _papers(settings, payers if isinstance(payers, tuple) else ())
    yield from _credentials(settings)
    yield from examine_asking(settings, payers if isinstance(payers, tuple) else ())
    yield from _maps(settings)
    if not settings.hosts:
        yield Check("hosts", MISSING, "no host is configured.", "Add one; see plugin/docs/settings.md.")
    for host in settings.hosts.values():
        yield from _host(host)
    yield from _state(settings)
    yield from _serve(settings)
    yield from examine_workbench(settings)
    yield from examine_hooks(settings)


def _rulebook(settings: Settings) -> Rulebook:
    """The rules as the files are now: a mistake is told here, though `run` goes on with what was last sound."""
    from massage_billing.rulebook.files import load_rulebook
    from massage_billing.rulebook.in_use import RELEASES

    releases = settings.state_folder() / "rulebook" / RELEASES
    return load_rulebook(own_policies=settings.rules.own_policies, releases=releases)


def _releases(settings: Settings, book: Rulebook) -> Iterator[Check]:
    """What the clinic imported: how long it is known for, and whether it has the codes the rulebook knows by now."""
    from massage_billing.releases.shelf import Shelf, folder_of

    known = frozenset(book.undated().codes)
    for release in Shelf(folder_of(settings.state_folder())).releases():
        lacking = release.lacks(known)
        if lacking:
            found = f"was loaded before the rulebook knew {', '.join(lacking)}."
            yield Check(f"rules {release.id}", WARN, found, "Load the file again: massage-billing rules import.")
        else:
            yield Check(f"rules {release.id}", OK, f"known through {release.through.isoformat()}")


def _clinic(settings: Settings) -> Iterator[Check]:
    clinic = settings.clinic
    yield _given("clinic.npi", clinic.npi, "Give the billing NPI: no claim is written without.")
    yield _given("clinic.tin", "given" if clinic.tin else None, "Give the tax id.")
    yield _given("clinic.name", clinic.name or None, "Give the clinic's name: superbills carry it.", worst=WARN)


def _given(about: str, value: str | None, fix: str, worst: str = MISSING) -> Check:
    return Check(about, OK, value) if value else Check(about, worst, "is not set.", fix)


def _payers(settings: Settings) -> tuple[Payer, ...]:
    from massage_billing.clinic_payers import load_payers
    from massage_billing.errors import SettingsError

    if settings.clinic.payers is None:
        raise SettingsError("is not set: every visit with coverage will be held.", "Name the payers.yaml.")
    return load_payers(settings.clinic.payers)


def _payer_checks(payers: tuple[Payer, ...], book: Rulebook | None) -> Iterator[Check]:
    if not payers:
        fix = "Add your payers; after a run `massage-billing status` prints the lines to add."
        yield Check("clinic.payers", WARN, "holds no payer: every visit with coverage will be held.", fix)
    else:
        yield Check("clinic.payers", OK, shell.counted(len(payers), "payer"))
    for payer in payers:
        if book is not None and payer.policy not in book.of_payers and payer.kind.value != "self-pay":
            known = ", ".join(sorted(book.of_payers))
            yield Check(f"payer {payer.key}", MISSING, f"the rulebook has no policy {payer.policy}.", f"Use: {known}.")
        if payer.filing_days is None:
            fix = "Give the days of your contract, and `status` can count them down."
            yield Check(f"payer {payer.key}", WARN, "has no filing_days.", fix)


def _fees(settings: Settings) -> tuple[Fee, ...]:
    from massage_billing.clinic_files import load_fees
    from massage_billing.errors import SettingsError

    if settings.clinic.fees is None:
        raise SettingsError("is not set: every visit will be held for its charge.", "Name the fee schedule.")
    return load_fees(settings.clinic.fees)


def _fee_checks(fees: tuple[Fee, ...], payers: tuple[Payer, ...]) -> Iterator[Check]:
    codes = sorted({fee.code for fee in fees})
    if codes:
        yield Check("clinic.fees", OK, f"{shell.counted(len(fees), 'price')} for {', '.join(codes)}")
    else:
        yield Check("clinic.fees", WARN, "holds no price: every visit will be held for its charge.", "Add your prices.")
    strangers = sorted({fee.payer for fee in fees if fee.payer} - {payer.key for payer in payers})
    if strangers:
        found = f"prices for {', '.join(strangers)}, whom payers.yaml does not have."
        yield Check("clinic.fees", MISSING, found, "Use the keys of payers.yaml.")


def _papers(settings: Settings, payers: tuple[Payer, ...]) -> Iterator[Check]:
    from massage_billing.clinic_papers import load_papers

    file = settings.clinic.papers
    if file is None:
        return
    papers = attempt("clinic.papers", lambda: load_papers(file))
    if isinstance(papers, Check):
        yield papers
        return
    kinds = sorted({paper.kind.value for paper in papers})
    yield Check("clinic.papers", OK, f"{shell.counted(len(papers), 'paper')}: {', '.join(kinds) or 'none yet'}")
    strangers = sorted({paper.payer for paper in papers if paper.payer} - {payer.key for payer in payers})
    if strangers:
        found = f"papers for {', '.join(strangers)}, whom payers.yaml does not have."
        yield Check("clinic.papers", MISSING, found, "Use the keys of payers.yaml.")


def _credentials(settings: Settings) -> Iterator[Check]:
    from massage_billing.clinic_credentials import load_credentials

    file = settings.clinic.credentials
    if file is None:
        return
    found = attempt("clinic.credentials", lambda: load_credentials(file))
    if isinstance(found, Check):
        yield found
    else:
        yield Check("clinic.credentials", OK, shell.counted(len(found), "credential"))


def _maps(settings: Settings) -> Iterator[Check]:
    from massage_billing.clinic_files import load_concept_map

    for file in settings.clinic.concept_maps:
        loaded = attempt("clinic.concept_maps", lambda file=file: load_concept_map(file))  # type: ignore[misc]
        if isinstance(loaded, Check):
            yield loaded
        else:
            codes, places = loaded
            yield Check("clinic.concept_maps", OK, f"{file.name}: {len(codes)} codes, {len(places)} places")


def _host(host: HostSettings) -> Iterator[Check]:
    about = f"hosts.{host.id}"
    yield _given(f"{about}.zone", host.zone, "Give the IANA zone of the clinic: `run` refuses without.")
    start = host.billing.start.isoformat() if host.billing.start else "not needed: a demo" if host.demo else None
    yield _given(f"{about}.billing.start", start, "Give the first date of service to bill, or run once with --start.")
    yield _given(
        f"{about}.place_of_service", host.place_of_service, "Set it, or see that every Location says it.", WARN
    )
    if "observation" in host.minutes.sources and not host.minutes.observations:
        found = "no Observation codes are named, so minutes in Observations are not read."
        yield Check(f"{about}.minutes.observations", OK, found)
    if host.folder is not None:
        if host.folder.is_dir():
            yield Check(f"{about}.folder", OK, str(host.folder))
        else:
            yield Check(f"{about}.folder", MISSING, f"{host.folder}: there is no such folder.", "Correct the path.")
    yield from _auth(host, f"{about}.auth")


def _auth(host: HostSettings, about: str) -> Iterator[Check]:
    auth = host.auth
    if auth.kind == "none":
        if host.url is not None:
            yield Check(about, WARN, "none: the EHR is read without credentials.", "Right only for a test server.")
        return
    read, file = (auth.key, auth.key_file) if auth.kind == "smart" else (auth.token, auth.token_file)
    faults = list(secret(about, read, file))
    yield from faults
    if any(fault.state == MISSING for fault in faults):
        return
    if auth.kind == "smart" and auth.client_id == "CLIENT_ID":
        yield Check(about, MISSING, "client_id is still CLIENT_ID.", "Register at the EHR and give the id it gave.")
    else:
        yield Check(about, OK, auth.kind)


def _serve(settings: Settings) -> Iterator[Check]:
    """What the service needs, where the settings say anything of it."""
    serve = settings.serve
    wanted = serve.token_file or serve.token_env or serve.every or serve.eligibility_at
    if not wanted:
        return
    has_token = serve.token_file or serve.token_env
    name = "serve.token_file" if serve.token_file else "serve.token_env"
    faults = list(secret(name, lambda: serve.token() or "", serve.token_file)) if has_token else []
    yield from faults
    if not faults:
        yield Check("serve", OK, f"will listen at {serve.address}")
    for host in settings.hosts.values():
        if serve.eligibility_at and host.zone is None:
            fix = f"Set hosts.{host.id}.zone: it says whose time of day is meant."
            yield Check("serve.eligibility_at", MISSING, f"host {host.id} has no zone.", fix)


def _state(settings: Settings) -> Iterator[Check]:
    from massage_billing.cli.doctor_store import examine_store

    folder = settings.state_folder()
    there = next(one for one in (folder, *folder.parents) if one.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        yield Check("state.folder", MISSING, f"{folder}: cannot be written.", "Name another, or change its owner.")
        return
    if folder.exists() and folder.stat().st_mode & 0o077:
        yield Check("state.folder", WARN, f"{folder}: others on this machine may enter it.", f"chmod 700 {folder}")
    else:
        yield Check("state.folder", OK, str(folder))
    yield from examine_store(settings)


def _show(settings: Settings, checks: list[Check], missing: int) -> None:
    colours = {OK: "green", WARN: "yellow", MISSING: "red"}
    click.echo(f"Settings: {settings.source}")
    for check in checks:
        click.echo(click.style(f"{check.state:<8} ", fg=colours[check.state]) + f"{check.about}: {check.found}")
        if check.fix:
            click.echo(f"{'':<9}{check.fix.strip()}")
    warnings = sum(check.state == WARN for check in checks)
    said = "nothing is missing" if not missing else f"{missing} missing: `run` cannot bill everything yet"
    click.echo(f"\n{said[0].upper()}{said[1:]}; {shell.counted(warnings, 'warning')}.")
