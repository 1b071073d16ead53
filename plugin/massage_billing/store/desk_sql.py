"""What the workbench's pages ask, on SQLite or PostgreSQL: ports.Desk. The questions are in desk_holds.py and
desk_claims.py.

Writers take turns (opening.py): of two people who decide one hold at once, the second finds the version that the first
has left, and is told so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date as Date
from typing import Any

from sqlalchemy import Connection, Engine, select

from massage_billing.model import Ruling
from massage_billing.model.desk import Work
from massage_billing.ports.desk import (
    ClaimDays,
    ClaimFilter,
    ClaimRow,
    HeldDay,
    HoldFilter,
    HoldOrder,
    HoldRow,
    HoldSums,
    Overtaken,
    Page,
    StandingSum,
)
from massage_billing.store import desk_claims, desk_holds, desk_rules, ruling_rows, work_rows
from massage_billing.store.database import Database
from massage_billing.store.desk_pages import new_key, seal, told, unseal
from massage_billing.store.desk_sums import CLAIMS
from massage_billing.store.desk_sums import place as place_of
from massage_billing.store.desk_tables import secrets
from massage_billing.store.desk_where import has
from massage_billing.store.statements import chunks
from massage_billing.store.tables import visits

_PAGES = "pages"


class SqlDesk(Database):
    """ports.Desk on the store's database (``SqlStore.desk``). Threads and processes may share one."""

    def __init__(self, engine: Engine, name: str) -> None:
        super().__init__(engine, name)
        self._seal = b""

    # --- holds --------------------------------------------------------------------------------------------------------

    def hold_sums(self, host: str, which: HoldFilter) -> HoldSums:
        """The queue by reason."""
        with self._reading() as connection:
            return desk_holds.sums(connection, host, which)

    def holds(
        self, host: str, which: HoldFilter, order: HoldOrder, after: str | None = None, limit: int = 50
    ) -> Page[HoldRow]:
        """The queue, a page at a time. A bad ``after`` is the first page."""
        key = self._key()
        place = unseal(key, after, order.value)
        with self._reading() as connection:
            found = connection.execute(desk_holds.page(host, which, order, place, limit + 1)).all()
        rows = tuple(desk_holds.row_of(values) for values in found[:limit])
        last = rows[-1] if len(found) > limit else None
        return Page(rows, seal(key, place_of(order, last)) if last else None)

    def hold(self, host: str, encounter: str) -> HoldRow | None:
        """One visit with what people do about it, held or not; None where no run has seen it."""
        with self._reading() as connection:
            found = connection.execute(desk_holds.one(host, told(encounter))).first()
        return None if found is None else desk_holds.row_of(found)

    def assign(self, host: str, encounter: str, seen: int, work: Work) -> Work:
        """Give a hold to somebody, or write a note. Raises Overtaken where ``seen`` is not the version that stands."""
        with self._writing() as connection:
            before = _standing(connection, host, encounter, seen)
            after = desk_rules.given(before, work)
            work_rows.put(connection, self._run, host, [after])
        return after

    def decide(self, host: str, encounter: str, seen: int, ruling: Ruling) -> Work:
        """Remember a person's decision (as Store.rule does) if ``seen`` still stands. Raises Overtaken."""
        with self._writing() as connection:
            _standing(connection, host, encounter, seen)
            return ruling_rows.put(connection, self._run, host, encounter, ruling)

    def note_held(self, host: str, day: Date) -> None:
        """Keep how the queue stands on a day, in place of what was kept of it."""
        with self._writing() as connection:
            desk_holds.note(connection, self._run, host, day)

    def held_days(self, host: str, first: Date, last: Date) -> list[HeldDay]:
        """What was kept of these days."""
        with self._reading() as connection:
            return desk_holds.days(connection, host, first, last)

    # --- claims -------------------------------------------------------------------------------------------------------

    def claims(self, host: str, which: ClaimFilter, after: str | None = None, limit: int = 50) -> Page[ClaimRow]:
        """Claims, the newest date of service first, a page at a time."""
        key = self._key()
        place = unseal(key, after, CLAIMS)
        with self._reading() as connection:
            places = desk_claims.page(connection, host, which, place, limit + 1)
            rows = desk_claims.rows(connection, host, places[:limit]) if places else []
        return Page(tuple(rows), seal(key, places[limit - 1]) if len(places) > limit else None)

    def claim_sums(self, host: str, which: ClaimFilter) -> list[StandingSum]:
        """The same by standing; ``standing`` and ``unsent`` of the filter are not looked at."""
        with self._reading() as connection:
            return desk_claims.sums(connection, host, which)

    def claim_days(self, host: str, first: Date, last: Date, therapist: str | None = None) -> list[ClaimDays]:
        """By week of the date of service."""
        with self._reading() as connection:
            return desk_claims.days(connection, host, first, last, therapist)

    def payers(self, host: str) -> list[str]:
        """Payer keys of the host's visits, for the filters' lists."""
        with self._reading() as connection:
            return desk_claims.payers(connection, host)

    def treated(self, host: str, therapist: str, encounters: Sequence[str]) -> frozenset[str]:
        """Which of these visits this therapist ("Practitioner/3") treated."""
        found: set[str] = set()
        with self._reading() as connection:
            for some in chunks(encounters):
                these: Any = (visits.c.host == host, visits.c.encounter.in_([told(one) for one in some]))
                query = select(visits.c.encounter).where(*these, has(visits.c.therapists, told(therapist)))
                found.update(connection.scalars(query))
        return frozenset(found)

    # --- pages --------------------------------------------------------------------------------------------------------

    def _key(self) -> bytes:
        """What seals places of pages, the same for all processes on this store; made when it is first needed."""
        if not self._seal:
            query = select(secrets.c.value).where(secrets.c.name == _PAGES)
            with self._reading() as connection:
                found = connection.scalar(query)
            if found is None:
                with self._writing() as connection:
                    found = connection.scalar(query)
                    if found is None:
                        found = new_key()
                        self._run.insert(connection, secrets, [(_PAGES, found)])
            self._seal = found
        return self._seal


def _standing(connection: Connection, host: str, encounter: str, seen: int) -> Work:
    """The work that stands, if it is the version that was seen. Raises Overtaken; also where the visit is not known any
    more, so that nothing is written of a patient who was forgotten."""
    known = select(visits.c.encounter).where(visits.c.host == host, visits.c.encounter == encounter)
    if connection.scalar(known) is None:
        raise Overtaken(desk_rules.gone(encounter))
    before = work_rows.known(connection, host, [encounter]).get(encounter, Work(encounter))
    if before.version != seen:
        raise Overtaken(before)
    return before
