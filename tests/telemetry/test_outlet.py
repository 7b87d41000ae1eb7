"""A log that nobody reads delays nothing; when it flows again it is in order and says what is missing."""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import pty
import re
import select
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from taskflowmq.telemetry import outlet as module
from taskflowmq.telemetry.logs import JsonFormatter, TurnHandler
from taskflowmq.telemetry.outlet import BACKLOG, Outlet
from taskflowmq.testing.waiting import wait_until_sync

LINE = "x" * 200
Ends = tuple[int, int]


def _pipe() -> Ends:
    return os.pipe()


def _socket() -> Ends:
    one, other = socket.socketpair()
    return one.detach(), other.detach()


def _terminal() -> Ends:
    reader, writer = pty.openpty()
    tty.setraw(writer)
    return reader, writer


KINDS = {"pipe": _pipe, "socket": _socket, "terminal": _terminal}


@pytest.fixture(params=KINDS)
def ends(request: pytest.FixtureRequest) -> Iterator[Ends]:
    pair = KINDS[request.param]()
    yield pair
    for fd in pair:
        with contextlib.suppress(OSError):
            os.close(fd)


def _only_waiting(fd: int) -> tuple[int, None, Callable[[], None]]:
    own = os.dup(fd)
    return own, None, lambda: os.close(own)


@pytest.fixture(params=["not waiting", "by the thread"])
def outlet(request: pytest.FixtureRequest, ends: Ends, monkeypatch: pytest.MonkeyPatch) -> Outlet:
    if request.param == "by the thread":
        monkeypatch.setattr(module, "_sender", _only_waiting)
    return Outlet(ends[1], lambda lost: f"lost {lost}")


def _read_until(fd: int, done: Callable[[bytes], bool], seconds: float = 30.0) -> bytes:
    found, until = b"", time.monotonic() + seconds
    while not done(found) and time.monotonic() < until:
        if select.select([fd], [], [], 0.2)[0]:
            found += os.read(fd, 65536)
    return found


def test_lines_arrive_complete_and_in_order(ends: Ends, outlet: Outlet) -> None:
    for number in range(2_000):
        outlet.write(f"{number} {LINE}\n", 1)
    got = _read_until(ends[0], lambda found: b"\n1999 " in found and found.endswith(b"\n"))
    assert [int(line.split()[0]) for line in got.decode().splitlines()] == list(range(2_000))


def test_a_log_that_nobody_reads_delays_nobody_and_says_what_it_lost(ends: Ends, outlet: Outlet) -> None:
    began = time.monotonic()
    count = 3 * BACKLOG // len(LINE)
    for number in range(count):
        outlet.write(f"{number} {LINE}\n", 1)
    assert not outlet.finish(0.05)
    assert time.monotonic() - began < 30
    assert sum(len(data) for data, _ in outlet._waiting) <= BACKLOG + len(LINE)
    assert outlet.lost > 0

    got = _read_until(ends[0], lambda found: b"\nlost " in found and found.endswith(b"\n")).decode()
    outlet.write("again\n", 1)
    got += _read_until(ends[0], lambda found: b"again\n" in found).decode()
    lines = got.splitlines()
    numbers = [int(line.split()[0]) for line in lines if line[0].isdigit()]
    assert numbers == sorted(set(numbers))
    lost = sum(int(found) for found in re.findall(r"^lost (\d+)$", got, re.MULTILINE))
    assert len(numbers) + lost == count
    assert lines[-1] == "again"


def test_a_pipe_without_a_reader_costs_lines_and_nothing_else() -> None:
    reader, writer = os.pipe()
    outlet = Outlet(writer, lambda lost: f"lost {lost}")
    os.close(reader)
    outlet.write("one\n", 1)
    outlet.write("two\n", 1)
    assert outlet.lost == 2
    os.close(writer)


def test_the_mark_not_to_wait_stays_ours(ends: Ends, outlet: Outlet) -> None:
    outlet.write("one\n", 1)
    assert os.get_blocking(ends[1])


def test_a_file_is_continued_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("w") as file:
        file.write("before\n")
        file.flush()
        outlet = Outlet(file.fileno(), lambda lost: f"lost {lost}")
        outlet.write("one\n", 1)
        os.write(file.fileno(), b"of another\n")
        outlet.write("two\n", 1)
    assert path.read_text() == "before\none\nof another\ntwo\n"


def test_a_fork_writes_its_own_lines_only() -> None:
    reader, writer = os.pipe()
    outlet = Outlet(writer, lambda lost: f"lost {lost}")
    while outlet.finish(0):
        outlet.write(f"parent {LINE}\n" * 50, 50)
    pid = os.fork()
    if pid == 0:
        outlet.write("child\n", 1)
        os._exit(0 if outlet.finish(30.0) else 1)
    got = _read_until(reader, lambda found: b"child\n" in found)
    assert os.waitpid(pid, 0)[1] == 0
    assert b"child\n" in got


def test_logging_again_in_the_middle_of_a_line_does_not_stand_still() -> None:
    """A finalizer, or a handler of a signal, may log while a line is being written."""
    reader, writer = os.pipe()
    again: list[Outlet] = []

    def say_lost(lost: int) -> str:
        again[0].write("inner\n", 1)
        return f"lost {lost}"

    again.append(Outlet(writer, say_lost))
    again[0].lost = 3
    thread = threading.Thread(target=again[0].write, args=("outer\n", 1), daemon=True)
    thread.start()
    thread.join(30)
    assert not thread.is_alive()
    assert _read_until(reader, lambda found: b"outer\n" in found) == b"inner\nlost 3\nouter\n"


@pytest.mark.slow
def test_a_handler_that_ends_waits_a_moment_and_no_longer() -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream:
        handler = TurnHandler(stream, JsonFormatter())
        logger = logging.Logger("full")  # noqa: LOG001 - of this test alone
        logger.addHandler(handler)
        for number in range(2_000):
            logger.warning("line %d %s", number, LINE)
        began = time.monotonic()
        handler.close()
        assert time.monotonic() - began < 30
        got = _read_until(reader, lambda found: b"line 1999 " in found and found.endswith(b"\n"))
    assert [json.loads(line)["message"].split()[1] for line in got.splitlines()] == [str(n) for n in range(2_000)]


def _wait_until_full(reader: int) -> None:
    """Wait until a pipe holds as much as fits, a page or two apart."""
    room = fcntl.fcntl(reader, fcntl.F_GETPIPE_SZ)

    def held() -> int:
        (count,) = struct.unpack("i", fcntl.ioctl(reader, termios.FIONREAD, bytes(4)))
        return int(count)

    wait_until_sync(lambda: held() >= room - 8_192, what="a full pipe")


@pytest.mark.slow
def test_the_last_lines_of_a_process_that_ends_are_written() -> None:
    code = (
        "import logging, os\n"
        "from taskflowmq.telemetry.logs import configure_logging\n"
        "configure_logging('json')\n"
        "for n in range(3000): logging.getLogger('x').info('line %d', n)\n"
        "logging.shutdown(); os._exit(0)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE)
    with process:
        assert process.stderr is not None
        _wait_until_full(process.stderr.fileno())
        lines = process.stderr.read().splitlines()
    assert process.returncode == 0
    assert json.loads(lines[-1])["message"] == "line 2999"
    assert len(lines) == 3000
