"""A payer's endpoint for CAQH CORE connectivity, for tests: takes envelopes apart, and answers as it is told."""

from __future__ import annotations

from collections.abc import Callable

from pytest_httpserver import HTTPServer
from urllib3.filepost import encode_multipart_formdata
from werkzeug import Request, Response

FIELDS = frozenset("PayloadType ProcessingMode PayloadID TimeStamp SenderID ReceiverID CORERuleVersion Payload".split())


class CoreServer:
    """``answers(request, x12)`` makes the response; what came around bodies is kept in ``outside``."""

    def __init__(self, server: HTTPServer, answers: Callable[[Request, str], Response]) -> None:
        self.url = server.url_for("/core/eligibility")
        self.outside: list[str] = []
        self.forms: list[dict[str, str]] = []
        self._answers = answers
        server.expect_request("/core/eligibility").respond_with_handler(self._take)

    def _take(self, request: Request) -> Response:
        self.outside.append(f"{request.method} {request.url}\n{request.headers}")
        form = {name: str(value) for name, value in request.form.items()}
        self.forms.append(form)
        if missing := FIELDS - form.keys():
            return error("PayloadTypeRequired" if "PayloadType" in missing else f"{min(missing)}Required")
        return self._answers(request, form["Payload"])


def envelope(payload: str, kind: str, *more: tuple[str, str]) -> Response:
    """A real-time response."""
    body, content_type = encode_multipart_formdata(
        [("PayloadType", kind), ("ProcessingMode", "RealTime"), ("PayloadID", "-"), ("ErrorCode", "Success"),
         ("ErrorMessage", "None"), *more, ("Payload", payload)]
    )  # fmt: skip
    return Response(body, 200, content_type=content_type)


def error(code: str, payload: str = "", status: int = 200, message: str = "Jane Synthetica is not known") -> Response:
    """A CoreEnvelopeError; many send our own payload back in it."""
    body, content_type = encode_multipart_formdata(
        [("PayloadType", "CoreEnvelopeError"), ("ErrorCode", code), ("ErrorMessage", message), ("Payload", payload)]
    )
    return Response(body, status, content_type=content_type)
