"""A server that counts requests by what they ask for: ``python -m benchmarks.dashboard.counted URL``.

It prints its address, and for each line that it is sent the counts since its start, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from typing import Any

from taskflowmq import TaskFlow
from taskflowmq.server.app import create_app
from taskflowmq.server.run import ApiServer, base_url, bind
from taskflowmq.server.settings import ServerSettings

API = "/api/v1/"
STREAMS = "streams"
QUESTIONS = "questions"


def counting(application: Any, counts: Counter[str]) -> Any:
    """Wrap the calls of an application; all else is the application's own."""

    class Counted:
        def __getattr__(self, name: str) -> Any:
            return getattr(application, name)

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            path: str = scope.get("path", "")
            if path.startswith(API):
                counts[STREAMS if path == f"{API}events" else QUESTIONS] += 1
            await application(scope, receive, send)

    return Counted()


async def serve(url: str) -> None:
    """Serve until standard input ends."""
    app, counts = TaskFlow(url), Counter[str]()
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with app:
        sock = bind("127.0.0.1", 0)
        server = ApiServer(counting(create_app(app, ServerSettings()), counts), sock)
        running = asyncio.create_task(server.run_until_stopped())
        await server.ready.wait()
        print(base_url(sock), flush=True)
        while await lines.readline():
            print(json.dumps({STREAMS: counts[STREAMS], QUESTIONS: counts[QUESTIONS]}), flush=True)
        server.stop()
        await running


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
