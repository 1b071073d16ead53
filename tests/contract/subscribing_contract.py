"""What every host that tells of news keeps to: one Subscription a place, however often it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from massage_billing.ports.subscribing import Standing, Subscribes, Wanted

WANTED = Wanted("http://127.0.0.1:9/hooks/subscription/main", "Encounter?status=finished", "a-secret-of-24-characters")
OTHER = Wanted("http://127.0.0.1:9/hooks/subscription/other", "Encounter?status=finished", "a-secret-of-24-characters")


class SubscribingContract:
    """``told``: the host under test, without Subscriptions."""

    @pytest.fixture
    def told(self) -> Iterator[Subscribes]:
        raise NotImplementedError

    def test_it_is_made_once(self, told: Subscribes) -> None:
        assert told.can_subscribe()
        assert told.subscribed(WANTED) == []
        first, made = told.subscribe(WANTED)
        again, there = told.subscribe(WANTED)
        assert (made, there) == (Standing.MADE, Standing.THERE)
        assert first.reference == again.reference
        assert [one.right for one in told.subscribed(WANTED)] == [True]

    def test_several_at_once_make_one(self, told: Subscribes) -> None:
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _: told.subscribe(WANTED)[0].reference, range(4)))
        assert len(told.subscribed(WANTED)) == 1
        assert set(found) == {told.subscribed(WANTED)[0].reference}

    @pytest.mark.parametrize("change", ["criteria", "secret"])
    def test_what_has_changed_is_put_right(self, told: Subscribes, change: str) -> None:
        old, _ = told.subscribe(WANTED)
        value = {"criteria": "Encounter?status=finished,cancelled", "secret": "another-secret-of-24-characters"}[change]
        wanted = Wanted(
            **{**{name: getattr(WANTED, name) for name in ("endpoint", "criteria", "secret")}, change: value}
        )
        assert [one.right for one in told.subscribed(wanted)] == [False]
        new, standing = told.subscribe(wanted)
        assert (new.reference, standing) == (old.reference, Standing.CHANGED)
        assert [one.right for one in told.subscribed(wanted)] == [True]

    def test_it_is_taken_away_and_others_stay(self, told: Subscribes) -> None:
        told.subscribe(WANTED)
        told.subscribe(OTHER)
        assert told.unsubscribe(WANTED) == 1
        assert told.unsubscribe(WANTED) == 0
        assert told.subscribed(WANTED) == []
        assert len(told.subscribed(OTHER)) == 1
