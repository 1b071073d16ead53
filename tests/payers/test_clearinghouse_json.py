"""Clearinghouses: what is sent, what is read of what comes back, and that nothing of it is lost, by any mapping."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from massage_billing.clinic_yaml import read_yaml
from massage_billing.errors import PayerAnswerUnreadable, PayerRejected, SettingsError
from massage_billing.model import (
    Answer,
    AnswerKind,
    BenefitKind,
    CountUnit,
    Measure,
    Network,
    Person,
    Question,
    Rejection,
    Standing,
)
from massage_billing.payers.calls import Line
from massage_billing.payers.clearinghouse.answer import read
from massage_billing.payers.clearinghouse.mapping import Mapped, load, of_yaml, shipped, words
from massage_billing.payers.clearinghouse.paths import parse
from massage_billing.payers.clearinghouse.request import digits9
from massage_billing.payers.clearinghouse_json import ClearinghouseJson, ClearinghouseSettings
from massage_billing.ports import Replied
from massage_billing.x12.codes import default_codes
from payers.questions import question

Json = dict[str, Any]
V3 = load("medical-network-v3")
PLANS = load("stedi-2026-06")
CHILD = Person("Patient/2", "Synthetica2", "Kim", birth_date=date(2015, 5, 6), gender="M")


def answer_of(document: Json, mapped: Mapped = V3, asked: Question | None = None) -> Answer:
    return read(parse(json.dumps(document).encode()), mapped.response, asked or question()).answer


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_v3_is_asked_in_its_own_words() -> None:
    asked = question(codes=("97124",), group_number="G7")
    assert json.loads(V3.request.of(asked)) == {
        "controlNumber": digits9(asked.trace),
        "tradingPartnerServiceId": "SYN01",
        "tradingPartnerName": "ACME HEALTH PLAN",
        "provider": {"organizationName": "SYNTHETIC MASSAGE CLINIC", "npi": asked.asker.npi},
        "subscriber": {
            "memberId": "SYNMEMBER0001",
            "lastName": "Synthetica1",
            "firstName": "Jane",
            "dateOfBirth": "19800203",
            "gender": "F",
            "groupNumber": "G7",
        },
        "encounter": {
            "dateOfService": "20261203",
            "serviceTypeCodes": ["BE", "PT", "30"],
            "medicalProcedures": [{"productOrServiceIDQualifier": "HC", "procedureCode": "97124"}],
        },
    }


def test_a_dependent_goes_along_with_a_code_for_the_relationship() -> None:
    asked = question(dependent=CHILD, relationship="child")
    sent = json.loads(V3.request.of(asked))
    assert sent["dependents"] == [
        {"lastName": "Synthetica2", "firstName": "Kim", "dateOfBirth": "20150506", "gender": "M",
         "individualRelationshipCode": "19"},
    ]  # fmt: skip
    assert json.loads(PLANS.request.of(asked))["dependent"]["relationToSubscriber"] == "CHILD"
    other = question(dependent=CHILD, relationship="parent")
    assert json.loads(V3.request.of(other))["dependents"][0]["individualRelationshipCode"] == "34"


def test_the_redesigned_shape_is_asked_in_its_own_words() -> None:
    asked = question(codes=("97124", "G0283"), service_types=("BE",))
    assert json.loads(PLANS.request.of(asked)) == {
        "payerId": "SYN01",
        "payerName": "ACME HEALTH PLAN",
        "provider": {"name": {"organization": "SYNTHETIC MASSAGE CLINIC"}, "npi": asked.asker.npi},
        "subscriber": {
            "name": {"person": {"lastName": "Synthetica1", "firstName": "Jane"}},
            "memberId": "SYNMEMBER0001",
            "dateOfBirth": "1980-02-03",
            "gender": "FEMALE",
        },
        "encounter": {
            "services": [
                {"system": "STC", "value": "BE"},
                {"system": "CPT", "value": "97124"},
                {"system": "HCPCS", "value": "G0283"},
            ],
            "dates": {"service": {"start": "2026-12-03", "end": "2026-12-03"}},
        },
    }


def test_a_number_of_nine_digits_is_a_function_of_the_trace() -> None:
    numbers = {digits9(question(number).trace) for number in range(1, 200)}
    assert len(numbers) == 199
    assert all(len(number) == 9 and number.isdigit() and number[0] != "0" for number in numbers)
    assert digits9(question().trace) == digits9(question().trace)


# --- what is read -----------------------------------------------------------------------------------------------------


def test_visits_given_as_delivery_without_codes_are_counted() -> None:
    """As Change Healthcare wrote them: names, no codes (000045.example.response.json)."""
    allowed = {"quantity": "30", "quantityQualifier": "Visits", "timePeriodQualifier": "Years", "numOfPeriods": "1"}
    left = {"quantity": "18", "quantityQualifier": "Visits", "timePeriodQualifier": "Remaining"}
    entries = [{"code": "F", "serviceTypeCodes": ["33"], "benefitsServiceDelivery": [one]} for one in (allowed, left)]
    answer = answer_of({"benefitsInformation": entries})
    counts = [(one.quantity, one.unit, one.measure, one.periods) for each in answer.benefits for one in each.counts]
    assert counts == [
        (Decimal(30), CountUnit.VISITS, Measure.ALLOWED, 1),
        (Decimal(18), CountUnit.VISITS, Measure.LEFT, None),
    ]
    assert answer.kept == ()


def test_a_benefit_by_code_names_its_procedure_and_modifiers() -> None:
    procedure = {"productOrServiceIDQualifierCode": "HC", "procedureCode": "97124", "procedureModifiers": ["GP", "59"]}
    entry = {"code": "B", "benefitAmount": "$1,025.50", "compositeMedicalProcedureIdentifier": procedure}
    (benefit,) = answer_of({"benefitsInformation": [entry]}).benefits
    assert (benefit.procedure, benefit.modifiers) == ("97124", ("GP", "59"))
    assert (benefit.kind, benefit.amount) == (BenefitKind.COPAY, Decimal("1025.50"))


def test_a_range_of_procedures_is_not_its_first_code() -> None:
    procedure = {"productOrServiceIDQualifierCode": "HC", "procedureCode": "97110", "productOrServiceID": "97140"}
    entry = {"code": "F", "compositeMedicalProcedureIdentifier": {**procedure, "procedureModifiers": ["GP"]}}
    (benefit,) = (answer := answer_of({"benefitsInformation": [entry]})).benefits
    assert (benefit.procedure, benefit.modifiers) == (None, ("GP",))
    assert benefit.references == (("HC", "97110-97140"),)
    assert not [line for line in answer.kept if "97140" in line]


@pytest.mark.parametrize("system", ["CPT", "HCPCS"])
def test_a_range_of_the_redesigned_shape_is_about_its_codes_and_not_the_whole_coverage(system: str) -> None:
    codes = {"system": system, "range": {"start": {"value": "97110"}, "end": {"value": "97140"}}}
    visits = {"service": codes, "quantity": {"qualifier": "VISITS", "value": "20"}, "timePeriod": "CALENDAR_YEAR"}
    answer = answer_of({"plans": [{"name": "GOLD", "benefits": {"limitations": [visits]}}]}, PLANS)
    (benefit,) = answer.benefits
    assert (benefit.procedure, benefit.references) == (None, (("HC", "97110-97140"),))
    assert answer.kept == ()


def test_so_many_a_day_is_no_limit_of_the_year() -> None:
    daily = {"quantityQualifierCode": "VS", "quantity": "1", "unitForMeasurementCode": "DA"}
    entry = {"code": "F", "serviceTypeCodes": ["BE"], "timeQualifierCode": "23", "benefitsServiceDelivery": [daily]}
    (benefit,) = answer_of({"benefitsInformation": [entry]}).benefits
    (count,) = benefit.counts
    assert (count.quantity, count.unit, count.measure, count.period) == (
        Decimal(1), CountUnit.VISITS, Measure.ALLOWED, "day",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("sent", "share"),
    [(".2", "0.2"), ("0.20", "0.20"), ("20", "0.2"), ("20%", "0.20"), ("0.5%", "0.005"), ("1", "1"), ("0", "0")],
)
def test_a_share_is_a_fraction_however_it_is_written(sent: str, share: str) -> None:
    (benefit,) = answer_of({"benefitsInformation": [{"code": "A", "benefitPercent": sent}]}).benefits
    assert benefit.share == Decimal(share)


@pytest.mark.parametrize("sent", ["abc", "-5", "250", True, None, {"x": "1"}, ["y"], "", "1e", "٣"])
def test_a_number_that_is_none_is_no_data_and_kept(sent: Any) -> None:
    (benefit,) = (answer := answer_of({"benefitsInformation": [{"code": "A", "benefitPercent": sent}]})).benefits
    assert benefit.share is None
    assert any(line.startswith("benefitsInformation[0].benefitPercent") for line in answer.kept)


def test_unknown_is_no_data_and_kept() -> None:
    entry = {"code": "B", "authOrCertIndicator": "U", "inPlanNetworkIndicatorCode": "U"}
    (benefit,) = (answer := answer_of({"benefitsInformation": [entry]})).benefits
    assert (benefit.authorization, benefit.network) == (None, Network.NO_DATA)
    assert len(answer.kept) == 2


def test_an_age_is_no_number_of_visits() -> None:
    entry = {"code": "F", "quantityQualifierCode": "S7", "benefitQuantity": "26"}
    (benefit,) = (answer := answer_of({"benefitsInformation": [entry]})).benefits
    assert benefit.counts == ()
    assert "benefitsInformation[0].benefitQuantity = 26" in answer.kept


def test_a_limit_in_words_is_counted_and_kept_word_for_word() -> None:
    text = "20 VISITS PER CALENDAR YEAR"
    entry = {"code": "F", "serviceTypeCodes": ["BE"], "additionalInformation": [{"description": text}]}
    (benefit,) = answer_of({"benefitsInformation": [entry]}).benefits
    assert benefit.messages == (text,)
    assert [(one.quantity, one.unit) for one in benefit.counts] == [(Decimal(20), CountUnit.VISITS)]


def test_coverage_that_ended_before_the_day_is_not_in_force_however_it_is_marked() -> None:
    answer = answer_of({
        "benefitsInformation": [{"code": "1", "serviceTypeCodes": ["30"], "planCoverage": "GOLD"}],
        "planDateInformation": {"planBegin": "20250101", "planEnd": "2026-11-30", "service": "20261203"},
    })  # fmt: skip
    assert (answer.standing, answer.end) == (Standing.NOT_IN_FORCE, date(2026, 11, 30))
    assert answer.kept == ("planDateInformation.service = 20261203",)


def test_a_status_list_is_read_only_where_no_benefit_says_it() -> None:
    status = {"statusCode": "6", "status": "Inactive", "planDetails": "GOLD", "serviceTypeCodes": ["30"]}
    alone = answer_of({"planStatus": [status], "benefitsInformation": [{"code": "B", "benefitAmount": "5"}]})
    assert alone.standing is Standing.NOT_IN_FORCE
    beside = answer_of({"planStatus": [status], "benefitsInformation": [{"code": "1", "serviceTypeCodes": ["30"]}]})
    assert beside.standing is Standing.IN_FORCE
    assert "planStatus[0].status = Inactive" in beside.kept


def test_another_payer_is_named_with_its_id() -> None:
    payer = {"entityIdentifier": "Primary Payer", "entityName": "SYNTHETIC MUTUAL", "entityIdentification": "PI",
             "entityIdentificationValue": "SYN77",
             "contactInformation": {"contacts": [{"communicationMode": "Telephone", "communicationNumber": "5550100"}]},
             "address": {"address1": "1 MAIN ST", "city": "ANYTOWN"}}  # fmt: skip
    answer = answer_of({"benefitsInformation": [{"code": "R", "benefitsRelatedEntities": [payer]}]})
    (other,) = answer.other_payers
    assert (other.role, other.name, other.identifiers) == ("PRP", "SYNTHETIC MUTUAL", (("PI", "SYN77"),))
    assert other.contacts == ("5550100", "1 MAIN ST, ANYTOWN")


def test_another_payer_whom_nobody_names_is_there_all_the_same() -> None:
    entry = {"code": "R", "serviceTypeCodes": ["30"], "planCoverage": "OTHER INS"}
    provider = {"entityIdentifier": "Provider", "entityName": "SYNTHETIC CLINIC"}
    alone = answer_of({"benefitsInformation": [entry]})
    assert [(one.role, one.name) for one in alone.other_payers] == [("PR", "OTHER INS")]
    twice = answer_of({"benefitsInformation": [entry, {**entry, "benefitsRelatedEntity": provider}, {"code": "R"}]})
    assert [(one.role, one.name) for one in twice.other_payers] == [("PR", "OTHER INS"), ("PR", None)]


def test_reasons_are_told_once_wherever_they_are_repeated() -> None:
    reason = {"field": "AAA", "code": "75", "description": "Subscriber/Insured Not Found",
              "followupAction": "Please Correct and Resubmit", "location": "Loop 2100C"}  # fmt: skip
    answer = answer_of({"subscriber": {"aaaErrors": [reason]}, "errors": [reason]})
    assert answer.kind is AnswerKind.REFUSED
    assert answer.rejections == (Rejection("75", "C", "subscriber", "Subscriber/Insured Not Found"),)


def test_unable_to_respond_is_try_later() -> None:
    answer = answer_of({"errors": [{"code": "42", "followupAction": "Resubmission Allowed", "location": "2100A"}]})
    assert (answer.kind, answer.rejections) == (AnswerKind.TRY_LATER, (Rejection("42", "R", "source", ""),))


def test_what_the_payer_has_on_file_otherwise_is_told() -> None:
    told = {"memberId": "SYN-NEW", "lastName": "SYNTHETICA1", "firstName": "JANE Q", "dateOfBirth": "19800203"}
    answer = answer_of({"benefitsInformation": [{"code": "1"}], "subscriber": told})
    assert answer.corrected is not None
    assert (answer.corrected.member_id, answer.corrected.last_name, answer.corrected.first_name) == (
        "SYN-NEW", None, None,
    )  # fmt: skip


def test_a_dependent_may_come_back_as_the_subscriber() -> None:
    asked = question(dependent=CHILD, relationship="child")
    told = {"memberId": asked.member_id, "lastName": "SYNTHETICA2", "firstName": "KIM", "dateOfBirth": "20150506"}
    assert answer_of({"benefitsInformation": [{"code": "1"}], "subscriber": told}, asked=asked).corrected is None


def test_words_and_codes_of_the_redesigned_shape_mean_the_same() -> None:
    """The example that Stedi's SDK documents, shortened."""
    hmo = {"coverageLevel": "INDIVIDUAL", "network": {"indicator": "IN_NETWORK"}, "priorAuthIndicator": "REQUIRED"}
    massage = {"system": "STC", "value": "BE", "definition": "Massage Therapy"}
    answer = answer_of(
        {
            "plans": [{"name": "GOLD HMO", "benefits": {
                "statuses": [{"status": "ACTIVE_COVERAGE", "coverageLevel": "EMPLOYEE_ONLY",
                              "service": {"system": "STC", "value": "30"}, "planCoverageDescription": "Gold Plan"}],
                "coInsurance": [{**hmo, "percent": "0.2", "service": massage}],
                "limitations": [
                    {**hmo, "service": massage, "quantity": {"qualifier": "VISITS", "value": "20"},
                     "timePeriod": "CALENDAR_YEAR", "messages": ["COMBINED WITH PT"]},
                    {**hmo, "service": {"system": "CPT", "value": "97124"},
                     "serviceLimits": [{"delivery": {"quantity": {"value": "4", "qualifier": "UNITS"},
                                                     "period": {"value": 1, "qualifier": "DAY"}}}, {"ageMaximum": 26}]},
                ],
            }}],
            "subscriber": {"dates": {"plan": {"start": "2026-01-01"}},
                           "additionalInformation": {"group": {"number": "G7", "name": "CLINIC"}}},
            "errors": [],
        },
        PLANS,
    )  # fmt: skip
    assert (answer.standing, answer.start) == (Standing.IN_FORCE, date(2026, 1, 1))
    assert [(one.name, one.number) for one in answer.plans] == [("Gold Plan", "G7")]
    active, share, visits, units = answer.benefits
    assert (active.kind, active.plan, active.level) == (BenefitKind.ACTIVE, "Gold Plan", "employee")
    assert (share.kind, share.share, share.network, share.authorization) == (
        BenefitKind.COINSURANCE, Decimal("0.2"), Network.IN, True,
    )  # fmt: skip
    assert (visits.plan, visits.messages) == ("GOLD HMO", ("COMBINED WITH PT",))
    assert [(one.quantity, one.measure, one.period) for one in visits.counts] == [
        (Decimal(20), Measure.ALLOWED, "calendar-year")
    ]
    assert (units.procedure, [(one.quantity, one.unit, one.period) for one in units.counts]) == (
        "97124", [(Decimal(4), CountUnit.UNITS, "day")],
    )  # fmt: skip
    assert "plans[0].benefits.limitations[1].serviceLimits[1].ageMaximum = 26" in answer.kept


# --- calls ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def channel(httpserver: HTTPServer) -> Iterator[ClearinghouseJson]:
    made = ClearinghouseJson("house", Line(httpserver.url_for("/v3"), seconds=5), ClearinghouseSettings(V3))
    yield made
    made.close()


def test_a_reason_in_a_400_is_an_answer(httpserver: HTTPServer, channel: ClearinghouseJson) -> None:
    general = {"description": "Transaction contained a AAA rejection", "field": "AAA"}
    reason = {"description": "Invalid/Missing Subscriber/Insured Name", "field": "73", "location": "Loop 2100C"}
    body = {"errors": [general, {**reason, "followupAction": "Please Correct and Resubmit"}]}
    httpserver.expect_request("/v3", "POST").respond_with_json(body, status=400)
    reply = channel.ask(question())
    assert isinstance(reply, Replied)
    assert reply.answer.kind is AnswerKind.REFUSED
    assert [one.code for one in reply.answer.rejections] == ["73"]


def test_an_answer_about_a_namesake_is_not_used(httpserver: HTTPServer, channel: ClearinghouseJson) -> None:
    told = {"memberId": "X999", "lastName": "SYNTHETICA1", "firstName": "JOHN", "dateOfBirth": "19550101"}
    body = {"subscriber": told, "benefitsInformation": [{"code": "1", "serviceTypeCodes": ["30"]}]}
    httpserver.expect_request("/v3", "POST").respond_with_json(body)
    with pytest.raises(PayerAnswerUnreadable, match="not to the question") as caught:
        channel.ask(question())
    assert "X999" not in str(caught.value)


def test_a_400_about_the_form_is_rejected_and_quotes_nobody(httpserver: HTTPServer, channel: ClearinghouseJson) -> None:
    httpserver.expect_request("/v3", "POST").respond_with_json(
        {"errors": [{"field": "subscriber.lastName", "description": "Synthetica1 is too long"}]}, status=400
    )
    with pytest.raises(PayerRejected, match="answered 400") as caught:
        channel.ask(question())
    assert "Synthetica" not in str(caught.value)


@pytest.mark.parametrize("body", [{}, [], "text", {"message": "Service unavailable"}, {"benefitsInformation": []}])
def test_json_that_says_nothing_is_no_answer(httpserver: HTTPServer, channel: ClearinghouseJson, body: Any) -> None:
    httpserver.expect_request("/v3", "POST").respond_with_json(body)
    with pytest.raises(PayerAnswerUnreadable):
        channel.ask(question())


# --- mappings are data ------------------------------------------------------------------------------------------------

OTHER = """
clearinghouse: Somebody's
about: A shape of our own invention, to show that another clearinghouse is another file.
sources: {spec: {title: A made-up specification, href: "https://example.com/spec", retrieved: "2026-11-30"}}
last_verified_on: "2026-11-30"
request:
  path: inquiry
  template:
    inquiry:
      ref: $trace
      id: $member_id
      who: [$subscriber.last_name, $subscriber.first_name]
      kinds: $service_types
response:
  traces: reply.ref
  benefits:
    - each: reply.cover[]
      code: {path: kind, codes: {visit limit: F, copay: B, covered: "1"}, known: only}
      service_types: for
      quantity: number
      unit: {is: VS}
      period: {path: every, codes: {year: "23"}}
      amount: dollars
  members: [{last_name: reply.person}]
"""


def test_another_clearinghouse_is_another_file(httpserver: HTTPServer, tmp_path: Path) -> None:
    file = tmp_path / "somebodys.yaml"
    file.write_text(OTHER)
    httpserver.expect_request(
        "/api/inquiry", "POST",
        json={"inquiry": {"ref": question().trace, "id": "SYNMEMBER0001", "who": ["Synthetica1", "Jane"],
                          "kinds": ["BE", "PT", "30"]}},
    ).respond_with_json({"reply": {"ref": question().trace, "person": "Synthetica1", "cover": [
        {"kind": "Covered", "for": ["30"]},
        {"kind": "VISIT_LIMIT", "for": "BE", "number": 12, "every": "Year"},
        {"kind": "horoscope", "for": "BE", "number": 7},
    ]}})  # fmt: skip
    channel = ClearinghouseJson(
        "somebody", Line(httpserver.url_for("/api"), seconds=5), ClearinghouseSettings(load(str(file)))
    )
    reply = channel.ask(question())
    assert isinstance(reply, Replied)
    answer = reply.answer
    assert (answer.standing, answer.trace) == (Standing.IN_FORCE, question().trace)
    assert [(one.quantity, one.unit, one.period) for each in answer.benefits for one in each.counts] == [
        (Decimal(12), CountUnit.VISITS, "calendar-year")
    ]
    assert answer.kept == (
        "reply.cover[2].kind = horoscope", "reply.cover[2].for = BE", "reply.cover[2].number = 7",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("$trace", "$tracee", "names nothing"),
        ("service_types: for", "service_typs: for", "service_typs"),
        ("kind, codes", "'kind..x', codes", "is no path"),
        ("{year: \"23\"}", "periodz", "no table periodz"),
        ('{spec: {title: A made-up specification, href: "https://example.com/spec", retrieved: "2026-11-30"}}', "{}",
         "name at least one document"),
    ],
)  # fmt: skip
def test_a_mapping_that_is_wrong_is_refused_with_its_line(tmp_path: Path, was: str, becomes: str, said: str) -> None:
    file = tmp_path / "wrong.yaml"
    assert was in OTHER
    file.write_text(OTHER.replace(was, becomes))
    with pytest.raises(SettingsError, match=said) as caught:
        of_yaml(read_yaml(file))
    assert f"{file}:" in str(caught.value)


def test_a_mapping_nobody_knows_is_refused_with_those_that_ship() -> None:
    with pytest.raises(SettingsError, match="medical-network-v3, stedi-2026-06"):
        load("acme")


def test_every_mapping_that_ships_loads_and_names_its_sources() -> None:
    assert shipped() == ["medical-network-v3", "stedi-2026-06"]
    for name in shipped():
        assert all(source.href.startswith("https://") for source in load(name).sources.values())


def test_every_code_behind_a_word_is_one_that_the_x12_tables_know() -> None:
    codes = default_codes()
    known = {
        "periods": codes.periods, "quantities": codes.quantities, "deliveries": codes.quantities,
        "frequencies": codes.frequencies, "levels": codes.levels, "statuses": codes.benefits, "kinds": codes.benefits,
        "networks": codes.networks, "authorizations": codes.authorizations, "follow_ups": codes.follow_ups,
        "dates": codes.dates,
    }  # fmt: skip
    for name, table in known.items():
        assert set(words()[name].values()) <= set(table), name
