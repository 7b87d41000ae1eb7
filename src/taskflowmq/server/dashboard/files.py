"""The built files of the dashboard.

What must stay true: a name is looked up among the files of the build, never joined to a path, so that no request
reaches another file.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

#: What `make web` writes, and what a wheel holds.
BUILT = Path(__file__).parents[2] / "_dashboard"
PAGE = "index.html"
ASSETS = "assets"
#: By the first part of a page's address, the scripts that it loads beside those that it names.
PRELOADS = "preloads.json"
#: Files beside the page that are served by their own name.
BESIDE = ("theme.js", "icon.svg")
#: Content coding → suffix of the compressed file; the preferred one comes first.
_CODINGS = {"br": ".br", "gzip": ".gz"}
_TYPES = {
    ".js": b"text/javascript; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".svg": b"image/svg+xml",
    ".woff2": b"font/woff2",
    ".png": b"image/png",
    ".ico": b"image/vnd.microsoft.icon",
    ".json": b"application/json",
    ".map": b"application/json",
    ".txt": b"text/plain; charset=utf-8",
}
_OTHER = b"application/octet-stream"
#: A build that has just been written may not be complete: it is read again, in seconds.
_SETTLED_S = 2.0


class File(msgspec.Struct, frozen=True):
    """One file.

    Args:
        media_type: of the file as it is.
        etag: changes with the content.
        plain: the file as it is.
        coded: coding → the file in it; the preferred coding comes first.
    """

    media_type: bytes
    etag: bytes
    plain: bytes
    coded: Mapping[str, bytes]


class Build(msgspec.Struct, frozen=True):
    """One state of the folder.

    Args:
        page: the text of the page.
        files: name below the folder → file.
        preloads: first part of a page's address → names of the scripts that it loads beside those that it names.
    """

    page: str
    files: Mapping[str, File]
    preloads: Mapping[str, tuple[str, ...]]


class Files:
    """The files of a folder; they are read when they are asked for first, and again after the next build.

    Args:
        folder: what the build wrote.
        now: seconds since the epoch.
    """

    def __init__(self, folder: Path = BUILT, now: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._now = now
        self._stamp: tuple[float, ...] | None = None
        self._build: Build | None = None

    def build(self) -> Build | None:
        """Return what is built; None if nothing is, or a build is going on."""
        stamp = self._look()
        if stamp is None:
            self._stamp = self._build = None
        elif stamp != self._stamp:
            self._build = self._read()
            self._stamp = stamp if self._now() - max(stamp[:2]) > _SETTLED_S else None
        return self._build

    def _look(self) -> tuple[float, ...] | None:
        """Return what differs between two builds; None if there is no page."""
        try:
            page, assets = (self._folder / PAGE).stat(), (self._folder / ASSETS).stat()
        except OSError:
            return None
        # Compressed files come after the page; they change the time of their folder.
        return page.st_mtime, assets.st_mtime, page.st_size, page.st_ino

    def _read(self) -> Build | None:
        names = [f"{ASSETS}/{path.name}" for path in (self._folder / ASSETS).iterdir()] + list(BESIDE)
        try:
            page = (self._folder / PAGE).read_text(encoding="utf-8")
            files = {name: _read(self._folder / name) for name in names if not name.endswith(tuple(_CODINGS.values()))}
            preloads = msgspec.json.decode((self._folder / PRELOADS).read_bytes(), type=dict[str, tuple[str, ...]])
        except (OSError, msgspec.DecodeError):  # a build began meanwhile
            return None
        return Build(page, files, preloads)


def _read(path: Path) -> File:
    plain = path.read_bytes()
    coded = {}
    for coding, suffix in _CODINGS.items():
        beside = path.with_name(path.name + suffix)
        if beside.is_file():
            coded[coding] = beside.read_bytes()
    etag = b'"%s"' % hashlib.sha256(plain).hexdigest()[:32].encode()
    return File(_TYPES.get(path.suffix, _OTHER), etag, plain, coded)
