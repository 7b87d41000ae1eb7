"""A file that a command writes."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from taskflowmq.cli.exits import CommandError, Exit


@contextmanager
def written(output: str) -> Iterator[IO[bytes]]:
    """Open a file that appears, or is replaced, when it is complete; until then it is as it was.

    A link leads to the file that it names, a file that is there keeps its mode, and what is no file, as a pipe or a
    device, is written to as it is: to replace ``/dev/null`` would break every other program.

    Raises:
        CommandError: the file cannot be made.
    """
    path = Path(output).resolve()
    if path.exists() and not path.is_file():
        with _opened(path, "wb") as stream:
            yield stream
        return
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with _opened(part, "xb") as file:
            if path.exists():
                os.fchmod(file.fileno(), path.stat().st_mode & 0o777)
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _opened(path: Path, mode: str) -> IO[bytes]:
    try:
        return path.open(mode)
    except OSError as error:
        where = f"in {path.parent}" if "x" in mode else f"to {path}"
        raise CommandError(f"cannot write {where}: {error.strerror or error}", Exit.USAGE) from error
