"""Asking over CAQH CORE connectivity: what is sent, and which answers are taken."""

from __future__ import annotations

import uuid
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from contract.payer_contract import SECRET, Mood
from massage_billing.errors import (
    PayerAnswerUnreadable,
    PayerError,
    PayerRefused,
    PayerRejected,
    PayerUnreachable,
    SettingsError,
)
from massage_billing.model import AnswerKind, Standing
from massage_billing.net.credentials import BasicPassword, BearerToken, Credentials
from massage_billing.payers.calls import Line
from massage_billing.payers.core_x12 import CoreSettings, CoreX12
from massage_billing.payers.x12.parties import Parties
from massage_billing.ports import Replied
from massage_billing.x12.question_270 import Dialect
from payers.core_server import CoreServer, envelope, error
from payers.questions import question
from payers.x12_answers import (
    RECEIVER,
    SENDER,
    acceptance_999,
    answers,
    interchange,
    rejection_999,
    sent,
    ta1,
    transaction,
)

NOW = datetime(2026, 11, 30, 12, 5, 6, tzinfo=UTC)
OK = "X12_271_Response_005010X279A1"
Answers = Callable[[Request, str], Response]


class Asking:
    """A channel, and the endpoint it asks."""

    def __init__(self, server: HTTPServer, does: Answers, **settings: object) -> None:
        self.server = CoreServer(server, does)
        credentials = settings.pop("credentials", None)
        assert credentials is None or hasattr(credentials, "header")
        line = Line(self.server.url, credentials, seconds=5)  # type: ignore[arg-type]
        given = CoreSettings(line, Parties(SENDER, RECEIVER, dialect=Dialect(originator="9CLINIC001")), **settings)  # type: ignore[arg-type]
        clock = iter(NOW + timedelta(seconds=step) for step in range(100))
        self.channel = CoreX12("direct", given, clock=lambda: next(clock), control_number=iter(range(1, 99)).__next__)

    def ask(self) -> Replied:
        reply = self.channel.ask(question())
        assert isinstance(reply, Replied)
        return reply


def says(x12: Callable[[str], str], kind: str = OK) -> Answers:
    return lambda request, sent_x12: envelope(x12(sent_x12), kind)


def test_a_question_goes_out_as_the_rule_has_it(httpserver: HTTPServer) -> None:
    asking = Asking(httpserver, says(answers))
    asking.ask()
    (form,) = asking.server.forms
    assert form["PayloadType"] == "X12_270_Request_005010X279A1"
    assert form["ProcessingMode"] == "RealTime"
    assert form["TimeStamp"] == "2026-11-30T12:05:06Z"
    assert (form["SenderID"], form["ReceiverID"], form["CORERuleVersion"]) == (SENDER, RECEIVER, "2.2.0")
    assert uuid.UUID(form["PayloadID"]).version == 1
    assert "UserName" not in form
    (asked,) = sent(form["Payload"])
    assert (asked.trace, asked.reference) == (question().trace, question().trace)
    assert f"*ZZ*{SENDER:<15}*ZZ*{RECEIVER:<15}*261130*1205*" in form["Payload"]


def test_a_second_try_is_another_message_about_the_same_question(httpserver: HTTPServer) -> None:
    asking = Asking(httpserver, says(answers))
    asking.ask()
    asking.ask()
    first, second = asking.server.forms
    assert first["PayloadID"] != second["PayloadID"]
    (one,), (two,) = sent(first["Payload"]), sent(second["Payload"])
    assert one.control != two.control
    assert one.trace == two.trace


@pytest.mark.parametrize(
    ("credentials", "header"),
    [
        (None, None),
        (BearerToken(lambda: "abc"), "Bearer abc"),
        (BasicPassword("clinic", lambda: "secret-word"), "Basic Y2xpbmljOnNlY3JldC13b3Jk"),
    ],
)
def test_credentials_of_the_header(httpserver: HTTPServer, credentials: Credentials | None, header: str | None) -> None:
    got: list[str | None] = []

    def does(request: Request, x12: str) -> Response:
        got.append(request.headers.get("Authorization"))
        return envelope(answers(x12), OK)

    Asking(httpserver, does, credentials=credentials).ask()
    assert got == [header]


def test_credentials_of_the_envelope_are_read_when_they_are_needed(httpserver: HTTPServer) -> None:
    passwords = iter(["first-word", "second-word"])
    asking = Asking(httpserver, says(answers), user="clinic", password=lambda: next(passwords))
    asking.ask()
    asking.ask()
    assert [form["Password"] for form in asking.server.forms] == ["first-word", "second-word"]
    assert {form["UserName"] for form in asking.server.forms} == {"clinic"}
    assert not any("-word" in outside for outside in asking.server.outside)


def test_a_password_that_is_not_there_is_said_and_nothing_is_sent(httpserver: HTTPServer) -> None:
    def missing() -> str:
        raise SettingsError("Environment variable ACME_PASSWORD is not set.")

    asking = Asking(httpserver, says(answers), user="clinic", password=missing)
    with pytest.raises(PayerRefused, match="ACME_PASSWORD"):
        asking.ask()
    assert asking.server.forms == []


def test_the_evidence_is_the_x12_as_it_was_received(httpserver: HTTPServer) -> None:
    kept: list[str] = []

    def does(request: Request, x12: str) -> Response:
        kept.append(answers(x12))
        return envelope(kept[0], OK)

    reply = Asking(httpserver, does).ask()
    assert reply.evidence == kept[0].encode()
    assert reply.media_type == "application/edi-x12"


def test_x12_without_an_envelope_is_an_answer(httpserver: HTTPServer) -> None:
    asking = Asking(httpserver, lambda request, x12: Response(answers(x12), 200, content_type="application/edi-x12"))
    assert asking.ask().answer.standing is Standing.IN_FORCE


def test_line_breaks_between_segments_do_no_harm(httpserver: HTTPServer) -> None:
    asking = Asking(httpserver, says(lambda x12: answers(x12).replace("~", "~\r\n")))
    assert asking.ask().answer.standing is Standing.IN_FORCE


# --- whose answer it is -----------------------------------------------------------------------------------------------


def untraced(x12: str, mood: Mood, reference: str | None = None) -> str:
    (asked,) = sent(x12)
    text = transaction(asked, mood, traced=False)
    return interchange(text if reference is None else text.replace(f"*11*{asked.reference}*", f"*11*{reference}*"))


def test_without_a_trace_number_the_reference_says_whose_it_is(httpserver: HTTPServer) -> None:
    asking = Asking(httpserver, says(lambda x12: untraced(x12, Mood.ACTIVE)))
    assert asking.ask().answer.standing is Standing.IN_FORCE


def test_without_any_number_the_only_answer_to_a_call_is_its_own(httpserver: HTTPServer) -> None:
    asking = Asking(httpserver, says(lambda x12: untraced(x12, Mood.ACTIVE, "")))
    assert asking.ask().answer.standing is Standing.IN_FORCE


def test_without_a_trace_number_another_reference_is_anothers_answer(httpserver: HTTPServer) -> None:
    with pytest.raises(PayerAnswerUnreadable, match="another"):
        Asking(httpserver, says(lambda x12: untraced(x12, Mood.ACTIVE, "THEIRS01"))).ask()


def test_a_refusal_that_did_not_come_to_the_patient_may_have_a_reference_of_its_own(httpserver: HTTPServer) -> None:
    asking = Asking(httpserver, says(lambda x12: untraced(x12, Mood.TRY_LATER, "THEIRS01")))
    assert asking.ask().answer.kind is AnswerKind.TRY_LATER


def test_two_answers_without_numbers_are_nobodys(httpserver: HTTPServer) -> None:
    def twice(x12: str) -> str:
        (asked,) = sent(x12)
        text = transaction(asked, Mood.ACTIVE, traced=False).replace(f"*11*{asked.reference}*", "*11**")
        return interchange(text, text)

    with pytest.raises(PayerAnswerUnreadable):
        Asking(httpserver, says(twice)).ask()


def test_among_several_answers_ours_is_found(httpserver: HTTPServer) -> None:
    def among(x12: str) -> str:
        (asked,) = sent(x12)
        other = transaction(asked, Mood.ACTIVE).replace(asked.trace, "SOMEBODYELSE1")
        return interchange(other, transaction(asked, Mood.INACTIVE), other)

    assert Asking(httpserver, says(among)).ask().answer.standing is Standing.NOT_IN_FORCE


# --- what is no answer ------------------------------------------------------------------------------------------------


def test_a_999_names_the_element_and_not_the_data(httpserver: HTTPServer) -> None:
    with pytest.raises(PayerRejected) as caught:
        Asking(httpserver, says(lambda x12: rejection_999(*sent(x12)), "X12_999_Response_005010X231A1")).ask()
    assert "2100 NM1 element 3" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_ta1_turns_the_question_down(httpserver: HTTPServer) -> None:
    with pytest.raises(PayerRejected, match="direct"):
        Asking(httpserver, says(lambda x12: ta1(*sent(x12)), "X12_TA1_Response_00501X231A1")).ask()


def test_a_999_that_takes_the_question_is_no_answer(httpserver: HTTPServer) -> None:
    with pytest.raises(PayerAnswerUnreadable):
        Asking(httpserver, says(lambda x12: acceptance_999(*sent(x12)), "X12_999_Response_005010X231A1")).ask()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("UnAuthorized", PayerRefused),
        ("SenderIDIllegal", PayerRejected),
        ("PayloadTypeNotSupported", PayerRejected),
        ("VersionMismatch", PayerRejected),
        ("Sender", PayerRejected),
        ("Receiver", PayerUnreachable),
        ("", PayerRejected),
        ("Jane Synthetica", PayerRejected),
    ],
)
@pytest.mark.parametrize("status", [200, 400, 500])
def test_an_envelope_error_is_told_by_its_code(
    httpserver: HTTPServer, code: str, kind: type[PayerError], status: int
) -> None:
    if status == 500 and not code:
        kind = PayerUnreachable
    with pytest.raises(kind) as caught:
        Asking(httpserver, lambda request, x12: error(code, x12, status)).ask()
    said = str(caught.value)
    assert SECRET not in said
    assert "Jane" not in said
    assert code in said or " " in code


def test_our_own_question_sent_back_is_no_answer(httpserver: HTTPServer) -> None:
    with pytest.raises(PayerAnswerUnreadable):
        Asking(httpserver, says(lambda x12: x12)).ask()


def test_an_empty_envelope_is_no_answer(httpserver: HTTPServer) -> None:
    with pytest.raises(PayerAnswerUnreadable, match="empty"):
        Asking(httpserver, says(lambda x12: "")).ask()


def test_an_answer_in_base64_is_an_answer(httpserver: HTTPServer) -> None:
    asking = Asking(httpserver, says(lambda x12: b64encode(answers(x12).encode()).decode()))
    assert asking.ask().answer.standing is Standing.IN_FORCE
