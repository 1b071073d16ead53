"""The few files that browsers keep: under a name that changes with what is in them, packed once.

htmx comes out of the package django-htmx (docs/decisions/0007): its file is found, Django is never imported.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

FOREVER: Final = "public, max-age=31536000, immutable"
_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_OURS: Final = ("workbench.css", "workbench.js", "icon.svg")
_HTMX: Final = ("static", "django_htmx", "htmx-2.min.js")


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file."""

    path: str
    """"/static/workbench.0a1b2c3d4e5f.css"."""
    type: str
    """Its media type."""
    plain: bytes
    """What is in it."""
    packed: bytes
    """The same, gzip."""


class StaticFiles:
    """Every file by its path. Read once."""

    def __init__(self) -> None:
        ours = files("massage_billing") / "web" / "static"
        named = {name: (ours / name).read_bytes() for name in _OURS}
        named["htmx.js"] = htmx()
        self._by_name: Mapping[str, StaticFile] = {name: _file(name, content) for name, content in named.items()}
        self._by_path = {one.path: one for one in self._by_name.values()}

    def path(self, name: str) -> str:
        """Where browsers find a file, "workbench.css"."""
        return self._by_name[name].path

    def file(self, name: str) -> StaticFile:
        """A file by its plain name."""
        return self._by_name[name]

    def answer(self, request: Request) -> Response:
        """The file asked for; 404 for anything else, an older version too."""
        found = self._by_path.get(request.url.path)
        if found is None:
            return Response("There is no such file.", 404, media_type="text/plain")
        headers = {"Cache-Control": FOREVER, "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(found.packed, headers=headers, media_type=found.type)
        return Response(found.plain, headers=headers, media_type=found.type)


def htmx() -> bytes:
    """The library, out of its package's folder. Raises RuntimeError where the installation is not whole."""
    found = find_spec("django_htmx")
    for place in (found.submodule_search_locations or ()) if found is not None else ():
        file = Path(place).joinpath(*_HTMX)
        if file.is_file():
            return file.read_bytes()
    raise RuntimeError("htmx is missing: install massage-billing anew, with its dependency django-htmx.")


def _file(name: str, content: bytes) -> StaticFile:
    stem, _, ending = name.rpartition(".")
    digest = hashlib.sha256(content).hexdigest()[:12]
    packed = gzip.compress(content, 9, mtime=0)
    return StaticFile(f"/static/{stem}.{digest}.{ending}", _TYPES[ending], content, packed)
