"""Tasks that print."""

from __future__ import annotations

import sys

from taskflowmq import Retry, TaskFlow

app = TaskFlow()
ONCE = Retry(max_attempts=1)


def show(text: str) -> str:
    print(text)
    print(text, file=sys.stderr, flush=True)
    sys.stdout.buffer.write(b"bytes\n")
    sys.stdout.flush()
    assert sys.stdout.fileno() == 1
    return "printed"


@app.task(retry=ONCE)
async def print_on_loop(text: str) -> str:
    return show(text)


@app.task(retry=ONCE)
def print_in_thread(text: str) -> str:
    return show(text)


@app.task(retry=ONCE, process=True)
def print_in_process(text: str) -> str:
    return show(text)


@app.task(retry=ONCE)
async def closes() -> None:
    sys.stdout.close()
    sys.stderr.close()
