"""``python -m taskflowmq.demo URL SEED RATE`` fills a new store: in a process of its own, a server is not held up."""

from __future__ import annotations

import asyncio
import sys

from taskflowmq.demo.run import fill
from taskflowmq.demo.shop import app


async def _filled(url: str, seed: int, rate: float) -> None:
    app.use_url(url)
    async with app:
        await fill(app, seed, rate)


if __name__ == "__main__":
    asyncio.run(_filled(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
