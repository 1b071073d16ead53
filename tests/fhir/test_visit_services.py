"""Codes, regions, performers and duplicates of services."""

from __future__ import annotations

import pytest

from builders import (
    NPI,
    OTHER_NPI,
    TAXONOMY,
    at,
    concept,
    condition,
    cpt,
    encounter,
    minutes,
    observation,
    patient_identifier,
    period,
    practitioner,
    practitioner_role,
    problems,
    procedure,
    read,
    ref,
    rules,
    service_request,
)
from massage_billing.fhir import names
from massage_billing.model import MinuteSource, Result, Therapist

SNOMED_MAP = {(names.SNOMED, "387854002"): "97124", ("http://clinic.example/codes", "MT"): "97140"}


def one(*resources, **changes):
    visit = read(encounter(), *resources, **changes)
    (service,) = visit.services
    return service, visit


# --- codes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("system", "code", "expected"),
    [
        (names.CPT, "97124", "97124"),
        ("urn:oid:2.16.840.1.113883.6.12", "97124", "97124"),
        (names.CPT, "CPT4:97124", "97124"),
        (names.CPT, "0552T", "0552T"),
        (names.HCPCS, "G0283", "G0283"),
        (names.HCPCS, "g0283", "G0283"),
        (names.SNOMED, "387854002", "97124"),
        ("http://clinic.example/codes", "MT", "97140"),
    ],
)
def test_a_code_that_is_or_maps_to_a_number(system, code, expected):
    service, visit = one(procedure(code=concept(system, code)), code_map=SNOMED_MAP)
    assert (service.code, service.recorded_as) == (expected, f"{system}|{code}")
    assert visit.problems == ()


def test_a_number_outranks_what_another_coding_maps_to():
    both = {"coding": [*concept("http://clinic.example/codes", "MT")["coding"], *cpt("97124")["coding"]]}
    service, visit = one(procedure(code=both), code_map=SNOMED_MAP)
    assert (service.code, service.recorded_as, visit.problems) == ("97124", f"{names.CPT}|97124", ())


def test_the_same_number_twice_is_one():
    service, visit = one(procedure(code=concept(names.CPT, "97124", "CPT4:97124")))
    assert (service.code, visit.problems) == ("97124", ())


# --- modifiers ------------------------------------------------------------------------------------------------------

THO_HCPCS = "http://terminology.hl7.org/CodeSystem/HCPCS"


def marked(*values, code="97140"):
    """A Procedure with our own extension of these values: a code, or a Coding."""
    return procedure(
        code=code,
        extension=[
            minutes(30),
            *({"url": names.EXT_MODIFIER, "valueCode" if isinstance(v, str) else "valueCoding": v} for v in values),
        ],
    )


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (concept(names.CPT, "97140", "59"), ("59",)),
        (concept(names.CPT, "59", "97140"), ("59",)),
        (concept(names.CPT, "97140", "59", "gp", "59"), ("59", "GP")),
        (concept("urn:oid:2.16.840.1.113883.6.12", "97140", "59"), ("59",)),
        ({"coding": [*cpt("97140")["coding"], {"system": names.HCPCS, "code": "GP"}]}, ("GP",)),
        ({"coding": [*cpt("97140")["coding"], {"system": THO_HCPCS, "code": "XS"}]}, ("XS",)),
        ({"coding": [*cpt("97140")["coding"], {"system": "urn:oid:2.16.840.1.113883.6.285", "code": "KX"}]}, ("KX",)),
        (concept(names.CPT, "97140-59"), ("59",)),
        (concept(names.CPT, "97140:59:GP"), ("59", "GP")),
        (concept(names.CPT, "97140 59"), ("59",)),
        (concept(names.CPT, "97140-xs gp"), ("XS", "GP")),
        (concept(names.CPT, "CPT4:97140:59"), ("59",)),
        ({"coding": [{"code": "CPT4:97140:59"}]}, ("59",)),
        (concept(names.CPT, "97140-GP", "97140-59"), ("GP", "59")),
        ({"coding": [*cpt("97140")["coding"], *concept("http://clinic.example/codes", "59")["coding"]]}, ()),
    ],
)
def test_modifiers_are_read_beside_the_number_and_behind_it(code, expected):
    service, visit = one(procedure(code=code))
    assert (service.code, service.modifiers, visit.problems) == ("97140", expected, ())


def test_modifiers_are_read_from_our_extension_after_the_codings():
    coded = {"system": names.HCPCS, "code": "GP"}
    service, visit = one(marked("59", coded, {"code": "kx"}, code=concept(names.CPT, "97140", "XS", "59")))
    assert (service.modifiers, visit.problems) == (("XS", "59", "GP", "KX"), ())


def test_modifiers_of_a_code_that_is_mapped_are_read():
    local = {"coding": [*concept("http://clinic.example/codes", "MT")["coding"], {"system": names.CPT, "code": "59"}]}
    service, visit = one(procedure(code=local), code_map=SNOMED_MAP)
    assert (service.code, service.modifiers, visit.problems) == ("97140", ("59",), ())


@pytest.mark.parametrize(
    "services",
    [
        marked("5"),
        marked("597"),
        marked({"system": names.SNOMED, "code": "59"}),
        marked({"display": "distinct"}),
        procedure(extension=[minutes(30), {"url": names.EXT_MODIFIER, "valueString": "59"}]),
        procedure(code=concept(names.CPT, "97124", "5")),
        procedure(code=concept(names.CPT, "97124", "97124-591")),
        procedure(code=concept(names.HCPCS, "97124", "G-")),
        procedure(code=concept(names.CPT, "97124", "\u0665\u0669")),
    ],
)
def test_a_modifier_that_is_none_is_told_and_not_lost(services):
    service, visit = one(services)
    assert service.modifiers == ()
    assert [(p.result, p.key, p.about) for p in problems(visit, "modifiers")] == [
        (Result.FAIL, "unreadable", "Procedure/a1")
    ]


@pytest.mark.parametrize("code", ["97140-5", "97140--59", "9714059", "97140-59-", "97140/59", "97140-591", "59"])
def test_other_ways_to_write_a_modifier_are_no_known_code(code):
    service, visit = one(procedure(code=concept(names.CPT, code)))
    assert service.code is None
    assert [p.key for p in problems(visit, "code-known")] == ["unmapped"]
    assert problems(visit, "modifiers") == []


def test_modifiers_of_the_same_service_from_another_source_count():
    order = procedure("a2", code=concept(names.CPT, "97124", "GP"), mins=None, basedOn=[ref("ServiceRequest/s1")])
    visit = read(encounter(), procedure("a1", code=concept(names.CPT, "97124", "59")), order, service_request())
    assert [(s.procedure, s.modifiers, s.duplicate_of) for s in visit.services] == [
        ("a1", ("59", "GP"), None),
        ("a2", ("GP",), "a1"),
    ]


# --- no number ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "result", "key"),
    [
        (concept(names.CPT, "97124", "97140"), Result.FAIL, "codes-disagree"),
        (concept(names.SNOMED, "1"), Result.FAIL, "unmapped"),
        (concept(names.CPT, "9712"), Result.FAIL, "unmapped"),
        ({"coding": [{"code": "97124"}]}, Result.FAIL, "unmapped"),
        ({"text": "Manual therapy"}, Result.NO_DATA, "no-code"),
        (None, Result.NO_DATA, "no-code"),
    ],
)
def test_no_number(code, result, key):
    service, visit = one(procedure(code=code), code_map=SNOMED_MAP)
    assert service.code is None
    assert [(p.result, p.key, p.about) for p in problems(visit, "code-known")] == [(result, key, "Procedure/a1")]


def test_regions_are_sorted_codes_or_words():
    sites = [{"text": " Upper  Back "}, concept(names.SNOMED, "45048000"), {"text": "upper back"}, {"text": " "}]
    assert one(procedure(bodySite=sites))[0].regions == (f"{names.SNOMED}|45048000", "upper back")


# --- performers -----------------------------------------------------------------------------------------------------


def by(*actors, **extra):
    return [{"actor": ref(actor) if isinstance(actor, str) else actor, **extra} for actor in actors]


def test_two_therapists_on_two_services():
    visit = read(
        encounter(),
        procedure("a1"),
        procedure("a2", "97140", performer=by("Practitioner/t2")),
        practitioner("t2", OTHER_NPI, qualification=...),
    )
    assert [service.therapist for service in visit.services] == [
        Therapist("Practitioner/t1", NPI, (TAXONOMY,)),
        Therapist("Practitioner/t2", OTHER_NPI),
    ]
    assert visit.problems == ()


def test_a_role_leads_to_its_practitioner_and_puts_its_specialty_first():
    service, visit = one(procedure(performer=by("PractitionerRole/r1")), practitioner_role())
    assert service.therapist == Therapist("Practitioner/t1", NPI, ("225100000X", TAXONOMY))
    assert visit.problems == ()


def test_roles_that_point_to_a_practitioner_add_their_specialties():
    service, _ = one(procedure(), practitioner_role(), practitioner_role("r2", active=False, specialty=[
        concept(names.NUCC, "111N00000X")]), practitioner_role("r3", practitioner=ref("Practitioner/t9")))  # fmt: skip
    assert service.therapist.taxonomies == ("225100000X", TAXONOMY)


def test_a_contained_practitioner():
    service, visit = one(procedure(performer=by("#x"), contained=[practitioner("x", OTHER_NPI)]))
    assert service.therapist == Therapist("Procedure/a1#x", OTHER_NPI, (TAXONOMY,))
    assert visit.problems == ()


def test_a_contained_role_of_a_contained_practitioner():
    inner = [practitioner("x", OTHER_NPI), practitioner_role("y", practitioner=ref("#x"))]
    service, _ = one(procedure(performer=by("#y"), contained=inner))
    assert (service.therapist.id, service.therapist.npi) == ("Procedure/a1#x", OTHER_NPI)


def test_a_performer_by_logical_identifier():
    known, _ = one(procedure(performer=by({"identifier": {"system": names.NPI, "value": NPI}})))
    assert known.therapist == Therapist("Practitioner/t1", NPI, (TAXONOMY,))
    stranger, _ = one(procedure(performer=by({"identifier": {"system": names.NPI, "value": "1999999992"}})))
    assert (stranger.therapist.npi, stranger.therapist.taxonomies) == ("1999999992", ())


def test_npi_by_its_oid_and_old_ones_not_counted():
    numbers = [
        {"system": names.NPI, "value": OTHER_NPI, "use": "old"},
        {"system": "urn:oid:2.16.840.1.113883.4.6", "value": NPI},
    ]
    assert one(procedure(), practitioner(identifier=numbers))[0].therapist.npi == NPI


def test_an_npi_by_its_type_where_no_system_is_given():
    typed = [{"type": concept(names.IDENTIFIER_TYPE, "NPI"), "value": NPI}]
    assert one(procedure(), practitioner(identifier=typed))[0].therapist.npi == NPI
    licence = [{"type": concept(names.IDENTIFIER_TYPE, "LN"), "value": "MT-7"}]
    assert one(procedure(), practitioner(identifier=licence))[0].therapist.npi is None


def test_two_npis_are_none():
    numbers = [{"system": names.NPI, "value": value} for value in (NPI, OTHER_NPI)]
    assert one(procedure(), practitioner(identifier=numbers))[0].therapist.npi is None


def test_a_practitioner_the_host_did_not_give_is_still_named():
    assert one(procedure(performer=by("Practitioner/t8")))[0].therapist == Therapist("Practitioner/t8", None)


@pytest.mark.parametrize(
    "performer",
    [
        ...,
        by("Organization/o1"),
        by("Patient/p1"),
        by({"display": "somebody"}),
        by("PractitionerRole/r9"),
        by("PractitionerRole/r1"),
        by("PractitionerRole/r2"),
    ],
)
def test_nobody_performed_it(performer):
    circle = practitioner_role(practitioner=ref("PractitionerRole/r1"))
    vacant = practitioner_role("r2", practitioner=...)
    service, visit = one(procedure(performer=performer), circle, vacant)
    assert service.therapist is None
    assert [(p.result, p.about) for p in problems(visit, "performer-known")] == [(Result.NO_DATA, "Procedure/a1")]


def test_the_taxonomy_it_was_done_under_comes_after_those_of_the_person():
    function = concept(names.NUCC, "225100000X", TAXONOMY)
    done = [{"function": function, "actor": ref("Practitioner/t1")}]
    assert one(procedure(performer=done))[0].therapist.taxonomies == (TAXONOMY, "225100000X")
    unknown = [{"function": function, "actor": ref("Practitioner/t8")}]
    assert one(procedure(performer=unknown))[0].therapist.taxonomies == ("225100000X", TAXONOMY)
    main = [{"function": concept("http://snomed.info/sct", "224609002"), "actor": ref("Practitioner/t1")}]
    assert one(procedure(performer=main))[0].therapist.taxonomies == (TAXONOMY,)


def test_an_organization_beside_a_person_is_passed_over():
    service, visit = one(procedure(performer=by("Organization/o1", "Practitioner/t1")))
    assert (service.therapist.id, visit.problems) == ("Practitioner/t1", ())


def test_several_performers_without_a_main_one():
    service, visit = one(procedure(performer=by("Practitioner/t1", "Practitioner/t2")))
    assert service.therapist is None
    assert [(p.result, p.key) for p in problems(visit, "performer-known")] == [(Result.FAIL, "several")]


@pytest.mark.parametrize(("first", "second"), [("PPRF", "SPRF"), ("PPRF", None), (None, "SPRF")])
def test_several_performers_with_a_main_one(first, second):
    def function(code):
        return (
            {}
            if code is None
            else {"function": concept("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", code)}
        )

    performers = by("Practitioner/t2", **function(second)) + by("Practitioner/t1", **function(first))
    service, visit = one(procedure(performer=performers))
    assert (service.therapist.id, visit.problems) == ("Practitioner/t1", ())


def test_the_same_person_twice_is_one():
    assert one(procedure(performer=by("Practitioner/t1", "PractitionerRole/r1")), practitioner_role())[1].problems == ()


def test_a_supervisor_is_a_participant_who_is_said_to_be_one():
    participant = {"type": [concept(names.CARE_TEAM_ROLE, "supervisor")], "individual": ref("Practitioner/t2")}
    other = {"type": [concept("x", "PPRF")], "individual": ref("Practitioner/t1")}
    visit = read(encounter(participant=[other, participant]), procedure(), practitioner("t2", OTHER_NPI))
    assert visit.supervisor.id == "Practitioner/t2"
    assert read(encounter(participant=[other]), procedure()).supervisor is None


# --- the same service twice -----------------------------------------------------------------------------------------


def pairs(visit):
    return [(service.procedure, service.duplicate_of) for service in visit.services]


def distinct(visit):
    return [(problem.about, problem.key) for problem in problems(visit, "services-distinct")]


def test_an_order_and_the_log_it_led_to_are_one_service():
    visit = read(
        encounter(),
        procedure("a1", mins=None, basedOn=[ref("ServiceRequest/s1")], performer=...,
                  reasonCode=[concept("http://hl7.org/fhir/sid/icd-10", "M79.18")]),
        procedure("a2", mins=30),
        service_request(),
    )  # fmt: skip
    assert pairs(visit) == [("a1", "a2"), ("a2", None)]
    assert distinct(visit) == [("Procedure/a1", "duplicate")]
    assert rules(visit) == ["services-distinct"]  # the duplicate's own lacks do not matter
    assert visit.services[1].diagnoses == ("M79.18",)
    assert visit.referral.id == "ServiceRequest/s1"


def test_an_order_and_a_log_with_the_same_minutes_are_one_service():
    visit = read(
        encounter(),
        procedure("a1", mins=None, basedOn=[ref("ServiceRequest/s1")]),
        observation(value=30),
        procedure("a2", mins=30, performedDateTime=at("10:05")),
    )
    assert pairs(visit) == [("a1", None), ("a2", "a1")]
    assert rules(visit) == ["services-distinct"]


def test_an_order_and_a_log_that_differ_in_minutes_are_held():
    visit = read(encounter(), procedure("a1", mins=45, basedOn=[ref("ServiceRequest/s1")]), procedure("a2", mins=30))
    assert pairs(visit) == [("a1", None), ("a2", "a1")]
    assert [p.key for p in problems(visit, "minutes-agree")] == ["sources-differ"]


def test_a_surgery_list_entry_without_encounter_is_the_same_service():
    visit = read(
        encounter(),
        procedure("a1"),
        procedure("a0", concept(names.CPT, "CPT4:97124"), None, encounter=..., performer=...),
    )
    assert pairs(visit) == [("a0", "a1"), ("a1", None)]
    assert distinct(visit) == [("Procedure/a0", "duplicate")]


@pytest.mark.parametrize(
    "changes",
    [
        {"performedDateTime": "2026-11-19"},
        {"code": cpt("97140")},
        {"subject": ref("Patient/p2")},
        {"status": "preparation"},
        {"performer": by("Practitioner/t2")},
    ],
)
def test_another_entry_without_encounter_is_no_part_of_the_visit(changes):
    visit = read(encounter(), procedure("a1"), procedure("a0", encounter=..., **changes))
    assert pairs(visit) == [("a1", None)]
    assert visit.problems == ()


def test_the_same_identifier_is_the_same_service():
    same = {"identifier": [patient_identifier("treatment-5")]}
    visit = read(
        encounter(), procedure("a1", mins=None, **same), procedure("a2", performer=by("Practitioner/t2"), **same)
    )
    assert pairs(visit) == [("a1", "a2"), ("a2", None)]


def test_the_same_identifier_with_another_code_is_held():
    same = {"identifier": [patient_identifier("treatment-5")]}
    visit = read(encounter(), procedure("a1", **same), procedure("a2", "97140", performedDateTime=at("10:30"), **same))
    assert pairs(visit) == [("a1", None), ("a2", None)]
    assert distinct(visit) == [("Procedure/a2", "same-identifier")]


@pytest.mark.parametrize(
    "both",
    [
        {},
        {"performedPeriod": period(at("10:00"), at("10:30"))},
        {"performedDateTime": "2026-11-20"},
        {"bodySite": [{"text": "neck"}]},
    ],
)
def test_the_same_code_performer_region_and_period_twice(both):
    visit = read(encounter(), procedure("a1", **both), procedure("a2", **both))
    assert pairs(visit) == [("a1", None), ("a2", None)]
    assert distinct(visit) == [("Procedure/a2", "twice")]


@pytest.mark.parametrize(
    "other",
    [
        {"code": "97140"},
        {"performer": by("Practitioner/t2")},
        {"performedDateTime": at("10:30")},
        {"status": "not-done"},
        {"status": "entered-in-error"},
    ],
)
def test_services_that_differ_are_two(other):
    code = other.pop("code", "97124") if "code" in other else "97124"
    visit = read(encounter(), procedure("a1"), procedure("a2", code, **other))
    assert pairs(visit) == [("a1", None), ("a2", None)]
    assert distinct(visit) == []


def test_a_service_without_minutes_elsewhere_on_the_body_is_its_own():
    visit = read(
        encounter(),
        procedure("a1", bodySite=[{"text": "neck"}]),
        procedure("a2", mins=None, bodySite=[{"text": "lower back"}]),
    )
    assert pairs(visit) == [("a1", None), ("a2", None)]


def test_one_performer_cannot_give_more_minutes_than_passed():
    def at_once(start="10:15", performer="Practitioner/t1"):
        end = f"{start[:3]}{int(start[3:]) + 29}"
        return read(
            encounter(),
            procedure("a1", "97124", 30, performedPeriod=period(at("10:00"), at("10:30"))),
            procedure("a2", "97112", 29, performedPeriod=period(at(start), at(end)), performer=by(performer)),
        )

    assert distinct(at_once()) == [("Procedure/a1", "overlap"), ("Procedure/a2", "overlap")]
    assert {key for _, key in distinct(at_once(performer="Practitioner/t2"))} == {"two-therapists"}
    assert distinct(at_once("10:30")) == []


def test_two_services_noted_with_the_whole_hour_but_their_own_minutes_fit():
    hour = {"performedPeriod": period(at("10:00"), at("11:00"))}
    both = [procedure("a1", "97124", 30, **hour), procedure("a2", "97112", 30, **hour)]
    assert distinct(read(encounter(), *both, minute_sources=(MinuteSource.EXTENSION,))) == []


def test_a_duplicates_reasons_still_are_the_visits_diagnoses():
    visit = read(
        encounter(diagnosis=...),
        procedure("a1", mins=None, basedOn=[ref("ServiceRequest/s1")], reasonReference=[ref("Condition/d1")]),
        procedure("a2", extension=[minutes(30)]),
        condition(),
    )
    assert [diagnosis.code for diagnosis in visit.diagnoses] == ["M54.50"]


# --- two services, or one twice ---------------------------------------------------------------------------------------

ORDERED = {"basedOn": [ref("ServiceRequest/s1")]}


def test_an_order_and_a_log_that_can_have_followed_it_are_two_services():
    visit = read(
        encounter(), procedure("a1", **ORDERED), procedure("a2", performedDateTime=at("10:30")), service_request()
    )
    assert pairs(visit) == [("a1", None), ("a2", None)]
    assert visit.problems == ()


def test_a_service_without_minutes_at_another_time_is_no_duplicate_and_lacks_its_minutes():
    visit = read(encounter(), procedure("a1"), procedure("a2", mins=None, performedDateTime=at("10:30")))
    assert pairs(visit) == [("a1", None), ("a2", None)]
    assert distinct(visit) == []


def test_a_surgery_list_entry_at_the_time_of_the_visit_is_the_same_service():
    visit = read(encounter(), procedure("a1", performedDateTime=at("11:00")), procedure("a2", mins=None, encounter=...))
    assert pairs(visit) == [("a1", None), ("a2", "a1")]


def test_an_entry_without_encounter_but_with_minutes_at_another_time_is_no_duplicate():
    visit = read(encounter(), procedure("a1"), procedure("a2", encounter=..., performedDateTime=at("10:30")))
    assert pairs(visit) == [("a1", None)]


def test_contained_copies_of_one_performer_are_one_person():
    inner = {"contained": [practitioner("c")], "performer": by("#c")}
    visit = read(encounter(), procedure("a1", **inner), procedure("a2", **inner))
    assert distinct(visit) == [("Procedure/a2", "twice")]
    other = {"contained": [practitioner("c", OTHER_NPI)], "performer": by("#c")}
    assert distinct(read(encounter(), procedure("a1", **inner), procedure("a2", **other))) == []


def test_a_region_that_one_of_two_does_not_name_is_no_difference():
    neck, leg = {"bodySite": [{"text": "neck"}]}, {"bodySite": [{"text": "leg"}]}
    assert distinct(read(encounter(), procedure("a1", **neck), procedure("a2"))) == [("Procedure/a2", "twice")]
    assert distinct(read(encounter(), procedure("a1", **neck), procedure("a2", **leg))) == []


def test_two_with_one_start_where_one_has_no_end_are_twice():
    span = {"performedPeriod": period(at("10:00"), at("10:30"))}
    assert distinct(read(encounter(), procedure("a1", **span), procedure("a2"))) == [("Procedure/a2", "twice")]


@pytest.mark.parametrize(
    ("start", "end", "keys"),
    [
        ("10:15", "10:45", [("Procedure/a1", "two-therapists"), ("Procedure/a2", "two-therapists")]),
        ("10:30", "11:00", []),
        ("10:00", "11:00", []),  # half of the hour each
    ],
)
def test_two_therapists_share_the_patients_minutes(start, end, keys):
    visit = read(
        encounter(),
        procedure("a1", "97124", 30, performedPeriod=period(at("10:00"), at("10:30"))),
        procedure("a2", "97112", 30, performedPeriod=period(at(start), at(end)), performer=by("Practitioner/t2")),
        practitioner("t2", OTHER_NPI),
    )
    assert distinct(visit) == keys
