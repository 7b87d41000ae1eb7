"""Who calls, and what it may do."""

from __future__ import annotations

import msgspec

from taskflowmq.core.permissions import GRANTED, Permission, Role


class Principal(msgspec.Struct, frozen=True):
    """Who calls.

    Args:
        actor: its name in records.
        role: its role; None for a guest, who has shown no key.
        permissions: what it may do.
        expires_at: when its session ends, in seconds since the epoch; None for a caller without one.
    """

    actor: str
    role: Role | None
    permissions: frozenset[Permission]
    expires_at: int | None = None


def principal_of(actor: str, role: Role) -> Principal:
    """Return a caller with the permissions of a role."""
    return Principal(actor, role, GRANTED[role])


GUEST = Principal("anonymous", None, frozenset())
#: A direct caller on this machine, where the server has no keys.
LOCAL = principal_of("local", Role.OWNER)
#: A caller without a key, at a server that is open to look at: a viewer who keeps nothing.
VISITOR = Principal("visitor", Role.VIEWER, GRANTED[Role.VIEWER] - {"views:write"})
#: The same where it has keys: it may read what needs none.
LOCAL_READER = principal_of("local", Role.VIEWER)
