"""The signals of processes that own others, or serve: ``worker``, ``dev``, ``server`` and ``scheduler``.

TERM and INT end in order, and the second one at once. HUP (the terminal is gone, a log was rotated) always ends in
order, because it comes twice when a shell ends; if nohup ignores it, that stays. QUIT ends at once. USR1 and USR2 do
nothing unless the app has handlers of its own. Children receive none of them (``bootstrap.group_signals``).
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable

from taskflowmq.bootstrap.group_signals import hear_nothing

log = logging.getLogger("taskflowmq.supervisor")

_HANG_UP = getattr(signal, "SIGHUP", None)
_QUIT = getattr(signal, "SIGQUIT", None)


def spare_user_signals() -> None:
    """Keep USR1 and USR2 from ending this process. Call before the app is loaded: its own handlers take precedence.

    By a handler, not SIG_IGN: programs that this process starts must not inherit an ignored signal.
    """
    for name in ("SIGUSR1", "SIGUSR2"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, hear_nothing)


def hear_signals(end: Callable[[], object], at_once: Callable[[], object]) -> None:
    """Handle signals from now on, on the running loop.

    Args:
        end: end in order.
        at_once: end now.
    """
    loop = asyncio.get_running_loop()
    ending = False

    def in_order() -> None:
        nonlocal ending
        act, ending = at_once if ending else end, True
        act()

    def hang_up() -> None:
        nonlocal ending
        if not ending:
            log.info("SIGHUP (from a closed terminal or another program): shutting down in order")
            ending = True
            end()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, in_order)
    if _HANG_UP is not None and signal.getsignal(_HANG_UP) is not signal.SIG_IGN:
        loop.add_signal_handler(_HANG_UP, hang_up)
    if _QUIT is not None:
        loop.add_signal_handler(_QUIT, at_once)
