"""The pipe of a body process: frames arrive whole, whatever runs in the middle of one."""

from __future__ import annotations

import socket
from typing import Any, cast

from taskflowmq.worker.running.body import Pipe
from taskflowmq.worker.running.frames import LENGTH_BYTES, LOG, READY, Frame, read_exactly, unpack


def test_a_record_that_a_signal_handler_logs_in_the_middle_of_a_frame_follows_it() -> None:
    ours, theirs = socket.socketpair()
    pipe = Pipe(ours.detach())
    whole = pipe._socket

    class Interrupted:
        """Sends in two parts, as a large frame is; the handler runs between them, once."""

        handled = False

        def sendall(self, data: bytes) -> None:
            whole.sendall(data[:3])
            if not self.handled:
                self.handled = True
                pipe.send_log(b"record")
            whole.sendall(data[3:])

    pipe._socket = cast(Any, Interrupted())
    pipe.send(READY, b"x" * 100)
    found = []
    for _ in range(2):
        size = int.from_bytes(read_exactly(theirs.recv, LENGTH_BYTES), "big")
        found.append(unpack(read_exactly(theirs.recv, size)))
    assert found == [Frame(READY, b"x" * 100), Frame(LOG, b"record")]
    whole.close()
    theirs.close()


def test_a_frame_for_a_child_that_closed_the_pipe_is_dropped_and_the_body_process_can_end() -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    pipe = Pipe(ours.detach())
    pipe.send(READY)
    pipe.send_log(b"record")
    assert pipe.receive(1) == b""  # what the listener reads: it ends the process in order
    pipe._socket.close()
