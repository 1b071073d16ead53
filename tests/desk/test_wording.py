"""What messages call records: words where an id says nothing to people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massage_billing.desk.wording import pieces, plain, short

VISIT = "a35a16aa-44bb-43a7-9279-319daaf5b630"
FIRST, SECOND = "a35a16aa-4c82-4a6d-869c-6b2dec1be8ca", "a35a16aa-4c84-4a51-add7-d8d82c47f20c"


@pytest.mark.parametrize(
    ("message", "read"),
    [
        (f"Encounter/{VISIT} is finished and has no Procedure.", "The visit is finished and has no Procedure."),
        (f"Known. Procedure/{VISIT} is in-progress.", "Known. The service is in-progress."),
        (f"Which one is meant: Coverage/{FIRST}?", "Which one is meant: the coverage?"),
        (
            f"Coverage/{FIRST} and Coverage/{SECOND} have the same place.",
            "Coverage …1be8ca and Coverage …47f20c have the same place.",
        ),
        (f"Coverage/{FIRST}, then Coverage/{FIRST}.", "The coverage, then the coverage."),
        (f"Media/{VISIT} is odd.", "Media …f5b630 is odd."),
        ("Encounter/5 is finished and has no Procedure.", "Encounter/5 is finished and has no Procedure."),
        ("Charges were typed by hand (ChargeItem/fee-2).", "Charges were typed by hand (ChargeItem/fee-2)."),
        ("Medicare NCCI edits <https://www.cms.gov/Medicare/national-correct-coding>", None),
    ],
)  # fmt: skip
def test_an_id_that_nobody_can_read_is_said_in_words(message: str, read: str | None) -> None:
    assert plain(message) == (message if read is None else read)


@given(st.text())
def test_a_text_without_such_an_id_stays_as_it_is(text: str) -> None:
    if all(not reference for _, reference in pieces(text)):
        assert plain(text) == text


def test_what_stands_for_a_record_keeps_its_reference() -> None:
    assert [one for one in pieces(f"(Encounter/{VISIT}): wrong.") if one[1]] == [("the visit", f"Encounter/{VISIT}")]


@pytest.mark.parametrize(
    ("reference", "shown"),
    [(f"Coverage/{FIRST}", "Coverage …1be8ca"), (FIRST, "…1be8ca"), ("Coverage/5", "Coverage/5"), ("", "")],
)
def test_a_long_id_is_told_by_its_end(reference: str, shown: str) -> None:
    assert short(reference) == shown
