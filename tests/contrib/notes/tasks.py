"""The tasks of an installed application."""

from taskflowmq import task


@task
def note(n: int) -> int:
    return n
