"""Names from the host: kept for minutes, bounded, and a host that is away costs one question in half a minute."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pytest

from massage_billing.desk import people
from massage_billing.desk.holds import whose
from massage_billing.desk.people import AWAY, SECONDS, Named, Names
from massage_billing.errors import HostUnreachable
from massage_billing.hosts.memory import MemoryHost
from massage_billing.model.desk import Work
from massage_billing.ports import JsonObject

ANA = {"resourceType": "Patient", "id": "1", "name": [{"family": "Lopez", "given": ["Ana", "Maria"]}]}
KIM = {"resourceType": "Practitioner", "id": "7", "name": [{"family": "Rivers", "given": ["Kim"]}]}
NOBODY = {"resourceType": "Patient", "id": "2"}


class Asked:
    """A host that counts what it is asked."""

    def __init__(self) -> None:
        self.host = MemoryHost("main", [ANA, KIM, NOBODY])
        self.asked: list[tuple[str, ...]] = []
        self.now = 1000.0
        self.names = Names(self.lent, lambda: self.now)

    @contextmanager
    def lent(self) -> Iterator[Asked]:
        yield self

    def people(self, references: Sequence[str]) -> Iterator[JsonObject]:
        self.asked.append(tuple(references))
        yield from self.host.people(references)


@pytest.fixture
def asked() -> Asked:
    return Asked()


def test_patients_are_named_as_lists_sort_them_and_therapists_as_they_are_called(asked: Asked) -> None:
    named = asked.names.named(["Patient/1", "Practitioner/7", "Patient/2", "Patient/gone", None, ""])
    assert named.names == {"Patient/1": "Lopez, Ana Maria", "Practitioner/7": "Kim Rivers"}
    assert [named.of(one) for one in ("Patient/1", "Patient/2", "Patient/gone", None)] == [
        "Lopez, Ana Maria",
        "Patient/2",
        "Patient/gone",
        "",
    ]
    assert named.away == ""


def test_a_name_is_asked_for_once_in_five_minutes(asked: Asked) -> None:
    for _ in range(3):
        asked.names.named(["Patient/1", "Patient/gone"])
    assert asked.asked == [("Patient/1", "Patient/gone")]
    asked.names.named(["Patient/1", "Practitioner/7"])
    assert asked.asked[1:] == [("Practitioner/7",)]
    asked.now += SECONDS + 1
    asked.names.named(["Patient/1"])
    assert asked.asked[2:] == [("Patient/1",)]


def test_a_name_that_was_corrected_is_seen_after_five_minutes(asked: Asked) -> None:
    asked.names.named(["Patient/1"])
    asked.host.store.put({**ANA, "name": [{"family": "Diaz", "given": ["Ana"]}]})
    assert asked.names.named(["Patient/1"]).of("Patient/1") == "Lopez, Ana Maria"
    asked.now += SECONDS + 1
    assert asked.names.named(["Patient/1"]).of("Patient/1") == "Diaz, Ana"


def test_a_host_that_is_away_is_not_asked_again_for_half_a_minute(asked: Asked) -> None:
    asked.names.named(["Practitioner/7"])
    asked.host.fail("people", HostUnreachable("GET Patient: no answer.", "Is it running?"))
    away = asked.names.named(["Patient/1", "Practitioner/7"])
    assert (away.of("Patient/1"), away.of("Practitioner/7"), away.away) == (
        "Patient/1",
        "Kim Rivers",
        "GET Patient: no answer.",
    )
    assert asked.names.named(["Patient/1"]).away == "GET Patient: no answer."
    assert asked.names.named(["Practitioner/7"]).away == ""  # nothing is missing
    assert len(asked.asked) == 2
    asked.now += AWAY + 1
    assert asked.names.named(["Patient/1"]).of("Patient/1") == "Lopez, Ana Maria"


def test_no_more_than_so_many_are_kept(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "KEPT", 2)
    asked.names.named(["Patient/1", "Practitioner/7", "Patient/2"])
    asked.names.named(["Practitioner/7", "Patient/2"])
    assert len(asked.asked) == 1
    asked.names.named(["Patient/1"])
    assert asked.asked[1:] == [("Patient/1",)]


@pytest.mark.parametrize(
    "name", [None, "Ana", 7, [None], [{"family": 5, "given": "Ana"}], [{"family": ["x"]}], {"family": "x"}]
)
def test_a_name_that_cannot_be_read_is_none(name: object) -> None:
    host = MemoryHost("main", [{"resourceType": "Patient", "id": "3", "name": name}])

    @contextmanager
    def lent() -> Iterator[MemoryHost]:
        yield host

    assert Names(lent).named(["Patient/3"]).of("Patient/3") == "Patient/3"


def test_whom_the_clinic_names_itself_the_host_is_not_asked_about(asked: Asked) -> None:
    """OpenEMR names no Person to a client without system/Person.rs: the front desk would stand there as an id."""
    names = Names(asked.lent, lambda: asked.now, {"Person/9": "Fern Desk", "Practitioner/7": ""})
    named = names.named(["Person/9", "Practitioner/7"])
    assert (named.of("Person/9"), named.of("Practitioner/7")) == ("Fern Desk", "Kim Rivers")
    assert asked.asked == [("Practitioner/7",)]


def test_whoever_has_a_hold_is_called_by_the_name_of_today() -> None:
    given = Work("1", assignee="Person/9", assignee_name="Person/9")
    assert whose(given, Named({"Person/9": "Fern Desk"})) == "Fern Desk"
    assert whose(replace(given, assignee_name="Fern D."), Named()) == "Fern D."  # who works here no more
    assert whose(Work("1"), Named()) == ""
