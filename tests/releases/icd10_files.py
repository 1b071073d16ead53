"""ICD-10-CM files as NCHS writes them, with a handful of codes and short titles of our own."""

from __future__ import annotations

from collections.abc import Iterable

Rows = list[tuple[str, str, str]]
"""Code without its point, "0" heading or "1" code, title."""

CODES: Rows = [
    ("A00", "0", "First of the list"), ("A000", "1", "First, one kind"), ("A009", "1", "First, no kind told"),
    ("M54", "0", "Back pain"), ("M542", "1", "Neck pain"), ("M545", "0", "Low back pain"),
    ("M5450", "1", "Low back pain, no kind told"), ("M5459", "1", "Low back pain, another kind"),
    ("M72", "0", "Fibrous tissue"), ("M722", "1", "Sole of the foot"),
    ("S13", "0", "Neck injuries"), ("S134", "0", "Neck sprain"), ("S134XXA", "1", "Neck sprain, initial"),
    ("S134XXD", "1", "Neck sprain, subsequent"), ("S134XXS", "1", "Neck sprain, sequela"),
    ("Z99", "0", "Last of the list"), ("Z999", "1", "Last, no kind told"),
]  # fmt: skip

CHANGES = [
    ("Delete", "1", "M722", "Sole of the foot"), ("Add", "0", "M722", "Sole of the foot"),
    ("Add", "1", "M7220", "Sole of a foot, no side told"), ("Add", "1", "M7221", "Sole of the right foot"),
    ("Revise from", "0", "M54", "Back pain"), ("Revise to", "0", "M54", "Pain of the back"),
]  # fmt: skip


def order_file(rows: Iterable[tuple[str, str, str]] = CODES, first: int = 1) -> str:
    """An order file of these codes."""
    return "".join(
        f"{number:05} {code:<7} {flag} {title:<60} {title} in full\n"
        for number, (code, flag, title) in enumerate(rows, start=first)
    )


def codes_file(rows: Iterable[tuple[str, str, str]] = CODES) -> str:
    """A codes file: only what can be billed."""
    return "".join(f"{code:<7} {title} in full\n" for code, flag, title in rows if flag == "1")


def addenda(
    changes: Iterable[tuple[str, str, str, str]] = tuple(CHANGES), before: tuple[int, int] = (7, 10), year: str = "2027"
) -> str:
    """An order addenda of these changes onto a release of so many headers and codes."""
    changes = list(changes)
    text = "".join(f"{what + ':':<13}{flag} {code:<7} {title:<60} {title}\n" for what, flag, code, title in changes)
    for name, flag, old in (("Headers", "0", before[0]), ("Codes", "1", before[1])):
        count = {
            what: sum((w, f) == (what, flag) for w, f, _, _ in changes) for what in ("Add", "Delete", "Revise from")
        }
        files = (("order_2026", old), (f"order_{year}", old + count["Add"] - count["Delete"]))
        text += f"\n{name}\n" + "".join(f"  {number} {name.lower()} in icd10cm_{file}.txt\n" for file, number in files)
        text += f"      {count['Add']} additions\n      {count['Delete']} deletions\n"
        text += f"      {count['Revise from']} revisions\nof which\n"
        text += f"      {count['Revise from']} revisions to both long and short titles\n"
        text += "      0 revisions to long title only\n      0 revisions to short title only\n"
    return text


def diag(name: str, *inside: str, title: str = "A title of our own") -> str:
    """One code or heading of the tabular XML, with notes and codes under it."""
    return f"<diag>\n<name>{name}</name>\n<desc>{title}</desc>\n{''.join(inside)}</diag>\n"


def notes(kind: str, *texts: str) -> str:
    """Notes of a kind, "excludes1"."""
    return f"<{kind}>\n{''.join(f'<note>{text}</note>' + chr(10) for text in texts)}</{kind}>\n"


SEVENTH = (
    "<sevenChrNote><note>A 7th character is added</note></sevenChrNote>\n<sevenChrDef>\n"
    '<extension char="A">initial encounter</extension>\n<extension char="D">subsequent encounter</extension>\n'
    '<extension char="S">sequela</extension>\n<extension>for all of them</extension>\n</sevenChrDef>\n'
)


def tabular(*sections: str, chapters: int = 22, version: str = "2026") -> str:
    """A tabular list: the sections in its first chapter, the other chapters empty."""
    first = f"<chapter>\n<name>1</name>\n<desc>Ours (A00-Z99)</desc>\n{''.join(sections)}</chapter>\n"
    others = "".join(f"<chapter>\n<name>{n}</name>\n<desc>Ours</desc>\n</chapter>\n" for n in range(2, chapters + 1))
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<ICD10CM.tabular>\n<version>{version}</version>\n{first}{others}'
        "</ICD10CM.tabular>\n"
    )


BACK = (
    '<section id="M50-M54">\n<desc>Ours (M50-M54)</desc>\n'
    + notes("excludes1", "infection of a disc (M46.4-)", "current injury - see injury of spine by body region")
    + diag("M54", notes("excludes1", "back pain of the mind (F45.41)"),
           diag("M54.2"), diag("M54.4", diag("M54.40")),
           diag("M54.5", notes("excludes1", "strain (S39.012)", "with sciatica (M54.4-)"), diag("M54.50")))
    + "</section>\n"
)  # fmt: skip
NECK = '<section id="S10-S19">\n' + diag("S13", SEVENTH, diag("S13.4")) + "</section>\n"
