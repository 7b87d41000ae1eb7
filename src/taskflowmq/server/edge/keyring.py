"""The API keys of a server, and the sessions of browsers that have shown one.

A session is a text that this server has signed: which key, and until when. Nothing of it is stored, so every server of
the same keys knows it; it names no role, so that what its key may do now holds; it is signed under its key's digest, so
that removing the key ends it.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence

import msgspec

from taskflowmq.server.edge.principal import Principal, principal_of
from taskflowmq.server.settings import ApiKey

#: How long a session lasts, in seconds.
SESSION_S = 12 * 3600
_PURPOSE = b"taskflowmq session 1"
#: Longer than any session text.
_MOST = 128


class Known(msgspec.Struct, frozen=True):
    """A key as it is kept.

    Args:
        digest: of the key.
        name: of the key in sessions; no secret.
        signs: the secret under which its sessions are signed.
        principal: who calls with it.
    """

    digest: bytes
    name: str
    signs: bytes
    principal: Principal


class Keyring:
    """Knows keys, and issues and reads sessions.

    Args:
        keys: the accepted API keys, each with its role; kept as digests only.
        now: seconds since the epoch.
    """

    def __init__(self, keys: Sequence[ApiKey], now: Callable[[], float] = time.time) -> None:
        self._known = tuple(_known(key) for key in keys)
        self._now = now

    def __bool__(self) -> bool:
        """Tell whether there is a key."""
        return bool(self._known)

    def find(self, secret: bytes) -> Known | None:
        """Return the key of a text; the time that it takes does not depend on it."""
        digest = hashlib.sha256(secret).digest()
        # Every digest is compared, so the time does not reveal which key was close.
        found = [known for known in self._known if hmac.compare_digest(digest, known.digest)]
        return found[0] if found else None

    def issue(self, known: Known) -> tuple[str, Principal]:
        """Return the text of a new session, and who calls with it."""
        expires = int(self._now()) + SESSION_S
        signed = f"{known.name}.{expires}"
        return f"{signed}.{_signature(known, signed)}", _limited(known.principal, expires)

    def read(self, session: str) -> Principal | None:
        """Return who calls with a session; None if it was not issued here, or has ended."""
        if len(session) > _MOST or not session.isascii():
            return None
        signed, _, signature = session.rpartition(".")
        name, _, expires = signed.partition(".")
        known = next((one for one in self._known if one.name == name), None)
        if known is None or not hmac.compare_digest(signature, _signature(known, signed)):
            return None
        return _limited(known.principal, int(expires)) if int(expires) > self._now() else None


def _known(key: ApiKey) -> Known:
    digest = hashlib.sha256(key.secret.encode()).digest()
    signs = hmac.digest(digest, _PURPOSE, "sha256")
    name = digest.hex()
    return Known(digest, name[:16], signs, principal_of(f"key:{name[:8]}", key.role))


def _signature(known: Known, signed: str) -> str:
    made = hmac.digest(known.signs, signed.encode(), "sha256")
    return urlsafe_b64encode(made).decode().rstrip("=")


def _limited(principal: Principal, expires: int) -> Principal:
    return msgspec.structs.replace(principal, expires_at=expires)
