"""A mail server for trying things out: it accepts every mail and writes each to a folder as an .eml file.

Nothing is sent on, and it listens on the loopback only. Needs aiosmtpd. By hand:

    python examples/quickstart/smtp_sink.py --directory mails --port 8025
    TASKFLOW_SMTP_URL='smtp://127.0.0.1:8025?tls=none' TASKFLOW_SMTP_FROM=jobs@example.org taskflow dev
"""

import argparse
import asyncio
import itertools
import os
import time
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session


class EmlFolder:
    """Receives mails from aiosmtpd and writes them as files, in the order of their names."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._numbers = itertools.count(1)
        directory.mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Write one mail; the answer 250 is given only when the file is complete."""
        name = f"{time.time_ns()}-{next(self._numbers):04}.eml"
        temporary = self._directory / f".{name}.tmp"
        temporary.write_bytes(envelope.original_content or b"")
        os.replace(temporary, self._directory / name)  # noqa: PTH105
        return "250 OK written"


class MailSink:
    """The sink itself: `async with MailSink(folder, port) as sink:` runs it for the length of the block.

    Attributes:
        port: where it listens on 127.0.0.1; the one that was taken, if 0 was asked for.
    """

    def __init__(self, directory: Path, port: int = 0) -> None:
        self.port = port
        self._directory = directory
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> "MailSink":
        loop = asyncio.get_running_loop()
        folder = EmlFolder(self._directory)
        self._server = await loop.create_server(
            lambda: SMTP(folder, hostname="localhost", enable_SMTPUTF8=True, loop=loop),
            "127.0.0.1",
            self.port,
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._server is not None:
            self._server.close()


async def main() -> None:
    """Run the sink until it is interrupted."""
    parser = argparse.ArgumentParser(description="Accept mails and write them to a folder.")
    parser.add_argument("--directory", type=Path, default=Path("mails"))
    parser.add_argument("--port", type=int, default=8025)
    options = parser.parse_args()
    async with MailSink(options.directory, options.port) as sink:
        print(f"mail sink on 127.0.0.1:{sink.port}, mails go to {options.directory}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
