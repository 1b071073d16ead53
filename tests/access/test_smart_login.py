"""Logging in at the EHR: what a person sees who does it, and what nobody gets who cheats."""

from __future__ import annotations

import hmac
import time
from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from joserfc import jwt
from joserfc.jwk import RSAKey
from pytest_httpserver import HTTPServer

from access.bench import HERE, Bench, make_bench
from access.ehr import CLIENT, CURVE, KEY, SECOND, Ehr
from massage_billing.access.discovery import discover
from massage_billing.access.refusals import LoginRefused
from massage_billing.access.roles import LoginHost
from massage_billing.errors import HostUnreachable
from massage_billing.model.desk import Role
from massage_billing.web_settings import LoginSettings, WorkerSettings


def log_in(browser: TestClient, ehr: Ehr, path: str = "/login/main") -> Response:
    """What the browser gets when it comes back from the EHR."""
    sent = browser.get(path)
    assert sent.status_code == 303, sent.text
    return browser.get(ehr.log_in(sent.headers["location"]))


def who(browser: TestClient) -> str:
    """Who is logged in; "" for nobody."""
    answer = browser.get("/")
    return answer.text if answer.status_code == 200 else ""


def test_a_person_logs_in_at_the_ehr_and_is_what_the_settings_say(bench: Bench, ehr: Ehr) -> None:
    browser = bench.browser()
    answer = log_in(browser, ehr, "/login/main?back=/holds%3Frule%3Dmue")
    assert (answer.status_code, answer.headers["location"]) == (303, "/holds?rule=mue")
    assert who(browser).startswith("Practitioner/3 biller main Practitioner/3")
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("__Host-mb="))
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert bench.events() == [("logged-in", "Practitioner/3", True, "smart")]


def test_it_asks_for_nothing_but_who_it_is_and_keeps_no_token(bench: Bench, ehr: Ehr) -> None:
    browser = bench.browser()
    question = ehr.question(browser.get("/login/main").headers["location"])
    assert question["scope"] == "openid fhirUser"
    assert question["redirect_uri"] == f"{HERE}/callback/main"
    assert question["aud"] == ehr.base
    log_in(browser, ehr)
    kept = repr([bench.kept._sessions, bench.kept._logins, bench.kept._lines])
    assert "'at'" not in kept
    assert "id_token" not in kept
    assert browser.cookies["__Host-mb"] not in kept


def test_a_launch_from_the_ehr_opens_the_visit_that_was_open(bench: Bench, ehr: Ehr) -> None:
    ehr.context = {"patient": "p1", "encounter": "e7"}
    browser = bench.browser()
    sent = browser.get(f"/launch?{urlencode({'iss': ehr.base + '/', 'launch': 'xyz'})}")
    question = ehr.question(sent.headers["location"])
    assert (question["launch"], question["scope"]) == ("xyz", "launch openid fhirUser")
    answer = browser.get(ehr.log_in(sent.headers["location"]))
    assert answer.headers["location"] == "/visits/main/e7"
    assert who(browser)


def test_a_launch_with_a_patient_opens_the_last_visit_of_that_patient(bench: Bench, ehr: Ehr) -> None:
    bench.guard.visit_of = lambda host, patient: "e9" if (host, patient) == ("main", "Patient/p1") else None
    ehr.context = {"patient": "p1"}
    assert log_in(bench.browser(), ehr).headers["location"] == "/visits/main/e9"
    ehr.context = {"patient": "../../holds", "encounter": "//evil.example"}
    assert log_in(bench.browser(), ehr).headers["location"] == "/"


@pytest.mark.parametrize(
    "iss",
    ["https://evil.example/fhir", "", "{base}.evil.example", "{base}/../other", "{base}?x=1", "{base}#x",
     "{base}@evil.example", "javascript:alert(1)", "http://[::1", "{base}/x"],
)  # fmt: skip
def test_an_unknown_ehr_is_not_asked_and_not_answered(bench: Bench, ehr: Ehr, iss: str) -> None:
    answer = bench.browser().get("/launch", params={"iss": iss.format(base=ehr.base), "launch": "x"})
    assert answer.status_code == 400
    assert "not configured" in answer.text
    assert ehr.server.log == []
    assert bench.events() == [("refused", "", False, "unknown-host")]


def test_the_ehr_is_known_whatever_its_letters_and_port_look_like(bench: Bench) -> None:
    before = bench.hosts["main"]
    bench.hosts["main"] = LoginHost("main", "https://ehr.example.org/fhir", before.login)
    smart = bench.guard.smart
    for iss in ("HTTPS://EHR.example.org/fhir/", "https://ehr.example.org:443/fhir"):
        assert smart.launched_from(iss).id == "main"


# --- who may -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fhir_user",
    ["Practitioner/4", "Patient/3", "RelatedPerson/3", "", "https://evil.example/fhir/Practitioner/3",
     "{base}/../Practitioner/3", "Practitioner/3/../4", "practitioner/3", "{base}x/Practitioner/3",
     "Practitioner/3?x", "//Practitioner/3", None, 3],
)  # fmt: skip
def test_whoever_the_settings_do_not_name_has_no_access(bench: Bench, ehr: Ehr, fhir_user: Any) -> None:
    said = fhir_user.format(base=ehr.base) if isinstance(fhir_user, str) else fhir_user
    ehr.change = lambda claims: {**claims, "fhirUser": said}
    browser = bench.browser()
    answer = log_in(browser, ehr)
    assert answer.status_code == 403
    assert who(browser) == ""
    assert bench.events()[-1][0] == "refused"


def test_the_page_says_how_somebody_is_let_in(bench: Bench, ehr: Ehr) -> None:
    ehr.fhir_user = "Practitioner/4"
    text = log_in(bench.browser(), ehr).text
    assert "Practitioner/4 of host main has no role" in text
    assert "workbench.hosts.main.people" in text
    assert bench.events()[-1] == ("refused", "Practitioner/4", False, "nobody")


@pytest.mark.parametrize("form", ["Practitioner/3", "{base}/Practitioner/3", "{base}/Practitioner/3/_history/2"])
def test_the_same_person_in_every_form_a_host_writes(bench: Bench, ehr: Ehr, form: str) -> None:
    ehr.fhir_user = form.format(base=ehr.base)
    browser = bench.browser()
    assert log_in(browser, ehr).status_code == 303
    assert who(browser).startswith("Practitioner/3 biller")


def test_a_role_or_person_is_who_the_host_says_it_is(ehr: Ehr) -> None:
    people = {"Practitioner/8": WorkerSettings(role=Role.THERAPIST), "Person/2": WorkerSettings(role=Role.OWNER)}
    there: dict[str, dict[str, Any]] = {
        "PractitionerRole/5": {"resourceType": "PractitionerRole", "id": "5",
                               "practitioner": {"reference": "Practitioner/8"}},
        "Practitioner/8": {"resourceType": "Practitioner", "id": "8", "name": [{"given": ["Kim"], "family": "Lee"}]},
        "Person/2": {"resourceType": "Person", "id": "2", "name": [{"text": "Ada"}]},
        "PractitionerRole/6": {"resourceType": "PractitionerRole", "id": "99",
                               "practitioner": {"reference": "Practitioner/8"}},
    }  # fmt: skip
    login = LoginSettings(client_id="workbench", people=people)
    hosts = {"main": LoginHost("main", ehr.base, login)}
    bench = make_bench(hosts, read=lambda _host, reference: there.get(reference))
    browser = bench.browser()
    ehr.fhir_user = "PractitionerRole/5"
    log_in(browser, ehr)
    assert who(browser) == "Practitioner/8 therapist main Practitioner/8 Kim Lee"
    ehr.fhir_user = "Person/2"
    log_in(browser, ehr)
    assert who(browser) == "Person/2 owner main None Ada"
    ehr.fhir_user = "PractitionerRole/6"  # another resource than was asked for: not believed
    assert log_in(bench.browser(), ehr).status_code == 403


def test_whom_the_settings_name_is_called_so(ehr: Ehr) -> None:
    """OpenEMR tells neither the log-in nor a client without system/Person.rs what its front desk is called."""
    people = {"Person/2": WorkerSettings(role=Role.FRONT_DESK, name="Fern Desk")}
    hosts = {"main": LoginHost("main", ehr.base, LoginSettings(client_id="workbench", people=people))}
    browser = make_bench(hosts, read=lambda _host, _reference: None).browser()
    ehr.fhir_user = "Person/2"
    log_in(browser, ehr)
    assert who(browser) == "Person/2 front-desk main None Fern Desk"


def test_everybody_at_a_host_may_have_a_role(bench: Bench, ehr: Ehr) -> None:
    bench.change("main", role=Role.FRONT_DESK)
    ehr.fhir_user = "Practitioner/77"
    browser = bench.browser()
    log_in(browser, ehr)
    assert who(browser).startswith("Practitioner/77 front-desk main Practitioner/77")
    ehr.fhir_user = "Practitioner/3"
    log_in(browser, ehr)
    assert who(browser).startswith("Practitioner/3 biller")


# --- how the client shows who it is --------------------------------------------------------------------------------


@pytest.mark.parametrize(("by", "methods"), [(None, None), ("basic", None), ("post", None),
                                             (None, ["client_secret_post"])])  # fmt: skip
def test_a_client_with_a_secret(
    bench: Bench, ehr: Ehr, by: str | None, methods: list[str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ehr.secret = "a secret:with/odd +signs"
    ehr.configuration = {"token_endpoint_auth_methods_supported": methods}
    monkeypatch.setenv("WORKBENCH_SECRET", ehr.secret)
    bench.change("main", client_secret_env="WORKBENCH_SECRET", client_secret_by=by)
    assert log_in(bench.browser(), ehr).status_code == 303
    assert ("client_secret" in ehr.asked[-1]) is (by == "post" or methods is not None)
    ehr.secret = "another"
    answer = log_in(bench.browser(), ehr)
    assert answer.status_code == 502
    assert "a secret" not in answer.text


def test_a_client_with_a_key(bench: Bench, ehr: Ehr, tmp_path: Any) -> None:
    ehr.client_key = RSAKey.import_key(CLIENT.as_dict(private=False))
    (tmp_path / "key.pem").write_bytes(CLIENT.as_pem(private=True))
    bench.change("main", key_file=tmp_path / "key.pem", key_id="client")
    assert log_in(bench.browser(), ehr).status_code == 303


def test_a_public_client_without_the_verifier_gets_nothing(bench: Bench, ehr: Ehr) -> None:
    browser = bench.browser()
    sent = browser.get("/login/main").headers["location"]
    digest = next(iter(bench.kept._logins))
    bench.kept._logins[digest] = type(bench.kept._logins[digest])(
        **{name: getattr(bench.kept._logins[digest], name) for name in bench.kept._logins[digest].__slots__}
        | {"verifier": "x" * 64}
    )
    assert browser.get(ehr.log_in(sent)).status_code == 502


# --- what a host may lack -------------------------------------------------------------------------------------------


def test_a_host_of_smart_1_is_known_by_its_capability_statement(bench: Bench, ehr: Ehr) -> None:
    ehr.configuration = None
    assert log_in(bench.browser(), ehr).status_code == 303


def test_a_provider_beside_the_token_endpoint_signs_though_smart_configuration_names_another(
    bench: Bench, ehr: Ehr
) -> None:
    """OpenEMR: issuer in smart-configuration is the FHIR base, in id_tokens the authorization server."""
    ehr.configuration = {"issuer": ehr.base}
    assert log_in(bench.browser(), ehr).status_code == 303


def test_the_settings_issuer_is_alone_believed(bench: Bench, ehr: Ehr) -> None:
    bench.change("main", issuer="https://other.example.org")
    answer = log_in(bench.browser(), ehr)
    assert answer.status_code == 403
    assert "iss" in answer.text


@pytest.mark.parametrize(
    "configuration",
    [{"code_challenge_methods_supported": ["plain"]}, {"authorization_endpoint": None}, {"token_endpoint": None},
     {"token_endpoint": "ftp://x"}, {"token_endpoint": "javascript:x"}],
)  # fmt: skip
def test_a_host_that_allows_no_safe_log_in_is_not_logged_in_at(
    bench: Bench, ehr: Ehr, configuration: dict[str, Any]
) -> None:
    ehr.configuration = configuration
    answer = bench.browser().get("/login/main")
    assert answer.status_code == 502
    assert bench.events() == [("refused", "", False, "host")]


def test_no_issuer_is_asked_less_safely_than_the_host() -> None:
    """Whoever sits on the way to an http issuer would say whose keys are believed."""
    asked: list[str] = []
    at = "ehr.example.org"

    def fetch(_host: LoginHost, url: str, missing: bool = False) -> dict[str, object] | None:
        asked.append(url)
        if url.endswith("/smart-configuration"):
            ends = {"authorization_endpoint": f"https://{at}/a", "token_endpoint": f"https://{at}/t"}
            return {"issuer": f"http://{at}", **ends}
        if url.startswith("http://"):
            keys = {"jwks_uri": "https://evil.example/keys", "token_endpoint": f"https://{at}/t"}
            return {"issuer": f"http://{at}", **keys}
        return None

    with pytest.raises(LoginRefused):
        discover(LoginHost("main", f"https://{at}/fhir", LoginSettings(client_id="workbench")), fetch)
    assert asked
    assert [one for one in asked if not one.startswith("https://")] == []


def test_a_host_that_is_away_is_told(bench: Bench, httpserver: HTTPServer) -> None:
    bench.hosts["main"] = LoginHost("main", "http://127.0.0.1:9/fhir", bench.hosts["main"].login)
    answer = bench.browser().get("/login/main")
    assert answer.status_code == 502
    assert "no connection" in answer.text


def test_who_declines_at_the_ehr_is_told_and_may_try_again(bench: Bench, ehr: Ehr) -> None:
    browser = bench.browser()
    question = ehr.question(browser.get("/login/main").headers["location"])
    answer = browser.get(f"/callback/main?{urlencode({'error': 'access_denied', 'state': question['state']})}")
    assert answer.status_code == 403
    assert "access_denied" in answer.text
    question = ehr.question(browser.get("/login/main").headers["location"])
    odd = {"error": "<script>alert(1)</script>", "error_description": "Kim Lee", "state": question["state"]}
    answer = browser.get(f"/callback/main?{urlencode(odd)}")
    assert "script" not in answer.text
    assert "Kim" not in answer.text


# --- forged and replayed --------------------------------------------------------------------------------------------


def _hmac_with_public_key(claims: dict[str, Any]) -> str:
    payload = jwt.encode({"alg": "RS256", "kid": "k1"}, claims, KEY).split(".")[1]
    signed = (_b64(b'{"alg":"HS256","kid":"k1"}') + "." + payload).encode()
    return f"{signed.decode()}.{_b64(hmac.digest(KEY.as_pem(private=False), signed, 'sha256'))}"


def _b64(text: bytes) -> str:
    return urlsafe_b64encode(text).decode().rstrip("=")


def _none(claims: dict[str, Any]) -> str:
    payload = jwt.encode({"alg": "RS256", "kid": "k1"}, claims, KEY).split(".")[1]
    return f"eyJhbGciOiJub25lIn0.{payload}."


def _own_key_in_header(claims: dict[str, Any]) -> str:
    header = {"alg": "RS256", "kid": "k1", "jwk": SECOND.as_dict(private=False)}
    return jwt.encode(header, claims, SECOND, algorithms=["RS256"])


def _altered(claims: dict[str, Any]) -> str:
    token = jwt.encode({"alg": "RS256", "kid": "k1"}, claims, KEY)
    head, _, signature = token.split(".")
    other = jwt.encode({"alg": "RS256", "kid": "k1"}, {**claims, "fhirUser": "Practitioner/1"}, KEY).split(".")[1]
    return f"{head}.{other}.{signature}"


@pytest.mark.parametrize(
    "forge",
    [_hmac_with_public_key, _none, _own_key_in_header, _altered, lambda _: "", lambda _: "a.b.c", lambda _: "ä.b.c",
     lambda _: "a" * 20_000, lambda claims: jwt.encode({"alg": "RS256", "kid": "k9"}, claims, SECOND)],
    ids=["hmac", "none", "own key", "altered", "empty", "rubbish", "letters", "long", "unknown key"],
)  # fmt: skip
def test_a_forged_token_lets_nobody_in(bench: Bench, ehr: Ehr, forge: Any) -> None:
    ehr.forge = forge
    browser = bench.browser()
    assert log_in(browser, ehr).status_code == 403
    assert who(browser) == ""
    assert bench.events()[-1][3] == "token"


NOW = int(time.time())


@pytest.mark.parametrize(
    "change",
    [{"iss": "https://evil.example"}, {"iss": None}, {"aud": "another"}, {"aud": []}, {"aud": None},
     {"aud": ["workbench", "another"]}, {"aud": ["workbench", "another"], "azp": "another"}, {"azp": "another"},
     {"exp": NOW - 3600}, {"exp": None}, {"exp": "soon"}, {"iat": NOW + 3600}, {"iat": NOW - 3600}, {"iat": None},
     {"nbf": NOW + 3600}, {"nonce": "another"}, {"nonce": None}, {"nonce": ""}, {"sub": None}, {"sub": ""}],
    ids=" ".join,
)  # fmt: skip
def test_a_token_that_is_not_meant_for_this_log_in_lets_nobody_in(
    bench: Bench, ehr: Ehr, change: dict[str, Any]
) -> None:
    ehr.change = lambda claims: {key: value for key, value in {**claims, **change}.items() if value is not None}
    browser = bench.browser()
    assert log_in(browser, ehr).status_code == 403
    assert who(browser) == ""


def test_a_token_for_several_that_names_us_is_good(bench: Bench, ehr: Ehr) -> None:
    ehr.change = lambda claims: {**claims, "aud": ["another", "workbench"], "azp": "workbench"}
    assert log_in(bench.browser(), ehr).status_code == 303


def test_a_curve_and_a_changed_key_are_good(bench: Bench, ehr: Ehr) -> None:
    ehr.keys, ehr.signing, ehr.algorithm = [KEY, CURVE], CURVE, "ES256"
    assert log_in(bench.browser(), ehr).status_code == 303
    bench.guard.smart._keys._clock = lambda: time.monotonic() + 120
    ehr.keys, ehr.signing, ehr.algorithm = [SECOND], SECOND, "RS384"
    assert log_in(bench.browser(), ehr).status_code == 303


def test_unknown_keys_do_not_make_us_ask_without_end(bench: Bench, ehr: Ehr) -> None:
    ehr.forge = lambda claims: jwt.encode({"alg": "RS256", "kid": "k9"}, claims, SECOND)
    for _ in range(5):
        assert log_in(bench.browser(), ehr).status_code == 403
    asked = [one for one, _ in ehr.server.log if one.path == "/auth/jwks"]
    assert len(asked) == 1


def test_a_state_is_good_once_in_its_own_browser_and_for_minutes(bench: Bench, ehr: Ehr) -> None:
    browser = bench.browser()
    back = ehr.log_in(browser.get("/login/main").headers["location"])
    assert bench.browser().get(back).status_code == 400  # stolen: another browser
    assert browser.get(back).status_code == 400  # and used up by that
    back = ehr.log_in(browser.get("/login/main").headers["location"])
    assert browser.get(back).status_code == 303
    assert browser.get(back).status_code == 400
    back = ehr.log_in(browser.get("/login/main").headers["location"])
    bench.clock.ahead = timedelta(minutes=11)
    assert browser.get(back).status_code == 400


@pytest.mark.parametrize("state", ["", "x", "a" * 43, "%00" * 43, "a" * 5000])
def test_a_made_up_state_is_none(bench: Bench, ehr: Ehr, state: str) -> None:
    del ehr
    assert bench.browser().get(f"/callback/main?code=x&state={state}").status_code == 400


def test_no_host_answers_for_another(ehr: Ehr, bench: Bench) -> None:
    bench.hosts["other"] = LoginHost("other", "https://other.example.org/fhir", bench.hosts["main"].login)
    browser = bench.browser()
    back = ehr.log_in(browser.get("/login/main").headers["location"])
    assert browser.get(back.replace("/callback/main", "/callback/other")).status_code == 400
    browser = bench.browser()
    back = ehr.log_in(browser.get("/login/main").headers["location"])
    assert browser.get(f"{back}&iss=https%3A%2F%2Fevil.example").status_code == 400
    browser = bench.browser()
    back = ehr.log_in(browser.get("/login/main").headers["location"])
    assert browser.get(f"{back}&{urlencode({'iss': ehr.issuer})}").status_code == 303


def test_two_log_ins_in_two_tabs_do_not_disturb_each_other(bench: Bench, ehr: Ehr) -> None:
    browser = bench.browser()
    first = ehr.log_in(browser.get("/login/main?back=/holds").headers["location"])
    second = ehr.log_in(browser.get("/login/main?back=/today").headers["location"])
    assert browser.get(first).headers["location"] == "/holds"
    assert browser.get(second).headers["location"] == "/today"
    assert not [name for name in browser.cookies if "login" in name]


def test_a_session_that_was_there_before_is_not_the_one_after(bench: Bench, ehr: Ehr) -> None:
    browser = bench.browser()
    log_in(browser, ehr)
    planted = browser.cookies["__Host-mb"]
    log_in(browser, ehr)
    assert browser.cookies["__Host-mb"] != planted
    thief = bench.browser()
    thief.cookies.set("__Host-mb", planted)
    assert who(thief) == ""


@pytest.mark.parametrize(
    "back",
    ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/%0d%0aSet-Cookie: x=1",
     "/\r\nSet-Cookie: x=1", "javascript:alert(1)", "/login", "/logout", "/enter/x", "/a//b", "http:evil.example",
     "/\tevil", "https:/evil.example", "/" + "a" * 3000, "/ä"],
)  # fmt: skip
def test_after_logging_in_nobody_is_sent_elsewhere(bench: Bench, ehr: Ehr, back: str) -> None:
    answer = log_in(bench.browser(), ehr, f"/login/main?{urlencode({'back': back})}")
    assert answer.headers["location"] in ("/", "/%0d%0aSet-Cookie:")
    assert "x=1" not in answer.headers.get("set-cookie", "")


def test_a_query_in_the_authorize_endpoint_is_kept(bench: Bench, ehr: Ehr) -> None:
    ehr.configuration = {"authorization_endpoint": f"{ehr.issuer}/authorize?tenant=7"}
    sent = bench.browser().get("/login/main").headers["location"]
    assert dict(parse_qsl(urlsplit(sent).query))["tenant"] == "7"


def test_a_log_in_begins_under_the_name_that_its_cookie_is_of(ehr: Ehr) -> None:
    login = LoginSettings(client_id="workbench", people={"Practitioner/3": WorkerSettings(role=Role.BILLER)})
    bench = make_bench({"main": LoginHost("main", ehr.base, login)}, "http://127.0.0.1:8711")
    answer = bench.browser().get("/login/main?back=/holds", headers={"host": "localhost:8711"})
    assert answer.headers["location"] == "http://127.0.0.1:8711/login/main?back=/holds"


@pytest.mark.parametrize(
    "back", ["/today?date=2026-11-30", "/visits/main/a1-b.c", "/holds?rule=mue&order=age", "/rules/a?b=c/d"]
)
def test_after_logging_in_one_is_where_one_was(bench: Bench, ehr: Ehr, back: str) -> None:
    answer = log_in(bench.browser(), ehr, f"/login/main?{urlencode({'back': back})}")
    assert answer.headers["location"] == back


def test_a_host_that_is_away_is_left_alone_for_a_moment(bench: Bench) -> None:
    """Whoever comes meanwhile is told at once, and does not wait for the same time-out."""
    asked: list[str] = []

    def away(host: LoginHost, url: str, missing: bool = False) -> None:
        asked.append(url)
        raise HostUnreachable("away")

    bench.guard.smart.fetch = away
    assert [bench.browser().get("/login/main").status_code for _ in range(3)] == [502] * 3
    assert len(asked) == 1
    bench.guard.smart._endpoints._clock = lambda: time.monotonic() + 11
    bench.browser().get("/login/main")
    assert len(asked) == 2
