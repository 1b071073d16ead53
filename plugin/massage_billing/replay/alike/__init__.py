"""When are two visits alike? When they agree in everything that a rule reads, whatever their ids and their people.

``Alike.key(visit)`` is equal for two visits only where ``flow.bill`` makes the same of both, up to renaming: outcome,
lines (codes, units, modifiers, charges, pointers), what is not billed and why, every finding's rule, row, result and
effect, payer, policy and total. Words and ids in messages are names, and so are the minutes of a line.

Three things make it so. What a rule reads as it stands is in the key as it stands. What rules only compare or look up
is in the key as the answer: a date by the span of the rulebook it lies in, minutes by the units every counting method
makes of them, an NPI by whether it is one, times by whether they overlap. ``fields`` lists every other field with its
reason; tests hold the lists complete and try the key on visits that differ in one thing.
"""

from massage_billing.replay.alike.key import Alike, Key, diagnoses_of, with_diagnoses

__all__ = ["Alike", "Key", "diagnoses_of", "with_diagnoses"]
