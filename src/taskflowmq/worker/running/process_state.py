"""State of a body process that a handler changes, restored before the next job.

It is process-wide state that one job sets for itself and the next would see: timers, signal handlers, the folder, the
locale, defaults of the standard library, variables of the environment. If state cannot be restored (a lowered limit,
another user), the process ends after the job. Modules, caches, ``sys.path``, threads and log handlers stay: libraries
set them up once, at their first use. A program sets state for all its jobs at import or in a start hook: that is the
state which is restored.

All checks together take some 25 µs; a process job takes some 300.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import asyncio
import decimal
import faulthandler
import gc
import locale
import logging
import operator
import os
import resource
import signal
import socket
import sys
import tempfile
import threading
import time
import tracemalloc
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, cast

_TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
_SIGNALS = sorted(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP})
#: Without the enumerations that ``signal`` makes of numbers, which take ten times as long as the rest.
_getsignal: Callable[[int], Any] = _signal.getsignal
_sigmask: Callable[[int, Any], set[int]] = _signal.pthread_sigmask
_LIMITS = [
    getattr(resource, f"RLIMIT_{name}")
    for name in ("AS", "CORE", "CPU", "DATA", "FSIZE", "NOFILE", "NPROC", "STACK")
    if hasattr(resource, f"RLIMIT_{name}")
]
#: Not ``argv`` itself: others hold the list.
_OF_SYS = ("stdin", "stdout", "stderr", "excepthook", "unraisablehook", "displayhook")


class _Setting(NamedTuple):
    """One piece of state: how to read it, how to write it, and how to compare it."""

    read: Callable[[], Any]
    write: Callable[[Any], object]
    same: Callable[[Any, Any], bool] = operator.eq


def _refuse(before: object) -> None:
    raise OSError(f"{before!r:.50} cannot be put back")


def _attribute(owner: Any, name: str) -> _Setting:
    """Return an attribute as a setting. It is compared by identity: a handler's object may define any comparison."""
    return _Setting(lambda: getattr(owner, name), lambda before: setattr(owner, name, before), operator.is_)


def _put_filters(before: list[Any]) -> None:
    warnings.resetwarnings()  # also forgets what was shown under the other filters
    warnings.filters[:] = before  # type: ignore[index]


def _environment() -> dict[Any, Any]:
    # Its own dictionary: decoding every variable for every job takes as long as all the rest.
    return cast("dict[Any, Any]", os.environ._data.copy())  # type: ignore[attr-defined]


def _put_environment(before: dict[Any, Any]) -> None:
    kept = {os.environ.decodekey(name): os.environ.decodevalue(value) for name, value in before.items()}
    for name in os.environ.keys() - kept.keys():
        del os.environ[name]
    os.environ.update(kept)
    time.tzset()  # TZ may be one of them


def _handlers() -> list[Any]:
    return [_getsignal(number) for number in _SIGNALS]


def _put_handlers(before: list[Any]) -> None:
    for number, heard in zip(_SIGNALS, before, strict=True):
        if _getsignal(number) is not heard:
            signal.signal(number, heard)


def _put_limits(before: list[tuple[int, int]]) -> None:
    for limit, values in zip(_LIMITS, before, strict=True):
        resource.setrlimit(limit, values)


def _all_same(found: list[Any], before: list[Any]) -> bool:
    return all(map(operator.is_, found, before))


def _default_context() -> tuple[Any, ...]:
    found = decimal.DefaultContext
    return found.prec, found.rounding, found.Emin, found.Emax, found.capitals, found.clamp, dict(found.traps)


def _put_default_context(before: tuple[Any, ...]) -> None:
    found = decimal.DefaultContext
    found.prec, found.rounding, found.Emin, found.Emax, found.capitals, found.clamp, traps = before
    found.traps.update(traps)


def _put_in_place(kept: list[Any]) -> Callable[[list[Any]], None]:
    """Return a function that writes a list in place, because others hold it too."""

    def put(before: list[Any]) -> None:
        kept[:] = before

    return put


def _still_there(found: list[Any], before: list[Any]) -> bool:
    """Handlers that a body adds stay; where it has replaced those that were there, its set-up was for itself."""
    return all(any(one is other for other in found) for one in before)


def _logging() -> list[_Setting]:
    """Return how records get to the worker's log: ``basicConfig(force=True)`` in a body would silence later jobs."""
    root, own = logging.root, logging.getLogger("taskflowmq")
    return [
        _Setting(lambda: list(root.handlers), _put_in_place(root.handlers), _still_there),
        _Setting(lambda: root.level, root.setLevel),
        _Setting(lambda: own.level, own.setLevel),
        *(_attribute(own, name) for name in ("propagate", "disabled")),
        _attribute(logging, "raiseExceptions"),
        _Setting(lambda: logging.root.manager.disable, logging.disable),
    ]


def _https() -> Any:
    """Return the factory of ``urllib``'s TLS contexts: bodies replace it to disable certificate checks."""
    ssl = sys.modules.get("ssl")
    return getattr(ssl, "_create_default_https_context", None) or getattr(ssl, "create_default_context", None)


def _put_https(before: Any) -> None:
    # Not imported before the body: then what the module itself sets.
    ssl: Any = sys.modules["ssl"]
    ssl._create_default_https_context = before or ssl.create_default_context


def _same_https(found: Any, before: Any) -> bool:
    return found is (before or getattr(sys.modules.get("ssl"), "create_default_context", None))


def _standard_files() -> list[tuple[int, int] | None]:
    return [_file_of(number) for number in (0, 1, 2)]


def _file_of(number: int) -> tuple[int, int] | None:
    try:
        found = os.fstat(number)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _settings() -> list[_Setting]:
    """Return all settings. Handlers of signals come first: one of them could run in the middle of the rest."""
    return [
        _Setting(_handlers, _put_handlers, _all_same),
        _Setting(partial(_sigmask, signal.SIG_BLOCK, ()), partial(_sigmask, signal.SIG_SETMASK)),
        _Setting(os.getcwd, os.chdir),
        _Setting(_environment, _put_environment),
        _Setting(partial(locale.setlocale, locale.LC_ALL), partial(locale.setlocale, locale.LC_ALL)),
        _Setting(socket.getdefaulttimeout, socket.setdefaulttimeout),
        _Setting(lambda: [resource.getrlimit(limit) for limit in _LIMITS], _put_limits),
        _Setting(partial(os.getpriority, os.PRIO_PROCESS, 0), partial(os.setpriority, os.PRIO_PROCESS, 0)),
        _Setting(lambda: (os.getuid(), os.geteuid(), os.getgid(), os.getegid(), os.getgroups()), _refuse),
        # Closed, or redirected for a library in C: the next file of a job would get the number, and our log lines.
        _Setting(_standard_files, _refuse),
        _Setting(_default_context, _put_default_context),
        _Setting(lambda: list(warnings.filters), _put_filters),
        _attribute(warnings, "showwarning"),
        _Setting(gc.isenabled, lambda before: gc.enable() if before else gc.disable()),
        _Setting(gc.get_threshold, lambda before: gc.set_threshold(*before)),
        _Setting(gc.get_debug, gc.set_debug),
        _Setting(sys.getrecursionlimit, sys.setrecursionlimit),
        _Setting(sys.getswitchinterval, sys.setswitchinterval),
        _Setting(sys.get_int_max_str_digits, sys.set_int_max_str_digits),
        _Setting(sys.gettrace, sys.settrace, operator.is_),
        _Setting(sys.getprofile, sys.setprofile, operator.is_),
        _Setting(sys.get_coroutine_origin_tracking_depth, sys.set_coroutine_origin_tracking_depth),
        *(_attribute(sys, name) for name in _OF_SYS),
        _Setting(lambda: list(sys.argv), _put_in_place(sys.argv)),
        _attribute(threading, "excepthook"),
        _Setting(threading.stack_size, threading.stack_size),
        # Not through its functions: they create one if there is none.
        _attribute(asyncio.events, "_event_loop_policy"),
        _attribute(tempfile, "tempdir"),
        _Setting(_https, _put_https, _same_https),
        *_logging(),
        _Setting(tracemalloc.is_tracing, lambda before: tracemalloc.start() if before else tracemalloc.stop()),
    ]  # fmt: skip


class ProcessState:
    """A snapshot of this process's state, which can be restored."""

    def __init__(self) -> None:
        settings = _settings()
        if hasattr(os, "sched_getaffinity"):  # not on macOS
            settings.append(_Setting(partial(os.sched_getaffinity, 0), partial(os.sched_setaffinity, 0)))
        self._mask = os.umask(0o077)
        os.umask(self._mask)
        self._wakeup = signal.set_wakeup_fd(-1)
        signal.set_wakeup_fd(self._wakeup)
        self._before = [(setting, setting.read()) for setting in settings]

    def restore(self) -> bool:
        """Restore it; False if that is impossible: the next job needs another process."""
        for _ in range(3):
            try:
                return self._restore()
            except BaseException:  # noqa: BLE001, S112 - a signal handler that the body left may raise here, once
                continue
        return False

    def _restore(self) -> bool:
        for timer in _TIMERS:
            signal.setitimer(timer, 0)
        faulthandler.cancel_dump_traceback_later()
        os.umask(self._mask)
        signal.set_wakeup_fd(self._wakeup)
        kept = True
        for setting, before in self._before:
            try:
                if setting.same(setting.read(), before):
                    continue
                setting.write(before)
                kept = setting.same(setting.read(), before) and kept
            except (OSError, TypeError, ValueError, locale.Error):
                kept = False
        return kept
