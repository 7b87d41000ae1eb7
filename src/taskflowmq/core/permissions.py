"""Who may do what: one table. A route names a permission, never a role."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from itertools import accumulate
from typing import Literal, get_args

Permission = Literal[
    "jobs:read", "queues:read", "workers:read", "schedules:read", "workflows:read", "metrics:read", "payload:read",
    "views:write", "jobs:write", "jobs:inspect", "queues:write", "schedules:write", "workflows:write", "signals:write",
    "limits:write", "alerts:write", "scaling:write", "workers:write", "queues:purge", "views:share",
    "users:write", "keys:write", "audit:read", "tenant:write",
    "tenants:write", "system:read",
]  # fmt: skip


class Role(StrEnum):
    """A set of permissions; each role has all permissions of those before it."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"
    OWNER = "owner"


#: What each role may do beyond the role before it.
_ADDED: Mapping[Role, frozenset[Permission]] = {
    # Arguments, results, errors and logs are payload.
    # To keep views of one's own changes nothing for others: who reads may do that.
    Role.VIEWER: frozenset({
        "jobs:read", "queues:read", "workers:read", "schedules:read", "workflows:read", "metrics:read", "payload:read",
        "views:write",
    }),
    # A stack shows source lines of the program, and a profile costs the worker time: that is more than viewing.
    Role.OPERATOR: frozenset({
        "jobs:write", "jobs:inspect", "queues:write", "schedules:write", "workflows:write", "signals:write",
    }),
    # Workers belong to the installation: draining one reaches beyond the jobs of a tenant.
    Role.ADMIN: frozenset({
        "limits:write", "alerts:write", "scaling:write", "workers:write", "queues:purge", "views:share",
        "users:write", "keys:write", "audit:read", "tenant:write",
    }),
    Role.OWNER: frozenset({"tenants:write", "system:read"}),
}  # fmt: skip

#: Every permission, in the order of the definition.
PERMISSIONS: tuple[Permission, ...] = get_args(Permission)
#: Role → all of its permissions.
GRANTED: Mapping[Role, frozenset[Permission]] = dict(
    zip(Role, accumulate((_ADDED[role] for role in Role), lambda one, more: one | more), strict=True)
)


def listed(permissions: frozenset[Permission]) -> list[Permission]:
    """Return permissions as a list in the order of the definition."""
    return [one for one in PERMISSIONS if one in permissions]
