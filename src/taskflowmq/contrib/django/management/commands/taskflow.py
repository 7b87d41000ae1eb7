"""``manage.py taskflow …``: the taskflow command line with the project's app and database."""

from __future__ import annotations

import argparse
import os
import sys
import sysconfig
from itertools import takewhile
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from taskflowmq import TaskFlowError
from taskflowmq.contrib.django.site import SPEC, get_app


class Command(BaseCommand):  # type: ignore[misc]  # Django has no types
    """Passes its arguments on."""

    help = "Run taskflow with this project's app: worker, server, dev, jobs, queues, db, doctor …"
    requires_system_checks: list[str] = []  # noqa: RUF012 - as Django declares it

    def run_from_argv(self, argv: list[str]) -> None:
        """Take everything behind ``taskflow`` as it is, except what Django itself has used already."""
        parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
        parser.add_argument("--settings")
        parser.add_argument("--pythonpath")
        _, rest = parser.parse_known_args(argv[2:])
        try:
            self.pass_on(rest)
        except CommandError as error:
            self.stderr.write(f"{error.__class__.__name__}: {error}")
            sys.exit(error.returncode)

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what ``call_command("taskflow", "jobs", "list")`` gives."""
        parser.add_argument("args", nargs=argparse.REMAINDER)

    def handle(self, *args: str, **_: Any) -> None:
        """Run one command, for ``call_command``."""
        try:
            self.pass_on(list(args))
        except SystemExit as end:
            if end.code:
                raise CommandError(
                    f"taskflow {' '.join(args)} ended with {end.code}", returncode=int(end.code)
                ) from None

    def pass_on(self, arguments: list[str]) -> None:
        """Run the command line and leave with its exit code.

        Raises:
            CommandError: the project's settings name no store.
        """
        from taskflowmq.cli.root import run

        try:
            app = get_app()
            url, tenant = app.url, app.tenant
        except (ImproperlyConfigured, TaskFlowError) as error:
            raise CommandError(str(error)) from error
        # The processes of a worker find the project by these, and the commands that need no app their store and tenant.
        os.environ["TASKFLOW_APP"] = SPEC
        os.environ["TASKFLOW_DATABASE_URL"] = url
        os.environ["TASKFLOW_TENANT"] = tenant
        os.environ.pop("TASKFLOW_DATABASE_URL_FILE", None)  # where it said so, it was read
        os.environ["PYTHONPATH"] = os.pathsep.join(_project_folders())
        run(arguments)


def _project_folders() -> list[str]:
    """Return where this program finds its own modules: the path before the standard library, as absolute paths."""
    standard = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    folders = takewhile(lambda folder: folder not in standard and not folder.endswith(".zip"), sys.path)
    return list(dict.fromkeys(str(Path(folder).absolute()) for folder in folders))
