"""Learning from denials: settings in, what drafts policies out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date as Date
from importlib.resources import files as package
from pathlib import Path

from massage_billing.clinic_files import settings_to_clinic
from massage_billing.coding.rulebook import Rulebook
from massage_billing.coding.rulefile import PolicyText
from massage_billing.fhir.visit import Shared, read_visit
from massage_billing.remittance.denials import Period
from massage_billing.remittance.learned import Denials
from massage_billing.remittance.patterns import Facts, Pattern, patterns, wants_kinds
from massage_billing.remittance.proposals import PolicyFile, Proposals, propose
from massage_billing.rulebook.files import Files, read_files
from massage_billing.rulebook.in_use import RELEASES
from massage_billing.settings import Settings
from massage_billing.store import open_store
from massage_billing.wiring.hosts import Opened, opened
from massage_billing.wiring.state import store_url


class Learning:
    """Drafts policies from the denials of one host."""

    def __init__(self, settings: Settings, at: Opened, denials: Denials) -> None:
        self._settings, self._at, self._denials = settings, at, denials

    def propose(self, period: Period, at_least: int, today: Date) -> Proposals:
        """What denials of a period say of payers. Asks the host only where a kind of provider has to be known.

        Raises StoreError, HostError, RuleFileError where the clinic's own policies have a mistake.
        """
        learned = self._denials.learned(period)
        found = patterns(learned.denials, at_least)
        clinic = settings_to_clinic(self._settings, self._at.reading)
        files = read_files(own_policies=self._settings.rules.own_policies)
        releases = self._at.state / "rulebook" / RELEASES

        def with_policy(policy: PolicyText) -> Rulebook:
            own = replace(files, own={**files.own, policy.policy: policy})
            return own.rulebook(releases if releases.is_dir() else None)

        policies = _policies({payer.policy for payer in clinic.payers}, files, self._settings.rules.own_policies)
        facts = Facts(learned.claims, learned.paid, self._kinds(found, learned.claims))
        return propose(found, facts, clinic.payers, policies, with_policy, today)

    def _kinds(self, found: Collection[Pattern], claims: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
        """What kind of providers therapists are, by NPI, as the host has them now; none is asked for nothing."""
        wanted = {(one.payer, one.code) for one in found if wants_kinds(one)}
        encounters = {
            ours.encounter
            for ours in self._denials.ledger.submissions(self._at.host.id, claims).values()
            if any((ours.payer, line.code) in wanted for line in ours.lines)
        }
        kinds: dict[str, tuple[str, ...]] = {}
        if not encounters:
            return kinds
        shared = Shared(settings_to_clinic(self._settings, self._at.reading).payers)
        for record in self._at.host.visits(sorted(encounters)):
            for service in read_visit(record, self._at.reading, shared).services:
                who = service.therapist
                if who is not None and who.npi and who.taxonomies:
                    kinds[who.npi] = tuple(sorted({*kinds.get(who.npi, ()), *who.taxonomies}))
        return kinds


def _policies(names: Collection[str], files: Files, own: Path | None) -> dict[str, PolicyFile]:
    """Policies as they are written, the clinic's own before ours. Raises the first RuleFileError."""
    for error in files.errors:
        raise error
    shipped = package("massage_billing") / "rules" / "payers"
    found = {}
    for name in sorted(names):
        if own is not None and name in files.own:
            file = next(one for one in (own / f"{name}.yaml", own / name / "policy.yaml") if one.is_file())
            found[name] = PolicyFile(file.read_text(encoding="utf-8"), files.own[name])
        elif name in files.policies:
            text = (shipped / name / "policy.yaml").read_text(encoding="utf-8")
            found[name] = PolicyFile(text, files.policies[name])
    return found


@contextmanager
def open_learning(settings: Settings, host: str | None) -> Iterator[Learning]:
    """What drafts policies from the denials of one host. Raises SettingsError, StoreError; closes what it opened."""
    with opened(settings, host) as at, open_store(store_url(settings, at.state)) as store:
        yield Learning(settings, at, Denials(store, store.ledger(), at.settings.id))
