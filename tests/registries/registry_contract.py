"""What every NPI registry keeps to: the tests that the real one, the one that remembers and the fake pass alike."""

from __future__ import annotations

from datetime import date

import pytest

from massage_billing.errors import RegistryError
from massage_billing.ports.npi_registry import NpiRegistry, Registered

THERAPIST = Registered(
    npi="1234567893", kind="person", name="JANE Q SYNTHETICA", active=True, taxonomies=("225700000X", "171100000X"),
    licences=(("WA", "MA60000001", "225700000X"), ("OR", "7001", "171100000X")), updated=date(2024, 5, 6),
)  # fmt: skip
CLINIC = Registered(
    npi="1245319599", kind="organization", name="CEDAR LANE MASSAGE LLC", active=True, taxonomies=("261QP2000X",),
    updated=date(2023, 1, 2),
)  # fmt: skip
GONE = Registered(
    npi="1679576722", kind="person", name="JOHN SYNTHETICA", active=False, taxonomies=("225700000X",),
    deactivated=date(2025, 2, 3), updated=date(2025, 2, 3),
)  # fmt: skip
ENTRIES = (THERAPIST, CLINIC, GONE)
UNKNOWN = "2000000008"


class RegistryContract:
    """Subclass it with the fixtures ``registry``, which knows ENTRIES, and ``down``, which cannot be asked."""

    @pytest.mark.parametrize("entry", ENTRIES, ids=["a person", "a clinic", "one that was deactivated"])
    def test_an_npi_that_is_listed(self, registry: NpiRegistry, entry: Registered) -> None:
        assert registry.look_up(entry.npi) == entry

    def test_an_npi_that_is_not_listed(self, registry: NpiRegistry) -> None:
        assert registry.look_up(UNKNOWN) is None

    def test_the_same_is_said_twice(self, registry: NpiRegistry) -> None:
        assert registry.look_up(THERAPIST.npi) == registry.look_up(THERAPIST.npi) == THERAPIST

    def test_one_that_cannot_be_asked_says_so(self, down: NpiRegistry) -> None:
        with pytest.raises(RegistryError) as caught:
            down.look_up(THERAPIST.npi)
        assert caught.value.fix
        assert caught.value.exit_code == 11
