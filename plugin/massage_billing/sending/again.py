"""Claims that were rejected: whether they would say the same once more.

What says the same is rejected the same, at every export for ever. So a rejected claim goes again once the file would
say something else of it: of the claim itself, of the people and providers in it, or of who sends it to whom. Where a
file or one of its transactions was refused as a whole (TA1, 999), it is no single claim's fault: its claims go again as
soon as one of them would say something else, or is not among them any more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from massage_billing.fhir.keys import is_later_claim
from massage_billing.model.professional import ProfessionalClaim
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports.ledger import Submission
from massage_billing.sending.choose import Picked
from massage_billing.sending.setup import ExportSetup, Target
from massage_billing.x12.claims_837p_said import SaidOf, said_of_claims

ALL = "all"
"""Every rejected claim."""
_OF_FILES = ("TA1 ", "999 ")
"""How the source of what was said of a whole file begins."""
_SAME_CLAIM = "was rejected, and would say the same again: correct what `claims show` names, or send it as it stands"
_SAME_FILE = (
    "which was refused as a whole and would say the same again: `claims show` says why; correct that claim or the "
    "settings, or send all of it as it stands"
)
Pair = tuple[Picked, ProfessionalClaim]


@dataclass(frozen=True, slots=True)
class Again:
    """Which claims a person lets go though they say the same."""

    named: frozenset[str] = field(default_factory=frozenset)
    """"Claim/12", "Encounter/12", a claim key, the number of a file; "all"."""

    def has(self, one: Submission) -> bool:
        """Whether a claim is among them."""
        names = {ALL, one.key, one.claim, f"Encounter/{one.encounter}", str(one.batch)}
        return not names.isdisjoint(self.named)


def same_again(
    setup: ExportSetup, target: Target, some: Sequence[Pair], again: Again, *, part: bool
) -> Mapping[str, str]:
    """Claim key → why it is not sent again. ``part``: only some of the claims are looked at."""
    rejected = {
        claim.key: (one.rejected, claim)
        for one, claim in some
        if one.rejected is not None and one.rejected.batch and not again.has(one.rejected)
    }
    if not rejected:
        return {}
    now = said_of_claims(target.make((claim for _, claim in rejected.values()), 1, setup.now()).body)
    found: dict[str, str] = {}
    for number in sorted({before.batch for before, _ in rejected.values()}):
        batch = setup.ledger.batch(setup.host.id, number)
        if batch is None or not batch.body:  # nobody knows any more what was rejected
            continue
        then = said_of_claims(batch.body)
        of_it = {key: before for key, (before, _) in rejected.items() if before.batch == number}
        same = {key: before for key, before in of_it.items() if key in now and _says(now, key) == _says(then, key)}
        found |= _File(setup, number, then, frozenset(same), part).kept(same.values())
    return found


def _says(file: Mapping[str, SaidOf], key: str) -> str | None:
    return file[key].digest if key in file else None


@dataclass(frozen=True, slots=True)
class _File:
    """One file whose claims were rejected."""

    setup: ExportSetup
    number: int
    then: Mapping[str, SaidOf]
    """What it said, by claim key."""
    same: frozenset[str]
    """Its rejected claims that would say the same."""
    part: bool

    def kept(self, claims: Iterable[Submission]) -> dict[str, str]:
        """Claim key → why it is not sent again."""
        found: dict[str, str] = {}
        groups: dict[str, list[Submission]] = {}
        for one in claims:
            last = [said for said in self.setup.ledger.life(one.key) if said.standing is ClaimStanding.REJECTED][-1:]
            if last and last[0].source.startswith(_OF_FILES):
                groups.setdefault("" if last[0].source.startswith("TA1") else one.transaction, []).append(one)
            else:
                found[one.key] = f"{_SAME_CLAIM} with {_way(one)}."
        for transaction, some in groups.items():
            if self._whole(transaction):
                why = f"was in file {self.number}, {_SAME_FILE} with `export 837 --again {self.number}`."
                found |= {one.key: why for one in some}
        return found

    def _whole(self, transaction: str) -> bool:
        """Whether every claim of the transaction ("" : of the file) is there again and says the same."""
        missing = {key for key, one in self.then.items() if transaction in ("", one.transaction)} - self.same
        return not missing or (self.part and self._unmoved(missing))

    def _unmoved(self, keys: Collection[str]) -> bool:
        """Whether claims that are not looked at are still those of their visits, rejected, and in no other file."""
        known = self.setup.ledger.submissions(self.setup.host.id, keys)
        rows = self.setup.store.known(self.setup.host.id, {one.encounter for one in known.values()})
        standing = {row.claim_key for row in rows.values()}
        return all(
            key in standing and known[key].standing is ClaimStanding.REJECTED and known[key].batch == self.number
            for key in keys
        )


def _way(one: Submission) -> str:
    later = is_later_claim(one.key)
    return f"`claims secondary Encounter/{one.encounter} --again`" if later else f"`export 837 --again {one.claim}`"
