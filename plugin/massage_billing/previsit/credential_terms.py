"""What ``rules/eligibility/credentials.yaml`` says, typed: how far ahead is warned, how often CAQH wants to be attested
to, which taxonomy codes are a massage therapist's, and what each finding is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date as Date
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from massage_billing.coding.rulefile import mapping, typed
from massage_billing.coding.terms import Taxonomy, Word
from massage_billing.coding.yamltext import read_yaml
from massage_billing.errors import RuleFileError
from massage_billing.model import Reason
from massage_billing.previsit.terms import Cited, CitedFile, ReasonText

FILE: Final = "credentials.yaml"
"""The file in rules/eligibility."""
State = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""Two-letter state."""
Steps = Annotated[int, Field(ge=0)]
"""A number of days."""


class WarnDays(Cited):
    """How many days before something ends it is told."""

    days: tuple[Steps, ...] = Field(min_length=1)
    """Steps, in any order; the largest is how far ahead is looked."""


class Attestation(Cited):
    """How often an attestation has to be repeated."""

    days: int = Field(ge=1)
    """Days."""
    states: dict[State, int] = Field(default_factory=dict)
    """Days in the states that have others."""


class Taxonomies(Cited):
    """Codes of a massage therapist."""

    codes: tuple[Taxonomy, ...] = Field(min_length=1)
    """NUCC provider taxonomy codes."""


class CredentialsFile(CitedFile):
    """credentials.yaml."""

    warn_days: WarnDays
    """How far ahead is warned."""
    attestation: Attestation
    """How often CAQH wants to be attested to."""
    taxonomies: Taxonomies
    """Codes of a massage therapist."""
    reasons: dict[Word, ReasonText]
    """By id."""

    def cited(self) -> Iterable[tuple[tuple[str | int, ...], str]]:
        """Where each source is cited, and its key."""
        for name, part in (("warn_days", self.warn_days), ("attestation", self.attestation)):
            yield (name,), part.source
        yield ("taxonomies",), self.taxonomies.source
        yield from ((("reasons", name), text.source) for name, text in self.reasons.items())


@dataclass(frozen=True, slots=True)
class CredentialTerms:
    """Everything of credentials.yaml."""

    file: CredentialsFile
    """What it says."""
    sources: Mapping[str, str]
    """Text of each source, by key."""

    def reason(self, id: str, message: str = "", *, about: str | None = None, due: Date | None = None) -> Reason:
        """A reason by its id. ``message`` stands for its plain sentence where it says more: by ids only."""
        text = self.file.reasons[id]
        source = self.sources[text.source]
        return Reason(id, text.readiness, message or text.plain, text.fix, text.who, about, source, due)

    def step(self, days: int) -> int | None:
        """The step of warning that so many days ahead is in: 30 for 8 to 30 days; None where it is further off."""
        return min((step for step in self.file.warn_days.days if days <= step), default=None)

    def attested_for(self, states: Iterable[str]) -> int:
        """Days that an attestation holds for somebody licensed in these states: the shortest of what each has."""
        said = self.file.attestation
        return min((said.states.get(state, said.days) for state in states), default=said.days)


def read_credential_terms(text: str, shown: str = FILE) -> CredentialTerms:
    """The file, checked. Raises RuleFileError for the first mistake: file, line, reason."""
    read = read_yaml(text, shown)
    found = typed(CredentialsFile, mapping(read, shown), read, shown, ())
    for path, key in found.cited():
        if key not in found.sources:
            raise RuleFileError(shown, read.line(path), f'cites "{key}", which is not among its sources')
    return CredentialTerms(found, {key: source.text for key, source in found.sources.items()})
