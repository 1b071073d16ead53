"""Subscriptions on a FHIR R4 server: made once, known again by where they tell.

A Subscription of R4 has no identifier: the URL of its channel stands for one (search parameter ``url``), and a
conditional create keeps two processes from making two.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import orjson

from massage_billing.errors import HostAnswerUnreadable, HostError, HostNotFound
from massage_billing.fhir.json import child, text
from massage_billing.hosts.fhir_search import parse
from massage_billing.hosts.fhir_single import condition, id_order
from massage_billing.hosts.fhir_source import FhirSource
from massage_billing.net.http import HttpClient
from massage_billing.ports import JsonObject
from massage_billing.ports.subscribing import Standing, Subscribed, Wanted

KIND: Final = "Subscription"
_LIVE: Final = ("requested", "active")


class FhirSubscriptions:
    """Implements ``ports.subscribing.Subscribes`` for a server."""

    client: HttpClient
    source: FhirSource

    def can_subscribe(self) -> bool:
        """See ``Subscribes``."""
        facts = self.source.statement.types.get(KIND)
        return facts is not None and "create" in facts.interactions

    def subscribed(self, wanted: Wanted) -> list[Subscribed]:
        """See ``Subscribes``."""
        return [_told(one, wanted) for one in self._there(wanted)]

    def subscribe(self, wanted: Wanted) -> tuple[Subscribed, Standing]:
        """See ``Subscribes``. Of several (a server without conditional create), the oldest stays."""
        if not self.can_subscribe():
            raise HostError("The host takes no Subscriptions.", "Nothing is lost: it is asked by the schedule.")
        there = list(self._there(wanted))
        standing = Standing.THERE
        if not there:
            self._make(wanted)
            there, standing = list(self._there(wanted)), Standing.MADE
            if not there:
                raise HostAnswerUnreadable("The Subscription that was made is not found by its url.", "Try again.")
        first, *more = there
        for one in more:
            self._drop(one)
        if not _told(first, wanted).right:
            first = self._send("PUT", f"{KIND}/{first.get('id')}", {**_body(wanted), "id": first.get("id")})
            standing = Standing.CHANGED
        return _told(first, wanted), standing

    def unsubscribe(self, wanted: Wanted) -> int:
        """See ``Subscribes``."""
        there = list(self._there(wanted))
        for one in there:
            self._drop(one)
        return len(there)

    def _there(self, wanted: Wanted) -> Iterator[JsonObject]:
        """Those that tell the endpoint, the oldest first; a server that ignores ``url`` gives others too."""
        found = self.source.search.all(KIND, [("url", wanted.endpoint)])
        mine = [one for one in found if text(child(one, "channel"), "endpoint") == wanted.endpoint]
        yield from sorted(mine, key=lambda one: id_order(str(one.get("id"))))

    def _make(self, wanted: Wanted) -> None:
        headers = {"If-None-Exist": condition(f"url={wanted.endpoint}")}
        self._send("POST", KIND, _body(wanted), headers)

    def _send(self, method: str, path: str, body: JsonObject, headers: dict[str, str] | None = None) -> JsonObject:
        return self.client.call(
            method,
            path,
            body=orjson.dumps(body),
            headers={
                "Content-Type": "application/fhir+json",
                "Prefer": "return=representation",
                **(headers or {}),
            },
            repeatable=True,
            conflicts=method == "POST",
            read=lambda answer: parse(answer, f"{method} {KIND}") if answer.body else {},
        )

    def _drop(self, one: JsonObject) -> None:
        try:
            self.client.call("DELETE", f"{KIND}/{one.get('id')}", repeatable=True)
        except HostNotFound:
            return  # somebody else was faster


def _body(wanted: Wanted) -> JsonObject:
    """The Subscription as it should be: no payload, so that nothing of a patient goes over the wire."""
    return {
        "resourceType": KIND,
        "status": "requested",
        "reason": "massage-billing: a visit has ended and may be billed",
        "criteria": wanted.criteria,
        "channel": {
            "type": "rest-hook",
            "endpoint": wanted.endpoint,
            "header": [f"Authorization: Bearer {wanted.secret}"],
        },
    }


def _told(found: JsonObject, wanted: Wanted) -> Subscribed:
    channel = child(found, "channel")
    right = (
        text(found, "criteria") == wanted.criteria
        and text(found, "status") in _LIVE
        and text(channel, "type") == "rest-hook"
        and channel.get("header") == [f"Authorization: Bearer {wanted.secret}"]
        and not text(channel, "payload")
    )
    return Subscribed(f"{KIND}/{found.get('id')}", text(found, "status") or "", text(found, "error") or "", right)
