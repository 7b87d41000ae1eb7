"""A PgBouncer in transaction mode in front of a test server, as mean as it can be configured.

Every transaction of a client may run on another server connection (``server_round_robin``), and there are fewer of
those than clients; whatever a program leaves behind in a session hits somebody else. It ends with the process that
started it, even if that is killed, and refuses to run as root: there it runs as ``nobody``.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from tools.get_pgbouncer import Program

from taskflowmq.testing.waiting import wait_until_sync

START_WITHIN_S = 10.0


class Pooler:
    """A running PgBouncer.

    Args:
        program: what to run.
        server_url: any database of the server behind it.
        folder: where its files go; readable by ``nobody``.
        servers: how many connections to the server it opens per database.
        settings: more lines of its configuration.
    """

    def __init__(
        self, program: Program, server_url: str, folder: Path, servers: int = 8, settings: dict[str, str] | None = None
    ) -> None:
        self._folder = folder
        self.port = _free_port()
        behind = urlsplit(server_url)
        lines = {
            "listen_addr": "127.0.0.1",
            "listen_port": self.port,
            "unix_socket_dir": "",
            "auth_type": "any",
            "pool_mode": "transaction",
            "default_pool_size": servers,
            "server_round_robin": 1,
            "max_client_conn": 500,
            "admin_users": behind.username,
            "logfile": folder / "log",
            "pidfile": folder / "pid",
            **(settings or {}),
        }
        config = folder / "pgbouncer.ini"
        databases = f"[databases]\n* = host={behind.hostname} port={behind.port} user={behind.username}\n"
        config.write_text(databases + "[pgbouncer]\n" + "".join(f"{name} = {value}\n" for name, value in lines.items()))
        self._process = self._start(program, config)
        try:
            wait_until_sync(self._answers, START_WITHIN_S, what="PgBouncer to listen")
        except BaseException:
            self.stop()
            raise

    def url(self, server_url: str) -> str:
        """Return the address of a database of the server, through the pooler."""
        parts = urlsplit(server_url)
        return urlunsplit(parts._replace(netloc=f"{parts.username}@127.0.0.1:{self.port}"))

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    @property
    def log(self) -> str:
        """What it has logged."""
        return (self._folder / "log").read_text(errors="replace")

    def stop(self) -> None:
        """End it and everything that runs through it."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def _start(self, program: Program, config: Path) -> subprocess.Popen[bytes]:
        identity: dict[str, Any] = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("nobody")
            identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            # A program that was fetched may lie where this user cannot reach it.
            for name, source in {"program": program.path, **{p.name: p for p in program.libraries}}.items():
                path = self._folder / name
                shutil.copytree(source, path, symlinks=True) if source.is_dir() else shutil.copy(source, path)
            program = Program(self._folder / "program", tuple(self._folder / p.name for p in program.libraries))
            for path in (self._folder, *self._folder.rglob("*")):
                os.chown(path, user.pw_uid, user.pw_gid)
        # setpriv (Linux) makes it end with this process, however that ends.
        guarded = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []
        command = [*guarded, str(program.path), "-q", str(config)]
        return subprocess.Popen(command, env=program.environment, cwd="/", stderr=subprocess.DEVNULL, **identity)

    def _answers(self) -> bool:
        if not self.alive:
            raise RuntimeError(f"PgBouncer ended: {self.log[-500:]}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
