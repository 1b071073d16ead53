"""Who is the payer? Only what the clinic's payers.yaml says counts, never a name (DESIGN 8)."""

from __future__ import annotations

from massage_billing.coding.notes import Notes
from massage_billing.coding.remember import Remembered
from massage_billing.coding.rulebook import Day
from massage_billing.model import Clinic, Coverage, CoverageKind, Payer, PayerRef

_RULE = "payer-known"


class _Index:
    """The entries of payers.yaml by what they are matched with."""

    __slots__ = ("by_identifier", "by_payer_id", "by_reference")

    def __init__(self, payers: tuple[Payer, ...]) -> None:
        self.by_reference: dict[str, list[Payer]] = {}
        self.by_identifier: dict[tuple[str, str], list[Payer]] = {}
        self.by_payer_id: dict[str, list[Payer]] = {}
        for payer in payers:
            for reference in payer.references:
                self.by_reference.setdefault(reference, []).append(payer)
            for identifier in payer.identifiers:
                self.by_identifier.setdefault(identifier, []).append(payer)
            if payer.payer_id is not None:
                self.by_payer_id.setdefault(payer.payer_id, []).append(payer)


_index = Remembered(_Index)


def entries(ref: PayerRef, payers: tuple[Payer, ...]) -> list[Payer]:
    """The entries of payers.yaml that mean this payer; more than one is for a person to mend."""
    index = _index(payers)
    found = list(index.by_reference.get(ref.reference, ())) if ref.reference is not None else []
    for identifier in ref.identifiers:
        found += index.by_identifier.get(identifier, ())
        found += index.by_payer_id.get(identifier[1], ())
    if len(found) < 2:
        return found
    return sorted({id(payer): payer for payer in found}.values(), key=lambda payer: payer.line)


def entry(coverage: Coverage, clinic: Clinic) -> Payer | None:
    """The one entry of payers.yaml for a coverage's payer."""
    if not clinic.payers:
        return None
    found = entries(coverage.payer, clinic.payers)
    return found[0] if len(found) == 1 else None


def kind(coverage: Coverage, payer: Payer | None) -> CoverageKind:
    """What kind of insurance a coverage is: what payers.yaml says of its payer, else its own type."""
    return payer.kind if payer else coverage.kind


def key(coverage: Coverage, payer: Payer | None) -> str | None:
    """The payer's key in payers.yaml, else how the host refers to it."""
    if payer:
        return payer.key
    ref = coverage.payer
    return ref.reference or (ref.identifiers[0][1] if ref.identifiers else None)


def policy_name(payer: Payer | None, clinic: Clinic, day: Day) -> str | None:
    """The policy that applies to a payer; None where nothing says, or the rulebook has no such policy."""
    name = clinic.policy or (payer.policy if payer else None)
    return name if name in day.known_policies else None


def check(coverage: Coverage, clinic: Clinic, notes: Notes) -> None:
    """Leave the finding: whether the payer of this coverage is known, and which policy is its own."""
    found = entries(coverage.payer, clinic.payers) if clinic.payers else []
    about = coverage.payer.reference or coverage.id
    known = notes.day.known_policies
    if coverage.payer.reference is None and not coverage.payer.identifiers:
        notes.no_data(_RULE, f"{coverage.id} names no payer that could be recognized.", "unnamed", coverage.id)
    elif len(found) > 1:
        lines = ", ".join(str(payer.line) for payer in found)
        notes.fail(_RULE, f"{about} is named by several entries of payers.yaml (lines {lines}).", "several", about)
    elif clinic.policy is not None:
        if clinic.policy not in known:
            notes.fail(_RULE, f"The policy given: {_no_policy(clinic.policy, notes.day)}", "policy", about)
        else:
            message = f"The policy {clinic.policy} was given; it stands for payers.yaml for every payer."
            notes.bypassed(_RULE, message, about=about)
    elif not found:
        notes.no_data(_RULE, _unmapped(about, coverage, clinic), "" if clinic.payers_known else "no-payers", about)
    elif found[0].policy not in known:
        message = f"payers.yaml line {found[0].line}: {_no_policy(found[0].policy, notes.day)}"
        notes.fail(_RULE, message, "policy", about)
    else:
        notes.passed(_RULE)


def _no_policy(name: str, day: Day) -> str:
    """Why a policy does not count on the day, and which ones do."""
    since = day.withdrawn_policies.get(name)
    what = f'there is no policy "{name}"' if since is None else f'the policy "{name}" is withdrawn since {since}'
    return f"{what}. There are: {_listed(day.known_policies)}."


def _unmapped(about: str, coverage: Coverage, clinic: Clinic) -> str:
    if clinic.payers_known:
        match = f"references: [{coverage.payer.reference}]" if coverage.payer.reference else "payer_id: …"
        line = f"- {{key: …, kind: {coverage.kind.value}, policy: …, match: {{{match}}}}}"
        return f"payer-unknown: no entry of payers.yaml means {about}. The line to add: {line}"
    return f"No payers.yaml says who {about} is, and no payer policy was given, so units cannot be counted."


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))
