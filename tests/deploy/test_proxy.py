"""The proxies before the service: their own programs take the files; nginx is run, and does what it says.

Where a program is not on the machine there is nothing to ask; what the files say is looked at in any case.
"""

from __future__ import annotations

import datetime
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from servers.process import ROOT, Child

PROXY = ROOT / "deploy" / "proxy"
NGINX, CADDY = shutil.which("nginx") or shutil.which("/usr/sbin/nginx"), shutil.which("caddy")
NAME = "billing.example.org"


def test_both_keep_what_is_inside_inside_and_write_no_addresses() -> None:
    nginx, caddy = (PROXY / "nginx.conf").read_text(), (PROXY / "Caddyfile").read_text()
    for path in ("/metrics", "/jobs/run", "/healthz"):
        assert f"location = {path} {{ return 403; }}" in nginx
        assert path in re.findall(r"@inside path (.*)", caddy)[0].split()
    assert "$request" not in "".join(re.findall(r"log_format .*", nginx)).replace("$request_method", "").replace(
        "$request_time", ""
    )
    assert "log {" not in caddy
    for text in (nginx, caddy):
        assert "Strict-Transport-Security" in text


def test_caddy_takes_its_file() -> None:
    if CADDY is None:
        return
    command = [CADDY, "validate", "--adapter", "caddyfile", "--config", PROXY / "Caddyfile"]
    for site in ("localhost", NAME):
        done = subprocess.run(command, env={"SITE": site, "HOME": "/tmp"}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def certificate(folder: Path) -> None:
    """A certificate of our own for the name."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))


def free_port() -> int:
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Proxied:
    def __init__(self, port: int, plain: int, folder: Path) -> None:
        self.port, self.plain, self.folder = port, plain, folder

    def ask(self, path: str, method: str = "GET", **more: object) -> requests.Response:
        session = requests.Session()
        session.trust_env = False
        session.verify = False
        headers = {"Host": NAME, **(more.pop("headers", None) or {})}  # type: ignore[dict-item]
        url = f"https://127.0.0.1:{self.port}{path}"
        return session.request(method, url, headers=headers, timeout=30, allow_redirects=False, **more)  # type: ignore[arg-type]


@pytest.fixture
def proxied(tmp_path: Path, httpserver: HTTPServer) -> Iterator[Proxied | None]:
    """nginx with our file on ports of its own; None where there is no nginx."""
    if NGINX is None:
        yield None
        return
    certificate(tmp_path)
    port, plain = free_port(), free_port()
    text = (PROXY / "nginx.conf").read_text()
    for old, new in (
        (r"listen 443", f"listen 127.0.0.1:{port}"),
        (r"listen 80", f"listen 127.0.0.1:{plain}"),
        (r"listen \[::\]:.*\n", "\n"),
        (r"server 127\.0\.0\.1:8711", f"server 127.0.0.1:{httpserver.port}"),
        (r"/etc/ssl/massage-billing", str(tmp_path)),
        (r"/var/log/nginx", str(tmp_path)),
    ):
        text = re.sub(old, new, text)
    (tmp_path / "site.conf").write_text(text)
    places = "".join(
        f"{one}_temp_path {tmp_path}/{one};\n" for one in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (tmp_path / "nginx.conf").write_text(
        f"daemon off;\nmaster_process off;\npid {tmp_path}/pid;\nerror_log {tmp_path}/main.log;\nevents {{}}\n"
        f"http {{\n{places}include {tmp_path}/site.conf;\n}}\n"
    )
    command = [NGINX, "-c", tmp_path / "nginx.conf", "-p", tmp_path, "-e", tmp_path / "main.log"]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    with Child(command) as child:
        deadline = time.monotonic() + 30
        while True:
            assert child.running(), child.log.read_text()
            assert time.monotonic() < deadline
            with closing(socket.socket()) as one:
                if one.connect_ex(("127.0.0.1", port)) == 0:
                    break
        yield Proxied(port, plain, tmp_path)


@pytest.mark.filterwarnings("ignore:Unverified HTTPS")
def test_nginx_passes_on_what_the_service_has_to_know_and_nothing_forged(
    proxied: Proxied | None, httpserver: HTTPServer
) -> None:
    if proxied is None:
        return
    seen: list[Request] = []

    def handle(request: Request) -> Response:
        seen.append(request)
        return Response("page", headers={"Content-Security-Policy": "default-src 'none'", "Set-Cookie": "__Host-mb=x"})

    httpserver.expect_request(re.compile(".*")).respond_with_handler(handle)
    forged = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "http", "Forwarded": "for=203.0.113.7"}
    answer = proxied.ask("/visits/main/e1?x=y", headers=forged)
    assert (answer.status_code, answer.text) == (200, "page")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'"
    assert "max-age" in answer.headers["Strict-Transport-Security"]
    assert "nginx/" not in answer.headers.get("Server", "")
    (got,) = seen
    assert got.headers["Host"] == NAME
    assert got.headers["X-Forwarded-For"] == "127.0.0.1"
    assert got.headers["X-Forwarded-Proto"] == "https"
    assert "Forwarded" not in got.headers
    assert got.full_path == "/visits/main/e1?x=y"

    for path in ("/metrics", "/jobs/run", "//metrics", "/x/../metrics", "/%6detrics", "/healthz"):
        assert proxied.ask(path).status_code == 403, path
    assert proxied.ask("/forms", "POST", data=b"x" * 1_100_000).status_code == 413
    assert len(seen) == 1

    doors = [proxied.ask("/login").status_code for _ in range(20)]
    assert 429 in doors
    assert doors[0] == 200

    moved = requests.get(
        f"http://127.0.0.1:{proxied.plain}/today", headers={"Host": NAME}, timeout=30, allow_redirects=False
    )
    assert (moved.status_code, moved.headers["Location"]) == (301, f"https://{NAME}/today")
    logs = "".join(file.read_text() for file in proxied.folder.glob("*.log"))
    assert "visits" not in logs
    assert "e1" not in logs
    assert " 200 GET " in logs
