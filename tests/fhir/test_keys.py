"""Keys are standard things computed fast: base32 of SHA-256, and UUID version 5."""

import base64
import hashlib
import re
import uuid

from hypothesis import given
from hypothesis import strategies as st

from massage_billing.fhir.keys import claim_key, full_url, visit_key


@given(st.text(max_size=20), st.text(max_size=40), st.integers(0, 99))
def test_a_claim_key_is_base32_of_sha256_over_host_encounter_and_revision(host: str, encounter: str, rev: int) -> None:
    digest = hashlib.sha256("\x1f".join((host, encounter, str(rev))).encode()).digest()
    assert claim_key(host, encounter, rev) == "MB" + base64.b32encode(digest[:12]).decode()[:18]
    assert re.fullmatch(r"MV[A-Z2-7]{18}", visit_key(host, encounter))


@given(st.sampled_from(["Claim", "Task"]), st.text(max_size=20))
def test_a_full_url_is_a_uuid_of_version_five(kind: str, key: str) -> None:
    namespace = uuid.UUID("6a0f0d3a-6a55-5e0f-9a5c-0d4d0e2f7b11")
    assert full_url(kind, key) == f"urn:uuid:{uuid.uuid5(namespace, f'{kind}/{key}')}"


def test_another_revision_is_another_claim_of_the_same_visit() -> None:
    assert claim_key("clinic", "e1", 0) != claim_key("clinic", "e1", 1)
    assert visit_key("clinic", "e1") != visit_key("other", "e1")
