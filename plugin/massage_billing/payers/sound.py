"""Before and after: can a question be sent as it stands, and is an answer about the one it was asked of?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from typing import Final

from massage_billing.errors import PayerAnswerUnreadable, QuestionInvalid
from massage_billing.model import Corrected, Person, Question
from massage_billing.payers.calls import where
from massage_billing.payers.letters import folded

_FIXES: Final[Mapping[str, str]] = {
    "member id": "Record the member id on the coverage.",
    "subscriber's name": "Record whose insurance it is on the coverage.",
    "subscriber's birth date": "Record the birth date.",
    "patient's name": "Record the patient's name.",
    "patient's birth date": "Record the patient's birth date.",
    "payer id": "Add the payer's id on this channel to payers.yaml.",
    "NPI of who asks": "Record the clinic's NPI.",
    "name of who asks": "Record the clinic's name.",
}


def check_question(question: Question, channel: str, *, payer_id: bool = True) -> None:
    """Refuse a question that no payer can answer. Raises QuestionInvalid, which names fields and no value.

    ``payer_id``: whether this channel tells payers apart by their id.
    """
    patient = question.dependent
    given = {
        "member id": question.member_id.strip(),
        "subscriber's name": question.subscriber.last_name.strip(),
        "patient's name": patient is None or patient.last_name.strip(),
        # A payer finds a dependent by its own birth date; the subscriber's is then not always on record.
        "subscriber's birth date": patient is not None or question.subscriber.birth_date,
        "patient's birth date": patient is None or patient.birth_date,
        "payer id": not payer_id or question.payer_id.strip(),
        "NPI of who asks": question.asker.npi.strip(),
        "name of who asks": question.asker.name.strip(),
    }
    missing = [name for name, value in given.items() if not value]
    if missing:
        raise QuestionInvalid(
            f"{where(channel, question.payer)} the question about {question.coverage} has no {', no '.join(missing)}.",
            " ".join(_FIXES[name] for name in missing),
        )


@dataclass(frozen=True, slots=True)
class Named:
    """Whom an answer is about, as far as it says. PHI."""

    member_id: str | None = None
    """Member id."""
    birth_date: Date | None = None
    """Birth date."""
    last_name: str | None = None
    """Family name."""
    first_name: str | None = None
    """Given name."""


def corrected(question: Question, named: Named) -> Corrected | None:
    """What a payer has on file otherwise than it was asked with; None where nothing is. Payers put the patient where
    they like, so it is compared with whom of the question's people it resembles most."""
    people = [one for one in (question.dependent, question.subscriber) if one is not None]
    person = max(people, key=lambda one: (
        named.birth_date == one.birth_date, _same_given(named.first_name, one), _same_name(named.last_name, one),
    ))  # fmt: skip
    found = Corrected(
        named.member_id if named.member_id and _plain(named.member_id) != _plain(question.member_id) else None,
        named.birth_date if named.birth_date != person.birth_date else None,
        None if not named.last_name or _same_name(named.last_name, person) else named.last_name,
        None if not named.first_name or _same_given(named.first_name, person) else named.first_name,
    )
    return None if found == Corrected() else found


def as_asked(question: Question, text: str) -> bool:
    """Whether a text is a member id, name or birth date that the payer was asked with."""
    people = [one for one in (question.dependent, question.subscriber) if one is not None]
    own = [question.member_id, *(name for one in people for name in (one.last_name, one.first_name))]
    own += [one.birth_date.isoformat() for one in people if one.birth_date is not None]
    return bool(_plain(text)) and _plain(text) in map(_plain, own)


def check_person(question: Question, named: Sequence[Named], channel: str) -> None:
    """Refuse an answer about somebody else: everybody it names is a stranger. Raises PayerAnswerUnreadable."""
    if named and all(stranger(question, one) for one in named):
        raise anothers(question, channel)


def stranger(question: Question, named: Named) -> bool:
    """Whether member id and birth date are told, and both are wrong: relatives share a family name. Else whether two or
    more of member id, birth date and family name are told, and none is of the patient or the subscriber. One of them
    alone may have been corrected."""
    people = [one for one in (question.subscriber, question.dependent) if one is not None]
    told = [
        same
        for value, same in (
            (named.member_id, _plain(named.member_id) == _plain(question.member_id)),
            (named.birth_date, any(one.birth_date == named.birth_date for one in people)),
            (named.last_name, any(_same_name(named.last_name, one) for one in people)),
        )
        if value is not None
    ]
    if len(told) > 1 and not any(told):
        return True
    # A birth date that is not on record here may be the one told.
    on_record = all(one.birth_date is not None for one in people)
    return on_record and None not in (named.member_id, named.birth_date) and not any(told[:2])


def anothers(question: Question, channel: str) -> PayerAnswerUnreadable:
    """The answer is to another question, or about another person."""
    return PayerAnswerUnreadable(
        f"{where(channel, question.payer)} the answer that came is not to the question about {question.coverage}.",
        "It was not used. If it happens again, tell the payer: somebody may have read the wrong person's answer.",
    )


def _plain(text: str | None) -> str:
    """Without case, accents, blanks and punctuation."""
    return folded(text or "")


def _same_given(name: str | None, person: Person) -> bool:
    """A middle name or initial behind the given name makes no other name of it."""
    theirs, ours = _plain((name or "").partition(" ")[0]), _plain(person.first_name.partition(" ")[0])
    return theirs == ours or _plain(name) == _plain(person.first_name)


def _same_name(name: str | None, person: Person) -> bool:
    """Payers write names in capitals, without hyphens, and with the suffix behind."""
    theirs, ours = _plain(name), _plain(person.last_name)
    return bool(ours) and (theirs == ours or theirs == ours + _plain(person.suffix))
