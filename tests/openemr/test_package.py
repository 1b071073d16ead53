"""What deploy/openemr/package makes is what a clinic installs: the same bytes again, the whole module, and no more."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from servers.process import ROOT

NAME = "oe-module-massage-billing"
PACKAGE = f"massage-billing/{NAME}"
MODULE = ROOT / "plugin" / "openemr" / NAME
INSTALLER = "openemr/oe-module-installer-plugin"
NEEDED = (
    "openemr.bootstrap.php",
    "info.txt",
    "version.php",
    "composer.json",
    "ModuleManagerListener.php",
    "moduleConfig.php",
    "sql/install.sql",
    "src/Bootstrap.php",
)

pytestmark = [pytest.mark.openemr, pytest.mark.xdist_group("openemr")]


def packed(folder: Path) -> dict[str, Path]:
    subprocess.run([ROOT / "deploy" / "openemr" / "package", folder], check=True, capture_output=True)
    return {"zip" if path.suffix == ".zip" else "tar.gz": path for path in folder.iterdir()}


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return packed(tmp_path_factory.mktemp("dist"))


def contents(archives: dict[str, Path]) -> dict[str, bytes]:
    with zipfile.ZipFile(archives["zip"]) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_packed_again_elsewhere_it_is_the_same(archives: dict[str, Path], tmp_path: Path) -> None:
    again = packed(tmp_path)
    assert sorted(archives) == ["tar.gz", "zip"]
    for kind, path in archives.items():
        assert again[kind].name == path.name
        assert again[kind].read_bytes() == path.read_bytes()


def test_both_archives_hold_the_same(archives: dict[str, Path]) -> None:
    with tarfile.open(archives["tar.gz"]) as archive:
        unpacked = {one.name: archive.extractfile(one) for one in archive.getmembers()}
        assert {name: file.read() for name, file in unpacked.items() if file} == contents(archives)


def test_the_module_is_whole_and_alone(archives: dict[str, Path]) -> None:
    names = {name.removeprefix(f"{NAME}/") for name in contents(archives)}
    assert set(NEEDED) <= names
    assert all(name.startswith(f"{NAME}/") for name in contents(archives))
    assert not [name for name in names if "test" in name.lower() or name.startswith((".", "vendor/", "node_modules/"))]
    assert [name for name in names if name.endswith(".twig")]


def test_every_class_it_names_of_its_own_is_in_it(archives: dict[str, Path]) -> None:
    files = contents(archives)
    there = {
        name.removeprefix(f"{NAME}/src/").removesuffix(".php").replace("/", "\\") for name in files if "/src/" in name
    }
    namespace = "OpenEMR\\Modules\\MassageBilling\\"
    used = {
        line.strip().removeprefix("use ").removesuffix(";").partition(" as ")[0].removeprefix(namespace)
        for name, content in files.items()
        if name.endswith(".php")
        for line in content.decode().splitlines()
        if line.strip().startswith(f"use {namespace}") and "{" not in line
    }
    assert used
    assert used <= there


@pytest.fixture
def composer(tmp_path: Path) -> list[str]:
    if shutil.which("composer") is None:
        pytest.skip("needs composer (apt-get install composer)")
    return ["composer", "--no-interaction", "--no-plugins"]


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    env = {"COMPOSER_ALLOW_SUPERUSER": "1", "COMPOSER_HOME": str(folder / ".composer"), "COMPOSER_DISABLE_NETWORK": "1"}
    return subprocess.run(command, cwd=folder, env={**os.environ, **env}, capture_output=True, text=True, check=False)


def test_composer_finds_nothing_wrong(composer: list[str], tmp_path: Path) -> None:
    done = run([*composer, "validate", "--strict", str(MODULE / "composer.json")], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_composer_installs_it_from_the_unpacked_archive(
    composer: list[str], archives: dict[str, Path], tmp_path: Path
) -> None:
    with zipfile.ZipFile(archives["zip"]) as archive:
        archive.extractall(tmp_path / "unpacked")
    clinic = tmp_path / "clinic"
    clinic.mkdir()
    # The installer plugin comes from Packagist at a clinic; here its place is taken, since nothing else can be had.
    project = {
        "name": "clinic/openemr",
        "repositories": [
            {
                "type": "path",
                "url": f"../unpacked/{NAME}",
                "options": {"symlink": False, "versions": {PACKAGE: "0.1.0"}},
            },
            {"packagist.org": False},
        ],
        "require": {PACKAGE: "^0.1.0"},
        "replace": {INSTALLER: "0.1.5"},
    }
    (clinic / "composer.json").write_text(json.dumps(project))
    done = run([*composer, "install", "--no-dev"], clinic)
    assert done.returncode == 0, done.stdout + done.stderr
    code = (
        "require 'vendor/autoload.php'; echo class_exists('OpenEMR\\\\Modules\\\\MassageBilling\\\\Boundary') ? 1 : 0;"
    )
    assert run(["php", "-r", code], clinic).stdout == "1"
