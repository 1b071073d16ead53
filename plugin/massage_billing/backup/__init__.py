"""Everything that is remembered, in one file: made while the program works, checked, and put back whole or not at all.

Settings and secrets are not in it: they lie where the clinic keeps them, and a backup is no place for keys.
"""
