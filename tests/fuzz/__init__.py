"""Fuzzing: requests made from the API's own description, and parsers fed with what nobody would send.

``make fuzz`` runs for ``MINUTES`` with a seed that it prints; ``SEED=…`` runs it again. ``make test`` runs a short part
with fixed seeds. What must hold: never a 5xx, never an exception that the parser does not promise, answers as
described, what was accepted is stored, and a bounded time for each.
"""
