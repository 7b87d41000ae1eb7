"""Whatever the module of an app does with logging, the lines of TaskFlow and of the app come out somewhere."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

pytestmark = pytest.mark.slow

PROGRAM = """
import logging
from taskflowmq.telemetry.logs import configure_logging
from taskflowmq.bootstrap.loading import _import
import taskflowmq.worker
configure_logging("json", "info")
_import("shop")
logging.getLogger("taskflowmq.worker").info("of taskflow")
logging.getLogger("taskflowmq.job").info("of ctx.log")
logging.getLogger("shop").info("of the app")
logging.shutdown()
"""
FILE = '"handlers": {"h": {"class": "logging.FileHandler", "filename": "mine.log"}}'
ROOT = '"root": {"level": "INFO", "handlers": ["h"]}'


class Said(NamedTuple):
    """Messages by where they went."""

    err: list[str]
    mine: list[str]
    warned: bool


def run(folder: Path, module: str) -> Said:
    (folder / "shop.py").write_text(f"import logging, logging.config\n{module}\n")
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=folder, capture_output=True, text=True, timeout=60, check=True
    )
    lines = [json.loads(line) if line.startswith("{") else {"message": line} for line in ran.stderr.splitlines()]
    mine = folder / "mine.log"
    return Said(
        [line["message"] for line in lines if line.get("logger") != "taskflowmq.telemetry"],
        [line for line in mine.read_text().splitlines() if "app configures" not in line] if mine.exists() else [],
        any(line.get("logger") == "taskflowmq.telemetry" and line["level"] == "warning" for line in lines),
    )


ALL = ["of taskflow", "of ctx.log", "of the app"]


def test_an_app_that_configures_nothing_logs_as_the_flags_say(tmp_path: Path) -> None:
    assert run(tmp_path, "") == (ALL, [], False)


def test_what_an_app_says_while_it_is_imported_is_shown(tmp_path: Path) -> None:
    assert run(tmp_path, "logging.getLogger('shop').warning('at import')") == (["at import", *ALL], [], False)


@pytest.mark.parametrize("disable", ["True", "False"])
def test_a_root_of_the_app_keeps_its_lines_and_ours_stay_ours(tmp_path: Path, disable: str) -> None:
    config = f'{{"version": 1, "disable_existing_loggers": {disable}, {FILE}, {ROOT}}}'
    said = run(tmp_path, f"logging.config.dictConfig({config})")
    assert said == (["of taskflow"], ["of ctx.log", "of the app"], disable == "True")


def test_a_configuration_that_disables_what_exists_silences_nothing(tmp_path: Path) -> None:
    said = run(tmp_path, 'logging.config.dictConfig({"version": 1})')
    assert said == (ALL, [], True)


def test_a_basic_configuration_is_the_apps(tmp_path: Path) -> None:
    said = run(tmp_path, 'logging.basicConfig(filename="mine.log", level="INFO", format="%(message)s")')
    assert said == (["of taskflow"], ["of ctx.log", "of the app"], False)


def test_a_configured_logger_of_ours_stays_as_it_was_made(tmp_path: Path) -> None:
    loggers = '"loggers": {"taskflowmq": {"level": "INFO", "handlers": ["h"], "propagate": False}}'
    said = run(tmp_path, f'logging.config.dictConfig({{"version": 1, {FILE}, {loggers}}})')
    assert said == (["of the app"], ["of taskflow", "of ctx.log"], False)


def test_a_level_that_the_app_gives_us_stays(tmp_path: Path) -> None:
    said = run(tmp_path, 'logging.getLogger("taskflowmq").setLevel("WARNING")')
    assert said == (["of the app"], [], False)


def test_a_switch_for_all_logging_is_undone(tmp_path: Path) -> None:
    assert run(tmp_path, "logging.disable()") == (ALL, [], True)


def test_a_root_without_handlers_and_a_logger_class_of_the_app(tmp_path: Path) -> None:
    module = "class Mine(logging.Logger): pass\nlogging.setLoggerClass(Mine)\nlogging.getLogger().handlers.clear()"
    assert run(tmp_path, module) == (ALL, [], False)


def test_an_import_that_fails_leaves_logging_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text('import logging.config\nlogging.config.dictConfig({"version": 1})\n1 / 0\n')
    program = PROGRAM.replace('_import("shop")', 'try: _import("shop")\nexcept ZeroDivisionError: pass')
    ran = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0
    assert [json.loads(line)["message"] for line in ran.stderr.splitlines()][-3:] == ALL
