"""What a test leaves open is told of that test, and of no other."""

from __future__ import annotations

import gc
import signal
import sys
import warnings
from collections.abc import Generator
from pathlib import Path
from typing import NamedTuple

import pytest

FAILED = pytest.StashKey[bool]()
OPEN_BEFORE = pytest.StashKey[int]()
SIGNALS_BEFORE = pytest.StashKey["Signals"]()


class Signals(NamedTuple):
    """What every program that a test starts inherits, or what ends this one."""

    blocked: frozenset[int]
    handlers: tuple[object, ...]

    @classmethod
    def now(cls) -> Signals:
        """Return them as they are."""
        blocked = frozenset(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, ())))
        return cls(
            blocked, tuple(map(signal.getsignal, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)))
        )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Remember how many files and sockets were open, and what signals do."""
    item.stash[OPEN_BEFORE] = _open_ones()
    item.stash[SIGNALS_BEFORE] = Signals.now()
    return (yield)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Have the garbage collector tell of what a test left open while the test can still be blamed.

    Otherwise it tells at any later time, of a test that has nothing to do with it. A collection after each test would
    take minutes; how many descriptors are open takes microseconds.
    """
    done = yield
    if _open_ones() > item.stash.get(OPEN_BEFORE, 0):
        left: list[str] = []
        hook = sys.unraisablehook
        sys.unraisablehook = lambda told: left.append(f"{told.exc_value!r} of {told.object!r}")
        try:
            gc.collect()
        finally:
            sys.unraisablehook = hook
        # What has outlived its test stays for long: modules, caches, servers of a session. The next collection need
        # not walk it again, which is most of what a collection takes.
        gc.freeze()
        assert not left, "the test left something open:\n" + "\n".join(left)
    now = Signals.now()
    before = item.stash.get(SIGNALS_BEFORE, now)
    assert now == before, f"the test left signals in another way: {now} instead of {before}"
    return done


def _open_ones() -> int:
    return sum(1 for _ in Path("/dev/fd").iterdir())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember whether a test failed."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Clear away what a failed test has left, so that no later test is told of it.

    The failure keeps the test's frames, and so its open connections. They would be missed whenever the next failure
    takes its place, in the midst of a test that has nothing to do with them.
    """
    done = yield
    if item.stash.get(FAILED, False):
        for name in ("last_exc", "last_type", "last_value", "last_traceback"):
            sys.__dict__.pop(name, None)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            gc.collect()
    return done
