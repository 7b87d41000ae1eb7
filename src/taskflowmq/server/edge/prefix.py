"""The path prefix under which a server is reached: behind a proxy, or mounted in another application.

A path comes with the prefix where a proxy keeps it or a framework mounts this application (ASGI's ``root_path``), and
without it where a proxy strips it. Both are the same address. What must stay true: a prefix becomes a part of the page,
and of cookies, only if it consists of plain characters.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from taskflowmq.server.settings import is_prefix

Scope = MutableMapping[str, Any]


def located(scope: Scope, prefix: str) -> Scope:
    """Return a request with its path as the server has it, and with the whole prefix as ``root_path``.

    A request that is mounted under a path that cannot be a prefix has no path then, which names no route.

    Args:
        scope: of the request.
        prefix: the configured one, without a slash at its end; empty for none.
    """
    root = scope.get("root_path", "").rstrip("/")
    if root and not _is_prefix(root):
        return {**scope, "path": "", "raw_path": b"", "root_path": ""}
    path, base = _below(scope["path"], root), root
    raw = _below((scope.get("raw_path") or b"").partition(b"?")[0].decode("latin-1"), root)
    if prefix and not root.endswith(prefix):
        inner, raw_inner = _below(path, prefix), _below(raw, prefix)
        if inner is path and raw_inner is not raw:
            # Litestar takes the path of a mount off ``path`` alone, and adds a slash.
            inner = unquote(raw_inner)
        # A proxy that strips the prefix is in front of what mounts this application.
        base = prefix if inner is path else root + prefix
        path, raw = inner, raw_inner
    return {**scope, "path": path, "raw_path": raw.encode("latin-1"), "root_path": base}


def _below(path: str, prefix: str) -> str:
    """Return the part of a path behind a prefix; the same object if it has none."""
    if not prefix or not path.startswith(prefix):
        return path
    rest = path[len(prefix) :]
    return path if rest and rest[0] != "/" else rest or "/"


@lru_cache(maxsize=64)
def _is_prefix(root: str) -> bool:
    return is_prefix(root)
