"""One pass over the visits of a host: gathered, decided, planned, committed, written. Begins in ``service.py``."""
