"""The check of credentials: what ended, what ends soon, what is missing, what the NPI registry says otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massage_billing.coding.terms import NpiRow
from massage_billing.model import Clinic, Credential, CredentialKind, Enrolled, Readiness, Reason, Therapist
from massage_billing.ports.npi_registry import Registered
from massage_billing.previsit.credential_check import NOBODY_ASKED, Asked, findings, npis
from massage_billing.previsit.credential_people import people, reach
from massage_billing.rulebook.credential_files import load_credential_terms
from visits import book

TODAY = date(2026, 11, 30)
NPI, GROUP = "1234567893", "1245319599"
LICENCE, LIABILITY, ENROLMENT, ATTESTATION = CredentialKind


def row() -> NpiRow:
    return book().on(TODAY).row("therapist-npi").says(NpiRow)


def kept(kind: CredentialKind, start: date | None = None, end: date | None = None, **more: object) -> Credential:
    whose: dict[str, object] = {} if "holder" in more or "npi" in more else {"npi": NPI}
    if kind is ENROLMENT:
        whose |= {"payer": "blue", "enrolled": Enrolled.IN_NETWORK}
    if kind is LICENCE:
        whose |= {"state": "WA", "number": "MA60000001"}
    return replace(Credential(kind, "credentials.csv:2", start=start, end=end), **(whose | more))  # type: ignore[arg-type]


COVER = kept(LIABILITY)
HIM = Therapist("Practitioner/7", NPI, ("225700000X",))
ENTRY = Registered(NPI, "person", "JANE SYNTHETICA", True, ("225700000X",), (("WA", "MA60000001", "225700000X"),))


def found(
    *listed: Credential, therapists: tuple[Therapist, ...] = (), asked: Asked = NOBODY_ASKED
) -> tuple[Reason, ...]:
    of = Clinic(credentials=listed, credentials_known=True, npi=GROUP)
    return findings(people(of, therapists), of, TODAY, load_credential_terms(), row(), asked)


def ids(*listed: Credential, **more: object) -> list[str]:
    return [one.id for one in found(*listed, **more)]  # type: ignore[arg-type]


def day(ahead: int) -> date:
    return TODAY + timedelta(days=ahead)


@pytest.mark.parametrize("kind", [LICENCE, LIABILITY, ENROLMENT])
@pytest.mark.parametrize(
    ("ahead", "expected"),
    [(61, None), (60, "ends"), (31, "ends"), (8, "ends"), (7, "ends"), (0, "ends"), (-1, "ended"), (-60, "ended")],
)
def test_what_ends_is_told_sixty_days_ahead_and_from_its_last_day_on(
    kind: CredentialKind, ahead: int, expected: str | None
) -> None:
    listed = (kept(kind, end=day(ahead)), *(() if kind is LIABILITY else (COVER,)))
    name = {LICENCE: "licence", LIABILITY: "liability", ENROLMENT: "enrolment"}[kind]
    reasons = found(*listed)
    assert [one.id for one in reasons] == ([f"{name}-{expected}"] if expected else [])
    for one in reasons:
        assert one.due == day(ahead)
        assert day(ahead).isoformat() in one.message
        assert (one.readiness is Readiness.BLOCKED) is (expected == "ended" and kind is not LIABILITY)


@pytest.mark.parametrize(("ahead", "step"), [(60, 60), (31, 60), (30, 30), (8, 30), (7, 7), (0, 7)])
def test_a_warning_says_which_step_it_has_reached(ahead: int, step: int) -> None:
    (told,) = found(COVER, kept(LICENCE, end=day(ahead)))
    assert f"(the {step}-day warning)" in told.message


def test_what_is_renewed_in_time_is_not_told() -> None:
    now, then = kept(LICENCE, end=day(5)), kept(LICENCE, start=day(6), end=day(400))
    assert ids(COVER, now, then) == []
    assert ids(COVER, now, replace(then, start=day(7))) == ["licence-ends"]
    assert ids(COVER, kept(ENROLMENT, end=day(5)), kept(ENROLMENT, start=day(6))) == []
    assert ids(COVER, kept(ENROLMENT, end=day(-1)), kept(ENROLMENT, enrolled=Enrolled.NONE, start=day(0))) == []


def test_a_licence_of_another_state_does_not_stand_for_one_that_ended() -> None:
    assert ids(COVER, kept(LICENCE, end=day(-1)), kept(LICENCE, state="OR")) == ["licence-ended"]


def test_what_has_not_begun_yet_is_not_told_as_ended() -> None:
    assert ids(COVER, kept(ENROLMENT, start=day(10))) == []


def test_rows_of_who_has_left_are_not_told_for_ever() -> None:
    gone = (kept(LIABILITY, end=day(-61)), kept(LICENCE, end=day(-300)), kept(ENROLMENT, end=day(-200)))
    assert ids(*gone) == []
    assert ids(*gone, therapists=(HIM,)) == ["licence-ended", "enrolment-ended", "liability-ended"]


def test_liability_cover_is_missed_of_whoever_has_none_unless_the_clinic_has_one_for_all() -> None:
    assert ids(kept(LICENCE)) == ["liability-missing"]
    assert ids(kept(LICENCE), kept(LIABILITY, npi=GROUP, end=day(200))) == []
    assert ids(kept(LICENCE), kept(LIABILITY, npi=GROUP, end=day(-1))) == ["liability-ended", "liability-missing"]
    assert ids(kept(ENROLMENT, npi=GROUP)) == []
    of = Clinic()
    assert findings(people(of, (HIM,)), of, TODAY, load_credential_terms(), row()) == ()


@pytest.mark.parametrize(
    ("made", "state", "expected"),
    [
        (0, "WA", None), (-59, "WA", None), (-60, "WA", "attestation-soon"), (-120, "WA", "attestation-soon"),
        (-121, "WA", "attestation-due"), (-121, "IL", "attestation-soon"), (-181, "IL", "attestation-due"),
    ],
)  # fmt: skip
def test_an_attestation_is_repeated_every_120_days_and_in_illinois_every_180(
    made: int, state: str, expected: str | None
) -> None:
    listed = (COVER, kept(LICENCE, state=state), kept(ATTESTATION, start=day(-400)), kept(ATTESTATION, start=day(made)))
    assert ids(*listed) == ([expected] if expected else [])


def test_an_attestation_that_says_its_own_end_is_believed() -> None:
    assert ids(COVER, kept(ATTESTATION, start=day(-300), end=day(100))) == []
    assert ids(COVER, kept(ATTESTATION, start=day(-3), end=day(-1))) == ["attestation-due"]


@pytest.mark.parametrize(
    ("therapist", "expected"),
    [
        (HIM, []),
        (replace(HIM, npi=None), ["npi-missing"]),
        (replace(HIM, npi="1234567890"), ["npi-wrong"]),
        (replace(HIM, taxonomies=("225100000X",)), ["taxonomy-missing"]),
        (replace(HIM, taxonomies=("225100000X", "225700000X")), []),
    ],
)
def test_what_the_host_records_of_a_therapist(therapist: Therapist, expected: list[str]) -> None:
    assert ids(kept(LIABILITY, holder=HIM.id, npi=None), therapists=(therapist,)) == expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (ENTRY, []),
        (None, ["registry-unlisted"]),
        (replace(ENTRY, active=False, deactivated=day(-9)), ["registry-inactive"]),
        (replace(ENTRY, kind="organization"), ["registry-kind"]),
        (replace(ENTRY, taxonomies=("225100000X",)), ["registry-taxonomy"]),
        (replace(ENTRY, licences=(("WA", "60000002", "225700000X"),)), ["registry-licence"]),
        (replace(ENTRY, licences=(("WA", "ma-6000 0001", "225700000X"),)), []),
        (replace(ENTRY, licences=(("OR", "60000002", "225700000X"),)), []),
        (replace(ENTRY, licences=(("WA", "60000002", "225100000X"),)), []),
        (replace(ENTRY, licences=()), []),
    ],
)
def test_what_the_registry_says_otherwise(entry: Registered | None, expected: list[str]) -> None:
    reasons = found(COVER, kept(LICENCE), asked=Asked({NPI: entry}))
    assert [one.id for one in reasons] == expected
    assert not any("MA60000001" in one.message or "60000002" in one.message for one in reasons)


def test_a_registry_that_was_not_asked_or_did_not_answer() -> None:
    assert ids(COVER) == []
    assert ids(COVER, asked=Asked(failed=frozenset({NPI}))) == ["registry-silent"]


def test_the_clinics_own_npi_is_that_of_an_organization() -> None:
    listed = (kept(LIABILITY, npi=GROUP),)
    assert ids(*listed, asked=Asked({GROUP: Registered(GROUP, "organization", "CEDAR", True, ("261QP2000X",))})) == []
    assert ids(*listed, asked=Asked({GROUP: replace(ENTRY, npi=GROUP)})) == ["registry-kind"]


def test_only_sound_npis_are_asked_about_each_once() -> None:
    of = Clinic(credentials=(COVER, kept(LIABILITY, npi=GROUP)), credentials_known=True, npi=GROUP)
    them = (HIM, replace(HIM, id="Practitioner/8", npi="1234567890"), replace(HIM, id="Practitioner/9"))
    assert sorted(npis(people(of, them), row())) == [NPI, GROUP]


def test_the_worst_comes_first_then_what_falls_due_first() -> None:
    listed = (
        kept(LIABILITY, end=day(40)), kept(LICENCE, end=day(-1)), kept(ENROLMENT, end=day(3)),
        kept(ENROLMENT, payer="green", end=day(-5)),
    )  # fmt: skip
    assert ids(*listed) == ["enrolment-ended", "licence-ended", "enrolment-ends", "liability-ends"]


# --- who is who -----------------------------------------------------------------------------------------------------


def test_one_person_by_npi_and_by_reference_is_one_where_the_host_says_so() -> None:
    of = Clinic(credentials=(COVER, kept(LICENCE, holder="Practitioner/7", npi=None)), credentials_known=True)
    assert [(one.name, len(one.credentials)) for one in people(of, (HIM,))] == [("Practitioner/7", 2)]
    assert [one.name for one in people(of)] == [f"NPI {NPI}", "Practitioner/7"]


def test_a_therapist_who_is_alone_is_no_clinic() -> None:
    of = Clinic(credentials=(kept(ENROLMENT), COVER), credentials_known=True, npi=NPI, solo=True)
    assert [(one.name, one.is_clinic) for one in people(of)] == [(f"NPI {NPI}", False)]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(-20, 20), st.integers(0, 10), st.booleans(), st.booleans()), min_size=1, max_size=5)
)
def test_how_far_credentials_reach_is_what_walking_the_days_finds(
    some: list[tuple[int, int, bool, bool]],
) -> None:
    listed = [
        kept(LICENCE, None if first else day(start), None if last else day(start + length))
        for start, length, first, last in some
    ]

    def covered(on: date) -> bool:
        return any((one.start or on) <= on <= (one.end or on) for one in listed)

    far = reach(listed, TODAY)
    if far is None:
        assert all(one.start is not None and one.start > TODAY for one in listed)
        return
    assert far.holds is covered(TODAY)
    if not far.holds:
        assert far.end == max(one.end for one in listed if one.end is not None and one.end < TODAY)
        return
    on = TODAY
    while covered(on) and (on - TODAY).days < 100:
        on += timedelta(days=1)
    assert far.end == (None if (on - TODAY).days == 100 else on - timedelta(days=1))
