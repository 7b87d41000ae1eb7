"""Names per tenant, as far as both engines do the same."""

from __future__ import annotations

from taskflowmq.core.errors import SchemaMismatch


def unfinished() -> SchemaMismatch:
    """Return the error for a name that another tenant has, in a store that is not finished."""
    return SchemaMismatch(
        "another tenant has a queue or a task of this name, and this store still keeps names unique over all tenants,"
        " because programs of an older version may use it. Run `taskflow db migrate --finish` once every program is of"
        " this version"
    )
