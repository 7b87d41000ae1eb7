"""``python -m tests.simulation``: long runs, and one seed again."""

from __future__ import annotations

import argparse
import contextlib
import logging
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.simulation.backends import Backend, ModelBackend, postgres_backend, sqlite_backend
from tests.simulation.runner import run
from tests.simulation.world import StoreClock, Violation

from taskflowmq.testing.postgres import shared_server


@contextlib.contextmanager
def database(store: str) -> Iterator[str]:
    """Provide what a store needs: a folder, or a PostgreSQL server of our own."""
    with tempfile.TemporaryDirectory(prefix="taskflow-simulation-") as folder:
        if store != "postgres":
            yield folder
            return
        from tests.conftest import make_template

        server = shared_server(Path(folder), owner_pid=0, prepare=make_template)
        try:
            yield server
        finally:
            server.stop()
