"""Rules as pages for people: the question, the answer by date, sources, examples, what a person decides.

``page`` makes a value of a rule or policy, ``tables`` finds the rows of its table for a code; ``text``, ``markdown``
and ``html`` write it. ``differences`` says in words what two rulebooks, or two dates of one, have different. All pure.
"""
