"""A supervisor with short times, as a program of its own: ``python -m tests.faults.worker_main APP``."""

from __future__ import annotations

import asyncio
import os
import sys

from taskflowmq.bootstrap.loading import load_app
from taskflowmq.bootstrap.settings import load_settings
from taskflowmq.bootstrap.supervise import loop_factory, options_of, supervise
from taskflowmq.telemetry.logs import configure_logging


def main() -> None:
    configure_logging("text", "info")
    spec = sys.argv[1]
    more = {
        name: int(value)
        for name in ("max_jobs", "max_rss_mb")
        if (value := os.environ.get(f"TEST_{name.upper()}")) is not None
    }
    options = options_of(load_settings(), **more)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        sys.exit(runner.run(supervise(load_app(spec), spec, options, log_format="text")))


if __name__ == "__main__":
    main()
