"""What a page tells after something was done. An address carries a word of this list and a number, never a text: so
nobody can make a page say something by a link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_SAID: Final[Mapping[str, tuple[str, str]]] = {
    "assigned": ("Given to the person you chose.", "{n} holds given to the person you chose."),
    "taken": ("You have it now.", "You have {n} holds more now."),
    "returned": ("Given back: nobody has it now.", "{n} holds given back: nobody has them now."),
    "noted": ("The note is kept.", "The note is kept."),
    "decided": ("Decided. The next run takes it up; \u201cBill again\u201d does it now.", ""),
    "billing": ("It is read and decided again now.", "{n} visits are read and decided again now."),
    "overtaken": (
        "One hold had been changed by somebody else meanwhile and was left as it is.",
        "{n} holds had been changed by somebody else meanwhile and were left as they are.",
    ),
    "nothing": ("Nothing was ticked, so nothing was changed.", ""),
    "approved": ("The draft was let go.", "{n} drafts were let go."),
    "marked": ("It is marked.", "{n} claims are marked."),
    "busy": ("Something is under way for this host already; it is shown here.", ""),
    "running": ("It has begun.", "It has begun."),
    "host": ("You look at another host now.", ""),
}
"""Word → what is told of one thing, and of several."""


def in_words(said: str) -> str:
    """What to tell; "" where the word is none of ours. "assigned-3,overtaken-1" tells both."""
    told = []
    for one in said.split(",")[:3]:
        word, _, counted = one.partition("-")
        single, several = _SAID.get(word, ("", ""))
        number = int(counted) if counted.isascii() and counted.isdigit() and len(counted) < 7 else 1
        if number:
            told.append(several.format(n=f"{number:,}") if several and (number > 1 or not single) else single)
    return " ".join(one for one in told if one)
