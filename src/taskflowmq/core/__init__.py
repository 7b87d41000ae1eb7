"""Values and decisions. Nothing here does IO, reads a clock, draws a random number or knows asyncio.

What happens to a job is decided in :mod:`taskflowmq.core.transitions`; writing it down is someone else's job.
"""
