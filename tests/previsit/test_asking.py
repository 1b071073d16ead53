"""Which coverage is asked about, whether, and with what question; what in our own data keeps it from being asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from massage_billing.model import (
    AnswerKind,
    Appointment,
    Benefit,
    Clinic,
    CoverageKind,
    Holder,
    Known,
    Payer,
    PayerAsking,
    PayerRef,
    Person,
    Standing,
)
from massage_billing.ports import Habit
from massage_billing.previsit import habits, question, which
from massage_billing.previsit.ask import Ask, newest, plan_year, whether
from massage_billing.previsit.which import Billed, PatientPays, ToAsk
from previsit.making import (
    ASKER,
    ASKING,
    BOOK,
    DAY,
    TERMS,
    TODAY,
    ago,
    answer,
    appointment,
    benefit,
    clinic,
    coverage,
    dollars,
    known,
    payer,
    today,
    visits,
)

OLD = PayerRef("Organization/8")


def billed(visit: Appointment, of: Clinic | None = None, *answers: Known) -> Billed:
    by_coverage: dict[str, list[Known]] = {}
    for one in answers:
        by_coverage.setdefault(one.coverage, []).append(one)
    return which.billed(visit, of or clinic(), BOOK.on(DAY), by_coverage, TERMS)


def ids(found: Billed) -> list[str]:
    return [one.coverage.id for one in found.to_ask]


# --- which ----------------------------------------------------------------------------------------------------------


def test_the_one_coverage_in_force_is_billed_and_asked_about() -> None:
    found = billed(appointment())
    assert (found.coverage, found.payer) == (coverage(), payer())
    assert ids(found) == ["Coverage/5"]
    assert found.doubts == ()


def test_a_patient_who_asked_not_to_tell_the_plan_is_never_asked_about() -> None:
    found = billed(appointment(restricted="Consent/1"))
    assert (found.patient_pays, found.to_ask, found.coverage) == (PatientPays.RESTRICTED, (), None)


@pytest.mark.parametrize(
    ("coverages", "why"),
    [((), PatientPays.NO_COVERAGE), ((coverage(patient_is_payer=True),), PatientPays.SELF_PAY),
     ((coverage(status="entered-in-error"),), PatientPays.NO_COVERAGE)],
)  # fmt: skip
def test_where_the_patient_pays_nobody_is_asked(coverages: Any, why: PatientPays) -> None:
    found = billed(appointment(coverages=coverages))
    assert (found.patient_pays, found.to_ask) == (why, ())


@pytest.mark.parametrize("kind", [CoverageKind.WORKERS_COMPENSATION, CoverageKind.AUTO, CoverageKind.VA])
def test_kinds_that_count_only_when_linked_are_asked_about_only_then(kind: CoverageKind) -> None:
    of = clinic(payer(), payer(key="comp", kind=kind, references=frozenset({"Organization/8"})))
    loose = coverage("Coverage/6", payer=OLD)
    assert ids(billed(appointment(coverages=(coverage(), loose)), of)) == ["Coverage/5"]
    linked = replace(loose, linked="ServiceRequest/4")
    found = billed(appointment(coverages=(coverage(), linked)), of)
    assert (ids(found), found.coverage) == (["Coverage/6"], linked)


def test_of_two_in_force_each_is_asked_about_and_a_tie_is_a_doubt() -> None:
    found = billed(appointment(coverages=(coverage(order=1), coverage("Coverage/6", order=1))))
    assert ids(found) == ["Coverage/5", "Coverage/6"]
    assert [one.id for one in found.doubts] == ["which-coverage"]


def test_where_the_record_has_none_in_force_the_payer_is_asked_all_the_same() -> None:
    found = billed(appointment(coverages=(coverage(end=date(2026, 11, 1)),)))
    assert ids(found) == ["Coverage/5"]
    assert [one.id for one in found.doubts] == ["not-in-force-on-record"]


def test_one_that_ended_by_the_record_is_not_asked_about_beside_one_in_force() -> None:
    old = coverage("Coverage/4", end=date(2026, 6, 30))
    assert ids(billed(appointment(coverages=(old, coverage())))) == ["Coverage/5"]


def test_the_payers_yes_outranks_the_record() -> None:
    ended = coverage(end=date(2026, 11, 1))
    found = billed(appointment(coverages=(ended,)), None, known())
    assert found.coverage is not None
    assert (found.coverage.id, found.doubts) == ("Coverage/5", ())


def test_where_the_first_payer_said_no_the_second_is_billed_and_it_is_told() -> None:
    both = (coverage(order=1), coverage("Coverage/6", order=2))
    found = billed(appointment(coverages=both), None, known(answer(standing=Standing.NOT_IN_FORCE)))
    assert found.coverage is not None
    assert found.coverage.id == "Coverage/6"
    assert [one.id for one in found.doubts] == ["coverage-passed-over"]
    assert ids(found) == ["Coverage/5", "Coverage/6"]


def test_a_payer_that_no_entry_means_is_named_and_not_asked() -> None:
    found = billed(appointment(coverages=(coverage(payer=PayerRef("Organization/77")),)))
    assert ([one.id for one in found.doubts], found.to_ask) == (["payer-unknown"], ())
    assert "Organization/77" in found.doubts[0].message


# --- whether --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    day: date
    holder: str = "v1"
    state: str = "answered"
    due: datetime | None = None


def asked(
    *answers: Known,
    last: Row | None = None,
    first: bool | None = False,
    of: Payer | None = None,
    visit: Appointment | None = None,
    on: date = TODAY,
) -> Ask | None:
    return whether(visit or appointment(), coverage(), of or payer(), answers, last, today(on), first, ASKING)


def why(found: Ask | None) -> str:
    assert found is not None
    return "; ".join(found.why)


def test_what_was_never_asked_is_asked() -> None:
    assert why(asked()) == "never asked"


def test_a_fresh_yes_is_not_asked_again() -> None:
    assert asked(known(answer(asked_for=ago(2)), on=ago(2)), last=Row(ago(2))) is None


@pytest.mark.parametrize(("days", "again"), [(7, False), (8, True)])
def test_an_answer_is_asked_again_when_it_is_too_old(days: int, again: bool) -> None:
    found = asked(known(answer(asked_for=ago(days)), on=ago(days)), last=Row(ago(days)))
    assert (found is not None) is again
    assert not again or "8 days old" in why(found)


def test_a_payer_may_have_its_own_age() -> None:
    own = payer(asking=PayerAsking("ourselves", "x12", "1", max_age_days=1))
    assert "2 days old" in why(asked(known(answer(asked_for=ago(2)), on=ago(2)), last=Row(ago(2)), of=own))


def test_a_changed_coverage_is_asked_again_even_on_the_day_it_was_answered() -> None:
    assert "has changed" in why(asked(known(), last=Row(TODAY, holder="v0")))


def test_what_was_answered_today_is_not_asked_again_today() -> None:
    assert asked(known(answer(standing=Standing.NOT_IN_FORCE)), last=Row(TODAY)) is None


@pytest.mark.parametrize(("seconds", "again"), [(-1, False), (0, True), (1, True)])
def test_a_payer_that_named_a_time_is_asked_from_that_time_on(seconds: int, again: bool) -> None:
    due = datetime(2026, 11, 16, 17, tzinfo=UTC)
    now = replace(today(), now=due + timedelta(seconds=seconds))
    last = Row(TODAY, state="later", due=due)
    assert (whether(appointment(), coverage(), payer(), (), last, now, False, ASKING) is not None) is again


def test_a_new_month_is_asked() -> None:
    visit = appointment(date=date(2026, 12, 1))
    said = known(answer(asked_for=date(2026, 11, 30)), on=date(2026, 11, 29))
    found = asked(said, last=Row(date(2026, 11, 29)), visit=visit, on=date(2026, 11, 30))
    assert why(found) == "a new month"


def test_an_answer_about_a_later_day_does_not_do_for_an_earlier_day() -> None:
    later = known(answer(asked_for=date(2026, 12, 5)))
    assert why(asked(later, last=Row(ago(1)))) == "the last answer is about a later day"


def test_the_answer_about_a_day_is_not_forgotten_for_one_about_a_later_day() -> None:
    mine = known(answer(), on=ago(1))
    later = known(answer(asked_for=date(2026, 12, 5), standing=Standing.NOT_IN_FORCE))
    ended = known(answer(asked_for=date(2026, 12, 5), standing=Standing.NOT_IN_FORCE, end=date(2026, 11, 17)))
    assert newest([later, mine], "Coverage/5", "plan", DAY) is mine
    assert newest([later, mine], "Coverage/5", "plan", date(2026, 12, 5)) is later
    assert newest([ended, mine], "Coverage/5", "plan", DAY) is ended
    assert newest([later], "Coverage/5", "plan", DAY) is later


def test_only_answers_about_the_coverage_by_the_payer_are_looked_among() -> None:
    mine, later = known(on=ago(3)), known(hour=11)
    others = (replace(later, payer="other"), replace(later, coverage="Coverage/6"))
    assert newest([mine, *others], "Coverage/5", "plan") is mine
    assert newest(others, "Coverage/5", "plan") is None


def test_an_answer_that_ended_the_coverage_on_the_day_is_none_that_it_had_ended_before() -> None:
    """Its last day is a day of coverage: the answer about the day itself is not outdone by it."""
    mine = known(answer(), on=ago(1))
    about = {"asked_for": date(2026, 12, 5), "standing": Standing.NOT_IN_FORCE}
    assert newest([known(answer(**about, end=DAY)), mine], "Coverage/5", "plan", DAY) is mine
    assert newest([known(answer(**about, end=date(2026, 11, 17))), mine], "Coverage/5", "plan", DAY) is not mine


@pytest.mark.parametrize(
    ("start", "about", "why_"),
    [
        ((11, 18), date(2026, 11, 17), "a new plan year"),  # the day of the visit begins it
        ((11, 18), DAY, None),
        ((11, 19), date(2026, 11, 17), None),
        ((11, 17), date(2026, 11, 17), None),  # the day asked for had begun it
    ],
)
def test_a_plan_year_begins_with_its_first_day(start: tuple[int, int], about: date, why_: str | None) -> None:
    own = payer(asking=PayerAsking("ourselves", "x12", "1", plan_year_start=start))
    found = asked(known(answer(asked_for=about), on=ago(1)), last=Row(ago(1)), of=own)
    assert (found.why if found else None) == ((why_,) if why_ else None)


def test_an_answer_about_a_later_day_of_the_same_plan_year_counts_and_of_the_next_does_not() -> None:
    for start, counts in (((11, 18), True), ((11, 20), False), ((11, 21), True)):
        own = payer(asking=PayerAsking("ourselves", "x12", "1", plan_year_start=start))
        said = known(answer(asked_for=date(2026, 11, 20), start=date(2020, 1, 1)), on=ago(1))
        assert (asked(said, last=Row(ago(1)), of=own) is None) is counts, start


def test_a_new_plan_year_is_asked_whenever_it_starts() -> None:
    own = payer(asking=PayerAsking("ourselves", "x12", "1", plan_year_start=(11, 17)))
    said = known(answer(asked_for=date(2026, 11, 16)), on=TODAY)
    assert asked(said, last=Row(ago(1)), of=own) is not None
    assert why(asked(said, last=Row(ago(1)), of=own)) == "a new plan year"
    assert asked(said, last=Row(ago(1))) is None


def test_a_plan_year_that_starts_on_the_last_day_of_february_has_a_first_day_every_year() -> None:
    own = payer(asking=PayerAsking("ourselves", "x12", "1", plan_year_start=(2, 29)))
    assert asked(known(on=ago(1)), last=Row(ago(1)), of=own) is None
    begins = {
        date(2026, 3, 1): date(2026, 3, 1),
        date(2026, 2, 28): date(2025, 3, 1),
        date(2028, 3, 1): date(2028, 2, 29),
    }
    assert {day: plan_year(day, own) for day in begins} == begins


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (answer(standing=Standing.NOT_IN_FORCE), "was no"),
        (answer(standing=Standing.NO_DATA), "did not say"),
        (answer(kind=AnswerKind.REFUSED, standing=Standing.NO_DATA), "was refused"),
    ],
)
def test_a_no_and_an_unknown_are_asked_again_the_next_day(said: Any, words: str) -> None:
    assert words in why(asked(known(said, on=ago(1)), last=Row(ago(1))))


def test_a_question_that_stayed_without_an_answer_is_asked_again() -> None:
    assert "not answered" in why(asked(last=Row(ago(1), state="given-up")))


@pytest.mark.parametrize("first", [True, None])
def test_a_first_visit_is_asked_about_its_own_day(first: bool | None) -> None:
    other = known(answer(asked_for=ago(1)), on=ago(1))
    assert "first visit" in why(asked(other, last=Row(ago(1)), first=first))
    assert asked(known(on=ago(1)), last=Row(ago(1)), first=first) is None


@pytest.mark.parametrize(
    "visit",
    [appointment(restricted="Consent/1"), appointment(status="cancelled"), appointment(status="noshow"),
     appointment(date=None), appointment(date=ago(1)), appointment(patient=None)],
)  # fmt: skip
def test_nobody_is_asked_about_what_is_restricted_off_or_over(visit: Appointment) -> None:
    assert asked(visit=visit, first=True) is None


@pytest.mark.parametrize("how", ["host", "nobody", None])
def test_a_payer_that_others_ask_is_not_asked(how: str | None) -> None:
    assert asked(of=payer(asking=PayerAsking(how) if how else None), first=True) is None


# --- the question ---------------------------------------------------------------------------------------------------


def made(visit: Appointment | None = None, **changes: Any) -> question.Made:
    cover = changes.pop("coverage", coverage())
    given = {"asker": ASKER, "habits": (), "terms": TERMS, "day": BOOK.on(DAY), "today": TODAY, **changes}
    of = given.pop("payer", payer())
    return question.make(ToAsk(cover, of), visit or appointment(coverages=(cover,)), **given)


def test_a_sound_record_makes_a_question() -> None:
    asked_ = made().question
    assert asked_ is not None
    assert (asked_.member_id, asked_.serviced, asked_.asked_on) == ("SYN-1", DAY, TODAY)
    assert (asked_.payer_id, asked_.service_types, asked_.codes) == ("60054", ("BE",), ("97124",))
    assert (asked_.dependent, asked_.relationship) == (None, "self")
    assert asked_.trace == asked_.key
    assert made().question == asked_


def test_a_corrected_coverage_is_another_question_on_the_same_day() -> None:
    visit = appointment(holders=(Holder("Coverage/5", appointment().person, version="v2"),))
    first, second = made().question, made(visit).question
    assert first is not None
    assert second is not None
    assert first.key != second.key


PARENT = Person("RelatedPerson/2", "Doe", "Ada")


def dependent(relationship: str | None, subscriber: Person | None) -> Appointment:
    cover = coverage(relationship=relationship)
    return appointment(coverages=(cover,), holders=(Holder(cover.id, subscriber, "G7"),))


def test_a_dependent_is_asked_about_through_the_subscriber() -> None:
    asked_ = made(dependent("child", PARENT), coverage=coverage(relationship="child")).question
    assert asked_ is not None
    assert (asked_.subscriber, asked_.relationship, asked_.group_number) == (PARENT, "child", "G7")
    assert asked_.dependent == appointment().person


NOBODY = Person("Patient/1", "", "Jo")


@pytest.mark.parametrize(
    ("fault", "changes"),
    [
        ("no-member-id", {"coverage": coverage(member_id=None)}),
        ("no-member-id", {"coverage": coverage(member_id=" ")}),
        ("no-birth-date", {"visit": appointment(person=Person("Patient/1", "Doe"), holders=())}),
        ("no-name", {"visit": appointment(person=replace(NOBODY, birth_date=DAY), holders=())}),
        ("payer-no-channel", {"payer": payer(asking=PayerAsking("ourselves", None, "60054"))}),
        ("payer-no-id", {"payer": payer(asking=PayerAsking("ourselves", "x12"))}),
        ("asker-unknown", {"asker": None}),
        ("asker-unknown", {"asker": replace(ASKER, npi="")}),
        ("asker-npi", {"asker": replace(ASKER, npi="1245319598")}),
        ("subscriber-unknown", {"visit": dependent("child", None), "coverage": coverage(relationship="child")}),
        ("subscriber-unknown", {"visit": dependent(None, None), "coverage": coverage(relationship=None)}),
        ("subscriber-unclear", {"visit": dependent("self", PARENT)}),
        ("subscriber-unclear", {"visit": dependent("child", appointment().person),
                                "coverage": coverage(relationship="child")}),
        ("no-name", {"visit": dependent("child", replace(PARENT, last_name="")),
                     "coverage": coverage(relationship="child")}),
        ("appointment-unreadable", {"visit": appointment(patient=None)}),
        ("appointment-unreadable", {"visit": appointment(person=None)}),
    ],
)  # fmt: skip
def test_what_our_own_data_lacks_is_named_before_anything_is_sent(fault: str, changes: dict[str, Any]) -> None:
    found = made(changes.pop("visit", None), **changes)
    assert found.question is None
    assert fault in [one.id for one in found.faults]


def test_no_fault_repeats_a_name_a_birth_date_or_a_member_id() -> None:
    wrong = appointment(person=Person("Patient/1", "", "Secretname"), holders=())
    found = made(wrong, coverage=coverage(member_id=""), asker=None)
    assert "Secretname" not in " ".join(f"{one.message} {one.fix} {one.about}" for one in found.faults)


# --- service types --------------------------------------------------------------------------------------------------


def types(*learnt: Habit, of: Payer | None = None) -> tuple[str, ...]:
    return habits.service_types(of or payer(), learnt, ASKING.service_types)


def test_massage_is_asked_first_of_a_payer_nobody_knows() -> None:
    assert types() == ("BE", "PT", "AE", "33", "30")


def test_the_service_type_that_brought_limits_is_asked_next_time() -> None:
    assert types(Habit("plan", "PT", 4, 3, 4), Habit("plan", "BE", 4, 0, 4))[0] == "PT"


def test_the_one_that_brought_limits_more_often_comes_first() -> None:
    assert types(Habit("plan", "AE", 2, 2, 2), Habit("plan", "BE", 4, 1, 4))[:2] == ("AE", "BE")


def test_one_that_brought_nothing_three_times_goes_behind_those_not_tried() -> None:
    assert types(Habit("plan", "BE", 2, 0, 0))[0] == "BE"
    assert types(Habit("plan", "BE", 3, 0, 0)) == ("PT", "AE", "33", "30", "BE")


def test_another_payers_habits_teach_nothing() -> None:
    assert types(Habit("other", "PT", 9, 9, 9))[0] == "BE"


def test_the_payers_own_list_outranks_what_was_learnt() -> None:
    own = payer(asking=PayerAsking("ourselves", "x12", "1", service_types=("30",)))
    assert types(Habit("plan", "PT", 9, 9, 9), of=own) == ("30",)


# --- what answers teach ---------------------------------------------------------------------------------------------


def lessons(
    *benefits: Benefit, asked: tuple[str, ...] = ("BE", "PT", "30"), **changes: Any
) -> dict[str, tuple[int, ...]]:
    """Service type → (asked, limits, figures)."""
    question_ = made().question
    assert question_ is not None
    said = habits.learnt(replace(question_, service_types=asked), answer(*benefits, **changes), ASKING)
    return {one.service_type: (one.asked, one.limits, one.benefits) for one in said}


def test_only_the_service_type_under_which_the_limit_stands_is_credited() -> None:
    limit = benefit("limit", "PT", counts=visits(20, 12, 8))
    assert lessons(limit) == {"BE": (1, 0, 0), "PT": (1, 1, 1), "30": (1, 0, 0)}


def test_a_limit_under_several_service_types_credits_each_that_was_asked() -> None:
    limit = benefit("limit", "PT", "AE", "BE", counts=visits(left=8))
    assert lessons(limit, asked=("BE", "PT")) == {"BE": (1, 1, 1), "PT": (1, 1, 1)}


def test_figures_without_a_limit_are_told_apart() -> None:
    assert lessons(benefit("copay", "BE", **dollars(25)), benefit("limit", "PT", counts=visits(left=8)))["BE"] == (
        1,
        0,
        1,
    )


def test_a_limit_of_the_plan_as_a_whole_is_none_of_massage() -> None:
    assert lessons(benefit("limit", "30", counts=visits(left=8))) == {"BE": (1, 0, 0), "PT": (1, 0, 0), "30": (1, 0, 0)}


def test_a_limit_under_a_type_that_was_not_asked_credits_none() -> None:
    assert lessons(benefit("limit", "98", counts=visits(left=8)), asked=("BE",)) == {"BE": (1, 0, 0)}


@pytest.mark.parametrize("changes", [{"kind": AnswerKind.REFUSED}, {"standing": Standing.NOT_IN_FORCE}])
def test_an_answer_that_cannot_have_figures_teaches_nothing(changes: Any) -> None:
    assert lessons(**changes) == {}
