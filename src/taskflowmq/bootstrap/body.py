"""``python -m taskflowmq.bootstrap.body CONFIG``: a killable process that runs bodies, without a store."""

from __future__ import annotations

import os
import sys

import msgspec

from taskflowmq.bootstrap.loading import load_app, load_tasks
from taskflowmq.bootstrap.parent import become_body, die_with_parent, leave_signals_to_parent
from taskflowmq.bootstrap.spawn import URL_VARIABLE
from taskflowmq.telemetry.logs import configure_logging
from taskflowmq.worker.body import serve


def main() -> None:
    """Become a body process."""
    spec, tasks, fd, parent_pid, log_format, log_level = msgspec.json.decode(
        sys.argv[1], type=tuple[str | None, list[str], int, int, str, str]
    )
    become_body()
    leave_signals_to_parent()
    die_with_parent(parent_pid)
    os.set_inheritable(fd, False)
    configure_logging(log_format, log_level)
    serve(fd, load_tasks(tasks) if tasks else load_app(spec, os.environ[URL_VARIABLE]).tasks)


if __name__ == "__main__":
    main()
