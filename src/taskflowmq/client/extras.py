"""The optional parts of the distribution, and the error for a part that is missing.

``pip install taskflowmq`` installs what a client and a worker for its own tasks need. Everything else is an extra, so
that a program that only enqueues does not install a web server and an imaging library.
"""

from __future__ import annotations

from importlib.util import find_spec

from taskflowmq.core.errors import MissingExtra

#: extra -> the modules that it installs and that our code imports.
EXTRAS: dict[str, tuple[str, ...]] = {
    "server": ("litestar", "uvicorn", "httptools"),
    "tasks": ("aiosmtplib", "PIL", "httpx"),
    "reload": ("watchfiles",),
    "django": ("django",),
    "fastapi": ("fastapi",),
}


def require(extra: str, feature: str) -> None:
    """Make sure that an extra is installed before its modules are imported.

    Args:
        extra: a name of :data:`EXTRAS`.
        feature: what needs it, as the subject of a sentence: ``"taskflow server"``.

    Raises:
        MissingExtra: a module of it cannot be found; says which, and what to install.
    """
    missing = [module for module in EXTRAS[extra] if find_spec(module) is None]
    if missing:
        raise MissingExtra(
            f"{feature} needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed. "
            f"Install the extra: pip install 'taskflowmq[{extra}]'"
        )
