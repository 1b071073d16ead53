"""Does the payer pay this treatment, by this therapist, and does it pay first?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from massage_billing.model import Answer, Appointment, Clinic, Entity, Reason, Therapist
from massage_billing.previsit.benefits import Picked, other_payers
from massage_billing.previsit.terms import Eligibility
from massage_billing.previsit.which import Billed

_NPI, _NPI_SYSTEM = "XX", "npi"


def reasons(
    appointment: Appointment,
    picked: Picked,
    answer: Answer,
    billed: Billed,
    first_visit: bool | None,
    clinic: Clinic,
    terms: Eligibility,
) -> Iterator[Reason]:
    """What the answer says of massage, of who may give it, and of other payers."""
    yield from _covered(picked, first_visit, terms)
    yield from _providers(appointment, picked, clinic, terms)
    yield from _others(answer, billed, terms)


def _covered(picked: Picked, first_visit: bool | None, terms: Eligibility) -> Iterator[Reason]:
    covered = picked.shown.covered
    if picked.contradicted:
        yield terms.reason("massage-contradicted")
    elif covered is False:
        yield terms.reason("massage-not-covered")
    elif covered is None:
        yield terms.reason("massage-not-said-again" if first_visit is False else "massage-not-said")
    for code in picked.codes_not_covered if covered is not False else ():
        yield terms.reason("code-not-covered", f"The payer does not cover {code}.", about=code)


def _providers(appointment: Appointment, picked: Picked, clinic: Clinic, terms: Eligibility) -> Iterator[Reason]:
    """Whether the therapist is one of those to whom the payer restricts it; words alone a person has to read."""
    named = [one for one in picked.restrictions if _npis(one) or one.taxonomy]
    if named:
        allowed = [_allowed(therapist, named, clinic) for therapist in appointment.therapists]
        if allowed and all(each is True for each in allowed):
            yield terms.reason("provider-allowed")
        elif allowed and False in allowed:
            yield terms.reason("provider-not-allowed")
        else:
            yield terms.reason("provider-limit")
    elif picked.shown.provider_limits or picked.restrictions:
        yield terms.reason("provider-limit")


def _allowed(therapist: Therapist, named: Sequence[Entity], clinic: Clinic) -> bool | None:
    """Whether a therapist, or the clinic, is one of those named; None where the record does not tell."""
    mine = {npi for npi in (therapist.npi, clinic.npi) if npi}
    kinds = set(therapist.taxonomies)
    if any(mine & _npis(one) or (one.taxonomy is not None and one.taxonomy in kinds) for one in named):
        return True
    by_kind = any(one.taxonomy for one in named)
    return None if (by_kind and not kinds) or not mine else False


def _npis(entity: Entity) -> set[str]:
    """NPIs of a provider: X12 qualifies them by XX (NM108), FHIR by a system; other ids tell nothing."""
    return {value for kind, value in entity.identifiers if kind == _NPI or _NPI_SYSTEM in kind.casefold()}


def _others(answer: Answer, billed: Billed, terms: Eligibility) -> Iterator[Reason]:
    roles = terms.asking.other_payers
    for entity in other_payers(answer, terms.asking):
        if entity.role in roles.first:
            yield terms.reason("other-payer-first")
        elif entity.role in roles.later or billed.later:
            yield terms.reason("other-payer-later")
        else:
            yield terms.reason("other-payer")
