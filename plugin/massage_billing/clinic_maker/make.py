"""Writes a synthetic clinic to a folder, a visit at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date as Date
from math import gcd
from pathlib import Path
from typing import IO, Final

import orjson

from massage_billing.clinic_maker import cast
from massage_billing.clinic_maker.appointments import appointment_resources, insured
from massage_billing.clinic_maker.coming import Coming, comings
from massage_billing.clinic_maker.draw import Clinic, Person, mix
from massage_billing.clinic_maker.patients import patient_resources
from massage_billing.clinic_maker.shares import Shape
from massage_billing.clinic_maker.visits import visit_resources

LINES_A_FILE: Final = 100_000
"""After so many lines a further file is begun, as Bulk Data export does."""
SHUFFLED: Final = 256
"""How many lines of a file are held back and given out at random."""
SMALL: Final = 500
"""Below so many visits or appointments, every kind of them is there at least once."""
START: Final = Date(2026, 8, 3)
"""First day of the clinic, where none is asked for."""


def make_clinic(
    folder: Path,
    visits: int,
    seed: int = 1,
    start: Date = START,
    shape: Shape | None = None,
    *,
    appointments: int = 0,
    appointments_from: Date | None = None,
) -> dict[str, int]:
    """Write a clinic of so many visits, the first of them on ``start``; returns how many resources of each type.

    Beside the FHIR files, ``clinic/`` gets ``payers.yaml`` and ``fees.csv``, and with appointments
    ``credentials.csv``. The same arguments write the same bytes.
    ``appointments``: so many are to come, each of another patient, within seven days from ``appointments_from`` on
    (left out: the first day after every visit), none on a Sunday. Their patients' member ids are those that the
    simulated payer has scripts for; the visits are the same with and without them.
    """
    clinic = Clinic(seed, start, shape or _shape(visits))
    first = appointments_from or clinic.after()
    ahead = {one.person.number: one for one in comings(clinic, visits, appointments, _shape(appointments))}
    houses = max(clinic.houses(visits), *(one.person.house + 1 for one in ahead.values()), 1)
    _write_clinics_own(folder / "clinic", start, houses, first if appointments else None)
    with _Files(folder, seed) as files:
        for resource in _cast(f"{start.isoformat()}T08:00:00.000Z", houses):
            files.write(resource)
        for number in _mixed(visits, seed):
            patient, nth = clinic.owner_of(number)
            if nth == 0:
                for resource in _patient(clinic, clinic.person(patient), ahead.get(patient)):
                    files.write(resource)
            for resource in visit_resources(clinic, number):
                files.write(resource)
        for resource in _coming(clinic, ahead.values(), first, clinic.owner_of(visits - 1)[0] + 1):
            files.write(resource)
    return dict(sorted(files.written.items()))


def _write_clinics_own(folder: Path, start: Date, houses: int, asked_from: Date | None) -> None:
    """The files the clinic keeps itself; ``asked_from``: first day of coming appointments, whose payers are asked."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "payers.yaml").write_text(cast.payers_yaml(asked=asked_from is not None), encoding="utf-8")
    (folder / "fees.csv").write_text(cast.fees_csv(f"{start.year}-01-01"), encoding="utf-8")
    if asked_from is not None:
        (folder / "credentials.csv").write_text(cast.credentials_csv(houses, asked_from), encoding="utf-8")


def _cast(updated: str, houses: int) -> Iterator[dict[str, object]]:
    """Everybody and everything that is there before the first visit."""
    yield from cast.practitioners(updated, houses)
    yield from cast.roles(updated, houses)
    yield from cast.organizations(updated)
    yield from cast.locations(updated)


def _coming(clinic: Clinic, ahead: Iterable[Coming], first: Date, seen: int) -> Iterator[dict[str, object]]:
    """Coming appointments, with their patients where these were never here; ``seen``: how many were."""
    for one in ahead:
        if one.person.number >= seen:
            yield from _patient(clinic, one.person, one)
        yield from appointment_resources(clinic, one, first)


def _shape(number: int) -> Shape:
    return Shape.VARIED if number < SMALL else Shape.TYPICAL


def _patient(clinic: Clinic, person: Person, coming: Coming | None) -> Sequence[dict[str, object]]:
    resources = patient_resources(clinic, person)
    return resources if coming is None else insured(coming, resources, f"{clinic.start.isoformat()}T08:00:00.000Z")


def _mixed(count: int, seed: int) -> Iterator[int]:
    """0 to count - 1, each once, in an order that keeps a patient's visits apart (steps of the golden ratio)."""
    step = count * 618 // 1000 | 1
    while gcd(step, count) != 1:
        step += 2
    number = mix(seed, count, 5) % count
    for _ in range(count):
        yield number
        number = (number + step) % count


class _Files:
    """The NDJSON files: Type.000.ndjson, Type.001.ndjson …, each a little shuffled."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.written: Counter[str] = Counter()
        self._folder = folder
        self._seed = seed
        self._open: dict[str, IO[bytes]] = {}
        self._held: dict[str, list[bytes]] = {}

    def __enter__(self) -> _Files:
        return self

    def __exit__(self, *_: object) -> None:
        for kind, held in self._held.items():
            for line in held:
                self._open[kind].write(line)
        for file in self._open.values():
            file.close()

    def write(self, resource: dict[str, object]) -> None:
        kind = str(resource["resourceType"])
        number = self.written[kind]
        self.written[kind] = number + 1
        held = self._held.setdefault(kind, [])
        line = orjson.dumps(resource, option=orjson.OPT_APPEND_NEWLINE)
        if number % LINES_A_FILE == 0:
            self._next_file(kind, number // LINES_A_FILE)
        if len(held) < SHUFFLED:
            held.append(line)
            return
        place = mix(self._seed, number, 6) % SHUFFLED
        held[place], line = line, held[place]
        self._open[kind].write(line)

    def _next_file(self, kind: str, number: int) -> None:
        if kind in self._open:
            self._open[kind].close()
        self._open[kind] = open(self._folder / f"{kind}.{number:03}.ndjson", "wb", buffering=1 << 18)
