"""What a handler leaves behind in a body process, put back before the next job.

Only what no program changes on purpose for later: the folder, the file mask, the deafness to the terminal's signals.
Limits cannot be raised again, so a process that has lowered its own takes no further job. Variables, modules and
caches stay: many libraries set them once, at their first use.
"""

from __future__ import annotations

import os
import resource
import signal

_LIMITS = (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_DATA, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE)
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Traces:
    """The state of this process now, and a way back to it."""

    def __init__(self) -> None:
        self._folder = os.getcwd()  # noqa: PTH109 - the plain text is what chdir wants
        self._mask = os.umask(0o077)
        os.umask(self._mask)
        self._limits = {limit: resource.getrlimit(limit) for limit in _LIMITS}
        self._heard = {number: signal.getsignal(number) for number in _SIGNALS}

    def put_back(self) -> bool:
        """Restore it; False if that cannot be done: the next job needs another process."""
        os.umask(self._mask)
        for number, heard in self._heard.items():
            if signal.getsignal(number) is not heard:
                signal.signal(number, heard)
        try:
            os.chdir(self._folder)
        except OSError:
            return False
        return all(resource.getrlimit(limit) == before for limit, before in self._limits.items())
