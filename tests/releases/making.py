"""Release files as CMS writes them, with invented rows; and parts of text in memory for the readers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

NOTICE = "Notice of a publisher, no real one."
HEADER = (
    "Column 1\tColumn 2\t*=in existence\tEffective\tDeletion\tModifier\tPTP Edit Rationale\n"
    "\t\tprior to 1996\tDate\tDate\t0=not allowed\t\n"
    "\t\t\t\t*=no data\t1=allowed\t\n"
    "\t\t\t\t\t9=not applicable\t\n"
)
PTP_HEAD = f"{NOTICE}\t\t\t\t\t\t\nColumn1/Column2 Edits\t\t\t\t\t\t\n{HEADER}"
REASON = "Standards of medical/surgical practice"
MEDICAID_HEAD = (
    f"Medicaid edits\t\t\t\t\t\n{NOTICE}\t\t\t\t\t\nCol1\tCol2\tEffDt\tDelDt\tModifierIndicator\tPTP Edit Rationale\n"
)
MUE_HEAD = (
    f'"{NOTICE} \n\nSecond line of it.\n\nThird, with ""quotes"".",,,\n'
    '"HCPCS/\nCPT Code",Practitioner Services MUE Values,MUE Adjudication Indicator,MUE Rationale\n'
)
MAI = {"1": "1 Line Edit", "2": "2 Date of Service Edit: Policy", "3": "3 Date of Service Edit: Clinical"}

Pair = tuple[str, str, str, str, str]
"""Column 1, column 2, effective, deleted or *, indicator."""

PAIRS: list[Pair] = [
    ("0001A", "0591T", "20220101", "20231231", "1"),
    ("97012", "97140", "20010101", "*", "1"),
    ("97140", "97124", "19960101", "*", "0"),
    ("97140", "97530", "20200101", "20191231", "1"),
    ("97150", "97124", "20100101", "20200930", "1"),
    ("97150", "97124", "20261001", "*", "0"),
    ("98940", "97124", "20000101", "*", "1"),
    ("98940", "97140", "20000101", "20000101", "9"),
    ("G0283", "97032", "20000101", "*", "1"),
    ("U0003", "U0004", "20210101", "*", "0"),
]


def ptp(pairs: Iterable[Pair] = tuple(PAIRS), head: str = PTP_HEAD, end: str = "\n") -> str:
    """The text file of Medicare."""
    return head + end.join("\t".join((one, two, "", *rest, REASON)) for one, two, *rest in pairs) + end


def ptp_csv(pairs: Iterable[Pair] = tuple(PAIRS)) -> str:
    """The same as CSV, as a spreadsheet writes it: notice and header in cells of several lines."""
    head = (
        f'"{NOTICE}\nIn two lines.",,,,,,\nColumn1/Column2 Edits,,,,,,\n'
        '"Column 1","Column 2","*=in existence\nprior to 1996","Effective\nDate","Deletion\nDate\n*=no data",'
        '"Modifier\n0=not allowed\n1=allowed\n9=not applicable",PTP Edit Rationale\n'
    )
    return head + "".join(f"{','.join((one, two, '', *rest))},{REASON}\n" for one, two, *rest in pairs)


def medicaid(pairs: Iterable[Pair] = tuple(PAIRS)) -> str:
    """The text file of Medicaid, without the column of 1996."""
    return MEDICAID_HEAD + "".join(
        "\t".join((one, two, start, "" if end == "*" else end, indicator, REASON)) + "\n"
        for one, two, start, end, indicator in pairs
    )


def mue(limits: Sequence[tuple[str, int, str]]) -> str:
    """The table of practitioner services: code, units, MAI."""
    return MUE_HEAD + "".join(f"{code},{units},{MAI[mai]},Clinical: Data\n" for code, units, mai in limits)


def rvu(rows: Sequence[tuple[str, str, str, str, str]], title: str = "2026 {0} October Release") -> str:
    """The relative value file: code, modifier, status, PC/TC, multiple procedures."""
    wide = "," * 29
    head = (
        f",,{title.format('National Physician Fee Schedule Relative Value File')}{wide}\n"
        f",,{NOTICE}{wide}\n"
        f",,{wide}\n,,RELEASED 09/30/2026{wide}\n"
        ",,,,,,,,,,,,,,,,,,,,,,,,,,,,,NON-FACILITY,FACILITY,\n"
        ",,,,NOT USED,,,,,,,,,,,,,,,,,,,,,,PHYSICIAN,,DIAGNOSTIC,PE USED,PE USED,MP USED\n"
        ",,,,FOR,,,NON-FAC,,FACILITY,,,,,,,,,,,,,,,,,SUPERVISION OF,,IMAGING,FOR OPPS,FOR OPPS,FOR OPPS\n"
        ",,,STATUS,MEDICARE,WORK,NON-FAC,NA,FACILITY,NA,MP,NON-FACILITY,FACILITY,PCTC,GLOB,PRE,INTRA,POST,MULT,BILAT,"
        "ASST,CO-,TEAM,PRIC,ENDO,CONV,DIAGNOSTIC,CALCULATION,FAMILY,PAYMENT,PAYMENT,PAYMENT\n"
        "HCPCS,MOD,DESCRIPTION,CODE,PAYMENT,RVU,PE RVU,INDICATOR,PE RVU,INDICATOR,RVU,TOTAL,TOTAL,IND,DAYS,OP,OP,OP,"
        "PROC,SURG,SURG,SURG,SURG,IND,BASE,FACTOR,PROCEDURES,FLAG,INDICATOR,AMOUNT,AMOUNT,AMOUNT\n"
    )
    return head + "".join(
        f'{code},{modifier},"Invented, name",{status},,0.00,0.00,,0.00,,0.00,0.00,0.00,{pctc},XXX,'
        f"0.00,0.00,0.00,{mult},"
        "9,9,9,9,9,,33.4009,09,0,99,0.00,0.00,0.00\n"
        for code, modifier, status, pctc, mult in rows
    )


def therapy(rows: Sequence[tuple[str, str]], title: str = "2026 Therapy Code List and Dispositions") -> str:
    """The list of therapy codes."""
    return f"{title},,\nHCPCS/CPT Code,Therapy Type,Disposition\n" + "".join(
        f"{c},{use} Therapy,1\n" for c, use in rows
    )


LICENSED = {
    "tab": "Notice of a licence\r\n\r\n97124\tinvented words of one code\r\n97140\tother words\r\n99999\tthird\r\n",
    "spaces": "97124 INVENTED WORDS\n97140 OTHER WORDS\n99999 THIRD\n",
    "csv": 'CPT Code,Description\n97124,"invented, words"\n97140,other words\n99999,third\n',
}
"""Descriptors in each layout of the AMA; the words are ours."""


@dataclass(frozen=True)
class Memory:
    """A part in memory."""

    text: str | bytes
    name: str = "file.txt"
    also: tuple[str, ...] = field(default=())

    @property
    def hints(self) -> tuple[str, ...]:
        return (self.name, *self.also)

    def lines(self) -> Iterator[bytes]:
        content = self.text.encode() if isinstance(self.text, str) else self.text
        yield from content.splitlines(keepends=True)


def write(folder: Path, name: str, text: str | bytes) -> Path:
    """A file as it was downloaded."""
    file = folder / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file
