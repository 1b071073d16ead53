"""What payers sent is shown as text, whatever is in it."""

from __future__ import annotations

from massage_billing.cli.eligibility_show import lines
from previsit.making import answer, benefit, known


def test_characters_that_steer_a_terminal_are_not_printed() -> None:
    said = answer(benefit("active", "BE", messages=("CALL\x1b[2J\x1b]0;title\x07 US\r\nNOW",)), kept=("x = \x9b31m",))
    shown = list(lines(known(said)))
    assert all(line.isprintable() for line in shown)
    assert any("CALL" in line and "NOW" in line for line in shown)
