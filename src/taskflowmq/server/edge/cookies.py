"""The cookie of a session: its name, its fields, and finding it among a request's cookies."""

from __future__ import annotations

_NAME = "taskflow_session"


def cookie_name(base: str, *, secure: bool) -> str:
    """Return the name of the cookie.

    A browser takes the prefixes from this very host over TLS only, so that no other host of the domain can plant one.
    """
    if not secure:
        return _NAME
    return f"__Secure-{_NAME}" if base else f"__Host-{_NAME}"


def cookie_field(base: str, value: str, seconds: int, *, secure: bool) -> str:
    """Return the value of a Set-Cookie field.

    Args:
        base: the path prefix, empty at the root.
        value: of the cookie.
        seconds: how long the browser keeps it; 0 removes it.
        secure: whether the browser reaches this server over TLS.
    """
    # Lax, not Strict: a link in a message to the page of a job is to open it. Writes are checked apart.
    fields = (
        f"{cookie_name(base, secure=secure)}={value}; Path={base or '/'}; Max-Age={seconds}; HttpOnly; SameSite=Lax"
    )
    return f"{fields}; Secure" if secure else fields


def find_cookies(header: bytes, name: str) -> list[str]:
    """Return the values of all cookies of a name: another path or host of the domain may have one too."""
    wanted = name.encode()
    pairs = (part.strip().partition(b"=") for part in header.split(b";"))
    return [value.decode("latin-1") for key, _, value in pairs if key == wanted]
