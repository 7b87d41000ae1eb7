"""A memory limit of the kernel's around a program, whichever version of cgroups the machine has."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from taskflowmq.testing.waiting import wait_until_sync

V1 = Path("/sys/fs/cgroup/memory")
V2 = Path("/sys/fs/cgroup")


class MemoryCgroup:
    """A cgroup of its own below the root; whatever lives in it at the end is killed with it."""

    def __init__(self, mebibytes: int) -> None:
        self._unified = (V2 / "cgroup.controllers").exists()
        self._folder = (V2 if self._unified else V1) / f"taskflow-test-{os.getpid()}-{time.monotonic_ns()}"
        self._limit = mebibytes * 1024 * 1024

    @property
    def enter(self) -> tuple[str, ...]:
        """What to put before a command so that it, and all its children, live in here."""
        return ("sh", "-c", f'echo $$ > {self._folder}/cgroup.procs && exec "$@"', "sh")

    def kills(self) -> int:
        """How many processes the kernel has killed in here for their memory."""
        name = "memory.events" if self._unified else "memory.oom_control"
        lines = (self._folder / name).read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))

    def __enter__(self) -> Self:
        if self._unified:
            (V2 / "cgroup.subtree_control").write_text("+memory")
        self._folder.mkdir()
        if self._unified:
            (self._folder / "memory.max").write_text(str(self._limit))
            (self._folder / "memory.swap.max").write_text("0")
        else:
            (self._folder / "memory.limit_in_bytes").write_text(str(self._limit))
            swap = self._folder / "memory.memsw.limit_in_bytes"
            if swap.exists():
                swap.write_text(str(self._limit))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        wait_until_sync(self._removed, 30, what="the end of what lived in the cgroup")

    def _removed(self) -> bool:
        for pid in (self._folder / "cgroup.procs").read_text().split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        try:
            self._folder.rmdir()
        except OSError:  # somebody still dies in it
            return False
        return True


def refused() -> str | None:
    """Say why there can be no such limit here."""
    if os.geteuid() != 0:
        return "it needs root"
    try:
        with MemoryCgroup(64) as group:
            group.kills()
    except (OSError, StopIteration) as error:
        return f"the kernel gives no memory cgroup here: {error}"
    return None
