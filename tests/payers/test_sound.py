"""Before a question goes out and after its answer came: what is missing, and whom it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from massage_billing.errors import PayerAnswerUnreadable, QuestionInvalid
from massage_billing.model import Corrected, Person
from massage_billing.payers.sound import Named, as_asked, check_person, check_question, corrected
from payers.questions import question, secrets

CHILD = Person("Patient/2", "Synthetica2", "Kim", birth_date=date(2015, 5, 6), gender="M")
NOBODY = replace(question().subscriber, birth_date=None)


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"member_id": "  "}, "member id"),
        ({"subscriber": NOBODY}, "subscriber's birth date"),
        ({"subscriber": replace(NOBODY, last_name="", birth_date=date(1980, 2, 3))}, "subscriber's name"),
        ({"dependent": replace(CHILD, birth_date=None)}, "patient's birth date"),
        ({"payer_id": ""}, "payer id"),
        ({"asker": replace(question().asker, npi="")}, "NPI of who asks"),
    ],
)
def test_what_a_question_lacks_is_named_and_nobody_is(changes: dict[str, Any], missing: str) -> None:
    asked = question(**changes)
    with pytest.raises(QuestionInvalid, match=missing) as caught:
        check_question(asked, "fhir")
    assert "Coverage/1" in str(caught.value)
    assert not [one for one in secrets(asked) if one.strip() and one in str(caught.value)]


def test_a_dependents_question_needs_no_birth_date_of_the_subscriber() -> None:
    check_question(question(subscriber=NOBODY, dependent=CHILD), "fhir")


def test_a_host_knows_its_payers_by_itself() -> None:
    check_question(question(payer_id=""), "host", payer_id=False)


@pytest.mark.parametrize(
    ("named", "is_stranger"),
    [
        (Named("SYNMEMBER0001", date(1980, 2, 3), "SYNTHETICA1"), False),
        (Named("SYN-OTHER", date(1911, 1, 11), "SYNTHETICA1"), True),
        (Named("SYN-OTHER", date(1911, 1, 11), None), True),
        (Named("SYN-OTHER", date(1980, 2, 3), "SYNTHETICA1"), False),
        (Named("SYN-OTHER", None, "SYNTHETICA1"), False),
        (Named("SYNMEMBER0001", date(1911, 1, 11), "SYNTHETICA1"), False),
        (Named(None, date(1911, 1, 11), "SYNTHETICA1"), False),
        (Named("synmember-0001", date(1911, 1, 11), "ELSEWHERE"), False),
        (Named("SYN-OTHER", date(1911, 1, 11), "ELSEWHERE"), True),
        (Named(None, date(1911, 1, 11), "ELSEWHERE"), True),
        (Named(None, None, "ELSEWHERE"), False),
        (Named(), False),
    ],
)
def test_an_answer_about_a_stranger_is_refused(named: Named, is_stranger: bool) -> None:
    if not is_stranger:
        check_person(question(), [named], "fhir")
        return
    with pytest.raises(PayerAnswerUnreadable) as caught:
        check_person(question(), [named], "fhir")
    assert "ELSEWHERE" not in str(caught.value)
    check_person(question(), [named, Named("SYNMEMBER0001", None, "SYNTHETICA1")], "fhir")


def test_a_birth_date_that_is_not_on_record_is_nobody_elses() -> None:
    asked = question(subscriber=NOBODY, dependent=CHILD)
    parent = Named("SYN-NEW", date(1980, 2, 3), "SYNTHETICA1")
    check_person(asked, [parent], "fhir")
    with pytest.raises(PayerAnswerUnreadable):
        check_person(question(dependent=CHILD), [Named("SYN-NEW", date(1911, 1, 11), "SYNTHETICA1")], "fhir")


@pytest.mark.parametrize(
    ("named", "other"),
    [
        (Named("SYNMEMBER0001", date(1980, 2, 3), "Synthetica1", "JANE"), None),
        (Named("SYN MEMBER-0001", None, "SYNTHETICA 1", "Jane Q"), None),
        (Named("NEW", None, None, None), Corrected(member_id="NEW")),
        (Named(None, date(1980, 3, 2), None, None), Corrected(birth_date=date(1980, 3, 2))),
        (Named(None, None, "Otherwise", None), Corrected(last_name="Otherwise")),
        (Named(None, None, None, "Janet"), Corrected(first_name="Janet")),
        (Named(), None),
    ],
)
def test_what_is_on_file_otherwise(named: Named, other: Corrected | None) -> None:
    assert corrected(question(), named) == other


def test_a_dependent_is_compared_with_the_dependent() -> None:
    asked = question(dependent=CHILD)
    assert corrected(asked, Named("SYNMEMBER0001", date(2015, 5, 6), "SYNTHETICA2", "KIM")) is None
    assert corrected(asked, Named("SYNMEMBER0001", date(2015, 6, 5), "SYNTHETICA2", "KIM")) == Corrected(
        birth_date=date(2015, 6, 5)
    )


@pytest.mark.parametrize("text", ["", " ", "-", "19800204", "Synthetica2"])
def test_what_was_not_asked_with_is_not_taken_for_it(text: str) -> None:
    assert not as_asked(question(), text)
