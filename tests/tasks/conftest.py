"""Shared by the tests of the built-in tasks: a clean environment, a files directory, real local servers."""

import asyncio
import os
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.listening import serving


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine reaches a test."""
    for name in [name for name in os.environ if name.startswith("TASKFLOW_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def files_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configured directory; beside it, inside tmp_path, is what must stay untouched."""
    directory = tmp_path / "files"
    directory.mkdir()
    monkeypatch.setenv("TASKFLOW_FILES_DIR", str(directory))
    return directory


@dataclass
class Request:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class WebServer:
    """A small HTTP/1.1 server that answers by path and keeps what it was asked."""

    port: int = 0
    replies: dict[str, bytes] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    hang: asyncio.Event = field(default_factory=asyncio.Event)
    connections: int = 0

    def reply(self, path: str, status: int, body: bytes = b"", **headers: str) -> None:
        """Set the answer of a path; underscores in header names become hyphens."""
        lines = [f"HTTP/1.1 {status} x", f"content-length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.replies[path] = "\r\n".join([*lines, "", ""]).encode() + body

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        self.connections += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, path, _ = head[0].split(" ")
            headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.requests.append(Request(method, path, headers, body))
            if path == "/hang":
                await self.hang.wait()
            writer.write(self.replies.get(path, b"HTTP/1.1 404 x\r\ncontent-length: 0\r\n\r\n"))
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass


@asynccontextmanager
async def running(context: ssl.SSLContext | None = None) -> AsyncIterator[WebServer]:
    """Run a WebServer on a free port of the loopback."""
    web = WebServer()
    async with serving(web.serve, context=context) as web.port:
        try:
            yield web
        finally:
            web.hang.set()


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    """A plain HTTP server."""
    async with running() as server:
        yield server


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate for `mail.test` and `web.test`."""

    cert: Path
    key: Path

    def server(self) -> ssl.SSLContext:
        """For the server's side."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key)
        return context

    def client(self) -> ssl.SSLContext:
        """For a client that trusts this certificate alone."""
        return ssl.create_default_context(cafile=str(self.cert))


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Made new for each run, so that no key lies in the repository."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl command to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    made = Certificate(folder / "cert.pem", folder / "key.pem")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "2", "-subj", "/CN=taskflow test", "-keyout", str(made.key), "-out", str(made.cert),
         "-addext", "subjectAltName=DNS:mail.test,DNS:web.test,DNS:localhost,IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    return made


@pytest.fixture
async def secure_web(certificate: Certificate) -> AsyncIterator[WebServer]:
    """An HTTPS server with the test certificate."""
    async with running(certificate.server()) as server:
        yield server
