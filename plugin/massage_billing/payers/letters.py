"""Names in the letters that payers write: X12 as payers take it knows printable ASCII alone, and records know José."""

from __future__ import annotations

from dataclasses import replace

from anyascii import anyascii

from massage_billing.model import Person, Question


def plain_question(question: Question) -> Question:
    """The same question with every name in ASCII letters ("Jose", "Strasse"); nothing else is changed."""
    return replace(
        question,
        subscriber=_plain(question.subscriber),
        dependent=None if question.dependent is None else _plain(question.dependent),
        asker=replace(
            question.asker, name=anyascii(question.asker.name), first_name=anyascii(question.asker.first_name)
        ),
        payer_name=anyascii(question.payer_name),
    )


def folded(text: str) -> str:
    """A text as names are compared: in ASCII letters and digits, without case, blanks and punctuation."""
    return "".join(letter for letter in anyascii(text).casefold() if letter.isalnum())


def _plain(person: Person) -> Person:
    return replace(
        person,
        last_name=anyascii(person.last_name),
        first_name=anyascii(person.first_name),
        middle_name=anyascii(person.middle_name),
        suffix=anyascii(person.suffix),
    )
