"""Credentials: therapist by payer with dates, what ends soon, which visits a gap holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from massage_billing.coding.terms import NpiRow
from massage_billing.desk.credentials import Matrix, PersonRow, held, matrix
from massage_billing.desk.office import Office
from massage_billing.desk.who_treats import who_treats
from massage_billing.errors import RulebookError
from massage_billing.model.desk import Permission, Viewer
from massage_billing.ports.access import Action
from massage_billing.rulebook.credential_files import load_credential_terms
from massage_billing.web.site import Site

WORDS: Final = {"blocked": "stops billing", "act": "to do", "unknown": "not known", "ready": "to know"}
"""What people read of a finding."""
_REFERENCE: Final = re.compile(r"\bPractitioner/[A-Za-z0-9\-.]{0,63}[A-Za-z0-9\-]")
"""A therapist, as messages name one."""


def routes(site: Site) -> APIRouter:
    """GET /credentials."""
    router = APIRouter()
    see = Depends(site.viewer(Permission.CREDENTIALS))

    @router.get("/credentials")
    def page(request: Request, viewer: Viewer = see) -> Response:
        office = site.office(viewer)
        treats = who_treats(office, site.days, judge=True)
        gaps = held(office.desk, office.id)
        view = matrix(
            office.clinic(), office.today, load_credential_terms(), _npi_row(office), gaps, treats.therapists.values()
        )
        site.audit(request, viewer, Action.LISTED, page="credentials")
        held_for = [message for gap in gaps for row in gap.rows for _, message in row.visit.holds]
        references = [row.who for row in view.rows if "/" in row.who]
        references += [one for message in held_for for one in _REFERENCE.findall(message)]
        patients = [row.visit.patient for gap in gaps for row in gap.rows]
        called = {**treats.names, **office.names.named(references).names}
        named = _Named(view, called)
        more = {"people": office.names.named(patients), "words": WORDS, "who": named.row, "named": named.text}
        return site.page(request, viewer, "credentials.html.j2", view, part="main", more=more)

    return router


class _Named:
    """People's names in place of what the file calls them."""

    def __init__(self, view: Matrix, names: Mapping[str, str]) -> None:
        self._names = names
        self._whole = {row.who: names[key] for row in view.rows if (key := self._key(row)) is not None}

    def _key(self, row: PersonRow) -> str | None:
        return next((key for key in (row.who, f"NPI {row.npi}") if key in self._names), None)

    def row(self, row: PersonRow) -> str:
        """A person of the list."""
        return self._whole.get(row.who, row.who)

    def text(self, message: str) -> str:
        """A finding: "NPI 1234567893: …" with the name, where it is known."""
        who, colon, rest = message.partition(":")
        name = self._whole.get(who) or self._names.get(who)
        told = f"{name}{colon}{rest}" if name and colon else message
        return _REFERENCE.sub(lambda found: self._names.get(found.group(), found.group()), told)


def _npi_row(office: Office) -> NpiRow | None:
    """How an NPI is made, by the rule that says so; None where no rulebook can be loaded."""
    try:
        return office.book().on(office.today).row("therapist-npi").says(NpiRow)
    except RulebookError:
        return None
