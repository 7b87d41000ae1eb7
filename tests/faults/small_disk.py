"""A disk of 200 MB that can be full: needs root."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from pathlib import Path


class SmallDisk:
    """A filesystem in memory."""

    size_mb = 200

    def __init__(self) -> None:
        # Not below the test's own folder, which is closed to the user that PostgreSQL runs as.
        self.folder = Path(tempfile.mkdtemp(prefix="taskflow-disk-"))
        self._ballast = self.folder / "ballast"

    def mount(self) -> None:
        """Make it.

        Raises:
            PermissionError: this user or this machine does not allow it.
        """
        command = ["mount", "-t", "tmpfs", "-o", f"size={self.size_mb}m,mode=0755", "taskflow-test", str(self.folder)]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            self.folder.rmdir()
            raise PermissionError(f"no disk of its own: {error}") from error

    def fill(self) -> int:
        """Leave no room, and return how many megabytes that took."""
        ballast = os.open(self._ballast, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            for size in (1 << 20, 1 << 12):
                with contextlib.suppress(OSError):
                    while True:
                        os.write(ballast, bytes(size))
            return os.fstat(ballast).st_size >> 20
        finally:
            os.close(ballast)

    def free(self) -> None:
        """Make room again."""
        self._ballast.unlink()

    def unmount(self) -> None:
        """Take it away, with what is on it."""
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)
        self.folder.rmdir()
