"""Runs one PostgreSQL server for tests and removes it when its owner has ended, for whatever reason.

Started by path, so it imports the standard library only:
``python postgres_guard.py OWNER_PID DIRECTORY UID postgres …``; UID -1 means "as I am". It detaches, prints
the process id of what stays, and removes DIRECTORY as its last act. A server that ends by itself leaves
DIRECTORY behind, with a file ``failed`` in it.

SIGUSR1 stops the server as a crash would (``pg_ctl -m immediate stop``) and leaves a file ``stopped`` once it is gone;
SIGUSR2 starts it again on the same data.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

LOOK_EVERY_S = 0.1
STOP_WITHIN_S = 10.0
_PR_SET_PDEATHSIG = 1


def alive(pid: int) -> bool:
    """Tell whether a process exists and has not ended: one that was killed stays until its parent asks for it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # it ended just now, or this is no Linux
        return not Path("/proc/self/stat").exists()
    return state not in (b"Z", b"X")


def stop(server: subprocess.Popen[bytes]) -> None:
    """End the server: fast shutdown, then by force. One that has ended is left alone."""
    server.send_signal(signal.SIGINT)
    try:
        server.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGQUIT)
        server.wait()


def end_with_parent() -> None:
    """Have the kernel shut the server down at once if this guard is killed. On other systems than Linux it stays."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT, 0, 0, 0)


def launch(directory: Path, uid: int, command: list[str]) -> subprocess.Popen[bytes]:
    """Start the server."""
    user: dict[str, Any] = {} if uid < 0 else {"user": uid, "group": uid, "extra_groups": []}
    with (directory / "log").open("ab") as log:
        # One thread runs here, so code between fork and exec is safe.
        user["preexec_fn"] = end_with_parent
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", **user)  # noqa: S603 - from our caller


def guard(owner: int, directory: Path, uid: int, command: list[str]) -> None:
    """Run the server until it ends, the owner ends, or SIGTERM arrives."""
    orders: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, lambda received, _: orders.append(received))
    stopped = directory / "stopped"
    server = launch(directory, uid, command)
    try:
        while (stopped.exists() or server.poll() is None) and alive(owner):
            order = orders.pop(0) if orders else None
            if order == signal.SIGUSR1:
                server.send_signal(signal.SIGQUIT)
                server.wait()
                stopped.touch()
            elif order == signal.SIGUSR2:
                server = launch(directory, uid, command)
                stopped.unlink()
            else:
                time.sleep(LOOK_EVERY_S)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if server.poll() is None or stopped.exists():
            stop(server)
            shutil.rmtree(directory, ignore_errors=True)
        else:
            (directory / "failed").touch()


def detach() -> bool:
    """Leave the caller's process group, streams and child list. True in the process that stays."""
    pid = os.fork()
    if pid:
        sys.stdout.write(f"{pid}\n")
        return False
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    return True


if __name__ == "__main__" and detach():
    guard(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
