"""The container file, compose file and their scripts: what they promise stands in them, and what they name is there.

Nothing is built here: CI has no container engine. deploy/README.md says how it was built and run by hand.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from pytest_httpserver import HTTPServer

from massage_billing.cli.main import COMMANDS
from massage_billing.settings import load_settings
from servers.process import ROOT

CONTAINER, COMPOSE = ROOT / "deploy" / "container", ROOT / "deploy" / "compose"
FILES = sorted(CONTAINER.glob("*Containerfile"))


def instructions(file: Path) -> list[tuple[str, str]]:
    """(instruction, its words) of a container file, continued lines joined."""
    text = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", file.read_text(), flags=re.MULTILINE))
    return [(words[0], words[1]) for line in text.splitlines() if (words := line.split(maxsplit=1))]


def stages(file: Path) -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = []
    for one in instructions(file):
        if one[0] == "FROM":
            found.append([])
        if found:
            found[-1].append(one)
    return found


def test_there_are_two() -> None:
    assert [file.name for file in FILES] == ["Containerfile", "hapi.Containerfile"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_an_image_runs_as_nobody_in_particular_and_says_how_it_is(file: Path) -> None:
    last = dict(stages(file)[-1])
    assert re.fullmatch(r"\d{5}:\d{5}", last["USER"])
    assert "CMD [" in last["HEALTHCHECK"]
    assert last["ENTRYPOINT"].startswith("[")
    assert all(kind not in ("ADD", "SHELL", "ONBUILD") for kind, _ in instructions(file))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_stage_rests_on_the_base_that_is_given(file: Path) -> None:
    (default,) = [words for kind, words in instructions(file) if kind == "ARG"]
    assert re.fullmatch(r"BASE=[a-z./]+:[a-z0-9.-]+", default)
    assert "latest" not in default
    assert all(stage[0][1].startswith("${BASE}") for stage in stages(file))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_what_is_copied_is_there_and_not_ignored(file: Path) -> None:
    allowed = [line[1:] for line in ignored() if line.startswith("!")]
    for kind, words in instructions(file):
        if kind == "COPY" and not words.startswith("--from"):
            for source in words.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert any(
                    source == one or source.startswith(f"{one}/") or one.startswith(f"{source}/") for one in allowed
                )


def ignored() -> list[str]:
    return (CONTAINER / "Containerfile.containerignore").read_text().splitlines()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
@pytest.mark.parametrize("builder", ["container", "docker"])
def test_every_builder_ignores_the_same_for_every_image(file: Path, builder: str) -> None:
    """Else the whole folder, with whatever lies in it, is handed to the builder."""
    assert file.with_name(f"{file.name}.{builder}ignore").read_text().splitlines() == ignored()
    assert "*" in ignored()


@pytest.mark.parametrize(("builder", "said"), [("podman", True), ("buildah", True), ("docker", False)])
def test_the_health_check_is_kept_by_every_builder(tmp_path: Path, builder: str, said: bool) -> None:
    """podman and buildah drop HEALTHCHECK with a warning, unless they are asked for docker's format."""
    for name in ("bash", "dirname", "env"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    fake = tmp_path / builder
    fake.write_text(f"#!{shutil.which('bash')}\nprintf '%s\\n' \"$@\"\n")
    fake.chmod(0o755)
    environment = {"PATH": str(tmp_path), "HOME": str(tmp_path), "BASE": "localhost/base:1"}
    done = subprocess.run(
        [CONTAINER / "build", "--pull-never"], env=environment, capture_output=True, text=True, check=True
    )
    words = done.stdout.splitlines()
    assert ("--format" in words) is said
    assert words[0] == "build"
    assert words[-2:] == ["--pull-never", str(ROOT)]
    assert "BASE=localhost/base:1" in words


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_user_and_its_group_have_the_numbers_it_runs_as(file: Path) -> None:
    last = stages(file)[-1]
    user, _, group = dict(last)["USER"].partition(":")
    made = " ".join(words for kind, words in last if kind == "RUN")
    assert re.search(rf"groupadd --gid {group} ", made)
    assert re.search(rf"useradd --uid {user} --gid {group} ", made)


def test_nothing_secret_is_built_in() -> None:
    for file in FILES:
        assert not re.search(r"(?i)(password|secret|token)\s*=", file.read_text())


def test_the_packages_are_pinned_and_are_those_the_project_needs() -> None:
    lines = [line for line in (CONTAINER / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.+!]*", line) for line in lines)
    pinned = {re.sub(r"[._-]+", "-", line.partition("==")[0]).lower() for line in lines}
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["postgresql"]]
    for one in wanted:
        name = re.split(r"[<>=!\[;~ ]", one)[0]
        assert re.sub(r"[._-]+", "-", name).lower() in pinned, one


def test_what_it_starts_is_a_command() -> None:
    last = dict(stages(CONTAINER / "Containerfile")[-1])
    assert last["ENTRYPOINT"] == '["massage-billing"]'
    assert re.findall(r'"([a-z-]+)"', last["CMD"])[0] in COMMANDS


# --- the health check -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1), (404, 1), (302, 1)])
def test_the_health_check_tells_whether_the_service_can_work(httpserver: HTTPServer, status: int, code: int) -> None:
    httpserver.expect_request("/readyz").respond_with_json({}, status=status, headers={"Location": "/x"})
    done = health(httpserver.url_for("/readyz"))
    assert done.returncode == code


def test_the_health_check_of_a_service_that_is_not_there() -> None:
    assert health("http://127.0.0.1:9/readyz").returncode == 1


def health(url: str) -> subprocess.CompletedProcess[str]:
    script = CONTAINER / "healthcheck"
    assert os.access(script, os.X_OK)
    environment = {"MASSAGE_BILLING_HEALTH": url, "http_proxy": "http://127.0.0.1:1"}
    return subprocess.run(
        [sys.executable, "-I", script], env=environment, capture_output=True, text=True, timeout=30, check=False
    )


# --- compose --------------------------------------------------------------------------------------------------------

TOLD: dict[str, Any] = yaml.safe_load((COMPOSE / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = TOLD["services"]


@pytest.mark.parametrize("name", SERVICES)
def test_each_container_can_do_as_little_as_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert not any("docker.sock" in str(volume) for volume in service.get("volumes", ()))


def test_images_are_pinned_or_built_here_and_say_how_they_are() -> None:
    for name, service in SERVICES.items():
        if "build" in service:
            context = (COMPOSE / service["build"]["context"]).resolve()
            assert (context / service["build"]["dockerfile"]).is_file(), name
        else:
            assert re.fullmatch(r"[a-z0-9./-]+:\d[A-Za-z0-9.-]*", service["image"]), name
        assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL"), name


def test_what_others_wait_for_is_the_health_check_of_the_image() -> None:
    for name, file in (("service", "Containerfile"), ("hapi", "hapi.Containerfile")):
        said = dict(stages(CONTAINER / file)[-1])["HEALTHCHECK"]
        asked = SERVICES[name]["healthcheck"]
        assert re.findall(r'"([^"]+)"', said) == asked["test"][1:]
        assert f"--interval={asked['interval']} --timeout={asked['timeout']} " in said


def test_backups_have_a_place_that_the_service_may_write() -> None:
    """The root is read-only; a new volume belongs to whom the folder of the image belongs."""
    last = " ".join(words for kind, words in stages(CONTAINER / "Containerfile")[-1] if kind == "RUN")
    made = re.findall(r"install -d -o massage-billing -g massage-billing -m 0700 (.*)", last)[0].split()
    assert set(made) == {volume.split(":")[1] for volume in SERVICES["service"]["volumes"] if volume[0] != "."}


def test_only_the_proxy_is_reached_from_outside_and_the_database_by_the_service_alone() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert TOLD["networks"]["back"]["internal"] is True
    assert SERVICES["database"]["networks"] == ["back"]
    assert {name for name, service in SERVICES.items() if "back" in service["networks"]} == {"database", "service"}
    assert {name for name, service in SERVICES.items() if "front" in service["networks"]} == {"proxy", "service"}
    assert SERVICES["hapi"]["profiles"] == ["try"]


def test_secrets_are_files_and_everything_named_is_defined() -> None:
    for name, service in SERVICES.items():
        assert set(service.get("secrets", ())) <= TOLD["secrets"].keys(), name
        assert set(service["networks"]) <= TOLD["networks"].keys(), name
        for value in (service.get("environment") or {}).values():
            assert "://" not in value or "@" not in value
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            if source.startswith("."):
                assert (COMPOSE / source).exists(), volume
            else:
                assert source in TOLD["volumes"], volume
        for needed in service.get("depends_on", {}):
            assert needed in SERVICES
    assert all(one["file"].startswith("./secrets/") for one in TOLD["secrets"].values())


def test_prepare_makes_the_secrets_once_and_for_their_owner(tmp_path: Path) -> None:
    shutil.copytree(COMPOSE, tmp_path / "compose")
    script = tmp_path / "compose" / "prepare"
    for _ in range(2):
        done = subprocess.run([script], capture_output=True, text=True, check=True)
    assert "made" not in done.stdout
    folder = tmp_path / "compose" / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    made = {file.name: file.read_text() for file in folder.iterdir()}
    assert made.keys() == TOLD["secrets"].keys()
    assert all(len(secret) >= 64 and "\n" not in secret for secret in made.values())
    assert made["database-password"] in made["database-url"]
    assert len(set(made.values())) == len(made)


def test_the_example_settings_are_settings_that_name_these_secrets() -> None:
    settings = load_settings(COMPOSE / "settings" / "massage-billing.yaml")
    named = [settings.state.database_file, settings.serve.token_file, settings.serve.metrics_token_file]
    named.append(settings.hooks.subscription.token_file)
    assert {f"/run/secrets/{one}" for one in SERVICES["service"]["secrets"]} == {str(one) for one in named}
    assert settings.workbench.trusted_proxies == (TOLD["networks"]["front"]["ipam"]["config"][0]["subnet"],)
    from massage_billing.clinic_files import load_fees
    from massage_billing.clinic_payers import load_payers

    assert load_payers(COMPOSE / "settings" / "payers.yaml")
    assert load_fees(COMPOSE / "settings" / "fees.csv")


@pytest.mark.parametrize("script", [CONTAINER / "build", COMPOSE / "prepare"], ids=lambda path: path.name)
def test_scripts_are_sound_bash(script: Path) -> None:
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
    assert "set -euo pipefail" in script.read_text()
