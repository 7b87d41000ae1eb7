"""Whatever a body leaves behind in its process is put back, or the process is not used again."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

#: What a handler does, and what a look at the process shows; the look must be the same before and afterwards.
MEDDLES = {
    "timer": ("signal.setitimer(signal.ITIMER_REAL, 60)", "signal.getitimer(signal.ITIMER_REAL)"),
    "alarm": ("signal.alarm(60)", "signal.getitimer(signal.ITIMER_REAL)"),
    "handler": ("signal.signal(signal.SIGUSR1, print)", "signal.getsignal(signal.SIGUSR1)"),
    "ignored": ("signal.signal(signal.SIGTERM, signal.SIG_IGN)", "signal.getsignal(signal.SIGTERM)"),
    "blocked": (
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])",
        "signal.pthread_sigmask(signal.SIG_BLOCK, [])",
    ),
    "wakeup": ("signal.set_wakeup_fd(PIPE)", "(signal.set_wakeup_fd(-1),)"),
    "folder": ("os.chdir('/')", "os.getcwd()"),
    "mask": ("os.umask(0o777)", "(mask := os.umask(0), os.umask(mask))"),
    "variable": ("os.environ['TZ'] = 'Asia/Tokyo'; time.tzset()", "('TZ' in os.environ, time.tzname)"),
    "removed": ("del os.environ['PATH']; os.environ['HOME'] = '/'", "dict(os.environ)"),
    "locale": ("locale.setlocale(locale.LC_ALL, OTHER)", "locale.setlocale(locale.LC_ALL)"),
    "timeout": ("socket.setdefaulttimeout(3)", "socket.getdefaulttimeout()"),
    "decimal": (
        "decimal.DefaultContext.prec = 3; decimal.DefaultContext.traps[decimal.Inexact] = True",
        "str(decimal.DefaultContext)",
    ),
    "warnings": ("warnings.simplefilter('error')", "list(warnings.filters)"),
    "soft limit": (
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))",
        "resource.getrlimit(resource.RLIMIT_NOFILE)",
    ),
    "collector": ("gc.disable(); gc.set_threshold(7)", "(gc.isenabled(), gc.get_threshold())"),
    "collector's debug": ("gc.set_debug(gc.DEBUG_STATS)", "gc.get_debug()"),
    "recursion": ("sys.setrecursionlimit(200)", "sys.getrecursionlimit()"),
    "switches": ("sys.setswitchinterval(1)", "sys.getswitchinterval()"),
    "digits": ("sys.set_int_max_str_digits(0)", "sys.get_int_max_str_digits()"),
    "tracing": ("sys.settrace(lambda *_: None); sys.setprofile(lambda *_: None)", "(sys.gettrace(), sys.getprofile())"),
    "stdout": ("sys.stdout = sys.stderr = None", "(sys.stdout, sys.stderr)"),
    "hooks": ("sys.excepthook = threading.excepthook = print", "(sys.excepthook, threading.excepthook)"),
    "logging": (
        "logging.disable(50); logging.raiseExceptions = False",
        "(logging.root.manager.disable, logging.raiseExceptions)",
    ),
    "set-up of logs": (
        "logging.basicConfig(force=True, level=5); logging.getLogger('taskflowmq').propagate = False",
        "(list(logging.root.handlers), logging.root.level, logging.getLogger('taskflowmq').propagate)",
    ),
    "policy of loops": (
        "asyncio.set_event_loop_policy(type('P', (asyncio.DefaultEventLoopPolicy,), {})())",
        "asyncio.events._event_loop_policy",
    ),
    "certificates": (
        "import ssl; ssl._create_default_https_context = ssl._create_unverified_context",
        "(ssl := sys.modules.get('ssl')) is None or ssl._create_default_https_context is ssl.create_default_context",
    ),
    "temporary folder": ("tempfile.tempdir = '/nowhere'", "tempfile.tempdir"),
    "stack": ("threading.stack_size(1 << 20)", "threading.stack_size()"),
    "arguments": ("sys.argv[:] = ['x']", "(id(sys.argv), list(sys.argv))"),
    "shown values": ("sys.displayhook = print", "sys.displayhook"),
    "origins": ("sys.set_coroutine_origin_tracking_depth(5)", "sys.get_coroutine_origin_tracking_depth()"),
    "memory": ("tracemalloc.start()", "tracemalloc.is_tracing()"),
    "watchdog": ("faulthandler.dump_traceback_later(1, exit=True)", "None"),
    "raising handler": (
        "signal.signal(signal.SIGALRM, fail_in_restore); signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)",
        "signal.getsignal(signal.SIGALRM)",
    ),
}  # fmt: skip
#: What nobody can put back.
FOR_GOOD = {
    "hard limit": "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)) if os.getuid() else os.setgid(65534)",
    "folder": "os.chdir(tempfile.mkdtemp()); FOLDER_IS_DELETED()",
    "user": "os.setuid(65534)",
    "closed stream": "os.close(0)",
    "redirected stream": "os.dup2(os.open('/dev/null', os.O_WRONLY), 2)",
}

SCRIPT = """
import asyncio, decimal, faulthandler, gc, locale, logging, os, resource, signal, socket, sys, tempfile, threading, time
import tracemalloc, warnings
from taskflowmq.worker.running.process_state import ProcessState

logging.root.addHandler(logging.NullHandler())
PIPE = os.pipe()[1]
os.set_blocking(PIPE, False)
OTHER = "C" if locale.setlocale(locale.LC_ALL) != "C" else "C.UTF-8"
out = sys.stdout

def fail_in_restore(number, frame):
    if frame.f_code.co_name in ("restore", "_restore"):
        raise LookupError
"""


def run(code: str) -> str:
    said = subprocess.run(
        [sys.executable, "-c", SCRIPT + code], capture_output=True, text=True, timeout=60, check=False
    )
    assert said.returncode == 0, said.stderr
    return said.stdout.strip()


def test_what_can_be_restored_is() -> None:
    steps = "".join(
        f"""
before = {look}
state = ProcessState()
{do}
kept = state.restore()
after = {look}
print({name!r}, kept and after == before, file=out)
"""
        for name, (do, look) in MEDDLES.items()
    )
    shown = run(steps).splitlines()
    assert shown == [f"{name} True" for name in MEDDLES]


@pytest.mark.parametrize("name", FOR_GOOD)
def test_what_cannot_be_restored_is_told(name: str) -> None:
    if name == "user" and os.getuid() != 0:
        pytest.skip("only root can become somebody else")
    do = FOR_GOOD[name]
    first = ""
    if "FOLDER_IS_DELETED" in do:
        first, do = "folder = tempfile.mkdtemp(); os.chdir(folder)\n", "os.chdir('/'); os.rmdir(folder)"
    assert run(f"{first}state = ProcessState()\n{do}\nprint(state.restore())") == "False"


def test_a_process_in_which_nothing_was_changed_is_kept() -> None:
    assert run("state = ProcessState()\nprint(all(state.restore() for _ in range(3)))") == "True"
