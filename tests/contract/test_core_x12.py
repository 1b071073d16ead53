"""X12 over CAQH CORE connectivity keeps the contract, against a server that answers as payers do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from contract.payer_contract import SECRET, Mood, OnlineContract
from massage_billing.model import Question
from massage_billing.payers.calls import Line
from massage_billing.payers.core_x12 import CoreSettings, CoreX12
from massage_billing.payers.x12.parties import Parties
from payers.core_server import CoreServer, envelope
from payers.x12_answers import RECEIVER, SENDER, anothers, answers, rejection_999, sent


class CoreRig:
    def __init__(self, server: HTTPServer) -> None:
        self.server = CoreServer(server, self._answer)
        self.channel = CoreX12("direct", CoreSettings(Line(self.server.url, seconds=5), Parties(SENDER, RECEIVER)))
        self._moods: dict[str, Mood] = {}
        self._got: list[str] = []
        self._lock = threading.Lock()

    def will(self, asked: Question, mood: Mood) -> None:
        self._moods[asked.trace] = mood

    def answer(self) -> None:
        """Answers come at once."""

    def received(self) -> list[str]:
        return list(self._got)

    def outside(self) -> str:
        return "\n".join(self.server.outside)

    def _answer(self, request: Request, x12: str) -> Response:
        (asked,) = sent(x12)
        with self._lock:
            self._got.append(asked.trace)
        mood = self._moods.get(asked.trace, Mood.ACTIVE)
        if mood is Mood.BUSY:
            return Response(SECRET, 503, {"Retry-After": "7"})
        if mood is Mood.UNAUTHORIZED:
            return Response(SECRET, 401)
        if mood is Mood.GARBAGE:
            return Response(f"<html>{SECRET}</html>", 200, content_type="text/html")
        if mood is Mood.GONE:
            request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            return Response()
        if mood is Mood.REJECTED:
            return envelope(rejection_999(asked), "X12_999_Response_005010X231A1")
        if mood is Mood.HALF:
            whole = answers(x12)
            return envelope(whole[: whole.index("EB*F")], "X12_271_Response_005010X279A1")
        if mood is Mood.ANOTHERS:
            return envelope(anothers(), "X12_271_Response_005010X279A1")
        return envelope(answers(x12, mood), "X12_271_Response_005010X279A1")


class TestCoreX12(OnlineContract):
    @pytest.fixture
    def rig(self, httpserver: HTTPServer) -> Iterator[CoreRig]:
        rig = CoreRig(httpserver)
        yield rig
        rig.channel.close()
