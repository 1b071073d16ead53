"""What is picked of an answer: specific before general, and nothing that the payer did not say."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massage_billing.model import (
    Benefit,
    BenefitKind,
    Benefits,
    Count,
    CountUnit,
    Entity,
    Measure,
    Network,
    Plan,
    Span,
    Standing,
)
from massage_billing.previsit.benefits import Picked, pick
from massage_billing.previsit.relevant import Wanted
from previsit.making import ASKING, DAY, answer, benefit, dollars, visits

LEFT, USED = Measure.LEFT, Measure.USED


def picked(
    *benefits: Benefit, codes: tuple[str, ...] = ("97124",), network: Network = Network.IN, **said: Any
) -> Picked:
    return pick(answer(*benefits, **said), Wanted(DAY, codes, network), ASKING)


def shown(*benefits: Benefit, **changes: Any) -> Benefits:
    return picked(*benefits, **changes).shown


def test_what_the_payer_does_not_say_is_no_data() -> None:
    found = shown(benefit("active", "30"))
    nothing = ("copay", "coinsurance", "deductible", "deductible_left", "out_of_pocket_left", "allowed", "used", "left",
               "covered", "referral")  # fmt: skip
    assert [getattr(found, name) for name in nothing] == [None] * len(nothing)
    assert (found.authorization, found.unlimited, found.provider_limits, found.other_coverage) == ((), False, (), ())


def copay(*types: str, dollars_: str, **changes: Any) -> Benefit:
    return benefit("copay", *types, **dollars(dollars_), **changes)


def test_specific_beats_general() -> None:
    general, therapy = copay("30", dollars_="50"), copay("PT", dollars_="40")
    massage, code = copay("BE", dollars_="30"), copay(dollars_="20", procedure="97124")
    assert shown(general).copay == 50
    assert shown(general, therapy).copay == 40
    assert shown(general, therapy, massage).copay == 30
    assert shown(general, therapy, massage, code).copay == 20
    assert shown(general, replace(code, procedure="97999")).copay == 50


def test_individual_beats_family_and_the_therapists_network_counts() -> None:
    family = benefit("deductible", "30", level="family", **dollars("3000", LEFT))
    own = benefit("deductible", "30", level="individual", **dollars("400", LEFT))
    out = replace(own, network=Network.OUT, amount=Decimal(900))
    assert shown(family, own, out).deductible_left == 400
    assert shown(family, own, out, network=Network.OUT).deductible_left == 900


def test_where_the_network_is_unknown_figures_that_differ_are_none_and_both_are_options() -> None:
    inside, outside = copay("BE", dollars_="30"), copay("BE", dollars_="60", network=Network.OUT)
    found = picked(inside, outside, network=Network.NO_DATA)
    assert (found.shown.copay, found.shown.network) == (None, Network.NO_DATA)
    assert {one.copay for one in found.options} == {30, 60}
    same = picked(inside, replace(outside, amount=Decimal(30)), network=Network.NO_DATA)
    assert same.shown.copay == 30


def test_two_figures_of_the_same_weight_are_a_range_and_no_figure() -> None:
    found = picked(copay("BE", dollars_="20"), copay("BE", dollars_="45"))
    assert found.shown.copay is None
    assert {one.copay for one in found.options} == {20, 45}


def test_what_is_left_is_reckoned_only_from_figures_that_are_both_said() -> None:
    whole, used = benefit("deductible", "30", **dollars("1000")), benefit("deductible", "30", **dollars("250", USED))
    assert shown(whole).deductible_left is None
    assert shown(used).deductible_left is None
    assert shown(whole, used).deductible_left == 750
    family = replace(whole, level="family")
    assert shown(family, used).deductible_left is None


def test_a_deductible_that_is_overpaid_is_none_left() -> None:
    assert shown(benefit("deductible", "30", **dollars("-5", LEFT))).deductible_left == 0


def test_a_plan_that_is_not_in_force_and_dates_that_are_over_do_not_count() -> None:
    plans = (Plan("Old", None, Standing.NOT_IN_FORCE), Plan("New", None, Standing.IN_FORCE))
    assert shown(copay("BE", dollars_="20", plan="Old"), plans=plans).copay is None
    last_year = (Span("292", date(2025, 1, 1), date(2025, 12, 31)),)
    assert shown(copay("BE", dollars_="20", spans=last_year)).copay is None
    this_year = (Span("292", date(2026, 1, 1), date(2026, 12, 31)), Span("304", date(2025, 3, 1), date(2025, 3, 1)))
    assert shown(copay("BE", dollars_="20", spans=this_year)).copay == 20


# --- limits ---------------------------------------------------------------------------------------------------------


def limit(*types: str, **changes: Any) -> Benefit:
    return benefit("limit", *types, **changes)


def test_of_several_periods_of_a_limit_the_one_that_holds_is_enough() -> None:
    years = [Span("292", date(year, 1, 1), date(year, 12, 31)) for year in (2025, 2026)]
    assert shown(limit("BE", counts=visits(20, 12, 8), spans=tuple(years))).left == 8
    assert shown(limit("BE", counts=visits(20, 12, 8), spans=tuple(years[::-1]))).left == 8, "in whichever order"
    assert shown(limit("BE", counts=visits(20, 12, 8), spans=tuple(years[:1]))).left is None


@pytest.mark.parametrize(
    ("start", "end", "left"),
    [
        (DAY, None, 8),
        (None, DAY, 8),
        (DAY, DAY, 8),
        (None, date(2026, 11, 17), None),
        (date(2026, 11, 19), None, None),
    ],
)
def test_the_first_and_the_last_day_of_a_benefit_are_in_it(
    start: date | None, end: date | None, left: int | None
) -> None:
    assert shown(limit("BE", counts=visits(20, 12, 8), spans=(Span("292", start, end),))).left == left


def test_a_limit_of_visits_with_what_is_used_and_left() -> None:
    found = shown(limit("BE", counts=visits(20, 12, 8)))
    assert (found.allowed, found.used, found.left, found.unit) == (20, 12, 8, CountUnit.VISITS)
    assert (found.period, found.shared) == ("calendar-year", False)


def test_allowed_and_used_give_what_is_left_and_allowed_alone_does_not() -> None:
    assert shown(limit("BE", counts=visits(20, 12))).left == 8
    assert shown(limit("BE", counts=visits(20))).left is None
    assert shown(limit("BE", counts=visits(None, 12))).left is None


def test_several_segments_make_one_limit() -> None:
    found = shown(limit("BE", counts=visits(20)), limit("BE", counts=visits(None, None, 5, period="")))
    assert (found.allowed, found.left, found.period) == (20, 5, "calendar-year")


def test_visits_of_the_individual_count_before_those_of_the_family() -> None:
    family = limit("BE", counts=visits(60, 20, 40), level="family")
    found = shown(limit("BE", counts=visits(20, 20, 0), level="individual"), family)
    assert (found.allowed, found.used, found.left) == (20, 20, 0)
    assert shown(family).left == 40


@pytest.mark.parametrize("used", [(20, "year-to-date"), (20, "")])
def test_what_is_used_of_the_year_to_date_is_used_of_the_years_limit(used: Any) -> None:
    found = shown(limit("BE", counts=visits(20)), limit("BE", counts=visits(None, used[0], period=used[1])))
    assert (found.allowed, found.used, found.left, found.period) == (20, 20, 0, "calendar-year")


def test_a_quantity_used_that_does_not_say_of_what_is_of_the_limits_unit() -> None:
    used = Count(Decimal(12), CountUnit.NO_DATA, Measure.USED, "year-to-date")
    found = shown(limit("BE", counts=visits(20)), limit("BE", counts=(used,)))
    assert (found.used, found.left, found.unit) == (12, 8, CountUnit.VISITS)


def test_units_that_are_used_up_are_told_before_visits_that_are_not() -> None:
    units = limit("BE", counts=visits(60, 60, 0, unit=CountUnit.UNITS))
    found = shown(limit("BE", counts=visits(20, 5, 15)), units)
    assert (found.left, found.unit) == (0, CountUnit.UNITS)


@pytest.mark.parametrize(("code", "massage"), [(0, 10), (10, 0)])
def test_a_limit_of_a_code_and_that_of_massage_both_bind(code: int, massage: int) -> None:
    found = shown(
        limit(procedure="97124", counts=visits(None, None, code)), limit("BE", counts=visits(20, None, massage))
    )
    assert found.left == 0


def test_dollars_that_are_used_up_are_none_left() -> None:
    allowed, used = limit("BE", **dollars("500", Measure.ALLOWED)), limit("BE", **dollars("480", Measure.USED))
    assert picked(allowed, used).dollars_left == 20
    assert picked(allowed).dollars_left is None
    assert picked(limit("BE", **dollars("500", LEFT)), limit("BE", **dollars("300", LEFT))).dollars_left == 300
    assert picked(allowed, used, limit("BE", **dollars("450", USED))).dollars_left == 20, "the most that is used"
    assert picked(allowed, limit("BE", **dollars("490", Measure.ALLOWED)), used).dollars_left == 10
    overdrawn = picked(allowed, limit("BE", **dollars("650", USED)))
    assert (overdrawn.dollars_left, overdrawn.dollars_used_up) == (0, (True,))
    assert picked(limit("BE", period="visit", **dollars("60", Measure.ALLOWED)), used).dollars_left is None


@pytest.mark.parametrize(
    ("one", "shared"),
    [
        (limit("BE", counts=visits(20)), False),
        (limit("PT", counts=visits(20)), True),
        (limit("BE", "PT", counts=visits(20)), True),
        (limit("BE", counts=visits(20), messages=("COMBINED WITH CHIROPRACTIC",)), True),
        (limit(procedure="97124", counts=visits(20)), False),
    ],
)
def test_a_limit_that_other_therapies_count_in_is_shared(one: Benefit, shared: bool) -> None:
    assert shown(one).shared is shared


def test_so_many_a_day_is_no_limit_that_is_used_up() -> None:
    found = picked(limit("BE", counts=visits(1, period="day")))
    assert (found.shown.allowed, found.limit_in_words) == (None, False)
    assert [rate.quantity for rate in found.rates] == [1]


def test_a_limit_in_words_only_is_said_to_be_one_and_not_guessed() -> None:
    found = picked(limit("BE", messages=("20 VISITS PER CALENDAR YEAR",)))
    assert (found.shown.allowed, found.shown.left, found.limit_in_words) == (None, None, True)
    assert found.shown.texts == ("20 VISITS PER CALENDAR YEAR",)


@pytest.mark.parametrize("kind", ["active", "description", "limit"])
def test_words_that_may_limit_visits_have_to_be_read_whatever_they_stand_with(kind: str) -> None:
    text = "MASSAGE LIMITED TO 12 VISITS A YEAR WHEN MEDICALLY NECESSARY"
    assert picked(benefit(kind, "BE", messages=(text,))).limit_in_words
    assert picked(benefit(kind, "30", messages=(text,))).limit_in_words is (kind == "limit")
    assert not picked(benefit(kind, "BE", messages=(text,), counts=visits(12))).limit_in_words
    assert not picked(benefit("copay", "BE", messages=(text,), **dollars("20"))).limit_in_words


def test_so_many_in_twelve_months_is_a_limit_that_is_used_up() -> None:
    year = Count(Decimal(30), CountUnit.VISITS, Measure.ALLOWED, "month", 12)
    found = picked(limit("BE", counts=(year,)), limit("BE", counts=visits(None, 10, None, period="year-to-date")))
    assert (found.shown.allowed, found.shown.left, found.shown.period, found.rates) == (30, 20, "12 months", ())
    assert picked(limit("BE", counts=(replace(year, periods=1),))).rates[0].quantity == 30


def test_a_number_of_nobody_knows_what_is_a_limit_in_words() -> None:
    counts = (Count(Decimal(20), CountUnit.NO_DATA, Measure.ALLOWED),)
    assert picked(limit("BE", counts=counts)).limit_in_words


def test_unlimited_counts_only_where_it_is_said_of_massage_and_no_limit_is() -> None:
    assert shown(benefit("unlimited", "BE")).unlimited
    assert not shown(benefit("unlimited", "30")).unlimited
    assert not shown(benefit("unlimited", "BE"), limit("BE", counts=visits(20))).unlimited
    assert shown(benefit("unlimited", "BE"), limit("PT", counts=visits(20))).unlimited


def test_dollars_that_are_left_of_a_limit_are_no_visits() -> None:
    found = picked(limit("BE", **dollars("500", LEFT)))
    assert (found.shown.left, found.dollars_left, found.limit_in_words) == (None, 500, False)


# --- whether --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("benefits", "covered"),
    [
        ((), None),
        ((benefit("active", "30"),), None),
        ((benefit("active", "PT"),), None),
        ((benefit("active", "BE"),), True),
        ((benefit("copay", "BE", **dollars("20")),), True),
        ((benefit("not-covered", "BE"),), False),
        ((benefit("active", "30"), benefit("inactive", "BE")), False),
        ((benefit("not-covered", "PT"),), None),
        ((benefit("not-covered", procedure="97124"), benefit("active", "BE")), False),
        ((benefit("active", procedure="97124"), benefit("not-covered", "BE")), True),
        ((benefit("cannot-process", "BE"),), None),
        ((benefit("active", "BE"), benefit("not-covered", "BE")), None),
    ],
)
def test_only_what_is_said_of_massage_tells_whether_it_is_covered(benefits: Any, covered: bool | None) -> None:
    assert shown(*benefits).covered is covered


@pytest.mark.parametrize("kind", ["description", "limit", "restricted"])
def test_words_alone_never_say_that_massage_is_covered(kind: str) -> None:
    assert shown(benefit(kind, "BE", messages=("MASSAGE THERAPY IS NOT A COVERED BENEFIT",))).covered is None
    assert shown(benefit(kind, "BE", messages=("SEE THE HANDBOOK",))).covered is None
    assert shown(benefit(kind, "BE", counts=visits(0))).covered is None
    assert shown(benefit(kind, "BE", counts=visits(20))).covered is True
    assert shown(benefit(kind, "BE", **dollars("500"))).covered is True


@pytest.mark.parametrize(
    ("text", "may_deny"),
    [("MASSAGE THERAPY IS NOT A COVERED BENEFIT", True), ("Non-Covered Service", True), ("SERVICE EXCLUDED", True),
     ("NOT COVERED", True), ("NO BENEFIT FOR MASSAGE", True), ("COVERED WHEN MEDICALLY NECESSARY", False)],
)  # fmt: skip
def test_words_that_may_say_that_massage_is_not_covered_are_never_a_yes(text: str, may_deny: bool) -> None:
    found = picked(benefit("active", "BE", messages=(text,)), copay("BE", dollars_="20"))
    assert (found.shown.covered, found.not_covered_in_words) == (None if may_deny else True, may_deny)
    general = picked(benefit("active", "BE"), benefit("active", "30", messages=(text,)))
    assert (general.shown.covered, general.not_covered_in_words) == (True, False)
    plain = picked(benefit("not-covered", "BE", messages=(text,)))
    assert (plain.shown.covered, plain.not_covered_in_words) == (False, False)


def test_both_said_of_massage_is_a_contradiction_and_not_a_yes() -> None:
    assert picked(benefit("active", "BE"), benefit("not-covered", "BE")).contradicted
    assert not picked(benefit("active", "BE"), benefit("not-covered", "BE", network=Network.OUT)).contradicted


def test_of_several_codes_one_that_is_not_covered_is_named() -> None:
    both = (benefit("active", procedure="97124"), benefit("not-covered", procedure="97140"))
    found = picked(*both, codes=("97124", "97140"))
    assert (found.shown.covered, found.codes_not_covered) == (True, ("97140",))


def authorization(needed: bool | None, *types: str, **changes: Any) -> Benefit:
    return benefit("active", *types, authorization=needed, **changes)


def test_authorization_is_told_by_code_and_by_the_most_specific_service() -> None:
    code = authorization(True, procedure="97124")
    found = shown(code, authorization(False, "BE"), authorization(True, "30"))
    assert found.authorization == (("97124", True), ("BE", False))


def test_an_authorization_needed_in_one_network_is_needed_where_the_network_is_unknown() -> None:
    needed, none = benefit("active", "BE", authorization=True), benefit("active", "BE", authorization=False)
    in_, out = replace(needed, network=Network.IN), replace(none, network=Network.OUT)
    for some in ((in_, out), (replace(none, network=Network.IN), replace(needed, network=Network.OUT))):
        assert picked(*some, network=Network.NO_DATA).shown.authorization == (("BE", True),)
    assert picked(replace(none, network=Network.IN), network=Network.NO_DATA).shown.authorization == ()
    assert picked(in_, out, network=Network.OUT).shown.authorization == (("BE", False),)


def test_that_the_plan_at_large_needs_none_tells_nothing_of_massage() -> None:
    assert shown(authorization(False, "30")).authorization == ()
    assert shown(authorization(True, "30")).authorization == (("30", True),)
    assert shown(authorization(None, "BE")).authorization == ()


@pytest.mark.parametrize(
    ("text", "needed"),
    [("PCP REFERRAL REQUIRED", True), ("No referral required.", False), ("Referral is not required", False),
     ("call us about referrals", None), ("NO PCP REFERRAL REQUIRED", False),
     ("NO PRIOR AUTHORIZATION OR REFERRAL REQUIRED", False), ("REFERRAL REQUIRED: NO", None),
     ("REFERRAL REQUIRED - N", None), ("REFERRAL REQUIRED: NONE", None), ("REFERRAL REQUIRED: NOTE NPI OF PCP", True),
     ("NO REFERRAL REQUIRED FOR PCP; SPECIALIST REFERRAL REQUIRED", None)],
)  # fmt: skip
def test_a_referral_is_told_in_words_only(text: str, needed: bool | None) -> None:
    assert shown(benefit("active", "BE", messages=(text,))).referral is needed


def test_two_texts_that_contradict_each_other_tell_nothing_of_a_referral() -> None:
    both = ("REFERRAL REQUIRED", "NO REFERRAL REQUIRED")
    assert shown(benefit("active", "BE", messages=both)).referral is None


def test_restrictions_and_texts_about_providers_are_kept_word_for_word() -> None:
    only = benefit("restricted", "BE", entities=(Entity("1P", taxonomy="225100000X"),), messages=("PT ONLY",))
    text = benefit("active", "BE", messages=("Must be performed by a Licensed Therapist",))
    found = picked(only, text)
    assert found.shown.provider_limits == ("225100000X", "PT ONLY", "Must be performed by a Licensed Therapist")
    assert found.restrictions == only.entities


def test_another_payer_for_teeth_is_no_other_payer_here() -> None:
    teeth = benefit("other-payer", "35", entities=(Entity("PRP", "Teeth Inc"),))
    assert shown(teeth).other_coverage == ()
    assert shown(replace(teeth, service_types=("30",))).other_coverage == ("Teeth Inc",)


# --- properties -----------------------------------------------------------------------------------------------------

KINDS = [kind for kind in BenefitKind if kind is not BenefitKind.OTHER]
money = st.none() | st.sampled_from([Decimal(n) for n in (0, 20, 35, 400)])
shares = st.none() | st.sampled_from([Decimal("0"), Decimal("0.2")])
count_of = st.builds(
    Count, st.sampled_from([Decimal(n) for n in (0, 3, 20)]), st.sampled_from(CountUnit), st.sampled_from(Measure),
    st.sampled_from(["", "calendar-year", "lifetime", "day"]),
)  # fmt: skip
benefits = st.builds(
    Benefit, st.sampled_from(KINDS), st.just(""), st.sampled_from([(), ("BE",), ("PT",), ("BE", "PT"), ("30",)]),
    st.sampled_from([None, None, None, "97124", "97999"]), level=st.sampled_from(["", "individual", "family"]),
    network=st.sampled_from(Network), authorization=st.sampled_from([None, True, False]),
    amount=money, share=shares, measure=st.sampled_from(Measure), counts=st.lists(count_of, max_size=2).map(tuple),
    messages=st.sampled_from([(), ("REFERRAL REQUIRED",), ("NO REFERRAL REQUIRED",), ("COMBINED WITH PT",)]),
)  # fmt: skip
several = st.lists(benefits, max_size=6)
networks = st.sampled_from([Network.IN, Network.OUT, Network.NO_DATA])
unrelated = st.sampled_from([("35",), ("88",), ("AL", "MH")])
MANY = settings(max_examples=120, deadline=None)


@MANY
@given(several, networks, st.randoms(use_true_random=False))
def test_the_order_of_benefits_does_not_matter(some: list[Benefit], network: Network, random: Any) -> None:
    mixed = list(some)
    random.shuffle(mixed)
    assert picked(*some, network=network) == picked(*mixed, network=network)


@MANY
@given(several, benefits, unrelated, st.integers(0, 6), networks)
def test_a_benefit_of_another_service_never_changes_what_is_picked(
    some: list[Benefit], other: Benefit, types: tuple[str, ...], place: int, network: Network
) -> None:
    alien = replace(other, service_types=types, procedure=None)
    with_it = [*some[:place], alien, *some[place:]]
    assert picked(*some, network=network) == picked(*with_it, network=network)


@MANY
@given(several, networks)
def test_every_figure_is_one_that_the_payer_said_or_the_difference_of_two(
    some: list[Benefit], network: Network
) -> None:
    amounts = {one.amount for one in some if one.amount is not None}
    shares_ = {one.share for one in some if one.share is not None}
    numbers = {count.quantity for one in some for count in one.counts}
    for found in (picked(*some, network=network).shown, *picked(*some, network=network).options):
        for name in ("copay", "deductible"):
            assert getattr(found, name) in {None, *amounts}
        for name in ("deductible_left", "out_of_pocket_left"):
            assert getattr(found, name) in {None, *amounts, *(max(a - b, Decimal(0)) for a in amounts for b in amounts)}
        assert found.coinsurance in {None, *shares_}
        assert {found.allowed, found.used} <= {None, *numbers}
        assert found.left in {None, *numbers, *(max(a - b, Decimal(0)) for a in numbers for b in numbers)}
        assert found.unlimited is False or any(one.kind is BenefitKind.UNLIMITED for one in some)
        told = {one.authorization for one in some}
        assert {needed for _, needed in found.authorization} <= told


@MANY
@given(networks, st.sampled_from(Standing))
def test_an_answer_without_benefits_has_no_figure_at_all(network: Network, standing: Standing) -> None:
    found = picked(network=network, standing=standing).shown
    said = {"standing", "network"}
    empty = Benefits(standing=standing)
    assert all(getattr(found, f.name) == getattr(empty, f.name) for f in fields(Benefits) if f.name not in said)
