"""A program with a worker inside and a logging configuration of its own; its process tasks log and print."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import sys
import threading

from taskflowmq import Context, TaskFlow, current_context

app = TaskFlow()
log = logging.getLogger("shop.orders")


def forked() -> None:
    logging.getLogger("shop").warning("from a copy")


@app.task(process=True)
def speaks(ctx: Context) -> None:
    log.debug("nobody wants this")
    log.info("order %d", 7, extra={"order": 7, "odd": object()})
    ctx.log.warning("by the context")
    current_context().progress(0.5)
    threads = [threading.Thread(target=log.info, args=("x" * 50_000,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    copy = multiprocessing.get_context("fork").Process(target=forked)
    copy.start()
    copy.join()
    try:
        raise LookupError("no")
    except LookupError:
        log.exception("with a traceback")


@app.on_worker_stop
def last_words(state: object) -> None:
    log.info("the last words")


class Own(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = {name: getattr(record, name) for name in ("order", "odd", "task") if hasattr(record, name)}
        return f"OWN {record.name} {super().format(record)[:200]} {fields} {record.process}"


async def main() -> None:
    async with app, app.worker(concurrency=2, poll=0.1):
        await (await speaks.aenqueue()).aresult(timeout=60)


if __name__ == "__main__":
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(Own())
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    logging.getLogger("shop").setLevel(logging.INFO)
    asyncio.run(main())
