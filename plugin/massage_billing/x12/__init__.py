"""X12 005010, read and written here: segments, envelopes, 270 questions, 271 answers, acknowledgements, 837P. Pure.

Reading is tolerant: what a payer sends is never refused for its form, unknown codes are kept word for word, and what is
odd is told beside the answer (``Oddity``) and changes nothing of it. Writing is strict: what cannot stand in a segment
is refused by the name of its field.
"""
