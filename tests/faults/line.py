"""What is between HTTP clients and a server that may be killed: it passes requests whole, and answers in part."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from tests.faults.rig import PATIENCE, Program, Rig
from tests.listening import serving

from taskflowmq.testing.waiting import wait_until


async def listening(server: Program) -> str:
    """Wait until a server listens, and return where."""
    found = await wait_until(lambda: re.search(r"API on (http://\S+?)/api", server.log()), PATIENCE, what="the server")
    return found.group(1)


class Server:
    """A REST server that is replaced when it was killed, and the line that leads to it."""

    def __init__(self, rig: Rig, rng: random.Random) -> None:
        self._rig = rig
        self._rng = rng
        self._program: Program | None = None
        self._doomed: str | None = None
        self._up = asyncio.Event()
        #: Where it listens now.
        self.url = ""
        #: Answers that said "stored", and of which at most 59 bytes went on.
        self.cut = 0
        #: How often it was killed.
        self.kills = 0

    async def start(self) -> None:
        """Start a server, the first or the next one."""
        self._program = self._rig.server()
        self.url = await listening(self._program)
        self._up.set()

    async def kill(self, when: str) -> None:
        """Kill the server during the next request, and start another one.

        Args:
            when: "answered": at the first byte of an answer; "any": at any moment before.
        """
        program = self._program
        assert program is not None
        self._doomed = when
        assert await program.wait() == -signal.SIGKILL
        await self.start()

    @asynccontextmanager
    async def line(self) -> AsyncIterator[str]:
        """Listen for clients; gives the address."""
        async with serving(self._serve) as port:
            yield f"http://127.0.0.1:{port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._up.wait()
        at = urlsplit(self.url)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError), contextlib.ExitStack() as open_ones:
            answers, requests = await asyncio.open_connection(at.hostname, at.port)
            open_ones.enter_context(contextlib.closing(requests))
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            requests.write(head + await reader.readexactly(length))
            answer = await self._answer(answers)
            writer.write(answer[: self._rng.randrange(0, 60)])
            await writer.drain()

    async def _answer(self, answers: asyncio.StreamReader) -> bytes:
        """Return the first bytes of an answer; kill the server if it is to be killed now."""
        doomed, self._doomed = self._doomed, None
        answer = b""
        with contextlib.suppress(TimeoutError):
            patience = self._rng.random() * 0.02 if doomed == "any" else None
            answer = await asyncio.wait_for(answers.read(200), patience)
        if doomed is not None:
            self._up.clear()
            self.kills += 1
            assert self._program is not None
            self._program.signal_all(signal.SIGKILL)
        self.cut += answer.startswith(b"HTTP/1.1 201 ")
        return answer
