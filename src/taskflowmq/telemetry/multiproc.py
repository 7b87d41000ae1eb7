"""The directory through which the processes of one node share their metrics.

The variable must be set before prometheus_client is imported anywhere in the process, and children inherit it; the
commands that start processes therefore call :func:`share_metrics` before they load the app.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

MULTIPROC_DIR = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def share_metrics() -> Iterator[None]:
    """Give this process and its children a fresh metrics directory, removed at the end.

    A directory that the operator has set is used as it is and left alone.
    """
    if os.environ.get(MULTIPROC_DIR):
        yield
        return
    directory = tempfile.mkdtemp(prefix="taskflow-metrics-")
    os.environ[MULTIPROC_DIR] = directory
    try:
        yield
    finally:
        os.environ.pop(MULTIPROC_DIR, None)
        shutil.rmtree(directory, ignore_errors=True)
