"""Values and decisions. Nothing here does IO, reads a clock, draws a random number or knows asyncio.

:mod:`taskflowmq.core.transitions` decides what happens to a job; the stores write it.
"""
