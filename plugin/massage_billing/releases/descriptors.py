"""Reads a file of CPT descriptors that the clinic has licensed from the AMA. Pure.

They are shown in place of our own labels by ``rules show`` and ``explain``, on this machine; they are never written
into a Claim, a Task, a log or a finding. Layouts: code, tab, text (AMA's LONGULT); code, spaces, text (SHORTU);
a CSV with a header that names code and description.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence

from massage_billing.releases.model import Context, Draft, Format, Part, refuse
from massage_billing.releases.reading import CODE, beginning, cells, check_end, one_part, release_in_names

KIND = "cpt-descriptors"
"""The kind of release."""
_LINE = re.compile(r"([0-9]{4}[0-9A-Z])(?:\t| {1,3})(\S.*)")
_HEADER = re.compile(r'^"?(cpt|code|hcpcs)[^,\t\n]{0,20}"?,\s*"?[^,\n]*desc', re.IGNORECASE | re.MULTILINE)
_ENOUGH = 2


def recognizes(head: str) -> bool:
    """By its header, or by lines that are code and text and nothing else."""
    if _HEADER.search(head):
        return True
    lines = [line for line in head.splitlines()[:-1] if line.strip()]
    told = [line for line in lines if _LINE.fullmatch(line.strip()) and line.count("\t") <= 1]
    return len(told) >= _ENOUGH and len(told) * 2 > len(lines)


def read(parts: Sequence[Part], context: Context) -> Draft:
    """The descriptors of the codes the rulebook knows. Raises ReleaseRefused."""
    part = one_part(parts, "file of descriptors")
    found: dict[str, str] = {}
    line, text, texts = 0, "", {""}
    for line, code, said in _rows(part):
        if found.get(code, said) != said:
            raise refuse(part.name, line, f"has {code} twice")
        texts.add(text)
        found[code] = text = said
    if not found:
        raise refuse(part.name, None, "holds no descriptor")
    check_end(part, text, texts, line)
    kept = {code: found[code] for code in sorted(found) if code in context.known}
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([("code", "descriptor"), *kept.items()])
    return Draft(out.getvalue().encode(), len(found), len(kept), release_in_names(part.hints))


def _rows(part: Part) -> Iterator[tuple[int, str, str]]:
    """Line, code and text; what stands before the first code is a notice."""
    begun = False
    if _HEADER.search(beginning(part)):
        for line, row in cells(part):
            if len(row) > 1 and CODE.fullmatch(row[0]) and row[1]:
                begun = True
                yield line, row[0], row[1]
            elif begun and any(row):
                raise refuse(part.name, line, "is no code with its text; is it cut?")
        return
    for number, raw in enumerate(part.lines(), 1):
        said = _LINE.fullmatch(raw.decode("utf-8", "replace").strip())
        if said:
            begun = True
            yield number, said[1], said[2].strip()
        elif begun and raw.strip():
            raise refuse(part.name, number, "is no code with its text; is it cut?")


def texts(content: bytes) -> dict[str, str]:
    """The kept descriptors by code."""
    rows = csv.reader(io.StringIO(content.decode()))
    next(rows, None)
    return {row[0]: row[1] for row in rows}


FORMAT = Format(
    kind=KIND,
    rule="",
    title="CPT descriptors under the clinic's own licence",
    href="https://www.ama-assn.org/practice-management/cpt",
    recognizes=recognizes,
    read=read,
    yearly=True,
)
"""The clinic's licensed CPT descriptors."""
