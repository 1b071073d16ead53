"""No visit on two live claims: what is written of several visits' claims, in which order, and what has to wait.

A visit that joins another's day, or leaves it, moves its lines from one claim to another. The claim that lets go of a
visit is written before the one that takes it, so that a crash between the two leaves lines on no claim, which the next
run finds in the outbox, and never on two. Where the first cannot be changed any more, the second is held.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from massage_billing.model import Outcome
from massage_billing.run.arrange import Case
from massage_billing.run.planning import Change, Plan
from massage_billing.run.seen import Seen

_WRITTEN = (Change.CREATED, Change.UPDATED, Change.REVISED)


@dataclass(slots=True)
class Draft:
    """One visit's plan before it is final."""

    seen: Seen
    """The visit."""
    case: Case
    """With whom it was decided."""
    plan: Plan | None
    """What is written; None for a visit that waits."""

    @property
    def names(self) -> frozenset[str]:
        """Encounter ids that its live claim will name."""
        if self.plan is not None:
            if self.plan.change in _WRITTEN:
                bills = self.plan.decision.outcome is Outcome.CLAIM and self.seen is self.case.lead
                return self.case.encounters if bills else frozenset()
            if self.plan.change is Change.CANCELLED:
                return frozenset()
        return self.seen.on_claim


def settle(drafts: Sequence[Draft], held: Callable[[Draft, str], Plan]) -> None:
    """Make plans agree: hold what would bill a visit that another claim still bills, and put the writes in order.

    ``held`` plans a visit again, as held because a claim ("Claim/12") bills it already. Changes what it is given.
    """
    on_claim = [one.seen.on_claim for one in drafts]
    if not any(one.case.others or len(on_claim[n]) > 1 or one.seen.covering for n, one in enumerate(drafts)):
        return
    names = [one.names for one in drafts]
    billing: dict[str, list[int]] = {}
    for n, named in enumerate(on_claim):
        for encounter in named:
            billing.setdefault(encounter, []).append(n)
    for n, one in enumerate(drafts):
        taken = names[n] - on_claim[n] if one.plan else frozenset[str]()
        rival = next((m for e in sorted(taken) for m in billing.get(e, ()) if m != n and e in names[m]), None)
        if rival is not None:
            claim = drafts[rival].seen.standing
            one.plan = held(one, claim.reference if claim else "")
            names[n] = one.names
    for n, one in enumerate(drafts):
        if one.plan is None or one.plan.group is None:
            continue
        letting_go = {m for e in names[n] for m in billing.get(e, ()) if m != n and e not in names[m]}
        plans = [plan for m in sorted(letting_go) if (plan := drafts[m].plan) is not None]
        before = tuple(plan.group.key for plan in plans if plan.group is not None)
        if before:
            one.plan = replace(one.plan, group=replace(one.plan.group, after=before))
