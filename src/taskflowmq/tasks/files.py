"""The only way from a name in a job to a file.

What must stay true: whatever a job says, nothing outside the one directory (TASKFLOW_FILES_DIR) is read,
written or created, also while someone else swaps directories for symlinks. Therefore names are checked first,
and then walked one component at a time with O_NOFOLLOW relative to the open parent: there is no moment
between check and use. Files appear complete or not at all: written under another name, flushed to disk, then
renamed.
"""

import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

from taskflowmq.tasks.errors import InvalidInput

MAX_NAME = 1024  # characters of a whole name; a component has at most 200 bytes, which leaves room for a suffix
_MAX_COMPONENT = 200

# Names that Windows gives to devices, whatever the extension: the directory may be shared with such a
# machine.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\..*)?\Z", re.IGNORECASE)
_FORBIDDEN = re.compile(r'[<>:"|?*\\]')


def check_name(name: str) -> tuple[str, ...]:
    """Check a name relative to the directory and split it.

    Args:
        name: such as `photos/cat.png`, with forward slashes.

    Returns:
        Its components, at least one.

    Raises:
        InvalidInput: the name is absolute, climbs (`..`), is hidden (`.x`), or holds characters or device
            names that some system treats specially. Percent escapes are refused because a later reader may
            decode them.
    """
    if not name or len(name) > MAX_NAME:
        raise InvalidInput(f"a file name must be a text of 1 to {MAX_NAME} characters.")
    parts = tuple(name.split("/"))
    if not name.isprintable() or _FORBIDDEN.search(name) or unquote(name) != name:
        raise _refused(name, "it holds a character or escape that is not allowed")
    for part in parts:
        if not part or part.startswith((".", "~", " ")) or part.endswith((".", " ")):
            raise _refused(name, "it is absolute, or a part of it is empty, '..', hidden or ends in a dot or space")
        if len(part.encode("utf-8", "surrogatepass")) > _MAX_COMPONENT or _DEVICE.match(part):
            raise _refused(name, "a part of it is too long or the name of a device")
    return parts


class FilesDir:
    """The directory that tasks may use, and nothing else."""

    def __init__(self, root: Path) -> None:
        """Take the directory as the operator gave it; it is created when the first file is written."""
        self._root = root

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """Open a file for reading.

        Args:
            name: its name relative to the directory.

        Yields:
            The file, in binary mode.

        Raises:
            InvalidInput: the name is refused, or leads through a symlink or to something that is not a plain
                file.
            FileNotFoundError: there is no such file (yet).
        """
        *folders, last = check_name(name)
        with self._folder(name, folders, create=False) as folder:
            # O_NONBLOCK: a named pipe would otherwise block the thread until a program writes.
            descriptor = _open(name, last, os.O_RDONLY | os.O_NONBLOCK, folder)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise _refused(name, "it is not a regular file")
        with os.fdopen(descriptor, "rb") as file:
            yield file

    @contextmanager
    def replace(self, name: str) -> Iterator[BinaryIO]:
        """Write a file that appears, in place of an older one, when the block ends without an error.

        Args:
            name: its name relative to the directory; folders on the way are created.

        Yields:
            The new file, in binary mode, readable too.

        Raises:
            InvalidInput: the name is refused, leads through a symlink, or is taken by something that is no
                file.
            OSError: the disk is full, or the directory is not writable.
        """
        *folders, last = check_name(name)
        with self._folder(name, folders, create=True) as folder:
            _refuse_special(name, last, folder)
            temporary = f".{last}.{secrets.token_hex(6)}.tmp"
            descriptor = _open(name, temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, folder)
            try:
                with os.fdopen(descriptor, "w+b") as file:
                    yield file
                    file.flush()
                    os.fsync(descriptor)
                os.replace(temporary, last, src_dir_fd=folder, dst_dir_fd=folder)
                os.fsync(folder)  # without it a power cut may forget the new name
            except BaseException:
                with suppress(FileNotFoundError):
                    os.unlink(temporary, dir_fd=folder)
                raise

    @contextmanager
    def _folder(self, name: str, folders: list[str], *, create: bool) -> Iterator[int]:
        """Walk down to a folder and yield its descriptor."""
        if create:
            self._root.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            raise FileNotFoundError(f"{name!r} does not exist: TASKFLOW_FILES_DIR is not a directory.") from None
        try:
            for part in folders:
                if create:
                    with suppress(FileExistsError):
                        os.mkdir(part, 0o755, dir_fd=descriptor)
                below = _open(name, part, os.O_RDONLY | os.O_DIRECTORY, descriptor)
                os.close(descriptor)
                descriptor = below
            yield descriptor
        finally:
            os.close(descriptor)


def _open(name: str, part: str, flags: int, folder: int) -> int:
    """Open one component, following no symlink; errors show the job's name and no system path."""
    try:
        return os.open(part, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644, dir_fd=folder)
    except FileNotFoundError:
        raise FileNotFoundError(f"{name!r} does not exist below TASKFLOW_FILES_DIR. Check the name.") from None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENXIO):
            raise _refused(name, "it leads through a symlink or to something that is not a regular file") from None
        raise


def _refuse_special(name: str, part: str, folder: int) -> None:
    """Refuse to replace anything that is not a plain file: it was put there on purpose."""
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(os.stat(part, dir_fd=folder, follow_symlinks=False).st_mode):
            raise _refused(name, "it is taken by a symlink, folder or device")


def _refused(name: str, why: str) -> InvalidInput:
    return InvalidInput(f"the file name {name!r} is refused: {why}. Use a plain relative name such as photos/cat.png.")
