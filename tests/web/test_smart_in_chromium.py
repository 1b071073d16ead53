"""Logging in at an EHR on another site, with a real browser, over TLS: by our page, from the chart, in a frame."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page, expect
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from access.bench import small_app
from access.ehr import Ehr
from massage_billing.access.guard import Guard
from massage_billing.access.links import Links
from massage_billing.access.place import Place
from massage_billing.access.roles import LoginHost
from massage_billing.access.sessions import Sessions
from massage_billing.access.smart_login import SmartLogin
from massage_billing.model.desk import Role
from massage_billing.serve.server import listen
from massage_billing.store.memory_access import MemoryAccess
from massage_billing.web.shield import Shield, ShieldSettings
from massage_billing.web_settings import LoginSettings, WorkerSettings

pytestmark = pytest.mark.browser
HOUR = timedelta(hours=1)


@dataclass
class Two:
    """An EHR on one site, the workbench on another."""

    ehr: Ehr
    workbench: str


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of both, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.DNSName("127.0.0.1.nip.test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - HOUR, now + 24 * HOUR)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def two(certificate: Path, request: pytest.FixtureRequest) -> Iterator[Two]:
    """Both, served. With the parameter True the EHR may show the workbench in a frame."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ExitStack() as stack:
        server = stack.enter_context(HTTPServer("localhost", 0, ssl_context=context, threaded=True))
        ehr = Ehr(server)
        listening = stack.enter_context(listen("127.0.0.1:0"))
        origin = f"https://workbench.test:{listening.getsockname()[1]}"
        frames = (ehr.origin,) if getattr(request, "param", False) else ()
        app = _app(ehr, Place(origin, framed=bool(frames)), certificate, frames)
        config = uvicorn.Config(app, log_config=None, lifespan="off", ssl_certfile=certificate, ssl_keyfile=certificate)
        running = uvicorn.Server(config)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        _pages(ehr, origin)
        yield Two(ehr, origin)
        running.should_exit = True
        thread.join(10)


def _app(ehr: Ehr, place: Place, certificate: Path, frames: tuple[str, ...]) -> Shield:
    login = LoginSettings(client_id="workbench", people={"Practitioner/3": WorkerSettings(role=Role.BILLER)})
    roster = {"main": LoginHost("main", ehr.base, login, str(certificate))}
    access = MemoryAccess()
    sessions = Sessions(access, lambda: roster, HOUR, HOUR, console=False)
    smart = SmartLogin(access, lambda: roster, place)
    guard = Guard(place, access, sessions, smart, Links(access, place, HOUR), ("main",))
    chosen = ShieldSettings(place.origin, frozenset({place.netloc}), frame_ancestors=frames)
    return Shield(small_app(guard, []), chosen)


def _pages(ehr: Ehr, origin: str) -> None:
    """What the EHR shows: a log-in page with a button, a chart with a link and a frame."""

    def authorize(request: Request) -> Response:
        back = origin + ehr.log_in(request.url)
        return Response(f'<a id="yes" href="{back}">Yes, it is me</a>', content_type="text/html")

    launch = f"{origin}/launch?{urlencode({'iss': ehr.base, 'launch': 'x'})}"
    frame = f'<iframe id="frame" width="600" height="300" src="{launch}"></iframe>'
    chart = f'<a id="launch" href="{launch}">Billing</a>{frame}'
    ehr.server.expect_request("/auth/authorize").respond_with_handler(authorize)
    ehr.server.expect_request("/chart").respond_with_data(chart, content_type="text/html")


@pytest.fixture
def page(chromium: Chromium, two: Two) -> Iterator[Page]:
    """A browser that finds workbench.test on this machine."""
    launched = chromium.browser_type.launch(
        executable_path=_path(),
        args=["--no-sandbox", "--host-resolver-rules=MAP workbench.test 127.0.0.1"],
    )
    context: BrowserContext = launched.new_context(ignore_https_errors=True)
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()
    launched.close()


def _path() -> str:
    import shutil

    from web.conftest import CHROMIUM

    return next(found for name in CHROMIUM if (found := shutil.which(name)) is not None)


def test_by_our_page(page: Page, two: Two) -> None:
    page.goto(f"{two.workbench}/login/main?back=/")
    page.locator("#yes").click()
    expect(page.locator("body")).to_contain_text("Practitioner/3 biller main")
    (cookie,) = page.context.cookies(two.workbench)
    assert (cookie["name"], cookie["secure"], cookie["httpOnly"]) == ("__Host-mb", True, True)
    assert (cookie["sameSite"], cookie["domain"]) == ("Lax", "workbench.test")
    page.go_back()
    page.locator("#yes").click()  # the same answer again: used up
    expect(page.locator("body")).to_contain_text("took too long, was used already")


def test_from_the_chart_comes_the_visit_that_was_open(page: Page, two: Two) -> None:
    two.ehr.context = {"encounter": "e7", "patient": "p1"}
    page.goto(f"{two.ehr.origin}/chart")
    page.locator("#launch").click()
    page.locator("#yes").click()
    page.wait_for_url(f"{two.workbench}/visits/main/e7")


def test_no_site_may_show_it_in_a_frame(page: Page, two: Two) -> None:
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.goto(f"{two.ehr.origin}/chart")
    frame = page.frame_locator("#frame")
    frame.locator("#yes").click()
    expect(frame.locator("#yes")).to_have_count(0)
    expect(frame.locator("body")).not_to_contain_text("Practitioner/3")
    assert any("frame-ancestors 'none'" in one for one in complaints), complaints


@pytest.mark.parametrize("two", [True], indirect=True)
def test_in_the_frame_of_an_ehr_that_may(page: Page, two: Two) -> None:
    page.goto(f"{two.ehr.origin}/chart")
    frame = page.frame_locator("#frame")
    frame.locator("#yes").click()
    expect(frame.locator("body")).to_contain_text("Practitioner/3 biller main")
    page.goto(f"{two.workbench}/")  # by itself that site is not logged in: the frame's cookie is the frame's
    expect(page.locator("body")).to_contain_text("login.html.j2")
