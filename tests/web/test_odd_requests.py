"""Whatever stands in an address or a form, a page answers like a page: never a 500, never a trace of the program."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from massage_billing.model.desk import Role
from web.harness import HOST, Served

PATHS = st.sampled_from(["/today", "/holds", "/jobs/{}/progress", f"/visits/{HOST}/{{}}", "/visits/{}/visit-1"])
NAMES = st.sampled_from(["date", "show", "therapist", "rule", "payer", "who", "order", "after", "job", "said", "x"])
TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["", "\x00", "0001-01-01", "9999-12-31", "-1", "1e999", "'; DROP TABLE visits; --", "../../etc"]),
    st.text("0123456789abcdef-/", max_size=70),
)  # fmt: skip
_FEW = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@_FEW
@given(PATHS, TEXTS, st.lists(st.tuples(NAMES, TEXTS), max_size=4), st.booleans())
def test_no_address_breaks_a_page(
    workbench: Served, path: str, part: str, query: list[tuple[str, str]], htmx: bool
) -> None:
    address = path.format(quote(part, safe="", errors="replace"))
    asked = urlencode([(name, value.encode("utf-8", "replace")) for name, value in query])
    headers = {"HX-Request": "true"} if htmx else {}
    answer = workbench.client(Role.OWNER).get(f"{address}?{asked}", **headers)
    assert answer.status_code in (200, 303, 307, 404)
    assert "Traceback" not in answer.text


FORMS = st.sampled_from(["/holds/assign", "/holds/bill-again", f"/visits/{HOST}/visit-1/note"])
FIELDS = st.sampled_from(["hold", "to", "person", "seen", "note", "back"])


@_FEW
@given(FORMS, st.dictionaries(FIELDS, st.one_of(TEXTS, st.lists(TEXTS, max_size=3)), max_size=4))
def test_no_form_breaks_a_page(workbench: Served, path: str, fields: dict[str, object]) -> None:
    listed = {name: value if isinstance(value, list) else [value] for name, value in fields.items() if name != "seen"}
    encoded = {name: [str(one).encode("utf-8", "replace") for one in some] for name, some in listed.items()}
    answer = workbench.client(Role.BILLER).post(path, {**encoded, "seen": "99999"})
    assert answer.status_code in (303, 404, 409)
    assert "Traceback" not in answer.text
    if "location" in answer.headers:
        assert answer.headers["location"].startswith("/")
        assert not answer.headers["location"].startswith("//")
