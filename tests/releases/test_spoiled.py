"""Whatever bytes are given, a reader gives a table or refuses with file and reason; it never fails otherwise."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from massage_billing.errors import MassageBillingError, ReleaseRefused
from massage_billing.releases import descriptors, fee_schedule
from massage_billing.releases import mue as limits
from massage_billing.releases import ptp as pairs
from massage_billing.releases import therapy as therapy_list
from massage_billing.releases.given import open_given
from massage_billing.releases.model import Context, Format
from releases.making import LICENSED, Memory, medicaid, mue, ptp, ptp_csv, rvu, therapy

STATUSES = [("97010", "", "B", "9", "9"), ("97124", "", "A", "7", "5"), ("97140", "TC", "A", "7", "5")]
FILES: list[tuple[Format, str]] = [
    (pairs.FORMAT, ptp()),
    (pairs.FORMAT, ptp_csv()),
    (pairs.FORMAT, medicaid()),
    (limits.FORMAT, mue([("97124", 4, "3"), ("97140", 6, "2")])),
    (fee_schedule.FORMAT, rvu(STATUSES)),
    (therapy_list.FORMAT, therapy([("97124", "Always"), ("97140", "Sometimes")])),
    *((descriptors.FORMAT, text) for text in LICENSED.values()),
]
CONTEXT = Context(frozenset({"97010", "97124", "97140"}), date(2026, 10, 1))


@pytest.mark.parametrize(("form", "text"), FILES, ids=[f"{form.kind}-{n}" for n, (form, _) in enumerate(FILES)])
@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_spoiled_file_is_read_or_refused(form: Format, text: str, data: st.DataObject) -> None:
    content = bytearray(text.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        what = data.draw(st.sampled_from(["flip", "drop", "double", "cut"]))
        if what == "flip":
            content[at] = data.draw(st.integers(0, 255))
        elif what == "drop":
            del content[at : at + data.draw(st.integers(1, 40))]
        elif what == "double":
            content[at:at] = content[at : at + 60]
        else:
            del content[at:]
        if not content:
            break
    said = {"given.txt"}
    try:
        draft = form.read([Memory(bytes(content), "given.txt")], CONTEXT)
        assert form.table is None or form.table(draft.content, "kept") is not None
    except ReleaseRefused as refused:
        said.add(refused.file)
    assert said == {"given.txt"}


@given(st.binary(max_size=400), st.sampled_from([b"", b"PK\x03\x04", b"%PDF", b"\xef\xbb\xbf", b"<html>", b"97124\t"]))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_is_known_or_refused(tmp_path: Path, content: bytes, start: bytes) -> None:
    file = tmp_path / "given"
    file.write_bytes(start + content)
    said = ""
    try:
        [(_, parts)], [given_file] = open_given([file])
        said = given_file.name if parts else ""
    except MassageBillingError as refused:
        said = refused.what
    assert "given" in said
