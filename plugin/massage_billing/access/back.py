"""Where somebody is sent after logging in: a path of this site, whatever the address said."""

from __future__ import annotations

import re
from typing import Final

_CHAR: Final = r"A-Za-z0-9._~!$&'()*+,;=:@%/-"
_PATH: Final = re.compile(rf"/[{_CHAR}]*(?:\?[?{_CHAR}]*)?")
_NOT: Final = ("/login", "/launch", "/callback", "/enter", "/logout", "/host")
_LONGEST: Final = 1024


def safe(path: str | None) -> str:
    """The path where it is one of this site's pages, else "/". Another site, another scheme, a backslash, a line break
    and the pages of logging in themselves are not."""
    if path is None or len(path) > _LONGEST or not _PATH.fullmatch(path) or "//" in path:
        return "/"
    first = "/" + path[1:].split("?")[0].split("/")[0]
    return "/" if first in _NOT else path
