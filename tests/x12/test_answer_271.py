"""Reading a 271: what a payer says in any of the ways payers say it, and nothing that it does not say."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from massage_billing.errors import PayerAnswerUnreadable
from massage_billing.model import (
    AnswerKind,
    BenefitKind,
    Corrected,
    Count,
    CountUnit,
    Entity,
    Measure,
    Network,
    Person,
    Rejection,
    Span,
    Standing,
)
from massage_billing.x12.answer_271 import read_271
from massage_billing.x12.patient import Trace
from x12_files import (
    FAMILY,
    ON,
    ORIGINATOR,
    PAYER,
    RECEIVER,
    SUBSCRIBER,
    TRACE,
    answer,
    answered,
    benefit,
    file_of,
    interchange,
    question,
    transaction,
)

BEN = Person("Patient/2", "Rivers", "Ben", birth_date=date(2015, 2, 3), gender="M")
IN, OUT, SILENT = Standing.IN_FORCE, Standing.NOT_IN_FORCE, Standing.NO_DATA


# ---- whether coverage is in force


@pytest.mark.parametrize(
    ("segments", "standing"),
    [
        (("EB*1**30",), IN),
        (("EB*5*IND*30*HM*GOLD",), IN),
        (("EB*1",), IN),
        (("EB*6**30",), OUT),
        (("EB*7**30",), OUT),
        (("EB*8**30",), OUT),
        (("EB*1**30", "DTP*347*D8*20261119"), OUT),
        (("EB*1**30", "DTP*347*D8*20261120"), IN),
        (("EB*1**30", "DTP*357*D8*20261113"), OUT),
        (("EB*1**30", "DTP*349*D8*20261113"), OUT),
        (("EB*1**30", "DTP*346*D8*20261121"), OUT),
        (("EB*1**30", "DTP*356*D8*20261120"), IN),
        (("EB*1**30", "DTP*348*D8*20270101"), OUT),
        (("EB*1**30", "DTP*291*RD8*20250101-20251231"), OUT),
        (("EB*1**30", "DTP*291*RD8*20260101-20261231"), IN),
        (("EB*1**30", "DTP*291*RD8*2025010120251231"), OUT),
        (("EB*1**30", "DTP*347*D8*2025-12-31"), OUT),
        (("EB*1**30", "DTP*291*RD8*2025-01-01-2025-12-31"), OUT),
        (("EB*1**30", "DTP*307*RD8*20270101-20271231"), OUT),
        (("EB*1**30", "DTP*472*RD8*20260101-20260630"), OUT),
        (("EB*1**30", "DTP*291*D8*20200101"), IN),
        (("EB*1**30", "DTP*291*D8*20270101"), OUT),
        (("EB*1**30", "DTP*472*D8*20261201"), IN),
        (("EB*1**30", "DTP*291*D8*20261332"), IN),
        (("EB*1**30", "DTP*636*D8*20270101"), IN),
        (("EB*1**30", "DTP*292*RD8*20250101-20251231", "DTP*292*RD8*20260101-20261231"), IN),
        (("EB*1**BE",), IN),
        (("EB*1**98^PT", "EB*6**BE"), IN),
        (("EB*6**BE",), OUT),
        (("EB*6**35",), SILENT),
        (("EB*1**35",), SILENT),
        (("EB*6**33",), SILENT),
        (("EB*1******23*100", "EB*6**BE"), IN),
        (("EB*6**30", "EB*1**BE"), OUT),
        (("EB*1************HC:97124", "EB*6**30"), OUT),
        (("EB*1************HC:97110::::::97140", "EB*6**30"), OUT),
        (("EB*6************HC:97110::::::97140",), SILENT),
        (("EB*1*IND**HM*GOLD*******Y*HC:97124",), IN),
        (("EB*1*IND**HM*GOLD*******Y*HC:97110::::::97140",), IN),
        (("EB*1*IND**HM*GOLD*******Y*HC:97124", "DTP*347*D8*20261031"), OUT),
        (("EB*6*IND**HM*GOLD*******Y*HC:97124",), SILENT),
        (("EB*1**BE", "EB*6************HC:97124"), IN),
        (("EB*V**30",), SILENT),
        (("EB*B**BE****20",), SILENT),
        (("EB*I**BE",), SILENT),
        (("EB*U**30",), SILENT),
        ((), SILENT),
    ],
)
def test_coverage_is_in_force_as_the_payer_says(segments: tuple[str, ...], standing: Standing) -> None:
    assert answer(*segments).standing is standing


@pytest.mark.parametrize(
    ("dates", "standing", "start", "end"),
    [
        (("DTP*346*D8*20260101",), IN, date(2026, 1, 1), None),
        (("DTP*346*D8*20250101", "DTP*347*D8*20251231"), OUT, date(2025, 1, 1), date(2025, 12, 31)),
        (("DTP*291*RD8*20260101-20261231",), IN, date(2026, 1, 1), date(2026, 12, 31)),
        (("DTP*356*D8*20180101", "DTP*346*D8*20260101"), IN, date(2026, 1, 1), None),
        (("DTP*291*D8*20261120",), IN, None, None),
        (("DTP*291*RD8*20261120-20261120",), IN, None, None),
        (("DTP*442*D8*20260101",), IN, None, None),
    ],
)
def test_dates_of_the_patient_hold_for_every_plan(
    dates: tuple[str, ...], standing: Standing, start: date | None, end: date | None
) -> None:
    found = answer("EB*1**30**GOLD", patient=(*SUBSCRIBER, *dates))
    assert (found.standing, found.start, found.end) == (standing, start, end)


def test_dates_of_a_benefit_outrank_those_of_the_patient() -> None:
    patient = (*SUBSCRIBER, "DTP*291*RD8*20250101-20251231")
    found = answer("EB*1**30**GOLD", "DTP*346*D8*20260101", patient=patient)
    assert (found.standing, found.start, found.end) == (IN, date(2026, 1, 1), None)


def test_dates_alone_can_say_no_and_never_yes() -> None:
    ended = answer("EB*B**BE****20", patient=(*SUBSCRIBER, "DTP*347*D8*20251231"))
    running = answer("EB*B**BE****20", patient=(*SUBSCRIBER, "DTP*346*D8*20260101"))
    assert (ended.standing, running.standing) == (OUT, SILENT)


@pytest.mark.parametrize(
    ("date_", "standing"),
    [
        ("DTP*347*D8*20261120", SILENT),  # the last day is a day of coverage
        ("DTP*347*D8*20261119", OUT),
        ("DTP*346*D8*20261120", SILENT),
        ("DTP*346*D8*20261121", OUT),
    ],
)
def test_dates_alone_say_no_only_of_days_outside_them(date_: str, standing: Standing) -> None:
    assert answer("EB*B**BE****20", patient=(*SUBSCRIBER, date_)).standing is standing


@pytest.mark.parametrize(
    ("periods", "start", "end"),
    [
        (("20250101-20251119", "20261120-20261231"), date(2026, 11, 20), date(2026, 12, 31)),
        (("20261121-20271231", "20260101-20261120"), date(2026, 1, 1), date(2026, 11, 20)),
    ],
)
def test_of_several_periods_the_one_that_begins_or_ends_on_the_day_holds_it(
    periods: tuple[str, ...], start: date, end: date
) -> None:
    found = answer("EB*1**30**GOLD", *(f"DTP*291*RD8*{period}" for period in periods))
    assert (found.standing, found.start, found.end) == (IN, start, end)


def test_of_several_ends_the_earliest_counts() -> None:
    found = answer("EB*1**30**GOLD", "DTP*347*D8*20261231", "DTP*357*D8*20261119")
    assert (found.standing, found.end) == (OUT, date(2026, 11, 19))


@pytest.mark.parametrize(
    ("benefit", "patient", "start", "end"),
    [  # one day is a period: where the one begins as the other ends, both belong together
        ("DTP*347*D8*20261231", "DTP*346*D8*20261231", date(2026, 12, 31), date(2026, 12, 31)),
        ("DTP*347*D8*20261230", "DTP*346*D8*20261231", None, date(2026, 12, 30)),
        ("DTP*346*D8*20260101", "DTP*347*D8*20260101", date(2026, 1, 1), date(2026, 1, 1)),
        ("DTP*346*D8*20260102", "DTP*347*D8*20260101", date(2026, 1, 2), None),
    ],
)
def test_a_date_of_the_patient_completes_a_benefits_where_both_can_be_of_one_period(
    benefit: str, patient: str, start: date | None, end: date | None
) -> None:
    found = answer("EB*1**30**GOLD", benefit, patient=(*SUBSCRIBER, patient))
    assert (found.start, found.end) == (start, end)


def test_of_several_plans_each_has_its_standing_and_one_is_enough() -> None:
    found = answer(
        "EB*6**30**OLD PLAN", "DTP*347*D8*20251231", "REF*18*P1",
        "EB*1**30**NEW PLAN", "DTP*346*D8*20260101", "REF*6P*G2",
        "EB*1**30*MA", "DTP*346*D8*20270101",
    )  # fmt: skip
    assert [(plan.name, plan.number, plan.standing) for plan in found.plans] == [
        ("OLD PLAN", "P1", OUT), ("NEW PLAN", "G2", IN), ("type:MA", None, OUT),
    ]  # fmt: skip
    assert (found.standing, found.start) == (IN, date(2026, 1, 1))


def test_one_plan_told_of_twice_is_one_plan_with_the_dates_it_has() -> None:
    found = answer("EB*1*IND*30**GOLD", "DTP*347*D8*20261031", "EB*1*FAM*30**GOLD", "EB*1**30")
    assert [(plan.name, plan.standing, plan.end) for plan in found.plans] == [("GOLD", OUT, date(2026, 10, 31))]
    assert found.standing is OUT


def test_a_group_number_of_the_patient_is_the_plans() -> None:
    found = answer("EB*1**30**GOLD", patient=(*SUBSCRIBER, "REF*6P*G77"))
    assert found.plans[0].number == "G77"


# ---- benefits


def test_a_benefit_is_read_with_all_that_hangs_on_it() -> None:
    found = benefit(
        "EB*F*IND*BE^PT*HM*GOLD 500*23*1500*.2*VS*20*Y*N*HC:97124:GP:59",
        "HSD*VS*12*WK*3*34*1", "REF*G1*A1*AUTH", "DTP*292*RD8*20260101-20261231", "DTP*349*D8*20261231",
        "MSG*ONLY BY A LICENSED THERAPIST", "III*ZZ*11", "III*BK*M5450", "LS*2120",
        "NM1*1P*1*STONE*MARA****XX*1234567893", "N3*1 MAIN ST*SUITE 2", "N4*DENVER*CO*80202",
        "PER*IC*DESK*TE*3035550100*UR*https://example.org", "PRV*PE*PXC*225700000X", "NM1*PR*2*OTHER HEALTH*****PI*OH1",
        "LE*2120", "ZZZ*UNKNOWN",
    )  # fmt: skip
    assert (found.kind, found.code, found.level) == (BenefitKind.LIMIT, "F", "individual")
    assert (found.service_types, found.procedure, found.modifiers) == (("BE", "PT"), "97124", ("GP", "59"))
    assert (found.plan, found.network, found.authorization) == ("GOLD 500", Network.OUT, True)
    assert (found.period, found.amount, found.share) == ("calendar-year", Decimal(1500), Decimal("0.2"))
    assert found.measure is Measure.ALLOWED
    assert found.counts == (
        Count(Decimal(20), CountUnit.VISITS, Measure.ALLOWED, "calendar-year", None, "VS*20"),
        Count(Decimal(12), CountUnit.VISITS, Measure.ALLOWED, "month", 1, "HSD*VS*12*WK*3*34*1"),
        Count(Decimal(3), CountUnit.VISITS, Measure.ALLOWED, "week", None, "HSD*VS*12*WK*3*34*1"),
    )
    assert found.spans == (
        Span("292", date(2026, 1, 1), date(2026, 12, 31)), Span("349", None, date(2026, 12, 31)),
    )  # fmt: skip
    assert found.messages == ("ONLY BY A LICENSED THERAPIST",)
    assert found.places == ("ZZ:11", "BK:M5450")
    assert found.references == (("G1", "A1"),)
    assert found.entities == (
        Entity("1P", "MARA STONE", (("XX", "1234567893"),), "225700000X",
               ("DESK", "TE:3035550100", "UR:https://example.org", "1 MAIN ST, SUITE 2, DENVER, CO, 80202")),
        Entity("PR", "OTHER HEALTH", (("PI", "OH1"),)),
    )  # fmt: skip
    assert len(found.said) == 17
    assert found.said[-1] == "ZZZ*UNKNOWN"


def test_what_is_not_said_is_no_data() -> None:
    found = benefit("EB*F**BE")
    assert (found.amount, found.share, found.authorization, found.procedure, found.plan) == (None,) * 5
    assert (found.network, found.counts, found.period, found.level) == (Network.NO_DATA, (), "", "")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("1", BenefitKind.ACTIVE), ("6", BenefitKind.INACTIVE), ("A", BenefitKind.COINSURANCE),
        ("B", BenefitKind.COPAY), ("C", BenefitKind.DEDUCTIBLE), ("D", BenefitKind.DESCRIPTION),
        ("E", BenefitKind.NOT_COVERED), ("F", BenefitKind.LIMIT), ("G", BenefitKind.OUT_OF_POCKET),
        ("H", BenefitKind.UNLIMITED),
        ("I", BenefitKind.NOT_COVERED),
        ("O", BenefitKind.NOT_COVERED), ("L", BenefitKind.PRIMARY_CARE), ("MC", BenefitKind.PRIMARY_CARE),
        ("N", BenefitKind.RESTRICTED), ("R", BenefitKind.OTHER_PAYER), ("U", BenefitKind.CONTACT),
        ("V", BenefitKind.CANNOT_PROCESS), ("CB", BenefitKind.OTHER), ("QQ", BenefitKind.OTHER),
        ("", BenefitKind.OTHER),
    ],
)  # fmt: skip
def test_each_code_of_a_benefit_has_its_kind_and_an_unknown_one_is_kept(code: str, kind: BenefitKind) -> None:
    found = benefit(f"EB*{code}**BE")
    assert (found.kind, found.code) == (kind, code)


@pytest.mark.parametrize(
    ("eb", "period", "measure"),
    [
        ("EB*C*IND*30***23*500", "calendar-year", Measure.ALLOWED),
        ("EB*C*IND*30***22*500", "service-year", Measure.ALLOWED),
        ("EB*C*IND*30***29*300", "", Measure.LEFT),
        ("EB*C*IND*30***24*200", "year-to-date", Measure.USED),
        ("EB*G*FAM*30***23*6000", "calendar-year", Measure.ALLOWED),
        ("EB*G*FAM*30***33*6000", "lifetime", Measure.LEFT),
        ("EB*F**BE***32*5000", "lifetime", Measure.ALLOWED),
        ("EB*F**BE****5000", "", Measure.ALLOWED),
        ("EB*C**BE****500", "", Measure.PLAIN),
        ("EB*C**BE***99*500", "99", Measure.PLAIN),
        ("EB*B**BE***27*25", "visit", Measure.PLAIN),
        ("EB*B**BE***23*25", "calendar-year", Measure.PLAIN),
    ],
)
def test_an_amount_is_on_the_side_that_its_period_says(eb: str, period: str, measure: Measure) -> None:
    found = benefit(eb)
    assert (found.period, found.measure) == (period, measure)
    assert found.amount is not None


@pytest.mark.parametrize(
    ("segments", "count"),
    [
        (("EB*F**BE***29***VS*12",), (12, CountUnit.VISITS, Measure.LEFT, "")),
        (("EB*F**BE***24***VS*8",), (8, CountUnit.VISITS, Measure.USED, "year-to-date")),
        (("EB*F**BE***23***VS*20",), (20, CountUnit.VISITS, Measure.ALLOWED, "calendar-year")),
        (("EB*F**BE***23***P6*40",), (40, CountUnit.UNITS, Measure.ALLOWED, "calendar-year")),
        (("EB*F**BE***27***FL*4",), (4, CountUnit.UNITS, Measure.ALLOWED, "visit")),
        (("EB*F**BE***23***HS*10",), (10, CountUnit.HOURS, Measure.ALLOWED, "calendar-year")),
        (("EB*F**BE***23***99*7",), (7, CountUnit.NO_DATA, Measure.USED, "calendar-year")),
        (("EB*F**BE***23***QA*7",), (7, CountUnit.NO_DATA, Measure.ALLOWED, "calendar-year")),
        (("EB*F**BE***23***XX*7",), (7, CountUnit.NO_DATA, Measure.ALLOWED, "calendar-year")),
        (("EB*F**BE***23****7",), (7, CountUnit.NO_DATA, Measure.ALLOWED, "calendar-year")),
        (("EB*F**BE******VS*20",), (20, CountUnit.VISITS, Measure.ALLOWED, "")),
        (("EB*1**BE***23***VS*20",), (20, CountUnit.VISITS, Measure.ALLOWED, "calendar-year")),
        (("EB*1**BE******VS*20",), (20, CountUnit.VISITS, Measure.PLAIN, "")),
        (("EB*B**BE***23*25**VS*20",), (20, CountUnit.VISITS, Measure.PLAIN, "calendar-year")),
        (("EB*F**BE", "HSD*VS*30***22*1"), (30, CountUnit.VISITS, Measure.ALLOWED, "service-year")),
        (("EB*F**BE", "HSD*VS*12***29"), (12, CountUnit.VISITS, Measure.LEFT, "")),
        (("EB*F**BE***29", "HSD*VS*12"), (12, CountUnit.VISITS, Measure.LEFT, "")),
        (("EB*F**BE***29", "HSD*VS*12***23*1"), (12, CountUnit.VISITS, Measure.LEFT, "calendar-year")),
        (("EB*F**BE***29*500", "HSD*VS*12***23*1"), (12, CountUnit.VISITS, Measure.ALLOWED, "calendar-year")),
        (("EB*F**BE", "HSD*FL*4***7"), (4, CountUnit.UNITS, Measure.ALLOWED, "day")),
        (("EB*F**BE", "HSD*VS*1*DA"), (1, CountUnit.VISITS, Measure.ALLOWED, "day")),
        (("EB*F**BE***23", "HSD*VS*1*DA"), (1, CountUnit.VISITS, Measure.ALLOWED, "day")),
        (("EB*F**BE***29", "HSD*VS*1*DA"), (1, CountUnit.VISITS, Measure.ALLOWED, "day")),
        (("EB*B**BE***23*25", "HSD*VS*1*DA"), (1, CountUnit.VISITS, Measure.PLAIN, "day")),
        (("EB*F**BE", "HSD***WK"), None),
        (("EB*F**BE***23***S7*18",), None),
        (("EB*F**BE***23***VS*MANY",), None),
        (("EB*F**BE***23***VS*0",), (0, CountUnit.VISITS, Measure.ALLOWED, "calendar-year")),
    ],
)
def test_a_number_of_visits_is_read_with_unit_side_and_period(segments: tuple[str, ...], count: Any) -> None:
    found = benefit(*segments).counts
    told = [(int(one.quantity), one.unit, one.measure, one.period) for one in found]
    assert told == ([count] if count else [])


@pytest.mark.parametrize("period", ["", "23", "29", "24"])
def test_how_many_a_day_is_never_a_limit_over_the_year_or_what_is_left_of_it(period: str) -> None:
    found = benefit(f"EB*F*IND*BE***{period}", "HSD*VS*1*DA*1").counts
    assert [(int(one.quantity), one.measure, one.period) for one in found] == [
        (1, Measure.PLAIN, ""), (1, Measure.ALLOWED, "day"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sent", "share"),
    [(".2", "0.2"), ("0.2", "0.2"), ("0", "0"), ("1", "1"), ("20", "0.2"), ("12.5", "0.125"), ("100", "1")],
)
def test_a_share_is_a_fraction_and_above_one_it_is_percent(sent: str, share: str) -> None:
    found = answered(f"EB*A**BE*****{sent}")
    assert found.answer.benefits[0].share == Decimal(share)
    percent = Decimal(sent) > 1
    assert any(one.code == "share-as-percent" for one in found.oddities) is percent


@pytest.mark.parametrize("sent", ["120", "-1", "20%", "x", "NaN", "1e5", "Infinity"])
def test_a_share_or_amount_that_is_no_number_is_no_data_and_told(sent: str) -> None:
    found = answered(f"EB*A**BE*****{sent}")
    assert found.answer.benefits[0].share is None
    assert any(one.code == "number-unreadable" for one in found.oddities)
    assert sent in found.answer.benefits[0].said[0]


@pytest.mark.parametrize(
    ("sent", "network"),
    [("Y", Network.IN), ("N", Network.OUT), ("W", Network.BOTH), ("U", Network.NO_DATA), ("", Network.NO_DATA)],
)
def test_the_network_is_as_sent(sent: str, network: Network) -> None:
    assert benefit(f"EB*B**BE****20*****{sent}").network is network


@pytest.mark.parametrize(("sent", "needed"), [("Y", True), ("N", False), ("U", None), ("", None), ("?", None)])
def test_whether_authorization_is_needed_is_yes_no_or_no_data(sent: str, needed: bool | None) -> None:
    assert benefit(f"EB*1**BE********{sent}").authorization is needed


def test_a_code_without_service_type_and_one_of_another_list_are_read() -> None:
    assert (benefit("EB*F**********Y**HC:97140").procedure, benefit("EB*F**********Y**HC:97140").service_types) == (
        "97140",
        (),
    )
    found = benefit("EB*F***********Y*ZZ:LOCAL1")
    assert (found.procedure, found.references) == (None, (("ZZ", "LOCAL1"),))


def test_a_range_of_codes_is_not_its_first_code() -> None:
    found = benefit("EB*F*IND*BE*HM*GOLD*23***VS*20**Y*HC:97110:GP:::::97140")
    assert (found.procedure, found.modifiers, found.references) == (None, ("GP",), (("HC", "97110-97140"),))
    one = benefit("EB*E*IND*BE********Y**HC:97124::::::97124")
    assert (one.procedure, one.references) == ("97124", ())


def test_a_place_without_ls_and_an_entity_without_ls_are_read() -> None:
    found = benefit("EB*1**BE", "III*ZZ*11", "NM1*1P*2*CLINIC", "PER*IC**TE*3035550100")
    assert found.places == ("ZZ:11",)
    assert found.entities == (Entity("1P", "CLINIC", contacts=("TE:3035550100",)),)


def test_texts_stay_word_for_word() -> None:
    found = answer("MSG*PLAN YEAR IS  JULY", "EB*1**BE", "MSG*20 VISITS, THEN * REVIEW*", "MSG* leading and   inner")
    assert found.messages == ("PLAN YEAR IS  JULY",)
    assert found.benefits[0].messages == ("20 VISITS, THEN * REVIEW", " leading and   inner")


def test_another_payer_is_named_and_where_it_is_not_named_it_is_still_told() -> None:
    found = answer(
        "EB*R**30*C1*COB", "LS*2120", "NM1*IL*1*RIVERS*TOM", "NM1*PRP*2*FIRST HEALTH*****PI*F1", "REF*6P*77", "LE*2120",
        "EB*R**30", "EB*R**30", "LS*2120", "NM1*PR*2*THIRD", "LE*2120",
    )  # fmt: skip
    assert found.other_payers == (
        Entity("PRP", "FIRST HEALTH", (("PI", "F1"), ("6P", "77"))), Entity("PR"), Entity("PR", "THIRD"),
    )  # fmt: skip


# ---- refusals


@pytest.mark.parametrize(
    ("reason", "follow_up", "kind"),
    [
        ("72", "C", AnswerKind.REFUSED), ("73", "C", AnswerKind.REFUSED), ("75", "C", AnswerKind.REFUSED),
        ("71", "N", AnswerKind.REFUSED), ("75", "", AnswerKind.REFUSED), ("ZZ", "N", AnswerKind.REFUSED),
        ("72", "R", AnswerKind.REFUSED),
        ("42", "R", AnswerKind.TRY_LATER), ("42", "N", AnswerKind.TRY_LATER), ("80", "", AnswerKind.TRY_LATER),
        ("79", "S", AnswerKind.TRY_LATER), ("79", "R", AnswerKind.TRY_LATER), ("ZZ", "Y", AnswerKind.TRY_LATER),
        ("75", "W", AnswerKind.TRY_LATER), ("75", "X", AnswerKind.TRY_LATER), ("", "P", AnswerKind.TRY_LATER),
    ],
)  # fmt: skip
def test_a_reason_makes_it_refused_or_to_be_asked_again(reason: str, follow_up: str, kind: AnswerKind) -> None:
    found = answer(f"AAA*N**{reason}*{follow_up}")
    assert found.kind is kind
    assert found.rejections == (Rejection(reason, follow_up, "subscriber"),)


def test_one_reason_to_correct_outweighs_one_to_wait() -> None:
    assert answer("AAA*N**42*R", "AAA*N**72*C").kind is AnswerKind.REFUSED


def test_a_benefit_is_an_answer_whatever_was_rejected_beside_it() -> None:
    found = answer("EB*1**30", "EB*V**BE", "AAA*Y**53*N")
    assert found.kind is AnswerKind.ANSWERED
    assert found.rejections == (Rejection("53", "N", "benefit"),)


def test_cannot_process_with_a_reason_is_no_answer() -> None:
    assert answer("EB*V**30", "AAA*N**42*R").kind is AnswerKind.TRY_LATER


@pytest.mark.parametrize(
    ("body", "level"),
    [
        ((PAYER[0], "AAA*Y**42*R"), "source"),
        ((*PAYER, "AAA*N**79*C"), "source"),
        ((*PAYER, *RECEIVER, "AAA*N**43*C"), "receiver"),
        ((*PAYER, *RECEIVER, *SUBSCRIBER, "AAA*N**72*C"), "subscriber"),
        ((*PAYER, *RECEIVER, *FAMILY, "AAA*N**67*C"), "dependent"),
        ((*PAYER, *RECEIVER, *SUBSCRIBER, "EB*V**30", "AAA*N**33*C"), "benefit"),
    ],
)
def test_a_reason_is_read_at_every_level(body: tuple[str, ...], level: str) -> None:
    data = interchange(transaction(f"BHT*0022*11*{TRACE}*20261117*0830", *body)).encode()
    (found,) = read_271(data, question())
    assert [one.level for one in found.answer.rejections] == [level]
    assert found.question is not None
    assert (found.answer.benefits == ()) is (level != "benefit")


@pytest.mark.parametrize("reason", ["AAA*N**72*C", "AAA*N**42*R"])
def test_a_refusal_says_nothing_of_whether_coverage_is_in_force(reason: str) -> None:
    found = answer("DTP*347*D8*20251231", reason)
    assert (found.standing, {plan.standing for plan in found.plans}) == (SILENT, {SILENT})
    assert found.end == date(2025, 12, 31)


def test_a_text_after_a_reason_stands_with_it() -> None:
    found = answer("AAA*N**42*R", "MSG*DOWN UNTIL 6 PM")
    assert found.rejections == (Rejection("42", "R", "subscriber", "DOWN UNTIL 6 PM"),)
    assert found.messages == ()


def test_a_reason_for_the_subscriber_holds_for_the_dependent_asked_about() -> None:
    patient = (*FAMILY[:2], "AAA*N**72*C", *FAMILY[2:])
    found = answered(patient=patient, dependent=BEN, relationship="child")
    assert (found.level, found.answer.kind) == ("dependent", AnswerKind.REFUSED)
    assert found.answer.rejections[0].level == "subscriber"


# ---- whose answer it is


def test_trace_numbers_of_both_sides_are_told() -> None:
    found = answered("EB*1**30", patient=(*SUBSCRIBER[:2], "TRN*1*PAYER-77*9CEDARHLTH*SUB", *SUBSCRIBER[2:]))
    assert (found.answer.trace, found.answer.payer_trace) == (TRACE, "PAYER-77")
    assert found.traces == (Trace("2", TRACE, ORIGINATOR), Trace("1", "PAYER-77", "9CEDARHLTH", "SUB"))


def test_an_answer_to_another_question_is_not_taken_for_ours() -> None:
    found = answered("EB*1**30", trace="MB0000000002")
    assert found.question is None
    assert "another-question" in {one.code for one in found.oddities}


@pytest.mark.parametrize("reference", [TRACE, "SOMETHING"])
def test_without_a_trace_number_the_only_answer_belongs_to_the_only_question(reference: str) -> None:
    patient = (SUBSCRIBER[0], *SUBSCRIBER[2:])
    body = (f"BHT*0022*11*{reference}*20261117*0830", *PAYER, *RECEIVER, *patient, "EB*1**30")
    (found,) = read_271(interchange(transaction(*body)).encode(), question())
    assert found.question is not None


def test_in_a_batch_each_answer_finds_its_question_whatever_their_order() -> None:
    questions = [question(trace=f"MB{number}", member_id=f"M{number}") for number in range(5)]
    parts = [
        transaction(
            "BHT*0022*11*B*20261117*0830", *PAYER, *RECEIVER, "HL*3*2*22*0", f"TRN*2*MB{number}*{ORIGINATOR}",
            f"NM1*IL*1*RIVERS*ADA****MI*M{number}", "EB*1**30", number=f"{number + 1:04d}",
        )
        for number in (3, 1, 4, 0, 2)
    ]  # fmt: skip
    found = read_271(interchange(*parts).encode(), questions)
    assert [one.question.member_id for one in found if one.question] == ["M3", "M1", "M4", "M0", "M2"]
    assert all(one.answer.corrected is None for one in found)


def test_several_patients_in_one_transaction_give_an_answer_each() -> None:
    body = (
        "BHT*0022*11*B*20261117*0830", *PAYER, *RECEIVER,
        "HL*3*2*22*1", "TRN*2*MB1*9MASSAGEBI", "NM1*IL*1*RIVERS*ADA****MI*M1", "EB*1**30**A",
        "HL*4*3*23*0", "TRN*2*MB2*9MASSAGEBI", "NM1*03*1*RIVERS*BEN", "EB*6**30**A",
        "HL*5*2*22*0", "TRN*2*MB3*9MASSAGEBI", "NM1*IL*1*STONE*MARA****MI*M3", "AAA*N**75*C",
    )  # fmt: skip
    questions = [
        question(trace="MB1", member_id="M1"), question(trace="MB2", member_id="M1", dependent=BEN),
        question(trace="MB3", member_id="M3", subscriber=Person("", "Stone", "Mara")),
    ]  # fmt: skip
    found = read_271(interchange(transaction(*body)).encode(), questions)
    assert [(one.level, one.answer.standing, one.answer.kind) for one in found] == [
        ("subscriber", IN, AnswerKind.ANSWERED),
        ("dependent", OUT, AnswerKind.ANSWERED),
        ("subscriber", SILENT, AnswerKind.REFUSED),
    ]
    assert [one.question.trace for one in found if one.question] == ["MB1", "MB2", "MB3"]


def test_of_a_family_the_dependent_asked_about_is_found_by_birth_date() -> None:
    body = (
        "BHT*0022*11*B*20261117*0830", *PAYER, *RECEIVER,
        "HL*3*2*22*1", f"TRN*2*{TRACE}*9MASSAGEBI", "NM1*IL*1*RIVERS*ADA****MI*M100200300", "EB*1**30",
        "HL*4*3*23*0", "NM1*03*1*RIVERS*EVE", "DMG*D8*20180101*F", "EB*1**30",
        "HL*5*3*23*0", "NM1*03*1*RIVERS*BEN", "DMG*D8*20150203*M", "EB*6**30",
    )  # fmt: skip
    found = read_271(interchange(transaction(*body)).encode(), question(dependent=BEN, relationship="child"))
    assert [one.answer.standing for one in found if one.question] == [OUT]


def test_of_twins_the_one_asked_about_is_found_by_name() -> None:
    body = (
        "BHT*0022*11*B*20261117*0830", *PAYER, *RECEIVER,
        "HL*3*2*22*1", f"TRN*2*{TRACE}*9MASSAGEBI", "NM1*IL*1*RIVERS*ADA****MI*M100200300",
        "HL*4*3*23*0", "NM1*03*1*RIVERS*EVE", "DMG*D8*20150203*F", "EB*1**30",
        "HL*5*3*23*0", "NM1*03*1*RIVERS*BEN", "DMG*D8*20150203*M", "EB*6**30",
    )  # fmt: skip
    found = read_271(interchange(transaction(*body)).encode(), question(dependent=BEN, relationship="child"))
    assert [one.answer.standing for one in found if one.question] == [OUT]


def test_a_level_never_hangs_on_one_of_its_own_kind() -> None:
    body = [*PAYER, *RECEIVER]
    for number in range(3, 3000):  # each says that it hangs on the one before
        body += [f"HL*{number}*{number - 1}*22*0", "NM1*IL*1*RIVERS*ADA****MI*M100200300", "EB*1**30"]
    found = read_271(interchange(transaction(*body)).encode(), on=date(2026, 11, 20))
    assert len(found) == 2997
    assert {one.answer.standing for one in found} == {IN}
    assert {len(one.answer.kept) for one in found} == {len(found[0].answer.kept)}


def test_a_missing_level_is_told_by_the_name_that_stands_in_it() -> None:
    body = (*PAYER, *RECEIVER, f"TRN*2*{TRACE}*9MASSAGEBI", "NM1*IL*1*RIVERS*ADA****MI*M100200300", "EB*1**30")
    (found,) = read_271(interchange(transaction(*body)).encode(), question())
    assert (found.level, found.answer.standing, found.answer.trace) == ("subscriber", IN, TRACE)
    assert "level-missing" in {one.code for one in found.oddities}


def test_of_four_files_in_one_an_error_in_the_second_drops_none() -> None:
    good = file_of("EB*1**30")
    bad = good.replace(b"SE*", b"SX*").replace(b"ISA*00*          ", b"ISA*00*")
    found = read_271(good + bad + b"\n" + good + good, question())
    assert [one.answer.standing for one in found] == [IN] * 4


# ---- what the payer has on file


@pytest.mark.parametrize(
    ("nm1", "dmg", "corrected"),
    [
        ("NM1*IL*1*RIVERS*ADA****MI*M100200300", "DMG*D8*19800412*F", None),
        ("NM1*IL*1*rivers*Ada*J***MI*M100-200-300", "DMG*D8*19800412", None),
        ("NM1*IL*1*RIVERS JR*ADA J****MI*m100200300", "DMG", Corrected(last_name="RIVERS JR")),
        ("NM1*IL*1*RIVERS*ADA****MI*M100200301", "DMG*D8*19800412", Corrected(member_id="M100200301")),
        ("NM1*IL*1*RIVERS*ADA****MI*M100200300", "DMG*D8*19800421", Corrected(birth_date=date(1980, 4, 21))),
        ("NM1*IL*1*STONE*EVE****MI*M100200300", "DMG*D8*19800412", Corrected(last_name="STONE", first_name="EVE")),
        ("NM1*IL*1******MI*M100200300", "DMG*D8*1980", None),
        ("NM1*IL*1*RIVERS*ADA****SY*123456789", "DMG*D8*19800412", None),
    ],
)
def test_what_the_payer_has_on_file_otherwise_is_told(nm1: str, dmg: str, corrected: Corrected | None) -> None:
    found = answer("EB*1**30", patient=(*SUBSCRIBER[:2], nm1, dmg))
    assert found.corrected == corrected


def test_a_dependent_is_compared_with_the_dependent() -> None:
    patient = (*FAMILY[:4], "NM1*03*1*RIVERS*BENJAMIN", "DMG*D8*20150203*M")
    found = answer("EB*1**30", patient=patient, dependent=BEN, relationship="child")
    assert found.corrected == Corrected(first_name="BENJAMIN")


def test_a_dependent_whom_the_payer_lists_on_their_own_is_compared_with_the_dependent() -> None:
    patient = (*SUBSCRIBER[:2], "NM1*IL*1*RIVERS*BEN****MI*M100200302", "DMG*D8*20150203*M")
    found = answer("EB*1**30", patient=patient, dependent=BEN, relationship="child")
    assert found.corrected == Corrected(member_id="M100200302")


def test_without_a_question_nothing_is_corrected() -> None:
    (found,) = read_271(file_of("EB*1**30"))
    assert (found.question, found.answer.corrected, found.answer.asked_for) == (None, None, date(2026, 11, 17))
    (found,) = read_271(file_of("EB*1**30"), on=ON)
    assert found.answer.asked_for == ON


# ---- what is no 271


@pytest.mark.parametrize("data", [b"", b"<html>Bad gateway</html>", b'{"errors": []}', b"\x00\xff\xfe"])
def test_what_is_no_x12_is_refused_without_saying_what_it_was(data: bytes) -> None:
    with pytest.raises(PayerAnswerUnreadable) as caught:
        read_271(data, question())
    assert "html" not in str(caught.value)


def test_x12_without_a_271_holds_no_answer() -> None:
    assert read_271(interchange(transaction("AK1*HS*7", kind="999")).encode()) == []
    assert read_271(interchange().encode()) == []


def test_half_a_file_gives_what_it_holds() -> None:
    data = file_of("EB*1**30", "EB*F**BE***29***VS*12")
    (found,) = read_271(data[: data.index(b"SE*")], question())
    assert len(found.answer.benefits) == 2
    assert "trailer-missing" in {one.code for one in found.oddities}


def test_real_shaped_271s_are_read(shared: Path) -> None:
    found = {
        file.name.rpartition("__")[2]: read_271(file.read_bytes())
        for file in sorted((shared / "x12" / "271").iterdir())
    }
    assert [one.answer.standing for one in found["demo.271"]] == [IN]
    assert [one.level for one in found["dependent-health-benefit-check.271"]] == ["dependent"]
    (refused,) = found["subscriber-health-benefit-check-error.271"]
    assert refused.answer.rejections == (Rejection("50", "N", "receiver"),)
    copays = [one for one in found["demo.271"][0].answer.benefits if one.kind is BenefitKind.COPAY]
    assert [(one.amount, one.network, one.period) for one in copays] == [
        (Decimal("10.00"), Network.IN, "visit"), (Decimal("30.00"), Network.OUT, "visit"),
    ]  # fmt: skip
