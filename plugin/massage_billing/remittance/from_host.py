"""What payers' answers on the host itself say of our claims: ClaimResponse and ExplanationOfBenefit (FHIR R4).

They count like the claims of a remittance, once each, until a remittance says the same. One that changed since it was
counted, or does not add up, is told and left to a person.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date as Date
from decimal import Decimal
from typing import Final

import orjson

from massage_billing.fhir import json as fj
from massage_billing.fhir import names
from massage_billing.fhir.claim_answer import Answer, claim_named, is_of_others, read_answer
from massage_billing.fhir.references import split
from massage_billing.fhir.serial import to_bytes, with_cents
from massage_billing.model.remittance import ClaimStanding, Remittance
from massage_billing.ports import JsonObject, VisitState
from massage_billing.ports.ledger import OF_HOST, Applied, AppliedPart, Said, SentLine, Submission
from massage_billing.remittance import paid as payment
from massage_billing.remittance.adjustments import default_adjustments
from massage_billing.remittance.answers import FileTaken
from massage_billing.remittance.book import unsent
from massage_billing.remittance.match import checked
from massage_billing.remittance.setup import AnswersSetup
from massage_billing.service import chunks_of

_ASKED: Final = 200
"""Claims asked of together."""
_READ: Final = ("ClaimResponse", "ExplanationOfBenefit")
_BY_HOST: Final = "answered on the host"


class HostAnswers:
    """Takes the answers that stand on one host."""

    def __init__(self, setup: AnswersSetup) -> None:
        self.setup = setup
        self._groups = frozenset(default_adjustments().groups)
        self._counted = {one.name: one.file for one in setup.ledger.files() if one.file.startswith(OF_HOST)}

    def readable(self) -> bool:
        """Whether the host has such answers at all."""
        return not self.setup.host.capabilities().readable.isdisjoint(_READ)

    def take(self, since: Date | None = None) -> list[FileTaken]:
        """Take what is new of claims from a date of service on. Raises HostError, StoreError; what was taken stays."""
        taken: list[FileTaken] = []
        for some in chunks_of(self._claims(since), _ASKED):
            by_claim = {one.claim: one for one in some} | {one.key: one for one in some}
            for answer in self.setup.host.answers(list(dict.fromkeys(one.claim for one in some))):
                ours = by_claim.get(_bare(claim_named(answer)))
                if ours is not None and is_of_others(answer):
                    taken += self._one(answer, ours)
            self.setup.progress.advance("claims", len(some), None)
        return taken

    def _claims(self, since: Date | None) -> Iterator[Submission]:
        """Claims on the host: those that were sent by files or marked, then those of which nobody said so."""
        ledger, host = self.setup.ledger, self.setup.host.id
        known: set[str] = set()
        for one in ledger.all(host):
            known.add(one.key)
            if one.claim and one.rank == "P" and (since is None or one.date >= since):
                yield one
        for row in self.setup.store.rows(host):
            if row.state is VisitState.CLAIMED and row.claim and row.claim_key not in known and row.date:
                known.add(row.claim_key)
                if since is None or row.date >= since:
                    yield unsent(row)

    def _one(self, resource: JsonObject, ours: Submission) -> list[FileTaken]:
        """What became of one answer; nothing where there is no news in it."""
        named = f"{fj.text(resource, 'resourceType')}/{fj.text(resource, 'id')}"
        if ours.standing is ClaimStanding.NOT_SENT:
            ours = replace(ours, lines=self._lines(ours))
        answer = read_answer(resource, ours.key, ours.lines, self._groups)
        digest, before = self._digest(named, resource), self._counted.get(self._name(named))
        taken = FileTaken(named, (answer.kind,), "refused", claims=1)
        if before == digest:
            return []
        if before is not None:
            what = "It was counted before, and says something else now: `claims mark` what holds."
            return [replace(taken, problems=(what,))]
        if answer.state not in ("complete", "error"):
            return []
        if answer.problems:
            return [replace(taken, problems=answer.problems)]
        other = checked(answer.paid, ours) if answer.paid else ours
        if isinstance(other, str):
            return [replace(taken, problems=(f"It {other}.",))]
        self._apply(answer, ours, digest)
        return [replace(taken, state="applied", paid=answer.paid.paid if answer.paid else None)]

    def _apply(self, answer: Answer, ours: Submission, digest: str) -> None:
        now, ledger = self.setup.now(), self.setup.ledger
        self.setup.store.sent(ours.host, [ours.encounter])  # first: what a crash leaves out is told again
        if ours.standing is ClaimStanding.NOT_SENT:
            ledger.mark(ours, Said(ours.key, now, ClaimStanding.EXPORTED, answer.reference, f"Sent: {_BY_HOST}."))
        header = Applied(digest, answer.kind, self._name(answer.reference), None, answer.trace)
        if answer.paid is None:
            why = f"Refused: {', '.join(answer.errors) or 'no reason given'}."
            said = Said(ours.key, now, ClaimStanding.REJECTED, answer.reference, why)
            ledger.apply(header, [AppliedPart((said,))])
        else:
            found, day = answer.paid, answer.paid_on or now.date()
            told = Remittance(answer.trace, "", "", found.paid, credit=True, method="", date=day)
            part = AppliedPart(
                (payment.said_of(found, ours, answer.reference, now),),
                tuple(payment.rows_of(found, ours, digest, ours.payer)),
                lines=tuple(payment.lines_of(found, ours, digest, told)),
            )
            ledger.apply(replace(header, paid=found.paid), [part])
        self._counted[header.name] = digest

    def _name(self, reference: str) -> str:
        """An answer as the ledger names it: hosts may have equal ids."""
        return f"{self.setup.host.id} {reference}"

    def _digest(self, named: str, resource: JsonObject) -> str:
        """Of what it says, whatever version it has."""
        said = to_bytes({**with_cents(resource), "meta": None, "text": None})
        whole = b"\n".join(
            (self.setup.host.id.encode(), named.encode(), orjson.dumps(orjson.loads(said), option=_SORTED))
        )
        return OF_HOST + hashlib.sha256(whole).hexdigest()[len(OF_HOST) :]

    def _lines(self, ours: Submission) -> tuple[SentLine, ...]:
        """The lines of a claim that no file of ours carries, as it stands on the host."""
        for claim in self.setup.host.find("Claim", [ours.key]):
            if f"Claim/{fj.text(claim, 'id')}" == ours.claim:
                return tuple(_line(item, n, ours.date) for n, item in enumerate(fj.children(claim, "item"), 1))
        return ()


_SORTED: Final = orjson.OPT_SORT_KEYS
_SERVICES: Final = frozenset({names.CPT, names.HCPCS})


def _line(item: JsonObject, place: int, on: Date) -> SentLine:
    codes = [code for system, code in fj.codings(fj.child(item, "productOrService")) if system in _SERVICES]
    modifiers = tuple(code for one in fj.children(item, "modifier") for _, code in fj.codings(one))
    units = fj.number(fj.child(item, "quantity"), "value") or Decimal(1)
    charge = fj.number(fj.child(item, "net"), "value") or Decimal(0)
    return SentLine(str(place), next(iter(codes), ""), modifiers, units, charge, on)


def _bare(named: str) -> str:
    """ "Claim/12" of a reference in any form; a claim key as it is."""
    found = split(named)
    return f"{found[0]}/{found[1]}" if found else named
