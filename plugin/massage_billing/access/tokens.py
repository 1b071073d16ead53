"""Random tokens, their digests, and CSRF tokens made of a session. Nothing here is stored or logged as it is."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

_BYTES: Final = 32
"""256 bits: cannot be guessed."""
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_MASKED: Final = re.compile(r"[A-Za-z0-9_-]{86}")


def fresh() -> str:
    """A random token: 43 characters, safe in URLs and cookies."""
    return secrets.token_urlsafe(_BYTES)


def is_token(text: str) -> bool:
    """Whether a text has the form of a token."""
    return _TOKEN.fullmatch(text) is not None


def digest(token: str) -> str:
    """What is kept of a token: SHA-256, hexadecimal. A token is random, so that no salt and no slow hash is needed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def form_token(session: str) -> str:
    """A token for a form of a session. Masked with a random pad, so that no two are alike and compression of a page
    tells nothing of it (BREACH)."""
    pad = secrets.token_bytes(_BYTES)
    masked = bytes(one ^ other for one, other in zip(_of(session), pad, strict=True))
    return urlsafe_b64encode(pad + masked).decode().rstrip("=")


def is_form_token(session: str, given: str) -> bool:
    """Whether a token is one of this session's forms; compared in constant time."""
    if not _MASKED.fullmatch(given):
        return False
    both = urlsafe_b64decode(given + "==")
    seen = bytes(one ^ other for one, other in zip(both[:_BYTES], both[_BYTES:], strict=True))
    return hmac.compare_digest(seen, _of(session))


def _of(session: str) -> bytes:
    return hmac.digest(session.encode("utf-8", "surrogatepass"), b"massage-billing form", "sha256")
