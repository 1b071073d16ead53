"""What ``init`` has to know, and how it asks for what no option said."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace

import click

KINDS = ["fhir", "openemr", "folder"]
AUTHS = ["none", "bearer", "smart"]
WRITE_AS = ["active", "draft"]
MINUTES = ["extension", "observation", "period"]
_WIDTH = 90
"""Characters of a policy's sentence that are shown beside its name."""
PAYER_KINDS = ["health", "workers-compensation", "auto", "va", "self-pay"]


@dataclass(frozen=True)
class PayerAnswer:
    """One payer, as ``init`` asks for it."""

    key: str
    kind: str
    policy: str
    match: str
    """A reference, "Organization/9", or an id for electronic claims."""
    filing_days: int | None


@dataclass(frozen=True)
class Answers:
    """What ``init`` was told; None where it still has to ask."""

    name: str | None = None
    npi: str | None = None
    tin: str | None = None
    solo: bool | None = None
    host_id: str | None = None
    kind: str | None = None
    place: str | None = None
    zone: str | None = None
    start: str | None = None
    place_of_service: str | None = None
    auth: str | None = None
    client_id: str | None = None
    key_file: str | None = None
    token_file: str | None = None
    token_env: str | None = None
    minutes: tuple[str, ...] = ()
    minutes_codes: tuple[tuple[str, str], ...] = ()
    write_as: str | None = None
    payers: str | None = None
    """An own payers.yaml to be used instead of a new one."""
    fees: str | None = None
    """An own fee schedule to be used instead of a new one."""
    credentials: str | None = None
    """An own credentials file."""
    eligibility: str | None = None
    """The whole section ``eligibility``; None: an example in comments."""
    new_payers: tuple[PayerAnswer, ...] = ()
    prices: tuple[tuple[str, str], ...] = ()
    """(code, dollars for one unit) of a new fee schedule."""
    settle: str = "2h"
    state: str = ""
    demo: bool = False


def defaults(answers: Answers) -> Answers:
    """The answers of somebody who is not to be asked."""
    kind = answers.kind or ("fhir" if "://" in (answers.place or "") else "folder")
    return replace(
        answers,
        kind=kind,
        host_id=answers.host_id or "main",
        auth=answers.auth or _auth_told(answers),
        write_as=answers.write_as or ("draft" if kind == "openemr" else "active"),
        minutes=answers.minutes or tuple(MINUTES),
        solo=bool(answers.solo),
    )


def ask(known: Answers) -> Answers:
    """Ask for everything that was not given as an option; an empty answer leaves a setting to be completed later."""
    known = _ask_clinic(_ask_host(known))
    known = replace(known, minutes=known.minutes or _ask_minutes())
    if "observation" in known.minutes and not known.minutes_codes:
        known = replace(known, minutes_codes=_ask_minutes_codes())
    if known.payers is None and not known.new_payers:
        known = replace(known, new_payers=_ask_payers())
    if known.fees is None and not known.prices:
        known = replace(known, prices=_ask_prices())
    return replace(known, write_as=known.write_as or _ask_write_as(str(known.kind)))


def _ask_host(known: Answers) -> Answers:
    kind = known.kind or _choose("Which sort of EHR", KINDS, "fhir")
    place = known.place or click.prompt("Its folder" if kind == "folder" else "Its FHIR base URL")
    told = known.auth or _auth_told(known)
    auth = (
        told if told != "none" or known.auth or kind == "folder" else _choose("How is it logged in to", AUTHS, "smart")
    )
    host_id = known.host_id or click.prompt("A short name for it, never to be changed", default="main")
    return replace(known, kind=kind, place=place, auth=auth, host_id=host_id)


def _ask_clinic(known: Answers) -> Answers:
    solo = known.solo
    return replace(
        known,
        zone=known.zone or _optional("Time zone of the clinic, like America/Los_Angeles"),
        start=known.start or _optional("First date of service to bill, like 2026-12-01"),
        name=known.name or _optional("Name of the clinic"),
        npi=known.npi or _optional("Billing NPI"),
        tin=known.tin or _optional("Tax id"),
        solo=click.confirm("Solo practice (the therapist is paid)", default=False) if solo is None else solo,
        place_of_service=known.place_of_service or _optional("Place of service where the record does not say", "11"),
    )


def _auth_told(answers: Answers) -> str:
    """The way to log in that the other options imply."""
    if answers.client_id or answers.key_file:
        return "smart"
    return "bearer" if answers.token_file or answers.token_env else "none"


def _ask_minutes() -> tuple[str, ...]:
    click.echo("Minutes of treatment are read from: the treatment-minutes extension, an Observation, performedPeriod.")
    return tuple(name for name in MINUTES if click.confirm(f"  Does your record have them in {name}", default=True))


def _ask_minutes_codes() -> tuple[tuple[str, str], ...]:
    found = []
    while code := _optional("  Code of an Observation that is minutes, as SYSTEM|CODE (empty: no more)"):
        found.append(as_coding(code))
    return tuple(found)


def as_coding(value: str) -> tuple[str, str]:
    """(system, code) of "SYSTEM|CODE"; BadParameter where it is none."""
    system, bar, code = value.rpartition("|")
    if not (system and bar and code):
        raise click.BadParameter(f"{value!r} is no code; write SYSTEM|CODE, like http://loinc.org|55411-3.")
    return system, code


def _ask_policy(kind: str) -> str:
    """One of the policies for this kind of insurance, each shown with its first words."""
    from massage_billing.rulebook.files import load_rulebook

    fitting = {name: p for name, p in sorted(load_rulebook().policies.items()) if not p.kinds or kind in p.kinds}
    for name, policy in fitting.items():
        click.echo(f"    {name}: {textwrap.shorten(policy.plain, _WIDTH, placeholder=' …')}")
    return _choose("  How minutes become units, and what is paid: whose policy", list(fitting), None)


def _ask_payers() -> tuple[PayerAnswer, ...]:
    found = []
    while key := _optional("A payer's short name (empty: no more)"):
        kind = _choose("  What kind of insurance", PAYER_KINDS, "health")
        found.append(
            PayerAnswer(
                key=key,
                kind=kind,
                policy=_ask_policy(kind),
                match=click.prompt("  The payer on your EHR, like Organization/9, or its id for electronic claims"),
                filing_days=click.prompt("  Days to file (0: not known)", type=click.IntRange(0, 3650), default=0)
                or None,
            )
        )
    return tuple(found)


def _ask_prices() -> tuple[tuple[str, str], ...]:
    from massage_billing.superbill import load_labels

    click.echo("Your price of one unit, in dollars (empty: none yet):")
    asked = ((code, _optional(f"  {code} {label}")) for code, label in sorted(load_labels().items()))
    return tuple((code, price) for code, price in asked if price)


def _ask_write_as(kind: str) -> str:
    click.echo("Claims are written as active, or as draft, which waits for `massage-billing approve`.")
    click.echo("Choose draft if something on the EHR sends active Claims by itself.")
    return _choose("Write Claims as", WRITE_AS, "draft" if kind == "openemr" else "active")


def _choose(question: str, choices: list[str], default: str | None) -> str:
    answer: str = click.prompt(question, type=click.Choice(choices), default=default)
    return answer


def _optional(question: str, default: str = "") -> str | None:
    return click.prompt(question, default=default, show_default=bool(default)) or None
