"""A synthetic clinic of any size, as an EHR would export it: for the demo, for benchmarks, and to try settings on.

Everything is a pure function of seed and number: the same call writes the same bytes, and a million visits take no more
memory than a hundred. Nobody in it exists: people are called "Testpatient-…" and "Testtherapist-…", their NPIs begin
with 2 (a range that has not been issued), addresses are in no real street.

What the visits are, in thousandths (``shares.py`` holds the same table as data; a test compares the two with what is
made):

| share | what | what ``run`` makes of it |
|------:|------|--------------------------|
"""

from massage_billing.clinic_maker.make import Made, make_clinic
from massage_billing.clinic_maker.shares import SHARES, Shape

__all__ = ["SHARES", "Made", "Shape", "make_clinic"]
