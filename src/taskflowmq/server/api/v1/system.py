"""The installation, and this server: what operators look at when something is slow or wrong."""

from __future__ import annotations

import platform
from importlib import metadata

from litestar import get

from taskflowmq.server.api.services import Shared
from taskflowmq.wire.system import (
    FeedOut,
    ServerOut,
    SystemOut,
    check_out,
    duty_out,
    node_out,
    setting_out,
    store_out,
)


@get("/system", operation_id="getSystem", summary="Describe the installation", tags=["system"])
async def system(services: Shared) -> SystemOut:
    """Return the store with its sizes, the periodic duties, the machines with workers, the settings of this server with
    where each comes from, the checks of `taskflow doctor`, and the figures of the live feed.

    What the store says is at most 10 seconds old. Requires the permission `system:read`.
    """
    looked = await services.cached_installation.get()
    found, process = looked.found, services.process
    return SystemOut(
        as_of=looked.at,
        server=ServerOut(
            version=metadata.version("taskflowmq"),
            python=platform.python_version(),
            host=process.host,
            pid=process.pid,
            started_at=process.started_at,
        ),
        store=store_out(services.store.url, found.sizes, found.schema, found.pending),
        duties=[duty_out(one) for one in found.duties],
        nodes=[node_out(one) for one in found.nodes],
        settings=[setting_out(one) for one in services.settings.configuration],
        checks=[check_out(one) for one in found.checks],
        feed=FeedOut(
            streams=len(services.feed),
            most_streams=services.feed.limits.most,
            current=not len(services.feed) or services.feed.is_current(),
        ),
    )
