"""Looking for a patient by name: any order, any case, with and without accents; only those whose payers were asked."""

from __future__ import annotations

import pytest

from massage_billing.desk.find_patient import is_called, plain


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("quill", True),
        ("ZEB quill", True),
        ("quillfeather, zebulon", True),
        ("zoe", False),
        ("Zo\u00eb", False),
        ("feather", False),
        ("jose", False),
    ],
)
def test_each_word_begins_a_part_of_the_name(typed: str, found: bool) -> None:
    assert is_called("Quillfeather, Zebulon", plain(typed).split()) is found


def test_accents_and_hyphens_do_not_matter() -> None:
    assert is_called("Mu\u00f1oz-Garc\u00eda, Jos\u00e9", plain("jose garcia").split())
    assert is_called("Munoz, Jose", plain("MU\u00d1OZ").split())
    assert plain("  \u0130brahim--O'Neil ") == plain("i\u0307brahim o neil")
