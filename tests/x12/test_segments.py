"""Reading segments: whatever the separators, line breaks, trailers and counts, nothing is lost and nothing refused."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massage_billing.x12.segments import (
    Ended,
    Oddity,
    Outside,
    Piece,
    Slice,
    Transaction,
    read_pieces,
    read_slices,
    read_transactions,
)
from x12_files import interchange, isa, transaction

ONE = transaction("BHT*0022*11*A*20261117*0830", "EB*1**30^BE**GOLD:PLAN")
BODY = ["BHT*0022*11*A*20261117*0830", "EB*1**30^BE**GOLD:PLAN"]
MARKS = [
    mark for mark in map(chr, range(1, 127)) if not mark.isalnum() and mark not in " \t\r\n\x0b\x0c\x00\x1a.,'-/()#"
]


def read(data: bytes) -> list[Transaction]:
    return list(read_transactions(data))


def oddities(data: bytes) -> set[str]:
    found: list[Oddity] = []
    for piece in read_pieces(data):
        found += piece.oddities if isinstance(piece, Ended | Transaction) else []
    return {one.code for one in found}


@given(marks=st.lists(st.sampled_from(MARKS), min_size=4, max_size=4, unique=True))
def test_any_four_separators_that_the_isa_names_are_used(marks: list[str]) -> None:
    element, repetition, component, segment = marks
    table = str.maketrans({"*": element, "^": repetition, ":": component, "~": segment})
    lines = [isa(element=element, repetition=repetition, component=component)]
    lines += [line.translate(table) for line in ["GS*HB*A*B*20261117*0830*1*X*005010X279A1", *ONE, "GE*1*1"]]
    lines += ["IEA*1*000000001".translate(table)]
    data = "".join(line + segment for line in lines).encode()
    (found,) = read(data)
    assert found.segments == [line.translate(table) for line in BODY]
    assert (found.kind, found.control, found.interchange.sender) == ("271", "0001", "CEDAR")
    assert oddities(data) == set()


@pytest.mark.parametrize("end", ["~", "~\n", "~\r\n", "\n", "\r\n", "\r", "~ \n\n", "|"])
def test_line_breaks_may_follow_or_be_the_terminators(end: str) -> None:
    data = interchange(ONE, end=end).encode()
    (found,) = read(data)
    assert found.segments == BODY
    assert oddities(data) == set()


def test_a_file_wrapped_at_80_columns_is_put_together() -> None:
    text = interchange(ONE)
    data = "\r\n".join(text[place : place + 80] for place in range(0, len(text), 80)).encode()
    (found,) = read(data)
    assert found.segments == BODY


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"  \r\n", b"\x00\x00", b"\xef\xbb\xbf \n"])
def test_a_byte_order_mark_and_blanks_before_are_nothing(before: bytes) -> None:
    data = before + interchange(ONE).encode() + b"  \r\n\x1a"
    (found,) = read(data)
    assert found.segments == BODY
    assert oddities(data) == set()


def test_text_before_the_interchange_is_told_and_skipped() -> None:
    data = b"Content-Type: application/EDI-X12\r\n\r\n" + interchange(ONE).encode()
    assert [one.segments for one in read(data)] == [BODY]
    assert oddities(data) == {"text-before"}


def test_segments_may_have_blanks_around_them() -> None:
    data = interchange([f"  {line} " for line in ONE]).encode()
    (found,) = read(data)
    assert found.segments == BODY


@pytest.mark.parametrize(
    ("left_out", "told"),
    [(("IEA",), "trailer-missing"), (("GE", "IEA"), "trailer-missing"), (("SE",), "trailer-missing")],
)
def test_missing_trailers_are_told_and_lose_nothing(left_out: tuple[str, ...], told: str) -> None:
    lines = interchange(ONE, ONE).removesuffix("~").split("~")
    kept = [line for line in lines if not line.startswith(tuple(f"{tag}*" for tag in left_out))]
    data = "~".join(kept).encode()
    assert [one.segments for one in read(data)] == [BODY, BODY]
    assert told in oddities(data)


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("SE*4*0001", "SE*5*0001", "segment-count"),
        ("SE*4*0001", "SE*x*0001", "segment-count"),
        ("SE*4*0001", "SE*4*0002", "control-number"),
        ("GE*1*1", "GE*2*1", "transaction-count"),
        ("GE*1*1", "GE*1*2", "control-number"),
        ("IEA*1*000000001", "IEA*2*000000001", "group-count"),
        ("IEA*1*000000001", "IEA*1*000000002", "control-number"),
    ],
)
def test_wrong_counts_and_control_numbers_are_told_and_no_refusal(right: str, wrong: str, told: str) -> None:
    data = interchange(ONE).replace(right, wrong).encode()
    assert [one.segments for one in read(data)] == [BODY]
    assert oddities(data) == {told}


def test_leading_zeros_make_no_other_control_number() -> None:
    assert oddities(interchange(ONE).replace("GE*1*1", "GE*01*0001").encode()) == set()


def test_several_interchanges_may_have_separators_of_their_own() -> None:
    table = str.maketrans({"*": "|", "^": "!", ":": ">", "~": "\n"})
    other = interchange(ONE)
    second = isa(element="|", repetition="!", component=">") + "\n" + other[106:].translate(table)
    data = (other + "\n" + second).encode()
    found = read(data)
    assert [one.segments for one in found] == [BODY, [line.translate(table) for line in BODY]]
    assert oddities(data) == set()


@pytest.mark.parametrize("between", ["", "\n", "\r\n\r\n", "\ufeff", "\n\ufeff"])
def test_files_that_were_put_behind_each_other_are_read_whole(between: str) -> None:
    data = (interchange(ONE) + between + interchange(ONE, ONE)).encode()
    assert [one.segments for one in read(data)] == [BODY] * 3
    assert len([piece for piece in read_pieces(data) if isinstance(piece, Ended)]) == 3


def test_several_groups_and_transactions_are_told_apart() -> None:
    text = interchange(ONE, transaction("BHT*2", number="0002"))
    group = "GS*FA*A*B*20261117*0830*2*X*005010X231~ST*999*0001~AK1*HS*1~SE*3*0001~GE*1*2~"
    text = text.replace("IEA*1*", f"{group}IEA*2*")
    found = read(text.encode())
    assert [(one.kind, one.control, one.group.control) for one in found] == [
        ("271", "0001", "1"), ("271", "0002", "1"), ("999", "0001", "2"),
    ]  # fmt: skip
    assert found[2].version == "005010X231"
    assert oddities(text.encode()) == set()


def test_a_ta1_stands_outside_of_every_transaction() -> None:
    data = f"{isa()}~TA1*000000007*261117*0830*A*000~IEA*0*000000001~".encode()
    pieces = list(read_pieces(data))
    assert isinstance(pieces[0], Outside)
    assert pieces[0].segment.startswith("TA1*000000007")
    assert oddities(data) == set()


@pytest.mark.parametrize("coding", ["utf-8", "latin-1"])
def test_letters_that_are_not_ascii_are_read_in_either_encoding(coding: str) -> None:
    data = interchange(transaction("NM1*IL*1*MUÑOZ*JOSÉ")).encode(coding)
    (found,) = read(data)
    assert found.segments == ["NM1*IL*1*MUÑOZ*JOSÉ"]
    assert oddities(data) == {"not-ascii"}


def test_both_encodings_in_one_file_are_read_segment_by_segment() -> None:
    first = interchange(transaction("N3*CAFÉ", "N3*OTHER")).encode("utf-8")
    data = first.replace(b"OTHER", "OTRO Ñ".encode("latin-1"))
    assert read(data)[0].segments == ["N3*CAFÉ", "N3*OTRO Ñ"]


@pytest.mark.parametrize("change", [("CEDAR          ", "CEDAR"), ("CEDAR          ", "CEDAR" + " " * 30)])
def test_an_isa_that_is_not_106_characters_wide_is_read(change: tuple[str, str]) -> None:
    data = interchange(ONE).replace(*change).encode()
    (found,) = read(data)
    assert (found.segments, found.interchange.sender) == (BODY, "CEDAR")
    assert oddities(data) == {"isa-width"}


def test_an_isa_without_its_last_element_is_read() -> None:
    data = interchange(ONE).replace("*P*:~", "*P*~").encode()
    assert read(data)[0].segments == BODY
    assert "component-missing" in oddities(data)


@pytest.mark.parametrize("end", ["~\n", "~\r\n"])
def test_an_isa_without_its_last_element_is_read_with_line_breaks_too(end: str) -> None:
    data = interchange(ONE, end=end).replace("*P*:~", "*P*~").encode()
    assert read(data)[0].segments == BODY


def test_an_isa_with_too_few_elements_is_read() -> None:
    data = interchange(ONE).replace("*0*P*:~", "~").encode()
    assert read(data)[0].segments == BODY
    assert "isa-elements" in oddities(data)


def test_a_version_without_repetition_has_no_repetition_separator() -> None:
    text = interchange(ONE).replace("*^*00501*", "*U*00401*")
    (found,) = read(text.encode())
    assert found.delimiters.repetition == ""


def test_a_transaction_without_interchange_is_read_and_told() -> None:
    data = "".join(f"{line}~\n" for line in ONE).encode()
    assert [one.segments for one in read(data)] == [BODY]
    assert {"no-interchange", "group-missing"} <= oddities(data)


def test_what_is_no_x12_holds_nothing() -> None:
    for data in (b"", b"<html>504 Gateway Time-out</html>", b'{"error": "down"}', b"%PDF-1.7 \x00\xff"):
        assert read(data) == []
        assert oddities(data) == {"nothing"}


@given(data=st.binary(max_size=400))
def test_no_bytes_whatever_break_the_reader(data: bytes) -> None:
    list(read_pieces(data))
    list(read_pieces(b"ISA*" + data))
    list(read_pieces(interchange(ONE).encode() + data))


@given(place=st.integers(0, 400), data=st.binary(max_size=8))
def test_a_file_damaged_anywhere_is_still_read(place: int, data: bytes) -> None:
    whole = interchange(ONE, ONE).encode()
    list(read_pieces(whole[:place] + data + whole[place + len(data) :]))
    list(read_pieces(whole[:place]))


@given(cuts=st.lists(st.integers(0, 900), max_size=12))
def test_it_makes_no_difference_in_which_chunks_a_file_comes(cuts: list[int]) -> None:
    table = str.maketrans({"*": "|", "~": "\n"})
    text = interchange(ONE, ONE) + "\r\n" + (isa(element="|") + "\n" + interchange(ONE)[106:].translate(table))
    data = text.encode()
    places = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    chunks = [data[first:last] for first, last in pairwise(places)]
    assert list(read_pieces(chunks)) == list(read_pieces(data))


@pytest.mark.parametrize("width", [106, 132, 250])
@pytest.mark.parametrize("break_", ["\n", "\r\n"])
def test_a_file_wrapped_at_any_width_is_put_together(width: int, break_: str) -> None:
    text = interchange(ONE, ONE)
    data = break_.join(text[place : place + width] for place in range(0, len(text), width)).encode()
    assert [one.segments for one in read(data)] == [BODY, BODY]
    assert oddities(data) <= {"control-repeated"}


def test_a_word_that_ends_in_isa_begins_no_interchange() -> None:
    text = "PAID BY VISA*1234\n" + interchange(ONE)
    (found,) = read(text.encode())
    assert (found.segments, found.interchange.sender) == (BODY, "CEDAR")
    assert oddities(text.encode()) == {"text-before"}


def test_an_interchange_that_something_was_put_right_before_is_found_where_there_is_no_other() -> None:
    (found,) = read(b"0" + interchange(ONE).encode())
    assert found.segments == BODY


def pieces(data: bytes, size: int = 1 << 10) -> list[bytes]:
    return [data[place : place + size] for place in range(0, len(data), size)]


HEADER = (isa() + "~").encode()
HOSTILE: dict[str, Callable[[int], bytes | list[bytes]]] = {
    "one interchange after another": lambda size: interchange(ONE).encode() * (size // 400),
    "no X12": lambda size: pieces(b"<p>nothing</p>" * (size // 14)),
    "no terminator": lambda size: pieces(HEADER + b"EB*1*" * (size // 5)),
    "no terminator and many an ISA": lambda size: pieces(HEADER + b"ISA*1*" * (size // 6)),
    "an ISA that is cut off": lambda size: b"ISA*~" * (size // 5),
    "an ISA that is cut off at a line": lambda size: b"ISA*\n" * (size // 5),
    "nothing but an ISA": lambda size: HEADER * (size // len(HEADER)),
    "groups that do not end": lambda size: HEADER + b"".join(b"GS*HB*A*B*1*1*%d~" % n for n in range(size // 20)),
    "segments outside": lambda size: HEADER + b"".join(b"ZZ*%d~" % n for n in range(size // 9)),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_whatever_is_sent_twice_as_much_takes_twice_as_long(what: str) -> None:
    """Of eight times as much, CPU time of about eight times: squares would be sixty-four."""

    def seconds(data: bytes | list[bytes]) -> float:
        begun = time.process_time()
        for _ in read_pieces(data):
            pass
        return time.process_time() - begun

    small, large = (HOSTILE[what](size) for size in (100_000, 800_000))
    ratio = min(seconds(large) for _ in range(2)) / min(seconds(small) for _ in range(3))
    assert ratio < 24


def test_memory_does_not_grow_with_the_file() -> None:
    def chunks(count: int) -> Iterator[bytes]:
        yield f"{isa()}~GS*HB*A*B*20261117*0830*1*X*005010X279A1~".encode()
        for number in range(count):
            lines = transaction("BHT*0022*11*A", *(f"EB*F**BE***29*{place}" for place in range(30)), number=str(number))
            yield "".join(line + "~" for line in lines).encode()

    def peak(count: int) -> int:
        tracemalloc.start()
        seen = sum(1 for _ in read_transactions(chunks(count)))
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert seen == count
        return used

    # What stays of a transaction is its control number; the transactions themselves take a hundred times as much.
    assert peak(4000) - peak(400) < 3600 * 500


@pytest.mark.parametrize("kind", ["270", "271", "277", "835", "837p", "999"])
def test_real_shaped_files_of_every_kind_are_read_whole(shared: Path, kind: str) -> None:
    for file in sorted((shared / "x12" / kind).iterdir()):
        data = file.read_bytes()
        pieces: list[Piece] = list(read_pieces(data))
        held = sum(len(one.segments) + 2 for one in pieces if isinstance(one, Transaction))
        lines = [line.strip() for line in data.split(b"~") if line.strip()]
        assert held == len([line for line in lines if not line.startswith((b"ISA*", b"IEA*", b"GS*", b"GE*"))])
        assert isinstance(pieces[-1], Ended)


@given(size=st.integers(1, 400), wrong=st.booleans())
def test_in_slices_the_same_is_read(size: int, wrong: bool) -> None:
    """However a file is cut: the segments put together, and what is odd, counts too."""
    text = interchange(ONE, transaction("BHT*2", number="0002")) + interchange(ONE)
    data = (text.replace("SE*4*0001", "SE*9*0001") if wrong else text).encode()
    whole = [piece for piece in read_pieces(data) if isinstance(piece, Transaction)]
    sliced: dict[int, list[str]] = {}
    ended = []
    for piece in read_slices(data[place : place + size] for place in range(0, len(data), size)):
        if isinstance(piece, Slice):
            sliced.setdefault(id(piece.transaction), []).extend(piece.segments)
            ended += [piece.transaction] if piece.ends else []
    assert [sliced[id(one)] for one in ended] == [one.segments for one in whole]
    assert [(one.control, one.trailer, one.oddities) for one in ended] == [
        (one.control, one.trailer, one.oddities) for one in whole
    ]
