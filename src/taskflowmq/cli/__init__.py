"""The ``taskflow`` command. Data goes to standard output, logs and errors to standard error.

Exit codes: 0 ok, 1 failed, 2 usage, 3 store unreachable, 4 not found, 5 conflict, 6 timeout; a worker that had to hand
jobs back ends with 75.
"""

from __future__ import annotations


def main() -> None:
    """Run the command line; the entry point of ``taskflow``."""
    from taskflowmq.cli.root import run

    run()
