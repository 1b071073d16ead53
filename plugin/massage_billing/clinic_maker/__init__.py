"""A synthetic clinic of any size, as an EHR would export it: for the demo, for benchmarks, and to try settings on.

Everything is a pure function of seed and number: the same call writes the same bytes, and a million visits take no more
memory than a hundred. Nobody in it exists: people are called "Testpatient-…" and "Testtherapist-…", their NPIs begin
with 2 (a range that has not been issued), telephone numbers are of the 555 kind, nobody lives in Nowhere Street.

What the visits and the patients' plans are, and in which shares, stands in one table each: ``shares.SHARES`` and
``shares.PLANS``. About 85 in 100 visits can be billed as they are; the rest shows everything that holds a visit, what a
patient pays, and what is not billed at all. What coming appointments show, and in which shares, stands in
``coming.CASES``.
"""

from massage_billing.clinic_maker.coming import CASES
from massage_billing.clinic_maker.make import START, make_clinic
from massage_billing.clinic_maker.shares import PLANS, SHARES, Shape

__all__ = ["CASES", "PLANS", "SHARES", "START", "Shape", "make_clinic"]
