"""The reports of the running parts: log lines and metrics.

Nothing here sees the arguments or the result of a job, and no label is unbounded (S23, S24).
"""
