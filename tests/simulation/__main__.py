"""``python -m tests.simulation``: long runs, and one seed again (see the package for how to read what it prints)."""

from __future__ import annotations

import argparse
import itertools
import logging
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.conftest import TEMPLATE, make_template
from tests.simulation.backends import ModelBackend, postgres_backend, sqlite_backend
from tests.simulation.runner import OpenBackend, run
from tests.simulation.world import Violation

from taskflowmq.testing.postgres import shared_server

STORES = ("model", "sqlite", "postgres")


@contextmanager
def databases(store: str) -> Iterator[Iterator[OpenBackend]]:
    """Yield fresh databases of a store, one after another; a PostgreSQL server of our own where one is needed."""
    with tempfile.TemporaryDirectory(prefix="taskflow-simulation-") as folder:
        if store == "model":
            yield itertools.repeat(ModelBackend)
        elif store == "sqlite":
            yield (partial(sqlite_backend, Path(folder) / f"{n}.db") for n in itertools.count())
        else:
            server = shared_server(Path(folder), owner_pid=os.getpid(), prepare=make_template)
            try:
                urls = (server.url(server.create_database(template=TEMPLATE)) for _ in itertools.count())
                yield (partial(postgres_backend, url) for url in urls)
            finally:
                server.stop()


def main() -> int:
    """Run seeds until the time is over or one fails; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--steps", type=int, default=1500, help="steps with faults, per seed")
    parser.add_argument("--store", choices=STORES, default="model")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds, one after another")
    parser.add_argument("--seconds", type=float, default=None, help="instead: as many seeds as fit into this time")
    parser.add_argument("--tenants", type=int, choices=(1, 2), default=1, help="how many tenants there are")
    parser.add_argument("--history", action="store_true", help="print every step, also if all is well")
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    began, steps, virtual, done = time.monotonic(), 0, 0.0, 0
    with databases(given.store) as fresh:
        for seed in itertools.count(given.seed):
            if done >= given.seeds if given.seconds is None else time.monotonic() - began >= given.seconds:
                break
            try:
                world = run(next(fresh), seed, given.steps, tenants=given.tenants)
            except Violation as violation:
                print(violation)
                return 1
            steps, virtual, done = steps + world.history.count, virtual + world.loop.time(), done + 1
            if given.history:
                print("\n".join(map(str, world.history.steps)))
    took = time.monotonic() - began
    print(f"{given.store}: {done} seeds from {given.seed}, {steps:,} steps, {virtual / 3600:.1f} h of virtual time")
    print(f"in {took:.0f} s; no violation, no difference from the model")
    return 0


if __name__ == "__main__":
    sys.exit(main())
