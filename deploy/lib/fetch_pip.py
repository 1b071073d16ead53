"""Fetches pip from PyPI, for a Python that has neither ensurepip nor pip; prints the wheel's path (it can be run).

Usage: fetch_pip.py FOLDER. Uses the standard library alone. The wheel's digest is checked against the index's own.
"""

import hashlib
import json
import os
import re
import sys
from pathlib import Path
from urllib.parse import urljoin
from urllib.request import Request, urlopen

INDEX = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/") + "/pip/"
RELEASE = re.compile(r"pip-(\d+(?:\.\d+)*)-py3-none-any\.whl")  # no pre-releases


def newest_wheel() -> tuple[str, str, str]:
    """Name, address and SHA-256 of the newest release, by the index's JSON form (PEP 691)."""
    request = Request(INDEX, headers={"Accept": "application/vnd.pypi.simple.v1+json"})  # noqa: S310 - an address of the user's own setting
    with urlopen(request, timeout=30) as answer:  # noqa: S310
        files = json.load(answer)["files"]
    releases = [
        ([int(part) for part in found[1].split(".")], file)
        for file in files
        if (found := RELEASE.fullmatch(file["filename"])) and not file.get("yanked")
    ]
    _, wheel = max(releases, key=lambda release: release[0])
    return wheel["filename"], urljoin(INDEX, wheel["url"]), wheel["hashes"]["sha256"]


def main(folder: Path) -> Path:
    """Returns the path of pip's newest wheel in ``folder``, downloading it unless it is there."""
    name, address, digest = newest_wheel()
    path = folder / name
    if path.exists():
        return path
    with urlopen(address, timeout=60) as answer:  # noqa: S310 - the index named it, the digest is checked
        content = answer.read()
    if hashlib.sha256(content).hexdigest() != digest:
        raise ValueError(f"{address} is not what the index says it is")
    folder.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_bytes(content)
    return partial.rename(path)


if __name__ == "__main__":
    try:
        print(main(Path(sys.argv[1])))  # noqa: T201 - the answer to the script that called
    except (OSError, ValueError, KeyError) as problem:
        sys.exit(f"pip could not be had from {INDEX}: {problem}")
