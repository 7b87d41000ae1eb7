"""``python -m taskflowmq.bootstrap.body CONFIG``: a killable process that runs bodies, without a store."""

from __future__ import annotations

import os
import sys

import msgspec

from taskflowmq.bootstrap.loading import load_app, load_tasks
from taskflowmq.bootstrap.parent import become_body, die_with_parent, leave_signals_to_parent
from taskflowmq.bootstrap.spawn import URL_VARIABLE, BodyConfig
from taskflowmq.telemetry.logs import configure_logging
from taskflowmq.worker.body import serve


def main() -> None:
    """Become a body process."""
    config = msgspec.json.decode(sys.argv[1], type=BodyConfig)
    become_body()
    leave_signals_to_parent()
    die_with_parent(config.parent_pid)
    os.set_inheritable(config.fd, False)
    configure_logging(config.log_format, config.log_level)
    if config.tasks:
        tasks = load_tasks(config.tasks, config.hooks)
    else:
        tasks = load_app(config.spec, os.environ[URL_VARIABLE]).tasks
    serve(config.fd, tasks)


if __name__ == "__main__":
    main()
