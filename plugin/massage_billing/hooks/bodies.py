"""Reading a request's body within a bound, whatever stands before this service."""

from __future__ import annotations

from fastapi import Request
from starlette.exceptions import HTTPException


async def body_of(request: Request, most: int) -> bytes:
    """The body; HTTPException 413 where it has more bytes than ``most``."""
    said = request.headers.get("content-length", "")
    if said.isdigit() and int(said) > most:
        raise HTTPException(413, "The body is too large.")
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            raise HTTPException(413, "The body is too large.")
    return bytes(body)
