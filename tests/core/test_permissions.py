"""The table of roles, as design says it."""

from __future__ import annotations

import pytest

from taskflowmq.core.permissions import GRANTED, PERMISSIONS, Role, listed

READS = {"jobs:read", "queues:read", "workers:read", "schedules:read", "workflows:read", "metrics:read", "payload:read"}
#: A view of one's own is a bookmark.
KEEPS = {"views:write"}
OPERATES = {"jobs:write", "jobs:inspect", "queues:write", "schedules:write", "workflows:write", "signals:write"}
ADMINISTERS = {
    "limits:write", "alerts:write", "scaling:write", "workers:write", "queues:purge", "views:share",
    "users:write", "keys:write", "audit:read", "tenant:write",
}  # fmt: skip
OWNS = {"tenants:write", "system:read"}


def test_each_role_has_what_the_one_before_it_has_and_more() -> None:
    expected = {
        Role.VIEWER: READS | KEEPS,
        Role.OPERATOR: READS | KEEPS | OPERATES,
        Role.ADMIN: READS | KEEPS | OPERATES | ADMINISTERS,
        Role.OWNER: READS | KEEPS | OPERATES | ADMINISTERS | OWNS,
    }
    assert expected == GRANTED
    assert GRANTED[Role.OWNER] == set(PERMISSIONS)


@pytest.mark.parametrize("role", Role)
def test_permissions_are_listed_in_one_order(role: Role) -> None:
    assert sorted(listed(GRANTED[role])) == sorted(GRANTED[role])
    assert listed(GRANTED[role]) == [one for one in PERMISSIONS if one in GRANTED[role]]
