"""Which service codes were billed lately: what a new release of edits has to be looked at for."""

from __future__ import annotations

from pathlib import Path

import orjson
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from massage_billing.store import BUSY_SECONDS
from massage_billing.store.faults import store_error
from massage_billing.store.opening import READING, open_engine
from massage_billing.store.tables import outbox, payload
from massage_billing.store.values import unpack_group

LOOKED_AT = 5000
"""How many of the latest written groups are read; payloads go after the retention anyway."""


def billed_codes(url: str | Path) -> frozenset[str]:
    """Codes on the lines of the Claims written lately. Raises StoreError."""
    engine, name = open_engine(url, BUSY_SECONDS)
    query = select(outbox.c.key, outbox.c.encounter, payload.c.body).join(payload, payload.c.id == outbox.c.id)
    found: set[str] = set()
    try:
        with engine.connect().execution_options(**READING) as connection:
            for key, encounter, body in connection.execute(query.order_by(outbox.c.id.desc()).limit(LOOKED_AT)):
                for write in unpack_group(key, encounter, body).writes:
                    if write.type == "Claim" and write.body:
                        found |= _codes(write.body)
    except SQLAlchemyError as error:
        raise store_error(name, error) from None
    finally:
        engine.dispose()
    return frozenset(found)


def _codes(body: bytes) -> set[str]:
    """Codes of a Claim's lines; none where it is no Claim that can be read."""
    try:
        claim = orjson.loads(body)
        items = claim.get("item", []) if isinstance(claim, dict) else []
        codings = [coding for item in items for coding in item.get("productOrService", {}).get("coding", [])]
        return {coding["code"] for coding in codings if isinstance(coding.get("code"), str)}
    except (ValueError, AttributeError, TypeError):
        return set()
